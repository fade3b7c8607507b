"""Runs dbt on a warehouse file, as a subprocess, and reads what it answered.

The orchestrator streams dbt through its own resource (``defs/transform.py``); the command line and the tests use
``run_dbt``. Both share ``environment``.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pipelines import settings


@dataclass(frozen=True)
class NodeResult:
    """One model or test of a dbt run."""

    name: str
    kind: str  # model | test | unit_test
    status: str  # success | pass | warn | fail | error | skipped
    failures: int | None
    message: str | None


def executable() -> str:
    """The dbt of this environment, found without relying on PATH."""
    return str(Path(sys.executable).with_name("dbt"))


def environment(warehouse: Path) -> dict[str, str]:
    """What dbt needs to know: which file to build, and to stay quiet towards the network."""
    return {
        "MILLESIME_WAREHOUSE": str(warehouse),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def run_dbt(arguments: list[str], warehouse: Path, *, capture: bool = False) -> subprocess.CompletedProcess:
    """Run ``dbt <arguments>`` in the project on ``warehouse``."""
    command = [
        executable(),
        *arguments,
        "--project-dir",
        str(settings.DBT_PROJECT_DIR),
        "--profiles-dir",
        str(settings.DBT_PROJECT_DIR),
    ]
    return subprocess.run(
        command, env={**os.environ, **environment(warehouse)}, capture_output=capture, text=True, check=False
    )


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
        )
        for result in results
    ]


def _name(unique_id: str) -> str:
    return unique_id.split(".", 2)[2]


def failed(results: list[NodeResult]) -> list[NodeResult]:
    """The nodes that stop a build."""
    return [result for result in results if result.status in ("fail", "error", "runtime error")]
