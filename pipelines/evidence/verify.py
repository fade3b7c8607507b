"""Proves that what the ledger says was kept is there, unchanged: the chain, the archive, the lake, what is published.

What belongs here: reading and comparing. It writes nothing, and says of every problem which file or entry it is.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.disk import sha256_of
from pipelines.ledger.chain import Head
from pipelines.ledger.store import Ledger
from pipelines.settings import Home


@dataclass(frozen=True)
class Verification:
    """What was checked (thing → how many), what is wrong, and the head of the ledger's chain."""

    checked: dict[str, int]
    problems: list[str]
    head: str


def verify(home: Home, ledger: Ledger) -> Verification:
    """Check everything of a home. Reads every kept file once."""
    head = ledger.head()
    releases = sorted(home.releases.glob("*/release.json")) if home.releases.exists() else []
    parts: dict[str, list[tuple[Path, str]]] = {
        "originals in the archive": list(_originals(home)),
        "files of the lake": list(_lake(home, ledger)),
        "files of the publication": list(_listed(home.published, "manifest.json")),
        "files of releases": [pair for release in releases for pair in _listed(release.parent, release.name)],
    }
    problems = [broken.sentence() for broken in ledger.check(_anchors(releases))]
    problems += [problem for files in parts.values() for problem in _compare(home, files)]
    problems += _missing_originals(home, ledger)
    return Verification(
        {"entries of the ledger": head.entries, **{what: len(files) for what, files in parts.items()}},
        problems,
        f"{head.entries} {head.hash}",
    )


def _anchors(releases: list[Path]) -> dict[str, Head]:
    """The heads of the chain that releases keep."""
    heads = {path.parent.name: json.loads(path.read_text(encoding="utf-8"))["ledger"] for path in releases}
    return {name: Head(kept["entries"], kept["hash"]) for name, kept in heads.items()}


def _originals(home: Home) -> Iterator[tuple[Path, str]]:
    """Every archived file, which its own name must describe."""
    for path in sorted(home.archive.glob("[0-9a-f]*")) if home.archive.exists() else []:
        yield path, path.name


def _lake(home: Home, ledger: Ledger) -> Iterator[tuple[Path, str]]:
    """The typed rows of every delivery that counts."""
    for current in ledger.current().values():
        for counts in current.manifest.tables.values():
            yield home.lake / counts.parquet, counts.parquet_sha256


def _listed(folder: Path, manifest: str) -> Iterator[tuple[Path, str]]:
    """The files that a manifest in ``folder`` lists."""
    path = folder / manifest
    if path.exists():
        for name, sha256 in json.loads(path.read_text(encoding="utf-8"))["files"].items():
            yield folder / name, sha256


def _compare(home: Home, files: list[tuple[Path, str]]) -> Iterator[str]:
    for path, expected in files:
        shown = path.relative_to(home.root)
        if not path.exists():
            yield f"{shown}: the file is gone"
        elif sha256_of(path) != expected:
            yield f"{shown}: the file was changed"


def _missing_originals(home: Home, ledger: Ledger) -> Iterator[str]:
    """An original of a delivery that counts must be in the archive, unless it was purged."""
    purged = {row["sha256"] for row in ledger.all_rows("purges")}
    for current in ledger.current().values():
        for file in current.manifest.files:
            if not (home.archive / file.sha256).exists() and file.sha256 not in purged:
                yield f"archive/{file.sha256}: the original of {file.name} ({current.manifest.export_key}) is gone"
