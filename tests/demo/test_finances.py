"""The demonstration's ledger against its accounts, account by account, read again without the pipeline."""

import csv
import io
from collections import defaultdict
from decimal import Decimal

import pytest
import yaml
from lxml import etree

from demo import finances
from demo.budget import NAMESPACE, documents
from demo.home import EXERCICES, ORGANISATION

SIGNS = {"Ordinaire": 1, "Rattachement": 1, "Réduction": -1, "Annulation": -1}


def accounts(exercice: int) -> dict[tuple[str, str, str], Decimal]:
    """(budget, side, account) → what the compte administratif says was done, in real operations of the year."""
    found: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for budget in finances.CODES:
        root = etree.fromstring(documents(exercice)[f"SICIO_{exercice}_{budget}_CA.xml"])
        for element in root.iter(f"{{{NAMESPACE}}}LigneBudget"):
            values = {etree.QName(child).localname: child.get("V") for child in element}
            if values["OpBudg"] == "0" and values["Nature"] not in ("001", "002"):
                found[budget, values["CodRD"], values["Nature"]] += Decimal(values.get("MtReal", "0"))
    return {key: amount for key, amount in found.items() if amount}


def ledger(exercice: int) -> dict[tuple[str, str, str], Decimal]:
    """The same of the two lists."""
    budgets = {code: budget for budget, code in finances.CODES.items()}
    found: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for side, delivery in zip("DR", finances.ecritures(exercice), strict=True):
        (kind,) = {h for h in delivery.contenu.decode("cp1252").split("\r\n")[0].split(";") if h.startswith("Type")}
        for row in csv.DictReader(io.StringIO(delivery.contenu.decode("cp1252"), newline=""), delimiter=";"):
            if row["Exercice"] != "TOTAL":
                amount = Decimal(row["Montant budgétaire"].replace(" ", "").replace(",", "."))
                found[budgets[row["Budget"]], side, row["Nature"]] += SIGNS[row[kind]] * amount
    return {key: amount for key, amount in found.items() if amount}


@pytest.mark.parametrize("exercice", EXERCICES)
def test_the_ledger_adds_up_to_the_accounts_except_for_the_piece_left_out(exercice: int) -> None:
    expected, found = accounts(exercice), ledger(exercice)
    gaps = {
        key: found.get(key, 0) - expected.get(key, 0)
        for key in expected.keys() | found.keys()
        if found.get(key) != expected.get(key)
    }
    left_out = Decimal(finances.piece_omise()) / 100
    planted = {("P", "D", finances.COMPTE_PIECE_OMISE): -left_out}
    assert left_out > 0
    assert gaps == (planted if exercice == finances.EXERCICE_PIECE_OMISE else {})


@pytest.mark.parametrize("exercice", EXERCICES)
def test_the_five_towns_alone_owe_what_the_account_of_contributions_holds(exercice: int) -> None:
    _, titres = finances.ecritures(exercice)
    known = {
        name
        for one in yaml.safe_load(ORGANISATION.read_text(encoding="utf-8"))["collectivites"]
        for name in one["debiteur"]
    }
    owed: dict[str, Decimal] = defaultdict(Decimal)
    for row in csv.DictReader(io.StringIO(titres.contenu.decode("cp1252"), newline=""), delimiter=";"):
        if row["Nature"] == finances.CONTRIBUTIONS:
            amount = Decimal(row["Montant budgétaire"].replace(" ", "").replace(",", "."))
            owed[row["Débiteur"].casefold()] += SIGNS[row["Type de titre"]] * amount
    assert owed.keys() == {name.casefold() for name in known} and len(known) == 15
    assert sum(owed.values()) == accounts(exercice)["P", "R", finances.CONTRIBUTIONS]


def test_some_ten_thousand_lines_a_year_and_the_same_every_time() -> None:
    first, again = list(finances.ecritures(2020)), list(finances.ecritures(2020))
    assert first == again
    assert 9_000 < sum(delivery.contenu.count(b"\n") for delivery in first) < 13_000


def test_amounts_are_written_as_a_french_tool_does() -> None:
    assert [finances._montant(c) for c in (5, 12_345, 123_456, 100_000_000)] == [
        *("0,05", "123,45", "1 234,56", "1 000 000,00")
    ]
