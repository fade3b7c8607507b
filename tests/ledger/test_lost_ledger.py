"""A ledger that is missing, empty, damaged or from another home is refused, and never recreated."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.ledger.lost_ledger import LedgerLost, is_damage, refuse_damaged, refuse_lost
from pipelines.ledger.store import open_ledger
from pipelines.settings import Home
from tests.ledger.entries import fill


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("lost") / "home")
    fill(home)
    return home


@pytest.fixture
def home(filled: Home, tmp_path: Path) -> Home:
    """A home with a publication that states the head before it, and keeps a copy of the ledger."""
    shutil.copytree(filled.root, tmp_path / "home")
    home = Home(tmp_path / "home")
    build = home.builds / "p1"
    build.mkdir(parents=True)
    home.published.symlink_to(build)
    with open_ledger(home) as ledger:
        head = ledger.head()
        ledger.record_publication("p1", "a", "c" * 64)
    (build / "state.json").write_text(json.dumps({"ledger": {"entries": head.entries, "hash": head.hash}}))
    shutil.copy(home.ledger_file, build / "ledger.db")
    return home


def other(home: Home) -> None:
    """The ledger of another home, as long."""
    aside = Home(home.root.parent / "other")
    with open_ledger(aside) as ledger:
        for number in range(40):
            ledger.record_publication(f"q{number}", "b", "c" * 64)
    shutil.copy(aside.ledger_file, home.ledger_file)


def begun(home: Home) -> None:
    """A ledger that holds nothing."""
    aside = Home(home.root.parent / "begun")
    with open_ledger(aside):
        pass
    shutil.copy(aside.ledger_file, home.ledger_file)


LOSSES: dict[str, tuple[Callable[[Home], object], str]] = {
    "gone": (lambda home: home.ledger_file.unlink(), "a disparu"),
    "emptied": (lambda home: home.ledger_file.write_bytes(b""), "est vide"),
    "begun anew": (begun, "est vide"),
    "another's": (other, "n’est pas celui de la publication"),
    "zeroes": (lambda home: home.ledger_file.write_bytes(bytes(home.ledger_file.stat().st_size)), "est abîmé"),
    "text": (lambda home: home.ledger_file.write_text("Ceci n’est pas un registre.\n" * 99), "est abîmé"),
    "cut": (lambda home: home.ledger_file.write_bytes(home.ledger_file.read_bytes()[: 5 * 4096]), "est abîmé"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_ledger_that_is_not_the_home_s_is_refused_and_left_as_it_is(home: Home, loss: str):
    lose, said = LOSSES[loss]
    lose(home)
    before = home.ledger_file.read_bytes() if home.ledger_file.exists() else None
    for opened in (lambda: refuse_lost(home), lambda: open_ledger(home).__enter__()):
        with pytest.raises(LedgerLost) as refused:
            opened()
        assert said in str(refused.value)
        assert f"cp {home.published}/ledger.db {home.ledger_file}" in str(refused.value)
        assert "\n" not in str(refused.value)
    assert (home.ledger_file.read_bytes() if home.ledger_file.exists() else None) == before


@pytest.mark.parametrize("loss", LOSSES)
def test_the_copy_of_the_publication_restores_it(home: Home, loss: str):
    LOSSES[loss][0](home)
    shutil.copy(home.published / "ledger.db", home.ledger_file)
    with open_ledger(home) as ledger:
        assert ledger.last_publication()["publication"] == "p1"
        assert ledger.check({}) == []


def test_a_publication_from_before_states_no_head(home: Home):
    for text in (None, "", "[]", '{"ledger": 3}', '{"ledger": {"entries": "x", "hash": null}}'):
        (home.published / "state.json").unlink(missing_ok=True)
        if text is not None:
            (home.builds / "p1" / "state.json").write_text(text)
        refuse_lost(home)


@pytest.mark.parametrize(
    "kept", ["lake/essai/export.2020.abc.json", "releases/2020-v1/state.json", "builds/p/manifest.json"]
)
def test_what_only_a_ledger_can_tell_of_is_enough(tmp_path: Path, kept: str):
    path = tmp_path / kept
    path.parent.mkdir(parents=True)
    path.write_text("{}")
    with pytest.raises(LedgerLost, match="a disparu.*en remettre une sauvegarde"):
        refuse_lost(Home(tmp_path))


def test_a_new_home_gets_a_ledger(tmp_path: Path):
    (tmp_path / "landing").mkdir()
    with open_ledger(Home(tmp_path)) as ledger:
        assert ledger.head().entries == 0
    with open_ledger(Home(tmp_path)):
        pass


def test_an_altered_entry_is_reported_with_its_place(home: Home):
    refuse_damaged(home)
    with sqlite3.connect(home.ledger_file) as db:
        db.execute("drop trigger builds_no_update")
        db.execute("update builds set build = 'z' where seq = 1")
    refuse_lost(home)  # SQLite sees nothing
    with pytest.raises(
        LedgerLost, match=r"est abîmé \(builds 1\u00a0: l’écriture n’est plus celle qui a été enregistrée\)"
    ):
        refuse_damaged(home)


def test_altered_entries_are_counted(home: Home):
    with sqlite3.connect(home.ledger_file) as db:
        db.execute("drop trigger builds_no_update")
        (changed,) = db.execute("select count(*) from builds").fetchone()
        db.execute("update builds set build = build || 'z'")
    assert changed > 2
    with pytest.raises(LedgerLost, match=rf"enregistrée, et {changed - 1} autres anomalies\)"):
        refuse_damaged(home)


def of_sqlite(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("un message")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (of_sqlite(sqlite3.SQLITE_CORRUPT), True),
        (of_sqlite(sqlite3.SQLITE_CORRUPT_INDEX), True),
        (of_sqlite(sqlite3.SQLITE_NOTADB), True),
        (of_sqlite(sqlite3.SQLITE_BUSY), False),
        (of_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), False),
        (of_sqlite(sqlite3.SQLITE_IOERR_READ), False),
        (of_sqlite(sqlite3.SQLITE_FULL), False),
        (sqlite3.DatabaseError("sans code"), True),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "essai"), True),
        (OSError("essai"), False),
        (None, False),
    ],
)
def test_an_error_is_a_damage_unless_the_file_is_busy_or_out_of_reach(error: BaseException | None, expected: bool):
    assert is_damage(error) is expected
