"""A warehouse made by hand and built by dbt: an invented syndicate, years to come."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest


@dataclass(frozen=True)
class BuiltWarehouse:
    """What ``dbt build`` made of the case."""

    path: Path  # the file that dbt built
    db: duckdb.DuckDBPyConnection
    manifest: dict[str, Any]
    results: list[dict[str, Any]]

    def rows(self, sql: str) -> list[tuple]:
        """The rows of a query."""
        return self.db.execute(sql).fetchall()


@pytest.fixture(scope="session")
def warehouse(dbt_built: Path) -> Iterator[BuiltWarehouse]:
    """The case, and what dbt says of it."""
    manifest, results = (
        json.loads((dbt_built / f"{name}.json").read_text(encoding="utf-8")) for name in ("manifest", "run_results")
    )
    with duckdb.connect(str(dbt_built / "warehouse.duckdb"), read_only=True) as db:
        yield BuiltWarehouse(dbt_built / "warehouse.duckdb", db, manifest, results["results"])
