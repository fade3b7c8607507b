"""The schema ``restreint`` on the server: recreated with each publication, for the one role that a setting names.

It is a few small tables, dropped and created again in the transaction of the copy, without keeping a previous version.
What others built on them is not dropped with them: it keeps the previous tables, and the copy says so.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import psycopg
from psycopg import Cursor, sql

from pipelines.catalogue.fields import Fields
from pipelines.publication import INTERNE, RESTREINT
from pipelines.settings import Server
from pipelines.sql import literal
from pipelines.stages.publish.postgres_tables import Copied, create, describe, fill
from pipelines.stages.publish.profiles import Profile, tables_in
from pipelines.stages.publish.restricted import DATABASE

MARK = "Publié par millesime pour un rôle restreint : refait à chaque publication, ne rien y créer."
READERS = """
select pg_get_userbyid(a.grantee) from pg_namespace n, aclexplode(n.nspacl) a
where n.nspname = %(schema)s and a.grantee not in (0, n.nspowner)
union
select pg_get_userbyid(a.grantee) from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
where n.nspname = %(schema)s and a.grantee not in (0, c.relowner)
"""


class NotRestricted(RuntimeError):
    """``restreint`` would be readable by others, or a schema of that name is not ours; the message is free of secrets."""


def check_roles(cursor: Cursor, server: Server) -> None:
    """Raise NotRestricted when the readers of the other schemas could read ``restreint`` too."""
    if server.restricted is None:
        return
    said = f"MILLESIME_RESTREINT_ROLE nomme {server.restricted}, "
    if server.restricted == server.role:
        raise NotRestricted(said + "qui lit tout ce qui est publié : nommer un autre rôle")
    both = "select count(*) from pg_roles where rolname in (%s, %s)"
    if cursor.execute(both, [server.role, server.restricted]).fetchone() == (2,):
        if cursor.execute("select pg_has_role(%s, %s, 'member')", [server.role, server.restricted]).fetchone()[0]:
            raise NotRestricted(
                said + f"dont {server.role} est membre : l’en retirer (`revoke {server.restricted} from …`)"
            )


def copy_restricted(
    cursor: Cursor, published: Path, server: Server, publication: Profile, note: Callable[[str], None]
) -> dict[str, int]:
    """Make ``restreint`` match the publication, for the role, which already exists; table → rows.

    It is taken off the server when no role is named, or when only the public profile is copied. Raises NotRestricted,
    RowsLost and the driver's errors.
    """
    schema, file = f"{server.prefix}{RESTREINT}", published / DATABASE
    made_by = _mark_of(cursor, schema)
    if server.restricted is None or server.profile != INTERNE or not file.exists():
        if made_by == MARK:
            _drop(cursor, schema)
        return {}
    if made_by not in (None, MARK):
        raise NotRestricted(
            f"la base contient un schéma {schema} que millesime n’a pas créé : choisir une autre base, ou définir MILLESIME_PUBLISH_PREFIX"
        )
    try:
        with cursor.connection.transaction():
            _drop(cursor, schema)
    except psycopg.errors.DependentObjectsStillExist:
        note(f"le schéma {schema} garde la publication précédente : des objets d’autres schémas le lisent, à retirer")
        _let_read(cursor, schema, server.restricted)
        return {}
    cursor.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    cursor.execute(sql.SQL("comment on schema {} is {}").format(sql.Identifier(schema), sql.Literal(MARK)))
    rows = _fill(cursor, schema, file, publication)
    _let_read(cursor, schema, server.restricted)
    return rows


def _mark_of(cursor: Cursor, schema: str) -> str | None:
    """The comment of a schema; None if it does not exist."""
    asked = "select coalesce(obj_description(oid, 'pg_namespace'), '') from pg_namespace where nspname = %s"
    found = cursor.execute(asked, [schema]).fetchone()
    return found[0] if found else None


def _drop(cursor: Cursor, schema: str) -> None:
    for (table,) in cursor.execute("select tablename from pg_tables where schemaname = %s", [schema]).fetchall():
        cursor.execute(sql.SQL("drop table {}").format(sql.Identifier(schema, table)))
    cursor.execute(sql.SQL("drop schema if exists {}").format(sql.Identifier(schema)))


def _fill(cursor: Cursor, schema: str, file: Path, publication: Profile) -> dict[str, int]:
    with duckdb.connect() as db:
        db.execute(f"attach {literal(file)} as p (read_only)")
        apart = replace(publication, tables=tables_in(db, "p", Fields()), db=db)
        rows = {}
        for table in apart.tables:
            copied = Copied((schema, table.name), table, (), (), apart)
            create(cursor, copied.name, copied)
            rows[table.full_name] = fill(cursor, copied.name, copied)
            describe(cursor, copied, apart)
        return rows


def _let_read(cursor: Cursor, schema: str, role: str) -> None:
    """Give access to the role only, whatever the server's default rights."""
    there = cursor.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone()
    place = sql.Identifier(schema)
    others = [
        sql.SQL("public"),
        *(sql.Identifier(name) for (name,) in cursor.execute(READERS, {"schema": schema}).fetchall()),
    ]
    for other in others:
        cursor.execute(sql.SQL("revoke all on schema {} from {}").format(place, other))
        cursor.execute(sql.SQL("revoke all on all tables in schema {} from {}").format(place, other))
    if there:
        cursor.execute(sql.SQL("grant usage on schema {} to {}").format(place, sql.Identifier(role)))
        cursor.execute(sql.SQL("grant select on all tables in schema {} to {}").format(place, sql.Identifier(role)))
