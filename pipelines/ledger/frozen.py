"""Frozen years: the release in force, and whether tables still say what it froze."""

from pathlib import Path

import duckdb

from pipelines.ledger.store import Ledger
from pipelines.publication import FOLDERS, INTERNE
from pipelines.settings import Home
from pipelines.sql import literal, parquet_scan

REVISED = " revue"  # after the name of a release, when tables of today say something else


def last_release(home: Home, ledger: Ledger, exercice: int) -> Path | None:
    """The folder of the release in force for ``exercice``; None when it is not frozen."""
    rows = [row for row in ledger.all_rows("releases") if row["exercice"] == exercice]
    return home.releases / rows[-1]["release"] if rows else None


def version_of(home: Home, ledger: Ledger, exercice: int, publication: Path, profile: str) -> str | None:
    """What to call what a publication says of ``exercice`` to a profile: ``2020-v1``, its release in force, only if it says
    all that was frozen for this profile; ``2020-v1 revue`` otherwise; None when the exercice is not frozen.

    Other things may change in a frozen year than its internal figures, for which a publication waits: the year before
    that it is compared with, what may be public. A release without public tables, because they come next or its
    program wrote none, is compared by the others.
    """
    release = last_release(home, ledger, exercice)
    if release is None:
        return None
    place = FOLDERS[profile] if (release / FOLDERS[profile] / "rapport").is_dir() else FOLDERS[INTERNE]
    files = sorted((release / place / "rapport").glob("*.parquet"))
    with duckdb.connect() as db:
        is_same = all(_is_same(db, file, publication / place / "rapport" / file.name, exercice) for file in files)
    return release.name if is_same else release.name + REVISED


def _is_same(db: duckdb.DuckDBPyConnection, frozen: Path, today: Path, exercice: int) -> bool:
    """True if the rows of a table up to ``exercice`` are those that were frozen; a column may have been added since."""
    if not today.exists():
        return False
    was, now = (
        [name for name, *_ in db.execute(f"describe from {parquet_scan(one)}").fetchall()] for one in (frozen, today)
    )
    if not set(was) <= set(now):
        return False
    names = ", ".join(f'"{name}"' for name in was)
    until = f"where exercice <= {literal(exercice)}" if "exercice" in was else ""
    a, b = f"select {names} from {parquet_scan(frozen)}", f"select {names} from {parquet_scan(today)} {until}"
    return not db.execute(f"(({a}) except all ({b})) union all (({b}) except all ({a})) limit 1").fetchall()
