"""The publication: once all marts and report tables are made, ``published/`` is replaced, then copied to a server if
there is one."""

from collections.abc import Iterator

import dagster as dg

from pipelines import settings
from pipelines.catalogue.contracts import FOR_READERS
from pipelines.catalogue.dbt.generated import layers
from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.defs.collect import findings_table
from pipelines.defs.home import HomeResource
from pipelines.defs.workspace import PUBLISHED, UP_TO_DATE, WEEKLY, failure, publication_lag
from pipelines.evidence.findings import on_day, stops_a_release
from pipelines.ledger.records import Standing
from pipelines.ledger.store import now
from pipelines.ledger.workspace import Workspace
from pipelines.runs.findings import findings_of_the_day
from pipelines.runs.publish import NotServed, publish_warehouse, serve_copy
from pipelines.settings import Home

SERVED = dg.AssetKey(["publication", "postgresql"])
FINDINGS = "constats"  # the check for what no other one shows: differences, reconciliations, missing exports


def publish_defs(home: Home) -> dg.Definitions:
    """One asset: the folder that BI tools, auditors and the report read."""

    @dg.asset(
        key=PUBLISHED,
        group_name="publication",
        deps=[dg.AssetKey(key) for key in published_models(load_catalogue(home))],
        kinds={"duckdb", "parquet"},
        freshness_policy=WEEKLY,
        description=(
            "published/ : millesime.duckdb et un Parquet par table (marts, rapport, audit), échangés d’un bloc, avec le "
            "profil public (rapport et marts sans personnes, sans petits effectifs), et restreint à part."
        ),
        check_specs=[
            dg.AssetCheckSpec(FINDINGS, asset=PUBLISHED, description="Aucun constat n’est à décider."),
            dg.AssetCheckSpec(UP_TO_DATE, asset=PUBLISHED, description="Tout ce qui est accepté est publié."),
        ],
    )
    def published(home: HomeResource) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
        with home.writing() as work:
            done = publish_warehouse(work)
            late = work.ledger.standing(findings_of_the_day(work, now()[:10]))
            yield findings_check([*done.standing, *late], work)
            yield dg.AssetCheckResult(**publication_lag(work.ledger))
        if done.held:
            raise failure(done.held)
        folder = str(home.home.published)
        yield dg.MaterializeResult(
            metadata={"publication": done.identity, "constats": len(done.standing), "dossier": folder}
        )

    assets = [published] if settings.publication_server() is None else [published, served_copy()]
    return dg.Definitions(assets=assets)


def served_copy() -> dg.AssetsDefinition:
    """The copy on the organisation's server. If it fails, ``published/`` stays as it is."""

    @dg.asset(
        key=SERVED,
        group_name="publication",
        deps=[PUBLISHED],
        kinds={"postgres"},
        description="La publication sur le serveur PostgreSQL : marts, rapport et audit, échangés d’un bloc.",
    )
    def postgresql(context: dg.AssetExecutionContext, home: HomeResource) -> dg.MaterializeResult:
        with home.writing() as work:
            try:
                served = serve_copy(work.home, settings.publication_server())
            except NotServed as error:
                raise failure(error) from None
        for said in served.notes:
            context.log.warning(said)
        return dg.MaterializeResult(
            metadata={
                "publication": served.publication,
                "copiee": served.is_new,
                "lignes": sum(served.rows.values()),
                "avertissements": served.notes,
            }
        )

    return postgresql


def findings_check(standing: list[Standing], work: Workspace) -> dg.AssetCheckResult:
    """The findings that need a decision, then the other open ones, as ``millesime findings`` shows them."""
    today = now()[:10]
    standing = on_day(standing, work.registry, today)
    still_open = [one for one in standing if one.is_open(today)]
    to_decide = [
        one.finding for one in still_open if stops_a_release(one, work.rules) or one.finding.severity == "bloquant"
    ]
    others = [one.finding for one in still_open if one.finding not in to_decide]
    return dg.AssetCheckResult(
        check_name=FINDINGS,
        asset_key=PUBLISHED,
        passed=not to_decide,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "constats": len(standing),
            "acceptés": len(standing) - len(still_open),
            **findings_table("à décider", to_decide),
            **findings_table("ouverts", others),
        },
    )


def published_models(catalogue: Catalogue) -> list[list[str]]:
    """The keys of every model that is published."""
    return sorted([layer, model] for model, layer in layers(catalogue).items() if layer in FOR_READERS)
