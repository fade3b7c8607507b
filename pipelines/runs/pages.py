"""The pages that follow an entry of the ledger, since they print the head that it reached, and the entry of their hashes.

Those of a publication are written with it (``stages.publish.swap``); here are the audit pages, and what a release is
completed with: its report in both profiles and its audit page.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from pipelines.disk import sha256_of
from pipelines.ledger.store import Ledger
from pipelines.ledger.workspace import Workspace
from pipelines.publication import FOLDERS
from pipelines.runs.audit.sampling import SIZE
from pipelines.runs.audit.state import look
from pipelines.runs.audit.write import write_state
from pipelines.settings import Home
from pipelines.stages.report.write import edition_of, write_report


def enter(ledger: Ledger, home: Home, files: Iterable[Path], subject: str | None = None) -> None:
    """Enter what was written: of a release, or of what is published now."""
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
        enter(work.ledger, work.home, [path for path in folder.iterdir() if not path.name.startswith(".")])
    return pages


def complete_releases(work: Workspace) -> None:
    """Write the pages of each release that has none yet, once each: a release that was stopped on the way is completed."""
    for row in work.ledger.unfinished_releases():
        _complete(work, row["release"], row["exercice"], row["build"])


def _complete(work: Workspace, release: str, exercice: int, build: str) -> None:
    folder, files = work.home.releases / release, []
    for part in ("report", "etat"):
        shutil.rmtree(folder / part, ignore_errors=True)
    known = look(work)  # before what is not entered yet lies there
    for profile, place in FOLDERS.items():
        tables = folder / place
        if (tables / "rapport").is_dir():
            edition = edition_of(work.ledger, exercice, tables, profile, build)
            target = folder / "report" / profile
            files += write_report(work.home, work.organisation, edition, tables, target, exercice, profile)
    write_state(known, exercice, folder / "etat", None, SIZE, release=release)
    files += (folder / "etat").iterdir()
    enter(work.ledger, work.home, files, release)
