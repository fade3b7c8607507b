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
BLOCK_STYLES = {"citation": "Quote", "paragraphe": "Normal"}


class ProseWriter:
    """Writes in one document."""

    document: "Opened"
    subtitle = "Heading3"  # of a title among the prose

    def prose(self, nodes: list[Node], style: str | None = None, depth: int = 0) -> Elements:
        """The paragraphs of a tree."""
        for node in nodes:
            kind, children = node["genre"], node.get("enfants", [])
            if kind in ("liste", "numerotee"):
                identity = BULLETS if kind == "liste" else new_numbers(self.document)
                for item in children:
                    yield from self._item(item, identity, depth)
            elif kind == "citation":
                yield from self.prose(children, "Quote")
            elif kind == "titre":
                yield paragraph(style or self.subtitle, *self.inline(children))
            elif kind in BLOCK_STYLES:
                yield paragraph(style or BLOCK_STYLES[kind], *self.inline(children))
            else:
                yield paragraph(style or "Normal", *self.inline([node]))

    def _item(self, item: Node, identity: int, depth: int) -> Elements:
        """An item of a list: its first paragraph has the bullet or number, and nested lists are deeper."""
        style = "ListBullet" if identity == BULLETS else "ListNumber"
        level = w("numPr", w("ilvl", val=min(depth, LEVELS - 1)), w("numId", val=identity))
        inline = [one for one in item["enfants"] if one["genre"] not in ("paragraphe", "liste", "numerotee")]
        texts = [one["enfants"] for one in item["enfants"] if one["genre"] == "paragraphe"] or [inline]
        yield paragraph(style, *self.inline(texts[0]), numPr=level)
        for text in texts[1:]:
            yield paragraph(style, *self.inline(text), ind=w("ind", left=360 * (depth + 1)))
        yield from self.prose(
            [one for one in item["enfants"] if one["genre"] in ("liste", "numerotee")], depth=depth + 1
        )

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
