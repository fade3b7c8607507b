"""Reads a delimited text file: strict decoding in Python, records left to DuckDB whenever the file is regular.

A *regular* file has one record per line and the same number of cells everywhere: DuckDB reads it straight from the archived
original when that is UTF-8 with ``\\n``, else from a UTF-8 copy. DuckDB's rows must then be as many as the physical lines
below the header, counted here. Any other file goes through ``csv.reader(strict=True)``, which knows the physical line of
each record and sets misshapen ones apart. Encodings are never guessed.
"""

import codecs
import csv
import html
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.source_grammar import CsvFormat, Table
from pipelines.french import how_many
from pipelines.settings import limits
from pipelines.stages.ingest.header import SEARCHED_RECORDS, check_title, find_header, refuse_too_wide, set_apart
from pipelines.stages.ingest.readers.records import Misshapen, Records, keep_ignored, keep_misshapen, written_rows

CHUNK = 8 * 1024 * 1024
LONG = 1024 * 1024  # bytes of a line, for which DuckDB may take forty times as much memory
HEAD = 512 * 1024  # the header lies within the first half megabyte
BINARY_STARTS = {
    b"PK\x03\x04": "un classeur ou une archive",
    b"%PDF": "un PDF",
    b"\x1f\x8b": "une archive",
    b"7z\xbc\xaf\x27\x1c": "une archive",
    b"Rar!": "une archive",
    b"\xd0\xcf\x11\xe0": "un ancien classeur",
}
MARKUP_STARTS = (b"<!doctype", b"<html", b"<?xml")
CODECS = {"utf-8": "utf-8-sig"}


@dataclass
class _Text:
    """A UTF-8 file with ``\\n`` line ends, and what was seen in it."""

    path: Path
    lines: int = 0
    long_lines: bool = False
    spaced_quotes: bool = False  # a space between a quote and a delimiter: the two parsers disagree on it
    _last: bytes = field(default=b"\n", repr=False)

    def see(self, data: bytes, delimiter: str) -> None:
        """Take note of the next bytes of the file."""
        if not data:
            return
        self.lines += data.count(b"\n")
        pieces = range(0, len(data) - LONG + 1, LONG)
        self.long_lines = self.long_lines or any(data.find(b"\n", start, start + LONG) < 0 for start in pieces)
        if b'"' in data and not self.spaced_quotes:
            mark = delimiter.encode()
            around = self._last + data
            self.spaced_quotes = any(place in around for place in (mark + b' "', b'\n "', b'" ' + mark, b'" \n'))
        self._last = data[-3:]

    @property
    def ends_with_newline(self) -> bool:
        return self._last.endswith(b"\n")


def read_csv(
    path: Path, fichier: str, fmt: CsvFormat, table: Table, exercice: int, workdir: Path, *, careful: bool
) -> Records:
    """Turn ``path`` into records whose ``columns`` are the headings found in the file, or their ranks where it has none.

    ``careful`` forces the reading by ``csv.reader``; the caller sets it when DuckDB found an irregular record.
    Raises DeliveryRefused (FIC-VIDE, FIC-NATURE, FIC-ENCODAGE, FIC-ENTETE, FIC-EXERCICE, FIC-GUILLEMETS).
    """
    _refuse_binary(path, fichier)
    text = _as_it_is(path, fichier, fmt) or _utf8_copy(path, fichier, fmt, workdir)
    if not fmt.header:
        width = _width(text, fmt, table.headings_of(exercice), fichier)
        return _careful(text, fmt, [str(rank) for rank in range(1, width + 1)], 0, [], fichier, workdir)
    ignored, header, last_line = _header(text, fmt, table, exercice, fichier)
    if careful or fmt.html or text.spaced_quotes or text.long_lines or last_line != len(ignored):
        return _careful(text, fmt, header, last_line, ignored, fichier, workdir)
    records = Records(text.path, header, last_line + 1, text.lines, delimiter=fmt.delimiter, skip=last_line)
    return records.leaving(ignored, workdir / f"{text.path.name}.apart")


def _refuse_binary(path: Path, fichier: str) -> None:
    with path.open("rb") as file:
        start = file.read(512).removeprefix(codecs.BOM_UTF8)
        only_blanks = not start.strip() and not file.read(1)
    if only_blanks or start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise DeliveryRefused("FIC-VIDE", fichier=fichier, attendu="un en-tête et au moins une ligne")
    for magic, what in BINARY_STARTS.items():
        if start.startswith(magic):
            raise DeliveryRefused("FIC-NATURE", fichier=fichier, recu=what, attendu="un fichier texte délimité")
    if start.lstrip().lower().startswith(MARKUP_STARTS):
        raise DeliveryRefused(
            "FIC-NATURE", fichier=fichier, recu="une page web ou du XML", attendu="un fichier texte délimité"
        )


def _as_it_is(path: Path, fichier: str, fmt: CsvFormat) -> _Text | None:
    """The original itself when it is UTF-8 with ``\\n`` line ends only; None when it must be copied."""
    if fmt.encoding != "utf-8":
        return None
    text = _Text(path)
    with path.open("rb") as file:
        for data, _ in _decoded(file, fichier, fmt.encoding):
            if b"\r" in data:
                return None
            text.see(data, fmt.delimiter)
    text.lines += not text.ends_with_newline
    return text


def _utf8_copy(path: Path, fichier: str, fmt: CsvFormat, workdir: Path) -> _Text:
    """Write the file as UTF-8 with ``\\n`` line ends."""
    text = _Text(workdir / f"{path.name}.utf8")
    with path.open("rb") as file, text.path.open("wb") as out:
        for piece in _unix_lines(chunk for _, chunk in _decoded(file, fichier, fmt.encoding)):
            data = piece.encode("utf-8")
            text.see(data, fmt.delimiter)
            out.write(data)
        if not text.ends_with_newline:
            text.see(b"\n", fmt.delimiter)
            out.write(b"\n")
    return text


def _decoded(file: io.BufferedIOBase, fichier: str, encoding: str, size: int = CHUNK) -> Iterator[tuple[bytes, str]]:
    """Yield the file by chunks of ``size`` bytes, as bytes and as strictly decoded text."""
    decoder = codecs.getincrementaldecoder(CODECS.get(encoding, encoding))("strict")
    suspicion = _Utf8Suspicion(encoding)
    lines, chunk = 1, file.read(size)
    _refuse_other_mark(chunk, fichier, encoding)
    while True:
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            read = error.object[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            line, found = lines + read.count(b"\n"), "des octets illisibles"
            raise DeliveryRefused("FIC-ENCODAGE", fichier=fichier, ligne=line, recu=found, attendu=encoding) from None
        if "\0" in text:
            line = lines + text[: text.index("\0")].count("\n")
            wanted = f"un texte {encoding}"
            raise DeliveryRefused("FIC-ENCODAGE", fichier=fichier, ligne=line, recu="un caractère nul", attendu=wanted)
        suspicion.see(chunk)
        yield chunk, text
        if not chunk:
            break
        lines += text.count("\n") if "\n" in text else text.count("\r")
        chunk = file.read(size)
    if suspicion.founded:
        raise DeliveryRefused("FIC-ENCODAGE", fichier=fichier, ligne=1, recu="utf-8", attendu=encoding)


def _unix_lines(chunks: Iterator[str]) -> Iterator[str]:
    """The same text with ``\\r\\n`` and ``\\r`` made ``\\n``, whatever the limits of the chunks."""
    held = ""
    for chunk in chunks:
        text = held + chunk
        held = "\r" if text.endswith("\r") else ""  # its line feed may be the first byte of the next chunk
        text = text.removesuffix("\r")
        yield text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    if held:
        yield "\n"


def _refuse_other_mark(start: bytes, fichier: str, encoding: str) -> None:
    """Refuse a file whose byte order mark, or the absence of one, contradicts the declared encoding."""
    found = None
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        found = "utf-16"
    elif start.startswith(codecs.BOM_UTF8):
        found = "utf-8"
    elif encoding == "utf-16":
        found = "un texte sans marque d’ordre des octets"
    if found and found != encoding:
        raise DeliveryRefused("FIC-ENCODAGE", fichier=fichier, ligne=1, recu=found, attendu=encoding)


class _Utf8Suspicion:
    """Detects a UTF-8 file declared in a single-byte encoding: accented single-byte text is practically never UTF-8."""

    def __init__(self, encoding: str) -> None:
        self._possible = encoding in ("cp1252", "iso-8859-15")
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._accents = False

    def see(self, chunk: bytes) -> None:
        if self._possible and not (chunk.isascii() and not self._accents):
            self._accents = True
            try:
                self._decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError:
                self._possible = False

    @property
    def founded(self) -> bool:
        return self._possible and self._accents


def _header(
    text: _Text, fmt: CsvFormat, table: Table, exercice: int, fichier: str
) -> tuple[list[tuple[int, str]], list[str], int]:
    """Return the lines down to the header, itself included, the headings (trailing empty ones too) and its last physical line."""
    with text.path.open("rb") as file:
        head = file.read(HEAD).decode("utf-8-sig", "ignore")
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=fmt.delimiter)
    records: list[tuple[int, list[str]]] = []
    ends = [0]
    try:
        for cells in reader:
            records.append((ends[-1] + 1, cells))
            ends.append(reader.line_num)
            if len(records) == SEARCHED_RECORDS:
                break
    except csv.Error:
        pass  # the header is looked for in whatever could be read
    first, last, header = find_header(records, table, exercice, fichier)
    check_title(records[:first], fmt.title, exercice, fichier)
    return set_apart(records, first, last), header, ends[last + 1]


def _width(text: _Text, fmt: CsvFormat, ranks: list[str], fichier: str) -> int:
    """The number of cells of the first record, for a file without a header."""
    with text.path.open(encoding="utf-8-sig", newline="") as source:
        cells = next(
            (cells for _, _, cells in _records(source, fmt.delimiter, 0, fichier) if any(map(str.strip, cells))), []
        )
    refuse_too_wide(cells, fichier, 1)
    wanted = max(map(int, ranks))
    if len(cells) < wanted:
        raise DeliveryRefused(
            "FIC-ENTETE",
            fichier=fichier,
            ligne=1,
            recu=how_many(len(cells), "cellules"),
            attendu=f"au moins {how_many(wanted, 'cellules')}",
        )
    return len(cells)


def _fitted(cells: list[str], header: list[str]) -> list[str]:
    """The cells of a record, ignoring what a delimiter at the end of its line, or of the header's, adds or removes."""
    named = max(place for place, heading in enumerate(header, start=1) if heading)
    end = len(cells)
    while end > len(header) and not cells[end - 1]:
        end -= 1
    cells = cells[:end]
    return cells + [""] * (len(header) - len(cells)) if named <= len(cells) < len(header) else cells


def _swallowing(cells: list[str], header: list[str], delimiter: str) -> str | None:
    """The heading of the cell of a record that holds lines which are records too: its quote closed too late.

    Lines of text rarely are: a delimiter that a space follows is punctuation.
    """
    mark, width = re.escape(delimiter), len(header)

    def split(line: str) -> list[str]:
        *found, rest = re.split(f"{mark}(?! )", line, maxsplit=width)
        if len(found) == width:  # delimiters beyond the width are nothing
            rest = rest.strip(delimiter)
        return [*found, rest]

    def is_record(found: list[str]) -> bool:
        return len(found) >= width and not any(found[width:]) and sum(map(bool, found)) > 1

    marked = re.compile(rf"^(?:[^{mark}\n]*+{mark}){{{width - 1}}}.*", re.MULTILINE)
    for place, cell in enumerate(cells):
        if "\n" in cell:
            first, last = cell.index("\n"), cell.rindex("\n")
            ends = [*cells[:place], *split(cell[:first])], [*split(cell[last + 1 :]), *cells[place + 1 :]]
            inner = marked.findall(cell, first + 1, last)
            if any(map(is_record, map(split, inner))) or all(map(is_record, ends)):
                return header[place]
    return None


def _careful(
    text: _Text,
    fmt: CsvFormat,
    header: list[str],
    above: int,
    ignored: list[tuple[int, str]],
    fichier: str,
    workdir: Path,
) -> Records:
    """Read record by record below the ``above`` first lines; keep line numbers, set blank and misshapen records apart."""
    target = workdir / f"{text.path.name}.records"
    misshapen: list[Misshapen] = []
    empty: list[tuple[int, str]] = []
    count, width = len(ignored), len(header)
    with text.path.open(encoding="utf-8-sig", newline="") as source, written_rows(target) as writer:
        for _ in range(above):
            source.readline()
        for line, last_line, cells in _records(source, fmt.delimiter, above, fichier):
            count += 1
            if not cells:
                keep_ignored(empty, (line, "ligne vide"), fichier)
                continue
            if fmt.html:
                cells = list(map(html.unescape, cells))
            if len(cells) != width or last_line > line:
                cells, wrong = _shaped(cells, header, fmt.delimiter, (line, last_line), fichier)
                if wrong:
                    keep_misshapen(misshapen, wrong, fichier)
            writer.writerow((line, *cells))
    records = Records(target, header, None, count, misshapen=misshapen)
    return records.leaving(ignored + empty, workdir / f"{text.path.name}.apart")


def _shaped(
    cells: list[str], header: list[str], delimiter: str, lines: tuple[int, int], fichier: str
) -> tuple[list[str], Misshapen | None]:
    """As many cells as the header, of a record of other lines or cells than most, and what is wrong with it."""
    width, (line, last_line) = len(header), lines
    if not any(map(str.strip, cells)):
        return [""] * width, None
    cells, wrong = _fitted(cells, header), None
    if len(cells) != width:
        if last_line > line:
            expected = f"{how_many(width, 'cellules')} sur la ligne"
            raise DeliveryRefused("FIC-GUILLEMETS", fichier=fichier, ligne=line, attendu=expected)
        wrong = (line, "LIG-COLONNES", how_many(width, "cellules"), how_many(len(cells), "cellules"))
    elif last_line > line and (heading := _swallowing(cells, header, delimiter)) is not None:
        spanned = f"lignes {line} à {last_line} du fichier ({last_line - line + 1} lignes), lues comme une seule"
        wrong = (line, "LIG-GUILLEMETS", "un guillemet refermé avant la ligne suivante", spanned, heading)
    return (cells + [""] * width)[:width], wrong


def _records(source: io.TextIOBase, delimiter: str, above: int, fichier: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yield (first physical line, last physical line, cells); ``above`` lines were read before."""
    csv.field_size_limit(limits().cell)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    last_line = above
    try:
        for cells in reader:
            line, last_line = last_line + 1, above + reader.line_num
            yield line, last_line, cells
    except csv.Error as error:
        line = last_line + 1
        if "limit" in str(error) and above + reader.line_num == line:  # else a quote took the lines that follow
            most = f"une cellule de {limits().cell} caractères au plus"
            raise DeliveryRefused("FIC-TAILLE", fichier=fichier, ligne=line, attendu=most) from None
        expected = "des guillemets doublés ou refermés"
        raise DeliveryRefused("FIC-GUILLEMETS", fichier=fichier, ligne=line, attendu=expected) from None
