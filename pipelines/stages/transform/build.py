"""One build of the warehouse: load, dbt, findings, swap. The previous warehouse stays until the new one is proved.

``prepare`` and ``finish`` go around dbt, which the caller runs, or does not need to run at all (``Prepared.plan``).
"""

from dataclasses import asdict, dataclass, replace

from pipelines import settings
from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.rules import Rule
from pipelines.disk import sha256_of
from pipelines.failpoints import reached
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home
from pipelines.stages.transform.dbt import ENGINE, NodeResult, failed
from pipelines.stages.transform.failure import Culprit, culprits, words
from pipelines.stages.transform.freeze import Frozen, freeze
from pipelines.stages.transform.lake import Changed, LakeChanged, changed_files
from pipelines.stages.transform.recipes import Node
from pipelines.stages.transform.reuse import Plan, is_proved, start
from pipelines.stages.transform.warehouse_findings import build_findings


class BuildFailed(RuntimeError):
    """dbt stopped: the previous warehouse stays. The findings are in the ledger."""


@dataclass(frozen=True)
class Prepared:
    """A build under way: its inputs, and what dbt has to do."""

    frozen: Frozen
    plan: Plan


@dataclass(frozen=True)
class Built:
    """A finished build."""

    build: str
    results: list[NodeResult]
    findings: list[Finding]


def prepare(work: Workspace, nodes: dict[str, Node], *, whole: bool = False) -> Prepared:
    """Make ``warehouse/next`` from the accepted deliveries; next comes dbt, whose project has these ``nodes``.

    Spark makes everything each time. Raises BuildFailed when the lake is not what the ledger recorded.
    """
    frozen = freeze(work)
    try:
        plan = start(work, frozen, nodes, whole=whole or settings.builds_on_spark())
    except LakeChanged as error:
        _record_failure(work, frozen, [], [_lake_finding(file, work.rules["LAC-MODIFIE"]) for file in error.files])
        raise BuildFailed(str(error)) from None
    reached("transform.lake_loaded")
    return Prepared(frozen, plan)


def is_current(work: Workspace) -> bool:
    """True when the last build succeeded, is byte for byte the current warehouse, and would come out the same today."""
    last, frozen = work.ledger.last_build(), freeze(work)
    if not (last and last["succeeded"] and last["build"] == frozen.build):
        return False
    return is_proved(work, last["build"]) and not changed_files(work.home, frozen.manifests)


def finish(work: Workspace, prepared: Prepared, results: list[NodeResult]) -> Built:
    """Record dbt's results, then rename the new warehouse over the old. Raises BuildFailed."""
    reached("transform.dbt_done")
    home, ledger, frozen = work.home, work.ledger, prepared.frozen
    broken = failed(results)
    deliveries = [manifest.delivery for manifest in frozen.manifests]
    told = [_told(r) for r in results if r.kind != "model" or r.status != "success"]
    if broken or not (results or prepared.plan.is_empty):
        before = next((row["deliveries"] for row in reversed(ledger.all_rows("builds")) if row["succeeded"]), [])
        # an engine that did nothing: no delivery is to blame
        blamed = {r.name: [] if r.kind == ENGINE else culprits(home, r, frozen.manifests, before) for r in broken}
        rules = {r.name: work.rules["DBT-MOTEUR" if r.kind == ENGINE else "DBT-ECHEC"] for r in broken}
        findings = [_dbt_finding(result, blamed[result.name], rules[result.name]) for result in broken]
        _record_failure(work, frozen, _sorted(told), findings)
        causes = [_cause(result, blamed[result.name]) for result in broken]
        raise BuildFailed(f"l’entrepôt n’est pas remplacé : {' ; '.join(causes) or 'dbt ne s’est pas exécuté'}")
    tests = _sorted(told + _standing(work, prepared.plan))
    findings = build_findings(home.warehouse_next, work.rules, work.catalogue.lines_declared)
    ledger.record_findings(frozen.build, findings)
    _refuse_log(home)
    # before the swap, so that the new file and the results that a later build may keep are recorded
    ledger.record_warehouse(frozen.build, sha256_of(home.warehouse_next), is_whole=prepared.plan.is_whole)
    ledger.record_build(frozen.build, True, deliveries, tests)
    reached("transform.before_swap")
    home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    home.warehouse_next.rename(home.warehouse)
    reached("transform.after_swap")
    return Built(frozen.build, results, findings)


def _record_failure(work: Workspace, frozen: Frozen, tests: list[dict], findings: list[Finding]) -> None:
    """Enter a failed build and why, under a name that cannot be mistaken for the build it did not become."""
    identity = f"x{fingerprint([frozen.build, tests, [asdict(finding) for finding in findings]])[:31]}"
    work.ledger.record_build(identity, False, [manifest.delivery for manifest in frozen.manifests], tests)
    work.ledger.record_findings(identity, findings)


def _sorted(tests: list[dict]) -> list[dict]:
    return sorted(tests, key=lambda test: (test["name"], test["kind"]))  # dbt's threads end in any order


def _standing(work: Workspace, plan: Plan) -> list[dict]:
    """The last warehouse's results of the tests that were not run because nothing they read has changed."""
    former = work.ledger.last_warehouse()
    build = former and work.ledger.build(former["build"])
    return [test for test in build["tests"] if test["name"] in plan.standing_tests] if build else []


def _refuse_log(home: Home) -> None:
    if home.warehouse_next.with_suffix(".duckdb.wal").exists():
        raise BuildFailed("dbt a laissé un journal d’écriture : le nouvel entrepôt n’est pas entier")


def _told(result: NodeResult) -> dict[str, object]:
    """The form of a result that the ledger keeps."""
    return {k: v for k, v in asdict(replace(result, message=words(result) or None)).items() if k not in ("node", "sql")}


def _cause(result: NodeResult, blamed: list[Culprit]) -> str:
    because = f", à cause de {', '.join(map(str, blamed))}" if blamed else ""
    said = f" ({words(result)})" if result.kind in ("model", ENGINE) and words(result) else ""
    return f"{result.name}{because}{said}"


def _dbt_finding(result: NodeResult, blamed: list[Culprit], rule: Rule) -> Finding:
    lines = f"{result.failures} ligne{'s' if (result.failures or 0) > 1 else ''} en défaut"
    count = lines if result.failures else "exécution impossible"
    first = blamed[0] if blamed else None
    return Finding(
        rule.code,
        "bloquant",
        0,
        result.name,
        f"{rule.titre} : {result.name} ({count})",
        "" if result.kind == ENGINE else "aucune ligne",
        recu=", ".join(map(str, blamed)) or words(result) or None,
        aide=rule.aide,
        fichier=first.fichier if first else None,
        ligne=first.ligne if first else None,
    )


def _lake_finding(file: Changed, rule: Rule) -> Finding:
    path = f"lake/{file.path}"
    return Finding(
        rule.code,
        "bloquant",
        file.manifest.exercice,
        file.manifest.export_key,
        f"{rule.titre} : {path}",
        f"SHA-256 {file.entered}",
        f"SHA-256 {file.sha256}" if file.sha256 else "le fichier a disparu",
        aide=rule.aide,
        fichier=path,
    )
