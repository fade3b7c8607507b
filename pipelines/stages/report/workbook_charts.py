"""The charts of the workbook: the spreadsheet's own, over the cells of their sheet, in the colours of the report.

A missing value has no bar, only its code as a label. What a spreadsheet cannot draw from the table alone (a pyramid, a
cascade) is drawn from a few cells beside it, which say so.
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.stages.report.blocks import number_of, steps
from pipelines.stages.report.charts import BLUE, GREY, LIGHT, MIDDLE, OCHRE, Block, is_whole
from pipelines.stages.report.showing import are_years

WIDTH, BAR, LINE = 460, 16, 26  # pixels
SMALL, ACROSS = (148, 106), 3  # of the small charts
ASIDE = 40  # the column of what is for the drawing alone: beyond the tables, and the printed page
BESIDE, PALE = "Pour le dessin", "#9aa5b1"
DRAWN = re.compile(r"\s*\([^()]*\)$")  # how the report draws credits: « (contour : crédits ; plein : réalisé) »
HATCHED = {"pattern": {"pattern": "wide_upward_diagonal", "fg_color": BLUE, "bg_color": "#ffffff"}}
SIDES = "#,##0;#,##0"  # a pyramid has no negative side
NUMBERS, AMOUNTS = "[$-40C]#,##0", '[$-40C]#,##0,"\u00a0k€"'  # of an axis; of what is counted in thousands of euros


@dataclass(frozen=True)
class Area:
    """Where a table is: the row of its headings, how many columns it takes."""

    header: int
    columns: int


@dataclass(frozen=True)
class _Series:
    """One series: its name, the column (or row) of its values, its colour, the labels that differ from the values."""

    name: str
    values: tuple[int, int, int, int]
    color: str | None
    labels: Sequence[dict[str, Any] | None] = ()
    points: Sequence[dict[str, Any] | None] = ()  # the bars drawn otherwise


def title_of(block: Block) -> str:
    """The title of a block, without how the report draws it: a spreadsheet draws it otherwise, with a legend."""
    return DRAWN.sub("", block["titre"]) if block.get("forme") == "execution" else str(block["titre"])


def add_chart(book: Any, sheet: Any, name: str, block: Block, area: Area) -> int:
    """Draw a block beside its table if it is a chart; returns the height that it takes, in pixels."""
    if block["genre"] != "graphique":
        return 0
    lines = [line for line in block["lignes"] if not line["est_total"]]
    first, last = area.header + 1, area.header + len(lines)
    draw = {"multiples": _multiples, "pyramide": _pyramid, "cascade": _cascade, "mois": _months}.get(
        block["forme"], _bars
    )
    charts = list(draw(book, sheet, name, block, lines, (first, last, area)))
    for rank, chart in enumerate(charts):
        options = {
            "description": block["alternative"],
            "object_position": 2,
            "x_offset": 14 + rank % ACROSS * (SMALL[0] + 8),
            "y_offset": rank // ACROSS * (SMALL[1] + 4),
        }
        sheet.insert_chart(area.header, area.columns, chart, options)
    return math.ceil(len(charts) / ACROSS) * (SMALL[1] + 4) if draw is _multiples else int(charts[0].height)


def _chart(
    book: Any, kind: dict[str, str], name: str, block: Block, categories: tuple, series: Sequence[_Series]
) -> Any:
    chart, is_stacked = book.add_chart(kind), kind.get("subtype") == "stacked"
    for one in series:
        labels = {"value": True, "custom": list(one.labels), "font": {"size": 9}} if one.labels else None
        if labels and _are_thousands(block):
            labels["num_format"] = AMOUNTS
        if labels and is_stacked:  # they are inside the bars
            labels |= {"num_format": SIDES, "font": {"color": "#ffffff", "bold": True}}
        line = (
            {"line": {"color": one.color, "width": 2}, "marker": {"type": "circle"}} if kind["type"] == "line" else {}
        )
        chart.add_series(
            {
                "name": one.name,
                "categories": [name, *categories],
                "values": [name, *one.values],
                "fill": {"color": one.color} if one.color else {"none": True},
                "gap": 40,
                "overlap": 100 if is_stacked else None,
                "data_labels": labels,
                "points": list(one.points) or None,
                **line,
            }
        )
    chart.set_title({"none": True})  # it is over the table
    chart.set_legend({"position": "bottom"} if len([one for one in series if one.color]) > 1 else {"none": True})
    chart.set_chartarea({"border": {"none": True}})
    return chart


def _from_zero(lines: Sequence[Block]) -> dict[str, int]:
    """The scale of bars, which a spreadsheet may begin higher: then they are not as long as what they stand for."""
    values = [number_of(one) or 0.0 for line in lines for one in line["cellules"]]
    return {"min": 0} if min(values, default=0.0) >= 0 else {}


def _are_thousands(block: Block) -> bool:
    """True for amounts that are read in thousands: their table has the centimes."""
    cells = [cell for line in block["lignes"] for cell in line["cellules"] if cell["valeur"] is not None]
    return all(cell["texte"].endswith("€") for cell in cells) and max(map(number_of, cells), default=0) >= 10_000


def _labels(cells: Iterable[Block]) -> list[dict[str, Any] | None]:
    """One label per cell: its value, or the code of what is missing instead of a zero that nobody counted."""
    return [{"value": one["texte"]} if one["valeur"] is None else None for one in cells]


def _palette(heads: Sequence[str]) -> list[str]:
    """Years from light to dark; other things in distinct colours."""
    if are_years(heads):
        return ([LIGHT] * len(heads) + [LIGHT, MIDDLE, BLUE])[-len(heads) :]
    return ([BLUE] if len(heads) == 1 else [OCHRE, BLUE, MIDDLE, LIGHT, GREY])[: len(heads)] + [GREY] * (len(heads) - 5)


def _columns(block: Block, lines: Sequence[Block], first: int, last: int) -> list[_Series]:
    heads = block["entete"]
    colors = [LIGHT, BLUE] if block["forme"] == "execution" else _palette(heads)
    return [
        _Series(head, (first, rank + 1, last, rank + 1), color, _labels(line["cellules"][rank] for line in lines))
        for rank, (head, color) in enumerate(zip(heads, colors, strict=False))
    ]


def _bars(book: Any, _sheet: Any, name: str, block: Block, lines: list[Block], place: tuple) -> Iterator[Any]:
    """One bar per row, or one per column when there are several that may be compared."""
    first, last, _ = place
    series = _columns(block, lines, first, last)[: 1 if block["forme"] == "ecarts" else None]
    chart = _chart(book, {"type": "bar"}, name, block, (first, 0, last, 0), series)
    chart.set_y_axis({"reverse": True, "line": {"none": True}, "interval_unit": 1})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}, **_from_zero(lines)})
    chart.set_size(
        {"width": WIDTH, "height": (24 if len(series) == 1 else 56) + len(lines) * max(LINE, len(series) * BAR)}
    )
    yield chart


def _months(book: Any, _sheet: Any, name: str, block: Block, lines: list[Block], place: tuple) -> Iterator[Any]:
    """Columns when one thing is followed, lines when several are."""
    first, last, _ = place
    series = _columns(block, lines, first, last)
    if len(series) > 1:
        series = [_Series(one.name, one.values, one.color) for one in series]
    kind = "column" if len(series) == 1 else "line"
    chart = _chart(book, {"type": kind}, name, block, (first, 0, last, 0), series)
    gridlines = {"visible": True, "line": {"color": "#e9eef3"}}
    axis = {"major_gridlines": gridlines, "line": {"none": True}, "num_format": NUMBERS}
    chart.set_y_axis({**axis, **(_from_zero(lines) if kind == "column" else {})})
    chart.set_size({"width": WIDTH, "height": 200})
    yield chart


def _multiples(book: Any, _sheet: Any, name: str, block: Block, lines: list[Block], place: tuple) -> Iterator[Any]:
    """A small chart per row, the years from left to right; rows that measure the same thing have the same scale, and a year
    that is not whole is hatched."""
    first, _, area = place
    wide = len(block["entete"])
    highest = max((number_of(one) or 0.0 for line in lines for one in line["cellules"]), default=0.0)
    scale = {"max": 1.2 * highest} if "incomplets" in block and highest else {}
    for rank, line in enumerate(lines):
        cells = zip(block["entete"], line["cellules"], strict=True)
        points = [None if is_whole(block, head, one) else HATCHED for head, one in cells]
        values = (first + rank, 1, first + rank, wide)
        series = [_Series(line["titre"], values, BLUE, _labels(line["cellules"]), points)]
        chart = _chart(book, {"type": "column"}, name, block, (area.header, 1, area.header, wide), series)
        chart.set_title({"name": line["titre"], "name_font": {"size": 9, "color": BLUE}, "overlay": False})
        chart.set_y_axis({"visible": False, "major_gridlines": {"visible": False}, "min": 0, **scale})
        chart.set_size({"width": SMALL[0], "height": SMALL[1]})
        yield chart


def _pyramid(book: Any, sheet: Any, name: str, block: Block, lines: list[Block], place: tuple) -> Iterator[Any]:
    """Two columns back to back, the first one on the left, its numbers rewritten as negative; alone, it has no side."""
    if len(block["entete"]) == 1:
        yield from _bars(book, sheet, name, block, lines, place)
        return
    first, last, area = place
    sides = block["entete"][:2]
    column, pale = ASIDE, book.add_format({"font_color": PALE})
    sheet.write_string(area.header, column, f"{BESIDE} : {sides[0]}", pale)
    for row, line in enumerate(lines, start=first):
        if (value := number_of(line["cellules"][0])) is not None:
            sheet.write_number(row, column, -value, pale)
    places = [column, *range(2, len(sides) + 1)]
    series = [
        _Series(head, (first, at, last, at), color, _labels(line["cellules"][rank] for line in lines))
        for rank, (head, at, color) in enumerate(zip(sides, places, (OCHRE, BLUE), strict=False))
    ]
    chart = _chart(book, {"type": "bar", "subtype": "stacked"}, name, block, (first, 0, last, 0), series)
    chart.set_y_axis({"reverse": True, "label_position": "low", "line": {"none": True}})
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}})
    chart.set_size({"width": WIDTH, "height": 56 + LINE * len(lines)})
    yield chart


def _cascade(book: Any, sheet: Any, name: str, block: Block, lines: list[Block], place: tuple) -> Iterator[Any]:
    """From the first amount of the only row to its last one: each bar between them begins where the previous one ended."""
    first, _, area = place
    heads = block["entete"]
    starts, ends = zip(*steps(block), strict=True)
    if min(*starts, *ends) < 0:  # a bar that crosses zero has no base
        series = [_Series(lines[0]["titre"], (first, 1, first, len(heads)), BLUE, [None] * len(heads))]
        yield _chart(book, {"type": "column"}, name, block, (area.header, 1, area.header, len(heads)), series)
        return
    column, top, pale = ASIDE, area.header, book.add_format({"font_color": PALE})
    sheet.write_row(top, column, (BESIDE, "base", "en plus", "en moins"), pale)
    said = [f"{head}\n{one['texte']}" for head, one in zip(heads, lines[0]["cellules"], strict=True)]
    for row, (head, start, end) in enumerate(zip(said, starts, ends, strict=True), start=top + 1):
        sheet.write_row(row, column, (head, min(start, end), max(end - start, 0.0), max(start - end, 0.0)), pale)
    bottom = top + len(heads)
    series = [
        _Series("base", (top + 1, column + 1, bottom, column + 1), None),
        _Series("ce qui s’ajoute", (top + 1, column + 2, bottom, column + 2), BLUE),
        _Series("ce qui se retranche", (top + 1, column + 3, bottom, column + 3), OCHRE),
    ]
    chart = _chart(
        book, {"type": "column", "subtype": "stacked"}, name, block, (top + 1, column, bottom, column), series
    )
    chart.set_legend({"position": "bottom", "delete_series": [0]})
    chart.set_y_axis({"visible": False, "major_gridlines": {"visible": False}})
    chart.set_size({"width": WIDTH, "height": 180})
    yield chart
