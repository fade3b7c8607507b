"""The body that has only its three national flows: what is published is what its files say, read by independent code."""

from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from demo.flux import EXERCICES
from tests.end_to_end.conftest import millesime, opened
from tests.flux import lines, realised, staff

pytestmark = pytest.mark.campaign(minutes=5)
MEMBERS = {"214890105": "48901", "214890204": "48902", "214890303": "48903", "COMMUNE DE VALORGE": "48904"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("flux") / "home"
    done = millesime(home, "demo", str(home), "--flux-nationaux")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return home


def ask(home: Path, query: str) -> list[tuple]:
    return opened(home).execute(query).fetchall()


@pytest.mark.parametrize("year", EXERCICES)
def test_pieces_and_contributions_are_those_of_the_files(home: Path, year: int) -> None:
    issued: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    owed: Counter[str] = Counter()
    for line in lines(home / "landing", year):
        if not line.is_ordre:
            issued[{"D": "dépense", "R": "recette"}[line.side], line.account] += line.amount
        if line.account == "74741":
            owed[MEMBERS[line.debtor]] += line.amount
    shown = f"select sens_budgetaire, compte, sum(montant_eur) from marts.fct_ecritures where exercice = {year} group by all"
    assert {(side, account): amount for side, account, amount in ask(home, shown)} == issued
    contributions = (
        f"select code_collectivite, montant_eur from rapport.rpt_finances__contributions where exercice = {year}"
    )
    assert dict(ask(home, contributions)) == owed
    assert sum(owed.values()) == realised(home / "landing", year)["R", "74741"]


@pytest.mark.parametrize("year", EXERCICES)
def test_staff_is_that_of_the_declarations(home: Path, year: int) -> None:
    said = staff(home / "landing", year)
    shown = f"select code, valeur from rapport.chiffres where code like 'rh.%_declare.%' and exercice = {year}"
    figures = dict(ask(home, shown))
    assert {statut: figures[f"rh.effectif_declare.{statut}"] for statut in said.present} == said.present
    for statut, age in said.ages.items():
        assert figures[f"rh.age_moyen_declare.{statut}"] == round(age, 2)
    assert figures["rh.mouvement_declare.arrivees"] == said.came
    assert figures["rh.mouvement_declare.departs"] == said.left
    hours = ask(home, f"select code_statut, heures from rapport.rpt_rh__etpr where exercice = {year}")
    assert {statut: number for statut, number in hours if statut != "tous"} == said.hours


@pytest.mark.parametrize("year", EXERCICES)
def test_what_the_declarations_pay_is_charged_to_the_accounts_of_pay(home: Path, year: int) -> None:
    compared = "select valeur, valeur_attendue, est_egal from rapport.rpt_rh__rapprochements where code_controle = 'RH-DSN-PAIE'"
    charged = realised(home / "landing", year)
    pay = sum(amount for (side, account), amount in charged.items() if side == "D" and account.startswith("641"))
    assert ask(home, f"{compared} and exercice = {year}") == [(pay, pay, True)]


def test_what_was_spoilt_is_found_and_takes_away_what_it_must(home: Path) -> None:
    found = ask(
        home,
        "select exercice, code_regle from audit.constats where code_regle like 'PES-%' or code_regle = 'FIN-ECRITURES' order by all",
    )
    assert found == [
        (2023, "PES-DOUBLE"),
        (2023, "PES-TOTAL"),
        (2024, "PES-COMPTE"),
        (2024, "PES-REFUSE"),
        (2024, "PES-TROU"),
    ]
    states = (
        "select code, exercice, etat from rapport.chiffres where code in ('finances.mandats', 'finances.contributions')"
    )
    assert sorted(ask(home, states)) == [
        ("finances.contributions", 2023, "complet"),
        ("finances.contributions", 2024, "complet"),
        ("finances.mandats", 2023, "complet"),
        ("finances.mandats", 2024, "partiel"),
    ]


def test_nobody_is_named(home: Path) -> None:
    """But in the original files, of which the archive holds a copy."""
    words = (
        b"ELUE INVENTEE",
        b"OBJET INVENTE",
        b"RUE INVENTEE",
        b"FR7630001007941234567890185",
        b"FACTURE INVENTEE",
        b"FOURNISSEUR INVENTE",
    )
    for path in home.rglob("*"):
        if path.is_file() and not {"landing", "archive"} & set(path.relative_to(home).parts):
            content = path.read_bytes()
            assert not [word for word in words if word in content], path
