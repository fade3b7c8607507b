"""Lays out the model as one page that needs nothing else: no script, no file, no address. Everything is escaped."""

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.stages.report.charts import svg_of
from pipelines.stages.report.fonts import font_faces
from pipelines.stages.report.model import Model, charts_of

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
ORDINAL = re.compile(r"\b([1-9]\d?)(er|re|e)\b")
TAGS = {
    "paragraphe": "p",
    "liste": "ul",
    "numerotee": "ol",
    "element": "li",
    "titre": "h4",
    "citation": "blockquote",
    "fort": "strong",
    "accent": "em",
}


def report_page(model: Model, cache: Path) -> str:
    """The whole report."""
    return _page("rapport.html.j2", model, cache, links={figure["code"] for figure in model["chiffres"]})


def summary_page(model: Model, section: Model, cache: Path) -> str:
    """The page of one collectivité; its figures lead nowhere, the annex being in the report."""
    return _page("synthese.html.j2", model, cache, s=section, links=set(), BALISES=TAGS | {"titre": "h2"})


def _page(template: str, model: Model, cache: Path, **more: Any) -> str:
    from markupsafe import Markup

    shown = [more["s"]] if "s" in more else [s for chapter in model["chapitres"] for s in chapter["sections"]]
    drawings = {
        block["id"]: {
            "large": Markup(_inline(svg_of(block, False, cache), f"{block['id']}-l")),
            "etroit": Markup(_inline(svg_of(block, True, cache), f"{block['id']}-e")),
        }
        for block in charts_of(model)
        if any(block in section["blocs"] for section in shown)
    }
    rendered = (
        _environment()
        .get_template(template)
        .render(
            m=model,
            dessins=drawings,
            polices=font_faces(cache),
            MANQUES={one["code"]: one["sens"] for one in model["legende"]},
            liens=more.pop("links"),
            **more,
        )
    )
    return _with_ordinals(rendered)


@functools.cache
def _environment() -> "Environment":
    """What the pages of a report share: a template is compiled once."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    style = Markup((TEMPLATES / "rapport.css").read_text(encoding="utf-8"))
    environment.globals |= {"style": style, "BALISES": TAGS}
    return environment


def _with_ordinals(page: str) -> str:
    """The page, « 1er » and « 2e » of its texts in superscript."""
    parts = re.split(r"(<svg\b.*?</svg>|<style>.*?</style>|<title>.*?</title>|<[^>]+>)", page, flags=re.DOTALL)
    return "".join(part if index % 2 else ORDINAL.sub(r"\1<sup>\2</sup>", part) for index, part in enumerate(parts))


def _inline(drawing: str, prefix: str) -> str:
    """A drawing that may stand beside others: identifiers of its own, hidden from who reads its text instead."""
    own = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', drawing)
    own = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", own)
    return own.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
