"""One build of the warehouse: load, dbt, findings, swap. The previous warehouse stays until the new one is proved.

``prepare`` and ``finish`` go around dbt, which the caller runs on what ``Prepared.changed`` names.

What is rebuilt: if the project is unchanged (``project_of``), the next warehouse is a copy of the last one, of which the
ledger knows the SHA-256 and the hash of each source, and dbt makes what depends on the sources that changed. Otherwise,
for a release or when asked, everything is made in a new file.
"""

import shutil
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

from pipelines import settings
from pipelines.catalogue.fingerprint import engine_version, fingerprint
from pipelines.catalogue.organisation import declaration_of
from pipelines.catalogue.rules import Rule
from pipelines.disk import sha256_of
from pipelines.failpoints import reached
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import Workspace
from pipelines.sql import is_hollow
from pipelines.stages.transform.dbt import ENGINE, NodeResult, failed
from pipelines.stages.transform.failure import Culprit, culprits, words
from pipelines.stages.transform.freeze import Frozen
from pipelines.stages.transform.lake import Changed, LakeChanged, changed_files
from pipelines.stages.transform.load import clear, load_warehouse
from pipelines.stages.transform.warehouse_findings import build_findings


class BuildFailed(RuntimeError):
    """dbt stopped: the previous warehouse stays. The findings are in the ledger."""


@dataclass(frozen=True)
class Prepared:
    """A build under way.

    ``sources``: the hash of each table that the next warehouse was filled with (``<schema>.<table>``); ``changed``: those
    that are not as in the warehouse that it is a copy of, None when everything is built.
    """

    frozen: Frozen
    project: str
    sources: dict[str, str]
    changed: frozenset[str] | None


@dataclass(frozen=True)
class Built:
    """A finished build."""

    build: str
    results: list[NodeResult]
    findings: list[Finding]


def prepare(work: Workspace, frozen: Frozen, *, whole: bool = False) -> Prepared:
    """Make ``warehouse/next`` from the deliveries of ``frozen``; next comes dbt.

    ``whole``: nothing of the last warehouse is kept. Spark makes everything each time. Raises BuildFailed when the lake
    is not what the ledger recorded.
    """
    project, path = project_of(work), work.home.warehouse_next
    known = {} if whole or settings.builds_on_spark() else _copied(work, project, path)
    try:
        sources = load_warehouse(path, work, frozen, known)
    except LakeChanged as error:
        _record_failure(work, frozen, [], [_lake_finding(file, work.rules["LAC-MODIFIE"]) for file in error.files])
        raise BuildFailed(str(error)) from None
    reached("transform.lake_loaded")
    changed = frozenset(name for name, content in sources.items() if known.get(name) != content) if known else None
    return Prepared(frozen, project, sources, changed)


def project_of(work: Workspace) -> str:
    """The identity of everything that a warehouse is made of besides the accepted deliveries and what was decided."""
    versions = [version(name) for name in ("dbt-core", "dbt-adapters", "dbt-duckdb", "duckdb")]
    made_by = [engine_version(), versions, settings.builds_on_spark()]
    return fingerprint([*made_by, work.catalogue.fingerprint, declaration_of(work.home)])


def moved_exports(work: Workspace, frozen: Frozen) -> set[str]:
    """The exports (``system/export``) of which something else counts than in the last warehouse; none when all is to be made."""
    last, build = work.ledger.last_warehouse(), work.ledger.last_build()
    if last is None or build is None or last["build"] != build["build"] or last["project"] != project_of(work):
        return set()
    now = {manifest.delivery: manifest for manifest in frozen.manifests}
    before = {name: work.ledger.delivery(name) for name in build["deliveries"]}
    return {
        manifest.export_key
        for name, manifest in {**before, **now}.items()
        if manifest and (name in now) != (name in before)
    }


def _copied(work: Workspace, project: str, path: Path) -> dict[str, str]:
    """Copy the last warehouse to ``path``; return the hashes of its sources, none when it cannot be built upon."""
    clear(path)
    last = work.ledger.last_warehouse()
    if last is None or last["project"] != project or not is_proved(work) or is_hollow(work.home.warehouse):
        return {}
    shutil.copyfile(work.home.warehouse, path)
    return last["sources"]


def is_proved(work: Workspace, build: str | None = None) -> bool:
    """True when the current warehouse is, byte for byte, the last one built and tested (by ``build`` if given)."""
    last = work.ledger.last_warehouse()
    if last is None or build not in (None, last["build"]) or not work.home.warehouse.exists():
        return False
    return sha256_of(work.home.warehouse) == last["sha256"]


def is_current(work: Workspace, frozen: Frozen) -> bool:
    """True when the last build succeeded, is byte for byte the current warehouse, and is made from ``frozen``."""
    last = work.ledger.last_build()
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
    if broken:
        before = next((row["deliveries"] for row in reversed(ledger.all_rows("builds")) if row["succeeded"]), [])
        # an engine that did nothing: no delivery is to blame
        blamed = {r.name: [] if r.kind == ENGINE else culprits(home, r, frozen.manifests, before) for r in broken}
        rules = {r.name: work.rules["DBT-MOTEUR" if r.kind == ENGINE else "DBT-ECHEC"] for r in broken}
        findings = [_dbt_finding(result, blamed[result.name], rules[result.name]) for result in broken]
        _record_failure(work, frozen, _sorted(told), findings)
        causes = [_cause(result, blamed[result.name]) for result in broken]
        raise BuildFailed(f"l’entrepôt n’est pas remplacé : {' ; '.join(causes)}")
    tests = _sorted(told + (_standing(work, results) if prepared.changed is not None else []))
    findings = build_findings(home.warehouse_next, work.rules)
    ledger.record_findings(frozen.build, findings)
    if home.warehouse_next.with_suffix(".duckdb.wal").exists():
        raise BuildFailed("dbt a laissé un journal d’écriture : le nouvel entrepôt n’est pas entier")
    # before the swap, so that the new file and the results that a later build may keep are recorded
    ledger.record_warehouse(
        frozen.build,
        sha256_of(home.warehouse_next),
        is_whole=prepared.changed is None,
        project=prepared.project,
        sources=prepared.sources,
    )
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


def _standing(work: Workspace, results: list[NodeResult]) -> list[dict]:
    """The last warehouse's results of the tests that were not run because nothing they read has changed."""
    former, run = work.ledger.last_warehouse(), {(result.name, result.kind) for result in results}
    build = former and work.ledger.build(former["build"])
    return [test for test in build["tests"] if (test["name"], test["kind"]) not in run] if build else []


def _told(result: NodeResult) -> dict[str, object]:
    """The form of a result that the ledger keeps."""
    said = asdict(replace(result, message=words(result) or None))
    return {name: value for name, value in said.items() if name not in ("node", "sql", "seconds")}


def _cause(result: NodeResult, blamed: list[Culprit]) -> str:
    because = f", à cause de {', '.join(map(str, blamed))}" if blamed else ""
    said = f" ({words(result)})" if result.kind in ("model", ENGINE) and words(result) else ""
    return f"{result.name}{because}{said}"


def _dbt_finding(result: NodeResult, blamed: list[Culprit], rule: Rule) -> Finding:
    lines = f"{result.failures} ligne{'s' if (result.failures or 0) > 1 else ''} en défaut"
    count = lines if result.failures else "exécution impossible"
    first = blamed[0] if blamed else None
    place = {"fichier": first.fichier, "ligne": first.ligne} if first else {}
    expected = "" if result.kind in (ENGINE, "model") else "aucune ligne"
    came = ", ".join(map(str, blamed)) or words(result) or None
    return Finding.of(rule, 0, result.name, f"{result.name} ({count})", expected, came, severity="bloquant", **place)


def _lake_finding(file: Changed, rule: Rule) -> Finding:
    path = f"lake/{file.path}"
    expected, came = f"SHA-256 {file.entered}", f"SHA-256 {file.sha256}" if file.sha256 else "le fichier a disparu"
    manifest, more = file.manifest, {"severity": "bloquant", "fichier": path}
    return Finding.of(rule, manifest.exercice, manifest.export_key, path, expected, came, **more)
