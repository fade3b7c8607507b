"""Reads the demonstration's exports with code that is independent of the pipeline: csv and calamine.

The declarations say only where things are in a file: its encoding, its sheet, its headings.
"""

import csv
import datetime as dt
import io
import re
from decimal import Decimal
from functools import cache
from pathlib import Path

from python_calamine import CalamineWorkbook

from demo.home import planted_defects
from demo.livraisons import Defaut
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.source_grammar import Export, Table
from pipelines.catalogue.sources import ExportRef

CATALOGUE = load_catalogue()
REGISTRY = CATALOGUE.registry
LIGNES_REFUSEES = ("LIG-TYPE", "LIG-OBLIGATOIRE", "LIG-MOTIF")


@cache
def declared(key: str) -> tuple[ExportRef, Table]:
    """The table named ``system/table``, and the export that it comes in."""
    system, name = key.split("/")
    return next(
        (ref, table)
        for ref in REGISTRY.exports()
        for table in ref.export.tables
        if (ref.system.system, table.name) == (system, name)
    )


def as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    if isinstance(value, dt.date):
        return value.strftime("%d/%m/%Y")
    return str(value)


def grid(path: Path, export: Export, table: Table) -> list[tuple[int, list[str]]]:
    """Every record of a file with its physical line."""
    if export.format.type == "xlsx":
        rows = CalamineWorkbook.from_path(path).get_sheet_by_name(table.sheet).to_python(skip_empty_area=False)
        return [(line, [as_text(cell) for cell in row]) for line, row in enumerate(rows, start=1)]
    text = path.read_bytes().decode("utf-8-sig" if export.format.encoding == "utf-8" else export.format.encoding)
    reader, records, line = (
        csv.reader(io.StringIO(text, newline=""), delimiter=export.format.delimiter),
        [],
        1,
    )
    for cells in reader:
        records.append((line, cells))
        line = reader.line_num + 1
    return records


def records(home: Path, key: str, exercice: int) -> list[tuple[int, dict[str, str]]]:
    """The lines under the header as (line, field → text), those of a total or comment included."""
    ref, table = declared(key)
    headings = table.header_of(exercice)
    found = []
    for path in sorted((home / "landing" / str(exercice) / ref.system.system).glob(ref.export.files)):
        rows = grid(path, ref.export, table)
        start = next(i for i, (_, cells) in enumerate(rows) if set(headings.values()) <= set(cells))
        place = {name: rows[start][1].index(heading) for name, heading in headings.items()}
        found += [
            (line, {name: cells[at] if at < len(cells) else "" for name, at in place.items()})
            for line, cells in rows[start + 1 :]
            if any(cells)
        ]
    return found


@cache  # every file of the exercice is made again to know them
def planted(exercice: int) -> list[Defaut]:
    """The defects of one exercice."""
    return planted_defects([exercice])


def sound(home: Path, key: str, exercice: int) -> list[dict[str, str]]:
    """The lines that count: neither total nor comment nor planted as unreadable."""
    _, table = declared(key)
    bad = {d.ligne for d in planted(exercice) if d.table == key and d.regle in LIGNES_REFUSEES}
    return [
        row
        for line, row in records(home, key, exercice)
        if line not in bad and not any(re.fullmatch(r.pattern, row[r.column].strip()) for r in table.ignore)
    ]


def number(text: str) -> Decimal:
    return Decimal(re.sub(r"\s", "", text).replace(",", "."))


def readable(text: str) -> Decimal:
    """The number of a cell; zero when it is none."""
    return number(text) if re.fullmatch(r"-?[\d\s]+([.,]\d+)?", text) else Decimal(0)
