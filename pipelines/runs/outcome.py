"""How a run or a step ended. Exit codes, Dagster's failures and hints depend on this, never on the wording of a message."""

from enum import StrEnum

from pipelines.disk import is_full


class Ending(StrEnum):
    """The ways in which a step that did not succeed can end."""

    REFUSED = "refused"  # a delivery may not count: the previous one stays
    NOT_BUILT = "not built"  # dbt stopped: the previous warehouse stays
    FROZEN = "frozen"  # the figures of a frozen year would change: nothing was published
    NOT_SERVED = "not served"  # published, but not copied to the server
    UNSOUND = "unsound"  # the ledger, the key or the lake is not what was recorded
    NO_DISK = "no disk"  # the disk is full: what was there stays
    NO_RIGHT = "no right"  # the system refuses a file or a folder to this account
    BUSY = "busy"  # another process works on this home
    BROKEN = "broken"  # an error of the program


def ending_of(error: BaseException) -> Ending:
    """How a step that raised ``error`` ended."""
    if is_full(error):
        return Ending.NO_DISK
    from pipelines.catalogue.rules import DeliveryRefused
    from pipelines.ledger.unsound import Unsound
    from pipelines.locking import Busy
    from pipelines.runs.publish import NotServed
    from pipelines.stages.publish.release import FrozenYear
    from pipelines.stages.transform.build import BuildFailed

    kinds: list[tuple[type[BaseException], Ending]] = [
        (DeliveryRefused, Ending.REFUSED),
        (BuildFailed, Ending.NOT_BUILT),
        (FrozenYear, Ending.FROZEN),
        (NotServed, Ending.NOT_SERVED),
        (Unsound, Ending.UNSOUND),
        (Busy, Ending.BUSY),
        (OSError, Ending.NO_RIGHT),
    ]
    return next((ending for kind, ending in kinds if isinstance(error, kind)), Ending.BROKEN)
