"""Freezes a year: refuses while something must be decided, writes the release, and publishes again so that it shows.

Like ``collect`` and ``replay``, a place where stages meet: ``millesime release`` and the job ``release`` of the web interface do
the same thing. What a release holds is ``publish.release``' work.
"""

from dataclasses import dataclass

from pipelines.catalogue.fingerprint import engine_version
from pipelines.evidence.findings import stops_a_release
from pipelines.evidence.rows import traced_columns
from pipelines.ledger.chain import Head
from pipelines.ledger.records import Standing
from pipelines.ledger.store import now
from pipelines.ledger.workspace import Workspace
from pipelines.runs.build import build_whole
from pipelines.runs.findings import all_findings
from pipelines.runs.publish import publish_warehouse
from pipelines.stages.publish.release import (
    CannotRelease,
    Inputs,
    Visas,
    last_release,
    write_release,
)
from pipelines.stages.transform.build import is_current
from pipelines.stages.transform.freeze import freeze


class Undecided(CannotRelease):
    """Findings stand that nobody has decided of."""

    def __init__(self, exercice: int, findings: list[Standing]):
        self.findings = findings
        super().__init__(f"{len(findings)} constats de {exercice} sont sans décision, à corriger ou à décider")


class NotBuilt(CannotRelease):
    """The warehouse is not that of what is accepted now."""


@dataclass(frozen=True)
class Released:
    """A frozen year; ``former`` is the release whose place it takes; ``held`` says why it is not published yet."""

    name: str
    fingerprint: str
    head: Head
    former: str | None
    held: str | None


def release_year(work: Workspace, exercice: int, visas: Visas, reason: str | None) -> Released:
    """Freeze ``exercice`` and publish again. Raises CannotRelease: nothing is written then."""
    _refuse_what_is_open(work, exercice)
    home, ledger = work.home, work.ledger
    inputs = _inputs(work)
    former = last_release(home, ledger, exercice)
    name = write_release(home, ledger, exercice, inputs, visas, reason)
    held = publish_warehouse(work).held  # so that the audit tables name the release
    fingerprint = ledger.all_rows("releases")[-1]["fingerprint"]
    return Released(name, fingerprint, ledger.head(), former.name if former else None, str(held) if held else None)


def _refuse_what_is_open(work: Workspace, exercice: int) -> None:
    today = now()[:10]
    standing = work.ledger.standing(all_findings(work))
    here = [s for s in standing if s.finding.exercice in (exercice, 0) and s.is_open(today)]
    stopping = [s for s in here if stops_a_release(s, work.rules)]
    if stopping:
        raise Undecided(exercice, stopping)


def _inputs(work: Workspace) -> Inputs:
    """What the warehouse was made of, when that is what is accepted now; it is built whole if the last build kept anything."""
    if not is_current(work):
        raise NotBuilt("l’entrepôt n’est pas celui de ce qui est accepté : le construire d’abord")
    warehouse = work.ledger.last_warehouse()
    if warehouse and not warehouse["is_whole"]:
        build_whole(work)
        publish_warehouse(work)
    frozen = freeze(work)
    return Inputs(
        frozen.build,
        engine_version(),
        work.catalogue.fingerprint,
        frozen.manifests,
        frozen.counted,
        frozen.refused,
        traced_columns(work.catalogue),
    )
