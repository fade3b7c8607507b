"""A cell is read strictly or its line is refused: what DuckDB's casts would let through is not let through."""

import datetime as dt
import itertools
import re
from decimal import Decimal

import duckdb
import pytest

from pipelines.catalogue.declarations import Field, Table
from pipelines.sql import literal
from pipelines.stages.ingest import typing
from pipelines.stages.ingest.typing import read_field
from tests.deliveries import Depot

CODE = {"name": "code", "title": "Code"}

READABLE = [
    ({"type": "integer"}, "0", 0),
    ({"type": "integer"}, " 12 ", 12),
    ({"type": "integer"}, "-12", -12),
    ({"type": "integer"}, "+12", 12),
    ({"type": "integer"}, "\u221212", -12),
    ({"type": "integer"}, "007", 7),
    ({"type": "integer", "groupChar": " "}, "1\u202f234\u00a0567", 1234567),
    ({"type": "integer", "groupChar": "."}, "1.234.567", 1234567),
    ({"type": "integer"}, "999999999999999", 999999999999999),
    ({"type": "number"}, "12.5", Decimal("12.50")),
    ({"type": "number", "decimalChar": ","}, "12,05", Decimal("12.05")),
    ({"type": "number", "decimalChar": ",", "groupChar": "."}, "-1.234,5", Decimal("-1234.50")),
    ({"type": "number", "decimals": 6}, "123456789012.123456", Decimal("123456789012.123456")),
    ({"type": "number", "decimals": 0}, "12", Decimal(12)),
    ({"type": "date"}, "2020-02-29", dt.date(2020, 2, 29)),
    ({"type": "date", "format": "%d/%m/%Y"}, "1/2/2024", dt.date(2024, 2, 1)),
    ({"type": "date", "format": "%d/%m/%Y"}, "\u00a001/02/2024 ", dt.date(2024, 2, 1)),
    ({"type": "date", "format": "%Y%m%d"}, "20241101", dt.date(2024, 11, 1)),
    ({"type": "date", "format": "%d.%m.%Y"}, "31.12.2100", dt.date(2100, 12, 31)),
    ({"type": "datetime", "format": "%d/%m/%Y %H:%M"}, "01/02/2024 9:05", dt.datetime(2024, 2, 1, 9, 5)),
    ({"type": "datetime"}, "2024-02-01 23:59:59", dt.datetime(2024, 2, 1, 23, 59, 59)),
    ({"type": "year"}, "2024", 2024),
    ({"type": "boolean", "trueValues": ["Oui", "O"], "falseValues": ["Non"]}, "O", True),
    ({"type": "boolean", "trueValues": ["Oui", "O"], "falseValues": ["Non"]}, " Non\t", False),
    ({"type": "boolean", "trueValues": ["É"], "falseValues": ["n.a"]}, "E\u0301", True),
    ({"type": "string"}, " e\u0301te\u0301 ", "été"),
    ({"type": "string"}, "\ufeffx", "x"),
    ({"type": "string"}, "NULL", "NULL"),
    ({"type": "string"}, "NA", "NA"),
    ({"type": "string"}, "#tag", "#tag"),
    ({"type": "string", "constraints": {"pattern": "[A-Z]{2}[0-9]+"}}, " AB1 ", "AB1"),
    ({"type": "integer", "constraints": {"pattern": "[0-9]{3}"}}, "012", 12),
    *(
        ({"type": "string", "values": {"Clos": ["closed", "5", "Fermé (définitif)"], "Ouvert": ["open"]}}, text, value)
        for text, value in (
            ("closed", "Clos"),
            (" closed\u00a0", "Clos"),
            ("5", "Clos"),
            ("Ferme\u0301 (définitif)", "Clos"),
            ("open", "Ouvert"),
            ("Clos", "Clos"),
            ("Closed", "Closed"),  # a word that is not mapped stays as it is written, for the suite to judge
            ("closed5", "closed5"),
        )
    ),
    ({"type": "string", "groupChar": " "}, "1\u00a0234\u202f567", "1234567"),
    ({"type": "string", "groupChar": " "}, " 1 234", "1234"),
    ({"type": "string", "groupChar": " "}, "12 3456", "12 3456"),
    ({"type": "string", "groupChar": " "}, "INC 123", "INC 123"),
]

UNREADABLE = [
    *(
        ({"type": "integer"}, text)
        for text in (
            "12.6",
            "12,0",
            "1e5",
            "0x10",
            "1_000",
            "1 000",
            "nan",
            "inf",
            "--1",
            "1-",
            "- 1",
            "un",
            "1234567890123456",
            "²",
            "１２",
        )
    ),
    *(({"type": "integer", "groupChar": " "}, text) for text in ("1 23", "12 34 567", "1  234", "1 234.5", " 1\n234")),
    *(
        ({"type": "number"}, text)
        for text in (
            "12,5",
            "12.345",
            "1e5",
            "1.",
            ".5",
            "nan",
            "Infinity",
            "0x1p3",
            "1_0.5",
            "12.5 €",
            "1.2.3",
            "1 234.50",
            "$5",
        )
    ),
    *(
        ({"type": "number", "decimalChar": ",", "groupChar": " "}, text)
        for text in (
            "1.5",
            "1 23,5",
            "1234 567,5",
            "12,345",
            "1,234,567",
        )
    ),
    ({"type": "number", "decimals": 6}, "1234567890123"),  # would not fit: never NULL in silence
    ({"type": "number", "decimals": 4}, "123456789012345"),
    ({"type": "number", "decimals": 0}, "12.0"),
    *(
        ({"type": "date", "format": "%d/%m/%Y"}, text)
        for text in (
            "31/02/2024",
            "29/02/2023",
            "1/2/24",
            "2024-02-01",
            "01/02/2024 00:00",
            "01/13/2024",
            "00/01/2024",
            "01/02/02024",
            "01/02/1899",
            "01/02/2101",
            "1/2/2024.",
            "infinity",
            "today",
            "45352",
            "01-02-2024",
            "1 /2/2024",
        )
    ),
    *(({"type": "date", "format": "%Y%m%d"}, text) for text in ("2024111", "202411", "2024 11 1", "20241301")),
    *(({"type": "date"}, text) for text in ("2024-2-30", "epoch", "2024-02-01T00:00:00", "-2024-01-01")),
    *(
        ({"type": "datetime"}, text)
        for text in ("2024-02-01", "2024-02-01 24:00:00", "2024-02-01 10:00:60", "2024-02-01 10:00:00Z")
    ),
    *(({"type": "year"}, text) for text in ("24", "2024.0", "1789", "20240", "deux mille")),
    *(
        ({"type": "boolean", "trueValues": ["Oui"], "falseValues": ["Non"]}, text)
        for text in ("oui", "O", "1", "true", "OuiNon")
    ),
    *(({"type": "string"}, text) for text in ("#N/A", " #REF! ", "#NOM?")),
]


@pytest.fixture(scope="module")
def db():
    with duckdb.connect() as connection:
        yield connection


def values_of(db, options: dict, texts: list, *, workbook=False, missing=("",)) -> list:
    """The value of each text, read by the compiled declaration."""
    reading = _reading(options, workbook=workbook, missing=missing)
    listed = ", ".join(f"({i}, {literal(text)})" for i, text in enumerate(texts))
    rows = db.execute(f"select {reading.value} from (values {listed}) t(i, c0) order by i").fetchall()
    return [row[0] for row in rows]


def _reading(options, *, workbook=False, missing=("",)):
    field = Field(**CODE, **options)
    return read_field(
        field,
        "c0",
        Table(name="t", title="T", fields=[field], missingValues=list(missing)),
        workbook=workbook,
    )


@pytest.mark.parametrize(("options", "text", "value"), READABLE)
def test_readable(db, options, text, value):
    assert values_of(db, options, [text]) == [value]


@pytest.mark.parametrize(("options", "text"), UNREADABLE)
def test_unreadable(db, options, text):
    assert values_of(db, options, [text]) == [None]
    assert db.execute(f"select {_reading(options).missing} from (select {literal(text)} as c0)").fetchone() == (False,)


@pytest.mark.parametrize("blank", [None, "", " ", "\t", "\u00a0", "\u202f \ufeff"])
@pytest.mark.parametrize("type_", ["string", "integer", "number", "boolean", "date", "datetime", "year"])
def test_blank_is_missing(db, type_, blank):
    reading = _reading({"type": type_})
    assert db.execute(f"select {reading.value}, {reading.missing} from (select {literal(blank)} as c0)").fetchone() == (
        None,
        True,
    )


@pytest.mark.parametrize(
    ("options", "token"),
    [
        ({"type": "integer"}, "0"),
        ({"type": "integer"}, "-1"),
        ({"type": "number"}, "9.99"),
        ({"type": "year"}, "1900"),
        ({"type": "date", "format": "%d/%m/%Y"}, "01/01/1900"),
        ({"type": "string"}, "-"),
        ({"type": "string"}, "Inconnue"),
        ({"type": "boolean"}, "0"),
    ],
)
def test_a_missing_value_is_never_a_value(db, options, token):
    assert values_of(db, options, [token, f" {token}"], missing=("", token)) == [None, None]
    assert values_of(db, options, [token]) != [None]


def test_the_short_way_accepts_only_what_the_next_ones_accept(db):
    """Every cell of a small alphabet, read with and without the short way, gives the same."""
    cells = ["".join(letters) for n in range(4) for letters in itertools.product("1+,. -/é#", repeat=n)]
    cells += [
        "01/02/2020",
        "1/2/2020",
        "31/02/2020",
        "#N/A",
        "é" * 3,
        "e\u0301",
        "\u00a0x",
        "x\u202f",
        "a b",
        "＃",
        "Ⅷ",
        "ﬁ",
    ]
    for options in (
        {"type": "string"},
        {"type": "integer"},
        {"type": "integer", "groupChar": " "},
        {"type": "number", "decimalChar": ","},
        {"type": "date", "format": "%d/%m/%Y"},
        {"type": "year"},
        {"type": "boolean", "trueValues": ["1", "é"], "falseValues": ["-", "+"]},
    ):
        reading = _reading(options)
        long_way = re.sub(
            r"^case when regexp_full_match\(c0, '(?:[^']|'')*'\) then", "case when false then", reading.value
        )
        assert long_way != reading.value
        listed = ", ".join(f"({literal(cell)})" for cell in cells)
        different = db.execute(
            f"select c0 from (values {listed}) t(c0) where ({reading.value}) is distinct from ({long_way})"
        ).fetchall()
        assert different == []


def test_what_the_plain_class_holds_is_normalised_and_is_no_space():
    import unicodedata

    ranges = re.findall(r"(.)-(.)", typing.PLAIN)
    letters = [chr(c) for a, b in ranges for c in range(ord(a), ord(b) + 1)]
    text = "".join(letters)
    assert unicodedata.normalize("NFC", text) == text
    assert not [letter for letter in letters if letter.isspace() or letter in typing.SPACES]
    for one in letters:  # nor does any pair of them compose
        assert unicodedata.normalize("NFC", f"e{one}") == f"e{one}"


@pytest.mark.parametrize(
    ("options", "text", "value"),
    [
        ({"type": "number", "decimalChar": ","}, "12.5", Decimal("12.50")),  # a native number
        ({"type": "number", "decimalChar": ","}, "12,5", Decimal("12.50")),  # a number stored as text
        ({"type": "number", "decimalChar": ",", "groupChar": " "}, "1 234,5", Decimal("1234.50")),
        ({"type": "number", "decimalChar": ","}, "1e-07", None),
        ({"type": "integer"}, "12", 12),
        ({"type": "integer"}, "12.5", None),
        ({"type": "integer"}, "1e+15", None),
        ({"type": "date", "format": "%d/%m/%Y"}, "2024-03-01", dt.date(2024, 3, 1)),
        ({"type": "date", "format": "%d/%m/%Y"}, "01/03/2024", dt.date(2024, 3, 1)),
        ({"type": "date", "format": "%d/%m/%Y"}, "45352", dt.date(2024, 3, 1)),
        ({"type": "date", "format": "%d/%m/%Y"}, "99999", None),
        ({"type": "date", "format": "%d/%m/%Y"}, "4535", None),
        ({"type": "datetime"}, "2024-03-01", dt.datetime(2024, 3, 1)),
        ({"type": "boolean", "trueValues": ["VRAI"], "falseValues": ["FAUX"]}, "true", True),
        ({"type": "boolean", "trueValues": ["VRAI"], "falseValues": ["FAUX"]}, "FAUX", False),
    ],
)
def test_a_workbook_also_has_native_forms(db, options, text, value):
    assert values_of(db, options, [text], workbook=True) == [value]


def test_refusals_say_file_line_column_rule_expected_and_received(depot: Depot):
    depot.declare(
        fields=[
            {"name": "code", "title": "Code", "constraints": {"required": True, "pattern": "[A-Z][0-9]"}},
            {"name": "nombre", "title": "Nombre", "type": "integer", "constraints": {"required": True}},
            {"name": "jour", "title": "Jour", "type": "date", "format": "%d/%m/%Y"},
            {"name": "montant", "title": "Montant", "type": "number", "decimalChar": ",", "decimals": 3},
            {
                "name": "actif",
                "title": "Actif",
                "type": "boolean",
                "trueValues": ["Oui"],
                "falseValues": ["Non"],
            },
        ]
    )
    read = depot.csv(
        "Jour;Code;Nombre;Montant;Actif\n01/02/2020;A1;1;1,5;Oui\n31/02/2020;a1;;1,5555;peut-être\n;;12.6;;\n"
    )
    assert read.counts == (4, 1, 2, 1)
    assert [(r["_ligne"], r["position"], r["colonne"], r["regle"], r["attendu"], r["recu"]) for r in read.refused] == [
        (3, 1, "Jour", "LIG-TYPE", "une date jj/mm/aaaa", "31/02/2020"),
        (3, 2, "Code", "LIG-MOTIF", "[A-Z][0-9]", "a1"),
        (3, 3, "Nombre", "LIG-OBLIGATOIRE", "une valeur", None),
        (3, 4, "Montant", "LIG-TYPE", "un nombre d’au plus 3 décimales (« , »)", "1,5555"),
        (3, 5, "Actif", "LIG-TYPE", "Oui ou Non", "peut-être"),
        (4, 2, "Code", "LIG-OBLIGATOIRE", "une valeur", None),
        (4, 3, "Nombre", "LIG-TYPE", "un nombre entier", "12.6"),
    ]
    assert {r["_fichier"] for r in read.refused} == {"export.csv"}


def test_lake_types_hold_no_double(depot: Depot):
    kinds = ["string", "integer", "number", "boolean", "date", "datetime", "year"]
    depot.declare(fields=[{"name": f"c_{kind}", "title": kind, "type": kind} for kind in kinds])
    for content in (
        ";".join(kinds) + "\nx;1;1.5;true;2020-01-01;2020-01-01 00:00:00;2020\n",
        ";".join(kinds) + "\n",
    ):
        read = depot.csv(content)
        parquet = depot.home.lake / read.manifest.tables["lignes"].parquet
        described = duckdb.sql(f"describe from read_parquet('{parquet}')").fetchall()
        assert [(name, type_) for name, type_, *_ in described] == [
            ("c_string", "VARCHAR"),
            ("c_integer", "BIGINT"),
            ("c_number", "DECIMAL(18,2)"),
            ("c_boolean", "BOOLEAN"),
            ("c_date", "DATE"),
            ("c_datetime", "TIMESTAMP"),
            ("c_year", "INTEGER"),
            ("exercice", "INTEGER"),
            ("_livraison", "VARCHAR"),
            ("_fichier", "VARCHAR"),
            ("_feuille", "VARCHAR"),
            ("_ligne", "BIGINT"),
        ]
