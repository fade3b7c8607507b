"""The recipes of the shipped project's nodes: a change affects the recipes of the right nodes, and no others."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.stages.transform.recipes import nodes_of

PROJECT = "rapport_activite"


@pytest.fixture(scope="module")
def manifest(dbt_home) -> dict[str, Any]:
    return json.loads(dbt_home.dbt_manifest.read_text(encoding="utf-8"))


@pytest.fixture
def changed(manifest: dict[str, Any], tmp_path: Path) -> Callable[[Callable[[dict], None]], set[str]]:
    """The names of the nodes whose recipe a change of the manifest changes."""

    def recipes(content: dict[str, Any]) -> dict[str, str]:
        file = tmp_path / "manifest.json"
        file.write_text(json.dumps(content), encoding="utf-8")
        return {node.name: node.recipe for node in nodes_of(file).values()}

    def compare(change: Callable[[dict], None]) -> set[str]:
        other = copy.deepcopy(manifest)
        change(other)
        before, after = recipes(manifest), recipes(other)
        return {name for name in before if before[name] != after[name]}

    return compare


def model(manifest: dict, name: str) -> dict:
    return manifest["nodes"][f"model.{PROJECT}.{name}"]


def test_its_sql_its_configuration_and_its_description(changed):
    assert changed(lambda m: model(m, "fct_tickets").update(raw_code="select 1")) == {"fct_tickets"}
    assert changed(lambda m: model(m, "fct_tickets")["config"].update(materialized="view")) == {"fct_tickets"}
    column = "nb_tickets"
    said = lambda m: next(iter(model(m, "fct_tickets")["columns"].values())).update(description=column)  # noqa: E731
    assert changed(said) == {"fct_tickets"}


def test_what_a_run_adds_is_no_part_of_it(changed):
    def run(manifest: dict) -> None:
        for node in manifest["nodes"].values():
            node.update(compiled=True, compiled_code="select 2", compiled_path="x", build_path="x", created_at=1)
            node["depends_on"]["macros"] = [*node["depends_on"].get("macros", []), "macro.dbt.statement"]

    assert changed(run) == set()


def test_a_macro_that_it_calls_by_way_of_another(changed, manifest):
    def callers(macro: str) -> set[str]:
        """The nodes that call it, and those that read an ephemeral one, by way of macros."""
        macros = manifest["macros"]
        found = {macro}
        while more := {k for k, v in macros.items() if found & set(v["depends_on"]["macros"])} - found:
            found |= more
        return {n["name"] for n in manifest["nodes"].values() if found & set(n["depends_on"].get("macros", []))}

    inner = f"macro.{PROJECT}.duckdb__normalise_libelle"
    said = lambda m: m["macros"][inner].update(macro_sql="{% macro duckdb__normalise_libelle(e) %}x{% endmacro %}")  # noqa: E731
    assert changed(said) == callers(inner)
    assert callers(inner)


def test_how_every_table_is_made(changed, manifest):
    name = f"macro.{PROJECT}.materialization_table_duckdb"
    every = {
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "test") and node["config"]["materialized"] != "ephemeral"
    }
    assert changed(lambda m: m["macros"][name].update(macro_sql="")) >= every


def test_a_node_comes_after_all_that_it_reads(manifest, tmp_path):
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(manifest), encoding="utf-8")
    nodes = nodes_of(file)
    tables = {node.table for node in nodes.values() if node.table}
    seen: set[str] = set()
    for node in nodes.values():
        assert (node.reads & tables) <= seen, node.name
        seen |= {node.table} if node.table else set()
    assert "lake.glpi__tickets" in nodes[f"model.{PROJECT}.stg_tickets"].reads
