"""Finds the figures, tables and names that a text of the report refers to in its braces.

The braces are Jinja's. They are parsed here but not run: ``stages.report`` computes their values.
"""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.catalogue.chapters.grammar import NAMES

if TYPE_CHECKING:
    from jinja2 import nodes
    from jinja2.sandbox import ImmutableSandboxedEnvironment

WRITTEN = """ce qui est entre accolades ne se lit pas : {{ f("code") }}, {{ f("code", "à défaut") }} ou {% if connu("code") %}…{% endif %}"""
# Function → how many of its first arguments are codes of figures; all of them when unlisted.
OF_FIGURES = {"f": 1, "connu": None, "suivi": None, "egaux": 2, "nul": 1, "secret": 1, "selon": 1, "ecart": 1}
KNOWN = (*OF_FIGURES, "dit", "code", *NAMES)  # ``code``: of what a section is repeated for


class Unreadable(ValueError):
    """The braces of a text are wrong; with their line."""

    def __init__(self, line: int):
        super().__init__(WRITTEN)
        self.line = line


@dataclass(frozen=True)
class Asked:
    """What a text refers to, each with its line: codes of figures, columns of a table, names that it does not set itself."""

    figures: list[tuple[int, str]]
    columns: list[tuple[int, str, list[str]]]
    names: list[tuple[int, str]]


@functools.cache
def environment() -> "ImmutableSandboxedEnvironment":
    """A Jinja sandbox in which a text sees only what it is given."""
    from jinja2 import StrictUndefined  # here as below: most commands only read the declarations
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    made = ImmutableSandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    made.globals = {}
    return made


@functools.lru_cache(maxsize=256)
def asked(text: str) -> Asked:
    """What a text refers to literally; what it computes is only known when it is printed. Raises Unreadable."""
    from jinja2 import TemplateSyntaxError, meta, nodes

    try:
        tree = environment().parse(text)
        environment().compile(text, raw=True)  # an unknown filter or test
    except TemplateSyntaxError as error:
        raise Unreadable(error.lineno) from None
    calls = [(one.node.name, one) for one in tree.find_all(nodes.Call) if isinstance(one.node, nodes.Name)]
    figures = [said for name, call in calls if name in OF_FIGURES for said in _words(call.args[: OF_FIGURES[name]])]
    columns = [
        (words[0][0], words[0][1], [*(column for _, column in words[1:]), *(one.key for one in call.kwargs)])
        for name, call in calls
        if name == "dit" and len(words := list(_words(call.args))) > 1
    ]
    free = meta.find_undeclared_variables(tree)
    names = [(one.lineno, one.name) for one in tree.find_all(nodes.Name) if one.name in free]
    return Asked(figures, columns, names)


def codes_asked(text: str) -> list[str]:
    """The codes of the figures that a text refers to, in order; none if it cannot be read."""
    try:
        return list(dict.fromkeys(code for _, code in asked(text).figures))
    except Unreadable:
        return []


def _words(arguments: "list[nodes.Expr]") -> Iterator[tuple[int, str]]:
    """The texts among literal arguments, each with its line."""
    from jinja2 import nodes

    for one in arguments:
        if isinstance(one, nodes.Const) and isinstance(one.value, str):
            yield one.lineno, one.value
