"""What BI tools get of the demonstration: a PostgreSQL copy with descriptions, valid exports; a failed copy stops nothing."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import psycopg
import pytest
from frictionless import Package

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import load_organisation
from pipelines.disk import sha256_of
from pipelines.ledger.state import STATE, read_state
from pipelines.settings import PROJECT_ROOT, Home
from pipelines.stages.publish.superset import write_bundle
from tests.end_to_end.conftest import millesime
from tests.services import PostgreSQL, free_port, postgresql
from tests.stages.publish.bundles import Read

pytestmark = pytest.mark.campaign(minutes=2)

SECRET = "ne-doit-pas-sortir"
WITHOUT_KEY = {"marts.fct_travaux_edition"}  # a part of its key may be empty


@pytest.fixture(scope="module")
def home(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demonstration's home, since other tests read the original."""
    copy = tmp_path_factory.mktemp("bi") / "home"
    shutil.copytree(demonstration, copy, symlinks=True)
    shutil.copyfile(demonstration.parent / "key", copy.parent / "key")
    return copy


@pytest.fixture(scope="module")
def running() -> Iterator[PostgreSQL]:
    with postgresql() as server:
        yield server


def test_the_published_tables_are_on_the_server_described_and_keyed(running: PostgreSQL, home: Path):
    done = millesime(home, "run", "2020", MILLESIME_PUBLISH_URL=running.url())
    assert done.returncode == 0, done.stdout + done.stderr
    again = millesime(home, "publish", MILLESIME_PUBLISH_URL=running.url())
    assert again.returncode == 0 and "elle y était déjà" in again.stdout, again.stdout + again.stderr
    ours = "nspname in ('marts', 'rapport', 'audit')"
    with psycopg.connect(running.url()) as connection:
        listed = connection.execute("select objet, nb_lignes, publication from rapport.fraicheur").fetchall()
        silent = connection.execute(
            "select c.oid::regclass::text, attname from pg_class c join pg_namespace n on n.oid = relnamespace "
            f"join pg_attribute on attrelid = c.oid and attnum > 0 where relkind = 'r' and {ours} "
            "and (coalesce(obj_description(c.oid), '') = '' or coalesce(col_description(c.oid, attnum), '') = '')"
        ).fetchall()
        keyless = connection.execute(
            "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = relnamespace where relkind = 'r' "
            "and nspname in ('marts', 'rapport') and not exists (select from pg_index where indrelid = c.oid and indisprimary)"
        ).fetchall()
        figures = connection.execute("select count(*), count(valeur) from rapport.chiffres").fetchone()
        linked = connection.execute(
            "select distinct confrelid::regclass::text from pg_constraint where contype = 'f' and convalidated"
        ).fetchall()
    state = read_state(home / "published")
    tables = {n.removesuffix(".parquet").replace("/", ".") for n in state["files"] if n.count("/") == 1}
    assert {name for name, _, _ in listed} == {
        t for t in tables if t.partition(".")[0] in ("marts", "rapport", "audit") and t != "rapport.fraicheur"
    }
    assert {publication for _, _, publication in listed} == {sha256_of(home / "published" / STATE)[:32]}
    assert silent == []
    assert {name for (name,) in keyless} == WITHOUT_KEY
    assert {"marts.dim_exercice", "marts.dim_collectivite", "marts.fct_documents_budgetaires"} <= {n for (n,) in linked}
    assert figures[0] > 500 and figures[1] > 400


def compared_as(rows: list[tuple]) -> list[tuple[str, ...]]:
    """Rows in a form that ignores their order (a server sorts texts differently) and the scale of their numbers."""

    def said(value: object) -> str:
        is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
        return f"{Decimal(value).normalize():f}" if is_number else repr(value)

    return sorted(tuple(map(said, row)) for row in rows)


def test_the_dashboards_are_the_same_on_the_server(running: PostgreSQL, home: Path):
    """It runs after the test above: the SQL of ``docs/bi`` gives the same results there as on the file."""
    compared = 0
    file = home / "published" / "millesime.duckdb"
    with psycopg.connect(running.url()) as connection, duckdb.connect(str(file), read_only=True) as db:
        for path in sorted((PROJECT_ROOT / "docs" / "bi").glob("*.sql")):
            query = path.read_text(encoding="utf-8")
            rows = connection.execute(query).fetchall()
            assert rows and compared_as(rows) == compared_as(db.execute(query).fetchall()), path.name
            compared += 1
    assert compared >= 9


def test_the_measures_of_superset_are_the_same_on_the_server(running: PostgreSQL, home: Path, tmp_path: Path):
    """Each chart's query, made by hand from the bundle, runs on both and gives the same rows."""
    opened = Home(home)
    catalogue = load_catalogue(opened)
    organisation = load_organisation(opened, catalogue)
    bundle = Read(write_bundle(opened, catalogue, organisation, "interne", tmp_path / "s.zip").file)
    file = home / "published" / "millesime.duckdb"
    with psycopg.connect(running.url()) as connection, duckdb.connect(str(file), read_only=True) as db:
        for chart in bundle.all("charts"):
            query = bundle.asked(chart)
            there, here = connection.execute(query).fetchall(), db.execute(query).fetchall()
            assert compared_as(there) == compared_as(here), chart["slice_name"]


def test_a_server_that_is_down_stops_nothing_else(home: Path):
    published = (home / "published").readlink()
    url = f"postgresql://millesime:{SECRET}@127.0.0.1:{free_port()}/bi"
    done = millesime(home, "run", "2020", MILLESIME_PUBLISH_URL=url)
    assert done.returncode == 1
    assert "Erreur : rien n’est copié sur le serveur : PostgreSQL 127.0.0.1/bi n’est pas joignable" in done.stderr
    assert "Tout le reste est fait." in done.stderr
    assert (home / "published").readlink() == published
    again = millesime(home, "--debug", "publish", MILLESIME_PUBLISH_URL=url)
    assert again.returncode == 1 and "n’est pas joignable" in again.stderr
    said = done.stdout + done.stderr + again.stdout + again.stderr
    assert SECRET not in said
    kept = [path for path in (home / "dagster").rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert kept == []


def test_publish_needs_a_server(home: Path):
    done = millesime(home, "publish", MILLESIME_PUBLISH_URL="")
    assert done.returncode == 2 and "MILLESIME_PUBLISH_URL n’est pas définie" in done.stderr


@pytest.mark.parametrize(("profile", "least"), [("public", 40), ("interne", 90)])
def test_the_export_of_the_year_is_valid(home: Path, profile: str, least: int):
    done = millesime(home, "export", "2020", "--profile", profile)
    assert done.returncode == 0, done.stderr
    assert ("À ne pas diffuser" in done.stderr) == (profile == "interne")
    folder = home / "exports" / "2020" / profile
    report = Package(str(folder / "datapackage.json")).validate()
    assert report.valid, report.flatten(["name", "fieldName", "message"])[:5]
    assert len(report.tasks) > least
    checked = subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=False)
    assert checked.returncode == 0
    described = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    fields = [field for resource in described["resources"] for field in resource["schema"]["fields"]]
    assert all(field["description"] for field in fields)
    assert "DÉMONSTRATION" in described["title"]
    tables = {path.name.partition(".")[0] for path in (folder / "donnees").iterdir()}
    assert ("fct_tickets" in tables, "secret" in tables) == ((profile == "interne"),) * 2
    assert "fct_effectifs" not in tables  # of nobody's export: it singles persons out
    assert (folder / "scdl" / "budget_2020.csv").exists()


def test_a_year_that_is_not_the_organisations_is_refused(home: Path):
    done = millesime(home, "export", "1999")
    assert done.returncode == 2 and "2018 à 2020" in done.stderr
