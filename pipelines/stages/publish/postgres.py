"""Copies a publication to PostgreSQL, for BI: schemas ``marts``, ``rapport`` and ``audit``, swapped whole under its readers.

One transaction makes ``<schema>__next``, fills it, then renames, at a moment when nobody reads: the former schema stays
as ``<schema>__former`` until the next publication. Whatever stops in between leaves the server as it was. Rights to read that
somebody granted are carried over, and views of the users that read our tables are made again over the new ones.

The address is a secret: no message holds it, nor a driver's text, which may quote it or a cell.
"""

import hashlib
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import Connection, Cursor, errors, pq, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pipelines.publication import INTERNE, PROFILES
from pipelines.settings import Server
from pipelines.stages.publish.encryption import failure_of
from pipelines.stages.publish.postgres_restricted import NotRestricted, check_roles, copy_restricted
from pipelines.stages.publish.postgres_tables import NoSuchType, RowsLost, make_table
from pipelines.stages.publish.profiles import Profile, opened

CONNECT_SECONDS = 10
LOCK_SECONDS = 5
STATEMENT_SECONDS = 600
TRIES = 3
PAUSE_SECONDS = 1
# Readers who come while the swap waits for those before them wait too: it asks for little, often. Below the server's own
# deadlock_timeout (1 s), so that no reader is ever ended for our sake.
SWAP_MILLISECONDS = 400
SWAP_TRIES = 40
SCHEMAS = ("marts", "rapport", "audit")  # all that may be ours on the server, whatever the profile
MARK = "Publié par millesime : remplacé à chaque publication, ne rien y créer."
OURS = re.sub("par [a-z]+", "par %", MARK)  # a schema that the tool made under a former name is its own too
FRESHNESS = {
    "objet": ("text", "Table publiée : schema.table."),
    "nb_lignes": ("bigint", "Nombre de lignes de la table."),
    "construction": ("text", "Construction de l’entrepôt dont la table provient."),
    "publication": ("text", "Publication copiée sur ce serveur."),
    "profil": ("text", "Profil : interne ou public."),
    "publiee_le": ("timestamptz", "Date et heure de la copie sur ce serveur."),
}
ADDRESS = "postgresql://user:password@host:5432/database"
GRANTED = "donner au compte CREATE sur la base, et le laisser propriétaire des schémas qu’il crée"
# SQLSTATE → (what happened, how to mend it).
ERRORS = {
    "2BP01": (
        "des objets d’autres schémas lisent encore la publication d’avant",
        "les retirer ou les refaire : voir docs/bi.md",
    ),
    "42501": ("le compte n’en a pas le droit", GRANTED),
    "42P06": ("un schéma <nom>__next existe, que ce projet n’a pas fait", "le retirer ou le renommer"),
    "53100": ("le disque du serveur est plein", "faire de la place, puis publier de nouveau"),
    "55P03": ("un verrou n’a pas été donné à temps", "publier de nouveau quand le serveur est moins occupé"),
    "57014": (f"un ordre a pris plus de {STATEMENT_SECONDS} s", "publier de nouveau quand le serveur est moins occupé"),
    "25006": ("ce serveur est un secours, qui ne peut qu’être lu", "donner l’adresse du serveur principal"),
    "22021": ("un texte contient un caractère que PostgreSQL refuse (NUL)", "le corriger dans la source"),
    "40P01": ("l’échange et une autre transaction s’attendaient l’un l’autre", "publier de nouveau"),
}
# A copy of this account that holds the lock of a number.
HELD_BY_US = """
select 1 from pg_locks l join pg_stat_activity a using (pid)
where l.locktype = 'advisory' and l.granted and l.objsubid = 1 and a.usename = current_user
    and (l.classid::bigint << 32 | l.objid::bigint) = %s
"""
# The views of other schemas that read a table of these.
READING_VIEWS = """
select distinct
    n.nspname, v.relname, v.relkind::text, pg_get_viewdef(v.oid), coalesce(array_to_string(v.reloptions, ', '), ''),
    pg_has_role(v.relowner, 'usage')
from pg_depend d
join pg_rewrite r on r.oid = d.objid
join pg_class v on v.oid = r.ev_class
join pg_namespace n on n.oid = v.relnamespace
join pg_class t on t.oid = d.refobjid
join pg_namespace s on s.oid = t.relnamespace
where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass
    and s.nspname = any(%(schemas)s) and n.nspname <> all(%(schemas)s)
order by 1, 2
"""


class NotServed(RuntimeError):
    """The server could not be given the publication: it keeps what it had. The message is free of secrets."""


@dataclass
class Served:
    """What a copy came to; ``notes`` are what an administrator must know."""

    publication: str
    is_new: bool
    rows: dict[str, int] = field(default_factory=dict)  # ``<schema>.<table>`` → rows
    notes: list[str] = field(default_factory=list)


class View(NamedTuple):
    """A view that somebody made over what is published; ``is_ours`` when this account has its owner's rights."""

    schema: str
    name: str
    kind: str  # v, or m when it is materialized
    definition: str
    options: str
    is_ours: bool


def serve(published: Path, server: Server) -> Served:
    """Make the server hold the publication of folder ``published``; nothing is done when it holds it already.

    Raises NotServed, and NotPublished when the profile is not in the publication.
    """
    _check(server)
    with opened(published, server.profile) as profile, _connected(server) as connection:
        with connection.cursor() as cursor:
            served = _serve(cursor, server, profile)
            _serve_restricted(cursor, published, server, served)
        connection.commit()
    return served


def _serve_restricted(cursor: Cursor, published: Path, server: Server, served: Served) -> None:
    try:
        check_roles(cursor, server)
        if server.restricted and server.profile == INTERNE:
            _make_role(cursor, server.restricted, served)
        served.rows |= copy_restricted(cursor, published, server, served.notes.append)
    except (NoSuchType, NotRestricted, RowsLost) as error:
        raise NotServed(str(error)) from None


def remove(server: Server) -> bool:
    """Take what is published off the server, the former schemas too; True when there was any. Raises NotServed."""
    _check(server)
    names = {schema: f"{server.prefix}{schema}" for schema in SCHEMAS}
    with _connected(server) as connection:
        with connection.cursor() as cursor:
            _be_alone(cursor, server.prefix)
            _held(cursor, names)  # no schema of a stranger
            there = _schemas(cursor, [one for name in names.values() for one in (name, f"{name}__former")])
            for name in there:
                cursor.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(name)))
        connection.commit()
    return bool(there)


def _check(server: Server) -> None:
    if server.profile not in PROFILES:
        raise NotServed(f"MILLESIME_PUBLISH_PROFILE est {' ou '.join(PROFILES)}")
    if not re.fullmatch(r"([a-z][a-z0-9_]{0,30})?", server.prefix):
        raise NotServed("MILLESIME_PUBLISH_PREFIX est fait de minuscules, de chiffres et de _, 31 au plus")


def _serve(cursor: Cursor, server: Server, profile: Profile) -> Served:
    names = {schema: f"{server.prefix}{schema}" for schema in SCHEMAS}
    _be_alone(cursor, server.prefix)
    held = _held(cursor, names)
    served = Served(profile.publication, is_new=held != (profile.publication, profile.name))
    _make_role(cursor, server.role, served)
    if served.is_new:
        _make(cursor, names, profile, served)
        _carry_rights(cursor, names)
        _swap_patiently(cursor, names, keep_former=held is not None and held[1] == profile.name, served=served)
    _let_read(cursor, server.role, names)
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
            connection.execute(f"set lock_timeout = '{LOCK_SECONDS}s'; set statement_timeout = '{STATEMENT_SECONDS}s'")
            connection.commit()
            if connection.info.parameter_status("server_encoding") != "UTF8":
                raise NotServed(f"{where} : la base n’est pas en UTF8, en faire une autre")
            yield connection
    except psycopg.Error as error:
        raise NotServed(f"{where} : {_explained(error)}. Le serveur garde ce qu’il avait") from None


def _parameters(url: str) -> tuple[str, dict]:
    """How messages name the server, and what the driver is given. Raises NotServed."""
    try:
        parsed = conninfo_to_dict(url)
    except psycopg.Error:
        raise NotServed(f"MILLESIME_PUBLISH_URL n’est pas une adresse de la forme {ADDRESS}") from None
    if "@" in f"{parsed.get('host', '')}{parsed.get('dbname', '')}":  # the end of a password: it is not repeated
        raise NotServed(
            "MILLESIME_PUBLISH_URL : un caractère du mot de passe est à écrire autrement : @ s’écrit %40, / %2F"
        )
    where = f"PostgreSQL {parsed.get('host', 'localhost')}/{parsed.get('dbname', '')}"
    usual = {"connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": 30_000, "application_name": "millesime"}
    return where, {**usual, **parsed}


def _patiently_connected(where: str, parameters: dict) -> Connection:
    """Connect, again while nothing answers or the server is starting. Raises NotServed."""
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
    raise NotServed(f"{where} n’est pas joignable : est-il démarré, et écoute-t-il là ?")


def _explained(error: Exception) -> str:
    """What happened and how to mend it, by SQLSTATE alone."""
    code = getattr(error, "sqlstate", None)
    if code is None or code.startswith(("08", "57P")):
        return "la connexion est perdue : publier de nouveau"
    what, mend = ERRORS.get(
        code, ("le serveur refuse ce qui lui est demandé", "chercher ce code dans sa documentation")
    )
    return f"{what} (SQLSTATE {code}) : {mend}"


def _be_alone(cursor: Cursor, prefix: str) -> None:
    """Hold the right to publish until the end of the transaction. Raises NotServed when another process has it.

    Any login of the server may take this lock: that of another account holds nothing back.
    """
    number = int.from_bytes(hashlib.sha256(f"millesime:{prefix}".encode()).digest()[:8], "big", signed=True)
    try:
        cursor.execute("select pg_advisory_xact_lock(%s)", [number])
    except errors.LockNotAvailable:
        cursor.connection.rollback()
        if cursor.execute(HELD_BY_US, [number]).fetchone() is None:
            return
        raise NotServed("une autre publication est en cours de copie sur ce serveur : attendre sa fin") from None


def _held(cursor: Cursor, names: dict[str, str]) -> tuple[str, str] | None:
    """(publication, profile) that the server holds; None the first time. Raises NotServed for a stranger's schema."""
    strangers = cursor.execute(
        "select nspname from pg_namespace where nspname = any(%s) "
        "and (obj_description(oid, 'pg_namespace') like %s) is not true order by 1",
        [[n for name in names.values() for n in (name, f"{name}__former")], OURS],
    ).fetchall()
    if strangers:
        listed = ", ".join(name for (name,) in strangers)
        raise NotServed(
            f"la base a un schéma que ce projet n’a pas fait ({listed}), et qui serait remplacé : choisir une autre base, "
            "ou définir MILLESIME_PUBLISH_PREFIX"
        )
    if not _schemas(cursor, [names["rapport"]]):
        return None
    fresh = sql.Identifier(names["rapport"], "fraicheur")
    return cursor.execute(sql.SQL("select publication, profil from {} limit 1").format(fresh)).fetchone()


def _schemas(cursor: Cursor, names: list[str]) -> list[str]:
    """Those that exist."""
    rows = cursor.execute("select nspname from pg_namespace where nspname = any(%s) order by 1", [names]).fetchall()
    return [name for (name,) in rows]


# what is made ------------------------------------------------------------


def _make(cursor: Cursor, names: dict[str, str], profile: Profile, served: Served) -> None:
    """The schemas ``<name>__next``, with all their tables."""
    for schema in sorted({table.schema for table in profile.tables}):
        made = sql.Identifier(_next(names[schema]))
        cursor.execute(sql.SQL("create schema {}").format(made))
        cursor.execute(sql.SQL("comment on schema {} is {}").format(made, sql.Literal(MARK)))
    for table in profile.tables:
        try:
            served.rows[table.full_name] = make_table(cursor, _next(names[table.schema]), table, profile)
        except (NoSuchType, RowsLost) as error:
            raise NotServed(str(error)) from None
    _make_freshness(cursor, _next(names["rapport"]), profile, served)


def _next(schema: str) -> str:
    return f"{schema}__next"


def _make_freshness(cursor: Cursor, schema: str, profile: Profile, served: Served) -> None:
    name = sql.Identifier(schema, "fraicheur")
    columns = sql.SQL(", ".join(f"{column} {kind} not null" for column, (kind, _) in FRESHNESS.items()))
    cursor.execute(sql.SQL("create table {} ({}, primary key (objet))").format(name, columns))
    said = "D’où vient et de quand date chaque table publiée sur ce serveur, une ligne par table."
    cursor.execute(sql.SQL("comment on table {} is {}").format(name, sql.Literal(said)))
    for column, (_, comment) in FRESHNESS.items():
        cursor.execute(
            sql.SQL("comment on column {}.{} is {}").format(name, sql.Identifier(column), sql.Literal(comment))
        )
    cursor.executemany(
        sql.SQL("insert into {} values (%s, %s, %s, %s, %s, now())").format(name),
        [(t, rows, profile.build, profile.publication, profile.name) for t, rows in served.rows.items()],
    )


# who may read ------------------------------------------------------------


def _make_role(cursor: Cursor, role: str, served: Served) -> None:
    """Make the reading role when it is not there and we may; else say what to ask."""
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


def _let_read(cursor: Cursor, role: str, names: dict[str, str]) -> None:
    """Give the role the right to read, and nothing else, when it exists."""
    if not cursor.execute("select 1 from pg_roles where rolname = %s", [role]).fetchone():
        return
    for schema in _schemas(cursor, list(names.values())):
        for grant in ("usage on schema {}", "select on all tables in schema {}"):
            order = sql.SQL(f"grant {grant} to {{}}").format(sql.Identifier(schema), sql.Identifier(role))
            cursor.execute(order)


def _note_open_database(cursor: Cursor, served: Served) -> None:
    """Tell that every login of the server enters the database, which PostgreSQL allows of a new one."""
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


def _carry_rights(cursor: Cursor, names: dict[str, str]) -> None:
    """Grant on the new schemas and tables what was granted to read the present ones."""
    present = list(names.values())
    schemas = cursor.execute(
        "select n.nspname, null, null, a.grantee, pg_get_userbyid(a.grantee) "
        "from pg_namespace n, aclexplode(n.nspacl) a where n.nspname = any(%s) and a.privilege_type = 'USAGE' "
        "and a.grantee <> n.nspowner",
        [present],
    ).fetchall()
    tables = cursor.execute(
        "select n.nspname, c.relname, null, a.grantee, pg_get_userbyid(a.grantee) from pg_class c "
        "join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) a "
        "where n.nspname = any(%s) and a.privilege_type = 'SELECT' and a.grantee <> c.relowner "
        "union all "
        "select n.nspname, c.relname, t.attname, a.grantee, pg_get_userbyid(a.grantee) from pg_attribute t "
        "join pg_class c on c.oid = t.attrelid join pg_namespace n on n.oid = c.relnamespace, aclexplode(t.attacl) a "
        "where n.nspname = any(%s) and a.privilege_type = 'SELECT' and a.grantee <> c.relowner",
        [present, present],
    ).fetchall()
    there = cursor.execute(
        "select table_schema, table_name, column_name from information_schema.columns where table_schema = any(%s)",
        [[_next(name) for name in present]],
    ).fetchall()
    made = {one[:length] for one in there for length in (1, 2, 3)}
    for schema, table, column, number, grantee in [*schemas, *tables]:
        target = _next(schema)
        if tuple(part for part in (target, table, column) if part) in made:
            who = sql.Identifier(grantee) if number else sql.SQL("public")
            cursor.execute(sql.SQL("grant {} to {}").format(_right(target, table, column), who))


def _right(schema: str, table: str | None, column: str | None) -> sql.Composed:
    if table is None:
        return sql.SQL("usage on schema {}").format(sql.Identifier(schema))
    columns = sql.SQL("({})").format(sql.Identifier(column)) if column else sql.SQL("")
    return sql.SQL("select {} on {}").format(columns, sql.Identifier(schema, table))


# the swap ------------------------------------------------------------


def _swap_patiently(cursor: Cursor, names: dict[str, str], keep_former: bool, served: Served) -> None:
    """Swap at a moment when nobody reads. Raises NotServed, naming who reads, when there is none."""
    for _ in range(SWAP_TRIES):
        try:
            with cursor.connection.transaction():
                _swap(cursor, names, keep_former, served)
            return
        except (errors.LockNotAvailable, errors.QueryCanceled):
            time.sleep(PAUSE_SECONDS / 2)
    raise NotServed(
        f"un lecteur tient la publication d’avant depuis trop longtemps ({_readers(cursor, list(names.values()))}) : finir "
        "sa transaction, puis publier de nouveau. Le serveur garde ce qu’il avait"
    )


def _swap(cursor: Cursor, names: dict[str, str], keep_former: bool, served: Served) -> None:
    """The schemas of the former publication go, the present ones become the former, the new ones the present.

    A former publication of another profile is not kept: what is internal must not outlive the choice of the public one.
    """
    present = _schemas(cursor, list(names.values()))
    gone = _schemas(cursor, [f"{name}__former" for name in names.values()])
    _keep_readers_out(cursor, present + gone)
    views = _reading_views(cursor, present)
    for schema in gone if keep_former else gone + present:
        _drop(cursor, schema)
    for name in names.values():
        if keep_former and name in present:
            former = sql.Identifier(f"{name}__former")
            cursor.execute(sql.SQL("alter schema {} rename to {}").format(sql.Identifier(name), former))
        if _schemas(cursor, [_next(name)]):
            made = sql.Identifier(_next(name))
            cursor.execute(sql.SQL("alter schema {} rename to {}").format(made, sql.Identifier(name)))
    served.notes += [note for view in views if (note := _remake(cursor, view))]


def _keep_readers_out(cursor: Cursor, schemas: list[str]) -> None:
    """Lock all that readers may be reading, until the end of the transaction. Raises QueryCanceled when they go on.

    PostgreSQL looks the tables of a query up one after the other: a rename that ended in between would give a query, and
    all its later runs where it is prepared, tables of two publications. Who waits for a lock looks the name up again.
    """
    views = [(v.schema, v.name) for v in _reading_views(cursor, schemas) if v.kind == "v" and v.is_ours]
    if relations := views + _tables(cursor, schemas):  # views first, as readers take them
        listed = sql.SQL(", ").join(sql.Identifier(*names) for names in relations)
        cursor.execute(sql.SQL("set local statement_timeout = {}").format(SWAP_MILLISECONDS))
        cursor.execute(sql.SQL("lock table {}").format(listed))
        cursor.execute(f"set local statement_timeout = '{STATEMENT_SECONDS}s'")


def _readers(cursor: Cursor, schemas: list[str]) -> str:
    """The sessions that hold a table of these schemas, for an administrator."""
    rows = cursor.execute(
        "select distinct a.pid, a.usename, a.application_name from pg_locks l join pg_class c on c.oid = l.relation "
        "join pg_namespace n on n.oid = c.relnamespace join pg_stat_activity a using (pid) "
        "where n.nspname = any(%s) and a.pid <> pg_backend_pid() order by 1",
        [schemas],
    ).fetchall()
    return ", ".join(f"processus {pid} de {user} {name}".rstrip() for pid, user, name in rows) or "qui change"


def _drop(cursor: Cursor, schema: str) -> None:
    """Drop our tables, then the schema; what others made over them is never dropped with them."""
    if tables := _tables(cursor, [schema]):
        listed = sql.SQL(", ").join(sql.Identifier(*names) for names in tables)
        cursor.execute(sql.SQL("drop table {}").format(listed))
    cursor.execute(sql.SQL("drop schema {}").format(sql.Identifier(schema)))


def _tables(cursor: Cursor, schemas: list[str]) -> list[tuple[str, str]]:
    """(schema, name) of every table of these schemas."""
    listed = "select schemaname, tablename from pg_tables where schemaname = any(%s) order by 1, 2"
    return cursor.execute(listed, [schemas]).fetchall()


def _reading_views(cursor: Cursor, schemas: list[str]) -> list[View]:
    """Each view of another schema that reads a table of these."""
    return [View(*row) for row in cursor.execute(READING_VIEWS, {"schemas": schemas}).fetchall()]


def _remake(cursor: Cursor, view: View) -> str | None:
    """Make a view again over the new tables, its rights kept; what to tell its owner when it cannot be."""
    kind = "vue matérialisée" if view.kind == "m" else "vue"
    told = f"la {kind} {view.schema}.{view.name} lit encore la publication d’avant : "
    if view.kind == "m":
        return told + "la retirer et la refaire, ou la prochaine publication sera refusée"
    chosen = sql.SQL(f"with ({view.options}) " if view.options else "")
    try:
        with cursor.connection.transaction():
            order = sql.SQL("create or replace view {} {}as {}")
            cursor.execute(order.format(sql.Identifier(view.schema, view.name), chosen, sql.SQL(view.definition)))
    except errors.LockNotAvailable:
        raise
    except psycopg.Error as error:
        return (
            told
            + f"son propriétaire doit la refaire (SQLSTATE {error.sqlstate}), ou la prochaine publication sera refusée"
        )
    return None
