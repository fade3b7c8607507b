"""The names of columns under one or several lines of headings."""

import pytest

from pipelines.catalogue.headings import joined, told_apart
from pipelines.catalogue.patterns import same


@pytest.mark.parametrize(
    ("lines", "headings"),
    [
        ([["Commune", " Prêts "]], ["Commune", "Prêts"]),
        ([["Commune", "Prêts", "", "Total"], ["", "Jan", "Fév", ""]], ["Commune", "Prêts Jan", "Prêts Fév", "Total"]),
        ([["", "Prêts", ""], ["Commune", "Jan", "Fév"]], ["Commune", "Prêts Jan", "Prêts Fév"]),
        ([["Commune", "Prêts"], ["", "Jan", "Fév"]], ["Commune", "Prêts Jan", "Prêts Fév"]),
        ([["Prêts", "", ""], ["Jan", "", "Fév"]], ["Prêts Jan", "", "Prêts Fév"]),  # a column of no name stays so
        ([["A", "", ""], ["B", "", "C"], ["x", "y", "z"]], ["A B x", "A B y", "A C z"]),
        ([["Code", "Code"], ["Code", "Nom"]], ["Code", "Code Nom"]),  # cells merged from top to bottom, repeated
    ],
)
def test_headings_stand_one_above_the_other(lines: list[list[str]], headings: list[str]) -> None:
    assert joined(lines) == headings


def test_columns_of_one_heading_are_numbered_where_that_is_asked() -> None:
    headings = ["Nom", "Tél", "TÉL", "Nom", ""]
    assert told_apart(headings, {"tél (2/2)"}) == ["Nom", "Tél", "TÉL (2/2)", "Nom", ""]
    assert told_apart(headings, {"tél (1/3)"}) == headings


def test_many_columns_of_one_name_are_numbered_in_one_reading():
    named = told_apart(["c"] * 300_000, {same("c (300000/300000)")})  # as many readings as columns would take an hour
    assert named[-1] == "c (300000/300000)" and named[0] == "c"
