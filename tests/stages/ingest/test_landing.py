"""Files of the mailbox that may still be arriving are not read; unchanged files cost nothing."""

import os
import time

import pytest

from pipelines.stages.ingest.landing import arriving
from tests.deliveries import YEAR, Depot


@pytest.fixture
def declared(depot: Depot) -> Depot:
    depot.declare(files="export*.csv")
    return depot


def names(depot: Depot, quiet: float = 5) -> list[str]:
    return [path.name for path, _ in arriving(depot.home.landing, depot.ref, YEAR, quiet)]


def wait(seconds: float) -> None:
    time.sleep(seconds)


def test_a_file_is_arriving_until_it_has_not_changed_for_a_while(declared: Depot):
    path = declared.drop("a")
    assert names(declared, 1) == ["export.csv"]
    wait(1.1)
    assert names(declared, 1) == []
    path.write_text("ab")
    assert names(declared, 1) == ["export.csv"]


@pytest.mark.parametrize("ago", [86400 * 365, -86400 * 365], ids=["the date of its source", "a date to come"])
def test_the_date_that_a_copy_bears_says_nothing_of_when_it_was_made(declared: Depot, ago: int):
    path = declared.drop("a")
    os.utime(path, (time.time() - ago,) * 2)
    assert names(declared, 1) == ["export.csv"]
    wait(1.1)
    assert names(declared, 1) == []


@pytest.mark.parametrize("grows", [True, False])
def test_files_of_a_system_whose_clock_is_ahead_are_looked_at_twice(
    declared: Depot, monkeypatch: pytest.MonkeyPatch, grows: bool
):
    path, slept = declared.drop("a"), []
    now = time.time() - 3600
    monkeypatch.setattr("pipelines.stages.ingest.landing.time.time", lambda: now)

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if grows:
            path.write_text("ab")

    monkeypatch.setattr("pipelines.stages.ingest.landing.time.sleep", sleep)
    assert (names(declared), slept) == (["export.csv"] if grows else [], [5])


@pytest.mark.parametrize(
    "beside",
    [
        "export.csv.part",
        "EXPORT_2.CSV.PART",
        "export.csv.crdownload",
        "export.csv.filepart",
        "export.csv.lock",
        "~$export.csv",
        "~$port.csv",  # Word's way
        ".~lock.export.csv#",
        ".export.csv.Xy12Za",  # rsync's
    ],
)
def test_a_temporary_file_or_a_lock_keeps_the_whole_export_waiting(declared: Depot, beside: str):
    declared.drop("a")
    declared.drop("", beside)
    assert names(declared, 0) == [beside]


@pytest.mark.parametrize(
    "beside", [".DS_Store", "._export.csv", "Thumbs.db", "Desktop.ini", "autre.csv.part", "~$autre.xlsx", "lu.txt"]
)
def test_what_is_of_no_file_of_the_export_keeps_nothing_waiting(declared: Depot, beside: str):
    declared.drop("a")
    declared.drop("", beside)
    assert names(declared, 0) == []
