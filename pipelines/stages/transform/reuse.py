"""Starts the next warehouse as a copy of the last one, in which only what depends on a change is made again.

Before dbt runs, the tables whose ingredients changed are refilled, and the models that may depend on them are *stale*.
While it runs, the materializations of ``dbt_project/macros`` skip a stale model whose recipe is unchanged and whose
inputs came out equal. What was switched off is dropped. A file is trusted only if it is, byte for byte, the one that
the ledger records as the last warehouse: otherwise everything is built.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines import settings
from pipelines.disk import sha256_of
from pipelines.ledger.workspace import Workspace
from pipelines.sql import is_mostly_free, literal, values
from pipelines.stages.transform import construction
from pipelines.stages.transform.construction import write
from pipelines.stages.transform.freeze import Frozen
from pipelines.stages.transform.load import SCHEMAS, clear, fill, load_warehouse
from pipelines.stages.transform.recipes import Node


@dataclass(frozen=True)
class Plan:
    """What is left for dbt: ``models`` and ``tests`` by name (all when ``None``); and what is not, each after what it reads."""

    models: list[str] | None = None
    tests: list[str] = field(default_factory=list)
    standing_models: list[str] = field(default_factory=list)
    standing_tests: frozenset[str] = frozenset()  # as dbt's results name them

    @property
    def is_whole(self) -> bool:
        """True if everything is built."""
        return self.models is None

    @property
    def is_empty(self) -> bool:
        """True when dbt has nothing to do."""
        return self.models == [] and not self.tests

    @property
    def nodes(self) -> list[str] | None:
        """What dbt has to make, by name; everything when None."""
        return None if self.models is None else [*self.models, *self.tests]


def start(work: Workspace, frozen: Frozen, nodes: dict[str, Node], *, whole: bool) -> Plan:
    """Make the next warehouse, filled, and say what is left in it for dbt, whose project has these ``nodes``.

    ``whole``: nothing of the previous one is kept.
    """
    path = work.home.warehouse_next
    clear(path)
    if not whole and is_proved(work):
        shutil.copyfile(work.home.warehouse, path)
        with _written_at_once(path) as db:
            if not is_mostly_free(db):
                plan = _plan(db, nodes, fill(db, work, frozen))
                _remember(db, nodes)
                return plan
    load_warehouse(path, work, frozen)
    with _written_at_once(path) as db:
        _remember(db, nodes)
    return Plan()


@contextmanager
def _written_at_once(path: Path) -> Iterator[Any]:
    """A database file, open for one transaction: each commit would wait for the disk."""
    import duckdb

    with duckdb.connect(str(path), config=settings.engine(path)) as db:
        db.execute("begin")
        yield db
        db.execute("commit")
        db.execute("checkpoint")


def is_proved(work: Workspace, build: str | None = None) -> bool:
    """True when the current warehouse is, byte for byte, the last one built and tested (by ``build`` if given)."""
    last = work.ledger.last_warehouse()
    if last is None or build not in (None, last["build"]) or not work.home.warehouse.exists():
        return False
    return sha256_of(work.home.warehouse) == last["sha256"]


def _plan(db: Any, nodes: dict[str, Node], changed: set[str]) -> Plan:
    recipes = dict(db.execute("from construction.recettes").fetchall())
    moved, models, tests = set(changed), [], []
    standing_models, standing_tests = [], set()
    for node in nodes.values():
        is_new = recipes.get(node.id) != node.recipe
        follows = not moved.isdisjoint(node.reads)
        if node.kind == "model":
            if is_new or follows:
                models.append(node.name)
                moved.add(node.table)
            else:
                standing_models.append(node.name)
        elif is_new or (follows and node.kind == "test"):  # a unit test depends on a recipe, whatever the data
            tests.append(node.name)
        else:
            standing_tests.add(node.answers_as)
    return Plan(models, tests, standing_models, frozenset(standing_tests))


def _remember(db: Any, nodes: dict[str, Node]) -> None:
    """Note the recipes, and who reads what; forget how a model was made under another recipe, and models that no longer exist."""
    models = [node for node in nodes.values() if node.table]
    known = dict(db.execute("from construction.recettes").fetchall())
    kept = {node.table for node in models if known.get(node.id) == node.recipe}
    signatures = [row for row in db.execute("from construction.signatures").fetchall() if row[0] in kept]
    write(db, "signatures", signatures)
    write(db, "recettes", [(node.id, node.recipe) for node in nodes.values()])
    write(db, "lectures", [(node.table, read) for node in models for read in sorted(node.reads)])
    present = {node.table for node in models}
    for name, kind in db.execute(OF_MODELS).fetchall():
        if name not in present:
            db.execute(f"drop {kind} {name}")
            db.execute(f"delete from construction.contenus where nom = {literal(name)}")


OF_MODELS = f"""
    select schema_name || '.' || table_name, 'table' from duckdb_tables()
    where database_name = current_database() and schema_name not in ({values([(schema,) for schema in (*SCHEMAS, construction.SCHEMA)])})
    union all
    select schema_name || '.' || view_name, 'view' from duckdb_views()
    where database_name = current_database() and not internal
"""
