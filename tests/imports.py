"""Reads from the code which module imports which in ``pipelines``, for the architecture tests and page."""

import ast
import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

from pipelines.settings import PROJECT_ROOT

PIPELINES = PROJECT_ROOT / "pipelines"
ROOMS = ("cli", "defs", "runs", "stages", "evidence", "ledger", "catalogue")
STAGES = ("extract", "ingest", "validate", "accept", "transform", "publish", "report")  # in the order of the flow
GROUND = "ground"  # the modules of no room: settings, and what needs nothing else


def modules(folder: Path = PIPELINES) -> list[Path]:
    """Every module of a folder."""
    return sorted(folder.rglob("*.py"))


@functools.cache
def tree(path: Path) -> ast.Module:
    """The parsed module."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: Path) -> str:
    """``pipelines.runs.collect``."""
    return ".".join(path.relative_to(PROJECT_ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path, nodes: Iterable[ast.AST] | None = None) -> Iterator[str]:
    """Absolute names of what a module imports, inside functions too."""
    for node in nodes or ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@functools.cache
def graph() -> dict[str, frozenset[str]]:
    """Module → the modules of the project that it imports."""
    names = {name_of(path): path for path in modules()}

    def module_of(imported: str) -> str:
        return imported if imported in names else imported.rpartition(".")[0]

    return {
        name: frozenset(module_of(one) for one in imports(path) if one.startswith("pipelines."))
        for name, path in names.items()
    }


def room(module: str) -> str:
    """The room that a module is in; the package itself is in none."""
    part = module.split(".")[1] if "." in module else ""
    return "defs" if part == "definitions" else part if part in ROOMS else GROUND


def stage(module: str) -> str | None:
    """The stage that a module is part of."""
    parts = module.split(".")
    return parts[2] if parts[1:2] == ["stages"] and len(parts) > 2 else None
