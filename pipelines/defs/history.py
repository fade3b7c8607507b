"""What Dagster keeps of its former runs: which of them are old, and forgetting them."""

import os
from typing import TYPE_CHECKING

from pipelines.runs.retention import after
from pipelines.settings import Home

if TYPE_CHECKING:
    import dagster as dg


def old_runs(home: Home, kept: str, today: str) -> list[str]:
    """The finished runs that were to be ``kept`` (P6M) until a day before ``today`` (ISO); none where Dagster never ran."""
    from dagster import DagsterRunStatus, RunsFilter

    if not (home.dagster / "dagster.yaml").exists():
        return []
    over = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
    with _instance(home) as instance:
        records = instance.get_run_records(RunsFilter(statuses=over), ascending=True)
    return [one.dagster_run.run_id for one in records if after(one.create_timestamp.isoformat(), kept) < today]


def forget(home: Home, runs: list[str]) -> None:
    """Remove these runs and their events."""
    if runs:
        with _instance(home) as instance:
            for run in runs:
                instance.delete_run(run)


def _instance(home: Home) -> "dg.DagsterInstance":
    import dagster as dg

    os.environ["DAGSTER_HOME"] = str(home.dagster)
    return dg.DagsterInstance.get()
