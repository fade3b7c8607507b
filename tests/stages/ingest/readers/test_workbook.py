"""Workbooks: cells are read as a sheet shows them, and no hostile file reaches the process that runs the pipeline."""

import datetime as dt
import io
import re
import time
import zipfile
from decimal import Decimal

import pytest
import xlsxwriter

from pipelines.catalogue.rules import DeliveryRefused
from tests.deliveries import FIELDS, Depot

HEAD = ["Code", "Libellé", "Montant", "Jour"]
DAY = dt.datetime(2020, 2, 3)


def declare(depot: Depot, **table):
    kind = {"type": "xlsx", **table.pop("kind", {})}
    return depot.declare(table.pop("fields", FIELDS), kind=kind, table=table)


def refusal(depot: Depot, path) -> DeliveryRefused:
    with pytest.raises(DeliveryRefused) as raised:
        depot.ingest(path)
    return raised.value


def values(read):
    return [(r["code"], r["libelle"], r["montant"], r["jour"], r["_ligne"]) for r in read.rows]


def rezipped(path, changes: dict[str, object]) -> None:
    """Rewrite members of a workbook: name → new content, or a function of the old one."""
    with zipfile.ZipFile(path) as old:
        members = {name: old.read(name) for name in old.namelist()}
    for name, change in changes.items():
        members[name] = change(members[name]) if callable(change) else change
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in members.items():
            new.writestr(name, content)


def test_titles_totals_native_and_text_forms(depot: Depot):
    declare(
        depot,
        kind={"title": "exercice {exercice}"},
        sheet="Données",
        ignore=[{"column": "code", "pattern": "(?i)total", "sums": ["montant"]}],
    )
    path = depot.workbook(
        {
            "Lisez-moi": [["Code", "rien"]],
            "Données": [
                ["Comptes de l’exercice 2020"],
                [],
                HEAD,
                ["A1", "natif", 1234.5, DAY],
                ["A2", "texte", "1 234,50", "03/02/2020"],
                [None, None, None, None],
                ["A3", "série", 0.1 + 0.2, 43864],
                ["A4", "iso", "-1", "2020-02-03"],
                ["Total", None, 2468.3, None],
            ],
        }
    )
    read = depot.ingest(path)
    assert values(read) == [
        ("A1", "natif", Decimal("1234.50"), DAY.date(), 4),
        ("A2", "texte", Decimal("1234.50"), DAY.date(), 5),
        ("A3", "série", Decimal("0.30"), DAY.date(), 7),
        ("A4", "iso", Decimal("-1.00"), DAY.date(), 8),
    ]
    assert read.ignored == [(1, "titre"), (3, "en-tête"), (9, "total")]
    assert [t["ok"] for t in read.manifest.tables["lignes"].totals] == [True]


def test_a_workbook_of_another_year_is_refused_by_its_title(depot: Depot):
    declare(depot, kind={"title": "exercice {exercice}"})
    refused = refusal(depot, depot.workbook({"F": [["exercice 2019"], HEAD, ["A1", "x", 1, DAY]]}))
    assert refused.code == "FIC-EXERCICE"


def test_several_sheets_are_several_tables(depot: Depot):
    fields = [{"name": "code", "title": "Code"}]
    tables = [{"name": f"t{n}", "title": "T", "sheet": f"Feuille {n}", "fields": fields} for n in (1, 2)]
    depot.declare(kind={"type": "xlsx"}, export={"tables": tables})
    path = depot.workbook({"Feuille 2": [["Code"], ["b"], ["c"]], "Autre": [["x"]], "Feuille 1": [["Code"], ["a"]]})
    manifest = depot.ingest(path).manifest
    assert {name: t.acceptees for name, t in manifest.tables.items()} == {"t1": 1, "t2": 2}


def test_a_missing_sheet_names_those_that_exist(depot: Depot):
    declare(depot, sheet="Comptes")
    refused = refusal(depot, depot.workbook({"Compte": [HEAD], "Autre": [["x"]]}))
    assert refused.code == "FIC-FEUILLE"
    assert refused.attendu == "feuilles présentes : Compte, Autre"


def test_the_first_visible_sheet_is_read_when_none_is_named(depot: Depot):
    declare(depot)
    path = depot.drop(b"", "export.xlsx")
    with xlsxwriter.Workbook(str(path)) as book:
        hidden, shown = book.add_worksheet("Ancien"), book.add_worksheet("Courant")
        shown.activate()
        shown.set_first_sheet()
        hidden.hide()
        for sheet, code in ((hidden, "VIEUX"), (shown, "A1")):
            sheet.write_row(0, 0, HEAD)
            sheet.write_row(1, 0, [code, "x", 1])
    assert depot.ingest(path).column("code") == ["A1"]


def test_a_hidden_sheet_is_read_when_it_is_named(depot: Depot):
    declare(depot, sheet="Caché")
    path = depot.drop(b"", "export.xlsx")
    with xlsxwriter.Workbook(str(path)) as book:
        book.add_worksheet("Vu").write(0, 0, "rien")
        hidden = book.add_worksheet("Caché")
        hidden.hide()
        hidden.write_row(0, 0, HEAD)
        hidden.write_row(1, 0, ["A1", "x", 1])
    assert depot.ingest(path).column("code") == ["A1"]


@pytest.mark.parametrize("error", ["#DIV/0!", "#N/A", "#REF!", "#NAME?"])
@pytest.mark.parametrize("column", [1, 2, 3])
def test_a_cell_in_error_refuses_its_line(depot: Depot, error, column):
    declare(depot)
    path = depot.drop(b"", "export.xlsx")
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, ["A1", "x", 1])
        sheet.write_formula(1, column, "=1/0", None, error)
        sheet.write_row(2, 0, ["A2", "x", 2])
    read = depot.ingest(path)
    assert read.column("code") == ["A2"]
    assert [(r["_ligne"], r["position"], r["regle"], r["recu"]) for r in read.refused] == [
        (2, column + 1, "LIG-TYPE", error)
    ]


def formulas(depot: Depot, value, **writing):
    path = depot.drop(b"", "export.xlsx")
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("Feuille")
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, ["A1", "x"])
        sheet.write_formula("C2", "=1+1", None, value, **writing)
    return path


def test_a_formula_with_its_result_is_a_value(depot: Depot):
    declare(depot)
    assert depot.ingest(formulas(depot, 2)).column("montant") == [Decimal("2.00")]


def test_a_formula_that_was_never_computed_refuses_the_file(depot: Depot):
    declare(depot)
    refused = refusal(depot, formulas(depot, 0))  # what xlsxwriter stores by default, asking for a recalculation
    assert (refused.code, refused.colonne) == ("FIC-FORMULE", "Feuille!C2")
    path = formulas(depot, 2)
    rezipped(path, {"xl/worksheets/sheet1.xml": lambda xml: xml.replace(b"<v>2</v>", b"")})
    assert refusal(depot, path).code == "FIC-FORMULE"


def test_a_formula_whose_result_is_zero_or_empty_is_a_value_in_a_computed_workbook(depot: Depot):
    declare(depot)
    path = formulas(depot, 0)
    rezipped(path, {"xl/workbook.xml": lambda xml: xml.replace(b' fullCalcOnLoad="1"', b"")})
    assert depot.ingest(path).column("montant") == [Decimal("0.00")]
    path = formulas(depot, 2)
    empty = b'<c r="C2" t="str"><f>1+1</f><v></v></c>'
    rezipped(
        path,
        {"xl/worksheets/sheet1.xml": lambda xml: xml.replace(b'<c r="C2"><f>1+1</f><v>2</v></c>', empty)},
    )
    assert depot.ingest(path).column("montant") == [None]


def test_merged_cells_are_not_filled(depot: Depot):
    declare(depot)
    path = depot.drop(b"", "export.xlsx")
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        sheet.merge_range(1, 0, 2, 0, "A1")
        sheet.write(1, 2, 1)
        sheet.write(2, 2, 2)
    read = depot.ingest(path)
    assert read.column("code") == ["A1"]
    assert [(r["_ligne"], r["regle"]) for r in read.refused] == [(3, "LIG-FUSION")]


def test_numbers_too_long_to_be_exact_are_not_taken_for_codes(depot: Depot):
    declare(depot, fields=[{"name": "code", "title": "Code", "constraints": {"pattern": "[0-9]+"}}])
    read = depot.ingest(
        depot.workbook({"F": [["Code"], [123456789012345], [12345678901234567890], [19.0], ["007"], [True]]})
    )
    assert read.column("code") == ["123456789012345", "19", "007"]
    assert [r["recu"] for r in read.refused] == ["1.23456789012346e+19", "true"]


def test_dates_and_times(depot: Depot):
    declare(
        depot,
        fields=[
            {"name": "jour", "title": "Jour", "type": "date"},
            {"name": "instant", "title": "Instant", "type": "datetime", "format": "%d/%m/%Y %H:%M"},
        ],
    )
    moment = dt.datetime(2020, 2, 3, 10, 10, 0)
    read = depot.ingest(
        depot.workbook({"F": [["Jour", "Instant"], [DAY, moment], [None, "03/02/2020 10:10"], [moment, DAY]]})
    )
    assert read.column("instant") == [moment, moment]
    assert [(r["_ligne"], r["colonne"]) for r in read.refused] == [(4, "Jour")]


def test_the_1904_calendar_is_refused(depot: Depot):
    declare(depot)
    path = depot.workbook({"F": [HEAD, ["A1", "x", 1, DAY]]}, options={"date_1904": True})
    assert refusal(depot, path).code == "FIC-NATURE"


@pytest.mark.parametrize("rank", ["-1", "1.5", "99999999999"])
def test_a_text_that_is_not_told_by_its_rank_is_refused_with_its_cell(depot: Depot, rank: str):
    declare(depot)
    path = depot.workbook({"F": [HEAD, ["A1", "x", 1]]})
    sheet = "xl/worksheets/sheet1.xml"
    rezipped(path, {sheet: lambda xml: re.sub(rb'(<c r="B2" t="s"><v>)\d+', rb"\g<1>" + rank.encode(), xml)})
    told = refusal(depot, path)
    assert (told.code, told.colonne) == ("FIC-NATURE", "F!B2")


def test_rows_of_empty_texts_are_blank_lines(depot: Depot):
    declare(depot)
    path = depot.drop(b"", "export.xlsx")
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        sheet.write_row(1, 0, ["A1", "x", 1])
        sheet.write_string(2, 0, "§")
        sheet.write_row(3, 0, ["A2", "x", 2])
    rezipped(path, {"xl/sharedStrings.xml": lambda xml: xml.replace("§".encode(), b"")})
    read = depot.ingest(path)
    assert read.column("code") == ["A1", "A2"]
    assert read.ignored == [(1, "en-tête"), (3, "ligne vide")]


def test_cells_without_a_reference_and_inline_texts(depot: Depot):
    declare(depot)
    path = depot.workbook({"F": [HEAD, ["A1", "x", 1], ["A2", "y", 2]]})
    rows = "".join(
        "<row>"
        + "".join(f'<c t="inlineStr"><is><r><t></t></r><r><t>{cell}</t></r></is></c>' for cell in row)
        + "</row>"
        for row in (HEAD, ["A1", "x", "1", ""], ["A2", "y", "2", ""])
    )
    start = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    rezipped(path, {"xl/worksheets/sheet1.xml": f"{start}{rows}</sheetData></worksheet>".encode()})
    assert values(depot.ingest(path)) == [("A1", "x", Decimal(1), None, 2), ("A2", "y", Decimal(2), None, 3)]


def test_a_header_only_sheet_has_no_row(depot: Depot):
    declare(depot)
    assert depot.ingest(depot.workbook({"F": [HEAD]})).rows == []


@pytest.mark.parametrize("rows", [[], [["Autre", "Chose"]], [["Code", "Libellé", "Montant"], ["A1", "x", 1]]])
def test_a_sheet_without_the_header(depot: Depot, rows):
    declare(depot)
    assert refusal(depot, depot.workbook({"F": rows})).code == "FIC-ENTETE"


def test_a_doubled_heading(depot: Depot):
    declare(depot)
    assert refusal(depot, depot.workbook({"F": [[*HEAD, "code"], ["A1"]]})).code == "FIC-COLONNE-DOUBLE"


def damaged(path):
    content = path.read_bytes()
    at = content.index(b"xl/worksheets/sheet1.xml") + 60
    path.write_bytes(content[:at] + bytes(64) + content[at + 64 :])


def truncated(path):
    path.write_bytes(path.read_bytes()[:-200])


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (truncated, "FIC-NATURE"),
        (damaged, "FIC-NATURE"),
        (lambda path: path.write_bytes(b""), "FIC-VIDE"),
        (lambda path: path.write_bytes(b"Code;Montant\nA1;1\n"), "FIC-NATURE"),
        (lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0" + b"x" * 600), "FIC-NATURE"),
        (
            lambda path: path.write_bytes(
                b"\xd0\xcf\x11\xe0" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le") + b"x" * 600
            ),
            "FIC-PROTEGE",
        ),
        (lambda path: rezipped(path, {"xl/workbook.xml": b"<workbook"}), "FIC-NATURE"),
        (lambda path: rezipped(path, {"xl/worksheets/sheet1.xml": b"<worksheet"}), "FIC-NATURE"),
        (
            lambda path: rezipped(path, {"xl/worksheets/sheet1.xml": b'<!DOCTYPE x [<!ENTITY e "e">]><worksheet/>'}),
            "FIC-DOCTYPE",
        ),
        (
            lambda path: rezipped(path, {"xl/workbook.xml": b'<!DOCTYPE x [<!ENTITY e "e">]><workbook/>'}),
            "FIC-DOCTYPE",
        ),
    ],
)
def test_what_is_no_readable_workbook(depot: Depot, make, code):
    declare(depot)
    path = depot.workbook({"F": [HEAD, ["A1", "x", 1, DAY]]})
    make(path)
    refused = refusal(depot, path)
    assert (refused.code, refused.fichier) == (code, "export.xlsx")


def test_a_zip_of_something_else(depot: Depot):
    declare(depot)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.txt", "bonjour")
    assert refusal(depot, depot.drop(content.getvalue(), "export.xlsx")).code == "FIC-NATURE"


def test_a_far_cell_is_refused_at_once(depot: Depot):
    declare(depot)
    path = depot.drop(b"", "export.xlsx")
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEAD)
        sheet.write(1_048_575, 16_383, "loin")
    assert path.stat().st_size < 10_000
    assert refusal(depot, path).code == "FIC-TAILLE"


def test_a_zip_bomb_is_refused_before_anything_opens_it(depot: Depot):
    declare(depot)
    path = depot.workbook({"F": [HEAD, ["A1", "x", 1, DAY]]})
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/media/b.bin", "w") as member,
    ):
        for _ in range(330):
            member.write(b"\0" * (1 << 20))
    start = time.monotonic()
    assert refusal(depot, path).code == "FIC-TAILLE"
    assert time.monotonic() - start < 10


def test_the_lines_under_a_merged_cell_are_refused_with_what_they_lack(depot: Depot):
    declare(depot)
    path = depot.drop(b"", "export.xlsx")
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("F")
        sheet.merge_range("A1:E1", "Relevé 2020")
        for column, heading in enumerate([*HEAD, "Note"]):
            sheet.merge_range(1, column, 2, column, heading)  # a heading over two lines
        for row in range(3, 9):
            sheet.write_row(row, 0, [f"A{row}", "x", row, None if row in (4, 5) else "03/02/2020"])
        sheet.merge_range("D4:D6", "03/02/2020")
        sheet.merge_range("B6:B7", "oups")
        sheet.write("B7", "dit")  # what it covers has a value of its own
        sheet.merge_range("B8:C8", "deux colonnes")
        sheet.merge_range("E4:E9", "une note que rien ne lit")
        sheet.merge_range("A9:A12", "A8")  # the lines below hold nothing
    read = depot.ingest(path)
    assert [(r["_ligne"], r["regle"], r["colonne"], r["recu"]) for r in read.refused] == [
        (5, "LIG-FUSION", "Jour", "rien : la cellule est fusionnée avec celle de la ligne 4"),
        (6, "LIG-FUSION", "Jour", "rien : la cellule est fusionnée avec celle de la ligne 4"),
    ]
    assert [row["_ligne"] for row in read.rows] == [4, 7, 8, 9]
    assert read.counts[:3] == (8, 4, 2)


def test_months_as_columns_are_refused_under_a_merged_cell_and_totals_are_not(depot: Depot):
    fields = [
        {"name": "commune", "title": "Commune"},
        {"name": "mois", "title": "Mois", "type": "date", "format": "%m/%Y"},
    ]
    fields.append({"name": "heures", "title": "Heures", "type": "integer"})
    header = {"commune": "Commune", "mois": {"heading": r"(\d\d/\d{4})"}, "heures": {"under": "mois", "empty": "skip"}}
    ignore = [{"column": "commune", "pattern": "Total"}]
    declare(depot, fields=fields, header={2020: header}, ignore=ignore, primaryKey=["commune", "mois"])
    path = depot.drop(b"", "export.xlsx")
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet("F")
        sheet.write_row(0, 0, ["Commune", "01/2020", "02/2020"])
        for row, commune in enumerate(["Orly", "Valenton", "Total"], 1):
            sheet.write_row(row, 0, [commune, row])
        sheet.merge_range("C2:C4", 5)
    read = depot.ingest(path)
    assert [(r["_ligne"], r["regle"], r["colonne"]) for r in read.refused] == [(3, "LIG-FUSION", "02/2020")]
    assert read.counts == (4, 1, 1, 2)


def test_too_many_merged_lines_are_refused(depot: Depot):
    declare(depot)
    path = depot.workbook({"F": [HEAD, *[["A1", "x", 1, DAY]] * 2000]})
    ranges = '<mergeCell ref="A2:A2001"/>' * 600
    rezipped(
        path,
        {
            "xl/worksheets/sheet1.xml": lambda xml: xml.replace(
                b"</sheetData>", f"</sheetData><mergeCells>{ranges}</mergeCells>".encode()
            )
        },
    )
    assert refusal(depot, path).attendu == "moins d’un million de lignes dans des cellules fusionnées"


def test_too_many_merged_cells_are_refused_before_they_are_looked_at(depot: Depot):
    declare(depot)
    path = depot.workbook({"F": [HEAD, ["A1", "x", 1, DAY]]})
    ranges = b"</sheetData><mergeCells>" + b'<mergeCell ref="H1:H2"/>' * 1_000_001 + b"</mergeCells>"
    rezipped(path, {"xl/worksheets/sheet1.xml": lambda xml: xml.replace(b"</sheetData>", ranges)})
    assert refusal(depot, path).attendu == "moins d’un million de cellules fusionnées"


def test_sheets_that_share_their_content_are_refused(depot: Depot):
    declare(depot)
    path = depot.workbook({"F": [HEAD, ["A1", "x", 1, DAY]], "G": [HEAD]})
    rezipped(path, {"xl/_rels/workbook.xml.rels": lambda xml: xml.replace(b"sheet2.xml", b"sheet1.xml")})
    assert refusal(depot, path).attendu == "un classeur dont chaque feuille a son propre contenu"
