"""Writes the shipped templates of documents, ``catalogue/report/modeles``: ``python -m tests.docs.modeles``.

The templates of the report are Pandoc's own, in our page and our styles; those of acts are Word's. An office changes them
like any other document: this program only says how the shipped ones came to be.
"""

import io
import re
import subprocess
from importlib.resources import files
from typing import Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor
from lxml import etree

from pipelines.settings import PROJECT_ROOT
from pipelines.stages.report.pandoc import rewritten

FOLDER = PROJECT_ROOT / "catalogue/report/modeles"
FONT = "Calibri"  # in every Word; LibreOffice has one of the same widths
BLUE, OCHRE, GREY, LINE, PALE, INK = "1B4F7D", "8F4700", "5C6873", "C5CED6", "F3F6F9", "1F2933"
YELLOW = "FFF1B8"
WIDTH = 9638  # of the text, in twentieths of a point
# name in Word, name in an .odt, size in points, colour, bold, space before and after in points
STYLES = [
    ("Normal", "Standard", 10.5, INK, False, 0, 6),
    ("Body Text", "Text_20_body", 10.5, INK, False, 0, 6),
    ("First Paragraph", "First_20_paragraph", 10.5, INK, False, 0, 6),
    ("Compact", "Table_20_Contents", 10.5, INK, False, 0, 2),
    ("Title", "Title", 40, BLUE, True, 40, 6),
    ("Subtitle", "Subtitle", 13, GREY, False, 0, 6),
    ("Author", "Author", 13, GREY, False, 0, 6),
    ("Heading 1", "Heading_20_1", 20, BLUE, True, 12, 6),
    ("Heading 2", "Heading_20_2", 14, INK, True, 10, 4),
    ("Heading 3", "Heading_20_3", 11, INK, True, 10, 4),
    ("Heading 4", "Heading_20_4", 10.5, INK, True, 8, 4),
    ("Block Text", "Quotations", 10.5, OCHRE, False, 4, 4),
    ("Table Caption", "TableCaption", 10, INK, True, 12, 4),
    ("Header", "Header", 9, GREY, False, 0, 0),
    ("Footer", "Footer", 9, GREY, False, 0, 0),
    ("Légende", "Légende", 10, INK, True, 12, 4),
    ("Dessin", "Dessin", 10.5, INK, False, 0, 0),
    ("Source", "Source", 9, GREY, False, 3, 10),
    ("Notice", "Notice", 10.5, INK, False, 0, 8),
    ("Valeur", "Valeur", 14, BLUE, True, 4, 0),
    ("Libellé", "Libellé", 9, INK, False, 0, 4),
    ("Direction", "Direction", 11, BLUE, True, 6, 3),
    ("Service", "Service", 10, INK, True, 4, 2),
    ("Cellule", "Cellule", 9, INK, False, 1, 1),
    ("Nombre", "Nombre", 9, INK, False, 1, 1),
    ("Cellule-liée", "Cellule-liée", 9, INK, False, 1, 1),
    ("Nombre-lié", "Nombre-lié", 9, INK, False, 1, 1),
    ("Annexe", "Annexe", 9, INK, False, 1, 1),
    ("Annexe-nombre", "Annexe-nombre", 9, INK, False, 1, 1),
    ("Saut", "Saut", 1, INK, False, 0, 0),
    ("Sommaire-titre", "Sommaire-titre", 20, BLUE, True, 0, 10),
    ("toc 1", "Sommaire-1", 9.5, INK, True, 3, 0),
    ("toc 2", "Sommaire-2", 9, INK, False, 0, 0),
]  # fmt: skip
NEW_PAGE = ("Saut", "Sommaire-titre")
RIGHT = ("Nombre", "Nombre-lié", "Annexe-nombre")
TOGETHER = ("Heading 1", "Heading 2", "Heading 3", "Heading 4", "Table Caption", "Légende", "Sommaire-titre", "Valeur",
            "Direction", "Service", "Cellule-liée", "Nombre-lié")  # with what follows  # fmt: skip
WHOLE = ("Notice", "Cellule", "Nombre", "Cellule-liée", "Nombre-lié", "Annexe", "Annexe-nombre")  # never split
BARS = {"Block Text": (OCHRE, "FDF1E3"), "Notice": (LINE, None), "Valeur": (BLUE, PALE), "Libellé": (BLUE, PALE)}
DOTTED = {"toc 1": 0, "toc 2": 240}  # how far from the margin
TABBED = (*DOTTED, "Header", "Footer")


ORDER = ("keepNext keepLines pageBreakBefore pBdr shd tabs spacing ind jc outlineLvl").split()  # as the schema wants
EDGES = (
    f'<w:tblBorders><w:bottom w:val="single" w:sz="4" w:color="{LINE}"/><w:insideH w:val="single" w:sz="4" w:color="{LINE}"/>'
    "</w:tblBorders>"
)
HEAD = (
    '<w:tblStylePr w:type="firstRow"><w:tcPr><w:tcBorders>'
    f'<w:bottom w:val="single" w:sz="8" w:color="{INK}"/></w:tcBorders></w:tcPr></w:tblStylePr>'
)
ROWS = "<w:trPr><w:cantSplit/></w:trPr>"  # a page never cuts one
TABLE = (
    '<w:style {ns} w:type="table" w:customStyle="1" w:styleId="{name}"><w:name w:val="{name}"/><w:tblPr>{edges}<w:tblCellMar>'
    '<w:left w:w="80" w:type="dxa"/><w:right w:w="80" w:type="dxa"/></w:tblCellMar></w:tblPr>{rows}{head}</w:style>'
)


def main() -> None:
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    for name, content in made().items():
        (FOLDER / name).write_bytes(content)


def made() -> dict[str, bytes]:
    """Each template."""
    return {
        "rapport.docx": report_docx(),
        "rapport.odt": report_odt(),
        "acte.docx": act_docx(),
        "courrier.docx": act_docx(),
    }


def pandoc_s(name: str) -> bytes:
    """A reference document of Pandoc."""
    program = files("pypandoc") / "files" / "pandoc"
    return subprocess.run([str(program), "--print-default-data-file", name], capture_output=True, check=True).stdout


# for Word ------------------------------------------------------------


def report_docx() -> bytes:
    """The template of the report."""
    document = Document(io.BytesIO(pandoc_s("reference.docx")))
    body = document.element.body
    for one in list(body)[:-1]:
        body.remove(one)
    _page(document)
    _styles(document)
    section = document.sections[0]
    section.different_first_page_header_footer = True
    _line(section.header, "{{ titre }}\t{{ sigle }}", "Header")
    _footer(document, "{{ etat }}, chiffres arrêtés le {{ date }} · {{ edition }}\t")
    return _saved(document)


ACT = """\
{%p if logo %}
Normal|{{ logo }}
{%p endif %}
{%p for alerte in alertes %}
Alerte|{{ alerte }}
{%p endfor %}
{%p for un in corps %}
{%p if un.genre == "citation" %}
À droite|{{r un.texte }}
{%p elif un.genre == "titre" %}
Heading 1|{{r un.texte }}
{%p elif un.genre == "liste" %}
List Bullet|{{r un.texte }}
{%p elif un.genre == "numerotee" %}
List Number|{{r un.texte }}
{%p else %}
Normal|{{r un.texte }}
{%p endif %}
{%p endfor %}
"""
ACT_STYLES = {
    "Normal": (INK, 6),
    "Heading 1": (INK, 10),
    "List Bullet": (INK, 3),
    "List Number": (INK, 3),
    "Footer": (GREY, 0),
}


def act_docx() -> bytes:
    """The template of an act or of a letter: each paragraph of its text, in the style of what it is."""
    document = Document()
    document.element.body.clear_content()
    _page(document)
    for name, (colour, after) in (ACT_STYLES | {"Alerte": (OCHRE, 6), "À droite": (INK, 12)}).items():
        known = name in ACT_STYLES
        style = document.styles[name] if known else document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.font.name, style.font.size = FONT, Pt({"Heading 1": 14, "Footer": 9}.get(name, 10.5))
        style.font.color.rgb = RGBColor.from_string(colour)
        style.paragraph_format.space_before = Pt(12 if name == "À droite" else 0)
        style.paragraph_format.space_after, style.paragraph_format.line_spacing = Pt(after), 1.12
        fonts = style.element.find(f"{qn('w:rPr')}/{qn('w:rFonts')}")
        for theme in [one for one in fonts.attrib if "heme" in one]:
            del fonts.attrib[theme]
    document.styles["Alerte"].font.bold = True
    blank = document.styles.add_style("Blanc", WD_STYLE_TYPE.CHARACTER)  # what is left to fill
    blank.element.get_or_add_rPr().append(_w("shd", val="clear", color="auto", fill=YELLOW))
    document.styles["À droite"].paragraph_format.left_indent = Pt(250)
    document.styles["À droite"].paragraph_format.keep_with_next = True  # a signature is on one page
    about = document.styles["À droite"].element.pPr
    about.insert(list(about).index(about.find(qn("w:ind"))) + 1, _w("contextualSpacing"))
    for line in ACT.splitlines():
        style, bar, text = line.partition("|")
        document.add_paragraph(text if bar else line, style if bar else "Normal")
    _footer(document, "{{ organisation }} – rapport d’activité {{ exercice }}\t")
    language = document.styles.element.find(f".//{qn('w:rPrDefault')}//{qn('w:lang')}")
    language.set(qn("w:val"), "fr-FR")
    return _saved(document)


def _page(document: Any) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(20)
    section.top_margin, section.bottom_margin = Mm(24), Mm(22)
    section.header_distance = section.footer_distance = Mm(11)


def _styles(document: Any) -> None:
    styles = document.styles
    fonts = styles.element.find(f".//{qn('w:rPrDefault')}//{qn('w:rFonts')}")
    fonts.attrib.clear()
    for kind in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{kind}"), FONT)
    known = {style.name for style in styles}
    for name, _, size, colour, bold, before, after in STYLES:
        style = styles[name] if name in known else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        for tag in ("w:rPr", "w:pPr"):
            if (former := style.element.find(qn(tag))) is not None:
                style.element.remove(former)
        style.base_style = None if name == "Normal" else styles["Normal"]
        style.font.name, style.font.size, style.font.bold = FONT, Pt(size), bold
        style.font.color.rgb = RGBColor.from_string(colour)
        form = style.paragraph_format
        form.space_before, form.space_after = Pt(before), Pt(after)
        form.line_spacing = 1.0 if before + after < 3 else 1.12
        form.keep_with_next, form.keep_together = name in TOGETHER, name in TOGETHER or name in WHOLE
        form.page_break_before = name in NEW_PAGE
        form.alignment = 2 if name in RIGHT else None
        style.quick_style = True
        about = style.element.get_or_add_pPr()
        if re.fullmatch(r"Heading \d", name):
            about.append(_w("outlineLvl", val=int(name[-1]) - 1))
        for one in _shape(name):
            about.append(one)
        about[:] = sorted(about, key=lambda one: ORDER.index(etree.QName(one).localname))
    grey = styles.add_style("Discret", WD_STYLE_TYPE.CHARACTER)
    grey.font.color.rgb = RGBColor.from_string(GREY)
    link = styles["Hyperlink"]
    link.font.color.rgb = RGBColor.from_string(BLUE)
    for name, edges in {"Table": EDGES, "Disposition": ""}.items():
        former = next((one for one in styles.element if one.get(qn("w:styleId")) == name), None)
        if former is not None:
            styles.element.remove(former)
        styles.element.append(
            parse_xml(
                TABLE.format(
                    ns=nsdecls("w"), name=name, edges=edges, rows=ROWS if edges else "", head=HEAD if edges else ""
                )
            )
        )


def _shape(name: str) -> list[Any]:
    found = []
    if name in BARS:
        colour, fill = BARS[name]
        found += [_w("pBdr", _w("left", val="single", sz=18, space=8, color=colour)), _w("ind", left=227, right=113)]
        found += [_w("shd", val="clear", color="auto", fill=fill)] if fill else []
    if name in DOTTED:
        found += [_w("tabs", _w("tab", val="right", leader="dot", pos=WIDTH)), _w("ind", left=DOTTED[name], right=567)]
    return found


def _w(tag: str, *children: Any, **attributes: Any) -> Any:
    made = parse_xml(f"<w:{tag} {nsdecls('w')}/>")
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), str(value))
    made.extend(children)
    return made


def _run(text: str) -> Any:
    return parse_xml(f'<w:r {nsdecls("w")}><w:t xml:space="preserve">{text}</w:t></w:r>')


def _field(code: str) -> Any:
    return parse_xml(f'<w:fldSimple {nsdecls("w")} w:instr=" {code} "><w:r><w:t>1</w:t></w:r></w:fldSimple>')


def _footer(document: Any, text: str) -> None:
    """``text``, then the number of the page and how many there are."""
    footer = document.sections[0].footer
    _line(footer, text, "Footer")
    for code in ("PAGE", " / ", "NUMPAGES"):
        footer.paragraphs[0]._p.append(_field(code) if code.isalpha() else _run(code))


def _line(part: Any, text: str, style: str) -> None:
    part.is_linked_to_previous = False
    line = part.paragraphs[0]
    line.style, line.text = style, text
    line.paragraph_format.tab_stops.add_tab_stop(Pt(WIDTH / 20), alignment=2)


def _saved(document: Any) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return rewritten(out.getvalue(), lambda name, part: part)


# for LibreOffice ------------------------------------------------------------

FO, STYLE, TEXT = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("xsl-fo-compatible", "style", "text")
)
HEADED = (
    '<style:{where} xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><text:p text:style-name="{style}">{line}</text:p></style:{where}>'
)
PAGES = "<text:page-number>1</text:page-number> / <text:page-count>1</text:page-count>"


def report_odt() -> bytes:
    """The template of the report."""

    def change(name: str, part: bytes) -> bytes:
        return _odt_styles(part) if name == "styles.xml" else part

    return rewritten(pandoc_s("reference.odt"), change)


def _odt_styles(part: bytes) -> bytes:
    root = etree.fromstring(part)
    styles = next(one for one in root if etree.QName(one).localname == "styles")
    known = {one.get(f"{STYLE}name"): one for one in styles.iterfind(f"{STYLE}style")}
    for word, name, size, colour, bold, before, after in STYLES:
        style = known.get(name)
        if style is None:
            style = etree.SubElement(styles, f"{STYLE}style")
            style.set(f"{STYLE}name", name)
            style.set(f"{STYLE}family", "paragraph")
            style.set(f"{STYLE}parent-style-name", "Standard")
        for one in list(style):
            style.remove(one)
        _odt_paragraph(style, word, before, after)
        letters = etree.SubElement(style, f"{STYLE}text-properties")
        looks = {"font-family": FONT, "font-size": f"{size}pt", "color": f"#{colour}", "font-style": "normal"}
        for key, value in (looks | {"font-weight": "bold" if bold else "normal"}).items():
            letters.set(f"{FO}{key}", value)
    for name, colour in (("Discret", GREY), ("Definition", BLUE), ("Internet_20_link", BLUE)):
        style = known.get(name)
        if style is None:
            style = etree.SubElement(styles, f"{STYLE}style", {f"{STYLE}name": name, f"{STYLE}family": "text"})
        for one in list(style):
            style.remove(one)
        letters = etree.SubElement(style, f"{STYLE}text-properties")
        letters.set(f"{FO}color", f"#{colour}")
        letters.set(f"{STYLE}text-underline-style", "none")
    _odt_page(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _odt_paragraph(style: Any, word: str, before: float, after: float) -> None:
    about = etree.SubElement(style, f"{STYLE}paragraph-properties")
    said = {
        "margin-top": f"{before}pt",
        "margin-bottom": f"{after}pt",
        "margin-left": "0pt",
        "margin-right": "0pt",
        "text-indent": "0pt",
        "line-height": "100%" if before + after < 3 else "112%",
        "text-align": "end" if word in RIGHT else "start",
        "keep-with-next": "always" if word in TOGETHER else "auto",
        "keep-together": "always" if word in TOGETHER or word in WHOLE else "auto",
    }
    said |= {"break-before": "page"} if word in NEW_PAGE else {}
    if word in BARS:
        colour, fill = BARS[word]
        said |= {"border-left": f"2.25pt solid #{colour}", "padding-left": "6pt", "margin-left": "4pt"}
        said |= {"background-color": f"#{fill}"} if fill else {}
    if word in TABBED:
        said["margin-left"] = f"{DOTTED.get(word, 0) / 20}pt"
        leader = {"leader-style": "dotted", "leader-text": "."} if word in DOTTED else {}
        stops = etree.SubElement(about, f"{STYLE}tab-stops")
        stop = etree.SubElement(stops, f"{STYLE}tab-stop")
        for key, value in ({"position": f"{WIDTH // 20}pt", "type": "right"} | leader).items():
            stop.set(f"{STYLE}{key}", value)
    for key, value in said.items():
        about.set(f"{FO}{key}", value)
    if word in BARS:
        about.set(f"{STYLE}join-border", "true")


def _odt_page(root: Any) -> None:
    """A4, and the lines above and below each page but the first."""
    (layout,) = root.iter(f"{STYLE}page-layout")
    page = layout.find(f"{STYLE}page-layout-properties")
    margins = {"top": 11, "bottom": 11, "left": 20, "right": 20}
    page.set(f"{FO}page-width", "210mm")
    page.set(f"{FO}page-height", "297mm")
    for side, millimetres in margins.items():
        page.set(f"{FO}margin-{side}", f"{millimetres}mm")
    for where, side in (("header", "bottom"), ("footer", "top")):
        about = layout.find(f"{STYLE}{where}-style")
        for one in list(about):
            about.remove(one)
        form = etree.SubElement(about, f"{STYLE}header-footer-properties")
        form.set(f"{FO}min-height", "10mm")
        form.set(f"{FO}margin-{side}", "6mm")
    (master,) = root.iter(f"{STYLE}master-page")
    for one in list(master):
        master.remove(one)
    lines = {
        "header": ("Header", "{{ titre }}<text:tab/>{{ sigle }}"),
        "footer": (
            "Footer",
            "{{ etat }}, chiffres arrêtés le {{ date }} · {{ edition }}<text:tab/>" + PAGES,
        ),
    }
    for where, (style, line) in lines.items():
        master.append(etree.fromstring(HEADED.format(where=where, style=style, line=line)))
        master.append(etree.fromstring(HEADED.format(where=f"{where}-first", style=style, line="")))


if __name__ == "__main__":
    main()
