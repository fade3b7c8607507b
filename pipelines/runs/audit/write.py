"""Writes ``audit/<exercice>/etat.json`` and ``etat.html``; if writing fails, the previous file stays."""

import os
from pathlib import Path

from pipelines.disk import json_lines, read_json, sha256_of, sync
from pipelines.ledger.workspace import Workspace
from pipelines.runs.audit.sampling import Sample
from pipelines.runs.audit.state import Known, state
from pipelines.stages.report.etat.page import render

PAGE, DATA = "etat.html", "etat.json"


def write_state(
    known: Known,
    exercice: int,
    folder: Path,
    seed: int | None,
    size: int,
    *,
    release: str | None = None,
) -> Path:
    """Write one page and its data in ``folder``; the page says nothing that is not in the data."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    former = _last_sample(known.work, folder / DATA)
    content = state(known, exercice, seed=seed, size=size, former=former, release=release)
    _write(folder / DATA, json_lines(content))
    _write(folder / PAGE, render(content, known.work.home.cache))
    return folder / PAGE


def _last_sample(work: Workspace, path: Path) -> Sample | None:
    """The sample of the state written there, if it is the one that the ledger knows."""
    try:
        _, entered = work.ledger.written().get(path.relative_to(work.home.root).as_posix(), ("", ""))
        return read_json(path).get("echantillon") if sha256_of(path) == entered else None
    except (FileNotFoundError, ValueError):  # none yet: everything is drawn again
        return None


def _write(path: Path, text: str) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_text(text, encoding="utf-8")
    sync(aside)
    aside.rename(path)
