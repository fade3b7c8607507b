"""The judge: failures are distinguished from errors, no cell is ever shown, and deliveries do not affect one another."""

import itertools
import logging
import os
import signal
import socket
import tempfile
import threading
from pathlib import Path

import pytest

from pipelines.catalogue.expectation_types import ExpectationSpec
from pipelines.catalogue.source_grammar import Constraints, Field, Table
from pipelines.stages.validate import failing_lines as lines_module
from pipelines.stages.validate import judge as judge_module
from pipelines.stages.validate.failing_lines import failing_lines
from pipelines.stages.validate.judge import judge
from pipelines.stages.validate.suite import Suite, compile_suite
from tests.stages.validate.conftest import rule, suite_of
from tests.stages.validate.rows import ValidRows, write

CANARIES = ("ZZCANARIDUPONT", "Zélie Canarie-Martin", "DUPONTError", "1900101999999")


def expectation(key: str, type_: str, **kwargs) -> ExpectationSpec:
    return ExpectationSpec(key, type_, kwargs, "critical", kwargs.get("column"), "Raison.", "Remède.")


@pytest.fixture
def rows(people: Table) -> list[dict]:
    more = ValidRows("essai", people)
    return [more.row({"grade": f"grade {n}", "jours": n % 5}) for n in range(8)]


@pytest.fixture
def suite(people: Table) -> Suite:
    return compile_suite("essai", people, [], exercice=2018)


def outcome(results) -> dict:
    return {r.key: (r.success, r.unexpected, r.error) for r in results}


def test_a_check_that_breaks_is_not_a_failure_and_spoils_no_other(
    people: Table, rows: list[dict], tmp_path: Path
) -> None:
    path = write(tmp_path / "lot.parquet", people, rows)
    results = judge(
        path,
        suite_of(
            rule("colonne_inconnue", "inconnue = 1"),
            rule("conversion", "cast(service as integer) = 1"),
            rule("syntaxe", "service = = 1"),
            expectation("type_impossible", "expect_column_values_to_be_between", column="service", min_value=3),
            expectation("colonne_absente", "expect_column_values_to_be_unique", column="absente"),
            expectation("argument", "expect_column_values_to_be_between", column="jours", min_value="trois", zut=1),
            expectation("type_inconnu", "expect_the_moon"),
            expectation("bornes", "expect_column_values_to_be_between", column="jours", min_value=0, max_value=3),
            expectation("unique", "expect_column_values_to_be_unique", column="matricule"),
            expectation("nombre", "expect_table_row_count_to_be_between", min_value=1),
            rule("juste", "jours < 0"),
        ),
    )
    errors = {r.key: r.error for r in results if r.success is None}
    assert {"colonne_inconnue", "conversion", "syntaxe", "type_impossible"} <= set(errors)
    assert {"colonne_absente", "argument", "type_inconnu"} <= set(errors)
    assert "inconnue" in errors["colonne_inconnue"]
    assert errors["conversion"] == "ConversionException"
    assert errors["type_inconnu"] == "AttributeError"
    assert all(r.blocks for r in results if r.success is None)
    assert all(r.observed is None and r.unexpected is None for r in results if r.success is None)
    healthy = {key: value for key, value in outcome(results).items() if key not in errors}
    assert healthy == {
        "bornes": (False, 1, None),
        "unique": (True, 0, None),
        "nombre": (True, None, None),
        "juste": (True, 0, None),
    }


# each step is short, since a signal is looked for between them
ENDLESS = "jours = (select count(*) from range(1000000000000) as a where a.range % 1000000007 = -7)"


def test_an_interruption_is_no_verdict(people: Table, rows: list[dict], tmp_path: Path) -> None:
    path = write(tmp_path / "lot.parquet", people, rows)
    judge(path, suite_of(rule("fin", "jours < 0")))  # the library is imported
    threading.Timer(1, os.kill, [os.getpid(), signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        judge(path, suite_of(rule("sans_fin", ENDLESS)))
    assert outcome(judge(path, suite_of(rule("fin", "jours < 0")))) == {"fin": (True, 0, None)}


def test_the_two_shapes_of_an_exception_are_both_seen() -> None:
    class Outcome:
        def __init__(self, info: dict):
            self.exception_info, self.success = info, False

    raised = {"raised_exception": True, "exception_message": "(_duckdb.BinderException) Binder Error: no x"}
    assert judge_module._error(Outcome(raised)) == "BinderException: Binder Error: no x"
    assert judge_module._error(Outcome({"MetricConfigurationID(...)": raised})) == "BinderException: Binder Error: no x"
    assert judge_module._error(Outcome({"raised_exception": False})) is None
    assert judge_module._error(Outcome({})) is None
    assert judge_module._error(None) == "NoResult"
    quoting = raised | {"exception_message": "(x.ConversionException) Conversion Error: 'DUPONTError' is no INT32"}
    assert judge_module._error(Outcome(quoting)) == "ConversionException"


def test_no_cell_of_a_table_leaves_the_judge(
    people: Table, suite: Suite, rows: list[dict], tmp_path: Path, caplog, capsys
) -> None:
    spoiled = [
        row | {"matricule": canary, "service": canary, "grade": canary, "quotite": 9, "jours": 1900101 + n}
        for n, (row, canary) in enumerate(zip(rows, itertools.cycle(CANARIES), strict=False))
    ]
    path = write(tmp_path / "lot.parquet", people, spoiled)
    broken = suite_of(
        *suite.specs,
        rule("conversion", "cast(service as integer) = 1"),
        rule("date", "strptime(grade, '%d') is null"),
        rule("erreur", "error(service)"),
        expectation("type_impossible", "expect_column_values_to_be_between", column="grade", min_value=3),
        expectation("absents", "expect_column_distinct_values_to_contain_set", column="grade", value_set=["A", "B"]),
    )
    judge_module._judge_context.cache_clear()  # an engine decides what it logs when it is made
    with caplog.at_level(logging.DEBUG):
        results = judge(path, broken)
        lines = [failing_lines(path, broken, r.key) for r in results if r.success is False]
    assert {r.key for r in results if r.success is False} >= {"unique.grade", "enum.service", "absents"}
    assert {r.key for r in results if r.success is None} == {
        "conversion",
        "date",
        "erreur",
        "type_impossible",
    }
    shown = f"{results} {lines} {caplog.text} {capsys.readouterr()}"
    for canary in (*CANARIES, "1900101", "1900102"):
        assert canary not in shown
    assert next(r for r in results if r.key == "absents").observed == "absent : A, B"


def test_words_that_were_not_foreseen_are_shown_where_a_table_speaks_of_nobody(people: Table, tmp_path: Path) -> None:
    kept = [field.model_copy(update={"personal": None}) for field in people.fields if field.name == "service"]
    impersonal = people.model_copy(update={"fields": kept, "primaryKey": []})
    words = ["Z", "Z", "Z", "Y", "Y", *"ABC", "x" * 90, "DSI"]
    spoiled = [ValidRows("essai", impersonal).take(1)[0] | {"service": word} for word in words]
    path = write(tmp_path / "lot.parquet", impersonal, spoiled)

    def observed(table: Table) -> str:
        (spec,) = [one for one in compile_suite("essai", table, [], exercice=2020).specs if one.key == "enum.service"]
        suite = Suite("essai", "agents", (spec,), shown=not table.has_personal_data)
        (result,) = judge(path, suite)
        return result.observed.replace("\u202f", " ")

    said = "9 lignes sur 10 : « Z » (3 lignes), « Y » (2 lignes), « A » (1 ligne), « B » (1 ligne), « C » (1 ligne), et 1 autre valeur"
    assert observed(impersonal) == said
    assert observed(people) == "9 lignes sur 10"
    assert compile_suite("essai", impersonal, [], exercice=2020).shown
    assert not compile_suite("essai", people, [], exercice=2020).shown


@pytest.mark.parametrize("turned", [False, True])
def test_two_columns_in_each_other_s_place_are_recognised(tmp_path: Path, turned: bool) -> None:
    """Once, beside the checks that fail; two columns that are merely wrong are not."""
    kinds = [("type", "Nature", ["A", "B"]), ("etat", "État", ["Clos", "Ouvert"])]
    fields = [Field(name=name, title=title, constraints=Constraints(enum=words)) for name, title, words in kinds]
    table = Table(name="tickets", title="Tickets", fields=fields)
    suite = compile_suite("essai", table, [], exercice=2020)
    made = [{"type": "Clos", "etat": "A" if turned else "Z"}, {"type": "Ouvert", "etat": "B" if turned else "Z"}]
    rows = [row | one for row, one in zip(ValidRows("essai", table).take(2), made, strict=True)]
    results = judge(write(tmp_path / "lot.parquet", table, rows), suite)
    found = [(one.observed, one.code) for one in results if one.key == "colonnes_interverties"]
    said = ("les colonnes « Nature » et « État » sont sans doute interverties", "ATT-CRITIQUE")
    assert found == ([said] if turned else [])


def test_results_do_not_depend_on_the_order_of_the_suite(
    people: Table, suite: Suite, rows: list[dict], tmp_path: Path
) -> None:
    spoiled = [rows[0] | {"service": "ZZZ", "jours": 9}, rows[1] | {"grade": rows[2]["grade"]}, *rows[2:]]
    path = write(tmp_path / "lot.parquet", people, spoiled)
    expected = outcome(judge(path, suite))
    assert {key for key, (success, _, _) in expected.items() if not success} == {
        "enum.service",
        "unique.grade",
        "range.jours",
    }
    for shift in range(1, 4):
        turned = suite_of(*suite.specs[shift:], *suite.specs[:shift])
        results = judge(path, turned)
        assert [r.key for r in results] == [s.key for s in turned.specs]
        assert outcome(results) == expected


@pytest.fixture(params=[lines_module.SMALL, 0], ids=["small files", "large files"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge files as small ones, copied in memory, then as large ones, read where they lie."""
    monkeypatch.setattr(lines_module, "SMALL", request.param)


@pytest.mark.usefixtures("either_way")
def test_a_delivery_is_never_judged_on_the_rows_of_another(
    people: Table, suite: Suite, rows: list[dict], tmp_path: Path
) -> None:
    good = write(tmp_path / "bon.parquet", people, rows)
    bad = write(tmp_path / "mauvais.parquet", people, [rows[0] | {"service": "ZZZ"}, *rows[1:]])
    empty = write(tmp_path / "vide.parquet", people, [])
    for _ in range(2):
        assert all(r.success for r in judge(good, suite))
        assert [r.key for r in judge(bad, suite) if not r.success] == ["enum.service"]
        assert [r.key for r in judge(empty, suite) if not r.success] == ["non_vide"]
    bad.unlink()
    good.replace(bad)
    assert all(r.success for r in judge(bad, suite))


@pytest.mark.usefixtures("either_way")
def test_a_path_is_a_path_and_not_a_pattern(people: Table, suite: Suite, rows: list[dict], tmp_path: Path) -> None:
    strange = write(tmp_path / "exercice=1999" / "l'an [1] *?.parquet", people, rows)
    write(tmp_path / "exercice=1999" / "l'an 1 xx.parquet", people, [])
    judged = suite_of(*suite.specs, rule("exercice_du_dossier", "exercice <> 2018"))
    assert all(r.success for r in judge(strange, judged))


def test_bounds_are_included_and_exact(people: Table, suite: Suite, rows: list[dict], tmp_path: Path) -> None:
    from decimal import Decimal

    at_bounds = [rows[0] | {"quotite": Decimal("0.10")}, rows[1] | {"quotite": Decimal("1.00")}, *rows[2:]]
    path = write(tmp_path / "bornes.parquet", people, at_bounds)
    assert outcome(judge(path, suite))["range.quotite"] == (True, 0, None)


def test_mostly_tolerates_a_share(people: Table, rows: list[dict], tmp_path: Path) -> None:
    path = write(tmp_path / "lot.parquet", people, [*rows[:6], *(row | {"entree": None} for row in rows[6:])])
    for share, success in ((0.75, True), (0.8, False)):
        spec = expectation("entree", "expect_column_values_to_not_be_null", column="entree", mostly=share)
        (result,) = judge(path, suite_of(spec))
        assert result.success is success
        assert result.observed == (None if success else "2 lignes sur 8")


def test_missing_and_damaged_files_are_errors_of_the_program(
    people: Table, suite: Suite, rows: list[dict], tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        judge(tmp_path / "absent.parquet", suite)
    damaged = tmp_path / "abime.parquet"
    damaged.write_bytes(write(tmp_path / "lot.parquet", people, rows).read_bytes()[:-20])
    with pytest.raises(Exception, match="abime"):
        judge(damaged, suite)
    assert all(r.success for r in judge(tmp_path / "lot.parquet", suite))


def test_it_writes_nothing_and_calls_nobody(
    people: Table,
    suite: Suite,
    rows: list[dict],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = write(tmp_path / "lot.parquet", people, rows)
    called = []
    monkeypatch.setattr(socket.socket, "connect", lambda *arguments: called.append(arguments))
    elsewhere = tmp_path / "ici"
    elsewhere.mkdir()
    (tmp_path / "a$b").mkdir()  # the library reads $b as a variable
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "a$b"))
    monkeypatch.chdir(elsewhere)
    judge_module._judge_context.cache_clear()
    judge(path, suite)
    (spill,) = judge_module._judge_context()._run("select current_setting('temp_directory')")[0]
    assert Path(spill).parent != elsewhere
    assert Path(spill).stat().st_mode & 0o077 == 0
    assert not logging.getLogger("great_expectations.validator.validator").isEnabledFor(logging.CRITICAL)
    assert called == []
    assert list(elsewhere.iterdir()) == []
    assert capfd.readouterr() == ("", "")  # no progress bar
