"""The dbt models as assets: one step builds a new warehouse, tests it and swaps it in.

Not partitioned and without vars: every build makes all years, in a new file that keeps of the former what did not change.
dbt runs as a subprocess through a lean resource; its tests are asset checks.
"""

import functools
import importlib.metadata
import json
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
from pipelines.settings import Home
from pipelines.stages.transform.build import BuildFailed
from pipelines.stages.transform.dbt import executable, parse
from pipelines.stages.transform.reuse import Plan

WHOLE = "millesime/whole"  # tag of a run in which nothing of the former warehouse is kept


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


TRANSLATOR = Translator(settings=DagsterDbtTranslatorSettings(enable_asset_checks=True))


@dg.definitions
def transform_defs() -> dg.Definitions:
    """The dbt project as one multi-asset."""
    declared = catalogue()

    @dbt_assets(
        manifest=parse(declared, home()),
        name="entrepot",
        project=DbtProject(project_dir=home().dbt, target=ENTREPOT),
        dagster_dbt_translator=TRANSLATOR,
    )
    def entrepot(context: dg.AssetExecutionContext, dbt: LeanDbt) -> Iterator[Any]:
        with writing() as work:
            if work.catalogue.fingerprint != declared.fingerprint:
                raise BuildFailed("the catalogue changed while the year was being loaded: run again")
            prepared = prepare(work, whole=context.has_tag(WHOLE))
            yield from _made(context, dbt, prepared.plan, work.home)
            built = end(work, prepared, work.home.dbt_target)
            context.log.info(f"warehouse {built.build}: {len(built.results)} nodes, {len(built.findings)} findings")

    dbt = LeanDbt(
        project_dir=str(home().dbt),
        profiles_dir=str(home().dbt),
        target=ENTREPOT,
        dbt_executable=executable(),
    )
    return dg.Definitions(assets=[entrepot], resources={"dbt": dbt})


def _made(context: dg.AssetExecutionContext, dbt: LeanDbt, plan: Plan, where: Home) -> Iterator[Any]:
    """The models that stand as they are, since what is published reads them all the same, then what dbt answers."""
    outputs = {key.path[-1]: output for output, key in context.assets_def.keys_by_output_name.items()}
    for name in plan.standing_models:
        yield dg.Output(None, outputs[name], metadata={"inchangé": True})
    if not plan.is_empty:
        manifest = json.loads(where.dbt_manifest.read_text(encoding="utf-8"))
        # without the context: dbt would be told to build every asset of the step
        invocation = dbt.cli(
            ["build", *plan.arguments],
            manifest=manifest,
            dagster_dbt_translator=TRANSLATOR,
            raise_on_error=False,
            target_path=where.dbt_target,
        )
        for message in invocation.stream_raw_events():
            yield from message.to_default_asset_events(manifest, TRANSLATOR, context, where.dbt_target)
