"""Copies tables of the warehouse into a database to publish: keys, comments, rows in a stable order, one Parquet each."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.fields import Fields
from pipelines.catalogue.primary_keys import Keys, key_of
from pipelines.disk import sync
from pipelines.settings import engine
from pipelines.sql import literal
from pipelines.stages.publish.profiles import Table, tables_in

BLOCK = 16_384  # bytes, the smallest that DuckDB accepts: each of hundreds of small tables takes whole blocks
LARGE = (
    256 << 20
)  # bytes of a warehouse; for the many small tables of a lesser one, a second thread costs more than it does


@contextmanager
def attached(file: Path, warehouse: Path) -> Iterator[Any]:
    """A connection that writes the new database ``file`` (catalog ``cible``) from the warehouse (``source``)."""
    alone = 1 if warehouse.stat().st_size < LARGE else None
    with duckdb.connect(config=engine(file, alone)) as db:
        db.execute(f"attach {literal(file)} as cible (block_size {BLOCK})")
        db.execute("use cible")
        db.execute(f"attach {literal(warehouse)} as source (read_only)")
        db.execute("begin")  # one transaction: each commit would wait for the disk
        yield db
        db.execute("commit")
        db.execute("checkpoint cible")
        db.execute("use memory")
        db.execute("detach cible")
    sync(file)


@dataclass(frozen=True)
class Described:
    """A table of the warehouse, as its catalog describes it."""

    schema: str
    name: str
    sql: str
    comment: str | None
    columns: Mapping[str, str | None]  # comments
    filled: frozenset[str]  # the columns that are never empty


def described(db, schema: str) -> dict[str, Described]:
    """The tables of a schema of the warehouse, in order of name. The catalog is read once, since any look at it reads all of it."""
    columns: dict[str, list[tuple[str, str | None, bool]]] = {}
    for table, *column in db.execute(
        "select table_name, column_name, comment, is_nullable from duckdb_columns() "
        f"where database_name = 'source' and schema_name = {literal(schema)} order by table_name, column_index"
    ).fetchall():
        columns.setdefault(table, []).append(tuple(column))
    tables = db.execute(
        "select table_name, sql, comment from duckdb_tables() "
        f"where database_name = 'source' and schema_name = {literal(schema)} order by table_name"
    ).fetchall()
    return {
        name: Described(
            schema,
            name,
            sql,
            comment,
            {column: said for column, said, _ in columns[name]},
            frozenset(column for column, _, is_nullable in columns[name] if not is_nullable),
        )
        for name, sql, comment in tables
    }


def tables_of(db, schema: str, catalog: str = "source") -> list[str]:
    """The tables of a schema, in order of name."""
    rows = db.execute(
        f"select table_name from duckdb_tables() where database_name = {literal(catalog)} "
        f"and schema_name = {literal(schema)} order by table_name"
    ).fetchall()
    return [table for (table,) in rows]


def copy_table(
    db,
    table: Described,
    keys: Keys,
    *,
    replaced: Mapping[str, str] | None = None,
    where: str = "true",
    added: tuple[str, str, str, str] | None = None,
) -> None:
    """Recreate a table with its keys and comments, then its rows.

    ``keys`` are those that dbt proves, by model. ``replaced`` gives SQL expressions for some columns, ``where`` keeps
    some rows; both are over the source's columns and ``rowid``. ``added`` is one more column: name, type, expression,
    comment. Rows are ordered by what is written, so that their order reveals nothing of what was replaced.
    """
    replaced, name = replaced or {}, f"{table.schema}.{table.name}"
    db.execute(table.sql.replace(f"CREATE TABLE source.{name}", f"CREATE TABLE {name}", 1))
    if added:
        db.execute(f"alter table {name} add column {added[0]} {added[1]}")
    for column in replaced:
        db.execute(f"alter table {name} alter column {column} drop not null")
    columns = ", ".join(f"{expression} as {column}" for column, expression in replaced.items())
    rows = "*" + (f" replace ({columns})" if columns else "") + (f", {added[2]} as {added[0]}" if added else "")
    db.execute(f"insert into {name} select * from (select {rows} from source.{name} where {where}) order by all")
    if key := key_of(keys, table.name, table.filled - replaced.keys()):
        db.execute(f"alter table {name} add primary key ({', '.join(key)})")
    say(db, name, table.comment, {**table.columns, **({added[0]: added[3]} if added else {})})


def say(db, name: str, comment: str | None, columns: Mapping[str, str | None]) -> None:
    """Set the comments of a table and of its columns, where there are any."""
    said = [f"comment on table {name} is {literal(comment)}"] if comment else []
    said += [f'comment on column {name}."{column}" is {literal(text)}' for column, text in columns.items() if text]
    if said:
        db.execute("; ".join(said))


def write_schema(db, folder: Path, schema: str, fields: Fields) -> None:
    """``<schema>/<table>.parquet`` for each table of a schema of the new database."""
    (folder / schema).mkdir()
    for table in tables_in(db, "cible", fields, schema):
        write_parquet(db, folder, table)


def write_parquet(db, folder: Path, table: Table) -> None:
    """``<schema>/<table>.parquet`` of one table of the new database; it is flushed with all that is published."""
    target = folder / table.schema / f"{table.name}.parquet"
    db.execute(
        f"copy (select * from {table.full_name} order by all) to {literal(target)} (format parquet, {described_in(table)})"
    )


def described_in(table: Table, **more: str) -> str:
    """The option that makes a Parquet say what its table is, what its columns mean, its key, and ``more``."""
    columns = {column.name: column.told for column in table.columns}
    told = {
        "description": table.comment,
        "columns": json.dumps(columns, ensure_ascii=False),
        "primary_key": json.dumps(table.key),
        **more,
    }
    return f"kv_metadata {{{', '.join(f'{name}: {literal(text)}' for name, text in told.items())}}}"
