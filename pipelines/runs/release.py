"""Freezes a year: refuses while something must be decided, writes the release, and publishes again so that it shows.

Like ``collect`` and ``replay``, a place where stages meet: ``millesime release`` and the job ``release`` of the web interface do
the same thing. What a release holds is ``publish.release``' work.
"""

from dataclasses import dataclass

from pipelines.runs.audit.write import write_states
from pipelines.evidence.findings import gather, stops_a_release
from pipelines.ledger.chain import Head
from pipelines.ledger.records import Standing
from pipelines.ledger.store import Ledger, now
from pipelines.stages.publish.release import (
    CannotRelease,
    FrozenYear,
    Inputs,
    Visas,
    frozen_changes,
    last_release,
    refuse_frozen_changes,
    write_release,
)
from pipelines.stages.publish.swap import publish
from pipelines.stages.report.write import report_pages
from pipelines.settings import Home
from pipelines.catalogue.organisation import Organisation
from pipelines.catalogue.registry import Registry
from pipelines.stages.transform.build import is_current
from pipelines.stages.transform.freeze import code_version, freeze


class Undecided(CannotRelease):
    """Findings stand that nobody has decided of."""

    def __init__(self, exercice: int, findings: list[Standing]):
        self.findings = findings
        super().__init__(f"{len(findings)} finding(s) of {exercice} stand without a decision: mend or decide them")


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


def release_year(
    home: Home,
    ledger: Ledger,
    registry: Registry,
    organisation: Organisation,
    exercice: int,
    visas: Visas,
    reason: str | None,
) -> Released:
    """Freeze ``exercice`` and publish again. Raises CannotRelease: nothing is written then."""
    _refuse_what_is_open(home, ledger, registry, organisation, exercice)
    former = last_release(home, ledger, exercice)
    name = write_release(home, ledger, exercice, _inputs(home, ledger), visas, reason)
    held = _publish(home, ledger, registry, organisation)
    write_states(home, ledger, registry, organisation)
    fingerprint = ledger.all_rows("releases")[-1]["fingerprint"]
    return Released(name, fingerprint, ledger.head(), former.name if former else None, held)


def _refuse_what_is_open(
    home: Home, ledger: Ledger, registry: Registry, organisation: Organisation, exercice: int
) -> None:
    today = now()[:10]
    standing = ledger.standing(gather(home, ledger, registry, organisation))
    stopping = [s for s in standing if s.finding.exercice in (exercice, 0) and stops_a_release(s) and s.is_open(today)]
    if stopping:
        raise Undecided(exercice, stopping)


def _inputs(home: Home, ledger: Ledger) -> Inputs:
    """What the warehouse was made of, when that is what is accepted now."""
    if not is_current(home, ledger):
        raise NotBuilt("the warehouse is not that of what is accepted now: build it first")
    frozen = freeze(home, ledger)
    return Inputs(frozen.build, code_version(), frozen.manifests)


def _publish(home: Home, ledger: Ledger, registry: Registry, organisation: Organisation) -> str | None:
    """Publish, so that the audit tables name the release; what another frozen year says against it, if anything."""
    findings = gather(home, ledger, registry, organisation)
    ledger.sight(findings)
    try:
        refuse_frozen_changes(frozen_changes(home, ledger))
    except FrozenYear as error:
        return str(error)
    build = ledger.last_build()["build"]
    with report_pages(home, ledger, organisation, build) as pages:
        publish(home, ledger, build, findings, organisation.seuil_secret, pages)
    return None
