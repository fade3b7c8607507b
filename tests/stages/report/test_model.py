"""The model of the report: formats, missing codes, empty tables, numbers, figures referred to in prose."""

import datetime as dt
import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines import french, settings
from pipelines.catalogue.chapters.grammar import NAMES
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Personne
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.ledger.state import write_manifest
from pipelines.stages.report.cells import number
from pipelines.stages.report.charts import FORMS
from pipelines.stages.report.figures import Figures
from pipelines.stages.report.model import Editor
from pipelines.stages.report.prose import ProseError, render
from pipelines.stages.report.tables import MissingTable
from tests.stages.report.publication import CHAPTER, TABLES, Press, said, texts

TEXTE = settings.shipped() / "catalogue" / "report" / "texte"


def test_rows_come_in_the_declared_order_with_their_total(press: Press):
    assert texts(press.block("graphique")) == [["Contractuels", "14"], ["Titulaires", "13"], ["Total", "27"]]


def test_a_year_without_row_and_a_missing_code_are_not_zero(press: Press):
    block = press.block("graphique", 1)
    assert block["entete"] == ["2038", "2039", "2040"]
    assert texts(block) == [["Agents formés", "NC", "0", "4"], ["Jours", "—", "4,5", "12"]]
    assert block["legende"] == [
        {"code": "NC", "sens": "non communiqué"},
        {"code": "—", "sens": "sans objet"},
    ]


def test_no_column_is_made_for_a_year_before_the_organisation_s_first(press: Press):
    press.replace("rpt_series", [(2038, "Jours", 1, 3, "jours", 0, None, "a.x")])
    press.replace("rpt_effectifs", [(2038, "Titulaires", 1, 3)])
    _, rows = press.tables["chiffres"]
    press.replace("chiffres", [(code, 2038, *rest) for code, year, *rest in rows if year == 2040])
    press.write("essai.md", "Rien.")
    (series,) = [b for b in press.model(2038)["chapitres"][0]["sections"][0]["blocs"] if b.get("id") == "series"]
    assert series["entete"] == ["2038"]
    assert series["genre"] == "tableau"  # one bar alone would compare nothing


def test_the_text_of_a_chart_is_computed_from_its_rows(press: Press):
    assert press.block("graphique")["alternative"] == "Effectifs. Contractuels\xa0: 14\u202f; Titulaires\xa0: 13."
    assert press.block("graphique", 1)["alternative"] == (
        "Indicateurs. De 2038 à 2040\xa0: Agents formés\xa0: non communiqué, 0, 4\u202f; Jours\xa0: sans objet, 4,5, 12."
    )


def test_a_chart_without_any_value_is_printed_as_a_table(press: Press):
    columns = press.tables["rpt_effectifs"][0] + ", est_secret boolean"
    press.replace("rpt_effectifs", [(2040, "Titulaires", 1, None, True)], columns=columns)
    block = press.block("tableau")
    assert "alternative" not in block
    assert texts(block) == [["Titulaires", "s"]]  # one row has no total


def test_no_line_ends_before_a_french_sign(press: Press):
    assert french.typeset("Effectifs : 12 % ; « tous » ? rpt_a::b") == (
        "Effectifs\xa0: 12\xa0%\u202f; «\xa0tous\xa0»\u202f? rpt_a::b"
    )


def test_a_space_that_lacks_before_a_sign_is_added_after_a_word_only():
    assert french.typeset("deux jours; prévoir: un? 12:30, rpt_a::b, \u202f?") == (
        "deux jours\u202f; prévoir\xa0: un\u202f? 12:30, rpt_a::b, \u202f?"
    )


def test_straight_quotes_and_apostrophes_are_printed_as_french_does(press: Press):
    printed = prose(press, """L'an **d'après**, "c'est *l'été*" ; [l'adresse](https://exemple.fr/d'ici).""")
    assert "L’an" in printed and "d’après" in printed and "l’adresse" in printed
    assert "«\xa0c’est" in printed and "\xa0»" in printed and "https://exemple.fr/d'ici" in printed


def test_a_volume_is_shown_large_in_the_unit_that_leaves_few_digits(press: Press):
    _, rows = press.tables["chiffres"]
    press.replace("chiffres", [*rows, ("a.volume", 2040, 69919, "Go", *rows[0][4:])])
    press.chapter = CHAPTER.replace("{code: a.absent", "{code: a.volume, libelle: hébergés}, {code: a.absent")
    assert [one["texte"] for one in press.block("chiffres")["chiffres"]][:2] == ["27", "69,9\xa0To"]


TOLD = """      - {genre: texte, fichier: ailleurs.md}
      - genre: chiffres"""


def linking(press: Press, target: str) -> Press:
    press.files["catalogue/report/texte/ailleurs.md"] = f"Voir [la partie]({target})."
    press.chapter = CHAPTER.replace("      - genre: chiffres", TOLD, 1)
    return press


def test_a_text_of_every_year_leads_to_a_title_of_the_report_that_is_there(press: Press):
    assert "'cible': '#partie'" in str(linking(press, "#partie").model()["chapitres"])
    with pytest.raises(ProseError, match="« #parti », qu’aucun titre ne porte"):
        linking(press, "#parti").model()


def test_what_is_divided_by_inhabitants_may_name_the_year_of_their_number(press: Press):
    press.chapter = CHAPTER.replace(
        "        total: Total", '        total: Total\n        note: "Par habitant : {population}."'
    )
    assert press.block("graphique")["note"] == "Par habitant\xa0: population municipale."


def test_an_empty_table_is_a_sentence(press: Press):
    press.replace("rpt_effectifs", [(2039, "Titulaires", 1, 99)])
    assert press.block("vide") == {"genre": "vide", "titre": "Effectifs", "texte": "Aucun agent en 2040."}


def test_a_missing_part_makes_the_total_missing(press: Press):
    press.replace("rpt_effectifs", [(2040, "Titulaires", 1, 3), (2040, "Contractuels", 2, None)])
    assert texts(press.block("tableau"))[-1] == ["Total", "3"]  # a « — » has nothing to add
    columns = press.tables["rpt_effectifs"][0] + ", est_secret boolean"
    press.replace(
        "rpt_effectifs", [(2040, "Titulaires", 1, 3, False), (2040, "Contractuels", 2, None, True)], columns=columns
    )
    assert texts(press.block("tableau")) == [["Titulaires", "3"], ["Contractuels", "s"], ["Total", "s"]]


def test_rows_are_brought_together_and_an_unknown_part_stays_unknown(press: Press):
    press.chapter = CHAPTER.replace("        total: Total\n", "        agrege: somme\n", 1)
    press.replace(
        "rpt_effectifs",
        [(2040, "Titulaires", 1, 3), (2040, "Titulaires", 2, 4), (2040, "Agents", 3, 1), (2040, "Agents", 4, None)],
    )
    assert texts(press.block("tableau")) == [["Titulaires", "7"], ["Agents", "—"]]


def test_a_table_that_is_not_published_is_an_error_and_a_sentence_in_the_public_profile(press: Press):
    del press.tables["rpt_effectifs"]
    with pytest.raises(MissingTable, match=r"rapport\.rpt_effectifs"):
        press.model()
    press.profile = "public"
    assert "secret statistique" in press.block("vide")["texte"]


def hidden(press: Press, *rows: tuple) -> None:
    """Rows, some of them hidden, in the public edition."""
    press.profile = "public"
    press.replace("rpt_effectifs", list(rows), columns=f"{TABLES['rpt_effectifs'][0]}, est_secret boolean")


def test_a_block_of_which_every_number_is_hidden_is_one_sentence_outside(press: Press):
    seen, masked = (2040, "Titulaires", 1, 13, False), (2040, "Contractuels", 2, None, True)
    hidden(press, masked)
    assert press.block("vide") == {
        "genre": "vide",
        "titre": "Non diffusé",
        "texte": "Effectifs (secret statistique). S’adresser à l’administration du SE.",
    }
    hidden(press, seen, (2040, "Vacataires", 3, 12, False), masked)
    assert texts(press.block("graphique"))[:3] == [["Titulaires", "13"], ["Contractuels", "s"], ["Vacataires", "12"]]


def test_a_column_that_is_wholly_hidden_is_named_below_and_not_printed_outside(press: Press):
    press.chapter = CHAPTER.replace(
        "genre: graphique\n        id: effectifs\n        forme: barres", "genre: tableau\n        id: effectifs"
    )
    press.chapter = press.chapter.replace("titre: Agents}]", "titre: Agents}, {nom: nb_autres, titre: Autres}]", 1)
    press.profile = "public"
    columns = f"{TABLES['rpt_effectifs'][0]}, nb_autres bigint, est_secret boolean"
    press.replace(
        "rpt_effectifs", [(2040, "Titulaires", 1, None, 4, True), (2040, "Tous", 2, None, 9, True)], columns=columns
    )
    block = press.block("tableau")
    assert (block["entete"], block["note"]) == (["Autres"], "Non diffusé, secret statistique\xa0: Agents.")


def test_a_hidden_figure_is_not_a_key_figure_and_the_next_one_takes_its_place(press: Press):
    rows = press.tables["chiffres"][1]
    press.replace("chiffres", [(*rows[0][:2], None, *rows[0][3:6], "s", "manquant", *rows[0][8:]), *rows[1:]])
    press.chapter = CHAPTER.replace("{code: a.absent, libelle: inconnus}", "{code: a.montant}, {code: a.absent}")
    assert [one["libelle"] for one in press.block("chiffres")["chiffres"]] == ["Montant", "Absent"]
    press.chapter = press.chapter.replace("genre: chiffres\n", "genre: chiffres\n        nombre: 1\n")
    assert [one["libelle"] for one in press.block("chiffres")["chiffres"]] == ["Montant"]


@pytest.mark.parametrize(
    ("value", "label"), [(0, "agent"), (1, "agent"), ("1.5", "agent"), (2, "agents"), (-3, "agents")]
)
def test_the_label_of_a_key_figure_agrees_with_it(press: Press, value: int | str, label: str):
    rows = press.tables["chiffres"][1]
    press.replace("chiffres", [(*rows[0][:2], value, *rows[0][3:]), *rows[1:]])
    press.chapter = CHAPTER.replace("libelle: agents}", "libelle: agent|agents}")
    assert [one["libelle"] for one in press.block("chiffres")["chiffres"]] == [label, "inconnus"]


def test_the_public_edition_says_once_in_a_chapter_what_it_does_not_give_and_why(press: Press):
    press.files["catalogue/secrecy.yml"] = "tables: {rpt_series: {withheld: textes écrits librement}}\n"
    assert press.block("graphique")["titre"] == "Effectifs"
    for name in ("rpt_series", "rpt_effectifs"):
        del press.tables[name]
        (press.root / "published" / "rapport" / f"{name}.parquet").unlink()
    press.profile = "public"
    said = [block for section in press.model()["chapitres"][0]["sections"] for block in section["blocs"]]
    (block,) = [one for one in said if one["genre"] == "vide" and one["titre"] == "Non diffusé"]
    assert block["texte"].startswith("Effectifs et Entrées (secret statistique)\u202f; Indicateurs")
    assert block["texte"].endswith("(textes écrits librement). S’adresser à l’administration du SE.")


def test_a_year_of_which_a_public_table_says_nothing_is_not_an_empty_one(press: Press):
    press.profile = "public"
    (press.root / "published").mkdir(exist_ok=True)
    write_manifest(press.root / "published", "b1", withheld={"rpt_effectifs": [2040]})
    assert press.block("vide")["titre"] == "Non diffusé"
    write_manifest(press.root / "published", "b1", withheld={"rpt_effectifs": [2039]})
    assert press.block("graphique")["titre"].startswith("Effectifs")


SECRECY = """
populations:
  effectif: {fact: marts.fct_effectifs, measure: nb_agents, axes: {statut: {libelle: libelle}}}
tables:
  rpt_effectifs:
    counts: effectif
    levels: {libelle: libelle}
    numbers: {nb_agents: {}}
    plain: [rang]
  rpt_series: {free: des séries}
"""


@pytest.mark.parametrize("profile", ["public", "interne"])
def test_that_public_staff_tables_stay_as_they_were_is_printed_under_them(press: Press, profile: str):
    press.profile, press.files["catalogue/secrecy.yml"] = profile, SECRECY
    note = "Tableaux publics du personnel maintenus tels quels (2040)"
    (press.root / "published").mkdir()
    write_manifest(press.root / "published", "b1", {2040: note, 2039: "une autre année"})
    staff, series = press.block("graphique"), press.block("graphique", 1)
    assert (note in (staff["note"] or "")) == (profile == "public")
    assert "une autre année" not in (staff["note"] or "")
    assert note not in (series["note"] or "")


WAITING = "3 lignes attendent d’être relues et ne sont pas imprimées."


def printed(model: dict) -> str:
    return json.dumps(model, ensure_ascii=False)


def waits(press: Press, table: str, profile: str = "public") -> None:
    press.profile = profile
    (press.root / "published").mkdir(exist_ok=True)
    write_manifest(press.root / "published", "b1", waiting={table: {2040: 3, 2039: 40}})


@pytest.mark.parametrize("profile", ["public", "interne"])
def test_a_chapter_says_how_many_lines_wait_to_be_read_and_adds_up_no_part_of_a_table(press: Press, profile: str):
    waits(press, "rpt_effectifs", profile)
    is_public = profile == "public"
    chapter = press.model()["chapitres"][0]
    assert (WAITING in printed(chapter["sections"][-1]["blocs"][-1])) == is_public
    block = press.block("graphique")
    assert (WAITING in (block["note"] or "")) == is_public  # beside what lacks them, too
    assert any(line["est_total"] for line in block["lignes"]) != is_public
    assert "sur" not in block["titre"]


def test_a_table_whose_every_line_waits_does_not_say_that_there_is_nothing(press: Press):
    press.replace("rpt_effectifs", [(2039, "Titulaires", 1, 99)])
    assert "Aucun agent" in printed(press.model())
    waits(press, "rpt_effectifs")
    said = printed(press.model())
    assert "Aucun agent" not in said and "Aucune entrée" not in said
    assert "Ce qui s’y trouve attend d’être relu." in said


def test_a_table_that_is_withheld_until_it_is_read_says_so(press: Press):
    waits(press, "rpt_effectifs")
    del press.tables["rpt_effectifs"]
    said = printed(press.model())
    assert "Ce qui s’y trouve attend d’être relu." in said and "Non diffusé" not in said


def test_a_section_for_each_row_of_a_withheld_table_is_left_out(press: Press):
    press.chapter = press.chapter.replace(
        "    titre: Partie de {exercice}\n",
        "    titre: Partie\n    pour_chaque: {table: rpt_projets, code: code, ordre: [code]}\n",
    )
    press.profile = "public"
    assert press.model()["chapitres"] == []


def test_a_section_about_members_is_left_out_when_there_are_none_and_no_row_is_about_one(press: Press):
    press.chapter = press.chapter.replace("titre: Partie de {exercice}\n", "titre: Partie\n    membres: true\n")
    assert [section["titre"] for section in press.model()["chapitres"][0]["sections"]] == ["Partie"]
    for table in ("rpt_effectifs", "rpt_series"):
        press.replace(table, [])
    assert press.model()["chapitres"] == []


def test_a_column_that_is_not_there_is_an_error(press: Press):
    press.chapter = CHAPTER.replace("ordre: [rang]", "ordre: [rangs]", 1)
    with pytest.raises(MissingTable, match="rangs"):
        press.model()


def test_the_annex_says_where_each_figure_comes_from(press: Press):
    absent, montant, total = press.model()["chiffres"]
    assert (absent["affichage"], absent["valeur"], absent["statut"]) == ("NC", None, "non communiqué")
    assert (montant["affichage"], montant["rapprochement"]) == (
        "1\u202f234\u202f567,89\u00a0€",
        "écart de −0,62\u00a0€",
    )
    assert (total["valeur"], total["affichage"], total["rapprochement"]) == ("27", "27\xa0agents", "égal")


def test_a_year_without_a_printed_report_is_compared_with_none(press: Press):
    press.replace("rpt_rapprochement_publie", [])
    assert {one["rapprochement"] for one in press.model()["chiffres"]} == {None}


def test_the_model_is_plain_data_and_does_not_change(press: Press):
    assert json.dumps(press.model()) == json.dumps(press.model())


def test_a_row_of_nothing_but_zeros_is_left_out_where_the_chapter_says_so(press: Press):
    press.replace("rpt_effectifs", [(2040, "Titulaires", 1, 3), (2040, "Contractuels", 2, 0)])
    assert texts(press.block("graphique")) == [["Titulaires", "3"], ["Contractuels", "0"], ["Total", "3"]]
    press.chapter = CHAPTER.replace("        total: Total\n", "        total: Total\n        sans_nuls: true\n", 1)
    assert texts(press.block("tableau")) == [["Titulaires", "3"]]
    press.replace("rpt_effectifs", [(2040, "Titulaires", 1, 0)])
    assert press.block("vide")["texte"] == "Aucun agent en 2040."


MEMBERS = """
id: essai
titre: Essai
sections:
  - id: membre
    titre: "{libelle}"
    pour_chaque: {table: rpt_membres, code: code_membre, ordre: [code_membre]}
    blocs:
      - {genre: evolutions, titre: "Depuis {precedent}", table: rpt_membres, libelle: libelle_indicateur, ordre: [rang]}
      - genre: tableau
        id: projets
        titre: Projets
        table: rpt_projets
        concerne: {membres: libelle}
        lignes: {nom: titre, titre: Projet, format: texte}
        colonnes: [{nom: etat, titre: État, format: texte}]
        vide: Aucun projet.
"""


@pytest.fixture
def members(press: Press) -> Press:
    """Two members, one in a project and with figures that moved."""
    press.chapter = MEMBERS
    press.tables["rpt_membres"] = (
        "exercice integer, code_membre varchar, libelle varchar, libelle_indicateur varchar, rang integer, "
        "valeur decimal(20, 6), valeur_precedente decimal(20, 6), variation_pct decimal(20, 6), unite varchar, decimales integer",
        [
            (2040, "a", "Orly", "Plis", 1, 90, 100, -10, "plis", 0),
            (2040, "a", "Orly", "Tickets", 2, 1500, 1000, 50, "tickets", 0),
            (2040, "a", "Orly", "Licences", 3, 7, 7, 0, "licences", 0),
            (2040, "a", "Orly", "Volume", 4, 7, None, None, "Go", 0),
            (2040, "b", "Orly-Ville", "Plis", 1, 9, None, None, "plis", 0),
        ],
    )
    press.tables["rpt_projets"] = (
        "exercice integer, titre varchar, membres varchar, etat varchar",
        [
            (2040, "Fibre", "Orly, Valenton", "terminé"),
            (2040, "Autre", "Orly-Ville", "en cours"),
            (2040, "Rien", None, ""),
        ],
    )
    return press


def test_what_changed_is_listed_the_largest_change_first(members: Press):
    orly, other = members.model()["chapitres"][0]["sections"]
    _, items = orly["blocs"][0]["arbre"]
    assert said(orly["blocs"][0])[0] == "Depuis 2039"
    assert said({"arbre": items["enfants"]}) == [
        "Tickets\xa0: 500 de plus qu’en 2039 (+50,0\xa0%).",
        "Plis\xa0: 10 de moins qu’en 2039 (−10,0\xa0%).",
        "Licences\xa0: comme en 2039.",
    ]
    assert said(other["blocs"][0])[1] == "Aucune valeur de 2039 n’est comparable."


def test_a_share_changes_by_points_and_by_no_share_of_itself(members: Press):
    columns, found = members.tables["rpt_membres"]
    members.tables["rpt_membres"] = columns, [(*row[:8], "%", 0) for row in found]
    items = members.model()["chapitres"][0]["sections"][0]["blocs"][0]["arbre"][1]
    assert "Plis\xa0: 10\xa0points de moins qu’en 2039." in said({"arbre": items["enfants"]})


def test_a_value_of_a_member_is_printed_with_the_year_before_and_its_part_of_the_whole(members: Press):
    members.chapter = MEMBERS.replace(
        'genre: evolutions, titre: "Depuis {precedent}"', "genre: indicateurs, part: part"
    )
    columns, found = members.tables["rpt_membres"]
    parts = ["9.5", None, 3, None, 95]
    members.tables["rpt_membres"] = (
        f"{columns}, part decimal(20, 6)",
        [(*row, part) for row, part in zip(found, parts, strict=True)],
    )
    orly = members.model()["chapitres"][0]["sections"][0]["blocs"][0]["chiffres"]
    assert [one["suite"] for one in orly] == [
        "100 en 2039 (−10,0\xa0%)\u202f; 9,5\xa0% de l’ensemble",
        "1\u202f000 en 2039",  # no part of a whole: what it is made of says how it changed
        "7 en 2039 (0,0\xa0%)\u202f; 3,0\xa0% de l’ensemble",
        None,
    ]


def test_a_member_is_shown_the_rows_that_list_it_and_no_others(members: Press):
    orly, other = members.model()["chapitres"][0]["sections"]
    assert texts(orly["blocs"][1]) == [["Fibre", "terminé"]]
    assert texts(other["blocs"][1]) == [["Autre", "en cours"]]


def test_an_optional_column_is_printed_where_a_row_has_a_value(members: Press):
    optional = ", {nom: fin, titre: Fin prévue, format: date, facultative: true}]"
    members.chapter = MEMBERS.replace("format: texte}]", f"format: texte}}{optional}")
    columns, (first, *others) = members.tables["rpt_projets"]
    dated = [(*first, dt.date(2041, 6, 30)), *((*one, None) for one in others)]
    members.tables["rpt_projets"] = f"{columns}, fin date", dated
    orly, other = members.model()["chapitres"][0]["sections"]
    assert (orly["blocs"][1]["entete"], other["blocs"][1]["entete"]) == (["État", "Fin prévue"], ["État"])
    assert texts(orly["blocs"][1]) == [["Fibre", "terminé", "30\xa0juin 2041"]]


def test_the_annex_names_the_published_table_of_each_block(press: Press):
    found = {one["table"]: [block["nom"] for block in one["blocs"]] for one in press.model()["provenance"]}
    assert found == {
        "rapport.rpt_effectifs": ["figure 1", "liste «\xa0Entrées\xa0»"],
        "rapport.rpt_series": ["figure 2"],
    }


@pytest.mark.parametrize(
    ("gigabytes", "printed"), [("12.4", "12 Go"), ("999", "999 Go"), ("3454", "3,5 To"), ("807450", "807 To")]
)
def test_a_volume_is_printed_in_the_unit_that_leaves_few_digits(gigabytes: str, printed: str):
    assert french.volume(Decimal(gigabytes)) == printed.replace(" ", "\xa0")


# prose ------------------------------------------------------------


def prose(press: Press, text: str) -> str:
    press.write("essai.md", text)
    return json.dumps(press.block("texte")["arbre"], ensure_ascii=False)


def test_a_figure_is_printed_and_linked_to_its_source(press: Press):
    assert '"cible": "#c-a.montant"' in prose(press, 'Soit {{ f("a.montant") }}.')
    assert "1,23\u00a0M€" in prose(press, 'Soit {{ f("a.montant") }}.')
    former = prose(press, 'Soit contre {{ f("a.total", exercice=2039) }}.')
    assert '{"genre": "nombre", "enfants": [{"genre": "texte", "texte": "25"}], "adresse": "a1"}' in former


def test_what_nobody_wrote_is_noted(press: Press):
    assert "Rien n’est écrit pour 2040." in json.dumps(press.block("texte"), ensure_ascii=False)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('Un.\n\nDeux {{ f("a.totale") }}.', 3, "vouliez-vous dire « a.total » ?"),
        ('Un {{ f("a.absent") }}.', 1, "manque (NC)"),
        ("Un.\n{{ f(", 2, "entre accolades"),
        ("{{ inconnu }}", 1, "inconnu"),
        ("\n\n{{ f.__globals__ }}", 3, "__globals__"),
        ('{{ "".__class__ }}', 1, "__class__"),
        ("\n{% include 'x' %}", 2, ""),
        ('{% if connu("b.c") %}x{% endif %}', 1, "aucun chiffre « b.c »"),
        ('Un.\n{{ dit("rpt_effectifs", "nom") }}', 2, "rapport.rpt_effectifs n’a pas de colonne nom"),
        ('{{ dit("rpt_effectif", "libelle") }}', 1, "pas de table rapport.rpt_effectif"),
        ("[ici](http://exemple.fr)", 1, "https"),
        ("[ici](#partie)", 1, "https"),
    ],
)
def test_prose_that_cannot_be_printed_stops_with_its_line(press: Press, text: str, line: int, said: str):
    with pytest.raises(ProseError) as error:
        prose(press, text)
    assert str(error.value).startswith(f"contenu/2040/essai.md:{line} "), str(error.value)
    assert said in str(error.value)


def test_prose_can_ask_whether_figures_are_alike_or_zero(press: Press):
    _, rows = press.tables["chiffres"]
    more = [("a.nul", 2040, 0, *rows[0][3:]), ("a.autre", 2040, 27, *rows[0][3:])]
    press.replace("chiffres", [*rows, *more])
    asked = ['egaux("a.total", "a.autre")', 'egaux("a.total", "a.montant")', 'egaux("a.absent", "a.absent")']
    asked += ['nul("a.nul")', 'nul("a.total")', 'nul("a.absent")']
    text = " ".join("{{ " + question + " }}" for question in asked)
    assert "True False False True False False" in prose(press, text)
    with pytest.raises(ProseError, match=r"vouliez-vous dire « a\.total »"):
        prose(press, '{{ nul("a.totale") }}')


@pytest.mark.parametrize(
    ("value", "state", "number", "sign"),
    [
        (0, "complet", "aucun agent", "conforme"),
        (1, "complet", "un agent", "1 de plus"),
        (2, "complet", "2 agents", "2 de plus"),
        (-3, "complet", "−3 agents", "3 de moins"),
        (0, "partiel", "0\xa0(partiel) agents", "0\xa0(partiel) de plus"),
    ],
)
def test_sentences_follow_the_number_and_the_sign(press: Press, value: int, state: str, number: str, sign: str):
    rows = press.tables["chiffres"][1]
    press.replace("chiffres", [(*rows[0][:2], value, *rows[0][3:7], state, *rows[0][8:]), *rows[1:]])
    text = """{{ selon("a.total", "aucun agent", "un agent", "{} agents") }} |
    {{ ecart("a.total", "{} de plus", "{} de moins", "conforme") }}"""
    press.write("essai.md", text)
    printed = "".join(said(press.block("texte"))).split("|")
    assert [one.strip() for one in printed] == [number, sign]


def test_a_unit_comes_before_the_mark_of_a_partial_figure(press: Press):
    rows = press.tables["chiffres"][1]
    press.replace("chiffres", [(*rows[0][:2], 3, *rows[0][3:7], "partiel", *rows[0][8:]), *rows[1:]])
    press.write("essai.md", """{{ f("a.total", unite="tonnes") }} collectées""")
    assert said(press.block("texte")) == ["3\xa0tonnes\xa0(partiel) collectées"]
    press.replace("chiffres", [(*rows[0][:2], 0, *rows[0][3:]), *rows[1:]])
    assert said(press.block("texte")) == ["0\xa0tonne collectées"]  # it agrees


@pytest.mark.parametrize(
    ("receipts", "found", "printed"),
    [
        (100, None, "Le budget d’investissement voté est, en dépenses comme en recettes, de 100,00 €."),
        (90, None, "Les recettes ouvertes en investissement sont de 90,00 €, et les dépenses ouvertes en diffèrent."),
        (100, 10, "Les recettes ouvertes en investissement sont de 100,00 €."),
    ],
)
def test_a_section_is_said_to_balance_only_when_its_credits_do(
    press: Press, receipts: int, found: int | None, printed: str
):
    """Neither when the report's own table says otherwise, nor when a document of it was found not to."""
    code = "finances.principal.investissement.budget"
    budget = (code, 2040, receipts, "EUR", 2, "calculé", None, "complet", "Budget", "essai", "Somme.")
    excess = "finances.principal.investissement.excedent"
    missing = (excess, 2040, None, "EUR", 2, "manquant", "m", "manquant", "Excédent", "essai", "Somme.")
    spent = (
        "finances.principal.investissement.depenses_realisees",
        *budget[1:2],
        26,
        *budget[3:8],
        "Dépenses",
        *budget[9:],
    )
    press.replace("chiffres", [*press.tables["chiffres"][1], budget, missing, spent])
    same = ("principal", "investissement")
    accounts = ("compte administratif", "26.0", "39.7")
    credits = [
        (2040, *same, "dépense", "detail", 100, *accounts),
        (2040, *same, "recette", "detail", receipts, *accounts),
    ]
    press.tables["rpt_finances__sections"] = (
        "exercice integer, type_budget varchar, section varchar, sens_budgetaire varchar, role_ligne varchar, "
        "credits_ouverts_eur decimal(18, 2), nature_decision varchar, taux_realisation_pct decimal(20, 6), "
        "taux_avec_restes_pct decimal(20, 6)",
        credits,
    )
    press.tables["rpt_finances__chapitres"] = (
        "exercice integer, type_budget varchar, section varchar, sens_budgetaire varchar, role_ligne varchar, "
        "code_chapitre varchar, credits_annules_eur decimal(18, 2)",
        [(2040, *same, "dépense", "detail", "20", 4), (2040, *same, "dépense", "detail", "21", 6)],
    )
    press.tables["rpt_finances__rapprochements"] = (
        "exercice integer, controle varchar, type_budget varchar, section varchar, est_egal boolean, ecart_eur decimal(18, 2)",
        [(2040, "FIN-EQUILIBRE", *same, False, found), (2040, "FIN-EQUILIBRE", *same, True, 0)],
    )
    press.chapter = CHAPTER.replace(
        '{genre: contenu, fichier: essai.md, vide: "Rien n’est écrit pour {exercice}."}',
        "{genre: texte, fichier: investissement.md}",
    )
    assert said(press.block("texte"))[0].replace("\xa0", " ") == printed


@pytest.mark.parametrize(
    ("budgets", "printed"),
    [
        ([("1", "EAU")], "ici : EAU."),
        (
            [("1", "EAU"), ("2", "PORT ET QUAI")],
            "il y en a ici plusieurs, que les montants qui suivent réunissent : EAU et PORT ET QUAI.",
        ),
        ([("1", "EAU et PORT")], "ici : EAU et PORT."),
        ([], None),
    ],
)
def test_every_annexe_is_named_whether_or_not_its_figures_are_known(
    press: Press, budgets: list[tuple[str, str]], printed: str | None
):
    known = ("budget", "recettes_realisees", "depenses_realisees", "resultat")
    missing = [
        (
            f"finances.annexe.fonctionnement.{one}",
            2040,
            None,
            "EUR",
            2,
            "manquant",
            "m",
            "manquant",
            one,
            "essai",
            "Somme.",
        )
        for one in known
    ]
    press.replace("chiffres", [*press.tables["chiffres"][1], *missing])
    press.tables["rpt_finances__resultats"] = (
        "exercice integer, type_budget varchar, section varchar, resultat_exercice_eur decimal(18, 2)",
        [],
    )
    press.tables["rpt_finances__sections"] = (
        "exercice integer, type_budget varchar, siret varchar, libelle_budget varchar",
        [(2040, "annexe", *one) for one in budgets],
    )
    press.chapter = CHAPTER.replace(
        '{genre: contenu, fichier: essai.md, vide: "Rien n’est écrit pour {exercice}."}',
        "{genre: texte, fichier: budget_annexe.md}",
    )
    texts = [b for b in press.model()["chapitres"][0]["sections"][0]["blocs"] if b["genre"] == "texte"]
    found = said(texts[0])[0].replace("\xa0", " ").replace("\u202f", " ") if texts else None
    assert (found or "").endswith(printed or "") and bool(found) is bool(printed)


def test_a_sentence_about_what_is_missing_needs_another_text(press: Press):
    with pytest.raises(ProseError, match=r"manque \(NC\)"):
        prose(press, """{{ selon("a.absent", "aucun", "un", "{}") }}""")


@pytest.mark.parametrize(
    ("documents", "printed"),
    [
        (["compte administratif"], "compte administratif"),
        (["compte financier unique"] * 2, "compte financier unique"),
        ([], "compte"),
    ],
)
def test_the_prose_names_the_document_received(press: Press, documents: list[str], printed: str):
    press.tables["rpt_documents"] = ("exercice integer, nature varchar", [(2040, one) for one in documents])
    assert f'"texte": "Le {printed} dit"' in prose(press, """Le {{ dit("rpt_documents", "nature") or "compte" }} dit""")


def test_a_body_has_no_loan_only_where_the_debt_is_complete_and_nil():
    names = {"exercice": 2040, "precedent": 2039, "sigle": "SE", "Le_sigle": "Le SE", "le_sigle": "le SE"}
    found = []
    for value, state in ((0, "complet"), (0, "partiel"), (5, "complet"), (None, "manquant")):
        row = {"code": "finances.dette.encours", "exercice": 2040, "valeur": None if value is None else Decimal(value)}
        row |= {"decimales": 2, "unite": "EUR", "etat": state, "code_manquant": "m" if value is None else None}
        figures = Figures(2040, {("finances.dette.encours", 2040): row}, {}, {})
        found.append("pas d’emprunt" in str(render(TEXTE / "dette.md", "dette.md", figures, names)))
    assert found == [True, False, False, False]


def test_a_crossing_that_no_row_gives_is_zero_where_the_chapter_says_so(press: Press):
    press.chapter = CHAPTER.replace(
        "{par: exercice, valeur: valeur, format: chiffre}", "{par: libelle, valeur: valeur, nul: true}"
    )
    press.chapter = press.chapter.replace(
        "lignes: {nom: libelle, titre: Indicateur, format: texte}", "lignes: {nom: unite, titre: Unité, format: texte}"
    )
    press.replace(
        "rpt_series",
        [(2040, "A", 1, 3, "x", 0, None, ""), (2040, "B", 2, 4, "x", 0, None, ""), (2040, "A", 3, 5, "y", 0, None, "")],
    )
    assert texts(press.block("graphique", 1)) == [["X", "3", "4"], ["Y", "5", "0"]]
    press.profile = "public"
    assert texts(press.block("graphique", 1)) == [["X", "3", "4"], ["Y", "5", "s"]]
    press.profile = "interne"
    _, rows = press.tables["rpt_series"]
    press.replace("rpt_series", [*rows, (2040, "B", 4, None, "y", 0, None, "")])
    assert texts(press.block("graphique", 1)) == [["X", "3", "4"], ["Y", "5", "0"]]  # what a row leaves blank too
    press.replace("rpt_series", [*rows, *[(2040, "C", 5, None, unit, 0, None, "") for unit in "xy"]])
    assert texts(press.block("graphique", 1))[0] == ["X", "3", "4", "—"]  # of nobody, no share


def test_a_title_may_name_what_is_given_to_it_and_nothing_else():
    figures, publication = SimpleNamespace(exercice=2040), SimpleNamespace(profile="interne")
    organisation = SimpleNamespace(sigle="SE", le_sigle="le SE", du_sigle="du SE", population="population municipale")
    editor = Editor(SimpleNamespace(figures=figures, publication=publication), organisation, Path(), None, None)
    assert set(editor.names) == set(NAMES)


@pytest.mark.parametrize(("code", "is_hidden"), [("s", True), ("m", False)])
def test_only_a_hidden_figure_is_called_withheld(code: str, is_hidden: bool):
    """A part of the head count that no tool gives, the rest being known."""
    unknown = ("rh.effectif.contractuel_permanent_cdi", "rh.mouvement.nommes_stagiaires")
    known = {"valeur": Decimal(12), "decimales": 0, "unite": "agents", "code_manquant": None, "etat": "complet"}
    rows = {(name, 2040): {"code": name, "exercice": 2040, **known} for name in load_catalogue().figures.by_code}
    rows |= {(one, 2040): rows[one, 2040] | {"valeur": None, "code_manquant": code} for one in unknown}
    names = {"exercice": 2040, "precedent": 2039, "sigle": "SE", "profil": "interne"}
    names |= {"le_sigle": "le SE", "Le_sigle": "Le SE", "du_sigle": "du SE"}
    printed = [
        str(render(TEXTE / name, name, Figures(2040, rows, {}, {}), names)) for name in ("equipes.md", "mouvements.md")
    ]
    assert [("diffusé" in text, "durée indéterminée" in text or "stagiaires" in text) for text in printed] == [
        (is_hidden, is_hidden)
    ] * 2


def test_what_is_missing_has_a_stated_text_or_no_paragraph(press: Press):
    assert "un *nombre* inconnu" in prose(press, 'Soit {{ f("a.absent", "un *nombre* inconnu") }}.')
    assert "jamais" not in prose(press, 'Un.\n\n{% if connu("a.total", "a.absent") %}\njamais\n{% endif %}')


@pytest.mark.parametrize("code", ["m", "s"])
@pytest.mark.parametrize("path", sorted(TEXTE.glob("*.md")), ids=lambda path: path.stem)
def test_the_chapters_own_prose_is_printed_when_nothing_is_known(path, code: str):
    rows = {
        (name, 2040): {"code": name, "exercice": 2040, "valeur": None, "code_manquant": code}
        for name in load_catalogue().figures.by_code
    }
    names = {"exercice": 2040, "precedent": 2039, "sigle": "SE", "profil": "public"}
    names |= {"le_sigle": "le SE", "Le_sigle": "Le SE", "du_sigle": "du SE", "dit": lambda *_, **_filters: ""}
    render(path, f"texte/{path.name}", Figures(2040, rows, {}, {}), names)


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("path", sorted(TEXTE.glob("*.md")), ids=lambda path: path.stem)
def test_the_chapters_own_prose_agrees_with_none_and_one(path, value: int):
    declared = load_catalogue()
    names = {"exercice": 2040, "precedent": 2039, "sigle": "SE", "profil": "public", "dit": lambda *_, **_filters: ""}
    names |= {"le_sigle": "le SE", "Le_sigle": "Le SE", "du_sigle": "du SE"}
    known = {"exercice": 2040, "valeur": Decimal(value), "etat": "complet", "code_manquant": None}
    rows = {
        (code, 2040): {"code": code, "decimales": one.figure.decimales, "unite": one.figure.unite, **known}
        for code, one in declared.figures.by_code.items()
    }
    printed = said({"arbre": render(path, f"texte/{path.name}", Figures(2040, rows, {}, {}), names)})
    wrong = [
        re.search(declared.guards[name].mots, one)
        for one in printed
        for name in ("nombre-sans-accord", "signe-contraire")
    ]
    assert [found[0] for found in wrong if found] == []


def test_a_list_of_all_the_members_is_shortened_to_a_word(press: Press):
    press.replace("rpt_effectifs", [(2040, "A, B, C", 1, 3), (2040, "A, C", 2, 4)])
    press.chapter = CHAPTER.replace(
        "details: [{nom: nb_agents, titre: Agents}]", "details: [{nom: libelle, titre: Pour, format: texte}]"
    )
    found: list[str] = []

    def look(editor: Editor, chapters: list) -> None:
        editor.builder.members = frozenset("ABC")
        blocks = editor.chapters(chapters)[0]["sections"][0]["blocs"]
        found.extend(one["details"][0]["texte"] for b in blocks if b["genre"] == "liste" for one in b["entrees"])

    press.edited(look)
    assert found == ["toutes les collectivités membres", "A, C"]


APART = """
id: edito
titre: L’édito
page_seule: true
sections:
  - {id: mots, titre: "", blocs: [{genre: contenu, fichier: edito.md}, {genre: signature}]}
"""


def test_a_page_is_left_to_a_chapter_that_is_whole_and_none_to_a_signature_alone(press: Press):
    found: list[list[tuple[str, bool]]] = []

    def look(editor: Editor, chapters: list) -> None:
        signed = editor.organisation.identite.model_copy(update={"signature": Personne(nom="A. B.", fonction="maire")})
        organisation = editor.organisation.model_copy(update={"identite": signed})
        printed = replace(editor, organisation=organisation).chapters(chapters)
        found.append([(chapter["id"], chapter["page_seule"]) for chapter in printed])

    press.chapter = APART
    press.edited(look)
    press.write("edito.md", "Une année de plus.")
    press.edited(look)
    press.chapter += "  - {id: suite, titre: Suite, blocs: [{genre: contenu, fichier: suite.md}]}\n"
    press.edited(look)
    assert found == [[], [("edito", True)], [("edito", False)]]


# what alarms ------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "kind", "is_there"),
    [("reçue", "annexe", True), ("reçue", "principal", False), ("en retard", "principal", True)],
)
def test_a_section_without_its_rows_is_left_out_of_a_year_of_which_everything_came(
    press: Press, state: str, kind: str, is_there: bool
):
    asked = "    titre: Partie de {exercice}\n    si: {table: rpt_budgets, filtres: {type: annexe}}\n"
    press.chapter = CHAPTER.replace("    titre: Partie de {exercice}\n", asked)
    press.models = {"rpt_budgets": ["essai__lignes"]}
    press.tables["rpt_budgets"] = ("exercice integer, type varchar", [(2040, kind), (2039, "annexe")])
    press.receive(("essai/lignes", 2040, state))
    assert bool(press.model()["chapitres"]) == is_there


ALERT = """
alertes:
  trop-peu: {table: rpt_effectifs, quand: nb_agents < 5, cle: [libelle], dit: "{libelle} : {nb_agents} agents."}
"""


def test_a_row_that_alarms_is_printed_with_its_explanation_or_without_any(press: Press):
    press.files["catalogue/alertes.yml"] = ALERT
    press.replace("rpt_effectifs", [(2040, "Titulaires", 1, 3), (2040, "Été", 2, 13), (2039, "Été", 3, 1)])
    assert said(press.block("texte", 1)) == ["Titulaires\xa0: 3 agents. Sans explication fournie."]
    press.write("alertes/trop-peu-titulaires.md", 'Ils étaient {{ f("a.total") }}.')
    assert said(press.block("texte", 1)) == ["Titulaires\xa0: 3 agents.Ils étaient 27."]


def test_what_alarms_is_listed_once_and_where_nothing_does_no_list_is(press: Press):
    press.files["catalogue/alertes.yml"] = ALERT
    listed = "      - {genre: alertes}\n      - genre: chiffres"
    press.chapter = CHAPTER.replace("      - genre: chiffres", listed, 1)
    assert "Titulaires" not in str(press.block("texte", 0))
    press.replace("rpt_effectifs", [(2040, "Titulaires", 1, 3), (2040, "Vacataires", 2, 4)])
    (alarms,) = press.block("texte", 1)["arbre"]
    assert (alarms["genre"], len(alarms["enfants"])) == ("liste", 2)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([("Titulaires", 3)], ["Titulaires : 3 agents."]),
        ([("Titulaires", 3), ("Été", 2)], ["Trop peu : 3 titulaires et 2 été."]),
        ([("Titulaires", 3), ("Été", 2), ("Vacataires", 4)], ["Trop peu : 3 titulaires, 4 vacataires et 2 été."]),
    ],
)
def test_rows_that_are_said_together_are_one_line_of_what_alarms(press: Press, rows: list, told: list[str]):
    together = 'ensemble: {dit: "Trop peu : {chacun}.", chacun: "{nb_agents} {libelle}"}}'
    press.files["catalogue/alertes.yml"] = ALERT.replace("}\n", f", {together}\n")
    press.chapter = CHAPTER.replace("      - genre: chiffres", "      - {genre: alertes}\n      - genre: chiffres", 1)
    press.replace("rpt_effectifs", [(2040, name, rank, agents) for rank, (name, agents) in enumerate(rows)])
    (alarms,) = press.block("texte", 1)["arbre"]
    printed = [said({"arbre": [one]}) for one in alarms["enfants"]]
    assert [words[0].replace("\xa0", " ").lower() for words in printed] == [one.lower() for one in told]


@pytest.mark.parametrize(
    ("agents", "told"), [(0, "Été : aucun agent."), (1, "Été : un agent."), (4, "Été : 4 agents.")]
)
def test_an_alert_agrees_with_its_number(press: Press, agents: int, told: str):
    press.files["catalogue/alertes.yml"] = ALERT.replace(
        "{nb_agents} agents", "{nb_agents:aucun agent|un agent|# agents}"
    )
    press.replace("rpt_effectifs", [(2040, "Été", 1, agents)])
    assert said(press.block("texte", 1))[0].replace("\xa0", " ").startswith(told)


def test_a_form_for_none_one_and_many_is_asked_for(press: Press):
    press.files["catalogue/alertes.yml"] = ALERT.replace("{nb_agents} agents", "{nb_agents:un agent|# agents}")
    with pytest.raises(DeclarationError, match=r"trois formes, zéro\|un\|plusieurs"):
        press.model()


def test_a_row_that_the_block_does_not_print_does_not_alarm_there(press: Press):
    press.files["catalogue/alertes.yml"] = ALERT
    press.replace("rpt_effectifs", [(2040, "Titulaires", 1, 3), (2040, "Vacataires", 2, 4)])
    filtered = "table: rpt_effectifs\n        filtres: {libelle: Vacataires}"
    press.chapter = CHAPTER.replace("table: rpt_effectifs", filtered)
    assert [said(press.block("texte", rank)) for rank in (1, 2)] == [
        ["Vacataires\xa0: 4 agents. Sans explication fournie."]
    ] * 2


# a matrix ------------------------------------------------------------

MATRIX = """
id: essai
titre: Essai
sections:
  - id: partie
    titre: Partie
    blocs:
      - genre: matrice
        id: applications
        titre: Indicateurs
        table: rpt_applications
        ordre: [code, indicateur]
        code: code
        lignes: {nom: libelle, titre: Application, format: texte}
        detail: domaine
        croise: {par: indicateur, valeur: valeur, format: chiffre}
        commentaires: "applications/{code}.md"
        vide: Aucun indicateur.
"""


@pytest.fixture
def matrix(press: Press) -> Press:
    """Two applications, one with an indicator that the other does not have."""
    press.chapter = MATRIX
    press.tables["rpt_applications"] = (
        "exercice integer, code varchar, libelle varchar, domaine varchar, indicateur varchar, valeur decimal(20, 6), "
        "unite varchar, decimales integer, code_manquant varchar, code_chiffre varchar, est_secret boolean",
        [
            (2038, "a", "Alpha", "Paie", "Agents", None, "agents", 0, "NC", "a.x", False),
            (2039, "a", "Alpha", "Paie", "Agents", 10, "agents", 0, None, "a.x", False),
            (2040, "a", "Alpha", "Paie", "Agents", 5, "agents", 0, None, "a.total", False),
            (2040, "a", "Alpha", "Paie", "Jours", "4.5", "jours", 2, None, "a.y", False),
            (2040, "b", "Bêta", "Courrier", "Agents", 0, "agents", 0, None, "a.z", False),
        ],
    )
    return press


def test_a_cell_of_a_matrix_is_the_series_of_its_years(matrix: Press):
    block = matrix.block("matrice")
    assert (block["entete"], block["annees"], block["numero"]) == (["Agents", "Jours"], ["2038", "2039", "2040"], 1)
    assert [(line["titre"], line["detail"]) for line in block["lignes"]] == [("Alpha", "Paie"), ("Bêta", "Courrier")]
    series = [[[one["texte"] for one in s["cellules"]] for s in line["series"]] for line in block["lignes"]]
    assert series == [[["NC", "10", "5"], ["—", "—", "4,5"]], [["—", "—", "0"], ["—"]]]
    assert block["lignes"][0]["series"][0]["hauteurs"] == [None, 1.0, 0.5]
    assert [one["code"] for one in block["legende"]] == ["NC", "—"]
    assert matrix.model()["provenance"][0]["blocs"] == [{"id": "applications", "nom": "tableau 1"}]


def test_a_matrix_is_followed_by_the_texts_of_the_year_on_its_rows(matrix: Press):
    matrix.write("applications/b.md", "Remplacée en 2041.")
    (comment,) = matrix.block("matrice")["commentaires"]
    assert (comment["titre"], said(comment)) == ("Bêta", ["Remplacée en 2041."])


def test_a_matrix_without_rows_of_the_year_is_a_sentence_and_one_that_is_hidden_too(matrix: Press):
    rows = matrix.tables["rpt_applications"][1]
    matrix.replace("rpt_applications", rows[:2])
    assert matrix.block("vide")["texte"] == "Aucun indicateur."
    matrix.replace("rpt_applications", [])  # nor of any year, and no export says that something came: nothing is said
    assert matrix.model()["chapitres"] == []
    matrix.replace("rpt_applications", [(*row[:5], None, *row[6:8], None, row[9], True) for row in rows])
    matrix.profile = "public"
    assert "(secret statistique)" in matrix.block("vide")["texte"]


def test_what_is_withheld_for_one_reason_is_listed_together(press: Press):
    press.files["catalogue/secrecy.yml"] = (
        "tables:\n  rpt_effectifs: {withheld: essai}\n  rpt_series: {withheld: essai}\n"
    )
    press.profile = "public"
    del press.tables["rpt_effectifs"], press.tables["rpt_series"]
    assert press.block("vide") == {
        "genre": "vide",
        "titre": "Non diffusé",
        "texte": "Effectifs, Indicateurs et Entrées (essai). S’adresser à l’administration du SE.",
    }


def test_what_is_far_from_the_median_of_a_chart_is_named_and_explained(press: Press):
    rows = [
        (2040, title, rank, value)
        for rank, (title, value) in enumerate(zip("ABCDE", (90, 100, 110, 40, 200), strict=True))
    ]
    press.replace("rpt_effectifs", rows)
    before = len(press.model()["chapitres"][0]["sections"][0]["blocs"])
    press.chapter = CHAPTER.replace("forme: barres\n", "forme: barres\n        seuil_pct: 50\n")
    assert len(press.model()["chapitres"][0]["sections"][0]["blocs"]) == before + 1
    assert said(press.block("texte", 1)) == [
        "Agents\xa0: d est à plus de 50\xa0% au-dessous de la médiane de l’année (100). "
        "Agents\xa0: e est à plus de 50\xa0% au-dessus de la médiane de l’année (100)."
    ]
    press.write("figures/effectifs.md", "Fermé.")
    assert said(press.block("texte", 1))[1] == "Fermé."
    press.chapter = CHAPTER.replace("forme: barres\n", "forme: barres\n        seuil_pct: 100\n")
    assert press.block("texte")["arbre"] and len(press.model()["chapitres"][0]["sections"][0]["blocs"]) == before


@pytest.mark.parametrize(("euros", "printed"), [(2450, "2,5 k€"), (1401513.43, "1\u202f402 k€"), (-99949, "−99,9 k€")])
def test_charts_tell_amounts_in_thousands(euros: float, printed: str):
    assert french.thousands(euros) == printed.replace(" ", "\xa0")


def cascade(*columns: tuple[str, int], levels: list[int]) -> list[tuple]:
    """The bars of a cascade: title, beginning, end, and the label beside it."""
    cells = [number(Decimal(value), 2, "EUR") for _, value in columns]
    line = {"titre": "Fonctionnement", "est_total": False, "cellules": cells}
    block = {"entete": [title for title, _ in columns], "lignes": [line], "paliers": levels}
    spec = FORMS["cascade"](block, False)
    return [(one["ligne"], one["de"], one["vers"], one["dit"]) for one in spec["data"]["values"]]


def test_a_cascade_begins_each_bar_where_the_former_one_ended():
    assert cascade(("Report", 100000), ("Résultat", -30000), ("Cumul", 70000), levels=[0, 2]) == [
        ("Report", 0, 100000, "100\xa0k€"),
        ("Résultat", 100000, 70000, "−30,0\xa0k€"),
        ("Cumul", 0, 70000, "70,0\xa0k€"),
    ]


def test_an_amount_that_those_before_it_add_up_to_is_drawn_from_zero():
    bars = cascade(("Avant", 100), ("Part", -40), ("Report", 60), ("Résultat", 10), ("Cumul", 70), levels=[0, 2, 4])
    assert [bar[1:3] for bar in bars] == [(0, 100), (100, 60), (0, 60), (60, 70), (0, 70)]


RESULTS = """
id: essai
titre: Essai
sections:
  - id: partie
    titre: Partie
    blocs:
      - genre: graphique
        id: cascade
        forme: cascade
        montre: extremites
        titre: Du résultat à l’autre
        table: rpt_resultats
        lignes: {nom: section, titre: Section, format: texte}
        colonnes:
          - {nom: avant_eur, titre: Avant, format: euros2}
          - {nom: part_eur, titre: Part, format: euros2}
          - {nom: report_eur, titre: Report, format: euros2, palier: true}
          - {nom: cumul_eur, titre: Cumul, format: euros2}
        vide: Aucun.
      - genre: tableau
        id: membres
        titre: Par habitant
        table: rpt_membres
        lignes: {nom: nom, titre: Nom, format: texte}
        colonnes:
          - {nom: habitants, titre: Habitants}
          - {nom: montant_eur, titre: Montant, format: euros2}
          - {nom: par_habitant_eur, titre: Par habitant, format: euros2, quotient: [montant_eur, habitants]}
        total: Ensemble
        vide: Aucun.
"""


@pytest.mark.parametrize(
    ("before", "head", "levels"),
    [("100", ["Avant", "Part", "Report", "Cumul"], [0, 2, 3]), (None, ["Report", "Cumul"], [0, 1])],
)
def test_a_cascade_begins_with_what_is_known_and_a_mean_leaves_out_who_has_no_divisor(
    press: Press, before: str | None, head: list[str], levels: list[int]
):
    press.chapter = RESULTS
    amounts = ", ".join(f"{one}_eur decimal(18, 2)" for one in ("avant", "part", "report", "cumul"))
    press.tables["rpt_resultats"] = (
        f"exercice integer, section varchar, {amounts}",
        [(2040, "fonctionnement", before, before and "-40", "60", "70")],
    )
    press.tables["rpt_membres"] = (
        "exercice integer, nom varchar, habitants bigint, montant_eur decimal(18, 2), par_habitant_eur decimal(18, 2)",
        [(2040, "A", 10, 100, 10), (2040, "B", 30, 100, "3.33"), (2040, "Autres", None, 50, None)],
    )
    block = press.block("graphique")
    assert (block["entete"], block["paliers"]) == (head, levels)
    assert block["titre"].endswith(f"de {before or 60},00\xa0€ à 70,00\xa0€")
    assert texts(press.block("tableau"))[-1] == ["Ensemble", "40", "250,00\xa0€", "5,00\xa0€"]


def test_a_text_prints_an_amount_of_a_table_in_euros(press: Press):
    press.tables["rpt_resultats"] = ("exercice integer, montant_eur decimal(18, 2)", [(2040, "1234.5")])
    assert "1\u202f235\xa0€" in prose(press, '{{ dit("rpt_resultats", "montant_eur") }}')
    alike = '{% if dit("rpt_resultats", "montant_eur") == "1\u202f235,00\xa0€" %}égal{% endif %}'
    assert "égal" not in prose(press, alike)  # compared to the cent


def test_a_text_prints_a_number_that_is_no_amount_as_it_is(press: Press):
    press.tables["rpt_resultats"] = ("exercice integer, etpr decimal(18, 6)", [(2040, "1234.5")])
    assert '"1\u202f234,5"' in prose(press, '{{ dit("rpt_resultats", "etpr") }}')


def test_a_chart_shows_millions_of_euros_in_millions():
    assert french.millions(1178803.01) == "1,18\xa0M€"


@pytest.mark.parametrize(
    ("value", "unit", "printed"),
    [
        ("7.8", "heures", "7,8 heures"),
        ("1", "sous-traitants", "1,0 sous-traitant"),
        ("4.50", "jours", "4,5 jours"),
        ("24.12", "ETPR", "24,1 ETPR"),
        ("69.3", "%", "69,3 %"),
        ("807450", "Go", "807 To"),
        ("3", "", "3,0"),
    ],
)
def test_a_number_that_stands_alone_has_its_unit(value: str, unit: str, printed: str):
    assert french.measured(Decimal(value), 1, unit) == printed.replace(" ", "\xa0")
