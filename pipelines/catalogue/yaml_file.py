"""Reads a YAML file into a pydantic model so that a mistake names its file and line."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


class DeclarationError(ValueError):
    """A declaration that cannot be used; the message names file, line, key and reason."""


def read_mapping(path: Path) -> tuple[dict, dict[tuple, int]]:
    """Return the mapping in ``path`` and the line (from 1) of each of its paths, e.g. ``("tables", 0, "name")``.

    Raises DeclarationError when the file is not YAML, not a mapping, or gives a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DeclarationError(f"{path.name}:{line} not valid YAML: {error.problem}") from None
    except (yaml.YAMLError, UnicodeDecodeError):  # a control character, or another encoding
        raise DeclarationError(f"{path.name}:1 not valid YAML: it must be text in UTF-8") from None
    if not isinstance(node, yaml.MappingNode):
        raise DeclarationError(f"{path.name}:1 a mapping is expected")
    lines: dict[tuple, int] = {}
    _note_lines(node, (), lines, path)
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader), lines
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DeclarationError(f"{path.name}:{line} not valid YAML: {error.problem}") from None


def _note_lines(node: yaml.Node, at: tuple, lines: dict[tuple, int], path: Path) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise DeclarationError(f"{path.name}:{key.start_mark.line + 1} a key must be a word")
            name = int(key.value) if key.tag == "tag:yaml.org,2002:int" else key.value
            here = (*at, name)
            if here in lines:
                raise DeclarationError(f"{path.name}:{key.start_mark.line + 1} key {name!r} given twice")
            lines[here] = key.start_mark.line + 1
            _note_lines(value, here, lines, path)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*at, index)] = value.start_mark.line + 1
            _note_lines(value, (*at, index), lines, path)


def parse(model: type[Model], data: dict, lines: dict[tuple, int], path: Path) -> Model:
    """Validate ``data`` as ``model``; every mistake becomes one line ``file:line key: reason``."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise DeclarationError(
            "\n".join(
                f"{path.name}:{_line(tuple(e['loc']), lines)} {'.'.join(map(str, e['loc']))}: {e['msg']}"
                for e in error.errors()
            )
        ) from None


def _line(loc: tuple, lines: dict[tuple, int]) -> int:
    # pydantic inserts union tags ("csv") and "[key]" into a location: keep the longest part that exists in the file
    known: tuple = ()
    for part in loc:
        if (*known, part) in lines:
            known = (*known, part)
    return lines.get(known, 1)
