"""The sentences of a year: how they depend on the sign, the number and the year before, and when there is none."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from pipelines.catalogue.chapters.grammar import Messages
from pipelines.catalogue.chapters.messages import drafted

BLOC = Messages.model_validate(
    {
        "genre": "messages",
        "nombre": 2,
        "messages": [
            {
                "chiffre": "a",
                "plus": "Excédent de {valeur}{evolution}.",
                "moins": "Déficit de {valeur}.",
                "nul": "Équilibre.",
            },
            {"chiffre": "b", "plus": "Le syndicat emploie {valeur}{evolution}."},
            {"chiffre": "c", "plus": "En {exercice}, {valeur} hébergés."},
        ],
    }
)


def row(value: Any, unit: str = "EUR", decimals: int = 2, etat: str = "complet", missing: str | None = None) -> dict:
    known = None if value is None else Decimal(str(value))
    return {"valeur": known, "unite": unit, "decimales": decimals, "etat": etat, "code_manquant": missing}


def said(**rows: dict[int, dict]) -> list[str]:
    texts = [
        one.text
        for one in drafted(BLOC, {(code, year): one for code, of in rows.items() for year, one in of.items()}, 2020)
    ]
    return [text.replace("\u202f", " ").replace("\u00a0", " ") for text in texts]


@pytest.mark.parametrize(
    ("now", "before", "text"),
    [
        (row(1200), row(1000), "Excédent de 1 200,00 €, soit 200,00 € de plus qu’en 2019 (+20,0 %)."),
        (row(1200), row(-300), "Excédent de 1 200,00 €, soit 1 500,00 € de plus qu’en 2019."),
        (row(900), row(1000), "Excédent de 900,00 €, soit 100,00 € de moins qu’en 2019 (−10,0 %)."),
        (row(1200), row(1200), "Excédent de 1 200,00 €, comme en 2019."),
        (row(1200), row(1000, etat="partiel"), "Excédent de 1 200,00 €."),
        (row(1200), row(None, missing="s"), "Excédent de 1 200,00 €."),
        (row(-5), row(1000), "Déficit de 5,00 €."),
        (row(0), row(1000), "Équilibre."),
    ],
)
def test_a_sentence_follows_the_sign_and_the_year_before(now: dict, before: dict, text: str) -> None:
    assert said(a={2020: now, 2019: before}) == [text]


RISE = {
    "genre": "messages",
    "messages": [{"parmi": ["a", "b", "c"], "plus": "Surtout « {libelle} » : {valeur}{evolution}."}],
}


@pytest.mark.parametrize(
    ("years", "told"),
    [
        (
            {"a": (110, 100), "b": (30, 20), "c": (9, 8)},
            ["Surtout « b » : 30 %, soit 10 points de plus qu’en 2019."],
        ),
        ({"a": (110, 100), "b": (30, None)}, ["Surtout « a » : 110 %, soit 10 points de plus qu’en 2019."]),
        ({"a": (90, 100), "b": (0, 0), "c": (100, 100)}, []),
        ({}, []),
    ],
)
def test_of_several_figures_the_one_that_rose_most_is_printed(years: dict, told: list[str]) -> None:
    rows = {
        (code, 2020 - at): row(one, "%", 0) | {"libelle": code}
        for code, both in years.items()
        for at, one in enumerate(both)
    }
    found = drafted(Messages.model_validate(RISE), rows, 2020)
    assert [one.text.replace("\u00a0", " ") for one in found] == told


@pytest.mark.parametrize(("least", "code"), [(0, "d"), (10, "b"), (21, "a"), (200, None)])
def test_of_all_figures_that_are_no_ratio_the_one_that_rose_most_is_printed(least: int, code: str | None) -> None:
    """Among those that were large enough to tell; a part that lacks is of no use."""
    years = {
        "a": (110, 100, "agents"),
        "b": (30, 20, "agents"),
        "c": (90, 10, "%"),
        "d": (5, 1, "agents"),
        "e": (9, 1, "x"),
    }
    rows = {
        (name, 2020 - at): row(one, unit, 0) | {"libelle": name}
        for name, (*both, unit) in years.items()
        for at, one in enumerate(both)
    }
    rows |= {("f", 2020): row(900, "agents", etat="partiel"), ("f", 2019): row(100, "agents")}
    message = {"parmi": "tous", "au_moins": least, "plus": "{libelle}"}
    found = drafted(Messages.model_validate({"genre": "messages", "messages": [message]}), rows, 2020)
    assert [one.text for one in found] == ([code] if code else [])


def test_a_message_is_of_one_figure_or_of_several() -> None:
    for wrong in ({"plus": "Un."}, {"chiffre": "a", "parmi": ["b"], "plus": "Un."}):
        with pytest.raises(ValidationError, match="chiffre ou parmi"):
            Messages.model_validate({"genre": "messages", "messages": [wrong]})


def test_one_and_many_agree() -> None:
    assert said(b={2020: row(27, "agents", 0), 2019: row(26, "agents", 0)}) == [
        "Le syndicat emploie 27 agents, soit 1 agent de plus qu’en 2019 (+3,8 %)."
    ]
    assert said(b={2020: row(1, "agents", 0)}) == ["Le syndicat emploie 1 agent."]


@pytest.mark.parametrize("lost", [{}, {2020: row(None, missing="NC")}, {2020: row(9, etat="partiel")}, {2020: row(0)}])
def test_what_is_missing_hidden_partial_or_without_a_form_says_nothing_and_the_next_one_takes_its_place(
    lost: dict,
) -> None:
    assert said(a={2020: row(1)}, b=lost, c={2020: row(1500, "Go", 0)}) == [
        "Excédent de 1,00 €.",
        "En 2020, 1,5 To hébergés.",
    ]


@pytest.mark.parametrize(("sentence", "why"), [("{valleur}", "et non valleur"), ("{valeur", "illisible")])
def test_a_sentence_that_names_something_else_is_refused(sentence: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        Messages.model_validate({"genre": "messages", "messages": [{"chiffre": "a", "plus": sentence}]})
