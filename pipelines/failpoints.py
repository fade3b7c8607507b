"""Named steps at which a test can kill the process, to prove that the next run finishes the work.

``reached(step)`` does nothing in normal use. ``STEPS`` is the complete list, in the order of a run.
"""

import os
import signal

from pipelines import settings

STEPS = [
    "archive.written",
    "lake.parquet_written",
    "lake.manifest_written",
    "ledger.delivery_recorded",
    "ledger.verdict_recorded",
    "accept.before_commit",
    "accept.after_commit",
    "transform.lake_loaded",
    "transform.dbt_done",
    "transform.before_swap",
    "transform.after_swap",
    "publish.files_written",
    "publish.entered",
    "publish.before_swap",
    "publish.after_swap",
]
PURGE = ["purge.rows_written", "purge.generalised", "purge.entered"]  # those of a purge


def reached(step: str) -> None:
    """Die as by ``kill -9`` if ``MILLESIME_FAILPOINT`` names this step."""
    if settings.failpoint() == step:
        os.kill(os.getpid(), signal.SIGKILL)
