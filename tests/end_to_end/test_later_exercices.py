"""The demonstration through 2022: the years after the last report, with another HR system and invented figures."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from demo import chiffres
from demo.home import CONNUS, planted_defects
from pipelines.catalogue.load import load_catalogue
from tests.end_to_end.conftest import millesime, opened

pytestmark = pytest.mark.long

INDICATEURS = [declared.figure.indicateur for declared in load_catalogue().figures.indicators()]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    home: Path = tmp_path_factory.mktemp("suite") / "home"
    done = millesime(home, "demo", "--through", "2022", str(home))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return opened(home)


def test_every_expected_table_of_the_later_years_is_accepted(report) -> None:
    rows = report.execute(
        "select systeme, exercice, statut_collecte from rapport.rpt_collecte where exercice > 2020 and est_attendue"  # months too
    ).fetchall()
    assert {statut for _, _, statut in rows} == {"reçue"}
    systems = {exercice: {s for s, year, _ in rows if year == exercice} for exercice in (2021, 2022)}
    assert systems[2021] >= {"ciril_rh", "budget", "kolok"}
    assert systems[2022] - systems[2021] == {"dsn"}
    assert "cegid_rh" not in systems[2021]


def test_application_figures_of_the_later_years_are_the_invented_ones(report) -> None:
    rows = report.execute(
        "select code, exercice, valeur from rapport.chiffres where code like 'applications.%' and exercice > 2020"
    ).fetchall()
    assert {(code, exercice): Decimal(value) for code, exercice, value in rows} == {
        (f"applications.{application}.{indicateur}", exercice): chiffres.valeur(application, indicateur, exercice)
        for exercice in (2021, 2022)
        for application in chiffres.applications(exercice)
        for indicateur in INDICATEURS
        if chiffres.est_publie(application, indicateur, exercice)
    }


def test_refused_lines_are_the_planted_ones_and_no_other(report) -> None:
    refused = report.execute(
        "select exercice, systeme || '/' || nom_table, fichier, ligne, regle from audit.lignes_refusees"
    ).fetchall()
    planted = [d for d in planted_defects(CONNUS) if d.regle.startswith("LIG-")]
    assert sorted(refused) == sorted((d.exercice, d.table, d.fichier, d.ligne, d.regle) for d in planted)


def test_tables_that_hold_a_judged_defect_are_warned_about(report) -> None:
    warned = set(
        report.execute(
            "select exercice, ou from audit.constats where code_regle in ('ATT-ALERTE', 'TOTAL') and severite = 'alerte'"
        ).fetchall()
    )
    in_the_file = [
        d
        for d in planted_defects(CONNUS)
        if d.regle not in ("cadre_inconnu", "categorie_du_cadre") and not d.regle.startswith("LIG-")
    ]
    assert {(d.exercice, d.table) for d in in_the_file} <= warned
