"""Draws the charts of the model as static SVG: Vega-Lite specifications, rendered without a browser or the network.

Charts use one family of blues and one of ochres. Every value is written beside its mark, so no legend is needed; a missing
value is shown as its code on the baseline, never as a zero. Each chart is drawn twice, for wide and narrow screens. A drawing
is cached under the hash of its specification, so a change of text does not redraw any chart.
"""

import json
import math
import re
import textwrap
from itertools import pairwise
from pathlib import Path
from typing import Any

import vl_convert

from pipelines import french
from pipelines.stages.report.blocks import number_of, steps
from pipelines.stages.report.cells import MARK, with_sign
from pipelines.stages.report.fonts import FAMILY, folder
from pipelines.stages.report.kept import kept
from pipelines.stages.report.showing import are_years

Spec = dict[str, Any]
Block = dict[str, Any]
WIDE, NARROW = 620, 290  # pixels
TEXT_WIDTH = 482  # points, between the margins of a printed page
TEXT_HEIGHT = 560  # points, what its margins, a title and notes leave
PIXEL, DOTS = 0.75, 2.5  # points; dots, where a drawing is made of them
PADDING = 2  # pixels, around a drawing
BESIDE = 96  # on the left of lines, for the titles of the rows under them
GAP, SMALL, YEAR = 22, 56, 30  # pixels: between small charts, the height of their bars, the room that a year takes
BLUE, MIDDLE, LIGHT, OCHRE = "#1b4f7d", "#5b84a8", "#a9bfd3", "#b05a00"  # of the first three, see ``_coloured``
INK, GREY, PAPER = "#1f2933", "#5c6873", "#e9eef3"
HATCHED = "url(#hachures)"  # of a year that is not whole
HATCHES = (
    '<defs><pattern id="hachures" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<rect width="4" height="4" fill="white"/><rect width="1.4" height="4" fill="{GREY}"/></pattern></defs>'
)
VEGA_LITE = "6.4"
MONTHS = {
    "janvier": "janv.",
    "février": "févr.",
    "avril": "avr.",
    "juillet": "juill.",
    "septembre": "sept.",
    "octobre": "oct.",
    "novembre": "nov.",
    "décembre": "déc.",
}
FRENCH = {"decimal": ",", "thousands": "\u202f", "grouping": [3], "currency": ["", "\u00a0€"]}
CONFIG = {
    "aria": False,
    "font": FAMILY,
    "background": None,
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 12.5,
        "labelColor": INK,
        "labelLimit": 0,
        "title": None,
        "grid": False,
        "ticks": False,
        "domain": False,
        "labelPadding": 6,
    },
    "text": {"fontSize": 12.5, "color": INK},
    "title": {"fontSize": 13, "color": INK, "anchor": "start", "fontWeight": 600, "lineHeight": 15},
}


def svg_of(block: Block, narrow: bool, cache: Path) -> str:
    """The drawing of a chart block."""
    spec = {**FORMS[block["forme"]](block, narrow), "config": CONFIG, "padding": PADDING}
    text = _coloured(json.dumps([VEGA_LITE, FRENCH, spec], sort_keys=True, ensure_ascii=False), block)
    return kept(cache, "svg", text.encode(), lambda: _draw(json.loads(text)[2]).encode()).decode()


def _coloured(drawing: str, block: Block) -> str:
    """A drawing in the colour of the organisation, and in paler shades of it."""
    colour = block.get("couleur", BLUE)
    if colour == BLUE:
        return drawing
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    for ours, white in ((BLUE, 0), (MIDDLE, 0.3), (LIGHT, 0.62)):
        shade = "".join(f"{round(part + white * (255 - part)):02x}" for part in parts)
        drawing = drawing.replace(ours, f"#{shade}")
    return drawing


def png_of(block: Block, cache: Path) -> bytes:
    """The drawing of a chart block in dots, for what shows no SVG."""
    drawing = svg_of(block, False, cache)
    return kept(cache, "png", f"{DOTS} {drawing}".encode(), lambda: _dotted(drawing))


def width_pt(drawing: str) -> float | None:
    """The printed width of a drawing, in points; None for one too high for a page, whose rows are to be read instead.

    The scale is the same for all, so that their lettering is the same size.
    """
    found = re.search(r'<svg[^>]*? width="([\d.]+)" height="([\d.]+)"', drawing)
    assert found, "a drawing says its size"
    width, height = (float(one) * PIXEL for one in found.groups())
    scale = min(1, TEXT_WIDTH / width)
    return width * scale if height * scale <= TEXT_HEIGHT else None


def _dotted(drawing: str) -> bytes:
    vl_convert.register_font_directory(str(folder()))
    return vl_convert.svg_to_png(drawing, scale=DOTS)


def _draw(spec: Spec) -> str:
    vl_convert.register_font_directory(str(folder()))  # else widths are measured with another font
    drawn = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, format_locale=FRENCH, allowed_base_urls=[])
    drawn = re.sub(r' (?:role|aria-[a-z]+|tabindex)="[^"]*"', "", drawn)
    return drawn.replace(">", f">{HATCHES}", 1) if HATCHED in drawn else drawn


# forms ------------------------------------------------------------


def _values(block: Block, narrow: bool) -> list[dict[str, Any]]:
    """One record per cell: line, column, number, text, whether it is missing."""
    return [
        {
            "ligne": _wrapped(line["titre"], 20 if narrow else 40),
            "colonne": head,
            "rang": rank,
            "valeur": number_of(cell),
            "texte": cell["texte"],
            "manque": cell["manque"] is not None,
            "est_partiel": cell["est_partiel"],
            "est_entier": is_whole(block, head, cell),
        }
        for line in block["lignes"]
        if not line["est_total"]
        for rank, (head, cell) in enumerate(zip(block["entete"], line["cellules"], strict=True))
    ]


def is_whole(block: Block, head: str, cell: dict[str, Any]) -> bool:
    """True for a cell from which nothing is missing, in a column of which everything came."""
    return not cell["est_partiel"] and head not in block.get("incomplets", [])


def _wrapped(text: str, width: int) -> str:
    return "|".join(textwrap.wrap(text, width)) or " "


def _in_order(values: list[dict[str, Any]], field: str) -> list[str]:
    """The values of a field, listed once: a layer that filters would otherwise change the order of the scale."""
    return list(dict.fromkeys(value[field] for value in values))


def _rows(values: list[dict[str, Any]]) -> Spec:
    order = _in_order(values, "ligne")
    return {"field": "ligne", "type": "nominal", "sort": order, "axis": None, "scale": {"paddingInner": 0.24}}


def _row_labels(values: list[dict[str, Any]], y: Spec) -> Spec:
    """The titles of the rows on their left; an axis would not centre titles of several lines."""
    titles = [{"ligne": title, "hauteur": -7 * title.count("|")} for title in _in_order(values, "ligne")]
    mark = {"type": "text", "align": "right", "lineBreak": "|", "lineHeight": 14, "dy": {"expr": "datum.hauteur"}}
    return {
        "data": {"values": titles},
        "mark": mark,
        "encoding": {"y": y, "x": {"value": -8}, "text": {"field": "ligne"}},
    }


def _step(values: list[dict[str, Any]], bars: int = 1) -> int:
    return max(14 * _most_lines(values) + 4, (17 if bars == 1 else 13) * bars + 8)


def _most_lines(values: list[dict[str, Any]]) -> int:
    return max(value["ligne"].count("|") + 1 for value in values)


def _top(values: list[dict[str, Any]], room: float) -> float:
    """The end of a scale that leaves ``room`` for what is written beside the longest bar."""
    return (max((value["valeur"] or 0 for value in values), default=0) or 1) * room


def _palette(block: Block) -> list[str]:
    """Years from light to dark; two things side by side in blue and ochre."""
    heads = block["entete"]
    if are_years(heads):
        return [LIGHT, MIDDLE, BLUE][-len(heads) :] if len(heads) <= 3 else [LIGHT] * (len(heads) - 1) + [BLUE]
    return [OCHRE, BLUE, MIDDLE, LIGHT][: len(heads)]


def _bars(block: Block, narrow: bool) -> Spec:
    """One bar per row, or one per column when there are several (``groupes``)."""
    values, heads = _values(block, narrow), block["entete"]
    for value in values:
        value["dit"] = f"{value['texte']} · {value['colonne']}" if len(heads) > 1 else value["texte"]
    y = _rows(values)
    offset = {"yOffset": {"field": "rang", "type": "ordinal"}} if len(heads) > 1 else {}
    longest = max(len(value["dit"]) for value in values)
    width = _plot_width(values, narrow)
    room = 1 / max(1 - (longest * 6.6 + 8) / width, 0.35)
    x = {
        "field": "valeur",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [min(0, *(v["valeur"] or 0 for v in values)), _top(values, room)]},
    }
    color = {
        "field": "rang",
        "type": "ordinal",
        "scale": {"domain": list(range(len(heads))), "range": _palette(block) if len(heads) > 1 else [BLUE]},
        "legend": None,
    }
    text = {"y": y, **offset, "text": {"field": "dit"}}
    return {
        "data": {"values": values},
        "width": width,
        "height": {"step": _step(values, len(heads)), "for": "position"},
        "layer": [
            _row_labels(values, y),
            {"mark": {"type": "bar"}, "encoding": {"y": y, **offset, "x": x, "color": color}},
            {
                "transform": [{"filter": "!datum.manque"}],
                "mark": {"type": "text", "align": "left", "dx": 5},
                "encoding": {**text, "x": x},
            },
            {
                "transform": [{"filter": "datum.manque"}],
                "mark": {"type": "text", "align": "left", "dx": 3, "color": GREY, "fontStyle": "italic"},
                "encoding": {**text, "x": {"datum": 0, "type": "quantitative"}},
            },
        ],
    }


def _plot_width(values: list[dict[str, Any]], narrow: bool) -> int:
    """What the labels of the rows leave of the whole width."""
    label = max(len(part) for value in values for part in value["ligne"].split("|"))
    return int((NARROW if narrow else WIDE) - min(label * 6.2 + 14, 250))


def _multiples(block: Block, narrow: bool) -> Spec:
    """A small chart per row, the years from left to right: the total first, on its own scale, then the rows, which share
    one when they measure the same thing.

    All of them are one view whose marks are placed here, in pixels: one view each would take three times as long to
    draw.
    """
    lines = sorted(block["lignes"], key=lambda line: not line["est_total"])
    of_rows = [_values({**block, "lignes": [{**line, "est_total": False}]}, narrow) for line in lines]
    shared = _top([v for line, row in zip(lines, of_rows, strict=True) if not line["est_total"] for v in row], 1.0)
    most = 3 if narrow else _most_across(of_rows)
    across = max(math.ceil(len(lines) / math.ceil(len(lines) / most)), 2)  # rows of equal length
    slots = across if narrow or len(lines) > most else max(across, 4)
    width = int(((NARROW if narrow else WIDE) - GAP * (slots - 1)) / slots)
    titles = [
        textwrap.wrap(line["titre"] + " (autre échelle)" * line["est_total"], max(int(width / 6.8), 12))
        for line in lines
    ]
    marks: dict[str, list[Spec]] = {"barre": [], "base": [], "valeur": [], "manque": [], "annee": [], "titre": []}
    top, below = 0, 42 if any(value["est_partiel"] for row in of_rows for value in row) else 30
    for first in range(0, len(lines), across):
        row = range(first, min(first + across, len(lines)))
        top += 15 * max(len(titles[rank]) for rank in row) + 16 + SMALL
        for rank in row:
            is_apart = lines[rank]["est_total"] or "incomplets" not in block
            scale = _top(of_rows[rank], 1.0) if is_apart else shared
            _place(marks, of_rows[rank], titles[rank], scale, (rank - first) * (width + GAP), top, width)
        top += below
    return {"width": across * (width + GAP) - GAP, "height": top - 10, "layer": _layers(marks)}


def _place(
    marks: dict[str, list[Spec]],
    values: list[dict[str, Any]],
    title: list[str],
    scale: float,
    left: float,
    base: float,
    width: float,
) -> None:
    """The marks of one small chart, at ``base``: the last year dark, wide and with its value, the others thin and pale."""
    step = width / (len(values) + 0.5)
    marks["base"].append({"x": left, "x2": left + width, "y": base})
    for rank, value in enumerate(values):
        is_last = rank == len(values) - 1
        half, middle = (0.6, left + step * (rank + 0.75)) if is_last else (0.3, left + step * (rank + 0.5))
        height = SMALL * max(value["valeur"] or 0, 0) / scale
        colour = (BLUE if is_last else LIGHT) if value["est_entier"] else HATCHED
        bar = {"x": middle - half * step, "x2": middle + half * step, "y": base - height, "y2": base}
        marks["barre"].append({**bar, "couleur": colour})
        if value["manque"] or is_last:
            kind = "manque" if value["manque"] else "valeur"
            marks[kind].append({"x": middle, "y": base - height - 8, "dit": _short(value)})
        if rank == 0 or is_last or step > YEAR:
            marks["annee"].append({"x": middle, "y": base + 13, "dit": value["colonne"]})
        if value["est_partiel"]:  # below the year: beside the number, it would leave room for fewer charts
            marks["annee"].append({"x": middle, "y": base + 25, "dit": MARK.strip()})
    for rank, text in enumerate(reversed(title)):
        marks["titre"].append({"x": left, "y": base - SMALL - 22 - 15 * rank, "dit": text})


def _layers(marks: dict[str, list[Spec]]) -> list[Spec]:
    def at(name: str) -> Spec:
        return {"field": name, "type": "quantitative", "scale": None, "axis": None}

    place = {"x": at("x"), "y": at("y")}
    ends = {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
    text = {**place, "text": {"field": "dit"}}
    color = {"field": "couleur", "type": "nominal", "scale": None}
    return [
        {"data": {"values": marks["barre"]}, "mark": "rect", "encoding": {**place, **ends, "color": color}},
        {
            "data": {"values": marks["base"]},
            "mark": {"type": "rule", "color": GREY},
            "encoding": {**place, "x2": {"field": "x2"}},
        },
        {"data": {"values": [*marks["valeur"], *marks["annee"]]}, "mark": "text", "encoding": text},
        {
            "data": {"values": marks["manque"]},
            "mark": {"type": "text", "color": GREY, "fontStyle": "italic"},
            "encoding": text,
        },
        {
            "data": {"values": marks["titre"]},
            "mark": {"type": "text", "align": "left", "fontSize": 13, "fontWeight": 600},
            "encoding": text,
        },
    ]


def _most_across(rows: list[list[dict[str, Any]]]) -> int:
    """How many small charts may be side by side without their numbers, or first and last years, touching."""
    widest = max(len(_short(row[-1])) for row in rows) * 6.4 + 4
    return max(int((WIDE + GAP) / (max(widest, 2 * YEAR) + GAP)), 2)


def _months(block: Block, narrow: bool) -> Spec:
    """Bars when one thing is followed, each with a tick where the same month of the year before was; lines with their name
    at the end when several things are."""
    values = _values(block, narrow)
    short = json.dumps(MONTHS, ensure_ascii=False)
    label = "slice(datum.label, 0, 1)" if narrow else f"{short}[datum.label] || datum.label"
    x = {
        "field": "ligne",
        "type": "ordinal",
        "sort": _in_order(values, "ligne"),
        "axis": {"labelAngle": 0, "labelExpr": label, "domain": True, "domainColor": GREY},
    }
    base = {"data": {"values": values}, "height": 145}
    if not is_in_lines(block):
        width, y = NARROW if narrow else WIDE, {"field": "valeur", "type": "quantitative", "axis": None}
        last = len(block["entete"]) - 1
        of_year = [value for value in values if value["rang"] == last]
        widest = max(len(value["texte"]) for value in of_year) * 6.2
        upright = widest > width / len(of_year)  # numbers wider than their bars are rotated
        turned = {"angle": 270, "align": "left", "dx": 5} if upright else {"dy": -8}
        before = [value for value in values if value["rang"] == last - 1]
        named = [{"nom": f"trait : {before[0]['colonne']}"}] if before else []
        close = _top(values, 0.14)  # a tick just above a bar would cross its number
        then = {value["ligne"]: value["valeur"] or 0 for value in before}
        for value in of_year:
            reached, tick = value["valeur"] or 0, then.get(value["ligne"], 0)
            value["haut"] = tick if reached < tick < reached + close else value["valeur"]
        return {
            **base,
            "width": width,
            "layer": [
                {
                    "data": {"values": of_year},
                    "mark": {"type": "bar", "color": BLUE, "width": {"band": 0.72}},
                    "encoding": {"x": x, "y": y},
                },
                {
                    "data": {"values": before},
                    "mark": {"type": "tick", "color": OCHRE, "thickness": 2, "width": {"band": 0.86}},
                    "encoding": {"x": x, "y": y},
                },
                {
                    "data": {"values": of_year},
                    "mark": {"type": "text", "fontSize": 12, **turned},
                    "encoding": {"x": x, "y": {**y, "field": "haut"}, "text": {"field": "texte"}},
                },
                {
                    "data": {"values": named},
                    "mark": {"type": "text", "fontSize": 12, "color": OCHRE, "align": "right"},
                    "encoding": {"x": {"value": width}, "y": {"value": -24}, "text": {"field": "nom"}},
                },
            ],
        }
    axis = {"grid": True, "gridColor": PAPER, "tickCount": 4, "format": ",.0f", "labelColor": GREY}
    if not narrow:
        axis |= {"minExtent": BESIDE, "maxExtent": BESIDE}  # what is written under each month finds it there
    y = {"field": "valeur", "type": "quantitative", "axis": axis}
    color = {"field": "rang", "type": "ordinal", "legend": None, "scale": {"range": _palette(block)}}
    return {
        **base,
        "width": NARROW - _names(block) - 46 if narrow else WIDE - _names(block) - BESIDE,
        "encoding": {"x": x, "y": y, "color": color},
        "layer": [
            {"mark": {"type": "line", "strokeWidth": 2.2, "point": {"size": 24, "filled": True}}},
            {
                "data": {"values": _ends(values)},
                "mark": {"type": "text", "align": "left", "dx": 8, "dy": {"expr": "datum.hauteur"}},
                "encoding": {"text": {"field": "colonne"}},
            },
        ],
    }


def _names(block: Block) -> int:
    """The room for the names at the end of the lines."""
    return max(len(head) for head in block["entete"]) * 7 + 8


def is_in_lines(block: Block) -> bool:
    """True for several things that are followed from month to month: some of their values are not beside their marks."""
    return block["forme"] == "mois" and len(block["entete"]) > 1 and not are_years(block["entete"])


def months_pt(block: Block) -> tuple[float, float] | None:
    """Where the first month of a wide chart of lines begins, and how wide each is, in points; None for another chart."""
    if not is_in_lines(block):
        return None
    return (BESIDE + PADDING) * PIXEL, (WIDE - _names(block) - BESIDE) / len(block["lignes"]) * PIXEL


def _ends(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The last point of each line, and how far its name is moved so as not to touch the one below."""
    top = _top(values, 1.0)
    ends = sorted(
        (v for v in values if v["ligne"] == values[-1]["ligne"] and not v["manque"]), key=lambda v: v["valeur"]
    )
    for below, above in pairwise([{"valeur": -top}, *ends]):
        close = (above["valeur"] - below["valeur"]) / top < 0.08
        above["hauteur"] = -10 if close else 4
    return ends


def _pyramid(block: Block, narrow: bool) -> Spec:
    """Two columns back to back, the first one in ochre on the left."""
    values = _values(block, narrow)
    top = _top(values, 1.3)
    for value in values:
        value["cote"] = None if value["valeur"] is None else value["valeur"] * (-1 if value["rang"] == 0 else 1)
    y = _rows(values)
    x = {"field": "cote", "type": "quantitative", "axis": None, "scale": {"domain": [-top, top]}}
    color = {"field": "rang", "type": "ordinal", "legend": None, "scale": {"domain": [0, 1], "range": [OCHRE, BLUE]}}
    sides = []
    for rank, (title, align) in enumerate(zip(block["entete"], ("right", "left"), strict=False)):  # one may be absent
        sides.append(
            {
                "transform": [{"filter": f"datum.rang == {rank} && !datum.manque"}],
                "mark": {"type": "text", "align": align, "dx": -5 if rank == 0 else 5},
                "encoding": {"x": x, "y": y, "text": {"field": "texte"}},
            }
        )
        sides.append(
            {
                "transform": [{"filter": f"datum.rang == {rank} && datum.manque"}],
                "mark": {"type": "text", "align": align, "dx": -5 if rank == 0 else 5, "color": GREY},
                "encoding": {"x": {"datum": 0, "type": "quantitative"}, "y": y, "text": {"field": "texte"}},
            }
        )
        name = {"nom": title, "x": -top / 2 if rank == 0 else top / 2}
        sides.append(
            {
                "data": {"values": [name]},
                "mark": {"type": "text", "fontWeight": 600, "color": OCHRE if rank == 0 else BLUE, "dy": -10},
                "encoding": {
                    "x": {"field": "x", "type": "quantitative"},
                    "y": {"value": 0},
                    "text": {"field": "nom"},
                },
            }
        )
    return {
        "data": {"values": values},
        "width": min(_plot_width(values, narrow), 430),
        "height": {"step": _step(values)},
        "layer": [_row_labels(values, y), {"mark": "bar", "encoding": {"x": x, "y": y, "color": color}}, *sides],
    }


def _execution(block: Block, narrow: bool) -> Spec:
    """Credits as an outline, what was done as a full bar inside it, and both amounts written at the end."""
    values = _values(block, narrow)
    credits = [value for value in values if value["rang"] == 0]
    done = [value for value in values if value["rang"] == 1]
    ends = [
        {
            **one,
            "valeur": max(one["valeur"] or 0, had["valeur"] or 0),
            "dit": _carried_out(one, had),
        }
        for one, had in zip(done, credits, strict=True)
    ]
    width = _plot_width(values, narrow)
    longest = max(len(part) for end in ends for part in end["dit"].split("|"))
    top = _top(values, 1 / max(1 - (longest * 6.6 + 8) / width, 0.4))
    x = {"field": "valeur", "type": "quantitative", "axis": None, "scale": {"domain": [0, top]}}
    y = _rows(values)
    return {
        "width": width,
        "height": {"step": max(14 * _most_lines(values) + 4, 32)},
        "layer": [
            _row_labels(values, y),
            {
                "data": {"values": credits},
                "mark": {"type": "bar", "color": PAPER, "stroke": GREY, "strokeWidth": 0.8},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": done},
                "mark": {"type": "bar", "color": BLUE, "height": {"band": 0.5}},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": ends},
                "mark": {"type": "text", "align": "left", "dx": 6, "dy": -7, "lineBreak": "|", "lineHeight": 14},
                "encoding": {"x": x, "y": y, "text": {"field": "dit"}},
            },
        ],
    }


def _carried_out(done: dict[str, Any], credits: dict[str, Any]) -> str:
    """What was done of credits, on two lines; of those that are never carried out, that they are not."""
    if done["texte"] == "—":
        return f"sans exécution,|{_thousands(credits)} votés"
    return f"{_thousands(done)}|sur {_thousands(credits)}"


def _cascade(block: Block, narrow: bool) -> Spec:
    """From the first amount of the only row to its last one: each bar between them begins where the previous one ended."""
    values = [{**one, "ligne": _wrapped(one["colonne"], 20 if narrow else 40)} for one in _values(block, narrow)]
    for at, (value, (begins, ends)) in enumerate(zip(values, steps(block), strict=True)):
        is_end, amount = at in block["paliers"], value["valeur"] or 0
        value["de"], value["vers"], value["fin"] = begins, ends, max(begins, ends)
        value["couleur"] = BLUE if is_end else MIDDLE if amount >= 0 else OCHRE
        sign = "+" if amount > 0 and not is_end else ""
        value["dit"] = value["texte"] if value["manque"] else f"{sign}{_thousands(value)}"
    width = _plot_width(values, narrow)
    low, high = min(0.0, *(v[end] for v in values for end in ("de", "vers"))), max(v["fin"] for v in values) or 1
    longest = max(len(value["dit"]) for value in values)
    scale = {"domain": [low, high / max(1 - (longest * 6.6 + 8) / width, 0.35)]}
    x = {"field": "de", "type": "quantitative", "axis": None, "scale": scale}
    y = _rows(values)
    return {
        "data": {"values": values},
        "width": width,
        "height": {"step": _step(values), "for": "position"},
        "layer": [
            _row_labels(values, y),
            {
                "mark": {"type": "bar"},
                "encoding": {
                    "y": y,
                    "x": x,
                    "x2": {"field": "vers"},
                    "color": {"field": "couleur", "type": "nominal", "scale": None},
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 5},
                "encoding": {"y": y, "x": {**x, "field": "fin"}, "text": {"field": "dit"}},
            },
        ],
    }


def _gaps(block: Block, narrow: bool) -> Spec:
    """How far each row is from the whole, in %: a dot on a common scale, then its value and that of the whole."""
    values = _values(block, narrow)
    for value in values if not narrow else []:
        value["ligne"] = value["ligne"].replace("|", " ")
    gaps = [value for value in values if value["rang"] == 0]
    for gap in gaps:
        gap["dit"] = "" if gap["manque"] else with_sign(gap["texte"], gap["valeur"])
    beside = 62  # for each of the two columns of values
    label = max(len(part) for value in values for part in value["ligne"].split("|")) * 6.0 + 14
    width = max((NARROW if narrow else WIDE) - label - 2 * beside, 90)
    most = max([10.0, *(abs(gap["valeur"] or 0) for gap in gaps)]) * 1.45
    x = {"field": "valeur", "type": "quantitative", "axis": None, "scale": {"domain": [-most, most]}}
    y = _rows(values)
    zero = {"x": {"datum": 0, "type": "quantitative"}}
    known = [{"filter": "!datum.manque"}]
    dit = {"text": {"field": "dit"}}
    columns: list[Spec] = []
    for rank, name in enumerate(block["entete"][1:], 1):
        place = {"value": width + beside * rank}
        weight = 600 if rank == 1 else 400
        of_column = [value for value in values if value["rang"] == rank]
        mark = {"type": "text", "align": "right", "fontWeight": weight, "color": INK if rank == 1 else GREY}
        columns += [
            {"data": {"values": of_column}, "mark": mark, "encoding": {"y": y, "x": place, "text": {"field": "texte"}}},
            {
                "data": {"values": [{"nom": name}]},
                "mark": {**mark, "dy": -10},
                "encoding": {"y": {"value": 0}, "x": place, "text": {"field": "nom"}},
            },
        ]
    return {
        "data": {"values": gaps},
        "width": width,
        "height": {"step": _step(values)},
        "layer": [
            _row_labels(values, y),
            {"mark": {"type": "rule", "color": GREY}, "encoding": zero},
            {
                "transform": known,
                "mark": {"type": "rule", "color": BLUE, "strokeWidth": 2.5},
                "encoding": {"y": y, "x": x, "x2": {"datum": 0}},
            },
            {
                "transform": known,
                "mark": {"type": "point", "filled": True, "size": 70, "color": BLUE, "opacity": 1},
                "encoding": {"y": y, "x": x},
            },
            {
                "transform": [*known, {"filter": "datum.valeur >= 0"}],
                "mark": {"type": "text", "align": "left", "dx": 8},
                "encoding": {"y": y, "x": x, **dit},
            },
            {
                "transform": [*known, {"filter": "datum.valeur < 0"}],
                "mark": {"type": "text", "align": "right", "dx": -8},
                "encoding": {"y": y, "x": x, **dit},
            },
            *columns,
        ],
    }


def _short(value: dict[str, Any]) -> str:
    """A value over a narrow bar, without its mark: a long amount in thousands or in millions."""
    text = value["texte"].removesuffix(MARK)
    if value["valeur"] is None or not text.endswith("€") or abs(value["valeur"]) < 10_000:
        return str(text)
    return french.thousands(value["valeur"]) if abs(value["valeur"]) < 1_000_000 else french.millions(value["valeur"])


def _thousands(value: dict[str, Any]) -> str:
    """An amount as a chart writes it, with its mark; its cents are in the table."""
    if value["valeur"] is None:
        return str(value["texte"])
    return french.thousands(value["valeur"]) + MARK * value["est_partiel"]


FORMS = {
    "barres": _bars,
    "groupes": _bars,
    "multiples": _multiples,
    "mois": _months,
    "pyramide": _pyramid,
    "execution": _execution,
    "cascade": _cascade,
    "ecarts": _gaps,
}
