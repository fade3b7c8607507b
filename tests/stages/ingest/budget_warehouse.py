"""A warehouse of budget documents, with finance models and figures built, for the tests."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import duckdb

from pipelines.catalogue.dbt.compose import ENTREPOT
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation
from pipelines.ledger.records import Finding
from pipelines.ledger.store import open_ledger
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.transform.dbt import run_dbt
from pipelines.stages.transform.freeze import Frozen
from pipelines.stages.transform.load import load_warehouse
from pipelines.stages.transform.warehouse_findings import build_findings


@contextmanager
def built_of(
    documents: Mapping[int, Mapping[str, bytes]],
    dbt_home: Home,
    folder: Path,
    organisation: Organisation,
    counted: Sequence[tuple[str, str]] = (),
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The documents of each exercice, by file name, in one warehouse."""
    home, catalogue, manifests = Home(folder / "home"), load_catalogue(), []
    home.root.mkdir()
    with open_ledger(home) as ledger:
        for year, files in documents.items():
            paths = [folder / "landing" / str(year) / name for name in files]
            for path in paths:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(files[path.name])
            manifests.append(ingest(home, catalogue.registry.export_of("budget/documents"), year, paths, b"k" * 32))
        work = Workspace(home, ledger, catalogue, organisation)
        load_warehouse(dbt_home.warehouse_next, work, Frozen("", manifests, list(counted)))
    build(dbt_home, folder)
    shutil.copy(folder / "warehouse.duckdb", folder / "constats.duckdb")
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as db:
        yield db


def found_in(warehouse: duckdb.DuckDBPyConnection) -> list[Finding]:
    """What the build finds."""
    (path,) = warehouse.execute("select path from duckdb_databases() where not internal").fetchone()
    return build_findings(Path(path).with_name("constats.duckdb"), load_catalogue().rules)


def build(home: Home, folder: Path) -> None:
    """Build the models that the budget chapter rests on, and run their tests."""
    nodes = ["+path:models/rapport/finances", "+path:models/marts/finances", "+chiffres"]
    nodes += ["path:tests/finances"]
    options = ["--indirect-selection", "cautious", "--select", *nodes]
    done = run_dbt(["--quiet", "build", *options], home, ENTREPOT, capture=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    home.warehouse_next.rename(folder / "warehouse.duckdb")
    shutil.copy(home.dbt_target / "run_results.json", folder)


def rows(db: duckdb.DuckDBPyConnection, query: str, *parameters: object) -> list[tuple]:
    return db.execute(query, parameters).fetchall()


def euros(*amounts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, amounts))
