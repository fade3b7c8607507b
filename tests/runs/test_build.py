"""A build whose warehouse is filled before the step that makes it: it is taken once, and only if nothing changed since."""

import pytest

from pipelines.ledger.store import open_ledger
from pipelines.locking import only_writer
from pipelines.runs import build
from pipelines.stages.transform.build import BuildFailed
from tests.deliveries import HEADER
from tests.stages.transform.conftest import Lab, lab  # noqa: F401


@pytest.fixture
def fills(lab: Lab, monkeypatch) -> list[bool]:  # noqa: F811
    """One entry for each warehouse that was filled; what is accepted is read as it is, and dbt has no node."""
    done: list[bool] = []
    prepare = build.build.prepare
    monkeypatch.setattr(
        build.build, "prepare", lambda *given, whole: done.append(whole) or prepare(*given, whole=whole)
    )
    for name, answer in {"read_again": lambda _: [], "parse": lambda *_: None, "nodes_of": lambda _: {}}.items():
        monkeypatch.setattr(build, name, answer)
    lab.accept(HEADER + "A;x;1,00;03/02/2020\n", 2020)
    return done


def test_what_was_prepared_ahead_is_taken_once(lab: Lab, fills):  # noqa: F811
    with open_ledger(lab.home) as ledger:
        plan = build.prepare_ahead(lab.work(ledger))
        assert plan and build.prepare(lab.work(ledger)).plan is plan
        assert fills == [False]
        assert build.prepare(lab.work(ledger)).plan is not plan
        assert fills == [False, False]


def _accept(lab: Lab) -> None:  # noqa: F811
    lab.accept(HEADER + "A;x;2,00;03/02/2020\n", 2020)


def _edit(lab: Lab) -> None:  # noqa: F811
    lab.models("create schema marts; create table marts.fct_lignes as select 1 as un")


def _lose(lab: Lab) -> None:  # noqa: F811
    lab.home.warehouse_next.unlink()


@pytest.mark.parametrize("change", [_accept, _edit, _lose])
def test_it_is_not_taken_once_something_changed(lab: Lab, fills, change):  # noqa: F811
    with open_ledger(lab.home) as ledger:
        plan = build.prepare_ahead(lab.work(ledger))
        change(lab)
        assert build.prepare(lab.work(ledger)).plan is not plan
    assert len(fills) == 2


def test_a_home_that_another_writes_to_and_a_lake_that_was_changed_are_left_to_the_build(lab: Lab, fills):  # noqa: F811
    with open_ledger(lab.home) as ledger:
        with only_writer(lab.home):
            assert build.prepare_ahead(lab.work(ledger)) is None
        assert fills == []
        next(lab.home.lake.rglob("*.parquet")).write_bytes(b"other")
        assert build.prepare_ahead(lab.work(ledger)) is None
        with pytest.raises(BuildFailed):
            build.prepare(lab.work(ledger))
