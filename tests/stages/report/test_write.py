"""The report says which state it prints: a release, or « projet »; being published does not change it."""

from pathlib import Path

import pytest

from pipelines.ledger.store import Ledger, open_ledger
from pipelines.publication import INTERNE, PUBLIC
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


def test_a_project_is_known_by_its_tables_and_the_head_that_its_publication_reached(ledger: Ledger, tables: Path):
    assert edition_of(ledger, tables, INTERNE, "b1", None).head is None
    ledger.record_publication("p1", "b1", "c" * 64)
    head = ledger.head()
    first = edition_of(ledger, tables, INTERNE, "b1", None)
    assert (first.name, first.head) == ("projet", head)
    ledger.record_closing("builds/p1/SHA256SUMS", "d" * 64, "e" * 64)
    assert ledger.head() != head
    assert edition_of(ledger, tables, INTERNE, "b1", None) == first
    (tables / "rapport" / "chiffres.parquet").write_bytes(b"two")
    assert edition_of(ledger, tables, INTERNE, "b1", None).fingerprint != first.fingerprint


def test_the_public_edition_prints_the_fingerprint_of_the_public_tables_and_neither_head_nor_build(
    ledger: Ledger, tables: Path
):
    printed = edition_of(ledger, tables, PUBLIC, "b1", None).fingerprint
    (tables / "rapport" / "fraicheur.parquet").write_bytes(b"of another build")
    ledger.record_publication("p1", "b1", "c" * 64)
    ledger.record_release("2040-v1", 2040, 1, "ab" * 32, "b1", VISAS, None, "d" * 64)
    for version, name in ((None, "projet"), ("2040-v1", "2040-v1"), ("2040-v1 revue", "2040-v1 revue")):
        edition = edition_of(ledger, tables, PUBLIC, "b1", version)
        assert (edition.name, edition.fingerprint, edition.head) == (name, printed, None)
    (tables / "rapport" / "chiffres.parquet").write_bytes(b"two")
    assert edition_of(ledger, tables, PUBLIC, "b1", None).fingerprint != printed


def test_a_frozen_year_prints_its_release(ledger: Ledger, tables: Path):
    ledger.record_release("2040-v1", 2040, 1, "ab" * 32, "b1", VISAS, None, "d" * 64)
    head = ledger.head()
    ledger.record_publication("p1", "b1", "c" * 64)
    edition = edition_of(ledger, tables, INTERNE, "b1", "2040-v1")
    assert (edition.name, edition.fingerprint, edition.head) == ("2040-v1", "ab" * 32, head)
    revised = edition_of(ledger, tables, INTERNE, "b1", "2040-v1 revue")
    assert (revised.name, revised.head) == ("2040-v1 revue", ledger.head()) and revised.fingerprint != "ab" * 32
