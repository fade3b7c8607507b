"""How one Parquet file of the lake shows in DuckDB as the view ``lot``: this file and nothing beside it."""

import re
from pathlib import Path

VIEW = "lot"


def view_statement(parquet: Path) -> str:
    """SQL that makes ``lot`` show the rows of ``parquet``.

    A path is a glob for DuckDB: its wildcards are quoted. A folder named ``exercice=2019`` must not become
    a column.
    """
    path = re.sub(r"([*?\[])", r"[\1]", str(parquet)).replace("'", "''")
    return f"create or replace view {VIEW} as select * from read_parquet('{path}', hive_partitioning=false)"
