"""Lays out the model of the report as a Word document, to be read, printed and quoted from; the same model gives the same bytes."""

import base64
import datetime as dt
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docx.oxml.ns import qn
from docx.shared import Pt

from pipelines.french import capitalised
from pipelines.publication import EDITIONS
from pipelines.stages.report.cells import Cell
from pipelines.stages.report.charts import MONTHS, png_of, svg_of, width_pt
from pipelines.stages.report.model import Model, disclosed
from pipelines.stages.report.word.document import (
    BULLETS,
    GREY,
    LEVELS,
    PALE,
    TEXT_WIDTH,
    new_document,
    put_in,
    saved,
)
from pipelines.stages.report.word.elements import (
    Bookmarks,
    cell,
    field,
    inner_link,
    paragraph,
    row,
    run,
    runs,
    table,
    w,
)
from pipelines.stages.report.word.prose import ProseWriter

if TYPE_CHECKING:
    from docx.document import Document as Opened
    from lxml.etree import _Element

Elements = Iterator["_Element"]
CHARACTER, MARGIN = 105, 200  # of a cell, in twentieths of a point: one letter at 9 points, both margins
ANNEX = (4600, 2900, 2138)  # the widths of its table
GLOSSARY = "Glossaire"
ABREAST, PORTRAIT_PT, LOGO_PT, COVER_PT = 3, 100, 45, 150  # portraits beside one another; heights of pictures
MONTHS_APART = "mois"  # the form of a chart whose lines follow one another from month to month


def report_docx(model: Model, cache: Path) -> bytes:
    """The whole report."""
    return saved(_Writer(model, cache).written())


class _Writer(ProseWriter):
    """Lays out one report."""

    def __init__(self, model: Model, cache: Path):
        self.m, self.cache = model, cache
        self.figures = disclosed(model)
        self.codes = {one["code"] for one in self.figures}
        self.marks = Bookmarks()
        edition, organisation = model["edition"], model["organisation"]
        self.state = capitalised("projet" if edition["est_projet"] else f"version {edition['nom']}")
        self.colour = model["identite"]["couleur"].removeprefix("#").upper()
        self.document = new_document(
            f"{model['titre']} – {organisation['sigle']}",
            organisation["nom"],
            f"{self.state}, édition {EDITIONS[model['profil']]}",
            dt.date.fromisoformat(edition["date"]),
            self.colour,
        )

    def written(self) -> "Opened":
        """The document."""
        self._around()
        put_in(self.document, *self._cover(), *self._contents())
        for chapter in self.m["chapitres"]:
            put_in(self.document, *self._chapter(chapter))
        put_in(self.document, *(self._glossary() if self.m["glossaire"] else ()))
        put_in(self.document, *self._annex(), self._figures(), self._fingerprint())
        return self.document

    # around the text ------------------------------------------------------------

    def _around(self) -> None:
        """Header and footer, on every page but the cover."""
        section, edition = self.document.sections[0], self.m["edition"]
        section.different_first_page_header_footer = True
        shown = f"{self.m['titre']}{' · DÉMONSTRATION' if self.m['demonstration'] else ''}"
        said = f"{self.state}, chiffres arrêtés le {edition['date_imprimee']} · empreinte {edition['empreinte'][:12]}"
        _replace(section.header, [run(shown), w("r", w("tab")), run(self.m["organisation"]["sigle"])], "Header")
        pages = [*field("PAGE", "1"), run(" / "), *field("NUMPAGES", "1")]
        _replace(section.footer, [run(said), w("r", w("tab")), *pages], "Footer")

    def _cover(self) -> Elements:
        m, look = self.m, self.m["identite"]
        if look["logo"]:
            yield paragraph("Dessin", self._image(look["logo"], LOGO_PT))
        yield paragraph(
            "Subtitle",
            run(f"{m['organisation']['nom']} ({m['organisation']['sigle']})"),
            spacing=w("spacing", before=3600),
        )
        yield paragraph("Title", run(f"{m['intitules']['rapport']} {m['exercice']}"))
        public = " · édition publique" if m["profil"] == "public" else ""
        yield paragraph("Subtitle", *runs(f"{self.state}, chiffres arrêtés le {m['edition']['date_imprimee']}{public}"))
        if m["demonstration"]:
            said = "DÉMONSTRATION\u00a0: les lignes sont inventées pour donner les chiffres publiés."
            yield paragraph("Quote", run(said, b=True))
        if look["couverture"]:
            yield paragraph("Dessin", self._image(look["couverture"], COVER_PT))

    def _contents(self) -> Elements:
        """The table of contents: a field that the program fills with its pages, and the titles until then."""
        lines = []
        for chapter in self.m["chapitres"]:
            lines.append(("toc1", chapter["id"], _numbered(chapter)))
            lines += [("toc2", one["id"], one["titre"]) for one in chapter["sections"] if one["titre"]]
        lines += [("toc1", "glossaire", GLOSSARY)] if self.m["glossaire"] else []
        lines.append(("toc1", "annexe", self.m["intitules"]["annexe"]))
        entries = [paragraph(style, inner_link(name, *runs(title))) for style, name, title in lines]
        begin, *rest = field('TOC \\o "1-2" \\h \\z \\u', "")
        begin[0].set(qn("w:dirty"), "true")
        for one in reversed([begin, *rest[:2]]):
            entries[0].insert(1, one)
        entries[-1].append(rest[-1])
        gallery = w("docPartObj", w("docPartGallery", val="Table of Contents"), w("docPartUnique"))
        heading = paragraph("TOCHeading", run(self.m["intitules"]["sommaire"]), page=w("pageBreakBefore"))
        yield w("sdt", w("sdtPr", gallery), w("sdtContent", heading, *entries))

    # the chapters ------------------------------------------------------------

    def _chapter(self, chapter: Model) -> Elements:
        is_first = chapter["numero"] == 1
        yield self._heading("Heading1", chapter["id"], _numbered(chapter), is_first)
        for section in chapter["sections"]:
            self.subtitle = "Heading3" if section["titre"] else "Heading2"  # no level is skipped
            if section["titre"]:
                yield self._heading("Heading2", section["id"], section["titre"])
            for block in section["blocs"]:
                yield from self._block(block)

    def _heading(self, style: str, name: str, title: str, on_a_new_page: bool = False) -> "_Element":
        return paragraph(
            style, *self.marks.around(name, *runs(title)), page=w("pageBreakBefore") if on_a_new_page else None
        )

    def _block(self, block: Model) -> Elements:
        match block["genre"]:
            case "texte":
                yield from self.prose(block["arbre"])
            case "vide":
                yield paragraph("Normal", *runs(f"{block['titre']}.", b=True), *runs(f" {block['texte']}"))
            case "chiffres":
                yield from self._cards(block)
            case "organigramme":
                yield from self._services(block["services"], 0)
            case "elus":
                yield from self._elected(block["elus"])
            case "liste":
                yield from self._entries(block)
            case "tableau":
                yield self._caption("Tableau", block, block["titre"])
                yield self._table(block)
                yield self._source(block)
            case "matrice":
                yield from self._matrix(block)
            case _:
                yield from self._chart(block)

    def _caption(self, kind: str, block: Model, title: str) -> "_Element":
        number = field(f"SEQ {kind} \\* ARABIC", str(block["numero"]), color=GREY)
        return paragraph(
            "Caption",
            run(f"{kind} ", color=GREY),
            *number,
            run(" – ", color=GREY),
            inner_link(f"source-{block['id']}", *runs(title)),
        )

    def _source(self, block: Model) -> "_Element":
        """What the codes of a table mean, and its note; also keeps two consecutive tables apart."""
        legend = " ; ".join(f"{one['code']} : {one['sens']}" for one in block["legende"])
        said = " ".join(filter(None, [f"{legend}." if legend else None, block["note"]]))
        return paragraph("Source", *runs(said)) if said else paragraph("Annexe")

    def _value(self, one: Cell, **marks: Any) -> list["_Element"]:
        if one["manque"] is not None:
            return [run(one["texte"], **{**marks, "i": True, "color": GREY})]
        if one["chiffre"] in self.codes:
            return [inner_link(f"c-{one['chiffre']}", run(one["texte"], **marks))]
        return runs(one["texte"], **marks)

    def _table(self, block: Model) -> "_Element":
        widths, texts = _widths(block), [True, *block["textes"]]
        head = row(
            [
                _cell(width, [run(title, b=True)], is_text)
                for width, title, is_text in zip(widths, [block["coin"], *block["entete"]], texts, strict=True)
            ],
            is_header=True,
        )
        lines = []
        for line in block["lignes"]:
            marks = {"b": line["est_total"]}
            said = [runs(line["titre"], **marks), *(self._value(one, **marks) for one in line["cellules"])]
            lines.append(row([_cell(*one) for one in zip(widths, said, texts, strict=True)]))
        return table([head, *lines], widths, block["titre"])

    def _matrix(self, block: Model) -> Elements:
        yield self._caption("Tableau", block, f"{block['titre']} ({' · '.join(block['annees'])})")
        first = TEXT_WIDTH * 17 // (17 + 10 * len(block["entete"]))
        widths = [first, *[(TEXT_WIDTH - first) // len(block["entete"])] * len(block["entete"])]
        titles = [block["coin"], *block["entete"]]
        lines = [
            row(
                [
                    _cell(width, [run(title, b=True, sz=16)], not i)
                    for i, (width, title) in enumerate(zip(widths, titles, strict=True))
                ],
                is_header=True,
            )
        ]
        for line in block["lignes"]:
            detail = [w("r", w("br")), run(line["detail"], color=GREY, sz=14)] if line["detail"] else []
            said = [[run(line["titre"], b=True, sz=16), *detail], *map(self._series, line["series"])]
            lines.append(
                row([_cell(width, one, not i) for i, (width, one) in enumerate(zip(widths, said, strict=True))])
            )
        yield table(lines, widths, block["titre"])
        yield self._source(block)
        for one in block["commentaires"]:
            yield paragraph(self.subtitle, *runs(one["titre"]))
            yield from self.prose(one["arbre"])

    def _series(self, series: Model) -> list["_Element"]:
        """The values of the years, the last one in bold."""
        *former, last = series["cellules"]
        said = [one for value in former for one in (*self._value(value, sz=16), run(" · ", sz=16))]
        return [*said, *self._value(last, sz=16, b=True)]

    def _chart(self, block: Model) -> Elements:
        yield self._caption("Figure", block, block["titre"])
        width = width_pt(svg_of(block, False, self.cache))
        yield paragraph("Dessin", w("r", w("drawing", self._picture(block, width)))) if width else self._table(block)
        if block["forme"] == MONTHS_APART and len(block["entete"]) > 1:  # some of its values are not beside its marks
            yield self._table(_turned(block))
        is_drawn = block["forme"] == "execution"  # what is not carried out, as credits alone: it has no code
        yield self._source(
            {**block, "legende": [one for one in block["legende"] if not is_drawn or one["code"] != "—"]}
        )

    def _picture(self, block: Model, width: float) -> "_Element":
        inline = self.document.part.new_pic_inline(io.BytesIO(png_of(block, self.cache)), width=Pt(width))
        inline.docPr.set("name", f"Figure {block['numero']}")
        inline.docPr.set("title", block["titre"])
        inline.docPr.set("descr", block["alternative"])
        return inline

    def _cards(self, block: Model) -> Elements:
        shown = block["chiffres"]
        abreast = {1: 1, 2: 2, 4: 4, 5: 5, 7: 4, 8: 4}.get(len(shown), 3)
        width = TEXT_WIDTH // abreast
        rows = []
        for at in range(0, len(shown), abreast):
            cells = [_card(width, self._value(one), one, self.colour) for one in shown[at : at + abreast]]
            rows.append(row([*cells, *(cell(width, paragraph("Cellule")) for _ in range(abreast - len(cells)))]))
        yield table(rows, [width] * abreast, None, "TableNormal")
        yield self._source(block)

    def _services(self, services: list[Model], depth: int) -> Elements:
        """The services of an organisation, each under the one it belongs to."""
        for one in services:
            level = w("numPr", w("ilvl", val=min(depth, LEVELS - 1)), w("numId", val=BULLETS))
            yield paragraph("ListBullet", *runs(one["nom"], b=depth == 0), numPr=level)
            yield from self._services(one["services"], depth + 1)

    def _elected(self, elected: list[Model]) -> Elements:
        """The elected members, three abreast, under their portraits."""
        width = TEXT_WIDTH // ABREAST
        rows = []
        for at in range(0, len(elected), ABREAST):
            cells = [cell(width, *self._person(one)) for one in elected[at : at + ABREAST]]
            rows.append(row([*cells, *(cell(width, paragraph("Cellule")) for _ in range(ABREAST - len(cells)))]))
        yield table(rows, [width] * ABREAST, None, "TableNormal")
        yield paragraph("Annexe")

    def _person(self, one: Model) -> Elements:
        if one["portrait"]:
            yield paragraph("Cellule", self._image(one["portrait"], PORTRAIT_PT))
        yield paragraph("Cellule", *runs(one["nom"], b=True), w("r", w("br")), *runs(one["fonction"]))

    def _image(self, picture: Model, height: float) -> "_Element":
        """A picture of the model, ``height`` points high at most, no wider than the text."""
        content = io.BytesIO(base64.b64decode(picture["donnees"]))
        height = min(height, TEXT_WIDTH / 20 * picture["hauteur"] / picture["largeur"])
        inline = self.document.part.new_pic_inline(content, height=Pt(height))
        inline.docPr.set("name", picture["nom"])
        inline.docPr.set("descr", picture["alternatif"])
        return w("r", w("drawing", inline))

    def _glossary(self) -> Elements:
        """The report's glossary."""
        yield self._heading("Heading1", "glossaire", GLOSSARY)
        for one in self.m["glossaire"]:
            yield paragraph("Normal", *runs(one["terme"], b=True), *runs(f"\u00a0: {one['sens']}"))

    def _entries(self, block: Model) -> Elements:
        yield paragraph(self.subtitle, inner_link(f"source-{block['id']}", *runs(block["titre"])))
        for one in block["entrees"]:
            said = [*runs(one["titre"], b=True), w("r", w("br"))]
            for rank, detail in enumerate(one["details"]):
                said += [run(" · ", color=GREY)] if rank else []
                said += [run(f"{detail['titre']}\u00a0: ", color=GREY)] if detail["titre"] else []
                said += runs(detail["texte"])
            yield paragraph("Notice", *said)
        if block["note"]:
            yield self._source(block)

    # the annex ------------------------------------------------------------

    def _annex(self) -> Elements:
        yield self._heading("Heading1", "annexe", self.m["intitules"]["annexe"], on_a_new_page=True)
        yield from self.prose(self.m["methode"]["arbre"])
        yield paragraph("Heading2", run("D’où viennent les tableaux et les figures"))
        yield paragraph(
            "Normal", run("Chacun se retrouve, sous le nom que voici, parmi les tables publiées avec ce rapport.")
        )
        for one in self.m["provenance"]:
            said = [run(f"{one['table']}\u00a0: ", color=GREY)]
            for rank, block in enumerate(one["blocs"]):
                said += [run(", ")] if rank else []
                said += self.marks.around(f"source-{block['id']}", *runs(block["nom"]))
            yield paragraph("Annexe", *said, run("."))
        yield paragraph("Heading2", run("Les chiffres"))
        yield paragraph(
            "Normal", run("Le calcul et les sources de chaque chiffre sont dans l’édition en ligne du rapport.")
        )
        if len(self.figures) < len(self.m["chiffres"]):
            yield paragraph("Normal", run("Ceux que couvre le secret statistique ne sont pas dans ce tableau."))

    def _figures(self) -> "_Element":
        """Every figure of the year, domain by domain."""
        titles = [[run(title, b=True)] for title in ("Chiffre", "Code", "Valeur")]
        rows = [row(_annexed(titles), is_header=True)]
        for domain in dict.fromkeys(one["domaine"] for one in self.figures):
            rows.append(
                row([cell(TEXT_WIDTH, paragraph("Annexe", *runs(domain, b=True, color=self.colour)), span=len(ANNEX))])
            )
            for one in (one for one in self.figures if one["domaine"] == domain):
                named = self.marks.around(f"c-{one['code']}", *runs(one["libelle"]))
                more = [run(f" ({', '.join(said)})", color=GREY) for said in [_remarks(one)] if said]
                rows.append(row(_annexed([[*named, *more], [run(one["code"], color=GREY)], [run(one["affichage"])]])))
        return table(rows, list(ANNEX), "Les chiffres du rapport")

    def _fingerprint(self) -> "_Element":
        edition = self.m["edition"]
        said = [one for line in self.m["identite"]["mentions"] for one in (run(line, color=GREY), w("r", w("br")))]
        said.append(run(f"Empreinte\u00a0: {edition['empreinte']}", color=GREY))
        if kept := edition["registre"]:
            said += [
                w("r", w("br")),
                run(f"Registre\u00a0: {kept['entrees']} écritures, tête {kept['tete']}", color=GREY),
            ]
        return paragraph("Annexe", *said, spacing=w("spacing", before=200))


def _numbered(chapter: Model) -> str:
    return f"{chapter['numero']}. {chapter['titre']}"


def _replace(part: Any, content: list["_Element"], style: str) -> None:
    """Replace the content of a header or a footer."""
    part.is_linked_to_previous = False
    element = part.part.element
    for one in list(element):
        element.remove(one)
    stop = w(
        "tabs", w("tab", val="clear", pos=4680), w("tab", val="clear", pos=9360), w("tab", val="right", pos=TEXT_WIDTH)
    )
    element.append(paragraph(style, *content, tabs=stop))


def _cell(width: int, said: list["_Element"], is_text: bool) -> "_Element":
    return cell(width, paragraph("Cellule", *said, jc=None if is_text else w("jc", val="right")))


def _annexed(said: list[list["_Element"]]) -> list["_Element"]:
    """The cells of a row of the annex."""
    sides = (None, None, "right")
    return [
        cell(width, paragraph("Annexe", *one, jc=w("jc", val=side) if side else None))
        for width, one, side in zip(ANNEX, said, sides, strict=True)
    ]


def _card(width: int, value: list["_Element"], one: Model, colour: str) -> "_Element":
    """A figure shown large over its label."""
    more = [w("r", w("br")), run(one["suite"], color=GREY, sz=17)] if one["suite"] else []
    return cell(
        width, paragraph("Valeur", *value), paragraph("Cellule", *runs(one["libelle"]), *more), fill=PALE, bar=colour
    )


def _remarks(one: Model) -> list[str]:
    """What is unusual about a figure in the annex: a gap with the printed report, a state other than « calculé »."""
    gap, state = one["rapprochement"], one["statut"]
    said = [f"{gap} avec le rapport publié"] if gap and gap.startswith("écart") else []
    return said if state.startswith("calculé") and len(state) < len("calculé, x") else [*said, state]


def _turned(block: Model) -> Model:
    """A table whose rows are months, its months as columns."""
    lines = [
        {"titre": title, "est_total": False, "cellules": [line["cellules"][rank] for line in block["lignes"]]}
        for rank, title in enumerate(block["entete"])
    ]
    head = [MONTHS.get(line["titre"], line["titre"]) for line in block["lignes"]]
    return {**block, "entete": head, "textes": [False] * len(head), "lignes": lines}


def _widths(block: Model) -> list[int]:
    """Numbers take what they need; titles and texts share the rest in proportion to their length."""
    lines, texts = block["lignes"], block["textes"]
    shares = {-1: _share([block["coin"], *(line["titre"] for line in lines)])}
    needs: dict[int, int] = {}
    for rank, is_text in enumerate(texts):
        said = [line["cellules"][rank]["texte"] for line in lines]
        if is_text:
            shares[rank] = _share([block["entete"][rank], *said])
        else:
            needs[rank] = _need(block["entete"][rank], said)
    least = len(shares) * 1400
    if sum(needs.values()) > TEXT_WIDTH - least:
        scale = (TEXT_WIDTH - least) / sum(needs.values())
        needs = {rank: int(need * scale) for rank, need in needs.items()}
    left = TEXT_WIDTH - sum(needs.values())
    found = needs | {rank: left * share // sum(shares.values()) for rank, share in shares.items()}
    return [found[rank] for rank in range(-1, len(texts))]


def _share(said: list[str]) -> int:
    return min(max(18, *map(len, said)), 42)


def _need(head: str, said: list[str]) -> int:
    """The width of a column of numbers: its longest number, or the longest word of its title, which is bold and may wrap."""
    longest = max([*map(len, said), *(len(word) + 1 for word in head.split()), min(len(head), 12)])
    return longest * CHARACTER + MARGIN
