"""Processes beside this one, forked from a server that has imported once what all of them need (``preloaded``)."""

import functools
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import forkserver, resource_tracker, util
from typing import Any

FOLDER = "/tmp"
BROKEN = (RuntimeError, OSError, EOFError)  # what submitting raises: the pool is closed, or its server was killed
# multiprocessing's tracker frees what an interruption leaves, and would say so in English; its process is given these options
TRACKED = "ignore:resource_tracker:UserWarning"
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["pipelines.runs.preloaded"])


def warm_up() -> None:
    """Start the server, without waiting for its imports.

    What it forks never receives the Ctrl-C that a terminal sends to all: the process that asked for it ends it.
    """
    if TRACKED not in sys.warnoptions:
        sys.warnoptions.append(TRACKED)
    resource_tracker.ensure_running()  # which forgets the mask
    _place_sockets()
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@functools.cache
def _place_sockets() -> None:
    """Have multiprocessing choose its folder now: the path of a socket must be short, and a home's may be long."""
    folder, tempfile.tempdir = tempfile.tempdir, FOLDER
    try:
        util.get_temp_dir()
    finally:
        tempfile.tempdir = folder


def one_process(ready: Callable[..., None] | None = None, *arguments: Any) -> ProcessPoolExecutor:
    """A pool of one process, which calls ``ready`` before anything else and exits when this one is gone.

    It is started at once, without waiting for the imports of the server; what is submitted first waits for them.
    """
    warm_up()
    pool = ProcessPoolExecutor(1, CONTEXT, _begin, (dict(os.environ), ready, arguments))
    threading.Thread(target=_start, args=[pool], daemon=True).start()
    return pool


def _start(pool: ProcessPoolExecutor) -> None:
    with suppress(*BROKEN):
        pool.submit(os.getpid)


def _begin(environment: Mapping[str, str], ready: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    """The server may have been started with another environment."""
    _die_with_the_parent()
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # to be found again
    if ready:
        ready(*arguments)


def _die_with_the_parent() -> None:
    """Exit when the parent is gone: a process of a pool waits for ever for a parent that was killed."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None, "only a process of a pool calls this"
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
