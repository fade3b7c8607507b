"""The messages of a year: what makes one worth telling, in which words, and when there is none."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from pipelines.catalogue.chapters.grammar import Message, Messages
from pipelines.catalogue.chapters.messages import told

FORMS = {
    "dit": "Il y en a {valeur:agent|agents}",
    "hausse": "Il y en a {valeur}, {difference} de plus que {avant} en {precedent}, soit {variation}",
    "baisse": "Il y en a {valeur}, {variation} de moins",
    "nul": "Il n’y en a pas",
    "negatif": "Il en manque {valeur}",
}


def row(value: Any, unit: str = "agents", decimals: int = 0, etat: str = "complet", **more: Any) -> dict[str, Any]:
    known = None if value is None else Decimal(str(value))
    return {"valeur": known, "unite": unit, "decimales": decimals, "etat": etat, "code_manquant": None, **more}


def message(code: str = "a.a", **more: Any) -> dict[str, Any]:
    return {"domaine": code, "vers": "essai", "chiffre": code, **FORMS, **more}


def said(rows: dict[str, list[dict]], *messages: dict, **block: Any) -> list[str]:
    """The messages of 2020; the rows of each figure, from 2020 back."""
    bloc = Messages.model_validate({"genre": "messages", "messages": [*messages] or [message()], **block})
    of = {(code, 2020 - back): one for code, years in rows.items() for back, one in enumerate(years)}
    return [one.text.replace("\u202f", " ").replace("\u00a0", " ") for one in told(bloc, of, 2020)]


LITTLE = {"etat": "partiel", "est_perte_significative": False}
MUCH = {"etat": "partiel", "est_perte_significative": True}


@pytest.mark.parametrize(
    ("years", "text"),
    [
        ([row(150), row(100)], "Il y en a 150, 50 de plus que 100 en 2019, soit 50 %."),
        ([row(100), row(150)], "Il y en a 100, 33 % de moins."),
        ([row(40)], "Il y en a 40 agents."),
        ([row(1)], "Il y en a 1 agent."),
        ([row(0)], "Il n’y en a pas."),
        ([row(-40)], "Il en manque 40."),
        # only whole years are compared; what lacks a little is marked
        ([row(150), row(100, **LITTLE)], "Il y en a 150 agents."),
        ([row(150, **LITTLE), row(100)], "Il y en a 150 (p) agents."),
    ],
)
def test_the_words_follow_the_figure_and_the_year_before(years: list[dict], text: str) -> None:
    assert said({"a.a": years}, message(tous=True)) == [text]


@pytest.mark.parametrize(
    ("years", "text"),
    [
        ((40_640, 40_000), "Il y en a 40,6 k€, 640 € de plus que 40,0 k€ en 2019, soit 1,6 %."),
        ((39_360, 40_000), "Il y en a 39,4 k€, 1,6 % de moins."),
        ((40_000, 40_000), "Il y en a 40,0 k€ agents."),
    ],
)
def test_an_amount_is_compared_even_when_it_moved_little(years: tuple[int, int], text: str) -> None:
    assert said({"a.a": [row(one, "EUR") for one in years]}, message(tous=True, seuil={"plus_de": 0})) == [text]


@pytest.mark.parametrize(
    "now",
    [row(None, code_manquant="NC"), row(None, code_manquant="s"), row(40, **MUCH)],
    ids=["unknown", "hidden", "partial"],
)
def test_what_is_missing_hidden_or_partial_is_no_message(now: dict) -> None:
    assert said({"a.a": [now]}, message(tous=True)) == []
    assert said({}, message(tous=True)) == []


def test_amounts_are_rounded_and_shares_move_by_points() -> None:
    amounts = {"a.a": [row(1_686_867.78, "EUR", 2), row(599_826.38, "EUR", 2)]}
    assert said(amounts, message(tous=True)) == ["Il y en a 1,69 M€, 1,09 M€ de plus que 600 k€ en 2019, soit 181 %."]
    words = {"dit": "Le taux est de {valeur}", "hausse": "Le taux est de {valeur}, soit {difference} de plus"}
    share = message(tous=True, seuil={"plus_de": 10}, **words)
    for former, more in ((81.9, ", soit 2,1 points de plus"), (83, ", soit 1,0 point de plus"), (83.9, "")):
        assert said({"a.a": [row(84, "%", 1), row(former, "%", 1)]}, share) == [f"Le taux est de 84,0 %{more}."]
    # no share of a share: a form that asks for one is not used
    assert said({"a.a": [row(50, "%"), row(60, "%")]}, share) == ["Le taux est de 50 %."]


OTHERS = {f"b.{n}": [row(1000 * n + 100), row(1000)] for n in range(1, 10)}  # nine figures that moved more


@pytest.mark.parametrize(
    ("rows", "more", "is_told"),
    [
        ({"a.a": [row(150), row(100)]}, {}, True),  # the largest move of the year: 3, and 1
        ({"a.a": [row(150), row(100)], **OTHERS}, {}, False),  # the tenth
        ({"a.a": [row(150), row(100), row(90)], **OTHERS}, {}, True),  # and the highest of three years: 1 + 1 + 2
        ({"a.a": [row(104), row(100), row(90)]}, {"tous": True}, False),  # less than 5 %
        ({"a.a": [row(20), row(10), row(9)]}, {"tous": True}, False),  # a few persons
        ({"a.a": [row(20, "EUR"), row(10, "EUR"), row(9, "EUR")]}, {}, True),
        ({"a.a": [row(31, "km"), row(0, "km")], **OTHERS}, {}, True),  # leaves zero
        ({"a.a": [row(100), row(100)], "c.c": [row(400)]}, {"sur": "c.c"}, False),
        (
            {"a.a": [row(100), row(100)], "c.c": [row(200)]},
            {"sur": "c.c", "tous": True},
            True,
        ),  # half of a total: 2 + 2
        ({"a.a": [row(100), row(100)], "c.c": [row(400)]}, {"sur": "c.c", "seuil": {"moins_de": 60}}, True),
        ({"a.a": [row(100), row(100)], "c.c": [row(100)]}, {"sur": "c.c", "seuil": {"moins_de": 60}}, False),
        ({"a.a": [row(3), row(3)]}, {"seuil": {"plus_de": 2}}, True),
        # without the year before, that it concerns every member is enough
        ({"a.a": [row(100)]}, {}, False),
        ({"a.a": [row(100)]}, {"tous": True}, True),
    ],
)
def test_what_makes_a_message_worth_telling(rows: dict, more: dict, is_told: bool) -> None:
    assert bool(said(rows, message(**more))) is is_told


def test_the_worthiest_come_first_one_per_domain_with_the_services_that_are_wanted() -> None:
    rows = {
        "a.a": [row(200), row(100)],
        "a.b": [row(300), row(100)],
        "c.c": [row(400), row(100)],
        "d.d": [row(100)],
    }
    given = [
        message("a.a", domaine="A", dit="a", hausse="a"),
        message("a.b", domaine="A", dit="b", hausse="b", tous=True),
        message("c.c", domaine="C", dit="c", hausse="c"),
        message("d.d", domaine="D", dit="d", service=True, tous=True),
    ]
    assert said(rows, *given) == ["b.", "c.", "d."]
    assert said(rows, *given, nombre=1) == ["b."]
    assert said(rows, *given, nombre=2, services=1) == ["b.", "d."]
    assert said(rows, *given, nombre=2, services=3) == ["b.", "d."]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ({"c.c": [row(27)]}, "Il y en a 40 agents ; 27 agents y sont."),
        ({"c.c": [row(1)]}, "Il y en a 40 agents ; 1 agent y est."),
        ({"c.c": [row(27, **MUCH)]}, "Il y en a 40 agents."),
        ({}, "Il y en a 40 agents."),
    ],
)
def test_what_a_fact_means_is_left_out_when_its_figures_are_not_known(rows: dict, text: str) -> None:
    given = message(tous=True, sens="{c.c:agent y est|agents y sont}")
    assert said({"a.a": [row(40)], **rows}, given) == [text]
    assert Message.model_validate(given).codes == ["a.a", "c.c"]


def test_a_form_that_needs_what_is_not_known_gives_way_to_the_plain_one() -> None:
    given = message(tous=True, hausse="{part} du total", dit="{valeur} en tout", sur="c.c")
    assert said({"a.a": [row(200), row(100)]}, given) == ["200 en tout."]
    assert said({"a.a": [row(200), row(100)], "c.c": [row(400)]}, given) == ["50 % du total."]


@pytest.mark.parametrize(
    ("sentence", "why"), [("{valleur}", "et non valleur"), ("{valeur", "illisible"), ("{{valeur}}", "illisible")]
)
def test_a_sentence_that_names_something_else_is_refused(sentence: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Message.model_validate(message(dit=sentence))
