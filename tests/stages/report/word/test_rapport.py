"""The report as a Word document: styled, captioned, described, in French, and the same at each run."""

import datetime as dt
import io
import json
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn
from PIL import Image as Picture

from pipelines.catalogue.organisation import Organisation
from pipelines.characters import each_text, visible
from pipelines.stages.report.identity import identity, presented
from pipelines.stages.report.model import Model, charts_of
from pipelines.stages.report.word.rapport import report_docx
from tests.stages.report.publication import HOSTILE, Press
from tests.stages.report.word.office import converted

PROSE = """Le 1er bilan de **l’__année__** compte {{ f("a.total") }} agents, *deux ans* après.

1. un
2. deux
   - dedans

> À noter. [Le site](https://exemple.fr/a?b=1&c=2)

1. de nouveau un
"""


TABLE = """      - genre: tableau
        id: statuts
        titre: Statuts
        table: rpt_effectifs
        ordre: [rang]
        lignes: {nom: libelle, titre: Statut, format: texte}
        colonnes: [{nom: nb_agents, titre: Agents}]
        vide: Aucun.
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A small publication with prose."""
    press = Press(tmp_path_factory.mktemp("rapport"))
    press.write("essai.md", PROSE)
    press.chapter += TABLE
    return press.model()


@pytest.fixture(scope="module")
def content(model: Model, cache: Path) -> bytes:
    """Its report."""
    return report_docx(model, cache)


def opened(content: bytes):
    return Document(io.BytesIO(content))


def said_in(document, style: str) -> list[str]:
    return [one.text for one in document.paragraphs if one.style.name == style]


def test_it_says_its_language_its_title_and_whose_it_is(content: bytes):
    document = opened(content)
    about = document.core_properties
    assert (about.title, about.language) == ("Rapport d’activité 2040 – SE", "fr-FR")
    assert (about.author, about.last_modified_by) == ("Syndicat d’essai", "Syndicat d’essai")
    assert about.created == about.modified == dt.datetime(2041, 5, 12, tzinfo=dt.UTC)
    assert {one.get(qn("w:val")) for one in document.styles.element.iter(qn("w:lang"))} == {"fr-FR"}
    assert [name for name in zipfile.ZipFile(io.BytesIO(content)).namelist() if "thumbnail" in name] == []


def test_its_titles_are_styled_and_its_table_of_contents_names_them(content: bytes):
    document = opened(content)
    assert said_in(document, "Heading 1") == ["1. Essai", "Sources et méthode"]
    assert said_in(document, "Heading 2")[0] == "Partie de 2040"
    (contents,) = document.element.body.findall(qn("w:sdt"))
    named = ["".join(t.text for t in one.iter(qn("w:t"))) for one in contents.iter(qn("w:p"))]
    assert named == ["Table des matières", "1. Essai", "Partie de 2040", "Sources et méthode"]
    assert [one.text.split()[0] for one in contents.iter(qn("w:instrText"))] == ["TOC"]


def test_no_level_of_title_is_skipped(press: Press, cache: Path):
    press.write("essai.md", "Un mot.\n\n# Dedans\n\nUn autre.\n")
    press.chapter = press.chapter.replace("titre: Partie de {exercice}", 'titre: ""')
    styles = [one.style.name for one in document_of(press, cache).paragraphs]
    levels = [int(name.removeprefix("Heading ")) for name in styles if name.startswith("Heading ")]
    assert levels[:2] == [1, 2] and all(after <= before + 1 for before, after in pairwise(levels))


def test_its_captions_are_numbered_by_fields_in_the_order_of_the_report(content: bytes):
    captions = [one for one in opened(content).paragraphs if one.style.name == "Caption"]
    assert [one.text for one in captions] == ["Figure 1 – Effectifs", "Figure 2 – Indicateurs", "Tableau 1 – Statuts"]
    fields = [next(one._element.iter(qn("w:instrText"))).text.split()[:2] for one in captions]
    assert fields == [["SEQ", "Figure"], ["SEQ", "Figure"], ["SEQ", "Tableau"]]


def test_every_drawing_is_described(content: bytes, model: Model):
    drawn = [one._inline.docPr.get("descr") for one in opened(content).inline_shapes]
    assert drawn == [block["alternative"] for block in charts_of({**model, "collectivites": []})]
    assert len(drawn) == 2 and "Effectifs. Contractuels\xa0: 14\u202f; Titulaires\xa0: 13." in drawn


def test_a_chart_higher_than_a_page_is_read_as_its_rows(press: Press, cache: Path):
    press.replace("rpt_effectifs", [(2040, f"Ville {n}", n, n) for n in range(60)])
    document = opened(report_docx(press.model(), cache))
    assert len(document.inline_shapes) == 1  # the other chart
    (table,) = [one for one in document.tables if len(one.rows) == 62]  # its header and its total
    assert table.cell(60, 0).text == "Ville 59"


def test_the_header_of_every_table_is_repeated_on_each_page(content: bytes):
    tables = [one._tbl for one in opened(content).tables if one.style.name == "Tableau"]
    assert [one.tblPr.find(qn("w:tblCaption")).get(qn("w:val")) for one in tables] == [
        "Statuts",
        "Les chiffres du rapport",
    ]
    for one in tables:
        repeated = [row.trPr.find(qn("w:tblHeader")) is not None for row in one.tr_lst]
        assert repeated == [True, *[False] * (len(repeated) - 1)]
        assert all(row.trPr.find(qn("w:cantSplit")) is not None for row in one.tr_lst)


def test_its_pages_are_numbered(content: bytes):
    section = opened(content).sections[0]
    fields = [one.text.strip() for one in section.footer._element.iter(qn("w:instrText"))]
    assert fields == ["PAGE", "NUMPAGES"] and "empreinte abababababab" in section.footer.paragraphs[0].text
    assert section.different_first_page_header_footer
    stops = section.footer._element.iter(qn("w:tab"))  # the number is at the end of the line, at no stop of Word's own
    assert [one.get(qn("w:val")) for one in stops if one.get(qn("w:pos"))] == ["clear", "clear", "right"]


def test_every_width_is_a_whole_number_as_word_wants_it(model: Model, cache: Path):
    (chapter,) = model["chapitres"]
    cards = next(block for block in chapter["sections"][0]["blocs"] if block["genre"] == "chiffres")
    four = {**cards, "chiffres": [cards["chiffres"][0]] * 7}  # four abreast
    section = {**chapter["sections"][0], "blocs": [four]}
    document = opened(report_docx({**model, "chapitres": [{**chapter, "sections": [section]}]}, cache))
    widths = [one.get(qn("w:w")) for one in document.element.body.iter() if one.get(qn("w:w"))]
    assert len(widths) > 10 and all(width.isdecimal() for width in widths)


def test_the_annex_says_what_is_unusual_about_a_figure(model: Model, cache: Path):
    figures = [{**one, "statut": "partiel"} if one["code"] == "a.montant" else one for one in model["chiffres"]]
    document = opened(report_docx({**model, "chiffres": figures}, cache))
    printed = [row.cells[0].text for row in document.tables[-1].rows]
    assert "Agents" in printed
    assert "Montant (écart de −0,62 € avec le rapport publié, partiel)" in [one.replace("\xa0", " ") for one in printed]


def test_every_link_leads_somewhere(content: bytes):
    document = opened(content)
    body = document.element.body
    places = [one.get(qn("w:name")) for one in body.iter(qn("w:bookmarkStart"))]
    led = {one.get(qn("w:anchor")) for one in body.iter(qn("w:hyperlink"))} - {None}
    assert len(places) == len(set(places)) and led <= set(places) and "_c_a_total" in led
    outside = [one.target_ref for one in document.part.rels.values() if one.is_external]
    assert outside == ["https://exemple.fr/a?b=1&c=2"]


def test_prose_keeps_its_lists_its_marks_and_its_quotes(content: bytes):
    document = opened(content)
    first = next(one for one in document.paragraphs if one.text.startswith("Le 1er bilan"))
    marks = {one.text: (one.bold, one.italic, one.font.superscript) for one in first.runs}
    assert (marks["er"], marks["année"], marks["deux ans"]) == (
        (None, None, True),
        (True, None, None),
        (None, True, None),
    )
    assert "Le 1er bilan de l’année compte 27 agents, deux ans après." == first.text.replace("\xa0", " ")
    numbered = [one for one in document.paragraphs if one.style.name == "List Number"]
    identities = [one._p.pPr.numPr.numId.val for one in numbered]
    assert [one.text for one in numbered] == ["un", "deux", "de nouveau un"]
    assert identities[0] == identities[1] != identities[2]  # the second list counts from 1 again
    (inside,) = [one for one in document.paragraphs if one.style.name == "List Bullet" and one.text == "dedans"]
    assert inside._p.pPr.numPr.ilvl.val == 1
    assert said_in(document, "Quote") == ["À noter. Le site"]


def test_the_same_model_gives_the_same_bytes(content: bytes, model: Model, tmp_path: Path):
    assert content == report_docx(json.loads(json.dumps(model)), tmp_path)  # its drawings redrawn
    assert {one.date_time[0] for one in zipfile.ZipFile(io.BytesIO(content)).infolist()} == {1980}


@pytest.mark.parametrize("attack", [HOSTILE, "\x1b[2J", "\ufffe", "\x00", "\u202e", "\U000e0041", "a ＝ 😀", "]]>"])
def test_no_character_of_a_cell_stops_it(press: Press, cache: Path, attack: str):
    press.replace("rpt_effectifs", [(2040, f"Catégorie {attack} fin", 1, 3)])
    text = " ".join(one.text for one in document_of(press, cache).paragraphs)
    assert visible(f"Catégorie {attack} fin") in text


def document_of(press: Press, cache: Path):
    return opened(report_docx(each_text(press.model(), visible), cache))


def test_what_is_absent_is_printed_as_its_code_with_its_meaning(press: Press, cache: Path):
    document = document_of(press, cache)
    assert any("NC : non communiqué" in one.replace("\xa0", " ") for one in said_in(document, "Source"))


def test_the_public_edition_prints_no_head_of_the_ledger(content: bytes, model: Model, cache: Path):
    (last,) = [one for one in said_in(opened(content), "Annexe") if "Registre" in one]
    assert last.splitlines()[0] == f"Empreinte\u00a0: {model['edition']['empreinte']}"
    public = {**model, "profil": "public", "edition": {**model["edition"], "registre": None}}
    document = opened(report_docx(public, cache))
    assert not any("Registre" in one for one in said_in(document, "Annexe"))
    assert "édition publique" in said_in(document, "Subtitle")[1]


def test_it_shows_who_speaks_and_what_words_mean(model: Model, cache: Path, tmp_path: Path):
    Picture.new("RGB", (40, 20), "#1b4f7d").save(tmp_path / "a.png")
    shown = {"fichier": "a.png", "alternatif": "Portrait de A. B."}
    said = Organisation(
        nom="E",
        sigle="E",
        siren="123456782",
        exercices={"premier": 2038, "dernier": 2040},
        identite={
            "couleur": "#8a1c1c",
            "logo": {"fichier": "a.png", "alternatif": "Logo"},
            "elus": [
                {"nom": "A. B.", "fonction": "présidente", "portrait": shown},
                {"nom": "C. D.", "fonction": "élu"},
            ],
            "mentions": ["Siège : ici"],
        },
        organigramme=[{"nom": "Direction", "services": [{"nom": "Accueil"}]}],
    )
    (chapter,) = model["chapitres"]
    blocks = [presented(genre, said, tmp_path) for genre in ("elus", "organigramme")]
    section = {"id": "qui", "titre": "Qui", "blocs": blocks}
    more = {"identite": identity(said.identite, tmp_path), "glossaire": [{"terme": "SE", "sens": "le syndicat"}]}
    content = report_docx({**model, **more, "chapitres": [{**chapter, "sections": [section]}]}, cache)
    document = opened(content)
    assert [one._inline.docPr.get("descr") for one in document.inline_shapes] == ["Logo", "Portrait de A. B."]
    assert [one.text for one in document.tables[0].row_cells(0)] == ["\nA. B.\nPrésidente", "C. D.\nÉlu", ""]
    assert said_in(document, "List Bullet")[:2] == ["Direction", "Accueil"]
    assert "Glossaire" in said_in(document, "Heading 1") and "SE\u00a0: le syndicat" in said_in(document, "Normal")
    assert any(one.startswith("Siège : ici\n") for one in said_in(document, "Annexe"))
    assert str(document.styles["Heading 1"].font.color.rgb) == "8A1C1C"


def test_libreoffice_opens_it(content: bytes, tmp_path: Path):
    from pypdf import PdfReader

    file = tmp_path / "rapport.docx"
    file.write_bytes(content)
    read = PdfReader(converted(file, tmp_path, "pdf"))
    pages = [" ".join(page.extract_text().split()) for page in read.pages]
    assert "Rapport d’activité 2040" in pages[0] and "empreinte" not in pages[0]
    assert any("Figure 1 – Effectifs" in page for page in pages)
    assert f"2 / {len(pages)}" in pages[1] and f"{len(pages)} / {len(pages)}" in pages[-1]
    assert str(read.trailer["/Root"].get("/Lang")) == "fr-FR"
