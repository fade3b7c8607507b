"""What determines a node of the dbt project, read from dbt's manifest: two nodes with one recipe turn the same inputs into the same result.

A recipe is a hash of the node's SQL, of the macros it calls (and theirs), of its configuration, of the description of
its columns, and of what is common to all: materializations, naming, versions. What a node reads is not in it.
"""

import functools
import importlib.metadata
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.catalogue.fingerprint import fingerprint

# What dbt writes about a node that determines its result; what a run adds (its compiled SQL, dates, paths) does not.
DECIDES = (
    *("raw_code", "language", "schema", "alias", "config", "description", "columns", "contract", "constraints"),
    *("column_name", "test_metadata", "model", "given", "expect", "overrides"),
)
MADE = ("model", "test", "unit_test")
EVERYWHERE = ("materialization_", "generate_")  # macros that dbt calls by itself, for every node


@dataclass(frozen=True)
class Node:
    """A model or a test: its name in dbt, its recipe, the tables it reads and, for a model stored in the warehouse, its own table.

    Tables are ``<schema>.<table>``. Ephemeral models are part of the recipe of those that read them.
    """

    id: str
    name: str
    kind: str  # model | test | unit_test
    recipe: str
    reads: frozenset[str]
    table: str | None

    @property
    def answers_as(self) -> str:
        """The name under which dbt reports its result."""
        return self.id.split(".", 2)[2]


def nodes_of(manifest: Path) -> dict[str, Node]:
    """Unique id → node, from what dbt last read, each after those that it reads."""
    return _Reading(json.loads(manifest.read_text(encoding="utf-8"))).nodes()


class _Reading:
    def __init__(self, manifest: dict[str, Any]):
        self.manifest = manifest
        self.all = {**manifest["nodes"], **manifest["unit_tests"]}
        self.macros = manifest["macros"]
        self.project = manifest["metadata"]["project_name"]
        files = {
            macro["original_file_path"]
            for macro in self.macros.values()
            if macro["package_name"] == self.project and macro["name"].startswith(EVERYWHERE)
        }
        common = [
            m for m in self.macros.values() if m["package_name"] == self.project and m["original_file_path"] in files
        ]
        self.common = [
            sorted(macro["macro_sql"] for macro in common),
            [importlib.metadata.version(name) for name in ("dbt-core", "dbt-adapters", "dbt-duckdb", "duckdb")],
        ]

    def nodes(self) -> dict[str, Node]:
        made = {key: node for key, node in self.all.items() if node["resource_type"] in MADE}
        return {
            key: self._node(key)
            for key in sorted(made, key=lambda key: (self._depth(key), key))
            if not _is_ephemeral(made[key])
        }

    def _node(self, key: str) -> Node:
        node = self.all[key]
        is_model = node["resource_type"] == "model"
        return Node(
            key,
            node["name"],
            node["resource_type"],
            fingerprint([self._text(key), *self.common]),
            frozenset(self._reads(key)),
            _table(node) if is_model else None,
        )

    @functools.cache  # noqa: B019 the reading of one manifest is short-lived
    def _depth(self, key: str) -> int:
        return 1 + max((self._depth(parent) for parent in self._parents(key) if parent in self.all), default=0)

    def _parents(self, key: str) -> list[str]:
        return self.all[key]["depends_on"]["nodes"]

    def _reads(self, key: str) -> set[str]:
        found: set[str] = set()
        for parent in self._parents(key):
            if parent in self.manifest["sources"]:
                found.add(_table(self.manifest["sources"][parent]))
            elif _is_ephemeral(self.all[parent]):
                found |= self._reads(parent)
            else:
                found.add(_table(self.all[parent]))
        return found

    @functools.cache  # noqa: B019
    def _text(self, key: str) -> str:
        node = self.all[key]
        inside = [
            self._text(parent)
            for parent in self._parents(key)
            if parent in self.all and _is_ephemeral(self.all[parent])
        ]
        called = self._macros(frozenset(node["depends_on"].get("macros", ())))
        return fingerprint([{name: node.get(name) for name in DECIDES}, called, inside])

    def _macros(self, called: frozenset[str]) -> list[str]:
        found: set[str] = set()
        waiting = list(called)
        while waiting:
            name = waiting.pop()
            if name not in found and self.macros[name]["package_name"] == self.project:  # dbt's own have a version
                found.add(name)
                waiting += self.macros[name]["depends_on"]["macros"]
        return [self.macros[name]["macro_sql"] for name in sorted(found)]


def _is_ephemeral(node: dict[str, Any]) -> bool:
    return node["config"].get("materialized") == "ephemeral"


def _table(node: dict[str, Any]) -> str:
    return f"{node['schema']}.{node.get('alias') or node['identifier']}"
