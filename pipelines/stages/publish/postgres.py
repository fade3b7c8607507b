"""Copies a publication to PostgreSQL, for BI: schemas ``marts``, ``rapport`` and ``audit``, and ``restreint`` for one role.

One transaction. A table whose shape is unchanged is emptied and filled again: its rights, views and keys are kept,
nobody waits, and a statement sees one publication (so does a transaction, if it is REPEATABLE READ). Any other table is
dropped and made again, while readers wait; objects of others that depend on it are named, and block the copy. Emptied
rows stay for a while in the server's files: after a change of profile, a purge or a withdrawal all tables are made
again. Whatever stops halfway leaves the server as it was.

The address is a secret: no message contains it, or a driver's text, which may quote it or a cell; but the names of the
objects that are in the way.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import duckdb
import psycopg
from psycopg import Connection, Cursor, errors, pq, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipelines.catalogue.dbt.project import Links
from pipelines.catalogue.fields import Fields
from pipelines.publication import INTERNE, PROFILES, RESTREINT
from pipelines.settings import Server
from pipelines.sql import literal
from pipelines.stages.publish.encryption import failure_of
from pipelines.stages.publish.freshness import FRESHNESS
from pipelines.stages.publish.postgres_tables import (
    Copied,
    Link,
    Name,
    NoSuchType,
    RowsLost,
    There,
    copied_tables,
    create,
    describe,
    fill,
    link,
    tables_there,
)
from pipelines.stages.publish.profiles import Profile, opened, tables_in
from pipelines.stages.publish.restricted import DATABASE

CONNECT_SECONDS = 10
STATEMENT_SECONDS = 600
# Unless the account or the address has its own.
USUAL_LOCK = "select set_config('lock_timeout', '5s', false) where current_setting('lock_timeout') = '0'"
# Readers who come while a copy waits for earlier ones wait too. Less than the server's own deadlock_timeout (1 s), so
# that no reader is ever cancelled because of us.
READERS_MILLISECONDS = 900
SCHEMAS = ("marts", "rapport", "audit", RESTREINT)  # everything on the server that may be ours, whatever the profile
MADE_BY = "Publié par millesime"
MARK = f"{MADE_BY} : remplacé à chaque publication, ne rien y créer."
ADDRESS = "postgresql://user:password@host:5432/database"
# SQLSTATE → (what happened, how to fix it).
ERRORS = {
    "2BP01": (
        "des tables changent de structure, et des objets créés par d’autres en dépendent",
        "en garder la définition (pg_get_viewdef), les retirer, publier, les refaire : voir docs/bi.md",
    ),
    "42501": (
        "le compte n’en a pas le droit",
        "donner au compte CREATE sur la base, et le laisser propriétaire des schémas qu’il crée",
    ),
    "53100": ("le disque du serveur est plein", "faire de la place, puis publier de nouveau"),
    "55P03": ("un verrou n’a pas été donné à temps", "publier de nouveau quand le serveur est moins occupé"),
    "57014": (f"un ordre a pris plus de {STATEMENT_SECONDS} s", "publier de nouveau quand le serveur est moins occupé"),
    "25006": ("ce serveur est un secours, qui ne peut qu’être lu", "donner l’adresse du serveur principal"),
    "22021": ("un texte contient un caractère que PostgreSQL refuse (NUL)", "le corriger dans la source"),
}
READERS_OF_SCHEMA = """
select pg_get_userbyid(a.grantee) from pg_namespace n, aclexplode(n.nspacl) a
where n.nspname = %(schema)s and a.grantee not in (0, n.nspowner)
union
select pg_get_userbyid(a.grantee) from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a
where n.nspname = %(schema)s and a.grantee not in (0, c.relowner)
"""


class NotServed(RuntimeError):
    """The publication could not be copied to the server, which keeps what it had. The message is free of secrets."""


@dataclass
class Served:
    """The result of a copy; ``notes`` are for the administrator."""

    publication: str
    is_new: bool
    rows: dict[str, int] = field(default_factory=dict)  # ``<schema>.<table>`` → rows
    notes: list[str] = field(default_factory=list)


class Held(NamedTuple):
    """The publication on the server; if the last two fields differ, no previous row may stay in its files."""

    publication: str
    profile: str
    removals: int | None  # None: copied before removals were counted


def serve(published: Path, server: Server, links: Links | None = None, removals: int = 0) -> Served:
    """Copy the publication in folder ``published`` to the server, unless the server already holds it.

    ``links``, and the star when given, become foreign keys. ``removals`` counts everything that was ever meant to
    disappear: if it changed, nothing of the previous tables stays. Raises NotServed, and NotPublished when the profile
    is not in the publication.
    """
    _check(server)
    with (
        opened(published, server.profile, links=links) as profile,
        _restricted(published, server, profile) as apart,
        _connected(server) as connection,
    ):
        with connection.cursor() as cursor:
            (moment,) = cursor.execute("select now()::text").fetchone()
            wanted = copied_tables(profile, server.prefix, moment, removals)
            wanted |= copied_tables(apart, server.prefix, moment, removals)
            served = _serve(cursor, server, wanted, Held(profile.publication, profile.name, removals))
        connection.commit()
    return served


@contextmanager
def _restricted(published: Path, server: Server, profile: Profile) -> Iterator[Profile]:
    """The tables of ``restreint``; none when no role may read them, or when only the public profile is copied."""
    file = published / DATABASE
    with duckdb.connect() as db:
        if server.restricted is None or server.profile != INTERNE or not file.exists():
            yield replace(profile, tables=(), db=db)
        else:
            db.execute(f"attach {literal(file)} as p (read_only)")
            yield replace(profile, tables=tables_in(db, "p", Fields()), db=db)


def remove(server: Server) -> bool:
    """Remove the publication from the server; True if there was one. Raises NotServed."""
    _check(server)
    with _connected(server) as connection:
        with connection.cursor() as cursor:
            there = _our_schemas(cursor, server.prefix, [])
            _held_alone(cursor, server.prefix, there)
            for name in there:
                cursor.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(name)))
        connection.commit()
    return bool(there)


def _check(server: Server) -> None:
    if server.profile not in PROFILES:
        raise NotServed(f"MILLESIME_PUBLISH_PROFILE est {' ou '.join(PROFILES)}")
    if not re.fullmatch(r"([a-z][a-z0-9_]{0,30})?", server.prefix):
        raise NotServed("MILLESIME_PUBLISH_PREFIX est fait de minuscules, de chiffres et de _, 31 au plus")
    if server.restricted == server.role:
        raise NotServed(
            f"MILLESIME_RESTREINT_ROLE nomme {server.restricted}, qui lit tout ce qui est publié : nommer un autre rôle"
        )


# the server ------------------------------------------------------------


@contextmanager
def _connected(server: Server) -> Iterator[Connection]:
    """A connection inside a transaction that is rolled back after an error, which becomes NotServed."""
    where, parameters = _parameters(server.url)
    try:
        with _connect(where, parameters) as connection:
            connection.execute("select set_config('search_path', '', false)")
            connection.execute(f"set statement_timeout = '{STATEMENT_SECONDS}s'")
            connection.execute(USUAL_LOCK)
            connection.commit()
            if connection.info.parameter_status("server_encoding") != "UTF8":
                raise NotServed(f"{where} : la base n’est pas en UTF8, en faire une autre")
            yield connection
    except psycopg.Error as error:
        raise NotServed(f"{where} : {_explained(error)}. Le serveur garde ce qu’il avait") from None
    except (NoSuchType, RowsLost) as error:
        raise NotServed(str(error)) from None


def _parameters(url: str) -> tuple[str, dict]:
    """How messages name the server, and what the driver gets. Raises NotServed."""
    try:
        parsed = conninfo_to_dict(url)
    except psycopg.Error:
        raise NotServed(f"MILLESIME_PUBLISH_URL n’est pas une adresse de la forme {ADDRESS}") from None
    if "@" in f"{parsed.get('host', '')}{parsed.get('dbname', '')}":  # the end of a password: do not repeat it
        raise NotServed(
            "MILLESIME_PUBLISH_URL : un caractère du mot de passe est à écrire autrement : @ s’écrit %40, / %2F"
        )
    where = f"PostgreSQL {parsed.get('host', 'localhost')}/{parsed.get('dbname', '')}"
    usual = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": 30_000, "application_name": "millesime"}
    return where, {**usual, **parsed}


def _connect(where: str, parameters: dict) -> Connection:
    """Connect once. Raises NotServed, which tells a server that is not there from one that refuses."""
    dsn = make_conninfo(**parameters)
    try:
        return psycopg.connect(dsn)
    except errors.ConnectionTimeout:
        raise NotServed(f"{where} ne répond pas en {parameters['connect_timeout']} s : le vérifier") from None
    except psycopg.OperationalError as error:
        if failed := failure_of(error, parameters):
            raise NotServed(f"{where} : connexion chiffrée refusée : {failed}") from None
        if pq.PGconn.ping(dsn.encode()) != pq.Ping.OK:
            raise NotServed(f"{where} n’est pas joignable : est-il démarré, et écoute-t-il à cette adresse ?") from None
        raise NotServed(
            f"{where} refuse le compte, son mot de passe ou la base, ou n’a plus de connexion : vérifier "
            "MILLESIME_PUBLISH_URL et pg_hba.conf"
        ) from None


def _explained(error: psycopg.Error) -> str:
    """What happened and how to fix it, from SQLSTATE; the objects in the way, which are names and no rows."""
    code = error.sqlstate
    if code is None or code.startswith(("08", "57P")):
        return "la connexion est perdue : publier de nouveau"
    what, fix = ERRORS.get(code, ("le serveur refuse ce qui lui est demandé", "chercher ce code dans sa documentation"))
    if code == "2BP01":
        what += f" ({', '.join((error.diag.message_detail or '').splitlines())})"
    return f"{what} (SQLSTATE {code}) : {fix}"


def _our_schemas(cursor: Cursor, prefix: str, wanted: Collection[str]) -> list[str]:
    """The schemas on the server that are ours. Raises NotServed when somebody else made one that is ``wanted``."""
    there = cursor.execute(
        "select nspname, coalesce(starts_with(obj_description(oid, 'pg_namespace'), %s), false) from pg_namespace "
        "where nspname = any(%s) order by 1",
        [MADE_BY, [f"{prefix}{schema}" for schema in SCHEMAS]],
    ).fetchall()
    strangers = [name for name, made_by_us in there if name in wanted and not made_by_us]
    if strangers:
        raise NotServed(
            f"la base contient un schéma que millesime n’a pas créé ({', '.join(strangers)}), et qui serait remplacé : choisir "
            "une autre base, ou définir MILLESIME_PUBLISH_PREFIX"
        )
    return [name for name, made_by_us in there if made_by_us]


def _held_alone(cursor: Cursor, prefix: str, ours: Collection[str]) -> Held | None:
    """What the server holds, None the first time; and the right to publish until the end of the transaction, by a lock that
    readers cannot take. Raises NotServed when another process has it."""
    schema, _, table = FRESHNESS.partition(".")
    if f"{prefix}{schema}" not in ours:
        return None
    fresh = sql.Identifier(f"{prefix}{schema}", table)
    try:
        cursor.execute(sql.SQL("lock table {} in share row exclusive mode").format(fresh))
    except errors.LockNotAvailable:
        raise NotServed("une autre publication est en cours de copie sur ce serveur : attendre sa fin") from None
    row = cursor.execute(sql.SQL("select to_jsonb(f) from {} f limit 1").format(fresh)).fetchone()
    return Held(row[0]["publication"], row[0]["profil"], row[0].get("nb_effacements")) if row else None


# the copy ------------------------------------------------------------


def _serve(cursor: Cursor, server: Server, wanted: dict[Name, Copied], to_hold: Held) -> Served:
    """Make the server hold these tables, and let the roles read them; tables are copied unless it held them already."""
    schemas = sorted({schema for schema, _ in wanted})
    ours = _our_schemas(cursor, server.prefix, schemas)
    held, there = _held_alone(cursor, server.prefix, ours), tables_there(cursor, ours)
    served = Served(to_hold.publication, is_new=held != to_hold or there.keys() != wanted.keys())
    _make_role(cursor, server.role, served)
    if server.restricted and server.profile == INTERNE:
        _make_role(cursor, server.restricted, served)
        _refuse_members(cursor, server.role, server.restricted)
    if served.is_new:
        may_keep = held is not None and held[1:] == to_hold[1:]
        kept = {name for name in there.keys() & wanted.keys() if may_keep and there[name].shape == wanted[name].shape}
        links = _drop(cursor, there, wanted, kept)
        _settle_schemas(cursor, ours, schemas)
        served.rows = _copy(cursor, wanted, kept, links)
    for schema in schemas:
        if schema == f"{server.prefix}{RESTREINT}":
            _close(cursor, schema)
            _let_read(cursor, server.restricted, schema)
        else:
            _let_read(cursor, server.role, schema)
    _note_open_database(cursor, served)
    return served


def _drop(
    cursor: Cursor, there: dict[Name, There], wanted: dict[Name, Copied], kept: set[Name]
) -> set[tuple[Name, Link]]:
    """Drop the tables that are not ``kept``, and the foreign keys that hold them or are no longer wanted; the foreign keys that
    stay.

    Nobody may be reading: to a REPEATABLE READ transaction that read one table, those made next would be empty. A session
    that waits for a lock looks the name up again and reads the new table. Raises NotServed.
    """
    gone, lost, staying = there.keys() - kept, [], set()
    for name in kept:
        for link_, constraint in there[name].links.items():
            if link_ in wanted[name].links and link_[1] in kept:
                staying.add((name, link_))
            else:
                lost.append((name, constraint))
    if not gone and not lost:
        return staying
    cursor.execute(f"set local statement_timeout = {READERS_MILLISECONDS}")
    try:
        cursor.execute(sql.SQL("lock table {}").format(_listed(there)))
    except (errors.QueryCanceled, errors.LockNotAvailable):
        raise NotServed(
            "des tables changent de structure, et des lecteurs retiennent la publication précédente : finir leurs "
            "transactions, puis `millesime publish` (docs/bi.md). Le serveur garde ce qu’il avait"
        ) from None
    cursor.execute(f"set local statement_timeout = '{STATEMENT_SECONDS}s'")
    for name, constraint in lost:
        names = sql.Identifier(*name), sql.Identifier(constraint)
        cursor.execute(sql.SQL("alter table {} drop constraint {}").format(*names))
    if gone:
        cursor.execute(sql.SQL("drop table {}").format(_listed(gone)))
    return staying


def _copy(cursor: Cursor, wanted: dict[Name, Copied], kept: set[Name], links: set[tuple[Name, Link]]) -> dict[str, int]:
    """Empty the tables that are ``kept``, make the others, fill all of them, and add the foreign keys that are not there;
    ``<schema>.<table>`` → rows."""
    dimensions = [table.shape.key for (_, name), table in wanted.items() if name.startswith("dim_")]
    joining = {"exercice", *(key[0] for key in dimensions if len(key) == 1)}
    for name in wanted.keys() - kept:
        create(cursor, wanted[name], joining)
    for name in kept:  # all of them first: a row that is gone may have been another's key
        cursor.execute(sql.SQL("delete from {}").format(sql.Identifier(*name)))
    rows = {table.table.full_name: fill(cursor, table) for table in wanted.values()}
    # a table with rows still to be proved cannot be altered
    cursor.execute("set constraints all immediate; set constraints all deferred")
    for name, (column, parent) in sorted({(name, one) for name, of in wanted.items() for one in of.links} - links):
        link(cursor, name, column, parent)
    for table in wanted.values():
        describe(cursor, table)
    return rows


def _listed(names: Iterable[Name]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(*name) for name in sorted(names))


def _settle_schemas(cursor: Cursor, ours: list[str], wanted: list[str]) -> None:
    """Make the schemas that are missing, and drop those that are empty now."""
    for name in ours:
        if name not in wanted:
            cursor.execute(sql.SQL("drop schema {}").format(sql.Identifier(name)))
    for name in wanted:
        if name not in ours:
            cursor.execute(sql.SQL("create schema {}").format(sql.Identifier(name)))
        cursor.execute(sql.SQL("comment on schema {} is {}").format(sql.Identifier(name), sql.Literal(MARK)))


# who may read ------------------------------------------------------------


def _exists(cursor: Cursor, role: str) -> bool:
    return cursor.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone() is not None


def _make_role(cursor: Cursor, role: str, served: Served) -> None:
    """Create a reading role when it does not exist and we may; otherwise say what to ask for."""
    if _exists(cursor, role):
        return
    (may,) = cursor.execute("select rolsuper or rolcreaterole from pg_roles where rolname = current_user").fetchone()
    if may:
        cursor.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
    else:
        served.notes.append(
            f"personne n’a reçu le droit de lire : le rôle {role} n’existe pas et ce compte ne peut pas le créer. "
            f"Demander `create role {role} nologin`, puis `millesime publish`"
        )


def _refuse_members(cursor: Cursor, role: str, restricted: str) -> None:
    """Raise NotServed when the readers of the other schemas could read ``restreint`` too."""
    if not (_exists(cursor, role) and _exists(cursor, restricted)):
        return
    if cursor.execute("select pg_has_role(%s, %s, 'member')", [role, restricted]).fetchone()[0]:
        raise NotServed(
            f"MILLESIME_RESTREINT_ROLE nomme {restricted}, dont {role} est membre : l’en retirer "
            f"(`revoke {restricted} from …`)"
        )


def _let_read(cursor: Cursor, role: str, schema: str) -> None:
    """Give the role the right to read, and nothing else, when it exists."""
    if _exists(cursor, role):
        for grant in ("usage on schema {}", "select on all tables in schema {}"):
            cursor.execute(sql.SQL(f"grant {grant} to {{}}").format(sql.Identifier(schema), sql.Identifier(role)))


def _close(cursor: Cursor, schema: str) -> None:
    """Take every right on a schema away, whatever the server's default rights gave."""
    readers = cursor.execute(READERS_OF_SCHEMA, {"schema": schema}).fetchall()
    for who in [sql.SQL("public"), *(sql.Identifier(name) for (name,) in readers)]:
        for right in ("all on schema {}", "all on all tables in schema {}"):
            cursor.execute(sql.SQL(f"revoke {right} from {{}}").format(sql.Identifier(schema), who))


def _note_open_database(cursor: Cursor, served: Served) -> None:
    """Warn that every login of the server can enter the database, which PostgreSQL allows for a new one."""
    rights = [
        name
        for name in ("connect", "temporary")
        if cursor.execute("select has_database_privilege('public', current_database(), %s)", [name]).fetchone()[0]
    ]
    if rights:
        (base,) = cursor.execute("select quote_ident(current_database())").fetchone()
        listed = ", ".join(rights)
        served.notes.append(
            f"tout compte du serveur garde {listed.upper()} sur la base {base} (PUBLIC). Demander "
            f"`revoke {listed} on database {base} from public`, après avoir donné CONNECT aux comptes qui lisent (docs/bi.md)"
        )
