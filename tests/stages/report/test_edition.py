"""The report says which state it prints: a release, or « projet »; being published does not change it."""

from pathlib import Path

import pytest

from pipelines.ledger.store import Ledger, open_ledger
from pipelines.settings import Home
from pipelines.stages.report.write import edition_of

VISAS = {"prepared_by": "A", "reviewed_by": "B", "approved_by": "C"}


@pytest.fixture
def ledger(tmp_path: Path):
    with open_ledger(Home(tmp_path / "home")) as opened:
        opened.record_build("b1", True, [], [])
        yield opened


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    folder = tmp_path / "published" / "rapport"
    folder.mkdir(parents=True)
    (folder / "chiffres.parquet").write_bytes(b"one")
    return folder.parent


def test_a_project_is_known_by_its_tables_and_the_ledger_of_its_build(ledger: Ledger, tables: Path):
    head = ledger.head()
    first = edition_of(ledger, 2040, "b1", tables)
    assert (first.name, first.head) == ("projet", head)
    ledger.record_publication("p1", "b1")
    assert ledger.head() != head
    assert edition_of(ledger, 2040, "b1", tables) == first
    (tables / "rapport" / "chiffres.parquet").write_bytes(b"two")
    assert edition_of(ledger, 2040, "b1", tables).fingerprint != first.fingerprint


def test_a_frozen_year_prints_its_release(ledger: Ledger, tables: Path):
    ledger.record_release("2040-v1", 2040, 1, "ab" * 32, "b1", VISAS, None)
    head = ledger.head()
    ledger.record_publication("p1", "b1")
    edition = edition_of(ledger, 2040, "b1", tables)
    assert (edition.name, edition.fingerprint, edition.head) == ("2040-v1", "ab" * 32, head)
    assert edition_of(ledger, 2041, "b1", tables).name == "projet"
