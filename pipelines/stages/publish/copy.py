"""Copies tables of the warehouse into a database to publish: keys, comments, rows in a stable order, one Parquet each."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.disk import sync
from pipelines.settings import threads
from pipelines.sql import literal
from pipelines.stages.publish.keys import Keys, add_key


@contextmanager
def attached(file: Path, warehouse: Path) -> Iterator[Any]:
    """A connection that writes the new database ``file`` (catalog ``cible``) from the warehouse (``source``)."""
    import duckdb

    # Attached under another name: in a catalog named like one of its schemas, ``rapport.chiffres`` is ambiguous.
    with duckdb.connect(config={"threads": threads()}) as db:
        db.execute(f"attach {literal(file)} as cible")
        db.execute("use cible")
        db.execute(f"attach {literal(warehouse)} as source (read_only)")
        db.execute("begin")  # one transaction: each commit would wait for the disk
        yield db
        db.execute("commit")
        db.execute("checkpoint cible")
        db.execute("use memory")
        db.execute("detach cible")
    sync(file)


def tables_of(db, schema: str, catalog: str = "source") -> list[str]:
    """The tables of a schema, in order of name."""
    rows = db.execute(
        f"select table_name from duckdb_tables() where database_name = {literal(catalog)} "
        f"and schema_name = {literal(schema)} order by table_name"
    ).fetchall()
    return [table for (table,) in rows]


def copy_table(
    db,
    schema: str,
    table: str,
    keys: Keys,
    *,
    replaced: Mapping[str, str] | None = None,
    where: str = "true",
    added: tuple[str, str, str, str] | None = None,
) -> None:
    """Recreate a table with its keys and comments, then its rows.

    ``keys`` are those that dbt proves, by model. ``replaced`` gives SQL expressions for some columns, ``where`` keeps some
    rows, both over the source's columns and
    ``rowid``; ``added`` is one more column: name, type, expression, comment. Rows are ordered by what is written, so that
    their order tells nothing of what was replaced.
    """
    source = f"source.{schema}.{table}"
    sql, comment = db.execute(
        "select sql, comment from duckdb_tables() where database_name = 'source' "
        f"and schema_name = {literal(schema)} and table_name = {literal(table)}"
    ).fetchone()
    db.execute(sql.replace(f"CREATE TABLE {source}", f"CREATE TABLE {schema}.{table}", 1))
    if added:
        db.execute(f"alter table {schema}.{table} add column {added[0]} {added[1]}")
    for column in replaced or {}:
        db.execute(f"alter table {schema}.{table} alter column {column} drop not null")
    columns = ", ".join(f"{expression} as {column}" for column, expression in (replaced or {}).items())
    rows = "*" + (f" replace ({columns})" if columns else "") + (f", {added[2]} as {added[0]}" if added else "")
    db.execute(f"insert into {schema}.{table} select * from (select {rows} from {source} where {where}) order by all")
    add_key(db, schema, table, keys.get(table, []))
    if comment:
        db.execute(f"comment on table {schema}.{table} is {literal(comment)}")
    for column, said in db.execute(
        "select column_name, comment from duckdb_columns() where database_name = 'source' "
        f"and schema_name = {literal(schema)} and table_name = {literal(table)} and comment is not null"
    ).fetchall():
        db.execute(f"comment on column {schema}.{table}.{column} is {literal(said)}")
    if added:
        db.execute(f"comment on column {schema}.{table}.{added[0]} is {literal(added[3])}")


def write_parquet(db, folder: Path, schema: str) -> None:
    """``<schema>/<table>.parquet`` for each table of a schema of the new database."""
    (folder / schema).mkdir()
    for table in tables_of(db, schema, "cible"):
        target = folder / schema / f"{table}.parquet"
        db.execute(f"copy (select * from {schema}.{table} order by all) to {literal(target)} (format parquet)")
        sync(target)
