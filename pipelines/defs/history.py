"""What Dagster keeps of its past runs: which of them are old, and how to forget them."""

import shutil
from collections.abc import Sequence

import dagster as dg

from pipelines.defs.instance import open_instance
from pipelines.runs.retention import after
from pipelines.settings import Home


def old_runs(home: Home, kept: str, today: str) -> list[str]:
    """The finished runs that were to be ``kept`` (P6M) until a day before ``today`` (ISO); none where Dagster never ran."""
    if not (home.dagster / "dagster.yaml").exists():
        return []
    with open_instance(home) as instance:
        records = _finished(instance)
    return [one.dagster_run.run_id for one in records if after(one.create_timestamp.isoformat(), kept) < today]


def forget_all_but(home: Home, kept: int) -> None:
    """Forget the finished runs except the ``kept`` last ones: what Dagster stores is bounded, and is not evidence."""
    with open_instance(home) as instance:
        runs = [one.dagster_run.run_id for one in _finished(instance)]
    forget(home, runs[:-kept])


def _finished(instance: dg.DagsterInstance) -> Sequence[dg.RunRecord]:
    """The finished runs, in order."""
    over = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
    return instance.get_run_records(dg.RunsFilter(statuses=over), ascending=True)


def forget(home: Home, runs: list[str]) -> None:
    """Remove these runs, their events and what their steps printed."""
    if runs:
        with open_instance(home) as instance:
            for run in runs:
                instance.delete_run(run)
                shutil.rmtree(home.dagster / "storage" / run, ignore_errors=True)
