"""Two public versions of a year, side by side, reveal nothing about few agents: tables are replaced whole or not at all."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.stages.publish.secret import versions
from pipelines.stages.publish.secret.profile import PublicProfile
from pipelines.stages.publish.secret.versions import read_version
from tests.stages.publish.secret.office import (
    KINDS,
    STATUTS,
    THRESHOLD,
    Office,
    Publisher,
    count,
    office,
    pairs,
    possible_rows,
)

FIRST = office(1, 8, 4, 7, 4, 3)  # one fonctionnaire in the administrative filière


def corrected(of: Office, *steps: tuple[int, int]) -> Office:
    """The office with so many agents more of each kind (by rank)."""
    changed = dict(of)
    for rank, more in steps:
        changed[KINDS[rank]] += more
    return changed


ONE_AGENT = {
    **{f"came {n}": corrected(FIRST, (n, 1)) for n in range(len(KINDS))},
    **{f"left {n}": corrected(FIRST, (n, -1)) for n in range(len(KINDS))},
    **{f"was {n}, is {m}": corrected(FIRST, (n, -1), (m, 1)) for n, m in itertools.permutations(range(len(KINDS)), 2)},
}


def read(publisher: Publisher) -> list[list[tuple]]:
    """All that can be read."""
    tables = ("chiffres", "rpt_filieres", "rpt_services")
    return [publisher.ask(f"from p.rapport.{table} order by all") for table in tables]


@pytest.mark.campaign(minutes=1)
def test_one_agent_corrected_in_every_way_changes_nothing_that_can_be_read(tmp_path):
    publisher = Publisher(tmp_path)
    publisher.publish(FIRST)
    before = read(publisher)
    for way, after in ONE_AGENT.items():
        assert publisher.publish(after).held == [2020], way
        assert read(publisher) == before, way
    assert len(publisher.versions) == 1


def test_small_corrections_accumulate(tmp_path):
    """The tables are those of the first office until as many agents differ as the threshold."""
    publisher = Publisher(tmp_path)
    first = office(9, 8, 7, 6, 5, 4)
    publisher.publish(first)
    for n in range(1, THRESHOLD):
        assert publisher.publish(corrected(first, (3, n))).held == [2020]
        assert publisher.counts["contractuel", "administrative"] == 6
    assert publisher.publish(corrected(first, (3, THRESHOLD))).held == []
    assert publisher.counts["contractuel", "administrative"] == 6 + THRESHOLD
    assert publisher.publish(corrected(first, (3, THRESHOLD - 1))).held == [2020]  # from what is public now
    assert publisher.counts["contractuel", "administrative"] == 6 + THRESHOLD


def small(n: int) -> bool:
    return 0 < n < THRESHOLD


PARTS = list(itertools.product([*STATUTS, "tous"], ["administrative", "technique", "total"]))


def counts(offices: np.ndarray) -> np.ndarray:
    """What each office has of each part, one office per row."""
    by_kind: Office = dict(zip(KINDS, offices.T, strict=True))
    return np.array([count(by_kind, *part) for part in PARTS]).T


def attacked(publisher: Publisher, before: Office, after: Office) -> PublicProfile:
    """A reader of both versions finds no small number of either, nor how many agents differ where few do."""
    most = max(sum(before.values()), sum(after.values())) + 2 * THRESHOLD
    numbers, shares = publisher.counts, publisher.shares
    profile = publisher.publish(after)
    if profile.withheld:
        assert publisher.counts == {} and profile.disclosed == []
        return profile
    was, is_now = (np.array([count(of, *part) for part in PARTS]) for of in (before, after))
    had = possible_rows(numbers, shares, most)
    has = possible_rows(publisher.counts, publisher.shares, most)
    seen: list[tuple[np.ndarray, np.ndarray]] = []  # least and greatest: before, after, the difference
    for one, follow in pairs(had, has, (before, after)):
        numbers, others = counts(one[None, :]), counts(follow)
        found = [(of.min(axis=0), of.max(axis=0)) for of in (numbers, others, others - numbers)]
        seen = [
            (np.minimum(low, least), np.maximum(high, most_))
            for (low, high), (least, most_) in zip(seen or found, found, strict=True)
        ]
        widths = [high - low for low, high in seen]
        needed = (THRESHOLD - 1, THRESHOLD - 1, 1)
        unsafe = [
            PARTS[n]
            for true, width, least in zip((was, is_now, is_now - was), widths, needed, strict=True)
            for n in range(len(PARTS))
            if small(abs(true[n])) and width[n] < least
        ]
        if not unsafe:
            return profile
    assert seen and not unsafe, unsafe
    return profile


CASES = {
    "removals alone": (office(6, 6, 5, 6, 5, 5), (0, -1), (1, -2), (4, -2)),
    "removals alone, one small number": (FIRST, (1, -2), (3, -2), (4, -1)),
    "arrivals alone": (FIRST, (2, 2), (3, 3)),
    "arrivals and departures": (FIRST, (1, -4), (5, 4)),
    "everybody of a kind": (FIRST, (4, -4)),
    "a kind that was hidden": (FIRST, (0, 5)),
}


@pytest.mark.parametrize("case", CASES)
def test_who_reads_both_versions_learns_nothing(tmp_path, case):
    before, *steps = CASES[case]
    publisher = Publisher(tmp_path)
    publisher.publish(before)
    profile = attacked(publisher, before, corrected(before, *steps))
    assert profile.withheld == ([2020] if case.startswith("removals") else [])


def test_what_was_withheld_comes_back_once_it_can(tmp_path):
    before, *steps = CASES["removals alone"]
    publisher = Publisher(tmp_path)
    publisher.publish(before)
    for _ in range(2):
        assert publisher.publish(corrected(before, *steps)).withheld == [2020]
        figures = publisher.ask("select code_manquant from p.rapport.chiffres where domaine = 'rh'")
        assert set(figures) == {("s",)}
    assert publisher.publish(before).withheld == []
    assert publisher.counts["tous", "total"] == 33


@settings(max_examples=5)
@given(
    numbers=st.lists(st.integers(0, 4), min_size=len(KINDS), max_size=len(KINDS)),
    moves=st.lists(st.integers(-2, 2), min_size=len(KINDS), max_size=len(KINDS)),
    sign=st.sampled_from([-1, 0, 1]),
)
def test_nor_does_who_reads_both_versions_of_any_office(tmp_path_factory, numbers, moves, sign):
    before = office(*numbers)
    signed = [sign * abs(move) if sign else move for move in moves]
    after = office(*(max(0, n + move) for n, move in zip(numbers, signed, strict=True)))
    publisher = Publisher(tmp_path_factory.mktemp("office"))
    publisher.publish(before)
    gaps = [after[kind] - before[kind] for kind in KINDS]
    if max(sum(g for g in gaps if g > 0), -sum(g for g in gaps if g < 0)) >= THRESHOLD:
        attacked(publisher, before, after)
        return
    seen = read(publisher)
    publisher.publish(after)
    assert read(publisher) == seen


def test_an_older_archive_with_other_columns_is_of_the_same_persons(tmp_path, monkeypatch):
    publisher = Publisher(tmp_path)
    publisher.publish(FIRST)
    (version,) = publisher.versions
    seen, text = read(publisher), version.written()
    monkeypatch.setattr(versions, "FORMER_COLUMNS", {"rayon": "filiere"})
    assert read_version(text.replace('"filiere"', '"rayon"'), publisher.layer.catalogue().secrecy) == version
    of_before = json.loads(text)
    for rows in of_before["facts"].values():
        rows["columns"] = ["rayon" if name == "filiere" else name for name in rows["columns"]] + ["mois"]
        rows["rows"] = [[*row, "2020-01-01"] for row in rows["rows"]]
    publisher.versions = [read_version(json.dumps(of_before), publisher.layer.catalogue().secrecy)]
    profile = publisher.publish(FIRST)
    assert (profile.held, profile.withheld) == ([], []) and read(publisher) == seen
    publisher.versions = publisher.versions[:1]
    assert publisher.publish(ONE_AGENT["came 0"]).held == [2020] and read(publisher) == seen


def test_a_version_reads_as_it_was_written(tmp_path):
    publisher = Publisher(tmp_path)
    publisher.publish(FIRST)
    (version,) = publisher.versions
    assert read_version(version.written(), publisher.layer.catalogue().secrecy) == version
    assert "effectif, filiere total, statut tous" in version.told
    assert [len(rows.rows) for rows in version.facts.values()] == [6]
