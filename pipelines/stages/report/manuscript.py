"""Converts the texts of a year from Markdown to the lines of a word processor, with figures in them, and back.

A text is cut into pieces, the blocks of its Markdown. The lines that come back are compared with those sent: an untouched
piece keeps its source, byte for byte; only changed pieces are rewritten, then read again to prove that they say the same.

A call, ``{{ … }}``, is one character in a line. A block with a statement, ``{% … %}``, or with something that a document
cannot represent, is locked: it becomes a line that only says which block it is, and its source stays in the file.
"""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from pipelines.stages.report.prose import ProseError, escaped, markdown

PARAGRAPH, HEADING, QUOTE, BULLET, NUMBER, LOCKED = "paragraphe", "titre", "citation", "puce", "numero", "verrou"
LISTS = (BULLET, NUMBER)
CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
STATEMENT = re.compile(r"\{%[-+]?\s*(\w+)")
OPENING = ("if", "for", "with", "filter", "macro", "call", "block", "raw")
BREAK = "\n"
# A call is one character of the private use area, and so is what is locked: no text may contain them.
CALLS, LOCKS, END = 0xF0000, 0x100000, 0x10FFFE
ROW = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")  # as Markdown ends them
BARE = re.compile(r"https://[^/?#]+")
ENCODED = re.compile(r"%F3%B0|%F4%8")  # one of them in an address
SIGN = re.compile(f"[{chr(CALLS)}-{chr(END)}]")


@dataclass(frozen=True)
class Span:
    """Words in one style; ``call`` is the code of a figure, without its braces, and such a span has no words."""

    text: str = ""
    bold: bool = False
    italic: bool = False
    link: str | None = None
    call: str | None = None


@dataclass(frozen=True)
class Line:
    """A paragraph of a document. ``level``: of a heading (1 to 6), of an item (0 is outermost), or the number of a locked block."""

    kind: str
    spans: tuple[Span, ...] = ()
    level: int = 0


@dataclass(frozen=True)
class Piece:
    """A block of the source, with its lines in a document, and what precedes it in the source."""

    source: str
    lines: tuple[Line, ...]
    before: str


@dataclass(frozen=True)
class Manuscript:
    """A text, cut up: ``source`` is the sum of its pieces, what precedes them, and ``after``."""

    source: str
    pieces: tuple[Piece, ...]
    after: str

    @property
    def lines(self) -> list[Line]:
        """The lines that a document holds of it."""
        return [line for piece in self.pieces for line in piece.lines]

    @property
    def calls(self) -> list[str]:
        """The calls of its lines, in order."""
        return [span.call for line in self.lines for span in line.spans if span.call]

    def locked(self, number: int) -> str:
        """The source of the locked block with that number."""
        return next(one.source for one in self.pieces if one.lines[:1] == (Line(LOCKED, level=number),))


class NotWritten(ValueError):
    """Lines that Markdown cannot express; the message is for their author."""


# from the source -----------------------------------------------------------


def read(source: str) -> Manuscript:
    """A text cut into pieces. Raises ProseError: it holds a character that is used here."""
    if found := SIGN.search(source):
        raise ProseError(f"le caractère U+{ord(found[0]):X} n’est pas permis dans un texte")
    masked, hidden = _masked(source)
    rows = ROW.findall(masked)
    pieces: list[Piece] = []
    at = locks = 0
    for first, end, tokens in _blocks(masked):
        while end > first and not rows[end - 1].strip():
            end -= 1  # blank lines after a list are not part of it
        said = _lines(tokens, hidden)
        if said is None:
            said, locks = [Line(LOCKED, level=locks)], locks + 1
        before, own = ("".join(rows[at:first]), "".join(rows[first:end]))
        pieces.append(Piece(_unmasked(own, hidden), tuple(said), _unmasked(before, hidden)))
        at = end
    return Manuscript(source, tuple(pieces), _unmasked("".join(rows[at:]), hidden))


def _masked(source: str) -> tuple[str, dict[str, str]]:
    """The Markdown, to its end, with a sign for each call and each statement; and the meaning of each sign."""
    hidden: dict[str, str] = {}
    out, at, depth, start = [], 0, 0, 0
    for found in CODE.finditer(source):
        start = found.start() if depth == 0 else start
        depth += _deeper(found[0])
        if depth > 0:
            continue
        depth = 0
        is_call = start == found.start() and re.match(r"\{\{[^-+]", found[0]) and not found[0].endswith("-}}")
        sign = chr((CALLS if is_call else LOCKS) + len(hidden))
        hidden[sign] = source[start : found.end()]
        out += [source[at:start], sign]
        at = found.end()
    if depth > 0:  # never closed: the report will refuse it
        sign = chr(LOCKS + len(hidden))
        hidden[sign] = source[start:]
        return "".join([*out, source[at:start], sign]), hidden
    return "".join([*out, source[at:]]), hidden


def _deeper(code: str) -> int:
    word = STATEMENT.match(code)
    if not word:
        return 0
    return -1 if word[1].startswith("end") else int(word[1] in OPENING)


def _unmasked(text: str, hidden: dict[str, str]) -> str:
    return SIGN.sub(lambda found: hidden[found[0]], text)


def _blocks(masked: str) -> Iterator[tuple[int, int, list[Any]]]:
    """Each outermost block: its first row, the one after its last, its tokens."""
    tokens = markdown().parse(masked)
    start = 0
    for index, token in enumerate(tokens):
        if token.level == 0 and token.nesting <= 0:
            first = tokens[start]
            yield first.map[0], first.map[1], tokens[start : index + 1]
            start = index + 1


def _lines(tokens: list[Any], hidden: dict[str, str]) -> list[Line] | None:
    """The lines of a block; None for one that a document cannot represent."""
    kind = tokens[0].type
    if kind == "paragraph_open":
        return _simple(PARAGRAPH, tokens, hidden)
    if kind == "heading_open":
        return _simple(HEADING, tokens, hidden, int(tokens[0].tag[1]))
    if kind == "blockquote_open":
        return _quoted(tokens[1:-1], hidden)
    if kind in ("bullet_list_open", "ordered_list_open"):
        return _items(tokens, hidden)
    return None


def _simple(kind: str, tokens: list[Any], hidden: dict[str, str], level: int = 0) -> list[Line] | None:
    spans = _spans(tokens[1].children, hidden)
    return None if spans is None else [Line(kind, spans, level)]


def _quoted(tokens: list[Any], hidden: dict[str, str]) -> list[Line] | None:
    lines: list[Line] = []
    for at in range(0, len(tokens), 3):
        one = _simple(QUOTE, tokens[at : at + 3], hidden) if tokens[at].type == "paragraph_open" else None
        if one is None:
            return None
        lines += one
    return lines or None


def _items(tokens: list[Any], hidden: dict[str, str]) -> list[Line] | None:
    """The items of a list, one paragraph each, including those nested in it."""
    lines: list[Line] = []
    kinds: list[str] = []
    begun = False  # an item, whose paragraph is still to come
    for token in tokens:
        if token.type in ("bullet_list_open", "ordered_list_open"):
            kinds.append(BULLET if token.type == "bullet_list_open" else NUMBER)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            kinds.pop()
        elif token.type == "list_item_open":
            begun = True
        elif token.type == "inline":
            spans = _spans(token.children, hidden)
            if not begun or spans is None:
                return None
            lines.append(Line(kinds[-1], spans, len(kinds) - 1))
            begun = False
        elif token.type not in ("paragraph_open", "paragraph_close", "list_item_close"):
            return None
    return None if begun else lines


def _spans(children: list[Any], hidden: dict[str, str]) -> tuple[Span, ...] | None:
    """The words of a block; None when it contains a statement, or a call inside an address."""
    found: list[Span] = []
    now, deep = Span(), Counter[str]()
    for token in children:
        match token.type:
            case "strong_open" | "strong_close" | "em_open" | "em_close":
                deep[token.tag] += token.nesting
                now = replace(now, bold=deep["strong"] > 0, italic=deep["em"] > 0)
            case "link_open":
                now = replace(now, link=str(token.attrGet("href")))
            case "link_close":
                now = replace(now, link=None)
            case "softbreak" | "hardbreak":
                found.append(replace(now, text=" " if token.type == "softbreak" else BREAK))
            case _:
                found += [_span(now, part, hidden) for part in re.split(f"({SIGN.pattern})", token.content) if part]
    if any(ord(one.text[0]) >= LOCKS for one in found if one.text) or any(
        ENCODED.search(one.link or "") for one in found
    ):
        return None
    return normal(found)


def _span(like: Span, part: str, hidden: dict[str, str]) -> Span:
    if SIGN.fullmatch(part) and ord(part) < LOCKS:
        return replace(like, call=" ".join(hidden[part][2:-2].split()))
    return replace(like, text=part)


def normal(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same words, normalised: no space at the ends or doubled, a space marked as both of its neighbours are."""
    signs = [
        replace(one, text=letter, link=_whole(one.link)) for one in spans for letter in ([""] if one.call else one.text)
    ]
    kept: list[Span] = []
    for sign in signs:
        after_space = not kept or kept[-1].text in (" ", BREAK)
        if sign.text == " " and after_space:
            continue
        if sign.text == BREAK and kept and kept[-1].text == " ":
            kept.pop()
        kept.append(sign)
    while kept and kept[-1].text in (" ", BREAK):
        kept.pop()
    for at in range(1, len(kept) - 1):
        if kept[at].text in (" ", BREAK):
            one, other = kept[at - 1], kept[at + 1]
            shared = one.link if one.link == other.link else None
            kept[at] = replace(kept[at], bold=one.bold and other.bold, italic=one.italic and other.italic, link=shared)
    return tuple(_joined(kept))


def _whole(link: str | None) -> str | None:
    """An address with the path that a program adds to a bare one."""
    return f"{link}/" if link and BARE.fullmatch(link) else link


def _joined(signs: list[Span]) -> Iterator[Span]:
    for (like, call, _), group in groupby(enumerate(signs), lambda pair: _hand(*pair)):
        same = [sign for _, sign in group]
        yield same[0] if call is not None else replace(like, text="".join(sign.text for sign in same))


def _hand(at: int, sign: Span) -> tuple[Span, str | None, int]:
    """The style that two signs of one span share; a call shares nothing."""
    return replace(sign, text="", call=None), sign.call, at if sign.call else -1


# back to the source ---------------------------------------------------------


def rewritten(text: Manuscript, lines: list[Line]) -> str:
    """The text whose document now holds ``lines``: what did not change keeps its source. Raises NotWritten."""
    if lines == text.lines:
        return text.source
    kept, end = _kept(text, lines), "\r\n" if "\r\n" in text.source else "\n"
    out: list[str] = []
    at, former = 0, None
    for number, start in [*sorted(kept.items(), key=lambda pair: pair[1]), (None, len(lines))]:
        if at < start:
            out += [end if out else "", written(lines[at:start]).replace("\n", end) + end]
            former = None
        if number is None:
            break
        piece = text.pieces[number]
        is_next = former == number - 1 if former is not None else not out and number == 0
        out += [piece.before if is_next else end if out else "", piece.source.rstrip("\r\n") + end]
        at, former = start + len(piece.lines), number
    new = "".join(out)
    loose = [
        one.before.strip() for one in text.pieces if one.before.strip() and one.before not in new
    ]  # addresses of links
    changed = "".join([new, *(f"{end}{one}{end}" for one in loose), text.after])
    if read(changed).lines != _renumbered(lines):
        raise NotWritten("sa mise en forme ne s’écrit pas dans un texte du rapport")
    return changed


def _kept(text: Manuscript, lines: list[Line]) -> dict[int, int]:
    """The untouched pieces → where their lines begin now."""
    matcher = difflib.SequenceMatcher(None, text.lines, lines, autojunk=False)
    now = {a + k: b + k for a, b, size in matcher.get_matching_blocks() for k in range(size)}
    kept, at = {}, 0
    for number, piece in enumerate(text.pieces):
        places = [now.get(at + k) for k in range(len(piece.lines))]
        start = places[0] if places else None
        if start is None and piece.lines[:1] and piece.lines[0].kind == LOCKED:
            start = lines.index(piece.lines[0])  # moved
            places = [start]
        if start is not None and places == list(range(start, start + len(places))):
            kept[number] = start
        at += len(piece.lines)
    while joined := [number for number, start in kept.items() if _is_continued(text, lines, kept, number, start)]:
        for number in joined:
            del kept[number]
    return kept


def _is_continued(text: Manuscript, lines: list[Line], kept: dict[int, int], number: int, start: int) -> bool:
    """True for a list that now has more items before or after it: it is rewritten with them."""
    size = len(text.pieces[number].lines)
    if lines[start].kind not in LISTS:
        return False
    covered = {place + k for one, place in kept.items() for k in range(len(text.pieces[one].lines))}
    beside = [place for place in (start - 1, start + size) if 0 <= place < len(lines)]
    return any(lines[place].kind in LISTS and place not in covered for place in beside)


def _renumbered(lines: list[Line]) -> list[Line]:
    """Locked blocks, numbered in order."""
    numbers = iter(range(len(lines)))
    return [replace(one, level=next(numbers)) if one.kind == LOCKED else one for one in lines]


def written(lines: list[Line]) -> str:
    """Lines as Markdown. Raises NotWritten."""
    blocks = []
    for group, members in groupby(lines, lambda one: LISTS if one.kind in LISTS else one.kind):
        said = list(members)
        if group == LISTS:
            blocks.append("\n".join(_numbered(said)))
        elif group == QUOTE:
            blocks.append("\n>\n".join("> " + _inline(one.spans).replace("\n", "\n> ") for one in said))
        else:
            blocks += [
                f"{'#' * one.level} {_inline(one.spans)}" if group == HEADING else _inline(one.spans) for one in said
            ]
    return "\n\n".join(blocks)


def _numbered(items: list[Line]) -> Iterator[str]:
    """The items of a list, each nested in the one that contains it."""
    indents, ranks = [""], [0]
    for one in items:
        del indents[one.level + 1 :], ranks[one.level + 1 :]
        ranks[-1] += 1
        sign = "- " if one.kind == BULLET else f"{ranks[-1]}. "
        indent = indents[-1] + " " * len(sign)
        yield indents[-1] + sign + _inline(one.spans).replace("\n", f"\n{indent}")
        indents.append(indent)
        ranks.append(0)


def _inline(spans: tuple[Span, ...]) -> str:
    out: list[str] = []
    for link, group in groupby(spans, lambda one: one.link):
        words = _marked(list(group), is_first=not out)
        out.append(f"[{words}]({f'<{link}>' if re.search('[()]', link) else link})" if link else words)
    return "".join(out)


def _marked(spans: list[Span], *, is_first: bool) -> str:
    """Words with their marks, properly nested."""
    out, opened = "", []
    for one in spans:
        wanted = [mark for mark, has in (("**", one.bold), ("*", one.italic)) if has]
        while any(mark not in wanted for mark in opened):
            out += opened.pop()
        for mark in (mark for mark in wanted if mark not in opened):
            opened.append(mark)
            out += mark
        out += f"{{{{ {one.call} }}}}" if one.call else _escaped(one.text, is_first and not out)
    return out + "".join(reversed(opened))


def _escaped(text: str, is_first: bool) -> str:
    """Words that neither Markdown nor the figures of a text would alter. Raises NotWritten."""
    if CODE.search(text) or re.search(r"\{[{%#]|[#%}]\}", text):
        raise NotWritten("des accolades doublées, qui ne s’écrivent que dans le fichier du texte")
    safe = re.sub(r"&(?=#?\w+;)", r"\\&", escaped(text))
    rows = safe.split(BREAK)
    guarded = [_guarded(row) if at or is_first else row for at, row in enumerate(rows)]
    return "\\\n".join(guarded)


def _guarded(row: str) -> str:
    """The beginning of a row, escaped so that it is not read as a list or a title."""
    return re.sub(r"^(\d{1,9})([.)])|^([-+=])", lambda found: f"{found[1] or ''}\\{found[2] or found[3]}", row)


def readable(lines: Iterable[Line]) -> list[str]:
    """Lines as text, for a person to compare."""
    signs = {BULLET: "- ", NUMBER: "1. ", QUOTE: "> "}
    shown = []
    for one in lines:
        words = "".join(f"{{{{ {span.call} }}}}" if span.call else span.text for span in one.spans)
        sign = "#" * one.level + " " if one.kind == HEADING else "  " * one.level + signs.get(one.kind, "")
        shown.append("[texte conditionnel]" if one.kind == LOCKED else sign + words.replace(BREAK, " / "))
    return shown
