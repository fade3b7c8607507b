"""The acts that go with a report: shipped texts with the figures of the year, a home's own texts, and warnings."""

import dataclasses
import datetime as dt
import io
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from PIL import Image

from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.catalogue.organisation import Collectivite, Exercices, Identite, Organisation, Personne
from pipelines.settings import Home
from pipelines.stages.report.acts import acts, is_untouched
from pipelines.stages.report.model import Edition
from pipelines.stages.report.prose import ProseError
from pipelines.stages.report.tables import read_publication
from tests.stages.report.office import converted
from tests.stages.report.publication import Press

FROZEN = Edition("2040-v1", "ab" * 32, None, dt.date(2041, 6, 24))
VALUES: dict[str, tuple[Any, str, int]] = {
    "finances.principal.fonctionnement.recettes_realisees": ("4986275.97", "EUR", 2),
    "finances.principal.fonctionnement.depenses_realisees": ("3299408.19", "EUR", 2),
    "finances.principal.fonctionnement.resultat": ("-1686.5", "EUR", 2),
    "gouvernance.seances": (1, "séances", 0),
    "gouvernance.deliberations": (23, "délibérations", 0),
    "rh.effectif.total": (None, "agents", 0),
}
MEMBERS = [
    Collectivite(code_insee="94054", siren="219400546", nom="Orly"),
    Collectivite(siren="200058014", nom="Grand-Orly Seine Bièvre", type="établissement public territorial"),
]
SIGNATORY = Personne(nom="C. Présidente", fonction="présidente du comité")


@pytest.fixture
def made(press: Press, tmp_path: Path):
    """The drafts of a year of these figures."""
    rows = [
        (code, 2040, value, unit, places, *_state(value), "Libellé", "d", "f")
        for code, (value, unit, places) in VALUES.items()
    ]
    press.replace("chiffres", [*press.tables["chiffres"][1], *rows])
    tables = press.publish()

    def make(catalogue: Catalogue | None = None, edition: Edition = FROZEN, **said: Any) -> dict[str, bytes]:
        organisation = Organisation(
            nom="Syndicat d’essai",
            sigle="SE",
            siren="123456782",
            exercices=Exercices(premier=2038, dernier=2040),
            personnes=[SIGNATORY],
            **{"collectivites": MEMBERS, **said},
        )
        with read_publication(tables, 2040, "public") as publication:
            about = (catalogue or load_catalogue(), organisation, edition, tmp_path / "contenu")
            return dict(acts(publication, *about, SIGNATORY.nom, ["le rapport"]))

    return make


def _state(value: Any) -> tuple[str, str | None, str]:
    return ("manquant", "m", "manquant") if value is None else ("calculé", None, "complet")


def text_of(content: bytes) -> str:
    return "\n".join(one.text for one in Document(io.BytesIO(content)).paragraphs)


def test_a_draft_that_somebody_saved_is_distinguished_from_an_untouched_one(made, tmp_path: Path):
    draft = made()["courriers/orly.docx"]
    document = Document(io.BytesIO(draft))
    document.add_paragraph("Signé.")
    document.save(tmp_path / "courrier.docx")
    assert is_untouched(draft) and not is_untouched((tmp_path / "courrier.docx").read_bytes())
    assert not is_untouched(b"signed")


def test_the_figures_of_the_year_are_in_place_and_what_is_missing_is_not_spoken_of(made):
    files = made()
    assert list(files) == ["deliberation.docx", "courriers/orly.docx", "courriers/grand-orly-seine-bievre.docx"]
    act = text_of(files["deliberation.docx"])
    assert "4\u202f986\u202f275,97\u00a0€ de recettes réalisées" in act
    assert "pour le comité, une séance et 23 délibérations\u202f;" in act
    assert "déficitaire de 1\u202f686,50\u00a0€" in act and "agents employés" not in act
    assert "version 2040-v1 arrêtée le 24\u00a0juin 2041" in act and "avant le 30 septembre 2041" in act
    assert "Prend acte du rapport d’activité du SE pour l’exercice 2040" in act
    assert "{" not in act and "None" not in act and "#c-" not in act


def test_the_deliberation_takes_note_and_leaves_the_meeting_to_be_filled_in(made):
    document = Document(io.BytesIO(made()["deliberation.docx"]))
    act = "\n".join(one.text for one in document.paragraphs)
    assert "L.\u00a05211-1 et L.\u00a05211-39" in act and "Vu les statuts du SE" in act and "a arrêté le compte" in act
    for asked in ("Membres en exercice", "Quorum", "Présents", "Représentés", "Secrétaire de séance", "Rapporteur"):
        assert re.search(rf"^{asked}.*: \[", act.replace("\u00a0", " "), re.MULTILINE), asked
    assert "convoqué le [date de la convocation]" in act and "tribunal administratif de [ville]" in act
    assert "représentant de l’État" in act and "Publiée le" in act and "voix" not in act and "unanimité" not in act
    blanks = [run.text for one in document.paragraphs for run in one.runs if run.style.name == "Blanc"]
    assert blanks == re.findall(r"\[[^\]]+\]", act) and len(blanks) > 15  # each is shown


def test_a_year_closed_after_the_due_day_does_not_say_that_it_is_sent_before_it(made):
    late = made(edition=dataclasses.replace(FROZEN, day=dt.date(2042, 3, 1)))
    act, letter = text_of(late["deliberation.docx"]), text_of(late["courriers/orly.docx"])
    assert "avant le 30 septembre 2041" not in act and "est adressé sans délai au maire" in act
    assert "L’échéance du 30 septembre 2041 étant dépassée" in letter
    assert "30 septembre" not in text_of(made()["courriers/orly.docx"])


def test_who_signs_the_report_signs_what_goes_with_it(made):
    files = made(identite=Identite(signature=Personne(nom="Anne Le Goff", fonction="présidente du SE")))
    for content in files.values():
        assert "Anne Le Goff" in text_of(content) and SIGNATORY.nom not in text_of(content)


def test_a_letter_is_addressed_to_who_is_declared_with_one_civility_and_speaks_of_its_town(made, press: Press):
    amounts = "montant_eur decimal(18,2), montant_par_habitant_eur decimal(18,2)"
    press.tables["rpt_finances__contributions"] = (
        f"exercice integer, code_collectivite varchar, {amounts}",
        [
            (2040, "94054", Decimal("1234.5"), Decimal("2.5")),
            (2040, "94022", Decimal(9), Decimal(1)),
            (2039, "94054", Decimal("1200"), Decimal("2.4")),
        ],
    )
    press.tables["rpt_gouvernance__comite"] = (
        "exercice integer, rang integer, nom_elu varchar, prenom_elu varchar, code_collectivite varchar, "
        "est_au_31_decembre boolean",
        [
            (2040, 2, "AMIEL", "Zoé", "94054", True),
            (2040, 1, "ZOLA", "Ali", "94054", True),
            (2040, 1, "PARTI", "Luc", "94054", False),
            (2040, 3, "AUTRE", "Eva", "94022", True),
        ],
    )
    press.publish()
    known = {"maire_nom": "Ève Maire", "maire_civilite": "Madame", "adresse": "1, place du Puits"}
    said = text_of(made(collectivites=[MEMBERS[0].model_copy(update=known)])["courriers/orly.docx"])
    assert said.count("Madame la Maire") == 3 and "Monsieur" not in said
    assert "Ève Maire" in said and "1, place du Puits" in said and "[adresse]" not in said
    assert "s’est élevée à 1\u202f234,50\u00a0€, soit 2,50\u00a0€ par habitant" in said
    assert "\u202f; elle était de 1\u202f200,00\u00a0€ en 2039." in said
    assert "au comité étaient Ali ZOLA et Zoé AMIEL." in said


def test_the_logo_is_at_the_head_with_its_description(made, tmp_path: Path):
    images = tmp_path / "contenu" / "images"
    images.mkdir(parents=True)
    Image.new("RGB", (40, 20), "red").save(images / "logo.png")
    files = made(identite=Identite(logo={"fichier": "logo.png", "alternatif": "SE, le logo"}))
    for content in files.values():
        assert "SE, le logo" in Document(io.BytesIO(content)).paragraphs[0]._p.xml


def test_a_mayor_and_another_body_are_not_written_to_alike(made):
    files = made()
    mayor, body = (text_of(files[f"courriers/{name}.docx"]) for name in ("orly", "grand-orly-seine-bievre"))
    assert (
        "[Madame la Maire ou Monsieur le Maire]," in mayor and "séance publique" in mayor and "votre commune" in mayor
    )
    assert "Maire" not in body and "[Madame la Présidente ou Monsieur le Président]," in body
    for letter in (mayor, body):
        assert "L.\u00a05211-39" in letter and "C. Présidente" in letter and "Présidente du comité" in letter
    placed = [one for one in Document(io.BytesIO(files["courriers/orly.docx"])).paragraphs if one.text == "Orly"]
    assert [one.style.name for one in placed] == ["À droite"]


def test_what_may_not_be_sent_says_so(made):
    said = text_of(made()["courriers/orly.docx"])
    assert "Projet" not in said and "DÉMONSTRATION" not in said
    draft = Edition("projet", "ab" * 32, None, dt.date(2041, 6, 24))
    said = text_of(made(edition=draft, demonstration=True)["courriers/orly.docx"])
    assert "Projet\u00a0: l’exercice n’est pas figé" in said and "DÉMONSTRATION" in said and "version" not in said


def test_a_home_has_its_own_words(made, tmp_path: Path):
    text = tmp_path / "home" / "catalogue" / "report" / "texte" / "actes" / "courrier.md"
    text.parent.mkdir(parents=True)
    text.write_text('À {{ collectivite }}, {{ f("gouvernance.seances") }} séance.\n', encoding="utf-8")
    files = made(load_catalogue(Home(tmp_path / "home")))
    assert text_of(files["courriers/orly.docx"]) == "À Orly, 1 séance."
    assert "Prend acte" in text_of(files["deliberation.docx"])
    text.write_text('\n{{ f("gouvernance.seance") }}\n', encoding="utf-8")
    with pytest.raises(ProseError, match=r"texte/actes/courrier\.md:2 aucun chiffre .*gouvernance\.seances"):
        made(load_catalogue(Home(tmp_path / "home")))


def test_a_home_has_its_own_letterhead(made, tmp_path: Path):
    folder = tmp_path / "home" / "catalogue" / "report" / "modeles"
    folder.mkdir(parents=True)
    own = Document()
    own.sections[0].header.paragraphs[0].text = "En-tête de {{ organisation }}"
    for line in ("À {{ collectivite }}", "{%p for un in corps %}", "{{r un.texte }}", "{%p endfor %}"):
        own.add_paragraph(line)
    own.save(folder / "courrier.docx")
    files = made(load_catalogue(Home(tmp_path / "home")))
    letter = Document(io.BytesIO(files["courriers/orly.docx"]))
    assert letter.sections[0].header.paragraphs[0].text == "En-tête de Syndicat d’essai"
    assert letter.paragraphs[0].text == "À Orly" and "L.\u00a05211-39" in text_of(files["courriers/orly.docx"])
    assert "En-tête" not in files["deliberation.docx"].decode("latin-1") and is_untouched(files["courriers/orly.docx"])


@pytest.mark.parametrize("braces", ["{{ inconnu }}", "{{ ''.__class__ }}", "{% if %}"])
def test_what_a_template_may_not_say_is_refused_by_its_name(made, tmp_path: Path, braces: str):
    folder = tmp_path / "home" / "catalogue" / "report" / "modeles"
    folder.mkdir(parents=True)
    own = Document()
    own.add_paragraph(braces)
    own.save(folder / "acte.docx")
    with pytest.raises(ProseError, match=r"modeles/acte\.docx : ce qui est entre accolades .* date, "):
        made(load_catalogue(Home(tmp_path / "home")))
    (folder / "acte.docx").write_bytes(b"PK")
    with pytest.raises(ProseError, match=r"modeles/acte\.docx n’est pas un document \.docx lisible"):
        made(load_catalogue(Home(tmp_path / "home")))


def test_the_same_figures_give_the_same_bytes(made):
    assert made() == made()


@pytest.mark.campaign
def test_an_office_opens_them_on_one_or_two_pages(made, tmp_path: Path):
    from pypdf import PdfReader

    files = made()
    for name in ("deliberation.docx", "courriers/orly.docx"):
        file = tmp_path / Path(name).name
        file.write_bytes(files[name])
        pages = PdfReader(converted(file, tmp_path, "pdf")).pages
        assert len(pages) == (2 if name == "deliberation.docx" else 1) and "5211-39" in pages[0].extract_text()
