"""An absence of rows is worded according to its cause: « non reçu », « non suivi » or « aucun », whatever the chapter says."""

import json

import pytest

from pipelines.settings import Home
from pipelines.stages.report.figures import Figures
from tests.stages.report.publication import CHAPTER, Press, said, texts


@pytest.fixture
def followed(press: Press) -> Press:
    """The tables of the small publication, made from a table of the lake; the head count has no row."""
    press.models = {"rpt_effectifs": ["a__agents"], "rpt_series": ["b__series"]}
    press.replace("rpt_effectifs", [])
    states(press, a="reçue", b="reçue")
    return press


def states(press: Press, **of: str | list[str]) -> None:
    """The state of the table of each system, in 2040 or in the years up to it."""
    tables = {"a": "a/agents", "b": "b/series", "c": "c/autres"}
    rows = []
    for system, said_ in of.items():
        years = [said_] if isinstance(said_, str) else said_
        rows += [(tables[system], 2040 - back, state) for back, state in enumerate(reversed(years))]
    press.receive(*rows)


def blocks(press: Press) -> list[dict]:
    return [b for c in press.model()["chapitres"] for s in c["sections"] for b in s["blocs"]]


def empty(press: Press) -> list[str]:
    return [block["texte"] for block in blocks(press) if block["genre"] == "vide"]


def test_only_what_came_whole_is_said_to_hold_nothing(followed: Press):
    assert empty(followed) == ["Aucun agent en 2040.", "Aucune entrée."]


@pytest.mark.parametrize("state", ["manquante", "facultative"])
def test_what_did_not_come_is_called_not_received(followed: Press, state: str):
    states(followed, a=state, b="reçue")
    assert empty(followed) == ["Non reçu pour 2040\u00a0: a/agents."] * 2


def test_what_came_and_was_refused_is_not_called_not_received(followed: Press):
    states(followed, a="refusée", b="reçue")
    fix = "à corriger, puis à déposer de nouveau"
    assert empty(followed) == [f"Reçu et refusé pour 2040, {fix}\u00a0: a/agents."] * 2
    followed.models["rpt_effectifs"] = ["a__agents", "c__autres"]
    states(followed, a="refusée", b="reçue", c="manquante")
    assert (
        empty(followed) == [f"Non reçu pour 2040\u00a0: c/autres. Reçu et refusé pour 2040, {fix}\u00a0: a/agents."] * 2
    )
    followed.replace("rpt_effectifs", [(2040, "Titulaires", 1, 3)])
    states(followed, a="reçue", b="reçue", c="refusée")
    notes = [block["note"] for block in blocks(followed) if block.get("source") == "rapport.rpt_effectifs"]
    assert notes == [f"Reçu et refusé pour 2040, absent d’ici, {fix}\u00a0: c/autres."] * 2


def test_what_is_not_followed_is_not_in_the_report(followed: Press):
    states(followed, a="non suivie", b="reçue")
    assert empty(followed) == []
    assert [block["genre"] for block in blocks(followed)] == ["texte", "chiffres", "graphique"]
    assert [block["numero"] for block in blocks(followed) if "numero" in block] == [1]
    assert "Effectifs" not in json.dumps(followed.model())


def test_a_table_that_nobody_declares_is_not_followed(followed: Press):
    states(followed, b="reçue")
    assert empty(followed) == []


@pytest.mark.parametrize(
    ("reasons", "told"),
    [
        ("lignes refusées", "des lignes reçues ont été refusées (a/agents)"),
        ("doute", "un contrôle les met en doute (a/agents)"),
        ("lignes refusées, mois absent", "{} ; il manque un ou plusieurs mois (a/agents)"),
        (None, "une partie manque ou est en doute (a/agents)"),
    ],
)
def test_what_came_in_part_proves_nothing_for_the_reason_that_it_is_partial(
    followed: Press, reasons: str | None, told: str
):
    """Lines are said to have been refused only when some were."""
    followed.receive(("a/agents", 2040, "partielle", reasons), ("b/series", 2040, "reçue"))
    told = told.format("des lignes reçues ont été refusées (a/agents)")
    sentence = f"Aucune ligne retenue pour 2040, ce qui ne prouve rien\u00a0: {told}."
    assert [one.replace("\u202f;", " ;") for one in empty(followed)] == [sentence] * 2


def test_a_block_that_no_year_has_and_with_nothing_to_say_of_it_is_left_out_when_what_came_is_partial(followed: Press):
    followed.chapter = CHAPTER.replace("Aucun agent en {exercice}.", '""').replace("Aucune entrée.", '""')
    states(followed, a="partielle", b="reçue")
    assert empty(followed) == []
    states(followed, a="manquante", b="reçue")
    assert empty(followed) == ["Non reçu pour 2040\u00a0: a/agents."] * 2
    followed.replace("rpt_effectifs", [(2039, "Titulaires", 1, 3)])
    states(followed, a="partielle", b="reçue")
    assert all("ne prouve rien" in text for text in empty(followed)) and empty(followed)


def test_of_several_tables_those_that_lack_are_named(followed: Press):
    followed.models["rpt_effectifs"] = ["a__agents", "c__autres"]
    states(followed, a="reçue", b="reçue", c="manquante")
    assert empty(followed) == ["Non reçu pour 2040\u00a0: c/autres."] * 2
    states(followed, a="reçue", b="reçue", c="non suivie")  # another tool, that nobody uses
    assert empty(followed) == ["Aucun agent en 2040.", "Aucune entrée."]
    followed.replace("rpt_effectifs", [(2040, "Titulaires", 1, 3)])
    states(followed, a="reçue", b="reçue", c="manquante")
    assert empty(followed) == []
    notes = [block["note"] for block in blocks(followed) if block.get("source") == "rapport.rpt_effectifs"]
    assert notes == ["Non reçu pour 2040, absent d’ici\u00a0: c/autres."] * 2


def test_the_figures_of_other_years_do_not_speak_for_this_one(followed: Press):
    _, rows = followed.tables["rpt_series"]
    followed.replace("rpt_series", [row for row in rows if row[0] == 2039])
    states(followed, b=["non suivie", "reçue", "manquante"])
    (series,) = [block for block in blocks(followed) if block.get("id") == "series"]
    assert series["entete"] == ["2038", "2039", "2040"]
    assert texts(series) == [["Agents formés", "ns", "0", "m"], ["Jours", "ns", "4,5", "m"]]
    assert {one["code"]: one["sens"] for one in series["legende"]} == {
        "m": "non reçu, non accepté ou non fourni par l’outil",
        "ns": "non suivi",
    }


def test_the_state_is_that_of_the_tables_that_the_entry_names(followed: Press):
    followed.models["rpt_effectifs"] = ["a__agents", "c__autres"]
    entry = "models:\n  - name: rpt_effectifs\n    config: {meta: {sources: [a/agents]}}\n"
    followed.files["dbt_project/models/rapport/essai.yml"] = entry
    states(followed, a="non suivie", b="reçue", c="reçue")
    assert empty(followed) == []
    states(followed, a="reçue", b="reçue", c="manquante")
    assert empty(followed) == ["Aucun agent en 2040.", "Aucune entrée."]


# figures and prose ------------------------------------------------------------

ONLY_FIGURES = """
id: essai
titre: Essai
sections:
  - id: partie
    titre: Partie
    blocs:
      - {genre: texte, fichier: introduction.md}
      - {genre: texte, fichier: avec_chiffre.md}
      - genre: chiffres
        chiffres: [{code: a.total, libelle: agents}, {code: a.absent, libelle: inconnus}]
"""
TEXTS = {
    "catalogue/report/texte/introduction.md": "Voici les agents.\n",
    "catalogue/report/texte/avec_chiffre.md": (
        '{% if nul("a.total") %}Aucun agent.{% elif suivi("a.total") %}Un nombre.{% endif %}\n'
        '{% if suivi("a.absent") %}De l’autre.{% endif %}\n'
    ),
}


@pytest.fixture
def figures(press: Press) -> Press:
    """A chapter of figures alone, and a second one after it."""
    press.chapter = ONLY_FIGURES
    press.files = TEXTS | {
        "catalogue/report/02_suite.yml": (
            "id: suite\ntitre: Suite\nsections: [{id: s, titre: S, blocs: [{genre: contenu, fichier: s.md, vide: Rien.}]}]\n"
        )
    }
    return press


def without(press: Press, *codes: str) -> None:
    """Figures that have no row in the year: their system is not used."""
    _, rows = press.tables["chiffres"]
    press.replace("chiffres", [row for row in rows if row[0] not in codes or row[1] != 2040])
    former = [(code, 2039, 1, "agents", 0, "calculé", None, "complet", code, "essai", "Somme.") for code in codes]
    press.replace("chiffres", [*press.tables["chiffres"][1], *(row for row in former if row[0] != "a.total")])


def test_a_figure_that_is_not_followed_is_neither_printed_nor_in_the_annex(figures: Press):
    without(figures, "a.absent")
    (chapter, _) = figures.model()["chapitres"]
    (_, prose, shown) = chapter["sections"][0]["blocs"]
    assert [one["libelle"] for one in shown["chiffres"]] == ["agents"]
    assert said(prose) == ["Un nombre."]
    assert "a.absent" not in [one["code"] for one in figures.model()["chiffres"]]


def test_a_text_of_the_home_of_which_nothing_is_followed_says_so(figures: Press):
    """A shipped text is for organisations that use the system; a text of its own is what the home wanted."""
    without(figures, "a.absent", "a.total")
    figures.home = Home(figures.root / "home")
    text = figures.home.root / "catalogue/report/texte/avec_chiffre.md"
    text.parent.mkdir(parents=True)
    text.write_text('Il y a {{ f("a.total") }}, et {{ f("a.absent") }}.\n', encoding="utf-8")
    (chapter, _) = figures.model()["chapitres"]
    prose = chapter["sections"][0]["blocs"][-1]
    sentence = (
        "Non suivi pour 2040, faute d’un outil qui le donne\u00a0: «\u00a0a.total\u00a0» et «\u00a0a.absent\u00a0»."
    )
    assert said(prose) == [sentence]
    assert Figures(2040, {}, {}, {}, {"a.total": "Agents"}).label("a.total") == "Agents"


def test_a_chapter_without_anything_followed_leaves_no_number(figures: Press):
    assert [(c["numero"], c["id"]) for c in figures.model()["chapitres"]] == [(1, "essai"), (2, "suite")]
    without(figures, "a.absent", "a.total")
    assert [(c["numero"], c["id"]) for c in figures.model()["chapitres"]] == [(1, "suite")]
    assert "Voici les agents" not in json.dumps(figures.model())


def test_a_zero_is_only_one_when_everything_came(figures: Press):
    def prose(state: str) -> list[str]:
        rows = [row for row in figures.tables["chiffres"][1] if row[:2] != ("a.total", 2040)]
        zero = ("a.total", 2040, 0, "agents", 0, "calculé", None, state, "Agents", "essai", "Somme.")
        figures.replace("chiffres", [*rows, zero])
        return said(figures.model()["chapitres"][0]["sections"][0]["blocs"][1])

    assert prose("complet")[0].startswith("Aucun agent.")
    assert prose("partiel")[0].startswith("Un nombre.")


def test_a_chapter_of_words_alone_stays(press: Press):
    words = "  - {id: partie, titre: Partie, blocs: [{genre: texte, fichier: introduction.md}]}\n"
    press.chapter = CHAPTER.partition("  - id: partie")[0] + words
    press.files = TEXTS
    assert [c["id"] for c in press.model()["chapitres"]] == ["essai"]


def needing(press: Press, rows: list[tuple[str, int, str | None]], meta: str = "champs: [type]") -> None:
    """The head count is made from two tables, and needs the field ``type`` of each; ``rows``: what these do not give, by year."""
    press.models["rpt_effectifs"] = ["a__agents", "c__autres"]
    press.files |= {
        "dbt_project/models/rapport/essai.yml": f"models:\n  - name: rpt_effectifs\n    config: {{meta: {{{meta}}}}}\n"
    }
    press.receive(*[(source, year, "reçue", None, absent) for source, year, absent in rows])


def test_a_field_that_the_received_files_lack_is_called_not_provided(followed: Press):
    needing(followed, [("a/agents", 2040, "jour, type"), ("c/autres", 2040, "jour")])
    assert empty(followed) == ["Non fourni par l’outil pour 2040\u00a0: «\u00a0type\u00a0» (a/agents)."] * 2


def test_fields_of_which_one_would_be_enough_are_named_together(followed: Press):
    needing(followed, [("a/agents", 2040, "jour, type")], "champs: [[type, jour]]")
    assert (
        empty(followed)
        == ["Non fourni par l’outil pour 2040\u00a0: «\u00a0type\u00a0» ou «\u00a0jour\u00a0» (a/agents)."] * 2
    )


def test_rows_that_one_of_two_tools_gives_say_which_one_does_not_and_when(followed: Press):
    """The chart spans three years; of one of them nothing is shown."""
    followed.replace("rpt_series", [row for row in followed.tables["rpt_series"][1] if row[0] != 2038])
    followed.models["rpt_series"] = ["a__agents", "c__autres"]
    needing(
        followed,
        [
            (one, year, absent)
            for year in (2038, 2039, 2040)
            for one, absent in (("a/agents", "type"), ("c/autres", None))
        ],
    )
    followed.files["dbt_project/models/rapport/essai.yml"] += (
        "  - name: rpt_series\n    config: {meta: {champs: [type]}}\n"
    )
    (series,) = [block for block in blocks(followed) if block.get("id") == "series"]
    assert series["note"] == (
        "Non fourni pour 2039 et 2040 par a/agents, et ce qui en dépend manque ici\u00a0: «\u00a0type\u00a0»."
    )


def test_rows_that_mean_nothing_without_a_table_are_not_followed_without_it(followed: Press):
    """One of two tables that only qualify the other: nothing is said of what came of it."""
    needing(followed, [("a/agents", 2040, None)], "exige: [c/autres]")
    assert empty(followed) == []
    assert "Effectifs" not in json.dumps(followed.model())
    needing(followed, [("c/autres", 2040, None)], "exige: [[a/agents, c/autres]]")
    assert empty(followed) == ["Aucun agent en 2040.", "Aucune entrée."]


def test_a_missing_field_that_one_column_needs_is_noted_where_it_is_printed(followed: Press):
    """The chart prints « nb_agents », the list does not say how it counts."""
    followed.replace("rpt_effectifs", [(2040, "Titulaires", 1, 3)])
    needing(followed, [("a/agents", 2040, "type"), ("c/autres", 2040, None)])
    entry = (
        "models:\n  - name: rpt_effectifs\n    columns:\n      - {{name: {}, config: {{meta: {{champs: [type]}}}}}}\n"
    )
    notes = {}
    for column in ("nb_agents", "rang"):
        followed.files["dbt_project/models/rapport/essai.yml"] = entry.format(column)
        notes[column] = [b["note"] for b in blocks(followed) if b.get("source") == "rapport.rpt_effectifs"]
    assert notes["nb_agents"][0].startswith("Non fourni pour 2040 par a/agents")
    assert notes["rang"] == [None, None]


@pytest.mark.parametrize(
    ("absent", "texte", "manque"),
    [(("type", "type"), "m", "m"), (("type", None), "3", None), (("type", "autre"), "3", None)],
)
def test_a_cell_whose_field_no_tool_gives_is_missing_and_no_number(followed: Press, absent, texte, manque):
    followed.replace("rpt_effectifs", [(2040, "Titulaires", 1, 3)])
    needing(followed, [("a/agents", 2040, absent[0]), ("c/autres", 2040, absent[1])])
    followed.files["dbt_project/models/rapport/essai.yml"] = (
        "models:\n  - name: rpt_effectifs\n    columns:\n      - {name: nb_agents, config: {meta: {champs: [type]}}}\n"
    )
    (chart,) = [b for b in blocks(followed) if b.get("source") == "rapport.rpt_effectifs" and b["genre"] != "liste"]
    (cell,) = chart["lignes"][0]["cellules"]
    assert (cell["texte"], cell["manque"]) == (texte, manque)


CROSSED = CHAPTER.replace(
    "{par: exercice, valeur: valeur, format: chiffre}", "{par: libelle, valeur: valeur, nul: true}"
).replace(
    "lignes: {nom: libelle, titre: Indicateur, format: texte}", "lignes: {nom: unite, titre: Unité, format: texte}"
)


@pytest.mark.parametrize(
    ("entry", "absent", "cells"),
    [
        ("config: {meta: {champs: [type]}}", "type", [["X", "3", "m"], ["Y", "5", "m"]]),
        ("columns: [{name: libelle, config: {meta: {champs: [type]}}}]", "type", [["X", "3", "m"], ["Y", "5", "m"]]),
        ("columns: [{name: libelle, config: {meta: {champs: [type]}}}]", None, [["X", "3", "—"], ["Y", "5", "0"]]),
        ("columns: [{name: rang, config: {meta: {champs: [type]}}}]", "type", [["X", "3", "—"], ["Y", "5", "0"]]),
    ],
)
def test_a_table_crossed_by_a_field_that_no_tool_gives_does_not_say_without_object(
    followed: Press, entry: str, absent: str | None, cells: list
):
    """Neither for a value missing from a row, nor for a crossing that no row gives."""
    followed.chapter = CROSSED
    rows = [("A", 3, "x"), ("B", None, "x"), ("A", 5, "y")]
    followed.replace(
        "rpt_series", [(2040, label, rank, value, unit, 0, None, "") for rank, (label, value, unit) in enumerate(rows)]
    )
    needing(followed, [("b/series", 2040, absent), ("a/agents", 2040, None)])
    followed.files["dbt_project/models/rapport/essai.yml"] = f"models:\n  - name: rpt_series\n    {entry}\n"
    (series,) = [block for block in blocks(followed) if block.get("id") == "series"]
    assert texts(series) == cells


PARTS = """
id: essai
titre: Les agents et les séries de {exercice}
sections:
  - id: agents
    titre: Les effectifs
    objet: les agents
    blocs:
      - &table
        genre: tableau
        id: effectifs
        titre: Effectifs
        table: rpt_effectifs
        lignes: {nom: libelle, titre: Statut, format: texte}
        colonnes: [{nom: nb_agents, titre: Agents}]
        vide: Aucun agent en {exercice}.
  - id: les-series
    titre: Les séries
    objet: les séries
    blocs:
      - <<: *table
        id: series
        table: rpt_series
        colonnes: [{nom: rang, titre: Rang}]
  - id: les-autres
    titre: D’autres agents en {exercice}
    blocs:
      - <<: *table
        id: autres
        table: rpt_autres
"""


@pytest.mark.parametrize("profile", ["interne", "public"])
@pytest.mark.parametrize(
    ("of", "title", "page"),
    [
        ({"a": "reçue", "b": "manquante", "c": "reçue"}, "Les agents et les séries de 2040", "essai"),
        ({"a": "non suivie", "b": "manquante", "c": "reçue"}, "Les séries", "les-series"),
        ({"a": "reçue", "b": "non suivie", "c": "non suivie"}, "Les agents", "les-agents"),
        ({"a": "non suivie", "b": "non suivie", "c": "reçue"}, "D’autres agents en 2040", "d-autres-agents-en-2040"),
    ],
)
def test_a_chapter_is_named_after_what_is_followed_in_every_edition(
    followed: Press, profile: str, of: dict[str, str], title: str, page: str
):
    followed.chapter, followed.profile = PARTS, profile
    followed.models["rpt_autres"] = ["c__autres"]
    followed.tables["rpt_autres"] = followed.tables["rpt_effectifs"]
    states(followed, **of)
    assert [(chapter["titre"], chapter["page"]) for chapter in followed.model()["chapitres"]] == [(title, page)]
