"""Detects an English sentence, or a word of Python, in what a French reader is shown."""

import ast
import re
from collections.abc import Iterator

# Words of English grammar that neither French nor SQL has.
WORDS = (
    "the|of|are|was|were|been|must|should|expected|cannot|could|does|did|which|its|has|have|this|that|these|than|it|"
    "given|needs|needed|neither|nor|already|twice|there|because|would|their|they|what|your|you|mean|found|"
    "declared|unknown|invalid|failed|switched|switches|lacks|takes|says|holds|goes|comes|input|"
    "not an?|not valid|not one|no such|is (?:no|an?|already|not)|for an?|with an?|by an?"
)
ENGLISH = re.compile(rf"\b({WORDS})\b(?! (?:null|distinct|true)\b)", re.IGNORECASE)
PYTHON = re.compile(
    r"\b(Traceback|None|True|False|NoneType|dict|str|tuple|bool|[A-Z][A-Za-z]*(?:Error|Exception))\b"
    r"|<class|<function|\b(?:constrained|function|is-instance)-\w+|Path\(|\bobject at 0x|\[key\]"
)
QUERY = re.compile(r"\s*(select|with|create trigger)\b")
QUOTED = re.compile(
    r"`[^`]*`|--[a-z-]+|\{[^{}]*\}|\S*/\S+|«[^»]*»"
)  # what is typed or quoted, and paths, may be English
LOGS = {"debug", "info", "warning", "error", "exception", "critical"}


def english(text: str) -> list[str]:
    """The words of English grammar that a text holds."""
    return ENGLISH.findall(QUOTED.sub("", text))


def python(text: str) -> list[str]:
    """The words of Python that a text holds."""
    return [found[0] for found in PYTHON.finditer(QUOTED.sub("", text))]


def sentences(module: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, text) of the texts of a module that a reader may be shown, their ``{holes}`` empty.

    Not those of docstrings, of logs, of assertions, nor the keys of a mapping: what is looked for in the words of others; nor
    whole queries.
    """
    hidden: set[int] = set()
    for node in ast.walk(module):
        match node:
            case ast.Expr(value=ast.Constant()):
                hidden.add(id(node.value))
            case ast.Call(func=ast.Attribute(attr=attr)) if attr in LOGS:
                hidden |= {id(inner) for inner in ast.walk(node)}
            case ast.Assert(msg=ast.expr() as said):
                hidden |= {id(inner) for inner in ast.walk(said)}
            case ast.Dict():
                hidden |= {id(key) for key in node.keys if key}
            case ast.JoinedStr():
                hidden |= {id(part) for part in node.values if isinstance(part, ast.Constant)}
    for node in ast.walk(module):
        if id(node) in hidden or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)
        if " " in text.strip() and not QUERY.match(text):
            yield node.lineno, text
