"""Lays out the state of a year (``pipelines.runs.audit.state``) as one HTML page.

Everything written in it goes through Jinja's autoescape: file names, reasons and owners are other people's text.
"""

import functools
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from pipelines import french
from pipelines.stages.report.fonts import font_faces

FOLDER = Path(__file__).parent
SEVERITIES = {"bloquant": "✗", "alerte": "!", "information": "i"}
COLOURS = {"reussis": "ok", "alertes": "alerte", "echecs": "echec"}


def render(state: dict[str, Any], cache: Path) -> str:
    """The page, ending with a line feed; the same state gives the same text. ``cache`` keeps the font subset."""
    css = (FOLDER / "etat.css").read_text(encoding="utf-8")
    fonts = [face for face in font_faces(cache) if face["style"] == "normal"]
    return _template().render(etat=state, css=css, polices=fonts, signes=SEVERITIES)


@functools.cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "nombre": number,
        "quantite": quantity,
        "jour": french.day,
        "moment": french.moment,
        "part": share,
        "signe": french.signed,
        "segments": segments,
    }
    return environment.get_template("etat.html.j2")


def number(value: int) -> str:
    """``12 345``."""
    return french.number(Decimal(value), 0)


def quantity(value: str | None, decimals: int, unit: str, missing: str | None = None) -> str:
    """An exact number (text) with its unit, or the code of what is missing."""
    return french.quantity(None if value is None else Decimal(value), decimals, unit, missing).strip(french.NO_BREAK)


def share(counts: dict[str, int]) -> str:
    """The part that passed, ``98 %``; 100 only when nothing else happened. Empty when there is no check."""
    if not counts["total"]:
        return "—"
    return f"{100 * counts['reussis'] // counts['total']}{french.NO_BREAK}%"


def segments(counts: dict[str, int]) -> list[dict[str, Any]]:
    """The bar of a dimension: class, start and width of each part, on a scale of 100; a part that exists is visible."""
    parts = {name: counts[name] for name in COLOURS if counts[name]}
    widths = {name: max(4, 100 * part / counts["total"]) for name, part in parts.items()}
    scale, start, found = 100 / sum(widths.values()) if widths else 1, 0.0, []
    for name, width in widths.items():
        found.append({"classe": COLOURS[name], "debut": round(start, 2), "largeur": round(width * scale, 2)})
        start += width * scale
    return found
