"""Forbidden passages of a published report are found in its model, and stop a release until they are removed or accepted."""

import json
from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.evidence.findings import gather, stops_a_release
from pipelines.evidence.misprinted import RULE, is_there, misprinted
from pipelines.ledger.store import now
from pipelines.publication import FOLDERS, PROFILES
from tests.catalogue.chapters.printing import report, sentence
from tests.cli.conftest import Bench
from tests.layers import rules

NO_LOAN = load_catalogue().guards["sans-emprunt"]
GUARDS = f"""
gardes:
  signe: {{dit: un signe contraire, dans: [phrases], mots: −}}
  emprunt: {{dit: une dette, dans: [phrases], mots: emprunt, demande: {NO_LOAN.demande.model_dump_json()}}}
"""


def figures(folder: Path, rows: str) -> None:
    """The figures that an edition publishes."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as db:
        db.execute("create table t (code varchar, valeur decimal(20, 6), exercice integer, etat varchar)")
        db.execute(f"insert into t values {rows}")
        db.execute(f"copy t to '{folder / 'chiffres.parquet'}' (format parquet)")


@pytest.mark.parametrize(
    ("value", "state", "year", "is_answered"),
    [
        ("0", "complet", 2019, True),
        ("0", "partiel", 2019, False),
        ("5", "complet", 2019, False),
        ("null", "manquant", 2019, False),
        ("0", "complet", 2018, False),
    ],
)
def test_that_there_is_no_loan_needs_a_whole_debt_of_zero_that_year(
    tmp_path: Path, value: str, state: str, year: int, is_answered: bool
):
    figures(tmp_path, f"('finances.dette.encours', {value}, {year}, '{state}')")
    assert is_there(NO_LOAN.demande, tmp_path, 2019) == is_answered


def test_a_table_that_an_edition_does_not_publish_answers_nothing(tmp_path: Path):
    assert not is_there(NO_LOAN.demande, tmp_path, 2019)


def printed(bench: Bench, profile: str, text: str, **more: dict) -> None:
    """A report of 2019."""
    folder = bench.home.published / "report" / "2019" / profile
    folder.mkdir(parents=True, exist_ok=True)
    model = report(sentence(text), profile=profile) | {"exercice": 2019} | more
    (folder / "modele.json").write_text(json.dumps(model), encoding="utf-8")


def test_it_stops_a_release_until_it_goes_or_somebody_decides_of_these_very_words(bench: Bench):
    (bench.home.root / "catalogue").mkdir()
    (bench.home.root / "catalogue" / "alertes.yml").write_text(GUARDS, encoding="utf-8")
    with bench.ledger() as ledger:
        ledger.record_text(2019, "edito.md", "0" * 64, "rédigé", "A. Martin")
    for profile, value in zip(PROFILES, (0, 5), strict=True):
        figures(
            bench.home.published / FOLDERS[profile] / "rapport", f"('finances.dette.encours', {value}, 2019, 'complet')"
        )
        printed(bench, profile, "Ni emprunt, ni dette.")
    with bench.work() as work:
        (one,) = misprinted(work)  # each edition answers for itself
        assert one in gather(work) and (one.code, one.exercice) == (RULE, 2019)
        assert "une dette (édition publique, Essai, Partie)" in one.message
        (standing,) = work.ledger.standing([one])
        assert stops_a_release(standing, rules()) and standing.is_open(now()[:10])
        work.ledger.record_decision(one, "accepted", "vérifié", "A. Martin")
        assert not work.ledger.standing(misprinted(work))[0].is_open(now()[:10])
        printed(bench, "public", "Sans emprunt.")
        assert work.ledger.standing(misprinted(work))[0].is_open(now()[:10])
        printed(bench, "public", "soit −3")
        assert ["un signe contraire" in found.message for found in misprinted(work)] == [True]
