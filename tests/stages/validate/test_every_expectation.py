"""Every expectation of every table passes on valid rows, fails on rows made to break it, and tells its supplier where and why."""

import datetime as dt
from pathlib import Path

import pytest

from pipelines.catalogue.expectation_types import ExpectationSpec
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.source_grammar import Table
from pipelines.evidence.rejects import REFUSED_DELIVERY, check_rejects
from pipelines.ledger.records import CheckResult, DeliveredFile, Manifest, TableCounts
from pipelines.stages.validate.failing_lines import failing_lines, received
from pipelines.stages.validate.judge import judge
from pipelines.stages.validate.suite import Suite, compile_suite
from tests.stages.validate.rows import EXERCICE, NUMBER_OF_ROWS, ValidRows, assert_readable, breaking, write
from tests.supplier import read

PREVIOUS = NUMBER_OF_ROWS


CATALOGUE = load_catalogue()


def distinct_tables() -> dict[str, tuple[str, object, Suite]]:
    """Every declared table, those of one shape once."""
    found = {}
    for system, table in CATALOGUE.registry.tables():
        files = CATALOGUE.suites_of(system.system, table)
        suite = compile_suite(system.system, table, files, exercice=EXERCICE, previous_rows=PREVIOUS)
        known = (str(table.shapes), str(suite.specs)) if table.shapes else (system.system, table.name)
        found.setdefault(known, (system.system, table, suite))
    return {f"{system}/{table.name}": (system, table, suite) for system, table, suite in found.values()}


TABLES = distinct_tables()
EXPECTATIONS = [(name, spec.key) for name, (_, _, suite) in TABLES.items() for spec in suite.specs]


def test_no_declared_table_lacks_a_suite() -> None:
    tables = [(system.system, table) for system, table in CATALOGUE.registry.tables()]
    assert [f"{system}/{table.name}" for system, table in tables if not CATALOGUE.suites_of(system, table)] == []
    for system, table in tables:
        files = CATALOGUE.suites_of(system, table)
        suite = compile_suite(system, table, files, exercice=EXERCICE)
        may_be_empty = any(file.may_be_empty for file in files)
        assert may_be_empty or suite.spec("non_vide").severity == "critical", f"{system}/{table.name}"


def test_no_suite_file_is_left_without_its_table() -> None:
    registry = CATALOGUE.registry
    declared = {f"systems/{s.system}/{t.name}" for s, t in registry.tables()}
    assert CATALOGUE.suites.on.keys() <= declared | {f"shapes/{name}" for name in registry.shapes}


@pytest.mark.parametrize("name", TABLES)
def test_valid_rows_pass_everything(name: str, tmp_path: Path) -> None:
    system, table, suite = TABLES[name]
    rows = ValidRows(system, table).take()
    assert_readable(table, rows)
    path = write(tmp_path / "lot.parquet", table, rows)
    results = judge(path, suite)
    assert [(r.key, r.success, r.error) for r in results] == [(spec.key, True, None) for spec in suite.specs]
    assert not [spec.key for spec in suite.specs if failing_lines(path, suite, spec.key)]


@pytest.mark.parametrize("name", TABLES)
def test_an_empty_table_fails_unless_its_suite_says_why_not(name: str, tmp_path: Path) -> None:
    system, table, suite = TABLES[name]
    results = {r.key: r for r in judge(write(tmp_path / "lot.parquet", table, []), suite)}
    assert not any(r.success is None for r in results.values())
    if any(file.may_be_empty for file in CATALOGUE.suites_of(system, table)):
        assert "non_vide" not in results
    else:
        assert results["non_vide"].success is False
        assert results["non_vide"].blocks
        assert results["non_vide"].observed == "0 ligne"


@pytest.mark.parametrize(("name", "key"), EXPECTATIONS, ids=[f"{name}-{key}" for name, key in EXPECTATIONS])
def test_it_fails_on_rows_made_to_break_it(name: str, key: str, tmp_path: Path) -> None:
    system, table, suite = TABLES[name]
    more, spec = ValidRows(system, table), suite.spec(key)
    rows, cases = more.take(), 0
    for how, broken, offending in breaking(spec, rows, more):
        cases += 1
        path = write(tmp_path / f"{cases}.parquet", table, broken)
        (result,) = judge(path, Suite(system, table.name, (spec,), shown=suite.shown))
        assert (result.success, result.error) == (False, None), how
        assert result.severity == spec.severity
        found = failing_lines(path, suite, key, limit=1000)
        lines = [(file, line) for file, line, _ in found]
        assert len(lines) == (result.unexpected or 0), how
        if offending is not None:
            assert result.unexpected == offending, how
            assert ("export.csv", broken[0]["_ligne"]) in lines
        elif spec.broken is not None:
            made = {("export.csv", row["_ligne"]) for row in broken[NUMBER_OF_ROWS:]}
            assert made & set(lines), f"{how}: none of the rows made to break it is named"
        for row in told(system, table, spec, result, found[:20]):
            assert (row["ligne"] is not None) == (spec.broken is not None) or row["recu"].endswith(")"), row
            assert (row["colonne"] is not None) == (spec.column is not None), row
            assert (row["gravite"] == REFUSED_DELIVERY) == (spec.severity == "critical"), row
            if table.has_personal_data and row["ligne"]:
                assert "masqué" in row["recu"] or "vide" in row["recu"], row
    assert cases, f"nothing breaks {key}"


def told(system: str, table: Table, spec: ExpectationSpec, result: CheckResult, lines: list) -> list[dict]:
    """What the supplier of a table reads of a check that failed: of the first line that breaks it, and of the end."""
    ref = next(
        ref for ref in CATALOGUE.registry.exports() if ref.system.system == system and table in ref.export.tables
    )
    files = [DeliveredFile("export.csv", "0" * 64, 1)]
    counts = {table.name: TableCounts(0, 0, 0, 0, "lot.parquet", "")}
    manifest = Manifest("0" * 32, system, ref.export.name, EXERCICE, files, counts)
    rejects = check_rejects(ref, manifest, table.name, result, lambda *_: lines, CATALOGUE.rules)
    return [read(one, table, EXERCICE, expected=limits_of(spec, table)) for one in (rejects[0], rejects[-1])]


def limits_of(spec: ExpectationSpec, table: Table) -> list[str]:
    """The bounds and the values of an expectation, as a file of the table writes them."""
    field = next((one for one in table.fields if one.name == spec.column), None)
    words = field.values if field else {}
    bounds = [spec.kwargs[name] for name in ("min_value", "max_value") if spec.kwargs.get(name) is not None]
    if spec.key == "non_vide":
        return ["au moins une ligne"]
    if field and field.personal == "generalise":  # a band, by its first age
        bounds[-1] += field.band - 1
    values = [word for value in spec.kwargs.get("value_set", []) for word in words.get(value) or [value]]
    if spec.type == "expect_column_distinct_values_to_contain_set":  # what was received says which month is absent
        values = [field.trueValues[0] if one is True else one for one in values if not isinstance(one, dt.date)]
    return [one.strftime("%d/%m/%Y") if isinstance(one, dt.date) else received(one) for one in (*bounds, *values)]


def test_one_print_job_without_pages_refuses_nothing(tmp_path: Path) -> None:
    """A job that was not printed is reported; columns mistaken for one another are refused."""
    system, table, suite = TABLES["editique/travaux"]
    more = ValidRows(system, table)
    rows = [*more.take(), more.row({"nb_documents": 1, "nb_pages": 0, "nb_feuilles": 0, "nb_plis": 1})]
    results = judge(write(tmp_path / "lot.parquet", table, rows), suite)
    assert [(r.key, r.blocks) for r in results if not r.success] == [("moins_de_pages_que_de_documents", False)]
    swapped = [row | {"nb_documents": row["nb_pages"], "nb_pages": row["nb_documents"]} for row in rows]
    results = judge(write(tmp_path / "autre.parquet", table, swapped), suite)
    assert "pages_et_documents_intervertis" in {r.key for r in results if r.blocks}
