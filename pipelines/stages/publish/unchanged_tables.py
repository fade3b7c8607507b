"""Lets a publication reuse the unchanged tables of the previous one: they are neither copied nor rewritten.

Everything is written anew after a full build, or if the state or the database of the previous publication is not the one
recorded in the ledger.
"""

import shutil
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.catalogue.fields import Fields
from pipelines.catalogue.fingerprint import engine_version, fingerprint
from pipelines.catalogue.primary_keys import Keys
from pipelines.disk import second_name, sha256_of
from pipelines.ledger.closing import closed
from pipelines.ledger.state import STATE, read_state
from pipelines.ledger.workspace import Workspace
from pipelines.publication import DATABASES, INTERNE
from pipelines.sql import is_hollow
from pipelines.stages.publish.copy import Described, copy_table, described, tables_of, write_parquet
from pipelines.stages.publish.profiles import meaning_of, tables_in

DATABASE = DATABASES[INTERNE]


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
    return Former(published.resolve(), state["files"], state.get("made_of", {}))


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
