"""Private names of libraries: few, each with a test of what we rely on, against the pinned version.

A new one makes the tests fail until its contract is written; so does a contract for a name that is no longer used.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "pipelines"

# Private in form alone: their documentation names them.
DOCUMENTED = {"_mapping", "_exit", "_Element"}


def _checks_without_result() -> None:
    """All that this module says is of checks that gave no result."""
    import inspect

    from dagster._core.execution.plan import active

    said = inspect.getsource(active)
    assert active.logger.name == "dagster._core.execution.plan.active"
    assert said.count("logger.") == said.count("emitted no result") == 1


def _workspace() -> None:
    import inspect

    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import WorkspaceFileTarget

    taken = inspect.signature(WorkspaceProcessContext).parameters
    assert list(taken)[:2] == ["instance", "workspace_load_target"]
    assert {"version", "read_only"} <= set(taken)
    assert WorkspaceFileTarget(["workspace.yaml"]).paths == ["workspace.yaml"]


def _streamed_result() -> None:
    """A streamed result says whether rows are still to come, and drains them when it is let go."""
    import inspect

    from pymysql.connections import MySQLResult
    from pymysql.cursors import SSCursor

    assert "self._result" in inspect.getsource(SSCursor)
    assert "self.unbuffered_active" in inspect.getsource(MySQLResult._finish_unbuffered_query)
    assert "unbuffered_active" in inspect.getsource(MySQLResult.__del__)


def _footer_element() -> None:
    from docx import Document

    footer = Document().sections[0].footer
    footer.is_linked_to_previous = False
    assert footer._element.tag.endswith("}ftr")
    assert len(footer._element)


def _end_of_python() -> None:
    """Threads are waited for, then what was registered is called: what the interpreter does when it ends."""
    import atexit
    import threading

    assert callable(threading._shutdown)
    assert callable(atexit._run_exitfuncs)


def _resource_tracker() -> None:
    from multiprocessing import resource_tracker

    assert hasattr(resource_tracker._resource_tracker, "_pid")


CONTRACTS: dict[str, Callable[[], None]] = {
    "atexit._run_exitfuncs": _end_of_python,
    "dagster._core.execution.plan.active": _checks_without_result,
    "dagster._core.workspace.context.WorkspaceProcessContext": _workspace,
    "dagster._core.workspace.load_target.WorkspaceFileTarget": _workspace,
    "part._element": _footer_element,
    "resource_tracker._resource_tracker": _resource_tracker,
    "result.cursor._result": _streamed_result,
    "threading._shutdown": _end_of_python,
}


def _private_names(tree: ast.AST) -> Iterator[str]:
    """What a module takes of others that begins with an underscore: imported, asked of an object, or named in a text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith("pipelines"):
            yield from (f"{node.module}.{one.name}" for one in node.names)
        elif isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.Attribute) and ast.unparse(node.value) not in ("self", "cls"):
            if node.attr.startswith("_") and not node.attr.startswith("__"):
                yield ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if re.fullmatch(r"[a-z]\w*(\.\w+)+", node.value):
                yield node.value
    yield from _inherited(tree)


def _inherited(tree: ast.AST) -> Iterator[str]:
    """What a class takes of a base that is not ours: each ``self._name`` that nothing in it gives."""
    imported = {
        one.asname or one.name: f"{node.module}.{one.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("pipelines")
        for one in node.names
    }
    for kind in (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)):
        asked = [node for node in ast.walk(kind) if isinstance(node, ast.Attribute)]
        own = {node.name for node in kind.body if isinstance(node, ast.FunctionDef)}
        own |= {node.attr for node in asked if isinstance(node.ctx, ast.Store)}
        for base in (imported[one.id] for one in kind.bases if isinstance(one, ast.Name) and one.id in imported):
            yield from {
                f"{base}.{node.attr}"
                for node in asked
                if ast.unparse(node.value) in ("self", "cls") and node.attr.startswith("_") and node.attr not in own
            }


def _is_private(name: str) -> bool:
    hidden = [part for part in name.split(".") if part.startswith("_") and not part.startswith("__")]
    return bool(hidden) and not set(hidden) & DOCUMENTED and not name.startswith("_csv.")


def test_each_private_name_has_a_contract_and_no_contract_is_left_over():
    used = {
        name
        for file in PACKAGE.rglob("*.py")
        for name in _private_names(ast.parse(file.read_text(encoding="utf-8")))
        if _is_private(name)
    }
    assert sorted(CONTRACTS) == sorted(used)


@pytest.mark.parametrize("contract", sorted(set(CONTRACTS.values()), key=lambda one: one.__name__))
def test_the_pinned_version_keeps_it(contract: Callable[[], None]):
    contract()


def test_what_a_build_in_this_process_asks_of_dbt_and_of_its_integration_is_there():
    """None of it bears an underscore, and none of it is documented."""
    import inspect

    import dbt.constants
    import dbt.events.types
    from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest
    from dbt_common.events.functions import msg_to_dict

    from pipelines.defs.transform import RESULTS
    from pipelines.stages.transform.dbt import READ

    assert dbt.constants.PARTIAL_PARSE_FILE_NAME == READ
    assert inspect.ismethod(Manifest.from_msgpack) and inspect.ismethod(DuckDBConnectionManager.close_all_connections)
    assert [*inspect.signature(dbtRunner).parameters] == ["manifest", "callbacks"]
    assert [*inspect.signature(msg_to_dict).parameters] == ["msg"]
    assert [*inspect.signature(DbtCoreCliEventMessage).parameters] == ["raw_event", "event_history_metadata"]
    asked = [*inspect.signature(DbtCoreCliEventMessage.to_default_asset_events).parameters]
    assert asked[1:4] == ["manifest", "dagster_dbt_translator", "context"]
    assert set(RESULTS) <= vars(dbt.events.types).keys()


def test_what_leaves_dbt_s_details_unsaid_is_there():
    """In another process: here, they may already be unsaid."""
    program = """if True:
        import inspect
        from dbt.adapters.events.types import SQLQuery
        from dbt.events.types import LogStartLine, NodeStart
        from dbt_common.events.base_types import BaseEvent, DebugLevel
        from dbt_common.events.event_manager import EventManager

        assert issubclass(SQLQuery, DebugLevel) and issubclass(NodeStart, DebugLevel)
        assert not issubclass(LogStartLine, DebugLevel)
        assert not {"__init__", "pb_msg"} & {name for kind in (DebugLevel, SQLQuery, NodeStart) for name in vars(kind)}
        assert "self.pb_msg = " in inspect.getsource(BaseEvent.__init__)
        asked = [*inspect.signature(EventManager.fire_event).parameters]
        assert asked == ["self", "e", "level", "node", "force_warn_or_error_handling"]
    """
    subprocess.run([sys.executable, "-c", program], check=True)


CALLED = {  # macro of dbt or of its adapter → the arguments that our materializations give it
    "assert_columns_equivalent": ["sql"],
    "create_table_as": ["temporary", "relation", "compiled_code"],
    "create_view_as": ["relation", "sql"],
    "duckdb_escape_comment": ["comment"],
    "get_column_schema_from_query": ["select_sql", "select_sql_header"],
    "get_test_sql": ["main_sql", "fail_calc", "warn_if", "error_if", "limit"],
    "load_cached_relation": ["relation"],
    "noop_statement": ["name", "message"],
    "run_query": ["sql"],
    "statement": ["name", "fetch_result", "auto_begin"],
}


def test_dbt_keeps_the_macros_that_our_materializations_call():
    """The last of a name is the adapter's, which overrules dbt's own."""
    import dbt.include.duckdb
    import dbt.include.global_project

    packages = [Path(module.__path__[0]) for module in (dbt.include.global_project, dbt.include.duckdb)]
    known = {
        name: [one.split("=")[0].strip() for one in taken.split(",")]
        for package in packages
        for file in sorted(package.rglob("*.sql"))
        for name, taken in re.findall(r"macro (\w+)\((.*?)\)\s*-?%", file.read_text(encoding="utf-8"))
    }
    ours = (PACKAGE.parent / "dbt_project/macros/materializations.sql").read_text(encoding="utf-8")
    code = re.sub(r"\{#.*?#\}", "", ours, flags=re.DOTALL)
    called = set(re.findall(r"(?<![\w.])(\w+)\(", code)) & known.keys()
    assert called == CALLED.keys()
    assert {name: known[name][: len(arguments)] for name, arguments in CALLED.items()} == CALLED
