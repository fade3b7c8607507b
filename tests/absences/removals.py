"""Lists what can be removed from the landing of a collected home, moved to another year, or made false or unreadable there."""

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
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
KINDS = {  # what is done → whether something must say so even if no figure changes
    "fichier": False,
    "document": False,
    "budget": False,  # all the documents of one
    "feuille": False,
    "mois": False,
    "semestre": True,  # the second one of a member
    "tiers": False,  # of the lines of a budget document
    "ligne": True,
    "emprunt": False,
    "annee": True,  # a line whose date is moved to another year
    "montant": False,  # a cell of an amount or a number, emptied
    "total": True,  # what a file announces, made false
    "cellule": True,  # a cell made unreadable
}
LINED = (
    "csv",
    "xlsx",
    "budget_xml",
    "citrix",
    "zimbra",
    "json",
    "jsonl",
    "key_value",
)  # formats whose lines can be edited one by one
ORIGIN = datetime(1899, 12, 30)  # of the numbers of days in a workbook
AMOUNT = re.compile(r' V="(?=[^"]*[1-9])[^"]*"')  # of an element of a budget document, and not zero


@dataclass(frozen=True)
class Removal:
    """One thing that is taken away, one of ``KINDS``.

    ``table`` (``system/table``) is None for a whole file. ``must_show`` is False for lines of which nothing says that they were
    ever there. ``others``: the files that go with it, of the same export.
    """

    kind: str
    key: str  # system/export
    exercice: int
    path: Path  # in landing
    what: str
    apply: Callable[[bytes], bytes | None]  # the file's bytes → those that are left; None when the file is gone
    table: str | None = None
    must_show: bool = True
    others: tuple[Path, ...] = ()

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
    kind = "document" if ref.export.by_document else "fichier"
    if ref.export.by_document:
        yield from _budgets(work, ref, exercice, manifest, paths)
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
        if rows and ref.export.format.type in LINED:
            draw = random.Random(f"{seed} {ref.system.system}/{table.name} {exercice}")
            yield from _of_table(ref, exercice, table, rows, paths, bool(counts.totals), draw)
            yield from _half_a_year(ref, exercice, table, work.home.lake / counts.parquet, paths, seed)
            yield from _moved(ref, exercice, table, rows, paths, draw)
            yield from _emptied(ref, exercice, table, work.home.lake / counts.parquet, paths, draw)
            yield from _false_totals(ref, exercice, table, counts.totals, rows, paths, draw)
            if table.name == "lignes" and ref.export.by_document:
                yield from _thirds(ref, exercice, table, rows, paths, draw)


def _budgets(
    work: Workspace, ref: ExportRef, exercice: int, manifest: Manifest, paths: dict[str, Path]
) -> Iterator[Removal]:
    """All the documents of each budget that has more than one."""
    rows = select(
        work.home.lake / manifest.tables["documents"].parquet,
        "select siret, list(distinct _fichier order by _fichier) as fichiers from {parquet} group by siret order by siret",
    )
    for row in rows if len(rows) > 1 else []:
        first, *others = [paths[name] for name in row["fichiers"]]
        if others:
            yield Removal("budget", ref.key, exercice, first, row["siret"], lambda _: None, others=tuple(others))


def _thirds(
    ref: ExportRef, exercice: int, table: Table, rows: list[dict], paths: dict[str, Path], draw: random.Random
) -> Iterator[Removal]:
    """A third of the lines of each document."""
    for file in sorted({row["_fichier"] for row in rows}):
        lines = sorted({row["_ligne"] for row in rows if row["_fichier"] == file})
        gone = sorted(draw.sample(lines, len(lines) // 3))
        editor = _Editor(ref, table, exercice, None)
        if gone:
            yield Removal("tiers", ref.key, exercice, paths[file], f"{len(gone)} lignes",
                          lambda data, e=editor, gone=gone: e.without(data, gone), f"{ref.system.system}/{table.name}")  # fmt: skip


def _moved(
    ref: ExportRef, exercice: int, table: Table, rows: list[dict], paths: dict[str, Path], draw: random.Random
) -> Iterator[Removal]:
    """A line whose date is that of another year: a line of the year before or the year after, or one that is yet to be."""
    rule = table.exercice
    heading = table.header_of(exercice).get(rule.column) if rule else None
    if not rule or (ref.export.format.type == "budget_xml" and table.name != "documents"):
        return  # what is repeated in each line of a document is written once
    row = draw.choice(rows)
    other = exercice + (draw.choice((-1, 1)) if rule.rule == "within" else 1)
    editor = _Editor(ref, table, exercice, row["_feuille"])
    yield Removal("annee", ref.key, exercice, paths[row["_fichier"]], f"{row['_feuille'] or ''}:{row['_ligne']} {other}",
                  lambda data: editor.moved(data, row["_ligne"], heading, other), f"{ref.system.system}/{table.name}")  # fmt: skip


def _emptied(
    ref: ExportRef, exercice: int, table: Table, parquet: Path, paths: dict[str, Path], draw: random.Random
) -> Iterator[Removal]:
    """A number that is not zero, emptied: one that may be empty if the table has any."""
    headings = table.header_of(exercice)
    numbers = [f for f in table.kept_fields if f.type in ("number", "integer") and f.name in headings]
    numbers = [f for f in numbers if not f.informative and "@" not in headings[f.name]]
    if ref.export.format.type == "budget_xml":  # the others are those of a document, or of its lines
        numbers = [f for f in numbers if f.kept_type == "number"]
    chosen = [f for f in numbers if not f.constraints.required] or numbers
    draw.shuffle(chosen)
    asked = 'select _fichier, _feuille, _ligne from {{parquet}} where "{}" <> 0 order by all'
    filled = ((field, rows) for field in chosen if (rows := select(parquet, asked.format(field.name))))
    if (found := next(filled, None)) is None:
        return
    field, row = found[0], draw.choice(found[1])
    editor = _Editor(ref, table, exercice, row["_feuille"])
    yield Removal("montant", ref.key, exercice, paths[row["_fichier"]],
                  f"{row['_feuille'] or ''}:{row['_ligne']} {field.name}",
                  lambda data: editor.emptied(data, row["_ligne"], headings[field.name]),
                  f"{ref.system.system}/{table.name}")  # fmt: skip


def _false_totals(
    ref: ExportRef, exercice: int, table: Table, totals: list[dict], rows: list[dict], paths: dict[str, Path],
    draw: random.Random,
) -> Iterator[Removal]:  # fmt: skip
    """A total that the file announces, or an account that another one repeats, one more than it is."""
    name, headings = f"{ref.system.system}/{table.name}", table.header_of(exercice)
    if ref.export.format.type == "budget_xml" and table.name == "consolidations":
        row, editor = draw.choice(rows), _Editor(ref, table, exercice, None)
        yield Removal("total", ref.key, exercice, paths[row["_fichier"]], f":{row['_ligne']}",
                      lambda data: editor.one_more_in_element(data, row["_ligne"]), name)  # fmt: skip
    if totals and len(paths) == 1:
        total, sheets = draw.choice(totals), sorted({row["_feuille"] for row in rows if row["_feuille"]})
        editor, heading = _Editor(ref, table, exercice, sheets[0] if sheets else None), headings[total["column"]]
        yield Removal("total", ref.key, exercice, *paths.values(), f":{total['ligne']} {total['column']}",
                      lambda data: editor.one_more(data, total["ligne"], heading, total["annonce"]), name)  # fmt: skip


def _of_table(
    ref: ExportRef,
    exercice: int,
    table: Table,
    rows: list[dict],
    paths: dict[str, Path],
    has_total: bool,
    draw: random.Random,
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
    (file, sheet), lines = draw.choice(list(places.items()))
    editor, drawn = _Editor(ref, table, exercice, sheet), draw.sample(sorted(lines), min(2, len(lines)))
    if len(lines) > 1:
        loan = table.name == "emprunts" and ref.export.by_document
        yield Removal("emprunt" if loan else "ligne", ref.key, exercice, paths[file], f"{sheet or ''}:{drawn[0]}",
                      lambda data: editor.without(data, drawn[:1]), name, has_total or loan)  # fmt: skip
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
        left = self._bytes(text)
        return re.sub(rb",(\s*\])", rb"\1", left) if self.ref.export.format.type == "json" else left

    def unreadable(self, data: bytes, line: int) -> bytes:
        kind = self.ref.export.format
        if isinstance(kind, (CsvFormat, WorkbookFormat)):
            heading, cell = self._column()
            return self._with_cell(data, line, heading, lambda _: cell)
        text = self._lines(data)
        if kind.type == "budget_xml":
            amount = next(
                n for n in range(line, self._last(text, line)) if re.search("<(MtReal|CredOuv|MtPrev) ", text[n])
            )
            text[amount] = re.sub('V="[^"]*"', f'V="{UNREADABLE}"', text[amount])
        elif kind.type == "citrix":
            text[line - 1] = re.sub(r"\d\d/\d\d/\d{4}:[\d:]+ GMT", f"{UNREADABLE} GMT", text[line - 1], count=1)
        elif kind.type in ("json", "jsonl", "key_value"):
            date = self.table.exercice.column if self.table.exercice else ""
            said = self.table.header_of(self.exercice).get(date, "date").split(".")[-1]
            text[line - 1] = re.sub(rf'("?{said}"?[:=] ?"?)[^",]+', rf"\g<1>{UNREADABLE}", text[line - 1], count=1)
        else:
            text[line - 1] = re.sub(r"\d[\d/:.]*(?=\D*$)", UNREADABLE, text[line - 1])
        return self._bytes(text)

    def moved(self, data: bytes, line: int, heading: str | None, other: int) -> bytes:
        kind, year = self.ref.export.format, self.exercice
        if isinstance(kind, (CsvFormat, WorkbookFormat)) and heading:
            return self._with_cell(data, line, heading, lambda cell: _in_another_year(cell, year, other))
        text = self._lines(data)
        if kind.type == "budget_xml":
            line = next(n for n, one in enumerate(text, 1) if re.search(r'<Exer V="', one))
        said = (heading or "").split(".")[-1]
        place = max(text[line - 1].find(said), 0) if said else 0
        before, after = text[line - 1][:place], text[line - 1][place:]
        text[line - 1] = before + _in_another_year(after, year, other)
        return self._bytes(text)

    def emptied(self, data: bytes, line: int, heading: str) -> bytes:
        kind = self.ref.export.format
        if isinstance(kind, (CsvFormat, WorkbookFormat)):
            return self._with_cell(data, line, heading, lambda _: "")
        text = self._lines(data)
        if kind.type == "budget_xml":
            place = next(n for n in range(line - 1, self._last(text, line)) if f"<{heading} " in text[n])
            text[place] = re.sub(rf'(<{heading}) V="[^"]*"', r'\g<1> V=""', text[place])
        elif kind.type == "zimbra":
            text[line - 1] = re.sub(r"\d+(?=\s*$)", "", text[line - 1])
        elif kind.type == "citrix":
            text[line - 1] = re.sub(r"Duration [\d:]+", "Duration ", text[line - 1])
        else:
            said = heading.split(".")[-1]
            text[line - 1] = re.sub(rf'("?{said}"?[:=] ?)"?[^" ,}}]+"?', r'\g<1>""', text[line - 1], count=1)
        return self._bytes(text)

    def one_more(self, data: bytes, line: int, heading: str, announced: str) -> bytes:
        return self._with_cell(data, line, heading, lambda cell: _renumbered(cell, Decimal(announced) + 1))

    def one_more_in_element(self, data: bytes, line: int) -> bytes:
        text = self._lines(data)
        place = next(n for n in range(line - 1, self._last(text, line)) if AMOUNT.search(text[n]) and "Mt" in text[n])
        text[place] = re.sub(r'V="([^"]*)"', lambda m: f'V="{Decimal(m[1]) + 1}"', text[place])
        return self._bytes(text)

    def _with_cell(self, data: bytes, line: int, heading: str, change: Callable[[str], str]) -> bytes:
        """The file with another text in one cell."""
        if isinstance(self.ref.export.format, WorkbookFormat):
            return _edit_sheet(data, self.sheet, lambda xml: self._change_in_row(data, xml, line, heading, change))
        text = self._lines(data)
        text[line - 1 : self._last(text, line)] = [self._changed_record(text, line, heading, change)]
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

    def _changed_record(self, text: list[str], line: int, heading: str, change: Callable[[str], str]) -> str:
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
        record[header.index(heading)] = change(record[header.index(heading)])
        written = io.StringIO()
        csv.writer(written, delimiter=delimiter, lineterminator="\n").writerow(record)
        return written.getvalue()

    def _change_in_row(self, data: bytes, xml: str, line: int, heading: str, change: Callable[[str], str]) -> str:
        import openpyxl

        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
        sheet = book[self.sheet] if self.sheet else book.worksheets[0]
        column = next(
            c.column_letter
            for row in sheet.iter_rows(max_row=line)
            for c in row
            if str(c.value or "").strip() == heading
        )
        value = sheet[f"{column}{line}"].value
        cell = change("" if value is None else str(value))
        broken = f'<c r="{column}{line}" t="inlineStr"><is><t>{cell}</t></is></c>' if cell else ""
        if isinstance(value, datetime) and re.fullmatch(r"\d{4}-\d\d-\d\d [\d:]+", cell):  # a date is a number there
            days = (datetime.fromisoformat(cell) - ORIGIN).days
            broken = re.sub("<v>[^<]*</v>", f"<v>{days}</v>", _cell_of(xml, f"{column}{line}"))
        elif isinstance(value, (int, float)) and re.fullmatch(r"-?\d+(\.\d+)?", cell):
            broken = re.sub("<v>[^<]*</v>", f"<v>{cell}</v>", _cell_of(xml, f"{column}{line}"))
        return xml.replace(_cell_of(xml, f"{column}{line}"), broken)


def _cell_of(xml: str, place: str) -> str:
    found = re.search(rf'<c r="{place}"(?:[^>]*/>|.*?</c>)', xml, flags=re.DOTALL)
    if not found:
        raise ValueError(f"no cell {place}")
    return found.group(0)


def _in_another_year(text: str, year: int, other: int) -> str:
    """What names ``year`` (or else any year), naming ``other``; a day that it has not is one of its days all the same."""
    if re.fullmatch(r"[34]\d{4}", text):  # the number of a day in a workbook
        day = ORIGIN + timedelta(days=int(text))
        return str((day.replace(day=min(day.day, 28), year=other) - ORIGIN).days)
    text = text.replace("29/02", "28/02", 1).replace("02-29", "02-28", 1)
    for named in (str(year), r"(?:19|20)\d\d"):
        if re.search(named, text):
            return re.sub(named, str(other), text, count=1)
    return re.sub(r"/\d\d\b(?!/)", f"/{other % 100:02d}", text, count=1)  # 31/12/20


def _renumbered(cell: str, number: Decimal) -> str:
    """The cell with another number, written as its own: with a comma if it has one."""
    written = str(number).replace(".", ",") if "," in cell else str(number)
    return re.sub(r"\d[\d\s.,]*\d|\d", written, cell, count=1)


def _sheets(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return re.findall(r'<sheet\b[^>]*\bname="([^"]+)"', book.read("xl/workbook.xml").decode())


def _without_sheet(data: bytes, name: str) -> bytes:
    return _edit_member(
        data, "xl/workbook.xml", lambda xml: re.sub(rf'<sheet\b[^>]*\bname="{re.escape(name)}"[^>]*/>', "", xml)
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
