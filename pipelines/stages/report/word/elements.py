"""The elements of a Word document: paragraphs, runs, fields, links and tables, as lxml elements of python-docx's own classes.

python-docx looks a cell up again at each access, which is slow when a report has thousands; these are made in one go.
"""

import functools
import re
from collections.abc import Iterable
from itertools import count
from typing import TYPE_CHECKING, Any

from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import nsmap, qn
from docx.oxml.parser import oxml_parser

from pipelines.stages.report.html import ORDINAL

if TYPE_CHECKING:
    from docx.document import Document as Opened
    from lxml.etree import _Element

WORD = {"w": nsmap["w"]}
MARKS = ("rStyle", "b", "i", "color", "sz", "vertAlign")  # in the order that the schema wants
PROPERTIES = (
    "pStyle keepNext keepLines pageBreakBefore widowControl numPr pBdr shd tabs spacing ind contextualSpacing jc outlineLvl"
).split()  # likewise, those of a paragraph
MOST_TOGETHER = 20  # rows of a table that must not be split across pages
LONGEST_BOOKMARK = 40  # characters


def w(tag: str, *children: Any, **attributes: Any) -> "_Element":
    """The element ``w:tag``; an attribute whose value is None is left out, and so is a child."""
    given = {_named(name): str(value) for name, value in attributes.items() if value is not None}
    made = oxml_parser.makeelement(_named(tag), given, WORD)  # ``OxmlElement`` works the name out each time
    made.extend(child for child in children if child is not None)
    return made


@functools.cache
def _named(name: str) -> str:
    return qn(f"w:{name}")


def run(text: str, **marks: Any) -> "_Element":
    """A text in one style: ``b=True``, ``i=True``, ``color="1b4f7d"``, ``sz=`` half-points, ``rStyle=``, ``vertAlign=``."""
    said = w("t")
    said.text = text
    said.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return w("r", properties(**marks), said)


def properties(**marks: Any) -> "_Element | None":
    """What a run looks like; None for one like its paragraph."""
    given = [name for name in MARKS if marks.get(name)]
    return w("rPr", *(w(name, val=None if marks[name] is True else marks[name]) for name in given)) if given else None


def runs(text: str, **marks: Any) -> list["_Element"]:
    """A text, with the ends of « 1er » and « 2e » in superscript."""
    made, at = [], 0
    for found in ORDINAL.finditer(text):
        made += [run(text[at : found.end(1)], **marks), run(found[2], **{**marks, "vertAlign": "superscript"})]
        at = found.end()
    return [*made, run(text[at:], **marks)] if text[at:] or not made else made


def paragraph(style: str, *children: Any, **about: Any) -> "_Element":
    """A paragraph; ``about`` are elements of its properties: ``numPr=``, ``jc=``; None is left out."""
    said = [w("pStyle", val=style), *(one for one in about.values() if one is not None)]
    return w("p", w("pPr", *in_order(said)), *children)


def in_order(properties_: Iterable["_Element"]) -> list["_Element"]:
    """The properties of a paragraph in the order that the schema wants."""
    return sorted(properties_, key=lambda one: PROPERTIES.index(one.tag.rpartition("}")[2]))


def field(code: str, shown: str, **marks: Any) -> list["_Element"]:
    """A field that the reader's program recomputes, and what it shows until then."""
    instruction = w("instrText")
    instruction.text = f" {code} "
    instruction.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return [
        w("r", w("fldChar", fldCharType="begin")),
        w("r", instruction),
        w("r", w("fldChar", fldCharType="separate")),
        run(shown, **marks),
        w("r", w("fldChar", fldCharType="end")),
    ]


class Bookmarks:
    """The places of one document that links lead to, each by a name that Word allows."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def around(self, name: str, *children: Any) -> list["_Element"]:
        """Children with a bookmark around them."""
        number = next(self._numbers)
        return [
            w("bookmarkStart", id=number, name=bookmark(name)),
            *children,
            w("bookmarkEnd", id=number),
        ]


def bookmark(name: str) -> str:
    """A bookmark name: letters, digits and ``_``; of a name that is too long, the end is kept, being more distinctive."""
    return f"_{re.sub(r'[^0-9A-Za-z]', '_', name)[-(LONGEST_BOOKMARK - 1) :]}"


def inner_link(name: str, *children: Any) -> "_Element":
    """A link to a bookmark of the same document."""
    return w("hyperlink", *children, anchor=bookmark(name), history=1)


def outer_link(document: "Opened", address: str, *children: Any) -> "_Element":
    """A link to a public address."""
    made = w("hyperlink", *children, history=1)
    made.set(qn("r:id"), document.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
    return made


def table(rows: Iterable["_Element"], widths: list[int], caption: str | None, style: str = "Tableau") -> "_Element":
    """A table of fixed ``widths`` (twentieths of a point), short ones on one page.

    ``caption`` is its text for screen readers, None for a layout.
    """
    rows = list(rows)
    for one in rows[:-1] if len(rows) <= MOST_TOGETHER else []:
        for about in one.iter(qn("w:pPr")):
            about[:] = in_order([*about, w("keepNext")])
    return w(
        "tbl",
        w(
            "tblPr",
            w("tblStyle", val=style),
            w("tblW", w=sum(widths), type="dxa"),
            w("tblLayout", type="fixed"),
            w("tblLook", val="0420", firstRow=1, lastRow=0, firstColumn=1, lastColumn=0, noHBand=1, noVBand=1),
            w("tblCaption", val=caption) if caption else None,
        ),
        w("tblGrid", *(w("gridCol", w=width) for width in widths)),
        *rows,
    )


def row(cells: Iterable["_Element"], *, is_header: bool = False) -> "_Element":
    """A row that is not split across pages; a header is repeated on each page."""
    return w("tr", w("trPr", w("cantSplit"), w("tblHeader") if is_header else None), *cells)


def cell(
    width: int, *paragraphs: Any, fill: str | None = None, span: int | None = None, bar: str | None = None
) -> "_Element":
    """A cell of a table, ``fill`` its shade, ``bar`` the colour of a thick line at its left."""
    spread = w("gridSpan", val=span) if span else None
    edges = [("left", bar), ("bottom", "FFFFFF"), ("right", "FFFFFF")] if bar else []
    borders = [w(side, val="single", sz=24, space=0, color=colour) for side, colour in edges]
    shade = w("shd", val="clear", color="auto", fill=fill) if fill else None
    about = w("tcPr", w("tcW", w=width, type="dxa"), spread, w("tcBorders", *borders) if bar else None, shade)
    return w("tc", about, *paragraphs)
