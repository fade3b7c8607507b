"""The content of ``state.json`` besides files: the facts of a publication or release, from the ledger and the catalogue."""

import functools
import importlib.metadata
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from pipelines import settings
from pipelines.catalogue.fingerprint import engine_version
from pipelines.catalogue.organisation import declaration_of
from pipelines.catalogue.source_grammar import Table
from pipelines.catalogue.sources import ExportRef
from pipelines.catalogue.yaml_file import read_mapping
from pipelines.disk import sha256_of
from pipelines.ledger.records import Finding, Manifest, Verdict
from pipelines.ledger.workspace import Workspace
from pipelines.runs.frozen import frozen
from pipelines.runs.suites import suite_of
from pipelines.settings import Home

Facts = dict[str, Any]
# what distinguishes the elements of a list in a declaration
NAMES = ("code", "code_insee", "siret", "siren", "nom", "debut", "key", "name")


def facts(work: Workspace, build: str, findings: list[Finding]) -> Facts:
    """The inputs, checks, findings and decisions of ``build``, which do not depend on the date."""
    made, made_from = work.ledger.build(build), frozen(work)
    manifests = [found for name in (made["deliveries"] if made else []) if (found := work.ledger.delivery(name))]

    declared = {name: said for name, said in read_mapping(work.home.organisation_file)[0].items() if name != "contacts"}
    return {
        "organisation": {
            "siren": work.organisation.siren,
            "declaration": declaration_of(work.home),
            "entries": dict(entries(declared)),
        },
        "contenu": prose_of(work.home),
        "build": build,
        "engine": engine_version(),
        "catalogue": work.catalogue.fingerprint,
        "declarations": {
            f"{kind} {thing.name}": thing.identity[:16]
            for kind, overlay in work.catalogue.overlays.items()
            for thing in overlay
        },
        "lock": sha256_of(settings.shipped() / "requirements.lock"),
        "version": version(),
        "key": work.ledger.key(),
        "ledger": asdict(work.ledger.settled_head()),
        "deliveries": [manifest.as_dict() for manifest in manifests],
        **{name: getattr(made_from, name) for name in ("counted", "refused", "found", "decided")},
        "checks": _checks(work, manifests),
        "tests": [
            {name: test[name] for name in ("name", "kind", "status", "failures")}
            for test in (made["tests"] if made else [])
        ],
        "findings": [{"finding": one.id, **asdict(one)} for one in findings],
        "decisions": [
            {name: row[name] for name in ("finding", "choice", "reason", "decided_by", "decided_at", "until")}
            for row in work.ledger.all_rows("decisions")
        ],
    }


def prose_of(home: Home) -> dict[str, str]:
    """Path in ``contenu/`` → SHA-256 of what people wrote."""
    files = sorted(path for path in home.contenu.rglob("*") if path.is_file())
    return {path.relative_to(home.contenu).as_posix(): sha256_of(path) for path in files}


@functools.cache
def version() -> Facts:
    """The program's version; in a checkout, also its commit and whether anything in it was changed."""
    said: Facts = {"number": importlib.metadata.version("millesime"), "commit": None, "is_clean": None}
    if not (settings.PROJECT_ROOT / ".git").exists():
        return said
    commit, changed = _git("rev-parse", "HEAD"), _git("status", "--porcelain", "--untracked-files=no")
    return {**said, "commit": commit, "is_clean": changed == "" if changed is not None else None}


def _git(*command: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(settings.PROJECT_ROOT), *command], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def entries(data: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """(place, value) of everything in a declaration; an element of a list is identified by its code or name, not by its rank."""
    named: Iterable[tuple[Any, Any]]
    if isinstance(data, dict):
        named = data.items()
    elif isinstance(data, list) and all(isinstance(one, dict) for one in data):
        known = [" ".join(str(one[key]) for key in NAMES if key in one) for one in data]
        named = [(name or rank, one) for rank, (name, one) in enumerate(zip(known, data, strict=True))]
    else:
        yield place, str(data)
        return
    for name, value in named:
        yield from entries(value, f"{place}.{name}" if place else str(name))


def _checks(work: Workspace, manifests: list[Manifest]) -> list[Facts]:
    """For each table that counts, what it was judged by, with its thresholds, and the outcome of each check."""
    tables = {(ref.key, table.name): (ref, table) for ref in work.registry.exports() for table in ref.export.tables}
    found = []
    for manifest in manifests:
        for verdict in work.ledger.verdicts_of(manifest.delivery):
            declared = tables.get((manifest.export_key, verdict.table))
            thresholds = _thresholds(work, manifest, verdict, declared)
            checks = [
                {
                    "key": one.key,
                    "type": one.type,
                    "column": one.column,
                    "severity": one.severity,
                    "arguments": thresholds.get(one.key),
                    "success": one.success,
                    "unexpected": one.unexpected,
                }
                for one in verdict.results
            ]
            place = {"export": manifest.export_key, "table": verdict.table, "exercice": manifest.exercice}
            found.append({**place, "suite": verdict.suite, "checks": checks})
    return found


def _thresholds(
    work: Workspace, manifest: Manifest, verdict: Verdict, declared: tuple[ExportRef, Table] | None
) -> dict[str, Any]:
    """Check → its arguments, if the suite is still the one that judged."""
    if declared is None:
        return {}
    suite = suite_of(work, declared[0], manifest, declared[1])
    return {spec.key: spec.kwargs for spec in suite.specs} if suite.suite_id == verdict.suite else {}
