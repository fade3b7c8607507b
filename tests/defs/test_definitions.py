"""The Dagster graph: it loads, is one lineage, and shows every check that exists."""

import json

import dagster as dg
import pytest

from pipelines import settings
from pipelines.definitions import defs
from pipelines.defs.workspace import organisation
from pipelines.sources.registry import load_registry


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "SICIO_HOME", str(tmp_path_factory.mktemp("home"))
        )  # no home yet: the demonstration's organisation
        return defs()


@pytest.fixture(scope="module")
def graph(loaded: dg.Definitions):
    return loaded.resolve_asset_graph()


def test_every_table_of_every_subscribed_source_is_a_partitioned_asset_with_three_checks(graph) -> None:
    for system, table in load_registry().tables():
        if not organisation().subscribes(system.system):
            continue
        key = dg.AssetKey([system.system, table.name])
        assert graph.get(key).partitions_def is not None
        assert {check.name for check in graph.get_check_keys_for_assets({key})} == {
            "bilan",
            "attentes",
            "echeance",
        }


def test_every_dbt_test_is_an_asset_check(graph) -> None:
    nodes = json.loads((settings.DBT_PROJECT_DIR / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    tests = {node["name"] for node in nodes.values() if node["resource_type"] == "test"}
    checks = {key.name for key in graph.asset_check_keys}
    assert tests, "dbt declares no test"
    assert tests - checks == set()


def test_lineage_runs_from_an_export_to_the_publication(graph) -> None:
    published = dg.AssetKey(["publication", "published"])
    upstream = dg.AssetSelection.assets(published).upstream().resolve(graph)
    assert {dg.AssetKey(["cegid_rh", "comptes"]), dg.AssetKey(["budget", "lignes"])} <= upstream
    assert {
        dg.AssetKey(["rapport", "chiffres"]),
        dg.AssetKey(["marts", "fct_lignes_budgetaires"]),
    } <= upstream


def test_jobs_schedule_and_sensors_exist(loaded: dg.Definitions) -> None:
    repository = loaded.get_repository_def()
    assert {"collect", "build"} <= set(repository.job_names)
    assert [s.name for s in repository.schedule_defs] == ["collecte_quotidienne"]
    assert {s.name for s in repository.sensor_defs} == {
        "alerte_echec",
        "construction_apres_collecte",
        "depot_dans_landing",
    }


def test_runs_happen_in_one_process(loaded: dg.Definitions) -> None:
    assert loaded.executor is dg.in_process_executor
