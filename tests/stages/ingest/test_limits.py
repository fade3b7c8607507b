"""The limits on hostile exports are counted, and named when they are reached."""

import time
import zipfile
from pathlib import Path

import pytest

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.settings import WrongSetting, limits
from pipelines.stages.ingest import reading
from pipelines.stages.ingest.landing import known_by
from pipelines.stages.ingest.readers import json_file, plain_lines
from tests.deliveries import HEADER, Depot

XLSX = {"type": "xlsx"}
XML = {"type": "xml"}
CELLS = '<c r="{}" t="inlineStr"><is><t>x</t></is></c>'


def refused(depot: Depot, *paths: Path) -> str:
    with pytest.raises(DeliveryRefused) as refusal:
        depot.ingest(*paths)
    return str(refusal.value)


def test_a_table_of_too_many_columns_is_refused_with_its_count(depot: Depot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MILLESIME_MOST_COLUMNS", "6")
    depot.declare()
    wide = "".join(f";c{n}" for n in range(2))
    assert depot.csv(HEADER.replace("\n", f"{wide}\n") + f"A1;x;1,00;{wide}\n").counts[1] == 1
    wide += ";une de trop"
    said = refused(depot, depot.drop(HEADER.replace("\n", f"{wide}\n") + f"A1;x;1,00;{wide}\n"))
    assert "FIC-TAILLE" in said and "7 colonnes" in said and "6 colonnes au plus" in said


@pytest.mark.parametrize(("column", "shown"), [(16383, "XFD"), (2000, "BXY")])
def test_a_stray_cell_far_to_the_right_is_refused_and_named(depot: Depot, column: int, shown: str):
    depot.declare(kind=XLSX)
    rows = [["Code", "Libellé", "Montant", "Jour"], ["A1", "x", 1, None], [None] * column + ["x"]]
    said = refused(depot, depot.workbook({"Feuille": rows}))
    assert "FIC-TAILLE" in said and f"Feuille!{shown}" in said


@pytest.mark.parametrize("cell", ["AAAA3", "ZZZZ3", "ZZZZZZZ3", "A1048577"])
@pytest.mark.parametrize("order", [1, -1])
def test_a_cell_beyond_the_last_that_there_is_is_refused(depot: Depot, cell: str, order: int):
    depot.declare(kind=XLSX)
    path = depot.workbook({"Feuille": [["Code", "Libellé", "Montant", "Jour"], ["A1", "x", 1, None], ["A2"]]})
    with zipfile.ZipFile(path) as book:
        members = {name: book.read(name) for name in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    cells = "".join([CELLS.format("A3"), CELLS.format(cell)][::order])
    head, _, _ = members[sheet].decode().partition('<row r="3"')
    members[sheet] = f'{head}<row r="3">{cells}</row></sheetData></worksheet>'.encode()
    with zipfile.ZipFile(path, "w") as book:
        for name, content in members.items():
            book.writestr(name, content)
    assert "FIC-" in refused(depot, path)


def test_a_long_cell_of_a_workbook_is_read_or_refused_by_its_length(depot: Depot, monkeypatch: pytest.MonkeyPatch):
    depot.declare(kind=XLSX)
    path = depot.workbook({"F": [["Code", "Libellé", "Montant", "Jour"], ["A1", "x" * 30000, 1, None]]})
    assert depot.ingest(path).column("libelle") == ["x" * 30000]
    monkeypatch.setenv("MILLESIME_LONGEST_CELL", "29999")
    path = depot.workbook({"F": [["Code", "Libellé", "Montant", "Jour"], ["A2", "x" * 30000, 1, None]]})
    said = refused(depot, path)
    assert "FIC-TAILLE" in said and "29999" in said


def xml(depot: Depot) -> None:
    depot.declare([{"name": "code", "title": "code"}], kind=XML, table={"records": "/r/l"}, files="*.xml")


@pytest.mark.parametrize("encoding", ["FOO-9", "windows-874", "utf-7"])
def test_an_encoding_that_nobody_knows_is_refused(depot: Depot, encoding: str):
    xml(depot)
    path = depot.drop(f'<?xml version="1.0" encoding="{encoding}"?><r><l><code>1</code></l></r>', "e.xml")
    assert "FIC-XML" in refused(depot, path)


def test_a_huge_text_is_refused_as_too_long_and_not_as_unsound(depot: Depot):
    depot.declare([{"name": "code", "title": "code"}], kind={"type": "xml"}, table={"records": "r/l"}, files="*")
    said = refused(depot, depot.drop(f"<r><l><code>{'y' * 11_000_000}</code></l></r>", "e.xml"))
    assert "FIC-TAILLE" in said and "des textes de dix millions" in said


def test_a_huge_attribute_is_refused_before_it_is_read_whole(depot: Depot):
    xml(depot)
    path = depot.drop(f'<r><l x="{"y" * 9_000_000}"><code>1</code></l></r>', "e.xml")
    said = refused(depot, path)
    assert "FIC-TAILLE" in said and f"{limits().cell} caractères au plus" in said


def test_names_and_namespaces_without_number_are_refused(depot: Depot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MILLESIME_MOST_COLUMNS", "2")
    xml(depot)
    same = '<l xmlns="u"><code>1</code></l>'  # as many times as there are records: one namespace
    assert depot.ingest(depot.drop(f"<r>{same * 5}</r>", "e.xml")).column("code") == ["1"] * 5
    spaces = "".join(f'\n<l xmlns="u{n}"><code>1</code></l>' for n in range(3))
    assert "e.xml:4 FIC-TAILLE — attendu : 2 espaces de noms au plus" in refused(
        depot, depot.drop(f"<r>{spaces}</r>", "e.xml")
    )
    names = "".join(f"\n<n{n}/>" for n in range(120))
    said = refused(depot, depot.drop(f"<r><l><code>1</code></l>{names}</r>", "e.xml"))
    assert "e.xml:99 FIC-TAILLE" in said and "100 noms d’éléments différents au plus" in said


def test_more_misshapen_lines_than_can_be_listed_refuse_the_file(depot: Depot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MILLESIME_MOST_MISSHAPEN", "3")
    depot.declare()
    good = "A1;x;1,00;\n"
    assert depot.csv(HEADER + good + "A;b\n" * 3).counts[2] == 3
    said = refused(depot, depot.drop(HEADER + good + "A;b\n" * 4))
    assert "export.csv:6 FIC-TAILLE" in said and "3 lignes mal formées au plus, ou MILLESIME_MOST_MISSHAPEN" in said


def test_empty_lines_are_bounded_and_blank_cells_are_ignored_by_any_count(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MILLESIME_MOST_MISSHAPEN", "3")
    depot.declare()
    good = "A1;x;1,00;\n"
    assert depot.csv(HEADER + good + "\n" * 3).counts == (5, 1, 0, 4)
    assert depot.csv(HEADER + good + "\n" + ";;;\n; ;\t;\n" * 9).counts == (21, 1, 0, 20)
    said = refused(depot, depot.drop(HEADER + good + "\n" * 4))
    assert "export.csv:6 FIC-TAILLE" in said and "3 lignes vides au plus" in said


def test_a_file_larger_than_the_limit_is_refused_unread_whatever_it_holds(depot: Depot):
    depot.declare()
    path = depot.drop(HEADER + "A1;x;1,00;\n")
    before = known_by(path)
    with path.open("r+b") as file:
        file.truncate(10**12)  # a hole: it takes no room, until it is copied
    begun = time.monotonic()
    assert "FIC-TAILLE" in (said := refused(depot, path)) and "2000 Mo au plus" in said
    assert known_by(path) != before and time.monotonic() - begun < 5


def test_what_duckdb_has_no_memory_for_is_refused_and_the_setting_named(depot: Depot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MILLESIME_MEMORY", "200")
    depot.declare()
    wide = 1900
    header = HEADER.replace("\n", "".join(f";c{n}" for n in range(wide)) + "\n")
    path = depot.drop(header + f"A1;x;1,00;{';y' * wide}\n" * 4000)
    assert "FIC-TAILLE" in (said := refused(depot, path)) and "MILLESIME_MEMORY (200 Mo)" in said


def test_as_many_columns_as_are_read_fit_in_the_memory_of_duckdb(depot: Depot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MILLESIME_MEMORY", "300")
    depot.declare()
    wide = limits().columns - HEADER.count(";") - 1
    header = HEADER.replace("\n", "".join(f";c{n}" for n in range(wide)) + "\n")
    good, bad = (f"A1;x;{amount};03/02/2020{';y' * wide}\n" for amount in ("1,00", "un"))
    assert depot.csv(header + good * 4500 + bad * 500).counts == (5001, 4500, 500, 1)


def test_a_limit_that_is_not_a_number_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MILLESIME_MOST_COLUMNS", "beaucoup")
    with pytest.raises(WrongSetting, match="MILLESIME_MOST_COLUMNS"):
        limits()


@pytest.mark.parametrize("place", ["record", "beside", "line", "way"])
def test_more_objects_and_lists_than_are_gone_through_are_refused_at_their_line(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, place: str
):
    monkeypatch.setenv("MILLESIME_MOST_ELEMENTS", "9")
    kind = {"type": "jsonl" if place == "line" else "json"}
    table = {"line": {}, "way": {"records": "l.m"}}.get(place, {"records": "l"})
    depot.declare([{"name": "code", "title": "code"}], kind=kind, table=table, files="*")
    good, vast = '{"code": 1}', '{"code": 2, "k": [{}, [], {}, [], {}, [], {}, [], {}]}'
    text = {
        "record": f'{{"l": [{good},\n{vast}]}}',
        "beside": f'{{"x": 1,\n"y": {vast}, "l": [{good}]}}',
        "line": f"{good}\n{vast}",
        "way": f'{{"l": [{{"m": [{good}]}}, [], {{}}, [],\n{{}}, [], {{}}, [], {{}}]}}',
    }[place]
    said = refused(depot, depot.drop(text, "e.json"))
    assert ":2 FIC-TAILLE" in said and "9 objets, listes et clés au plus" in said
    assert depot.csv(text.replace(", {}, [], {}", ""), "f.json").counts[2:] == (0, 0)


def test_more_records_than_a_document_may_hold_are_refused_and_no_further_counted(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MILLESIME_MOST_ELEMENTS", "4")
    monkeypatch.setattr(reading, "in_child", lambda read, *arguments: read(*arguments))
    depot.declare([{"name": "code", "title": "code"}], kind={"type": "json"}, table={"records": "l"}, files="*")
    listed = '{"l": [{"code": 1}, {"code": 2}, {"code": 3}, {"code": 4}'
    assert "FIC-TAILLE" in refused(depot, depot.drop(listed + "]}", "e.json"))
    assert "FIC-TAILLE" in refused(depot, depot.drop(listed + ", !", "e.json"))
    assert json_file._elements("[" + "{}," * 99, 0, 4) == 5
    depot.declare([{"name": "code", "title": "code"}], kind={"type": "json"}, table={"records": "l.*"}, files="*")
    keyed = ", ".join(f'"{n}": {{"code": {n}}}' for n in range(4))
    assert "FIC-TAILLE" in refused(depot, depot.drop(f'{{"l": {{{keyed}}}}}', "e.json"))


def test_more_elements_than_a_document_may_hold_are_refused(depot: Depot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MILLESIME_MOST_ELEMENTS", "9")
    depot.declare([{"name": "code", "title": "c"}], kind={"type": "xml"}, table={"records": "r/l"}, files="*")
    record = "<l><c>1</c><x><y/></x></l>\n"
    assert depot.csv(f"<r>{record * 2}</r>", "e.xml").counts == (2, 2, 0, 0)
    said = refused(depot, depot.drop(f"<r>{record}<l><c>1</c><x><y/><y/></x></l></r>", "f.xml"))
    assert "f.xml:2 FIC-TAILLE" in said and "9 éléments au plus" in said


@pytest.mark.parametrize(
    ("kind", "good", "short"),
    [
        (
            "jsonl",
            '{"code": 1, "libelle": "une ligne dont la longueur permet d’en lire davantage que la limite"}',
            '{"x": 1}',
        ),
        ("key_value", "code=1 libelle='une ligne dont la longueur permet d’en lire davantage que la limite'", "x=1"),
    ],
)
def test_more_short_lines_than_are_read_one_by_one_are_refused(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, kind: str, good: str, short: str
):
    """Each takes as long as another; a file of long lines may have as many as its size allows."""
    monkeypatch.setenv("MILLESIME_MOST_ELEMENTS", "4")
    depot.declare([{"name": "code", "title": "code"}], kind={"type": kind}, files="*")
    assert depot.csv(f"{good}\n" * 6 + f"{short}\n" * 4, "e.log").counts == (10, 6, 0, 4)
    said = refused(depot, depot.drop(f"{good}\n" + f"{short}\n" * 4, "f.log"))
    assert (
        "f.log:5 FIC-TAILLE" in said
        and "4 lignes au plus, sinon plusieurs fichiers" in said
        and "MILLESIME_MOST_ELEMENTS" in said
    )


def test_more_lines_than_are_refused_one_by_one_refuse_the_file(depot: Depot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MILLESIME_MOST_ELEMENTS", "4")
    depot.declare([{"name": "code", "title": "Code", "type": "integer"}])
    assert depot.csv("Code\n" + "1\n" * 9 + "x\n" * 4 + "\n" * 9).counts == (23, 9, 4, 10)
    said = refused(depot, depot.drop("Code\n" + "1\n" * 9 + "x\n" * 5))
    assert "FIC-TAILLE" in said and "4 lignes refusées au plus, ou MILLESIME_MOST_ELEMENTS" in said


def test_a_value_of_too_many_levels_is_refused_at_its_line(depot: Depot):
    depot.declare([{"name": "code", "title": "code"}], kind={"type": "json"}, table={"records": "l"}, files="*")
    deep = '{"l": [{"code": 1},\n{"code": %s%s}]}'
    assert depot.csv(deep % ("[" * 500, "]" * 500), "e.json").counts == (2, 2, 0, 0)
    said = refused(depot, depot.drop(deep % ("[" * 5000, "]" * 5000), "f.json"))
    assert "f.json:2 FIC-TAILLE" in said and "millier de niveaux" in said


def test_a_line_too_long_to_be_held_is_refused(depot: Depot):
    depot.declare([{"name": "code", "title": "code"}], kind={"type": "jsonl"}, files="*")
    said = refused(depot, depot.drop('{"code": 1}\n' + " " * plain_lines.LONGEST_LINE, "e.jsonl"))
    assert "e.jsonl:2 FIC-TAILLE" in said and "moins de 64 Mo" in said


def test_files_whose_typed_lines_memory_does_not_hold_at_once_are_read(depot: Depot, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MILLESIME_MEMORY", "200")
    depot.declare()
    wide = "".join(f";c{n}" for n in range(100))
    empty = ";" * 100
    paths = [
        depot.drop(HEADER.replace("\n", f"{wide}\n") + f"A{n};x;1,00;{empty}\nB;x;un;{empty}\n", f"{n:02}.csv")
        for n in range(40)
    ]
    read = depot.ingest(*paths)
    assert read.counts == (120, 40, 40, 40)
    assert read.column("code") == [f"A{n}" for n in range(40)]
    assert [row["_ligne"] for row in read.refused] == [3] * 40
