"""One writer per home: a second one is told at once who is writing, and a killed writer frees the lock."""

import signal
import subprocess
import sys

import pytest

from pipelines.locking import Busy, only_writer
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


def test_two_homes_are_two_locks(tmp_path, holder):
    with only_writer(Home(tmp_path / "other")):
        pass
