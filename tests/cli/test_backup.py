"""``millesime backup`` and ``restore``: one instant of a home, made again elsewhere, without what was removed since."""

import datetime as dt
import errno
import json
import os
import threading
from pathlib import Path

import pytest

from pipelines import settings
from pipelines.locking import nothing_goes, only_writer
from pipelines.settings import Home
from tests.cli.conftest import PERSONNEL, VENTES, Bench
from tests.cli.purging import LATER, current, holding, logins
from tests.layers import Layer

NAME = "Petit"
TAKEN = ("--reason", "elle l’a demandé", "--by", "C. Durand")


@pytest.fixture(autouse=True)
def long_kept(declared: Layer) -> None:
    """No term has passed today; in 2049 all have."""
    declared.write("catalogue/systems/ventes.yml", f"{VENTES}retention: P25Y\n")
    declared.write("catalogue/systems/personnel.yml", f"{PERSONNEL}retention: P25Y\n")


@pytest.fixture
def kept(filled: Bench, tmp_path: Path) -> Path:
    """A backup of a small home, which published."""
    filled.publish(
        "('essai.ventes.total', 2019, 14.5, 'EUR', 2, 'calculé', null, 'complet', 'Total', 'essai', 'somme')"
    )
    done = filled.millesime("backup", tmp_path / "kept")
    assert done.exit_code == 0, done.output
    return tmp_path / "kept"


def restored(bench: Bench, source: Path, *options: object, name: str = "again", code: int = 0) -> Bench:
    again = Bench(Home(bench.home.root.with_name(name)))
    done = again.millesime("restore", source, *options)
    assert done.exit_code == code, done.output
    return again


def head(bench: Bench) -> object:
    with bench.ledger() as ledger:
        return ledger.head()


def test_a_backup_is_one_instant_and_another_home_is_made_of_it(filled: Bench, kept: Path):
    filled.home.contenu.joinpath("2019").mkdir(parents=True)
    text = filled.home.contenu / "2019" / "intro.md"
    text.write_text("Avant.", encoding="utf-8")
    with only_writer(filled.home):  # a run goes on
        assert filled.millesime("backup", kept).exit_code == 0
    text.write_text("Après.", encoding="utf-8")
    assert (kept / "contenu/2019/intro.md").read_text() == "Avant."  # an editor may write in place
    (original, _) = sorted(filled.home.archive.glob("[0-9a-f]*"))
    assert (kept / "archive" / original.name).stat().st_ino == original.stat().st_ino
    assert not {"builds", "published", "warehouse", "landing", ".lock"} & {path.name for path in kept.iterdir()}
    assert kept.stat().st_mode & 0o077 == 0 and (kept / "ledger.db").stat().st_mode & 0o077 == 0
    again = restored(filled, kept)
    with again.ledger() as ledger:
        assert ledger.check({"the backup": head(filled)}) == []
        assert ledger.all_rows("closings")[-1]["sha256"] is None  # the publication, which the backup leaves out
    assert (again.home.contenu / "2019/intro.md").read_text() == "Avant." and not again.home.last_backup.exists()
    problems = [line for line in again.millesime("verify").stdout.splitlines() if line.startswith("✗")]
    assert problems and all(line.startswith("✗ published\u00a0") for line in problems)  # `run` publishes
    for path in again.home.archive.glob("[0-9a-f]*"):
        assert path.stat().st_ino != (kept / "archive" / path.name).stat().st_ino


def test_what_is_erased_after_a_backup_is_in_no_home_made_of_it(filled: Bench, kept: Path):
    assert holding(kept, NAME)
    before = logins(filled, current(filled, "personnel/agents"))
    name = current(filled, "personnel/agents").delivery[:12]
    done = filled.millesime("purge", "--delivery", name, *TAKEN)
    assert done.exit_code == 0 and "tient encore ce qui est parti" in done.stderr
    again = restored(filled, kept)
    assert holding(again.home.root, NAME) == []
    after = logins(again, current(again, "personnel/agents"))
    assert not set(before) & set(after) and len(set(after)) == len(set(before))
    assert all(not holding(again.home.root, login) for login in before)
    with again.ledger() as ledger:
        (row,) = [row for row in ledger.all_rows("removals") if row["rule"] == "CONS-DECISION"]
    assert (row["reason"], row["removed_by"]) == ("elle l’a demandé", "C. Durand")
    assert not [line for line in again.millesime("verify").stdout.splitlines() if "archive" in line and "✗" in line]
    assert filled.millesime("backup", kept).exit_code == 0 and holding(kept, NAME) == []  # the next one has it no more


def test_a_term_that_passed_since_is_applied_though_a_longer_one_is_declared_now(filled: Bench, kept: Path, clock):
    today = dt.datetime.now(dt.UTC).isoformat()
    clock(LATER)
    assert filled.millesime("purge", "--by", "A. Martin").exit_code == 0
    assert filled.home.archive.exists() and not list(filled.home.archive.glob("[0-9a-f]*"))
    clock(today)  # no term has passed: only the list knows; pseudonyms that stay are told
    again = restored(filled, kept, code=1)
    assert not list(again.home.archive.glob("[0-9a-f]*")) and holding(again.home.root, NAME) == []


def test_a_public_profile_that_was_taken_back_is_never_published_again_nor_sent(filled: Bench, kept: Path):
    public = filled.home.published.resolve() / "public"
    public.mkdir()
    (public / "manifest.json").write_text(json.dumps({"publication": "f" * 32}), encoding="utf-8")
    ready = filled.home.transmissions / "2019-v1" / "public"
    ready.mkdir(parents=True)
    assert filled.millesime("backup", kept).exit_code == 0
    assert filled.millesime("withdraw", "--reason", "x", "--by", "A. Martin").exit_code == 0
    home = restored(filled, kept)
    with home.ledger() as ledger:
        (row,) = ledger.all_rows("withdrawals")
    assert row["profile"] == "f" * 32
    assert home.home.transmissions.is_dir() and not list(home.home.transmissions.glob("*/public"))


def test_without_the_list_nothing_is_restored_unless_somebody_says_that_nothing_was_removed(filled: Bench, kept: Path):
    filled.millesime("purge", "--delivery", current(filled, "personnel/agents").delivery[:12], *TAKEN)
    list_ = settings.removals_file(filled.home)
    assert list_.stat().st_mode & 0o077 == 0 and not list_.is_relative_to(filled.home.root)
    carried = list_.rename(list_.with_name("carried"))
    refused = Bench(Home(filled.home.root.with_name("again"))).millesime("restore", kept)
    assert refused.exit_code == 2 and "--removals FICHIER" in refused.stderr
    assert not list(filled.home.root.parent.glob(".again*")) and not (filled.home.root.parent / "again").exists()
    assert holding(restored(filled, kept, "--removals", carried).home.root, NAME) == []
    assert holding(restored(filled, kept, "--nothing-removed", name="trusting").home.root, NAME) != []
    newer = filled.home.root.with_name("newer")  # the list was lost: it is made again of the ledger
    assert filled.millesime("backup", newer).exit_code == 0
    list_.unlink()
    third = restored(filled, kept, "--removals", newer, name="third")
    assert holding(third.home.root, NAME) == []
    assert "CONS-DECISION" in settings.removals_file(third.home).read_text()  # it goes on beside the new home's key


def test_no_purge_removes_what_a_backup_is_copying(filled: Bench):
    name = current(filled, "personnel/agents").delivery[:12]
    purge = threading.Thread(target=filled.millesime, args=("purge", "--delivery", name, *TAKEN))
    with nothing_goes(filled.home):
        purge.start()
        purge.join(1)
        assert purge.is_alive() and holding(filled.home.archive, NAME)
    purge.join(60)
    assert not holding(filled.home.archive, NAME)


def test_a_folder_that_is_no_backup_stays_as_it_is(filled: Bench, kept: Path, tmp_path: Path):
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "one").write_text("mine")
    for place in (tmp_path / "papers", filled.home.root / "kept", tmp_path):
        assert filled.millesime("backup", place).exit_code == 2
    assert (tmp_path / "papers" / "one").read_text() == "mine"
    elsewhere = Bench(Home(tmp_path / "papers")).millesime("restore", kept)
    assert elsewhere.exit_code == 2 and "n’est pas vide" in elsewhere.stderr
    assert Bench(Home(tmp_path / "new")).millesime("restore", tmp_path / "papers").exit_code == 2


def test_a_backup_that_would_lack_something_leaves_the_former_one(filled: Bench, kept: Path):
    rows = next(filled.home.lake.rglob("*.parquet"))
    rows.unlink()
    refused = filled.millesime("backup", kept)
    assert refused.exit_code == 1 and "n’est plus là" in refused.stderr
    assert (kept / rows.relative_to(filled.home.root)).exists()
    assert not list(kept.parent.glob(f".{kept.name}.*"))


def test_where_there_are_no_second_names_files_are_copied_and_what_a_kill_left_goes(
    filled: Bench, kept: Path, monkeypatch: pytest.MonkeyPatch
):
    def refused(*_: object) -> None:
        raise OSError(errno.EXDEV, "")

    left = kept.with_name(f".{kept.name}.{2**22 + os.getpid()}")
    left.mkdir()
    kept.rename(kept.with_name(f".{kept.name}.former.{2**22 + os.getpid()}"))  # killed between two names
    rows = next(filled.home.lake.rglob("*.parquet"))
    hidden = rows.rename(filled.home.root / "aside")
    assert filled.millesime("backup", kept).exit_code == 1 and kept.exists()  # the former one is there again
    hidden.rename(rows)
    left.mkdir(exist_ok=True)
    monkeypatch.setattr(Path, "hardlink_to", refused)
    done = filled.millesime("backup", kept)
    assert done.exit_code == 0 and "0\u00a0fichier par lien physique" in done.stdout and not left.exists()
    for path in filled.home.archive.glob("[0-9a-f]*"):
        other = kept / "archive" / path.name
        assert other.stat().st_ino != path.stat().st_ino and other.stat().st_mtime == path.stat().st_mtime


def test_an_old_backup_is_a_finding_and_the_monitor_knows_its_time(filled: Bench, tmp_path: Path, clock):
    def found() -> bool:
        return "SAUV-ANCIENNE" in filled.millesime("findings", 2019).stdout

    def told() -> str:
        return filled.millesime("status", 2019, "--format", "prometheus").stdout

    today = dt.datetime.now(dt.UTC)
    assert not found() and "\nmillesime_backup" not in told()
    made = today + dt.timedelta(days=8)
    clock(made.isoformat())
    assert found()  # there never was one
    filled.millesime("backup", tmp_path / "kept")
    known = float(told().partition("\nmillesime_backup_timestamp_seconds ")[2].split()[0])
    assert not found() and abs(known - made.timestamp()) < 1
    for days, is_old in ((7, False), (8, True)):
        clock((made + dt.timedelta(days=days)).isoformat())
        assert found() == is_old
