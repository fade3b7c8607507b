"""A ledger of any former commit is migrated to today's schema with all its entries, after a copy is made."""

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.ledger import former_homes
from pipelines.ledger.migrate import NewerLedger
from pipelines.ledger.schema import REVISION
from pipelines.ledger.store import open_ledger
from pipelines.settings import Home

VERSIONS = Path(__file__).parents[2] / "pipelines" / "ledger" / "migrations" / "versions"
# a dump of the ledger that each of these commits made, with its revision
FORMER = sorted((Path(__file__).parents[1] / "fixtures" / "former_ledgers").glob("*.sql"))
APPLIED = {  # SHA-256 of each migration: one that has been applied somewhere is never edited, a new one is added
    "v0001_first_ledger.py": "d51fa1d82df67ac3925a35d352eceab24f11dd1fab7b8bd2b3c5eaac73046453",
    "v0002_chain_decisions_releases.py": "d2736d1632c8c1d6538c5e905cda782b6c4b7fe0426feb5c387f240e2a087a40",
    "v0003_warehouses.py": "e03aa6a7948af7e48213ce2a5b144b50f95ff4fd363ea10abd7a1720d414abe3",
    "v0004_states_writings_keys.py": "f778e565da640582f3f56a268a5fdf2ecb9b591a8bee287efdb7e09bbc19aa5e",
    "v0005_public_versions.py": "a6164384e13aab2464544177d03719a9ce9a6c6ff10b63f1460a9122003214c4",
    "v0006_withdrawals.py": "b3c95454e985ceb8094678f87b13b50ee4fcdb8fd7bf2041e0cf0a7c09873cdd",
    "v0007_removals.py": "04d5bd470bbf41d3cc9f3f2d87a90e5c9fae1c03b3257c530493f63f7dd74908",
    "v0008_left_out.py": "3ed8a66a9df120a318490b31270489198cd954619b4c927e71e9733f33ff970f",
    "v0009_sendings.py": "76a2f3bf88ecfa3a6cfb7fb345e83f915971b3e2e749a84686bd5ce989bff2ec",
    "v0010_prose.py": "3a8625aaf85cb771c58c96eeaee3f9c8576f76b2076abfc60e3459d86ba084b0",
    "v0011_sources.py": "e40fd44455b048e683d4d4a6ff955fe58b162b350072e8726c05edffb185a9f7",
    "v0012_closings.py": "49db8cab95436cee6178e341d385bcb400c7210db69b51e02cc7d058c02cefdd",
    "v0013_readings.py": "346db4abc2ee37f1d5f98a1f8049741a7c12a5606e9043f3345f9f0bb9a1b0a4",
}
BOOKKEEPING = {"sqlite_sequence", "alembic_version"}


def test_an_applied_migration_is_never_edited() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VERSIONS.glob("v*.py")}
    assert found == APPLIED


@pytest.fixture(params=FORMER, ids=lambda path: path.stem)
def former(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.root.mkdir()
    with closing(sqlite3.connect(home.ledger_file)) as db:
        db.executescript(request.param.read_text(encoding="utf-8"))
    return home


def shape(file: Path) -> dict[str, set[tuple]]:
    """Table → its columns, and its triggers by name."""
    with closing(sqlite3.connect(file)) as db:
        tables = [name for (name,) in db.execute("select name from sqlite_master where type = 'table'")]
        found = {name: {row[1:6] for row in db.execute(f"pragma table_info({name})")} for name in tables}
        found["triggers"] = set(db.execute("select name, tbl_name from sqlite_master where type = 'trigger'"))
    return found


def rows(file: Path) -> dict[str, list[tuple]]:
    with closing(sqlite3.connect(file)) as db:
        tables = {name for (name,) in db.execute("select name from sqlite_master where type = 'table'")} - BOOKKEEPING
        return {name: db.execute(f"select * from {name} order by 1").fetchall() for name in tables}


def test_it_comes_to_the_form_of_a_new_one_and_keeps_all_that_it_held(former: Home, tmp_path: Path) -> None:
    before = rows(former.ledger_file)
    with open_ledger(former) as ledger:
        assert [one.manifest.delivery for one in ledger.current().values()] == ["a" * 32]
        assert all(ledger.all_rows(name) is not None for name in ledger.tables)
        assert ledger.last_publication()["publication"] == "p1"
        assert ledger.check({}) == []
    with open_ledger(Home(tmp_path / "new")):
        pass
    assert shape(former.ledger_file) == shape(tmp_path / "new" / "ledger.db")
    after = rows(former.ledger_file)
    added = len(after.pop("closings"))  # the lists of what is there
    assert len(after.pop("chain")) == len(before.pop("chain", [])) + added or "chain" not in before
    assert {name: len(found) for name, found in after.items() if found} == {n: len(f) for n, f in before.items() if f}


def test_what_was_there_before_is_kept_and_is_the_way_back(former: Home) -> None:
    before = rows(former.ledger_file)
    with closing(sqlite3.connect(former.ledger_file)) as db:
        (revision,) = db.execute("select version_num from alembic_version").fetchone()
    former.root.joinpath("ledger.before-0001.db").touch()  # of a migration of before
    for _ in range(2):
        with open_ledger(former) as ledger:
            deliveries = len(ledger.all_rows("deliveries"))
    (kept,) = former.root.glob("ledger.before-*")
    assert kept.name == f"ledger.before-{revision}.db" and kept.stat().st_mode & 0o777 == 0o600
    assert rows(kept) == before
    shutil.copy(kept, former.ledger_file)  # and the program of before; then of today again
    with open_ledger(former) as ledger:
        assert len(ledger.all_rows("deliveries")) == deliveries


def test_one_that_is_interrupted_is_made_whole_by_the_next_command(
    former: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, closed = rows(former.ledger_file), list[Home]()

    def interrupted(*said: object) -> None:
        if isinstance(said[0], Home) or "create trigger" in str(said[2]).lower():
            raise KeyboardInterrupt

    sa.event.listen(sa.Engine, "after_cursor_execute", interrupted)
    with pytest.raises(KeyboardInterrupt), open_ledger(former):
        pass
    sa.event.remove(sa.Engine, "after_cursor_execute", interrupted)
    assert rows(former.ledger_file) == before  # nothing is half made
    monkeypatch.setattr(former_homes, "close_former", interrupted)  # the revisions are there, the lists are not
    with pytest.raises(KeyboardInterrupt), open_ledger(former):
        pass
    monkeypatch.setattr(former_homes, "close_former", lambda home, _: closed.append(home))
    for _ in range(2):
        with open_ledger(former):
            pass
    assert closed == [former]


def test_a_new_ledger_and_one_of_tomorrow_leave_no_copy(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with open_ledger(home):
        pass
    with closing(sqlite3.connect(home.ledger_file)) as db:
        db.execute("update alembic_version set version_num = '9999'")
        db.commit()
    with pytest.raises(NewerLedger), open_ledger(home):
        pass
    assert not list(home.root.glob("ledger.before-*")) and REVISION in {
        path.name[1:5] for path in VERSIONS.glob("v*.py")
    }
