"""A build from end to end: load accepted rows, have dbt build, then swap the new warehouse in or report the findings."""

from collections.abc import Callable
from typing import Any

from pipelines.ledger.workspace import Workspace
from pipelines.runs.collect import read_again
from pipelines.runs.findings import all_findings
from pipelines.runs.frozen import frozen, is_current
from pipelines.runs.pages import write_states
from pipelines.stages.transform import build
from pipelines.stages.transform.analyst import offer_to_analyst
from pipelines.stages.transform.build import BuildFailed, Built, Prepared, is_proved
from pipelines.stages.transform.dbt import NodeResult, parse
from pipelines.stages.transform.spark import build_by_engine

__all__ = ["build_whole", "end", "is_current", "is_proved", "moved_exports", "prepare", "run_dbt"]


def moved_exports(work: Workspace) -> set[str]:
    """The exports of which something else counts than in the last warehouse: see ``build.moved_exports``."""
    return build.moved_exports(work, frozen(work))


def prepare(work: Workspace, *, whole: bool = False) -> Prepared:
    """Make the next warehouse from what is accepted, read as today's declarations say; dbt comes next (``run_dbt``).

    ``whole``: nothing of the previous warehouse is kept. Raises BuildFailed when the lake is not what the ledger
    recorded: the findings say so, and no page is written, since its sample would be drawn from that lake.
    """
    read_again(work)
    parse(work.catalogue, work.home)
    return build.prepare(work, frozen(work), whole=whole)


def run_dbt(work: Workspace, prepared: Prepared, told: Callable[[str], Any] = lambda _: None) -> list[NodeResult]:
    """Have the home's engine make what changed; ``told`` is given what dbt says."""
    return build_by_engine(work.home, prepared.changed, told)


def end(work: Workspace, prepared: Prepared, results: list[NodeResult]) -> Built:
    """Take in dbt's results. Raises BuildFailed: what stopped it is then in the findings and on the pages."""
    try:
        built = build.finish(work, prepared, results)
        offer_to_analyst(work, built.build)
        return built
    except BuildFailed:
        work.ledger.sight(all_findings(work))
        write_states(work)
        raise


def build_whole(work: Workspace) -> Built:
    """Build the warehouse from nothing, outside the orchestrator. Raises BuildFailed."""
    prepared = prepare(work, whole=True)
    return end(work, prepared, run_dbt(work, prepared))
