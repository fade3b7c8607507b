"""The comité, the registers and the projects of the demonstration, counted again in the written files."""

import csv
import datetime as dt
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from demo.chiffres import EXERCICES, SUIVANTS
from tests.demo.exports import records, sound

PUBLISHED = Path(__file__).parents[2] / "demo" / "published_figures.csv"
CONNUS = (*EXERCICES, *SUIVANTS)


@pytest.fixture(scope="module")
def home(whole: Path) -> Path:
    return whole


def day(text: str) -> dt.date:
    return dt.datetime.strptime(text, "%d/%m/%Y").date()


def in_office(home: Path, on: dt.date) -> list[dict[str, str]]:
    """The members who sit on a day: installed by then, and not yet replaced."""
    return [
        row
        for row in sound(home, "comite/membres", on.year)
        if day(row["date_debut_mandat"]) <= on and (not row["date_fin_mandat"] or day(row["date_fin_mandat"]) > on)
    ]


def test_published_figures_of_governance_and_data_protection_come_out_of_the_files(home: Path) -> None:
    members = in_office(home, dt.date(2020, 12, 31))
    registers = ("rgpd/traitements_responsable", "rgpd/traitements_sous_traitant")
    counted = {
        "gouvernance.comite.membres": len(members),
        "gouvernance.comite.vice_presidents": sum(m["fonction"].startswith("Vice-présid") for m in members),
        "gouvernance.communes_adherentes": len({m["collectivite"] for m in members}),
        "rgpd.registres": sum(bool(sound(home, register, 2020)) for register in registers),
    }
    with PUBLISHED.open(encoding="utf-8") as file:
        published = {
            row["figure_id"]: Decimal(row["value"])
            for row in csv.DictReader(file)
            if row["figure_id"].startswith(("gouvernance.", "rgpd."))
        }
    assert counted == published


@pytest.mark.parametrize("exercice", CONNUS)
def test_comite_is_whole_on_every_day_and_has_two_members_a_town(home: Path, exercice: int) -> None:
    for on in (dt.date(exercice, 1, 1), dt.date(exercice, 7, 22), dt.date(exercice, 7, 23), dt.date(exercice, 12, 31)):
        members = in_office(home, on)
        assert set(Counter(m["collectivite"] for m in members).values()) == {2}
        assert [m["fonction"] in ("Président", "Présidente") for m in members].count(True) == 1
        ranks = sorted(m["rang_vice_presidence"] for m in members if m["rang_vice_presidence"])
        assert ranks == ["1", "2", "3", "4"]


def test_year_of_the_renewal_has_two_comites(home: Path) -> None:
    before, after = (in_office(home, dt.date(2020, 7, on)) for on in (22, 23))
    assert not {(m["nom_elu"], m["prenom_elu"]) for m in before} & {(m["nom_elu"], m["prenom_elu"]) for m in after}
    assert len(sound(home, "comite/membres", 2020)) == len(before) + len(after)


@pytest.mark.parametrize("exercice", CONNUS)
def test_every_vote_belongs_to_a_meeting_and_adds_up(home: Path, exercice: int) -> None:
    meetings = {row["date_seance"] for row in sound(home, "comite/seances", exercice)}
    votes = sound(home, "comite/deliberations", exercice)
    assert votes
    for vote in votes:
        assert vote["date_deliberation"] in meetings
        cast = sum(int(vote[name]) for name in ("nb_pour", "nb_contre", "nb_abstentions"))
        assert cast == int(vote["nb_votants"]) <= int(vote["nb_effectif"])


def test_projects_of_2020_are_those_of_the_report_in_number_and_order(home: Path) -> None:
    poles = [row["pole"] for row in sound(home, "projets/projets", 2020)]
    assert Counter(poles) == {"Applications": 6, "Infrastructure": 9}
    landmarks = {row["date_fait"]: row["titre"] for row in sound(home, "projets/faits_marquants", 2020)}
    assert "Teams" in landmarks["24/03/2020"]
    assert "comité" in landmarks["23/07/2020"]


def test_who_asks_for_a_right_is_named_in_the_file_and_invented(home: Path) -> None:
    rows = [row for exercice in CONNUS for _, row in records(home, "rgpd/demandes", exercice)]
    assert rows and all(row["demandeur"] for row in rows)
