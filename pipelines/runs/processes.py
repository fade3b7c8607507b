"""Processes beside this one, forked from a server that has imported once what all of them need (``preloaded``)."""

import functools
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import forkserver, resource_tracker, util
from typing import Any

FOLDER = "/tmp"
BROKEN = (RuntimeError, OSError, EOFError)  # what there is instead of an answer: the process is closed, or was killed
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


class Beside(Executor):
    """One process, which takes requests in order. To ask never waits, even for the process to be there: what prevents it
    from starting is the answer to each request.
    """

    def __init__(self, pool: ProcessPoolExecutor):
        self._pool = pool
        self._asking = ThreadPoolExecutor(1)  # the first request waits for the imports of the server

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        """Have the process call ``task``."""
        asked: Future[Any] = Future()
        self._asking.submit(self._pass_on, asked, partial(task, *arguments, **named))
        return asked

    def _pass_on(self, asked: Future[Any], task: Callable[[], Any]) -> None:
        try:
            self._pool.submit(task).add_done_callback(partial(_answer, asked))
        except Exception as error:
            asked.set_exception(error)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more requests; those that were made are passed on, or answered by an error."""
        self._asking.shutdown(wait)
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


def _answer(asked: Future[Any], done: Future[Any]) -> None:
    try:
        asked.set_result(done.result())
    except BaseException as error:  # whatever ended the task, somebody waits for the answer
        asked.set_exception(error)


_early: dict[Callable[[], None] | None, Beside] = {}  # started, and not asked for yet


def start_early(ready: Callable[[], None]) -> None:
    """Start now what ``one_process(ready)`` will give, which takes seconds to import; if nobody asks for it, the end of
    the command ends it.
    """
    if ready not in _early:
        _early[ready] = _started(ready)


def one_process(ready: Callable[[], None] | None = None) -> Beside:
    """A process that calls ``ready`` before anything else, whatever the environment, lives in that of now, and exits when
    this one is gone.
    """
    process = _early.pop(ready, None) or _started(ready)
    process.submit(_live_in, dict(os.environ))
    return process


def _started(ready: Callable[[], None] | None) -> Beside:
    warm_up()
    process = Beside(ProcessPoolExecutor(1, CONTEXT, _begin, (ready,)))
    process.submit(os.getpid)  # its first request starts it
    return process


def _begin(ready: Callable[[], None] | None) -> None:
    _die_with_the_parent()
    if ready:
        ready()


def _live_in(environment: Mapping[str, str]) -> None:
    """Both the server and the process may have been started in another environment."""
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # to be found again


def _die_with_the_parent() -> None:
    """Exit when the parent is gone: a process of a pool waits for ever for a parent that was killed."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        assert parent is not None, "only a process of a pool calls this"
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
