"""Every current finding: those of ``evidence``, of landing, and what changed since the last frozen versions."""

from pipelines.evidence.findings import gather, in_order
from pipelines.evidence.sendings import unsent_findings
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import Workspace
from pipelines.runs.backup import old_backup
from pipelines.runs.changes import Changes, change_findings, changes_since, erased_findings
from pipelines.runs.retention import overdue_findings
from pipelines.runs.unclaimed import unclaimed


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
