r"""Reads logs of ``key=value`` pairs, a record a line: ``date=2024-01-03 time=10:00:00 user="M. X" tunnelid=12``.

A value with spaces is in quotes, in which ``\"`` is a quote. What precedes the first pair (the header of a syslog) is
passed over. A line that is not so is refused, and so is one that gives a key two values; the others are read.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from pipelines.catalogue.declarations import Table, TreeFormat
from pipelines.stages.ingest.readers.named_values import Named, Sheet
from pipelines.stages.ingest.readers.plain_lines import BLANK, count_lines, read_lines
from pipelines.stages.ingest.records import Records

_PAIR = re.compile(r'([A-Za-z_][\w.-]*)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?:\s+|$)')
_FIRST = re.compile(r"(?:^|(?<=[\s>]))[A-Za-z_][\w.-]*=")
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
    """Key → value, of one line; None when it is no such line."""
    first = _FIRST.search(text)
    if first is None:
        return None
    found: dict[str, str] = {}
    place = first.start()
    while place < len(text):
        pair = _PAIR.match(text, place)
        if pair is None:
            return None
        key, quoted, bare = pair.groups()
        value = bare if quoted is None else quoted.replace('\\"', '"')
        if found.setdefault(key, value) != value:
            return None
        place = pair.end()
    return found
