"""The in-memory DuckDB in which a delivery is typed.

Opening one takes longer than typing a small file: small deliveries share one, which the process keeps. A table is temporary,
so it disappears with the cursor that made it. Nothing of them reaches the disk, whereas a large delivery has a database of
its own, whose spill files lie in its working folder.
"""

import functools
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from pipelines.settings import engine, memory
from pipelines.stages.ingest.pseudonym import pseudonym
from pipelines.stages.ingest.readers.records import Records

# of the records of a delivery, and of those of one table of it: even all empty and all refused, they take 100 MB at most
SMALL_BYTES = 512 * 1024
SMALL_COLUMNS = 1000  # in all files together: each takes 34 kB or more, however few its cells


def is_small(tables: Collection[Sequence[Records]]) -> bool:
    """True when the records of the tables of a delivery can share a database that never spills."""
    size = sum(one.size for parts in tables for one in parts)
    return size <= SMALL_BYTES and all(sum(len(one.columns) for one in parts) <= SMALL_COLUMNS for parts in tables)


@contextmanager
def opened(key: bytes, workdir: Path, threads: int, *, small: bool) -> Iterator[Any]:
    """A connection with the function ``pseudonyme``, to the shared database of the process when the delivery is ``small``."""
    database = _shared(key, memory()) if small else _database(key, engine(workdir / "spill", threads))
    try:
        with database.cursor() as db:
            db.execute("set enable_progress_bar = false")
            if small:
                db.execute("pragma disable_optimizer")  # it takes longer than such a query
            yield db
    finally:
        if not small:
            database.close()


def leave() -> None:
    """Open another shared database next time: an error may have made this one unusable."""
    _shared.cache_clear()


@functools.lru_cache(maxsize=1)
def _shared(key: bytes, _memory: int) -> Any:
    return _database(key, engine(Path(), 1) | {"temp_directory": ""})


def _database(key: bytes, config: dict[str, Any]) -> Any:
    db = duckdb.connect(config=config)
    db.create_function(
        "pseudonyme",
        lambda domain, value: pseudonym(key, domain, value),
        ["VARCHAR", "VARCHAR"],
        "VARCHAR",
        null_handling="special",
    )
    return db
