"""An attacker who reads everything public learns nothing about fewer persons than the threshold."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.stages.publish.secret import sums, worlds
from tests.stages.publish.secret.attacker import Reader, moved_little
from tests.stages.publish.secret.body import THRESHOLD, Agent, Publisher, Year, history


def read(publisher: Publisher, years: dict[int, Year]) -> Reader:
    """Publish a body, and read what is public of it."""
    profile = publisher.publish(years)
    return Reader(publisher.public, profile.withheld, years)


CASES = [
    *((12, seed) for seed in range(3)),
    *((27, seed) for seed in range(2)),
    pytest.param(27, 2, marks=pytest.mark.long),
    pytest.param(150, 0, marks=pytest.mark.campaign),
    pytest.param(150, 1, marks=pytest.mark.long),
    pytest.param(900, 0, marks=pytest.mark.long),
]


@pytest.mark.parametrize(("size", "seed"), CASES)
def test_no_group_can_be_shown_to_be_few_persons(tmp_path: Path, size: int, seed: int):
    assert read(Publisher(tmp_path), history(size, seed)).shown(seed=seed) == []


# a year where two contractuels were named: the movements, read with the head counts of two years, may tell it
CONTRACTS = [Agent("contractuel_permanent", sexe=sexe) for sexe in "FM" for _ in range(7)]
BEFORE = [("arrivee", "fonctionnaire", "mutation"), ("depart", "fonctionnaire", "retraite")]
BEFORE += [("arrivee", "contractuel_permanent", "contrat"), ("depart", "contractuel_permanent", "fin_contrat")]
FIRST = Year([*[Agent(sexe=sexe) for sexe in "FM" for _ in range(7)], *CONTRACTS], BEFORE * 6)
NAMED = [("changement_statut", "fonctionnaire", "nomination")] * 2
# eight contractuels came, in a reason that is theirs alone
WITH_ARRIVALS = {
    2019: FIRST,
    2020: Year(
        [*FIRST.agents[:14], Agent(), Agent(), *CONTRACTS[2:], *[Agent("contractuel_permanent", sexe="M")] * 8],
        [*NAMED, *[("arrivee", "contractuel_permanent", "contrat")] * 8],
    ),
}
# only fonctionnaires came and left: that no contractuel did has no line
WITHOUT_CONTRACTS = {
    2019: FIRST,
    2020: Year(
        [*[Agent(sexe="F")] * 9, *[Agent(sexe="M")] * 9, *CONTRACTS[2:]],
        [
            *NAMED,
            *[("arrivee", "fonctionnaire", "mutation")] * 7,
            *[("depart", "fonctionnaire", "mutation")] * 5,
        ],
    ),
}


def unproved(self, more) -> bool:
    """Takes each number by itself: what ``Worlds.add`` would be without a search."""
    if not self.may_add(more):
        return False
    self.told = self.told | dict(more)
    return True


def without_search(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(worlds.Worlds, "add", unproved)
    patch.setattr(worlds.Worlds, "holds", lambda *_: True)
    patch.setattr(worlds.Worlds, "groups", lambda _: [])


def without_absent_lines(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sums, "_absent", lambda *_: [])
    patch.setattr(sums, "_without", lambda where, _: where)  # a share of 100 % says the same


@pytest.mark.parametrize(
    ("broken", "threshold", "years"),
    [
        (lambda _: None, 2, history(27, 0)),
        (without_search, THRESHOLD, history(27, 0)),
        (without_absent_lines, THRESHOLD, WITHOUT_CONTRACTS),
        (lambda patch: patch.setattr(worlds._Search, "_link_moves", lambda *_: None), THRESHOLD, WITH_ARRIVALS),
    ],
    ids=["threshold", "search", "absent lines", "movements"],
)
def test_with_a_rule_broken_the_attacker_learns(tmp_path: Path, monkeypatch, broken, threshold, years):
    broken(monkeypatch)
    assert read(Publisher(tmp_path, threshold), years).shown(most=60)


@pytest.mark.parametrize("years", [WITH_ARRIVALS, WITHOUT_CONTRACTS])
def test_movements_that_head_counts_would_complete_are_not_public(tmp_path: Path, years):
    reader = read(Publisher(tmp_path), years)
    assert not reader.is_public("rpt_rh__mouvements", 2020) and reader.is_public("rpt_rh__genres", 2020)
    assert reader.shown() == []


# versions -------------------------------------------------------------------------------------------------------------


def corrected(years: dict[int, Year], exercice: int, more: int) -> dict[int, Year]:
    """The same body, with as many agents more in one year: women, of category A."""
    year = years[exercice]
    return years | {exercice: replace(year, agents=[*year.agents, *[Agent(cadre="attaches")] * more])}


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
def test_who_reads_two_or_three_versions_learns_nothing(tmp_path: Path, seed: int):
    publisher, years = Publisher(tmp_path), history(27, seed)
    readers = [read(publisher, years)]
    for more in (1, 12):
        readers.append(read(publisher, corrected(years, 2020, more)))
    for before in readers:
        for after in readers:
            assert moved_little(before, after) == []
    assert readers[1].printed == readers[0].printed  # one agent more changes nothing that can be read


def test_a_version_that_differs_little_is_held_with_its_exercice_alone(tmp_path: Path):
    publisher, years = Publisher(tmp_path), history(27, 1)
    publisher.publish(years)
    profile = publisher.publish(corrected(years, 2019, 1))
    assert (profile.held, profile.retained) == ([2019], [])
    assert {version.exercice for version in profile.versions} <= {2018, 2020}


@pytest.mark.long
def test_without_comparing_versions_the_difference_would_tell(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(worlds.Worlds, "_moved_little", lambda *_: False)
    publisher, years = Publisher(tmp_path), history(27, 1)
    before = read(publisher, years)
    assert moved_little(before, read(publisher, corrected(years, 2020, 1)))


@pytest.mark.long
def test_small_corrections_accumulate(tmp_path: Path):
    publisher, years = Publisher(tmp_path), history(27, 1)
    publisher.publish(years)
    held = [publisher.publish(corrected(years, 2020, more)).held for more in (2, 4)]
    assert held == [[2020], [2020]]
    profile = publisher.publish(corrected(years, 2020, 6))
    assert profile.held == [] or profile.held == [2020]
    assert publisher.publish(corrected(years, 2020, 6)).versions == []


def test_publishing_again_changes_nothing(tmp_path: Path):
    publisher, years = Publisher(tmp_path), history(27, 1)
    first = publisher.publish(years)
    again = publisher.publish(years)
    assert again.versions == [] and again.groups == first.groups
