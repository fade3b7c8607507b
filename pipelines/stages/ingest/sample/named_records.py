"""Reads a sample whose records name their own values, JSON, JSONL or key=value: its first row is made of these names."""

import json
import re
from collections import deque
from collections.abc import Collection, Iterator
from typing import Any

from pipelines.catalogue.headings import UP
from pipelines.catalogue.scaffold.inference import are_values
from pipelines.catalogue.scaffold.sample import Sample
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.stages.ingest.readers.key_value import pairs

LOOKED_AT = 200  # lines to read, to tell a log of pairs from anything else
Path = tuple[str, ...]
Above = tuple[dict, ...]  # the objects on the way to a record, from the root
Lists = dict[Path, list[tuple[dict, Above]]]
JSON = re.compile(r'\s*[{[]\s*["{[]')  # nothing else begins like this


def named_sample(name: str, kind: str, found: list[dict[str, str]], path: str = "", doubt: str = "") -> Sample:
    """The sample of records, each heading → text."""
    headings = list(dict.fromkeys(heading for record in found for heading in record))
    rows = [(number, [record.get(heading, "") for heading in headings]) for number, record in enumerate(found, 1)]
    doubts = [doubt] if doubt else []
    if kind in ("json", "jsonl") and (objects := [h for h in headings if any(r.get(h, "")[:1] == "{" for r in found)]):
        doubts.append(f"gardé en texte, car ses clés sont des valeurs et non des champs : {', '.join(objects)}")
    return Sample(name, kind, [(0, headings), *rows], records=path or None, is_named=True, doubts=doubts)


def of_json(text: str, name: str) -> Sample | None:
    """The longest list of records of a document, or one record per line; None when it is neither."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        document = _decoded(text)
    except json.JSONDecodeError as error:
        if found := _of_lines(text, name):
            return found
        if not JSON.match(text):
            return None
        line, is_cut = _where_unsound(text, error)
    else:
        return _of_document(document, text, name)
    how = "coupé avant sa fin" if is_cut else "mal formé"  # outside: the error holds the text
    raise DeclarationError(f"{name} : un document JSON {how}, à la ligne {line}")


def _where_unsound(text: str, error: json.JSONDecodeError) -> tuple[int, bool]:
    """The line where a document, or a line-based file, is not sound JSON, and whether the text is truncated there."""
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            if line.strip() and not isinstance(_decoded(line), dict):
                break
        except json.JSONDecodeError as of_line:
            if number > 1:  # the previous lines are records
                return number, number == len(lines) and _is_cut(of_line)
            break
    return error.lineno, _is_cut(error)


def _is_cut(error: json.JSONDecodeError) -> bool:
    return not error.doc[error.pos :].strip() or "Unterminated" in error.msg


def _of_document(document: Any, text: str, name: str) -> Sample | None:
    lists = _lists(document)
    if not lists and _are_keyed(document):
        raise DeclarationError(
            f"{name} : des enregistrements rangés sous une clé chacun ; demander à l’outil une liste"
        )
    if not lists and (where := next(_values_listed(document, ()), None)) is not None:
        raise DeclarationError(
            f"{name} : aucune liste d’enregistrements : celle de {'.'.join(where) or 'la racine'} contient autre chose"
        )
    if not lists:
        return _of_lines(text, name)
    path = _of_records(lists)
    others = [".".join(at) for at in lists if at != path[: len(at)]]
    doubt = f"la liste la plus complète ; ne sont pas lues : {', '.join(others)}" if others else ""
    return named_sample(name, "json", [_record(*one, path, lists) for one in lists[path]], ".".join(path), doubt)


def _of_lines(text: str, name: str) -> Sample | None:
    try:
        found = [_decoded(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError:
        return None
    if not all(isinstance(one, dict) for one in found):
        return None
    lists = _lists(found)
    inside = [".".join(at) for at in lists if at]
    doubt = f"laissé de côté, plusieurs dans un même enregistrement : {', '.join(inside)}" if inside else ""
    return named_sample(name, "jsonl", [_record(one, (), (), lists) for one in found], "", doubt)


def _decoded(text: str) -> Any:
    """What the text says, with numbers as they are written."""
    try:
        return json.loads(text, parse_float=str, parse_int=str)
    except RecursionError:
        raise DeclarationError("trop de niveaux emboîtés") from None


def _lists(document: Any) -> Lists:
    """The objects of every list of objects, by path, each with its ancestors, from the root."""
    found: Lists = {}
    waiting = deque[tuple[Any, Path, Above]]([(document, (), ())])
    while waiting:
        value, path, above = waiting.popleft()
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            found.setdefault(path, []).extend((one, above) for one in value)
        for one in [value] if isinstance(value, dict) else value if path in found else []:
            waiting += [
                (inner, (*path, key), (*above, one)) for key, inner in one.items() if isinstance(inner, dict | list)
            ]
    return found


def _of_records(lists: Lists) -> Path:
    """The longest of the outermost lists; or one nested in its objects, when those have more fields of their own."""
    holders = {
        path: next((path[:cut] for cut in reversed(range(len(path))) if path[:cut] in lists), None) for path in lists
    }
    best: Path | None = None
    while inside := [path for path in lists if holders[path] == best]:
        longest = max(inside, key=lambda path: len(lists[path]))
        if best is not None and len(_said(lists, longest)) < len(_said(lists, best)):
            break
        best = longest
    assert best is not None, "a list is outermost"
    return best


def _said(lists: Lists, path: Path) -> set[str]:
    """The headings of the objects at a path."""
    return {heading for one, _ in lists[path] for heading, _ in _sampled_values(one, "", path, lists)}


def _record(one: dict, above: Above, path: Path, lists: Lists) -> dict[str, str]:
    """The values of an object, and those of its ancestors."""
    found = dict(_sampled_values(one, "", path, lists))
    for steps, holder in enumerate(reversed(above), start=1):
        at = path[: len(path) - steps]
        beside = {key: inner for key, inner in holder.items() if key != path[len(at)]}
        found |= {UP * steps + heading: text for heading, text in _sampled_values(beside, "", at, lists)}
    return found


def _are_keyed(value: Any) -> bool:
    """True for an object that maps values (not names of fields) to objects with the same keys, or that holds such an object."""
    if not isinstance(value, dict):
        return False
    inner = [one for one in value.values() if isinstance(one, dict) and one]
    return (len(inner) > 1 and len(inner) == len(value) and len(set(map(frozenset, inner))) == 1) or any(
        map(_are_keyed, inner)
    )


def _values_listed(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The path of every list that keys alone lead to."""
    if isinstance(value, list):
        yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _values_listed(inner, (*path, key))


def _sampled_values(value: Any, heading: str, at: Path, lists: Collection[Path]) -> Iterator[tuple[str, str]]:
    """(heading, text) of an object at a path; lists of objects are left out."""
    if heading and at in lists:
        return
    if isinstance(value, dict) and not (heading and are_values(value)):
        for key, inner in value.items():
            yield from _sampled_values(inner, f"{heading}.{key}" if heading else key, (*at, key), lists)
    elif isinstance(value, str):
        yield heading, value
    else:
        yield heading, "" if value is None else json.dumps(value, ensure_ascii=False)


def of_pairs(text: str, name: str) -> Sample | None:
    """The records of a log of key=value pairs; None when it is not one.

    More than half of its lines must have three pairs, or all of them exactly two and nothing else.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    looked = [(line, pairs(line) or {}) for line in lines[:LOOKED_AT]]
    most = sum(len(one) >= 3 for _, one in looked) * 2 > len(looked)
    if not lines or (
        not most and not all(len(one) > 1 and line.startswith(f"{next(iter(one))}=") for line, one in looked)
    ):
        return None
    return named_sample(name, "key_value", [one for line in lines if (one := pairs(line))])
