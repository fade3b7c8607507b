"""Published tables in PostgreSQL: exact types, keys, comments, indexes, rows streamed by COPY.

Every table gains ``_construction``, the build that its rows come from: a reader who runs several queries compares it to
check that no publication came in between. ``fraicheur`` gains what only the copy knows.
"""

import re
import tempfile
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from psycopg import Cursor, sql

from pipelines.sql import literal
from pipelines.stages.publish.freshness import FRESHNESS
from pipelines.stages.publish.profiles import Column, Profile, Table

BYTES = 1 << 20  # sent at a time
TYPES = {  # with the server's names
    "BOOLEAN": "boolean",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "numeric(38,0)",
    "DOUBLE": "double precision",
    "VARCHAR": "text",
    "DATE": "date",
    "TIME": "time without time zone",
    "TIMESTAMP": "timestamp without time zone",
    "TIMESTAMP WITH TIME ZONE": "timestamp with time zone",
    "UUID": "uuid",
}
SHAPES = """
select n.nspname, c.relname,
    (
        select array_agg(array[
            a.attname::text, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' else '' end
        ] order by a.attnum)
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ),
    (
        select array_agg(a.attname::text order by x.place)
        from pg_constraint k, unnest(k.conkey) with ordinality x (number, place)
        join pg_attribute a on a.attnum = x.number
        where k.conrelid = c.oid and k.contype = 'p' and a.attrelid = c.oid
    ),
    (
        select array_agg(array[a.attname::text, m.nspname::text, p.relname::text, k.conname::text])
        from pg_constraint k join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
        join pg_class p on p.oid = k.confrelid join pg_namespace m on m.oid = p.relnamespace
        where k.conrelid = c.oid and k.contype = 'f'
    )
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname = any(%s) and pg_has_role(c.relowner, 'usage')
"""

Name = tuple[str, str]  # schema, table
Link = tuple[str, Name]  # a column, and the table whose key it refers to


def _added(name: str, kind: str, comment: str) -> Column:
    return Column(name, kind, comment, False, None, None)


# the columns that the copy adds: to every table but ``fraicheur``, and to that one
BUILD = _added(
    "_construction",
    "VARCHAR",
    "Construction dont la ligne provient : la même dans toutes les tables d’une même publication.",
)
OF_FRESHNESS = (
    _added("publication", "VARCHAR", "Publication copiée sur ce serveur."),
    _added("publiee_le", "TIMESTAMP WITH TIME ZONE", "Date et heure de la copie sur ce serveur."),
    _added(
        "nb_effacements",
        "BIGINT",
        "Nombre de purges, d’effacements et de retraits au registre ; s’il change, toutes les tables sont refaites.",
    ),
)


class NoSuchType(RuntimeError):
    """A published column has a type that has no counterpart in PostgreSQL here."""


class RowsLost(RuntimeError):
    """The server says that it has a different number of rows from what it was sent."""


class Shape(NamedTuple):
    """The structure of a table on the server, which decides whether its rows can be replaced in place."""

    columns: tuple[tuple[str, str, str], ...]  # name, type, ``not null`` or nothing
    key: tuple[str, ...]


class There(NamedTuple):
    """A table as the server holds it: its shape, and the name of each of its foreign keys."""

    shape: Shape
    links: dict[Link, str]


@dataclass(frozen=True)
class Copied:
    """A published table as it is to be on the server: ``rows`` is the query of its rows in ``db``."""

    name: Name
    table: Table
    shape: Shape
    links: frozenset[Link]
    rows: str
    db: Any


def copied_tables(profile: Profile, prefix: str, moment: str, removals: int) -> dict[Name, Copied]:
    """The tables of a profile, with the columns that the copy adds, by their names on the server. Raises NoSuchType."""
    values = {
        BUILD.name: profile.build,
        "publication": profile.publication,
        "publiee_le": moment,
        "nb_effacements": removals,
    }
    found = {}
    for one in profile.tables:
        added = OF_FRESHNESS if one.full_name == FRESHNESS else (BUILD,)
        said = "".join(f', {literal(values[column.name])} as "{column.name}"' for column in added)
        comment = f"{one.comment} Construction {profile.build}, publication {profile.publication}.".strip()
        table = replace(one, columns=(*one.columns, *added), comment=comment)
        name = (f"{prefix}{table.schema}", table.name)
        rows = f"select *{said} from p.{table.full_name} order by all"
        found[name] = Copied(name, table, _shape(table), _links(table, prefix), rows, profile.db)
    return found


def _shape(table: Table) -> Shape:
    columns = []
    for column in table.columns:
        kind = postgres_type(column.kind, f"{table.full_name}.{column.name}")
        is_filled = column.name in table.key or not column.is_nullable
        columns.append((column.name, kind, "not null" if is_filled else ""))
    return Shape(tuple(columns), table.key)


def _links(table: Table, prefix: str) -> frozenset[Link]:
    found = set()
    for one in table.links:
        schema, _, parent = one.parent.partition(".")
        found.add((one.column, (f"{prefix}{schema}", parent)))
    return frozenset(found)


def tables_there(cursor: Cursor, schemas: list[str]) -> dict[Name, There]:
    """The tables of these schemas that are this account's, as the server holds them."""
    found = {}
    for schema, table, columns, key, links in cursor.execute(SHAPES, [schemas]).fetchall():
        named = {(column, (of, parent)): name for column, of, parent, name in links or ()}
        found[schema, table] = There(Shape(tuple(map(tuple, columns)), tuple(key or ())), named)
    return found


def create(cursor: Cursor, table: Copied, joining: Collection[str]) -> None:
    """Create a table, empty, with its key, and an index on each column that is in ``joining`` or has a link."""
    made = [sql.SQL(f"{{}} {kind} {filled}").format(sql.Identifier(name)) for name, kind, filled in table.shape.columns]
    if table.shape.key:
        made.append(sql.SQL("primary key ({})").format(sql.SQL(", ").join(map(sql.Identifier, table.shape.key))))
    name = sql.Identifier(*table.name)
    cursor.execute(sql.SQL("create table {} ({})").format(name, sql.SQL(", ").join(made)))
    indexed = {*joining, *(column for column, _ in table.links)} - {*table.shape.key[:1]}
    for column, *_ in table.shape.columns:
        if column in indexed:
            cursor.execute(sql.SQL("create index on {} ({})").format(name, sql.Identifier(column)))


def link(cursor: Cursor, name: Name, column: str, parent: Name) -> None:
    """Add a foreign key. Deferred: tables are emptied and filled in any order."""
    order = "alter table {} add foreign key ({}) references {} deferrable initially deferred"
    cursor.execute(sql.SQL(order).format(sql.Identifier(*name), sql.Identifier(column), sql.Identifier(*parent)))


def postgres_type(kind: str, where: str) -> str:
    """The type of PostgreSQL that holds every value of DuckDB's ``kind`` exactly. Raises NoSuchType."""
    if found := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind):
        return f"numeric({found[1]},{found[2]})"
    if kind not in TYPES:
        raise NoSuchType(
            f"{where} est du type {kind}, qui ne se copie pas dans PostgreSQL : le convertir dans son modèle"
        )
    return TYPES[kind]


def fill(cursor: Cursor, table: Copied) -> int:
    """Send the rows to an empty table. Returns their number. Raises RowsLost and the driver's errors.

    As CSV, which DuckDB writes aside, with texts in quotes so that an empty one is not NULL.
    """
    texts = ", ".join(f'"{column.name}"' for column in table.table.columns if column.kind == "VARCHAR")
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.table.columns)
    order = sql.SQL("copy {} ({}) from stdin (format csv)").format(sql.Identifier(*table.name), names)
    with tempfile.TemporaryDirectory(prefix="millesime-postgres-") as folder:
        file = Path(folder) / "rows.csv"
        (sent,) = table.db.execute(
            f"copy ({table.rows}) to {literal(file)} (format csv, header false, force_quote ({texts}))"
        ).fetchone()
        with file.open("rb") as rows, cursor.copy(order) as copy:
            while chunk := rows.read(BYTES):
                copy.write(chunk)
    if cursor.rowcount != sent:
        raise RowsLost(f"{table.table.full_name} : lignes envoyées : {sent}, arrivées : {cursor.rowcount}")
    return sent


def describe(cursor: Cursor, table: Copied) -> None:
    """Describe a table and its columns, and let the server count its rows."""
    name = sql.Identifier(*table.name)
    orders = [sql.SQL("comment on table {} is {}").format(name, sql.Literal(table.table.comment))]
    for column in table.table.columns:
        names = name, sql.Identifier(column.name), sql.Literal(column.comment or None)
        orders.append(sql.SQL("comment on column {}.{} is {}").format(*names))
    cursor.execute(sql.SQL("; ").join([*orders, sql.SQL("analyze {}").format(name)]))
