"""``compare``: what differs between two versions, without the numbers that the public profile hides."""

import json
from pathlib import Path

import duckdb
import pytest

from pipelines.ledger.state import STATE
from tests.cli.conftest import Bench

FIGURES = """
select code, {year} as exercice, valeur, 'agents' as unite, 0 as decimales, code_manquant, code as libelle from (values
    ('rh.effectif.total', {total}::decimal(20, 6), null::varchar), ('rh.effectif.femmes', {women}, {hidden})
) t (code, valeur, code_manquant)
"""
VISAS = {"prepared_by": "A", "reviewed_by": "B", "approved_by": "C"}


def figures(folder: Path, total: int, women: int | None) -> None:
    (folder / "rapport").mkdir(parents=True)
    hidden, number = ("'s'", "null") if women is None else ("null", str(women))
    query = FIGURES.format(year=2019, total=total, women=number, hidden=hidden)
    duckdb.sql(f"copy ({query}) to '{folder / 'rapport' / 'chiffres.parquet'}' (format parquet)")


def freeze(bench: Bench, version: int, total: int, women: int, *, is_public: bool = True) -> None:
    """A release whose public profile hides how many women there are."""
    folder = bench.home.releases / f"2019-v{version}"
    figures(folder, total, women)
    if is_public:
        figures(folder / "public", total, None)
    (folder / STATE).write_text("{}", encoding="utf-8")
    with bench.ledger() as ledger:
        ledger.record_release(folder.name, 2019, version, "f", "b", VISAS, "export corrigé", "s")


@pytest.fixture
def corrected(filled: Bench) -> Bench:
    freeze(filled, 1, 30, 3)
    freeze(filled, 2, 38, 4)
    return filled


def test_no_hidden_number_is_in_an_erratum(corrected: Bench):
    done = corrected.millesime("compare", "2019-v1", "2019-v2")
    assert "rh.effectif.total" in done.stdout and "femmes" not in done.stdout and done.exit_code == 1
    assert "à ne pas diffuser" not in done.stdout
    said = json.loads(corrected.millesime("compare", "2019-v1", "2019-v2", "--format", "json").stdout)
    assert said["profile"] == "public" and [c["code"] for c in said["changes"]] == ["rh.effectif.total"]


def test_the_internal_one_says_that_it_is(corrected: Bench):
    done = corrected.millesime("compare", "2019-v1", "2019-v2", "--profile", "interne")
    assert "Erratum au rapport d’activité 2019 — profil interne, à ne pas diffuser" in done.stdout
    assert "rh.effectif.femmes" in done.stdout


def test_a_version_without_a_public_profile_is_not_compared_from_the_other(corrected: Bench):
    freeze(corrected, 3, 40, 2, is_public=False)
    done = corrected.millesime("compare", "2019-v2", "2019-v3")
    assert done.exit_code == 1
    assert "la version 2019-v3 n’a pas de profil public : --profile interne" in done.stderr and not done.stdout


def test_a_warehouse_that_was_edited_is_compared_with_nothing(corrected: Bench):
    corrected.home.warehouse.parent.mkdir(parents=True)
    with duckdb.connect(str(corrected.home.warehouse)) as db:
        db.execute("create table edited as select 1 as one")
    done = corrected.millesime("compare", "2019-v1")
    assert done.exit_code == 1 and not done.stdout
    assert "n’est pas l’entrepôt qui a été construit et contrôlé" in done.stderr
