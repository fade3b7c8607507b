"""Makes the Word file around the content: page, styles, language, properties, and the same bytes for the same content."""

import datetime as dt
import io
import zipfile
from typing import TYPE_CHECKING, Any

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from pipelines.stages.report.word.elements import in_order, w

if TYPE_CHECKING:
    from docx.document import Document as Opened
    from lxml.etree import _Element

LANGUAGE = "fr-FR"
FONT = "Calibri"  # in every Word; LibreOffice has one of the same widths
BLUE, OCHRE, GREY, LINE, PALE, INK = "1B4F7D", "8F4700", "5C6873", "C5CED6", "F3F6F9", "1F2933"
TEXT_WIDTH = 9638  # twentieths of a point, between margins of 20 mm
BULLETS, NUMBERS = 1, 2  # definitions of lists
LEVELS = 4
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every part of the file: the same content gives the same bytes
# name → what it is based on, size in points, colour, bold, space before and after in points
STYLES: dict[str, tuple[str | None, float, str, bool, float, float]] = {
    "Normal": (None, 10.5, INK, False, 0, 6),
    "Heading 1": ("Normal", 20, BLUE, True, 24, 10),
    "Heading 2": ("Normal", 14, INK, True, 14, 6),
    "Heading 3": ("Normal", 11, INK, True, 10, 4),
    "Title": ("Normal", 40, BLUE, True, 12, 6),
    "Subtitle": ("Normal", 13, GREY, False, 0, 6),
    "Caption": ("Normal", 10, INK, True, 12, 4),
    "Quote": ("Normal", 10.5, OCHRE, False, 4, 4),
    "List Bullet": ("Normal", 10.5, INK, False, 0, 3),
    "List Number": ("Normal", 10.5, INK, False, 0, 3),
    "Header": ("Normal", 8.5, GREY, False, 0, 0),
    "Footer": ("Normal", 8.5, GREY, False, 0, 0),
    "TOC Heading": ("Normal", 20, BLUE, True, 0, 10),
    "toc 1": ("Normal", 10, INK, True, 4, 0),
    "toc 2": ("Normal", 9.5, INK, False, 0, 0),
    "Cellule": ("Normal", 9, INK, False, 1, 1),
    "Source": ("Normal", 8.5, GREY, False, 3, 10),
    "Verrou": ("Normal", 9.5, GREY, False, 0, 6),
    "Notice": ("Normal", 10.5, INK, False, 0, 8),
    "Valeur": ("Normal", 15, BLUE, True, 4, 0),
    "Dessin": ("Normal", 10.5, INK, False, 0, 0),
    "Annexe": ("Normal", 7.5, INK, False, 0, 0),
}
TOGETHER = ("Heading 1", "Heading 2", "Heading 3", "Caption", "TOC Heading", "Valeur")  # with what follows
DROPPED = (
    "b",
    "bCs",
    "i",
    "iCs",
    "caps",
    "spacing",
    "kern",
    "color",
    "sz",
    "szCs",
    "rFonts",
)  # of the library's styles


def new_document(title: str, author: str, subject: str, day: dt.date, colour: str = BLUE) -> "Opened":
    """An empty A4 document with our styles, in French; its titles have ``colour`` (hexadecimal)."""
    document = Document()
    document.element.body.clear_content()
    package = document.part.package
    for key in [key for key, one in package.rels.items() if one.reltype == RELATIONSHIP_TYPE.THUMBNAIL]:
        del package.rels[key]  # the picture in the library's own template
    _page(document)
    _styles(document, colour)
    _lists(document)
    _properties(document, title, author, subject, day)
    return document


def _page(document: "Opened") -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(20)
    section.top_margin, section.bottom_margin = Mm(24), Mm(22)
    section.header_distance = section.footer_distance = Mm(11)


def _styles(document: "Opened", own: str) -> None:
    styles = document.styles
    (defaults,) = styles.element.xpath("w:docDefaults/w:rPrDefault/w:rPr")
    defaults.find(qn("w:lang")).set(qn("w:val"), LANGUAGE)
    _with_font(defaults)
    known = {style.name for style in styles}
    for name, (based, size, colour, bold, before, after) in STYLES.items():
        style = styles[name] if name in known else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH, name[0].islower())
        _plain(style.element)
        style.base_style = styles[based] if based else None
        style.font.name, style.font.size, style.font.bold = FONT, Pt(size), bold
        style.font.color.rgb = RGBColor.from_string(own if colour == BLUE else colour)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        style.paragraph_format.line_spacing = 1.0 if before + after < 3 else 1.12
        style.paragraph_format.keep_with_next = name in TOGETHER
        style.hidden, style.quick_style = False, True
    shaped = {"Quote": _bar(OCHRE, "FDF1E3"), "Notice": _bar(LINE), "toc 1": _dotted(0), "toc 2": _dotted(240)}
    lists = {"List Bullet": BULLETS, "List Number": NUMBERS}
    shaped |= {name: [w("numPr", w("numId", val=identity))] for name, identity in lists.items()}
    for name, shape in shaped.items():
        about = styles[name].element.get_or_add_pPr()
        about.extend(shape)
        about[:] = in_order(about)
    styles.element.extend([_link_style(own), _table_style()])


def _plain(style: "_Element") -> None:
    """A style of the library without its theme settings."""
    for one in style.xpath("w:rPr/*"):
        if one.tag.rpartition("}")[2] in DROPPED:
            one.getparent().remove(one)
    for one in style.xpath("w:pPr/*[self::w:numPr or self::w:ind or self::w:contextualSpacing or self::w:pBdr]"):
        one.getparent().remove(one)


def _with_font(defaults: "_Element") -> None:
    fonts = defaults.find(qn("w:rFonts"))
    fonts.attrib.clear()
    for name in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{name}"), FONT)


def _bar(colour: str, fill: str | None = None) -> list["_Element"]:
    """A bar to the left of a paragraph, and its shade."""
    left = w("left", val="single", sz=18, space=8, color=colour)
    shade = [w("shd", val="clear", color="auto", fill=fill)] if fill else []
    return [w("pBdr", left), *shade, w("ind", left=227, right=113)]


def _dotted(indent: int) -> list["_Element"]:
    stop = w("tab", val="right", leader="dot", pos=TEXT_WIDTH)
    return [w("tabs", stop), w("ind", left=indent, right=567)]


def _link_style(colour: str) -> "_Element":
    looks = w("rPr", w("color", val=colour), w("u", val="single"))
    return w("style", w("name", val="Hyperlink"), w("uiPriority", val=99), looks, type="character", styleId="Hyperlink")


def _table_style() -> "_Element":
    """Thin lines between rows, a thick one under the header."""
    thick = w("tcBorders", w("bottom", val="single", sz=8, space=0, color=INK))
    edges = w("tblBorders", *(w(side, val="single", sz=4, space=0, color=LINE) for side in ("bottom", "insideH")))
    margins = w("tblCellMar", w("left", w=80, type="dxa"), w("right", w=80, type="dxa"))
    header = w("tblStylePr", w("rPr", w("b")), w("tcPr", thick), type="firstRow")
    return w(
        "style",
        w("name", val="Tableau"),
        w("uiPriority", val=59),
        w("tblPr", edges, margins),
        header,
        type="table",
        customStyle=1,
        styleId="Tableau",
    )


def _lists(document: "Opened") -> None:
    """Two list definitions, and a list of each for users of its style."""
    numbering = document.part.numbering_part.element
    for one in list(numbering):
        numbering.remove(one)
    signs = "•–▪–"
    for identity, kind in ((BULLETS, "bullet"), (NUMBERS, "decimal")):
        levels = [_level(rank, kind, signs[rank]) for rank in range(LEVELS)]
        numbering.append(w("abstractNum", w("multiLevelType", val="hybridMultilevel"), *levels, abstractNumId=identity))
    for identity in (BULLETS, NUMBERS):
        numbering.append(w("num", w("abstractNumId", val=identity), numId=identity))


def _level(rank: int, kind: str, sign: str) -> "_Element":
    text = sign if kind == "bullet" else f"%{rank + 1}."
    indent = w("pPr", w("ind", left=360 * (rank + 1), hanging=284))
    return w(
        "lvl",
        w("start", val=1),
        w("numFmt", val=kind),
        w("lvlText", val=text),
        w("lvlJc", val="left"),
        indent,
        ilvl=rank,
    )


def new_numbers(document: "Opened") -> int:
    """The identity of a list that counts from 1 again."""
    numbering = document.part.numbering_part.element
    identity = max(int(one.get(qn("w:numId"))) for one in numbering.findall(qn("w:num"))) + 1
    again = [w("lvlOverride", w("startOverride", val=1), ilvl=rank) for rank in range(LEVELS)]
    numbering.append(w("num", w("abstractNumId", val=NUMBERS), *again, numId=identity))
    return identity


def _properties(document: "Opened", title: str, author: str, subject: str, day: dt.date) -> None:
    about, moment = document.core_properties, dt.datetime.combine(day, dt.time())
    about.title, about.author, about.subject, about.language = title, author, subject, LANGUAGE
    about.comments, about.keywords, about.category = "", "", ""
    about.last_modified_by, about.revision = author, 1
    about.created = about.modified = moment
    for one in document.settings.element.xpath("w:themeFontLang | w:rsids"):
        if one.tag == qn("w:themeFontLang"):
            one.set(qn("w:val"), LANGUAGE)
        else:
            one.getparent().remove(one)


def put_in(document: "Opened", *content: Any) -> None:
    """Add elements at the end of the text, before the page settings."""
    last = document.element.body.sectPr
    for one in content:
        last.addprevious(one)


def saved(document: "Opened") -> bytes:
    """The file: the same content gives the same bytes."""
    written, fixed = io.BytesIO(), io.BytesIO()
    document.save(written)
    with zipfile.ZipFile(written) as parts, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as out:
        for name in parts.namelist():
            out.writestr(zipfile.ZipInfo(name, EPOCH), parts.read(name), zipfile.ZIP_DEFLATED)
    return fixed.getvalue()
