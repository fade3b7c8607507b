""".ods and .xls workbooks: read like .xlsx, with several sheets per table, and nothing is left unread silently."""

import datetime as dt
import shutil
import struct
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.ledger.records import Unread
from pipelines.stages.ingest.readers.sheet_scan import cell_name, column_number
from tests.deliveries import FIELDS, Depot
from tests.ods import Xml, formula, write_ods

COMMUNES = Path(__file__).parents[3] / "fixtures" / "workbooks" / "communes.xls"  # written by xlwt 1.3.0
HEAD = ["Code", "Libellé", "Montant", "Jour"]
DAY = dt.date(2020, 2, 3)


def declare(depot: Depot, kind: str, **table):
    export = {"unread": table.pop("unread", [])}
    return depot.declare(FIELDS, kind={"type": kind}, table=table, export=export)


def ods(depot: Depot, sheets: dict, name: str = "export.ods", **options) -> Path:
    return write_ods(depot.drop(b"", name), sheets, **options)


def refusal(depot: Depot, path: Path) -> DeliveryRefused:
    with pytest.raises(DeliveryRefused) as raised:
        depot.ingest(path)
    return raised.value


def values(read):
    return [(r["_feuille"], r["_ligne"], r["code"], r["montant"], r["jour"]) for r in read.rows]


def test_every_sheet_of_an_old_workbook_that_the_pattern_names(depot: Depot):
    declare(depot, "xls", sheet="commune *", unread=["Notice"])
    path = depot.drop(COMMUNES.read_bytes(), "communes.xls")
    read = depot.ingest(path)
    assert values(read) == [
        ("Commune Orly", 4, "A1", Decimal("1234.50"), DAY),
        ("Commune Orly", 5, "A2", Decimal("1234.50"), DAY),
        ("Commune Orly", 6, "A3", Decimal("7.00"), dt.date(2020, 12, 31)),
        ("Commune Orly", 9, "A5", Decimal("2.00"), dt.date(2020, 5, 6)),
        ("Commune Valenton", 4, "B1", Decimal("-1.00"), dt.date(2020, 1, 1)),
    ]
    (refused,) = read.refused
    assert (refused["_feuille"], refused["_ligne"], refused["recu"]) == ("Commune Orly", 7, "#DIV/0!")
    assert read.counts == (10, 5, 1, 4)
    assert read.manifest.non_lus == [
        Unread("communes.xls", "Notice", 2, cachee=False, ecartee=True),
        Unread("communes.xls", "Cachée", 1, cachee=True, ecartee=False),
        Unread("communes.xls", "Vide", 0, cachee=False, ecartee=False),
    ]


def test_a_list_of_sheets_and_one_that_is_not_there(depot: Depot):
    declare(depot, "xls", sheet=["Commune Orly", "Commune Valenton"])
    path = depot.drop(COMMUNES.read_bytes(), "communes.xls")
    assert depot.ingest(path).counts[0] == 10
    declare(depot, "xls", sheet=["Commune Orly", "Commune A*", "Commune Thiais", "Commune *"])
    refused = refusal(depot, path)
    assert (refused.code, refused.colonne) == ("FIC-FEUILLE", "Commune A*, Commune Thiais")
    declare(depot, "xls", sheet="Ablon")
    refused = refusal(depot, path)
    assert refused.code == "FIC-FEUILLE" and "Commune Orly, Commune Valenton" in refused.attendu


def _with_record(kind: int, other: int) -> bytes:
    """The workbook with the type of its first record ``kind`` changed."""
    data = bytearray(COMMUNES.read_bytes())
    place = 512
    while (found := struct.unpack_from("<HH", data, place))[0] != kind:
        place += 4 + found[1]
    struct.pack_into("<H", data, place, other)
    return bytes(data)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "FIC-VIDE"),
        (b"Code;Montant\n", "FIC-NATURE"),
        (COMMUNES.read_bytes()[:512], "FIC-TRONQUE"),
        (COMMUNES.read_bytes()[:3000], "FIC-TRONQUE"),
        (_with_record(0x42, 0x2F), "FIC-PROTEGE"),
        (COMMUNES.read_bytes()[:48] + b"\0" * 4 + COMMUNES.read_bytes()[52:], "FIC-NATURE"),
    ],
)
def test_an_old_workbook_that_is_empty_other_cut_or_locked(depot: Depot, content: bytes, code: str):
    declare(depot, "xls", sheet="Commune *")
    assert refusal(depot, depot.drop(content, "communes.xls")).code == code


@settings(max_examples=15)
@given(place=st.integers(0, 5631), byte=st.integers(0, 255))
def test_no_byte_of_an_old_workbook_breaks_the_reading(tmp_path_factory, place: int, byte: int):
    depot = Depot(tmp_path_factory.mktemp("xls"))
    declare(depot, "xls", sheet="Commune *")
    data = bytearray(COMMUNES.read_bytes())
    data[place] = byte
    path = depot.drop(bytes(data), "communes.xls")
    try:
        depot.ingest(path)
    except DeliveryRefused as refused:
        assert refused.code.startswith("FIC-") and refused.attendu


def test_an_open_document(depot: Depot):
    declare(depot, "ods", sheet="Relevé")
    rows = [
        ["Relevé 2020"],
        [],
        HEAD,
        ["A1", "natif", 1234.5, DAY],
        ["A2", "texte", "1 234,50", "03/02/2020"],
        Xml('<table:table-row table:number-rows-repeated="2"><table:table-cell/></table:table-row>'),
        ["A3", formula("calculé"), 2, DAY],
        ["A4", formula("#DIV/0!", error=True), 2, DAY],
        Xml(
            '<table:table-row table:number-rows-repeated="2"><table:table-cell office:value-type="string"><text:p>A5</text:p>'
            '</table:table-cell><table:table-cell office:value-type="string"><text:p>deux</text:p></table:table-cell>'
            '<table:table-cell office:value-type="float" office:value="3"/></table:table-row>'
        ),
    ]
    read = depot.ingest(ods(depot, {"Notice": [["à lire"], ["ceci"]], "Relevé": rows, "Vide": []}, hidden=("Notice",)))
    assert values(read) == [
        ("Relevé", 4, "A1", Decimal("1234.50"), DAY),
        ("Relevé", 5, "A2", Decimal("1234.50"), DAY),
        ("Relevé", 8, "A3", Decimal("2.00"), DAY),
        ("Relevé", 10, "A5", Decimal("3.00"), None),
        ("Relevé", 11, "A5", Decimal("3.00"), None),
    ]
    assert [(r["_ligne"], r["recu"]) for r in read.refused] == [(9, "#DIV/0!")]
    assert read.manifest.non_lus == [
        Unread("export.ods", "Notice", 2, cachee=True, ecartee=False),
        Unread("export.ods", "Vide", 0, cachee=False, ecartee=False),
    ]


def test_an_open_document_that_is_locked_unfinished_or_a_bomb(depot: Depot):
    declare(depot, "ods")
    table = [HEAD, ["A1", "x", 1, DAY]]
    assert refusal(depot, ods(depot, {"F": table}, "a.ods", encrypted=True)).code == "FIC-PROTEGE"
    assert refusal(depot, ods(depot, {"F": [HEAD, ["A1", formula(), 1, DAY]]}, "b.ods")).colonne == "F!B2"
    row = '<table:table-row{}><table:table-cell{} office:value-type="float" office:value="1"/></table:table-row>'
    tall = Xml(row.format(' table:number-rows-repeated="900000000"', ""))
    wide = Xml(row.format("", ' table:number-columns-repeated="90000000"'))
    long = Xml(
        '<table:table-row><table:table-cell office:value-type="string"><text:p>'
        '<text:s text:c="2000000000"/></text:p></table:table-cell></table:table-row>'
    )
    for name, bomb in (("c", tall), ("d", wide), ("g", long)):
        assert refusal(depot, ods(depot, {"F": [*table, bomb]}, f"{name}.ods")).code == "FIC-TAILLE"
    hostile = ods(depot, {"F": [*table, Xml("<!-- -->")]}, "e.ods")
    cut = hostile.read_bytes()[:-40]
    assert refusal(depot, depot.drop(cut, "f.ods")).code == "FIC-NATURE"
    many = refusal(depot, ods(depot, {f"F{n}": [HEAD] for n in range(501)}, "h.ods"))
    assert (many.code, many.attendu) == ("FIC-TAILLE", "500 feuilles au plus")


def test_the_lines_under_a_merged_cell_of_an_open_document_are_refused(depot: Depot):
    declare(depot, "ods")
    merged = Xml(
        '<table:table-cell table:number-rows-spanned="2" office:value-type="string"><text:p>x</text:p></table:table-cell>'
    )
    rows = [HEAD, ["A1", merged, 1, DAY], ["A2", Xml("<table:covered-table-cell/>"), 2, DAY], ["A3", "y", 3, DAY]]
    read = depot.ingest(ods(depot, {"F": rows}))
    assert [(r["_ligne"], r["regle"], r["colonne"]) for r in read.refused] == [(3, "LIG-FUSION", "Libellé")]


def test_the_lines_under_a_merged_cell_of_an_old_workbook_are_refused(depot: Depot):
    declare(depot, "xls", sheet="Commune Orly")
    data = bytearray(COMMUNES.read_bytes())
    dimensions = data.index(struct.pack("<HHIIHH", 0x200, 14, 0, 9, 0, 4))  # of that sheet, which nothing needs
    struct.pack_into("<HH5H", data, dimensions, 0xE5, 14, 1, 5, 6, 3, 3)  # D6:D7
    read = depot.ingest(depot.drop(bytes(data), "communes.xls"))
    assert [(r["_ligne"], r["regle"], r["colonne"]) for r in read.refused] == [(7, "LIG-FUSION", "Jour")]


def test_a_workbook_of_another_kind_is_named(depot: Depot):
    declare(depot, "xlsx")
    shutil.copy(COMMUNES, path := depot.drop(b"", "a.xlsx"))
    assert refusal(depot, path).recu == "un ancien classeur .xls"
    assert refusal(depot, ods(depot, {"F": [HEAD]}, "b.xlsx")).recu == "un classeur .ods"
    declare(depot, "ods")
    assert refusal(depot, depot.workbook({"F": [HEAD]}, "c.ods")).recu == "un classeur .xlsx"


def test_each_sheet_has_its_own_header_and_total(depot: Depot):
    declare(depot, "xlsx", sheet=["Nord", "Sud"], ignore=[{"column": "code", "pattern": "Total", "sums": ["montant"]}])
    north = [HEAD, ["A1", "x", 1, DAY], ["Total", None, 1, None]]
    south = [["Sud"], [*HEAD[::-1]], [DAY, 2, "y", "A1"], [None, 2, None, "Total"]]
    read = depot.ingest(depot.workbook({"Nord": north, "Sud": south}))
    assert values(read) == [("Nord", 2, "A1", Decimal("1.00"), DAY), ("Sud", 3, "A1", Decimal("2.00"), DAY)]
    assert [(t["annonce"], t["ok"]) for t in read.manifest.tables["lignes"].totals] == [("1.00", True), ("2.00", True)]


@given(st.integers(1, 16384), st.integers(1, 1048576))
def test_the_name_of_a_cell_gives_its_column(column: int, row: int):
    name = cell_name(row, column)
    assert column_number(name.removesuffix(str(row))) == column
