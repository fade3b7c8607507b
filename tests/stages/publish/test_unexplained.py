"""An alert whose condition cannot be run is named; the sentences of a year need approval. ``tests/runs/test_gate.py`` raises each alert."""

import duckdb
import pytest

from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.evidence.findings import gather, stops_a_release
from pipelines.ledger.records import Finding
from pipelines.ledger.store import open_ledger
from pipelines.stages.publish.swap import publish
from pipelines.stages.publish.unexplained import unexplained
from tests.layers import rules
from tests.stages.publish.small import warehouse
from tests.stages.transform.conftest import Lab


def test_a_condition_that_cannot_be_asked_is_named_with_its_line(lab: Lab):
    lab.depot.layer.take("catalogue/alertes.yml")
    warehouse(lab)
    with duckdb.connect(str(lab.home.warehouse)) as db:
        db.execute("create table rapport.rpt_rgpd__violations (exercice integer, atteinte varchar)")
    with (
        open_ledger(lab.home) as ledger,
        pytest.raises(DeclarationError, match=r"alertes\.yml:\d+ quand, cle: .* exercice, atteinte$"),
    ):
        publish(lab.work(ledger), "b1", [])


ALERT = """\
alertes:
  forte: {table: rpt_effectifs, quand: hausse > 10, cle: [service, rang], dit: "{service} : {hausse:|un|# agents de plus}"}
  ailleurs: {table: rpt_absente, quand: "true", cle: [service], dit: "rien"}
"""


def test_a_row_that_raises_an_alarm_waits_for_its_text(lab: Lab):
    lab.depot.layer.write("catalogue/alertes.yml", ALERT)
    rows = "(2019, 'Régie', 1, 11), (2019, 'Voirie', 2, 10), (2020, 'Régie', 1, 12)"
    with duckdb.connect() as db, open_ledger(lab.home) as ledger:
        db.execute(
            f"create schema rapport; create table rapport.rpt_effectifs as from (values {rows}) t(exercice, service, rang, hausse)"
        )
        work = lab.work(ledger)
        rule, notes = work.rules["RAP-NOTE"], [f"{year}/alertes/forte-regie-1.md" for year in (2019, 2020)]
        assert unexplained(work, db) == [
            Finding(
                "RAP-NOTE",
                "alerte",
                year,
                "rpt_effectifs",
                f"{rule.titre} : Régie : {more} agents de plus",
                f"contenu/{note}",
                aide=rule.aide,
                cle=note,
            )
            for year, more, note in ((2019, 11, notes[0]), (2020, 12, notes[1]))
        ]
        written = lab.home.contenu / notes[0]
        written.parent.mkdir(parents=True)
        written.touch()
        assert [one.exercice for one in unexplained(work, db)] == [2020]


MESSAGE = """\
id: essai
titre: Essai
sections:
  - id: partie
    titre: Partie
    blocs:
      - genre: messages
        fichier: messages.md
        messages: [{domaine: Essai, vers: partie, chiffre: a.b, tous: true, dit: "Il y en a {valeur:agent|agents}"}]
"""
# next to nothing lacks: what is approved is what is printed
COLUMNS = "*, 'Agents' as libelle, 'agents' as unite, 'partiel' as etat, false as est_perte_significative"


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
    assert is_open and found.message.endswith("Il y en a 3\u00a0(p)\u00a0agents.") and found.exercice == 2020
    with open_ledger(lab.home) as ledger:
        ledger.record_decision(found, "accepted", "relus", "A")
    assert answered(lab, 3) == (found, False)
    other, is_open = answered(lab, 4)
    assert is_open and other.id == found.id


def test_a_text_that_replaces_them_waits_again_when_a_figure_that_it_names_changes(lab: Lab):
    lab.depot.layer.write("catalogue/report/00_essai.yml", MESSAGE)
    written = lab.home.contenu / "2020" / "messages.md"
    written.parent.mkdir(parents=True)
    written.write_text('1. **Ils sont {{ f("a.b") }}.**\n', encoding="utf-8")
    found, is_open = answered(lab, 3)
    assert is_open and found.message.endswith("contenu/2020/messages.md\u00a0: Agents = 3\u00a0agents")
    with open_ledger(lab.home) as ledger:
        ledger.record_decision(found, "accepted", "relus", "A")
    assert answered(lab, 3) == (found, False)
    assert answered(lab, 4)[1]
