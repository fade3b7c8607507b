"""Lays out the model as a PDF made to PDF/UA-1 and PDF/A-3a, with its data attached; the same model gives the same bytes.

Typst checks both standards while it compiles. What it does not tag yet, the scope of row headers, is added afterwards.
"""

import csv
import datetime as dt
import importlib.metadata
import io
import json
from pathlib import Path

import typst

from pipelines.characters import each_text
from pipelines.stages.report import tags
from pipelines.stages.report.charts import months_pt, svg_of, width_pt
from pipelines.stages.report.fonts import drawable, folder
from pipelines.stages.report.html import TEMPLATES
from pipelines.stages.report.identity import pictures
from pipelines.stages.report.kept import kept
from pipelines.stages.report.model import Model, charts_of

STANDARDS = ["ua-1", "a-3a"]


def report_pdf(model: Model, cache: Path) -> bytes:
    """The whole report."""
    model = each_text(model, drawable)
    return _compile(
        "rapport.typ", model, _files("rapport.typ", model, charts_of({**model, "collectivites": []}), cache)
    )


def summary_pdf(model: Model, section: Model, cache: Path) -> bytes:
    """The page of one collectivité, cached until something in it changes: the prose of the report does not affect it."""
    alone = {**model, "collectivites": [section], "chapitres": [], "chiffres": [], "methode": {}, "provenance": []}
    alone["edition"] = {**model["edition"], "registre": None}  # it prints no head
    alone = each_text(alone, drawable)
    files = _files("synthese.typ", alone, charts_of(alone), cache)
    made_of = repr([_maker(), model["edition"]["date"], sorted(files.items())]).encode()
    return kept(cache, "pdf", made_of, lambda: _compile("synthese.typ", alone, files))


def accounts_pdf(model: Model, cache: Path) -> bytes:
    """The accounts that go to each member."""
    model = each_text(model, drawable)
    return _compile("comptes.typ", model, _files("comptes.typ", model, charts_of(model), cache))


def _maker() -> tuple:
    """The versions and options on which the layout of the same files depends."""
    return importlib.metadata.version("typst"), STANDARDS, Path(tags.__file__).read_bytes()


def _files(template: str, model: Model, charts: list[Model], cache: Path) -> dict[str, bytes]:
    """What the template reads."""
    drawings = {block["id"]: svg_of(block, False, cache) for block in charts}
    drawings |= {f"{block['id']}-etroit": svg_of(block, True, cache) for block in charts}
    made = {"modele.json": _json(model), "chiffres.csv": _csv(model)}
    made["dessins.json"] = _json({name: width_pt(drawing) for name, drawing in drawings.items()})
    made["mois.json"] = _json({block["id"]: months_pt(block) for block in charts})
    made |= {f"{one['nom']}.svg": _picture(one).encode() for one in pictures(model)}
    made |= {f"{name}.svg": drawing.encode() for name, drawing in drawings.items()}
    return made | {name: (TEMPLATES / name).read_bytes() for name in ("commun.typ", template)}


def _picture(one: Model) -> str:
    """A picture inside a drawing: the files given to typst from memory must be text."""
    size = f'width="{one["largeur"]}" height="{one["hauteur"]}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {one["largeur"]} {one["hauteur"]}">'
        f'<image {size} href="data:{one["type"]};base64,{one["donnees"]}"/></svg>'
    )


def _compile(template: str, model: Model, files: dict[str, bytes]) -> bytes:
    day = dt.datetime.fromisoformat(model["edition"]["date"]).replace(tzinfo=dt.UTC)
    compiled = typst.compile(
        {**files, "main": files[template]},
        font_paths=[str(folder())],
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=STANDARDS,
        timestamp=int(day.timestamp()),
    )
    return tags.scope_row_headers(compiled)


def _json(data: dict) -> bytes:
    return json.dumps(data, ensure_ascii=False, sort_keys=True).encode()


def _csv(model: Model) -> bytes:
    out = io.StringIO()
    names = ["code", "libelle", "valeur", "unite", "manque", "statut", "formule", "rapprochement"]
    writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(model["chiffres"])
    return out.getvalue().encode()
