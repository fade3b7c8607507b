"""Reads deliveries in a second process while the first one judges those before them.

Only time is won: a delivery that was read lies in the lake under its own name, and ``ingest`` takes it from there. What the
reader could not do (a refused file, a reader that died) ``ingest`` does, and says. A reader whose parent died goes on to
the end of its list: what it writes are deliveries that nobody has accepted.
"""

import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection

from pipelines.catalogue.registry import ExportRef
from pipelines.settings import Home
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.ingest.landing import files_of

Wanted = tuple[ExportRef, int]  # an export and an exercice


class _Reader:
    """The second process, and what it has done so far."""

    def __init__(self, home: Home, wanted: Sequence[Wanted], key: bytes):
        context = multiprocessing.get_context("spawn")
        self._done, told = context.Pipe(duplex=False)
        self._process = context.Process(target=_read_all, args=(home, wanted, key, told), daemon=True)
        self._process.start()
        told.close()  # so that the end of the process is the end of the pipe
        self._left = {(ref.key, exercice) for ref, exercice in wanted}

    def wait(self, one: tuple[str, int]) -> None:
        """Until the reader has done with ``one``, or ended."""
        while one in self._left:
            try:
                self._left.discard(self._done.recv())
            except EOFError:
                self._left.clear()

    def stop(self) -> None:
        self._process.terminate()
        self._process.join()
        self._done.close()


_reader: _Reader | None = None


@contextmanager
def reading_ahead(home: Home, wanted: Sequence[Wanted], key: bytes) -> Iterator[None]:
    """Read what has arrived of ``wanted``, in this order, while the block runs; ``read_already`` waits for one of them."""
    global _reader
    arrived = [(ref, exercice) for ref, exercice in wanted if files_of(home.landing, ref, exercice)]
    _reader = _Reader(home, arrived, key)
    try:
        yield
    finally:
        _reader.stop()
        _reader = None


def read_already(ref: ExportRef, exercice: int) -> None:
    """Wait until the second process has read this delivery; nothing when there is none."""
    if _reader:
        _reader.wait((ref.key, exercice))


def _read_all(home: Home, wanted: Sequence[Wanted], key: bytes, told: Connection) -> None:
    for ref, exercice in wanted:
        try:
            ingest(home, ref, exercice, files_of(home.landing, ref, exercice), key)
        except Exception:  # the first process meets it again, and says it without a cell
            pass
        told.send((ref.key, exercice))
