"""A publication from end to end: frozen years protected, findings gathered, pages written, files swapped, a copy sent
to the server."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.catalogue.load import load_catalogue
from pipelines.ledger.lost_ledger import refuse_damaged
from pipelines.ledger.records import Finding, Standing
from pipelines.ledger.store import open_ledger
from pipelines.ledger.workspace import Workspace
from pipelines.runs.findings import all_findings
from pipelines.runs.pages import complete_releases, write_states
from pipelines.runs.pending import note_published
from pipelines.runs.state import facts
from pipelines.settings import Home, Server
from pipelines.stages.publish.profiles import NotPublished
from pipelines.stages.publish.release import FrozenYear, frozen_changes, refuse_frozen_changes
from pipelines.stages.publish.swap import publish
from pipelines.stages.report.write import report_pages

if TYPE_CHECKING:
    from pipelines.stages.publish.postgres import Served


class NotServed(RuntimeError):
    """The publication is not on the organisation's server, which keeps what it had; the message is free of secrets."""


@dataclass(frozen=True)
class Published:
    """The outcome of a publication. ``held`` is why nothing was published: a frozen year would change, or a promise be broken."""

    identity: str | None
    standing: list[Standing]
    held: FrozenYear | None = None


def publish_warehouse(work: Workspace) -> Published:
    """Publish the current warehouse, unless it would change a frozen year; the audit pages are written either way.

    Raises LedgerLost: nothing is published on the basis of a damaged ledger.
    """
    refuse_damaged(work.home)
    try:
        done = _publish(work)
    finally:  # the pages also show what was held back
        write_states(work)
    complete_releases(work)
    if not done.held:
        note_published(work)
    return done


def _publish(work: Workspace) -> Published:
    last = work.ledger.last_build()
    assert last is not None, "a warehouse is published once it is built"
    build = last["build"]
    try:
        _hold_frozen_years(work, build)
    except FrozenYear as error:
        return Published(None, work.ledger.standing(all_findings(work)), error)
    findings = all_findings(work)
    work.ledger.sight(findings)
    # the previous publication's findings about itself do not concern this one
    others = [one for one in findings if not one.is_of_a_publication]
    identity = publish(work, build, findings, facts(work, build, others), report_pages(work, build))
    return Published(identity, work.ledger.standing(findings))


def _hold_frozen_years(work: Workspace, build: str) -> None:
    """Refuse to publish if a frozen figure would change; each such figure is a finding. Raises FrozenYear."""
    rule = work.rules["REL-ECART"]
    frozen = frozen_changes(work.home, work.ledger)
    found = [
        Finding.of(
            *(rule, int(release.partition("-")[0]), change.code, f"{change.libelle} ({release})"),
            *(change.printed(change.before), change.printed(change.after)),
            severity="bloquant",
        )
        for release, changed in frozen.items()
        for change in changed
    ]
    if found:
        work.ledger.record_findings(build, found)
        work.ledger.sight(all_findings(work))
        refuse_frozen_changes(frozen)


def serve_copy(home: Home, server: Server) -> "Served":
    """Copy what is published to the organisation's server. Raises NotServed."""
    from pipelines.stages.publish import postgres

    with open_ledger(home) as ledger:
        removals = ledger.removals()
    try:
        return postgres.serve(home.published, server, load_catalogue(home).project.links, removals)
    except (postgres.NotServed, NotPublished) as error:
        raise NotServed(str(error)) from None
