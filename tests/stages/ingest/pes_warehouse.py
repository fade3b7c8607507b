"""A warehouse made of PES flows: read, typed, and put through the models of the budget chapter and their controls."""

from pathlib import Path

import duckdb

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation
from pipelines.ledger.store import open_ledger
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.transform.freeze import Frozen
from pipelines.stages.transform.load import load_warehouse
from tests.dbt.compiled import Compiled

COMMUNE = "219400546"


def transformed(compiled: Compiled, folder: Path, deliveries: list[tuple[str, int, dict[str, bytes]]]) -> Path:
    """The warehouse of these deliveries: each an export, the year whose folder it lies in and its files by name."""
    home, registry = Home(folder / "home"), load_catalogue().registry
    home.root.mkdir()
    years = [year for _, year, _ in deliveries]
    organisation = Organisation(
        nom="Essai",
        sigle="E",
        siren="210000006",
        exercices={"premier": min(years), "dernier": max(years)},
        collectivites=[{"code_insee": "94054", "siren": COMMUNE, "nom": "Orly"}],
        systemes=["budget", "pes"],
    )
    manifests = []
    with open_ledger(home) as ledger:
        registry = organisation.applied(registry)
        for key, year, files in deliveries:
            place = folder / "landing" / str(year) / key
            place.mkdir(parents=True)
            for name, content in files.items():
                place.joinpath(name).write_bytes(content)
            manifests.append(ingest(home, registry.export_of(key), year, sorted(place.iterdir()), b"k" * 32))
        work = Workspace(home, ledger, load_catalogue(), organisation)
        load_warehouse(folder / "warehouse.duckdb", work, Frozen("", manifests))
    with duckdb.connect(str(folder / "warehouse.duckdb")) as db:
        results = list(compiled.run(db, "marts/finances", "chiffres", "ctl_finances__flux"))
        db.execute("create view controles.controles as from controles.controles__entrees where code_regle like 'PES-%'")
    assert [f"{one.name}: {one.message}" for one in results if one.status in ("error", "fail")] == []
    return folder / "warehouse.duckdb"
