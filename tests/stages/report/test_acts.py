"""The acts that go with a report: shipped texts with the figures of the year, a home's own texts, and warnings."""

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.catalogue.organisation import Collectivite, Exercices, Organisation, Personne
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
def made(press: Press):
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
            collectivites=MEMBERS,
            **said,
        )
        with read_publication(tables, 2040, "public") as publication:
            return dict(
                acts(publication, catalogue or load_catalogue(), organisation, edition, SIGNATORY, ["le rapport"])
            )

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


def test_a_mayor_and_another_body_are_not_written_to_alike(made):
    files = made()
    mayor, body = (text_of(files[f"courriers/{name}.docx"]) for name in ("orly", "grand-orly-seine-bievre"))
    assert "Madame, Monsieur le Maire," in mayor and "séance publique" in mayor and "votre commune" in mayor
    assert "Maire" not in body and "Madame la Présidente, Monsieur le Président," in body
    for letter in (mayor, body):
        assert "L. 5211-39" in letter and "C. Présidente" in letter and "Présidente du comité" in letter
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
    assert letter.paragraphs[0].text == "À Orly" and "L. 5211-39" in text_of(files["courriers/orly.docx"])
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
def test_an_office_opens_them_on_one_page_each(made, tmp_path: Path):
    from pypdf import PdfReader

    files = made()
    for name in ("deliberation.docx", "courriers/orly.docx"):
        file = tmp_path / Path(name).name
        file.write_bytes(files[name])
        (page,) = PdfReader(converted(file, tmp_path, "pdf")).pages
        assert "L. 5211-39" in page.extract_text()
