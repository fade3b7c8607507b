"""A warehouse made by hand and built by dbt: an invented syndicate, years to come."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.catalogue.dbt.compose import ENTREPOT, compose
from pipelines.catalogue.load import load_catalogue
from pipelines.settings import Home
from pipelines.stages.transform.dbt import run_dbt
from tests.dbt import case


@dataclass(frozen=True)
class BuiltWarehouse:
    """What ``dbt build`` made of the case."""

    home: Home
    db: duckdb.DuckDBPyConnection
    manifest: dict[str, Any]
    results: list[dict[str, Any]]

    @property
    def path(self) -> Path:
        """The file that dbt built."""
        return self.home.warehouse_next

    def rows(self, sql: str) -> list[tuple]:
        """The rows of a query."""
        return self.db.execute(sql).fetchall()


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory) -> Iterator[BuiltWarehouse]:
    home = home_of_the_case(tmp_path_factory.mktemp("dbt"))
    run = dbt(["build"], home)
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    with duckdb.connect(str(home.warehouse_next), read_only=True) as db:
        yield BuiltWarehouse(home, db, json.loads(home.dbt_manifest.read_text(encoding="utf-8")), results(home))


def home_of_the_case(folder: Path) -> Home:
    """A home that holds the shipped dbt project and the case's rows."""
    home = Home(folder)
    catalogue = load_catalogue(home)
    compose(catalogue, home)
    case.fill(home.warehouse_next, catalogue)
    return home


def dbt(arguments: list[str], home: Home) -> subprocess.CompletedProcess:
    """Run dbt on the home's new warehouse."""
    return run_dbt(["--quiet", *arguments], home, ENTREPOT, capture=True)


def results(home: Home) -> list[dict[str, Any]]:
    """What became of each node."""
    return json.loads((home.dbt_target / "run_results.json").read_text(encoding="utf-8"))["results"]
