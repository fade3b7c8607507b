"""Opens a workbook, in a child process: writes one CSV for each sheet that a pattern names (physical row, then cells as text).

Text of a cell: numbers with a dot and up to 15 digits (a longer one is in scientific form, so that no pattern takes its
rounded digits for the real ones), dates in ISO form, booleans ``true``/``false``. A sheet is scanned (``sheet_scan``) before
calamine opens it: what is counted and found there does not come from calamine.
"""

import csv
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import python_calamine

from pipelines.catalogue.patterns import is_one_of
from pipelines.settings import limits
from pipelines.stages.ingest.readers.sheet_scan import Refused, Scan, cell_name, open_scanner

LARGEST_GRID = 12_000_000  # cells: some 900 MB
MOST_MERGED = 1_000_000  # rows that merged cells cover
LAST_ROW = 1_048_576  # of a sheet
MOST_SHEETS = 500


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook; ``csv`` holds its rows as text when a pattern names it."""

    name: str
    is_hidden: bool
    is_first: bool  # of those that are visible
    rows: int  # that hold something, counted by the scan
    csv: Path | None
    # (row, column, first row) of the cells that a merged one covers, and that are empty
    merged: list[tuple[int, int, int]]


def read_sheets(path: Path, kind: str, folder: Path, patterns: list[str]) -> list[Sheet]:
    """Write each requested sheet; return every sheet of the workbook. The pattern ``""`` names the first visible sheet."""
    scanner = open_scanner(path, kind)
    if len(scanner.names) > MOST_SHEETS:
        raise Refused("FIC-TAILLE", attendu=f"{MOST_SHEETS} feuilles au plus")
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
    except python_calamine.PasswordError:
        raise Refused("FIC-PROTEGE", attendu="un classeur sans mot de passe") from None
    visible = {m.name for m in workbook.sheets_metadata if m.visible == python_calamine.SheetVisibleEnum.Visible}
    first = next((name for name in scanner.names if name in visible), None)
    found: list[Sheet] = []
    for index, name in enumerate(scanner.names):
        is_wanted = (name == first and "" in patterns) or is_one_of(name, filter(None, patterns))
        scan = scanner.scan(name)
        if scan.widest > limits().columns:
            column = cell_name(0, scan.widest).removesuffix("0")
            raise Refused("FIC-TAILLE", colonne=f"{name}!{column}", attendu=f"{limits().columns} colonnes au plus")
        if scan.rows and max(scan.rows) > LAST_ROW:
            raise Refused("FIC-NATURE", attendu="des cellules de A1 à XFD1048576")
        if scan.rows and max(scan.rows) * scan.widest > LARGEST_GRID:
            raise Refused(
                "FIC-TAILLE", attendu="moins de douze millions de cellules, jusqu’à la dernière qui n’est pas vide"
            )
        target = folder / f"{index}.csv"
        if is_wanted:
            if unknown := scan.formulas or (scan.zeros if scanner.recalculates else []):
                raise Refused("FIC-FORMULE", colonne=f"{name}!{unknown[0]}", attendu="une valeur enregistrée")
            if scan.lost:
                raise Refused(
                    "FIC-NATURE", colonne=f"{name}!{scan.lost[0]}", attendu="un texte du classeur, par son rang"
                )
            grid = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            write_sheet(grid, scan, target)
        found.append(
            Sheet(
                name,
                is_hidden=name not in visible,
                is_first=name == first,
                rows=len(scan.rows),
                csv=target if is_wanted else None,
                merged=under_merged(grid, scan) if is_wanted else [],
            )
        )
    return found


def write_sheet(grid: list[list], scan: Scan, target: Path) -> None:
    """Write the rows that hold something, as text; an error cell keeps its error code, so that typing refuses it."""
    if grid and len(grid[0]) > limits().columns:
        raise Refused("FIC-TAILLE", attendu=f"{limits().columns} colonnes au plus")
    held = [line for line, row in enumerate(grid, start=1) if line in scan.rows or row.count("") < len(row)]
    columns = [texts(column) for column in zip(*(grid[line - 1] for line in held), strict=True)]
    if any(len(cell) > limits().cell for column in columns for cell in column):
        raise Refused("FIC-TAILLE", attendu=f"des cellules de {limits().cell} caractères au plus")
    place = {line: rank for rank, line in enumerate(held)}
    for (line, column), code in scan.errors.items():
        if line in place and column <= len(columns):
            columns[column - 1][place[line]] = code
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        rows = zip(held, zip(*columns, strict=True), strict=True)
        writer.writerows((line, *cells) for line, cells in rows if any(cells) or line in scan.rows)


def under_merged(grid: list[list], scan: Scan) -> list[tuple[int, int, int]]:
    """(row, column, first row) of the cells that are empty under a merged cell whose value the sheet shows there too."""
    width = len(grid[0]) if grid else 0
    ranges = [(first, min(last, len(grid)), column) for first, last, column in scan.merges if column <= width]
    if sum(max(0, last - first) for first, last, _ in ranges) > MOST_MERGED:
        raise Refused("FIC-TAILLE", attendu="moins d’un million de lignes dans des cellules fusionnées")
    return [
        (row, column, first)
        for first, last, column in ranges
        for row in range(first + 1, last + 1)
        if row in scan.rows and text(grid[first - 1][column - 1]) and not text(grid[row - 1][column - 1])
    ]


def texts(column: Sequence[object]) -> list[str]:
    """The canonical texts of cells: ``text`` of each, by kind of value, since a column mostly holds one kind."""
    kinds = set(map(type, column))
    if kinds == {str}:
        return list(column)
    if kinds == {float}:
        return list(map("{:.15g}".format, column))
    if kinds == {dt.date}:
        return list(map(dt.date.isoformat, column))
    return [value if type(value) is str else text(value) for value in column]


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
