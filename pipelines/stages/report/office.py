"""Lays out the model of the report for a word processor, as a .docx and an .odt, in the styles of a template.

The template is ``catalogue/report/modeles/rapport.docx`` (or ``.odt``); a home's replaces the shipped one. Its header and
its footer may name what ``_names`` lists, in braces. ``templates/document.html.j2`` says what is printed, Pandoc writes it.
"""

import base64
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.french import capitalised
from pipelines.publication import MENTIONS
from pipelines.stages.report.charts import MONTHS, is_in_lines, png_of, svg_of, width_pt
from pipelines.stages.report.html import environment, with_ordinals
from pipelines.stages.report.identity import pictures
from pipelines.stages.report.model import Model, charts_of, disclosed
from pipelines.stages.report.pandoc import converted, rewritten
from pipelines.stages.report.template import filled

TEMPLATES = Path(__file__).parent / "templates"
BLUE = b"1B4F7D"  # of the titles in the shipped templates: the organisation's own colour takes its place
NO_DATE = b"1970-01-01T00:00:00Z"  # Pandoc's, in its sandbox
NO_LINE = b'<style:table-cell-properties fo:border="none" />'  # of every cell of an .odt
LINE = b'<style:table-cell-properties fo:border="none" fo:border-bottom="0.5pt solid #c5ced6" fo:padding="1mm" />'
ROW, WHOLE_ROW = b"<w:tr><w:tc>", b"<w:tr><w:trPr><w:cantSplit/></w:trPr><w:tc>"  # of a table, but for its head


def report_document(model: Model, cache: Path, kind: str, template: Path) -> bytes:
    """The whole report, of a kind: ``docx`` or ``odt``."""
    drawings = {block["numero"]: _drawing(block, cache) for block in charts_of({**model, "collectivites": []})}
    page = with_ordinals(_page(model, drawings))
    with TemporaryDirectory() as place:
        folder = Path(place)
        (folder / f"modele.{kind}").write_bytes(filled(template, _names(model)))
        for one in pictures({**model, "collectivites": []}):
            (folder / one["nom"]).write_bytes(base64.b64decode(one["donnees"]))
        for number, drawing in drawings.items():
            (folder / f"figure-{number}.png").write_bytes(drawing["image"])
        options = [f"--reference-doc=modele.{kind}", f"--lua-filter={TEMPLATES / 'document.lua'}"]
        made = converted(page.encode(), "html", kind, *options, folder=folder)
    described = iter(re.findall(r'<img [^>]*?alt="([^"]*)"', page))
    colour, day = model["identite"]["couleur"].removeprefix("#").upper().encode(), model["edition"]["date"].encode()

    def change(name: str, part: bytes) -> bytes:
        """The part of a document, with what Pandoc does not say of it."""
        if name in ("docProps/core.xml", "meta.xml"):
            return part.replace(NO_DATE, day + b"T00:00:00Z")
        if name in ("word/styles.xml", "styles.xml"):
            return part.replace(BLUE, colour)
        if name == "word/document.xml":
            return part.replace(ROW, WHOLE_ROW)
        if name == "content.xml":
            part = part.replace(NO_LINE, LINE)
            return re.sub(
                b"</draw:frame>", lambda _: f"<svg:desc>{next(described)}</svg:desc></draw:frame>".encode(), part
            )
        return part

    return rewritten(made, change)


def _page(model: Model, drawings: dict[int, Model]) -> str:
    figures = [one for one in disclosed(model) if one["est_cite"]]
    return environment().get_template("document.html.j2").render(
        m=model,
        etat=_state(model),
        codes={one["code"] for one in figures},
        diffuses=figures,
        dessins=drawings,
        largeurs=_widths,
        remarques=_remarks,
        liens={},
        site=False,
        pages={},
        annexe="",
        document=True,
    )  # fmt: skip


def _state(model: Model) -> str:
    edition = model["edition"]
    return capitalised("projet" if edition["est_projet"] else f"version {edition['nom']}")


def _names(model: Model) -> dict[str, str]:
    """What the header and the footer of a template may print."""
    edition, organisation = model["edition"], model["organisation"]
    return {
        "titre": f"{model['titre']}{' · DÉMONSTRATION' if model['demonstration'] else ''}",
        "organisation": organisation["nom"],
        "sigle": organisation["sigle"],
        "exercice": str(model["exercice"]),
        "etat": _state(model),
        "edition": MENTIONS[model["profil"]],
        "date": edition["date_imprimee"],
        "empreinte": edition["empreinte"][:12],
    }


def _drawing(block: Model, cache: Path) -> Model:
    """What is shown of a chart: a picture of its printed size, its rows when no picture is, or when it does not show all."""
    width = width_pt(svg_of(block, False, cache))
    is_turned = is_in_lines(block)
    is_drawn = block["forme"] == "execution"  # what is not carried out, as credits alone: it has no code
    said = [one for one in block["legende"] if not is_drawn or one["code"] != "—"]
    return {
        "largeur": width,
        "image": png_of(block, cache) if width else b"",
        "tableau": _turned(block) if is_turned else None if width else block,
        "source": {**block, "legende": said},
    }


def _turned(block: Model) -> Model:
    """A table whose rows are months, its months as columns."""
    lines = [
        {"titre": title, "est_total": False, "cellules": [line["cellules"][rank] for line in block["lignes"]]}
        for rank, title in enumerate(block["entete"])
    ]
    head = [MONTHS.get(line["titre"], line["titre"]) for line in block["lignes"]]
    return {**block, "entete": head, "textes": [False] * len(head), "lignes": lines}


def _widths(block: Model) -> list[int]:
    """The share of each column: numbers take what they need, titles and texts what their length asks."""
    columns = [[block["coin"], *(line["titre"] for line in block["lignes"])]]
    for rank, title in enumerate(block["entete"]):
        columns.append([title, *(line["cellules"][rank]["texte"] for line in block["lignes"])])
    shares = []
    for said, is_text in zip(columns, [True, *block["textes"]], strict=True):
        if is_text:
            shares.append(min(max(18, *map(len, said)), 32))
        else:
            shares.append(
                3 + max([*map(len, said[1:]), *(len(word) + 1 for word in said[0].split()), min(len(said[0]), 12)])
            )
    return shares


def _remarks(one: Model) -> list[str]:
    """What is unusual about a figure in the annex: a gap with the printed report, a state other than « calculé »."""
    gap, state = one["rapprochement"], one["statut"]
    said = [f"{gap} avec le rapport publié"] if gap and gap.startswith("écart") else []
    return said if state.startswith("calculé") and len(state) < len("calculé, x") else [*said, state]
