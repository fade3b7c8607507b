"""Makes published tables in PostgreSQL: exact types, keys, comments, indexes, rows streamed by COPY.

Every table gains ``_construction``, the build that its rows come from: a reader that asks several queries compares it to
know that no publication came between them.
"""

import re
import tempfile
from pathlib import Path

from psycopg import Cursor, sql

from pipelines.sql import literal
from pipelines.stages.publish.profiles import Profile, Table

BUILD_COLUMN = "_construction"
BUILD_COMMENT = "Construction dont la ligne provient : la même dans toutes les tables d’une même publication."
BYTES = 1 << 20  # sent at a time
TYPES = {
    "BOOLEAN": "boolean",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "numeric(38, 0)",
    "DOUBLE": "double precision",
    "VARCHAR": "text",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "UUID": "uuid",
}


class NoSuchType(RuntimeError):
    """A published column has a type that PostgreSQL is not given."""


class RowsLost(RuntimeError):
    """The server says that it holds another number of rows than it was sent."""


def make_table(cursor: Cursor, schema: str, table: Table, profile: Profile) -> int:
    """Create ``table`` in ``schema``, fill it, describe it and index it. Returns the number of its rows.

    Raises NoSuchType, RowsLost and the driver's errors.
    """
    name = sql.Identifier(schema, table.name)
    columns = sql.SQL(", ").join(
        sql.SQL("{} {} {}").format(
            sql.Identifier(column.name),
            sql.SQL(postgres_type(column.kind, f"{table.full_name}.{column.name}")),
            sql.SQL("" if column.is_nullable else "not null"),
        )
        for column in table.columns
    )
    cursor.execute(sql.SQL("create table {} ({})").format(name, columns))
    rows = _fill(cursor, name, table, profile)
    cursor.execute(  # after the rows: a constant takes no room in them
        sql.SQL("alter table {} add column {} text not null default {}").format(
            name, sql.Identifier(BUILD_COLUMN), sql.Literal(profile.build)
        )
    )
    _describe(cursor, name, table, profile)
    _index(cursor, name, table, profile)
    cursor.execute(sql.SQL("analyze {}").format(name))
    return rows


def postgres_type(kind: str, where: str) -> str:
    """The type of PostgreSQL that holds every value of DuckDB's ``kind`` exactly. Raises NoSuchType."""
    if found := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind):
        return f"numeric({found[1]}, {found[2]})"
    if kind not in TYPES:
        raise NoSuchType(
            f"{where} est du type {kind}, qui ne se copie pas dans PostgreSQL : le convertir dans son modèle"
        )
    return TYPES[kind]


def _fill(cursor: Cursor, name: sql.Identifier, table: Table, profile: Profile) -> int:
    """Send the rows as CSV, which DuckDB writes aside: texts in quotes, so that an empty one is not NULL."""
    texts = ", ".join(f'"{column.name}"' for column in table.columns if column.kind == "VARCHAR")
    quoted = f", force_quote ({texts})" if texts else ""
    with tempfile.TemporaryDirectory(prefix="millesime-postgres-") as folder:
        file = Path(folder) / "rows.csv"
        (sent,) = profile.db.execute(
            f"copy (select * from p.{table.full_name} order by all) to {literal(file)} (format csv, header false{quoted})"
        ).fetchone()
        with file.open("rb") as rows, cursor.copy(sql.SQL("copy {} from stdin (format csv)").format(name)) as copy:
            while chunk := rows.read(BYTES):
                copy.write(chunk)
    if cursor.rowcount != sent:
        raise RowsLost(f"{table.full_name} : lignes envoyées : {sent}, arrivées : {cursor.rowcount}")
    return sent


def _describe(cursor: Cursor, name: sql.Identifier, table: Table, profile: Profile) -> None:
    comment = f"{table.comment} Construction {profile.build}, publication {profile.publication}.".strip()
    cursor.execute(sql.SQL("comment on table {} is {}").format(name, sql.Literal(comment)))
    for column, said in [*((c.name, c.comment) for c in table.columns), (BUILD_COLUMN, BUILD_COMMENT)]:
        cursor.execute(
            sql.SQL("comment on column {}.{} is {}").format(name, sql.Identifier(column), sql.Literal(said or None))
        )


def _index(cursor: Cursor, name: sql.Identifier, table: Table, profile: Profile) -> None:
    """The primary key, then what BI filters on and joins by: the exercice and the keys of dimensions."""
    if table.key:
        columns = sql.SQL(", ").join(map(sql.Identifier, table.key))
        cursor.execute(sql.SQL("alter table {} add primary key ({})").format(name, columns))
    joining = {one.key[0] for one in profile.tables if one.name.startswith("dim_") and len(one.key) == 1}
    for column in table.columns:
        if column.name in {"exercice", *joining} - {*table.key[:1]}:
            cursor.execute(sql.SQL("create index on {} ({})").format(name, sql.Identifier(column.name)))
