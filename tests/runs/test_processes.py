"""Processes beside this one: forked at once, with the environment of who asks, gone with it."""

import errno
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipelines.runs.processes import BROKEN, one_process, start_early


def test_a_process_has_what_all_need_and_the_environment_of_now(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The server was started by an earlier test, or is by this one; the process too may have been started before."""
    for value in ("before", "after", "early"):
        if value == "early":
            start_early(_be_ready)
        monkeypatch.setenv("MILLESIME_SAID", value)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("long" * 40)))  # a home's own folder may be anywhere
        with one_process(_be_ready) as pool:
            assert pool.submit(_told).result() == (True, value, True)


def test_it_hears_no_ctrl_c_of_a_terminal():
    with one_process() as pool:
        assert pool.submit(_is_deaf).result()


def test_to_ask_never_waits_and_a_process_that_cannot_start_is_the_answer(monkeypatch: pytest.MonkeyPatch):
    slow, begun = threading.Event(), ProcessPoolExecutor.submit

    def starting(pool: ProcessPoolExecutor, *task: Any) -> Future:
        slow.wait(30)
        return begun(pool, *task)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", starting)
    with one_process() as process:
        asked = [process.submit(abs, -number) for number in range(9)]
        assert not any(one.done() for one in asked)
        slow.set()
        assert [one.result() for one in asked] == [*range(9)]
        monkeypatch.setattr(ProcessPoolExecutor, "submit", _no_room)
        assert isinstance(process.submit(abs, -1).exception(), BROKEN)


def test_what_is_asked_of_a_process_is_answered_though_it_dies_or_is_closed():
    process = one_process()
    last = [process.submit(os._exit, 1), process.submit(abs, -1)]
    assert all(isinstance(one.exception(), BROKEN) for one in last)
    other = one_process()
    left = [other.submit(time.sleep, 0.2) for _ in range(5)]
    other.shutdown(wait=False, cancel_futures=True)
    assert any(one.exception() for one in left)
    process.shutdown()


def test_the_end_of_a_command_waits_for_no_process_that_nobody_asked_for():
    command = """
        import sys
        from pipelines.runs.ahead import import_judge
        from pipelines.runs.processes import start_early
        if __name__ == "__main__":
            start_early(import_judge)
            sys.argv[1:] = ["--version"]
            from pipelines.cli import main
            main()
    """
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", textwrap.dedent(command)], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("millesime")
    assert "great_expectations" not in done.stderr  # it is told last, once it is imported


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


_ready = False


def _be_ready() -> None:
    global _ready
    _ready = True


def _told() -> tuple[bool, str | None, bool]:
    return _ready, os.environ.get("MILLESIME_SAID"), "pipelines.runs.preloaded" in sys.modules


def _no_room(_pool: ProcessPoolExecutor, *_task: Any) -> Future:
    raise OSError(errno.EMFILE, "too many files")


def _is_deaf() -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def _runs(process: int) -> bool:
    try:
        said = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return said.rpartition(")")[2].split()[0] != "Z"
