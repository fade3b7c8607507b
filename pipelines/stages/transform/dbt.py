"""Runs dbt in a home's project, and reads what it answered.

What a run asks of dbt runs in its process, through dbt's programmatic door; what a person types is a command of its own
(``run_dbt``).
"""

import importlib.metadata
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.catalogue.dbt.compose import ANALYSTE, ENTREPOT, compose
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.disk import read_json
from pipelines.settings import Home


@dataclass(frozen=True)
class NodeResult:
    """The result of one model or test of a dbt run; or why dbt, or another engine than DuckDB, did nothing."""

    name: str
    kind: str  # model | test | unit_test | engine
    status: str  # success | pass | warn | fail | error | skipped
    failures: int | None
    message: str | None
    node: str = ""  # dbt's own identifier for it
    sql: str | None = field(default=None, repr=False)  # as it ran
    seconds: float = field(default=0, compare=False)


QUIET = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1"}  # connections to the network
SILENT = ("--log-level", "none", "--no-print")  # on the terminal
NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
LOCKS = "/dev/shm"  # where Linux keeps the locks that processes share
ENGINE = "engine"  # the kind of an answer that is about no node


def run_dbt(arguments: list[str], home: Home, target: str, *, capture: bool = False) -> subprocess.CompletedProcess:
    """Run ``dbt <arguments>`` in the home's composed project, for the pipeline's own warehouse or an analyst's."""
    dbt = Path(sys.executable).with_name("dbt")
    # passed as variables: `dbt --version`, `deps` and `debug` each refuse some of these options
    given = {f"DBT_{name[2:].replace('-', '_').upper()}": value for name, value in _options(home.dbt, target).items()}
    return subprocess.run([dbt, *arguments], env=environment() | given, capture_output=capture, text=True, check=False)


def environment() -> dict[str, str]:
    """The environment without dbt's own variables: one of them skips the tests, another builds empty tables."""
    return {name: said for name, said in os.environ.items() if not name.startswith("DBT_")} | QUIET


def build_models(
    home: Home,
    changed: Collection[str] | None = None,
    told: Callable[[str], Any] = lambda _: None,
    *,
    command: Sequence[str] = ("build",),
    project: Path | None = None,
) -> list[NodeResult]:
    """Build and test in ``warehouse/next`` what depends on the sources that ``changed``; everything when that is None.

    ``changed``: tables (``<schema>.<table>``), of which those that no model reads change nothing. Unit tests depend on
    the project alone, and run when everything is built. ``told`` is given each line that dbt says, which may quote a
    cell; ``command`` is dbt's, ``project`` another than the home's. The file is free when it ends. Returns what became of
    each node, or that dbt stopped before running any.
    """
    chosen: list[str] = []
    if changed is not None:
        manifest = read_json(home.dbt_manifest)
        names = {f"{one['source_name']}.{one['name']}": node for node, one in manifest["sources"].items()}
        read = [name for name in changed if name in names and manifest["child_map"][names[name]]]
        if not read:
            return []
        chosen = [*NO_UNIT_TESTS, "--select", *(f"source:{name}+" for name in sorted(read))]
    done = _invoke(project or home.dbt, [*command, *chosen, "--no-write-json"], told)
    if done.exception or not done.result or not done.result.results:
        return [NodeResult("dbt", ENGINE, "error", None, "dbt ne s’est pas exécuté")]
    return [_result(one) for one in done.result.results]


def parse(catalogue: Catalogue, home: Home) -> Path:
    """Compose the home's dbt project and have dbt read it, where not done yet; return its manifest.

    Raises DeclarationError with dbt's own words when dbt cannot read the project, and OSError where dbt could not work.
    """
    _prove_locks()
    composed = f"{compose(catalogue, home)} {importlib.metadata.version('dbt-core')}"
    mark = home.dbt_target / "read"
    if home.dbt_manifest.exists() and mark.exists() and mark.read_text(encoding="utf-8") == composed:
        return home.dbt_manifest
    mark.unlink(missing_ok=True)
    done = _invoke(home.dbt, ["parse"])
    if not done.success:
        raise DeclarationError(f"dbt ne peut pas lire {home.dbt} :\n{str(done.exception).strip()}")
    mark.write_text(composed, encoding="utf-8")
    return home.dbt_manifest


def _prove_locks() -> None:
    """Raise OSError, which names the place, where the system cannot make the locks that dbt needs."""
    try:
        multiprocessing.Lock()
    except OSError as error:
        raise OSError(error.errno, error.strerror, LOCKS) from None


def _invoke(project: Path, words: list[str], told: Callable[[str], Any] = lambda _: None) -> Any:
    """A command of dbt: what dbt gives back. Raises what interrupted it."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    def heard(event: Any) -> None:
        if event.info.level != "debug":
            told(event.info.msg)

    theirs = {name: os.environ.pop(name) for name in os.environ.keys() - environment().keys()}
    os.environ.update(QUIET)
    former = {}
    # dbt cancels its queries for Python's own interruption alone
    if threading.current_thread() is threading.main_thread():
        former = {sign: signal.signal(sign, signal.default_int_handler) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        done = dbtRunner(callbacks=[heard]).invoke([*SILENT, *words, *options(project, ENTREPOT)])
    finally:
        os.environ.update(theirs)
        for sign, handler in former.items():
            signal.signal(sign, handler)
        with suppress(Exception):  # it has opened none
            DuckDBConnectionManager.env().close()  # the file, which dbt keeps open for its next command
        DuckDBConnectionManager.close_all_connections()
    if done.exception and not isinstance(done.exception, Exception):  # an interruption
        raise done.exception
    return done


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
        seconds=result.execution_time,
    )


def options(project: Path, target: str) -> list[str]:
    """dbt's own options for one of its targets, in a composed project."""
    return [word for option in _options(project, target).items() for word in option]


def _options(project: Path, target: str) -> dict[str, str]:
    said, place = str(project), project / "target" / ("" if target == ANALYSTE else target)
    return {"--project-dir": said, "--profiles-dir": said, "--target": target, "--target-path": str(place)}


def failed(results: list[NodeResult]) -> list[NodeResult]:
    """The nodes that stop a build."""
    return [result for result in results if result.status in ("fail", "error", "runtime error")]
