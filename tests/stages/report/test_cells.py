"""A partial figure is marked wherever it is printed: key figures, tables, totals, prose, annex."""

import html
import re
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.catalogue.chapters.grammar import Colonne
from pipelines.stages.report.cells import cell, marked, total
from pipelines.stages.report.charts import svg_of
from tests.stages.report.publication import CHIFFRES, Press, said

PARTIAL = ("a.total", 2040, 27, "agents", 0, "calculé", None, "partiel", "Agents", "essai", "Somme. Sources : s/t.")
MEANS = {"code": "p", "sens": "partiel, il manque des lignes, des mois ou des documents à ses sources"}


@pytest.fixture
def partial(press: Press) -> Press:
    """The small publication, with a figure that is missing a part."""
    press.replace("chiffres", [PARTIAL, *press.tables["chiffres"][1][1:]])
    return press


def test_a_key_figure_bears_its_mark_which_the_legend_explains(partial: Press):
    block = partial.block("chiffres")
    assert block["chiffres"][0]["texte"] == "27\u00a0(p)"
    assert block["chiffres"][0]["valeur"] == "27.000000"  # the number is as it was
    assert [one["code"] for one in block["legende"]] == ["NC", "p"]
    assert MEANS in partial.model()["legende"]


def test_a_complete_figure_bears_none(press: Press):
    block = press.block("chiffres")
    assert block["chiffres"][0]["texte"] == "27"
    assert [one["code"] for one in block["legende"]] == ["NC"]


def test_a_sentence_says_it_and_a_former_year_its_own_state(partial: Press):
    partial.write("essai.md", '{{ f("a.total") }}, contre {{ f("a.total", exercice=2039) }}.\n')
    assert "".join(said(partial.block("texte"))) == "27\u00a0(partiel), contre 25."


def test_a_table_of_figures_marks_its_cells_and_their_total():
    column = Colonne(nom="valeur", titre="", format="chiffre")
    row = {"valeur": Decimal(4), "decimales": 0, "unite": "", "code": "a.x"}
    whole, lacking = (cell({**row, "etat": state}, column) for state in ("complet", "partiel"))
    assert (whole["texte"], lacking["texte"]) == ("4", "4\u00a0(p)")
    assert total([whole, lacking], "entier")["texte"] == "8\u00a0(p)"
    assert total([whole, whole], "entier")["texte"] == "8"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("lignes refusées", "Données incomplètes pour 2040, des lignes reçues ont été refusées\u00a0: a/agents."),
        ("mois absent", "Données incomplètes pour 2040, il manque un ou plusieurs mois\u00a0: a/agents."),
        ("doute", "Données à confirmer pour 2040, un contrôle les met en doute\u00a0: a/agents."),
    ],
)
def test_what_came_in_part_is_noted_under_the_table(press: Press, reason: str, told: str):
    press.models = {"rpt_effectifs": ["a__agents"]}
    press.receive(("a/agents", 2040, "partielle", reason))
    assert press.block("graphique")["note"] == told
    press.receive(("a/agents", 2040, "reçue"))
    assert press.block("graphique")["note"] is None


@pytest.mark.parametrize(("state", "is_noted"), [("complet", False), ("partiel", True)])
def test_rows_that_bear_the_state_of_their_figure_say_it_themselves(press: Press, state: str, is_noted: bool):
    """Something else of the same source lacks."""
    press.models = {"rpt_effectifs": ["a__agents"]}
    press.receive(("a/agents", 2040, "partielle"))
    columns, _ = press.tables["rpt_effectifs"]
    rows = [(2040, "Titulaires", 1, 3, state), (2040, "Contractuels", 2, 4, "complet"), (2039, "Été", 1, 4, "partiel")]
    press.replace("rpt_effectifs", rows, columns=f"{columns}, etat varchar")
    assert bool(press.block("graphique")["note"]) is is_noted


@pytest.mark.parametrize(
    ("code", "said"),
    [("—", ["sans exécution,", "1,2 k€ votés"]), ("m", ["m", "sur 1,2 k€"]), (None, ["1,2 k€", "sur 1,2 k€"])],
)
def test_a_chart_of_credits_says_which_are_never_carried_out_and_which_are_not_known(
    cache: Path, code: str | None, said: list[str]
):
    row = {"valeur": Decimal(1234), "code_manquant": code}
    column = Colonne(nom="valeur", titre="", format="euros")
    credits, done = cell(row, column), cell(row | {"valeur": None} if code else row, column)
    line = {"titre": "Imprévu", "est_total": False, "cellules": [credits, done]}
    drawn = svg_of({"forme": "execution", "entete": ["Crédits", "Réalisé"], "lignes": [line]}, False, cache)
    texts = [html.unescape(text).replace("\u00a0", " ") for text in re.findall(r">([^<>]+)</t", drawn)]
    assert texts[-2:] == said


@pytest.mark.parametrize(
    ("form", "head", "number"),
    [("multiples", ["2038", "2039", "2040"], "1 234"), ("execution", ["Crédits", "Réalisé"], "1,2 k€")],
)
def test_a_chart_marks_what_is_partial(cache: Path, form: str, head: list[str], number: str):
    column = Colonne(nom="valeur", titre="", format="chiffre" if form == "multiples" else "euros")
    cells = [cell({"valeur": Decimal(1234), "decimales": 0, "unite": "", "code": None}, column) for _ in head]
    line = {"titre": "Tickets", "est_total": False, "cellules": [*cells[:-1], marked(cells[-1])]}
    block = {"forme": form, "entete": head, "lignes": [line]}
    drawn = [html.unescape(text) for text in re.findall(r">([^<>]+)</t", svg_of(block, False, cache))]
    said = [text.replace("\u202f", " ").replace("\u00a0", " ") for text in drawn]
    assert sum("(p)" in text for text in said) == 1 and any(number in text for text in said)


def test_the_annex_says_how_much_lacks_as_far_as_it_is_known(partial: Press):
    def status(share: str | None, amount: str | None) -> str:
        columns = f"{CHIFFRES}, part_manquante decimal(20, 6), montant_manquant_eur decimal(20, 2)"
        partial.replace("chiffres", [(*PARTIAL, share, amount), *rest], columns=columns)
        return next(one["statut"] for one in partial.model()["chiffres"] if one["code"] == "a.total")

    rest = [(*row, None, None) for row in partial.tables["chiffres"][1][1:]]
    assert status("0.25", "1234.50").replace("\u00a0", " ").replace("\u202f", " ") == (
        "calculé, partiel : il manque 25,0 % et 1 234,50 € au plus"
    )
    assert status(None, None) == "calculé, partiel"


def test_a_chart_has_the_colour_of_the_organisation(cache: Path):
    column = Colonne(nom="valeur", titre="", format="euros")
    line = {"titre": "Eau", "est_total": False, "cellules": [cell({"valeur": Decimal(2)}, column)] * 2}
    block = {"forme": "execution", "entete": ["Crédits", "Réalisé"], "lignes": [line]}
    ours, theirs = svg_of(block, False, cache), svg_of({**block, "couleur": "#006d5b"}, False, cache)
    assert "#1b4f7d" in ours and "#006d5b" not in ours
    assert "#006d5b" in theirs and "#1b4f7d" not in theirs
