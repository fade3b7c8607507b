"""dbt in a process of its own, which imports it and reads the project while deliveries are read and judged.

This only saves time: without such a process, or when it cannot be started, dbt runs in this one.
"""

import gc
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from pipelines.runs.processes import BROKEN, one_process
from pipelines.settings import Home
from pipelines.stages.transform import dbt
from pipelines.stages.transform.dbt import NodeResult

_beside: Executor | None = None


@contextmanager
def dbt_beside() -> Iterator[None]:
    """Have dbt ready in another process for what the block builds."""
    global _beside
    _beside = one_process(import_dbt)
    try:
        yield
    finally:
        _beside.shutdown(wait=False, cancel_futures=True)
        _beside = None


def read_ahead(home: Home) -> None:
    """Have the other process read the project, which ``parse`` has composed."""
    if _beside:
        _beside.submit(dbt.read_ahead, home)


def build_models(
    home: Home,
    nodes: Collection[str] | None = None,
    told: Callable[[dict[str, Any]], None] = lambda _: None,
    *,
    made: Callable[[str], str] | None = None,
) -> list[NodeResult]:
    """``dbt.build_models``, in the other process, or again in this one if it dies; ``told`` hears everything once dbt has
    ended.
    """
    if _beside:
        with suppress(*BROKEN):
            results, events = _beside.submit(_build, home, nodes, made).result()
            for event in events:
                told(event)
            return results
    return dbt.build_models(home, nodes, told, made=made)


# what the other process does -------------------------------------------------


def import_dbt() -> None:
    """Import dbt, and what it would import at its first command."""
    with suppress(Exception):  # the build will meet it again, and report it
        import_module("dbt.cli.main")
        import_module("dbt.adapters.duckdb")


def _build(
    home: Home, nodes: Collection[str] | None, made: Callable[[str], str] | None
) -> tuple[list[NodeResult], list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    results = dbt.build_models(home, nodes, events.append, made=made)
    if dbt.failed(results):
        gc.collect()  # an error holds the file open, in which the process that asked looks for what is to blame
    return results, events
