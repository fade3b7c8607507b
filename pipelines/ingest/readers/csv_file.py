"""Reads a delimited text file: strict decoding in Python, records left to DuckDB whenever the file is regular.

A *regular* file has no quoted line break, no blank line and the same number of cells everywhere: its records are the
lines below the header, and DuckDB reads them straight from a UTF-8 copy. Any other file goes through
``csv.reader(strict=True)``, which knows the physical line of each record and sets misshapen ones apart. Encodings are
never guessed.
"""

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.ingest.header import SEARCHED_RECORDS, check_title, find_header
from pipelines.ingest.records import Records
from pipelines.rules import DeliveryRefused
from pipelines.sources.declarations import CsvFormat

CHUNK = 8 * 1024 * 1024
HEAD = 512 * 1024  # the header lies within the first half megabyte
LONGEST_CELL = 1_000_000
BINARY_STARTS = {b"PK\x03\x04": "un classeur ou une archive", b"%PDF": "un PDF", b"\xd0\xcf\x11\xe0": "un ancien classeur"}


@dataclass
class _Copy:
    """The UTF-8 copy of a file and what was seen while writing it."""

    path: Path
    lines: int  # physical lines
    records: int  # line breaks outside quotes
    blank_lines: bool


def read_csv(
    path: Path, fichier: str, fmt: CsvFormat, headings: list[str], exercice: int, workdir: Path, *, careful: bool
) -> Records:
    """Turn ``path`` into records whose ``columns`` are the headings found in the file.

    ``careful`` forces the reading by ``csv.reader``; the caller asks for it when DuckDB found an irregular record.
    Raises DeliveryRefused (FIC-VIDE, FIC-NATURE, FIC-ENCODAGE, FIC-ENTETE, FIC-EXERCICE, FIC-GUILLEMETS).
    """
    _refuse_binary(path, fichier)
    copy = _utf8_copy(path, fichier, fmt.encoding, workdir)
    above, header_line, header = _header(copy, fmt, headings, fichier)
    check_title(above, fmt.title, exercice, fichier)
    ignored = [(line, "titre") for line, _ in above] + [(header_line, "en-tête")]
    regular = not copy.blank_lines and copy.records == copy.lines
    if careful or not regular or header_line != len(above) + 1:
        return _careful(copy, fmt, header, header_line, ignored, fichier, workdir)
    body = _below(copy.path, header_line, workdir)
    return Records(body, header, header_line + 1, copy.records, ignored, delimiter=fmt.delimiter)


def _refuse_binary(path: Path, fichier: str) -> None:
    with path.open("rb") as file:
        start = file.read(512)
    if not start.strip():
        raise DeliveryRefused("FIC-VIDE", fichier=fichier, attendu="un en-tête et au moins une ligne")
    for magic, what in BINARY_STARTS.items():
        if start.startswith(magic):
            raise DeliveryRefused("FIC-NATURE", fichier=fichier, recu=what, attendu="un fichier texte délimité")
    if start.lstrip()[:9].lower() in (b"<!doctype", b"<html") or start.lstrip()[:5].lower() in (b"<html", b"<?xml"):
        raise DeliveryRefused("FIC-NATURE", fichier=fichier, recu="une page web ou du XML", attendu="un fichier texte délimité")


def _utf8_copy(path: Path, fichier: str, encoding: str, workdir: Path) -> _Copy:
    """Write the file as UTF-8 with ``\\n`` line ends, counting lines and records on the way."""
    target = workdir / f"{path.name}.utf8"
    counter = _RecordCounter()
    with target.open("wb") as out:
        for text in _decoded(path, fichier, encoding):
            data = text.encode("utf-8")
            counter.add(data)
            out.write(data)
        if counter.ends_without_newline:
            counter.add(b"\n")
            out.write(b"\n")
    return _Copy(target, counter.lines, counter.records, counter.blank_lines)


def _decoded(path: Path, fichier: str, encoding: str) -> Iterator[str]:
    """Yield the text of the file, chunk by chunk, line ends made ``\\n``; strict."""
    with path.open("rb") as file:
        start = file.read(CHUNK)
        _refuse_other_encoding(start, fichier, encoding)
        codec = "utf-8-sig" if encoding == "utf-8" else encoding
        decoder = codecs.getincrementaldecoder(codec)("strict")
        lines, held, chunk = 1, "", start
        while True:
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                ligne = lines + error.object[: error.start].count(b"\n")
                raise DeliveryRefused(
                    "FIC-ENCODAGE", fichier=fichier, ligne=ligne, recu="des octets illisibles", attendu=encoding
                ) from None
            text, held = held + text, ""
            if text.endswith("\r") and chunk:  # its line feed may open the next chunk
                text, held = text[:-1], "\r"
            if "\r" in text:
                text = text.replace("\r\n", "\n").replace("\r", "\n")
            lines += text.count("\n")
            yield text
            if not chunk:
                return
            chunk = file.read(CHUNK)


def _refuse_other_encoding(start: bytes, fichier: str, encoding: str) -> None:
    """Refuse a file that proves to be in another encoding than declared; ambiguity is left to strict decoding."""
    found = None
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        found = "utf-16"
    elif start.startswith(codecs.BOM_UTF8):
        found = "utf-8"
    elif encoding == "utf-16":
        found = "un texte sans marque d’ordre des octets"
    elif encoding in ("cp1252", "iso-8859-15") and not start.isascii():
        try:
            codecs.getincrementaldecoder("utf-8")("strict").decode(start, final=False)
            found = "utf-8"  # accented single-byte text is practically never valid UTF-8
        except UnicodeDecodeError:
            pass
    if found and found != encoding:
        raise DeliveryRefused("FIC-ENCODAGE", fichier=fichier, ligne=1, recu=found, attendu=encoding)


class _RecordCounter:
    """Counts physical lines, and line breaks outside double quotes, without parsing cells."""

    def __init__(self) -> None:
        self.lines = self.records = 0
        self.blank_lines = False
        self._inside = False
        self._last = b"\n"

    @property
    def ends_without_newline(self) -> bool:
        return self._last != b"\n"

    def add(self, data: bytes) -> None:
        if not data:
            return
        newlines = data.count(b"\n")
        self.lines += newlines
        self.blank_lines |= b"\n\n" in data or (self._last == b"\n" and data[:1] == b"\n")
        if b'"' not in data:
            self.records += 0 if self._inside else newlines
        else:
            self._add_quoted(data)
        self._last = data[-1:]

    def _add_quoted(self, data: bytes) -> None:
        for index, piece in enumerate(data.split(b'"')):
            if index:
                self._inside = not self._inside
            if not self._inside:
                self.records += piece.count(b"\n")


def _header(
    copy: _Copy, fmt: CsvFormat, headings: list[str], fichier: str
) -> tuple[list[tuple[int, list[str]]], int, list[str]]:
    """Return the records above the header, the header's line and its cells (trailing empty ones included)."""
    with copy.path.open("rb") as file:
        head = file.read(HEAD).decode("utf-8", "ignore")
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=fmt.delimiter)
    records = []
    line = 1
    try:
        for cells in reader:
            records.append((line, cells))
            line = reader.line_num + 1
            if len(records) == SEARCHED_RECORDS:
                break
    except csv.Error:
        pass  # the header is looked for in what could be read
    index = find_header(records, headings, fichier)
    return records[:index], records[index][0], [cell.strip() for cell in records[index][1]]


def _below(path: Path, header_line: int, workdir: Path) -> Path:
    """Copy what lies under the header; DuckDB then reads data only."""
    target = workdir / f"{path.name}.body"
    with path.open("rb") as source, target.open("wb") as out:
        for _ in range(header_line):
            source.readline()
        while chunk := source.read(CHUNK):
            out.write(chunk)
    path.unlink()
    return target


def _careful(
    copy: _Copy,
    fmt: CsvFormat,
    header: list[str],
    header_line: int,
    ignored: list[tuple[int, str]],
    fichier: str,
    workdir: Path,
) -> Records:
    """Read record by record; keep line numbers, set blank and misshapen records apart."""
    target = workdir / f"{copy.path.name}.records"
    misshapen, count, width = [], 0, len(header)
    csv.field_size_limit(LONGEST_CELL)
    with copy.path.open(encoding="utf-8", newline="") as source, target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for line, last_line, cells in _records(source, fmt.delimiter, fichier):
            count += 1
            if line <= header_line:
                if not any(known == line for known, _ in ignored):
                    ignored.append((line, "ligne vide"))
                continue
            if not any(cell.strip() for cell in cells):
                ignored.append((line, "ligne vide"))
                continue
            if len(cells) != width:
                if last_line > line:
                    raise DeliveryRefused(
                        "FIC-GUILLEMETS", fichier=fichier, ligne=line, attendu=f"{width} cellules sur la ligne"
                    )
                misshapen.append((line, len(cells)))
            writer.writerow([line, *(cells + [""] * width)[:width]])
    return Records(target, header, None, count, ignored, misshapen=misshapen)


def _records(source: io.TextIOBase, delimiter: str, fichier: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yield (first physical line, last physical line, cells)."""
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            raise DeliveryRefused(
                "FIC-GUILLEMETS", fichier=fichier, ligne=line, attendu="des guillemets doublés ou refermés"
            ) from None
        yield line, reader.line_num, cells
        line = reader.line_num + 1
