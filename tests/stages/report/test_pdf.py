"""The PDF is tagged, holds its data, and is the same at each run."""

import csv
import io
import json
import re
import subprocess
import sys
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines import french
from pipelines.characters import each_text, visible
from pipelines.stages.report.cells import number
from pipelines.stages.report.charts import PIXEL, TEXT_WIDTH, months_pt, svg_of, width_pt
from pipelines.stages.report.fonts import covered
from pipelines.stages.report.html import report_page
from pipelines.stages.report.model import charts_of
from pipelines.stages.report.pdf import report_pdf, summary_pdf
from tests.stages.report.publication import CHAPTER, HOSTILE, Press

FILLED = range(36, 41)  # lines before a chart: they leave room for it and its alarm, then for it alone, then for none

FOOT = 30, 62  # points: the foot of each page is between them
MIDDLE = 297  # points: half of the width of a page


@pytest.fixture
def pdf(press: Press, cache: Path):
    """The report, opened."""
    import pikepdf

    with pikepdf.open(io.BytesIO(report_pdf(press.model(), cache))) as opened:
        yield opened


def elements(pdf, kind: str) -> list:
    import pikepdf

    found, stack = [], [pdf.Root.StructTreeRoot]
    while stack:
        node = stack.pop()
        if node.get("/S") == kind:
            found.append(node)
        kids = node.get("/K", [])
        kids = list(kids) if isinstance(kids, pikepdf.Array) else [kids]
        stack += [kid for kid in kids if isinstance(kid, pikepdf.Dictionary)]
    return found


def test_it_says_its_language_and_its_title(pdf):
    assert str(pdf.Root.Lang) == "fr-FR"
    assert pdf.Root.MarkInfo.Marked and pdf.Root.ViewerPreferences.DisplayDocTitle
    assert str(pdf.docinfo.Title) == "Rapport d’activité 2040 – SE"


def test_a_report_that_nobody_received_is_not_named(press: Press, cache: Path):
    from pypdf import PdfReader

    def text() -> str:
        pages = PdfReader(io.BytesIO(report_pdf(press.model(), cache))).pages
        return " ".join(" ".join(page.extract_text() for page in pages).split())

    press.write("essai.md", '{{ f("a.montant") }}')
    assert "avec le rapport publié" in text()
    press.replace("rpt_rapprochement_publie", [])
    assert "avec le rapport publié" not in text()


def test_it_declares_both_standards(pdf):
    metadata = pdf.Root.Metadata.read_bytes().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "<pdfaid:part>3</pdfaid:part>" in metadata and "<pdfaid:conformance>A</pdfaid:conformance>" in metadata


def test_every_drawing_is_described(pdf, press: Press):
    described = {str(figure.Alt) for figure in elements(pdf, "/Figure")}
    assert len(described) == 2
    assert "Effectifs. Contractuels\xa0: 14\u202f; Titulaires\xa0: 13." in described


def test_every_header_cell_has_its_scope(pdf):
    import pikepdf

    scopes = []
    for cell in elements(pdf, "/TH"):
        attributes = cell.A if isinstance(cell.A, pikepdf.Array) else [cell.A]
        scopes += [str(attribute.Scope) for attribute in attributes if "/Scope" in attribute]
    assert len(scopes) == len(elements(pdf, "/TH"))
    assert set(scopes) == {"/Column", "/Row"}
    for row in elements(pdf, "/TR"):
        assert "/TH" in {str(kid.S) for kid in row.K}


def test_its_data_are_attached(pdf, press: Press):
    attached = {name: file.get_file().read_bytes() for name, file in pdf.attachments.items()}
    assert json.loads(attached["modele.json"]) == json.loads(json.dumps(press.model()))
    rows = list(csv.DictReader(io.StringIO(attached["chiffres.csv"].decode())))
    assert [(row["code"], row["valeur"], row["manque"]) for row in rows] == [
        ("a.absent", "", "NC"),
        ("a.montant", "1234567.885", ""),
        ("a.total", "27", ""),
    ]


def test_the_page_of_a_town_holds_its_own_data_and_no_other(press: Press, cache: Path):
    import pikepdf

    model = press.model()
    model["intitules"]["collectivite"] = "Les chiffres de l’année"
    section = {**model["chapitres"][0]["sections"][0], "titre": "Ville"}
    with pikepdf.open(io.BytesIO(summary_pdf(model, section, cache))) as opened:
        assert str(opened.Root.Lang) == "fr-FR" and "pdfuaid:part>1" in opened.Root.Metadata.read_bytes().decode()
        held = json.loads(opened.attachments["modele.json"].get_file().read_bytes())
    assert held["collectivites"] == [json.loads(json.dumps(section))]
    assert held["chapitres"] == held["chiffres"] == held["provenance"] == []


def test_it_has_bookmarks(pdf):
    with pdf.open_outline() as outline:
        assert [entry.title for entry in outline.root][:2] == ["1. Essai", "Sources et méthode"]


def test_the_same_model_gives_the_same_bytes(press: Press, cache: Path):
    assert report_pdf(press.model(), cache) == report_pdf(press.model(), cache)


def text_of(pdf: bytes) -> str:
    from pypdf import PdfReader

    pages = PdfReader(io.BytesIO(pdf)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


@pytest.mark.parametrize("title", ["Partie de {exercice}", '""'])
def test_a_title_inside_a_text_skips_no_level_whether_its_section_has_one_or_not(press: Press, cache: Path, title: str):
    """A checker of PDF/UA stopped the whole publication at the first title that somebody wrote in the editorial."""
    press.chapter = CHAPTER.replace("Partie de {exercice}", title)
    press.write("essai.md", "Un.\n\n## Un titre\n\nDeux.\n\n### Un autre\n")
    assert "Un titre" in text_of(report_pdf(press.model(), cache))
    page = report_page(press.model(), cache)
    levels = [int(level) for level in re.findall(r"<h(\d)", page)]
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels


def test_a_link_to_a_title_says_its_page(press: Press, cache: Path):
    press.files["catalogue/report/texte/ailleurs.md"] = "Voir [la partie](#partie)."
    press.chapter = CHAPTER.replace(
        "      - genre: chiffres", "      - {genre: texte, fichier: ailleurs.md}\n      - genre: chiffres", 1
    )
    assert "Voir la partie (page 3)" in text_of(report_pdf(press.model(), cache)).replace("\xa0", " ")


def paragraph(text: str) -> dict:
    return {"genre": "paragraphe", "enfants": [{"genre": "texte", "texte": text}]}


def test_what_alarms_in_a_chart_begins_on_its_page(press: Press, cache: Path):
    alarm = {"genre": "texte", "arbre": [{"genre": "citation", "enfants": [paragraph("Alarme.")]}]}
    pages = pages_of(press, cache, ("Figure 1.", "Alarme."), after=[alarm])
    assert all(one == other for one, other in pages), pages
    assert len({one for one, _ in pages}) == 2  # the chart is left on the first page, then goes to the next


def test_a_sentence_stays_with_what_it_introduces(press: Press, cache: Path):
    said = {"genre": "texte", "arbre": [paragraph("Voici.")]}
    pages = pages_of(press, cache, ("Voici.", "Figure 1."), before=[said])
    assert all(one == other for one, other in pages), pages
    assert len({one for one, _ in pages}) == 2


def pages_of(press: Press, cache: Path, words: tuple[str, str], before: list = (), after: list = ()) -> list[list[int]]:
    """The pages of two words around a chart, as more lines come before it."""
    from pypdf import PdfReader

    model = press.model()
    section = model["chapitres"][0]["sections"][0]
    (chart,) = [block for block in section["blocs"] if block.get("id") == "effectifs"]
    pages = []
    for lines in FILLED:
        section["blocs"] = [{"genre": "texte", "arbre": [paragraph("Avant.")] * lines}, *before, chart, *after]
        texts = [page.extract_text() for page in PdfReader(io.BytesIO(report_pdf(model, cache))).pages]
        pages.append([next(n for n, text in enumerate(texts) if word in text) for word in words])
    return pages


def places(pdf: bytes) -> list[list[tuple[float, float, str]]]:
    """For each page, its texts above the foot of the page, with their place in points from its lower left corner."""
    from pypdf import PdfReader

    found: list[list[tuple[float, float, str]]] = []
    for page in PdfReader(io.BytesIO(pdf)).pages:
        found.append([])

        def see(text: str, place, matrix, *_) -> None:
            x, y = matrix[4] * place[0] + place[4], matrix[5] * place[3] + place[5]
            if text.strip() and not FOOT[0] < y < FOOT[1]:
                found[-1].append((x, y, text))

        page.extract_text(visitor_text=see)
    return found


@pytest.mark.parametrize("figures", [1, 31, 75, 140])
def test_the_columns_of_the_annex_end_together(press: Press, cache: Path, figures: int):
    model = press.model()
    names = [" ".join(["Un nombre d’agents"] * (1 + n % 4)) for n in range(figures)]
    model["chiffres"] = [{**model["chiffres"][2], "code": f"a.c{n}", "libelle": name} for n, name in enumerate(names)]
    for page in places(report_pdf(model, cache))[3:]:
        values = [(x > MIDDLE, y) for x, y, text in page if "27 agents" in text]
        lowest = [min((y for is_right, y in values if is_right == side), default=0) for side in (False, True)]
        assert figures == 1 or abs(lowest[0] - lowest[1]) < 40, lowest


LONG = "Un mot de plus. " * 500
TALL = {
    "a paragraph": {
        "genre": "texte",
        "arbre": [{"genre": "paragraphe", "enfants": [{"genre": "texte", "texte": LONG}]}],
    },
    "an alarm": {
        "genre": "texte",
        "arbre": [
            {"genre": "citation", "enfants": [{"genre": "paragraphe", "enfants": [{"genre": "texte", "texte": LONG}]}]}
        ],
    },
}


@pytest.mark.parametrize(
    "what", ["a paragraph", "an alarm", "a list", "an entry", "a chart", "small charts", "a table"]
)
def test_nothing_is_printed_beyond_its_page(press: Press, cache: Path, what: str):
    if what in ("a chart", "small charts", "a table", "an entry"):
        label = LONG[:600] if what == "a table" else LONG if what == "an entry" else "Une ville"
        rows = 15 if what == "a table" else 1 if what == "an entry" else 60
        press.replace("rpt_effectifs", [(2040, f"{label} {n}", n, n + 1) for n in range(rows)])
        press.replace("rpt_series", [(2040, f"Ville {n}", n, n, "agents", 0, None, f"a.{n}") for n in range(60)])
        if what in ("a table", "an entry"):
            press.chapter = CHAPTER.replace(
                "      - genre: graphique\n        id: effectifs\n        forme: barres\n",
                "      - genre: tableau\n        id: effectifs\n",
            )
    model = press.model()
    if what in TALL:
        model["chapitres"][0]["sections"][0]["blocs"] = [TALL[what]]
    if what == "a list":
        item = {
            "genre": "element",
            "enfants": [{"genre": "paragraphe", "enfants": [{"genre": "texte", "texte": "Un mot."}]}],
        }
        model["chapitres"][0]["sections"][0]["blocs"] = [
            {"genre": "texte", "arbre": [{"genre": "liste", "enfants": [item] * 90}]}
        ]
    low = [
        (page, round(y), text[:30])
        for page, texts in enumerate(places(report_pdf(model, cache)))
        for _, y, text in texts
        if y < FOOT[0]
    ]
    assert low == []


@pytest.mark.parametrize("first", [1, 3])
def test_the_months_under_a_curve_stand_under_its_points(cache: Path, first: int):
    head = ["Incidents", "Demandes reçues"]
    cells = [number(Decimal(n), 0, "") for n in (120, 45)]
    lines = [{"titre": french.month(n), "est_total": False, "cellules": cells} for n in range(first, 13)]
    block = {"forme": "mois", "entete": head, "lignes": lines}
    begins, wide = months_pt(block)
    drawn = svg_of(block, False, cache)
    origin, *places = map(float, re.findall(r"translate\(([\d.]+),", drawn))
    columns = [begins + wide * (rank + 0.5) for rank in range(len(lines))]  # the middle of each column of the table
    points = {round((origin + x) * PIXEL, 2) for x in places}
    assert {round(x, 2) for x in columns} <= points
    assert width_pt(drawn) < TEXT_WIDTH
    assert months_pt({**block, "entete": head[:1]}) is None


def test_the_annex_of_the_document_has_a_line_for_the_figures_that_it_cites(press: Press, cache: Path):
    _, rows = press.tables["chiffres"]
    hidden = ("a.cache", 2040, None, "agents", 0, "manquant", "s", "manquant", "Caché", "essai", "Somme.")
    press.replace("chiffres", [*rows, hidden])
    text = text_of(report_pdf(press.model(), cache))
    assert "Caché" not in text and "Agents 27 agents" in text


def test_a_text_is_never_code(press: Press, cache: Path):
    press.replace("rpt_effectifs", [(2040, f'#panic("x") $ {HOSTILE}', 1, 3)])
    assert report_pdf(press.model(), cache).startswith(b"%PDF")


@pytest.mark.parametrize("attack", ["\x1b[2J", "a ＝ b", "\ufffe", "\x00", "😀 日本", "\u202e", "\U000e0041", "\ue000"])
def test_no_character_of_a_cell_stops_the_report(press: Press, cache: Path, attack: str):
    """ESC killed the process that draws, and ``＝`` stopped the PDF: each held every publication back."""
    press.replace("rpt_effectifs", [(2040, f"Catégorie {attack} fin", 1, 3)])
    model = each_text(press.model(), visible)
    assert all(
        svg_of(block, narrow, cache).startswith("<svg") for block in charts_of(model) for narrow in (False, True)
    )
    held = report_pdf(model, cache)
    from pypdf import PdfReader

    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(held)).pages)
    for character in attack:
        shown = character if ord(character) in covered() else f"[U+{ord(character):04X}]"
        assert shown in text


def test_the_page_of_a_town_is_laid_out_again_only_when_something_in_it_changes(press: Press, tmp_path: Path):
    model = press.model()
    model["intitules"]["collectivite"] = "Les chiffres de l’année"
    section = {**model["chapitres"][0]["sections"][0], "titre": "Ville"}
    first = summary_pdf(model, section, tmp_path)
    (page,) = tmp_path.glob("*.pdf")
    other_prose = {**model, "chapitres": []}
    assert summary_pdf(other_prose, section, tmp_path) == first
    assert list(tmp_path.glob("*.pdf")) == [page]
    assert summary_pdf(model, {**section, "titre": "Autre ville"}, tmp_path) != first


def test_a_checker_of_pdf_ua_finds_nothing(press: Press, cache: Path, tmp_path: Path):
    file = tmp_path / "rapport.pdf"
    file.write_bytes(report_pdf(press.model(), cache))
    done = subprocess.run([sys.executable, "-m", "pdfua", "check", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
