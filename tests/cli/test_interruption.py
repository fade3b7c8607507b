"""An interruption is handled, whatever the running libraries do with the signal. Each case is a process of its own."""

import signal
import subprocess
import sys
import time

import pytest

from pipelines.cli.interruption import INTERRUPTED, PATIENCE, SIGNALS

BEGIN = """
import hashlib, os, signal, subprocess, sys, threading, time
from pipelines.cli.interruption import end_soon, interruptible

SIGN = signal.Signals(int(sys.argv[1]))
signal.signal(SIGN, signal.default_int_handler)

def interrupt_deaf():  # as Dagster and dbt do, which have handlers of their own
    signal.signal(SIGN, lambda *_: None)
    os.kill(os.getpid(), SIGN)
    time.sleep(0.2)

def kept():
    return "2 exports acceptés sont gardés"
"""
SENTENCE = "interrompu : 2 exports acceptés sont gardés ; la prochaine exécution finira ce qui reste"


def ended(program: str, sign: signal.Signals = signal.SIGTERM) -> subprocess.CompletedProcess[str]:
    """The end of a process, and of the children that hold its output open."""
    command = [sys.executable, "-c", BEGIN + program, str(int(sign))]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


CAUGHT = """
try:
    with interruptible(kept):
        interrupt_deaf()
        {then}
except KeyboardInterrupt as stop:
    print(stop)
"""


@pytest.mark.parametrize("sign", SIGNALS)
@pytest.mark.parametrize("then", ["pass", "raise RuntimeError('Query interrupted')", "sys.exit(1)"])
def test_a_signal_that_a_library_swallows_or_makes_an_error_of_is_an_interruption(
    then: str, sign: signal.Signals
) -> None:
    done = ended(CAUGHT.format(then=then), sign)
    assert (done.stdout, done.stderr) == (f"{SENTENCE}\n", "")


def test_what_an_inner_block_says_is_kept_is_what_is_said() -> None:
    done = ended(CAUGHT.replace("interruptible(kept)", "interruptible(str), interruptible(kept)").format(then="pass"))
    assert done.stdout == f"{SENTENCE}\n"


LOST = """
class Freed:
    def __del__(self):
        os.kill(os.getpid(), SIGN)
        while True:
            pass  # Python answers the signal here, and drops what is raised

try:
    with interruptible(kept):
        Freed()
except KeyboardInterrupt as stop:
    print(stop)
"""


def test_a_signal_answered_where_python_drops_the_exception_is_an_interruption_without_a_traceback() -> None:
    done = ended(LOST)
    assert (done.stdout, done.stderr) == (f"{SENTENCE}\n", "")


OTHERS = """
signal.signal(signal.SIGUSR1, lambda *_: None)
with interruptible(kept):
    os.kill(os.getpid(), signal.SIGUSR1)
try:
    with interruptible(kept):
        os.kill(os.getpid(), signal.SIGUSR1)
        raise RuntimeError("x")
except RuntimeError as error:
    print(error)
"""


def test_other_errors_and_other_signals_are_no_interruption() -> None:
    assert ended(OTHERS).stdout == "x\n"


CHILD = """
with interruptible(kept):
    child = subprocess.Popen(["sleep", "60"])
    try:
        os.kill(os.getpid(), SIGN)
        time.sleep(60)
    except KeyboardInterrupt:
        print(child.wait(), flush=True)  # the work may wait for its children before it ends
"""


def test_children_are_ended_at_once() -> None:
    assert ended(CHILD).stdout == f"{-signal.SIGTERM}\n"


DEAF = """
with interruptible(kept, 4):  # the second child begins long before the end
    subprocess.Popen(["sleep", "60"])
    interrupt_deaf()
    subprocess.Popen(["sleep", "60"])
    while True:
        time.sleep(1)
"""
STUCK = """
with interruptible(kept, 0.2):
    threading.Timer(0.5, os.kill, [os.getpid(), SIGN]).start()
    hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)  # minutes in which Python handles no signal
"""


@pytest.mark.parametrize("program", [DEAF, STUCK])
def test_work_that_does_not_stop_is_ended_with_its_children_and_says_so(program: str) -> None:
    done = ended(program)
    assert (done.returncode, done.stderr) == (INTERRUPTED, f"Erreur : {SENTENCE}\n")


WAITED_FOR = """
threading.Thread(target=time.sleep, args=(60,)).start()
end_soon()
os.kill(os.getpid(), SIGN)  # whoever is impatient
sys.exit(130)
"""


def test_a_thread_that_still_works_is_not_waited_for() -> None:
    began = time.monotonic()
    done = ended(WAITED_FOR)
    assert (done.returncode, done.stderr) == (INTERRUPTED, "") and time.monotonic() - began < 5


HELD = """
import multiprocessing
from pipelines.cli import main
from pipelines.cli.interruption import end
sys.argv = ["millesime", "--version"]
try:
    main()
except SystemExit:
    held = multiprocessing.get_context("spawn").Lock()
    end()
"""


def test_what_is_left_to_free_is_freed_without_a_word() -> None:
    done = ended(HELD)
    assert (done.returncode, done.stderr) == (INTERRUPTED, "")


def test_the_work_and_the_end_get_five_seconds_together() -> None:
    assert PATIENCE + 1 < 5
