"""One export through ingest → validate → accept, with the real judge: what counts, what is refused, what is reported."""

import pytest

from pipelines.ledger.store import open_ledger
from pipelines.runs.collect import collect, read_again
from tests.deliveries import FIELDS, HEADER, Depot

GOOD = HEADER + "A1;x;1,00;03/02/2020\nA2;y;2,00;03/02/2020\n"
BETTER = GOOD + "A3;z;3,00;03/02/2020\n"
BAD = HEADER + "A1;x;1,00;03/02/2020\nA1;y;2,00;03/02/2020\n"  # code twice: primary key
UNREADABLE = "rien à voir\n"


@pytest.fixture
def ledger(depot: Depot):
    depot.declare(FIELDS, table={"primaryKey": ["code"], "exercice": {"column": "jour", "rule": "within"}})
    with open_ledger(depot.home) as opened:
        yield opened


def take(depot: Depot, ledger, content: str | None, exercice: int = 2020, name: str = "export.csv"):
    if content is not None:
        depot.drop(content, name, exercice=exercice)
    depot.organise()
    return collect(depot.work(ledger), depot.ref, exercice)


def current(ledger) -> dict:
    return {year: value.manifest.delivery for (_, year), value in ledger.current().items()}


def rows(depot: Depot, ledger, year: int = 2020) -> list[str]:
    return depot.read(ledger.current()["essai/export", year].manifest).column("code")


def everything(depot: Depot, ledger):
    return {name: ledger.all_rows(name) for name in ledger.tables}, depot.lake_files()


def test_nothing_arrived(depot: Depot, ledger):
    assert take(depot, ledger, None).status == "absent"
    assert current(ledger) == {}


def test_the_same_file_twice_changes_nothing(depot: Depot, ledger):
    assert take(depot, ledger, GOOD).status == "accepted"
    before = everything(depot, ledger)
    again = take(depot, ledger, GOOD)
    assert (again.status, again.refused) == ("unchanged", False)
    assert everything(depot, ledger) == before


def test_a_corrected_file_replaces_the_year_and_a_bad_one_does_not(depot: Depot, ledger):
    steps = []
    for content in (GOOD, BAD, BETTER, UNREADABLE, "", GOOD.replace("2020", "2019"), GOOD, GOOD):
        outcome = take(depot, ledger, content)
        refusal = outcome.refusal.code if outcome.refusal else None
        standing = ledger.last_refusal("essai/export", 2020)
        steps.append((outcome.status, refusal, len(rows(depot, ledger)), bool(standing)))
    assert steps == [
        ("accepted", None, 2, False),
        ("refused", "ATT-CRITIQUE", 2, True),
        ("accepted", None, 3, False),
        ("refused", "FIC-ENTETE", 3, True),
        ("refused", "FIC-VIDE", 3, True),
        ("refused", "FIC-EXERCICE", 3, True),
        ("accepted", None, 2, False),  # a former good file comes back
        ("unchanged", None, 2, False),
    ]
    assert len(ledger.all_rows("acceptances")) == 3


def test_a_refused_delivery_then_a_good_one(depot: Depot, ledger):
    assert take(depot, ledger, BAD).status == "refused"
    assert current(ledger) == {}
    assert take(depot, ledger, BAD).status == "refused"
    assert len(ledger.all_rows("refusals")) == 1
    assert take(depot, ledger, GOOD).status == "accepted"
    assert ledger.last_refusal("essai/export", 2020) is None


def test_the_verdict_of_a_refused_delivery_is_kept(depot: Depot, ledger):
    outcome = take(depot, ledger, BAD)
    (verdict,) = outcome.verdicts
    assert ledger.verdicts_of(outcome.manifest.delivery) == [verdict]
    assert not verdict.accepted
    assert outcome.refusal.fichier == "export.csv"


def test_the_same_bytes_for_another_year_are_refused(depot: Depot):
    depot.declare(FIELDS)  # nothing in the content says the year
    with open_ledger(depot.home) as ledger:
        assert take(depot, ledger, GOOD, 2019).status == "accepted"
        outcome = take(depot, ledger, GOOD, 2020)
        assert (outcome.status, outcome.refusal.code) == ("refused", "FIC-DEJA-VU")
        assert list(current(ledger)) == [2019]
        take(depot, ledger, BETTER, 2019)  # 2019 held the file of 2020 by mistake, and is corrected
        assert take(depot, ledger, GOOD, 2020).status == "accepted"


def test_a_list_kept_by_hand_may_be_the_same_two_years(depot: Depot):
    depot.declare(FIELDS, export={"may_repeat": True})
    with open_ledger(depot.home) as ledger:
        assert [take(depot, ledger, GOOD, year).status for year in (2019, 2020)] == ["accepted", "accepted"]


def test_an_empty_table_is_not_accepted(depot: Depot, ledger):
    outcome = take(depot, ledger, HEADER)
    assert (outcome.status, outcome.refusal.code) == ("refused", "ATT-CRITIQUE")


def test_a_year_does_not_touch_the_others(depot: Depot, ledger):
    take(depot, ledger, GOOD.replace("2020", "2019"), 2019)
    before = current(ledger)[2019]
    take(depot, ledger, GOOD)
    take(depot, ledger, UNREADABLE)
    assert current(ledger)[2019] == before
    assert set(current(ledger)) == {2019, 2020}


def test_no_clock_and_no_path_enters_the_lake(depot: Depot, ledger, tmp_path):
    take(depot, ledger, GOOD)
    for name, content in depot.lake_files().items():
        assert str(tmp_path).encode() not in content, name
    other = Depot(tmp_path / "autre") if (tmp_path / "autre").mkdir() is None else None
    other.declare(FIELDS, table={"primaryKey": ["code"], "exercice": {"column": "jour", "rule": "within"}})
    with open_ledger(other.home) as elsewhere:
        take(other, elsewhere, GOOD)
    assert other.lake_files() == depot.lake_files()


def test_what_was_read_under_an_older_declaration_is_read_again_from_its_originals(depot: Depot, ledger):
    take(depot, ledger, GOOD)
    take(depot, ledger, GOOD.replace("2020", "2019"), 2019)
    before = current(ledger)
    assert read_again(depot.work(ledger)) == []
    for path in depot.home.landing.glob("*/*/*"):
        path.unlink()
    (depot.home.archive / ledger.current()["essai/export", 2019].manifest.files[0].sha256).unlink()  # purged
    fields = [*FIELDS[:1], {**FIELDS[1], "name": "designation"}, *FIELDS[2:]]
    depot.declare(fields, table={"primaryKey": ["code"], "exercice": {"column": "jour", "rule": "within"}})
    (outcome,) = read_again(depot.work(ledger))
    assert (outcome.exercice, outcome.status) == (2020, "accepted")
    after = current(ledger)
    assert (after[2020] != before[2020], after[2019] == before[2019]) == (True, True)
    manifest = ledger.current()["essai/export", 2020].manifest
    assert depot.read(manifest).column("designation") == ["x", "y"] and manifest.files[0].name == "export.csv"
    assert read_again(depot.work(ledger)) == []
