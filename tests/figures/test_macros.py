"""The exact arithmetic of the figures, on numbers that a double gets wrong."""

from decimal import Decimal

import pytest

from tests.figures.sql import scalar


@pytest.mark.parametrize(
    ("numerator", "denominator", "places", "expected"),
    [
        ("1", "3", 2, "0.33"),
        ("2", "3", 2, "0.67"),
        ("1", "8", 2, "0.13"),  # 0.125: half up, not to even
        ("-1", "8", 2, "-0.13"),  # away from zero
        ("1", "-8", 2, "-0.13"),
        ("1005", "1000", 2, "1.01"),  # 1.005 is less than itself as a double
        ("0.285", "1", 2, "0.29"),
        ("5", "2", 0, "3"),
        ("999999", "1000000", 3, "1"),
        ("100 * 37", "74", 1, "50"),
        ("0", "7", 2, "0"),
        ("12345678901.23", "0.01", 2, "1234567890123"),
        ("1", "7", 6, "0.142857"),
    ],
)
def test_ratio_is_exact_and_rounds_half_up(numerator, denominator, places, expected):
    value = scalar(f"{{{{ ratio('{numerator}', '{denominator}', {places}) }}}}")
    assert value == Decimal(expected)
    assert value.as_tuple().exponent == -6  # decimal(20, 6), never a double


@pytest.mark.parametrize(("numerator", "denominator"), [("1", "0"), ("0", "0"), ("null", "2"), ("1", "null")])
def test_ratio_without_meaning_is_null(numerator, denominator):
    assert scalar(f"{{{{ ratio('{numerator}', '{denominator}', 2) }}}}") is None


@pytest.mark.parametrize(
    ("number", "places", "expected"), [("0.125", 2, "0.13"), ("-2.5", 0, "-3"), ("1.004999", 2, "1")]
)
def test_arrondi_rounds_half_up(number, places, expected):
    assert scalar(f"{{{{ arrondi('{number}', {places}) }}}}") == Decimal(expected)


@pytest.mark.parametrize(
    "spelling",
    [
        "Saint-Œuf d’Été",
        "SAINT ŒUF D'ETE",
        "saint  oeuf d été",
        "Saint\u00a0Oeuf\u2011d\u2019e\u0301te\u0301",
    ],
)
def test_spellings_of_one_name_are_one(spelling):
    quoted = spelling.replace("'", "''")
    assert scalar(f"""{{{{ normalise_libelle("'{quoted}'") }}}}""") == "saintoeufdete"
