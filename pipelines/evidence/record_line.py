"""Finds the record that a line of an original belongs to: an XML element or a quoted cell may run over several lines.

The lake identifies a record by the line on which it begins, but someone who reads the file may ask about any of its lines.
"""

import zipfile
from collections.abc import Collection
from pathlib import Path
from xml.parsers import expat

from pipelines.catalogue.patterns import member_name
from pipelines.ledger.records import Manifest
from pipelines.settings import Home

QUOTE = b'"'


def record_line(home: Home, manifest: Manifest, fichier: str, line: int, begins: Collection[int]) -> int | None:
    """The starting line, among those given, of the record that contains ``line``; None when there is none.

    A purged original gives nothing.
    """
    if line in begins:
        return line
    before = [begin for begin in begins if begin < line]
    data = _bytes_of(home.archive / manifest.original(fichier).sha256, fichier.partition("/")[2]) if before else None
    if data is None:
        return None
    if data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        return _innermost(data, line, set(before))
    lines = data.splitlines(keepends=True)[max(before) - 1 : line - 1]
    is_inside = line <= data.count(b"\n") + 1 and sum(text.count(QUOTE) for text in lines) % 2 == 1
    return max(before) if is_inside else None


def _bytes_of(original: Path, member: str) -> bytes | None:
    if not original.exists():
        return None
    if not member:
        return None if zipfile.is_zipfile(original) else original.read_bytes()  # a workbook has rows, not lines
    try:
        with zipfile.ZipFile(original) as archive:
            return next((archive.read(m) for m in archive.infolist() if member == member_name(m)), None)
    except zipfile.BadZipFile:
        return None


def _innermost(data: bytes, line: int, begins: set[int]) -> int | None:
    """The starting line of the smallest element that contains ``line``, among those that begin on one of the given lines."""
    parser = expat.ParserCreate()
    opened: list[int] = []
    found: list[int] = []

    def close(_name: str) -> None:
        begin = opened.pop()
        if begin in begins and begin < line <= parser.CurrentLineNumber:
            found.append(begin)

    parser.StartElementHandler = lambda _name, _attributes: opened.append(parser.CurrentLineNumber)
    parser.EndElementHandler = close
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        return None
    return found[0] if found else None
