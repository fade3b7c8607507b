"""Sends the texts of a year to their authors as one document, .docx or .odt, and takes back what they changed: all, or nothing.

Pandoc writes and reads the document. A heading whose link is ``texte:<exercice>/<path>?<fingerprint>`` begins a text; a figure
is a link, ``chiffre:CODE?<what it showed>``; what a document cannot say is one too, ``bloc:HASH?<hash of what it showed>``
(``passage``). A figure typed over is told from its address alone, whatever was published since.
"""

import difflib
import hashlib
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from pipelines import french
from pipelines.catalogue.chapters.grammar import Chapitre
from pipelines.catalogue.chapters.texts import codes_asked
from pipelines.publication import IMAGES
from pipelines.stages.report.images import encoded
from pipelines.stages.report.model import Editor
from pipelines.stages.report.pandoc import NotConverted, converted
from pipelines.stages.report.passage import (
    BLOCK,
    CODE,
    FIGURE,
    Node,
    Reader,
    Span,
    address_of,
    blocks_for_pandoc,
    joined,
    paragraph,
    pieces_of,
    spans_in,
    whole_address,
    written,
)
from pipelines.stages.report.prose import ProseError, escaped, fill, markdown
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
CREDIT = re.compile(r"crédits?\s*:?\s*(.+)", re.IGNORECASE | re.DOTALL)
GENERATED = "générée automatiquement"  # what Word writes of a picture that nobody described
NUMBER = re.compile(r"(?<![\w.,/-])\d{1,3}(?:[\s.]\d{3})+(?:,\d+)?(?![\w/-])|(?<![\w.,/-])\d+(?:,\d+)?(?![\w/-])")
DATED = re.compile(rf"\s*(?:{'|'.join(french.MONTHS)})\b")
YEAR = re.compile(r"(?:19|20)\d\d")  # a number of four digits is printed with a space
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


class NoManuscript(ValueError):
    """A file that is not a document of this home's texts."""


# out ------------------------------------------------------------


def texts_document(editor: Editor, texts: list[Prose], kind: str) -> bytes:
    """The document for authors to change. Raises ProseError: a figure of a text cannot be printed."""
    year = editor.builder.figures.exercice
    blocks = blocks_for_pandoc([paragraph([Span(HOW, emph=True)])])
    for text in texts:
        address = f"{TEXT}{year}/{quote(text.path)}?{text.fingerprint[:16]}"
        name = f"{text.title} ({text.path})" if text.title else text.path
        blocks += blocks_for_pandoc([{"t": "Header", "level": 1, "c": [Span(name, link=address)]}])
        pieces, codes, _ = _cut(text)
        shown = {call: _printed(code, f"contenu/{year}/{text.path}", editor) for call, code in codes.items()}

        def say(span: Span, shown: dict[str, str] = shown) -> tuple[str, str]:
            """What a call shows, and its address."""
            assert span.call is not None
            words = shown[span.call]
            return (
                words,
                f"{span.call}?{quote(' '.join(words.split()) if span.call.startswith(FIGURE) else _seal(words))}",
            )

        body = [block for piece in pieces for block in piece.blocks]
        blocks += blocks_for_pandoc(body, say, deeper=1) or [{"t": "Para", "c": [{"t": "LineBreak"}]}]
    title = {"title": {"t": "MetaString", "c": f"Textes de {year}"}, "lang": {"t": "MetaString", "c": "fr-FR"}}
    document = {"pandoc-api-version": [1, 23, 1], "meta": title, "blocks": blocks}
    return converted(json.dumps(document).encode(), "json", kind)


def _cut(text: Prose) -> tuple[list[Any], dict[str, str], str]:
    try:
        return pieces_of(text.source or "")
    except ProseError as error:
        raise ProseError(f"{text.path} : {error}") from None


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


@dataclass(frozen=True)
class Document:
    """A document of texts that came back: (address, title, blocks) of each, and what its author should know."""

    exercice: int
    sections: list[tuple[str, str, list[Node]]]
    told: list[str]
    content: bytes


def opened(file: Path) -> Document:
    """A document of the texts of a year. Raises NoManuscript."""
    kind, content = file.suffix.removeprefix(".").lower(), file.read_bytes()
    told = _refuse_unsafe(file, content)
    try:
        blocks = json.loads(converted(content, kind, "json"))["blocks"]
        told += _comments(json.loads(converted(content, kind, "json", "--track-changes=all"))) if kind == "docx" else []
    except NotConverted:
        raise NoManuscript(f"{file.name} n’est pas un document lisible") from None
    sections = list(_sections(blocks))
    named = [address for address, _, _ in sections if address]
    year = named[0].partition("/")[0] if named else ""
    if not year.isdecimal() or {address.partition("/")[0] for address in named} != {year}:
        raise NoManuscript(f"{file.name} n’est pas un document de `millesime contenu export`")
    return Document(int(year), sections, told, content)


def read_back(document: Document, contenu: Path, values: Callable[[str], Values], *, link: bool = False) -> ReadBack:
    """The texts of ``contenu`` as the document has them; nothing is written.

    ``values`` are the figures of the chapter of a text; with ``link``, a number that one of them prints becomes it. Raises
    NoManuscript, ProseError.
    """
    found = ReadBack(document.exercice, told=[*document.told])
    _Back(found, contenu / str(document.exercice), document.content, values, link).take(document.sections)
    if found.refused:
        found.changed.clear()
        found.images.clear()
    return found


def _refuse_unsafe(file: Path, content: bytes) -> list[str]:
    """What a document holds besides its text, which is left out. Raises NoManuscript: it is no document, or a bomb."""
    wrong = NoManuscript(f"{file.name} n’est pas un document Word (.docx) ou LibreOffice (.odt)")
    if file.suffix.lower().removeprefix(".") not in KINDS:
        raise wrong
    try:
        parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except zipfile.BadZipFile:
        raise wrong from None
    if len(content) > HEAVIEST or len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > UNPACKED:
        raise NoManuscript(
            f"{file.name} est trop lourd pour être lu\u00a0: en retirer les images, ou les enregistrer en plus petit"
        )
    names = [part.filename for part in parts]
    said = []
    if any(name.endswith("vbaProject.bin") or name.startswith("Basic/") for name in names):
        said.append("des macros, qui ne sont pas reprises")
    if any(name.startswith(("word/embeddings/", "Object ")) for name in names):
        said.append("des objets incorporés, qui ne sont pas repris")
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        relations = [opened.read(name).decode("utf-8", "replace") for name in names if name.endswith(".rels")]
    outside = [
        one for text in relations for one in re.findall(r"<Relationship [^>]*>", text) if 'TargetMode="External"' in one
    ]
    if any("/hyperlink" not in one for one in outside):
        said.append("des liens vers d’autres fichiers, qui ne sont pas suivis")
    return [f"le document contient {one}" for one in said]


def _comments(document: Node) -> list[str]:
    """The comments of a document read with all its changes, and how many of these were accepted."""
    said, changes = [], 0

    def walk(part: Any) -> None:
        nonlocal changes
        if isinstance(part, dict) and part.get("t") == "Span":
            (_, classes, about), inside = part["c"]
            if "comment-start" in classes:
                said.append(
                    f"commentaire de {dict(about).get('author', '?')}, laissé de côté\u00a0: « {_words(inside)} »"
                )
                return
            changes += any(one in classes for one in ("insertion", "deletion"))
        for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else []:
            walk(one)

    walk(document["blocks"])
    return [*said, *([f"modifications suivies\u00a0: {changes}, acceptées"] if changes else [])]


def _words(part: Any) -> str:
    """The words of a part of a document."""
    if isinstance(part, dict):
        if part.get("t") in ("Space", "SoftBreak", "LineBreak"):
            return " "
        return part["c"] if part.get("t") == "Str" else _words(list(part.values()))
    return "".join(map(_words, part)) if isinstance(part, list) else ""


def _sections(blocks: list[Node]) -> Iterator[tuple[str, str, list[Node]]]:
    """(address, title, blocks) of each text of a document; the address of what precedes them is empty."""
    address, title, inside = "", "", []
    for block in blocks:
        if found := _title(block):
            yield address, title, inside
            address, title, inside = *found, []
        else:
            inside.append(block)
    yield address, title, inside


def _title(block: Node) -> tuple[str, str] | None:
    content = block["c"][2] if block["t"] == "Header" else block["c"] if block["t"] == "Para" else []
    links = [one["c"][2][0] for one in content if one["t"] == "Link"]
    named = [unquote(link.removeprefix(TEXT)) for link in links if link.startswith(TEXT)]
    return (named[0], " ".join(_words(content).split())) if named else None


class _Back:
    """Takes what one document says of each text."""

    def __init__(self, found: ReadBack, folder: Path, content: bytes, values: Callable[[str], Values], link: bool):
        self.found, self.folder, self.content, self.values, self.is_linking = found, folder, content, values, link
        self.codes: dict[str, str] = {}
        self._credit = ""  # of a picture: the paragraph below it

    def take(self, sections: list[tuple[str, str, list[Node]]]) -> None:
        """Add the outcome of each text."""
        texts = {}
        for address, _, _ in sections[1:]:
            path = address.partition("/")[2].rpartition("?")[0]
            if not path.endswith(".md") or not (self.folder / path).resolve().is_relative_to(self.folder.resolve()):
                raise NoManuscript(f"le document nomme un texte qui n’est pas de contenu/{self.found.exercice}")
            texts[address] = prose_at(self.folder, path)
            self.codes |= _cut(texts[address])[1]
        for _, _, blocks in sections[:1]:
            rest = _squeezed(_words(blocks)).replace(_squeezed(HOW), "").replace(f"Textesde{self.found.exercice}", "")
            if rest:
                self._refuse("au début", "du texte avant le premier titre")
        for at, (address, title, blocks) in enumerate(sections[1:], 1):
            if any(texts[address].path == texts[other].path for other, _, _ in sections[1:at]):
                self._refuse(title, "ce texte est deux fois dans le document")
                continue
            self._text(texts[address], address.rpartition("?")[2], title, blocks)
        there = {text.path for text in texts.values()}
        self.found.absent += [
            path.relative_to(self.folder).as_posix()
            for path in sorted(self.folder.rglob("*.md"))
            if path.relative_to(self.folder).as_posix() not in there
        ]

    def _refuse(self, place: str, reason: str, versions: tuple[str, ...] = ()) -> None:
        self.found.refused.append(Refusal(place, reason, versions))

    def _text(self, text: Prose, fingerprint: str, title: str, blocks: list[Node]) -> None:
        pieces, own, _ = _cut(text)
        before = [block for piece in pieces for block in piece.blocks]
        refused = len(self.found.refused)
        said = self._body(title, blocks)
        if said == before:
            if len(self.found.refused) == refused:
                self.found.unchanged.append(text.path)
            return
        if text.fingerprint[:16] != fingerprint:
            versions = difflib.unified_diff(
                written(before, self.codes).splitlines(),
                written(said, self.codes).splitlines(),
                "dans le dossier",
                "dans le document",
                lineterm="",
                n=1,
            )
            self._refuse(title, "le texte a changé depuis que ce document en a été fait", tuple(versions))
            return
        self._lacking(title, before, said, own)
        if self.is_linking:
            values = self.values(text.path)
            said = _mapped(said, lambda spans: _linked(spans, values))
        if not said:
            self._refuse(
                title,
                "tout son texte est retiré\u00a0: pour le laisser tel qu’il est, retirer aussi ce titre du document ; pour ne "
                "plus l’imprimer, le demander à qui tient le dossier",
            )
        if len(self.found.refused) > refused:
            return
        try:
            new = rewritten(text.source or "", said, self.codes)
        except ProseError as error:
            self._refuse(title, str(error))
            return
        if new == text.source:
            self.found.unchanged.append(text.path)
            return
        self.found.changed[text.path] = new
        self._by_hand(text, title, before, said)

    def _body(self, title: str, blocks: list[Node]) -> list[Node]:
        """The blocks of a text, its faults told with their places."""
        reader = Reader(self._link, self._picture)
        said: list[Node] = []
        self._credit = ""
        for rank, block in enumerate(blocks):
            if self._credit and CREDIT.fullmatch(_words(block).strip()):
                self._credit = ""
                continue  # it was read with the picture above
            credit = CREDIT.fullmatch(_words(blocks[rank + 1]).strip()) if rank + 1 < len(blocks) else None
            self._credit = credit[1].strip() if credit and _is_picture(block) else ""
            reader.faults = self._faults = []
            made = reader.body(
                [{**block, "c": [block["c"][0] - 1, *block["c"][1:]]}] if block["t"] == "Header" else [block]
            )
            if any("{{" in span.text or "{%" in span.text for span in spans_in(made)):
                self._faults.append("des accolades doublées, qui ne s’écrivent que dans le fichier du texte")
            if any(one["t"] == "Header" and one["level"] < 1 for one in made):
                self._faults.append("un titre de niveau 1, qui est celui d’un texte\u00a0: prendre le niveau 2")
            for reason in dict.fromkeys(self._faults):
                self._refuse(f"{title}, paragraphe {rank + 1} (« {_short(_words(block))} »)", reason)
            said += made
        return joined(said)

    def _link(self, address: str, words: str) -> Span:
        """What a link of the document is in a text."""
        call, _, shown = address.partition("?")
        if call.startswith((FIGURE, BLOCK)):
            shown = unquote(shown)
            if call not in self.codes:
                self._faults.append(f"un chiffre ou un passage qui n’est d’aucun de ces textes (« {_short(words)} »)")
            elif call.startswith(FIGURE) and _squeezed(words) != _squeezed(shown):
                self._faults.append(
                    f"un chiffre retapé\u00a0: « {words} » au lieu de « {shown} » ; annuler, ou copier ce chiffre du document reçu"
                )
            elif call.startswith(BLOCK) and _seal(words) != shown:
                self._faults.append(
                    f"un passage calculé, qui ne se change pas ici (« {_short(words)} »)\u00a0: annuler"
                )
            return Span("x", call=call)
        if address.startswith("https://"):
            return Span(words, link=whole_address(address))
        if not address.startswith(("mailto:", "#", "tel:")):  # which programs make by themselves
            self._faults.append(f"un lien qui ne mène pas à https://…\u00a0: {address}")
        return Span(words)

    def _picture(self, image: Node) -> Span:
        """A picture that is alone in its paragraph, kept beside the texts."""
        (_, alternative, (source, _)) = image["c"]
        described = " ".join(_words(alternative).split())
        if not described or GENERATED in described:
            self._faults.append(
                "une image sans texte de remplacement, qui dit ce qu’elle montre à qui ne la voit pas (clic droit sur l’image)"
            )
        if not self._credit:
            self._faults.append("une image sans crédit\u00a0: écrire dessous, seul dans son paragraphe, « Crédit : … »")
        with zipfile.ZipFile(io.BytesIO(self.content)) as parts:
            name = next((name for name in (source, f"word/{source}") if name in parts.namelist()), None)
            content = parts.read(name) if name else b""
        try:
            kind, _, picture = encoded(content, "l’image")
        except ProseError as error:
            self._faults.append(str(error))
            return Span("x")
        file = f"{french.plain(described)[:40]}-{hashlib.sha256(picture).hexdigest()[:6]}.{kind.rpartition('/')[2]}"
        self.found.images[f"{IMAGES}/{file}"] = picture
        credit = self._credit.replace('"', "’")
        code = f'![{escaped(described)}]({IMAGES}/{file} "{credit}")'
        self.codes[address_of(code)] = code
        return Span("x", call=address_of(code))

    def _lacking(self, title: str, before: list[Node], said: list[Node], own: dict[str, str]) -> None:
        """Refuse a text without one of its computed passages, and tell of the figures that it lost."""
        left = Counter(span.call for span in spans_in(before)) - Counter(span.call for span in spans_in(said))
        for call in filter(None, left):
            if call.startswith(FIGURE):
                self.found.told.append(f"{title}\u00a0: le chiffre {call.removeprefix(FIGURE)} n’y est plus")
            elif not own[call].startswith("{{"):
                self._refuse(title, "un passage calculé manque\u00a0: il ne se retire que dans son fichier")

    def _by_hand(self, text: Prose, title: str, before: list[Node], said: list[Node]) -> None:
        """Tell of each number that the author typed, and of the figure that prints it."""
        former, values = set(numbers_in(before)), self.values(text.path)
        for number in dict.fromkeys(one for one in numbers_in(said) if one not in former):
            codes = values.get(_squeezed(number), [])
            known = f" ; c’est la valeur de {french.enumeration(codes)} (--link en fait ce chiffre)" if codes else ""
            self.found.told.append(f"{title}\u00a0: « {number} », chiffre écrit à la main{known}")


def _is_picture(block: Node) -> bool:
    return block["t"] == "Figure" or (
        block["t"] in ("Para", "Plain") and any(one["t"] == "Image" for one in block["c"])
    )


def _short(words: str) -> str:
    said = " ".join(words.split())
    return said if len(said) <= 60 else f"{said[:57]}…"


# numbers ------------------------------------------------------------


def values_of(editor: Editor, chapters: list[Chapitre]) -> Callable[[str], Values]:
    """For a text, by its path: the figures of the domains that its chapter speaks of, by what they print."""
    figures = editor.builder.figures

    def values(path: str) -> Values:
        domains = set()
        for chapter in chapters:
            blocs = [bloc for section in chapter.sections for bloc in section.blocs]
            if any(bloc.genre == "contenu" and bloc.fichier == path for bloc in blocs):
                codes = [one.code for bloc in blocs if bloc.genre == "chiffres" for one in bloc.chiffres]
                texts = [editor.texte(bloc.fichier) for bloc in blocs if bloc.genre == "texte"]
                codes += [code for text in texts if text for code in codes_asked(text.read_text(encoding="utf-8"))]
                domains |= {code.partition(".")[0] for code in codes}
        source = prose_at(editor.contenu, path).source or ""
        domains |= {code.partition(".")[0] for code in codes_asked(source)}
        found: dict[str, list[str]] = {}
        for code, year in figures.rows:
            if year == figures.exercice and code.partition(".")[0] in domains and (said := figures.printed(code)):
                for number in NUMBER.findall(said)[:1]:
                    found.setdefault(_squeezed(number), []).append(code)
        return found

    return values


def numbers_in(blocks: list[Node]) -> Iterator[str]:
    """Each number of a text that is no figure, no year and no date."""
    for span in spans_in(blocks):
        if not span.call:
            yield from (found[0] for found in _numbers(span.text))


def numbers_of(source: str) -> Iterator[str]:
    """The same of the Markdown of a text."""
    words = re.sub(r"\]\([^)]*\)", "]", CODE.sub(" ", source))
    yield from (found[0] for found in _numbers(re.sub(r"^\s*\d+[.)] ", "", words, flags=re.MULTILINE)))


def _numbers(words: str) -> Iterator[re.Match[str]]:
    for found in NUMBER.finditer(words):
        if not YEAR.fullmatch(found[0]) and not DATED.match(words, found.end()):
            yield found


def _linked(spans: list[Span], values: Values) -> list[Span]:
    """Spans in which a number that one figure prints is this figure."""
    made = []
    for span in spans:
        at = 0
        for found in _numbers(span.text) if not span.call else []:
            codes = values.get(_squeezed(found[0]), [])
            if len(codes) == 1:
                made += [
                    replace(span, text=span.text[at : found.start()]),
                    replace(span, text="x", call=f"{FIGURE}{codes[0]}"),
                ]
                at = found.end()
        made.append(replace(span, text=span.text[at:]))
    return [span for span in made if span.text]


def _mapped(blocks: Any, change: Callable[[list[Span]], list[Span]]) -> Any:
    """Blocks whose words are what ``change`` makes of them."""
    if isinstance(blocks, list) and blocks and isinstance(blocks[0], Span):
        return change(blocks)
    if isinstance(blocks, dict):
        return {**blocks, "c": _mapped(blocks["c"], change)}
    return [_mapped(one, change) for one in blocks] if isinstance(blocks, list) else blocks


# the source ------------------------------------------------------------


def rewritten(source: str, said: list[Node], codes: dict[str, str]) -> str:
    """The text that now says so: what did not change keeps its source, byte for byte. Raises ProseError."""
    pieces, _, after = pieces_of(source)
    end = "\r\n" if "\r\n" in source else "\n"
    before = [block for piece in pieces for block in piece.blocks]
    matcher = difflib.SequenceMatcher(None, list(map(repr, before)), list(map(repr, said)), autojunk=False)
    now = {a + k: b + k for a, b, size in matcher.get_matching_blocks() for k in range(size)}
    out: list[str] = []
    at = rank = 0
    is_next = True  # nothing was put since the piece before
    for piece in pieces:
        start = now.get(rank)
        rank += len(piece.blocks)
        if start is None:
            is_next = False
            continue
        if at < start:
            out += [end if out else "", _as_source(said[at:start], codes, end)]
            is_next = False
        out += [piece.before if is_next else end if out else "", piece.source.rstrip("\r\n") + end]
        at, is_next = start + 1, True
    if at < len(said):
        out += [end if out else "", _as_source(said[at:], codes, end)]
    new = "".join(out)
    loose = [piece.before.strip() for piece in pieces if piece.before.strip() and piece.before not in new]  # of links
    for candidate in ("".join([new, *(f"{end}{one}{end}" for one in loose), after]), _as_source(said, codes, end)):
        if [block for piece in pieces_of(candidate)[0] for block in piece.blocks] == said:
            return candidate
    raise ProseError("sa mise en forme ne s’écrit pas dans un texte du rapport")


def _as_source(blocks: list[Node], codes: dict[str, str], end: str) -> str:
    return written(blocks, codes).strip("\n").replace("\n", end) + end
