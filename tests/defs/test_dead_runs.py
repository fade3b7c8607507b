"""A run whose process died is ended, whoever started it; one that is at work, or has just begun, is left alone."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from demo.home import ORGANISATION
from pipelines.defs import dead_runs
from pipelines.defs.dead_runs import DIED, FIRST_STEP, end_dead_runs
from pipelines.defs.instance import open_instance
from pipelines.defs.jobs import landing_sensor
from pipelines.defs.workspace import organisation_of
from pipelines.locking import only_writer
from pipelines.settings import Home


@dg.job
def collect() -> None:
    dg.op(name="step")(lambda: None)()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(dead_runs.time, "sleep", lambda _: None)
    shutil.copy(ORGANISATION, tmp_path)
    return Home(tmp_path)


@pytest.fixture
def instance(home: Home) -> Iterator[dg.DagsterInstance]:
    with open_instance(home) as opened:
        yield opened


def begun(instance: dg.DagsterInstance, ago: float) -> str:
    """A run that a process began, and of which nothing was heard since."""
    run = instance.create_run_for_job(collect)
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "collect")
    entry = dg.EventLogEntry(
        error_info=None,
        level="info",
        user_message="",
        run_id=run.run_id,
        timestamp=time.time() - ago,
        dagster_event=event,
    )
    instance.handle_new_event(entry)
    assert status(instance, run.run_id) == "STARTED"
    return run.run_id


def status(instance: dg.DagsterInstance, run_id: str) -> str:
    return instance.get_run_by_id(run_id).status.value


def test_a_run_that_holds_nothing_is_ended_once_and_says_why(home: Home, instance: dg.DagsterInstance):
    died, new = begun(instance, FIRST_STEP + 60), begun(instance, 0)
    for _ in range(2):
        end_dead_runs(instance, home)
    assert (status(instance, died), status(instance, new)) == ("FAILURE", "STARTED")
    failures = instance.all_logs(died, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert [DIED in one.dagster_event.message for one in failures] == [True]


def test_no_run_is_ended_while_somebody_writes_in_the_home(home: Home, instance: dg.DagsterInstance):
    run = begun(instance, FIRST_STEP + 60)
    with only_writer(home):
        end_dead_runs(instance, home)
    assert status(instance, run) == "STARTED"


@pytest.mark.parametrize("ends", ["by itself", "with the lock"])
def test_a_run_that_is_just_ending_or_just_beginning_ends_as_it_should(
    home: Home, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, ends: str
):
    run, lock = begun(instance, FIRST_STEP + 60), only_writer(home)

    def meanwhile(_: float) -> None:
        if ends == "by itself":
            instance.report_run_canceled(instance.get_run_by_id(run))
        else:
            lock.__enter__()

    monkeypatch.setattr(dead_runs.time, "sleep", meanwhile)
    end_dead_runs(instance, home)
    assert status(instance, run) == ("CANCELED" if ends == "by itself" else "STARTED")
    if ends == "with the lock":
        lock.__exit__(None, None, None)


def test_the_sensor_on_landing_ends_them(home: Home, instance: dg.DagsterInstance):
    run = begun(instance, FIRST_STEP + 60)
    sensor = landing_sensor(collect, home, organisation_of(home))
    assert sensor.minimum_interval_seconds <= 60
    sensor.evaluate_tick(dg.build_sensor_context(instance))
    assert status(instance, run) == "FAILURE"
