"""How one Parquet file of the lake appears in DuckDB as ``lot``: the rows of this file and nothing else."""

from pathlib import Path

from pipelines.sql import lake_scan

NAME = "lot"
SMALL = 2 * 1024 * 1024  # below, rows are copied in memory once rather than read again by every query


def relation_kind(parquet: Path) -> str:
    """``table`` (a copy in memory) for a small file, ``view`` for a large one."""
    return "table" if parquet.stat().st_size <= SMALL else "view"


def create_statement(parquet: Path, kind: str = "view") -> str:
    """SQL that makes ``lot`` show the rows of ``parquet``."""
    return f"create {kind} {NAME} as select * from {lake_scan(parquet)}"
