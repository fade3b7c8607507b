"""Worlds that a reader cannot tell from the true one: which are consistent, how far they go, and which is the nearest."""

import ctypes
import json
import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import scipy

from pipelines.stages.publish.secret.attack import GAP, LITTLE, NODES, TOLERANCE, Solutions, Worlds, _matrix, _unheard
from pipelines.stages.publish.secret.cells import Cell, Numbers
from tests.stages.publish.secret.by_hand import key, numbers


def never(*_: object) -> None:
    pytest.fail("asked")


def costing(**costs: float) -> Callable[[Cell], float]:
    return lambda cell: costs.get("".join(cell.key[2]), 1.0)


def names(cells: list[Cell] | None) -> list[str]:
    return ["".join(cell.key[2]) for cell in cells or []]


# which worlds agree with what is known ------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "occupied", "world", "consistent"),
    [
        ("", "", (5, 7), True),
        ("a", "", (0, 7), True),
        ("a", "", (1, 1000), False),
        ("a", "", (TOLERANCE, 7), True),
        ("a", "", (TOLERANCE * 1.0000005, 7), False),
        ("b", "", (7, 1000.001), True),  # the greater the number, the greater what a sum of floats may be off by
        ("b", "", (7, 1000.0011), False),
        ("", "b", (7, 1), True),
        ("", "b", (7, 1 - TOLERANCE), True),
        ("", "b", (7, 0.99), False),
        ("z", "z", (5, 7), True),  # a number that no unknown makes up
    ],
)
def test_a_world_agrees_where_the_known_have_their_true_value_and_the_occupied_somebody(
    known, occupied, world, consistent
):
    worlds = Worlds(numbers(0, 1000))
    worlds._values.append(np.array(world))
    seen = worlds.agreeing([key(name) for name in known], [key(name) for name in occupied])
    assert seen.tolist() == [[0, 1000], *([[*world]] if consistent else [])]


def test_how_far_a_number_goes_in_the_worlds_that_agree():
    of = numbers(2, 8)
    nobody = of.cells[key("z")] = Cell(key("z"), "z", 2020, "agents", {}, Decimal(0), 1, 0)
    worlds = Worlds(of)
    worlds._values += [np.array(world) for world in ([0, 8.0], [5.0000001, 8], [9, 7])]
    a, b = of.cells[key("a")], of.cells[key("b")]
    assert (worlds.range_of(a, [], []), worlds.range_of(b, [], [])) == ((0, 9), (7, 8))
    assert worlds.range_of(a, [b.key], []) == (0, 5)
    assert worlds.range_of(a, [b.key], [a.key]) == (2, 5)
    assert worlds.range_of(nobody, [], []) == (0, 0)
    assert worlds.moved([], []) == {a.key: 9, b.key: 1}
    widths = worlds.moved([b.key], [a.key])
    assert widths == {a.key: 3, b.key: 0} and {type(width) for width in widths.values()} == {int}


# the nearest one ------------------------------------------------------------


def test_what_an_unknown_and_a_number_may_move_by():
    of = numbers(1, 8, 0, t="abc")
    of.occupied = [("rpt", 0, key("b")), ("rpt", 1, key("c"))]
    costs, most = Worlds(of)._bounds(costing(a=2, b=3, c=4, abc=5), [key("a")])
    assert costs.tolist() == [LITTLE] * 6 + [2, 3, 4, 5] * 2
    up, down, more, less = [16, 9, 17], [1, 8, 0], [0, np.inf, np.inf, np.inf], [0, 7, 0, np.inf]
    assert most.tolist() == [*up, *down, *more, *less]  # 17 is the most that a reader would assume of any of them


def test_a_world_is_as_near_as_it_can_be_and_goes_no_further_than_a_reader_would_assume():
    of = numbers(1, 8, 30, t="abc")
    worlds, a, c = Worlds(of), of.cells[key("a")], of.cells[key("c")]
    assert names(worlds.nearest(a, 3, costing(a=0, b=1, c=5, abc=9), [])) == ["a", "b"]
    assert worlds._values[-1].tolist() == [4, 5, 30, 39]
    assert names(worlds.nearest(c, 2, costing(a=9, b=9, c=0, abc=1), [])) == ["c", "abc"]
    assert worlds._values[-1].tolist() == [1, 8, 32, 41]
    assert names(worlds.nearest(a, 8, costing(), [key("c"), key("abc")])) == ["a", "b"]
    assert worlds.nearest(a, 9, costing(), [key("c"), key("abc")]) is None  # there are 8 of b
    assert worlds._values[-1].tolist() == [9, 0, 30, 39] and len(worlds._values) == 4
    assert names(worlds.nearest(a, 46, costing(), [])) == ["a", "abc"]
    assert worlds.nearest(a, 47, costing(), []) is None  # 39 and twice the threshold are the most


def test_what_holds_among_the_unknowns_holds_in_every_world():
    of = numbers(1, 8)
    of.unknowns.equations = [{0: Decimal(1), 1: Decimal(1)}]
    worlds = Worlds(of)
    assert names(worlds.nearest(of.cells[key("b")], 1, costing(), [])) == ["a", "b"]
    assert worlds._values[-1].tolist() == [0, 9]


def weighed(*, unit: int = 1) -> tuple[Numbers, Cell]:
    """A number that weighs one of a as 2 and one of c as 3: to move it by 3, half a person of a costs least."""
    of = numbers(1, 6, unit=unit)
    form = {0: Decimal(2), 1: Decimal(3)}
    mean = of.cells[key("m")] = Cell(key("m"), "m", 2020, "agents", form, Decimal(20), unit, 1, True)
    return of, mean


CHEAPER = costing(a=1, b=1.6, m=0)


@pytest.mark.parametrize(
    ("unit", "fixed", "world"),
    [
        (1, "", [3, 6, 24]),  # first where the half person was
        (1, "m", [1, 7, 23]),  # by 3 exactly: elsewhere
        (1, "mb", None),
        (1820, "", [2.5, 6, 23]),  # hours are divided as one likes
    ],
)
def test_persons_are_whole(unit, fixed, world):
    of, mean = weighed(unit=unit)
    worlds = Worlds(of)
    found = worlds.nearest(mean, 3, CHEAPER, [key(name) for name in fixed])
    assert [one.tolist() for one in worlds._values[1:]] == ([] if world is None else [pytest.approx(world)])
    assert names(found) == {2.5: ["a", "m"], 3: ["a", "m"], 1: ["b", "m"], None: []}[world and world[0]]
    assert (found is None) is (world is None)


@pytest.mark.parametrize("sign", [1, -1])
def test_halves_are_tried_first_of_those_who_would_come_and_of_those_who_would_go(sign):
    """Nobody can go where nobody is, nor come where the most are: a person who comes and half of one who goes make no half."""
    of = numbers(0, 0) if sign == 1 else numbers(6, 6)
    of.unknowns.greatest = [Decimal(8)] * 2 if sign == 1 else of.unknowns.truth
    form = {0: Decimal(2 * sign), 1: Decimal(3 * sign)}
    value = sum((weight * of.unknowns.truth[unknown] for unknown, weight in form.items()), Decimal(0))
    of.cells[key("m")] = Cell(key("m"), "m", 2020, "agents", form, value, 1, 1, True)
    assert names(Worlds(of).nearest(of.cells[key("m")], 3, CHEAPER, [])) == ["a", "m"]


def test_the_search_for_whole_persons_has_a_limit_that_no_clock_measures(monkeypatch):
    options, solve = [], scipy.optimize.milp

    def heard(costs, **asked):
        options.append(asked.get("options") and {**asked["options"]})  # scipy empties it
        return solve(costs, **asked)

    monkeypatch.setattr("pipelines.stages.publish.secret.attack.milp", heard)
    of, mean = weighed()
    Worlds(of).nearest(mean, 3, CHEAPER, [])
    assert options == [None, {"node_limit": NODES, "mip_rel_gap": GAP}]


@pytest.mark.parametrize(
    ("moves", "kept"),
    [
        ([3, 0, 0, 8], [3, 0]),
        ([0.5, 0, 0, 0], None),
        ([0, 2.0000004, 0, 0], [0, 10]),
        ([TOLERANCE, 0, 0, 0], [0, 8]),
        ([2 * TOLERANCE, 0, 0, 0], None),
    ],
)
def test_only_a_world_of_whole_persons_is_kept(moves, kept):
    worlds = Worlds(numbers(0, 8))
    assert worlds._keep(np.array([*moves, *[0] * 4], dtype=float)) is (kept is not None)
    assert [one.tolist() for one in worlds._values[1:]] == ([] if kept is None else [kept])


@pytest.mark.parametrize(
    ("world", "moved"),
    [
        ((0, 1000), []),
        ((3, 1000), ["a"]),
        ((0, 900), ["b"]),
        ((TOLERANCE, 1000.001), []),
        ((TOLERANCE * 1.5, 1000.0011), ["a", "b"]),
    ],
)
def test_what_moves_is_what_differs_by_more_than_sums_of_floats_do(world, moved):
    assert names(Worlds(numbers(0, 1000))._moved(np.array(world))) == moved


def test_a_form_is_a_line_and_an_unknown_a_column():
    matrix = _matrix([{1: Decimal("0.5")}, {}, {0: Decimal(-1), 1: Decimal(1)}], 3)
    assert matrix.toarray().tolist() == [[0, 0.5, 0], [0, 0, 0], [-1, 1, 0]]
    assert _matrix([], 2).shape == (0, 2)


# answers that are kept ------------------------------------------------------------


class Heard(Solutions):
    """Hears the questions, and what says whether an answer holds."""

    def __init__(self, file: Path | None = None):
        super().__init__(file)
        self.questions: list[str] = []

    def of(self, question, size, find, holds):
        self.questions.append(question)
        self.size, self.holds = size, holds
        return super().of(question, size, find, holds)


ANSWER = [3, 0, 0, 0, 3, 0, 0, 0]  # up: a, b; down: a, b; then the same of their numbers


@pytest.mark.parametrize(
    ("changed", "holds"),
    [
        ({}, True),
        ({place: 0 for place in range(8)}, False),  # what was asked does not move
        ({0: 17, 4: 17}, False),  # more than a reader would assume
        ({0: 2}, False),  # it does not add up
        ({5: TOLERANCE}, True),
        ({7: -TOLERANCE}, True),
        ({1: 4 * TOLERANCE}, True),
        ({1: 4.5 * TOLERANCE}, False),
        ({7: -2 * TOLERANCE}, False),
        ({5: 2 * TOLERANCE}, False),
    ],
)
def test_a_kept_answer_is_one_that_adds_up_within_its_limits(changed, holds):
    heard = Heard()
    of = numbers(1, 8)
    Worlds(of, heard).nearest(of.cells[key("a")], 3, costing(), [key("b")])
    assert heard.size == len(ANSWER)
    answer = np.array([changed.get(place, value) for place, value in enumerate(ANSWER)], dtype=float)
    assert bool(heard.holds(answer)) is holds


def test_another_question_is_asked_where_anything_differs(tmp_path, monkeypatch):
    of, heard = numbers(1, 8), Heard(tmp_path / "secret.json")
    a, b = of.cells[key("a")], of.cells[key("b")]
    worlds = Worlds(of, heard)
    for cell, by, costs, fixed in [
        (a, 3, {}, ""),
        (b, 3, {}, ""),
        (a, 4, {}, ""),
        (a, 3, {"b": 2}, ""),
        (a, 3, {}, "b"),
    ]:
        worlds.nearest(cell, by, costing(**costs), [key(name) for name in fixed])
    Worlds(numbers(1, 8, t="ab"), heard).nearest(a, 3, costing(), [])
    assert len(set(heard.questions)) == 6
    worlds.nearest(a, 3, costing(), [])
    assert heard.questions[-1] == heard.questions[0]
    heard.keep()
    monkeypatch.setattr("pipelines.stages.publish.secret.attack.milp", never)
    again = Worlds(of, Solutions(tmp_path / "secret.json"))
    assert names(again.nearest(a, 3, costing(), [])) == ["a"] and again._values[-1].tolist() == [4, 8]


def test_answers_are_kept_from_one_publication_to_the_next_and_those_that_nobody_asked_for_dropped(tmp_path):
    file = tmp_path / "secret.json"
    first, found = Solutions(file), np.array([0, 2.5, 0, 3])
    assert first.of("some", 4, lambda: found, never) is found
    assert first.of("none", 4, lambda: None, never) is None
    assert not file.exists()
    first.keep()
    assert json.loads(file.read_text(encoding="utf-8")) == {"some": [[1, 2.5], [3, 3.0]], "none": None}
    assert file.stat().st_mode & 0o777 == 0o600
    written = file.stat().st_ino
    again = Solutions(file)
    assert again.of("some", 4, never, lambda answer: answer.tolist() == found.tolist()).tolist() == [0, 2.5, 0, 3]
    assert again.of("none", 4, never, never) is None
    again.keep()
    assert file.stat().st_ino == written  # nothing new
    last = Solutions(file)
    assert last.of("some", 4, lambda: np.array([1, 0, 0, 0]), lambda answer: False).tolist() == [1, 0, 0, 0]
    last.keep()
    assert json.loads(file.read_text(encoding="utf-8")) == {"some": [[0, 1.0]]}


@pytest.mark.parametrize("text", [None, "{"])
def test_without_kept_answers_all_are_searched_for(tmp_path, text):
    file = tmp_path / "secret.json"
    if text:
        file.write_text(text, encoding="utf-8")
    assert Solutions(file).of("some", 1, lambda: np.ones(1), never).tolist() == [1]
    nowhere = Solutions()
    nowhere.of("some", 1, lambda: np.ones(1), never)
    nowhere.keep()


def test_what_a_library_prints_by_itself_is_not_heard(capfd):
    """The solver writes to the standard output from C, some of it kept in memory until later."""
    libc = ctypes.CDLL(None)
    libc.setvbuf(ctypes.c_void_p.in_dll(libc, "stdout"), None, 0, 4096)  # PYTHONUNBUFFERED would keep nothing in memory
    print("avant")
    with _unheard():
        libc.puts(b"remarque")
        os.write(1, b"remarque\n")
    print("après")
    libc.fflush(None)
    assert capfd.readouterr().out == "avant\naprès\n"
