"""Puts what an author may change in one form, whichever document it comes from: the Markdown of a text, a .docx, an .odt.

The form is Pandoc's own, without what means nothing in a text (colours, alignments, identifiers), and with the marks of words
in one order. What an author may move but not type over is a *call*, a link: ``chiffre:CODE`` (a figure), or ``bloc:HASH`` (any
other code in braces, or a block that a document cannot hold). What a text cannot say at all is a fault.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Any

from pipelines.stages.report.pandoc import converted
from pipelines.stages.report.prose import ProseError

Node = dict[str, Any]
FIGURE, BLOCK = "chiffre:", "bloc:"
MARKDOWN = "commonmark+pipe_tables-smart-raw_html"
CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
STATEMENT = re.compile(r"\{%[-+]?\s*(\w+)")
OPENING = ("if", "for", "with", "filter", "macro", "call", "block", "raw")
SIMPLE = re.compile(r"""\{\{\s*f\("([\w.]+)"\)\s*\}\}""")
SIGN = re.compile("[\U000f0000-\U000ffffd]")  # a call while the Markdown around it is read: no text may contain one
IN_LINK = re.compile(rf"\[[^\]]*{SIGN.pattern}[^\]]*\]\([^)]*\)|\[[^\]]*\]\([^)]*{SIGN.pattern}[^)]*\)")
CALL = re.compile(rf"\[x\]\(({FIGURE}[\w.]+|{BLOCK}[0-9a-f]+)\)")
NONE = ["", [], []]  # identifier, classes, attributes
LETTERS = {"Str": None, "Space": " ", "SoftBreak": " ", "LineBreak": "\n"}  # None: its own
SHIFTED = {  # a raised letter means nothing: « 1er »; a raised digit does: « m² »
    "Superscript": str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"),
    "Subscript": str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"),
    "Underline": {},
    "SmallCaps": {},
}
INSIDE = {"Div": 1, "Figure": 2, "Span": 1, "Quoted": 1, "Cite": 1}  # what only surrounds → where its content is
NOTHING = ("HorizontalRule", "RawBlock", "RawInline")
FOREIGN = {
    "Note": "une note de bas de page",
    "Image": "une image au milieu d’une phrase\u00a0: la mettre seule dans son paragraphe",
    "Math": "une formule",
    "Strikeout": "un texte barré\u00a0: l’enlever, ou ne plus le barrer",
}
UNKNOWN = "une mise en page qu’un texte ne sait pas dire"
SPACES = (" ", "\n")
MARKS = ("strong", "emph", "link")
LISTS = ("BulletList", "OrderedList")


@dataclass(frozen=True)
class Span:
    """Words in one style; ``link`` is an address, or a call."""

    text: str
    strong: bool = False
    emph: bool = False
    link: str | None = None


def is_call(address: str | None) -> bool:
    """True for the address of a call."""
    return (address or "").startswith((FIGURE, BLOCK))


def call(address: str) -> Span:
    """A call; what it shows is not part of it."""
    return Span("x", link=address)


# Markdown ------------------------------------------------------------


def address_of(code: str) -> str:
    """The call that stands for code in braces, or for a block of Markdown."""
    figure = SIMPLE.fullmatch(code)
    return f"{FIGURE}{figure[1]}" if figure else f"{BLOCK}{hashlib.sha256(code.encode()).hexdigest()[:12]}"


def read(source: str) -> tuple[list[Node], dict[str, str]]:
    """The blocks of a text, and the code of its calls by address. Raises ProseError."""
    if found := SIGN.search(source):
        raise ProseError(f"le caractère U+{ord(found[0]):X} n’est pas permis dans un texte")
    masked, hidden = _masked(source)
    codes = {address_of(code): code for code in hidden.values()}
    linked = SIGN.sub(lambda one: f"[x]({address_of(hidden[one[0]])})", masked)
    found_blocks: list[Node] = []
    for block in json.loads(converted(linked.encode(), MARKDOWN, "json"))["blocks"]:
        reader = Reader(lambda address, words: call(address) if is_call(address) else Span(words, link=whole(address)))
        said = reader.body([block])
        if reader.faults or not said:  # a document cannot hold it: one call stands for all of it
            code = written([block], codes).strip()
            codes[address_of(code)] = code
            said = reader.body([{"t": "Para", "c": [_link(address_of(code), [{"t": "Str", "c": "x"}])]}])
        found_blocks += said
    return joined(found_blocks), codes


def _masked(source: str) -> tuple[str, dict[str, str]]:
    """The Markdown with a sign for each call, from the opening of a statement to its end; and the code of each sign."""
    hidden: dict[str, str] = {}

    def hide(code: str) -> str:
        sign = chr(0xF0000 + len(hidden))
        hidden[sign] = SIGN.sub(lambda found: hidden[found[0]], code)
        return sign

    out, at, depth, start = "", 0, 0, 0
    for found in CODE.finditer(source):
        start = found.start() if depth == 0 else start
        word = STATEMENT.match(found[0])
        depth = max(0, depth + (0 if not word else -1 if word[1].startswith("end") else int(word[1] in OPENING)))
        if depth == 0:
            out += source[at:start] + hide(source[start : found.end()])
            at = found.end()
    if depth:  # never closed: the report will refuse it
        out += source[at:start] + hide(source[start:].rstrip())
        at = len(source)
    return IN_LINK.sub(lambda found: hide(found[0]), out + source[at:]), hidden


def written(blocks: list[Node], codes: dict[str, str]) -> str:
    """Blocks as the Markdown of a text."""
    said = converted(as_document(blocks), "json", MARKDOWN, "--wrap=none").decode()
    return CALL.sub(lambda one: codes.get(one[1]) or f'{{{{ f("{one[1].removeprefix(FIGURE)}") }}}}', said)


def as_document(blocks: list[Node], **meta: str) -> bytes:
    """Blocks as a document of Pandoc's."""
    said = {name: {"t": "MetaString", "c": text} for name, text in meta.items()}
    return json.dumps({"pandoc-api-version": [1, 23, 1], "meta": said, "blocks": blocks}).encode()


def whole(address: str) -> str:
    """An address with the path that a program adds to a bare one."""
    return f"{address}/" if re.fullmatch(r"https://[^/?#]+", address) else address


# the one form ------------------------------------------------------------


def nodes_in(part: Any) -> Iterator[Node]:
    """Every block and every inline of a part of a document."""
    if isinstance(part, dict) and "t" in part:
        yield part
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else []:
        yield from nodes_in(one)


def words_of(part: Any) -> str:
    """The words of a part of a document."""
    return "".join(LETTERS[one["t"]] or one["c"] for one in nodes_in(part) if one["t"] in LETTERS)


def calls_in(part: Any) -> Iterator[str]:
    """The calls of a part of a document."""
    yield from (one["c"][2][0] for one in nodes_in(part) if one["t"] == "Link" and is_call(one["c"][2][0]))


class Reader:
    """Reads Pandoc's blocks. ``link`` says what a link is, from its address and its words; ``picture``, what stands for an image
    that is alone in its paragraph; ``change``, what words become. ``faults`` name what a text cannot say, in French.
    """

    def __init__(
        self,
        link: Callable[[str, str], Span],
        picture: Callable[[Node], Span] | None = None,
        change: Callable[[list[Span]], list[Span]] = list,
    ):
        self.link, self.picture, self.change = link, picture, change
        self.faults: list[str] = []

    def body(self, blocks: list[Node]) -> list[Node]:
        """Blocks in the one form."""
        return joined([made for block in blocks for made in self._block(block)])

    def _block(self, block: Node) -> list[Node]:
        kind, content = block["t"], block.get("c")
        match kind:
            case "Para" | "Plain":
                return self._paragraph(content)
            case "Header":
                words = self._words(content[2])
                return [{"t": kind, "c": [content[0], NONE, words]}] if words else []
            case "BulletList":
                return [{"t": kind, "c": [_tight(self.body(item)) for item in content]}]
            case "OrderedList":
                items = [_tight(self.body(item)) for item in content[1]]
                return [{"t": kind, "c": [[1, {"t": "Decimal"}, {"t": "Period"}], items]}]
            case "Table":
                return [self._table(content)]
            case "BlockQuote":
                inside = self.body(content)
                is_twice = [one["t"] for one in inside] == [kind]  # LibreOffice's margin within a style
                return inside if is_twice or not inside else [{"t": kind, "c": inside}]
        if kind in INSIDE:
            return self.body(content[INSIDE[kind]])
        if kind not in NOTHING:
            self.faults.append(UNKNOWN)
        return []

    def _paragraph(self, inlines: list[Node]) -> list[Node]:
        images = [one for one in inlines if one["t"] == "Image"]
        if images and self.picture and not words_of([one for one in inlines if one["t"] != "Image"]).strip():
            return [{"t": "Para", "c": _nested([self.picture(one)])} for one in images]
        words = self._words(inlines)
        return [{"t": "Para", "c": words}] if words else []

    def _table(self, content: list[Any]) -> Node:
        """A table whose first row is its head."""
        rows = [*content[3][1], *(row for part in content[4] for row in (*part[2], *part[3])), *content[5][1]]
        if any(cell[2:4] != [1, 1] for _, cells in rows for cell in cells):
            self.faults.append("un tableau aux cellules fusionnées")
        default = {"t": "AlignDefault"}
        made = []
        for _, cells in rows:
            said = [self.body(cell[4]) for cell in cells]
            if any(block["t"] != "Para" for blocks in said for block in blocks):
                self.faults.append("un tableau dont une cellule contient autre chose que des mots")
            lines = [[inline for block in blocks for inline in (*block["c"], {"t": "Space"})] for blocks in said]
            made.append([NONE, [[NONE, default, 1, 1, [{"t": "Plain", "c": line[:-1]}]] for line in lines]])
        columns = [[default, {"t": "ColWidthDefault"}]] * max((len(cells) for _, cells in made), default=0)
        parts = [[NONE, made[:1]], [[NONE, 0, [], made[1:]]], [NONE, []]]
        return {"t": "Table", "c": [NONE, [None, []], columns, *parts]}

    def _words(self, inlines: list[Node]) -> list[Node]:
        return _nested(self.change(normal(self._spans(inlines, Span("")))))

    def _spans(self, inlines: list[Node], like: Span) -> Iterator[Span]:
        for one in _whole_links(inlines):
            kind, content = one["t"], one.get("c")
            if kind == "Link":
                words = list(self._spans(content[1], like))
                marked = self.link(content[2][0], "".join(word.text for word in words))
                if is_call(marked.link):
                    words = [replace(word, text="x") for word in words[:1] or [like]]
                yield from (replace(word, link=marked.link) for word in words)
            elif kind in LETTERS:
                yield replace(like, text=LETTERS[kind] or content)
            elif kind in ("Strong", "Emph"):
                yield from self._spans(content, replace(like, **{kind.lower(): True}))
            elif kind in SHIFTED:
                yield from (
                    replace(span, text=span.text.translate(SHIFTED[kind])) for span in self._spans(content, like)
                )
            elif kind in INSIDE:
                yield from self._spans(content[INSIDE[kind]], like)
            elif kind == "Code":
                yield replace(like, text=content[1])
            elif kind not in NOTHING:
                self.faults.append(FOREIGN.get(kind, UNKNOWN))


def _tight(item: list[Node]) -> list[Node]:
    """An item without a blank line after its first paragraph, unless another paragraph follows."""
    if sum(one["t"] == "Para" for one in item) > 1:
        return item
    return [{**one, "t": "Plain"} if one["t"] == "Para" else one for one in item]


def joined(blocks: list[Node]) -> list[Node]:
    """Blocks, a list or a quotation that a program cut in two being one; LibreOffice takes a list out of that of another kind."""
    found: list[Node] = []
    for block in blocks:
        last = found[-1] if found else {"t": ""}
        if block["t"] in LISTS and last["t"] in LISTS and all(_is_list(item) for item in _items(block)):
            *items, item = _items(last)
            inner = joined([*item, *(one for each in _items(block) for one in each)])
            found[-1] = _with_items(last, [*items, inner])
        elif block["t"] == last["t"] and block["t"] in (*LISTS, "BlockQuote"):
            found[-1] = _with_items(last, [*_items(last), *_items(block)])
        else:
            found.append(block)
    return found


def _is_list(item: list[Node]) -> bool:
    return [one["t"] in LISTS for one in item] == [True]


def _items(block: Node) -> list[Any]:
    items: list[Any] = block["c"][1] if block["t"] == "OrderedList" else block["c"]
    return items


def _with_items(block: Node, items: list[Any]) -> Node:
    return {**block, "c": [block["c"][0], items] if block["t"] == "OrderedList" else items}


def _whole_links(inlines: list[Node]) -> list[Node]:
    """Inlines, a link that a program cut in two being one."""
    found: list[Node] = []
    for one in inlines:
        if found and one["t"] == found[-1]["t"] == "Link" and one["c"][2] == found[-1]["c"][2]:
            found[-1] = _link(one["c"][2][0], [*found[-1]["c"][1], *one["c"][1]])
        else:
            found.append(one)
    return found


def _link(address: str, inlines: list[Node]) -> Node:
    return {"t": "Link", "c": [NONE, inlines, [address, ""]]}


def normal(spans: Iterable[Span]) -> list[Span]:
    """The same words letter by letter: no space at the ends or doubled, a space marked as both of its neighbours are."""
    kept: list[Span] = []
    for sign in (replace(one, text=letter) for one in spans for letter in one.text):
        if sign.text in SPACES and (not kept or kept[-1].text == "\n" or kept[-1].text == sign.text):
            continue
        if sign.text == "\n" and kept[-1].text == " ":
            kept.pop()
        kept.append(sign)
    while kept and kept[-1].text in SPACES:
        kept.pop()
    for at in range(1, len(kept) - 1):
        if kept[at].text in SPACES:
            one, other = kept[at - 1], kept[at + 1]
            shared = one.link if one.link == other.link and not is_call(one.link) else None
            kept[at] = replace(kept[at], strong=one.strong and other.strong, emph=one.emph and other.emph, link=shared)
    return kept


def _nested(spans: list[Span], marks: Sequence[str] = MARKS) -> list[Node]:
    """Spans as Pandoc's inlines, their marks nested: the one that changes least is outermost, and a call innermost."""
    if not marks:
        lines = "".join(span.text for span in spans).split("\n")
        broken = [[{"t": "LineBreak"}, {"t": "Str", "c": line}] for line in lines]
        return [one for line in broken for one in line if one.get("c") != ""][1:]
    outer = marks[:-1] if len(marks) > 1 and any(is_call(span.link) for span in spans) else marks
    mark = min(outer, key=lambda mark: len(list(groupby(spans, attrgetter(mark)))))
    made: list[Node] = []
    for value, group in groupby(spans, attrgetter(mark)):
        inside = _nested(list(group), [one for one in marks if one != mark])
        if not value:
            made += inside
        else:
            made.append(_link(value, inside) if mark == "link" else {"t": mark.capitalize(), "c": inside})
    return made
