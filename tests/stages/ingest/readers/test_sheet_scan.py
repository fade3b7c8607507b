"""The quick scan of a sheet agrees with the thorough one, and leaves unusual sheets to it; bombs are refused by name."""

import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from pipelines.settings import limits
from pipelines.stages.ingest.readers import sheet_scan
from pipelines.stages.ingest.readers.sheet_scan import MOST_REPEATED, Refused, _is_plain, _Xlsx, open_scanner
from tests.ods import Xml, write_ods

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEAD = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{MAIN}"><sheetData>'
MERGED = '<mergeCells count="3"><mergeCell ref="B2:C9"/><mergeCell ref="A1:B1"/><mergeCell ref="AA3:AA4"></mergeCell></mergeCells>'
END = f"</sheetData>{MERGED}</worksheet>"
CELLS = [  # what {} is the reference of
    '<c r="{}"><v>1</v></c>',
    '<c r="{}" s="3"/>',
    '<c r="{}" s="3"></c>',
    '<c r="{}" t="s"><v>0</v></c>',
    '<c r="{}" t="inlineStr"><is><t>a &lt;f&gt; b</t></is></c>',
    '<c r="{}" t="inlineStr"><is><t xml:space="preserve"> x </t></is></c>',
    '<c r="{}"><f>A1+1</f><v>2</v></c>',
    '<c r="{}"><f>A1+1</f></c>',
    '<c r="{}"><f t="shared" si="0"/><v>0</v></c>',
    '<c r="{}" t="str"><f>""</f><v></v></c>',
    '<c r="{}" t="e"><v>#DIV/0!</v></c>',
    "<c r=\"{}\" t = 'e'><f>1/0</f><v>#N/A</v></c>",
    '<c r="{}"><v/></c>',
    '<c r="{}"><v></v></c>',
    '<c r="{}"><f/><f/><v>0</v></c>',
    '<c r="{}" s="1"><f t="shared" ref="A1:A9" si="0">1&lt;2</f><v>0</v></c>',
    '<c r="{}"><f>1</f><v>0</v><extLst/></c>',
    '<c r="{}" t="str"><f>A1</f><v>&amp;</v></c>',
    '<c r="{}" s="1" t="e"/>',
    '<c r="{}" t="s"/>',
    '<c r="{}" t="s" s="1"><v>12</v></c>',
    '<c r="{}" t="s"><v>-1</v></c>',
    '<c r="{}" t="s"><f>1</f><v>x</v></c>',
]
COLUMNS = ["A", "B", "Z", "AA", "XFD"]
ROWS = st.lists(st.lists(st.sampled_from(CELLS), max_size=len(COLUMNS)), max_size=6)


@pytest.fixture(scope="module")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> _Xlsx:
    path: Path = tmp_path_factory.mktemp("scan") / "book.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{MAIN}"><sheets/></workbook>')
        archive.writestr("xl/_rels/workbook.xml.rels", "<Relationships/>")
    return _Xlsx(path)


def sheet(rows: list[list[str]], attributes: str = "") -> bytes:
    lines = []
    for number, cells in enumerate(rows, start=1):
        placed = "".join(cell.format(f"{column}{number}") for cell, column in zip(cells, COLUMNS, strict=False))
        row = f'<row r="{number}"{attributes}'
        lines.append(f"{row}>{placed}</row>" if placed else f"{row}/>")
    return (HEAD + "".join(lines) + END).encode()


@given(rows=ROWS, attributes=st.sampled_from(["", ' spans="1:9" ht="15"']))
def test_both_looks_say_the_same(scanner: _Xlsx, rows: list[list[str]], attributes: str):
    xml = sheet(rows, attributes)
    if _is_plain(xml):
        assert scanner._scan_plain(xml) == scanner._scan_any(xml)


def test_what_the_usual_programs_write_is_looked_at_quickly(scanner: _Xlsx):
    xml = sheet([CELLS[:4], [], [CELLS[10], CELLS[4]]])
    assert _is_plain(xml)
    found = scanner._scan_plain(xml)
    assert (found.rows, found.widest, found.errors) == ({1, 3}, 27, {(3, 1): "#DIV/0!"})
    assert found.merges == [(2, 9, 2), (3, 4, 27)]


@pytest.mark.parametrize(
    "unusual",
    [
        sheet([CELLS[:1]]).replace(b"<row", b'<!-- <c r="XFD9"><v>1</v></c> --><row'),
        sheet([CELLS[:1]]).replace(b"<v>1</v>", b"<v><![CDATA[1]]></v>"),
        sheet([CELLS[:1]]).replace(b'<c r="A1"', b'<c s="1" r="A1"'),
        sheet([CELLS[:1]]).replace(b'<c r="A1"', b"<c"),
        sheet([CELLS[:1]]).replace(b'<row r="1"', b"<row"),
        sheet([CELLS[:1]]).replace(b'<c r="A1"', b"<c r='A1'"),
        sheet([CELLS[:1]]).replace(b'<c r="A1"', b'<c r="A1" t="&#101;"'),
        sheet([[CELLS[12]]]),
        sheet([[CELLS[13]]]),
        sheet([CELLS[:1]]).replace(b"xmlns=", b"xmlns:x=").replace(b"<", b"<x:").replace(b"<x:/", b"</x:"),
        sheet([CELLS[:1]]).decode().replace("UTF-8", "UTF-16").encode("utf-16"),
        sheet([CELLS[:1]]).replace(b"UTF-8", b"ISO-8859-1"),
    ],
    ids=[
        "comment",
        "cdata",
        "order",
        "no place",
        "no row",
        "quotes",
        "entity",
        "empty",
        "void",
        "prefix",
        "utf-16",
        "latin",
    ],
)
def test_what_is_unusual_is_looked_at_thoroughly(unusual: bytes):
    assert not _is_plain(unusual)


@pytest.mark.parametrize(("cells", "most", "code"), [(20_000, 20_000, "FIC-NATURE"), (12, 10, "FIC-TAILLE")])
def test_cells_without_places_are_not_counted_for_ever(scanner: _Xlsx, monkeypatch, cells: int, most: int, code: str):
    monkeypatch.setattr(sheet_scan, "MOST_CELLS", most)
    xml = HEAD + f"<row>{'<c><v>1</v></c>' * cells}</row>" + END
    with pytest.raises(Refused) as refused:
        scanner._scan_any(xml.encode())
    assert refused.value.answer["code"] == code


def test_an_empty_text_written_in_a_cell_is_nothing(scanner: _Xlsx):
    xml = sheet([['<c r="{}" t="inlineStr"><is><t/></is></c>'], ['<c r="{}" t="inlineStr"><is><t>a</t></is></c>']])
    assert scanner._scan_any(xml).rows == {2}


def test_a_sheet_is_looked_at_by_its_name(tmp_path: Path):
    with xlsxwriter.Workbook(str(tmp_path / "a.xlsx")) as book:
        for name, row in (("Une", 0), ("Deux", 4)):
            book.add_worksheet(name).write(row, 1, "x")
    scanner = open_scanner(tmp_path / "a.xlsx", "xlsx")
    assert [(name, scanner.scan(name).rows, scanner.scan(name).widest) for name in scanner.names] == [
        ("Une", {1}, 2),
        ("Deux", {5}, 2),
    ]


def test_a_container_with_sectors_of_no_known_size_is_no_workbook(tmp_path: Path):
    (tmp_path / "a.xls").write_bytes(bytes(30) + b"\x03\x00" + bytes(600))
    with pytest.raises(Refused) as refused:
        open_scanner(tmp_path / "a.xls", "xls")
    assert refused.value.answer == {"code": "FIC-NATURE", "attendu": "un classeur .xls lisible"}


def test_an_invalid_place_is_left_to_the_thorough_look(scanner: _Xlsx):
    xml = sheet([CELLS[:1]]).replace(b'r="A1"', b'r="1A"')
    assert _is_plain(xml) and scanner._scan_plain(xml) is None


ONE = '<table:table-cell office:value-type="float" office:value="1"/>'
ERROR = '<table:table-cell {}calcext:value-type="error"><text:p>#REF!</text:p></table:table-cell>'


def repeated(number: int, cell: str) -> Xml:
    return Xml(f'<table:table-row table:number-rows-repeated="{number}">{cell}</table:table-row>')


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([repeated(MOST_REPEATED + 1, ONE)], "moins de deux millions de lignes"),
        ([repeated(MOST_REPEATED // 2, ONE)] * 3, "moins de deux millions de lignes"),
        (
            [repeated(MOST_REPEATED // 2, ERROR.format('table:number-columns-repeated="3" '))],
            "moins de deux millions de cellules semblables",
        ),
        (
            [[Xml(f'<table:table-cell><text:p><text:s text:c="{limits().cell + 1}"/></text:p></table:table-cell>')]],
            f"des cellules de {limits().cell} caractères au plus",
        ),
    ],
    ids=["rows", "rows of several", "cells", "text"],
)
def test_what_an_open_document_repeats_too_often_is_refused_with_the_limit(tmp_path: Path, rows, expected: str):
    with pytest.raises(Refused) as refused:
        open_scanner(write_ods(tmp_path / "bombe.ods", {"F": rows}), "ods")
    assert refused.value.answer == {"code": "FIC-TAILLE", "attendu": expected}


def test_what_an_open_document_repeats_within_the_limit_is_counted(tmp_path: Path):
    inner = f'<table:table table:name="Dedans">{repeated(5, ONE)}</table:table>'
    nested = [Xml(f"<table:table-cell>{inner}<text:p>x</text:p></table:table-cell>")]  # it is no sheet
    rows = [nested, [], repeated(2, ONE), repeated(2, ERROR.format("")), repeated(MOST_REPEATED, "<table:table-cell/>")]
    scanner = open_scanner(write_ods(tmp_path / "a.ods", {"F": rows, "G": [[None, 1]]}), "ods")
    assert scanner.names == ["F", "G"]
    scan = scanner.scan("F")
    assert (scan.rows, scan.widest) == ({1, 3, 4, 5, 6}, 1)
    assert scan.errors == {(5, 1): "#REF!", (6, 1): "#REF!"}
    assert (scanner.scan("G").rows, scanner.scan("G").widest) == ({1}, 2)
