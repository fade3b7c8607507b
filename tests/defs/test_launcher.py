"""A run whose process died is detected, whoever started it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from logging import getLogger
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from pipelines.defs.launcher import MARGIN
from pipelines.settings import PROJECT_ROOT


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    shutil.copy(PROJECT_ROOT / "dagster.yaml", tmp_path)
    with dg.DagsterInstance.get() as made:
        yield made


def status_of(instance: dg.DagsterInstance, pid: int | None, since: float = 0) -> str:
    """What becomes, once the daemon looks at it, of a run begun ``since`` seconds ago by this process."""
    run = create_run_for_test(instance, job_name="collect")
    event = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, "collect", pid=pid)
    entry = dg.EventLogEntry(
        error_info=None,
        level="info",
        user_message="",
        run_id=run.run_id,
        timestamp=time.time() - since,
        dagster_event=event,
    )
    instance.handle_new_event(entry)
    (record,) = instance.get_run_records(dg.RunsFilter(run_ids=[run.run_id]))
    assert record.dagster_run.status == dg.DagsterRunStatus.STARTED
    monitor_started_run(instance, None, record, getLogger("test"))  # type: ignore[arg-type]
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status.value


def test_a_run_stays_started_for_as_long_as_its_process_lives(instance: dg.DagsterInstance) -> None:
    assert status_of(instance, os.getpid()) == "STARTED"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert status_of(instance, other.pid) == "STARTED"
    assert status_of(instance, other.pid) == "FAILURE"


def test_a_number_that_was_given_again_is_another_process(instance: dg.DagsterInstance) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        assert status_of(instance, other.pid, since=MARGIN + 60) == "FAILURE"


def test_a_run_whose_process_nobody_noted_is_left_alone(instance: dg.DagsterInstance) -> None:
    assert status_of(instance, None) == "STARTED"
