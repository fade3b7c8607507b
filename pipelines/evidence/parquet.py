"""Reads one Parquet file of the lake or of ``published/``."""

import functools
from pathlib import Path
from typing import Any

import duckdb

from pipelines.sql import parquet_scan


def select(path: Path, query: str) -> list[dict[str, Any]]:
    """The rows of ``query``, in which ``{parquet}`` is replaced by the file.

    The path is written into the statement: to bind a parameter, DuckDB imports pandas, which takes a second.
    """
    with _database().cursor() as db:
        cursor = db.execute(query.replace("{parquet}", parquet_scan(path)))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@functools.cache
def _database() -> Any:
    """In memory, and reused: opening one takes longer than reading a small file."""
    return duckdb.connect()
