"""The processes that open workbooks, one each, under limits, and the one that forks them: ``python -m …``.

This one reads requests, a line each: ``[environment, workbook, kind, folder, patterns]`` in JSON. A child writes one CSV for each
sheet that a pattern names (physical row, then cells as text) and prints one JSON answer, which lists every sheet. It may be
killed at any moment: the answer is then ``null``, or broken, and the file refused. Text of a cell: numbers with a dot and up to 15
digits (a longer one is in scientific form, so that no pattern takes its rounded digits for the real ones), dates in ISO form,
booleans ``true``/``false``. A sheet is scanned (``sheet_scan``) before calamine opens it: what is counted and found there does
not come from calamine.
"""

import csv
import ctypes
import datetime as dt
import json
import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import python_calamine

from pipelines.catalogue.patterns import is_one_of
from pipelines.settings import limits
from pipelines.stages.ingest.readers.sheet_scan import Refused, Scan, cell_name, open_scanner

MEMORY = 2 * 1024**3
CPU_SECONDS = 90
PR_SET_PDEATHSIG = 1  # of Linux's prctl
SECONDS = 600  # generous, for a busy machine
LARGEST_GRID = 12_000_000  # cells: some 900 MB
MOST_MERGED = 1_000_000  # rows that merged cells cover
LAST_ROW = 1_048_576  # of a sheet
MOST_SHEETS = 500


def main() -> None:
    """Have a child answer each request."""
    for request in sys.stdin:
        if not (child := os.fork()):
            try:
                _die_with_the_parent()
                _answer(*json.loads(request))
                os._exit(0)
            finally:
                os._exit(1)
        died = os.waitpid(child, 0)[1] != 0
        _say("null\n" if died else "\n")  # whatever it said, one line


def _die_with_the_parent() -> None:
    """Be killed with the process that forks, which an interruption kills: what is read would still be written."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _answer(environment: dict[str, str], path: str, kind: str, folder: str, patterns: list[str]) -> None:
    """Read one workbook in this process, which does nothing else."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    signal.alarm(SECONDS)
    os.environ.clear()
    os.environ.update(environment)
    try:
        answer: dict = {"sheets": read_sheets(Path(path), kind, Path(folder), patterns)}
    except Refused as refused:
        answer = {"refused": refused.answer}
    except MemoryError:
        answer = {"refused": {"code": "FIC-TAILLE", "attendu": "un classeur que le lecteur peut ouvrir"}}
    except Exception:  # the message of any error in calamine, zip or XML could quote a cell
        answer = {"refused": {"code": "FIC-NATURE", "attendu": f"un classeur .{kind} lisible"}}
    _say(json.dumps(answer))


def _say(text: str) -> None:
    with open(sys.stdout.fileno(), "w", closefd=False) as out:
        out.write(text)


def read_sheets(path: Path, kind: str, folder: Path, patterns: list[str]) -> list[dict]:
    """Write each requested sheet; return the fields of a ``workbook.Sheet`` for every sheet of the workbook.

    ``rows`` are those that hold something, counted by the scan; ``csv`` is None for a sheet that no pattern names; ``merged``:
    ``under_merged``. The pattern ``""`` names the first visible sheet.
    """
    scanner = open_scanner(path, kind)
    if len(scanner.names) > MOST_SHEETS:
        raise Refused("FIC-TAILLE", attendu=f"{MOST_SHEETS} feuilles au plus")
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
    except python_calamine.PasswordError:
        raise Refused("FIC-PROTEGE", attendu="un classeur sans mot de passe") from None
    visible = {m.name for m in workbook.sheets_metadata if m.visible == python_calamine.SheetVisibleEnum.Visible}
    first = next((name for name in scanner.names if name in visible), None)
    found = []
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
            grid = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            write_sheet(grid, scan, target)
        found.append(
            {
                "name": name,
                "is_hidden": name not in visible,
                "is_first": name == first,
                "rows": len(scan.rows),
                "csv": str(target) if is_wanted else None,
                "merged": under_merged(grid, scan) if is_wanted else [],
            }
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


if __name__ == "__main__":
    main()
