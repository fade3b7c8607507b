"""What is printed of a frozen year bears the name of its release only if it says what the release froze."""

from pathlib import Path

import duckdb
import pytest

from pipelines.ledger.frozen import version_of
from pipelines.ledger.store import Ledger, open_ledger
from pipelines.publication import INTERNE, PUBLIC
from pipelines.settings import Home

FROZEN = "select 2040 as exercice, 'a' as code, 1.50 as valeur union all select 2039, 'a', 1.00"
TODAY = {
    "the same": (FROZEN, "2040-v1"),
    "in another order, a column added": (f"select *, true as nouveau from ({FROZEN}) order by exercice", "2040-v1"),
    "with the year after": (f"{FROZEN} union all select 2041, 'a', 9.00", "2040-v1"),
    "another value": (FROZEN.replace("1.50", "1.51"), "2040-v1 revue"),
    "another value of the year before": (FROZEN.replace("1.00", "1.01"), "2040-v1 revue"),
    "a line more": (f"{FROZEN} union all select 2040, 'b', 1.00", "2040-v1 revue"),
    "a line twice": (f"{FROZEN} union all select 2039, 'a', 1.00", "2040-v1 revue"),
    "a line less": (FROZEN.partition(" union")[0], "2040-v1 revue"),
    "hidden": (FROZEN.replace("1.50", "null"), "2040-v1 revue"),
    "a column less": (f"select exercice, code from ({FROZEN})", "2040-v1 revue"),
}


def write(folder: Path, query: str, name: str = "chiffres") -> None:
    (folder / "rapport").mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as db:
        db.execute(f"copy ({query}) to '{folder / 'rapport' / name}.parquet' (format parquet)")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def ledger(home: Home):
    with open_ledger(home) as opened:
        opened.record_release("2040-v1", 2040, 1, "ab" * 32, "b1", {}, None, "d" * 64)
        yield opened


@pytest.mark.parametrize("case", TODAY)
@pytest.mark.parametrize(("profile", "place"), [(INTERNE, ""), (PUBLIC, "public")])
def test_a_table_of_today_says_what_was_frozen_or_is_revised(
    home: Home, ledger: Ledger, tmp_path: Path, case: str, profile: str, place: str
):
    query, named = TODAY[case]
    write(home.releases / "2040-v1" / place, FROZEN)
    write(tmp_path / "today" / place, query)
    assert version_of(home, ledger, 2040, tmp_path / "today", profile) == named
    assert version_of(home, ledger, 2041, tmp_path / "today", profile) is None


def test_a_table_that_is_gone_is_a_difference_and_a_new_one_is_not(home: Home, ledger: Ledger, tmp_path: Path):
    write(home.releases / "2040-v1", FROZEN)
    write(tmp_path / "today", FROZEN)
    write(tmp_path / "today", FROZEN, "rpt_nouvelle")
    assert version_of(home, ledger, 2040, tmp_path / "today", INTERNE) == "2040-v1"
    (tmp_path / "today" / "rapport" / "chiffres.parquet").unlink()
    assert version_of(home, ledger, 2040, tmp_path / "today", INTERNE) == "2040-v1 revue"


def test_a_release_without_public_tables_is_compared_by_the_others(home: Home, ledger: Ledger, tmp_path: Path):
    write(home.releases / "2040-v1", FROZEN)
    write(tmp_path / "today", FROZEN)
    write(tmp_path / "today" / "public", FROZEN.replace("1.50", "null"))
    assert version_of(home, ledger, 2040, tmp_path / "today", PUBLIC) == "2040-v1"
    write(tmp_path / "today", FROZEN.replace("1.50", "1.51"))
    assert version_of(home, ledger, 2040, tmp_path / "today", PUBLIC) == "2040-v1 revue"
