"""The body that has only its national flows: they agree with each other, but for what was spoilt on purpose."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from demo import dsn, flux
from demo.home import make_flux, make_home
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import load_organisation
from pipelines.settings import Home
from tests.flux import lines, realised, staff


@pytest.fixture(scope="module")
def landing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("flux") / "home"
    make_flux(root)
    return root / "landing"


def issued(landing: Path, year: int) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for line in lines(landing, year):
        found[line.side, line.account] += line.amount
    return dict(found)


def test_mandats_and_titres_are_what_the_accounts_say_was_done_but_for_the_missing_bordereau(landing: Path) -> None:
    assert issued(landing, 2023) == realised(landing, 2023)
    found = issued(landing, 2024)
    [missing] = [
        one for one in flux.bordereaux(2024) if (one.sens, one.type, one.numero) == ("D", "01", flux.ABSENT[1])
    ]
    for line in (line for piece in missing.pieces for line in piece.lignes):
        found["D", line.compte] = found.get(("D", line.compte), Decimal(0)) + Decimal(line.cents) / 100
    assert found == realised(landing, 2024)


@pytest.mark.parametrize("year", flux.EXERCICES)
def test_declared_hours_are_what_the_accounts_pay(landing: Path, year: int) -> None:
    hours, accounts = staff(landing, year).hours, realised(landing, year)
    for statut, account in (("fonctionnaire", "64111"), ("contractuel", "64131")):
        assert abs(hours[statut] * dsn.TAUX_HORAIRE - accounts["D", account]) < Decimal("1")  # each month is rounded


@pytest.mark.parametrize("year", flux.EXERCICES)
def test_the_budget_is_balanced_and_takes_up_the_result_of_the_year_before(year: int) -> None:
    for section in "FI":
        sides = {
            side: sum(line.credits for line in flux.lignes(year) if (line.section, line.sens) == (section, side))
            for side in "DR"
        }
        assert sides["D"] == sides["R"]
        assert all(line.primitif >= 0 for line in flux.lignes(year))
    if year > flux.EXERCICES[0]:
        before = sum(x.realise if x.sens == "R" else -x.realise for x in flux.lignes(year - 1) if x.section == "F")
        assert next(line.realise for line in flux.lignes(year) if line.compte == "002") == before


def test_the_home_loads_is_the_same_each_time_and_is_nobody_elses(landing: Path, tmp_path: Path) -> None:
    home = Home(landing.parent)
    organisation = load_organisation(home, load_catalogue(home))
    assert (organisation.siren, organisation.years) == (flux.SIREN, list(flux.EXERCICES))
    before = {path: path.read_bytes() for path in landing.rglob("*") if path.is_file()}
    for cached in (flux.salaries, flux.paie, flux.lignes, flux.bordereaux):
        cached.cache_clear()
    make_flux(landing.parent)
    assert {path: path.read_bytes() for path in landing.rglob("*") if path.is_file()} == before
    with pytest.raises(ValueError, match="autre organisation"):
        make_home(landing.parent)
