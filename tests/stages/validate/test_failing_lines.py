"""The lines of a file where a check fails: in their order, and none where they cannot be told."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.catalogue.source_grammar import Constraints, Field, Table
from pipelines.stages.validate.failing_lines import failing_lines
from pipelines.stages.validate.judge import judge
from pipelines.stages.validate.suite import Suite, compile_suite
from tests.stages.validate.conftest import rule, suite_of
from tests.stages.validate.rows import ValidRows, write


def test_lines_come_in_order_with_their_file_and_a_limit(people: Table, tmp_path: Path) -> None:
    rows = ValidRows("essai", people).take(9)
    spoiled = [row | {"jours": 9, "_fichier": f"{'ba'[n % 2]}.csv"} for n, row in enumerate(rows)]
    path = write(tmp_path / "lot.parquet", people, spoiled)
    suite = suite_of(rule("jours", "jours > 5"))
    lines = failing_lines(path, suite, "jours", limit=5)
    assert lines == [
        ("a.csv", 6, {}),
        ("a.csv", 8, {}),
        ("a.csv", 10, {}),
        ("a.csv", 12, {}),
        ("b.csv", 5, {}),
    ]
    assert len(failing_lines(path, suite, "jours")) == 9


@pytest.mark.parametrize(
    ("kind", "least", "value", "said"),
    [
        ("integer", 0, -121, "−121"),
        ("number", 0, Decimal("-0.50"), "−0,5"),
        ("date", "2021-01-01", dt.date(2020, 1, 31), "31/01/2020"),
    ],
)
def test_a_wrong_value_is_named_with_the_heading_of_its_file_where_a_table_is_about_nobody(
    tmp_path: Path, kind: Any, least: Any, value: Any, said: str
) -> None:
    field = Field(name="n", title="Réunions", type=kind, constraints=Constraints(minimum=least))
    layout: dict[str, Any] = {"name": "usages", "title": "Usages", "header": {2020: {"n": "Meetings Organized"}}}
    table = Table(**layout, fields=[field])
    suite = compile_suite("essai", table, [], exercice=2020)
    path = write(tmp_path / "lot.parquet", table, [ValidRows("essai", table).take(1)[0] | {"n": value}])
    assert failing_lines(path, suite, "range.n") == [("export.csv", 5, {"n": said})]
    assert suite.spec("range.n").reason.startswith("« Meetings Organized » : ")
    (result,) = [one for one in judge(path, suite) if one.key == "range.n"]
    assert result.observed == f"1 ligne sur 1 : « {said} » (1 ligne)"

    person = Field(name="nom", title="Nom", personal="drop")
    masked = compile_suite("essai", Table(**layout, fields=[field, person]), [], exercice=2020)
    assert failing_lines(path, masked, "range.n") == [("export.csv", 5, {"n": None})]
    assert next(one for one in judge(path, masked) if one.key == "range.n").observed == "1 ligne sur 1"


def test_of_a_table_about_persons_only_what_is_empty_is_said(people: Table, tmp_path: Path) -> None:
    suite = compile_suite("essai", people, [], exercice=2020)
    (row,) = ValidRows("essai", people).take(1)
    path = write(tmp_path / "lot.parquet", people, [row | {"matricule": None, "quotite": 9}])
    assert failing_lines(path, suite, "required") == [("export.csv", 5, {"matricule": "vide"})]
    assert failing_lines(path, suite, "range.quotite") == [("export.csv", 5, {"quotite": None})]


def test_every_judged_cell_of_a_line_is_said_where_a_table_is_about_nobody(tmp_path: Path) -> None:
    fields = [Field(name=name, title=name, type="integer") for name in ("a", "b", "c")]
    table = Table(name="t", title="T", fields=fields, primaryKey=["a", "b"])
    suite = compile_suite("essai", table, [], exercice=2020)
    rows = [row | {"a": 1234, "b": 2, "c": None} for row in ValidRows("essai", table).take(2)]
    path = write(tmp_path / "lot.parquet", table, rows)
    assert [cells for _, _, cells in failing_lines(path, suite, "primary_key")] == [{"a": "1234", "b": "2"}] * 2
    spec = replace(suite.spec("primary_key"), key="autre", column="a, c")
    assert failing_lines(path, Suite("essai", "t", (spec,), shown=True), "autre")[0][2] == {"a": "1234", "c": "vide"}


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
