"""What a spreadsheet is given: nothing that it would run, and, for French, what it reads as a number or a boolean."""

import re
from decimal import Decimal

import pytest

from pipelines.spreadsheet import CODE, french_cell, neutralised


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"), ("+33 1", "'+33 1"), ("-5", "'-5"), ("@SUM(A1)", "'@SUM(A1)"), ("\tx", "'\tx"),
        ("\rx", "'\rx"), (" =3", "' =3"), ("\ufeff=3", "'\ufeff=3"), ("＝4", "'＝4"), ("abc", "abc"),
        ("%x", "'%x"), ("%", "%"), ("|x", "'|x"),
        ("a=1", "a=1"), ("\u200b+1", "'\u200b+1"), (" % ", " % "),
        (-5, -5), (None, None), ("", ""),
    ],
)  # fmt: skip
def test_only_texts_that_a_spreadsheet_would_run_are_neutralised(cell: object, safe: object) -> None:
    assert neutralised(cell) == safe


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        (True, "vrai"),
        (False, "faux"),
        (Decimal("1234567.10"), "1234567,10"),
        (Decimal("1E+3"), "1000"),
        (-0.5, "-0,5"),
        (7, 7),
        (None, None),
        ("1.5", "1.5"),
        ("-1.5", "'-1.5"),
    ],
)
def test_a_cell_of_a_csv_is_one_that_a_french_spreadsheet_reads(cell: object, written: object) -> None:
    assert french_cell(cell) == written


@pytest.mark.parametrize(
    ("text", "is_code"),
    [("007", True), ("0", False), ("12", False), ("1" * 12, True), ("1" * 11, False), ("3E5", True), ("3E", False)],
)
def test_a_code_is_a_text_that_a_spreadsheet_would_take_for_a_number(text: str, is_code: bool) -> None:
    assert bool(re.fullmatch(CODE, text)) is is_code
