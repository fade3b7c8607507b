"""No message of the engine is in English: everything that a module may show or raise is read in its code."""

import ast
import re
from decimal import Decimal

import pytest

from pipelines.catalogue.wording import shown
from pipelines.french import how_many, number, signed
from tests.french import english, python, sentences
from tests.imports import modules, name_of, tree

# values that programs read, which the command line says in French, and words of other programs that are looked for
STATES = {"Table of Contents", "declared absent", "switched off", "certificate verify failed", "Out of Range"}


def test_no_module_says_anything_in_english():
    found = [
        f"{name_of(path)}:{line} {words} {text[:100]!r}"
        for path in modules()
        if "migrations" not in path.parts  # one that was applied is never edited
        for line, text in sentences(tree(path))
        if text not in STATES and (words := english(text))
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        'raise DeclarationError(f"{path}:1 the header must be {names}")',
        "raise ValueError('not a regular expression: ' + said)",
        'yield f"{place} needs the column {name!r}, which {table} has not"',
        'why = "is switched off" if off else "n’est pas déclaré"',
        'lines.append("# TODO does it fit every file?")',
        'echo(f"{count} rows were sent")',
        'refuse(thing, at, reason="is not a level of " + name)',
    ],
)
def test_an_english_sentence_is_found_wherever_it_stands(code: str):
    assert any(english(text) for _, text in sentences(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        '"""The docstring of a module that has one."""',
        'log.info("the build of %s is done", name)',
        'db.execute("select a from t where b is not null and c not in (1)")',
        'assert last is not None, "what is current was built"',
        'raise ValueError(f"l’exercice {year} ne fait pas partie de ceux de l’organisation : `millesime decide --because …`")',
        '{"could not find expected": "il manque « : »"}',
    ],
)
def test_what_no_reader_is_shown_may_be_english(code: str):
    assert not any(english(text) for _, text in sentences(ast.parse(code)))


@pytest.mark.parametrize(
    "said", ["reçu : None", "KeyError: 'a'", "Traceback (most recent call last)", "de type NoneType"]
)
def test_a_word_of_python_is_found(said: str):
    assert python(said)


# numbers ------------------------------------------------------------

COUNTED = re.compile(
    r"\{\} (lignes|fichiers|colonnes|cellules|jours|mois|exports|livraisons|tables|comptes|documents|constats|autres)\b"
    r"(?! (?:\{\} )?au plus)"
)
SEVERAL = {  # there are always several, or what follows is a name
    "{}:{} cellules : {}, et non {}",
    " (et {} autres)",
    "{} exports: {} ont le même nom",
    "{} de {} : {} chapitres, {} comptes.",
    "{} exports acceptés sont gardés",
    "{} commence le numéro de {} constats : en donner davantage",
    "{} fichiers en {} s",
    "{} livraisons",
    "lignes {} à {} du fichier ({} lignes), lues comme une seule",
}


def test_no_module_counts_without_agreeing():
    """``how_many`` and ``quantity`` do."""
    found = [
        f"{name_of(path)}:{line} {text[:100]!r}"
        for path in modules()
        for line, text in sentences(tree(path))
        if COUNTED.search(text) and text not in SEVERAL and not text.startswith("{} {} lignes.")
    ]
    assert found == []


@pytest.mark.parametrize(
    ("count", "words", "said"),
    [
        (0, "lignes", "0 ligne"),
        (1, "ligne lue|lignes lues", "1 ligne lue"),
        (12345, "lignes", "12 345 lignes"),
        (1, "repas", "1 repas"),
        (1, "agents formés", "1 agent formé"),
        (1, "documents mis sous plis", "1 document mis sous plis"),
    ],
)
def test_a_count_agrees_with_its_words(count: int, words: str, said: str):
    assert plain(how_many(count, words)) == said


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        ("182058.8", "EUR", "182 058,80 €"),
        ("1500", "EUR", "1 500,00 €"),
        ("0.125", "EUR", "0,125 €"),
        (Decimal("4.50"), "jours", "4,5 jours"),
        ("1", "lignes", "1 ligne"),
        ("-1500", None, "−1 500"),
        ("Panne", "EUR", "Panne"),
    ],
)
def test_an_amount_has_its_cents_and_another_number_what_it_needs(value, unit, said):
    assert plain(shown(value, unit)) == said


@pytest.mark.parametrize(
    ("text", "said"), [("-182058,8", "−182 058,8"), ("1500", "1 500"), ("de -2 à 3", "de −2 à 3"), ("P001", "P001")]
)
def test_a_difference_is_a_number(text: str, said: str):
    assert plain(signed(text)) == said


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        ("4764020.26", 2, "4 764 020,26"), ("26.24", 2, "26,24"), ("0", 0, "0"), ("1234", 0, "1 234"),
        ("2.5", 0, "3"), ("-2.5", 0, "−3"), ("0.125", 2, "0,13"), ("5", 2, "5,00"),
    ],
)  # fmt: skip
def test_numbers_are_french_and_rounded_half_up(value: str, decimals: int, text: str) -> None:
    assert number(Decimal(value), decimals, space=" ") == text
