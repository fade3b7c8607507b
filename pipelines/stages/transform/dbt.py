"""Runs dbt in a home's project, and reads what it answered.

A build runs in the process that asks for it, on the project as dbt last read it: starting dbt and having it read the
project again takes longer than most builds. That process may also have read the project (``read_whole``). Anything else
asked of dbt is a command of its own (``run_dbt``).
"""

import importlib.metadata
import io
import os
import subprocess
import sys
from collections.abc import Callable, Collection
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.catalogue.dbt.compose import ANALYSTE, ENTREPOT, compose
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.settings import Home
from pipelines.stages.transform import lazy_dbt


@dataclass(frozen=True)
class NodeResult:
    """The result of one model or test of a dbt run; or why an engine other than DuckDB did nothing."""

    name: str
    kind: str  # model | test | unit_test | engine
    status: str  # success | pass | warn | fail | error | skipped
    failures: int | None
    message: str | None
    node: str = ""  # dbt's own identifier for it
    sql: str | None = field(default=None, repr=False)  # as it ran


QUIET = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}  # connections to the network
CHOSEN = "a_construire"  # the tag of what a build has to make; also in dbt_project/macros/materializations.sql
LOGS = ["--log-level", "none", "--log-level-file", "info"]  # each line is composed before it is left out
ENGINE = "engine"  # the kind of an answer that is about no node
READ = "partial_parse.msgpack"  # the project as dbt last read it, in its target folder


def run_dbt(arguments: list[str], home: Home, target: str, *, capture: bool = False) -> subprocess.CompletedProcess:
    """Run ``dbt <arguments>`` in the home's composed project, for the pipeline's own warehouse or an analyst's."""
    dbt = [sys.executable, "-P", lazy_dbt.__file__]
    # passed as variables: `dbt --version`, `deps` and `debug` each refuse some of these options
    given = {f"DBT_{name[2:].replace('-', '_').upper()}": value for name, value in _options(home, target).items()}
    return subprocess.run([*dbt, *arguments], env=environment() | given, capture_output=capture, text=True, check=False)


def environment() -> dict[str, str]:
    """The environment without dbt's own variables: one of them skips the tests, another builds empty tables."""
    return {name: said for name, said in os.environ.items() if not name.startswith("DBT_")} | QUIET


def build_models(
    home: Home,
    nodes: Collection[str] | None = None,
    told: Callable[[dict[str, Any]], Any] = lambda _: None,
    *,
    command: str = "build",
    made: Callable[[str], str] | None = None,
) -> list[NodeResult]:
    """Build and test ``nodes`` (names of models and tests; all of them when None) in ``warehouse/next``, in this process.

    The project was read before (``parse``). ``told`` is called with what dbt says, each event as its own dictionary;
    ``command`` is dbt's; ``made``: the SQL of the rows of a table that another engine made. dbt's own output is
    discarded: it quotes cells. The file is free when it ends. Returns what became of each node: nothing when dbt
    stopped before running any.
    """
    from dbt_common.events.functions import msg_to_dict

    chosen, names = (
        [] if nodes is None else ["--select", f"tag:{CHOSEN}", "--indirect-selection", "empty"],
        set(nodes or ()),
    )
    project = _project(home)
    for node in (*project.nodes.values(), *project.unit_tests.values()):
        if node.name in names:
            _mark(node)
        if made and node.resource_type == "model" and node.config.materialized == "table":
            node.config.meta["made"] = made(f"{node.schema}.{node.alias}")

    done = _invoke(home, project, lambda event: told(msg_to_dict(event)), [command, *chosen, "--no-write-json"])
    return [_result(one) for one in getattr(done.result, "results", [])]


def read_ahead(home: Home) -> None:
    """Have dbt read the project as a build does, and do nothing: its first command in a process takes seconds longer than the next."""
    _invoke(home, _project(home), lambda _: None, ["list", "--select", f"tag:{CHOSEN}"])


def _project(home: Home) -> Any:
    from dbt.contracts.graph.manifest import Manifest

    return Manifest.from_msgpack((home.dbt_target / READ).read_bytes())


def _invoke(home: Home, project: Any, told: Callable[[Any], None], words: list[str]) -> Any:
    """A command of dbt, on a project that it has read or reads now: what dbt gives back. Raises what interrupted it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    for name in os.environ.keys() - environment().keys():
        os.environ.pop(name)
    os.environ.update(QUIET)
    lazy_dbt.leave_details_unsaid()
    try:
        with redirect_stdout(io.StringIO()):
            done = dbtRunner(project, [told]).invoke([*LOGS, *words, *options(home, ENTREPOT)])
    finally:
        DuckDBConnectionManager.close_all_connections()  # dbt keeps the file open for its next command
    if done.exception and not isinstance(done.exception, Exception):  # an interruption
        raise done.exception
    return done


def _mark(node: Any) -> None:
    """Select a node. A hundred names on the command line would each be compared with every node."""
    if node.resource_type == "unit_test":
        node.config.tags = [*node.tags, CHOSEN]
    else:
        node.tags = [*node.tags, CHOSEN]


def _result(result: Any) -> NodeResult:
    identity, status = result.node.unique_id, str(result.status)
    return NodeResult(
        name=identity.split(".", 2)[2],
        kind=identity.split(".")[0],
        status=status,
        failures=result.failures,
        message=None if status in ("success", "pass") else result.message,
        node=identity,
        sql=getattr(result.node, "compiled_code", None),  # an exposure has none
    )


def options(home: Home, target: str) -> list[str]:
    """dbt's own options for one of its targets, in the home's composed project."""
    return [word for option in _options(home, target).items() for word in option]


def _options(home: Home, target: str) -> dict[str, str]:
    project, place = str(home.dbt), home.dbt / "target" / ("" if target == ANALYSTE else target)
    return {"--project-dir": project, "--profiles-dir": project, "--target": target, "--target-path": str(place)}


def read_whole(home: Home) -> bool:
    """Have dbt read the project in this process; False when it cannot."""
    return bool(_invoke(home, None, lambda _: None, ["parse"]).success)


def parse(catalogue: Catalogue, home: Home, read: Callable[[Home], bool] = lambda _: False) -> Path:
    """Compose the home's dbt project and have dbt read it, where not done yet; return its manifest.

    ``read``: another way to have it read, tried first. Raises DeclarationError with dbt's own words when dbt cannot read the project.
    """
    composed = f"{compose(catalogue, home)} {importlib.metadata.version('dbt-core')}"
    mark, kept = home.dbt_target / "read", [home.dbt_manifest, home.dbt_target / READ]
    if all(path.exists() for path in [mark, *kept]) and mark.read_text(encoding="utf-8") == composed:
        return home.dbt_manifest
    mark.unlink(missing_ok=True)
    if not read(home):
        done = run_dbt(["--quiet", "--no-use-colors", "parse"], home, ENTREPOT, capture=True)
        if done.returncode:
            raise DeclarationError(f"dbt ne peut pas lire {home.dbt} :\n{done.stdout.strip()}")
    mark.write_text(composed, encoding="utf-8")
    return home.dbt_manifest


def failed(results: list[NodeResult]) -> list[NodeResult]:
    """The nodes that stop a build."""
    return [result for result in results if result.status in ("fail", "error", "runtime error")]
