"""No private name of a library stands in the engine: it may be gone at the next upgrade, without a word."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from pipelines import settings

OURS = {"pipelines", "demo"}
DOCUMENTED = {"_Element"}  # lxml's reference gives its type under this name
# file → the private name or the patch, and why there is no other way
EXCEPTIONS = {
    (
        "defs/web.py",
        "dagster._core.workspace.context",
    ): "Dagster's documented web application is made from nothing else",
    ("defs/web.py", "dagster._core.workspace.load_target"): "and its argument says where the code is",
    ("stages/transform/spark_session.py", "SparkCredentials.__post_init__"): (
        "dbt-spark turns ANSI off before each statement, whatever its profile says: an invalid cast would be NULL, in silence"
    ),
}


def is_private(name: str) -> bool:
    return any(part.startswith("_") and not part.endswith("__") for part in {*name.split(".")} - DOCUMENTED)


def is_of_a_library(module: str) -> bool:
    return module.partition(".")[0] not in OURS | sys.stdlib_module_names


def names_of_libraries(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(what it is called here, its whole name) of everything that is imported from elsewhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((one.asname or one.name, one.name) for one in node.names if is_of_a_library(one.name))
        elif isinstance(node, ast.ImportFrom) and node.module and is_of_a_library(node.module):
            yield from ((one.asname or one.name, f"{node.module}.{one.name}") for one in node.names)


def found_in(path: Path) -> Iterator[str]:
    """The private names that are imported or read, and the attributes of a library that are replaced."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = dict(names_of_libraries(tree))
    yield from (name.rpartition(".")[0] for name in imported.values() if is_private(name))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            base = ast.unparse(node.value)
            if base in imported and (is_private(node.attr) or isinstance(node.ctx, ast.Store)):
                yield f"{base}.{node.attr}"


def test_no_private_name_of_a_library_but_three():
    found = {
        (path.relative_to(settings.PACKAGE).as_posix(), name)
        for path in sorted(settings.PACKAGE.rglob("*.py"))
        for name in found_in(path)
    }
    assert found == EXCEPTIONS.keys()
