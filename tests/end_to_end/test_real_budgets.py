"""Real budget documents through the same command, into a home of another organisation."""

import csv
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from pipelines.catalogue.organisation import Budget
from tests.end_to_end.conftest import millesime, opened
from tests.end_to_end.real_budgets import DOCUMENTS, make_home
from tests.stages.publish.scdl import problems

pytestmark = pytest.mark.campaign(minutes=1)

EXPECTED = {  # (document, section, direction): credits, realised, restes à réaliser
    ("crach_principal_CA_2021", "F", "D"): ("3855999.06", "2379073.90", "0"),
    ("crach_principal_CA_2021", "F", "R"): ("3855999.06", "3890478.15", "0"),
    ("crach_principal_CA_2021", "I", "D"): ("2547537.75", "1054480.59", "385503.58"),
    ("crach_principal_CA_2021", "I", "R"): ("2547537.75", "1237217.13", "123839.60"),
    ("crach_annexe_CA_2021", "F", "D"): ("1710288.70", "1140494.23", "0"),
    ("crach_annexe_CA_2021", "F", "R"): ("1710288.70", "1173197.82", "0"),
    ("crach_annexe_CA_2021", "I", "D"): ("2595000.00", "0", "0"),
    ("crach_annexe_CA_2021", "I", "R"): ("2595000.00", "2148068.48", "0"),
    ("mohon_CFU_2023", "F", "D"): ("1760461.02", "714695.98", "0"),
    ("mohon_CFU_2023", "F", "R"): ("1760461.02", "1699824.83", "0"),
    ("mohon_CFU_2023", "I", "D"): ("1552241.01", "267588.09", "241880"),
    ("mohon_CFU_2023", "I", "R"): ("1552241.01", "312286.77", "7945"),
}

OTHER = "autre_organisme.xml"
SECTION = {"fonctionnement": "F", "investissement": "I"}
SIDE = {"dépense": "D", "recette": "R"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("reels") / "home"
    make_home(home)
    for folder in (home / "landing").iterdir():
        for path in folder.glob("budget/mohon*.xml"):  # and the document as it is: another body's
            shutil.copy(DOCUMENTS / path.name, path.with_name(OTHER))
    done = millesime(home, "run", "2021", "2022", "2023")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return home


def test_sections_of_real_documents_are_exact(home: Path) -> None:
    rows = (
        opened(home)
        .execute(
            "select document_id, section, sens_budgetaire, credits_ouverts_eur, realise_eur, restes_a_realiser_eur "
            "from rapport.rpt_finances__sections"
        )
        .fetchall()
    )
    found = {}
    for document, section, direction, *amounts in rows:
        name = next((d for d, _, _ in EXPECTED if d in document), None)
        if name:
            found[(name, SECTION[section], SIDE[direction])] = tuple(amounts)
    assert found == {key: tuple(map(Decimal, amounts)) for key, amounts in EXPECTED.items()}


def test_a_document_of_another_body_enters_no_table_and_is_a_finding(home: Path) -> None:
    report = opened(home)
    assert report.execute("select motif, fichier from marts.fct_documents_ecartes").fetchall() == [
        ("document d’un autre organisme", OTHER)
    ]
    assert report.execute("select fichier, recu from audit.constats where code_regle = 'FIN-ORGANISME'").fetchall() == [
        (OTHER, "21560134500014")
    ]
    sums = report.execute(
        "select sum(realise_eur) from marts.fct_lignes_documents where exercice = 2023 and sens_budgetaire = 'recette'"
    ).fetchone()
    assert sums == (Decimal("1699824.83") + Decimal("312286.77"),)


def test_no_reconciliation_of_real_documents_raises_an_alarm(home: Path) -> None:
    report = opened(home)
    controls = (
        "select count(distinct controle), count(*) filter (not est_egal) from rapport.rpt_finances__rapprochements"
    )
    assert report.execute(controls).fetchone() == (7, 0)  # all but the ledger
    # neither the document of another body nor the list of budgets, which nobody confirmed, is a reconciliation
    codes = "select code_regle from audit.constats where code_regle like 'FIN-%'"
    assert {code for (code,) in report.execute(codes).fetchall()} == {"FIN-ORGANISME", "FIN-LISTE"}


def test_the_budgets_of_the_documents_are_proposed_as_lines_of_the_organisation(home: Path) -> None:
    said = opened(home).execute("select exercice, aide from audit.constats where code_regle = 'FIN-LISTE'").fetchall()
    for year, aide in said:
        proposed = [Budget(**one) for one in yaml.safe_load(aide.partition("\n")[2])]
        received = opened(home).execute(
            f"select distinct siret, code_budget, type_budget from marts.fct_documents_budgetaires where exercice = {year}"
        )
        assert [(one.siret, one.code, one.type) for one in proposed] == sorted(received.fetchall())
        assert {(one.nomenclature, one.debut) for one in proposed} <= {("M14", year), ("M57", year), ("M4", year)}


def test_the_published_budget_is_valid_open_data(home: Path) -> None:
    folder = home / "published" / "scdl"
    assert problems(folder) == []
    with (folder / "budget_2023.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert {line["BGT_NATDEC"] for line in lines} == {"compte administratif"}  # the CFU, as the package says
    assert sum(Decimal(line["BGT_MTREAL"]) for line in lines if line["BGT_CODRD"] == "dépense") == Decimal("982284.07")
    assert len(lines) == 163
