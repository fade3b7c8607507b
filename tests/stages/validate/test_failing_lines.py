"""The lines of a file where a check fails: in their order, and none where they cannot be told."""

from pathlib import Path

import pytest

from pipelines.catalogue.source_grammar import Table
from pipelines.stages.validate.failing_lines import failing_lines
from pipelines.stages.validate.suite import compile_suite
from tests.stages.validate.conftest import rule, suite_of
from tests.stages.validate.rows import ValidRows, write


def test_lines_come_in_order_with_their_file_and_a_limit(people: Table, tmp_path: Path) -> None:
    rows = ValidRows("essai", people).take(9)
    spoiled = [row | {"jours": 9, "_fichier": f"{'ba'[n % 2]}.csv"} for n, row in enumerate(rows)]
    path = write(tmp_path / "lot.parquet", people, spoiled)
    suite = suite_of(rule("jours", "jours > 5"))
    lines = failing_lines(path, suite, "jours", limit=5)
    assert lines == [("a.csv", 6), ("a.csv", 8), ("a.csv", 10), ("a.csv", 12), ("b.csv", 5)]
    assert len(failing_lines(path, suite, "jours")) == 9


def test_a_condition_with_or_keeps_its_meaning(people: Table, tmp_path: Path) -> None:
    path = write(tmp_path / "lot.parquet", people, ValidRows("essai", people).take(3))
    assert failing_lines(path, suite_of(rule("jamais", "jours < 0 or jours > 99")), "jamais") == []


def test_a_rule_that_some_value_stops_names_no_line_and_quotes_nothing(people: Table, tmp_path: Path) -> None:
    path = write(tmp_path / "lot.parquet", people, ValidRows("essai", people).take(3))
    assert failing_lines(path, suite_of(rule("texte", "cast(_fichier as date) > date '2020-01-01'")), "texte") == []


def test_an_unknown_expectation_is_an_error_and_a_count_has_no_line(people: Table, tmp_path: Path) -> None:
    path = write(tmp_path / "lot.parquet", people, [])
    suite = compile_suite("essai", people, [], exercice=2018)
    assert failing_lines(path, suite, "non_vide") == []
    with pytest.raises(KeyError, match="inconnue"):
        failing_lines(path, suite, "inconnue")
