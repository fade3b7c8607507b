"""A warehouse made by hand and built by dbt: an invented syndicate, years to come."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import settings
from pipelines.catalogue.load import load_catalogue
from tests.dbt import case


@dataclass(frozen=True)
class BuiltWarehouse:
    """What ``dbt build`` made of the case."""

    path: Path
    db: duckdb.DuckDBPyConnection
    manifest: dict[str, Any]
    results: list[dict[str, Any]]

    def rows(self, sql: str) -> list[tuple]:
        """The rows of a query."""
        return self.db.execute(sql).fetchall()


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory) -> Iterator[BuiltWarehouse]:
    path = tmp_path_factory.mktemp("dbt") / "warehouse.duckdb"
    case.fill(path, load_catalogue().registry)
    run = dbt(["build"], path)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    target = path.parent / "target"
    with duckdb.connect(str(path), read_only=True) as db:
        yield BuiltWarehouse(
            path,
            db,
            json.loads((target / "manifest.json").read_text(encoding="utf-8")),
            json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"],
        )


def dbt(arguments: list[str], warehouse: Path) -> subprocess.CompletedProcess:
    """Run dbt on ``warehouse``, its target and logs beside it and away from the checkout's."""
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            *("--quiet", *arguments),
            *(
                "--project-dir",
                str(settings.DBT_PROJECT_DIR),
                "--profiles-dir",
                str(settings.DBT_PROJECT_DIR),
            ),
            *(
                "--target-path",
                str(warehouse.parent / "target"),
                "--log-path",
                str(warehouse.parent / "logs"),
            ),
        ],
        env={**os.environ, "MILLESIME_WAREHOUSE": str(warehouse)},
        capture_output=True,
        text=True,
        check=False,
    )
