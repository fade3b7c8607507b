"""The report as a .docx and an .odt: styled, captioned, described, in French, on a home's template, the same at each run."""

import datetime as dt
import html
import io
import json
import re
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Pt
from PIL import Image as Picture

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation
from pipelines.characters import each_text, visible
from pipelines.stages.report.identity import identity, portraits, presented
from pipelines.stages.report.model import Model, charts_of
from pipelines.stages.report.office import report_document
from pipelines.stages.report.prose import ProseError
from tests.stages.report.office import converted
from tests.stages.report.publication import HOSTILE, Press

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


def report_docx(model: Model, cache: Path) -> bytes:
    return report_document(model, cache, "docx", load_catalogue().modele("rapport.docx"))


def report_odt(model: Model, cache: Path) -> bytes:
    return report_document(model, cache, "odt", load_catalogue().modele("rapport.odt"))


def text_of_odt(content: bytes, name: str = "content.xml") -> str:
    return html.unescape(re.sub("<[^>]+>", "", zipfile.ZipFile(io.BytesIO(content)).read(name).decode()))


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


def test_it_says_its_language_its_title_and_whose_it_is(content: bytes, model: Model, cache: Path):
    document = opened(content)
    about = document.core_properties
    assert (about.title, about.language) == ("Rapport d’activité 2040", "fr-FR")
    assert about.author == "Syndicat d’essai (SE)"
    assert about.created == about.modified == dt.datetime(2041, 5, 12, tzinfo=dt.UTC)
    assert {one.get(qn("w:val")) for one in document.styles.element.iter(qn("w:lang"))} == {"fr-FR"}
    said = zipfile.ZipFile(io.BytesIO(report_odt(model, cache))).read("meta.xml").decode()
    assert "<dc:language>fr-FR</dc:language>" in said and "<dc:date>2041-05-12T00:00:00Z</dc:date>" in said


def test_its_titles_are_styled_and_its_table_of_contents_gives_their_pages(content: bytes):
    document = opened(content)
    assert said_in(document, "Heading 1") == ["1. Essai", "Sources et méthode"]
    assert said_in(document, "Heading 2")[0] == "Partie de 2040"
    assert said_in(document, "Sommaire-titre") == ["Table des matières"]
    lines = [one for one in document.paragraphs if one.style.name.startswith("toc ")]
    assert [one.text for one in lines] == ["1. Essai\t–", "Partie de 2040\t–", "Sources et méthode\t–"]
    table, *fields = [code.text.split() for one in lines for code in one._p.iter(qn("w:instrText"))]
    assert table == ["TOC", r"\o", '"1-2"', r"\h", r"\z"]
    marks = [mark.get(qn("w:fldCharType")) for one in lines for mark in one._p.iter(qn("w:fldChar"))]
    assert marks == ["begin", "separate", *["begin", "separate", "end"] * 3, "end"]
    places = {one.get(qn("w:name")) for one in document.element.body.iter(qn("w:bookmarkStart"))}
    assert [one[0] for one in fields] == ["PAGEREF"] * 3 and {one[1] for one in fields} <= places


def test_no_level_of_title_is_skipped(press: Press, cache: Path):
    press.write("essai.md", "Un mot.\n\n# Dedans\n\nUn autre.\n")
    press.chapter = press.chapter.replace("titre: Partie de {exercice}", 'titre: ""')
    styles = [one.style.name for one in document_of(press, cache).paragraphs]
    levels = [int(name.removeprefix("Heading ")) for name in styles if name.startswith("Heading ")]
    assert levels[:2] == [1, 2] and all(after <= before + 1 for before, after in pairwise(levels))


def test_its_captions_are_numbered_in_the_order_of_the_report(content: bytes):
    document = opened(content)
    assert said_in(document, "Légende") == ["Figure 1 – Effectifs", "Figure 2 – Indicateurs"]
    assert said_in(document, "Table Caption") == ["Tableau 1 – Statuts", "Les chiffres cités"]
    codes = [one.text.split()[:2] for one in document.element.body.iter(qn("w:instrText"))]
    assert [one[1] for one in codes if one[0] == "SEQ"] == ["Figure", "Figure", "Tableau"]


def test_every_drawing_is_described(content: bytes, model: Model, cache: Path):
    drawn = [one._inline.docPr.get("descr") for one in opened(content).inline_shapes]
    assert drawn == [block["alternative"] for block in charts_of({**model, "collectivites": []})]
    assert len(drawn) == 2 and "Effectifs. Contractuels\xa0: 14\u202f; Titulaires\xa0: 13." in drawn
    page = zipfile.ZipFile(io.BytesIO(report_odt(model, cache))).read("content.xml").decode()
    assert [html.unescape(one) for one in re.findall("<svg:desc>(.*?)</svg:desc></draw:frame>", page)] == drawn


def test_a_chart_higher_than_a_page_is_read_as_its_rows(press: Press, cache: Path):
    press.replace("rpt_effectifs", [(2040, f"Ville {n}", n, n) for n in range(60)])
    document = opened(report_docx(press.model(), cache))
    assert len(document.inline_shapes) == 1  # the other chart
    (table,) = [one for one in document.tables if len(one.rows) == 62]  # its header and its total
    assert table.cell(60, 0).text == "Ville 59"


def test_the_header_of_every_table_is_repeated_on_each_page(content: bytes, model: Model, cache: Path):
    tables = [one._tbl for one in opened(content).tables if one.style.name == "Table"]
    assert [one.tblPr.find(qn("w:tblCaption")).get(qn("w:val")) for one in tables] == [
        "Tableau 1 – Statuts",
        "Les chiffres cités",
    ]
    for one in tables:
        repeated = [row.trPr is not None and row.trPr.find(qn("w:tblHeader")) is not None for row in one.tr_lst]
        assert repeated == [True, *[False] * (len(repeated) - 1)]
        assert all(
            row.trPr.find(qn("w:cantSplit")) is not None for row in one.tr_lst[1:]
        )  # LibreOffice ignores the style
    page = zipfile.ZipFile(io.BytesIO(report_odt(model, cache))).read("content.xml").decode()
    assert page.count("<table:table-header-rows>") == 2


def test_its_pages_are_numbered(content: bytes, model: Model, cache: Path):
    section = opened(content).sections[0]
    fields = [one.get(qn("w:instr")).strip() for one in section.footer._element.iter(qn("w:fldSimple"))]
    assert fields == ["PAGE", "NUMPAGES"] and "édition interne, à ne pas diffuser" in section.footer.paragraphs[0].text
    assert section.different_first_page_header_footer
    assert "édition interne, à ne pas diffuser" in text_of_odt(report_odt(model, cache), "styles.xml")


def test_the_annex_says_what_is_unusual_about_a_figure(model: Model, cache: Path):
    figures = [{**one, "est_cite": True} for one in model["chiffres"]]
    figures = [{**one, "statut": "partiel"} if one["code"] == "a.montant" else one for one in figures]
    document = opened(report_docx({**model, "chiffres": figures}, cache))
    printed = [row.cells[0].text.replace("\xa0", " ") for row in document.tables[-1].rows]
    assert "Agents" in printed
    assert "Montant (écart de −0,62 € avec le rapport publié, partiel)" in printed


def test_every_link_leads_somewhere(content: bytes, model: Model, cache: Path):
    document = opened(content)
    body = document.element.body
    places = [one.get(qn("w:name")) for one in body.iter(qn("w:bookmarkStart"))]
    led = {one.get(qn("w:anchor")) for one in body.iter(qn("w:hyperlink"))} - {None}
    assert len(places) == len(set(places)) and led <= set(places) and "c-a.total" in led
    outside = [one.target_ref for one in document.part.rels.values() if one.is_external]
    assert outside == ["https://exemple.fr/a?b=1&c=2"]
    page = zipfile.ZipFile(io.BytesIO(report_odt(model, cache))).read("content.xml").decode()
    named = {*re.findall('<text:bookmark(?:-start)? text:name="([^"]*)"', page)}
    assert {*re.findall('xlink:href="#([^"]*)"', page), *re.findall('text:ref-name="([^"]*)"', page)} <= named


def test_prose_keeps_its_lists_its_marks_and_its_quotes(content: bytes):
    document = opened(content)
    first = next(one for one in document.paragraphs if one.text.startswith("Le 1er bilan"))
    assert "Le 1er bilan de l’année compte 27 agents, deux ans après." == first.text.replace("\xa0", " ")
    assert [one.text for one in first.runs if one.font.superscript] == ["er"]
    assert "".join(one.text for one in first.runs if one.bold) == "l’année"
    assert "".join(one.text for one in first.runs if one.italic) == "deux ans"
    listed = {one.text: one._p.pPr.numPr for one in document.paragraphs if one._p.pPr.numPr is not None}
    again = listed["de nouveau un"].numId.val  # the second list counts from 1 again
    assert listed["un"].numId.val == listed["deux"].numId.val != again and listed["dedans"].ilvl.val == 1
    assert said_in(document, "Block Text") == ["À noter. Le site"]


@pytest.mark.parametrize("write", [report_docx, report_odt])
def test_the_same_model_gives_the_same_bytes(model: Model, cache: Path, tmp_path: Path, write):
    content = write(model, cache)
    assert content == write(json.loads(json.dumps(model)), tmp_path)  # its drawings redrawn
    assert {one.date_time[0] for one in zipfile.ZipFile(io.BytesIO(content)).infolist()} == {1980}


@pytest.mark.parametrize("attack", [HOSTILE, "\x1b[2J", "\ufffe", "\x00", "\u202e", "\U000e0041", "a ＝ 😀", "]]>"])
def test_no_character_of_a_cell_stops_it(press: Press, cache: Path, attack: str):
    press.replace("rpt_effectifs", [(2040, f"Catégorie {attack} fin", 1, 3)])
    text = " ".join(one.text for one in document_of(press, cache).paragraphs)
    assert " ".join(visible(f"Catégorie {attack} fin").split()) in " ".join(text.split())
    written = text_of_odt(report_odt(each_text(press.model(), visible), cache))
    assert " ".join(visible(f"Catégorie {attack} fin").split()) in " ".join(written.split())


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
    assert "édition publique" in said_in(document, "Subtitle")[0]


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
            ],
            "mentions": ["Siège : ici"],
        },
        organigramme=[{"nom": "Direction", "services": [{"nom": "Accueil"}]}],
    )
    (chapter,) = model["chapitres"]
    of_people = portraits(said.identite, tmp_path)
    entries = [
        {"titre": name, "initiales": name[0], "portrait": of_people.get(name), "details": [{"texte": "présidente"}]}
        for name in ("A. B.", "C. D.")
    ]
    people = {"genre": "liste", "id": "elus", "forme": "portraits", "titre": "Élus", "entrees": entries, "note": None}
    blocks = [{**people, "legende": [], "source": "rapport.rpt_elus"}, presented("organigramme", said, of_people)]
    section = {"id": "qui", "titre": "Qui", "blocs": blocks}
    more = {"identite": identity(said.identite, tmp_path), "glossaire": [{"terme": "SE", "sens": "le syndicat"}]}
    content = report_docx({**model, **more, "chapitres": [{**chapter, "sections": [section]}]}, cache)
    document = opened(content)
    assert [one._inline.docPr.get("descr") for one in document.inline_shapes] == ["Logo", "Portrait de A. B."]
    assert [one.text for one in document.tables[0].row_cells(0)] == ["\nA. B.\nprésidente", "C. D.\nprésidente"]
    assert said_in(document, "Direction") == ["Direction"] and document.tables[1].cell(0, 0).text == "Accueil"
    assert "Glossaire" in said_in(document, "Heading 1")
    assert "SE\u00a0: le syndicat" in [one.text for one in document.paragraphs]
    assert any(one.startswith("Siège : ici\n") for one in said_in(document, "Annexe"))
    assert str(document.styles["Heading 1"].font.color.rgb) == "8A1C1C"


def test_a_home_s_own_template_shows(model: Model, cache: Path, tmp_path: Path):
    shipped = load_catalogue().modele("rapport.docx")
    own = Document(str(shipped))
    own.sections[0].header.paragraphs[0].text = "Papier à en-tête de {{ organisation }}, {{ exercice }}"
    own.styles["Heading 1"].font.size = Pt(31)
    own.save(tmp_path / "rapport.docx")
    document = opened(report_document(model, cache, "docx", tmp_path / "rapport.docx"))
    assert document.sections[0].header.paragraphs[0].text == "Papier à en-tête de Syndicat d’essai, 2040"
    assert document.styles["Heading 1"].font.size == Pt(31)
    own.sections[0].header.paragraphs[0].text = "{{ secret }}"
    own.save(tmp_path / "rapport.docx")
    with pytest.raises(ProseError, match=r"modeles/rapport\.docx : .* on peut y écrire date, "):
        report_document(model, cache, "docx", tmp_path / "rapport.docx")
    (tmp_path / "rapport.odt").write_bytes(b"PK")
    with pytest.raises(ProseError, match=r"modeles/rapport\.odt n’est pas un document \.odt lisible"):
        report_document(model, cache, "odt", tmp_path / "rapport.odt")


@pytest.mark.parametrize("write", [report_docx, report_odt])
def test_libreoffice_opens_it_with_the_pages_of_its_contents(model: Model, cache: Path, tmp_path: Path, write):
    from pypdf import PdfReader

    file = tmp_path / f"rapport.{write.__name__.removeprefix('report_')}"
    file.write_bytes(write(model, cache))
    read = PdfReader(converted(file, tmp_path, "pdf"))
    pages = [" ".join(page.extract_text().split()) for page in read.pages]
    assert "Rapport d’activité 2040" in pages[0] and "empreinte" not in pages[0]
    contents = next(page for page in pages if "Table des matières" in page)
    (chapter,) = (number for number, page in enumerate(pages, 1) if "Papier" not in page and "Figure 1 –" in page)
    assert re.search(rf"1\. Essai ?\.* ?{chapter}", contents)
    assert f"2 / {len(pages)}" in pages[1] and f"{len(pages)} / {len(pages)}" in pages[-1]
    assert str(read.trailer["/Root"].get("/Lang")) == "fr-FR"


def test_the_shipped_templates_are_what_the_program_makes():
    from tests.docs.modeles import made

    assert {name: load_catalogue().modele(name).read_bytes() for name in made()} == made()
