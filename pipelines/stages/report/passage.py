"""Puts what an author may change in one form, whichever document it comes from: the Markdown of a text, a .docx, an .odt.

A text is blocks of Pandoc's: paragraphs, headings, quotations, lists, tables. Its words are spans, each in one style; what
its author may move but not type over is a *call*: ``chiffre:CODE`` (a figure), or ``bloc:HASH`` (any other code in braces, or
a block that a document cannot hold). Whatever else a document may hold is either nothing (a colour, an alignment), and is
left out, or a fault.
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
from pipelines.stages.report.prose import ProseError, markdown

Node = dict[str, Any]
FIGURE, BLOCK = "chiffre:", "bloc:"
MARKDOWN = "commonmark+pipe_tables-smart-raw_html"
CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
STATEMENT = re.compile(r"\{%[-+]?\s*(\w+)")
OPENING = ("if", "for", "with", "filter", "macro", "call", "block", "raw")
SIMPLE = re.compile(r"""\{\{\s*f\("([\w.]+)"\)\s*\}\}""")
SIGN = re.compile("[\U000f0000-\U000ffffd]")  # a call while the Markdown around it is read: no text may contain one
IN_LINK = re.compile(rf"\[[^\]]*{SIGN.pattern}[^\]]*\]\(|\]\([^)\s]*{SIGN.pattern}")
CALL = re.compile(rf"\[x\]\(({FIGURE}[\w.]+|{BLOCK}[0-9a-f]+)\)")
LETTERS = {"Str": None, "Space": " ", "SoftBreak": " ", "LineBreak": "\n"}  # None: its own
SHIFTED = {  # a raised letter means nothing: « 1er »; a raised digit does: « m² »
    "Superscript": str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"),
    "Subscript": str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"),
    "Underline": {},
    "SmallCaps": {},
}
INSIDE = {"Div": 1, "Figure": 2, "Span": 1, "Quoted": 1, "Cite": 1}  # what only surrounds → where its content is
NOTHING = ("HorizontalRule", "RawBlock", "RawInline")
UNKNOWN = "une mise en page qu’un texte ne sait pas dire"
FOREIGN = {
    "Note": "une note de bas de page",
    "Image": "une image au milieu d’une phrase\u00a0: la mettre seule dans son paragraphe",
    "Math": "une formule",
    "Strikeout": "un texte barré\u00a0: l’enlever, ou ne plus le barrer",
}
SPACES = (" ", "\n")
MARKS = ("link", "strong", "emph")
LISTS = ("BulletList", "OrderedList")


@dataclass(frozen=True)
class Span:
    """Words in one style; those of a call are what it shows."""

    text: str
    strong: bool = False
    emph: bool = False
    link: str | None = None
    call: str | None = None


@dataclass(frozen=True)
class Piece:
    """A block of a text: its Markdown and what precedes it there, and its blocks in a document."""

    source: str
    before: str
    blocks: list[Node]


# Markdown ------------------------------------------------------------


def address_of(code: str) -> str:
    """The call that stands for code in braces, or for a block of Markdown."""
    figure = SIMPLE.fullmatch(code)
    return f"{FIGURE}{figure[1]}" if figure else f"{BLOCK}{hashlib.sha256(code.encode()).hexdigest()[:12]}"


def pieces_of(source: str) -> tuple[list[Piece], dict[str, str], str]:
    """A text cut into its blocks, the code of its calls by address, and what follows the last block. Raises ProseError."""
    if found := SIGN.search(source):
        raise ProseError(f"le caractère U+{ord(found[0]):X} n’est pas permis dans un texte")
    masked, hidden = _masked(source)
    rows = re.findall(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+", masked)  # as Markdown ends them
    codes = {address_of(code): code for code in hidden.values()}
    cut, at = [], 0
    for first, end in _places(masked):
        while end > first and not rows[end - 1].strip():
            end -= 1  # blank lines after a list are not part of it
        cut.append(("".join(rows[at:first]), "".join(rows[first:end])))
        at = end
    linked = [SIGN.sub(lambda one: f"[x]({address_of(hidden[one[0]])})", before + own) for before, own in cut]
    pieces = []
    for (before, own), blocks in zip(cut, _blocks_of(linked), strict=True):
        whole, signs = _shown(own, hidden), SIGN.findall(own)
        reader = Reader(_link_of_source)
        said = reader.body(blocks)
        calls = [span.call for span in spans_in(said) if span.call]
        if reader.faults or not said or IN_LINK.search(own) or calls != [address_of(hidden[sign]) for sign in signs]:
            # a document cannot hold it: one call stands for all of it
            block = whole.strip()
            codes[address_of(block)] = block
            said = [paragraph([Span("x", call=address_of(block))])]
        between = _shown(before, hidden)
        if pieces and len(joined([*pieces[-1].blocks, *said])) == len(
            pieces[-1].blocks
        ):  # two lists: a document has one
            last = pieces.pop()
            pieces.append(Piece(last.source + between + whole, last.before, joined([*last.blocks, *said])))
        else:
            pieces.append(Piece(whole, between, said))
    return pieces, codes, _shown("".join(rows[at:]), hidden)


def _shown(text: str, hidden: dict[str, str]) -> str:
    return SIGN.sub(lambda found: hidden[found[0]], text)


def _masked(source: str) -> tuple[str, dict[str, str]]:
    """The Markdown with a sign for each call, from the opening of a statement to its end; and the code of each sign."""
    hidden: dict[str, str] = {}
    out, at, depth, start = [], 0, 0, 0
    for found in [*CODE.finditer(source), None]:
        if found:
            start = found.start() if depth == 0 else start
            word = STATEMENT.match(found[0])
            depth += 0 if not word else -1 if word[1].startswith("end") else int(word[1] in OPENING)
        end = found.end() if found else len(source)
        if (depth > 0 and found) or (depth <= 0 and not found):
            continue  # inside a statement, or at the end of a text whose statements are all closed
        depth = 0
        sign = chr(0xF0000 + len(hidden))
        hidden[sign] = source[start:end]
        out += [source[at:start], sign]
        at = end
    return "".join([*out, source[at:]]), hidden


def _places(masked: str) -> Iterator[tuple[int, int]]:
    """The first row of each outermost block, and the one after its last."""
    tokens = markdown().parse(masked)
    start = 0
    for index, token in enumerate(tokens):
        if token.level == 0 and token.nesting <= 0:
            first = tokens[start].map
            assert first is not None, "a block has its rows"
            yield first[0], first[1]
            start = index + 1


def _blocks_of(sources: list[str]) -> list[list[Node]]:
    """What Pandoc reads in each piece of one text."""
    mark = "[x](piece:)"
    read = json.loads(converted("\n\n".join(f"{one}\n\n{mark}" for one in sources).encode(), MARKDOWN, "json"))[
        "blocks"
    ]
    found: list[list[Node]] = [[]]
    for block in read:
        if block["t"] == "Para" and block["c"][0]["t"] == "Link" and block["c"][0]["c"][2][0] == "piece:":
            found.append([])
        else:
            found[-1].append(block)
    return found[:-1]


def _link_of_source(address: str, words: str) -> Span:
    return Span("x", call=address) if address.startswith((FIGURE, BLOCK)) else Span(words, link=whole_address(address))


def written(blocks: list[Node], codes: dict[str, str]) -> str:
    """Blocks as the Markdown of a text."""
    document = {"pandoc-api-version": [1, 23, 1], "meta": {}, "blocks": blocks_for_pandoc(blocks)}
    said = converted(json.dumps(document).encode(), "json", MARKDOWN, "--wrap=none").decode()
    return CALL.sub(lambda one: code_of(one[1], codes), said)


def code_of(address: str, codes: dict[str, str]) -> str:
    """What a call is in a text."""
    return f'{{{{ f("{address.removeprefix(FIGURE)}") }}}}' if address.startswith(FIGURE) else codes[address]


# the one form ------------------------------------------------------------


def paragraph(spans: list[Span]) -> Node:
    """A paragraph of the one form."""
    return {"t": "Para", "c": spans}


def spans_in(part: Any) -> Iterator[Span]:
    """Every span of blocks."""
    if isinstance(part, Span):
        yield part
    elif isinstance(part, dict | list):
        for one in part.values() if isinstance(part, dict) else part:
            yield from spans_in(one)


class Reader:
    """Reads Pandoc's blocks in the one form: ``{"t": kind, "c": spans or blocks, "level": …}``.

    ``link`` says what a link is, ``picture`` what an image that is alone in its paragraph is. ``faults`` name what a text
    cannot say, in French.
    """

    def __init__(self, link: Callable[[str, str], Span], picture: Callable[[Node], Span] | None = None):
        self.link, self.picture = link, picture
        self.faults: list[str] = []

    def body(self, blocks: list[Node]) -> list[Node]:
        """Blocks of Pandoc."""
        return joined([made for block in blocks for made in self._block(block)])

    def _block(self, block: Node) -> list[Node]:
        kind, content = block["t"], block.get("c")
        match kind:
            case "Para" | "Plain":
                return self._paragraph(content)
            case "Header":
                spans = self.spans(content[2])
                return [{"t": kind, "level": content[0], "c": spans}] if spans else []
            case "BulletList":
                return [{"t": kind, "c": [self.body(item) for item in content]}]
            case "OrderedList":
                return [{"t": kind, "c": [self.body(item) for item in content[1]]}]
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
        if images and all(one["t"] in ("Image", "Space", "SoftBreak", "LineBreak") for one in inlines) and self.picture:
            return [paragraph([self.picture(one)]) for one in images]
        spans = self.spans(inlines)
        return [paragraph(spans)] if spans else []

    def _table(self, content: list[Any]) -> Node:
        rows = []
        for row in [*content[3][1], *(row for part in content[4] for row in (*part[2], *part[3])), *content[5][1]]:
            cells = []
            for _, _, height, width, blocks in row[1]:
                inside = self.body(blocks)
                if height != 1 or width != 1:
                    self.faults.append("un tableau aux cellules fusionnées")
                if any(one["t"] != "Para" for one in inside):
                    self.faults.append("un tableau dont une cellule contient autre chose que des mots")
                cells.append(normal(span for one in inside if one["t"] == "Para" for span in (*one["c"], Span(" "))))
            rows.append(cells)
        return {"t": "Table", "c": rows}

    def spans(self, inlines: list[Node]) -> list[Span]:
        """The words of a paragraph."""
        return normal(self._inline(inlines, Span("")))

    def _inline(self, inlines: list[Node], like: Span) -> Iterator[Span]:
        for one in _whole_links(inlines):
            kind, content = one["t"], one.get("c")
            if kind == "Link":
                yield from self._linked(content, like)
            elif kind in LETTERS:
                yield replace(like, text=LETTERS[kind] or content)
            elif kind in ("Strong", "Emph"):
                yield from self._inline(content, replace(like, **{kind.lower(): True}))
            elif kind in SHIFTED:
                yield from (
                    replace(span, text=span.text.translate(SHIFTED[kind])) for span in self._inline(content, like)
                )
            elif kind in INSIDE:
                yield from self._inline(content[INSIDE[kind]], like)
            elif kind not in NOTHING:
                self.faults.append(FOREIGN.get(kind, UNKNOWN))

    def _linked(self, content: list[Any], like: Span) -> Iterator[Span]:
        words = list(self._inline(content[1], like))
        marked = self.link(content[2][0], "".join(word.text for word in words))
        if not marked.call:
            yield from (replace(word, link=marked.link) for word in words)
        else:
            first = words[0] if words else like
            yield replace(marked, strong=first.strong, emph=first.emph)


def normal(spans: Iterable[Span]) -> list[Span]:
    """The same words, normalised: no space at the ends or doubled, a space marked as both of its neighbours are."""
    signs = [
        one if one.call else replace(one, text=letter)
        for one in spans
        for letter in (one.text if not one.call else [""])
    ]
    kept: list[Span] = []
    for sign in signs:
        if sign.text in SPACES and not sign.call:
            if not kept or kept[-1].text == "\n" or kept[-1].text == sign.text:
                continue
            if kept[-1].text == " ":
                kept.pop()  # before the end of a line
        kept.append(sign)
    while kept and kept[-1].text in SPACES:
        kept.pop()
    for at in range(1, len(kept) - 1):
        if kept[at].text in SPACES:
            one, other = kept[at - 1], kept[at + 1]
            shared = one.link if one.link == other.link else None
            kept[at] = replace(kept[at], strong=one.strong and other.strong, emph=one.emph and other.emph, link=shared)
    found: list[Span] = []
    for sign in kept:
        if found and not sign.call and not found[-1].call and replace(found[-1], text="") == replace(sign, text=""):
            found[-1] = replace(sign, text=found[-1].text + sign.text)
        else:
            found.append(sign)
    return found


def joined(blocks: list[Node]) -> list[Node]:
    """Blocks, a list or a quotation that a program cut in two being one; LibreOffice takes a list out of that of another kind."""
    found: list[Node] = []
    for block in blocks:
        is_list = bool(found) and block["t"] in LISTS and found[-1]["t"] in LISTS
        if is_list and all([one["t"] in LISTS for one in item] == [True] for item in block["c"]):
            *items, last = found[-1]["c"]
            found[-1] = {**found[-1], "c": [*items, joined([*last, *(one for item in block["c"] for one in item)])]}
        elif found and block["t"] == found[-1]["t"] and block["t"] in (*LISTS, "BlockQuote"):
            found[-1] = {**block, "c": [*found[-1]["c"], *block["c"]]}
        else:
            found.append(block)
    return found


def _whole_links(inlines: list[Node]) -> list[Node]:
    """Inlines, a link that a program cut in two being one."""
    found: list[Node] = []
    for one in inlines:
        if found and one["t"] == found[-1]["t"] == "Link" and one["c"][2] == found[-1]["c"][2]:
            found[-1] = {"t": "Link", "c": [one["c"][0], [*found[-1]["c"][1], *one["c"][1]], one["c"][2]]}
        else:
            found.append(one)
    return found


def whole_address(link: str) -> str:
    """An address with the path that a program adds to a bare one."""
    return f"{link}/" if re.fullmatch(r"https://[^/?#]+", link) else link


# for Pandoc ------------------------------------------------------------


def blocks_for_pandoc(
    blocks: list[Node], call: Callable[[Span], tuple[str, str]] | None = None, deeper: int = 0
) -> list[Node]:
    """Blocks of the one form as Pandoc's; ``call`` gives the words and the address of a call, ``deeper`` the levels to add."""
    say = call or (lambda span: ("x", span.call or ""))
    made = []
    for block in blocks:
        content = block["c"]
        match block["t"]:
            case "Para":
                made.append({"t": "Para", "c": _inlines(content, say)})
            case "Header":
                made.append({"t": "Header", "c": [block["level"] + deeper, ["", [], []], _inlines(content, say)]})
            case "BlockQuote":
                made.append({"t": "BlockQuote", "c": blocks_for_pandoc(content, call)})
            case "BulletList":
                made.append({"t": "BulletList", "c": [_tight(blocks_for_pandoc(one, call)) for one in content]})
            case "OrderedList":
                items = [_tight(blocks_for_pandoc(one, call)) for one in content]
                made.append({"t": "OrderedList", "c": [[1, {"t": "Decimal"}, {"t": "Period"}], items]})
            case _:
                made.append(_table(content, say))
    return made


def _tight(item: list[Node]) -> list[Node]:
    """An item without a blank line after its first paragraph, unless another paragraph follows."""
    if sum(one["t"] == "Para" for one in item) > 1:
        return item
    return [{**one, "t": "Plain"} if one["t"] == "Para" else one for one in item]


def _table(rows: list[list[list[Span]]], say: Callable[[Span], tuple[str, str]]) -> Node:
    none = ["", [], []]
    width = max(map(len, rows))

    def row(cells: list[list[Span]]) -> list[Any]:
        padded = [*cells, *([[]] * (width - len(cells)))]
        return [
            none,
            [[none, {"t": "AlignDefault"}, 1, 1, [{"t": "Plain", "c": _inlines(one, say)}]] for one in padded],
        ]

    columns = [[{"t": "AlignDefault"}, {"t": "ColWidthDefault"}]] * width
    head, *others = map(row, rows)
    return {"t": "Table", "c": [none, [None, []], columns, [none, [head]], [[none, 0, [], others]], [none, []]]}


def _inlines(spans: list[Span], say: Callable[[Span], tuple[str, str]], marks: Sequence[str] = MARKS) -> list[Node]:
    """Spans as Pandoc's inlines, their marks nested: the one that changes least is outermost."""
    if not marks:
        return [word for span in spans for word in _words(span, say)]
    made: list[Node] = []
    changes = {mark: len(list(groupby(spans, attrgetter(mark)))) for mark in marks}
    mark = min(marks, key=changes.__getitem__)
    for value, group in groupby(spans, attrgetter(mark)):
        inside = _inlines(list(group), say, [one for one in marks if one != mark])
        if value and mark == "link":
            made.append({"t": "Link", "c": [["", [], []], inside, [value, ""]]})
        else:
            made += [{"t": mark.capitalize(), "c": inside}] if value else inside
    return made


def _words(span: Span, say: Callable[[Span], tuple[str, str]]) -> list[Node]:
    if span.call:
        shown, address = say(span)
        return [{"t": "Link", "c": [["", [], []], _words(Span(shown), say), [address, ""]]}]
    made: list[Node] = []
    for at, line in enumerate(span.text.split("\n")):
        made += [{"t": "LineBreak"}] if at else []
        made += [{"t": "Str", "c": line}] if line else []
    return made
