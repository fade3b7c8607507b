"""Reads a sample for ``source new``: the only place that guesses an encoding or a delimiter.

A guess ends in a declaration, which collection then follows to the letter.
"""

import codecs
import csv
import io
import tempfile
from collections import Counter
from pathlib import Path

from pipelines.catalogue.scaffold.sample import Sample
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.stages.ingest.readers.workbook import kind_of, raw_sheets

LARGEST = 20 * 1024 * 1024  # bytes of a text file that are read
DELIMITERS = ";\t,|"
LOOKED_AT = 200  # records, to choose a delimiter
CP1252_HOLES = b"\x81\x8d\x8f\x90\x9d"


def read_sample(path: Path, sheet: str | None) -> Sample:
    """The rows of a CSV or XLSX file. Raises DeclarationError, or DeliveryRefused for a bad workbook."""
    with path.open("rb") as file:
        content = file.read(LARGEST)
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        with tempfile.TemporaryDirectory(prefix="millesime-sample-") as folder:
            sheets = raw_sheets(path, path.name, sheet, Path(folder))
        name = max(sheets, key=lambda name: sum(len(cells) for _, cells in sheets[name]))
        return Sample(path.name, kind_of(path) or "xlsx", sheets[name], sheet=name, sheets=list(sheets))
    if b"\0" in content and not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DeclarationError(f"{path.name} is neither a text file nor an .xlsx workbook")
    if content.lstrip()[:1] == b"<":
        raise DeclarationError(f"{path.name} is XML or HTML: a source of that kind needs a reader of its own")
    if len(content) == LARGEST:
        content = content[: content.rfind(b"\n") + 1]
    encoding, doubts = guess_encoding(content)
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    text = content.decode(codec).replace("\r\n", "\n").replace("\r", "\n")
    delimiter = guess_delimiter(text)
    return Sample(path.name, "csv", records(text, delimiter), encoding, delimiter, doubts=doubts)


def guess_encoding(content: bytes) -> tuple[str, list[str]]:
    """One of the encodings that a declaration knows, and what the bytes do not prove."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", []
    if content.isascii():
        return "utf-8", ["the sample has no accent: utf-8 or cp1252?"]
    try:
        content.decode("utf-8")
        return "utf-8", []
    except UnicodeDecodeError:
        pass
    controls = any(0x80 <= byte <= 0x9F for byte in content)
    if any(byte in CP1252_HOLES for byte in content) or (b"\xa4" in content and not controls):
        return "iso-8859-15", ["cp1252 or iso-8859-15? Look at the euro signs"]
    return "cp1252", []


def guess_delimiter(text: str) -> str:
    """The delimiter that cuts most lines into the same number of cells."""

    def regularity(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(cells) for _, cells in records(text, delimiter, LOOKED_AT) if len(cells) > 1)
        width, lines = widths.most_common(1)[0] if widths else (1, 0)
        return lines, width

    return max(DELIMITERS, key=regularity)


def records(text: str, delimiter: str, limit: int | None = None) -> list[tuple[int, list[str]]]:
    """The non-blank records of a text, with their lines."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, line = [], 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, cells))
            line = reader.line_num + 1
            if len(rows) == limit:
                break
    except csv.Error as error:
        if limit is None:
            raise DeclarationError(f"line {line}: {error}") from None
    return rows
