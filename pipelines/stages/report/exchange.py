"""Sends the texts of a year to their authors as one document, .docx or .odt, and takes back what they changed: all, or nothing.

Pandoc writes and reads the document. A title whose link is ``texte:<exercice>/<path>?<fingerprint>`` begins a text; a figure
is a link, ``chiffre:CODE?<what it showed>``; what a document cannot say is one too, ``bloc:HASH?<hash of what it showed>``
(``passage``). So a figure typed over is told from the document alone, whatever was published since.
"""

import difflib
import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote, unquote

from pipelines import french
from pipelines.catalogue.chapters.grammar import Chapitre
from pipelines.catalogue.chapters.texts import codes_asked
from pipelines.publication import IMAGES
from pipelines.stages.report.images import encoded
from pipelines.stages.report.model import Editor
from pipelines.stages.report.pandoc import NotConverted, converted, rewritten
from pipelines.stages.report.passage import (
    BLOCK,
    CODE,
    FIGURE,
    NONE,
    Node,
    Reader,
    Span,
    address_of,
    as_document,
    call,
    calls_in,
    is_call,
    joined,
    nodes_in,
    read,
    whole,
    words_of,
    written,
)
from pipelines.stages.report.prose import ProseError, fill, markdown
from pipelines.stages.report.texts import Prose, prose_at

KINDS = ("docx", "odt")
TEXT = "texte:"
HOW = (
    "Ce document porte les textes de l’année. Les mots se changent librement\u00a0: paragraphes, listes, titres, tableaux, gras, "
    "italique et liens reviennent dans le rapport. Un chiffre est un lien\u00a0: il se déplace ou se retire avec sa phrase, et ne se "
    "retape pas. Les titres de niveau 1 sont ceux des textes."
)
NOTHING = "(rien n’est imprimé cette année)"
HEAVIEST, UNPACKED, MOST_PARTS = 50 * 1024**2, 300 * 1024**2, 5000  # of a document: bytes, bytes once unpacked, parts
A4 = {
    "word/document.xml": {b"</w:sectPr>": b'<w:pgSz w:w="11906" w:h="16838" /></w:sectPr>'},
    "styles.xml": {b'"8.5in"': b'"210mm"', b'"11in"': b'"297mm"'},
}
BESIDES = {  # parts of a document → what they hold, which is left out
    "des macros": re.compile(r"vbaProject\.bin$|^Basic/"),
    "des objets incorporés": re.compile(r"^word/embeddings/|^Object "),
}
OUTSIDE = re.compile(r'<Relationship (?![^>]*/hyperlink")[^>]*TargetMode="External"')
CREDIT = re.compile(r"\s*crédits?\s*:\s*(.+)", re.IGNORECASE | re.DOTALL)
GENERATED = "générée automatiquement"  # what Word writes of a picture that nobody described
NUMBER = re.compile(
    rf"(?<![\w.,/-])(?!(?:19|20)\d\d(?!\d))(?:\d{{1,3}}(?:[\s.]\d{{3}})+|\d+)(?:,\d+)?(?![\w/-]|\s(?:{'|'.join(french.MONTHS)})\b)"
)  # but a year (a number of four digits is printed with a space), a date, the number of an article
Values = Mapping[str, list[str]]  # a printed number without its spaces → the figures that print it


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
    images: dict[str, bytes] = field(default_factory=dict)
    unchanged: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)  # their sections were removed: they stay as they are
    refused: list[Refusal] = field(default_factory=list)
    told: list[str] = field(default_factory=list)  # what the author should know: comments, changes that were accepted


@dataclass(frozen=True)
class Document:
    """A document of texts that came back: (address, title, blocks) of each, and what its author should know."""

    exercice: int
    sections: list[tuple[str, str, list[Node]]]
    told: list[str]
    content: bytes


class NoManuscript(ValueError):
    """A file that is not a document of this home's texts."""


# out ------------------------------------------------------------


def texts_document(editor: Editor, texts: list[Prose], kind: str) -> bytes:
    """The document for authors to change. Raises ProseError: a figure of a text cannot be printed."""
    year = editor.builder.figures.exercice
    blocks = [{"t": "Para", "c": [{"t": "Emph", "c": [{"t": "Str", "c": HOW}]}]}]
    for text in texts:
        name = f"{text.title} ({text.path})" if text.title else text.path
        address = f"{TEXT}{year}/{quote(text.path)}?{text.fingerprint[:16]}"
        title = {"t": "Link", "c": [NONE, [{"t": "Str", "c": name}], [address, ""]]}
        blocks.append({"t": "Header", "c": [1, NONE, [title]]})
        said, codes = _read(text)
        for one in nodes_in(said):
            if one["t"] == "Header":
                one["c"][0] += 1
            elif one["t"] == "Link" and is_call(one["c"][2][0]):
                words = _printed(codes[one["c"][2][0]], f"contenu/{year}/{text.path}", editor)
                _show(one, words)
        blocks += said or [{"t": "Para", "c": [{"t": "LineBreak"}]}]
    made = converted(as_document(blocks, title=f"Textes de {year}", lang="fr-FR"), "json", kind)
    return rewritten(made, _on_a4)


def _on_a4(name: str, part: bytes) -> bytes:
    """A part of Pandoc's own template, whose page is American."""
    for american, ours in A4.get(name, {}).items():
        part = part.replace(american, ours)
    return part


def _read(text: Prose) -> tuple[list[Node], dict[str, str]]:
    try:
        return read(text.source or "")
    except ProseError as error:
        raise ProseError(f"{text.path} : {error}") from None


def _show(link: Node, words: str) -> None:
    """Put in a call what it shows, and in its address how to know that nobody typed over it."""
    address = link["c"][2][0]
    shown = " ".join(words.split()) if address.startswith(FIGURE) else _seal(words)
    lines = [[{"t": "LineBreak"}, {"t": "Str", "c": line}] for line in words.split("\n")]
    link["c"][1:] = [[one for line in lines for one in line][1:], [f"{address}?{quote(shown)}", ""]]


def _printed(code: str, name: str, editor: Editor) -> str:
    """The words of code in braces, or of a block, as they are printed."""
    filled = fill(code, name, editor.builder.figures, editor.known)
    said = [one.children or [] for one in markdown().parse(filled) if one.type == "inline"]
    lines = [
        "".join(" " if word.type in ("softbreak", "hardbreak") else word.content for word in line) for line in said
    ]
    return french.typeset("\n".join(line.strip() for line in lines if line.strip())) or NOTHING


def _seal(words: str) -> str:
    return hashlib.sha256(_squeezed(words).encode()).hexdigest()[:8]


def _squeezed(words: str) -> str:
    """Words without their spaces, which programs change."""
    return re.sub(r"\s", "", words)


# back ------------------------------------------------------------


def opened(file: Path) -> Document:
    """A document of the texts of a year. Raises NoManuscript."""
    kind, content = file.suffix.removeprefix(".").lower(), file.read_bytes()
    told = _besides(file, kind, content)
    try:
        blocks = json.loads(converted(content, kind, "json"))["blocks"]
        if kind == "docx":
            told += _reviewed(json.loads(converted(content, kind, "json", "--track-changes=all"))["blocks"])
        sections = _sections(blocks)
    except (NotConverted, RecursionError):
        raise NoManuscript(f"{file.name} n’est pas un document lisible") from None
    years = {address.partition("/")[0] for address, _, _ in sections[1:]}
    if len(years) != 1 or not min(years).isdecimal():
        raise NoManuscript(f"{file.name} n’est pas un document de `millesime contenu export`")
    return Document(int(min(years)), sections, told, content)


def _sections(blocks: list[Node]) -> list[tuple[str, str, list[Node]]]:
    """(address, title, blocks) of each text, after what precedes them; what was typed beside a title is below it."""
    sections: list[tuple[str, str, list[Node]]] = [("", "", [])]
    for block in blocks:
        if address := _title(block):
            inlines = block["c"][2] if block["t"] == "Header" else block["c"]
            beside = [one for one in inlines if not _title(one)]
            body = [{"t": "Para", "c": beside}] if words_of(beside).strip() else []
            sections.append((unquote(address.removeprefix(TEXT)), " ".join(words_of(block).split()), body))
        else:
            sections[-1][2].append(block)
    return sections


def _title(part: Node) -> str | None:
    """The address of the text that a heading begins."""
    links = [one["c"][2][0] for one in nodes_in(part) if one["t"] == "Link"] if part["t"] != "Table" else []
    return next((link for link in links if link.startswith(TEXT)), None)


def _besides(file: Path, kind: str, content: bytes) -> list[str]:
    """What a document holds besides its text, which is left out. Raises NoManuscript: it is no document, or a bomb."""
    if kind not in KINDS or not zipfile.is_zipfile(io.BytesIO(content)):
        raise NoManuscript(f"{file.name} n’est pas un document Word (.docx) ou LibreOffice (.odt)")
    with zipfile.ZipFile(io.BytesIO(content)) as document:
        parts = document.infolist()
        if len(content) > HEAVIEST or len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > UNPACKED:
            raise NoManuscript(f"{file.name} est trop lourd pour être lu\u00a0: en retirer des images, ou les réduire")
        said = [what for what, named in BESIDES.items() if any(named.search(part.filename) for part in parts)]
        relations = [
            document.read(part).decode("utf-8", "replace") for part in parts if part.filename.endswith(".rels")
        ]
        if "content.xml" in document.namelist() and b"<office:annotation" in document.read("content.xml"):
            said.append("des commentaires, que Pandoc ne lit pas dans un .odt")
    said += ["des liens vers d’autres fichiers"] if any(map(OUTSIDE.search, relations)) else []
    return [f"le document contient {one}, ce qui est laissé de côté" for one in said]


def _reviewed(blocks: list[Node]) -> list[str]:
    """The comments of a document read with all its changes, and how many of these were accepted."""
    spans = [one["c"] for one in nodes_in(blocks) if one["t"] == "Span"]
    changes = sum(bool({"insertion", "deletion"} & {*classes}) for (_, classes, _), _ in spans)
    said = [
        f"commentaire de {dict(about).get('author', '?')}, laissé de côté\u00a0: « {words_of(inside)} »"
        for (_, classes, about), inside in spans
        if "comment-start" in classes
    ]
    return [*said, *([f"modifications suivies\u00a0: {changes}, acceptées"] if changes else [])]


def read_back(document: Document, contenu: Path, values: Callable[[str], Values], *, link: bool = False) -> ReadBack:
    """The texts of ``contenu`` as the document has them; nothing is written.

    ``values`` are the figures of the chapter of a text; with ``link``, a number that one of them prints becomes it. Raises
    NoManuscript, ProseError.
    """
    back = _Back(document, contenu / str(document.exercice), values, link)
    back.take()
    if back.found.refused:
        back.found.changed.clear()
        back.found.images.clear()
    return back.found


class _Back:
    """Takes what one document says of each text."""

    def __init__(self, document: Document, folder: Path, values: Callable[[str], Values], is_linking: bool):
        self.document, self.folder, self.values, self.is_linking = document, folder, values, is_linking
        self.found = ReadBack(document.exercice, told=[*document.told])
        self.codes: dict[str, str] = {}  # of every text: a passage may move from one to another
        self.faults: list[str] = []  # of the paragraph that is read
        self.credit = ""  # of its picture

    def take(self) -> None:
        """Add the outcome of each text."""
        (_, _, first), *sections = self.document.sections
        texts = [self._text_at(address) for address, _, _ in sections]
        before = [_read(text) for text in texts]
        for _, codes in before:
            self.codes |= codes
        if _squeezed(words_of(first)).replace(_squeezed(HOW), "").replace(f"Textesde{self.found.exercice}", ""):
            self._refuse("au début", "du texte avant le premier titre")
        for text, (blocks, codes), (address, title, said) in zip(texts, before, sections, strict=True):
            if texts.count(text) > 1:
                self._refuse(title, "ce texte est deux fois dans le document")
            else:
                self._take(text, address.rpartition("?")[2], title, blocks, codes, said)
        there = sorted(path.relative_to(self.folder).as_posix() for path in self.folder.rglob("*.md"))
        self.found.absent += [path for path in there if path not in {text.path for text in texts}]

    def _text_at(self, address: str) -> Prose:
        path = address.partition("/")[2].rpartition("?")[0]
        if not path.endswith(".md") or not (self.folder / path).resolve().is_relative_to(self.folder.resolve()):
            raise NoManuscript(f"le document nomme un texte qui n’est pas de contenu/{self.found.exercice}")
        return prose_at(self.folder, path)

    def _refuse(self, place: str, reason: str, versions: tuple[str, ...] = ()) -> None:
        self.found.refused.append(Refusal(place, reason, versions))

    def _take(
        self, text: Prose, fingerprint: str, title: str, before: list[Node], codes: dict[str, str], blocks: list[Node]
    ) -> None:
        refused, values = len(self.found.refused), self.values(text.path)
        said = self._body(title, blocks, values)
        if said == before:
            self.found.unchanged.append(text.path)
            return
        if text.fingerprint[:16] != fingerprint:
            both = [written(one, self.codes).splitlines() for one in (before, said)]
            versions = difflib.unified_diff(*both, "dans le dossier", "dans le document", lineterm="", n=1)
            self._refuse(title, "le texte a changé depuis que ce document en a été fait", tuple(versions))
            return
        self._lacking(title, Counter(calls_in(before)) - Counter(calls_in(said)), codes)
        if not said:
            how = "pour le laisser tel qu’il est, retirer aussi ce titre du document"
            self._refuse(
                title,
                f"tout son texte est retiré\u00a0: {how} ; pour ne plus l’imprimer, le demander à qui tient le dossier",
            )
        if len(self.found.refused) > refused:
            return
        new = written(said, self.codes)
        if read(new)[0] != said:
            self._refuse(title, "sa mise en forme ne s’écrit pas dans un texte du rapport")
            return
        self.found.changed[text.path] = new.replace("\n", "\r\n") if "\r\n" in (text.source or "") else new
        for number in dict.fromkeys(numbers_of(new)):
            if number not in numbers_of(text.source or ""):
                known = values.get(_squeezed(number), [])
                which = (
                    f" ; c’est la valeur de {french.enumeration(known)} (--link en fait ce chiffre)" if known else ""
                )
                self.found.told.append(f"{title}\u00a0: « {number} », chiffre écrit à la main{which}")

    def _lacking(self, title: str, lost: Counter[str], codes: dict[str, str]) -> None:
        """Refuse a text without one of its computed passages, and tell of the figures that it lost."""
        for name in lost:
            if name.startswith(FIGURE):
                self.found.told.append(f"{title}\u00a0: le chiffre {name.removeprefix(FIGURE)} n’y est plus")
            elif not codes[name].startswith("{{"):
                self._refuse(title, "un passage calculé manque\u00a0: il ne se retire que dans son fichier")

    def _body(self, title: str, blocks: list[Node], values: Values) -> list[Node]:
        """The blocks of a text, its faults told with their places."""
        reader = Reader(self._link, self._picture, lambda spans: self._numbered(spans, values))
        said: list[Node] = []
        self.credit = ""
        for rank, block in enumerate(blocks, 1):
            is_credit = self.credit and CREDIT.fullmatch(words_of(block))
            below = CREDIT.fullmatch(words_of(blocks[rank : rank + 1]))
            self.credit = below[1].strip() if below and any(one["t"] == "Image" for one in nodes_in(block)) else ""
            if is_credit:  # it was read with the picture above
                continue
            reader.faults = self.faults = []
            made = reader.body([block])
            for one in made:
                if one["t"] == "Header":
                    one["c"][0] -= 1
                    self.faults += ["un titre de niveau 1, qui est celui d’un texte\u00a0: prendre le niveau 2"] * (
                        not one["c"][0]
                    )
            if re.search(r"\{[{%#]", words_of(made)):
                self.faults.append("des accolades doublées, qui ne s’écrivent que dans le fichier du texte")
            for reason in dict.fromkeys(self.faults):
                self._refuse(f"{title}, paragraphe {rank} (« {_short(words_of(block))} »)", reason)
            said += made
        return joined(said)

    def _numbered(self, spans: list[Span], values: Values) -> list[Span]:
        """Words, the numbers that print a figure being it if that was asked; a digit typed beside a figure would change it."""
        for one, other in pairwise(spans):
            if (
                (one.text + other.text).strip("x").isdigit()
                and FIGURE in f"{one.link} {other.link}"
                and one.link != other.link
            ):
                self.faults.append("un nombre collé à un chiffre\u00a0: mettre une espace, ou l’enlever")
        return _linked(spans, values) if self.is_linking else spans

    def _link(self, address: str, words: str) -> Span:
        """What a link of the document is in a text."""
        name, _, shown = address.partition("?")
        if is_call(name):
            shown = unquote(shown)
            if name not in self.codes:
                self.faults.append(f"un chiffre ou un passage qui n’est d’aucun de ces textes (« {_short(words)} »)")
            elif name.startswith(BLOCK) and _seal(words) != shown:
                self.faults.append(f"un passage calculé, qui ne se change pas ici (« {_short(words)} »)\u00a0: annuler")
            elif name.startswith(FIGURE) and _squeezed(words) != _squeezed(shown):
                instead = f"« {words} » au lieu de « {shown} »"
                self.faults.append(
                    f"un chiffre retapé\u00a0: {instead} ; annuler, ou copier ce chiffre du document reçu"
                )
            return call(name)
        if address.startswith("https://"):
            return Span(words, link=whole(address))
        if not address.startswith(("mailto:", "tel:", "#")):  # which programs make by themselves
            self.faults.append(f"un lien qui ne mène pas à https://…\u00a0: {address}")
        return Span(words)

    def _picture(self, image: Node) -> Span:
        """A picture that is alone in its paragraph, kept beside the texts."""
        _, alternative, (source, _) = image["c"]
        described = " ".join(words_of(alternative).split())
        if not described or GENERATED in described:
            how = "dire ce qu’elle montre à qui ne la voit pas (clic droit sur l’image)"
            if source.startswith("Pictures/"):
                how = "Pandoc ne lit pas celui d’un .odt ; enregistrer le document en .docx"
            self.faults.append(f"une image sans texte de remplacement\u00a0: {how}")
        if not self.credit:
            self.faults.append("une image sans crédit\u00a0: écrire dessous, seul dans son paragraphe, « Crédit : … »")
        with zipfile.ZipFile(io.BytesIO(self.document.content)) as parts:
            names = [name for name in (source, f"word/{source}") if name in parts.namelist()]
            content = parts.read(names[0]) if names else b""
        try:
            kind, _, picture = encoded(content, "l’image")
        except ProseError as error:
            self.faults.append(str(error))
            return Span("x")
        file = f"{french.plain(described)[:40]}-{hashlib.sha256(picture).hexdigest()[:6]}.{kind.rpartition('/')[2]}"
        self.found.images[f"{IMAGES}/{file}"] = picture
        kept = {"t": "Image", "c": [NONE, [{"t": "Str", "c": described}], [f"{IMAGES}/{file}", self.credit]]}
        code = written([{"t": "Para", "c": [kept]}], {}).strip()
        self.codes[address_of(code)] = code
        return call(address_of(code))


def _short(words: str) -> str:
    said = " ".join(words.split())
    return said if len(said) <= 60 else f"{said[:57]}…"


# numbers ------------------------------------------------------------


def values_of(editor: Editor, chapters: list[Chapitre]) -> Callable[[str], Values]:
    """For a text, by its path: the figures of the domains that its chapter speaks of, by what they print."""
    figures = editor.builder.figures

    def values(path: str) -> Values:
        codes = codes_asked(prose_at(editor.contenu, path).source or "")
        for chapter in chapters:
            blocs = [bloc for section in chapter.sections for bloc in section.blocs]
            if any(bloc.genre == "contenu" and bloc.fichier == path for bloc in blocs):
                codes += [one.code for bloc in blocs if bloc.genre == "chiffres" for one in bloc.chiffres]
                texts = [editor.texte(bloc.fichier) for bloc in blocs if bloc.genre == "texte"]
                codes += [code for text in texts if text for code in codes_asked(text.read_text(encoding="utf-8"))]
        domains = {code.partition(".")[0] for code in codes}
        found: dict[str, list[str]] = {}
        for code, year in figures.rows:
            if year == figures.exercice and code.partition(".")[0] in domains and (said := figures.printed(code)):
                for number in NUMBER.findall(said)[:1]:
                    found.setdefault(_squeezed(number), []).append(code)
        return found

    return values


def numbers_of(source: str) -> list[str]:
    """Each number of the Markdown of a text that is no figure, no year and no date."""
    words = re.sub(r"\]\([^)]*\)", "]", CODE.sub(" ", source))
    return NUMBER.findall(re.sub(r"^[\s>]*\d+[.)] ", "", words, flags=re.MULTILINE))


def _linked(spans: list[Span], values: Values) -> list[Span]:
    """Words in which a number that one figure prints is this figure."""
    words, made, at = "".join(span.text for span in spans), [], 0
    for found in NUMBER.finditer(words):
        codes = values.get(_squeezed(found[0]), [])
        if len(codes) == 1 and not any(span.link for span in spans[found.start() : found.end()]):
            made += [*spans[at : found.start()], replace(spans[found.start()], text="x", link=f"{FIGURE}{codes[0]}")]
            at = found.end()
    return [*made, *spans[at:]]
