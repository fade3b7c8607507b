"""The schema ``restreint`` of a publication: what singles a person out, and the persons behind the public staff figures.

``millesime_restreint.duckdb`` and ``restreint/<table>.parquet`` belong to the publishing account, whatever group reads
the rest; no profile, export or page contains any of it. On the server, it has a reading role of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.catalogue.contracts import Keys
from pipelines.ledger.workspace import Workspace
from pipelines.private import keep_to_account
from pipelines.publication import RESTREINT
from pipelines.sql import listed, literal
from pipelines.stages.publish.copy import attached, copy_table, described, say, write_schema
from pipelines.stages.publish.secret.versions import Rows, Version

Archived = Sequence[tuple[str, Version]]  # SHA-256 of the archive, version; oldest first
DATABASE = f"millesime_{RESTREINT}.duckdb"  # not its schema's own name, which DuckDB would take for the catalog
SAID = {
    "empreinte": "Empreinte de la version archivée, celle que porte le registre.",
    "est_en_vigueur": "Vrai si les tableaux publics de l’exercice sont ceux de cette version.",
}
ABOUT = "Population derrière chaque version publique des tableaux du personnel, telle qu’archivée"


@dataclass(frozen=True)
class Behind:
    """A version of an exercice's staff that was public, the SHA-256 of its archive, and whether it is the one public now."""

    sha256: str
    version: Version
    stands: bool


def behind(archived: Archived, new: Iterable[Version], withheld: Iterable[int]) -> list[Behind]:
    """The former and current public versions, oldest first; ``new`` versions replace those of their exercice."""
    known = [*archived, *((version.sha256, version) for version in new)]
    last = {version.exercice: sha256 for sha256, version in known}
    stands = {sha256 for exercice, sha256 in last.items() if exercice not in {*withheld}}
    return [Behind(sha256, version, sha256 in stands) for sha256, version in dict(known).items()]


def write_restricted(work: Workspace, folder: Path, versions: list[Behind]) -> None:
    """Write ``restreint`` in a publication's folder; nothing when there is nothing to write."""
    keys = work.catalogue.project.keys
    with attached(folder / DATABASE, work.home.warehouse) as db:
        tables = described(db, RESTREINT)
        db.execute(f"create schema {RESTREINT}")
        for table in tables.values():
            copy_table(db, table, keys)
        for fact in dict.fromkeys(fact for one in versions for fact in one.version.facts):
            _write_population(db, fact, keys, versions)
        write_schema(db, folder, RESTREINT, work.catalogue.fields)
    if tables or versions:
        keep_to_account(folder / DATABASE, folder / RESTREINT)
    else:
        (folder / RESTREINT).rmdir()
        (folder / DATABASE).unlink()


def _write_population(db: Any, fact: str, keys: Keys, versions: list[Behind]) -> None:
    """``population_<fact>``: the rows of a fact behind each version, with the columns that it has now, or had."""
    name = f"{RESTREINT}.population_{fact.rpartition('.')[2].removeprefix('fct_')}"
    kept = [(one, one.version.facts[fact]) for one in versions if fact in one.version.facts]
    columns = _columns(db, fact, [rows for _, rows in kept])
    declared = ", ".join(f'"{column}" {kind}' for column, (kind, _) in columns.items())
    db.execute(f"create table {name} (empreinte varchar not null, est_en_vigueur boolean not null, {declared})")
    for one, rows in kept:
        values = ", ".join(f"try_cast(v{n} as {columns[column][0]})" for n, column in enumerate(rows.columns))
        lists = ", ".join(f"unnest({listed(row[n] for row in rows.rows)}) as v{n}" for n in range(len(rows.columns)))
        into = ", ".join([*SAID, *(f'"{column}"' for column in rows.columns)])
        db.execute(
            f"insert into {name} ({into}) select {literal(one.sha256)}, {one.stands}, {values} from (select {lists})"
        )
    say(db, name, f"{ABOUT} : {fact}.", {**SAID, **{column: said for column, (_, said) in columns.items()}})


def _columns(db: Any, fact: str, kept: list[Rows]) -> dict[str, tuple[str, str | None]]:
    """Column → type and comment, as in the warehouse; text when the warehouse no longer has the column."""
    schema, _, table = fact.partition(".")
    found = db.execute(
        "select column_name, data_type, comment from duckdb_columns() where database_name = 'source' "
        f"and schema_name = {literal(schema)} and table_name = {literal(table)} order by column_index"
    ).fetchall()
    columns: dict[str, tuple[str, str | None]] = {name: (kind, said) for name, kind, said in found}
    return columns | {name: ("varchar", None) for rows in kept for name in rows.columns if name not in columns}
