"""The job that purges: it takes the lock as the command does, and also removes Dagster's old runs."""

import shutil

import dagster as dg
import pytest

from pipelines.defs.history import forget, forget_all_but, old_runs
from pipelines.defs.jobs import purge, weekly_purge
from pipelines.settings import PROJECT_ROOT
from tests.cli.conftest import Bench, bench, declared, filled, make_bench  # noqa: F401


@pytest.fixture
def instance(filled: Bench, monkeypatch):  # noqa: F811
    """The instance of the home."""
    filled.home.dagster.mkdir()
    shutil.copyfile(PROJECT_ROOT / "dagster.yaml", filled.home.dagster / "dagster.yaml")
    monkeypatch.setenv("MILLESIME_HOME", str(filled.home.root))
    monkeypatch.setenv("DAGSTER_HOME", str(filled.home.dagster))
    with dg.DagsterInstance.get() as one:
        yield one


def test_the_job_removes_what_is_overdue_and_forgets_old_runs_except_its_own(filled: Bench, instance, clock):  # noqa: F811
    first = purge.execute_in_process(instance=instance)
    assert first.success and old_runs(filled.home, "P1M", "2000-01-01") == []
    clock("2049-01-01T00:00:00+00:00")
    assert list(filled.home.landing.rglob("*.csv")) == []  # the terms of 2019 have passed already
    second = purge.execute_in_process(instance=instance)
    assert second.success
    assert [run.run_id for run in instance.get_runs()] == [second.run_id]
    assert instance.all_logs(first.run_id) == []
    assert old_runs(filled.home, "P1M", "2999-01-01") == [second.run_id]
    forget(filled.home, [second.run_id])
    assert instance.get_runs() == []


def test_nothing_purges_by_itself_until_somebody_starts_the_schedule():
    schedule = weekly_purge()
    assert (schedule.name, schedule.cron_schedule) == ("purge_hebdomadaire", "0 5 * * 1")
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED


def test_only_the_last_runs_are_kept_with_what_their_steps_printed(filled: Bench, instance, monkeypatch):  # noqa: F811
    monkeypatch.setenv("MILLESIME_KEPT_RUNS", "2")
    done = [purge.execute_in_process(instance=instance).run_id for _ in range(4)]
    forget_all_but(filled.home, 2)  # what the last one could not do: it was not over
    assert {run.run_id for run in instance.get_runs()} == set(done[2:])
    assert instance.all_logs(done[0]) == [] and instance.all_logs(done[3]) != []
    assert {path.name for path in (filled.home.dagster / "storage").iterdir()} <= set(done[2:])
