"""Every finding that stands: what the evidence tells, and the files of the mailbox that no declaration takes in."""

from pathlib import Path

from pipelines.characters import visible
from pipelines.evidence.findings import gather, in_order
from pipelines.french import enumeration
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import Workspace
from pipelines.runs.changes import Changes, change_findings, changes_since
from pipelines.stages.ingest.landing import leaves, unknown_files


def all_findings(work: Workspace) -> list[Finding]:
    """Every finding that stands now, the blocking ones first."""
    return findings_and_changes(work)[0]


def findings_and_changes(work: Workspace) -> tuple[list[Finding], Changes]:
    """Every finding that stands now, the blocking ones first, and what differs from the last frozen versions."""
    found = gather(work, also=unclaimed(work))
    changes = changes_since(work, found)
    return in_order([*found, *change_findings(work, changes)]), changes


def unclaimed(work: Workspace) -> list[Finding]:
    """The files of the mailbox that no export takes: an export whose name has changed may be one of them."""
    landing = work.home.landing
    return [
        (_link if leaves(landing, landing / str(exercice) / path) else _unclaimed)(work, exercice, path)
        for exercice, path in unclaimed_files(work)
    ]


def unclaimed_files(work: Workspace) -> list[tuple[int, Path]]:
    """(exercice, path in its folder) of each of them."""
    landing, registry = work.home.landing, work.registry
    return [
        (exercice, path.relative_to(landing / str(exercice)))
        for exercice in work.organisation.years
        for path in unknown_files(landing, registry, exercice)
    ]


def _unclaimed(work: Workspace, exercice: int, path: Path) -> Finding:
    """``path`` is that of the file in the folder of its exercice."""
    rule, folder = work.rules["FIC-NON-RECONNU"], path.parent.as_posix()
    names = [ref.export.files for ref in work.exports(exercice) if folder in (ref.system.system, ".")]
    expected = [f"« {name.removeprefix('/')} »" for name in names if name.startswith("/") == (folder == ".")]
    return Finding(
        rule.code,
        "alerte",
        exercice,
        "landing" if folder == "." else folder,
        f"{rule.titre} : {visible(path.as_posix())}",
        f"un nom de la forme {enumeration(expected)}"
        if expected
        else "un fichier dans le dossier d’un système souscrit",
        "un nom qu’aucun export ne prend",
        aide=rule.aide,
        fichier=path.as_posix(),
    )


def _link(work: Workspace, exercice: int, path: Path) -> Finding:
    """A link of the mailbox to a file outside of it, which no collection reads."""
    rule, folder, name = work.rules["FIC-LIEN"], path.parent.as_posix(), path.as_posix()
    said = f"{rule.titre} : {visible(name)}"
    place = "landing" if folder == "." else folder
    return Finding(
        rule.code,
        "bloquant",
        exercice,
        place,
        said,
        "un fichier déposé, et non un lien",
        aide=rule.aide,
        fichier=name,
    )
