"""A warehouse of budget documents, with finance models and figures built, for the tests."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import duckdb

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation
from pipelines.ledger.records import Finding
from pipelines.ledger.store import open_ledger
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.transform.freeze import Frozen
from pipelines.stages.transform.load import load_warehouse
from tests.controls import found
from tests.dbt.compiled import Compiled, Result

CONTROLS = ("ctl_finances__documents", "ctl_finances__comptes", "ctl_finances__rapprochements")


@contextmanager
def built_of(
    documents: Mapping[int, Mapping[str, bytes]],
    project: Compiled,
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
        load_warehouse(
            folder / "warehouse.duckdb",
            work,
            Frozen("", manifests, [(*one, "c’est le document voté") for one in counted]),
        )
    build(project, folder)
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as db:
        yield db


def found_in(warehouse: duckdb.DuckDBPyConnection) -> list[Finding]:
    """What the build finds."""
    (path,) = warehouse.execute("select path from duckdb_databases() where not internal").fetchone()
    return found(Path(path))


def build(project: Compiled, folder: Path) -> dict[str, Result]:
    """Build the models that the budget chapter rests on, and run their tests: name → what became of it."""
    with duckdb.connect(str(folder / "warehouse.duckdb")) as db:
        asked = ("rapport/finances", "marts/finances", "chiffres", *CONTROLS)
        results = {one.name: one for one in project.run(db, *asked)}
        of_budgets = "code_regle like 'FIN-%' or code_regle like 'CPT-%'"
        db.execute(f"create view controles.controles as from controles.controles__entrees where {of_budgets}")
    assert [f"{name}: {one}" for name, one in results.items() if one.status in ("error", "fail")] == []
    return results


# the state of a figure, but for the doubts: documents made by hand have no totals of their own, and do not balance
STATE = """case
  when etat = 'partiel' and not exists (
    select 1 from calculs.chiffres__feuilles as f inner join calculs.chiffres__effets as e on f.mesure = e.code and f.exercice = e.exercice
    where f.code = chiffres.code and f.exercice = chiffres.exercice and e.effet = 'manque'
  ) then 'complet' else etat end"""


def rows(db: duckdb.DuckDBPyConnection, query: str, *parameters: object) -> list[tuple]:
    return db.execute(query, parameters).fetchall()


def euros(*amounts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, amounts))
