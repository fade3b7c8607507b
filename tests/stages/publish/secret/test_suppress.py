"""Which cells are hidden, on tables small enough to work out by hand."""

from decimal import Decimal

import pytest

from pipelines.stages.publish.secret.attack import Worlds
from pipelines.stages.publish.secret.cells import Cell, Numbers, SecrecyBroken
from pipelines.stages.publish.secret.suppress import (
    _cost,
    _primary,
    _reopen,
    former_values,
    is_primary,
    known_cells,
    needed,
    still_public,
    suppress,
)
from tests.stages.publish.secret.by_hand import THRESHOLD, key, numbers


def hidden(of: Numbers, former=None, **kwargs) -> dict[str, str]:
    found = suppress(Worlds(of), THRESHOLD, former or {}, **kwargs)
    return {"".join(cell[2]): kind for cell, kind in found.items()}


def cell(value: int, *, unit: int = 1, detail: int = 1, is_mean: bool = False) -> Cell:
    return Cell(key("a"), "a", 2020, "agents", {0: Decimal(1)}, Decimal(value), unit, detail, is_mean)


@pytest.mark.parametrize(
    ("value", "unit", "small"),
    [
        (0, 1, False),
        (1, 1, True),
        (3, 1, True),
        (4, 1, False),
        (-3, 1, True),
        (-4, 1, False),
        (39, 10, True),
        (40, 10, False),
    ],
)
def test_small_is_fewer_persons_than_the_threshold_and_not_nobody(value, unit, small):
    assert cell(value, unit=unit).is_small(THRESHOLD) is small
    assert not cell(value, unit=unit, is_mean=True).is_small(THRESHOLD)


def test_a_hidden_number_keeps_as_many_values_as_the_threshold():
    assert (needed(cell(2), 4), needed(cell(2, unit=1820), 5)) == (3, 7280)


def test_what_was_ever_published_of_a_cell_is_found_by_its_names():
    of = numbers(9, 8)
    of.names[key("b")] = ["2020 b", "2020 beta"]
    former = former_values(
        of, [("2020 a", Decimal(7)), ("2020 beta", Decimal(8)), ("2020 b", Decimal(6)), ("2019 a", Decimal(1))]
    )
    assert former == {key("a"): {Decimal(7)}, key("b"): {Decimal(6), Decimal(8)}}
    assert still_public(Worlds(of), former) == {key("b")}
    assert former_values(of, []) == {key("a"): set(), key("b"): set()}


@pytest.mark.parametrize(
    ("value", "published", "moved"),
    [(9, 9, False), (9, 8, True), (9, 6, True), (9, 5, False), (6, 9, True), (5, 9, False)],
)
def test_a_number_that_few_persons_changed_since_it_was_published_is_hidden(value, published, moved):
    of, former = numbers(value), {key("a"): {Decimal(published)}}
    assert is_primary(of, of.cells[key("a")], THRESHOLD, former, {}) is moved
    hours = numbers(1820 * value, unit=1820)
    former_hours = {key("a"): {Decimal(1820 * published)}}
    assert is_primary(hours, hours.cells[key("a")], THRESHOLD, former_hours, {}) is moved
    mean = Cell(key("a"), "a", 2020, "agents", {}, Decimal(value), 1, 1, True)
    assert is_primary(of, mean, THRESHOLD, former, {}) is False


def test_a_number_that_follows_a_hidden_one_is_hidden_unless_it_is_nothing_or_public_already():
    of = numbers(9, 8, 0)
    of.follows = {key("a"): key("b"), key("c"): key("b")}
    a, c = of.cells[key("a")], of.cells[key("c")]
    assert is_primary(of, a, THRESHOLD, {}, {key("b")}) is True
    assert is_primary(of, a, THRESHOLD, {}, {key("c")}) is False
    assert is_primary(of, a, THRESHOLD, {key("a"): {Decimal(9)}}, {key("b")}) is False
    assert is_primary(of, c, THRESHOLD, {}, {key("b")}) is False
    of.moved = {key("c")}
    assert is_primary(of, c, THRESHOLD, {}, {}) is True


@pytest.mark.parametrize(("before", "hides"), [(9, False), (7, True), (5, False)])
def test_a_number_that_gives_away_a_small_change_since_the_year_before_is_hidden(before, hides):
    of = numbers(9, before)
    of.compared = {key("a"): key("b")}
    a = of.cells[key("a")]
    assert is_primary(of, a, THRESHOLD, {key("b"): {Decimal(before)}}, {}) is hides
    assert is_primary(of, a, THRESHOLD, {}, {}) is False
    assert is_primary(of, a, THRESHOLD, {key("b"): {Decimal(before)}, key("a"): {Decimal(9)}}, {}) is False


def test_nothing_small_nothing_hidden():
    assert hidden(numbers(9, 8, 7, 6, t="abcd", r="ab", s="cd")) == {}


def test_a_small_number_takes_its_line_and_its_column_with_it():
    assert hidden(numbers(1, 8, 7, 6, t="abcd", r="ab", s="cd", u="ac", v="bd")) == {
        "a": "primaire",
        "b": "secondaire",
        "c": "secondaire",
        "d": "secondaire",
    }


def test_what_is_hidden_with_it_is_what_costs_readers_least():
    assert hidden(numbers(1, 50, 6, t="abc")) == {"a": "primaire", "c": "secondaire"}
    assert hidden(numbers(3, 50, 6, t="abc")) == {"a": "primaire", "c": "secondaire"}
    assert hidden(numbers(1, 50, t="ab")) == {"a": "primaire", "b": "secondaire"}  # the total is worth more


def test_two_small_numbers_that_their_sum_gives_away_take_a_third():
    assert hidden(numbers(1, 2, 50, t="abc")) == {"a": "primaire", "b": "primaire", "c": "secondaire"}


def test_hours_are_counted_by_person():
    assert hidden(numbers(1511, 23478, 22768, unit=1820, t="abc")) == {"a": "primaire", "c": "secondaire"}


def test_what_is_hidden_already_costs_nothing_even_where_an_hour_costs_little():
    found = hidden(numbers(1511, 1500, 23478, 22768, unit=1820, t="abcd"))
    assert found == {"a": "primaire", "b": "primaire", "d": "secondaire"}


def test_nothing_more_is_hidden_for_a_number_that_has_just_enough_possible_values():
    assert hidden(numbers(1, 3, 3, 4, r="cd", s="abd", t="abc")) == {
        **{"a": "primaire", "b": "primaire", "c": "primaire"},
        **{"cd": "secondaire", "abc": "secondaire"},
    }


def test_what_was_published_stays_and_what_was_hidden_too():
    of = numbers(1, 6, 50, t="abc")
    assert hidden(of, former={key("b"): {Decimal(6)}}) == {"a": "primaire", "c": "secondaire"}
    assert hidden(of, fixed=([key("b")], [])) == {"a": "primaire", "c": "secondaire"}
    assert hidden(of, fixed=([], [key("c")])) == {"a": "primaire", "c": "secondaire"}
    assert hidden(numbers(9, 8, t="ab"), fixed=([], [key("b")])) == {"b": "secondaire"}
    kept = [(*key("b")[:3], "ages"), key("b")]  # a sum and a mean of the same agents
    assert suppress(Worlds(numbers(9, 8, t="ab")), THRESHOLD, {}, ([], kept)) == dict.fromkeys(kept, "secondaire")


def test_what_can_be_had_from_what_is_public_stops_the_publication():
    of = numbers(1, 6, t="ab")
    with pytest.raises(SecrecyBroken) as stopped:
        hidden(of, former={key("b"): {Decimal(6)}, key("ab"): {Decimal(7)}})
    assert (stopped.value.code, stopped.value.where, stopped.value.exercice) == ("SEC-DEJA-PUBLIE", "agents", 2020)
    assert str(stopped.value) == "un nombre à masquer se déduit de ce qui a déjà été publié"


def test_what_a_reader_knows_is_what_is_shown_or_was():
    of = numbers(1, 8)
    worlds = Worlds(of)
    assert known_cells(worlds, set(), {key("a")}) == {key("b")}
    assert known_cells(worlds, {key("a")}, {key("a")}) == {key("a"), key("b")}


def test_the_smallest_and_finest_come_first():
    of = numbers(3, 1, 2, r="bc", s="ab")  # a sum of 4 is not small
    of.cells = dict(reversed(of.cells.items()))
    first = _primary(of, THRESHOLD, {}, {})
    assert [one.label for one in first] == ["b", "c", "a", "bc"]
    of = numbers(2, 2)
    of.cells = dict(reversed(of.cells.items()))
    assert [one.label for one in _primary(of, THRESHOLD, {}, {})] == ["a", "b"]


@pytest.mark.parametrize(
    ("one", "cost"),
    [
        (cell(10, detail=2), 13),
        (cell(-10, detail=2), 13),
        (cell(10, detail=1), 39),
        (cell(10, detail=0), 104),
        (cell(3640, unit=1820, detail=2), 5 / 1820),
        (cell(400, detail=2, is_mean=True), 23 / 20),
    ],
)
def test_what_a_hidden_number_costs_readers(one, cost):
    assert _cost(one) == pytest.approx(cost)


def test_what_the_proof_can_do_without_is_shown_again_the_costliest_first():
    of = numbers(1, 8, 50, t="abc")
    worlds = Worlds(of)
    a = of.cells[key("a")]
    for other in ("b", "c"):  # a world where it moves with the one, then one where it moves with the other
        worlds.nearest(a, 3, _cost, [key(name) for name in ("b", "c", "abc") if name != other])
    all_hidden = {key("a"): "primaire", key("b"): "secondaire", key("c"): "secondaire"}
    assert _reopen(worlds, THRESHOLD, set(), all_hidden, []) == {key("a"): "primaire", key("b"): "secondaire"}
    assert _reopen(worlds, THRESHOLD, set(), all_hidden, [key("c")]) == {key("a"): "primaire", key("c"): "secondaire"}
    assert _reopen(worlds, THRESHOLD, {key("b")}, all_hidden, []) == {key("a"): "primaire", key("c"): "secondaire"}


def test_of_two_numbers_that_cost_the_same_one_is_shown_again_whichever_was_hidden_first():
    of = numbers(1, 8, 8, t="abc")
    worlds = Worlds(of)
    for other in ("b", "c"):
        worlds.nearest(of.cells[key("a")], 3, _cost, [key(name) for name in ("b", "c", "abc") if name != other])
    for first, second in ("bc", "cb"):
        all_hidden = {key("a"): "primaire", key(first): "secondaire", key(second): "secondaire"}
        assert list(_reopen(worlds, THRESHOLD, set(), all_hidden, [])) == [key("a"), key("c")]
