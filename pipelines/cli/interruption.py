"""Ctrl-C, and the SIGTERM that stops a service: caught even when a library swallows them, and answered with one
sentence."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipelines.cli.output import note

INTERRUPTED = 130
PATIENCE = 5  # seconds the work gets to stop by itself; a kill loses nothing (docs/operations.md)
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """An interruption, saying in French what is kept of the work."""

    def __str__(self) -> str:
        return said(super().__str__())


def said(kept: str = "") -> str:
    """The message of an interruption; ``kept`` says what part of the work was kept."""
    return f"interrompu : {kept}{' ; ' if kept else ''}la prochaine exécution finira ce qui reste"


def hear_termination() -> None:
    """Treat SIGTERM as an interruption too."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@contextmanager
def interruptible(kept: Callable[[], str], patience: float = PATIENCE) -> Iterator[None]:
    """Run long work in libraries that have their own signal handlers, some of which continue or fail with their own messages.

    Raises Interrupted once a signal came, however the work ended; work that does not end within
    ``patience`` seconds is abandoned.
    """
    heard, over = threading.Event(), threading.Event()
    ear, mouth = os.pipe()
    os.set_blocking(mouth, False)

    def listen() -> None:
        while (byte := os.read(ear, 1)) and byte[0] not in SIGNALS:
            pass
        if byte:
            heard.set()
            if not over.wait(patience):
                note(f"Erreur : {said(kept())}")
                end_children()
                os._exit(INTERRUPTED)
        os.close(ear)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    former = signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
    try:
        yield
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            heard.set()
        if not heard.is_set():
            raise
    finally:
        over.set()
        signal.set_wakeup_fd(former)
        os.close(mouth)
    if heard.is_set():
        raise Interrupted(kept())


def end_children() -> None:
    """Kill the child processes, whose results nobody needs any more."""
    from multiprocessing import active_children, resource_tracker

    for process in active_children():
        process.kill()
    tracker = getattr(resource_tracker._resource_tracker, "_pid", None)  # frees what the others held
    with suppress(OSError):
        for task in Path("/proc/self/task").iterdir():
            for pid in map(int, (task / "children").read_text().split()):
                if pid != tracker:
                    os.kill(pid, signal.SIGKILL)
