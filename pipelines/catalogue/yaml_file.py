"""Reads a YAML file into a pydantic model so that a mistake names its file and line."""

import functools
import pickle
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from pipelines import settings
from pipelines.catalogue.yaml_words import MAPPING, known_keys, of_pydantic, of_yaml
from pipelines.disk import why

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)
UTF_8 = "ce fichier n’est pas un texte en UTF-8 : l’enregistrer dans cet encodage"
Lines = dict[tuple[Any, ...], int]  # path inside the file → its line, from 1


class DeclarationError(ValueError):
    """A declaration that cannot be used; the message names file, line, key and reason."""


def shown(path: Path) -> str:
    """How a message names a declaration: ``catalogue/systems/glpi.yml`` when it is shipped, its whole path in a home."""
    root = settings.shipped()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def read_text(path: Path) -> str:
    """A declaration's text. Raises DeclarationError when it cannot be read."""
    if path.is_fifo() or path.is_char_device():  # it would never end
        raise DeclarationError(f"{shown(path)}:1 ce n’est pas un fichier")
    try:
        return path.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise DeclarationError(f"{shown(path)}:1 {UTF_8}") from None
    except OSError as error:
        raise DeclarationError(f"{shown(path)}:1 {why(error)}") from None


class _Mistake(Exception):
    """What is wrong with a text, and its line (from 1), whichever file it comes from."""

    def __init__(self, line: int, reason: str):
        super().__init__(line, reason)
        self.line, self.reason = line, reason


def read_mapping(path: Path) -> tuple[dict[str, Any], Lines]:
    """Return the mapping in ``path`` and the line (from 1) of each of its paths, e.g. ``("tables", 0, "name")``.

    Raises DeclarationError when the file is not YAML, not a mapping, or gives a key twice.
    """
    try:
        data, lines = pickle.loads(_read(read_text(path)))
    except _Mistake as mistake:
        raise DeclarationError(f"{shown(path)}:{mistake.line} {mistake.reason}") from None
    return data, lines


@functools.lru_cache(maxsize=512)
def _read(text: str) -> bytes:
    """The result of ``read_mapping``, pickled, so that each caller gets its own copy and homes share the shipped files."""
    loader = yaml.CSafeLoader(text)
    try:
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise _Mistake(1, MAPPING)
        lines: Lines = {}
        _note_lines(node, (), lines, [])
        return pickle.dumps((loader.construct_document(node), lines))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _Mistake(line, f"ce n’est pas du YAML : {of_yaml(error.problem)}") from None
    except yaml.YAMLError:  # of PyYAML, the only error without a line
        raise _Mistake(1, "ce n’est pas du YAML : un caractère de contrôle y est") from None
    except ValueError:
        raise _Mistake(1, "une date ou une heure n’existe pas : la mettre entre guillemets") from None


def _note_lines(node: yaml.Node, at: tuple[Any, ...], lines: Lines, within: list[yaml.Node]) -> None:
    if any(node is one for one in within):
        raise _Mistake(node.start_mark.line + 1, "cet alias se contient lui-même")
    within = [*within, node]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here, line = (*at, _key(key)), key.start_mark.line + 1
            if here in lines:
                raise _Mistake(line, f"la clé « {here[-1]} » est donnée deux fois")
            lines[here] = line
            _note_lines(value, here, lines, within)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*at, index)] = value.start_mark.line + 1
            _note_lines(value, (*at, index), lines, within)


def _key(key: yaml.Node) -> str | int:
    """A key as it is loaded: a word, a whole number, or the sign of a merge."""
    kind = key.tag.rpartition(":")[2]
    if kind == "int" and re.fullmatch(r"0|[1-9]\d*", key.value):
        return int(key.value)
    # ``true`` and ``false`` are values that words are given for; ``yes`` and ``on`` are mistaken for them
    is_mistaken = kind == "bool" and str(key.value).lower() not in ("true", "false")
    if not isinstance(key, yaml.ScalarNode) or kind not in ("str", "merge", "bool") or is_mistaken:
        raise _Mistake(key.start_mark.line + 1, "une clé est un mot : la mettre entre guillemets")
    return str(key.value) if kind != "bool" else key.value.lower() == "true"


def parse(model: type[Model], data: Any, lines: Lines, path: Path, within: str = "") -> Model:
    """Validate ``data`` as ``model``; every mistake becomes one line ``file:line key: reason``, keys being below ``within``."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise DeclarationError(
            "\n".join(
                dict.fromkeys(
                    f"{shown(path)}:{line_of(tuple(e['loc']), lines)} {'.'.join([*filter(None, [within]), *_keys(e, data)])}: "
                    f"{of_pydantic(e, known_keys(model))}"
                    for e in error.errors()
                )
            )
        ) from None


def _keys(error: "ErrorDetails", data: Any) -> Iterator[str]:
    """The keys that lead to a mistake: the part of its location that is in ``data``, and the missing key."""
    for part in error["loc"]:  # pydantic inserts union tags ("csv") and "[key]"
        inside = data if isinstance(data, Mapping) else dict(enumerate(data)) if isinstance(data, list) else {}
        if part in inside:
            data = inside[part]
            yield str(part)
    if error["type"] == "missing":
        yield str(error["loc"][-1])


def line_of(loc: tuple[Any, ...], lines: Lines) -> int:
    """The line of the longest part of ``loc`` that is in the file."""
    # pydantic inserts union tags ("csv") and "[key]" into a location
    known: tuple[Any, ...] = ()
    for part in loc:
        if (*known, part) in lines:
            known = (*known, part)
    return lines.get(known, 1)
