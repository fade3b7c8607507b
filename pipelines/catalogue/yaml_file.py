"""Reads a YAML file into a pydantic model so that a mistake names its file and line."""

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


def read_mapping(path: Path) -> tuple[dict, Lines]:
    """Return the mapping in ``path`` and the line (from 1) of each of its paths, e.g. ``("tables", 0, "name")``.

    Raises DeclarationError when the file is not YAML, not a mapping, or gives a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DeclarationError(f"{shown(path)}:{line} not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError):  # a control character, or another encoding
        raise DeclarationError(f"{shown(path)}:1 not valid YAML: it must be text in UTF-8") from None
    if not isinstance(node, yaml.MappingNode):
        raise DeclarationError(f"{shown(path)}:1 a mapping is expected")
    lines: Lines = {}
    _note_lines(node, (), lines, path)
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DeclarationError(f"{shown(path)}:{line} not valid YAML: {error.problem}") from None


def _note_lines(node: yaml.Node, at: tuple, lines: Lines, path: Path) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise DeclarationError(f"{shown(path)}:{key.start_mark.line + 1} a key must be a word")
            name = int(key.value) if key.tag == "tag:yaml.org,2002:int" else key.value
            here = (*at, name)
            if here in lines:
                raise DeclarationError(f"{shown(path)}:{key.start_mark.line + 1} key {name!r} given twice")
            lines[here] = key.start_mark.line + 1
            _note_lines(value, here, lines, path)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*at, index)] = value.start_mark.line + 1
            _note_lines(value, (*at, index), lines, path)


def parse(model: type[Model], data: Any, lines: Lines, path: Path) -> Model:
    """Validate ``data`` as ``model``; every mistake becomes one line ``file:line key: reason``."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise DeclarationError(
            "\n".join(
                f"{shown(path)}:{line_of(tuple(e['loc']), lines)} {'.'.join(map(str, e['loc']))}: {e['msg']}"
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
