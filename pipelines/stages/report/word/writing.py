"""Writes the prose of a year as one Word document: a section per text, its figures locked, its fingerprints in the properties."""

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from lxml import etree

from pipelines import french
from pipelines.catalogue.chapters.grammar import Chapitre
from pipelines.stages.report.manuscript import (
    BREAK,
    BULLET,
    HEADING,
    LISTS,
    LOCKED,
    QUOTE,
    Line,
    Manuscript,
    Span,
    read,
)
from pipelines.stages.report.model import FIGURES, Editor
from pipelines.stages.report.prose import ProseError, fill, markdown
from pipelines.stages.report.word.document import BLUE, BULLETS, GREY, new_document, new_numbers, put_in, saved
from pipelines.stages.report.word.elements import outer_link, paragraph, run, w

if TYPE_CHECKING:
    from lxml.etree import _Element

LONGEST_TAG = 64  # characters, in Word
CONDITIONAL, FIGURE, TITLE, GUIDE = "texte conditionnel", "chiffre", "texte", "consigne"
TEXT, SHOWN, YEAR = "texte", "chiffre", "exercice"  # what a property of the document is about
ABSENT = "absent"  # instead of the fingerprint of a text that nobody wrote yet
PROPERTIES = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
VALUES = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
FORMAT = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"  # of every property that a user may name
STYLES = {QUOTE: "Quote", LOCKED: "Verrou"}
HOW = (
    "Ce document porte les textes de l’année. Les mots se changent librement\u00a0: paragraphes, listes, titres, gras, italique et "
    "liens reviennent dans le rapport. Un chiffre est verrouillé\u00a0: il se déplace ou se retire, et ne se retape pas. Un texte "
    "conditionnel est montré tel qu’il est imprimé, et ne se change pas ici. Les titres de niveau 1 sont ceux des textes."
)


@dataclass(frozen=True)
class Prose:
    """A text of a year: its path under ``contenu/<exercice>``, its name for readers, its source (None before it is written)."""

    path: str
    title: str
    source: str | None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the file."""
        return ABSENT if self.source is None else hashlib.sha256(self.source.encode()).hexdigest()

    @property
    def manuscript(self) -> Manuscript:
        """The text, cut."""
        try:
            return read(self.source or "")
        except ProseError as error:
            raise ProseError(f"{self.path} : {error}") from None


def texts_of(folder: Path, declared: dict[str, str], titles: dict[str, str]) -> list[Prose]:
    """The texts of ``contenu/<exercice>``: those that a chapter prints, written or not, in its order, then the others.

    ``declared`` are the former with their titles, ``titles`` those of others that are only printed where they are written.
    """
    there = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.md")) if folder.is_dir() else []
    names = dict.fromkeys([*declared, *there])
    return [prose_at(folder, name, declared.get(name) or titles.get(name, "")) for name in names]


def prose_at(folder: Path, name: str, title: str = "") -> Prose:
    """One text of ``contenu/<exercice>``, its line ends as they are."""
    path = folder / name
    return Prose(name, title, path.read_bytes().decode("utf-8") if path.is_file() else None)


def declared_texts(editor: Editor, chapters: list[Chapitre]) -> dict[str, str]:
    """The texts of the year that the chapters print and can name, each with its title: their own, then the explanations of alarms."""
    found = {}
    for chapter in chapters:
        for section in chapter.sections:
            titles = [one for one in (chapter.titre, section.titre) if one and not section.pour_chaque]
            for bloc in section.blocs:
                if bloc.genre == "contenu" and "{" not in bloc.fichier:
                    found.setdefault(bloc.fichier, " – ".join(titles).format(**editor.names))
    printed = {table for chapter in chapters for table in chapter.tables}
    for name, alert in editor.alerts.items():
        for row in editor.builder.publication.alarming(alert) if alert.table in printed else []:
            found.setdefault(
                alert.note(name, row).relative_to(str(editor.builder.figures.exercice)).as_posix(), alert.said(row)
            )
    return found


def comments_of(editor: Editor, chapters: list[Chapitre]) -> dict[str, str]:
    """The texts that may comment a chart or a row of a matrix, each with the title that it is printed below."""
    found = {}
    for chapter in chapters:
        for bloc in (bloc for section in chapter.sections if not section.pour_chaque for bloc in section.blocs):
            if bloc.genre == "graphique":
                found[f"{FIGURES}/{bloc.id}.md"] = bloc.titre.format(**editor.names)
            elif bloc.genre == "matrice" and bloc.commentaires and (editor.contenu / bloc.commentaires).parent.is_dir():
                for row in editor.builder.publication.rows(bloc.table, {}, [bloc.code]):
                    found[bloc.commentaires.format(**editor.names, code=row[bloc.code])] = str(row[bloc.lignes.nom])
    return found


def tag_of(call: str) -> str:
    """The tag of a figure: its whole call; when that is too long for Word, its beginning and its hash."""
    if len(call) <= LONGEST_TAG:
        return call
    return f"{call[: LONGEST_TAG - 9]}…{hashlib.sha256(call.encode()).hexdigest()[:8]}"


def prose_docx(editor: Editor, texts: list[Prose]) -> bytes:
    """The document for authors to change. Raises ProseError: a figure of a text cannot be printed."""
    return saved(_Document(editor, texts).written())


class _Document:
    """Writes one document."""

    def __init__(self, editor: Editor, texts: list[Prose]):
        self.editor, self.texts = editor, texts
        self.year = editor.builder.figures.exercice
        self.properties = {YEAR: str(self.year)}
        self.document = new_document(
            f"Textes de {self.year}", editor.organisation.nom, "Textes du rapport d’activité", _day(self.year)
        )

    def written(self) -> Any:
        """The document."""
        put_in(self.document, paragraph("Verrou", _locked([run(HOW)], GUIDE, GUIDE)))
        for number, text in enumerate(self.texts, 1):
            self.properties[f"{TEXT} {number}"] = f"{text.fingerprint} {text.path}"
            put_in(self.document, *self._text(number, text))
        _put_properties(self.document, self.properties)
        return self.document

    def _text(self, number: int, text: Prose) -> Iterator["_Element"]:
        named = [run(text.title or text.path), *([run(f" ({text.path})", color=GREY, sz=20)] if text.title else [])]
        yield paragraph("Heading1", _locked(named, TITLE, f"{TEXT} {number}"))
        manuscript = text.manuscript
        numbered: list[int] = []  # the list that each level counts in
        for line in manuscript.lines:
            if line.kind == LOCKED:
                yield from self._conditional(manuscript.locked(line.level), line.level, text)
            elif line.kind in LISTS:
                yield self._item(line, numbered, text)
                continue
            else:
                style = f"Heading{line.level + 1}" if line.kind == HEADING else STYLES.get(line.kind, "Normal")
                yield paragraph(style, *self._inline(line, text))
            numbered.clear()
        if not manuscript.lines:
            yield paragraph("Normal")

    def _item(self, line: Line, numbered: list[int], text: Prose) -> "_Element":
        del numbered[line.level + 1 :]
        while len(numbered) <= line.level:
            numbered.append(0)
        if line.kind == BULLET:
            numbered[line.level], identity, style = 0, BULLETS, "ListBullet"
        else:
            numbered[line.level] = identity = numbered[line.level] or new_numbers(self.document)
            style = "ListNumber"
        level = w("numPr", w("ilvl", val=line.level), w("numId", val=identity))
        return paragraph(style, *self._inline(line, text), numPr=level)

    def _inline(self, line: Line, text: Prose) -> list["_Element"]:
        made = []
        for span in line.spans:
            said = [self._figure(span, text)] if span.call else _words(span)
            made += [outer_link(self.document, span.link, *said)] if span.link else said
        return made

    def _figure(self, span: Span, text: Prose) -> "_Element":
        assert span.call is not None
        shown = " ".join(self._rendered(f"{{{{ {span.call} }}}}", text)) or "–"
        tag = tag_of(span.call)
        self.properties[f"{SHOWN} {tag}"] = shown
        return _locked([run(shown, b=span.bold, i=span.italic, color=BLUE)], FIGURE, tag)

    def _conditional(self, source: str, number: int, text: Prose) -> Iterator["_Element"]:
        """The printed form of a locked text, paragraph by paragraph."""
        said = self._rendered(source, text) or ["(rien n’est imprimé cette année)"]
        for one in said:
            yield paragraph("Verrou", _locked([run(one, color=GREY)], CONDITIONAL, f"{CONDITIONAL} {number}"))

    def _rendered(self, source: str, text: Prose) -> list[str]:
        """The words of a source, its figures in place, block by block."""
        name = f"contenu/{self.year}/{text.path}"
        filled = fill(source, name, self.editor.builder.figures, self.editor.known)
        return [french.typeset(_plain(one.children)) for one in markdown().parse(filled) if one.type == "inline"]


def _day(year: int) -> Any:
    return dt.date(year, 12, 31)


def _plain(children: Any) -> str:
    return "".join(" " if one.type in ("softbreak", "hardbreak") else one.content for one in children).strip()


def _words(span: Span) -> list["_Element"]:
    """Words in one style, including their line ends."""
    made: list[_Element] = []
    style = "Hyperlink" if span.link else None
    for at, part in enumerate(span.text.split(BREAK)):
        made += [w("r", w("br"))] if at else []
        made += [run(part, rStyle=style, b=span.bold, i=span.italic)] if part else []
    return made


def _locked(content: list["_Element"], title: str, tag: str) -> "_Element":
    """A content control that can be moved whole but not typed over."""
    lock = "contentLocked" if title == FIGURE else "sdtContentLocked"
    return w(
        "sdt", w("sdtPr", w("alias", val=title), w("tag", val=tag), w("lock", val=lock)), w("sdtContent", *content)
    )


def _put_properties(document: Any, said: dict[str, str]) -> None:
    """Properties of the document that its users can see, and that every program keeps."""
    root = etree.Element(f"{{{PROPERTIES}}}Properties", nsmap={None: PROPERTIES, "vt": VALUES})
    for number, (name, value) in enumerate(said.items(), 2):
        one = etree.SubElement(root, f"{{{PROPERTIES}}}property", fmtid=FORMAT, pid=str(number), name=name)
        etree.SubElement(one, f"{{{VALUES}}}lpwstr").text = value
    package = document.part.package
    blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    part = Part(PackURI("/docProps/custom.xml"), CONTENT_TYPE.OFC_CUSTOM_PROPERTIES, blob, package)
    package.relate_to(part, RELATIONSHIP_TYPE.CUSTOM_PROPERTIES)
