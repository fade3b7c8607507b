"""The home as a step of Dagster sees it: where it is, and the right to write in it, which a run keeps until it ends."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from pipelines.defs.workspace import failure
from pipelines.ledger.workspace import Workspace, open_workspace
from pipelines.locking import only_writer
from pipelines.private import work_in
from pipelines.runs.outcome import Ending, ending_of
from pipelines.settings import Home
from pipelines.sql import interruption_of


class HomeResource(dg.ConfigurableResource):
    """One home, for one run: Dagster makes an object for each."""

    root: str
    _lock: ExitStack | None = PrivateAttr(default=None)

    @property
    def home(self) -> Home:
        """The home itself."""
        return Home(Path(self.root))

    @contextmanager
    def writing(self) -> Iterator[Workspace]:
        """The home, open, for its only writer. The lock is the run's from its first step on: who finds it free knows
        that no run is at work (``dead_runs``).
        """
        try:
            if self._lock is None:
                work_in(self.home)
                with ExitStack() as taken:
                    taken.enter_context(only_writer(self.home))
                    self._lock = taken.pop_all()
            with open_workspace(self.home) as work:
                yield work
        except dg.Failure:
            raise
        except Exception as error:
            if interruption := interruption_of(error):
                raise interruption from None
            if ending_of(error) == Ending.BROKEN:
                raise
            raise failure(error) from None

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """Free the home."""
        if self._lock is not None:
            self._lock.close()
