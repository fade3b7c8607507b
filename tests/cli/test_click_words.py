"""All that click says has its French."""

import ast
import re
from pathlib import Path

import pytest
from click import core, decorators, exceptions, formatting, parser, types

from pipelines.cli.click_words import in_french

AUTHORS = {  # what only the author of a command can meet
    "deprecated", "declarations", "declaration", "defined", "flag", "DeprecationWarning", "iterable", "dynamic", "UUID", "Choice",
    "confirm", "continue", "prompting", "env var", "start character",
}  # fmt: skip
ELSEWHERE = {  # what is said in the words of a caller, or with other texts of this list
    "Usage:", "Aborted!", "unknown error", "file", "directory", "path", "%(prog)s, version %(version)s", "Options",
    "Missing {param_type}",
}  # fmt: skip
VALUES = {"number_type": "integer", "nargs": "2", "len": "3", "len_type": "2", "len_value": "1", "name": "Path"}
ALONE = {"default: {default}": "[default: 1]", "required": "[required]"}  # as a page of help has them


def sentences() -> list[str]:
    """Those that click has, with a value in each hole."""
    said = {
        argument.value
        for module in (core, decorators, exceptions, formatting, parser, types)
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("_", "gettext", "ngettext")
        for argument in node.args[:2]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    met = {text for text in said if not any(word in text for word in AUTHORS)} - ELSEWHERE
    quoted = [re.sub(r"\{\w+!r\}|\{choices?\}", "'x'", ALONE.get(text, text)) for text in met]
    return sorted(re.sub(r"\{(\w+)\}", lambda hole: VALUES.get(hole[1], "x"), text) for text in quoted)


def test_click_has_many_sentences():
    assert len(sentences()) > 30


@pytest.mark.parametrize("said", sentences())
def test_all_that_click_can_say_has_its_french(said: str):
    words = {*re.findall(r"[a-z]{2,}", said)} - {"option", "argument", "arguments", "version"}
    left = words & {*re.findall(r"[a-z]{2,}", in_french(said))}
    assert in_french(said) != said and left == set()


@pytest.mark.parametrize("value", ["l'eau", 'dit "deux"', "a b.csv"])
def test_a_value_is_quoted_whole(value: str):
    said = f"Invalid value for 'FICHIER': Path {value!r} does not exist."
    assert in_french(said) == f"Valeur incorrecte pour 'FICHIER' : « {value} » n’existe pas."
