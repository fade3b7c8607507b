r"""Reads logs of ``key=value`` pairs, one record per line: ``date=2024-01-03 time=10:00:00 user="M. X" tunnelid=12``.

Pairs are separated by spaces, ``;`` or ``,``. A value that contains them is in quotes, ``"`` or ``'``, in which ``\"`` is a quote.
What precedes the first pair (the header of a syslog) is ignored. A line of another form is refused, and so is one that
gives a key two values; the others are read.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.catalogue.source_grammar import Table, TreeFormat
from pipelines.stages.ingest.readers.named_values import Named, Sheet
from pipelines.stages.ingest.readers.plain_lines import BLANK, read_lines
from pipelines.stages.ingest.readers.records import Records, count_lines

_NAME = r"[A-Za-z_][\w.-]*"
_KEY = f"{_NAME}="
# possessive, as below: what repeats is never given back, so a long line costs no memory for it
_QUOTED = r'"((?:[^"\\]|\\.)*+)"|\'((?:[^\'\\]|\\.)*+)\''
_OTHER = "|(.+)"  # all that follows, where it does not begin with a pair
_SPACED = re.compile(rf'({_NAME})=(?:(?:{_QUOTED})(?=\s|$)|([^\s"]*))(?:\s+|$){_OTHER}')
_MARKED = {  # a mark separates two pairs when a key follows it
    mark: re.compile(
        rf'({_NAME})=(?:(?:{_QUOTED})(?=\s*(?:{mark}|$))|((?:[^{mark}"]|{mark}(?!\s*(?:{_KEY}|$)))*+))'
        rf"(?:\s*{mark}\s*|$){_OTHER}"
    )
    for mark in ";,"
}
_FIRST = re.compile(rf"(?:^|(?<=[\s>])){_KEY}")
UNLIKE = ("LIG-FORME", "des couples clé=valeur, une valeur par clé", "une autre ligne")


def read(path: Path, fichier: str, fmt: TreeFormat, table: Table, exercice: int, workdir: Path) -> Records:
    """The records of ``table``. Raises DeliveryRefused: FIC-VIDE, FIC-NATURE, FIC-ENCODAGE, FIC-ENTETE."""
    sheet = Sheet(workdir / f"{table.name}.csv", fichier, table, exercice)
    sheet.write(_lines(path, fichier), UNLIKE)
    return sheet.close(count_lines(path))


def _lines(path: Path, fichier: str) -> Iterator[Named]:
    for number, text in read_lines(path, fichier):
        yield number, pairs(text) if text.strip() else BLANK


def pairs(text: str) -> dict[str, str] | None:
    """Key → value, of one line; None when it is not such a line.

    Spaces separate the pairs, unless that leaves a mark at the end of every value but the last, or a single pair.
    """
    first = _FIRST.search(text)
    if first is None:
        return None
    spaced = _cut(text, first.start(), _SPACED)
    for mark, pair in _MARKED.items():
        if spaced and len(spaced) > 1 and not all(value.endswith(mark) for _, value in spaced[:-1]):
            continue
        marked = _cut(text, first.start(), pair)
        if marked and len(marked) > 1:
            return _by_key(marked)
    return _by_key(spaced) if spaced else None


def _cut(text: str, place: int, pattern: re.Pattern) -> list[tuple[str, str]] | None:
    """(key, value) of all that follows ``place``; None where it is not made of such pairs."""
    found = pattern.findall(text, place)
    if found[-1][-1]:
        return None
    return [
        (key, double.replace('\\"', '"') or single.replace("\\'", "'") or bare.strip())
        for key, double, single, bare, _ in found
    ]


def _by_key(cut: list[tuple[str, str]]) -> dict[str, str] | None:
    found = dict(cut)
    return found if len(found) == len(set(cut)) else None
