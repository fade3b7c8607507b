"""A publication, parts of which are made by other processes, that may die."""

import os
import signal
import subprocess
import sys

import pytest

from pipelines.runs.publish import two_processes


def test_a_process_that_dies_is_an_error_of_what_it_made():
    with two_processes() as pool:
        died = pool.submit(os._exit, 1)
        assert died.exception() is not None


def test_an_interruption_does_not_wait_for_what_is_being_made():
    with pytest.raises(KeyboardInterrupt), two_processes() as pool:
        made = pool.submit(signal.pause)
        raise KeyboardInterrupt
    assert made.done()


KILLED = """
import os, signal, time
from pipelines.runs.publish import two_processes
if __name__ == "__main__":
    with two_processes() as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        pool.submit(time.sleep, 600)
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_they_end_with_a_process_that_was_killed(tmp_path):
    """They hold its output open: were one alive, the reading would not end."""
    script = tmp_path / "script.py"
    script.write_text(KILLED)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL and done.stdout.strip().isdecimal()
