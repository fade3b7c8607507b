"""Dagster's instance of a home: opened here, or named to a child process."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import dagster as dg

from pipelines import settings
from pipelines.runs.instance import write_instance
from pipelines.settings import Home


@contextmanager
def open_instance(home: Home) -> Iterator[dg.DagsterInstance]:
    """The instance of this home, with today's settings."""
    write_instance(home)
    os.environ.update(_database())
    events = home.dagster / "event_log.db"
    with dg.DagsterInstance.from_config(str(home.dagster)) as instance, ExitStack() as held:
        if events.exists():
            # Dagster opens and closes a connection for each event, and SQLite tidies the file whenever the last one closes
            held.enter_context(closing(sqlite3.connect(events))).execute("pragma user_version")
        yield instance


def environment(home: Home) -> dict[str, str]:
    """The environment of a child that works on this home and its instance."""
    return {**os.environ, "MILLESIME_HOME": str(home.root), "DAGSTER_HOME": str(home.dagster), **_database()}


def _database() -> dict[str, str]:
    """Dagster's settings read the address of a database in a variable, not in a file."""
    address = settings.dagster_database()
    return {settings.DAGSTER_URL: address} if address else {}
