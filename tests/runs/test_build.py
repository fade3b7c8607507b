"""A build prepared before the step that makes it is used once, and only if nothing has changed since."""

import pytest

from pipelines.ledger.store import open_ledger
from pipelines.locking import only_writer
from pipelines.runs.build import _keep, _taken, prepare_ahead
from tests.deliveries import HEADER
from tests.stages.transform.conftest import Lab, lab  # noqa: F401


def test_what_was_prepared_ahead_is_taken_once(lab: Lab):  # noqa: F811
    with open_ledger(lab.home) as ledger:
        prepared = lab.prepare(ledger)
        _keep(lab.work(ledger), prepared)
        assert _taken(lab.work(ledger), whole=True) is prepared
        assert _taken(lab.work(ledger), whole=True) is None


def _accept(lab: Lab) -> None:  # noqa: F811
    lab.accept(HEADER + "A;x;2,00;03/02/2020\n", 2020)


def _edit(lab: Lab) -> None:  # noqa: F811
    lab.models("create schema autre; create table autre.t as select 1 as un")


def _lose(lab: Lab) -> None:  # noqa: F811
    lab.home.warehouse_next.unlink()


@pytest.mark.parametrize("change", [_accept, _edit, _lose])
def test_it_is_not_taken_once_something_changed(lab: Lab, change):  # noqa: F811
    with open_ledger(lab.home) as ledger:
        _keep(lab.work(ledger), lab.prepare(ledger))
        change(lab)
        assert _taken(lab.work(ledger), whole=True) is None


def test_nothing_is_prepared_in_a_home_that_another_writes_to(lab: Lab):  # noqa: F811
    with open_ledger(lab.home) as ledger, only_writer(lab.home):
        assert prepare_ahead(lab.work(ledger)) is None
