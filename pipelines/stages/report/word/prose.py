"""Lays out a tree of prose (``stages.report.prose``) as paragraphs of a Word document."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipelines.stages.report.prose import Node
from pipelines.stages.report.word.document import BULLETS, LEVELS, new_numbers
from pipelines.stages.report.word.elements import inner_link, outer_link, paragraph, runs, w

if TYPE_CHECKING:
    from docx.document import Document as Opened
    from lxml.etree import _Element

Elements = Iterator["_Element"]
LISTS = ("liste", "numerotee")


class ProseWriter:
    """Writes in one document."""

    document: "Opened"
    subtitle = "Heading3"  # of a title among the prose

    def prose(self, nodes: list[Node], style: str | None = None, depth: int = 0) -> Elements:
        """The paragraphs of a tree."""
        for node in nodes:
            kind = node["genre"]
            if kind in LISTS:
                identity = BULLETS if kind == "liste" else new_numbers(self.document)
                for item in node["enfants"]:
                    yield from self._item(item, identity, depth)
            elif kind == "citation":
                yield from self.prose(node["enfants"], "Quote")
            else:
                yield paragraph(style or (self.subtitle if kind == "titre" else "Normal"), *self.inline([node]))

    def _item(self, item: Node, identity: int, depth: int) -> Elements:
        """An item of a list: its first text has the bullet or number; what follows comes in its order, lists deeper."""
        style = "ListBullet" if identity == BULLETS else "ListNumber"
        level = w("numPr", w("ilvl", val=min(depth, LEVELS - 1)), w("numId", val=identity))
        first = [one for one in item["enfants"][:1] if one["genre"] not in (*LISTS, "citation")]
        yield paragraph(style, *self.inline(first), numPr=level)
        for node in item["enfants"][len(first) :]:
            if node["genre"] == "paragraphe":
                yield paragraph(style, *self.inline([node]), ind=w("ind", left=360 * (depth + 1)))
            else:
                yield from self.prose([node], depth=depth + 1)

    def inline(self, nodes: list[Node], **marks: Any) -> list["_Element"]:
        """The runs of a paragraph's content."""
        made: list[_Element] = []
        for node in nodes:
            match node["genre"]:
                case "texte":
                    made += runs(node["texte"], **marks)
                case "saut":
                    made.append(w("r", w("br")))
                case "fort":
                    made += self.inline(node["enfants"], **{**marks, "b": True})
                case "accent":
                    made += self.inline(node["enfants"], **{**marks, "i": True})
                case "lien":
                    made.append(self.link(node["cible"], node["enfants"], **marks))
                case _:
                    made += self.inline(node["enfants"], **marks)
        return made

    def link(self, target: str, children: list[Node], **marks: Any) -> "_Element":
        """A link to a place of the document, or to a public address."""
        if target.startswith("#"):
            return inner_link(target[1:], *self.inline(children, **marks))
        return outer_link(self.document, target, *self.inline(children, **marks, rStyle="Hyperlink"))
