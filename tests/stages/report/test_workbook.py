"""The workbook for people: what is printed, its exact value, its state, native charts, links, and the same bytes each time."""

import io
import re
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from pipelines.stages.report.cells import marked, number
from pipelines.stages.report.model import Model
from pipelines.stages.report.workbook import CONTENTS, FIGURES, HEADER, number_format, workbook
from tests.stages.report.office import converted
from tests.stages.report.publication import CHAPTER, HOSTILE, Press

FORMS = """
      - genre: graphique
        id: {id}
        forme: {form}
        titre: Dessin {form}
        table: rpt_effectifs
        ordre: [rang]
        lignes: {{nom: libelle, titre: Statut, format: texte}}
        colonnes: [{{nom: nb_agents, titre: Femmes}}, {{nom: rang, titre: Hommes}}]
        vide: Rien.
"""


@pytest.fixture
def model(press: Press) -> Model:
    """A publication with a chart of each form, a text that would be a formula, and a note."""
    press.chapter = CHAPTER + "".join(
        FORMS.format(id=f"dessin-{form}", form=form).lstrip("\n")
        for form in ("groupes", "mois", "pyramide", "execution", "cascade")
    )
    rows = press.tables["rpt_effectifs"][1]
    press.replace("rpt_effectifs", [*rows, (2040, f"={HOSTILE}", 3, None)])
    return press.model()


@pytest.fixture
def book(model: Model):
    """The workbook, as another library reads it."""
    return openpyxl.load_workbook(io.BytesIO(workbook(model)))


def cells(sheet, row: int) -> list:
    return [cell.value for cell in sheet[row]]


def test_each_table_and_chart_has_a_sheet_which_the_contents_lead_to(book):
    assert book.sheetnames[:5] == [CONTENTS, FIGURES, "F1 Effectifs", "F2 Indicateurs", "L1 Entrées"]
    links = {cell.value: cell.hyperlink.location for row in book[CONTENTS] for cell in row if cell.hyperlink}
    assert links.keys() == set(book.sheetnames) - {CONTENTS}
    assert all(to == f"'{name}'!A1" for name, to in links.items())
    assert all(sheet["A2"].hyperlink.location == f"'{CONTENTS}'!A1" for sheet in book.worksheets[1:])


def test_a_sheet_has_its_headings_fixed_its_numbers_and_the_state_of_each_line(book):
    sheet = book["F1 Effectifs"]
    assert sheet.freeze_panes == f"B{HEADER + 2}" and sheet.print_title_rows == f"${HEADER + 1}:${HEADER + 1}"
    assert cells(sheet, HEADER + 1) == ["Statut", "Agents", "État"]
    lines = [cells(sheet, HEADER + 1 + rank) for rank in range(1, 5)]
    assert lines[:2] == [["Contractuels", 14, "complet"], ["Titulaires", 13, "complet"]]
    assert lines[2][1:] == ["—", ""] and lines[3][0] == "Total"
    assert sheet.column_dimensions["A"].width > sheet.column_dimensions["B"].width > 10


def test_no_text_of_a_tool_is_a_formula(book):
    found = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    assert found == []
    assert book["F1 Effectifs"][HEADER + 4][0].value.startswith("'=")


def test_every_figure_is_there_printed_exact_and_with_its_state(book):
    sheet = book[FIGURES]
    head = cells(sheet, HEADER + 1)
    rows = {
        row["Code"]: row for row in (dict(zip(head, cells(sheet, r), strict=True)) for r in range(5, sheet.max_row + 1))
    }
    assert (rows["a.montant"]["Valeur imprimée"], rows["a.montant"]["Valeur exacte"]) == (
        "1\u202f234\u202f567,89\u00a0€",
        1234567.885,
    )
    assert rows["a.montant"]["État"] == "complet"
    assert (rows["a.absent"]["Valeur imprimée"], rows["a.absent"]["Valeur exacte"]) == ("NC", "")
    assert rows["a.absent"]["État"] == "non communiqué"


def test_each_form_is_a_native_chart_over_the_cells_and_says_itself_in_words(model: Model, book):
    charts = {sheet.title: sheet._charts for sheet in book if sheet._charts}
    drawn = [block for block in model["chapitres"][0]["sections"][0]["blocs"] if block["genre"] == "graphique"]
    assert len(charts) == len(drawn) == 7
    assert len(charts["F2 Indicateurs"]) == 2  # one a row
    with zipfile.ZipFile(io.BytesIO(workbook(model))) as parts:
        pictures = "".join(parts.read(name).decode() for name in parts.namelist() if "drawings/drawing" in name)
        series = [parts.read(name).decode() for name in sorted(parts.namelist()) if "charts/chart" in name]
    assert pictures.count("descr=") == 8 and "Effectifs. Agents" not in pictures
    assert all(re.search(r"<c:f>'F\d [^']+'!\$", one) for one in series)
    (missing,) = [one for one in series if "'F1 Effectifs'" in one]
    assert "<a:t>—</a:t>" in missing  # a label says what is missing, where there would be a zero


def test_a_bar_begins_at_zero_and_no_title_says_how_the_report_draws(press: Press):
    press.chapter = CHAPTER + FORMS.format(id="credits", form="execution").lstrip("\n").replace(
        "titre: Dessin execution", 'titre: "Crédits (contour : crédits)"'
    )
    content = workbook(press.model())
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        series = [parts.read(name).decode() for name in sorted(parts.namelist()) if "charts/chart" in name]
        said = parts.read("xl/sharedStrings.xml").decode()
    assert all('<c:min val="0"/>' in one for one in series if "<c:barChart>" in one)
    assert "Crédits" in said and "contour" not in "".join([said, *series])


def test_a_note_is_no_wider_than_its_table(press: Press):
    model = press.model()
    block = next(one for one in model["chapitres"][0]["sections"][0]["blocs"] if one["genre"] == "graphique")
    block["note"] = "Une longue note. " * 20
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(model)))["F1 Effectifs"]
    (merged,) = sheet.merged_cells.ranges
    (row,) = [cell.row for (cell,) in sheet["A1:A40"] if str(cell.value).startswith("Une longue note.")]
    assert (merged.min_row, merged.max_row, merged.min_col, merged.max_col) == (row, row, 1, 3)
    assert sheet.cell(row, 1).alignment.wrap_text and sheet.row_dimensions[row].height > 60


def test_it_says_which_edition_it_is(press: Press):
    press.profile = "public"
    assert "édition publique" in openpyxl.load_workbook(io.BytesIO(workbook(press.model())))[CONTENTS]["A2"].value


def test_a_pyramid_has_its_first_side_below_zero_and_both_without_sign(book):
    sheet = book["F5 Dessin pyramide"]
    (beside,) = [cell for cell in sheet[HEADER + 1] if str(cell.value).startswith("Pour le dessin")]
    assert [sheet.cell(HEADER + 1 + rank, beside.column).value for rank in (1, 2)] == [-14, -13]


def test_what_cannot_be_shown_is_in_the_contents_with_its_reason(press: Press):
    press.replace("rpt_effectifs", [])
    book = openpyxl.load_workbook(io.BytesIO(workbook(press.model())))
    said = [cells(book[CONTENTS], row.row if hasattr(row, "row") else row[0].row) for row in book[CONTENTS]]
    assert [None, "Effectifs", "Aucun agent en 2040."] in said
    assert not any(name.endswith("Effectifs") for name in book.sheetnames)


@pytest.mark.parametrize(
    ("value", "places", "unit", "expected"),
    [("27", 0, "agents", "#,##0"), ("41489.54", 2, "EUR", '#,##0.00"\u00a0€"'), ("-3.25", 1, "%", '#,##0.0"\u00a0%"')],
)
def test_a_number_shows_as_it_is_printed_whatever_its_decimals(value: str, places: int, unit: str, expected: str):
    assert number_format(number(Decimal(value), places, unit)) == expected


def test_a_mark_or_another_unit_shows_too():
    assert number_format(marked(number(Decimal(27), 0, ""))) == '#,##0"\u00a0(p)"'
    volume = {**number(Decimal(3500), 0, "Go"), "texte": "3,5\u00a0To"}
    assert number_format(volume) == '"3,5\u00a0To"'


def test_the_same_model_gives_the_same_bytes(model: Model):
    assert workbook(model) == workbook(model)


@pytest.mark.campaign
def test_an_office_opens_it_and_draws_its_charts(model: Model, tmp_path: Path):
    from pypdf import PdfReader

    (tmp_path / "rapport.xlsx").write_bytes(workbook(model))
    pages = [one.extract_text() for one in PdfReader(converted(tmp_path / "rapport.xlsx", tmp_path, "pdf")).pages]
    assert "Sommaire" in pages[0] and any("Figure 1 — Effectifs" in page for page in pages)
    assert not any("Err:" in page or "#REF" in page or "#VALEUR" in page for page in pages)
