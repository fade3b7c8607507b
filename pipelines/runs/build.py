"""A build from end to end: load accepted rows, let the caller run dbt, then swap the new warehouse in or report the findings."""

from contextlib import suppress

from pipelines.disk import sha256_of
from pipelines.ledger.workspace import Workspace
from pipelines.locking import Busy, only_writer
from pipelines.runs.collect import read_again
from pipelines.runs.findings import all_findings
from pipelines.runs.pages import write_states
from pipelines.stages.transform import build
from pipelines.stages.transform.analyst import offer_to_analyst
from pipelines.stages.transform.build import BuildFailed, Built, Prepared, finish, is_current
from pipelines.stages.transform.dbt import NodeResult, parse
from pipelines.stages.transform.freeze import freeze
from pipelines.stages.transform.recipes import nodes_of
from pipelines.stages.transform.reuse import Plan, is_proved
from pipelines.stages.transform.spark import build_by_engine

__all__ = [
    "Prepared",
    "build_whole",
    "end",
    "is_current",
    "is_proved",
    "parse",
    "prepare",
    "prepare_ahead",
]  # the steps around dbt, for its caller


_ahead: tuple[Prepared, str] | None = None  # a build whose warehouse is filled, and the SHA-256 of that file


def prepare_ahead(work: Workspace, *, whole: bool = False) -> Plan | None:
    """Prepare the build that this process is about to make, to know what it makes; None when the build has to find out itself."""
    with suppress(Busy, BuildFailed), only_writer(work.home):  # the build will meet it again, and report it
        prepared = prepare(work, whole=whole)
        _keep(work, prepared)
        return prepared.plan
    return None


def _keep(work: Workspace, prepared: Prepared) -> None:
    global _ahead
    _ahead = prepared, sha256_of(work.home.warehouse_next)


def _taken(work: Workspace, *, whole: bool) -> Prepared | None:
    """What was prepared ahead, once, if nothing has changed since: neither what the build is made from nor its file."""
    global _ahead
    ahead, _ahead = _ahead, None
    if ahead is None or (whole and not ahead[0].plan.is_whole) or freeze(work).build != ahead[0].frozen.build:
        return None
    file = work.home.warehouse_next
    return ahead[0] if file.exists() and sha256_of(file) == ahead[1] else None


def prepare(work: Workspace, *, whole: bool = False) -> Prepared:
    """Make the next warehouse from what is accepted, read as today's declarations say; dbt comes next.

    ``whole``: nothing of the previous warehouse is kept. Raises BuildFailed when the lake is not what the ledger
    recorded: the findings say so, and no page is written, since its sample would be drawn from that lake.
    """
    if ahead := _taken(work, whole=whole):
        return ahead
    read_again(work)
    return build.prepare(work, nodes_of(parse(work.catalogue, work.home)), whole=whole)


def end(work: Workspace, prepared: Prepared, results: list[NodeResult]) -> Built:
    """Take in dbt's results. Raises BuildFailed: what stopped it is then in the findings and on the pages."""
    try:
        built = finish(work, prepared, results)
        offer_to_analyst(work)
        return built
    except BuildFailed:
        work.ledger.sight(all_findings(work))
        write_states(work)
        raise


def build_whole(work: Workspace) -> Built:
    """Build the warehouse from nothing, outside the orchestrator. Raises BuildFailed."""
    prepared = prepare(work, whole=True)
    return end(work, prepared, build_by_engine(work.home))
