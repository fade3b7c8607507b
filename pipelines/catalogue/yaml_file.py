"""Reads a YAML file into a pydantic model so that a mistake names its file and line."""

import re
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pipelines import settings

Model = TypeVar("Model", bound=BaseModel)
Lines = dict[tuple, int]  # path inside the file → its line, from 1


class DeclarationError(ValueError):
    """A declaration that cannot be used; the message names file, line, key and reason."""


def shown(path: Path) -> str:
    """How a message names a declaration: ``catalogue/systems/glpi.yml`` when it is shipped, its whole path in a home."""
    root = settings.shipped()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def read_text(path: Path) -> str:
    """A declaration's text. Raises DeclarationError when it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise DeclarationError(f"{shown(path)}:1 must be text in UTF-8") from None
    except OSError as error:
        raise DeclarationError(f"{shown(path)}:1 cannot be read: {error.strerror}") from None


def read_mapping(path: Path) -> tuple[dict, Lines]:
    """Return the mapping in ``path`` and the line (from 1) of each of its paths, e.g. ``("tables", 0, "name")``.

    Raises DeclarationError when the file is not YAML, not a mapping, or gives a key twice.
    """
    text = read_text(path)
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        if not isinstance(node, yaml.MappingNode):
            raise DeclarationError(f"{shown(path)}:1 a mapping is expected")
        lines: Lines = {}
        _note_lines(node, (), lines, path, [])
        return yaml.load(text, Loader=yaml.CSafeLoader), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DeclarationError(f"{shown(path)}:{line} not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:  # a control character, a date that is none
        if isinstance(error, DeclarationError):
            raise
        raise DeclarationError(f"{shown(path)}:1 not valid YAML: {str(error).splitlines()[0]}") from None


def _note_lines(node: yaml.Node, at: tuple, lines: Lines, path: Path, within: list[yaml.Node]) -> None:
    if any(node is one for one in within):
        raise DeclarationError(f"{shown(path)}:{node.start_mark.line + 1} an alias holds itself")
    within = [*within, node]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here, line = (*at, _key(key, path)), key.start_mark.line + 1
            if here in lines:
                raise DeclarationError(f"{shown(path)}:{line} key {here[-1]!r} given twice")
            lines[here] = line
            _note_lines(value, here, lines, path, within)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*at, index)] = value.start_mark.line + 1
            _note_lines(value, (*at, index), lines, path, within)


def _key(key: yaml.Node, path: Path) -> str | int:
    """A key as it is loaded: a word, a whole number, or the sign of a merge."""
    kind = key.tag.rpartition(":")[2]
    if kind == "int" and re.fullmatch(r"0|[1-9]\d*", key.value):
        return int(key.value)
    if (
        not isinstance(key, yaml.ScalarNode)
        or kind not in ("str", "merge", "bool")
        or (kind == "bool" and not _is_flag(key))
    ):
        raise DeclarationError(f"{shown(path)}:{key.start_mark.line + 1} a key must be a word: put it in quotes")
    return key.value if kind != "bool" else key.value.lower() == "true"


def _is_flag(key: yaml.Node) -> bool:
    """``true`` and ``false`` are values that words are given for; ``yes`` and ``on`` are mistaken for them."""
    return key.value.lower() in ("true", "false")


def parse(model: type[Model], data: Any, lines: Lines, path: Path, within: str = "") -> Model:
    """Validate ``data`` as ``model``; every mistake becomes one line ``file:line key: reason``, keys being below ``within``."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise DeclarationError(
            "\n".join(
                f"{shown(path)}:{line_of(tuple(e['loc']), lines)} {'.'.join(map(str, [within] * bool(within) + [*e['loc']]))}: {e['msg']}"
                for e in error.errors()
            )
        ) from None


def line_of(loc: tuple, lines: Lines) -> int:
    """The line of the longest part of ``loc`` that stands in the file."""
    # pydantic inserts union tags ("csv") and "[key]" into a location
    known: tuple = ()
    for part in loc:
        if (*known, part) in lines:
            known = (*known, part)
    return lines.get(known, 1)
