"""Dagster's event log in one SQLite file, read and written through connections that stay open.

Dagster's own opens the file for each of a run's thousand events, which takes a fifth of a collection's time. Relies on
a private name of Dagster, which is pinned. Named in ``dagster.yaml``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage


class EventLog(ConsolidatedSqliteEventLogStorage):
    """The event log of a home's Dagster instance.

    Not synced to disk at each commit: it is a log; the ledger is the evidence and has a setting of its own. A killed
    process loses nothing by this; a power cut may lose the last events.
    """

    @cached_property
    def _engine(self) -> Any:
        from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
        from sqlalchemy import create_engine, event

        engine = create_engine(self._conn_string, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})
        event.listen(engine, "connect", lambda connection, _: connection.execute("pragma synchronous = off"))
        return engine

    @cached_property
    def _there(self) -> set[str]:
        from sqlalchemy import inspect

        return set(inspect(self._engine).get_table_names())

    def has_table(self, table_name: str) -> bool:
        """Dagster asks this at each event; once a table exists, it stays."""
        return table_name in self._there or super().has_table(table_name)

    @contextmanager
    def _connect(self) -> Iterator[Any]:
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the file."""
        self._engine.dispose()
