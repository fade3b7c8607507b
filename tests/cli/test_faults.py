"""Errors of the machine (rights, disk, files) give one French sentence and an exit code, never a traceback."""

import errno
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import types
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from pipelines import disk
from pipelines.cli.app import BROKEN, EPILOG, NO_DISK, USAGE, LazyGroup, millesime, no_disk
from pipelines.cli.interruption import INTERRUPTED, Interrupted
from pipelines.disk import is_full, lack
from pipelines.settings import LONGEST_HOME, Home
from tests.cli.conftest import VENTES_2019
from tests.french import english, python

MILLESIME = str(Path(sys.executable).with_name("millesime"))


class Failing(LazyGroup):
    """The command line, every command of which meets an error."""

    def __init__(self, error: BaseException):
        super().__init__("millesime", callback=millesime.callback, params=millesime.params)
        self.error = error

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        return click.Command(cmd_name, callback=self.fail)

    def fail(self) -> None:
        if self.error.__cause__:
            raise self.error from self.error.__cause__
        raise self.error


def met(bench, error: BaseException) -> Result:
    """What a command says of an error that it meets."""
    return CliRunner().invoke(Failing(error), ["--home", str(bench.home.root), "status"], prog_name="millesime")


def said(stderr: str) -> str:
    assert "Traceback" not in stderr and not python(stderr) and not english(stderr), stderr
    (line,) = [line for line in stderr.splitlines() if line.startswith("Erreur : ")]
    return line


def test_every_exit_code_is_in_the_help_and_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    listed = page.partition("## Exit codes\n")[2].partition("\n##")[0]
    for code in (0, 1, 2, 3, 4, 5, NO_DISK, BROKEN, INTERRUPTED):
        assert f"\n| {code} | " in listed and f" {code} " in EPILOG.replace("\n", " ")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_takes_nothing(closed: str) -> None:
    told = subprocess.run(
        ["sh", "-c", f"exec {MILLESIME} explain LIG-TYPE {closed}"], capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stderr) == (0, "") and bool(told.stdout) == (">&-" not in closed.replace("2>&-", ""))


@pytest.mark.parametrize("command", [["--help"], ["explain", "LIG-TYPE"]])
def test_a_full_standard_output_is_reported(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([MILLESIME, *command], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == NO_DISK
    assert "la sortie standard ne peut pas être écrite" in said(done.stderr)


def test_a_locale_without_accents_changes_no_word(tmp_path: Path) -> None:
    plain = os.environ | {
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "MILLESIME_HOME": str(tmp_path / "é"),
    }
    done = subprocess.run([MILLESIME, "status", "2019"], env=plain, capture_output=True, check=False)
    assert done.returncode == USAGE
    assert str(tmp_path / "é") in said(done.stderr.decode("utf-8")) or "é" in said(done.stderr.decode("utf-8"))


def test_where_locks_cannot_be_made_dbt_is_not_started_and_the_place_is_named(bench) -> None:
    place = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if not shutil.which("unshare") or subprocess.run([*place, "mount -t tmpfs none /dev/shm"], check=False).returncode:
        pytest.skip("no disk can be mounted here")
    command = f"mount -t tmpfs -o ro none /dev/shm && {MILLESIME} --home {bench.home.root} dbt ls"
    done = subprocess.run([*place, command], capture_output=True, text=True, check=False)
    assert done.returncode == USAGE
    assert done.stderr.endswith("Erreur : /dev/shm : ce disque est en lecture seule\n")


def test_status_says_what_is_no_file_where_an_export_reads_its_name(bench) -> None:
    folder = bench.drop("2019/ventes/autre.csv", VENTES_2019).parent
    os.mkfifo(folder / "ventes_2019.csv")
    done = bench.millesime("status", 2019)
    assert f"Aucun export déclaré ne lit {folder / 'autre.csv'}\n" in done.stdout
    assert f"{folder / 'ventes_2019.csv'} n’est pas lu : c’est un lien, un tube ou un périphérique" in done.stdout


@pytest.mark.parametrize("name", ["x" * 200 + "/" + "y" * 200 + "/" + "z" * 180, "quoi?"])
def test_a_home_whose_path_no_database_takes_is_refused_before_it_is_made(declared, tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    options = ["--name", "E", "--sigle", "E", "--siren", "123456782", "--first", "2020"]
    for command in (["init", str(home), *options], ["--home", str(home), "status", "2020"]):
        done = CliRunner().invoke(millesime, command)
        assert done.exit_code == USAGE
        assert (str(LONGEST_HOME) if "x" in name else "« ? »") in said(done.stderr)
    assert not home.exists()


def test_a_home_may_lie_under_quotes_brackets_and_accents(make_bench) -> None:
    bench = make_bench('ho\'me "q" [a] {b} é%41 #;')
    path = bench.drop("2019/ventes/ventes_2019.csv", "N°;Jour;Montant\nV1;02/01/2019;10,50\n")
    bench.receive("ventes/ventes", 2019)
    done = bench.millesime("status", 2019)
    assert done.exit_code in (0, 3) and "Traceback" not in done.stderr
    assert bench.millesime("check", path).exit_code in (0, 1)


def test_a_file_name_that_is_not_utf8_is_read_and_shown_by_its_bytes(bench) -> None:
    folder = bench.home.landing / "2019" / "ventes"
    folder.mkdir(parents=True)
    (folder / os.fsdecode(b"ventes_\xe9.csv")).write_text("N°;Jour;Montant\nV1;02/01/2019;10,50\n", encoding="utf-8")
    manifest = bench.receive("ventes/ventes", 2019)
    assert [file.name for file in manifest.files] == ["ventes_\\xe9.csv"]
    assert "received" in bench.millesime("status", 2019, "--format", "json").stdout


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "/a"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        sqlite3.OperationalError("database or disk is full"),
        RuntimeError("IO Error: Could not write file: No space left on device"),
        RuntimeError("disk I/O error"),  # what SQLite says of a log that it cannot lengthen
    ],
)
def test_a_full_disk_is_recognised_whoever_reports_it(bench, monkeypatch, error: Exception) -> None:
    try:
        raise ValueError("x") from error
    except ValueError as wrapped:
        assert is_full(wrapped) or "I/O" in str(error)
    assert not is_full(ValueError("x"))

    monkeypatch.setattr(shutil, "disk_usage", lambda _: types.SimpleNamespace(free=disk.MEGA - 1))
    done = met(bench, error)
    assert done.exit_code == NO_DISK
    assert "est plein" in said(done.stderr) and "il en manque environ" in said(done.stderr)


def test_a_folder_that_could_not_be_copied_names_the_disk_it_was_going_to(tmp_path: Path) -> None:
    place = tmp_path / "there"
    error = shutil.Error([("/a/b", str(place / "b"), "[Errno 28] No space left on device")])
    assert is_full(error)
    assert no_disk(Home(tmp_path / "none"), error).startswith(lack(place, disk.MEGA).partition(" est plein")[0])


def test_what_lacks_is_what_is_needed_without_what_is_left(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: types.SimpleNamespace(free=3 * disk.MEGA))
    words = lack(tmp_path / "not" / "there", 1003 * disk.MEGA)
    assert "il y reste 3 Mo, il en manque environ 1000" in words
    mount = words.removeprefix("le disque ").partition(" est plein")[0]
    assert Path(mount).is_mount() and tmp_path.is_relative_to(mount)


def test_a_right_that_lacks_says_what_to_do(bench) -> None:
    done = met(bench, PermissionError(errno.EACCES, "Permission denied", "/a/b"))
    assert done.exit_code == USAGE
    assert "/a/b : l’accès est refusé : donner ce droit" in said(done.stderr)


@pytest.mark.parametrize("spoilt", [Path.mkdir, Path.touch], ids=["a folder", "empty"])
def test_a_file_that_is_no_key_is_reported(filled, spoilt, tmp_path: Path, monkeypatch) -> None:
    spoilt(tmp_path / "none")
    monkeypatch.setenv("MILLESIME_KEY_FILE", str(tmp_path / "none"))
    done = filled.millesime("check", next(filled.home.landing.rglob("*.csv")))
    assert done.exit_code == USAGE
    assert str(tmp_path / "none") in said(done.stderr)


def test_an_error_of_the_program_shows_its_traceback_and_has_its_own_exit_code(bench) -> None:
    result = met(bench, ZeroDivisionError("division by zero"))
    assert result.exit_code == BROKEN
    assert "ZeroDivisionError" in result.stderr


def test_an_interruption_says_what_is_kept(bench) -> None:
    done = met(bench, Interrupted("3 exports acceptés sont gardés"))
    assert (done.exit_code, said(done.stderr)) == (
        INTERRUPTED,
        "Erreur : interrompu : 3 exports acceptés sont gardés ; la prochaine exécution finira ce qui reste",
    )


QUERY = """
import os, signal, threading
import click, duckdb
from pipelines.cli.app import LazyGroup

class Slow(LazyGroup):
    def get_command(self, ctx, cmd_name):
        return click.Command(cmd_name, callback=query)

def query():
    threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()
    duckdb.sql("select count(*) from range(1000000) a, range(1000000) b where a.range * b.range = 7").fetchall()

Slow("millesime")(["status"])
"""


def test_a_query_that_ctrl_c_ended_is_an_interruption_too() -> None:
    done = subprocess.run([sys.executable, "-c", QUERY], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, "interrompu" in said(done.stderr)) == (INTERRUPTED, True)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, key_file: Path) -> Path:
    """A home with one file to take in."""
    home = tmp_path_factory.mktemp("begun") / "home"
    options = ["--name", "E", "--sigle", "E", "--siren", "123456782", "--first", "2020", "--system", "absences"]
    environment = {**os.environ, "MILLESIME_KEY_FILE": os.environ.get("MILLESIME_KEY_FILE", str(key_file))}
    subprocess.run([MILLESIME, "init", str(home), *options], env=environment, check=True, capture_output=True)
    (home / "landing/2020/absences.csv").write_text("code;code_manquant;motif\nrh.x;NC;rien\n")
    return home


@pytest.mark.parametrize(("after", "sign"), [(0, signal.SIGINT), (2.5, signal.SIGINT), (2.5, signal.SIGTERM)])
def test_an_interruption_ends_all_processes_at_once_with_one_sentence(
    begun: Path, tmp_path: Path, after: float, sign: signal.Signals
) -> None:
    """Interrupted ``after`` seconds from its first sentence, in whatever it does then."""
    home = tmp_path / "home"
    shutil.copytree(begun, home)
    command = [MILLESIME, "--home", str(home), "run", "2020"]
    running = subprocess.Popen(
        command,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr
    first = running.stderr.readline()
    time.sleep(after)
    os.killpg(running.pid, sign)
    stderr = first + running.communicate(timeout=60)[1]
    assert running.returncode == INTERRUPTED, stderr
    told = [line for line in stderr.strip().splitlines() if not re.match(r" *\d+ s  ", line)]  # the steps until then
    assert "interrompu" in said(stderr) and len(told) == 1
