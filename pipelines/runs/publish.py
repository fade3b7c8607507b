"""A publication from end to end: frozen years protected, findings gathered, pages written, files swapped, a copy sent
to the server."""

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import active_children
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pipelines.catalogue.contracts import ContractBroken
from pipelines.catalogue.load import load_catalogue
from pipelines.ledger.lost_ledger import refuse_damaged
from pipelines.ledger.records import Finding, Standing
from pipelines.ledger.store import open_ledger
from pipelines.ledger.workspace import Workspace, open_workspace
from pipelines.publication import PROFILES, PUBLIC
from pipelines.runs.findings import all_findings
from pipelines.runs.pages import complete_releases, write_states
from pipelines.runs.pending import note_published
from pipelines.runs.processes import BROKEN, one_process
from pipelines.runs.state import facts
from pipelines.settings import Home, Server
from pipelines.stages.publish.profiles import NotPublished
from pipelines.stages.publish.release import FrozenYear, frozen_changes, refuse_frozen_changes
from pipelines.stages.publish.secret.profile import PublicProfile
from pipelines.stages.publish.swap import MakesPublic, public_profile, publish
from pipelines.stages.report.fonts import font_faces
from pipelines.stages.report.write import get_ready, report_pages

if TYPE_CHECKING:
    from pipelines.stages.publish.postgres import Served


class NotServed(RuntimeError):
    """The publication is not on the organisation's server, which keeps what it had; the message is free of secrets."""


@dataclass(frozen=True)
class Published:
    """The outcome of a publication. ``held`` is why nothing was published: a frozen year would change, or a promise be broken."""

    identity: str | None
    standing: list[Standing]
    held: FrozenYear | ContractBroken | None = None


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
    with writers(work.home) as writing, _public_beside(work, build, writing[PUBLIC]) as public:
        findings = all_findings(work)
        work.ledger.sight(findings)
        # the previous publication's findings about itself do not concern this one
        others = [one for one in findings if not one.is_of_a_publication]
        pages = report_pages(work, build, writing)
        try:
            identity = publish(work, build, findings, facts(work, build, others), pages, public)
        except ContractBroken as error:
            return Published(None, work.ledger.standing(findings), error)
    return Published(identity, work.ledger.standing(findings))


_writers: dict[str, Executor] = {}


@contextmanager
def writers(home: Home) -> Iterator[Mapping[str, Executor]]:
    """Start a process for each profile of a publication, to write files in parallel with this one.

    They import at once what they need: a block around the build gives them the time, and those of an enclosing block serve.
    """
    if _writers:
        yield _writers
        return
    with ExitStack() as pools:
        for profile in PROFILES:
            _writers[profile] = pools.enter_context(one_process())
            _writers[profile].submit(_get_ready, home, profile)
        try:
            yield _writers
        except BaseException as error:
            if not isinstance(error, Exception):  # an interruption waits for nothing
                for process in active_children():
                    process.terminate()
            raise
        finally:
            _writers.clear()


def _get_ready(home: Home, profile: str) -> None:
    with suppress(Exception):  # an error is reported when something is written
        get_ready(home)
        if profile == PUBLIC:
            _ = load_catalogue(home).secrecy
            import_module("scipy.optimize")
            font_faces(home.cache)  # the other finds them in the cache


@contextmanager
def _public_beside(work: Workspace, build: str, writer: Executor) -> Iterator[MakesPublic]:
    """Have another process make the public profile, from the current warehouse and ledger, until the result is needed."""
    with TemporaryDirectory(prefix="public-", ignore_cleanup_errors=True) as place:
        aside = Path(place) / PUBLIC
        made = writer.submit(_make_public, work.home, build, aside)

        def public(folder: Path) -> tuple[PublicProfile | None, list[Finding]]:
            try:
                found = made.result()
            except BROKEN:
                return public_profile(work, build, folder)
            if aside.is_dir():
                shutil.move(aside, folder)
            return found

        yield public


def _make_public(home: Home, build: str, folder: Path) -> tuple[PublicProfile | None, list[Finding]]:
    with open_workspace(home) as work:
        return public_profile(work, build, folder)


def _hold_frozen_years(work: Workspace, build: str) -> None:
    """Refuse to publish if a frozen figure would change; each such figure is a finding. Raises FrozenYear."""
    rule = work.rules["REL-ECART"]
    frozen = frozen_changes(work.home, work.ledger)
    found = [
        Finding(
            rule.code,
            "bloquant",
            int(release.partition("-")[0]),
            change.code,
            f"{rule.titre} : {change.libelle} ({release})",
            attendu=change.printed(change.before),
            recu=change.printed(change.after),
            aide=rule.aide,
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
