"""Ctrl-C, and the SIGTERM that stops a service: noticed even when a library swallows them, and answered with one
sentence."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from pipelines.cli.output import note

INTERRUPTED = 130
PATIENCE = 3  # seconds that the work gets to stop by itself; a kill loses nothing (docs/operations.md)
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):
    """An interruption, saying in French what is kept of the work."""

    def __str__(self) -> str:
        return said(super().__str__())


def said(kept: str = "") -> str:
    """The message of an interruption; ``kept`` says what part of the work was kept."""
    return f"interrompu : {kept}{' ; ' if kept else ''}la prochaine exécution finira ce qui reste"


@contextmanager
def interruptible(kept: Callable[[], str], patience: float = PATIENCE) -> Iterator[None]:
    """Run work in libraries that have their own signal handlers, some of which continue or fail with their own messages.

    Raises Interrupted once a signal came, however the work ended; work that does not end within ``patience`` seconds is
    abandoned. Child processes are ended at once, since the work may be waiting for them.
    """
    if threading.current_thread() is not threading.main_thread():  # only the main thread hears signals
        yield
        return
    heard, over = threading.Event(), threading.Event()
    ear, mouth = os.pipe()
    os.set_blocking(mouth, False)

    def listen() -> None:
        while (byte := os.read(ear, 1)) and byte[0] not in SIGNALS:
            pass
        if byte:
            heard.set()
            end_children()
            if not over.wait(patience):
                note(f"Erreur : {said(kept())}")
                end()
        os.close(ear)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    former = signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
    former_hook, sys.unraisablehook = sys.unraisablehook, _tell_unless_interrupted
    failure: BaseException | None = None
    try:
        yield
    except BaseException as error:
        failure = error
    over.set()
    signal.set_wakeup_fd(former)
    sys.unraisablehook = former_hook
    os.close(mouth)
    listener.join()
    if not isinstance(failure, Interrupted) and (heard.is_set() or isinstance(failure, KeyboardInterrupt)):
        raise Interrupted(kept()) from None
    if failure:
        raise failure


def _tell_unless_interrupted(lost: "sys.UnraisableHookArgs") -> None:
    """A signal may be answered in a destructor, where Python drops the exception with a traceback: it was heard already."""
    if not isinstance(lost.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(lost)


def end_children() -> None:
    """End the child processes, whose results nobody needs any more."""
    with suppress(OSError):
        for task in Path("/proc/self/task").iterdir():
            for pid in (task / "children").read_text().split():
                os.kill(int(pid), signal.SIGTERM)


def end_soon() -> None:
    """Once an interruption is answered: ignore further ones, and do not wait long for threads that still work."""
    for sign in SIGNALS:
        signal.signal(sign, signal.SIG_IGN)
    last = threading.Timer(1, end)
    last.daemon = True
    last.start()


def end() -> NoReturn:
    """End this process, whatever its threads do.

    Only the main thread may raise SystemExit for it or give a signal its default action back, and it may be in native code
    for minutes: the process becomes another one, which has the exit code of an interruption and nothing else.
    """
    end_children()
    os.execl("/bin/sh", "sh", "-c", f"exit {INTERRUPTED}")
