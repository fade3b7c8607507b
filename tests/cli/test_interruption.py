"""An interruption is handled, whatever the running libraries do with the signal."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from pipelines.cli.interruption import INTERRUPTED, Interrupted, interruptible


@pytest.fixture(params=[signal.SIGTERM, signal.SIGINT])
def sign(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    former = signal.getsignal(request.param)
    yield request.param
    signal.signal(request.param, former)


def interrupt_deaf(sign: signal.Signals) -> None:
    """As Dagster and dbt do, which have handlers of their own."""
    signal.signal(sign, lambda *_: None)
    os.kill(os.getpid(), sign)
    time.sleep(0.2)


def test_a_signal_that_a_library_swallows_is_an_interruption(sign: signal.Signals) -> None:
    with pytest.raises(Interrupted) as stop, interruptible(lambda: "2 exports acceptés sont gardés"):
        interrupt_deaf(sign)
    assert str(stop.value).startswith("interrompu : 2 exports acceptés sont gardés ; la prochaine exécution")


def test_the_error_that_a_library_makes_of_it_is_not_shown(sign: signal.Signals) -> None:
    with pytest.raises(Interrupted), interruptible(lambda: "rien"):
        interrupt_deaf(sign)
        raise RuntimeError("dagster._core.errors.DagsterExecutionInterruptedError")


def test_other_errors_and_other_signals_are_no_interruption(sign: signal.Signals) -> None:
    former = signal.signal(signal.SIGUSR1, lambda *_: None)
    with pytest.raises(RuntimeError, match="x"), interruptible(lambda: "rien"):
        os.kill(os.getpid(), signal.SIGUSR1)
        raise RuntimeError("x")
    with interruptible(lambda: "rien"):
        pass
    signal.signal(signal.SIGUSR1, former)


DEAF = """
import os, signal, subprocess, time
from pipelines.cli.interruption import interruptible
with interruptible(lambda: "rien n’a changé", 0.2):
    signal.signal(signal.SIGTERM, lambda *_: None)
    subprocess.Popen(["sleep", "60"])
    os.kill(os.getpid(), signal.SIGTERM)
    while True:
        time.sleep(1)
"""


def test_work_that_does_not_stop_is_ended_with_its_children_and_says_so() -> None:
    """The child holds the output open: were it alive, the reading would not end within the time limit."""
    done = subprocess.run([sys.executable, "-c", DEAF], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == INTERRUPTED
    assert done.stderr == "Erreur : interrompu : rien n’a changé ; la prochaine exécution finira ce qui reste\n"


HOLDER = """
import multiprocessing, os
from pipelines.runs.processes import warm_up
if __name__ == "__main__":
    warm_up()
    held = multiprocessing.get_context("spawn").Lock()
    os._exit(0)
"""


def test_what_is_left_to_free_is_freed_without_a_word() -> None:
    done = subprocess.run([sys.executable, "-c", HOLDER], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")


LIGHT = """
import subprocess, sys
from pipelines.cli import _end_others
child = subprocess.Popen(["sleep", "60"])
assert "multiprocessing" not in sys.modules
_end_others(patient=False)
print(child.wait())
"""


def test_a_command_that_has_not_loaded_multiprocessing_ends_its_children_too() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{-signal.SIGKILL}\n", "")
