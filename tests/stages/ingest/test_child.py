"""Whatever a file makes its reader do, it ends in its child: the file is refused, and the next one is read."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.stages.ingest import child, reading
from pipelines.stages.ingest.child import CPU_SECONDS, Exceeded, in_child
from tests.deliveries import HEADER, Depot

GOOD = HEADER + "A1;x;1,00;03/02/2020\n"


def test_what_a_function_gives_or_raises_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MILLESIME_HOME", "là")
    assert in_child(os.getenv, "MILLESIME_HOME") == "là"
    with pytest.raises(FileNotFoundError) as raised:
        in_child(os.listdir, tmp_path / "nowhere")
    assert "in _answer" in raised.value.__notes__[0]


@pytest.mark.parametrize("end", [(bytes, 1 << 40), (bytearray, 3 << 30), (os.abort,), (os._exit, 0), (os._exit, 1)])
def test_a_child_that_dies_ends_alone(end: tuple):
    forks = child._parent()[0].pid
    with pytest.raises(Exceeded):
        in_child(*end)
    assert in_child(os.getpid) != os.getpid()
    assert child._parent()[0].pid == forks


def test_a_child_has_only_so_much_time():
    assert in_child(resource.getrlimit, resource.RLIMIT_CPU) == (CPU_SECONDS, CPU_SECONDS)
    assert in_child(signal.alarm, 0) > CPU_SECONDS


def test_a_file_that_takes_too_much_is_refused_and_the_next_one_read(depot: Depot, monkeypatch: pytest.MonkeyPatch):
    depot.declare()
    with monkeypatch.context() as patched:
        patched.setattr(reading, "_read_file", _abort)
        with pytest.raises(DeliveryRefused) as refused:
            depot.csv(GOOD)
    assert refused.value.code == "FIC-TAILLE" and refused.value.fichier == "export.csv"
    assert depot.csv(GOOD).rows


def _abort(*_: object) -> None:
    os.abort()


def test_a_process_that_forks_no_more_refuses_the_file_and_is_replaced(monkeypatch: pytest.MonkeyPatch):
    child._parent.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr("pipelines.stages.ingest.child.sys.executable", "/bin/false")
        with pytest.raises(Exceeded):
            in_child(os.getpid)
    child._parent()[0].wait()
    assert in_child(os.getpid)


def test_an_interruption_leaves_no_answer_to_the_next_call():
    forks, _ = child._parent()
    os.kill(forks.pid, signal.SIGSTOP)
    threading.Timer(0.5, os.kill, [os.getpid(), signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        in_child(os.getpid)
    assert forks.wait() == -signal.SIGKILL
    assert in_child(os.getppid) == child._parent()[0].pid


def test_an_interruption_ends_the_child_that_is_reading():
    in_child(os.getpid)
    forks, reading = child._parent()[0], []

    def interrupt() -> None:
        reading.extend(Path(f"/proc/{forks.pid}/task/{forks.pid}/children").read_text().split())
        os.kill(os.getpid(), signal.SIGINT)

    threading.Timer(0.5, interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        in_child(time.sleep, 60)
    _awaited_end(reading[0])


def test_a_child_ends_when_nobody_waits_for_it_any_more(tmp_path: Path):
    script = "import time; from pipelines.stages.ingest.child import in_child; in_child(time.sleep, 60)"
    asking = subprocess.Popen([sys.executable, "-c", script])
    forks = _awaited_child(asking.pid)
    reading = _awaited_child(forks)
    asking.kill()
    asking.wait()
    _awaited_end(forks)
    _awaited_end(reading)


def _awaited_child(process: int | str) -> str:
    """The child of a process, once it has one."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if children := Path(f"/proc/{process}/task/{process}/children").read_text().split():
            return children[0]
        time.sleep(0.05)
    raise AssertionError("no child")


def _awaited_end(process: str) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end and Path(f"/proc/{process}/exe").exists():
        time.sleep(0.05)
    assert not Path(f"/proc/{process}/exe").exists()
