"""Reads deliveries in a second process and checks them in a third, while the first one imports, records and accepts.

This only saves time. The second process stores a delivery in the lake under its own name, where ``ingest`` finds it; a
verdict is identified by the file and the suite. Whatever the other processes could not do (a refused file, a process that
died), the first one does again and reports. If it dies, they only leave deliveries that nobody has accepted.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path

from pipelines.catalogue.sources import ExportRef
from pipelines.ledger.records import CheckResult, Manifest
from pipelines.ledger.workspace import Workspace
from pipelines.runs.key import key_of
from pipelines.runs.processes import one_process
from pipelines.runs.suites import suite_of, verdict_name
from pipelines.settings import Home
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.ingest.landing import files_of
from pipelines.stages.validate.suite import Suite

JUDGE = "pipelines.stages.validate.judge"  # imports Great Expectations: seconds
Wanted = tuple[ExportRef, int]  # an export and an exercice


class _Ahead:
    """The two processes and their results so far."""

    def __init__(self, work: Workspace, arrived: Sequence[Wanted]):
        self._work = work
        self._manifests: dict[tuple[str, int], Manifest] = {}
        self._judged: dict[tuple[Path, str], Future[list[CheckResult] | None]] = {}
        # read, and handed over to the judge
        self._ready: dict[tuple[str, int], Future[None]] = {(ref.key, exercice): Future() for ref, exercice in arrived}
        self._judge, self._reader = one_process(import_judge), one_process()
        self._judge.submit(_open_court)
        key = key_of(work)
        for ref, exercice in arrived:
            read = self._reader.submit(_read, work.home, ref, exercice, key)
            read.add_done_callback(partial(self._hand_over, ref, self._ready[ref.key, exercice]))

    def _hand_over(self, ref: ExportRef, ready: "Future[None]", read: "Future[Manifest | None]") -> None:
        """Have the tables of a delivery judged as soon as it is read; in a thread of the reader."""
        with suppress(Exception):  # the first process will meet it again, and report it
            if manifest := read.result():
                self._manifests[ref.key, manifest.exercice] = manifest
                former = self._manifests.get((ref.key, manifest.exercice - 1))
                for table in ref.export.tables:
                    suite = suite_of(self._work, ref, manifest, table, former)
                    if self._work.ledger.verdict(verdict_name(manifest, table, suite)) is None:
                        parquet = self._work.home.lake / manifest.tables[table.name].parquet
                        self._judged[parquet, suite.suite_id] = self._judge.submit(_judge, parquet, suite)
        ready.set_result(None)

    def wait(self, ref: ExportRef, exercice: int) -> None:
        """Wait until this delivery is read, or cannot be."""
        if one := self._ready.get((ref.key, exercice)):
            one.result()

    def judged(self, parquet: Path, suite: Suite) -> list[CheckResult] | None:
        """The verdict of the third process, once it is ready; None if it was not asked or failed."""
        with suppress(Exception):
            if one := self._judged.get((parquet, suite.suite_id)):
                return one.result()
        return None

    def stop(self) -> None:
        for pool in (self._reader, self._judge):
            pool.shutdown(wait=False, cancel_futures=True)


_ahead: _Ahead | None = None


@contextmanager
def going_ahead(work: Workspace, wanted: Sequence[Wanted]) -> Iterator[None]:
    """Read and check those of ``wanted`` that have arrived, in order, while the block runs."""
    global _ahead
    arrived = [(ref, exercice) for ref, exercice in wanted if files_of(work.home.landing, ref, exercice)]
    _ahead = _Ahead(work, arrived) if arrived else None
    try:
        yield
    finally:
        if _ahead:
            _ahead.stop()
        _ahead = None


def read_already(ref: ExportRef, exercice: int) -> None:
    """Wait until the second process has read this delivery; return at once when there is no such process."""
    if _ahead:
        _ahead.wait(ref, exercice)


def judged(parquet: Path, suite: Suite) -> list[CheckResult]:
    """The verdict on the rows of a table: see ``judge``. Taken from the third process when there is one."""
    found = _ahead.judged(parquet, suite) if _ahead else None
    if found is None:
        from pipelines.stages.validate.judge import judge

        found = judge(parquet, suite)
    return found


# what the other processes do -------------------------------------------------


def _read(home: Home, ref: ExportRef, exercice: int, key: bytes) -> Manifest | None:
    with suppress(Exception):  # the first process will meet the error again, and report it without a cell
        return ingest(home, ref, exercice, files_of(home.landing, ref, exercice), key)
    return None


def _judge(parquet: Path, suite: Suite) -> list[CheckResult] | None:
    with suppress(Exception):
        results: list[CheckResult] = import_module(JUDGE).judge(parquet, suite)
        return results
    return None


def import_judge() -> None:
    """Import what checks deliveries: this takes longest of all that a run has to import."""
    import_module(JUDGE).import_library()


def _open_court() -> None:
    import_module(JUDGE).open_court()
