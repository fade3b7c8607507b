"""Reading ahead: what the second process read is taken as it is, what it could not read is read again and said."""

import os
import signal

import pytest

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.stages.ingest import ahead
from pipelines.stages.ingest.ahead import read_already, reading_ahead
from tests.deliveries import HEADER, KEY, YEAR, Depot

GOOD = HEADER + "A1;x;1,00;03/02/2020\n"
COUNTS = (2, 1, 0, 1)


def test_what_was_read_ahead_is_not_read_again(depot: Depot, monkeypatch):
    ref = depot.declare()
    paths = {year: depot.drop(GOOD.replace("2020", str(year)), exercice=year) for year in (2019, 2020)}
    with reading_ahead(depot.home, [(ref, 2018), (ref, 2019), (ref, 2020)], KEY):
        for year in (2018, 2019, 2020):  # nothing arrived for the first
            read_already(ref, year)
    before = depot.lake_files()
    monkeypatch.setattr("pipelines.stages.ingest.delivery.read_csv", lambda *a, **k: pytest.fail("read again"))
    assert [depot.ingest(path, exercice=year).counts for year, path in paths.items()] == [COUNTS] * 2
    assert depot.lake_files() == before


def test_a_file_that_the_reader_refused_is_refused_here_too(depot: Depot, capfd):
    ref = depot.declare()
    path = depot.drop("Autre;En-tête\n1;2\n")
    with reading_ahead(depot.home, [(ref, YEAR)], KEY):
        read_already(ref, YEAR)
        with pytest.raises(DeliveryRefused):
            depot.ingest(path)
    assert capfd.readouterr() == ("", "")


def test_a_reader_that_died_costs_nothing_but_time(depot: Depot):
    ref = depot.declare()
    path = depot.drop(GOOD)
    with reading_ahead(depot.home, [(ref, YEAR)], KEY):
        os.kill(ahead._reader._process.pid, signal.SIGKILL)
        read_already(ref, YEAR)
        assert depot.ingest(path).counts == COUNTS


def test_without_a_reader_nothing_is_waited_for(depot: Depot):
    read_already(depot.declare(), YEAR)
