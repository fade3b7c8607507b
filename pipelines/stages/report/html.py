"""Lays out the model as one self-contained page: no script, no file, no address. Everything is escaped."""

import csv
import functools
import io
import re
from collections.abc import Collection, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipelines.publication import DEMONSTRATION, MENTIONS
from pipelines.stages.report.cells import Cell
from pipelines.stages.report.charts import svg_of
from pipelines.stages.report.fonts import font_faces
from pipelines.stages.report.model import Model, charts_of, disclosed, document_name, summary_name

TEMPLATES = Path(__file__).parent / "templates"
ANNEX = "sources-et-methode.html"  # of the site
ORDINAL = re.compile(r"\b([1-9]\d?)(er|re|e)\b")
TAGS = {
    "paragraphe": "p",
    "liste": "ul",
    "numerotee": "ol",
    "element": "li",
    "citation": "blockquote",
    "fort": "strong",
    "accent": "em",
    "grille": "table",
    "tete": "thead",
    "corps": "tbody",
    "rangee": "tr",
    "intitule": "th",
    "case": "td",
}


def report_page(model: Model, cache: Path) -> str:
    """The whole report."""
    return _page("rapport.html.j2", model, cache, links=_labels(model))


def _labels(model: Model) -> dict[str, str]:
    """The name of each figure that has an entry in the annex."""
    return {figure["code"]: figure["libelle"] for figure in disclosed(model)}


def site_pages(model: Model, cache: Path, formats: Collection[str] = ()) -> Iterator[tuple[str, str]]:
    """(name, content) of each file of the site: its home, a page per chapter, the annex, a CSV per table.

    The home shows the chapter with the messages of the year, what each member pays, and what may be
    downloaded: the formats of the report that are beside it.
    """
    by_code = {figure["code"]: figure for figure in disclosed(model)}
    chapters = model["chapitres"]
    pages = {part["id"]: f"{one['page']}.html" for one in chapters for part in (one, *one["sections"])}  # of each title
    members = {section["titre"]: f"../{summary_name(section, 'html')}" for section in model["collectivites"]}

    retained = (
        one for one in chapters if any(block.get("est_retenu") for s in one["sections"] for block in s["blocs"])
    )

    def page(name: str, title: str, chapter: Model | None = None, home: Model | None = None) -> tuple[str, str]:
        used = [by_code[code] for code in sorted(set(_codes(chapter or home))) if code in by_code]
        sections = chapter["sections"] if chapter else []
        more = {
            "fichier": name,
            "titre": title,
            "chapitre": chapter,
            "accueil": home,
            "chiffres": used,
            "annexe": ANNEX,
            "pages": pages,
            "membres": members,
            "documents": {kind: f"../{document_name(model)}.{kind}" for kind in formats},
        }
        return name, _page(
            "site.html.j2", model, cache, links=_labels(model), shown=sections, site=name != ANNEX, **more
        )

    yield page("index.html", model["intitules"]["sommaire"], home=next(retained, None))
    for chapter in model["chapitres"]:
        yield page(f"{chapter['page']}.html", chapter["titre"], chapter)
        for block in (block for section in chapter["sections"] for block in section["blocs"]):
            if block["genre"] in ("tableau", "graphique", "matrice"):
                yield f"tableaux/{block['id']}.csv", _csv(block)
    yield page(ANNEX, model["intitules"]["annexe"])


def _codes(part: Any) -> Iterator[str]:
    """The codes of the figures that a part of the model prints."""
    if isinstance(part, dict):
        if code := part.get("chiffre"):
            yield code
        if (part.get("cible") or "").startswith("#c-"):
            yield part["cible"].removeprefix("#c-")
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else []:
        yield from _codes(one)


def _csv(block: Model) -> str:
    """The cells of a table, numbers exact, in the order of the page; a series has one column per year."""
    head, rows = block["entete"], [(line["titre"], line.get("cellules", [])) for line in block["lignes"]]
    if block["genre"] == "matrice":
        years = block["annees"]
        head = [f"{title} {year}" for title in head for year in years]
        # a pair that is not applicable has one cell for all years
        rows = [
            (
                line["titre"],
                [s["cellules"][min(i, len(s["cellules"]) - 1)] for s in line["series"] for i in range(len(years))],
            )
            for line in block["lignes"]
        ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([block["coin"], *head])
    writer.writerows([title, *map(_exact, cells)] for title, cells in rows)
    return out.getvalue()


def _exact(one: Cell) -> str:
    return one["texte"] if one["valeur"] is None else format(Decimal(one["valeur"]).normalize(), "f")


def summary_page(model: Model, section: Model, cache: Path, pdf: str | None = None) -> str:
    """The page of one collectivité, beside its ``pdf``; its figures are not links, the annex being in the report."""
    return _page("synthese.html.j2", model, cache, s=section, pdf=pdf, links={})


def _page(template: str, model: Model, cache: Path, **more: Any) -> str:
    everything = [s for chapter in model["chapitres"] for s in chapter["sections"]]
    shown = [more["s"]] if "s" in more else more.pop("shown", everything)
    more = {"site": False, "annexe": "", "pages": {}, **more}
    drawings = {
        block["id"]: {
            "large": Markup(_inline(svg_of(block, False, cache), f"{block['id']}-l")),
            "etroit": Markup(_inline(svg_of(block, True, cache), f"{block['id']}-e")),
        }
        for block in charts_of(model)
        if any(block in section["blocs"] for section in shown)
    }
    rendered = (
        environment()
        .get_template(template)
        .render(
            m=model,
            diffuses=disclosed(model),
            dessins=drawings,
            polices=font_faces(cache),
            MANQUES={one["code"]: one["sens"] for one in model["legende"]},
            liens=more.pop("links"),
            **more,
        )
    )
    return with_ordinals(rendered)


@functools.cache
def environment() -> Environment:
    """What the pages of a report share: a template is compiled once."""
    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    style = Markup((TEMPLATES / "rapport.css").read_text(encoding="utf-8"))
    made.globals |= {
        "style": style,
        "BALISES": TAGS,
        "MENTIONS": MENTIONS,
        "DEMONSTRATION": DEMONSTRATION,
        "document": False,
    }
    return made


def with_ordinals(page: str) -> str:
    """The page, « 1er » and « 2e » of its texts in superscript."""
    parts = re.split(r"(<svg\b.*?</svg>|<style>.*?</style>|<title>.*?</title>|<[^>]+>)", page, flags=re.DOTALL)
    return "".join(part if index % 2 else ORDINAL.sub(r"\1<sup>\2</sup>", part) for index, part in enumerate(parts))


def _inline(drawing: str, prefix: str) -> str:
    """A drawing that may be next to others: it has identifiers of its own and is hidden from those who read its text instead."""
    own = re.sub(r'\bid="([^"]+)"', rf'id="{prefix}-\1"', drawing)
    own = re.sub(r"url\(#([^)]+)\)", rf"url(#{prefix}-\1)", own)
    return own.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
