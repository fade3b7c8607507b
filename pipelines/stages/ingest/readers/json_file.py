"""Reads JSON: a document whose records lie at a declared path, or one record per line (JSONL).

Records lie in a list, or under the keys of an object: ``objects.*``. A heading is a path in a record, ``user.name``,
``tags.0``, or begins above it, ``../service``: in the object that holds its list. ``*`` is the key of a record, ``../*``
that of the object that holds it. Anything other than a plain value is kept as JSON text.
Numbers keep the very text of the file. Anything unsound (two values under one key, a record that is not an object, a
truncated file) refuses the whole file, with its line.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.catalogue.headings import EACH, climbed
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.source_grammar import Table, TreeFormat
from pipelines.settings import limits
from pipelines.stages.ingest.readers.named_values import Named, Sheet
from pipelines.stages.ingest.readers.plain_lines import BLANK, read_lines
from pipelines.stages.ingest.readers.records import MOST_NAMES, SEVERAL, Records, count_lines, refuse_too_many

# bytes of a document, which is held in memory, four for each letter if it has an emoji; lines are not
LARGEST = 120 * 1024 * 1024
TOO_MANY_ELEMENTS = f"objets, listes et clés {SEVERAL}"
DEEPEST = "moins d’un millier de niveaux d’imbrication"
KINDS = {dict: "un objet", list: "une liste", bool: "un booléen", type(None): "rien (null)"}
_NAME = re.compile(r"[^\W\d][\w-]*")
_BLANK = re.compile(r"[ \t\n\r]*")
# possessive: what repeats is never given back, so a long text costs no memory for it; a text that does not end is one token,
# or it would be read again from each quotation mark in it; an object that holds neither object nor list is one too
_TEXT = r'"(?:[^"\\]++|\\.)*+"?'
_TOKEN = re.compile(rf'{_TEXT}|\{{(?:[^"\[\]{{}}]++|{_TEXT})*+\}}|[\[{{]++|[\]}}]++|,|[^\s"\[\]{{}},]+', re.DOTALL)


class _Number(str):
    """The text of a number."""


class _Unsound(ValueError):
    """Something that JSON allows but no record may hold; the message is French."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Unsound("une seule valeur par clé")
    return found


def _constant(_text: str) -> None:
    raise _Unsound("un nombre")  # NaN, Infinity


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_Number, parse_int=_Number, parse_constant=_constant)


def read(path: Path, fichier: str, fmt: TreeFormat, table: Table, exercice: int, workdir: Path) -> Records:
    """The records of ``table``.

    Raises DeliveryRefused: FIC-VIDE, FIC-NATURE, FIC-ENCODAGE, FIC-TAILLE, FIC-JSON, FIC-TRONQUE, FIC-ENTETE.
    """
    sheet = Sheet(workdir / f"{table.name}.csv", fichier, table, exercice)
    lists = _Lists(fichier)
    if fmt.type == "jsonl":
        sheet.write(_of_lines(path, fichier, sheet.columns, lists))
        return replace(sheet.close(count_lines(path)), lists=lists.counts)
    document = _Document(_whole_text(path, fichier), fichier, table.records.split(".") if table.records else [], lists)
    try:
        sheet.write(document.records(sheet.columns))
    except RecursionError:  # lists in lists, above the records
        raise DeliveryRefused("FIC-TAILLE", fichier=fichier, attendu=DEEPEST) from None
    return replace(sheet.close(document.counted), lists=lists.counts)


class _Lists:
    """The lists of objects of a document, by path. A key that may not be a field's name (``a.martin``, ``12``) is shown
    as ``*``.

    What is gone through one by one is counted: it is what takes time, whatever its size.
    """

    def __init__(self, fichier: str) -> None:
        self.counts: dict[str, int] = {}
        self._fichier, self._elements, self.most = fichier, 0, limits().elements

    def note(self, value: Any, path: str, line: int) -> None:
        """Count the lists in ``value``, which lies at ``path``, however deep. Raises DeliveryRefused FIC-TAILLE."""
        waiting = [(value, path)] if isinstance(value, (dict, list)) else []
        while waiting:
            value, path = waiting.pop()
            if isinstance(value, dict):
                inside = [
                    (one, f"{path}.{_shown(key)}".lstrip("."))
                    for key, one in value.items()
                    if isinstance(one, (dict, list))
                ]
            else:
                objects = sum(isinstance(one, dict) for one in value)
                if objects and (path in self.counts or len(self.counts) < MOST_NAMES):
                    self.counts[path] = self.counts.get(path, 0) + objects
                inside = [(one, path) for one in value if isinstance(one, (dict, list))]
            self.pass_by(len(inside), line)
            waiting += inside

    def pass_by(self, many: int, line: int) -> None:
        """Count ``many`` more elements: objects, lists, keys beside the records. Raises DeliveryRefused FIC-TAILLE."""
        self._elements += many
        refuse_too_many(self._elements, self.most, self._fichier, TOO_MANY_ELEMENTS, line)


def _shown(key: str) -> str:
    return key if _NAME.fullmatch(key) else "*"


def _of_lines(path: Path, fichier: str, headings: list[str], lists: _Lists) -> Iterator[Named]:
    blank = True
    for number, text in read_lines(path, fichier):
        if not text.strip():
            yield number, BLANK
            continue
        blank = False
        value, end = decoded(text, _BLANK.match(text).end(), fichier, number)  # type: ignore[union-attr]
        if text[end:].strip():
            raise DeliveryRefused("FIC-JSON", fichier=fichier, ligne=number, attendu="un seul enregistrement par ligne")
        lists.note(value, "", number)
        yield number, _values(value, headings, fichier, number)
    if blank:
        raise DeliveryRefused("FIC-VIDE", fichier=fichier, attendu="au moins un enregistrement")


def decoded(text: str, place: int, fichier: str, line: int) -> tuple[Any, int]:
    """The value at ``place`` of ``text``, which begins on ``line``, and where it ends."""
    try:
        return _DECODER.raw_decode(text, place)
    except json.JSONDecodeError as error:
        code = "FIC-TRONQUE" if not text[error.pos :].strip() or "Unterminated" in error.msg else "FIC-JSON"
        at, expected = line + text.count("\n", place, error.pos), "un document JSON bien formé"
    except _Unsound as error:
        code, at, expected = "FIC-JSON", line, str(error)
    except RecursionError:
        code, at, expected = "FIC-TAILLE", line, DEEPEST
    raise DeliveryRefused(code, fichier=fichier, ligne=at, attendu=expected)  # outside: the error holds the text


def _values(record: Any, headings: list[str], fichier: str, line: int) -> dict[str, str]:
    """Heading → text, for those that the record has."""
    if not isinstance(record, dict):
        kind = KINDS.get(type(record), "un nombre" if isinstance(record, _Number) else "un texte")
        raise DeliveryRefused("FIC-JSON", fichier=fichier, ligne=line, recu=kind, attendu="un objet par enregistrement")
    found = {}
    for heading in headings:
        values = _at(record, heading)
        if len(values) > 1:  # {"a.b": 1, "a": {"b": 2}}
            raise DeliveryRefused(
                "FIC-COLONNE-DOUBLE", fichier=fichier, ligne=line, colonne=heading, attendu="une seule valeur"
            )
        if values:
            try:
                found[heading] = text_of(values[0])
            except RecursionError:
                raise DeliveryRefused("FIC-TAILLE", fichier=fichier, ligne=line, attendu=DEEPEST) from None
    return found


def _at(value: Any, path: str) -> list[Any]:
    """The values at ``path``: several when a key itself contains dots."""
    first, dot, rest = path.partition(".")
    if isinstance(value, list):
        is_one = first.isdecimal() and int(first) < len(value)
        inside = value[int(first)] if is_one else None
        return [] if not is_one else _at(inside, rest) if dot else [inside]
    if not isinstance(value, dict):
        return []
    found = [value[path]] if path in value else []
    while dot:
        if first in value:
            found += _at(value[first], rest)
        following, dot, rest = rest.partition(".")
        first = f"{first}.{following}"
    return found


def text_of(value: Any) -> str:
    """The text of a value, as a record keeps it."""
    if isinstance(value, str):
        return value
    return "" if value is None else _json(value)


def _json(value: Any) -> str:
    """JSON text, numbers as they were."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_json(key)}: {_json(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return str(value) if isinstance(value, _Number) else json.dumps(value, ensure_ascii=False)


def _whole_text(path: Path, fichier: str) -> str:
    size = path.stat().st_size
    if size > LARGEST:
        raise DeliveryRefused("FIC-TAILLE", fichier=fichier, attendu="un document de moins de 120 Mo, sinon du JSONL")
    data = path.read_bytes()
    if not data.strip():
        raise DeliveryRefused("FIC-VIDE", fichier=fichier, attendu="au moins un enregistrement")
    if b"\0" in data[:8192]:
        raise DeliveryRefused("FIC-NATURE", fichier=fichier, recu="un fichier binaire", attendu="un document JSON")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    raise DeliveryRefused("FIC-ENCODAGE", fichier=fichier, ligne=line, attendu="utf-8")


class _Document:
    """A document held in memory, decoded one record at a time.

    ``counted``, known once the records were read, is the number of elements of their lists, found by cutting the text
    into tokens, without any decoder; and of the keys under which they stand.
    """

    def __init__(self, text: str, fichier: str, path: list[str], lists: _Lists):
        self.text, self.fichier, self.path, self._lists = text, fichier, path, lists
        self.counted = 0
        self._line, self._seen_to = 1, 0
        self._is_found = False
        self._asked: dict[int, list[str]] = {}  # steps above the records → the headings that begin there
        self._above: dict[int, dict[str, str]] = {}  # … and what they read of the open object
        self._keys: dict[int, str] = {}  # steps above the records → the key under which the open object stands
        self._keyed: dict[str, int] = {}  # heading that reads such a key → steps

    def records(self, headings: list[str]) -> Iterator[Named]:
        """(line, values) of every record."""
        own = []
        for heading in headings:
            steps, rest = climbed(heading)
            if rest == EACH:
                self._keyed[heading] = steps
            elif steps:
                self._asked.setdefault(steps, []).append(heading)
            else:
                own.append(heading)
        end = yield from self._walk(self._blank(0), self.path, own)
        if self._blank(end) < len(self.text):
            raise self._refusal(self._blank(end), "rien après la fin du document")
        if not self._is_found:
            raise self._refusal(
                0, f"des enregistrements sous « {'.'.join(self.path)} »", recu="un document sans ce chemin"
            )

    def _walk(self, place: int, path: list[str], headings: list[str]) -> Iterator[Any]:
        """Go down to the records; lists on the way are gone through. Returns where the value at ``place`` ends."""
        opening = self.text[place : place + 1]
        if opening == "[":
            return (yield from self._list(place, path, headings))
        if opening == "{" and path:
            return (yield from self._object(place, path, headings))
        if not path:
            expected = "une liste d’enregistrements"
        elif path[0] == EACH:
            expected = "un objet dont chaque clé porte un enregistrement"
        else:
            expected = f"un objet qui contient « {path[0]} »"
        if opening == "{":
            raise self._refusal(place, expected, recu="un objet")
        decoded(self.text, place, self.fichier, self._line_of(place))
        raise self._refusal(place, expected, recu="une valeur seule")

    def _list(self, start: int, path: list[str], headings: list[str]) -> Iterator[Any]:
        place = self._blank(start + 1)
        self._is_found = self._is_found or not path
        if not path:
            count = _elements(self.text, start, self._lists.most)
            self._lists.pass_by(count, self._line_of(start))
            self.counted += count
        is_open = self.text[place : place + 1] != "]"
        while is_open:
            if path:
                self._lists.pass_by(1, self._line_of(place))
                place = yield from self._walk(place, path, headings)
            else:
                place = yield from self._record(place, headings)
            place, is_open = self._next(place, "]")
        return place + 1

    def _record(self, place: int, headings: list[str]) -> Iterator[Any]:
        line = self._line_of(place)
        value, end = decoded(self.text, place, self.fichier, line)
        self._lists.note(value, ".".join(self.path), line)
        found = {heading: text for told in self._above.values() for heading, text in told.items()}
        found |= {heading: self._keys[steps] for heading, steps in self._keyed.items()}
        yield line, found | _values(value, headings, self.fichier, line)
        return end

    def _object(self, start: int, path: list[str], headings: list[str]) -> Iterator[Any]:
        self._is_found = self._is_found or path == [EACH]
        if asked := self._asked.get(len(path)):
            self._above[len(path)] = self._beside(start, path[0], asked)
        place, keys = self._blank(start + 1), set()
        is_open = self.text[place : place + 1] != "}"
        while is_open:
            line = self._line_of(place)
            key, place = decoded(self.text, place, self.fichier, line)
            if type(key) is not str:
                raise self._refusal(place, "une clé entre guillemets")
            if key in keys:
                raise self._refusal(place, "une seule valeur par clé")
            keys.add(key)
            self._lists.pass_by(1, line)
            place = self._blank(self._after(self._blank(place), ":"))
            if path[0] == EACH:
                self._keys[len(path) - 1] = key
            if path == [EACH] and self.text[place : place + 1] != "[":
                self.counted += 1
                place = yield from self._record(place, headings)
            elif path[0] in (EACH, key):
                place = yield from self._walk(place, path[1:], headings)
            else:
                line = self._line_of(place)
                value, place = decoded(self.text, place, self.fichier, line)
                self._lists.note(value, ".".join([*self.path[: len(self.path) - len(path)], _shown(key)]), line)
            place, is_open = self._next(place, "}")
        return place + 1

    def _beside(self, start: int, inside: str, asked: list[str]) -> dict[str, str]:
        """The values that headings read from the object at ``start``, whose records, under ``inside``, may come before them."""
        found: dict[str, Any] = {}
        place = self._blank(start + 1)
        try:
            while self.text[place : place + 1] == '"':
                key, place = _DECODER.raw_decode(self.text, place)
                place = self._blank(self._after(self._blank(place), ":"))
                if key == inside:
                    place = _past(self.text, place)
                else:
                    found[key], place = _DECODER.raw_decode(self.text, place)
                place, _ = self._next(place, "}")
        except (ValueError, RecursionError, DeliveryRefused):
            pass  # the reading that follows will say where
        rests = {climbed(heading)[1]: heading for heading in asked}
        told = _values(found, list(rests), self.fichier, self._line_of(start))
        return {rests[rest]: text for rest, text in told.items()}

    def _next(self, place: int, closing: str) -> tuple[int, bool]:
        """Where the next element begins or the closing mark is, and whether there is one more."""
        place = self._blank(place)
        if self.text[place : place + 1] == closing:
            return place, False
        return self._blank(self._after(place, ",")), True

    def _blank(self, place: int) -> int:
        return _BLANK.match(self.text, place).end()  # type: ignore[union-attr]

    def _after(self, place: int, mark: str) -> int:
        if self.text[place : place + 1] != mark:
            raise self._refusal(place, "un document JSON bien formé")
        return place + 1

    def _line_of(self, place: int) -> int:
        if place < self._seen_to:
            self._line, self._seen_to = 1, 0
        self._line += self.text.count("\n", self._seen_to, place)
        self._seen_to = place
        return self._line

    def _refusal(self, place: int, expected: str, recu: str | None = None) -> DeliveryRefused:
        code = "FIC-TRONQUE" if place >= len(self.text) else "FIC-JSON"
        return DeliveryRefused(code, fichier=self.fichier, ligne=self._line_of(place), recu=recu, attendu=expected)


def _past(text: str, place: int) -> int:
    """Where the value at ``place`` ends, found without decoding it."""
    depth = 0
    for token in _TOKEN.finditer(text, place):
        depth += _change(token[0])
        if depth <= 0:
            return token.end() + depth  # a run of brackets may close what holds the value, too
    return len(text)


def _elements(text: str, start: int, most: int) -> int:
    """How many elements are in the list that begins at ``start``; counted no further than one beyond ``most``."""
    depth, count, is_open = 0, 0, False
    for token in _TOKEN.finditer(text, start + 1):
        mark = token[0]
        if depth == 0 and mark == ",":
            is_open = False
            continue
        depth += _change(mark)
        if depth < 0 or count > most:
            break
        if not is_open:
            count, is_open = count + 1, True
    return count


def _change(mark: str) -> int:
    """How many levels deeper a token leads."""
    if mark[0] in "[{" and mark[-1] in "[{":
        return len(mark)
    return -len(mark) if mark[0] in "]}" else 0
