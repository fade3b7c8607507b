"""Lists what can be removed from the landing of a collected home, or made unreadable there."""

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.catalogue.source_grammar import CsvFormat, Table, WorkbookFormat
from pipelines.catalogue.sources import ExportRef
from pipelines.evidence.parquet import select
from pipelines.ledger.records import Manifest
from pipelines.ledger.workspace import Workspace
from pipelines.stages.ingest.landing import files_of

# What the organisation writes of its report itself (which absences it declares, what it printed): no tool exports it, and
# only these files can show that it was ever said.
WRITTEN = ("absences", "published_reports")
UNREADABLE = "illisible"
MEMBER = "collectivite"  # the field that names a member
FEW = 20  # lines of half a year under which their absence may be chance
TYPED = ("integer", "number", "date", "datetime", "boolean", "year")


@dataclass(frozen=True)
class Removal:
    """One thing that is taken away. ``kind``: fichier, document, feuille, mois, semestre (the second one of a member), ligne;
    cellule when it is made unreadable.

    ``table`` (``system/table``) is None for a whole file. ``must_show`` is False for lines of which nothing says that they were
    ever there.
    """

    kind: str
    key: str  # system/export
    exercice: int
    path: Path  # in landing
    what: str
    apply: Callable[[bytes], bytes | None]  # the file's bytes → those that are left; None when the file is gone
    table: str | None = None
    must_show: bool = True

    def __str__(self) -> str:
        return f"{self.kind} {self.path}{f' {self.what}' if self.what else ''}"


def removals(work: Workspace, seed: int) -> list[Removal]:
    """Everything that can be removed from what is current in the ledger, in a stable order; ``seed`` draws the lines.

    One line of each table and exercice is removed, and one made unreadable; of one that names members, half a year of one of them.
    """
    found = []
    for (key, exercice), current in sorted(work.ledger.current().items()):
        ref = work.registry.export_of(key)
        if ref.system.system in WRITTEN:
            continue
        found += list(_of_export(work, ref, exercice, current.manifest, seed))
    return found


def _of_export(work: Workspace, ref: ExportRef, exercice: int, manifest: Manifest, seed: int) -> Iterator[Removal]:
    paths = {path.name: path.relative_to(work.home.landing) for path in files_of(work.home.landing, ref, exercice)}
    kind = "document" if ref.export.format.type == "budget_xml" else "fichier"
    for path in paths.values():
        yield Removal(kind, ref.key, exercice, path, "", lambda _: None)
        if isinstance(ref.export.format, WorkbookFormat):
            names = _sheets((work.home.landing / path).read_bytes())
            for name in names if len(names) > 1 else []:
                yield Removal(
                    "feuille", ref.key, exercice, path, name, lambda data, name=name: _without_sheet(data, name)
                )
    for table in ref.export.tables:
        counts = manifest.tables[table.name]
        period = f", strftime(\"{table.period.column}\", '%Y-%m')" if table.period else ", null"
        rows = select(
            work.home.lake / counts.parquet,
            f"select distinct _fichier, _feuille, _ligne{period} as mois from {{parquet}} order by all",
        )
        yield from _of_table(ref, exercice, table, rows, paths, bool(counts.totals), seed)
        yield from _half_a_year(ref, exercice, table, work.home.lake / counts.parquet, paths, seed)


def _of_table(
    ref: ExportRef, exercice: int, table: Table, rows: list[dict], paths: dict[str, Path], has_total: bool, seed: int
) -> Iterator[Removal]:
    name = f"{ref.system.system}/{table.name}"
    places: dict[tuple[str, str | None], dict[int, str | None]] = {}
    for row in rows:
        places.setdefault((row["_fichier"], row["_feuille"]), {})[row["_ligne"]] = row["mois"]
    for (file, sheet), lines in places.items():
        editor = _Editor(ref, table, exercice, sheet)
        months = sorted({month for month in lines.values() if month})
        for month in months if len(months) > 1 else []:
            of_month = [line for line, its in lines.items() if its == month]
            yield Removal("mois", ref.key, exercice, paths[file], f"{sheet or ''} {month}".strip(),
                          lambda data, of=of_month, e=editor: e.without(data, of), name)  # fmt: skip
    if not places:
        return
    draw = random.Random(f"{seed} {name} {exercice}")
    (file, sheet), lines = draw.choice(list(places.items()))
    editor, drawn = _Editor(ref, table, exercice, sheet), draw.sample(sorted(lines), min(2, len(lines)))
    if len(lines) > 1:
        yield Removal("ligne", ref.key, exercice, paths[file], f"{sheet or ''}:{drawn[0]}",
                      lambda data: editor.without(data, drawn[:1]), name, has_total)  # fmt: skip
    if ref.export.format.type != "budget_xml" or table.name == "lignes":
        yield Removal("cellule", ref.key, exercice, paths[file], f"{sheet or ''}:{drawn[-1]}",
                      lambda data: editor.unreadable(data, drawn[-1]), name)  # fmt: skip


def _half_a_year(
    ref: ExportRef, exercice: int, table: Table, parquet: Path, paths: dict[str, Path], seed: int
) -> Iterator[Removal]:
    """What one member has in a file after June, of those that have lines in most months of it."""
    rule = table.period or (table.exercice if table.exercice and table.exercice.rule == "within" else None)
    dated = rule and table.field(rule.column).kept_type in ("date", "datetime")
    if not dated or MEMBER not in {field.name for field in table.kept_fields}:
        return
    lines = select(
        parquet,
        f'select _fichier, _feuille, _ligne, {MEMBER} as membre, month("{rule.column}") as mois from {{parquet}} order by all',
    )
    of: dict[tuple[str, str | None, str], list[dict]] = {}
    for line in lines:
        of.setdefault((line["_fichier"], line["_feuille"], line["membre"]), []).append(line)
    regular = [place for place, its in of.items() if len({line["mois"] for line in its}) > 9]
    if not regular:
        return
    place = random.Random(f"{seed} {ref.key} {table.name} {exercice} semestre").choice(regular)
    gone = sorted({line["_ligne"] for line in of[place] if line["mois"] > 6})
    editor = _Editor(ref, table, exercice, place[1])
    yield Removal("semestre", ref.key, exercice, paths[place[0]], f"{place[1] or ''} {place[2]}".strip(),
                  lambda data: editor.without(data, gone), f"{ref.system.system}/{table.name}",
                  len(gone) >= FEW or MEMBER in table.primaryKey)  # fmt: skip


@dataclass(frozen=True)
class _Editor:
    """Takes lines out of one file of a table, or makes a cell of one unreadable, and leaves all other bytes as they are."""

    ref: ExportRef
    table: Table
    exercice: int
    sheet: str | None

    def without(self, data: bytes, lines: list[int]) -> bytes:
        if isinstance(self.ref.export.format, WorkbookFormat):
            return _edit_sheet(data, self.sheet, lambda xml: _drop_rows(xml, lines))
        text = self._lines(data)
        for line in sorted(lines, reverse=True):
            del text[line - 1 : self._last(text, line)]
        return self._bytes(text)

    def unreadable(self, data: bytes, line: int) -> bytes:
        kind = self.ref.export.format
        if isinstance(kind, WorkbookFormat):
            return _edit_sheet(data, self.sheet, lambda xml: self._break_row(data, xml, line))
        text = self._lines(data)
        if isinstance(kind, CsvFormat):
            text[line - 1 : self._last(text, line)] = [self._break_record(text, line)]
        elif kind.type == "budget_xml":
            amount = next(
                n for n in range(line, self._last(text, line)) if re.search("<(MtReal|CredOuv|MtPrev) ", text[n])
            )
            text[amount] = re.sub('V="[^"]*"', f'V="{UNREADABLE}"', text[amount])
        elif kind.type == "citrix":
            text[line - 1] = re.sub(r"\d\d/\d\d/\d{4}:[\d:]+ GMT", f"{UNREADABLE} GMT", text[line - 1], count=1)
        else:
            text[line - 1] = re.sub(r"\d[\d/:.]*(?=\D*$)", UNREADABLE, text[line - 1])
        return self._bytes(text)

    def _encoding(self) -> str:
        kind = self.ref.export.format
        return kind.encoding if isinstance(kind, CsvFormat) else "latin-1"  # bytes for bytes

    def _lines(self, data: bytes) -> list[str]:
        return re.split("(?<=\n)", data.decode(self._encoding()))

    def _bytes(self, text: list[str]) -> bytes:
        return "".join(text).encode(self._encoding())

    def _last(self, text: list[str], line: int) -> int:
        """The last line of the record that begins at ``line``: an element, a CSV record with line breaks in its quotes."""
        kind = self.ref.export.format
        if kind.type == "budget_xml":
            tag = re.search(r"<([\w:]+)", text[line - 1]).group(1)
            return next(
                n + 1
                for n in range(line - 1, len(text))
                if f"</{tag}>" in text[n] or (n == line - 1 and "/>" in text[n])
            )
        last = line
        if isinstance(kind, CsvFormat):
            while "".join(text[line - 1 : last]).count('"') % 2 and last < len(text):
                last += 1
        return last

    def _column(self) -> tuple[str, str]:
        """Heading of a field whose cell must be of a type, else of one that must be filled; what makes it unreadable."""
        headings = self.table.header_of(self.exercice)
        fields = [field for field in self.table.fields if field.name in headings and not field.informative]
        typed = [f for f in fields if f.type in TYPED]
        chosen = next((f for f in typed if f.constraints.required), next(iter(typed), None))
        if chosen:
            return headings[chosen.name], UNREADABLE
        return next((headings[f.name], "") for f in fields if f.constraints.required)

    def _break_record(self, text: list[str], line: int) -> str:
        heading, cell = self._column()
        delimiter = self.ref.export.format.delimiter
        cells = (next(csv.reader([one], delimiter=delimiter), []) for one in text[: line - 1])
        header = next(
            [c.strip().lstrip("\ufeff") for c in row]
            for row in cells
            if heading in [c.strip().lstrip("\ufeff") for c in row]
        )
        record = next(
            csv.reader(io.StringIO("".join(text[line - 1 : self._last(text, line)]), newline=""), delimiter=delimiter)
        )
        record[header.index(heading)] = cell
        written = io.StringIO()
        csv.writer(written, delimiter=delimiter, lineterminator="\n").writerow(record)
        return written.getvalue()

    def _break_row(self, data: bytes, xml: str, line: int) -> str:
        import openpyxl

        heading, cell = self._column()
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
        sheet = book[self.sheet] if self.sheet else book.worksheets[0]
        column = next(
            c.column_letter
            for row in sheet.iter_rows(max_row=line)
            for c in row
            if str(c.value or "").strip() == heading
        )
        broken = f'<c r="{column}{line}" t="inlineStr"><is><t>{cell}</t></is></c>' if cell else ""
        edited, count = re.subn(rf'<c r="{column}{line}"(?:[^>]*/>|.*?</c>)', broken, xml, flags=re.DOTALL)
        if not count:
            raise ValueError(f"no cell {column}{line}")
        return edited


def _sheets(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return re.findall(r'<sheet name="([^"]+)"', book.read("xl/workbook.xml").decode())


def _without_sheet(data: bytes, name: str) -> bytes:
    return _edit_member(
        data, "xl/workbook.xml", lambda xml: re.sub(rf'<sheet name="{re.escape(name)}"[^>]*/>', "", xml)
    )


def _edit_sheet(data: bytes, name: str | None, edit: Callable[[str], str]) -> bytes:
    """The sheet of that name, the first when there is none; the demonstration's writer numbers their files in order."""
    rank = [n.replace("&amp;", "&") for n in _sheets(data)].index(name) + 1 if name else 1
    return _edit_member(data, f"xl/worksheets/sheet{rank}.xml", edit)


def _drop_rows(xml: str, lines: list[int]) -> str:
    gone = {str(line) for line in lines}
    return re.sub(
        r'<row r="(\d+)"(?:[^>]*/>|.*?</row>)', lambda m: "" if m.group(1) in gone else m.group(0), xml, flags=re.DOTALL
    )


def _edit_member(data: bytes, member: str, edit: Callable[[str], str]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as after:
        for info in before.infolist():
            content = before.read(info)
            after.writestr(info, edit(content.decode()).encode() if info.filename == member else content)
    return written.getvalue()
