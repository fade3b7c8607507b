"""Ends the runs whose process died (killed, out of memory, power cut), whoever started them.

Dagster's own launcher cannot tell, and such a run would stay STARTED and keep the others waiting for ever. A run that is
at work holds the home's lock from its first step on (``home``).
"""

import time

import dagster as dg

from pipelines.locking import is_writing
from pipelines.settings import Home

FIRST_STEP = 20  # seconds within which a run that has begun takes the lock
LAST_STEP = 2  # and within which one that freed it says how it ended
DIED = "le processus de cette exécution n’est plus là : elle est terminée en échec"


def end_dead_runs(instance: dg.DagsterInstance, home: Home) -> None:
    """Report as failed the started runs that hold nothing, seen twice."""
    if seen := {run.run_id for run in _idle(instance, home)}:
        time.sleep(LAST_STEP)
        for run in _idle(instance, home):
            if run.run_id in seen:
                instance.report_run_failed(run, DIED)


def _idle(instance: dg.DagsterInstance, home: Home) -> list[dg.DagsterRun]:
    """The runs that began a while ago, if no process holds the home."""
    started = instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    old = [one.dagster_run for one in started if one.start_time and one.start_time < time.time() - FIRST_STEP]
    return [] if old and is_writing(home) else old
