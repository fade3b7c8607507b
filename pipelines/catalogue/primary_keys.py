"""The primary keys of the published tables: those that dbt proves at each build.

A model states its key once, as the test ``unique_combination_of_columns``. A key with a column that may be empty remains a test
only: no database accepts it as a primary key.
"""

from collections.abc import Mapping, Set

Keys = Mapping[str, list[str]]  # table → the columns of its key


def key_of(keys: Keys, table: str, filled: Set[str]) -> list[str]:
    """The columns of the primary key of ``table``, whose columns ``filled`` are never empty; none when it cannot have one."""
    columns = keys.get(table, [])
    return columns if {*columns} <= filled else []
