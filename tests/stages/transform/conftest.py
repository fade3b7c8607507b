"""A home whose deliveries are accepted without judgement, and whose warehouse is built without dbt."""

import duckdb
import pytest

from pipelines.ledger.closing import close_delivery
from pipelines.ledger.records import Manifest
from pipelines.ledger.store import Ledger, open_ledger
from pipelines.ledger.workspace import Workspace
from pipelines.runs.frozen import frozen
from pipelines.settings import Home
from pipelines.stages.transform.build import finish, prepare
from pipelines.stages.transform.dbt import NodeResult, parse
from pipelines.stages.transform.freeze import Frozen
from pipelines.stages.transform.load import load_warehouse
from tests.deliveries import Depot
from tests.ledger.entries import verdict
from tests.runs.collect.killing import MODELS

MODEL = NodeResult("m", "model", "success", None, None)


@pytest.fixture
def lab(depot: Depot) -> "Lab":
    depot.layer.reference("plan", 'compte,libelle\n0101,"Dépôts, divers"\n102,\n')
    return Lab(depot)


@pytest.fixture
def project(lab: "Lab") -> "Lab":
    """A home that dbt builds: a table of one row."""
    layer = lab.depot.layer
    layer.take("dbt_project/macros")
    (layer.root / "catalogue" / "secrecy.yml").unlink()  # it speaks of the shipped models
    for name in ("fct_a",):
        config = "{{ config(materialized='table', schema='marts') }}"
        layer.write(f"dbt_project/models/marts/{name}.sql", f"{config}\nselect 'duckdb' as maker\n")
    with open_ledger(lab.home) as ledger:
        parse(lab.work(ledger).catalogue, lab.home)
        lab.prepare(ledger)
    return lab


def makers(home: Home) -> dict[str, str]:
    """Who made the row of each table."""
    with duckdb.connect(str(home.warehouse_next), read_only=True) as db:
        made = {
            name
            for (name,) in db.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
        }
        return {name: db.execute(f"select maker from marts.{name}").fetchone()[0] for name in made}


class Lab:
    """A home with an organisation, whose deliveries are accepted without judgement."""

    def __init__(self, depot: Depot):
        self.depot, self.home = depot, depot.home
        depot.declare()
        depot.organise()
        depot.layer.take("catalogue/secrecy.yml")

    def work(self, ledger: Ledger) -> Workspace:
        return self.depot.work(ledger)

    def load(self, *manifests: Manifest) -> None:
        """Make the next warehouse of these deliveries."""
        with open_ledger(self.home) as ledger:
            load_warehouse(self.home.warehouse_next, self.work(ledger), Frozen("", list(manifests)))

    def accept(self, content: str, year: int) -> Manifest:
        manifest = self.depot.csv(content, exercice=year).manifest
        with open_ledger(self.home) as ledger:
            close_delivery(self.home, ledger, manifest)
            ledger.record_delivery(manifest)
            ledger.record_verdict(verdict(manifest.delivery))
            ledger.record_acceptance(manifest, [verdict(manifest.delivery)])
        return manifest

    def prepare(self, ledger: Ledger):
        work = self.work(ledger)
        return prepare(work, frozen(work), whole=True)

    def models(self, sql: str = MODELS) -> None:
        with duckdb.connect(str(self.home.warehouse_next)) as db:
            db.execute(sql)

    def build(self, ledger: Ledger, results=(MODEL,)):
        frozen = self.prepare(ledger)
        self.models()
        return self.finish(ledger, frozen, results)

    def finish(self, ledger: Ledger, frozen, results):
        return finish(self.work(ledger), frozen, list(results))
