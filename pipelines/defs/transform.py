"""The dbt models as assets: one step builds a new warehouse, tests it and swaps it in.

Not partitioned and without vars: every build makes all years, from a new file. dbt runs as a subprocess through a lean
resource; its tests are asset checks.
"""

import functools
import importlib.metadata
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)
from packaging import version

from pipelines.catalogue.dbt.compose import ENTREPOT
from pipelines.defs.workspace import catalogue, home, writing
from pipelines.runs.build import end, prepare
from pipelines.stages.transform.build import BuildFailed
from pipelines.stages.transform.dbt import executable, parse


class LeanDbt(DbtCliResource):
    """dbt without what Dagster adds at each call: ``dbt --version`` (asks the network) and a second adapter.

    Relies on private names of dagster-dbt, which is pinned; without row counts and column metadata nothing is lost.
    """

    @functools.cached_property
    def _cli_version(self) -> version.Version:
        return version.parse(importlib.metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Any) -> None:
        return None


class Translator(DagsterDbtTranslator):
    """Names dbt's nodes as the rest of the graph does."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """``lake.<system>__<table>`` is the collected asset; a model is ``<schema>/<model>``."""
        props = dbt_resource_props
        if props["resource_type"] == "source":
            if props["source_name"] == "lake":
                return dg.AssetKey(props["name"].split("__", 1))
            return dg.AssetKey([props["source_name"], props["name"]])
        return dg.AssetKey([props["schema"], props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The layer."""
        return dbt_resource_props["fqn"][1]


@dg.definitions
def transform_defs() -> dg.Definitions:
    """The dbt project as one multi-asset."""
    declared = catalogue()

    @dbt_assets(
        manifest=parse(declared, home()),
        name="entrepot",
        project=DbtProject(project_dir=home().dbt, target=ENTREPOT),
        dagster_dbt_translator=Translator(settings=DagsterDbtTranslatorSettings(enable_asset_checks=True)),
    )
    def entrepot(context: dg.AssetExecutionContext, dbt: LeanDbt) -> Iterator[Any]:
        with writing() as work:
            if work.catalogue.fingerprint != declared.fingerprint:
                raise BuildFailed("the catalogue changed while the year was being loaded: run again")
            frozen = prepare(work)
            invocation = dbt.cli(["build"], context=context, raise_on_error=False, target_path=work.home.dbt_target)
            yield from invocation.stream()
            built = end(work, frozen, invocation.target_path)
            context.log.info(f"warehouse {built.build}: {len(built.results)} nodes, {len(built.findings)} findings")

    dbt = LeanDbt(
        project_dir=str(home().dbt),
        profiles_dir=str(home().dbt),
        target=ENTREPOT,
        dbt_executable=executable(),
    )
    return dg.Definitions(assets=[entrepot], resources={"dbt": dbt})
