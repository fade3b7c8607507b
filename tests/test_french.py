"""No message of the engine is in English: everything that a module may show or raise is read in its code."""

import ast

import pytest

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
