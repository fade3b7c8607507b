"""Published tables in PostgreSQL: exact types, keys, comments, indexes, rows streamed by COPY.

Every table gains ``_construction``, the build that its rows come from: a reader who runs several queries compares it to
check that no publication came in between. ``fraicheur`` gains what only the copy knows.
"""

import re
import tempfile
from collections.abc import Iterable
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
select n.nspname, c.relname, array_agg(array[
        a.attname::text, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' else '' end
    ] order by a.attnum),
    (
        select array_agg(k.attname::text order by x.place)
        from pg_constraint p, unnest(p.conkey) with ordinality x (number, place)
        join pg_attribute k on k.attnum = x.number
        where p.conrelid = c.oid and p.contype = 'p' and k.attrelid = c.oid
    )
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind = 'r' and n.nspname = any(%s) and pg_has_role(c.relowner, 'usage')
group by n.nspname, c.relname, c.oid
"""

Name = tuple[str, str]  # schema, table
Shape = tuple[tuple[tuple[str, str, str], ...], tuple[str, ...]]  # (name, type, ``not null``) of each column; the key


class NoSuchType(RuntimeError):
    """A published column has a type that has no counterpart in PostgreSQL here."""


class RowsLost(RuntimeError):
    """The server says that it has a different number of rows from what it was sent."""


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
    added: tuple[Added, ...]
    indexed: tuple[str, ...]
    profile: Profile

    @property
    def shape(self) -> Shape:
        """The structure that decides whether rows can be replaced in place. Raises NoSuchType."""
        table = self.table
        own = [
            (
                column.name,
                postgres_type(column.kind, f"{table.full_name}.{column.name}"),
                "" if column.is_nullable and column.name not in table.key else "not null",
            )
            for column in table.columns
        ]
        return (*own, *((one.name, one.kind, "not null") for one in self.added)), table.key


def gained(there: Shape | None, wanted: Shape) -> tuple[tuple[str, str, str], ...] | None:
    """The columns that a table of one shape needs to take the other, in order; None when anything else differs."""
    if there is None or there[1] != wanted[1] or not {*there[0]} <= {*wanted[0]}:
        return None
    return tuple(column for column in wanted[0] if column not in there[0])


def copied_tables(profile: Profile, prefix: str, removals: int) -> dict[Name, Copied]:
    """The tables of a profile, by their names on the server."""
    joining = {one.key[0] for one in profile.tables if one.name.startswith("dim_") and len(one.key) == 1}
    found = {}
    for table in profile.tables:
        name = (f"{prefix}{table.schema}", table.name)
        wished = {"exercice", *joining, *(link.column for link in table.links)} - {*table.key[:1]}
        indexed = tuple(column.name for column in table.columns if column.name in wished)
        found[name] = Copied(name, table, tuple(_added(table, profile, removals)), indexed, profile)
    return found


def _added(table: Table, profile: Profile, removals: int) -> Iterable[Added]:
    if table.full_name == FRESHNESS:
        yield Added("publication", "text", "Publication copiée sur ce serveur.", profile.publication)
        yield Added("publiee_le", "timestamp with time zone", "Date et heure de la copie sur ce serveur.", None)
        said = (
            "Nombre de purges, d’effacements et de retraits au registre ; s’il change, toutes les tables sont refaites."
        )
        yield Added("nb_effacements", "bigint", said, removals)
    else:
        said = "Construction dont la ligne provient : la même dans toutes les tables d’une même publication."
        yield Added("_construction", "text", said, profile.build)


def shapes(cursor: Cursor, schemas: list[str]) -> dict[Name, Shape]:
    """The tables of these schemas that are this account's, as the server holds them."""
    rows = cursor.execute(SHAPES, [schemas]).fetchall()
    return {(schema, table): (tuple(map(tuple, columns)), tuple(key or ())) for schema, table, columns, key in rows}


def create(cursor: Cursor, name: Name, table: Copied) -> None:
    """Create a table, empty, with its key and its indexes: the exercice, and what it is joined by. Raises NoSuchType."""
    columns, key = table.shape
    made = [_column(table, *column) for column in columns]
    if key:
        made.append(sql.SQL("primary key ({})").format(sql.SQL(", ").join(map(sql.Identifier, key))))
    cursor.execute(sql.SQL("create table {} ({})").format(sql.Identifier(*name), sql.SQL(", ").join(made)))
    _index(cursor, name, table.indexed)


def add_columns(cursor: Cursor, table: Copied, columns: Iterable[tuple[str, str, str]]) -> None:
    """Add columns at the end of a table that holds no row, with their indexes."""
    for column in columns:
        order = sql.SQL("alter table {} add column {}")
        cursor.execute(order.format(sql.Identifier(*table.name), _column(table, *column)))
    _index(cursor, table.name, [name for name, *_ in columns if name in table.indexed])


def _column(table: Copied, name: str, kind: str, filled: str) -> sql.Composed:
    moment = " default now()" if any(one.name == name and one.value is None for one in table.added) else ""
    return sql.SQL(f"{{}} {kind} {filled}{moment}").format(sql.Identifier(name))


def _index(cursor: Cursor, name: Name, columns: Iterable[str]) -> None:
    for column in columns:
        cursor.execute(sql.SQL("create index on {} ({})").format(sql.Identifier(*name), sql.Identifier(column)))


def postgres_type(kind: str, where: str) -> str:
    """The type of PostgreSQL that holds every value of DuckDB's ``kind`` exactly. Raises NoSuchType."""
    if found := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind):
        return f"numeric({found[1]},{found[2]})"
    if kind not in TYPES:
        raise NoSuchType(
            f"{where} est du type {kind}, qui ne se copie pas dans PostgreSQL : le convertir dans son modèle"
        )
    return TYPES[kind]


def fill(cursor: Cursor, name: Name, table: Copied) -> int:
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
        sql.Identifier(*name), sql.SQL(", ").join(map(sql.Identifier, names))
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


def describe(cursor: Cursor, table: Copied, profile: Profile) -> None:
    """Describe a table and its columns, and let the server count its rows."""
    name = sql.Identifier(*table.name)
    comment = f"{table.table.comment} Construction {profile.build}, publication {profile.publication}.".strip()
    orders = [sql.SQL("comment on table {} is {}").format(name, sql.Literal(comment))]
    said = [*((c.name, c.comment) for c in table.table.columns), *((one.name, one.comment) for one in table.added)]
    orders += [
        sql.SQL("comment on column {}.{} is {}").format(name, sql.Identifier(column), sql.Literal(text or None))
        for column, text in said
    ]
    cursor.execute(sql.SQL("; ").join([*orders, sql.SQL("analyze {}").format(name)]))
