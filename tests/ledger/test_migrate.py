"""A ledger of version 1.0.0 and later is migrated to today's schema with all its entries, after a copy is made."""

import hashlib
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from pipelines.ledger import migrate
from pipelines.ledger.migrate import FormerLedger, NewerLedger
from pipelines.ledger.schema import REVISION
from pipelines.ledger.store import open_ledger
from pipelines.settings import Home
from tests.ledger.entries import fill

MIGRATIONS = Path(migrate.__file__).with_name("migrations")
APPLIED = {  # SHA-256 of each migration: one that was released is never edited, a new one is added
    "v1_0_0.py": "4123ff475fb6cc9c23a97d6adca13080b7991f3107cbe092935802684c828217",
}
TOMORROW = """
from alembic import op
revision, down_revision = "tomorrow", "{}"
def upgrade():
    op.execute("alter table texts add column again varchar")
    op.execute("create table more (seq integer not null primary key)")
"""


def test_an_applied_migration_is_never_edited() -> None:
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in MIGRATIONS.glob("versions/v*.py")}
    assert found == APPLIED


@pytest.fixture
def kept(tmp_path: Path) -> Home:
    """A home of this version, and the program of tomorrow, which knows one more revision."""
    home = Home(tmp_path / "home")
    fill(home)
    return home


@pytest.fixture
def tomorrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(MIGRATIONS, tmp_path / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "migrations" / "versions" / "tomorrow.py").write_text(TOMORROW.format(REVISION))
    monkeypatch.setattr(migrate, "MIGRATIONS", str(tmp_path / "migrations"))
    monkeypatch.setattr(migrate, "REVISION", "tomorrow")


def rows(file: Path) -> dict[str, list[tuple]]:
    with closing(sqlite3.connect(file)) as db:
        tables = [name for (name,) in db.execute("select name from sqlite_master where type = 'table'")]
        return {name: db.execute(f"select * from {name} order by 1").fetchall() for name in tables}


def test_it_keeps_all_that_it_held_and_a_copy_is_the_way_back(kept: Home, tomorrow: None) -> None:
    before = rows(kept.ledger_file)
    kept.root.joinpath("ledger.before-0.db").touch()  # of a migration of before
    for _ in range(2):
        with open_ledger(kept) as ledger:
            assert ledger.check({}) == []
    after = rows(kept.ledger_file)
    assert after.pop("more") == [] and after.pop("alembic_version") == [("tomorrow",)]
    assert after == {name: found for name, found in before.items() if name != "alembic_version"}
    (copy,) = kept.root.glob("ledger.before-*")
    assert copy.name == f"ledger.before-{REVISION}.db" and copy.stat().st_mode & 0o777 == 0o600
    assert rows(copy) == before


def test_one_that_is_interrupted_is_made_whole_by_the_next_command(kept: Home, tomorrow: None) -> None:
    before = rows(kept.ledger_file)

    def interrupted(*said: object) -> None:
        if "create table more" in str(said[2]):
            raise KeyboardInterrupt

    sa.event.listen(sa.Engine, "after_cursor_execute", interrupted)
    with pytest.raises(KeyboardInterrupt), open_ledger(kept):
        pass
    sa.event.remove(sa.Engine, "after_cursor_execute", interrupted)
    assert rows(kept.ledger_file) == before  # nothing is half made
    with open_ledger(kept):
        pass
    assert "more" in rows(kept.ledger_file)


def test_a_new_ledger_and_one_of_tomorrow_leave_no_copy(kept: Home) -> None:
    with closing(sqlite3.connect(kept.ledger_file)) as db:
        db.execute("update alembic_version set version_num = '9999'")
        db.commit()
    with pytest.raises(NewerLedger), open_ledger(kept):
        pass
    assert not list(kept.root.glob("ledger.before-*"))


@pytest.mark.parametrize("change", ["update alembic_version set version_num = '0013'", "drop table alembic_version"])
def test_a_home_made_before_the_first_version_is_left_alone(kept: Home, change: str) -> None:
    with closing(sqlite3.connect(kept.ledger_file)) as db:
        db.execute(change)
        db.commit()
    before = kept.ledger_file.read_bytes()
    with pytest.raises(FormerLedger, match="ne peut pas être repris"), open_ledger(kept):
        pass
    assert kept.ledger_file.read_bytes() == before and not list(kept.root.glob("ledger.before-*"))
