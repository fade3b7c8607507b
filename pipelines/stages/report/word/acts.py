"""The acts that go with a report, as drafts in Word: the délibération that takes note of it, a letter to each member.

They are made from two texts of the catalogue, in Markdown with figures by reference; a home's texts replace the shipped
ones. A quotation is set on the right, for the address and the signature of a letter.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from docx import Document
from lxml import etree

from pipelines import french
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.organisation import COMMUNE, Organisation, Personne
from pipelines.characters import each_text, visible
from pipelines.ledger.chain import Head
from pipelines.stages.report.figures import Figures
from pipelines.stages.report.model import Edition, editor_of
from pipelines.stages.report.prose import Node, render
from pipelines.stages.report.tables import Publication
from pipelines.stages.report.word.document import new_document, put_in, saved
from pipelines.stages.report.word.elements import paragraph, run, w
from pipelines.stages.report.word.prose import Elements, ProseWriter

DELIBERATION, LETTER = "actes/deliberation.md", "actes/courrier.md"  # in ``catalogue/report/texte``
RIGHT = 5000  # where the right half of the page begins, in twentieths of a point
APART = 240  # above and below an address or a signature, whose lines have no space between them


def acts(
    publication: Publication,
    catalogue: Catalogue,
    organisation: Organisation,
    edition: Edition,
    signatory: Personne | None,
    pieces: Sequence[str] = (),
    seal: tuple[str, Head] | None = None,
) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each draft: ``deliberation.docx``, then ``courriers/<collectivité>.docx``.

    ``signatory`` approved the release; ``pieces`` are what goes with a letter, ``seal`` what proves the release
    (``ledger.closing.seal_of``). Raises ProseError naming a text and its line.
    """
    editor = editor_of(publication, catalogue, organisation, Path())
    writer = _Acts(editor.builder.figures, catalogue, organisation, edition)
    names = editor.known | {
        "suivant": publication.exercice + 1,
        "organisation": organisation.nom,
        "version": None if edition.name == "projet" else edition.name,
        "date": french.date(edition.day),
        "signataire": signatory.nom if signatory else "",
        "fonction": french.capitalised(signatory.fonction) if signatory else "",
        "pieces": list(pieces),
        "liste": seal[0] if seal else "",
        "tete": f"{seal[1].entries} {seal[1].hash}" if seal else "",
        "membres": len(organisation.collectivites),
    }
    yield (
        "deliberation.docx",
        writer.written(DELIBERATION, f"Délibération, rapport d’activité {names['exercice']}", names),
    )
    for member in organisation.collectivites:
        of_member = {"collectivite": member.nom, "est_commune": member.type == COMMUNE}
        title = f"Courrier, rapport d’activité {names['exercice']}, {member.nom}"
        yield f"courriers/{french.plain(member.nom)}.docx", writer.written(LETTER, title, names | of_member)


def is_untouched(content: bytes) -> bool:
    """True for a draft that nobody saved since it was written: a word processor writes its body otherwise."""
    try:
        said = Document(io.BytesIO(content)).core_properties.identifier
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            return said == _sha256(parts.read("word/document.xml"))
    except (KeyError, ValueError, zipfile.BadZipFile, etree.XMLSyntaxError):
        return False


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class _Acts(ProseWriter):
    """Writes one act after another."""

    def __init__(self, figures: Figures, catalogue: Catalogue, organisation: Organisation, edition: Edition):
        self.figures, self.catalogue, self.organisation, self.edition = figures, catalogue, organisation, edition

    def written(self, name: str, title: str, names: dict[str, Any]) -> bytes:
        """One act, as the bytes of a .docx file."""
        path: Path | None = self.catalogue.prose(name)
        assert path is not None, f"texte/{name} is shipped, and no home can take it away"
        tree = each_text(_typeset(render(path, f"texte/{name}", self.figures, names, exact=True)), visible)
        self.document = new_document(title, self.organisation.nom, "projet d’acte", self.edition.day)
        put_in(self.document, *self._warnings(), *self.prose(tree))
        self.document.core_properties.identifier = _sha256(self.document.part.blob)
        return saved(self.document)

    def prose(self, nodes: list[Node], style: str | None = None, depth: int = 0) -> Elements:
        """As in the report, but for what is at the right."""
        for node in nodes:
            if node["genre"] != "citation":
                yield from super().prose([node], style, depth)
                continue
            for one in node["enfants"]:
                is_first, is_last = one is node["enfants"][0], one is node["enfants"][-1]
                apart = w("spacing", before=APART * is_first, after=APART * is_last)
                yield paragraph("Normal", *self.inline(one["enfants"]), ind=w("ind", left=RIGHT), spacing=apart)

    def _warnings(self) -> Elements:
        """Warnings that an act must not be sent with."""
        said = ["DÉMONSTRATION : les lignes sont inventées."] * self.organisation.demonstration
        said += ["Projet : l’exercice n’est pas figé, ses chiffres peuvent changer."] * (self.edition.name == "projet")
        for one in said:
            yield paragraph("Quote", run(french.typeset(one), b=True))


def _typeset(nodes: list[Node]) -> list[Node]:
    """The tree, with French spaces in every text; figures are not links here, since there is no annex."""
    made = []
    for node in nodes:
        kept = {**node, "enfants": _typeset(node["enfants"])} if "enfants" in node else dict(node)
        if "texte" in kept:
            kept["texte"] = french.typeset(kept["texte"])
        made += kept["enfants"] if kept.get("cible", "").startswith("#") else [kept]
    return made
