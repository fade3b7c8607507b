"""The process that opens a workbook, under limits: ``python -m … <workbook> <folder> <JSON list of sheets>``.

Writes one CSV a sheet (physical row, then cells as text) and prints one JSON answer. It may be killed at any moment:
the parent then refuses the file. Text of a cell: numbers with a dot and up to 15 digits, dates in ISO form, booleans
``true``/``false``.
"""

import csv
import datetime as dt
import json
import re
import resource
import sys
import zipfile
from pathlib import Path

MEMORY = 2 * 1024**3
CPU_SECONDS = 90
LARGEST_GRID = 20_000_000  # cells
CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
REF = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
VALUE = re.compile(rb"<(?:\w+:)?(?:v|t)\b[^>]*>([^<]*)<")
ERROR = re.compile(rb'\bt="e"')


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
    json.dump(answer, sys.stdout)


def read_sheets(path: Path, folder: Path, sheets: list[str]) -> list[dict]:
    """Write each sheet as CSV; return, for each, its file and the number of its non-empty rows counted in the XML."""
    import python_calamine

    scans = {part: scan_sheet(content) for part, content in sheet_parts(path)}
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
    except python_calamine.PasswordError:
        raise Refused("FIC-PROTEGE", attendu="un classeur sans mot de passe") from None
    except python_calamine.CalamineError:
        raise Refused("FIC-NATURE", attendu="un classeur .xlsx lisible") from None
    parts = part_of_sheet(path)
    found = []
    for index, sheet in enumerate(sheets):
        name = sheet or workbook.sheet_names[0]
        if name not in workbook.sheet_names:
            raise Refused("FIC-FEUILLE", colonne=name, attendu="feuilles présentes : " + ", ".join(workbook.sheet_names))
        scan = scans[parts[name]]
        if scan["formulas"]:
            raise Refused("FIC-FORMULE", colonne=f"{name}!{scan['formulas'][0]}", attendu="une valeur enregistrée")
        target = folder / f"{index}.csv"
        write_sheet(workbook.get_sheet_by_name(name).to_python(skip_empty_area=False), scan["errors"], target)
        found.append({"csv": target.name, "rows": scan["rows"]})
    return found


def sheet_parts(path: Path) -> list[tuple[str, bytes]]:
    """The XML of every worksheet, by its name in the zip."""
    with zipfile.ZipFile(path) as archive:
        return [(n, archive.read(n)) for n in archive.namelist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", n)]


def part_of_sheet(path: Path) -> dict[str, str]:
    """Sheet name → its part in the zip, through the workbook's relations."""
    from lxml import etree

    def parse(data: bytes) -> etree._Element:
        if b"<!DOCTYPE" in data:
            raise Refused("FIC-DOCTYPE", attendu="un classeur sans DOCTYPE")
        return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))

    with zipfile.ZipFile(path) as archive:
        book = parse(archive.read("xl/workbook.xml"))
        relations = parse(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {r.get("Id"): r.get("Target") for r in relations}
    rid = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    return {
        sheet.get("name"): "xl/" + targets[sheet.get(rid)].removeprefix("/xl/")
        for sheet in book.iter("{*}sheet")
        if sheet.get(rid) in targets
    }


def scan_sheet(xml: bytes) -> dict:
    """Count rows with a value, list formulas without value and cells in error; refuse a disproportionate grid."""
    rows: set[int] = set()
    formulas: list[str] = []
    errors: dict[str, str] = {}
    widest = 0
    for cell in CELL.finditer(xml):
        attributes, content = cell[1], cell[2] or b""
        ref = REF.search(attributes)
        value = VALUE.search(content)
        if not ref:
            continue
        name = (ref[1] + ref[2]).decode()
        if b"<f" in content and not (value and value[1]):
            formulas.append(name)
        if value and value[1]:
            rows.add(int(ref[2]))
            widest = max(widest, column_number(ref[1].decode()))
            if ERROR.search(attributes):
                errors[name] = value[1].decode()
    if rows and max(rows) * widest > LARGEST_GRID:
        raise Refused("FIC-TAILLE", attendu="moins de vingt millions de cellules")
    return {"rows": len(rows), "formulas": formulas, "errors": errors}


def column_number(letters: str) -> int:
    """``A`` → 1, ``AA`` → 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def write_sheet(grid: list[list], errors: dict[str, str], target: Path) -> None:
    """Write non-empty rows as text; an error cell keeps its error code, so that typing refuses it."""
    by_place = {}
    for name, error in errors.items():
        letters, digits = re.fullmatch(r"([A-Z]+)(\d+)", name).groups()
        by_place[(int(digits), column_number(letters))] = error
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for line, cells in enumerate(grid, start=1):
            texts = [by_place.get((line, c)) or text(value) for c, value in enumerate(cells, start=1)]
            if any(texts):
                writer.writerow([line, *texts])


def text(value: object) -> str:
    """The canonical text of a cell."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.15g}" if abs(value) < 1e15 else f"{value:.0f}"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date):
        return value.isoformat()
    return "" if value is None else str(value)


if __name__ == "__main__":
    main()
