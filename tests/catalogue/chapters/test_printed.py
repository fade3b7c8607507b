"""The guards on reports: where they look, and in which edition. ``tests/runs/test_gate.py`` breaks each one."""

from typing import Any

import pytest

from pipelines.catalogue.chapters.printed import Garde, Passage, broken, passages
from pipelines.catalogue.load import load_catalogue
from tests.catalogue.chapters.printing import report, table, words

GUARDS = load_catalogue().guards


def breaches(name: str, model: dict[str, Any]) -> list[Passage]:
    return broken(GUARDS[name], model["profil"], passages(model))


@pytest.mark.parametrize("profile", ["interne", "public"])
def test_a_guard_of_one_edition_leaves_the_other(profile: str):
    model = report(table("Effectifs", ["Agents"], ["Titulaires", "s"]), profile=profile)
    assert bool(breaches("tableau-masque", model)) == (profile == "public")


def test_what_is_in_a_list_a_note_or_the_page_of_a_member_is_read():
    bad = {"genre": "paragraphe", "enfants": [words("zéro : 0 agents")]}
    listed = {"genre": "texte", "arbre": [{"genre": "liste", "enfants": [{"genre": "element", "enfants": [bad]}]}]}
    quoted = {"genre": "texte", "arbre": [{"genre": "citation", "enfants": [bad]}]}
    model = report(listed, quoted)
    model["collectivites"] = [{"titre": "Orly", "blocs": [listed]}]
    found = breaches("nombre-sans-accord", model)
    assert [one.place for one in found] == ["Essai, Partie", "Essai, Partie", "Les pages, Orly"]


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
def test_what_is_said_of_a_figure_stands_before_or_after_it(before: str, after: str, is_wrong: bool):
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
