"""Processes beside this one: forked at once, with the environment of who asks, gone with it."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest

from pipelines.runs.processes import one_process


def test_a_process_has_what_all_need_and_the_environment_of_now(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The server was started by an earlier test, or is by this one."""
    for value in ("before", "after"):
        monkeypatch.setenv("MILLESIME_SAID", value)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 40)))  # a home's own folder may be anywhere
        with one_process(_be_ready, value) as pool:
            assert pool.submit(_told).result() == (value, value, True)


def test_it_hears_no_ctrl_c_of_a_terminal():
    with one_process() as pool:
        assert pool.submit(_is_deaf).result()


def test_it_ends_with_a_parent_that_was_killed():
    """A process of a pool would wait for ever."""
    parent = """
        import os, time
        from pipelines.runs.processes import one_process
        if __name__ == "__main__":
            pool = one_process()
            print(pool.submit(os.getpid).result(), pool.submit(os.getppid).result(), flush=True)
            time.sleep(60)
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(parent)], stdout=subprocess.PIPE, text=True
    ) as started:
        processes = [*map(int, started.stdout.readline().split())]  # and their server
        started.kill()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and any(map(_runs, processes)):
        time.sleep(0.05)
    assert not any(map(_runs, processes))


_ready = ""


def _be_ready(said: str) -> None:
    global _ready
    _ready = said


def _told() -> tuple[str, str | None, bool]:
    return _ready, os.environ.get("MILLESIME_SAID"), "pipelines.runs.preloaded" in sys.modules


def _is_deaf() -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def _runs(process: int) -> bool:
    try:
        said = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return said.rpartition(")")[2].split()[0] != "Z"
