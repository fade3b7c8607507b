"""Copies tables of the warehouse into a database to publish: keys, comments, rows in a stable order, one Parquet each.

A publication reuses the unchanged tables of the previous one: they are neither copied nor rewritten. Everything is
written anew after a full build, or if the state or the database of the previous publication is not the one recorded in
the ledger.
"""

import json
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.contracts import Keys, key_of
from pipelines.catalogue.fields import Fields
from pipelines.catalogue.fingerprint import engine_version, fingerprint
from pipelines.disk import second_name, sha256_of, sync
from pipelines.ledger.closing import closed
from pipelines.ledger.state import STATE, read_state
from pipelines.ledger.workspace import Workspace
from pipelines.publication import DATABASES, INTERNE
from pipelines.settings import engine
from pipelines.sql import is_hollow, literal
from pipelines.stages.publish.profiles import Table, meaning_of, tables_in

DATABASE = DATABASES[INTERNE]
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


# what is unchanged ------------------------------------------------------------


@dataclass(frozen=True)
class Former:
    """The last publication: its folder, its files, and the inputs of each table; empty if there is none."""

    folder: Path | None = None
    files: dict[str, str] = field(default_factory=dict)
    made_of: dict[str, str] = field(default_factory=dict)

    def begin(self, file: Path) -> None:
        """Put the previous database where the new one is written."""
        if self.folder:
            shutil.copyfile(self.folder / DATABASE, file)

    def link(self, name: str, target: Path) -> bool:
        """Give a file of the previous publication a second name, if it is what its state says."""
        source = self.folder / name if self.folder else None
        if source is None or not source.is_file() or sha256_of(source) != self.files.get(name):
            return False
        second_name(source, target)
        return True


def former_of(work: Workspace) -> Former:
    """The current publication, when it may be built upon."""
    published, ledger = work.home.published, work.ledger
    last, warehouse = ledger.last_publication(), ledger.last_warehouse()
    if last is None or warehouse is None or warehouse["is_whole"] or not (published / STATE).exists():
        return Former()
    database = published / DATABASE
    known = closed(work.home, ledger, published.resolve()).get(DATABASE)
    if sha256_of(published / STATE) != last["state"] or not database.exists():
        return Former()
    if known != sha256_of(database) or is_hollow(database):
        return Former()
    state = read_state(published)
    return Former(published.resolve(), state["files"], state["made_of"])


def copy_schema(
    db: Any, folder: Path, schema: str, keys: Keys, fields: Fields, former: Former, withheld: Collection[str] = ()
) -> dict[str, str]:
    """Make a schema of the new database match the warehouse, except for the tables ``withheld``, with its Parquet files.

    Returns what each table is made from.
    """
    db.execute(f"create schema if not exists {schema}")
    (folder / schema).mkdir()
    wanted = {name: table for name, table in described(db, schema).items() if name not in withheld}
    engine, made_of = engine_version(), {}
    for gone in set(tables_of(db, schema, "cible")) - wanted.keys():
        db.execute(f"drop table {schema}.{gone}")
    for name, table in wanted.items():
        full = f"{schema}.{name}"
        made_of[full] = _made_of(db, table, engine, keys, fields)
        if former.made_of.get(full) != made_of[full]:
            db.execute(f"drop table if exists {full}")
            copy_table(db, table, keys)
    for copied in tables_in(db, "cible", fields, schema):
        name, file = copied.full_name, f"{schema}/{copied.name}.parquet"
        if former.made_of.get(name) != made_of[name] or not former.link(file, folder / file):
            write_parquet(db, folder, copied)
    return made_of


def _made_of(db: Any, table: Described, engine: str, keys: Keys, fields: Fields) -> str:
    """A fingerprint of a table's rows, whatever their order, and of all that describes it."""
    columns = [(name, said, meaning_of(fields, table.name, name, said or "")) for name, said in table.columns.items()]
    rows = f"select count(*), sum(hash(lignes)), sum(hash(1, lignes)) from source.{table.schema}.{table.name} as lignes"
    told = [table.sql, table.comment, columns, sorted(table.filled), keys.get(table.name)]
    return fingerprint([engine, *map(str, db.execute(rows).fetchone()), *told])
