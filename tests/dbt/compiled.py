"""The SQL that dbt compiled, run again without dbt: the models and tests that a place rests on, over other rows.

What dbt compiles depends on declarations alone; it takes ten seconds to begin, and these statements one.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.dbt.project import COMPOSED

Node = dict[str, Any]


@dataclass(frozen=True)
class Result:
    """What became of a node: dbt's own word for it and, for a test, how many rows it flags; an error's first line."""

    node: Node
    status: str  # success | pass | warn | fail | error
    failures: int | None = None
    message: str | None = None

    @property
    def name(self) -> str:
        """What the project calls the node."""
        return self.node["name"]


class Compiled:
    """A project as dbt read it (``manifest``) and compiled it, in a build (``target``)."""

    def __init__(self, manifest: Path, target: Path):
        self._manifest, self._target = json.loads(manifest.read_text(encoding="utf-8")), target
        nodes = {name: n for name, n in self._manifest["nodes"].items() if n["resource_type"] in ("model", "test")}
        order = TopologicalSorter({name: set(node["depends_on"]["nodes"]) for name, node in nodes.items()})
        known = [nodes[name] for name in order.static_order() if name in nodes]
        models = [
            n for n in known if n["resource_type"] == "model" and n["config"]["materialized"] in ("table", "view")
        ]
        tests = [node for node in known if node["resource_type"] == "test"]
        self._nodes, self._tests = [*models, *tests], {node["unique_id"] for node in tests}

    def run(self, db: duckdb.DuckDBPyConnection, *asked: str, warnings: bool = True) -> Iterator[Result]:
        """Make what is ``asked`` (names of models and tests, folders of ``models``) and what it reads, then test it; all when nothing is.

        A model that fails ends it. ``warnings``: also the tests that stop no build.
        """
        chosen = self._with_ancestors(asked) if asked else None
        for node in self._nodes:
            if chosen is not None and not {node["unique_id"]} | {*node["depends_on"]["nodes"]} <= chosen | self._tests:
                continue
            if node["resource_type"] == "model":
                yield (result := self._made(db, node))
                if result.status == "error":
                    return
            elif warnings or node["config"]["severity"].lower() == "error":
                yield self._tested(db, node)

    def _with_ancestors(self, asked: tuple[str, ...]) -> set[str]:
        """The nodes, and all that they read, sources included."""
        every = self._manifest["nodes"]
        folders = tuple(f"{models}/{one}/" for one in asked for models in ("models", COMPOSED))
        left = [
            n for n, node in every.items() if node["name"] in asked or node["original_file_path"].startswith(folders)
        ]
        found: set[str] = set()
        while left:
            name = left.pop()
            if name not in found:
                found.add(name)
                left += every[name]["depends_on"]["nodes"] if name in every else []
        return found

    def _made(self, db: duckdb.DuckDBPyConnection, node: Node) -> Result:
        try:
            db.execute(f'create schema if not exists "{node["schema"]}"')
            kind = node["config"]["materialized"]
            db.execute(f'create {kind} "{node["schema"]}"."{node["alias"]}" as {self._sql(node)}')
        except duckdb.Error as error:
            return Result(node, "error", message=_first_line(error))
        return Result(node, "success")

    def _tested(self, db: duckdb.DuckDBPyConnection, node: Node) -> Result:
        try:
            ((flagged,),) = db.execute(f"select count(*) from ({self._sql(node)})").fetchall()
        except duckdb.Error as error:
            return Result(node, "error", message=_first_line(error))
        wrong = "fail" if node["config"]["severity"].lower() == "error" else "warn"
        return Result(node, wrong if flagged else "pass", flagged)

    def _sql(self, node: Node) -> str:
        path, file = Path(node["path"]), Path(node["original_file_path"])
        place = file if path.name == file.name else file / path
        compiled = self._target / "compiled" / node["package_name"] / place
        return compiled.read_text(encoding="utf-8").strip().removesuffix(";")


def _first_line(error: duckdb.Error) -> str:
    return f"{type(error).__name__} {str(error).splitlines()[0]}"
