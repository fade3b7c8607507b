"""The documentation of the tables is dbt's own page, filled without starting dbt."""

import json
from pathlib import Path

import duckdb
import pytest

from pipelines.settings import Home
from pipelines.stages.transform.docs import NoDocs, write_docs
from tests.stages.report.browser import opened

HOSTILE = "</script><script>alert(1)</script>"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home whose warehouse holds one table."""
    made = Home(tmp_path / "home")
    made.warehouse.parent.mkdir(parents=True)
    with duckdb.connect(str(made.warehouse)) as db:
        db.execute("create schema marts; create table marts.fct_x (exercice integer, montant_eur decimal(12, 2))")
    return made


@pytest.fixture
def manifest(home: Home) -> Path:
    node = {"schema": "marts", "alias": "fct_x", "database": "warehouse", "description": HOSTILE, "columns": {}}
    absent = {**node, "alias": "fct_absent"}
    file = home.dbt_manifest
    file.parent.mkdir(parents=True)
    content = {"metadata": {"generated_at": "2041-01-01"}, "nodes": {"m.x": node, "m.y": absent}, "sources": {}}
    file.write_text(json.dumps(content), encoding="utf-8")
    return file


def test_it_holds_the_manifest_and_what_stands_in_the_warehouse(home: Home, manifest: Path):
    page = write_docs(home).read_text(encoding="utf-8")
    assert "INLINE DATA" not in page
    catalog = json.JSONDecoder().raw_decode(page, page.index('{"metadata":{"dbt_schema_version"'))[0]
    assert list(catalog["nodes"]) == ["m.x"]
    columns = catalog["nodes"]["m.x"]["columns"]
    assert {name: column["type"] for name, column in columns.items()} == {
        "exercice": "INTEGER",
        "montant_eur": "DECIMAL(12,2)",
    }


def test_no_text_can_end_its_script(home: Home, manifest: Path):
    assert HOSTILE not in write_docs(home).read_text(encoding="utf-8")


def test_a_script_that_came_into_the_page_is_not_run(home: Home, manifest: Path):
    page = write_docs(home)
    text = page.read_text(encoding="utf-8")
    attack = "<script>alert(1)</script><img src=x onerror=alert(2)><script src=autre.js></script>"
    page.write_text(text.replace("</body>", f"{attack}<p>fin</p></body>"), encoding="utf-8")
    with opened(page, 1280, asks_itself=True) as tab:  # a dialog would fail
        assert tab.locator("p", has_text="fin").count() == 1
        assert tab.evaluate("typeof angular") == "object" or tab.title() == "dbt Docs"  # its own scripts are


def test_it_says_what_is_missing(home: Home, manifest: Path):
    manifest.unlink()
    with pytest.raises(NoDocs, match="dbt n’a pas encore lu"):
        write_docs(home)
    home.warehouse.unlink()
    with pytest.raises(NoDocs, match="entrepôt"):
        write_docs(home)
