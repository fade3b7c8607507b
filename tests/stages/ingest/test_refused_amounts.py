"""The amount of a refused line is kept when it can be read, since the figures may lack as much."""

from decimal import Decimal

import pytest

from tests.deliveries import Depot

NUMBER = {"type": "number", "decimalChar": ","}
FIELDS = [
    {"name": "code", "title": "code"},
    {"name": "brut_eur", "title": "Brut", **NUMBER},
    {"name": "net_eur", "title": "Net", **NUMBER},
    {"name": "jour", "title": "Jour", "type": "date", "format": "%d/%m/%Y"},
]
HEADER = "code;Brut;Net;Jour\n"


def amounts(depot: Depot, line: str, fields: list[dict] = FIELDS) -> list[Decimal | None]:
    """The amount beside each reason why this line is refused."""
    depot.declare(fields)
    return [row["_montant_eur"] for row in depot.csv(f"{HEADER}A;1,00;1,00;03/02/2020\n{line}\n").refused]


@pytest.mark.parametrize(
    ("line", "amount"),
    [
        ("B;-20,00;12,50;hier", Decimal("20.00")),  # the greatest, whatever its sign: an upper bound
        ("B;;12,50;hier", Decimal("12.50")),
        ("B;douze;12,50;03/02/2020", None),  # the one that cannot be read may be greater
        ("B;;;hier", None),
        ("B;1,00;2,00", None),  # cells of an unknown column
    ],
)
def test_the_amount_of_a_refused_line_is_kept_where_all_of_it_can_be_read(depot: Depot, line, amount):
    assert amounts(depot, line) == [amount]


def test_each_reason_of_a_line_bears_its_amount_once_for_the_line(depot: Depot):
    fields = [{**FIELDS[0], "constraints": {"pattern": "[A-Z]"}}, *FIELDS[1:]]
    assert amounts(depot, "bb;3,00;2,00;hier", fields) == [Decimal("3.00")] * 2


def test_an_amount_that_had_to_be_there_and_is_not_is_unknown(depot: Depot):
    fields = [FIELDS[0], {**FIELDS[1], "constraints": {"required": True}}, *FIELDS[2:]]
    assert amounts(depot, "B;;2,00;03/02/2020", fields) == [None]


def test_the_amounts_of_a_table_of_persons_are_not_kept(depot: Depot):
    fields = [{**FIELDS[0], "personal": "pseudonymise"}, *FIELDS[1:]]
    assert amounts(depot, "B;3,00;2,00;hier", fields) == [None]


def test_columns_that_become_rows_add_up(depot: Depot):
    fields = [
        {"name": "code", "title": "code"},
        {"name": "mois", "title": "Mois", "type": "date", "format": "%m/%Y", "constraints": {"required": True}},
        {"name": "montant_eur", "title": "Montant", **NUMBER, "constraints": {"required": True}},
        {"name": "jour", "title": "Jour", "type": "date", "format": "%d/%m/%Y"},
    ]
    header = {
        "code": "code",
        "mois": {"heading": r"(\d{2}/\d{4})"},
        "montant_eur": {"under": "mois", "empty": "zero"},
        "jour": "Jour",
    }
    depot.declare(fields, table={"primaryKey": ["code", "mois"], "header": {2020: header}})
    read = depot.csv("code;01/2020;02/2020;Jour\nA;1,00;2,00;03/02/2020\nB;5,00;7,00;hier\n")
    assert [row["_montant_eur"] for row in read.refused] == [Decimal("12.00")]
