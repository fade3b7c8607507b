"""Rows of a test, as SQL."""

from collections.abc import Iterable

from pipelines.sql import literal


def values(rows: Iterable[tuple]) -> str:
    """``(1, 'a'), (2, null)``."""
    return ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in rows)
