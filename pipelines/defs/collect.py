"""One op per export: ingest → validate → accept in one step, so that no run can load an export that was not checked.

The op logs one materialisation per table and accepted exercice, evaluates three coarse checks per table over all
accepted exercices (a green 2020 must not hide a red 2018), then fails naming the refused exercices. Nothing here
contains a personal value: metadata are counts, rules and reasons.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace

import dagster as dg

from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.rules import Rules
from pipelines.catalogue.source_grammar import Table
from pipelines.catalogue.sources import ExportRef
from pipelines.defs.home import HomeResource
from pipelines.defs.workspace import WEEKLY, exercices, organisation_of, publication_lag, table_key
from pipelines.evidence.findings import refused_line, refused_lines
from pipelines.ledger.check_findings import check_finding
from pipelines.ledger.records import Finding, Manifest, Verdict
from pipelines.ledger.workspace import Workspace
from pipelines.runs.arriving import Aside
from pipelines.runs.collect import Outcome, collect
from pipelines.runs.outcome import Ending
from pipelines.settings import Home

CHECKS = {
    "bilan": "Lignes lues = acceptées + refusées + ignorées, pour chaque exercice accepté.",
    "attentes": "Contrôles Great Expectations de chaque exercice accepté.",
    "echeance": "Chaque exercice échu est arrivé et accepté.",
}

ASIDE = "laissé de côté"  # metadata of what is still arriving in landing
SHOWN = 20  # findings that a check shows; `millesime findings` and the audit page list them all


def collect_defs(home: Home) -> dg.Definitions:
    """One asset per table of every export that the organisation subscribes to."""
    organisation = organisation_of(home)
    registry, years = organisation.applied(load_catalogue(home).registry), exercices(organisation)
    refs = [ref for ref in registry.exports() if organisation.subscribes(ref.system.system)]
    return dg.Definitions(assets=[export_assets(ref, years) for ref in refs])


def export_assets(ref: ExportRef, years: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """The op of one export, and the assets of its tables."""
    tables = ref.export.tables

    @dg.multi_asset(
        name=f"{ref.system.system}__{ref.export.name}",
        specs=[_spec(ref, table) for table in tables],
        check_specs=[
            dg.AssetCheckSpec(check, asset=table_key(ref.system, table), description=text)
            for table in tables
            for check, text in CHECKS.items()
        ],
        partitions_def=years,
        backfill_policy=dg.BackfillPolicy.single_run(),
    )
    def collect_export(context: dg.AssetExecutionContext, home: HomeResource) -> Iterator[dg.AssetCheckResult]:
        with home.writing() as work:
            outcomes = [collect(work, ref, int(year)) for year in context.partition_keys]
            for outcome in outcomes:
                _log(context, work, ref, outcome)
            for table in tables:
                yield from _checks(work, ref, table)
            if any(outcome.status == "accepted" for outcome in outcomes):  # what is published is now out of date
                told = dg.AssetCheckEvaluation(**publication_lag(work.ledger))
                context.instance.report_runless_asset_event(told)
        if refused := [outcome for outcome in outcomes if outcome.refused]:
            raise dg.Failure(
                "; ".join(f"{ref.key} {o.exercice}: {o.refusal.sentence(work.rules)}" for o in refused),
                metadata={"ending": str(Ending.REFUSED), **{str(o.exercice): o.refusal.code for o in refused}},
                allow_retries=False,
            )

    return collect_export


def _spec(ref: ExportRef, table: Table) -> dg.AssetSpec:
    return dg.AssetSpec(
        table_key(ref.system, table),
        description=f"{table.title}. {table.description or ''}",
        group_name="collecte",
        freshness_policy=WEEKLY,
        kinds={ref.export.format.type.split("_")[-1]},
        metadata={
            "propriétaire": ref.owner,
            "fichiers": ref.export.files,
            "conservation": ref.export.retention or ref.system.retention,
        },
        tags={"systeme": ref.system.system},
        skippable=True,  # materialisations are logged exercice by exercice
    )


def _log(context: dg.AssetExecutionContext, work: Workspace, ref: ExportRef, outcome: Outcome) -> None:
    """Log one materialisation per table, including tables that did not come, since a backfill waits for every exercice."""
    if outcome.status == "refused":
        context.log.info(f"{outcome.key} {outcome.exercice}: {outcome.status}")
        return
    for one in outcome.aside:
        context.log_event(
            dg.AssetObservation(
                table_key(ref.system, ref.export.tables[0]), metadata={ASIDE: asdict(one)}, partition=str(one.exercice)
            )
        )
    if outcome.status in ("absent", "arriving"):
        former = work.ledger.current().get((ref.key, outcome.exercice))
        if former is None:
            nothing = {"dagster/partition_row_count": 0, "état": "non reçu"}
            for table in ref.export.tables:
                key, partition = table_key(ref.system, table), str(outcome.exercice)
                context.log_event(dg.AssetMaterialization(asset_key=key, partition=partition, metadata=nothing))
            return
        outcome = replace(outcome, status="unchanged", manifest=former.manifest)
    for table in ref.export.tables:
        counts = outcome.manifest.tables[table.name]
        context.log_event(
            dg.AssetMaterialization(
                asset_key=table_key(ref.system, table),
                partition=str(outcome.exercice),
                metadata={
                    "dagster/partition_row_count": counts.acceptees,
                    "lues": counts.lues,
                    "refusées": counts.refusees,
                    "ignorées": counts.ignorees,
                    "livraison": outcome.manifest.delivery,
                    "fichiers": ", ".join(f"{f.name} ({f.sha256[:12]})" for f in outcome.manifest.files),
                    "état": outcome.status,
                },
            )
        )


def asides_of(events: Iterable[dg.DagsterEvent]) -> list[Aside]:
    """What the steps of a run left aside."""
    seen = [event.asset_observation_data.asset_observation for event in events if event.is_asset_observation]
    return [Aside(**one.metadata[ASIDE].value) for one in seen if ASIDE in one.metadata]


def _checks(work: Workspace, ref: ExportRef, table: Table) -> Iterator[dg.AssetCheckResult]:
    ledger, rules = work.ledger, work.rules
    current = {year: c.manifest for (key, year), c in sorted(ledger.current().items()) if key == ref.key}
    key = table_key(ref.system, table)
    yield _balance_check(work.home, key, table, current, rules)
    verdicts = {}
    for (export, year), c in ledger.current().items():
        if export == ref.key:
            verdicts[year] = next(v for v in map(ledger.verdict, c.verdicts) if v.table == table.name)
    yield _expectations_check(key, current, verdicts, rules)
    yield _due_check(key, ref, set(current), work.organisation.years)


def _balance_check(
    home: Home, key: dg.AssetKey, table: Table, current: dict[int, Manifest], rules: Rules
) -> dg.AssetCheckResult:
    counts = {year: manifest.tables[table.name] for year, manifest in current.items()}
    refused = [
        refused_line(manifest, row, rules)
        for manifest in current.values()
        for row in refused_lines(home, manifest)
        if row["table"] == table.name
    ]
    return dg.AssetCheckResult(
        check_name="bilan",
        asset_key=key,
        passed=all(c.lues == c.acceptees + c.refusees + c.ignorees for c in counts.values()),
        metadata={"exercices": len(counts), "lignes refusées": len(refused), **findings_table("refus", refused)},
    )


def _expectations_check(
    key: dg.AssetKey, current: dict[int, Manifest], verdicts: dict[int, Verdict], rules: Rules
) -> dg.AssetCheckResult:
    bad = [(year, r) for year, verdict in sorted(verdicts.items()) for r in verdict.results if r.success is not True]
    findings = [check_finding(current[year], verdicts[year], result, rules) for year, result in bad]
    return dg.AssetCheckResult(
        check_name="attentes",
        asset_key=key,
        passed=not bad,
        metadata={"contrôles": sum(len(v.results) for v in verdicts.values()), **findings_table("en défaut", findings)},
        severity=dg.AssetCheckSeverity.ERROR if any(r.blocks for _, r in bad) else dg.AssetCheckSeverity.WARN,
    )


def findings_table(name: str, findings: list[Finding]) -> dict[str, dg.TableMetadataValue]:
    """The findings, numbered and worded as by `millesime findings`; nothing when there are none."""
    rows = [
        dg.TableRecord(
            {
                "constat": one.id,
                "code": one.code,
                "exercice": one.exercice,
                "où": ":".join(str(part) for part in (one.fichier, one.ligne) if part),
                "message": one.message,
                "reçu": one.recu or "",
                "attendu": one.attendu,
                "pour corriger": one.aide,
            }
        )
        for one in findings[:SHOWN]
    ]
    return {name: dg.MetadataValue.table(records=rows)} if rows else {}


def _due_check(key: dg.AssetKey, ref: ExportRef, arrived: set[int], years: Sequence[int]) -> dg.AssetCheckResult:
    today = dt.date.today().isoformat()
    late = [
        year
        for year in years
        if ref.system.covers(year) and year not in arrived and not ref.export.optional and ref.due(year) < today
    ]
    return dg.AssetCheckResult(
        check_name="echeance",
        asset_key=key,
        passed=not late,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"exercices manquants": ", ".join(map(str, late)) or "aucun", "propriétaire": ref.owner},
    )
