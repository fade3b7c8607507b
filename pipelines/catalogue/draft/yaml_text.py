"""Writes bits of YAML by hand, so that a draft keeps its comments."""

import json
import re
from collections.abc import Iterable

import yaml

from pipelines.catalogue.yaml_file import DeclarationError


def todo(text: str) -> str:
    """A comment for what the author has to decide; nothing when there is nothing."""
    return f"  # TODO {text}" if text else ""


def quoted(text: str) -> str:
    """A YAML scalar in quotes."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in json.dumps(text, ensure_ascii=False))


def scalar(text: str) -> str:
    """A YAML scalar, plain when that is safe even in a flow."""
    is_plain = re.fullmatch(r"[^\W\d_][\w ’().°/]*", text) and text == text.strip() and yaml.safe_load(text) == text
    return text if is_plain else quoted(text)


def flow(values: Iterable[str]) -> str:
    """A YAML list on one line."""
    return f"[{', '.join(map(scalar, values))}]"


def option(value: object) -> str:
    """A value that is a word, a number or a list of words."""
    if isinstance(value, list):
        return flow(value)
    return quoted(value) if isinstance(value, str) else str(value)


def with_item(known: str, place: list[str], item: str) -> str:
    """A declaration with one more item at the end of a list, or mapping, that has each on lines of its own.

    ``place`` leads there: keys, and the names of the items of lists. Raises DeclarationError when it cannot be written there.
    """
    found: yaml.Node | None = yaml.compose(known, Loader=yaml.CSafeLoader)
    for key in place:
        if isinstance(found, yaml.SequenceNode):
            names = [(_at(one, "name"), one) for one in found.value]
            found = next((one for name, one in names if isinstance(name, yaml.ScalarNode) and name.value == key), None)
        else:
            found = _at(found, key)
    if not isinstance(found, yaml.CollectionNode) or found.flow_style or not found.value:
        raise DeclarationError(
            f"{'.'.join(place)}: écrire chacun sur ses lignes, sous `{place[-1]}:`, pour qu’un autre puisse s’y ajouter"
        )
    lines = known.splitlines()
    last = found.value[-1][1] if isinstance(found, yaml.MappingNode) else found.value[-1]
    end, column = last.end_mark.line + (last.end_mark.column > 0), found.start_mark.column
    while end:
        text = lines[end - 1].lstrip()
        indented = len(lines[end - 1]) - len(text)
        # what is blank, or a comment left of the list, or of the whole file, is about what follows
        if text and not (text.startswith("#") and indented < max(column, 1)):
            break
        end -= 1
    indent = " " * column
    return "\n".join([*lines[:end], *(f"{indent}{line}" for line in item.splitlines()), *lines[end:]]) + "\n"


def _at(node: yaml.Node | None, key: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for name, value in pairs if name.value == key), None)
