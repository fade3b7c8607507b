"""Reads a sample for ``source new``: the only place that guesses a format, an encoding or a delimiter.

A guess ends in a declaration, which collection then follows to the letter.
"""

import codecs
import csv
import io
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pipelines.catalogue.reference import NOT_CSV
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.scaffold.sample import Sample
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.stages.ingest.readers.workbook import kind_of, raw_sheets
from pipelines.stages.ingest.readers.zip_file import members_of
from pipelines.stages.ingest.sample.named_records import of_json, of_pairs
from pipelines.stages.ingest.sample.xml_records import of_xml

LARGEST = 20 * 1024 * 1024  # bytes of a text file that are read
DELIMITERS = ";\t,|"
LOOKED_AT = 200  # records, to choose a delimiter
HTML = re.compile(
    rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|table|meta)\b", re.IGNORECASE | re.DOTALL
)
CP1252_HOLES = b"\x81\x8d\x8f\x90\x9d"


def read_samples(path: Path, sheet: str | None, *, has_header: bool = True) -> list[Sample]:
    """The tables that a file may hold: its sheets, its members, or itself.

    Raises DeclarationError, or DeliveryRefused for a bad workbook or archive.
    """
    with tempfile.TemporaryDirectory(prefix="millesime-sample-") as folder:
        samples = list(_tables(path, path.name, sheet, Path(folder)))
    if not has_header and any(sample.type != "csv" for sample in samples):
        raise DeclarationError("--no-header : seul un csv peut être lu sans intitulés")
    return [replace(sample, has_header=has_header) for sample in samples]


def _tables(path: Path, name: str, sheet: str | None, workdir: Path) -> Iterator[Sample]:
    with path.open("rb") as file:
        content = file.read(LARGEST)
    if kind := kind_of(path):
        for title, rows in raw_sheets(path, name, sheet, workdir).items():
            yield Sample(name, kind, rows, sheet=title)
    elif content.startswith(b"PK\x03\x04"):
        yield from _of_archive(path, name, sheet, workdir)
    else:
        yield _of_text(path, name, content)


def _of_archive(path: Path, name: str, sheet: str | None, workdir: Path) -> Iterator[Sample]:
    for member in members_of(path, name, workdir):
        if member.is_junk:
            continue
        inside = workdir / f"{member.path.name}.tables"
        inside.mkdir()
        try:
            for sample in _tables(member.path, member.name, sheet, inside):
                yield replace(sample, name=name, member=member.name)
        except (DeclarationError, DeliveryRefused):  # without a row, it is listed among what no table is drafted from
            yield Sample(name, "csv", [], member=member.name)


def _of_text(path: Path, name: str, content: bytes) -> Sample:
    if b"\0" in content and not content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DeclarationError(f"{name} n’est ni un fichier de texte ni un classeur")
    if HTML.match(content.removeprefix(codecs.BOM_UTF8)):
        raise DeclarationError(
            f"{name} est une page HTML, que seul un tableur ouvre comme un classeur : l’y enregistrer en .xlsx ou en .csv"
        )
    if re.match(rb"\s*<[A-Za-z?!]", content.removeprefix(codecs.BOM_UTF8)):  # not the <189> of a syslog
        return of_xml(path, name)
    if len(content) == LARGEST:
        content = content[: content.rfind(b"\n") + 1]
    encoding, doubts = guess_encoding(content)
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    text = content.decode(codec).replace("\r\n", "\n").replace("\r", "\n")
    if named := of_json(text, name) or of_pairs(text, name):
        return named
    delimiter = guess_delimiter(text)
    return Sample(name, "csv", records(text, delimiter), encoding, delimiter, doubts=doubts)


def guess_encoding(content: bytes) -> tuple[str, list[str]]:
    """One of the encodings that a declaration accepts, and what the bytes do not prove."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", []
    if content.isascii():
        return "utf-8", ["l’exemple n’a pas d’accent : utf-8 ou cp1252 ?"]
    try:
        content.decode("utf-8")
        return "utf-8", []
    except UnicodeDecodeError:
        pass
    controls = any(0x80 <= byte <= 0x9F for byte in content)
    if any(byte in CP1252_HOLES for byte in content) or (b"\xa4" in content and not controls):
        return "iso-8859-15", ["cp1252 ou iso-8859-15 ? Regarder les signes euro"]
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
    except csv.Error:
        if limit is None:
            raise DeclarationError(f"ligne {line} : {NOT_CSV}") from None
    return rows
