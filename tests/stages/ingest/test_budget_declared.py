"""The budgets that the organisation declares: the documents expected each year, and documents of other budgets."""

from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest
import yaml

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Budget, Organisation
from pipelines.ledger.records import Finding
from tests.dbt.compiled import Compiled
from tests.stages.ingest.budget_documents import budget, document, line
from tests.stages.ingest.budget_warehouse import STATE, built_of, found_in, rows

PRINCIPAL, ANNEXE, NEW = "25940011700018", "25940011700026", "25940011700034"
OTHER_TYPE = "25940011700042"


def voted(
    year: int,
    siret: str,
    kind: str,
    decision: str = "09",
    nomenclature: str = "M14-M14_COM_SUP3500",
    label: str | None = None,
) -> bytes:
    amounts = {"MtReal": "1.00"} if decision == "09" else {"CredOuv": "1.00"}
    lines = [line("6064", "D", **amounts)]
    text = budget(decision, year, lines, siret=siret, kind=kind, nomenclature=nomenclature)
    return document(text.replace(f"Essai {kind}", label or f"Essai {kind}"))


DOCUMENTS = {
    # all that is expected, and the accounts of a budget that nobody declares
    2018: {
        "bp.xml": voted(2018, PRINCIPAL, "P", "01"),
        "ca.xml": voted(2018, PRINCIPAL, "P"),
        "bp_a.xml": voted(2018, ANNEXE, "A", "01", label="Budget Régie d'eau - exercice 2018"),
        "ca_a.xml": voted(2018, ANNEXE, "A", label="COMPTE ADMINISTRATIF 2018"),
        "ca_n.xml": voted(2018, NEW, "A"),
    },
    # the annexe has neither budget nor accounts; those of the principal are in another nomenclature than declared
    2019: {
        "bp.xml": voted(2019, PRINCIPAL, "P", "01"),
        "ca.xml": voted(2019, PRINCIPAL, "P", nomenclature="M57-M57_D"),
    },
    # mandats of both budgets: the accounts of the principal, and the budget of the annexe, place them
    2017: {
        "ca.xml": voted(2017, PRINCIPAL, "P"),
        "bp_a.xml": voted(2017, ANNEXE, "A", "01"),
        # declared a principal budget
        "bp_t.xml": voted(2017, OTHER_TYPE, "A", "01"),
        "ca_t.xml": voted(2017, OTHER_TYPE, "A"),
    },
    # the annexe is closed; the principal has no accounts
    2020: {"bp.xml": voted(2020, PRINCIPAL, "P", "01")},
}
DECLARED = [
    {"siret": PRINCIPAL, "code": "0P", "libelle": "Ville", "nomenclature": "M14"},
    {"siret": ANNEXE, "nomenclature": "M14_COM_SUP3500", "fin": 2019},
    {"siret": OTHER_TYPE, "type": "principal", "nomenclature": "M14", "debut": 2017, "fin": 2017},
]


@pytest.fixture(scope="module")
def warehouse(compiled: Compiled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The documents in one warehouse, with finance models and figures built."""
    organisation = Organisation(
        nom="Essai",
        sigle="E",
        siren="259400117",
        exercices={"premier": 2017, "dernier": 2020},
        systemes=["budget"],
        budgets=DECLARED,
    )
    with built_of(DOCUMENTS, compiled, tmp_path_factory.mktemp("declares"), organisation) as db:
        yield db


@pytest.fixture(scope="module")
def found(warehouse) -> list[Finding]:
    """What the build finds."""
    return found_in(warehouse)


def states(db, year: int) -> list[tuple]:
    query = f"select valeur, {STATE} from rapport.chiffres where exercice = ? and code = ?"
    return [
        rows(db, query, year, f"finances.{kind}.fonctionnement.depenses_realisees")[0]
        for kind in ("principal", "annexe")
    ]


def test_what_is_expected_and_came_is_whole(warehouse, found) -> None:
    assert states(warehouse, 2018) == [(Decimal("1.00"), "complet"), (Decimal("2.00"), "complet")]
    assert [one.recu for one in found if (one.code, one.exercice) == ("FIN-ATTENDU", 2018)] == []


def test_what_is_expected_and_did_not_come_is_missing_and_reported(warehouse, found) -> None:
    assert states(warehouse, 2019) == [(Decimal("1.00"), "complet"), (None, "manquant")]
    assert states(warehouse, 2020)[0] == (None, "manquant")
    assert [(one.exercice, one.attendu) for one in found if one.code == "FIN-ATTENDU" and one.exercice > 2017] == [
        (2019, f"budget primitif, budget {ANNEXE}"),
        (2019, f"comptes, budget {ANNEXE}"),
        (2020, f"comptes, budget {PRINCIPAL} 0P"),
    ]
    lacking = "select distinct motif from marts.fct_collecte where exercice = 2020 and nature_morceau = 'document' and not est_recue"
    assert rows(warehouse, lacking) == [("document attendu, et non reçu ou non compté",)]
    assert load_catalogue().rules["FIN-ATTENDU"].a_decider


def test_what_places_the_mandats_is_one_document_a_budget(warehouse) -> None:
    lacking = (
        "select piece from calculs.chiffres__pieces where code = 'finances.mandats' and exercice = ? "
        "and nature = 'document' and est_requise and not est_couverte order by piece"
    )
    assert rows(warehouse, lacking, 2017) == []
    assert rows(warehouse, lacking, 2019) == [(f"budget primitif, budget {ANNEXE}",), (f"comptes, budget {ANNEXE}",)]
    assert rows(warehouse, lacking, 2020) == []


def test_a_document_of_an_undeclared_budget_counts_and_the_lines_to_add_are_printed(found) -> None:
    undeclared = [one for one in found if one.code == "FIN-NON-DECLARE"]
    assert [(one.exercice, one.fichier, one.recu.replace("\u00a0", " ")) for one in undeclared] == [
        (2017, "bp_t.xml", "2 documents en M14"),
        (2018, "ca_n.xml", "1 document en M14"),
        (2019, "ca.xml", "1 document en M57"),
    ]
    (entry,) = yaml.safe_load(undeclared[1].aide.partition("\n")[2])
    assert Budget(**entry) == Budget(
        siret=NEW, code="0A", libelle="Essai A", type="annexe", nomenclature="M14", debut=2018
    )


def test_a_budget_is_called_by_its_name_and_not_by_the_title_of_its_document(warehouse) -> None:
    names = "select fichier, libelle_budget from marts.fct_documents_budgetaires where exercice = 2018 order by all"
    assert rows(warehouse, names) == [
        ("bp.xml", "Ville"),  # as organisation.yml says
        ("bp_a.xml", "Budget Régie d'eau"),
        ("ca.xml", "Ville"),
        ("ca_a.xml", "Commune d'essai"),  # nothing is left of the title: the body's own
        ("ca_n.xml", "Essai A"),
    ]
