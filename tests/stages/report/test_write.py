"""The report says which state it prints: a release, or « projet »; being published does not change it."""

import datetime as dt
import time
import types
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipelines.ledger.store import Ledger, open_ledger
from pipelines.publication import INTERNE, PUBLIC
from pipelines.settings import Home
from pipelines.stages.report import write
from pipelines.stages.report.model import Edition
from pipelines.stages.report.write import ReportPages, edition_of

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
    assert edition_of(ledger, 2040, tables, INTERNE, "b1").head is None
    ledger.record_publication("p1", "b1", "c" * 64)
    head = ledger.head()
    first = edition_of(ledger, 2040, tables, INTERNE, "b1")
    assert (first.name, first.head) == ("projet", head)
    ledger.record_writing("p1", {"published/report/a.pdf": "d" * 64})
    assert ledger.head() != head
    assert edition_of(ledger, 2040, tables, INTERNE, "b1") == first
    (tables / "rapport" / "chiffres.parquet").write_bytes(b"two")
    assert edition_of(ledger, 2040, tables, INTERNE, "b1").fingerprint != first.fingerprint


def test_the_public_edition_prints_the_fingerprint_of_the_public_tables_and_neither_head_nor_build(
    ledger: Ledger, tables: Path
):
    printed = edition_of(ledger, 2041, tables, PUBLIC, "b1").fingerprint
    (tables / "rapport" / "fraicheur.parquet").write_bytes(b"of another build")
    ledger.record_publication("p1", "b1", "c" * 64)
    ledger.record_release("2040-v1", 2040, 1, "ab" * 32, "b1", VISAS, None, "d" * 64)
    for exercice, name in ((2041, "projet"), (2040, "2040-v1")):
        edition = edition_of(ledger, exercice, tables, PUBLIC, "b1")
        assert (edition.name, edition.fingerprint, edition.head) == (name, printed, None)
    (tables / "rapport" / "chiffres.parquet").write_bytes(b"two")
    assert edition_of(ledger, 2041, tables, PUBLIC, "b1").fingerprint != printed


def test_a_frozen_year_prints_its_release(ledger: Ledger, tables: Path):
    ledger.record_release("2040-v1", 2040, 1, "ab" * 32, "b1", VISAS, None, "d" * 64)
    head = ledger.head()
    ledger.record_publication("p1", "b1", "c" * 64)
    edition = edition_of(ledger, 2040, tables, INTERNE, "b1")
    assert (edition.name, edition.fingerprint, edition.head) == ("2040-v1", "ab" * 32, head)
    assert edition_of(ledger, 2041, tables, INTERNE, "b1").name == "projet"


class Writing(Executor):
    """Draws at once; its first half of a report fails, and the other takes longer."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.ended = False

    def submit(self, task: Any, /, *_: Any, **__: Any) -> Future:  # type: ignore[override]
        self.asked.append(task)
        return ThreadPoolExecutor(1).submit([self._draw, self._fail, self._write][len(self.asked) - 1])

    def _draw(self) -> dict:
        return {"edition": {}}

    def _fail(self) -> None:
        raise ValueError("the first half")

    def _write(self) -> None:
        time.sleep(0.3)
        self.ended = True


def test_an_error_is_told_when_nothing_writes_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    edition = Edition("projet", "f", None, dt.date(2026, 1, 1))
    monkeypatch.setattr(write, "edition_of", lambda *_: edition)
    monkeypatch.setattr(write, "files_entered", lambda *_: None)
    (tmp_path / "rapport").mkdir()
    pool, work = Writing(), types.SimpleNamespace(home=Home(tmp_path), ledger=None, organisation=None)
    pages = ReportPages(pool, work, "b1", 2020)
    pages.begin(tmp_path, INTERNE)
    errors = [error for one in pages.finish(tmp_path) if (error := one.exception())]
    assert [str(error) for error in errors] == ["the first half"]
    assert pool.ended
