"""Lays out the model as a workbook for people: contents, every figure with its state, a sheet per chapter with its tables,
and one of its lists.

A number keeps its value, a percentage and a date are what they are for a spreadsheet, and all are shown as they are
printed, in French wherever they are opened; a missing value is its code, explained below.
A total is the formula that a reader would type, where it is the sum of what is above it. Charts are the spreadsheet's own,
beside their table (``workbook_charts``). No page of a printed sheet cuts a table. The same model gives the same bytes.
Programs should read the export instead (``stages.publish.workbook``).
"""

import datetime as dt
import io
import math
import re
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_range

from pipelines import french
from pipelines.publication import DEMONSTRATION, MENTIONS
from pipelines.spreadsheet import neutralised
from pipelines.stages.report.cells import Cell, absent, empty
from pipelines.stages.report.model import Model
from pipelines.stages.report.receipts import PARTIEL
from pipelines.stages.report.workbook_charts import WIDTH, Area, add_chart, title_of

NAME_LENGTH = 31  # of a spreadsheet
CONTENTS, FIGURES, LISTS = "Sommaire", "Chiffres", "Listes"
SAFE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
HEADER = 3  # the row of a list's headings, below its title and the link back
NARROWEST, MIXED, WIDEST = 9, 28, (44, 64)  # characters of a column; of the first one and of others
LINE_HEIGHT = 15  # points
PAGES = ((780, 525), (535, 770))  # points of an A4 sheet on its side and upright, inside its margins
POINTS, SCALES = 0.75, (0.85, 0.8, 0.75, 0.7, 0.65)  # of a pixel; of a printed page, the largest first
RIGHT = {"align": "right", "indent": 1}  # a number keeps clear of the text on its right
LIST = 5  # lines from which a table has a filter
COMPLETE = "complet"
FRENCH = "[$-40C]"  # for spreadsheets in another language
DAY = f"{FRENCH}d mmmm yyyy"
PRINTED = re.compile(r"−?[\d\u202f]+(?:,(\d+))?\u00a0?(.*)")
SHOWN = ("tableau", "matrice", "graphique", "liste")
CALLED = {"tableau": "Tableau", "matrice": "Tableau", "graphique": "Figure"}
FIGURE_COLUMNS = {  # key of a figure in the model → heading, width
    "domaine": ("Chapitre", 36),
    "libelle": ("Chiffre", 66),
    "affichage": ("Valeur imprimée", 20),
    "etat": ("État", 14),
    "rapprochement": ("Comparé au rapport publié", 26),
    "valeur": ("Valeur", 20),
    "unite": ("Unité", 16),
    "statut": ("D’où il vient", 38),
    "code": ("Code", 50),
    "formule": ("Comment il est calculé", 90),
}
VALUES = ("affichage", "valeur")
ON_PAPER = ("domaine", "libelle", "affichage", "etat", "rapprochement")  # more would leave these no room


@dataclass(frozen=True)
class Line:
    """A row of a grid; ``day`` when its title is one."""

    title: str
    cells: list[Cell]
    is_total: bool = False
    day: str | None = None


@dataclass(frozen=True)
class Grid:
    """A block of the report as rows and columns."""

    block: Model
    corner: str
    head: list[str]
    lines: list[Line]

    @cached_property
    def states(self) -> list[str]:
        """The state of each line: complete, partial, or why something is missing."""
        return [self._state(line) for line in self.lines]

    @cached_property
    def columns(self) -> list[list[str]]:
        """The texts of each column, its heading first; the last one has the states, unless all lines have the same."""
        rows = [[line.title, *(cell["texte"] for cell in line.cells)] for line in self.lines]
        columns = [list(one) for one in zip([self.corner, *self.head], *rows, strict=True)]
        return columns + [["État", *self.states]] * self.differ

    @property
    def differ(self) -> bool:
        """True when lines have different states; the contents tell that of the others."""
        return len(set(self.states) - {""}) > 1

    @cached_property
    def numbers(self) -> list[int]:
        """The columns that hold no text."""
        ranks = range(len(self.head))
        return [rank + 1 for rank in ranks if not any(line.cells[rank]["est_texte"] for line in self.lines)]

    def _state(self, line: Line) -> str:
        counted = [one for one in line.cells if not one["est_texte"] and one["texte"]]
        known = any(one["valeur"] is not None for one in counted)
        lacking = dict.fromkeys(one["manque"] for one in counted if one["manque"])
        said = [french.MISSING_CODES[code] for code in lacking if code != "—"]
        doubts = list(self._doubts(line)) if known else []
        said += [PARTIEL] * (not doubts and any(one["est_partiel"] for one in counted)) + doubts
        return " ; ".join(dict.fromkeys(said)) or (COMPLETE if known else "")

    def _doubts(self, line: Line) -> Iterator[str]:
        """What the note of the block says of the years of a line: of its own, of those of its columns, or of all."""
        of_columns = [head.rpartition(" · ")[2] for head in self.head]
        by_state: dict[str, list[str]] = {}
        for year, state in self.block["reserves"].items():
            if year in of_columns:
                if line.cells[of_columns.index(year)]["valeur"] is not None:
                    by_state.setdefault(state, []).append(year)
            elif line.title == year or not any(one.title.isdecimal() for one in self.lines):
                by_state.setdefault(state, [])
        for state, years in by_state.items():
            yield f"{state} en {french.enumeration(years)}" if years else state


def workbook(model: Model) -> bytes:
    """The whole report, as the bytes of an .xlsx file."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, SAFE) as book:
        edition = dt.datetime.fromisoformat(model["edition"]["date"])  # no clock
        book.set_properties({"title": model["titre"], "author": model["organisation"]["nom"], "created": edition})
        sheets = _Sheets(book, {block["id"]: one["origine"] for one in model["provenance"] for block in one["blocs"]})
        contents = book.add_worksheet(CONTENTS)  # written last: it says where each table is
        sheets.figures(model)
        lists = []  # their texts are wide: in a chapter's sheet, its numbers would be as wide
        for chapter in model["chapitres"]:
            grids = [grid_of(block) for block in _blocks(chapter) if block["genre"] in SHOWN]
            lists += [grid for grid in grids if grid.block["genre"] == "liste"]
            if tables := [grid for grid in grids if grid.block["genre"] != "liste"]:
                sheets.tables(_name(chapter), f"{chapter['numero']}. {chapter['titre']}", tables)
        if lists:
            sheets.tables(LISTS, LISTS, lists)
        sheets.contents(contents, model)
    return out.getvalue()


def grid_of(block: Model) -> Grid:
    """A table, a chart, a matrix or a list as rows and columns of cells."""
    if block["genre"] == "matrice":
        head = [f"{name} · {year}" for name in block["entete"] for year in block["annees"]]
        lines = [Line(line["titre"], list(_flat(line, block["annees"]))) for line in block["lignes"]]
        return Grid(block, block["coin"], head, lines)
    if block["genre"] == "liste":
        head = list(dict.fromkeys(one["titre"] for entry in block["entrees"] for one in entry["details"]))
        lines = []
        for entry in block["entrees"]:
            of = {name: [one for one in entry["details"] if one["titre"] == name] for name in head}
            lines.append(Line(entry["titre"], [_text(of[name]) for name in head]))
        return Grid(block, "Intitulé", [name or "Précisions" for name in head], lines)
    lines = [Line(one["titre"], one["cellules"], one["est_total"], one.get("jour")) for one in block["lignes"]]
    return Grid(block, block["coin"], block["entete"], lines)


def _flat(line: Model, years: Sequence[str]) -> Iterator[Cell]:
    """The cells of a row of a matrix, one column per year; for a pair that is not applicable, every year says so."""
    for series in line["series"]:
        cells = series["cellules"]
        yield from cells if len(cells) == len(years) else [absent("—")] * len(years)


def _text(details: Sequence[Model]) -> Cell:
    """The details that share a heading, as one cell; one alone keeps its day."""
    day = details[0].get("jour") if len(details) == 1 else None
    return {**empty(", ".join(one["texte"] for one in details)), "est_texte": True, "jour": day}


def _blocks(chapter: Model) -> Iterator[Model]:
    """Every block of a chapter, in the order of the report."""
    for section in chapter["sections"]:
        yield from section["blocs"]


def _name(chapter: Model) -> str:
    """Its sheet: ``4 Les équipes``, within a spreadsheet's limits."""
    title = re.sub(r"[\[\]:*?/\\']", " ", f"{chapter['numero']} {chapter['titre']}")
    return textwrap.shorten(title, NAME_LENGTH, placeholder="").rstrip(" ,")


@dataclass
class _Sheets:
    """Writes sheets that share the same head and foot."""

    book: Any
    origins: Mapping[str, str]  # identifier of a block → what it is made from
    formats: dict[tuple, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)  # identifier of a block → where it is, for a link

    def format(self, **said: Any) -> Any:
        """A format, made once."""
        key = tuple(sorted(said.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format({"font_name": "Calibri", "valign": "top", **said})
        return self.formats[key]

    def begin(self, sheet: Any, title: str, under: str) -> None:
        """A sheet with its title and what is under it, which stay in view and are repeated on each printed page."""
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.set_margins(left=0.4, right=0.4, top=0.4, bottom=0.55)
        sheet.set_footer("&L&A&R&P / &N")
        sheet.write_string(0, 0, title, self.format(bold=True, font_size=14, font_color="#1b4f7d"))
        sheet.write_string(1, 0, under, self.format(font_color="#5c6873"))
        if under == "":
            self.link(sheet, 1, CONTENTS, "← Sommaire")

    def head(
        self, sheet: Any, row: int, headings: Sequence[str], numbers: Collection[int] = (), lines: int = 0
    ) -> None:
        """The headings of columns, with a filter over the ``lines`` below them, unless there are few or two share a name."""
        is_filtered = lines >= LIST and len({one.casefold() for one in headings} - {""}) == len(headings)
        right, shown = {"align": "right", "indent": 1 + is_filtered}, []
        for column, heading in enumerate(headings):
            side = right if column in numbers else {"align": "left", "indent": int(column > 0)}
            shown.append(self.format(bold=True, bottom=1, text_wrap=True, bg_color="#e9eef3", **side))
            sheet.write_string(row, column, heading, shown[-1])
        if is_filtered:  # its button is on the right of each heading
            named = [{"header": said, "header_format": one} for said, one in zip(headings, shown, strict=True)]
            sheet.add_table(row, 0, row + lines, len(headings) - 1, {"style": None, "columns": named})

    def listed(self, sheet: Any, headings: Sequence[str], widths: Sequence[float], numbers: Collection[int]) -> None:
        """The headings of a sheet that is one list: they stay in view and are repeated on each printed page."""
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        self.head(sheet, HEADER, headings, numbers)
        sheet.fit_to_pages(1, 0)
        sheet.freeze_panes(HEADER + 1, 1)
        sheet.repeat_rows(0, HEADER)

    def contents(self, sheet: Any, model: Model) -> None:
        """What the workbook is, then each table by chapter, with a link and its state."""
        edition, organisation = model["edition"], model["organisation"]
        kind = "projet, à ne pas diffuser comme définitif" if edition["est_projet"] else f"version {edition['nom']}"
        said = [organisation["nom"], MENTIONS[model["profil"]], kind, edition["date_imprimee"]]
        said += [DEMONSTRATION.removesuffix(".")] * model["demonstration"]
        self.begin(sheet, model["titre"], " · ".join(said))
        self.listed(sheet, ["Où", "Ce qu’on y trouve", "État"], [26, 124, 54], ())
        self.link(sheet, HEADER + 1, FIGURES)
        sheet.write_string(HEADER + 1, 1, "Les chiffres du rapport et ce dont ils sont faits : valeur, état, calcul")
        row = HEADER + 2
        for chapter in model["chapitres"]:
            blocks = [block for block in _blocks(chapter) if block["genre"] in (*SHOWN, "vide")]
            if blocks:
                sheet.write_string(row, 0, f"{chapter['numero']}. {chapter['titre']}", self.format(bold=True, top=1))
                sheet.write_row(row, 1, ["", ""], self.format(top=1))
            for rank, block in enumerate(blocks, start=1):
                self._entry(sheet, row + rank, block)
            row += len(blocks) + bool(blocks)
        sheet.write_string(row + 1, 0, "Codes imprimés au lieu d’un nombre, ou après lui", self.format(bold=True))
        for rank, one in enumerate(model["legende"], start=2):
            sheet.write_string(row + rank, 0, one["code"], self.format(align="right", indent=1))
            sheet.write_string(row + rank, 1, one["sens"], self.format())

    def _entry(self, sheet: Any, row: int, block: Model) -> None:
        """A line of the contents."""
        wrapped = self.format(text_wrap=True)
        sheet.write_string(row, 1, title_of(block), wrapped)
        if block["genre"] == "vide":
            sheet.write_string(row, 2, block["texte"], wrapped)
            return
        self.link(sheet, row, self.places[block["id"]], _rank(block) or "Liste")
        states = dict.fromkeys(one for state in grid_of(block).states for one in state.split(" ; ") if one)
        lacking = [one for one in states if one != COMPLETE]
        sheet.write_string(row, 2, " ; ".join(lacking or states), wrapped)

    def link(self, sheet: Any, row: int, to: str, said: str | None = None) -> None:
        """A link to a sheet, or to a cell of one."""
        name, _, cell = to.partition("!")
        shown = self.format(font_color="#1b4f7d", underline=1)
        sheet.write_url(row, 0, f"internal:'{name}'!{cell or 'A1'}", shown, said or to)

    def figures(self, model: Model) -> None:
        """Every figure, with its state."""
        sheet = self.book.add_worksheet(FIGURES)
        self.begin(sheet, f"Les chiffres de {model['exercice']}", "")
        is_compared = any(one["rapprochement"] for one in model["chiffres"])
        keys = [key for key in FIGURE_COLUMNS if key != "rapprochement" or is_compared]
        headings, widths = zip(*(FIGURE_COLUMNS[key] for key in keys), strict=True)
        self.listed(sheet, headings, widths, [rank for rank, key in enumerate(keys) if key in VALUES])
        for row, one in enumerate(model["chiffres"], start=HEADER + 1):
            for column, key in enumerate(keys):
                self._figure(sheet, row, column, key, one)
        last = HEADER + max(len(model["chiffres"]), 1)
        sheet.set_portrait()
        sheet.print_area(0, 0, last, sum(key in ON_PAPER for key in keys) - 1)
        sheet.autofilter(HEADER, 0, last, len(keys) - 1)

    def _figure(self, sheet: Any, row: int, column: int, key: str, one: Model) -> None:
        if key == "valeur" and one["valeur"] is not None:
            said = french.exact(Decimal(one["valeur"])) + ("%" if one["unite"] == "%" else "")
            value, shown = as_number({"texte": said, "valeur": one["valeur"]})
            sheet.write_number(row, column, value, self.format(num_format=shown, **RIGHT))
            return
        align = RIGHT if key in VALUES else {"align": "left", "indent": int(column > 0)}
        wrapped = {"text_wrap": True} if key in ON_PAPER else {}
        said = french.UNITS.get(one[key], one[key]) if key == "unite" else one[key]
        sheet.write_string(row, column, neutralised(said or ""), self.format(**align, **wrapped))

    def tables(self, name: str, title: str, grids: Sequence[Grid]) -> None:
        """A sheet: tables one below the other, what readers must know of each, its chart beside it."""
        sheet = self.book.add_worksheet(name)
        self.begin(sheet, title, "")
        sheet.freeze_panes(2, 1)
        sheet.repeat_rows(0, 1)
        widths = _widths(grids)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        starts, right, heights = [HEADER], 0.0, {}
        for grid in grids:
            self.places[grid.block["id"]] = f"{name}!A{starts[-1] + 1}"
            below, edge = self._block(sheet, name, starts[-1], grid, widths, heights)
            starts.append(below + 2)
            right = max(right, edge)
        # the largest scale that takes the fewest pages: what is narrow is printed as if it were wider
        repeated, printed = HEADER * LINE_HEIGHT, []
        for width, height in PAGES:
            for scale in SCALES:
                wide = max(right, width / POINTS / scale)
                shown = width / POINTS / wide
                page = _breaks(starts, heights, height / shown - repeated)
                printed.append((max(SCALES[-1] - shown, 0), len(page), -shown, width < height, wide, page))
        *_, is_upright, edge, breaks = min(printed)
        if is_upright:
            sheet.set_portrait()
        beyond = math.ceil(max(0.0, edge - _pixels(widths)) / 64)  # columns of the usual width
        sheet.print_area(0, 0, starts[-1] - 2, len(widths) + beyond - 1)
        sheet.fit_to_pages(1, 0)
        sheet.set_h_pagebreaks(breaks)

    def _block(
        self, sheet: Any, name: str, row: int, grid: Grid, widths: Sequence[float], heights: dict[int, float]
    ) -> tuple[int, float]:
        """A table and its chart from a row; returns the last row and the right edge, in pixels."""
        block = grid.block
        headings, *rows = zip(*grid.columns, strict=True)
        own = widths[: len(headings)]
        sheet.write_string(row, 0, _called(block), self.format(bold=True, font_size=12, font_color="#1b4f7d"))
        header = row + 1
        self.head(sheet, header, headings, grid.numbers, [*(line.is_total for line in grid.lines), True].index(True))
        heights[header] = _height(headings, [width - 2 for width in own])  # in bold, beside the button of a filter
        sheet.set_row(header, heights[header])
        for row, line in enumerate(grid.lines, start=header + 1):
            strong = {"bold": True, "top": 1} if line.is_total else {}
            title = {**empty(line.title), "jour": line.day}
            state = [empty(grid.states[row - header - 1])] * grid.differ
            for column, cell in enumerate([title, *line.cells, *state]):
                is_sum = column in grid.numbers and _is_sum(grid, row - header - 1, column - 1)
                formula = f"=SUM({xl_range(header + 1, column, row - 1, column)})" if is_sum else None
                self._cell(sheet, row, column, {**cell, "est_texte": column not in grid.numbers}, strong, formula)
            heights[row] = _height(rows[row - header - 1], own)
        row = self._foot(sheet, row + 1, block, own, heights)
        area = Area(header, len(headings))
        height = add_chart(self.book, sheet, name, block, area)
        edge = _pixels(own) + (WIDTH + 24 if height else 0)
        return max(row, header + math.ceil(height / 20)), edge

    def _cell(
        self, sheet: Any, row: int, column: int, cell: Cell, strong: Mapping[str, Any], formula: str | None
    ) -> None:
        if cell["valeur"] is not None:
            value, number_format = as_number(cell)
            shown = self.format(num_format=number_format, **RIGHT, **strong)
            if formula:
                sheet.write_formula(row, column, formula, shown, value)
            else:
                sheet.write_number(row, column, value, shown)
            return
        left = {"text_wrap": True, "align": "left", "indent": int(column > 0)}
        if cell.get("jour"):
            shown = self.format(num_format=DAY, **left, **strong)
            sheet.write_datetime(row, column, dt.datetime.fromisoformat(cell["jour"]), shown)
            return
        lacking = {"italic": True, "font_color": "#5c6873"} if cell["manque"] else {}
        aligned = left if cell["est_texte"] else RIGHT
        sheet.write_string(row, column, neutralised(cell["texte"]), self.format(**{**strong, **aligned, **lacking}))

    def _foot(self, sheet: Any, row: int, block: Model, widths: Sequence[float], heights: dict[int, float]) -> int:
        """The codes in words, the note and the source, no wider than the table; returns the last row."""
        said = [f"{one['code']} : {one['sens']}" for one in block["legende"]]
        said += [block["note"]] if block["note"] else []
        said += [f"Source : {self.origins[block['id']]}."]
        wrapped = self.format(font_color="#5c6873", text_wrap=True)
        for at, text in enumerate(said, start=row):
            heights[at] = _height([text], [sum(widths)])
            if len(widths) > 1:
                sheet.merge_range(at, 0, at, len(widths) - 1, "", wrapped)
            sheet.set_row(at, heights[at])
            sheet.write_string(at, 0, text, wrapped)
        return row + len(said) - 1


def _height(texts: Sequence[str], widths: Sequence[float]) -> int:
    """The height of a row, in points: a letter is narrower than a figure, of which widths are made."""
    lines = [len(textwrap.wrap(text, int(1.1 * width))) for text, width in zip(texts, widths, strict=True)]
    return LINE_HEIGHT * max(1, *lines)


def _pixels(widths: Sequence[float]) -> float:
    """What columns of these widths, in characters, take on a screen."""
    return sum(7 * width + 5 for width in widths)


def _breaks(starts: Sequence[int], heights: Mapping[int, float], page: float) -> list[int]:
    """The rows that begin a page, so that none cuts a block that fits in one."""
    found, used = [], 0.0
    for start, end in pairwise(starts):
        height = sum(heights.get(row, LINE_HEIGHT) for row in range(start, end))
        if used and used + height > page:
            found.append(start)
            used = 0.0
        used += height
    return found


def _is_sum(grid: Grid, at: int, column: int) -> bool:
    """True for the cell of a total that is the sum of all the lines above it, none of which is hidden or missing."""
    above = [line.cells[column] for line in grid.lines[:at]]
    total = grid.lines[at].cells[column]
    if not grid.lines[at].is_total or any(line.is_total for line in grid.lines[:at]) or total["valeur"] is None:
        return False
    if any(one["manque"] not in (None, "—") for one in above):
        return False
    values = [Decimal(one["valeur"]) for one in above if one["valeur"] is not None]
    return len(values) > 1 and sum(values) == Decimal(total["valeur"])


def _rank(block: Model) -> str:
    return f"{CALLED[block['genre']]} {block['numero']}" if block["genre"] in CALLED else ""


def _called(block: Model) -> str:
    return " — ".join(filter(None, (_rank(block), title_of(block))))


def _widths(grids: Sequence[Grid]) -> list[float]:
    """The widths of the columns of a sheet: the longest text that each has in any table, within reason: a long text under a
    number of another table is on several lines."""
    found: list[float] = []
    for rank in range(max(len(grid.columns) for grid in grids)):
        tables = [grid for grid in grids if rank < len(grid.columns)]
        widest = MIXED if any(rank in grid.numbers for grid in tables) else WIDEST[rank > 0]
        words = [f"{word} " for grid in tables for word in grid.columns[rank][0].split()]  # in bold, beside a button
        longest = max(len(text) for text in words + [text for grid in tables for text in grid.columns[rank][1:]])
        found.append(min(max(longest + 3, NARROWEST), widest))
    return found


def as_number(cell: Cell) -> tuple[float, str]:
    """The number of a cell, a percentage being one, and the format that shows it as printed: decimals, unit, partial mark."""
    decimals, unit = PRINTED.fullmatch(cell["texte"]).groups()
    shown = f"{FRENCH}#,##0" + (f".{'0' * len(decimals)}" if decimals else "")
    shown += "," if unit.startswith("To") else ""  # in thousands: volumes are in Go
    shown += f'"\u00a0{unit}"'.replace("%", '"%"').removesuffix('""') if unit else ""
    return float(Decimal(cell["valeur"]) / (100 if "%" in unit else 1)), shown
