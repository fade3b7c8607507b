"""Reads the prose of a year back from the Word document that its authors changed: all of it, or nothing, with the reason.

Only what a text can express is carried over: paragraphs, lists, titles, quotes, bold, italics, links, line ends, and
the figures that were sent. Anything else an author added is refused with its place: it would otherwise be silently
lost.
"""

import difflib
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn
from lxml import etree

from pipelines.stages.report.manuscript import (
    BREAK,
    BULLET,
    HEADING,
    LISTS,
    LOCKED,
    NUMBER,
    PARAGRAPH,
    QUOTE,
    Line,
    Manuscript,
    NotWritten,
    Span,
    normal,
    readable,
    rewritten,
)
from pipelines.stages.report.word.document import BLUE, GREY, LEVELS
from pipelines.stages.report.word.writing import (
    CONDITIONAL,
    GUIDE,
    PROPERTIES,
    SHOWN,
    TEXT,
    YEAR,
    Prose,
    prose_at,
    tag_of,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

PLAIN = ("Normal", "Body Text", "List Paragraph", "No Spacing", "Verrou", "List Bullet", "List Number")
HEADINGS = {f"Heading {level + 1}": level for level in range(1, 7)}
QUOTES = ("Quote", "Intense Quote")
IN_FRENCH = {
    "Title": "Titre",
    "Subtitle": "Sous-titre",
    "Caption": "Légende",
    "Plain Text": "Texte brut",
}  # as Word shows them
INVISIBLE = (
    "bookmarkStart bookmarkEnd proofErr lastRenderedPageBreak pPr rPr permStart permEnd softHyphen"
).split()  # of a paragraph or a run: nothing in them is read, and nothing is lost
FOREIGN = {  # element → what its author calls it
    "tbl": "un tableau",
    "drawing": "une image",
    "pict": "une image",
    "object": "un objet",
    "footnoteReference": "une note de bas de page",
    "endnoteReference": "une note de fin",
    "commentReference": "un commentaire",
    "commentRangeStart": "un commentaire",
    "commentRangeEnd": "un commentaire",
    "ins": "une modification suivie (à accepter ou à refuser d’abord)",
    "del": "une modification suivie (à accepter ou à refuser d’abord)",
    "moveFrom": "une modification suivie (à accepter ou à refuser d’abord)",
    "moveTo": "une modification suivie (à accepter ou à refuser d’abord)",
    "fldSimple": "un champ",
    "fldChar": "un champ",
    "instrText": "un champ",
    "tab": "une tabulation",
    "sym": "un symbole",
    "AlternateContent": "une forme dessinée",
    "oMath": "une formule",
    "oMathPara": "une formule",
}
STYLED = {  # of a run → what its author calls it
    "u": "un soulignement",
    "strike": "un texte barré",
    "dstrike": "un texte barré",
    "highlight": "un surlignage",
    "vertAlign": "un exposant ou un indice",
    "caps": "des capitales de mise en forme",
    "smallCaps": "des petites capitales",
    "vanish": "un texte masqué",
    "color": "une couleur",
}
ASIDE = ("center", "right", "end", "both", "distribute")
OFF = ("0", "false", "off", "none", "auto", "baseline")


@dataclass(frozen=True)
class Refusal:
    """A problem that refuses the whole document: where, why, and both versions if the text changed meanwhile."""

    place: str
    reason: str
    versions: tuple[str, ...] = ()


@dataclass
class ReadBack:
    """The outcome of a document: path under ``contenu/<exercice>`` → its new source, or why nothing is taken."""

    exercice: int
    changed: dict[str, str] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)  # their sections were removed: they stay as they are
    refused: list[Refusal] = field(default_factory=list)


class NoManuscript(ValueError):
    """A file that is not a document of this home's texts."""


def read_back(file: Path, contenu: Path) -> ReadBack:
    """The texts of ``contenu`` as the document has them; nothing is written. Raises NoManuscript, ProseError."""
    document = _opened(file)
    said = _properties(document)
    if not said.get(YEAR, "").isdecimal():
        raise NoManuscript(f"{file.name} n’est pas un document de `millesime contenu export`")
    found = ReadBack(int(said[YEAR]))
    sent = {name: value.split(" ", 1) for name, value in said.items() if name.startswith(f"{TEXT} ")}
    folder = contenu / str(found.exercice)
    for _, path in sent.values():
        if not path.endswith(".md") or not (folder / path).resolve().is_relative_to(folder.resolve()):
            raise NoManuscript(f"{file.name} nomme un texte qui n’est pas de contenu/{found.exercice}")
    texts = {name: prose_at(folder, path) for name, (_, path) in sent.items()}
    reader = _Reader(
        document, texts, {name.removeprefix(f"{SHOWN} "): v for name, v in said.items() if name.startswith(f"{SHOWN} ")}
    )
    sections = reader.sections()
    found.refused += reader.refused
    for name, (fingerprint, path) in sent.items():
        if name not in sections:
            found.absent.append(path)
        elif name not in reader.spoiled:
            _take(found, texts[name], fingerprint, sections[name], reader.shown)
    if found.refused:
        found.changed.clear()
    return found


def _take(found: ReadBack, text: Prose, fingerprint: str, lines: list[Line], shown: dict[str, str]) -> None:
    """Add the result for one text."""
    manuscript = text.manuscript
    if lines == manuscript.lines:
        found.unchanged.append(text.path)
    elif text.fingerprint != fingerprint:
        reason = "le texte a changé depuis que ce document en a été fait"
        found.refused.append(Refusal(text.path, reason, tuple(_both(manuscript, lines))))
    elif lack := _lacking(manuscript, lines) or _typed_over(manuscript, lines, shown):
        found.refused.append(Refusal(text.path, lack))
    elif not lines:
        found.refused.append(Refusal(text.path, "tout son texte est retiré : supprimer plutôt le fichier"))
    else:
        try:
            found.changed[text.path] = rewritten(manuscript, lines)
        except NotWritten as error:
            found.refused.append(Refusal(text.path, str(error)))


def _lacking(manuscript: Manuscript, lines: list[Line]) -> str | None:
    locked = [one.level for one in lines if one.kind == LOCKED]
    wanted = [one.level for one in manuscript.lines if one.kind == LOCKED]
    if sorted(locked) == wanted:
        return None
    return "un texte conditionnel manque, ou y est deux fois : il ne se retire que dans son fichier"


def _typed_over(manuscript: Manuscript, lines: list[Line], shown: dict[str, str]) -> str | None:
    """Why a figure that is gone is refused: its number is now part of the words."""
    kept = Counter(span.call for line in lines for span in line.spans if span.call)
    before, now = _said(manuscript.lines), _said(lines)
    for call in (Counter(manuscript.calls) - kept).keys():
        value = " ".join(shown.get(tag_of(call), "").split())
        number = re.compile(rf"(?<!\d){re.escape(value)}(?!\d)")
        if any(letter.isdigit() for letter in value) and number.search(now) and not number.search(before):
            return (
                f"un chiffre retapé : « {value} » est écrit à la main ; annuler, ou copier ce chiffre du document reçu"
            )
    return None


def _said(lines: list[Line]) -> str:
    """The words, with a plain space for each run of spaces of any kind: a figure is printed with narrow ones."""
    return " ".join(" ".join(span.text for line in lines for span in line.spans).replace(BREAK, " ").split())


def _both(manuscript: Manuscript, lines: list[Line]) -> Iterator[str]:
    former, now = readable(manuscript.lines), readable(lines)
    return difflib.unified_diff(former, now, "dans le dossier", "dans le document", lineterm="", n=1)


def _opened(file: Path) -> Any:
    try:
        return Document(io.BytesIO(file.read_bytes()))
    except (KeyError, ValueError, zipfile.BadZipFile, etree.XMLSyntaxError):
        raise NoManuscript(f"{file.name} n’est pas un document Word (.docx)") from None


def _properties(document: Any) -> dict[str, str]:
    """The properties that a user may name."""
    try:
        part = document.part.package.part_related_by(RELATIONSHIP_TYPE.CUSTOM_PROPERTIES)
    except KeyError:
        return {}
    root = etree.fromstring(part.blob, etree.XMLParser(resolve_entities=False))
    return {one.get("name"): "".join(one.itertext()) for one in root.iter(f"{{{PROPERTIES}}}property")}


def _name(element: "_Element") -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


class _Foreign(ValueError):
    """Something that a text cannot express; the message names it."""


class _Reader:
    """Reads the paragraphs of one document, section by section."""

    def __init__(self, document: Any, texts: dict[str, Prose], shown: dict[str, str]):
        self.document, self.texts, self.shown = document, texts, shown
        self.calls = {tag_of(call): call for text in texts.values() for call in text.manuscript.calls}
        self.refused: list[Refusal] = []
        self.spoiled: set[str | None] = set()  # the texts in which something is refused
        self._lists = _list_kinds(document)

    def sections(self) -> dict[str, list[Line]]:
        """The lines of each text that the document holds, by the name of its property."""
        found: dict[str, list[Line]] = {}
        now: str | None = None
        for element in _flat(self.document.element.body):
            text = "".join(one.text or "" for one in element.iter(qn("w:t"))).strip()
            tags = _tags(element)
            if any(tag in self.texts for tag in tags):
                now = next(tag for tag in tags if tag in self.texts)
                if now in found or _beside(element):
                    self._refuse(now, text, "le titre d’un texte y est deux fois, ou du texte y est ajouté")
                found[now] = []
            elif (
                (GUIDE in tags and not _beside(element))
                or _name(element) == "sectPr"
                or (now is None and not text and _name(element) == "p")
            ):
                continue
            elif now is None:
                self._refuse(None, text, "du texte avant le premier titre")
            else:
                self._read(element, text, now, found[now])
        return found

    def _read(self, element: "_Element", text: str, now: str, lines: list[Line]) -> None:
        try:
            if _name(element) != "p":
                raise _Foreign(FOREIGN.get(_name(element), "un élément que les textes n’ont pas"))
            line = self._line(element, lines)
        except _Foreign as error:
            self._refuse(now, text, str(error))
            return
        if line is not None and not (line.kind == LOCKED and lines and lines[-1] == line):
            lines.append(line)

    def _refuse(self, now: str | None, text: str, reason: str) -> None:
        self.spoiled.add(now)
        start = f", « {text[:40]}{'…' if len(text) > 40 else ''} »" if text else ""
        self.refused.append(Refusal(f"{self.texts[now].path if now else 'au début'}{start}", reason))

    def _line(self, paragraph: "_Element", before: list[Line]) -> Line | None:
        """A paragraph; None for an empty one. Raises _Foreign."""
        for tag in _tags(paragraph):
            if tag.startswith(f"{CONDITIONAL} "):
                if _beside(paragraph):
                    raise _Foreign("du texte ajouté à côté d’un texte conditionnel")
                return Line(LOCKED, level=int(tag.rpartition(" ")[2]))
        kind, level = self._kind(paragraph, before)
        _refuse_layout(paragraph)
        spans = normal(self._spans(paragraph, Span()))
        return Line(kind, spans, level) if spans else None

    def _kind(self, paragraph: "_Element", before: list[Line]) -> tuple[str, int]:
        style = self._style(paragraph)
        numbers = self._numbers(paragraph)
        if numbers is not None and style not in HEADINGS and (kind := self._list_kind(numbers)):
            (depth,) = [int(one.get(qn("w:val"))) for one in numbers.findall(qn("w:ilvl"))] or [0]
            deepest = before[-1].level + 1 if before and before[-1].kind in LISTS else 0
            return kind, min(depth, deepest, LEVELS - 1)
        if style in HEADINGS:
            return HEADING, HEADINGS[style]
        if style in QUOTES:
            return QUOTE, 0
        if style in PLAIN:
            return PARAGRAPH, 0
        if style == "Heading 1":
            raise _Foreign("un titre de niveau 1, qui est celui d’un texte : prendre le niveau 2")
        raise _Foreign(f"le style « {IN_FRENCH.get(style, style)} » : prendre « Normal »")

    def _numbers(self, paragraph: "_Element") -> "_Element | None":
        """The list that a paragraph belongs to, by itself or by its style."""
        own = paragraph.find(f"{qn('w:pPr')}/{qn('w:numPr')}")
        if own is not None:
            return own
        style = self.document.styles.get_by_id(paragraph.style, 1)
        return style.element.find(f"{qn('w:pPr')}/{qn('w:numPr')}")

    def _style(self, paragraph: "_Element") -> str:
        return str(self.document.styles.get_by_id(paragraph.style, 1).name)

    def _list_kind(self, numbers: "_Element") -> str | None:
        identity = numbers.find(qn("w:numId"))
        level = numbers.find(qn("w:ilvl"))
        at = "0" if level is None else level.get(qn("w:val"))
        return None if identity is None else self._lists.get((identity.get(qn("w:val")), at))

    def _spans(self, parent: "_Element", like: Span) -> Iterator[Span]:
        for one in parent:
            name = _name(one)
            if name == "r":
                yield from self._run(one, like)
            elif name == "hyperlink":
                yield from self._spans(one, replace(like, link=self._address(one)))
            elif name == "sdt":
                yield self._figure(one, like)
            elif name == "smartTag":
                yield from self._spans(one, like)
            elif name and name not in INVISIBLE:
                raise _Foreign(FOREIGN.get(name, f"un élément que les textes n’ont pas ({name})"))

    def _run(self, element: "_Element", like: Span) -> Iterator[Span]:
        words = list(self._words(element))
        if not words:
            return
        marked = self._marked(element, like)
        yield from (replace(marked, text=one) for one in words)

    def _words(self, element: "_Element") -> Iterator[str]:
        for one in element:
            name = _name(one)
            if name == "t":
                yield one.text or ""
            elif name == "br" and one.get(qn("w:type")) in (None, "textWrapping"):
                yield BREAK
            elif name == "cr":
                yield BREAK
            elif name == "noBreakHyphen":
                yield "\u2011"
            elif name == "br":
                raise _Foreign("un saut de page ou de colonne")
            elif name and name not in INVISIBLE:
                raise _Foreign(FOREIGN.get(name, f"un élément que les textes n’ont pas ({name})"))

    def _marked(self, element: "_Element", like: Span) -> Span:
        """A span with the marks of a run. Raises _Foreign: it has others."""
        about = element.find(qn("w:rPr"))
        if about is None:
            return like
        on = {_name(one) for one in about if (one.get(qn("w:val")) or "on") not in OFF}
        named = about.find(qn("w:rStyle"))
        style = self.document.styles.get_by_id(named.get(qn("w:val")), 2).name if named is not None else ""
        colour = about.find(qn("w:color"))
        if colour is not None and colour.get(qn("w:val")) in (BLUE, GREY):
            on.discard("color")  # ours: words typed beside a figure inherit it
        for name, said in STYLED.items():
            if name in on and like.link is None:
                raise _Foreign(said)
        return replace(like, bold="b" in on or style == "Strong", italic="i" in on or style == "Emphasis")

    def _address(self, link: "_Element") -> str:
        key = link.get(qn("r:id"))
        address = self.document.part.rels[key].target_ref if key else f"#{link.get(qn('w:anchor'))}"
        if not address.startswith(("https://", "#c-")):
            raise _Foreign(f"un lien qui ne mène pas à https://… : {address}")
        return str(address)

    def _figure(self, control: "_Element", like: Span) -> Span:
        """A figure, as it was sent. Raises _Foreign: it was typed over, or comes from another document."""
        (tag,) = _tags(control)[:1] or [""]
        shown = "".join(one.text or "" for one in control.iter(qn("w:t")))
        if tag not in self.calls:
            raise _Foreign(f"un chiffre qui n’est d’aucun de ces textes (« {shown} »)")
        if " ".join(shown.split()) != " ".join(self.shown.get(tag, "").split()):
            raise _Foreign(
                f"un chiffre retapé : « {shown} » au lieu de « {self.shown.get(tag, '')} » ; annuler, ou copier ce chiffre "
                "du document reçu"
            )
        first = next(iter(one for one in control.iter(qn("w:r")) if one.find(qn("w:t")) is not None))
        on = {_name(one) for one in first.iterfind(f"{qn('w:rPr')}/*") if (one.get(qn("w:val")) or "on") not in OFF}
        return replace(like, bold="b" in on, italic="i" in on, call=self.calls[tag])


def _refuse_layout(paragraph: "_Element") -> None:
    """Raise _Foreign for paragraph properties that no text can express: alignment, a page or section break, a tracked
    insertion."""
    for about in paragraph.findall(qn("w:pPr")):
        side = about.find(qn("w:jc"))
        if side is not None and side.get(qn("w:val")) in ASIDE:
            raise _Foreign("un alignement")
        if about.find(qn("w:sectPr")) is not None or about.find(qn("w:pageBreakBefore")) is not None:
            raise _Foreign("un saut de page ou de section")
        if about.find(f"{qn('w:rPr')}/{qn('w:ins')}") is not None:
            raise _Foreign(FOREIGN["ins"])


def _beside(paragraph: "_Element") -> str:
    """The words of a paragraph that are outside any control."""
    inside = {one for control in paragraph.iter(qn("w:sdt")) for one in control.iter(qn("w:t"))}
    return "".join(one.text or "" for one in paragraph.iter(qn("w:t")) if one not in inside).strip()


def _flat(body: "_Element") -> Iterator["_Element"]:
    """The paragraphs of a document and what lies between them, including those inside a block-level control."""
    for one in body:
        if _name(one) == "sdt":
            yield from _flat(one.find(qn("w:sdtContent")))
        elif _name(one) not in ("bookmarkStart", "bookmarkEnd", "proofErr", ""):
            yield one


def _tags(element: "_Element") -> list[str]:
    return [one.get(qn("w:val")) for one in element.iter(qn("w:tag"))]


def _list_kinds(document: Any) -> dict[tuple[str, str], str]:
    """(list, level) → whether its items have bullets or numbers, from the definitions that the program wrote."""
    try:
        numbering = document.part.numbering_part.element
    except (KeyError, NotImplementedError):
        return {}
    kinds: dict[tuple[str, str], str] = {}
    for one in numbering.findall(qn("w:num")):
        definition = one.find(qn("w:abstractNumId")).get(qn("w:val"))
        (levels,) = [
            each.findall(qn("w:lvl"))
            for each in numbering.findall(qn("w:abstractNum"))
            if each.get(qn("w:abstractNumId")) == definition
        ][:1] or [[]]
        for level in levels:
            form = level.find(qn("w:numFmt"))
            said = "decimal" if form is None else form.get(qn("w:val"))
            if said != "none":
                kinds[one.get(qn("w:numId")), level.get(qn("w:ilvl"))] = BULLET if said == "bullet" else NUMBER
    return kinds
