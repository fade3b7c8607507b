"""A warehouse made by hand and built by dbt: an invented syndicate, years to come."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.catalogue.dbt.compose import ENTREPOT
from pipelines.catalogue.load import load_catalogue
from pipelines.settings import Home
from pipelines.stages.transform.dbt import run_dbt
from tests.dbt import case
from tests.end_to_end.conftest import made_once


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
def warehouse(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltWarehouse]:
    """Built once for all workers."""

    def make(folder: Path) -> None:
        folder.mkdir()
        dbt_home: Home = request.getfixturevalue("dbt_home")
        results = build(dbt_home, folder / "warehouse.duckdb", lambda new: case.fill(new, load_catalogue()))
        shutil.copy(dbt_home.dbt_manifest, folder / "manifest.json")
        (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")

    folder = made_once(tmp_path_factory, "dbt", make)
    manifest, results = (
        json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in ("manifest", "results")
    )
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as db:
        yield BuiltWarehouse(folder / "warehouse.duckdb", db, manifest, results)


def build(home: Home, path: Path, fill: Callable[[Path], None], *options: str) -> list[dict[str, Any]]:
    """Fill a warehouse, run ``dbt build`` on it and leave it at ``path``; the results of its nodes."""
    new = home.warehouse_next
    new.parent.mkdir(parents=True, exist_ok=True)
    new.unlink(missing_ok=True)
    fill(new)
    run = run_dbt(["--quiet", "build", *options], home, ENTREPOT, capture=True)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    new.rename(path)
    return json.loads((home.dbt_target / "run_results.json").read_text(encoding="utf-8"))["results"]
