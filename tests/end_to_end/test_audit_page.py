"""The audit page of the demonstration: valid, accessible, without personal data, and also written when a build fails."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.sources import ExportRef
from pipelines.ledger.records import Manifest
from pipelines.ledger.store import open_ledger
from pipelines.settings import PROJECT_ROOT, Home
from pipelines.sql import parquet_scan
from pipelines.stages.ingest.archived_lines import cells_at
from tests.end_to_end.conftest import millesime
from tests.runs.audit.pages import assert_same_content, assert_sound
from tests.stages.report.browser import opened, violations


def page_of(home: Path, year: int) -> tuple[str, dict]:
    folder = home / "audit" / str(year)
    return (folder / "etat.html").read_text("utf-8"), json.loads((folder / "etat.json").read_text("utf-8"))


@pytest.mark.parametrize("year", [2018, 2019, 2020])
def test_the_page_of_each_year_is_written_by_the_main_job_and_says_what_the_ledger_says(demonstration, year):
    text, data = page_of(demonstration, year)
    assert_same_content(assert_sound(text), data)
    assert "DÉMONSTRATION" in text
    with open_ledger(Home(demonstration)) as ledger:
        current = [c.manifest for (_, of), c in ledger.current().items() if of == year]
    counts = [table for manifest in current for table in manifest.tables.values()]
    assert data["collecte"]["lignes"]["lues"] == sum(table.lues for table in counts)
    assert data["collecte"]["lignes"]["acceptees"] == sum(table.acceptees for table in counts)
    assert data["echantillon"]["tires"] == 60 and data["echantillon"]["graine"] == year * 10000 + 1231
    assert data["publication"]["en_retard"] == [] and data["construction"]["reussie"]
    assert [one["exercice"] for one in data["annees"]] == list(range(2018, year + 1))
    assert {table["table"] for table in data["controles"]["tables"]} >= {
        f"{manifest.system}/{name}" for manifest in current for name in manifest.tables
    }
    assert all(cell["cellule"] is not None for line in data["echantillon"]["lignes"] for cell in line["cellules"][:1])


def test_what_stops_the_year_is_what_must_be_decided(demonstration):
    _, data = page_of(demonstration, 2020)
    waiting = json.loads(millesime(demonstration, "findings", "2020", "--format", "json").stdout)["constats"]
    # what is kept too long, or was not sent, depends on the day: commands report it
    waiting = [one for one in waiting if not one["code"].startswith(("CONS-", "TRA-"))]
    assert {one["constat"] for one in data["constats"]} == {one["constat"] for one in waiting}
    assert [one["ou"] for one in data["constats"] if one["ou"] == "finances.annexe.fonctionnement.resultat"]
    assert not data["verdict"]["publiable"]


@pytest.mark.parametrize("width", [1280, 320])
def test_the_page_is_accessible_and_fits_its_width(demonstration, width):
    with opened(demonstration / "audit" / "2020" / "etat.html", width) as tab:
        assert violations(tab) == []
        assert tab.evaluate("document.documentElement.scrollWidth") == width


def personal_cells(home: Home, ref: ExportRef, manifest: Manifest) -> set[str]:
    """The cells under the personal headings of the originals of a delivery."""
    found = set()
    for table in ref.export.tables:
        headings = table.header_of(manifest.exercice)
        hidden = [
            headings[f.name] for f in table.fields if f.personal in ("drop", "pseudonymise") and f.name in headings
        ]
        rows = duckdb.sql(
            f"select distinct _fichier, _feuille from {parquet_scan(home.lake / manifest.tables[table.name].parquet)}"
        ).fetchall()
        places = {(table.name, fichier, feuille, line) for fichier, feuille in rows for line in range(1, 5000)}
        for records in cells_at(home, ref, manifest, places).values() if hidden else []:
            found |= {cells[heading].strip() for cells in records for heading in hidden if heading in cells}
    return {cell for cell in found if len(cell) >= 5 and not cell.isdecimal()}


def test_no_personal_value_of_any_export_is_in_the_page_or_its_data(demonstration):
    home, registry = Home(demonstration), load_catalogue().registry
    with open_ledger(home) as ledger:
        current = [c.manifest for (_, year), c in ledger.current().items() if year == 2020]
    secrets = set().union(*(personal_cells(home, registry.export_of(m.export_key), m) for m in current))
    assert len(secrets) > 1000
    _, data = page_of(demonstration, 2020)
    said = set(_texts(data))
    assert sorted(secrets & said) == []
    words = {word for text in said for word in text.split()}
    assert sorted({cell for cell in secrets if "." in cell or "@" in cell} & words) == []  # logins and addresses


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []


@pytest.fixture
def copy(demonstration: Path, tmp_path: Path) -> Path:
    """A home of the test's own."""
    shutil.copytree(demonstration, tmp_path / "home", symlinks=True)
    shutil.copy(demonstration.parent / "key", tmp_path / "key")
    return tmp_path / "home"


@pytest.mark.campaign(minutes=1)
def test_a_failed_build_writes_the_page_and_the_former_figures_stay_in_it(copy, tmp_path):
    before = page_of(copy, 2020)[1]
    (copy / "warehouse" / "current" / "warehouse.duckdb").unlink()  # so that a build is needed
    script = f"""
        from pathlib import Path
        from pipelines.runs.outcome import Ending
        from pipelines.settings import Home
        from pipelines.runs import build
        from pipelines.stages.transform.dbt import ENGINE, NodeResult
        home = Home(Path({str(copy)!r}))
        build.build_by_engine = lambda *_: [NodeResult("dbt", ENGINE, "error", None, "dbt ne s’est pas exécuté")]
        from pipelines.defs.run import run_jobs
        report = run_jobs(home, [2020], ["absences"])
        assert "dbt ne s’est pas exécuté" in report.ended(Ending.NOT_BUILT).message, report
    """
    environment = {**os.environ, "MILLESIME_HOME": str(copy), "MILLESIME_KEY_FILE": str(tmp_path / "key")}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env=environment,
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    text, after = page_of(copy, 2020)
    assert "la dernière construction de l’entrepôt a échoué" in [r["texte"] for r in after["verdict"]["raisons"]]
    assert not after["construction"]["reussie"] and after["construction"]["id"].startswith("x")
    assert after["rapprochements"] == before["rapprochements"] and after["chiffres"] == before["chiffres"]
    assert_same_content(assert_sound(text), after)


def test_the_documentation_of_the_tables_is_one_page_that_asks_for_nothing(copy):
    done = millesime(copy, "docs")
    assert done.returncode == 0, done.stderr
    page = copy / "docs" / "dbt.html"
    millesime(copy, "audit", "2020")
    assert 'href="../../docs/dbt.html"' in page_of(copy, 2020)[0]
    with opened(page, 1280, asks_itself=True) as tab:
        tab.goto(f"{page.as_uri()}#!/model/model.rapport_activite.rpt_rapprochement_publie")
        tab.get_by_text("Chiffres publiés comparés aux chiffres recalculés").first.wait_for(timeout=20_000)
