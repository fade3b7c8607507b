"""What a process of a pool does before any work: it makes sure that it ends with the process that began it."""

import multiprocessing
import os
import signal
import threading


def begin() -> None:
    """Before any work of a process of a pool, which would wait for ever for a parent that was killed, or that ends it by a
    signal that it itself ignores.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "only a process of a pool calls this"
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)
