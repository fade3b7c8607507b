"""Reads a sample before anything declares it: its format, its encoding, its delimiter and the tables in it."""

import codecs
import csv
import io
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipelines.catalogue.reference import NOT_CSV
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.stages.ingest.draft.records import named_records
from pipelines.stages.ingest.readers.workbook import kind_of, raw_sheets
from pipelines.stages.ingest.readers.zip_file import members_of

LARGEST = 20 * 1024 * 1024  # bytes of a text file that are read
DELIMITERS = ";\t,|"
LOOKED_AT = 200  # records, to choose a delimiter
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
HTML = re.compile(
    rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)*<(!doctype\s+html|html|table|meta)\b", re.IGNORECASE | re.DOTALL
)
Rows = list[tuple[int, list[str]]]  # line, cells


@dataclass(frozen=True)
class Sample:
    """One table of a file that the source delivers, as text: every non-blank row with its line, and how it was read."""

    name: str  # of the file
    type: str  # of its format
    rows: Rows
    encoding: str = "utf-8"
    delimiter: str = ";"
    sheet: str | None = None
    member: str | None = None  # of an archive
    records: str | None = None  # the path of its records
    is_named: bool = False  # records name their own values: the first row holds these names
    header_rows: int = 1  # how many lines name the columns; 0: none
    doubts: list[str] = field(default_factory=list)
    alike: tuple["Sample", ...] = ()  # further sheets, or members, with the same headings

    @property
    def place(self) -> str:
        """The sheet or the member that it is, else the file."""
        return self.sheet or self.member or self.name

    @property
    def parts(self) -> tuple["Sample", ...]:
        """Itself and those written the same way."""
        return self, *self.alike

    @property
    def sheets(self) -> list[str]:
        """The sheets that it consists of."""
        return list(dict.fromkeys(one.sheet for one in self.parts if one.sheet))

    @property
    def members(self) -> list[str]:
        """The members of an archive that it consists of."""
        return list(dict.fromkeys(one.member for one in self.parts if one.member))


def read_samples(path: Path, sheet: str | None, *, header_rows: int = 1) -> list[Sample]:
    """The tables that a file may hold: its sheets, its members, or itself. ``header_rows``: how many lines name the columns.

    Raises DeclarationError, or DeliveryRefused for an unsound file.
    """
    with tempfile.TemporaryDirectory(prefix="millesime-sample-") as folder:
        samples = list(_tables(path, path.name, sheet, Path(folder)))
    if not header_rows and any(sample.type != "csv" for sample in samples):
        raise DeclarationError("--no-header : seul un csv peut être lu sans intitulés")
    if header_rows > 1 and any(sample.is_named for sample in samples):
        raise DeclarationError("--header-rows : pour un csv ou un classeur, dont des lignes nomment les colonnes")
    return [replace(sample, header_rows=header_rows) for sample in samples]


def _tables(path: Path, name: str, sheet: str | None, workdir: Path) -> Iterator[Sample]:
    with path.open("rb") as file:
        content = file.read(LARGEST)
    if kind := kind_of(path):
        for title, rows in raw_sheets(path, name, sheet, workdir).items():
            yield Sample(name, kind, rows, sheet=title)
    elif content.startswith(b"PK\x03\x04"):
        for member in members_of(path, name, workdir):
            if member.is_junk:
                continue
            inside = workdir / f"{member.path.name}.tables"
            inside.mkdir()
            try:
                for sample in _tables(member.path, member.name, sheet, inside):
                    yield replace(sample, name=name, member=member.name)
            except (
                DeclarationError,
                DeliveryRefused,
            ):  # without a row, it is listed among what no table is drafted from
                yield Sample(name, "csv", [], member=member.name)
    else:
        yield _of_text(path, name, content)


def _of_text(path: Path, name: str, content: bytes) -> Sample:
    if b"\0" in content and not content.startswith(UTF_16):
        raise DeclarationError(f"{name} n’est ni un fichier de texte ni un classeur")
    if HTML.match(content.removeprefix(codecs.BOM_UTF8)):
        raise DeclarationError(
            f"{name} est une page HTML, que seul un tableur ouvre comme un classeur : l’y enregistrer en .xlsx ou en .csv"
        )
    if len(content) == LARGEST:
        content = content[: content.rfind(b"\n") + 1]
    encoding, doubts = guess_encoding(content)
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    text = content.decode(codec).replace("\r\n", "\n").replace("\r", "\n")
    if named := named_records(path, name, text):
        rows = [(0, named.headings), *enumerate(named.rows, start=1)]
        return Sample(name, named.type, rows, records=named.path, is_named=True, doubts=named.doubts)
    delimiter = guess_delimiter(text)
    return Sample(name, "csv", records(text, delimiter), encoding, delimiter, doubts=doubts)


def guess_encoding(content: bytes) -> tuple[str, list[str]]:
    """One of the encodings that a declaration accepts, and what the bytes do not prove."""
    if content.startswith(UTF_16):
        return "utf-16", []
    if content.isascii():
        return "utf-8", ["l’exemple n’a pas d’accent : utf-8 ou cp1252 ?"]
    for encoding in ("utf-8", "cp1252"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or b"\xa4" not in content:  # ¤, or the € of iso-8859-15
            return encoding, []
    return "iso-8859-15", ["cp1252 ou iso-8859-15 ? Regarder les signes euro"]


def guess_delimiter(text: str) -> str:
    """The delimiter that cuts most lines into the same number of cells."""

    def regularity(delimiter: str) -> tuple[int, int]:
        widths = Counter(len(cells) for _, cells in records(text, delimiter, LOOKED_AT) if len(cells) > 1)
        width, lines = widths.most_common(1)[0] if widths else (1, 0)
        return lines, width

    return max(DELIMITERS, key=regularity)


def records(text: str, delimiter: str, limit: int | None = None) -> Rows:
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
