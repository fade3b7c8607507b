"""Lays out the model as a workbook for people: contents, every figure with its state, a sheet per table or chart of the report.

A number keeps its exact value and is shown as it is printed; a missing one is its code, explained below. Charts are the
spreadsheet's own, over the cells beside them (``workbook_charts``). The same model gives the same bytes. Programs
should read the export instead (``stages.publish.workbook``).
"""

import datetime as dt
import io
import math
import re
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import xlsxwriter

from pipelines import french
from pipelines.publication import EDITIONS
from pipelines.spreadsheet import neutralised
from pipelines.stages.report.cells import Cell, absent, empty
from pipelines.stages.report.model import Model
from pipelines.stages.report.workbook_charts import Area, add_charts, title_of

NAME_LENGTH, DIGITS = 31, 15  # of a spreadsheet
CONTENTS, FIGURES = "Sommaire", "Chiffres"
SAFE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}
HEADER = 3  # the row of a sheet's headings, below its title and the link back
NARROWEST, WIDEST, WIDEST_FIRST = 11, 38, 46  # characters of a column
LINE_HEIGHT = 15  # points
ONE_PAGE = 30  # lines of a table that stay readable on one printed page with their chart
COMPLETE, PART = "complet", "partiel"
PRINTED = re.compile(r"(−?[\d\u202f]+)(?:,(\d+))?(?:\u00a0(.+))?")
LETTERS = {"tableau": "T", "matrice": "T", "graphique": "F", "liste": "L"}
CALLED = {"tableau": "Tableau", "matrice": "Tableau", "graphique": "Figure"}
FIGURE_COLUMNS = {  # key of a figure in the model → heading, width
    "domaine": ("Chapitre", 26),
    "libelle": ("Chiffre", 52),
    "affichage": ("Valeur imprimée", 18),
    "valeur": ("Valeur exacte", 18),
    "unite": ("Unité", 12),
    "etat": ("État", 30),
    "statut": ("D’où il vient", 26),
    "rapprochement": ("Comparé au rapport publié", 26),
    "formule": ("Comment il est calculé", 90),
    "code": ("Code", 46),
}
VALUES = ("affichage", "valeur")
PRINTED_COLUMNS = 8  # on paper, the column that says how a figure is computed would leave the others no room


@dataclass(frozen=True)
class Grid:
    """A block of the report as rows and columns."""

    block: Model
    corner: str
    head: list[str]
    lines: list[tuple[str, list[Cell], bool]]  # title, cells, whether it is a total

    @property
    def states(self) -> list[str]:
        """The state of each line: complete, partial, or why something is missing."""
        return [_state(cells) for _, cells, _ in self.lines]


def workbook(model: Model) -> bytes:
    """The whole report, as the bytes of an .xlsx file."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, SAFE) as book:
        edition = dt.datetime.fromisoformat(model["edition"]["date"])  # no clock
        book.set_properties({"title": model["titre"], "author": model["organisation"]["nom"], "created": edition})
        sheets = _Sheets(book, _names(model))
        sheets.contents(model)
        sheets.figures(model)
        for chapter, block in _blocks(model):
            if block["genre"] in LETTERS:
                sheets.block(chapter, grid_of(block))
    return out.getvalue()


def grid_of(block: Model) -> Grid:
    """A table, a chart, a matrix or a list as rows and columns of cells."""
    if block["genre"] == "matrice":
        head = [f"{name} · {year}" for name in block["entete"] for year in block["annees"]]
        lines = [(line["titre"], list(_flat(line, block["annees"])), False) for line in block["lignes"]]
        return Grid(block, block["coin"], head, lines)
    if block["genre"] == "liste":
        head = list(dict.fromkeys(one["titre"] for entry in block["entrees"] for one in entry["details"]))
        said = [
            (entry["titre"], {one["titre"]: one["texte"] for one in entry["details"]}) for entry in block["entrees"]
        ]
        return Grid(block, "", head, [(title, [_text(of.get(name, "")) for name in head], False) for title, of in said])
    lines = [(line["titre"], line["cellules"], line["est_total"]) for line in block["lignes"]]
    return Grid(block, block["coin"], block["entete"], lines)


def _flat(line: Model, years: Sequence[str]) -> Iterator[Cell]:
    """The cells of a row of a matrix, one column per year; for a pair that is not applicable, every year says so."""
    for series in line["series"]:
        cells = series["cellules"]
        yield from cells if len(cells) == len(years) else [absent("—")] * len(years)


def _text(said: str) -> Cell:
    return {**empty(said), "est_texte": True}


def _state(cells: Sequence[Cell]) -> str:
    counted = [one for one in cells if not one["est_texte"] and one["texte"]]
    lacking = dict.fromkeys(one["manque"] for one in counted if one["manque"])
    said = [french.MISSING_CODES[code] for code in lacking if code != "—"]
    said += [PART] * any(one["est_partiel"] for one in counted)
    return " ; ".join(said) or (COMPLETE if any(one["valeur"] is not None for one in counted) else "")


def _blocks(model: Model) -> Iterator[tuple[Model, Model]]:
    """Every block with its chapter, in the order of the report."""
    for chapter in model["chapitres"]:
        for section in chapter["sections"]:
            yield from ((chapter, block) for block in section["blocs"])


def _names(model: Model) -> dict[str, str]:
    """Identifier of a block → its sheet: ``F3 Effectifs par statut``, within a spreadsheet's limits."""
    names: dict[str, str] = {}
    lists = 0
    for _, block in _blocks(model):
        if block["genre"] not in LETTERS:
            continue
        lists += block["genre"] == "liste"
        rank = f"{LETTERS[block['genre']]}{block.get('numero', lists)}"
        title = re.sub(r"\s+", " ", re.sub(r"[\[\]:*?/\\']", " ", title_of(block)))
        names[block["id"]] = textwrap.shorten(f"{rank} {title}", NAME_LENGTH, placeholder="…")
    return names


@dataclass
class _Sheets:
    """Writes sheets that share the same head and foot."""

    book: Any
    names: Mapping[str, str]
    formats: dict[tuple, Any] = field(default_factory=dict)

    def format(self, **said: Any) -> Any:
        """A format, made once."""
        key = tuple(sorted(said.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format({"font_name": "Calibri", "valign": "top", **said})
        return self.formats[key]

    def begin(self, name: str, title: str, under: str) -> Any:
        """A sheet with its title and what is under it."""
        sheet = self.book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&L&A&R&P / &N")
        sheet.write_string(0, 0, title, self.format(bold=True, font_size=14, font_color="#1b4f7d"))
        sheet.write_string(1, 0, under, self.format(font_color="#5c6873"))
        return sheet

    def head(self, sheet: Any, headings: Sequence[str], widths: Sequence[float], numbers: Collection[int] = ()) -> None:
        """The headings of the columns, which stay in view and are repeated on each printed page."""
        for column, (heading, width) in enumerate(zip(headings, widths, strict=True)):
            side = {"align": "right"} if column in numbers else {"align": "left", "indent": int(column > 0)}
            sheet.set_column(column, column, width)
            sheet.write_string(
                HEADER, column, heading, self.format(bold=True, bottom=1, text_wrap=True, bg_color="#e9eef3", **side)
            )
        sheet.freeze_panes(HEADER + 1, 1)
        sheet.repeat_rows(HEADER)

    def contents(self, model: Model) -> None:
        """What the workbook is, then each sheet by chapter, with a link and its state."""
        edition, organisation = model["edition"], model["organisation"]
        kind = "projet, à ne pas diffuser comme définitif" if edition["est_projet"] else f"version {edition['nom']}"
        said = [organisation["nom"], f"édition {EDITIONS[model['profil']]}", kind, edition["date_imprimee"]]
        said += ["DÉMONSTRATION : les lignes sont inventées"] * model["demonstration"]
        sheet = self.begin(CONTENTS, model["titre"], " · ".join(said))
        self.head(sheet, ["Feuille", "Ce qu’elle montre", "État"], [34, 80, 52])
        self.link(sheet, HEADER + 1, FIGURES)
        sheet.write_string(HEADER + 1, 1, "Tous les chiffres du rapport : imprimés, exacts, calculés comment")
        row, chapter = HEADER + 2, None
        for of, block in _blocks(model):
            if block["genre"] not in (*LETTERS, "vide"):
                continue
            if of["id"] != chapter:
                sheet.write_string(row, 0, f"{of['numero']}. {of['titre']}", self.format(bold=True, top=1))
                row, chapter = row + 1, of["id"]
            self._listed(sheet, row, block)
            row += 1
        for one in model["legende"]:
            row += 1
            sheet.write_string(row, 0, one["code"], self.format(align="right"))
            sheet.write_string(row, 1, one["sens"], self.format())

    def _listed(self, sheet: Any, row: int, block: Model) -> None:
        """A line of the contents."""
        wrapped = self.format(text_wrap=True)
        sheet.write_string(row, 1, _called(block), wrapped)
        if block["genre"] == "vide":
            sheet.write_string(row, 2, block["texte"], wrapped)
            return
        self.link(sheet, row, self.names[block["id"]])
        states = list(dict.fromkeys(filter(None, grid_of(block).states)))
        lacking = [one for one in states if one != COMPLETE]
        sheet.write_string(row, 2, " ; ".join(lacking) or "".join(states), wrapped)

    def link(self, sheet: Any, row: int, to: str, said: str | None = None) -> None:
        """A link to a sheet."""
        sheet.write_url(row, 0, f"internal:'{to}'!A1", self.format(font_color="#1b4f7d", underline=1), said or to)

    def figures(self, model: Model) -> None:
        """Every figure, with its state."""
        sheet = self.begin(FIGURES, f"Les chiffres de {model['exercice']}", "")
        self.link(sheet, 1, CONTENTS, "← Sommaire")
        headings, widths = zip(*FIGURE_COLUMNS.values(), strict=True)
        self.head(sheet, headings, widths, [rank for rank, key in enumerate(FIGURE_COLUMNS) if key in VALUES])
        for row, one in enumerate(model["chiffres"], start=HEADER + 1):
            for column, key in enumerate(FIGURE_COLUMNS):
                self._figure(sheet, row, column, key, one)
        sheet.print_area(0, 0, HEADER + max(len(model["chiffres"]), 1), PRINTED_COLUMNS - 1)
        sheet.autofilter(HEADER, 0, HEADER + max(len(model["chiffres"]), 1), len(FIGURE_COLUMNS) - 1)

    def _figure(self, sheet: Any, row: int, column: int, key: str, one: Model) -> None:
        if key == "valeur" and one["valeur"] is not None and _fits(Decimal(one["valeur"])):
            places = max(-Decimal(one["valeur"]).as_tuple().exponent, 0)
            shown = "#,##0" + ("." + "0" * places if places else "")
            sheet.write_number(row, column, float(one["valeur"]), self.format(num_format=shown))
        else:
            align = (
                {"align": "right"} if key in VALUES else {"text_wrap": True, "align": "left", "indent": int(column > 0)}
            )
            sheet.write_string(row, column, neutralised(one[key] or ""), self.format(**align))

    def block(self, chapter: Model, grid: Grid) -> None:
        """A sheet: its table, what readers must know of it, its chart."""
        block = grid.block
        sheet = self.begin(self.names[block["id"]], _called(block), "")
        self.link(sheet, 1, CONTENTS, "← Sommaire")
        sheet.write_string(1, 1, f"Chapitre {chapter['numero']}, {chapter['titre']}", self.format(font_color="#5c6873"))
        if block["genre"] == "graphique" and len(grid.lines) <= ONE_PAGE:
            sheet.fit_to_pages(1, 1)  # the chart is not split
        states = grid.states if any(grid.states) else []
        headings = [grid.corner, *grid.head, *(["État"] if states else [])]
        numbers = [rank for rank, is_text in enumerate(_are_texts(grid), start=1) if not is_text]
        widths = _widths(grid) + [26] * bool(states)
        self.head(sheet, headings, widths, numbers)
        row = HEADER
        for row, (title, cells, is_total) in enumerate(grid.lines, start=HEADER + 1):
            strong = {"bold": True, "top": 1} if is_total else {}
            sheet.write_string(row, 0, neutralised(title), self.format(text_wrap=True, **strong))
            for column, cell in enumerate(cells, start=1):
                self._cell(sheet, row, column, cell, strong)
            if states:
                said = self.format(text_wrap=True, align="left", indent=1, **strong)
                sheet.write_string(row, len(headings) - 1, states[row - HEADER - 1], said)
        row = self._foot(sheet, row + 2, block, widths)
        add_charts(self.book, sheet, self.names[block["id"]], block, Area(HEADER, len(headings), row + 2))

    def _cell(self, sheet: Any, row: int, column: int, cell: Cell, strong: Mapping[str, Any]) -> None:
        if cell["valeur"] is not None and _fits(Decimal(cell["valeur"])):
            shown = self.format(num_format=number_format(cell), align="right", **strong)
            sheet.write_number(row, column, float(cell["valeur"]), shown)
            return
        lacking = {"align": "right", "italic": True, "font_color": "#5c6873"} if cell["manque"] else {}
        aligned = {"text_wrap": True, "align": "left", "indent": 1} if cell["est_texte"] else {"align": "right"}
        sheet.write_string(row, column, neutralised(cell["texte"]), self.format(**{**strong, **aligned, **lacking}))

    def _foot(self, sheet: Any, row: int, block: Model, widths: Sequence[float]) -> int:
        """The codes in words, the note, the source, no wider than the table: a printed sheet fits them; returns the row
        that follows."""
        said = [f"{one['code']} : {one['sens']}" for one in block["legende"]]
        said += [block["note"]] if block["note"] else []
        for text in [*said, f"Source : {block['source']}"]:
            lines = math.ceil(len(text) / sum(widths))
            if lines > 1 and len(widths) > 1:
                wrapped = self.format(font_color="#5c6873", text_wrap=True)
                sheet.merge_range(row, 0, row, len(widths) - 1, "", wrapped)
                sheet.set_row(row, LINE_HEIGHT * lines)
                sheet.write_string(row, 0, text, wrapped)
            else:
                sheet.write_string(row, 0, text, self.format(font_color="#5c6873"))
            row += 1
        return row


def _called(block: Model) -> str:
    rank = f"{CALLED[block['genre']]} {block['numero']} — " if block["genre"] in CALLED else ""
    return f"{rank}{title_of(block)}"


def _are_texts(grid: Grid) -> list[bool]:
    return [any(cells[rank]["est_texte"] for _, cells, _ in grid.lines) for rank in range(len(grid.head))]


def _widths(grid: Grid) -> list[float]:
    """The widths of the columns: the longest text of each, within reason."""
    first = max(map(len, [grid.corner, *(title for title, _, _ in grid.lines)]))
    others = [
        max([len(cells[rank]["texte"]) for _, cells, _ in grid.lines] + [max(map(len, head.split()), default=0)])
        for rank, head in enumerate(grid.head)
    ]
    return [min(max(first, 18), WIDEST_FIRST), *(min(max(width + 2, NARROWEST), WIDEST) for width in others)]


def _fits(value: Decimal) -> bool:
    """True when a spreadsheet keeps every digit of a number."""
    return len(value.normalize().as_tuple().digits) <= DIGITS


def number_format(cell: Cell) -> str:
    """The format that shows the exact value of a cell as it is printed, with its unit and partial mark."""
    found, value = PRINTED.fullmatch(cell["texte"]), Decimal(cell["valeur"])
    if found:
        whole, decimals, unit = found[1], found[2] or "", found[3]
        printed = Decimal(f"{whole.replace(french.NARROW, '').replace(french.MINUS, '-')}.{decimals or 0}")
        rounded = value.quantize(Decimal(1).scaleb(-len(decimals)), rounding=ROUND_HALF_UP)
        if printed == rounded:
            return "#,##0" + (f".{'0' * len(decimals)}" if decimals else "") + (f'"\u00a0{unit}"' if unit else "")
    return '"{}"'.format(cell["texte"].replace('"', "”"))  # in a different unit from its value: a volume in terabytes
