"""The publication: after every mart and report table, ``published/`` is swapped whole."""

import dagster as dg

from pipelines.audit.write import write_states
from pipelines.defs.workspace import home, organisation, registry
from pipelines.evidence.findings import gather
from pipelines.ledger.records import Finding
from pipelines.ledger.store import Ledger, open_ledger
from pipelines.locking import only_writer
from pipelines.publish.release import frozen_changes, refuse_frozen_changes
from pipelines.publish.swap import publish
from pipelines.report.write import report_pages
from pipelines.rules import RULES

PUBLISHED = dg.AssetKey(["publication", "published"])


@dg.definitions
def publish_defs() -> dg.Definitions:
    """One asset: the folder that BI tools, auditors and the report read."""

    @dg.asset(
        key=PUBLISHED,
        group_name="publication",
        deps=[dg.AssetKey(key) for key in published_models()],
        kinds={"duckdb", "parquet"},
        description=(
            "published/ : rapport.duckdb et un Parquet par table (marts, rapport, audit), échangés d’un bloc, avec le "
            "profil public (rapport seul, petits effectifs masqués)."
        ),
    )
    def published(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        with only_writer(home()), open_ledger(home()) as ledger:
            build = ledger.last_build()["build"]
            try:
                hold_frozen_years(ledger, build)
                findings = gather(home(), ledger, registry(), organisation())
                ledger.sight(findings)
                pages = report_pages(home(), ledger, organisation(), build)
                identity = publish(home(), ledger, build, findings, organisation().seuil_secret, pages)
            finally:  # what was held back shows too
                write_states(home(), ledger, registry(), organisation())
        return dg.MaterializeResult(
            metadata={"publication": identity, "constats": len(findings), "dossier": str(home().published)}
        )

    return dg.Definitions(assets=[published])


def hold_frozen_years(ledger: Ledger, build: str) -> None:
    """Publish nothing when a frozen figure would change: each one is a finding. Raises FrozenYear."""
    found = [
        Finding(
            "REL-ECART",
            "bloquant",
            int(release.partition("-")[0]),
            change.code,
            f"{RULES['REL-ECART'].titre} : {change.libelle} ({release})",
            attendu=change.printed(change.before),
            recu=change.printed(change.after),
            aide=RULES["REL-ECART"].aide,
        )
        for release, changed in frozen_changes(home(), ledger).items()
        for change in changed
    ]
    if found:
        ledger.record_findings(build, found)
        ledger.sight(gather(home(), ledger, registry(), organisation()))
        refuse_frozen_changes(home(), ledger)


def published_models() -> list[list[str]]:
    """The keys of every model that is published, from dbt's manifest."""
    import json

    from pipelines.publish.swap import PUBLISHED_SCHEMAS
    from pipelines.settings import DBT_MANIFEST

    if not DBT_MANIFEST.exists():
        return []
    nodes = json.loads(DBT_MANIFEST.read_text(encoding="utf-8"))["nodes"].values()
    return sorted(
        [n["schema"], n["name"]] for n in nodes if n["resource_type"] == "model" and n["schema"] in PUBLISHED_SCHEMAS
    )
