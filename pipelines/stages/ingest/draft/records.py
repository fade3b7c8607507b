"""Finds the records of a sample that names their values: JSON, JSONL, XML or a log of key=value pairs."""

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree

from pipelines.catalogue.headings import EACH, UP
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.stages.ingest.readers.json_file import decoded, text_of
from pipelines.stages.ingest.readers.key_value import pairs
from pipelines.stages.ingest.readers.xml_file import unread
from pipelines.stages.ingest.readers.xml_outline import Outline

if TYPE_CHECKING:
    from lxml.etree import _Element

LOOKED_AT = 200  # lines to read, to tell a log of pairs from anything else
JSON = re.compile(r'\s*[{[]\s*["{[]')  # nothing else begins like this
XML = re.compile(r"\s*<[A-Za-z?!]")  # not the <189> of a syslog
MARKS = {"json": ".", "jsonl": ".", "xml": "/"}  # between the names of a path
Keys = tuple[str, ...]
Object = dict[str, Any]
Above = list[tuple[Object, str]]  # what holds a record, from the root, each with the key that leads to the record
Lists = dict[Keys, list[tuple[Object, Above]]]  # path → its objects, each with those that hold it
VALUE = re.compile(r"[\W\d]")  # what the key of a record has (``UserRequest::1``, ``2020-01``), and few names of fields


@dataclass(frozen=True)
class Named:
    """Records as text, under the headings by which collection reads them."""

    type: str
    headings: list[str]
    rows: list[list[str]]
    path: str | None = None  # where they are
    doubts: list[str] = field(default_factory=list)


def named_records(path: Path, name: str, text: str) -> Named | None:
    """The records of a file, whose ``text`` may be cut after a line; None when they do not name their values.

    Raises DeclarationError when there is no list of records, or DeliveryRefused for unsound JSON or XML.
    """
    if XML.match(text):
        Outline(name).read(path)
        options = {"resolve_entities": False, "no_network": True, "load_dtd": False}
        try:
            root = etree.parse(path, etree.XMLParser(remove_comments=True, remove_pis=True, **options)).getroot()
        except etree.XMLSyntaxError as error:
            raise unread(error, name) from None
        return _best_list(_tree_of(root), "xml", name)
    if JSON.match(text):
        document, end = decoded(text, len(text) - len(text.lstrip()), name, 1)
        if not text[end:].strip():
            return _best_list(document, "json", name)
        lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
        objects = [decoded(line, len(line) - len(line.lstrip()), name, number)[0] for number, line in lines]
        if not all(isinstance(one, dict) for one in objects):
            raise DeclarationError(f"{name} : un objet par ligne est attendu")
        return _flat(_lists(objects, "jsonl"), (), "jsonl")
    return _of_pairs(text)


def _tree_of(root: "_Element") -> Object:
    """A document of XML as JSON would have it; elements that repeat in some element of a path are a list in all."""
    repeated: set[Keys] = set()
    waiting: list[tuple[_Element, Keys]] = [(root, (_local(root),))]
    while waiting:
        element, path = waiting.pop()
        counts = Counter(map(_local, element))
        repeated |= {(*path, name) for name, count in counts.items() if count > 1}
        waiting += [(child, (*path, _local(child))) for child in element]

    def object_of(element: "_Element", path: Keys) -> Object:
        found: Object = {f"@{key}": text for key, text in element.attrib.items() if not key.startswith("{")}
        for child in element:
            inside = (*path, _local(child))
            if inside in repeated:
                found.setdefault(inside[-1], []).append(object_of(child, inside))
            else:
                found[inside[-1]] = object_of(child, inside)
        return found if len(element) else found | {".": (element.text or "").strip()}

    return {_local(root): object_of(root, (_local(root),))}


def _local(element: "_Element") -> str:
    return str(etree.QName(element).localname)


def _lists(document: Any, kind: str) -> Lists:
    """The lists of objects of a document; in JSON, also the objects of which each key has a record. Those of one path are
    one.
    """
    found: Lists = {}
    waiting = deque[tuple[Any, Keys, Above]]([(document, (), [])])
    while waiting:
        value, path, above = waiting.popleft()
        if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
            found.setdefault(path, []).extend((one, above) for one in value)
        for one in [value] if isinstance(value, dict) else value if path in found else []:
            if kind == "json" and _holds_records(one):
                inside = (*path, EACH)
                found.setdefault(inside, []).extend((record, [*above, (one, key)]) for key, record in one.items())
                for key, record in one.items():
                    waiting += [
                        (inner, (*inside, name), [*above, (one, key), (record, name)])
                        for name, inner in record.items()
                        if inner
                    ]
                continue
            waiting += [(inner, (*path, key), [*above, (one, key)]) for key, inner in one.items() if inner]
    return found


def _holds_records(value: Object) -> bool:
    """True for an object of several objects, whose keys look like values and not like the names of fields."""
    return len(value) > 1 and all(
        isinstance(inner, dict) and inner and VALUE.search(key) for key, inner in value.items()
    )


def _best_list(document: Any, kind: str, name: str) -> Named:
    """The list whose records hold the most values of their own."""
    lists = _lists(document, kind)
    if not lists and kind == "xml":
        raise DeclarationError(f"{name} : aucun élément ne se répète : pas d’enregistrement à lire")
    if not lists:
        raise DeclarationError(f"{name} : aucune liste d’enregistrements : demander à l’outil une liste d’objets")
    held = {path: sum(len(list(_values(one, path, lists, kind))) for one, _ in lists[path]) for path in lists}
    return _flat(lists, max(lists, key=lambda path: held[path]), kind)


def _flat(lists: Lists, path: Keys, kind: str) -> Named:
    """The records at a path, with what the objects that hold them say."""
    mark, found = MARKS[kind], []
    keyed = _keyed([one for one, _ in lists[path]], path) if kind != "xml" else set()
    for one, above in lists[path]:
        record = dict(_values(one, path, lists, kind, keyed))
        for steps, (holder, key) in enumerate(reversed(above), start=1):
            at = path[: len(path) - steps]
            if path[len(at)] == EACH:
                record[UP * (steps - 1) + EACH] = key
                continue
            beside = {name: inner for name, inner in holder.items() if name != key}
            record |= {UP * steps + heading: text for heading, text in _values(beside, at, lists, kind)}
        found.append(record)
    headings = list(dict.fromkeys(heading for record in found for heading in record))
    left = [mark.join(at) for at in lists if at != path[: len(at)]]
    doubts = [f"ne sont pas lues, car il leur faudrait leur propre table : {', '.join(left)}"] if left else []
    if keyed:
        texts = ", ".join(sorted(mark.join(at[len(path) :]) for at in keyed))
        doubts.append(f"gardé en texte, car ses clés sont des valeurs et non des champs : {texts}")
    rows = [[record.get(heading, "") for heading in headings] for record in found]
    return Named(kind, headings, rows, mark.join(path) or None, doubts)


def _keyed(records: list[Object], path: Keys) -> set[Keys]:
    """The objects whose keys change from one record to the next: they are values, and not names of fields."""
    seen: dict[Keys, list[Object]] = {}
    waiting = [(one, path) for one in records]
    while waiting:
        value, at = waiting.pop()
        for key, inner in value.items():
            if isinstance(inner, dict) and inner:
                seen.setdefault((*at, key), []).append(inner)
                waiting.append((inner, (*at, key)))
    found = set()
    for at, objects in seen.items():
        counts = Counter(key for one in objects for key in one)
        if len(objects) > 1 and max(counts.values()) * 2 <= len(objects):
            found.add(at)
    return found


def _values(
    value: Any, at: Keys, lists: Lists, kind: str, keyed: set[Keys] | None = None, heading: str = ""
) -> Iterator[tuple[str, str]]:
    """(heading, text) of an object at a path; lists of objects are left out."""
    if heading and (at in lists or (*at, EACH) in lists):
        return
    if not isinstance(value, dict) or (heading and at in (keyed or ())):
        yield heading or ".", text_of(value)
        return
    for key, inner in value.items():
        name = heading if key == "." and kind == "xml" else MARKS[kind].join(filter(None, (heading, key)))
        yield from _values(inner, (*at, key), lists, kind, keyed, name)


def _of_pairs(text: str) -> Named | None:
    """The records of a log of key=value pairs.

    More than half of its lines must have three pairs, or all of them exactly two and nothing else.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    looked = [(line, pairs(line) or {}) for line in lines[:LOOKED_AT]]
    most = sum(len(one) >= 3 for _, one in looked) * 2 > len(looked)
    if not lines or not (most or all(len(one) > 1 and line.startswith(f"{next(iter(one))}=") for line, one in looked)):
        return None
    found = [one for line in lines if (one := pairs(line))]
    headings = list(dict.fromkeys(heading for record in found for heading in record))
    return Named("key_value", headings, [[record.get(heading, "") for heading in headings] for record in found])
