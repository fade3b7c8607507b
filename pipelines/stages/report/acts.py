"""The acts that go with a report, as drafts in Word: the délibération that takes note of it, a letter to each member.

Their words are two texts of the catalogue, in Markdown with figures by reference; their look, two templates of
``catalogue/report/modeles``, which docxtpl fills in a sandbox. A home's own replace the shipped ones.
"""

import datetime as dt
import hashlib
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from docx import Document
from docxtpl import RichText
from lxml import etree

from pipelines import french
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.organisation import COMMUNE, Collectivite, Organisation, Personne, UnknownPerson
from pipelines.characters import each_text, visible
from pipelines.ledger.chain import Head
from pipelines.publication import DEMONSTRATION, IMAGES
from pipelines.stages.report.html import ORDINAL
from pipelines.stages.report.identity import identity
from pipelines.stages.report.model import Edition, editor_of
from pipelines.stages.report.prose import Node, render
from pipelines.stages.report.tables import Publication
from pipelines.stages.report.template import filled_docx, saved

TEMPLATES = {"deliberation": "acte.docx", "courrier": "courrier.docx"}  # text → template
DUE = (9, 30)  # of the year after: the report is sent before that day
GREETINGS = {  # of a commune, or of another body
    True: {"Madame": "Madame la Maire", "Monsieur": "Monsieur le Maire"},
    False: {"Madame": "Madame la Présidente", "Monsieur": "Monsieur le Président"},
}
BLANK, BLANK_STYLE = re.compile(r"(\[[^\]]+\])"), "Blanc"  # what is left to fill, and how a template shows it


def acts(
    publication: Publication,
    catalogue: Catalogue,
    organisation: Organisation,
    edition: Edition,
    contenu: Path,
    approved_by: str,
    pieces: Sequence[str] = (),
    seal: tuple[str, Head] | None = None,
) -> Iterator[tuple[str, bytes]]:
    """(name, content) of each draft: ``deliberation.docx``, then ``courriers/<collectivité>.docx``.

    Who signs the report signs them, else who approved the release, ``approved_by``. ``pieces`` are what goes with a
    letter (``enclosures``), ``seal`` what proves the release (``ledger.closing.seal_of``). Raises ProseError naming a
    text and its line.
    """
    editor = replace(editor_of(publication, catalogue, organisation, contenu), exact=True)
    logo = identity(organisation.identite, contenu / IMAGES)["logo"]
    signatory = organisation.identite.signature or _declared(organisation, approved_by)
    due = dt.date(publication.exercice + 1, *DUE)
    known = editor.known | {
        "suivant": publication.exercice + 1,
        "organisation": organisation.nom,
        "siege": organisation.adresse,
        "entier": lambda table, exercice=publication.exercice: editor.builder.receipts.of(table, exercice).is_whole,
        "version": None if edition.name == "projet" else edition.name,
        "date": french.date(edition.day),
        "apres_echeance": edition.day > due,
        "signataire": signatory.nom if signatory else "",
        "fonction": french.capitalised(signatory.fonction) if signatory else "",
        "pieces": pieces or enclosures(publication.exercice),
        "liste": seal[0] if seal else "",
        "tete": f"{seal[1].entries} {seal[1].hash}" if seal else "",
    }

    def written(name: str, title: str, names: dict[str, Any]) -> bytes:
        """One act, as the bytes of a .docx file."""
        path = catalogue.prose(f"actes/{name}.md")
        assert path is not None, f"texte/actes/{name}.md is shipped, and no home can take it away"
        tree = each_text(render(path, f"texte/actes/{name}.md", editor.builder.figures, names, exact=True), visible)
        said = {**names, "alertes": _warnings(organisation, edition), "corps": list(_paragraphs(tree)), "logo": logo}
        return _draft(catalogue.modele(TEMPLATES[name]), said, title, organisation.nom, edition)

    about = f"rapport d’activité {publication.exercice}"
    yield "deliberation.docx", written("deliberation", f"Délibération, {about}", known)
    for member in organisation.collectivites:
        names = known | {
            "collectivite": member.nom,
            "code": member.code,
            "est_commune": member.type == COMMUNE,
            "appel": _greeting(member),
            "destinataire": member.maire_nom,
            "adresse": member.adresse,
        }
        yield (
            f"courriers/{french.plain(member.nom)}.docx",
            written("courrier", f"Courrier, {about}, {member.nom}", names),
        )


def enclosures(exercice: int, *, has_page: bool = True, has_accounts: bool = True) -> list[str]:
    """What goes with a letter."""
    pieces = [f"le rapport d’activité de {exercice}"]
    pieces += ["la page de votre collectivité"] * has_page
    pieces += [f"le compte de l’exercice {exercice}"] * has_accounts
    return pieces


def _declared(organisation: Organisation, name: str) -> Personne | None:
    """The declared person of that name; None when there is none, or no longer."""
    try:
        return organisation.person(name)
    except UnknownPerson:
        return None


def _greeting(member: Collectivite) -> str:
    """« Madame la Maire »; both civilities, to strike out, until one is declared."""
    forms = GREETINGS[member.type == COMMUNE]
    return forms[member.maire_civilite] if member.maire_civilite else f"[{' ou '.join(forms.values())}]"


def _draft(template: Path, names: dict[str, Any], title: str, author: str, edition: Edition) -> bytes:
    document = filled_docx(template, names)
    about, moment = document.core_properties, dt.datetime.combine(edition.day, dt.time())
    about.title, about.author, about.last_modified_by, about.language = title, author, author, "fr-FR"
    about.created = about.modified = moment
    about.identifier = _sha256(document.part.blob)
    return saved(document)


def _warnings(organisation: Organisation, edition: Edition) -> list[str]:
    """Warnings that an act must not be sent with."""
    said = [DEMONSTRATION] * organisation.demonstration
    said += ["Projet : l’exercice n’est pas figé, ses chiffres peuvent changer."] * (edition.name == "projet")
    return [french.typeset(one) for one in said]


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


def _paragraphs(nodes: list[Node], kind: str = "paragraphe") -> Iterator[dict[str, Any]]:
    """What a template lays out, paragraph by paragraph: its kind (paragraphe, titre, liste, numerotee, citation), its words."""
    for node in nodes:
        if node["genre"] in ("liste", "numerotee", "citation"):
            for one in node["enfants"]:
                inside = one["enfants"] if one["genre"] == "element" else [one]
                yield from _paragraphs(inside, node["genre"])
        else:
            words = RichText()
            _add(words, node["enfants"] if node["genre"] in ("paragraphe", "titre", "element") else [node])
            yield {"genre": node["genre"] if node["genre"] == "titre" else kind, "texte": words}


def _add(words: RichText, nodes: list[Node], **marks: bool) -> None:
    """Figures are not links here, since there is no annex."""
    for node in nodes:
        if node["genre"] == "saut":
            words.add("\n")
        elif "enfants" in node:
            more = {"fort": {"bold": True}, "accent": {"italic": True}}.get(node["genre"], {})
            _add(words, node["enfants"], **{**marks, **more})
        else:
            for text in BLANK.split(french.typeset(node["texte"])):
                if BLANK.fullmatch(text):
                    words.add(text, style=BLANK_STYLE, **marks)
                    continue
                at = 0
                for found in ORDINAL.finditer(text):
                    words.add(text[at : found.end(1)], **marks)
                    words.add(found[2], superscript=True, **marks)
                    at = found.end()
                words.add(text[at:], **marks)
