"""Writes the pages that print the ledger's head, once the entry that they describe is made, and records their hashes.

The pages of a publication are written with it (``stages.publish.swap``). This module writes the audit pages, and the
pages that complete a release: its report in both profiles and its audit page.
"""

import functools
import shutil
from collections.abc import Iterable
from pathlib import Path

from pipelines.disk import sha256_of
from pipelines.ledger.store import Ledger
from pipelines.ledger.workspace import Workspace
from pipelines.publication import FOLDERS
from pipelines.runs.audit.sampling import SIZE
from pipelines.runs.audit.state import look
from pipelines.runs.audit.write import DATA, PAGE, write_state
from pipelines.settings import Home
from pipelines.sql import parquet_scan
from pipelines.stages.publish.export import fill_export
from pipelines.stages.publish.release import EXPORTS, FIGURES, changes, complete_release
from pipelines.stages.report.write import edition_of, write_report

COMPLETED = ("public", EXPORTS, "report", "etat")  # the parts of a release that come after its entry


def enter(ledger: Ledger, home: Home, files: Iterable[Path], subject: str | None = None) -> None:
    """Record in the ledger what was written for a release, or for the current publication."""
    last = ledger.last_publication()
    of = subject or (last["publication"] if last else "")
    ledger.record_writing(of, {path.relative_to(home.root).as_posix(): sha256_of(path) for path in files})


def write_states(
    work: Workspace, exercices: Iterable[int] | None = None, *, seed: int | None = None, size: int = SIZE
) -> list[Path]:
    """Write the audit page of each exercice (all of them by default), complete the releases, and return the pages."""
    known = look(work)
    pages = []
    for exercice in exercices or work.organisation.years:
        folder = work.home.audit / str(exercice)
        pages.append(write_state(known, exercice, folder, seed, size))
        enter(work.ledger, work.home, [folder / DATA, folder / PAGE])  # not files that somebody else put there
    return pages


def complete_releases(work: Workspace) -> None:
    """Complete each unfinished release, including interrupted ones, once its figures are published."""
    for row in work.ledger.unfinished_releases():
        folder = work.home.releases / row["release"]
        published = parquet_scan(work.home.published / FIGURES)
        if not changes(parquet_scan(folder / FIGURES), published, row["exercice"]):
            _complete(work, folder, row["exercice"], row["build"])


def _complete(work: Workspace, folder: Path, exercice: int, build: str) -> None:
    home, organisation = work.home, work.organisation
    for part in COMPLETED:
        shutil.rmtree(folder / part, ignore_errors=True)
    known = look(work)  # before any file that is not recorded yet is there
    complete_release(home, folder, exercice, build, functools.partial(_export, work, exercice))
    for profile, place in FOLDERS.items():
        tables = folder / place
        if (tables / "rapport").is_dir():
            edition = edition_of(work.ledger, exercice, tables, profile, build, folder.name)
            write_report(home, organisation, edition, tables, folder / "report" / profile, exercice, profile)
    write_state(known, exercice, folder / "etat", None, SIZE, release=folder.name)
    files = [path for part in COMPLETED for path in sorted((folder / part).rglob("*")) if path.is_file()]
    enter(work.ledger, home, files, folder.name)


def _export(work: Workspace, exercice: int, release: str, profile: str, folder: Path) -> None:
    fill_export(folder, work.home, work.organisation, exercice, profile, release)
