"""Sensors and schedules run only where they are enabled."""

import pytest

from pipelines.defs import jobs
from pipelines.settings import WrongSetting
from tests.cli.conftest import bench, declared, make_bench  # noqa: F401


@pytest.mark.parametrize(("said", "status"), [(None, "STOPPED"), ("0", "STOPPED"), ("1", "RUNNING")])
def test_they_start_by_themselves_where_they_are_asked_to(bench, monkeypatch, said: str | None, status: str) -> None:  # noqa: F811
    monkeypatch.delenv("MILLESIME_AUTOMATION", raising=False)
    if said:
        monkeypatch.setenv("MILLESIME_AUTOMATION", said)
    made = jobs.job_defs(bench.home)
    found = {one.name: one.default_status.value for one in (*made.schedules, *made.sensors)}
    assert set(found.values()) == {status} and len(found) == 6


def test_a_setting_that_is_neither_is_refused(bench, monkeypatch) -> None:  # noqa: F811
    monkeypatch.setenv("MILLESIME_AUTOMATION", "oui")
    with pytest.raises(WrongSetting, match="MILLESIME_AUTOMATION est 0 ou 1"):
        jobs.job_defs(bench.home)
