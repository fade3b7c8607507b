"""Copies a publication to PostgreSQL, for BI: schemas ``marts``, ``rapport`` and ``audit``.

One transaction. A table whose shape is unchanged is emptied and filled again: its rights, views and keys are kept,
nobody waits, and a statement sees one publication (so does a transaction, if it is REPEATABLE READ). A table that only
gains columns gets them, at its end, when nobody is reading. Any other change is made aside, in ``<schema>__next``, and
replaces the previous table when nobody is reading; other users' objects that depend on the previous one are named, and
block the copy. Emptied rows stay for a while in the server's files: after a change of profile, a purge or a withdrawal
all tables are recreated. Whatever stops halfway leaves the server as it was.

The address is a secret: no message contains it, or a driver's text, which may quote it or a cell.
"""

import hashlib
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import Connection, Cursor, errors, pq, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipelines.catalogue.dbt.project import Links
from pipelines.french import enumeration
from pipelines.publication import INTERNE, PROFILES
from pipelines.settings import Server
from pipelines.stages.publish.encryption import failure_of
from pipelines.stages.publish.freshness import FRESHNESS
from pipelines.stages.publish.postgres_restricted import NotRestricted, check_roles, copy_restricted
from pipelines.stages.publish.postgres_tables import (
    Copied,
    Name,
    NoSuchType,
    RowsLost,
    add_columns,
    copied_tables,
    create,
    describe,
    fill,
    gained,
    shapes,
)
from pipelines.stages.publish.profiles import NotPublished, Profile, opened

CONNECT_SECONDS = 10
# Unless the account or the address has its own.
USUAL_LOCK = "select set_config('lock_timeout', '5s', false) where current_setting('lock_timeout') = '0'"
STATEMENT_SECONDS = 600
TRIES = 3
PAUSE_SECONDS = 1
# Readers who come while the swap waits for earlier ones wait too: so it waits briefly, and often. Below the server's
# own deadlock_timeout (1 s), so that no reader is ever cancelled because of us.
SWAP_MILLISECONDS = 400
SCHEMAS = ("marts", "rapport", "audit")  # everything on the server that may be ours, whatever the profile
MARK = "Publié par millesime : remplacé à chaque publication, ne rien y créer."
OURS = re.sub("par [a-z]+", "par %", MARK)  # a schema that the tool created under an old name is its own too
ADDRESS = "postgresql://user:password@host:5432/database"
GRANTED = "donner au compte CREATE sur la base, et le laisser propriétaire des schémas qu’il crée"
# SQLSTATE → (what happened, how to fix it).
ERRORS = {
    "2BP01": (
        "des objets créés par d’autres dépendent encore d’une table à refaire",
        "les retirer, publier, les refaire : voir docs/bi.md",
    ),
    "42501": ("le compte n’en a pas le droit", GRANTED),
    "42P06": ("un schéma <nom>__next existe, que millesime n’a pas créé", "le retirer ou le renommer"),
    "53100": ("le disque du serveur est plein", "faire de la place, puis publier de nouveau"),
    "55P03": ("un verrou n’a pas été donné à temps", "publier de nouveau quand le serveur est moins occupé"),
    "57014": (f"un ordre a pris plus de {STATEMENT_SECONDS} s", "publier de nouveau quand le serveur est moins occupé"),
    "25006": ("ce serveur est un secours, qui ne peut qu’être lu", "donner l’adresse du serveur principal"),
    "22021": ("un texte contient un caractère que PostgreSQL refuse (NUL)", "le corriger dans la source"),
    "40P01": ("l’échange et une autre transaction s’attendaient l’un l’autre", "publier de nouveau"),
}
# A copy, by this account, that holds the lock with a given number.
HELD_BY_US = """
select 1 from pg_locks l join pg_stat_activity a using (pid)
where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and a.usename = current_user
    and (l.classid::bigint << 32 | l.objid::bigint) = %s
"""
# Other users' objects that hold a table: views, materialized or not, and foreign keys of tables that are not ours.
HOLDERS = """
select case v.relkind when 'm' then 'la vue matérialisée ' else 'la vue ' end || n.nspname || '.' || v.relname
from pg_depend d
join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
join pg_class v on v.oid = r.ev_class and v.oid <> d.refobjid
join pg_namespace n on n.oid = v.relnamespace
where d.refclassid = 'pg_class'::regclass and d.refobjid = any(%(tables)s::regclass[])
union
select 'la clé étrangère de ' || n.nspname || '.' || c.relname
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
where k.contype = 'f' and k.confrelid = any(%(tables)s::regclass[]) and n.nspname <> all(%(schemas)s)
order by 1
"""
FOREIGN_KEYS = """
select n.nspname, c.relname, a.attname, m.nspname, p.relname, k.conname
from pg_constraint k
join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
join pg_class p on p.oid = k.confrelid join pg_namespace m on m.oid = p.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
where k.contype = 'f' and n.nspname = any(%(schemas)s)
"""
# Tables that other users' foreign keys refer to: their rows must be proved while they are empty, so they cannot gain a
# column.
TIED = """
select distinct m.nspname, p.relname
from pg_constraint k
join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
join pg_class p on p.oid = k.confrelid join pg_namespace m on m.oid = p.relnamespace
where k.contype = 'f' and m.nspname = any(%(schemas)s) and n.nspname <> all(%(schemas)s)
"""
READERS = """
select null, a.grantee, pg_get_userbyid(a.grantee) from pg_class c, aclexplode(c.relacl) a
where c.oid = %(table)s::regclass and a.privilege_type = 'SELECT' and a.grantee <> c.relowner
union all
select t.attname, a.grantee, pg_get_userbyid(a.grantee)
from pg_class c join pg_attribute t on t.attrelid = c.oid, aclexplode(t.attacl) a
where c.oid = %(table)s::regclass and a.privilege_type = 'SELECT' and a.grantee <> c.relowner
"""
COLUMNS = "select column_name::text from information_schema.columns where table_schema = %s and table_name = %s"


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


Grown = list[tuple[Copied, tuple[tuple[str, str, str], ...]]]  # tables that gain columns, with the columns


class ForeignKey(NamedTuple):
    """A column of one table that refers to the key of another."""

    table: Name
    column: str
    parent: Name


def serve(published: Path, server: Server, links: Links | None = None, removals: int = 0) -> Served:
    """Copy the publication in folder ``published`` to the server, unless the server already holds it.

    ``links``, and the star when given, become foreign keys. ``removals`` counts everything that was ever meant to
    disappear: if it changed, nothing of the previous tables stays. Raises NotServed, and NotPublished when the profile
    is not in the publication.
    """
    _check(server)
    with opened(published, server.profile, links=links) as profile, _connected(server) as connection:
        if not any(table.full_name == FRESHNESS for table in profile.tables):
            raise NotPublished(
                "ce qui est publié l’a été par une version antérieure du programme : `millesime run EXERCICE`, puis publier"
            )
        with connection.cursor() as cursor:
            served = _serve(cursor, server, profile, removals)
            _serve_restricted(cursor, published, server, profile, served)
        connection.commit()
    return served


def _serve_restricted(cursor: Cursor, published: Path, server: Server, profile: Profile, served: Served) -> None:
    try:
        check_roles(cursor, server)
        if server.restricted and server.profile == INTERNE:
            _make_role(cursor, server.restricted, served)
        served.rows |= copy_restricted(cursor, published, server, profile, served.notes.append)
    except (NoSuchType, NotRestricted, RowsLost) as error:
        raise NotServed(str(error)) from None


def remove(server: Server) -> bool:
    """Remove the publication from the server; True if there was one. Raises NotServed."""
    _check(server)
    with _connected(server) as connection:
        with connection.cursor() as cursor:
            _be_alone(cursor, server.prefix)
            _refuse_strangers(cursor, server.prefix)
            there = _schemas(cursor, _ours(server.prefix))
            for name in there:
                cursor.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(name)))
        connection.commit()
    return bool(there)


def _check(server: Server) -> None:
    if server.profile not in PROFILES:
        raise NotServed(f"MILLESIME_PUBLISH_PROFILE est {' ou '.join(PROFILES)}")
    if not re.fullmatch(r"([a-z][a-z0-9_]{0,30})?", server.prefix):
        raise NotServed("MILLESIME_PUBLISH_PREFIX est fait de minuscules, de chiffres et de _, 31 au plus")


def _serve(cursor: Cursor, server: Server, profile: Profile, removals: int) -> Served:
    _be_alone(cursor, server.prefix)
    _refuse_strangers(cursor, server.prefix)
    held, to_hold = _held(cursor, server.prefix), Held(profile.publication, profile.name, removals)
    served = Served(profile.publication, is_new=held != to_hold)
    _make_role(cursor, server.role, served)
    if served.is_new:
        may_keep = held is not None and held[1:] == to_hold[1:]
        try:
            _copy(cursor, server, profile, removals, may_keep, served)
        except (NoSuchType, RowsLost) as error:
            raise NotServed(str(error)) from None
    _let_read(cursor, server.role, [f"{server.prefix}{schema}" for schema in SCHEMAS])
    _note_open_database(cursor, served)
    return served


# the server ------------------------------------------------------------


@contextmanager
def _connected(server: Server) -> Iterator[Connection]:
    """A connection inside a transaction that is rolled back after an error, which becomes NotServed."""
    where, parameters = _parameters(server.url)
    try:
        with _patiently_connected(where, parameters) as connection:
            connection.execute("select set_config('search_path', '', false)")
            connection.execute(f"set statement_timeout = '{STATEMENT_SECONDS}s'")
            connection.execute(USUAL_LOCK)
            connection.commit()
            if connection.info.parameter_status("server_encoding") != "UTF8":
                raise NotServed(f"{where} : la base n’est pas en UTF8, en faire une autre")
            yield connection
    except psycopg.Error as error:
        raise NotServed(f"{where} : {_explained(error)}. Le serveur garde ce qu’il avait") from None


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


def _patiently_connected(where: str, parameters: dict) -> Connection:
    """Connect, retrying while nothing answers or the server is starting. Raises NotServed."""
    dsn = make_conninfo(**parameters)
    for tried in range(1, TRIES + 1):
        try:
            return psycopg.connect(dsn)
        except errors.ConnectionTimeout:
            raise NotServed(f"{where} ne répond pas en {parameters['connect_timeout']} s : le vérifier") from None
        except psycopg.OperationalError as error:
            if failed := failure_of(error, parameters):
                raise NotServed(f"{where} : connexion chiffrée refusée : {failed}") from None
            answers = pq.PGconn.ping(dsn.encode()) == pq.Ping.OK
            if answers:
                raise NotServed(
                    f"{where} refuse le compte, son mot de passe ou la base, ou n’a plus de connexion : vérifier "
                    "MILLESIME_PUBLISH_URL et pg_hba.conf"
                ) from None
            if tried < TRIES:
                time.sleep(PAUSE_SECONDS)
    raise NotServed(f"{where} n’est pas joignable : est-il démarré, et écoute-t-il à cette adresse ?")


def _explained(error: Exception) -> str:
    """What happened and how to fix it, from SQLSTATE only."""
    code = getattr(error, "sqlstate", None)
    if code is None or code.startswith(("08", "57P")):
        return "la connexion est perdue : publier de nouveau"
    what, fix = ERRORS.get(code, ("le serveur refuse ce qui lui est demandé", "chercher ce code dans sa documentation"))
    return f"{what} (SQLSTATE {code}) : {fix}"


def _be_alone(cursor: Cursor, prefix: str) -> None:
    """Hold the right to publish until the end of the transaction. Raises NotServed when another process has it.

    Any login of the server may take this lock: one taken by another account is ignored.
    """
    number = int.from_bytes(hashlib.sha256(f"millesime:{prefix}".encode()).digest()[:8], "big", signed=True)
    try:
        cursor.execute("select pg_advisory_xact_lock(%s)", [number])
    except errors.LockNotAvailable:
        cursor.connection.rollback()
        if cursor.execute(HELD_BY_US, [number]).fetchone() is None:
            return
        raise NotServed("une autre publication est en cours de copie sur ce serveur : attendre sa fin") from None


def _ours(prefix: str) -> list[str]:
    """The names of the schemas that belong to the tool, which once kept the previous publication too."""
    return [f"{prefix}{schema}{end}" for schema in SCHEMAS for end in ("", "__former")]


def _refuse_strangers(cursor: Cursor, prefix: str) -> None:
    """Raise NotServed when a schema has one of our names but someone else created it."""
    strangers = cursor.execute(
        "select nspname from pg_namespace where nspname = any(%s) "
        "and (obj_description(oid, 'pg_namespace') like %s) is not true order by 1",
        [_ours(prefix), OURS],
    ).fetchall()
    if strangers:
        listed = ", ".join(name for (name,) in strangers)
        raise NotServed(
            f"la base contient un schéma que millesime n’a pas créé ({listed}), et qui serait remplacé : choisir une autre base, "
            "ou définir MILLESIME_PUBLISH_PREFIX"
        )


def _held(cursor: Cursor, prefix: str) -> Held | None:
    """What the server holds; None the first time."""
    schema, _, table = FRESHNESS.partition(".")
    fresh = sql.Identifier(f"{prefix}{schema}", table)
    if not _schemas(cursor, [f"{prefix}{schema}"]):
        return None
    row = cursor.execute(sql.SQL("select to_jsonb(f) from {} f limit 1").format(fresh)).fetchone()
    return Held(row[0]["publication"], row[0]["profil"], row[0].get("nb_effacements")) if row else None


def _schemas(cursor: Cursor, names: list[str]) -> list[str]:
    """Those that exist."""
    rows = cursor.execute("select nspname from pg_namespace where nspname = any(%s) order by 1", [names]).fetchall()
    return [name for (name,) in rows]


# the copy ------------------------------------------------------------


def _copy(cursor: Cursor, server: Server, profile: Profile, removals: int, may_keep: bool, served: Served) -> None:
    """Refill the tables whose shape is unchanged or gains columns, and replace the others."""
    prefix = server.prefix
    there = shapes(cursor, _ours(prefix))
    wanted = copied_tables(profile, prefix, removals)
    keys = _wanted_keys(wanted)
    more = {name: gained(there.get(name), table.shape) for name, table in wanted.items() if may_keep}
    tied = {*cursor.execute(TIED, {"schemas": _ours(prefix)}).fetchall()} if any(more.values()) else set()
    kept = {name for name, columns in more.items() if columns == () or (columns and name not in tied)}
    grown = {name: columns for name, columns in more.items() if columns and name in kept}
    gone, lost = there.keys() - kept, {}
    _refuse_held(cursor, prefix, gone)
    for key, constraint in _foreign_keys(cursor, _ours(prefix)).items():
        if key.table in kept and (key.parent in gone or key.parent in grown or key not in keys):
            lost[key] = constraint
    _make_schemas(cursor, [_next(schema) for schema in sorted({schema for schema, _ in wanted.keys() - kept})])
    for name in wanted.keys() - kept:
        create(cursor, (_next(name[0]), name[1]), wanted[name])
        _fill(cursor, wanted[name], served, (_next(name[0]), name[1]))
    if kept:  # all of them first: a row that is gone may have been another's key
        for name in there:
            cursor.execute(sql.SQL("delete from {}").format(sql.Identifier(*name)))
    waiting = {key.table for key in lost} | grown.keys()
    for name in kept - waiting:
        _fill(cursor, wanted[name], served)
    _settle(cursor)
    _carry_rights(cursor, gone & wanted.keys())
    if gone or lost or grown:
        _replace_patiently(cursor, server, there, gone, lost, [(wanted[name], grown[name]) for name in grown])
    _put_in_place(cursor, prefix, wanted, wanted.keys() - kept)
    for name in waiting:
        _fill(cursor, wanted[name], served)
    _settle(cursor)
    _add_keys(cursor, keys - _foreign_keys(cursor, _ours(prefix)).keys())
    for table in wanted.values():
        describe(cursor, table, profile)


def _fill(cursor: Cursor, table: Copied, served: Served, name: Name | None = None) -> None:
    served.rows[table.table.full_name] = fill(cursor, name or table.name, table)


def _settle(cursor: Cursor) -> None:
    """Prove the foreign keys now: a table with rows still to be proved cannot be altered."""
    cursor.execute("set constraints all immediate; set constraints all deferred")


def _next(schema: str) -> str:
    return f"{schema}__next"


def _make_schemas(cursor: Cursor, names: list[str]) -> None:
    for name in names:
        cursor.execute(sql.SQL("create schema {}").format(sql.Identifier(name)))
        cursor.execute(sql.SQL("comment on schema {} is {}").format(sql.Identifier(name), sql.Literal(MARK)))


def _put_in_place(cursor: Cursor, prefix: str, wanted: dict[Name, Copied], made: set[Name]) -> None:
    """Move the tables that were made aside; drop schemas that hold nothing any more."""
    schemas = {schema for schema, _ in wanted}
    _make_schemas(cursor, sorted(schemas - {*_schemas(cursor, list(schemas))}))
    for schema, table in sorted(made):
        aside = sql.Identifier(_next(schema), table)
        cursor.execute(sql.SQL("alter table {} set schema {}").format(aside, sql.Identifier(schema)))
    left = _schemas(cursor, [name for name in _ours(prefix) if name not in schemas])
    for name in [*left, *sorted({_next(schema) for schema, _ in made})]:
        cursor.execute(sql.SQL("drop schema {}").format(sql.Identifier(name)))


def _wanted_keys(wanted: dict[Name, Copied]) -> set[ForeignKey]:
    names = {table.table.full_name: name for name, table in wanted.items()}
    return {
        ForeignKey(name, link.column, names[link.parent])
        for name, table in wanted.items()
        for link in table.table.links
    }


def _foreign_keys(cursor: Cursor, schemas: list[str]) -> dict[ForeignKey, str]:
    """The foreign keys of the tables of these schemas, and the name of each."""
    rows = cursor.execute(FOREIGN_KEYS, {"schemas": schemas}).fetchall()
    return {ForeignKey((s, t), column, (ps, p)): name for s, t, column, ps, p, name in rows}


def _add_keys(cursor: Cursor, keys: set[ForeignKey]) -> None:
    """Deferred: tables are emptied and filled in any order."""
    for key in sorted(keys):
        order = "alter table {} add foreign key ({}) references {} deferrable initially deferred"
        names = (sql.Identifier(*key.table), sql.Identifier(key.column), sql.Identifier(*key.parent))
        cursor.execute(sql.SQL(order).format(*names))


# who may read ------------------------------------------------------------


def _make_role(cursor: Cursor, role: str, served: Served) -> None:
    """Create the reading role when it does not exist and we may; otherwise say what to ask for."""
    if cursor.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
        return
    (may,) = cursor.execute("select rolsuper or rolcreaterole from pg_roles where rolname = current_user").fetchone()
    if may:
        cursor.execute(sql.SQL("create role {} nologin").format(sql.Identifier(role)))
    else:
        served.notes.append(
            f"personne n’a reçu le droit de lire : le rôle {role} n’existe pas et ce compte ne peut pas le créer. "
            f"Demander `create role {role} nologin`, puis `millesime publish`"
        )


def _let_read(cursor: Cursor, role: str, schemas: list[str]) -> None:
    """Give the role the right to read, and nothing else, when it exists."""
    if not cursor.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
        return
    for schema in _schemas(cursor, schemas):
        for grant in ("usage on schema {}", "select on all tables in schema {}"):
            order = sql.SQL(f"grant {grant} to {{}}").format(sql.Identifier(schema), sql.Identifier(role))
            cursor.execute(order)


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


def _carry_rights(cursor: Cursor, replaced: set[Name]) -> None:
    """Grant, on the tables made aside, the reading rights of the tables that they replace."""
    for schema, table in sorted(replaced):
        rights = cursor.execute(READERS, {"table": sql.Identifier(schema, table).as_string()}).fetchall()
        there = {column for (column,) in cursor.execute(COLUMNS, [_next(schema), table]).fetchall()}
        for column, number, grantee in rights:
            if column is None or column in there:
                what = sql.SQL("({})").format(sql.Identifier(column)) if column else sql.SQL("")
                who = sql.Identifier(grantee) if number else sql.SQL("public")
                target = sql.Identifier(_next(schema), table)
                cursor.execute(sql.SQL("grant select {} on {} to {}").format(what, target, who))


# the moment when nobody reads ------------------------------------------------------------


def _replace_patiently(
    cursor: Cursor, server: Server, there: Iterable[Name], gone: set[Name], lost: dict[ForeignKey, str], grown: Grown
) -> None:
    """Drop tables and foreign keys, and add columns, when nobody is reading. Raises NotServed, naming the readers."""
    last = time.monotonic() + server.patience
    while time.monotonic() < last:
        try:
            with cursor.connection.transaction():
                _keep_readers_out(cursor, sorted(there))
                _drop(cursor, gone, lost)
                for table, columns in grown:
                    add_columns(cursor, table, columns)
            return
        except (errors.LockNotAvailable, errors.QueryCanceled):
            time.sleep(PAUSE_SECONDS / 2)
    raise NotServed(
        f"un lecteur retient la publication précédente depuis trop longtemps ({_readers(cursor, _ours(server.prefix))}) : finir "
        "sa transaction, puis publier de nouveau. Le serveur garde ce qu’il avait"
    )


def _refuse_held(cursor: Cursor, prefix: str, gone: set[Name]) -> None:
    """Raise NotServed when other users' objects hold a table to drop: before deleting its rows, which a foreign key
    would check."""
    tables = [sql.Identifier(*name).as_string() for name in sorted(gone)]
    if held := cursor.execute(HOLDERS, {"tables": tables, "schemas": _ours(prefix)}).fetchall():
        listed = enumeration([name for (name,) in held])
        raise NotServed(
            f"des tables changent de structure, et des objets créés par d’autres en dépendent ({listed}) : en garder la "
            "définition (pg_get_viewdef), les retirer, publier de nouveau, les refaire. Le serveur garde ce qu’il avait"
        )


def _keep_readers_out(cursor: Cursor, tables: list[Name]) -> None:
    """Lock everything that readers may be reading, until the end of the transaction. Raises QueryCanceled when they go on.

    A session waiting for a lock looks the name up again and reads the new table. All tables are locked, unchanged ones
    too: to a REPEATABLE READ transaction that has read one of them, a new table would be empty.
    """
    listed = sql.SQL(", ").join(sql.Identifier(*name) for name in tables)
    cursor.execute(sql.SQL("set local statement_timeout = {}").format(SWAP_MILLISECONDS))
    cursor.execute(sql.SQL("lock table {}").format(listed))
    cursor.execute(f"set local statement_timeout = '{STATEMENT_SECONDS}s'")


def _drop(cursor: Cursor, gone: set[Name], lost: dict[ForeignKey, str]) -> None:
    for key, constraint in lost.items():
        names = sql.Identifier(*key.table), sql.Identifier(constraint)
        cursor.execute(sql.SQL("alter table {} drop constraint {}").format(*names))
    if gone:
        listed = sql.SQL(", ").join(sql.Identifier(*name) for name in sorted(gone))
        cursor.execute(sql.SQL("drop table {}").format(listed))


def _readers(cursor: Cursor, schemas: list[str]) -> str:
    """The sessions that hold a table of these schemas, for the administrator."""
    rows = cursor.execute(
        "select distinct a.pid, a.usename, a.application_name from pg_locks l join pg_class c on c.oid = l.relation "
        "join pg_namespace n on n.oid = c.relnamespace join pg_stat_activity a using (pid) "
        "where n.nspname = any(%s) and a.pid <> pg_backend_pid() order by 1",
        [schemas],
    ).fetchall()
    return ", ".join(f"processus {pid} de {user} {name}".rstrip() for pid, user, name in rows) or "qui change"
