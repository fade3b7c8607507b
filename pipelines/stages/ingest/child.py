"""Calls a function in another process, under limits of memory and time: whatever a file makes its reader do, this process goes on.

One process, started once, has imported the readers and forks a child for each call: to start, and to import what they need,
would take each longer than reading most files.
"""

import functools
import os
import pkgutil
import resource
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, TypeVar

from pipelines.locking import end_with_parent

MEMORY = 1024**3
CPU_SECONDS = 600  # a gigabyte takes some 100
SECONDS = 3600  # generous, for a busy machine
MAIN = "from pipelines.stages.ingest.child import main; main({})"
Answer = TypeVar("Answer")


class Exceeded(Exception):
    """The child took too much memory or time, or died of what it called."""


def in_child(function: Callable[..., Answer], *arguments: Any) -> Answer:
    """What ``function`` gives, or raises; a child calls it itself. Raises Exceeded.

    ``function`` is one of a module; what it takes and gives can be pickled.
    """
    if _Child.is_this:
        return function(*arguments)
    with _lock:
        if _parent.cache_info().currsize and _parent()[0].poll() is not None:
            _parent.cache_clear()
        parent, connection = _parent()
        try:
            connection.send((dict(os.environ), function, arguments))
            answer, error = connection.recv()
        except (OSError, EOFError):  # it died
            raise Exceeded from None
        except BaseException:  # the answer would be taken for that of the next call
            parent.kill()
            parent.wait()
            raise
    if error:
        raise error
    return answer


_lock = threading.Lock()


class _Child:
    is_this = False


@functools.cache
def _parent() -> tuple[subprocess.Popen[bytes], Connection]:
    """The process that forks the children, and what it is asked by; it ends when this one does."""
    ours, theirs = Pipe()
    null, number = subprocess.DEVNULL, theirs.fileno()
    command = [sys.executable, "-c", MAIN.format(number)]
    with theirs:
        return subprocess.Popen(command, stdin=null, stdout=null, stderr=null, pass_fds=[number]), ours


def main(number: int) -> None:
    """Have a child answer each request of a connection, until whoever asks is gone."""
    readers = import_module("pipelines.stages.ingest.readers")
    for module in pkgutil.walk_packages(readers.__path__, f"{readers.__name__}."):
        import_module(module.name)
    asking = Connection(number)
    while True:
        try:
            request = asking.recv()
        except EOFError:
            return
        receiving, sending = Pipe(duplex=False)
        if not (child := os.fork()):
            try:
                sending.send(_answer(*request))
                os._exit(0)
            finally:
                os._exit(1)
        sending.close()
        if receiving not in wait([receiving, asking]):
            return  # nobody waits for the answer
        try:
            answer = receiving.recv()
        except (OSError, EOFError):  # killed, even as it answered
            answer = None, Exceeded()
        receiving.close()
        os.waitpid(child, 0)
        asking.send(answer)


def _answer(
    environment: dict[str, str], function: Callable[..., Any], arguments: tuple[Any, ...]
) -> tuple[Any, Exception | None]:
    """What a function gives, or its error, in this process, which does nothing else."""
    _Child.is_this = True
    end_with_parent(signal.SIGKILL)  # the process that forks, which an interruption kills
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    signal.alarm(SECONDS)
    os.environ.clear()
    os.environ.update(environment)
    try:
        return function(*arguments), None
    except MemoryError:
        return None, Exceeded()
    except Exception as error:
        error.add_note("".join(["Dans le processus qui lit :\n", *traceback.format_tb(error.__traceback__)]))
        return None, error
