"""Each alert of the catalogue finds its row in a publication, and no other; its explanation, or a decision, takes it back."""

import duckdb
import pytest

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.evidence.findings import gather, stops_a_release
from pipelines.ledger.records import Finding
from pipelines.ledger.store import open_ledger
from pipelines.stages.publish.swap import publish
from tests.layers import rules
from tests.stages.publish.small import warehouse
from tests.stages.transform.conftest import Lab

ALERTS = load_catalogue().alerts
VIOLATIONS = (
    "exercice integer, atteinte varchar, nb_a_notifier bigint, nb_dans_les_72_heures bigint, nb_hors_delai bigint"
)
REQUESTS = "exercice integer, droit varchar, nb_en_cours bigint, nb_hors_delai bigint"
CHAPTERS = (
    "exercice integer, type_budget varchar, section varchar, sens_budgetaire varchar, code_chapitre varchar, "
    "libelle_chapitre varchar, credits_ouverts_eur decimal(18, 2), realise_eur decimal(18, 2), "
    "taux_realisation_pct decimal(20, 6)"
)
PRINCIPAL = (2020, "principal", "investissement", "dépense")
# alert → its columns, the row that must be found, those that must not, and the file of its explanation
CASES: dict[str, tuple[str, tuple, list[tuple], str]] = {
    "violation-hors-delai": (
        VIOLATIONS,
        (2020, "confidentialité", 2, 1, 1),
        [(2020, "disponibilité", 1, 1, 0), (2020, "intégrité", 0, 0, 0), (2020, "autre", None, 0, 0)],
        "2020/alertes/violation-hors-delai-confidentialite.md",
    ),
    "demande-sans-reponse": (
        REQUESTS,
        (2019, "accès", 1, 0),
        [(2019, "effacement", 0, 0), (2020, "accès", 0, 0)],
        "2019/alertes/demande-sans-reponse-acces.md",
    ),
    "chapitre-loin-du-prevu": (
        CHAPTERS,
        (*PRINCIPAL, "21", "Immobilisations", 700000, 100000, "14.29"),
        [
            (*PRINCIPAL, "20", "Licences", 700000, 690000, "98.57"),
            (*PRINCIPAL, "26", "Peu", 900, 0, 0),
            (*PRINCIPAL, "020", "Imprévu", 700000, None, None),
            (*PRINCIPAL, "040", "Ordre", 700000, 1, 0),
        ],
        "2020/alertes/chapitre-loin-du-prevu-principal-investissement-depense-21.md",
    ),
    "chapitre-sans-execution": (
        CHAPTERS,
        (*PRINCIPAL, "020", "Imprévu", 90, 5, "5.55"),
        [(*PRINCIPAL, "022", "Imprévu", 90, None, None), (*PRINCIPAL, "20", "Licences", 90, 90, 100)],
        "2020/alertes/chapitre-sans-execution-principal-investissement-depense-020.md",
    ),
}


def published(lab: Lab, name: str, columns: str, rows: list[tuple]) -> list[Finding]:
    """What a publication of these rows leaves to be explained."""
    lab.depot.layer.take("catalogue/alertes.yml")
    warehouse(lab)
    with duckdb.connect(str(lab.home.warehouse)) as db:
        db.execute(f"create table rapport.{ALERTS[name].table} ({columns})")
        for row in rows:
            db.execute(f"insert into rapport.{ALERTS[name].table} values ({', '.join('?' * len(row))})", row)
    with open_ledger(lab.home) as ledger:
        publish(lab.work(ledger), "b1", [])
    return unexplained(lab)


def unexplained(lab: Lab) -> list[Finding]:
    with open_ledger(lab.home) as ledger:
        return [one for one in gather(lab.work(ledger)) if one.code == "RAP-NOTE"]


def test_every_alert_has_its_publication():
    assert CASES.keys() == ALERTS.keys()


@pytest.mark.parametrize("name", CASES)
def test_an_alarming_row_waits_for_its_explanation(lab: Lab, name: str):
    columns, alarming, calm, note = CASES[name]
    (found,) = published(lab, name, columns, [*calm, alarming])
    assert (found.exercice, found.ou, found.cle) == (alarming[0], ALERTS[name].table, note)
    assert found.attendu == f"contenu/{note}"
    with open_ledger(lab.home) as ledger:
        (standing,) = ledger.standing([found])
    assert stops_a_release(standing, rules())
    path = lab.home.contenu / note
    path.parent.mkdir(parents=True)
    path.write_text("Parce que.", encoding="utf-8")
    assert unexplained(lab) == []


@pytest.mark.parametrize("name", CASES)
def test_what_alarms_nobody_waits_for_nothing(lab: Lab, name: str):
    columns, _, calm, _ = CASES[name]
    assert published(lab, name, columns, calm) == []


def test_a_condition_that_cannot_be_asked_is_named_with_its_line(lab: Lab):
    with pytest.raises(DeclarationError, match=r"alertes\.yml:\d+ quand, cle: .* exercice, atteinte$"):
        published(lab, "violation-hors-delai", "exercice integer, atteinte varchar", [])


MESSAGE = """\
id: essai
titre: Essai
sections:
  - id: partie
    titre: Partie
    blocs: [{genre: messages, messages: [{chiffre: a.b, plus: "Il y en a {valeur}."}]}]
"""
COLUMNS = "*, 'Agents' as libelle, 'agents' as unite, 'complet' as etat"


def answered(lab: Lab, value: int) -> tuple[Finding, bool]:
    """The sentences that a publication of this figure leaves, and whether they still wait for somebody."""
    warehouse(lab, value=value)
    with duckdb.connect(str(lab.home.warehouse)) as db:
        db.execute(f"create or replace table rapport.chiffres as select {COLUMNS} from rapport.chiffres")
    with open_ledger(lab.home) as ledger:
        publish(lab.work(ledger), "b1", [])
        found = [one for one in gather(lab.work(ledger)) if one.code == "RAP-MESSAGES"]
        (standing,) = ledger.standing(found)
        assert stops_a_release(standing, rules())
        return standing.finding, standing.is_open("2030-01-01")


def test_the_sentences_of_a_year_wait_for_somebody_who_answers_for_them_and_for_no_others(lab: Lab):
    lab.depot.layer.write("catalogue/report/00_essai.yml", MESSAGE)
    found, is_open = answered(lab, 3)
    assert is_open and found.message.endswith("Il y en a 3\u00a0agents.") and found.exercice == 2020
    with open_ledger(lab.home) as ledger:
        ledger.record_decision(found, "accepted", "relus", "A")
    assert answered(lab, 3) == (found, False)
    other, is_open = answered(lab, 4)
    assert is_open and other.id == found.id
