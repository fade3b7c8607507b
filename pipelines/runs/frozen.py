"""What the next build would be made from: the accepted deliveries, and what is found about them."""

from pipelines.evidence.findings import about_inputs
from pipelines.ledger.workspace import Workspace
from pipelines.runs.unclaimed import unclaimed
from pipelines.stages.transform import build
from pipelines.stages.transform.freeze import Frozen, freeze


def frozen(work: Workspace) -> Frozen:
    """The inputs of a build of what is accepted now."""
    return freeze(work, about_inputs(work, unclaimed(work)))


def is_current(work: Workspace) -> bool:
    """True when the last build succeeded, is byte for byte the current warehouse, and would come out the same today."""
    return build.is_current(work, frozen(work))
