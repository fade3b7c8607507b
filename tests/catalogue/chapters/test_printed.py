"""The guards on reports: where they look, and in which edition. ``tests/runs/test_gate.py`` breaks each one."""

from typing import Any

import pytest

from pipelines.catalogue.chapters.printed import Cellules, Garde, Passage, broken, passages
from pipelines.catalogue.load import load_catalogue
from tests.catalogue.chapters.printing import report, table, words

GUARDS = load_catalogue().guards


def breaches(name: str, model: dict[str, Any]) -> list[Passage]:
    return broken(GUARDS[name], model["profil"], passages(model))


@pytest.mark.parametrize("profile", ["interne", "public"])
def test_a_guard_of_one_edition_leaves_the_other(profile: str):
    model = report(
        {"genre": "texte", "arbre": [{"genre": "paragraphe", "enfants": [words("zéro : 0 agents")]}]}, profile=profile
    )
    rule = GUARDS["nombre-sans-accord"].model_copy(update={"edition": "public"})
    assert bool(broken(rule, model["profil"], passages(model))) == (profile == "public")


def test_what_is_in_a_list_a_note_or_the_page_of_a_member_is_read():
    bad = {"genre": "paragraphe", "enfants": [words("zéro : 0 agents")]}
    listed = {"genre": "texte", "arbre": [{"genre": "liste", "enfants": [{"genre": "element", "enfants": [bad]}]}]}
    quoted = {"genre": "texte", "arbre": [{"genre": "citation", "enfants": [bad]}]}
    model = report(listed, quoted)
    model["collectivites"] = [{"titre": "Orly", "blocs": [listed]}]
    found = breaches("nombre-sans-accord", model)
    assert [one.place for one in found] == ["Essai, Partie", "Essai, Partie", "Les pages, Orly"]


@pytest.mark.parametrize("kind", ["liste", "numerotee", "citation"])
def test_each_paragraph_of_a_list_or_of_a_quotation_is_read_apart(kind: str):
    held = [{"genre": "paragraphe", "enfants": [words(text)]} for text in ("un", "deux")]
    model = report({"genre": "texte", "arbre": [{"genre": kind, "enfants": held}]})
    assert [one.text for one in passages(model) if one.kind == "phrases"] == ["un", "deux"]


@pytest.mark.parametrize(
    ("rows", "is_wrong"),
    [
        ([["a", "5 %", "s"], ["b", "3 %", "2 %"]], True),  # what is hidden may be deduced
        ([["a", "s", "s"], ["b", "3 %", "2 %"]], False),
        ([["a", "5 %", "s"], ["b", "3 %", "12"]], False),  # no share in the second column
    ],
)
def test_the_cells_of_a_table_that_hold_a_code_are_limited(rows: list[list[str]], is_wrong: bool):
    rule = Garde(dit="essai", dans=["tableaux"], cellules=Cellules(code="s"))
    found = broken(rule, "interne", passages(report(table("Essai", ["Un", "Deux"], *rows))))
    assert bool(found) == is_wrong


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"avec": "a"}, "ce dont parle la garde"),
        ({"mots": "(", "avec": "a"}, "expression régulière"),
        ({"mots": "a", "apres": "a.b"}, "donner chiffres"),
    ],
)
def test_a_guard_that_says_nothing_is_refused(said: dict[str, Any], why: str):
    with pytest.raises(ValueError, match=why):
        Garde.model_validate({"dit": "essai", **said})


@pytest.mark.parametrize(
    ("before", "after", "is_wrong"),
    [
        ("Le centre a traité ", " demandes.", True),
        ("Les équipes ont bien répondu à ", " tickets.", True),
        ("Il y a eu ", " tickets, tous clos.", True),
        ("Il y a eu ", " tickets reçus.", False),
        ("Il en reste 3, les autres étant résolus, de ", " reçus.", False),
    ],
)
def test_what_is_claimed_of_a_figure_may_precede_or_follow_it(before: str, after: str, is_wrong: bool):
    figure = {"genre": "lien", "cible": "#c-assistance.tickets.nombre", "enfants": [words("3 942")]}
    said = {"genre": "paragraphe", "enfants": [words(before), figure, words(after)]}
    assert bool(breaches("recus-dits-resolus", report({"genre": "texte", "arbre": [said]}))) == is_wrong


@pytest.mark.parametrize(
    "said",
    [
        "Ni emprunt, ni dette.",
        "La dette du syndicat est nulle.",
        "Zéro dette.",
        "L’endettement reste nul.",
        "Sans emprunt.",
    ],
)
def test_that_there_is_no_loan_may_be_worded_in_many_ways(said: str):
    text = {"genre": "texte", "arbre": [{"genre": "paragraphe", "enfants": [words(said)]}]}
    (found,) = broken(GUARDS["sans-emprunt"], "interne", passages(report(text)), is_answered=False)
    assert found.text == said


@pytest.mark.parametrize(("title", "is_wrong"), [("La dette", True), ("La dette de 2040", False)])
def test_a_title_is_all_that_a_reader_sees_with_it(title: str, is_wrong: bool):
    dated = Garde(dit="une dette sans année", dans=["titres"], mots="dette", avec="2040")
    (chapter, section) = passages(report(title=title))
    assert (chapter.text, section.place, section.around) == ("Essai", title, title)
    assert broken(dated, "interne", [chapter, section]) == ([section] if is_wrong else [])


def printing(*pieces: str) -> dict[str, Any]:
    """A paragraph of words and of figures (``#code``)."""
    figure = {"genre": "lien", "enfants": [words("3")]}
    nodes = [figure | {"cible": one.replace("#", "#c-")} if one.startswith("#") else words(one) for one in pieces]
    return {"genre": "texte", "arbre": [{"genre": "paragraphe", "enfants": nodes}]}


@pytest.mark.parametrize(
    ("blocks", "wrong"),
    [
        ([printing("#a.reste"), printing("#a.debut", " puis ", "#a.reste")], 1),
        ([printing("#a.debut", " puis ", "#a.reste"), printing("#a.reste")], 0),
        ([printing("#a.reste", " après ", "#a.debut"), printing("#a.reste")], 1),
        ([printing("#a.autre", "#a.reste")], 1),
        ([printing("#a.debut"), printing("#a.reste")], 0),
    ],
)
def test_a_figure_that_follows_from_another_comes_after_it(blocks: list[dict[str, Any]], wrong: int):
    rule = Garde(dit="un reste sans son début", chiffres=["a.reste"], apres="a.debut")
    found = broken(rule, "interne", passages(report(*blocks)))
    assert [any(printed.code == "a.reste" for printed in one.figures) for one in found] == [True] * wrong


@pytest.mark.parametrize(
    ("said", "is_wrong"), [({"sans": "élèves"}, True), ({"avant": "élèves"}, False), ({"avant": "reçus"}, True)]
)
def test_what_may_not_follow_a_figure_and_what_may_not_precede_it_are_apart(said: dict[str, str], is_wrong: bool):
    rule = Garde(dit="essai", chiffres=["a.b"], **said)
    text = report(printing("reçus : ", "#a.b", " élèves, ", "#a.c", " élèves"))
    assert bool(broken(rule, "interne", passages(text))) == is_wrong
