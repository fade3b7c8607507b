"""Proves that what the ledger says was kept is there, unchanged: the chain, the archive, the lake, what is published.

What is looked at is what the ledger lists, never only what lies there: a file that is gone shows. What belongs here: reading
and comparing. It writes nothing, and says of every problem, in French, which file or entry it is.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.disk import sha256_of
from pipelines.french import NO_BREAK
from pipelines.ledger.chain import Head
from pipelines.ledger.records import Manifest
from pipelines.ledger.store import Ledger
from pipelines.settings import Home

RELEASE = "release.json"
UNSEALED = ("release", "fingerprint", "ledger", "visas", "reason")  # what a release's fingerprint does not cover
PRINTED = "le document imprimé"  # that a reader compares with the ledger
GONE, CHANGED, ADDED = "le fichier a disparu", "le fichier a été modifié", "le fichier a été ajouté"


CHECKED = {  # what ``verify`` counts, as a French reader says it
    "entries of the ledger": "écritures du registre",
    "originals in the archive": "originaux archivés",
    "files of the lake": "fichiers de lignes typées",
    "files of the publication": "fichiers de la publication",
    "files of releases": "fichiers des versions figées",
}


@dataclass(frozen=True)
class Verification:
    """What was checked (thing → how many), what is wrong, and the head of the ledger's chain."""

    checked: dict[str, int]
    problems: list[str]
    head: str


def verify(home: Home, ledger: Ledger, printed: Head | None = None) -> Verification:
    """Check everything of a home, and that the chain holds a ``printed`` head. Reads every kept file once."""
    head = ledger.head()
    manifests = [Manifest.from_dict(row["manifest"]) for row in ledger.all_rows("deliveries")]
    releases = {row["release"]: _json(home.releases / row["release"] / RELEASE) for row in ledger.all_rows("releases")}
    beside = {PRINTED: printed} if printed else {}
    parts: dict[str, list[tuple[Path, str]]] = {
        "originals in the archive": list(_originals(home)),
        "files of the lake": [pair for manifest in manifests for pair in _lake(home, manifest)],
        "files of the publication": list(_listed(home.published, _json(home.published / "manifest.json"))),
        "files of releases": [pair for name, kept in releases.items() for pair in _listed(home.releases / name, kept)],
    }
    problems = [broken.sentence() for broken in ledger.check(_anchors(releases) | beside)]
    problems += [problem for files in parts.values() for problem in _compare(home, files)]
    problems += _missing_originals(home, ledger, manifests)
    problems += [problem for manifest in manifests for problem in _other_manifest(home, manifest)]
    problems += _publication(home, ledger)
    problems += [problem for row in ledger.all_rows("releases") for problem in _release(home, row, releases)]
    problems += _unknown_releases(home, releases)
    return Verification(
        {"entries of the ledger": head.entries, **{what: len(files) for what, files in parts.items()}},
        problems,
        f"{head.entries} {head.hash}",
    )


def publication_problems(home: Home, ledger: Ledger) -> list[str]:
    """What is wrong with what is published: its manifest is not the last publication's, or a file is not what it lists."""
    listed = _listed(home.published, _json(home.published / "manifest.json"))
    return [*_publication(home, ledger), *_compare(home, list(listed))]


def _json(path: Path) -> dict[str, Any]:
    """An object that was written as JSON; nothing when it is gone or damaged, which its own check tells."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _anchors(releases: dict[str, dict[str, Any]]) -> dict[str, Head]:
    """The heads of the chain that releases keep."""
    return {name: Head(**kept["ledger"]) for name, kept in releases.items() if _is_head(kept.get("ledger"))}


def _is_head(kept: Any) -> bool:
    return isinstance(kept, dict) and {name: type(value) for name, value in kept.items()} == {
        "entries": int,
        "hash": str,
    }


def _problem(home: Home, path: Path, what: str) -> str:
    return f"{path.relative_to(home.root)}{NO_BREAK}: {what}"


def _originals(home: Home) -> Iterator[tuple[Path, str]]:
    """Every archived file, which its own name must describe."""
    for path in sorted(home.archive.glob("[0-9a-f]*")) if home.archive.exists() else []:
        yield path, path.name


def _lake(home: Home, manifest: Manifest) -> Iterator[tuple[Path, str]]:
    """The typed rows of a delivery, those it refused and those it ignored; a former delivery's are kept too."""
    for counts in manifest.tables.values():
        rows = home.lake / counts.parquet
        yield rows, counts.parquet_sha256
        for ending, sha256 in counts.compagnons.items():
            yield rows.with_suffix(ending), sha256


def _listed(folder: Path, manifest: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """The files that the manifest of ``folder`` lists."""
    files = manifest.get("files")
    for name, sha256 in files.items() if isinstance(files, dict) else []:
        yield folder / name, sha256


def _compare(home: Home, files: list[tuple[Path, str]]) -> Iterator[str]:
    for path, expected in files:
        if not path.is_file():
            yield _problem(home, path, GONE)
        elif sha256_of(path) != expected:
            yield _problem(home, path, CHANGED)


def _missing_originals(home: Home, ledger: Ledger, manifests: list[Manifest]) -> Iterator[str]:
    """An original of a delivery must be in the archive, unless it was purged; a replaced delivery's too."""
    purged = {row["sha256"] for row in ledger.all_rows("purges")}
    for manifest in manifests:
        for file in manifest.files:
            path = home.archive / file.sha256
            if not path.exists() and file.sha256 not in purged:
                yield _problem(home, path, f"l’original de {file.name} ({manifest.export_key}) a disparu")


def _other_manifest(home: Home, manifest: Manifest) -> Iterator[str]:
    """The manifest that lies in the lake must say what the ledger says."""
    path = home.lake / manifest.system / f"{manifest.export}.{manifest.exercice}.{manifest.delivery}.json"
    if not path.exists():
        yield _problem(home, path, GONE)
    elif _manifest(path) != manifest:
        yield _problem(home, path, CHANGED)


def _manifest(path: Path) -> Manifest | None:
    try:
        return Manifest.from_dict(_json(path))
    except (KeyError, TypeError, AttributeError):
        return None


def _publication(home: Home, ledger: Ledger) -> Iterator[str]:
    """The manifest of what is published must be the one whose hash names the last publication."""
    last, path = ledger.last_publication(), home.published / "manifest.json"
    if last is None:
        return
    kept = _json(path)
    named = kept.pop("publication", None)
    if not path.exists():
        yield _problem(home, path, GONE)
    elif named != last["publication"] or fingerprint(kept)[:32] != named:
        yield _problem(home, path, "n’est pas le manifeste de la dernière publication")


def _release(home: Home, row: dict[str, Any], releases: dict[str, dict[str, Any]]) -> Iterator[str]:
    """What a release says of itself must be what the ledger entered, and its folder must hold nothing else."""
    folder, kept = home.releases / row["release"], releases[row["release"]]
    path = folder / RELEASE
    if not path.exists():
        yield _problem(home, path, GONE)
        return
    if not _is_as_entered(kept, row):
        yield _problem(home, path, CHANGED)
    listed = {path, *(file for file, _ in _listed(folder, kept))}
    for file in sorted(folder.rglob("*")):
        if file.is_file() and file not in listed:
            yield _problem(home, file, ADDED)


def _is_as_entered(kept: dict[str, Any], row: dict[str, Any]) -> bool:
    entered = all(kept.get(name) == row[name] for name in ("release", "build", "fingerprint", "visas", "reason"))
    sealed = fingerprint({name: value for name, value in kept.items() if name not in UNSEALED})
    return entered and sealed == row["fingerprint"] and _is_head(kept.get("ledger"))


def _unknown_releases(home: Home, releases: dict[str, dict[str, Any]]) -> Iterator[str]:
    """A folder that the ledger does not know; one whose name begins with a dot is what a killed release left."""
    for folder in sorted(home.releases.glob("[!.]*")) if home.releases.exists() else []:
        if folder.name not in releases:
            yield _problem(home, folder, "le registre ne connaît pas cette version")
