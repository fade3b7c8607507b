"""Reading ahead: the results of the other processes are used as they are; what they could not do is done here and reported."""

import multiprocessing
import os
import signal

import pytest

from pipelines.ledger.store import open_ledger
from pipelines.runs import ahead
from pipelines.runs.ahead import going_ahead, read_already
from pipelines.runs.collect import collect
from pipelines.stages.validate import judge
from tests.deliveries import HEADER, YEAR, Depot

GOOD = HEADER + "".join(f"A{number};x;1,00;03/02/2020\n" for number in range(50))
TWICE = {"primaryKey": ["code"], "exercice": {"column": "jour", "rule": "within"}}


@pytest.fixture
def ledger(depot: Depot):
    depot.declare(table=TWICE)
    depot.organise()
    with open_ledger(depot.home) as opened:
        yield opened


def test_what_was_done_ahead_is_not_done_again(depot: Depot, ledger):
    work = depot.work(ledger)
    for year in (2019, 2020):  # the second is judged against the first, before the first counts
        depot.drop(GOOD.replace("2020", str(year)), exercice=year)
    with going_ahead(work, [(depot.ref, year) for year in (2018, 2019, 2020)]):
        for year in (2018, 2019, 2020):  # nothing arrived for the first
            read_already(depot.ref, year)
        files, judged_here = depot.written_as(), judge._bench.cache_info()
        outcomes = [collect(work, depot.ref, year) for year in (2019, 2020)]
        assert files.items() <= depot.written_as().items() and judge._bench.cache_info() == judged_here
    assert [outcome.status for outcome in outcomes] == ["accepted", "accepted"]
    assert all(outcome.verdicts[0].results for outcome in outcomes)
    assert outcomes[1].verdicts[0].suite != outcomes[0].verdicts[0].suite  # it knows the former count


def test_what_the_others_refused_is_refused_here_too(depot: Depot, ledger, capfd):
    work = depot.work(ledger)
    depot.drop("Autre;En-tête\n1;2\n")
    with going_ahead(work, [(depot.ref, YEAR)]):
        assert collect(work, depot.ref, YEAR).refusal.code == "FIC-ENTETE"
    assert capfd.readouterr() == ("", "")


def test_processes_that_died_cost_nothing_but_time(depot: Depot, ledger):
    work = depot.work(ledger)
    depot.drop(GOOD)
    try:
        with going_ahead(work, [(depot.ref, YEAR)]):
            for process in multiprocessing.active_children():
                os.kill(process.pid, signal.SIGKILL)
            assert collect(work, depot.ref, YEAR).status == "accepted"
    finally:
        judge.close()


def test_without_them_nothing_is_waited_for(depot: Depot):
    read_already(depot.declare(), YEAR)
    assert ahead._ahead is None
