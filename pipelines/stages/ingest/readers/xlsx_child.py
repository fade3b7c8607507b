"""The process that opens a workbook, under limits: ``python -m … <workbook> <folder> <JSON list of sheets>``.

Writes one CSV a sheet (physical row, then cells as text) and prints one JSON answer. It may be killed at any moment:
the parent then refuses the file. Text of a cell: numbers with a dot and up to 15 digits (a longer one is in scientific
form, so that no pattern takes its rounded digits for the real ones), dates in ISO form, booleans ``true``/``false``.
The XML of a sheet is scanned before calamine opens it: what it counts and finds there does not come from calamine.
"""

import csv
import datetime as dt
import io
import json
import re
import resource
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

MEMORY = 2 * 1024**3
CPU_SECONDS = 90
LARGEST_GRID = 20_000_000  # cells
REF = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


@dataclass
class Scan:
    """What the XML of one sheet says."""

    rows: set[int] = field(default_factory=set)  # rows that hold a value
    widest: int = 0
    formulas: list[str] = field(default_factory=list)  # cells whose formula has no stored result
    zeros: list[str] = field(default_factory=list)  # cells whose formula has 0 for result
    errors: dict[tuple[int, int], str] = field(default_factory=dict)  # (row, column) → #DIV/0!…


class Refused(Exception):
    """A rule code, with where and what was expected."""

    def __init__(self, code: str, **where: object):
        self.answer = {"code": code, **where}


def main() -> None:
    """Read the workbook named on the command line."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    path, folder, sheets = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
    try:
        answer: dict = {"sheets": read_sheets(path, folder, sheets)}
    except Refused as refused:
        answer = {"refused": refused.answer}
    except MemoryError:
        answer = {"refused": {"code": "FIC-TAILLE", "attendu": "un classeur que le lecteur peut ouvrir"}}
    except Exception:  # calamine, zip or XML: whatever is wrong, the message could quote a cell
        answer = {"refused": {"code": "FIC-NATURE", "attendu": "un classeur .xlsx lisible"}}
    json.dump(answer, sys.stdout)


def read_sheets(path: Path, folder: Path, sheets: list[str]) -> list[dict]:
    """Write each sheet as CSV; return, for each, its file and the number of its non-empty rows counted in the XML."""
    import python_calamine

    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
    except python_calamine.PasswordError:
        raise Refused("FIC-PROTEGE", attendu="un classeur sans mot de passe") from None
    parts, recalculates = workbook_parts(path)
    visible = [m.name for m in workbook.sheets_metadata if m.visible == python_calamine.SheetVisibleEnum.Visible]
    found = []
    for index, sheet in enumerate(sheets):
        name = sheet or next((name for name in visible if name in parts), "")
        if name not in parts:
            raise Refused("FIC-FEUILLE", colonne=name, attendu="feuilles présentes : " + ", ".join(parts))
        with zipfile.ZipFile(path) as archive:
            scan = scan_sheet(archive.read(parts[name]))
        if unknown := scan.formulas or (scan.zeros if recalculates else []):
            raise Refused("FIC-FORMULE", colonne=f"{name}!{unknown[0]}", attendu="une valeur enregistrée")
        target = folder / f"{index}.csv"
        write_sheet(workbook.get_sheet_by_name(name).to_python(skip_empty_area=False), scan, target)
        found.append({"csv": target.name, "rows": len(scan.rows)})
    return found


def workbook_parts(path: Path) -> tuple[dict[str, str], bool]:
    """Sheet name → its part in the zip, and whether the workbook asks to be recalculated when it is opened.

    A program that writes formulas without computing them stores 0 and asks for that.
    """
    with zipfile.ZipFile(path) as archive:
        book = _parse(archive.read("xl/workbook.xml"))
        relations = _parse(archive.read("xl/_rels/workbook.xml.rels"))
    if any(p.get("date1904") in ("1", "true") for p in book.iter("{*}workbookPr")):
        raise Refused("FIC-NATURE", recu="un calendrier qui commence en 1904", attendu="le calendrier 1900")
    targets = {r.get("Id"): r.get("Target") for r in relations if (r.get("Type") or "").endswith("/worksheet")}
    parts = {}
    for sheet in book.iter("{*}sheet"):
        (rid,) = (value for name, value in sheet.attrib.items() if name.endswith("}id"))
        if rid in targets:
            parts[sheet.get("name")] = "xl/" + targets[rid].removeprefix("/xl/")
    return parts, any(p.get("fullCalcOnLoad") in ("1", "true") for p in book.iter("{*}calcPr"))


def part_of_sheet(path: Path) -> dict[str, str]:
    """Sheet name → its part in the zip."""
    return workbook_parts(path)[0]


def _parse(data: bytes):
    from lxml import etree

    _refuse_doctype(data)
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))


def _refuse_doctype(data: bytes) -> None:
    if any("<!DOCTYPE".encode(encoding) in data[:4096] for encoding in ("ascii", "utf-16-le", "utf-16-be")):
        raise Refused("FIC-DOCTYPE", attendu="un classeur sans DOCTYPE")


def scan_sheet(xml: bytes) -> Scan:
    """Look at every cell of a sheet; refuse a disproportionate grid."""
    from lxml import etree

    _refuse_doctype(xml)
    scan, row, column = Scan(), 0, 0
    options = {"resolve_entities": False, "no_network": True, "huge_tree": False}
    for event, element in etree.iterparse(io.BytesIO(xml), events=("start", "end"), tag=("{*}row", "{*}c"), **options):
        is_row = element.tag.endswith("}row")
        if event == "start":
            if is_row:
                row, column = int(element.get("r") or row + 1), 0
            continue
        if is_row:
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
            continue
        place = REF.fullmatch(element.get("r") or "")
        row, column = (int(place[2]), column_number(place[1])) if place else (row, column + 1)
        _see_cell(scan, element, row, column)
    if scan.rows and max(scan.rows) * scan.widest > LARGEST_GRID:
        raise Refused("FIC-TAILLE", attendu="moins de vingt millions de cellules")
    return scan


def _see_cell(scan: Scan, cell, row: int, column: int) -> None:
    """Note what one cell holds."""
    stored = cell.find("{*}v")
    said = (stored is not None and stored.text) or "".join(t.text or "" for t in cell.iterfind("{*}is//{*}t"))
    if cell.find("{*}f") is not None:
        if not said and (stored is None or cell.get("t") != "str"):  # an empty text is a result
            scan.formulas.append(cell.get("r") or f"ligne {row}")
        elif said == "0":
            scan.zeros.append(cell.get("r") or f"ligne {row}")
    if said:
        scan.rows.add(row)
        scan.widest = max(scan.widest, column)
    if cell.get("t") == "e":
        scan.errors[row, column] = said or "#N/A"


def column_number(letters: str) -> int:
    """``A`` → 1, ``AA`` → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def write_sheet(grid: list[list], scan: Scan, target: Path) -> None:
    """Write the rows that hold something, as text; an error cell keeps its error code, so that typing refuses it."""
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for line, cells in enumerate(grid, start=1):
            texts = [scan.errors.get((line, c)) or text(value) for c, value in enumerate(cells, start=1)]
            if any(texts) or line in scan.rows:
                writer.writerow([line, *texts])


def text(value: object) -> str:
    """The canonical text of a cell."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:.15g}"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return "" if value is None else str(value)


if __name__ == "__main__":
    main()
