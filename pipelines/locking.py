"""One writer per home, by a file lock that a run holds from its first step to its last; children that end with their parent."""

import ctypes
import fcntl
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from pipelines import settings
from pipelines.disk import remove_empty
from pipelines.settings import Home

PR_SET_PDEATHSIG = 1  # of Linux's prctl
# what a process writes aside, with its number in the name, before the name that counts
ASIDE = re.compile(r"\.(lecture-\d+-.*|(.*\.)?\d+)")


class Busy(RuntimeError):
    """Another process is working on this home; the message says which."""


@contextmanager
def only_writer(home: Home) -> Iterator[None]:
    """Hold the home's lock, and remove what killed holders left in the folders that are theirs.

    Raises Busy at once when it is held elsewhere; a killed holder frees it.
    """
    home.root.mkdir(parents=True, exist_ok=True)
    with Path(home.lock_file).open("a+") as file:
        try:
            _take(file)
        except BlockingIOError:
            file.seek(0)
            raise Busy(f"{home.root} est occupé : le processus {file.read().strip() or '?'} y écrit") from None
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        _sweep(home)
        try:
            yield
        finally:
            _keep_head_elsewhere(home)


def _sweep(home: Home) -> None:
    found = [path for folder in home.evidence for path in folder.rglob(".*")]
    for path in [*found, *home.root.glob(f".{home.published.name}.*")]:
        if ASIDE.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() and not path.is_symlink() else path.unlink()
    for folder in home.evidence:
        remove_empty(folder)


def _keep_head_elsewhere(home: Home) -> None:
    """Add the head that the ledger has reached to the file that is kept elsewhere, if there is one; ``verify`` reports that it
    cannot be reached.
    """
    file = settings.heads_file()
    if file is None or not home.ledger_head.exists():
        return
    head = home.ledger_head.read_text(encoding="utf-8")
    with suppress(OSError), file.open("a+", encoding="utf-8") as heads:
        heads.seek(0)
        if not heads.read().endswith(head):
            heads.write(head)


def _take(file: IO[str]) -> None:
    """Once more after a moment: whoever asks whether the lock is held (``is_writing``) holds it as long as that takes."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(0.1)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_writing(home: Home) -> bool:
    """True while a process holds the home's lock."""
    try:
        with home.lock_file.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def if_nobody_has(file: Path) -> Iterator[bool]:
    """Hold ``file``; False when another process does."""
    with file.open("w") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold a folder while it is being written to: another process waits for its turn."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def nothing_goes(home: Home) -> Iterator[None]:
    """Hold the guarantee that no original or row of a home is removed meanwhile: taken by a purge that removes some, or by a backup."""
    with one_at_a_time(home.work / "kept"):
        yield


def end_with_parent(number: int) -> None:
    """Have this process given a signal when the one that started it ends, be it killed; on Linux alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
