"""Every expectation of every table passes on valid rows, fails on rows made to break it, and says where."""

from pathlib import Path

import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.stages.validate.failing_lines import failing_lines
from pipelines.stages.validate.judge import judge
from pipelines.stages.validate.suite import Suite, compile_suite
from tests.stages.validate.rows import EXERCICE, NUMBER_OF_ROWS, ValidRows, assert_readable, breaking, write

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
        (result,) = judge(path, Suite(system, table.name, (spec,)))
        assert (result.success, result.error) == (False, None), how
        assert result.severity == spec.severity
        lines = [(file, line) for file, line, _ in failing_lines(path, suite, key, limit=1000)]
        assert len(lines) == (result.unexpected or 0), how
        if offending is not None:
            assert result.unexpected == offending, how
            assert ("export.csv", broken[0]["_ligne"]) in lines
        elif spec.broken is not None:
            made = {("export.csv", row["_ligne"]) for row in broken[NUMBER_OF_ROWS:]}
            assert made & set(lines), f"{how}: none of the rows made to break it is named"
    assert cases, f"nothing breaks {key}"


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
