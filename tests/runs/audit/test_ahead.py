"""Samples drawn ahead: the pages show them as they are; without them, or when their data changed, lines are drawn here."""

from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from pipelines.disk import read_json
from pipelines.runs.audit.ahead import _drawn, drawing_ahead
from pipelines.runs.audit.write import DATA
from pipelines.runs.pages import write_states
from tests.runs.audit.conftest import YEAR


class Here(Executor):
    """Draws at once, unless it is dead."""

    def __init__(self, is_dead: bool = False):
        self.is_dead = is_dead

    def submit(self, task: Any, /, *given: Any) -> Future:  # type: ignore[override]
        done: Future = Future()
        if self.is_dead:
            done.set_exception(BrokenProcessPool())
        else:
            done.set_result(task(*given))
        return done


def lines_of(filled) -> list[dict[str, Any]]:
    with filled.work() as work:
        write_states(work)
    assert _drawn == {}  # it serves once
    return read_json(filled.home.audit / str(YEAR) / DATA)["echantillon"]["lignes"]


def test_a_sample_drawn_ahead_is_that_of_the_page(filled):
    drawn_here = lines_of(filled)
    (filled.home.audit / str(YEAR) / DATA).unlink()
    with drawing_ahead(filled.home, Here()):
        ahead = _drawn[filled.home].result()[YEAR]["lignes"]
        assert ahead == drawn_here
        ahead[0]["cellules"][0]["cellule"] = "as drawn ahead"
        assert lines_of(filled) == ahead != drawn_here


def test_lines_of_what_has_changed_since_are_drawn_again(filled):
    with drawing_ahead(filled.home, Here()):
        filled.drop("2019/ventes/ventes_2019.csv", "N°;Jour;Montant\nV9;02/01/2019;1,00\n")
        filled.receive("ventes/ventes", YEAR)
        assert [line["ligne"] for line in lines_of(filled) if line["table"] == "ventes/ventes"] == [2]


def test_a_process_that_died_costs_nothing_but_time(filled):
    with drawing_ahead(filled.home, Here(is_dead=True)):
        assert lines_of(filled)


def test_a_sample_that_no_page_took_is_forgotten(filled):
    with drawing_ahead(filled.home, Here()):
        assert filled.home in _drawn
    assert _drawn == {}
