"""Reads one Parquet file of the lake or of ``published/``."""

import functools
from pathlib import Path
from typing import Any

from pipelines.sql import lake_scan, parquet_scan


def select(path: Path, query: str) -> list[dict[str, Any]]:
    """The rows of ``query``, in which ``{parquet}`` stands for the file, and ``{lake}`` for one of the lake.

    The path is written into the statement: DuckDB imports pandas, which takes a second, to bind a parameter.
    """
    with _database().cursor() as db:
        cursor = db.execute(query.replace("{parquet}", parquet_scan(path)).replace("{lake}", lake_scan(path)))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@functools.cache
def _database() -> Any:
    """In memory, and kept: opening one takes longer than reading a small file."""
    import duckdb

    return duckdb.connect()
