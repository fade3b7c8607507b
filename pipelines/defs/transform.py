"""The dbt models as assets: one step builds a new warehouse, tests it and swaps it in.

Not partitioned and without vars: every build makes all years, in a new file that keeps what did not change. dbt's tests
are asset checks.
"""

from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtProject, dbt_assets

from pipelines.catalogue.dbt.compose import ENTREPOT
from pipelines.catalogue.dbt.project import LAYERS
from pipelines.catalogue.load import load_catalogue
from pipelines.defs.home import HomeResource
from pipelines.defs.publish import published_models
from pipelines.defs.workspace import organisation_of, table_key
from pipelines.disk import read_json
from pipelines.ledger.workspace import Workspace
from pipelines.runs.build import end, moved_exports, prepare, run_dbt
from pipelines.settings import Home
from pipelines.stages.transform.build import BuildFailed
from pipelines.stages.transform.dbt import NodeResult, failed, parse
from pipelines.stages.transform.failure import without_values

WHOLE = "millesime/whole"  # tag of a run in which nothing of the previous warehouse is kept


class Translator(DagsterDbtTranslator):
    """Groups dbt's models by layer. Their keys are dagster-dbt's: what is collected has its own in the ``meta`` of its source."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The layer."""
        return next((folder for folder in dbt_resource_props["fqn"] if folder in LAYERS), None)


def transform_defs(home: Home) -> dg.Definitions:
    """The dbt project as one multi-asset, and the sources that are read but not collected."""
    declared = load_catalogue(home)
    manifest = read_json(parse(declared, home))
    translator = Translator()

    @dbt_assets(
        manifest=manifest,
        name="entrepot",
        project=DbtProject(project_dir=home.dbt, target=ENTREPOT),
        dagster_dbt_translator=translator,
    )
    def entrepot(
        context: dg.AssetExecutionContext, home: HomeResource
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        with home.writing() as work:
            if work.catalogue.fingerprint != declared.fingerprint:
                raise BuildFailed("le catalogue a changé pendant le chargement : exécuter de nouveau")
            prepared = prepare(work, whole=context.has_tag(WHOLE))
            results = run_dbt(work, prepared, lambda line: print(without_values(line)))
            unchanged = published_models(work.catalogue) if prepared.changed is not None else []
            yield from _events(context, results, unchanged)
            built = end(work, prepared, results)
            context.log.info(f"warehouse {built.build}: {len(built.results)} nodes, {len(built.findings)} findings")

    subscribes = organisation_of(home).subscribes
    loaded = [
        dg.AssetSpec(key, description=source["description"], group_name="sources")
        for name, source in manifest["sources"].items()
        if manifest["child_map"][name] and not subscribes((key := translator.get_asset_key(source)).path[0])
    ]
    return dg.Definitions(assets=[entrepot, *loaded])


def changed_models(work: Workspace) -> dg.AssetSelection | None:
    """What a build would make again because of what was accepted since the last one; None when that may be anything.

    A run lists each of its assets and checks as planned before it begins: those that stay as they are need not be.
    """
    moved = moved_exports(work)
    tables = [
        table_key(ref.system, table)
        for ref in work.registry.exports()
        if ref.key in moved
        for table in ref.export.tables
    ]
    if not tables:
        return None
    said_of_each = dg.AssetKey(["collecte", "pieces"])
    return dg.AssetSelection.assets(*tables, said_of_each).downstream(include_self=False)


def _events(
    context: dg.AssetExecutionContext, results: list[NodeResult], published: list[list[str]]
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """What became of each model and test, whether the run listed it or not. Those of the ``published`` models that were
    kept as they are come too, since Dagster skips what depends on an asset that reports nothing, with the tests without which
    they would not have been published.
    """
    of = {result.node: result for result in results}
    built = {result.name: result for result in results if result.kind == "model"}
    kept = [] if failed(results) else published
    for key in TopologicalSorter(context.assets_def.asset_deps).static_order():
        result, is_listed = built.get(key.path[-1]), key in context.selected_asset_keys
        if result is None and is_listed and [*key.path] in kept:
            yield dg.MaterializeResult(key, metadata={"inchangé": True})
        elif result and result.status == "success" and is_listed:
            yield dg.MaterializeResult(key, metadata={"status": result.status})
        elif result and result.status == "success":
            context.log_event(dg.AssetMaterialization(key, metadata={"status": result.status}))
    for spec in context.assets_def.check_specs:
        result = of.get(spec.metadata["dagster_dbt/unique_id"])
        is_listed = spec.key in context.selected_asset_check_keys
        if result is None and spec.blocking and is_listed and [*spec.asset_key.path] in kept:
            yield dg.AssetCheckResult(
                asset_key=spec.asset_key, check_name=spec.name, passed=True, metadata={"inchangé": True}
            )
        if result is None or result.status == "skipped":
            continue
        said = {
            "asset_key": spec.asset_key,
            "check_name": spec.name,
            "passed": result.status == "pass",
            "severity": dg.AssetCheckSeverity.WARN if result.status == "warn" else dg.AssetCheckSeverity.ERROR,
            "metadata": {"status": result.status, "dagster_dbt/failed_row_count": result.failures or 0},
        }
        if is_listed:
            yield dg.AssetCheckResult(**said)
        else:
            context.instance.report_runless_asset_event(dg.AssetCheckEvaluation(**said))
