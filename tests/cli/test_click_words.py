"""All that click says has its French."""

import ast
from pathlib import Path

from pipelines.cli.click_words import MODULES, WORDS

AUTHORS = {  # what only the author of a command can meet
    "deprecated", "declarations", "declaration", "defined", "flag", "DeprecationWarning", "iterable", "dynamic", "UUID", "Choice",
    "confirm", "continue", "prompting", "env var",
}  # fmt: skip


def test_all_that_click_can_say_has_its_french():
    said = {
        argument.value
        for module in MODULES
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("_", "gettext", "ngettext")
        for argument in node.args[:2]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    met = {text for text in said if not any(word in text for word in AUTHORS)}
    assert len(met) > 30 and met - WORDS.keys() == set()
