"""One writer per home: a second one is told at once who is writing, and a killed writer frees the lock."""

import fcntl
import signal
import subprocess
import sys

import pytest

from pipelines.locking import Busy, if_nobody_has, is_writing, only_writer
from pipelines.settings import Home

HOLDER = """
import sys, time
from pathlib import Path
from pipelines.locking import only_writer
from pipelines.settings import Home
with only_writer(Home(Path(sys.argv[1]))):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path / "home")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_second_writer_is_told_who_holds_the_home(tmp_path, holder):
    with pytest.raises(Busy, match=f"le processus {holder.pid} y écrit$"), only_writer(Home(tmp_path / "home")):
        pytest.fail("two writers")


def test_a_killed_holder_frees_the_home(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with only_writer(Home(tmp_path / "home")):
        pass


def test_it_is_freed_on_leaving_even_by_an_error(tmp_path):
    home = Home(tmp_path / "home")
    with pytest.raises(ZeroDivisionError), only_writer(home):
        raise ZeroDivisionError
    with only_writer(home), pytest.raises(Busy), only_writer(home):
        pytest.fail("two writers in one process")


def test_who_only_looks_sees_whether_somebody_writes_and_stops_nobody(tmp_path, holder):
    home = Home(tmp_path / "home")
    assert is_writing(home) and not is_writing(Home(tmp_path / "nowhere"))
    holder.kill()
    holder.wait()
    assert not is_writing(home)
    with only_writer(home):
        assert is_writing(home)


def test_a_file_is_held_by_whoever_came_first(tmp_path):
    with if_nobody_has(tmp_path / "lock") as first, if_nobody_has(tmp_path / "lock") as second:
        assert (first, second) == (True, False)
    with if_nobody_has(tmp_path / "lock") as again:
        assert again


def test_two_homes_are_two_locks(tmp_path, holder):
    with only_writer(Home(tmp_path / "other")):
        pass


def test_who_only_looks_makes_nobody_busy(tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    with only_writer(home):
        pass
    with home.lock_file.open() as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        monkeypatch.setattr("pipelines.locking.time.sleep", lambda _: fcntl.flock(looking, fcntl.LOCK_UN))
        with only_writer(home):
            pass
