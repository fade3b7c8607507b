"""Published tables in PostgreSQL: exact types, keys, comments, indexes, rows streamed by COPY.

Every table gains ``_construction``, the build that its rows come from: a reader who runs several queries compares it to
check that no publication came in between. ``fraicheur`` gains what only the copy knows.
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from psycopg import Cursor, sql

from pipelines.sql import literal
from pipelines.stages.publish.freshness import FRESHNESS
from pipelines.stages.publish.profiles import Profile, Table

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
        select array_agg(array[a.attname::text, m.nspname::text, p.relname::text])
        from pg_constraint k join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
        join pg_class p on p.oid = k.confrelid join pg_namespace m on m.oid = p.relnamespace
        where k.conrelid = c.oid and k.contype = 'f'
    )
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'r' and n.nspname = any(%s) and pg_has_role(c.relowner, 'usage')
"""

Name = tuple[str, str]  # schema, table


class NoSuchType(RuntimeError):
    """A published column has a type that has no counterpart in PostgreSQL here."""


class RowsLost(RuntimeError):
    """The server says that it has a different number of rows from what it was sent."""


class Shape(NamedTuple):
    """The structure of a table on the server, which decides whether its rows can be replaced in place."""

    columns: tuple[tuple[str, str, str], ...]  # name, type, ``not null`` or nothing
    key: tuple[str, ...]
    links: frozenset[tuple[str, Name]]  # a column, and the table whose key it refers to

    @property
    def parents(self) -> set[Name]:
        """The tables that it refers to."""
        return {parent for _, parent in self.links}


class Added(NamedTuple):
    """A column that the copy adds; the moment of the copy when ``value`` is None."""

    name: str
    kind: str
    comment: str
    value: str | int | None


@dataclass(frozen=True)
class Copied:
    """A published table as it is to be on the server."""

    name: Name
    table: Table
    shape: Shape
    added: tuple[Added, ...]
    indexed: tuple[str, ...]
    profile: Profile


def copied_tables(profile: Profile, prefix: str, removals: int) -> dict[Name, Copied]:
    """The tables of a profile, by their names on the server. Raises NoSuchType."""
    joining = {one.key[0] for one in profile.tables if one.name.startswith("dim_") and len(one.key) == 1}
    found = {}
    for table in profile.tables:
        name = (f"{prefix}{table.schema}", table.name)
        wished = {"exercice", *joining, *(link.column for link in table.links)} - {*table.key[:1]}
        indexed = tuple(column.name for column in table.columns if column.name in wished)
        added = _added(table, profile, removals)
        found[name] = Copied(name, table, _shape(table, added, prefix), added, indexed, profile)
    return found


def _added(table: Table, profile: Profile, removals: int) -> tuple[Added, ...]:
    if table.full_name != FRESHNESS:
        said = "Construction dont la ligne provient : la même dans toutes les tables d’une même publication."
        return (Added("_construction", "text", said, profile.build),)
    said = "Nombre de purges, d’effacements et de retraits au registre ; s’il change, toutes les tables sont refaites."
    return (
        Added("publication", "text", "Publication copiée sur ce serveur.", profile.publication),
        Added("publiee_le", "timestamp with time zone", "Date et heure de la copie sur ce serveur.", None),
        Added("nb_effacements", "bigint", said, removals),
    )


def _shape(table: Table, added: tuple[Added, ...], prefix: str) -> Shape:
    columns = []
    for column in table.columns:
        kind = postgres_type(column.kind, f"{table.full_name}.{column.name}")
        is_filled = column.name in table.key or not column.is_nullable
        columns.append((column.name, kind, "not null" if is_filled else ""))
    columns += [(one.name, one.kind, "not null") for one in added]
    links = set()
    for link in table.links:
        schema, _, parent = link.parent.partition(".")
        links.add((link.column, (f"{prefix}{schema}", parent)))
    return Shape(tuple(columns), table.key, frozenset(links))


def shapes(cursor: Cursor, schemas: list[str]) -> dict[Name, Shape]:
    """The tables of these schemas that are this account's, as the server holds them."""
    found = {}
    for schema, table, columns, key, links in cursor.execute(SHAPES, [schemas]).fetchall():
        parents = frozenset((column, (parent_schema, parent)) for column, parent_schema, parent in links or ())
        found[schema, table] = Shape(tuple(map(tuple, columns)), tuple(key or ()), parents)
    return found


def create(cursor: Cursor, table: Copied) -> None:
    """Create a table, empty, with its key and its indexes: the exercice, and what it is joined by."""
    moments = {one.name for one in table.added if one.value is None}
    made = []
    for name, kind, filled in table.shape.columns:
        moment = "default now()" if name in moments else ""
        made.append(sql.SQL(f"{{}} {kind} {filled} {moment}").format(sql.Identifier(name)))
    if table.shape.key:
        made.append(sql.SQL("primary key ({})").format(sql.SQL(", ").join(map(sql.Identifier, table.shape.key))))
    name = sql.Identifier(*table.name)
    cursor.execute(sql.SQL("create table {} ({})").format(name, sql.SQL(", ").join(made)))
    for column in table.indexed:
        cursor.execute(sql.SQL("create index on {} ({})").format(name, sql.Identifier(column)))


def link(cursor: Cursor, table: Copied) -> None:
    """Add the foreign keys of a table. Deferred: tables are emptied and filled in any order."""
    for column, parent in sorted(table.shape.links):
        order = "alter table {} add foreign key ({}) references {} deferrable initially deferred"
        names = (sql.Identifier(*table.name), sql.Identifier(column), sql.Identifier(*parent))
        cursor.execute(sql.SQL(order).format(*names))


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
    given = [one for one in table.added if one.value is not None]
    texts = [f'"{column.name}"' for column in table.table.columns if column.kind == "VARCHAR"]
    texts += [f'"{one.name}"' for one in given if one.kind == "text"]
    quoted = f", force_quote ({', '.join(texts)})" if texts else ""
    columns = ", ".join(["*", *(f'{literal(one.value)} as "{one.name}"' for one in given)])
    query = f"select {columns} from p.{table.table.full_name} order by all"
    names = [*(column.name for column in table.table.columns), *(one.name for one in given)]
    order = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        sql.Identifier(*table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with tempfile.TemporaryDirectory(prefix="millesime-postgres-") as folder:
        file = Path(folder) / "rows.csv"
        (sent,) = table.profile.db.execute(
            f"copy ({query}) to {literal(file)} (format csv, header false{quoted})"
        ).fetchone()
        with file.open("rb") as rows, cursor.copy(order) as copy:
            while chunk := rows.read(BYTES):
                copy.write(chunk)
    if cursor.rowcount != sent:
        raise RowsLost(f"{table.table.full_name} : lignes envoyées : {sent}, arrivées : {cursor.rowcount}")
    return sent


def describe(cursor: Cursor, table: Copied) -> None:
    """Describe a table and its columns, and let the server count its rows."""
    name, profile = sql.Identifier(*table.name), table.profile
    comment = f"{table.table.comment} Construction {profile.build}, publication {profile.publication}.".strip()
    orders = [sql.SQL("comment on table {} is {}").format(name, sql.Literal(comment))]
    said = [*((c.name, c.comment) for c in table.table.columns), *((one.name, one.comment) for one in table.added)]
    orders += [
        sql.SQL("comment on column {}.{} is {}").format(name, sql.Identifier(column), sql.Literal(text or None))
        for column, text in said
    ]
    cursor.execute(sql.SQL("; ").join([*orders, sql.SQL("analyze {}").format(name)]))
