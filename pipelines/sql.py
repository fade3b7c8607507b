"""SQL text for DuckDB: literals and short VALUES lists.

Short lists are written out because ``executemany`` inserts row by row and imports pandas.
"""

from collections.abc import Iterable
from decimal import Decimal


def literal(value: object) -> str:
    """The SQL literal of a string, path, number, boolean or None."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | Decimal):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def values(rows: Iterable[tuple]) -> str:
    """``(1, 'a'), (2, null)``."""
    return ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in rows)
