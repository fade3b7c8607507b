"""Runs dbt in a home's project, as a subprocess, and reads what it answered.

The orchestrator streams dbt through its own resource (``defs/transform.py``); the command line and the tests use
``run_dbt``.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.catalogue.dbt.compose import ENTREPOT, compose
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.settings import Home

RUN_RESULTS = "run_results.json"  # what dbt answered, in its target folder


@dataclass(frozen=True)
class NodeResult:
    """One model or test of a dbt run."""

    name: str
    kind: str  # model | test | unit_test
    status: str  # success | pass | warn | fail | error | skipped
    failures: int | None
    message: str | None
    node: str = ""  # dbt's own identity of it
    sql: str | None = field(default=None, repr=False)  # as it ran


def executable() -> str:
    """The dbt of this environment, found without relying on PATH."""
    return str(Path(sys.executable).with_name("dbt"))


QUIET = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}  # towards the network


def run_dbt(arguments: list[str], home: Home, target: str, *, capture: bool = False) -> subprocess.CompletedProcess:
    """Run ``dbt <arguments>`` in the home's composed project, for the pipeline's own warehouse or an analyst's."""
    project = str(home.dbt)
    place = home.dbt_target if target == ENTREPOT else home.dbt / "target"
    options = ["--project-dir", project, "--profiles-dir", project, "--target", target, "--target-path", str(place)]
    command = [executable(), *arguments, *options]
    return subprocess.run(command, env={**os.environ, **QUIET}, capture_output=capture, text=True, check=False)


def parse(catalogue: Catalogue, home: Home) -> Path:
    """Compose the home's dbt project and have dbt read it, when either is not done yet; its manifest.

    Raises DeclarationError with dbt's own words when it cannot read the project.
    """
    composed = compose(catalogue, home)
    mark = home.dbt_target / "read"
    if home.dbt_manifest.exists() and mark.exists() and mark.read_text(encoding="utf-8") == composed:
        return home.dbt_manifest
    done = run_dbt(["--quiet", "parse"], home, ENTREPOT, capture=True)
    if done.returncode:
        raise DeclarationError(f"dbt cannot read {home.dbt}:\n{done.stdout.strip()}")
    mark.write_text(composed, encoding="utf-8")
    return home.dbt_manifest


def read_results(run_results: Path) -> list[NodeResult]:
    """Every node of a run; empty when dbt stopped before running anything."""
    if not run_results.exists():
        return []
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    return [
        NodeResult(
            name=_name(result["unique_id"]),
            kind=result["unique_id"].split(".")[0],
            status=result["status"],
            failures=result.get("failures"),
            message=None if result["status"] in ("success", "pass") else result.get("message"),
            node=result["unique_id"],
            sql=result.get("compiled_code"),
        )
        for result in results
    ]


def _name(unique_id: str) -> str:
    return unique_id.split(".", 2)[2]


def failed(results: list[NodeResult]) -> list[NodeResult]:
    """The nodes that stop a build."""
    return [result for result in results if result.status in ("fail", "error", "runtime error")]
