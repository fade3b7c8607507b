"""Writes the pages that print the ledger's head, once the entry that they describe is made, and closes their folders.

The pages of a publication are written with it (``stages.publish.swap``). This module writes the audit pages, and the
pages that complete a release: its report in both profiles and its audit page.
"""

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pipelines.disk import json_lines, read_json, sha256_of, written_whole
from pipelines.ledger.closing import close, closed, names_in, unfinished_releases
from pipelines.ledger.workspace import Workspace
from pipelines.publication import FOLDERS
from pipelines.runs.audit.sampling import SIZE
from pipelines.runs.audit.state import Known, look, state
from pipelines.sql import parquet_scan
from pipelines.stages.publish.release import EXPORTS, FIGURES, changes, complete_release
from pipelines.stages.report.etat.page import render
from pipelines.stages.report.write import edition_of, write_report

PAGE, DATA = "etat.html", "etat.json"
COMPLETED = ("public", EXPORTS, "report", "etat")  # the parts of a release that come after its entry


def write_states(
    work: Workspace, exercices: Iterable[int] | None = None, *, seed: int | None = None, size: int = SIZE
) -> list[Path]:
    """Write the audit page of each exercice (all of them by default), complete the releases, and return the pages."""
    known = look(work)
    pages = []
    for exercice in exercices or work.organisation.years:
        folder = work.home.audit / str(exercice)
        _write_state(known, exercice, folder, seed, size)
        close(work.home, work.ledger, folder, [folder / DATA, folder / PAGE])
        pages.append(folder / PAGE)
    return pages


def _write_state(
    known: Known, exercice: int, folder: Path, seed: int | None, size: int, release: str | None = None
) -> None:
    """Write one page and its data in ``folder``; the page says nothing that is not in the data."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    data, home, former = folder / DATA, known.work.home, None
    with suppress(FileNotFoundError, ValueError):  # none yet: everything is drawn again
        if sha256_of(data) == closed(home, known.work.ledger, folder).get(DATA):  # the one that the ledger knows
            former = read_json(data).get("echantillon")
    content = state(known, exercice, seed=seed, size=size, former=former, release=release)
    with written_whole(data) as file:
        file.write(json_lines(content))
    with written_whole(folder / PAGE) as file:
        file.write(render(content, home.cache))


def complete_releases(work: Workspace) -> None:
    """Complete each unfinished release, including interrupted ones, once its figures are published."""
    for row in unfinished_releases(work.home, work.ledger):
        folder = work.home.releases / row["release"]
        published = parquet_scan(work.home.published / FIGURES)
        if not changes(parquet_scan(folder / FIGURES), published, row["exercice"]):
            _complete(work, folder, row["exercice"], row["build"])


def _complete(work: Workspace, folder: Path, exercice: int, build: str) -> None:
    home, organisation = work.home, work.organisation
    for part in COMPLETED:
        shutil.rmtree(folder / part, ignore_errors=True)
    if not closed(home, work.ledger, folder):
        close(home, work.ledger, folder)
    known = look(work)  # before any file that is not recorded yet is there
    complete_release(work, folder, exercice, build)
    for profile, place in FOLDERS.items():
        tables = folder / place
        if (tables / "rapport").is_dir():
            edition = edition_of(work.ledger, tables, profile, build, folder.name)
            write_report(home, organisation, edition, tables, folder / "report" / profile, exercice, profile)
    _write_state(known, exercice, folder / "etat", None, SIZE, folder.name)
    close(home, work.ledger, folder, [folder / part / name for part in COMPLETED for name in names_in(folder / part)])
