"""The content of the state of a year: counts, dimensions, verdict, findings with decisions, a failed build."""

import json
import shutil

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.ledger.records import Finding
from pipelines.runs.pages import DATA, PAGE, write_states
from tests.cli.conftest import VENTES_2019, Bench, check
from tests.runs.audit.findings import FIGURE, contradiction


def reasons(state: dict) -> list[str]:
    return [reason["texte"] for reason in state["verdict"]["raisons"]]


# dimensions -----------------------------------------------------------------------------------------------------


# content --------------------------------------------------------------------------------------------------------


def test_the_state_is_json_and_its_counts_are_those_of_the_ledger(filled, state_of):
    state = state_of(filled)
    assert json.loads(json.dumps(state)) == state
    assert state["collecte"]["lignes"] == {"lues": 7, "acceptees": 3, "refusees": 2, "ignorees": 2}
    assert (state["collecte"]["recus"], state["collecte"]["attendus"]) == (2, 2)
    by_table = {table["table"]: table["controles"] for table in state["controles"]["tables"]}
    assert [c["cle"] for c in by_table["ventes/ventes"]] == ["bilan", "ok", "alerte", "echeance"]
    assert state["controles"]["total"] == sum(map(len, by_table.values()))
    assert sum(d["total"] for d in state["controles"]["dimensions"]) == state["controles"]["total"]
    assert (state["controles"]["echecs"], state["controles"]["alertes"]) == (0, 1)
    refused = [c for c in state["constats"] if c["code"] == "LIG-TYPE"]
    assert {(c["fichier"], c["ligne"]) for c in refused} == {("ventes_2019.csv", 3), ("agents_2019.csv", 3)}
    sales = next(e for e in state["collecte"]["exports"] if e["export"] == "ventes/ventes")
    with filled.ledger() as ledger:
        manifest = ledger.current()["ventes/ventes", 2019].manifest
    assert sales["fichiers"] == [{"nom": "ventes_2019.csv", "sha256": manifest.files[0].sha256}]
    assert sales["recu_le"].endswith("+00:00")


def test_nothing_is_publishable_before_a_publication_and_all_is_after(filled, state_of):
    assert reasons(state_of(filled)) == ["rien n’est encore publié"]
    filled.publish(FIGURE)
    state = state_of(filled)
    assert state["verdict"] == {"publiable": True, "raisons": []}
    assert state["chiffres"] == {
        "total": 1,
        "manquants": 0,
        "sans_objet": 0,
        "partiels": 0,
        "version": None,
        "inchanges": None,
    }


def test_a_figure_that_a_held_build_would_change_is_not_called_unchanged(filled, state_of):
    filled.publish(FIGURE)
    frozen = filled.home.releases / "2019-v1"
    shutil.copytree(filled.home.published.resolve() / "rapport", frozen / "rapport")
    visas = {"prepared_by": "A", "reviewed_by": "B", "approved_by": "C"}
    with filled.ledger() as ledger:
        ledger.record_release("2019-v1", 2019, 1, "f", "b1", visas, None, "c" * 64)
    assert state_of(filled)["chiffres"]["inchanges"] == 1
    with filled.ledger() as ledger:
        change = Finding("REL-ECART", "bloquant", 2019, "essai.ventes.total", "Chiffre figé qui changerait")
        ledger.record_build("b2", True, [], [])
        ledger.record_findings("b2", [change])
    held = state_of(filled)
    assert "des chiffres d’un exercice figé changeraient" in reasons(held)
    assert held["chiffres"]["inchanges"] == 0 and held["cles"][-1]["nombres"] == [0, 1]


def test_a_missing_export_and_a_refused_delivery_are_shown(bench, state_of):
    bench.refuse("ventes/ventes", 2019, DeliveryRefused("FIC-VIDE", fichier="v.csv"), "abc")
    state = state_of(bench)
    assert reasons(state)[:2] == ["1 export manque", "1 livraison est refusée"]
    first, second = state["collecte"]["exports"][:2]
    assert (first["etat"], first["refus"]["code"]) == ("refusé", "FIC-VIDE")
    (table,) = [t for t in state["controles"]["tables"] if t["table"] == "ventes/ventes"]
    assert [c["observe"] for c in table["controles"] if c["cle"] == "echeance"] == ["reçu et refusé"]
    assert (second["etat"], second["export"]) == ("manque", "personnel/agents")
    assert state["echantillon"]["lignes"] == []


def test_a_refused_delivery_shows_its_checks_and_keeps_the_former_one(filled, state_of):
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V9;05/01/2019;1,00\n")
    filled.receive("ventes/ventes", 2019, check("total_du_mois", False))
    state = state_of(filled)
    assert "1 contrôle bloquant échoue" in reasons(state)
    sales = next(e for e in state["collecte"]["exports"] if e["export"] == "ventes/ventes")
    assert (sales["etat"], sales["compte"], sales["lignes"]["lues"]) == ("refusé", True, 4)
    (table,) = [t for t in state["controles"]["tables"] if t["table"] == "ventes/ventes"]
    assert [c["resultat"] for c in table["controles"] if c["cle"] == "total_du_mois"] == ["échec"]


def test_what_a_decision_accepts_is_no_reason_against_the_year(filled, state_of):
    filled.publish(FIGURE)
    filled.refuse("ventes/ventes", 2019, DeliveryRefused("FIC-VIDE", fichier="v.csv"), "abc")
    assert reasons(state_of(filled)) == ["1 livraison est refusée"]
    accept_all(filled, state_of)
    assert state_of(filled)["verdict"]["publiable"]
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V9;05/01/2019;1,00\n")
    filled.receive("ventes/ventes", 2019, check("total_du_mois", False))
    assert reasons(state_of(filled)) == ["1 contrôle bloquant échoue"]
    accept_all(filled, state_of)
    state = state_of(filled)
    assert state["verdict"]["publiable"] and state["controles"]["echecs"] == 1  # the verdict of the check stays


def test_every_finding_that_stops_a_release_is_a_reason(filled, state_of):
    filled.publish(FIGURE, Finding("SEC-AUDIT", "bloquant", 2019, "rpt_x", "Nombre que l’on peut déduire"))
    assert reasons(state_of(filled)) == ["1 constat est à décider"]


def accept_all(bench: Bench, state_of) -> None:
    for one in state_of(bench)["constats"]:
        if one["arrete"]:
            missing = [] if one["effet"] == "rien" else ["--missing", "connu"]
            done = bench.millesime("decide", one["constat"], "--because", "vu", "--by", "A. Martin", *missing)
            assert done.exit_code == 0, done.output


def decide(bench: Bench, finding: Finding, until: str | None) -> None:
    with bench.ledger() as ledger:
        ledger.record_decision(finding, "accepted", "arrondi", "A. Martin", until)


def test_what_must_be_decided_stops_the_year_until_somebody_does_and_again_when_it_expires(filled, state_of):
    filled.publish(FIGURE, contradiction())
    state = state_of(filled)
    assert reasons(state) == ["1 constat est à décider"]
    assert (state["constats"][0]["code"], state["constats"][0]["arrete"]) == ("PUB-ECART", True)
    decide(filled, contradiction(), "2100-12-31")
    state = state_of(filled)
    assert state["verdict"]["publiable"]
    last = state["constats"][-1]
    assert (last["code"], last["etat"], last["decision"]["decided_by"]) == ("PUB-ECART", "accepté", "A. Martin")
    decide(filled, contradiction(), "2019-12-31")
    state = state_of(filled)
    assert state["constats"][0]["etat"] == "décision expirée"
    assert reasons(state) == ["1 constat est à décider"]


def test_a_build_that_failed_shows(filled, state_of):
    filled.publish(FIGURE)
    tests = [
        {"name": "cle_chiffres", "kind": "test", "status": "fail", "failures": 3, "message": None},
        {"name": "annexe", "kind": "exposure", "status": "no-op", "failures": 0, "message": None},
    ]
    with filled.ledger() as ledger:
        ledger.record_build("x2", False, [], tests)
        failed = Finding("DBT-ECHEC", "bloquant", 0, "cle_chiffres", "Règle de l’entrepôt en échec")
        ledger.record_findings("x2", [failed])
    state = state_of(filled)
    assert reasons(state) == ["la dernière construction de l’entrepôt a échoué"]
    assert state["construction"]["en_cause"] == ["cle_chiffres"]
    assert (state["entrepot"]["total"], state["entrepot"]["echecs"]) == (1, 1)
    assert state["constats"][0]["code"] == "DBT-ECHEC"
    assert state["chiffres"]["total"] == 1  # those of the publication that stays


def test_what_was_accepted_since_the_publication_is_shown(filled, state_of):
    filled.publish(FIGURE)
    filled.drop("2019/ventes/ventes_2019.csv", VENTES_2019 + "V9;05/01/2019;1,00\n")
    filled.receive("ventes/ventes", 2019)
    assert reasons(state_of(filled)) == ["1 livraison acceptée n’est pas publiée"]


def test_a_changed_file_is_an_anomaly(filled, state_of):
    filled.publish(FIGURE)
    path = next(path for path in filled.home.archive.iterdir() if path.is_file())
    path.write_bytes(b"other")
    state = state_of(filled)
    assert reasons(state) == ["1 anomalie de vérification"]
    assert path.name in state["reproduire"]["verification"]["anomalies"][0]


def test_the_files_are_written_whole_and_say_the_same(filled):
    with filled.work() as work:
        (page,) = write_states(work, [2019])
    assert page == filled.home.audit / "2019" / PAGE
    assert sorted(path.name for path in page.parent.iterdir()) == ["SHA256SUMS", PAGE, DATA]
    assert json.loads((page.parent / DATA).read_text(encoding="utf-8"))["exercice"] == 2019


def test_the_command_says_the_verdict_and_ends_with_it(filled):
    done = filled.millesime("audit", 2019)
    assert done.exit_code == 1 and "rien n’est encore publié" in done.stdout
    filled.publish(FIGURE)
    done = filled.millesime("audit", 2019, "--seed", 3, "--sample", 1)
    assert done.exit_code == 0 and "Publiable" in done.stdout
    sample = json.loads((filled.home.audit / "2019" / DATA).read_text(encoding="utf-8"))["echantillon"]
    assert (sample["graine"], sample["taille"], sample["tires"]) == (3, 1, 1)
    assert filled.millesime("audit", 1999).exit_code == 2
