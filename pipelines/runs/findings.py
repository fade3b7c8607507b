"""Every current finding: those of ``evidence``, and the files of landing that no declaration reads."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pipelines.catalogue.shown_name import anonymous_name
from pipelines.evidence.findings import gather, in_order
from pipelines.evidence.sendings import unsent_findings
from pipelines.french import enumeration
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import Workspace
from pipelines.runs.backup import old_backup
from pipelines.runs.changes import Changes, change_findings, changes_since, erased_findings
from pipelines.runs.retention import overdue_findings
from pipelines.stages.ingest.landing import known_by, leaves, unknown_files


def all_findings(work: Workspace) -> list[Finding]:
    """Every current finding, the blocking ones first."""
    return findings_and_changes(work)[0]


def findings_of_the_day(work: Workspace, today: str) -> list[Finding]:
    """The findings that depend on the date (ISO) and are never published: data kept too long, an old backup, reports
    not sent to members.
    """
    return [*overdue_findings(work, today), *old_backup(work, today), *unsent_findings(work, today)]


def findings_and_changes(work: Workspace) -> tuple[list[Finding], Changes]:
    """Every current finding, the blocking ones first, and what differs from the last frozen versions."""
    found = gather(work, also=unclaimed(work))
    changes = changes_since(work, found)
    return in_order([*found, *change_findings(work, changes), *erased_findings(work, changes)]), changes


def unclaimed(work: Workspace) -> list[Finding]:
    """The files of the mailbox that no export takes: one of them may be an export whose name has changed.

    They are identified by SHA-256 and extension: nothing is known of how such a file is named, and it may be after a
    person.
    """
    found = [one for one, _ in unclaimed_files(work)]
    return list({one.id: one for one in found}.values())  # the same bytes twice are one finding


def unclaimed_files(work: Workspace) -> Iterator[tuple[Finding, Path]]:
    """Each of them with its path, which only the operator is shown."""
    landing = work.home.landing
    for exercice in work.organisation.years:
        for path in unknown_files(landing, work.registry, exercice):
            yield (_link if leaves(landing, path) else _unclaimed)(work, exercice, path), path


def _unclaimed(work: Workspace, exercice: int, path: Path) -> Finding:
    rule, folder = work.rules["FIC-NON-RECONNU"], _folder(work, exercice, path)
    names = [ref.export.files for ref in work.exports(exercice) if folder in (ref.system.system, "landing")]
    expected = [f"« {name.removeprefix('/')} »" for name in names if name.startswith("/") == (folder == "landing")]
    shown = anonymous_name(path.name, known_by(path))
    return Finding(
        rule.code,
        "alerte",
        exercice,
        folder,
        f"{rule.titre} : {shown}",
        f"un nom de la forme {enumeration(expected)}"
        if expected
        else "un fichier dans le dossier d’un système souscrit",
        "un nom qui ne correspond à aucun export",
        aide=rule.aide,
        fichier=shown,
    )


def _link(work: Workspace, exercice: int, path: Path) -> Finding:
    """A link in the mailbox to a file outside of it, which no collection reads: it is identified by its target."""
    rule = work.rules["FIC-LIEN"]
    leads = f"{path.name} {path.readlink() if path.is_symlink() else ''}"
    shown = anonymous_name(path.name, hashlib.sha256(leads.encode()).hexdigest())
    return Finding(
        rule.code,
        "bloquant",
        exercice,
        _folder(work, exercice, path),
        f"{rule.titre} : {shown}",
        "un fichier déposé, et non un lien",
        aide=rule.aide,
        fichier=shown,
    )


def _folder(work: Workspace, exercice: int, path: Path) -> str:
    """The system whose folder a file is in; ``landing`` when it is in none."""
    folder = path.relative_to(work.home.landing / str(exercice)).parent.as_posix()
    return folder if folder in work.registry.systems else "landing"
