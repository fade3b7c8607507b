"""The exact arithmetic of the figures, on numbers that a double gets wrong."""

from decimal import Decimal

import duckdb
import pytest

from tests.catalogue.figures.sql import scalar


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


@pytest.mark.parametrize("written", ["ratio('999999999999999', '0.01', 2)", "arrondi('199999999999999.98', 2)"])
def test_what_no_figure_holds_is_null_and_stops_nothing(written):
    assert scalar(f"{{{{ {written} }}}}") is None


@pytest.mark.parametrize(("numerator", "denominator"), [("1", "0"), ("0", "0"), ("null", "2"), ("1", "null")])
def test_ratio_without_meaning_is_null(numerator, denominator):
    assert scalar(f"{{{{ ratio('{numerator}', '{denominator}', 2) }}}}") is None


@pytest.mark.parametrize(
    ("number", "places", "expected"), [("0.125", 2, "0.13"), ("-2.5", 0, "-3"), ("1.004999", 2, "1")]
)
def test_arrondi_rounds_half_up(number, places, expected):
    assert scalar(f"{{{{ arrondi('{number}', {places}) }}}}") == Decimal(expected)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ("(1), (2), (9)", "2"),
        ("(4), (1)", "2.5"),
        ("(1), (null), (2), (2), (100)", "2"),
        ("(0.00001), (0.00002)", "0.000015"),  # one decimal more than its numbers
        ("(9007199254740993), (9007199254740993)", None),  # more digits than its decimal: an error, never a double
        ("(cast(null as bigint))", "null"),
    ],
)
def test_mediane_is_exact(values, expected):
    query = f"(select {{{{ mediane('x') }}}} from (values {values}) as t(x))"
    if expected is None:
        with pytest.raises(duckdb.ConversionException):
            scalar(query)
    elif expected == "null":
        assert scalar(query) is None
    else:
        value = scalar(query)
        assert value == Decimal(expected)
        assert value.as_tuple().exponent == -6


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("27 heures 15 minutes", 1635),
        ("1 jour 2 heures 5 minutes 40 secondes", 1565),
        ("2 jours", 2880),
        ("0 minutes", 0),
        ("59 secondes", 0),
        (None, None),
    ],
)
def test_minutes_ecrites_reads_what_a_french_tool_writes(text, minutes):
    argument = "cast(null as varchar)" if text is None else f"''{text}''"
    assert scalar('{{ minutes_ecrites("' + argument.replace("''", "'") + '") }}') == minutes


@pytest.mark.parametrize(
    ("end", "minutes"), [("2020-03-29 09:00", 1440), ("2020-03-28 09:01", 1), ("2020-03-28 08:00", -60)]
)
def test_duree_counts_minutes_of_the_clock(end, minutes):
    assert scalar(f"{{{{ duree('minute', \"timestamp '2020-03-28 09:00'\", \"timestamp '{end}'\") }}}}") == minutes


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
