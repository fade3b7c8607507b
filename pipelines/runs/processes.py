"""Processes beside this one, forked from a server that has imported once what all of them need (``preloaded``)."""

import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver, resource_tracker
from typing import Any

FOLDER = "/tmp"  # of the server's socket, whose path must be short
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["pipelines.runs.preloaded"])


def warm_up() -> None:
    """Start the server, without waiting for its imports.

    What it forks never receives the Ctrl-C that a terminal sends to all: the process that asked for it ends it.
    """
    resource_tracker.ensure_running()  # which forgets the mask
    folder, tempfile.tempdir = tempfile.tempdir, FOLDER
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        tempfile.tempdir = folder


def one_process(ready: Callable[..., None] | None = None, *arguments: Any) -> ProcessPoolExecutor:
    """A pool of one process, started at once, which calls ``ready`` before anything else and exits when this one is gone."""
    warm_up()
    pool = ProcessPoolExecutor(1, CONTEXT, _begin, (dict(os.environ), ready, arguments))
    pool.submit(os.getpid)  # starts the process
    return pool


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
