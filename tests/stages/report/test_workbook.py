"""The workbook for people: what is printed, its exact value, its state, native charts, links, and the same bytes each time."""

import datetime as dt
import io
import zipfile
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest

from pipelines.french import volume
from pipelines.stages.report.cells import marked, number
from pipelines.stages.report.model import Model
from pipelines.stages.report.workbook import CONTENTS, FIGURES, LISTS, as_number, grid_of, workbook
from tests.stages.report.office import converted
from tests.stages.report.publication import CHAPTER, HOSTILE, Press

DATED = "exercice integer, libelle date, rang integer, nb_agents bigint"
DATES = "colonnes: [{nom: libelle, titre: Le, format: date}, {nom: nb_agents, titre: Agents}]"
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


def place(sheet, title: str) -> int:
    """The row of the headings of a table, from its title."""
    return next(cell.row for cell in sheet["A"] if str(cell.value).startswith(title)) + 1


def cells_of(model: Model) -> list[dict]:
    """The first column of the first chart of a report."""
    block = next(one for one in model["chapitres"][0]["sections"][0]["blocs"] if one["genre"] == "graphique")
    return [line["cellules"][0] for line in block["lignes"]]


def test_each_chapter_has_a_sheet_and_the_contents_lead_to_each_table(book):
    assert book.sheetnames == [CONTENTS, FIGURES, "1 Essai", LISTS]
    sheet, contents = book["1 Essai"], book[CONTENTS]
    links = {cells(contents, cell.row)[1]: cell.hyperlink.location for cell in contents["A"] if cell.hyperlink}
    assert links["Effectifs"] == f"'1 Essai'!A{place(sheet, 'Figure 1 — Effectifs') - 1}"
    assert links["Entrées"] == f"'{LISTS}'!A{place(book[LISTS], 'Entrées') - 1}"
    assert len(links) == 9 and sum(to.startswith("'1 Essai'!A") for to in links.values()) == 7
    assert all(one["A2"].hyperlink.location == f"'{CONTENTS}'!A1" for one in book.worksheets[1:])


def test_a_table_has_its_headings_its_numbers_and_where_they_differ_the_state_of_each_line(model: Model, book):
    sheet = book["1 Essai"]
    at = place(sheet, "Figure 1")
    assert [one for one in cells(sheet, at)[:4] if one] == ["Statut", "Agents"]
    lines = [cells(sheet, at + rank)[:2] for rank in range(1, 5)]
    assert lines[:2] == [["Contractuels", 14], ["Titulaires", 13]]
    assert lines[2][1] == "—" and lines[3][0] == "Total"
    assert [sheet.cell(at + rank, 1).value for rank in (5, 6)] == [
        "— : sans objet",
        "Source : Plusieurs exports réunis.",
    ]
    states = {cells(book[CONTENTS], row[0].row)[1]: cells(book[CONTENTS], row[0].row)[2] for row in book[CONTENTS]}
    assert states["Effectifs"] == "complet"
    cells_of(model)[0] |= {"texte": "s", "valeur": None, "manque": "s"}
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(model)))["1 Essai"]
    assert cells(sheet, at)[2] == "État"
    assert [cells(sheet, at + rank)[2] for rank in (1, 2)] == ["secret statistique", "complet"]
    assert sheet.column_dimensions["A"].width > sheet.column_dimensions["B"].width > 9


def test_a_sheet_is_printed_on_whole_pages_and_keeps_its_head_in_view(book):
    for sheet in book:
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.freeze_panes and sheet.print_title_rows.startswith("$1:$") and "&P" in sheet.oddFooter.right.text
    sheet = book["1 Essai"]
    begins = [one.id + 1 for one in sheet.row_breaks.brk]
    assert begins and all(str(sheet.cell(row, 1).value).startswith("Figure") for row in begins)


def test_a_long_table_has_a_filter_which_leaves_its_total_in_view(press: Press):
    press.replace("rpt_effectifs", [(2040, f"Statut {n}", n, n) for n in range(1, 7)])
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(press.model())))["1 Essai"]
    at = place(sheet, "Figure 1")
    filters = sorted(
        (one.autoFilter.ref for one in sheet.tables.values()), key=lambda ref: int(ref[1 : ref.index(":")])
    )
    assert filters == [f"A{at}:B{at + 6}"]
    assert sheet.cell(at + 7, 1).value == "Total"


def test_only_a_total_that_is_the_sum_of_what_is_above_it_is_a_formula(press: Press, model: Model, book):
    def formulas(of) -> list:
        return [(cell.coordinate, cell.value) for row in of["1 Essai"] for cell in row if cell.data_type == "f"]

    at = place(book["1 Essai"], "Figure 1")
    assert formulas(book) == [(f"B{at + 4}", f"=SUM(B{at + 1}:B{at + 3})")]  # no text of a tool either
    values = openpyxl.load_workbook(io.BytesIO(workbook(model)), data_only=True)
    assert values["1 Essai"].cell(at + 4, 2).value == 27
    assert book["1 Essai"].cell(at + 3, 1).value.startswith("'=")
    cells_of(model)[0] |= {"texte": "s", "valeur": None, "manque": "s"}
    assert formulas(openpyxl.load_workbook(io.BytesIO(workbook(model)))) == []


def test_a_total_is_not_complete_over_a_year_that_is_not(press: Press):
    press.models = {"rpt_effectifs": ["s__t"], "rpt_series": ["s__t"]}
    reasons = {2038: ("reçue", None), 2039: ("partielle", "lignes refusées"), 2040: ("reçue", None)}
    press.receive(*[("s/t", year, *said) for year, said in reasons.items()])
    assert _grid(press, "effectifs").states == ["complet"] * 3  # of 2040 alone
    assert _grid(press, "series").states == ["non communiqué ; partiel en 2039", "partiel en 2039"]
    press.receive(("s/t", 2040, "partielle", "lignes refusées"))
    assert _grid(press, "effectifs").states == ["partiel"] * 3
    assert "Données incomplètes" in _grid(press, "effectifs").block["note"]
    press.receive(("s/t", 2040, "partielle", "doute"))
    assert _grid(press, "effectifs").states == ["à confirmer"] * 3


def _grid(press: Press, name: str):
    blocks = press.model()["chapitres"][0]["sections"][0]["blocs"]
    return grid_of(next(one for one in blocks if one.get("id") == name))


def test_a_day_is_a_date(press: Press):
    press.replace("rpt_effectifs", [(2040, dt.date(2040, 2, 6), 1, 5)], columns=DATED)
    press.chapter = press.chapter.replace("colonnes: [{nom: nb_agents, titre: Agents}]", DATES, 1).replace(
        "lignes: {nom: libelle, titre: Statut, format: texte}", "lignes: {nom: libelle, titre: Jour, format: date}", 1
    )
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(press.model())))["1 Essai"]
    row = place(sheet, "Tableau 1") + 1
    assert [sheet.cell(row, column).value for column in (1, 2)] == [dt.datetime(2040, 2, 6)] * 2
    assert "mmmm yyyy" in sheet.cell(row, 1).number_format


def test_every_figure_is_there_printed_exact_and_with_its_state(book):
    sheet = book[FIGURES]
    head = cells(sheet, 4)
    rows = {
        row["Code"]: row for row in (dict(zip(head, cells(sheet, r), strict=True)) for r in range(5, sheet.max_row + 1))
    }
    assert (rows["a.montant"]["Valeur imprimée"], rows["a.montant"]["Valeur"]) == (
        "1\u202f234\u202f567,89\u00a0€",
        1234567.885,
    )
    assert rows["a.montant"]["État"] == "complet"
    assert (rows["a.absent"]["Valeur imprimée"], rows["a.absent"]["Valeur"]) == ("NC", "")
    assert rows["a.absent"]["État"] == "non communiqué"


def test_each_form_is_a_native_chart_over_the_cells_and_says_itself_in_words(model: Model, book):
    drawn = [block for block in model["chapitres"][0]["sections"][0]["blocs"] if block["genre"] == "graphique"]
    assert len(book["1 Essai"]._charts) == len(drawn) + 1 == 8  # one a row of the small ones
    with zipfile.ZipFile(io.BytesIO(workbook(model))) as parts:
        pictures = "".join(parts.read(name).decode() for name in parts.namelist() if "drawings/drawing" in name)
        series = [parts.read(name).decode() for name in sorted(parts.namelist()) if "charts/chart" in name]
    assert pictures.count("descr=") == 8 and "Effectifs. Agents" not in pictures
    assert all("<c:f>'1 Essai'!$" in one for one in series)
    # lines have an axis, and a cascade has its amounts under its bars
    (lines, cascade) = (one for one in series if '<c:showVal val="1"/>' not in one)
    assert "<c:lineChart>" in lines and "ce qui se retranche" in cascade
    assert "<a:t>—</a:t>" in series[0]  # a label says what is missing, where there would be a zero


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
    sheet = openpyxl.load_workbook(io.BytesIO(workbook(model)))["1 Essai"]
    (row,) = [cell.row for cell in sheet["A"] if str(cell.value).startswith("Une longue note.")]
    (merged,) = [one for one in sheet.merged_cells.ranges if one.min_row == row]
    assert (merged.max_row, merged.min_col, merged.max_col) == (row, 1, 2)
    assert sheet.cell(row, 1).alignment.wrap_text and sheet.row_dimensions[row].height > 60


def test_it_says_which_edition_it_is(press: Press):
    press.profile = "public"
    assert "édition publique" in openpyxl.load_workbook(io.BytesIO(workbook(press.model())))[CONTENTS]["A2"].value
    press.profile = "interne"
    book = openpyxl.load_workbook(io.BytesIO(workbook(press.model())))
    assert "édition interne, à ne pas diffuser" in book[CONTENTS]["A2"].value


def test_figures_are_compared_with_a_published_report_where_there_is_one(model: Model):
    for said, is_there in (("égal", True), (None, False)):
        for one in model["chiffres"]:
            one["rapprochement"] = said
        book = openpyxl.load_workbook(io.BytesIO(workbook(model)))
        assert ("Comparé au rapport publié" in cells(book[FIGURES], 4)) is is_there


def test_a_pyramid_has_its_first_side_below_zero_and_both_without_sign(book):
    sheet = book["1 Essai"]
    at = place(sheet, "Figure 5")
    (beside,) = [cell for cell in sheet[at] if str(cell.value).startswith("Pour le dessin")]
    assert [sheet.cell(at + rank, beside.column).value for rank in (1, 2)] == [-14, -13]
    last = openpyxl.utils.range_boundaries(sheet.print_area.rpartition("!")[2])[2]
    assert last < beside.column  # beyond what is printed


def test_what_cannot_be_shown_is_in_the_contents_with_its_reason(press: Press):
    press.replace("rpt_effectifs", [])
    book = openpyxl.load_workbook(io.BytesIO(workbook(press.model())))
    said = [cells(book[CONTENTS], row.row if hasattr(row, "row") else row[0].row) for row in book[CONTENTS]]
    assert [None, "Effectifs", "Aucun agent en 2040."] in said
    assert not any("Effectifs" in str(cell.value) for cell in book["1 Essai"]["A"])


@pytest.mark.parametrize(
    ("cell", "kept", "shown"),
    [
        (number(Decimal(27), 0, "agents"), 27, "#,##0"),
        (number(Decimal("41489.54"), 2, "EUR"), 41489.54, '#,##0.00"\u00a0€"'),
        (number(Decimal("-3.25"), 1, "%"), -0.0325, '#,##0.0"\u00a0"%'),
        (marked(number(Decimal(27), 0, "")), 27, '#,##0"\u00a0(p)"'),
        (marked(number(Decimal(27), 0, "%")), 0.27, '#,##0"\u00a0"%"\u00a0(p)"'),
        ({**number(Decimal(3500), 0, "Go"), "texte": volume(Decimal(3500))}, 3500, '#,##0.0,"\u00a0To"'),
        (number(Decimal(-1) / 3, 2, ""), float(Decimal(-1) / 3), "#,##0.00"),
    ],
)
def test_a_number_shows_as_it_is_printed_in_french_and_a_percentage_is_one(cell: dict, kept: float, shown: str):
    assert as_number(cell) == (kept, f"[$-40C]{shown}")


def test_the_same_model_gives_the_same_bytes(model: Model):
    assert workbook(model) == workbook(model)


@pytest.mark.campaign
def test_an_office_opens_it_and_draws_its_charts(model: Model, tmp_path: Path):
    from pypdf import PdfReader

    (tmp_path / "rapport.xlsx").write_bytes(workbook(model))
    pages = [one.extract_text() for one in PdfReader(converted(tmp_path / "rapport.xlsx", tmp_path, "pdf")).pages]
    assert "Sommaire" in pages[0] and any("Figure 1 — Effectifs" in page for page in pages)
    assert not any("Err:" in page or "#REF" in page or "#VALEUR" in page for page in pages)
