"""A warehouse made by hand and built once by dbt: invented syndicate, years to come, nothing of the demonstration."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines import settings
from pipelines.sources.registry import load_registry
from tests.dbt import case


@dataclass(frozen=True)
class BuiltWarehouse:
    """What ``dbt build`` made of the case."""

    db: duckdb.DuckDBPyConnection
    manifest: dict[str, Any]
    results: list[dict[str, Any]]

    def rows(self, sql: str) -> list[tuple]:
        """The rows of a query."""
        return self.db.execute(sql).fetchall()


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory) -> BuiltWarehouse:
    folder = tmp_path_factory.mktemp("dbt")
    path = folder / "warehouse.duckdb"
    with duckdb.connect(str(path)) as db:
        case.fill(db, load_registry(), settings.REFERENCE_DIR)
    run = dbt(["build"], path, folder)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    with duckdb.connect(str(path), read_only=True) as db:
        yield BuiltWarehouse(
            db,
            json.loads((folder / "target" / "manifest.json").read_text(encoding="utf-8")),
            json.loads((folder / "target" / "run_results.json").read_text(encoding="utf-8"))["results"],
        )


def dbt(arguments: list[str], warehouse: Path, folder: Path) -> subprocess.CompletedProcess:
    """Run dbt on ``warehouse`` with its own target and logs, away from the checkout's."""
    return subprocess.run(
        [
            str(Path(sys.executable).with_name("dbt")),
            *("--quiet", *arguments),
            *("--project-dir", str(settings.DBT_PROJECT_DIR), "--profiles-dir", str(settings.DBT_PROJECT_DIR)),
            *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
        ],
        env={**os.environ, "SICIO_WAREHOUSE": str(warehouse)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
