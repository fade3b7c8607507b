"""The files of the mailbox that no declaration reads, as findings."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pipelines.catalogue.shown_name import anonymous_name
from pipelines.french import enumeration
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import Workspace
from pipelines.stages.ingest.landing import astray, is_deposit, known_by, unknown_files


def unclaimed(work: Workspace) -> list[Finding]:
    """The files of the mailbox that no export takes: one of them may be an export whose name has changed.

    They are identified by SHA-256 and extension: nothing is known of how such a file is named, and it may be after a
    person.
    """
    found = [one for one, _ in _unclaimed_files(work)]
    return list({one.id: one for one in found}.values())  # the same bytes twice are one finding


def deposits(work: Workspace) -> dict[str, Path]:
    """Finding → the file that it is about, which only the operator is shown."""
    return {one.id: path for one, path in _unclaimed_files(work)}


def _unclaimed_files(work: Workspace) -> Iterator[tuple[Finding, Path]]:
    landing = work.home.landing
    for exercice in work.organisation.years:
        for path in unknown_files(landing, work.registry, exercice):
            yield (_unclaimed if is_deposit(landing, path) else _no_file)(work, exercice, path), path
    for path in astray(landing, work.organisation.years):
        for finding in _astray(work, path):
            yield finding, path


def _unclaimed(work: Workspace, exercice: int, path: Path) -> Finding:
    rule, folder = work.rules["FIC-NON-RECONNU"], _folder(work, exercice, path)
    place = path.relative_to(work.home.landing / str(exercice)).parts
    names = [ref.export.files for ref in work.exports(exercice) if folder in (ref.system.system, "landing")]
    expected = [f"« {name.removeprefix('/')} »" for name in names if name.startswith("/") == (folder == "landing")]
    shown = anonymous_name(path.name, known_by(path))
    wanted, came = "un fichier dans le dossier d’un système souscrit", "un nom qui ne correspond à aucun export"
    if folder != "landing" and len(place) > 2:
        wanted, came = "un fichier déposé dans le dossier du système lui-même", "un fichier dans un sous-dossier"
    elif expected:
        wanted = f"un nom de la forme {enumeration(expected)}"
    return Finding.of(rule, exercice, folder, shown, wanted, came, fichier=shown)


def _astray(work: Workspace, path: Path) -> Iterator[Finding]:
    """A file beside the folders of the exercices: of an export, in every exercice, when one takes such a name."""
    rule, shown = work.rules["FIC-NON-RECONNU"], anonymous_name(path.name, known_by(path))
    refs = [(ref, exercice) for exercice in work.organisation.years for ref in work.exports(exercice)]
    taken = [(ref.key, exercice) for ref, exercice in refs if ref.export.takes(path.name)]
    expected = "un fichier dans le dossier d’un exercice suivi : landing/<exercice>/<système>"
    came = "un fichier hors des dossiers des exercices"
    for key, exercice in taken or [("landing", 0)]:
        yield Finding.of(rule, exercice, key, shown, expected, came, fichier=shown)


def _no_file(work: Workspace, exercice: int, path: Path) -> Finding:
    """What no collection reads in the mailbox: a pipe, a device, a link to a folder, to nothing or to what is outside, which
    its target identifies."""
    rule = work.rules["FIC-LIEN"]
    leads = f"{path.name} {path.readlink() if path.is_symlink() else ''}"
    shown = anonymous_name(path.name, hashlib.sha256(leads.encode()).hexdigest())
    place, expected = _folder(work, exercice, path), "un fichier déposé, et non un lien, un tube ou un périphérique"
    return Finding.of(rule, exercice, place, shown, expected, severity="bloquant", fichier=shown)


def _folder(work: Workspace, exercice: int, path: Path) -> str:
    """The system whose folder a file is in; ``landing`` when it is in none."""
    folder = next(iter(path.relative_to(work.home.landing / str(exercice)).parts), "")
    return folder if folder in work.registry.systems else "landing"
