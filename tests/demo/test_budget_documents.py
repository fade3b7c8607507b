"""The demonstration's budget documents: their totals for 2020, and the rules that they follow."""

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from demo.budget import (
    ANNEES,
    DEUX_DECISIONS,
    NAMESPACE,
    REMBOURSEMENTS,
    annexe,
    documents,
    principal,
    reparti,
    reprise,
    write_budget,
)

PUBLISHED = Path(__file__).parents[2] / "demo" / "published_figures.csv"
YEARS = sorted(ANNEES)


def published(code: str) -> Decimal:
    with PUBLISHED.open(encoding="utf-8") as file:
        return next(Decimal(row["value"]) for row in csv.DictReader(file) if row["figure_id"] == f"finances.{code}")


def totals(content: bytes) -> dict[tuple[str, str, str], Decimal]:
    """(section, side, element) → sum of the amounts of a document, read on its own."""
    found: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for element in etree.fromstring(content).iter(f"{{{NAMESPACE}}}LigneBudget"):
        values = {etree.QName(child).localname: child.get("V") for child in element}
        for name in ("CredOuv", "MtReal", "MtRAR3112"):
            found[values["CaracSup"], values["CodRD"], name] += Decimal(values.get(name, "0"))
    return found


def test_accounts_of_2020_give_the_published_figures() -> None:
    files = documents(2020)
    main, other = totals(files["SICIO_2020_P_CA.xml"]), totals(files["SICIO_2020_A_CA.xml"])
    fonctionnement = "principal.fonctionnement"
    assert main["F", "R", "CredOuv"] == main["F", "D", "CredOuv"] == published(f"{fonctionnement}.budget")
    assert main["F", "R", "MtReal"] == published(f"{fonctionnement}.recettes_realisees")
    assert main["F", "D", "MtReal"] == published(f"{fonctionnement}.depenses_realisees")
    assert main["I", "R", "CredOuv"] == main["I", "D", "CredOuv"] == published("principal.investissement.budget")
    surplus = main["I", "R", "MtReal"] - main["I", "D", "MtReal"]
    surplus += main["I", "R", "MtRAR3112"] - main["I", "D", "MtRAR3112"]
    assert surplus == published("principal.investissement.excedent")
    assert other["F", "D", "CredOuv"] == published("annexe.fonctionnement.budget")
    assert other["F", "R", "MtReal"] - other["F", "D", "MtReal"] == Decimal("41489.54")


@pytest.mark.parametrize("year", YEARS)
def test_sections_are_balanced_and_nothing_is_spent_beyond_its_credits(year: int) -> None:
    for lines in (principal(year), annexe(year)):
        for section in "FI":
            credits = {side: sum(x.credits for x in lines if (x.section, x.sens) == (section, side)) for side in "DR"}
            assert credits["D"] == credits["R"]
        assert all(line.primitif >= 0 and line.realise >= 0 for line in lines)
        real = [line for line in lines if line.sens == "D" and line.operation == "0"]
        assert all(line.realise + line.restes <= line.credits for line in real)


@pytest.mark.parametrize("year", YEARS[1:])
def test_a_year_takes_up_what_the_former_one_left(year: int) -> None:
    def left(section: str) -> int:
        return sum(x.realise if x.sens == "R" else -x.realise for x in principal(year - 1) if x.section == section)

    taken = reprise(year)
    assert (left("F"), left("I")) == (taken.resultat + taken.reserve, taken.solde)
    assert taken.restes_depenses == sum(x.restes for x in principal(year - 1) if x.sens == "D")


@pytest.mark.parametrize("year", YEARS)
def test_what_the_annexe_budget_repays_the_principal_receives(year: int) -> None:
    repaid = {line.compte: line.realise for line in annexe(year) if line.compte in REMBOURSEMENTS}
    received = {line.compte: line.realise for line in principal(year) if line.compte in REMBOURSEMENTS.values()}
    assert received == {REMBOURSEMENTS[account]: cents for account, cents in repaid.items()}
    assert all(received.values())


@pytest.mark.parametrize("year", YEARS)
def test_decisions_follow_one_another_up_to_the_credits_of_the_accounts(year: int) -> None:
    """BP + DM + DM2 = credits of the CA, account by account; each DM says the budget before it."""

    def amounts(document: str, name: str) -> dict[str, Decimal]:
        found: dict[str, Decimal] = defaultdict(Decimal)
        for element in etree.fromstring(files[document]).iter(f"{{{NAMESPACE}}}LigneBudget"):
            values = {etree.QName(child).localname: child.get("V") for child in element}
            found[values["CodRD"] + values["Nature"]] += Decimal(values.get(name, "0"))
        return {account: amount for account, amount in found.items() if amount and account != "D61888"}

    files = documents(year)
    decisions = sorted(name for name in files if "_P_DM" in name)
    assert len(decisions) == (2 if year in DEUX_DECISIONS else 1)
    running = amounts(f"SICIO_{year}_P_BP.xml", "CredOuv")
    for decision in decisions:
        before = amounts(decision, "MtBudgPrec")
        assert before.items() <= running.items()
        for account, amount in amounts(decision, "MtPrev").items():
            running[account] += amount
    accounts = amounts(f"SICIO_{year}_P_CA.xml", "CredOuv")
    gaps = {key for key in running.keys() | accounts.keys() if running.get(key) != accounts.get(key)}
    assert gaps == ({"D6188"} if year == 2018 else set())  # what the unknown account took


def test_the_same_bytes_every_time_one_document_in_utf_8_and_all_say_what_they_are(tmp_path: Path) -> None:
    encodings = []
    for year in YEARS:
        write_budget(tmp_path, year)
        for name, content in documents(year).items():
            assert (tmp_path / name).read_bytes() == content
            tree = etree.fromstring(content).getroottree()
            encodings.append(tree.docinfo.encoding)
            assert "DÉMONSTRATION" in tree.find(f".//{{{NAMESPACE}}}LibelleEtab").get("V")
    assert (len(encodings), encodings.count("UTF-8"), encodings.count("ISO-8859-1")) == (35, 1, 34)


def test_shares_add_up_to_the_cent() -> None:
    assert reparti(100, {"a": 1, "b": 1, "c": 1}) == {"a": 34, "b": 33, "c": 33}
    assert sum(reparti(12_345_679, {"a": 7, "b": 11, "c": 0, "d": 3}).values()) == 12_345_679
