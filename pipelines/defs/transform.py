"""The dbt models as assets: one step builds a new warehouse, tests it and swaps it in.

Not partitioned and without vars: every build makes all years, in a new file that keeps what did not change. dbt runs
beside this process where one was started for it, and its results are reported to Dagster as they come; elsewhere, once it
has ended. Its tests are asset checks.
"""

from collections.abc import Generator, Iterator, Mapping
from typing import Any

import dagster as dg

from pipelines.catalogue.dbt.compose import ENTREPOT
from pipelines.catalogue.dbt.generated import layers
from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.defs.dagster_dbt_alone import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCoreCliEventMessage,
    DbtProject,
    dbt_assets,
)
from pipelines.defs.home import HomeResource
from pipelines.defs.publish import published_models
from pipelines.ledger.workspace import Workspace
from pipelines.runs.build import end, prepare
from pipelines.runs.dbt_beside import build_models
from pipelines.settings import Home
from pipelines.stages.transform.build import BuildFailed
from pipelines.stages.transform.dbt import NodeResult, parse
from pipelines.stages.transform.failure import without_values
from pipelines.stages.transform.reuse import Plan
from pipelines.stages.transform.spark import made_by_engine

WHOLE = "millesime/whole"  # tag of a run in which nothing of the previous warehouse is kept


RESULTS = ("LogModelResult", "LogTestResult")  # the dbt events that say what became of a node


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


def transform_defs(home: Home) -> dg.Definitions:
    """The dbt project as one multi-asset."""
    declared = load_catalogue(home)

    @dbt_assets(
        manifest=parse(declared, home),
        name="entrepot",
        project=DbtProject(project_dir=home.dbt, target=ENTREPOT),
        dagster_dbt_translator=TRANSLATOR,
    )
    def entrepot(context: dg.AssetExecutionContext, home: HomeResource) -> Iterator[Any]:
        with home.writing() as work:
            if work.catalogue.fingerprint != declared.fingerprint:
                raise BuildFailed("le catalogue a changé pendant le chargement : exécuter de nouveau")
            prepared = prepare(work, whole=context.has_tag(WHOLE))
            results = yield from _made(context, prepared.plan, work)
            built = end(work, prepared, results)
            context.log.info(f"warehouse {built.build}: {len(built.results)} nodes, {len(built.findings)} findings")

    return dg.Definitions(assets=[entrepot])


def keys_of(plan: Plan, catalogue: Catalogue) -> set[dg.AssetKey]:
    """The assets that a build makes, with at least one published asset, so that the publication follows it."""
    layer_of, published = layers(catalogue), {name for _, name in published_models(catalogue)}
    after = [name for name in plan.standing_models if name in published][:1]
    return {dg.AssetKey([layer_of[name], name]) for name in [*(plan.models or []), *after]}


def _made(
    context: dg.AssetExecutionContext, plan: Plan, work: Workspace
) -> Generator[dg.Output | dg.AssetCheckResult, None, list[NodeResult]]:
    """Report the published models that are kept as they are, since Dagster skips what depends on an asset that reports
    nothing; then those that dbt makes.
    """
    where, read = work.home, set(map(tuple, published_models(work.catalogue)))
    outputs = {
        key.path[-1]: output
        for output, key in context.assets_def.keys_by_output_name.items()
        if tuple(key.path) in read and key in context.selected_asset_keys
    }
    for name in filter(outputs.__contains__, plan.standing_models):
        yield dg.Output(None, outputs[name], metadata={"inchangé": True})
    if plan.is_empty:
        return []
    results: list[NodeResult] = []
    with made_by_engine(where) as (stopped, made):
        if stopped:
            return stopped
        for event in build_models(where, plan.nodes, results.extend, made=made):
            print(without_values(event["info"]["msg"]))
            if event["info"]["name"] in RESULTS:
                message = DbtCoreCliEventMessage(raw_event=event, event_history_metadata={})
                yield from message.to_default_asset_events(where.dbt_manifest, TRANSLATOR, context)
    return results
