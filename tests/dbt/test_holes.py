"""Members with lines in most months but none in some: the real model ``int_communs__trous``, on small invented series."""

from collections.abc import Callable, Iterable
from itertools import chain

import duckdb
import pytest

from pipelines.settings import shipped
from tests.catalogue.figures.sql import render

MODEL = shipped() / "dbt_project/models/intermediate/communs/int_communs__trous.sql"
YEAR = range(1, 13)


def lines(
    member: str,
    months: Iterable[int],
    number: int = 20,
    *,
    year: int = 2041,
    is_file: bool = False,
    alone: bool = False,
) -> list[tuple]:
    """``number`` lines of a member in each of these months; ``alone``: the table holds one a month."""
    return [("aide/tickets", year, "membre", member, is_file, alone, month, 1 if alone else number) for month in months]


@pytest.fixture
def holes() -> Callable[..., dict[str, tuple]]:
    """Function: lists of lines → member: (its months without a line, how many lines are expected)."""

    def find(*series: list[tuple], year: int = 2041) -> dict[str, tuple]:
        db = duckdb.connect()
        db.execute(
            "create table int_communs__series (source varchar, exercice integer, serie varchar, membre varchar, est_fichier boolean, "
            "est_une_par_mois boolean, mois integer, nb_lignes bigint)"
        )
        db.executemany("insert into int_communs__series values (?, ?, ?, ?, ?, ?, ?, ?)", [*chain(*series)])
        db.execute(f"create table trous as {render(MODEL.read_text(encoding='utf-8'))}")
        rows = db.execute(
            f"select membre, mois, cast(nb_attendues as integer) from trous where exercice = {year} order by all"
        ).fetchall()
        return {member: tuple(said) for member, *said in rows}

    return find


def test_a_member_without_a_line_for_half_a_year_is_a_hole_of_what_it_has_in_the_other_months(holes) -> None:
    assert holes(lines("A", range(1, 7)), lines("B", YEAR), lines("C", YEAR)) == {"A": ("7, 8, 9, 10, 11, 12", 120)}
    assert holes(lines("A", range(1, 6)), lines("B", YEAR)) == {"A": ("6, 7, 8, 9, 10, 11, 12", 140)}


def test_a_few_lines_say_nothing_and_a_quiet_month_expects_no_more_than_its_share(holes) -> None:
    assert holes(lines("A", range(1, 12), 2), lines("B", YEAR)) == {}
    quiet = [*lines("B", range(1, 9)), *lines("B", [9, 10, 11, 12], 1)]
    assert holes(lines("A", range(1, 9)), quiet) == {}  # 4 lines at most


def test_one_line_a_month_is_missed_when_a_single_one_lacks(holes) -> None:
    others = [lines(member, YEAR, alone=True) for member in "BC"]
    assert holes(lines("A", range(1, 12), alone=True), *others) == {"A": ("12", 1)}
    former = [lines(member, range(1, 12), year=2040, alone=True) for member in "ABC"]
    assert holes(*former, lines("A", range(1, 12), alone=True), *others) == {"A": ("12", 1)}  # as the year before


def test_a_new_member_is_expected_from_its_first_month_on(holes) -> None:
    former = lines("B", YEAR, year=2040)
    assert holes(former, lines("A", range(7, 13)), lines("B", YEAR)) == {}
    assert holes(lines("A", YEAR, year=2040), former, lines("A", range(7, 13)), lines("B", YEAR)) == {
        "A": ("1, 2, 3, 4, 5, 6", 120)
    }


def test_what_was_so_the_year_before_or_is_so_for_most_is_the_way_of_the_work(holes) -> None:
    seasonal = [lines("A", range(1, 7), year=year) for year in (2040, 2041)]
    assert holes(*seasonal, lines("B", YEAR, year=2040), lines("B", YEAR)) == {}
    assert holes(lines("A", range(1, 7)), lines("B", range(4, 10)), lines("C", range(7, 13))) == {}


def test_files_of_half_a_year_each_are_cut_so_and_one_of_several_that_stops_is_a_hole(holes) -> None:
    halves = lines("1.csv", range(1, 7), is_file=True), lines("2.csv", range(7, 13), is_file=True)
    assert holes(*halves) == {}
    months = [lines(f"{month}.csv", [month], is_file=True) for month in YEAR]
    assert holes(*months) == {}
    cut = lines("a.zip/orly.csv", range(1, 7), is_file=True)
    whole = lines("a.zip/ablon.csv", YEAR, is_file=True)
    former = lines("ancien.csv", YEAR, year=2040, is_file=True)
    assert holes(former, cut, whole) == {"a.zip/orly.csv": ("7, 8, 9, 10, 11, 12", 120)}


def test_lines_of_nobody_are_missed_by_nobody(holes) -> None:
    assert holes(lines("inconnue", range(1, 7)), lines("non_repartie", range(1, 7)), lines("B", YEAR)) == {}


def test_each_series_of_a_table_is_compared_with_itself_alone(holes) -> None:
    files = [("aide/tickets", 2041, "fichier", "export.csv", True, False, month, 40) for month in YEAR]
    assert holes(files, lines("A", range(1, 7)), lines("B", YEAR)) == {"A": ("7, 8, 9, 10, 11, 12", 120)}
