"""Gives the suite that checks each table of a delivery, and the name of the resulting verdict."""

import duckdb

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.source_grammar import COLUMN, LEAST, Table
from pipelines.catalogue.sources import ExportRef
from pipelines.ledger.records import Manifest, TableCounts
from pipelines.ledger.workspace import Workspace
from pipelines.sql import parquet_scan
from pipelines.stages.validate.suite import Suite, compile_suite


def suite_of(
    work: Workspace, ref: ExportRef, manifest: Manifest, table: Table, former: Manifest | None = None
) -> Suite:
    """What is expected of one table of a delivery, the counts of the previous exercice included.

    ``former`` is that exercice's delivery when it does not count yet; by default, the current one.
    """
    current = work.ledger.current().get((ref.key, manifest.exercice - 1))
    former = former or (current.manifest if current else None)
    before = former.tables.get(table.name) if former else None
    return compile_suite(
        ref.system.system,
        table,
        work.catalogue.suites_of(ref.system.system, table),
        previous_rows=_rows(work, table, before) if before else None,
        exercice=manifest.exercice,
        lacking=manifest.tables[table.name].lacking,
    )


def _rows(work: Workspace, table: Table, counts: TableCounts) -> int:
    """The rows that a delivery gave: its accepted lines, unless columns become rows."""
    path = work.home.lake / counts.parquet
    if COLUMN not in table.provenance or not path.exists():
        return counts.acceptees
    ((rows,),) = duckdb.execute(f"select count(*) from {parquet_scan(path)}").fetchall()
    return int(rows)


def verdict_name(manifest: Manifest, table: Table, suite: Suite) -> str:
    """The identity of a verdict: the rows, the suite, and the shares of lines that may be ignored (32 hex digits)."""
    shares = [str(rule.least) for rule in table.ignore if rule.least != LEAST]
    return fingerprint([manifest.delivery, table.name, suite.suite_id, *shares])[:32]
