"""dbt in a process of its own, which imports it and reads the project while deliveries are read and judged.

This only saves time: without such a process, or when it cannot be started, dbt runs in this one.
"""

import gc
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from multiprocessing.connection import Connection
from typing import Any

from pipelines.catalogue.load import Catalogue
from pipelines.runs.processes import BROKEN, CONTEXT, one_process
from pipelines.settings import Home
from pipelines.stages.transform import dbt
from pipelines.stages.transform.dbt import NodeResult

LOOKS_EVERY = 0.2  # seconds between looks whether the process is still alive
Event = dict[str, Any]  # what dbt says

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


def parse(catalogue: Catalogue, home: Home) -> None:
    """``dbt.parse``, by the other process, which is ready for a build then."""
    dbt.parse(catalogue, home, _read)
    if _beside:
        _beside.submit(dbt.read_ahead, home)


def _read(home: Home) -> bool:
    try:
        return bool(_beside and _beside.submit(dbt.read_whole, home).result())
    except BROKEN:
        if _beside is None:  # the command is being interrupted, and begins nothing new
            raise
        return False


def build_models(
    home: Home,
    nodes: Collection[str] | None,
    done: Callable[[list[NodeResult]], Any],
    *,
    made: Callable[[str], str] | None = None,
) -> Iterator[Event]:
    """``dbt.build_models`` in the other process: each thing dbt says, while it builds; at the end, ``done`` is given what became of
    each node. If that process dies, dbt builds again in this one, and what it says comes once it has ended.
    """
    heard: set[tuple[str | None, ...]] = set()
    if _beside:
        with suppress(*BROKEN):
            told, tell = CONTEXT.Pipe(duplex=False)
            with told, tell:
                built = _beside.submit(_build, home, nodes, made, tell)
                for event in _said(told, tell, built):
                    heard.add(_topic(event))
                    yield event
                done(built.result())
            return
    events: list[Event] = []
    done(dbt.build_models(home, nodes, events.append, made=made))
    yield from (event for event in events if _topic(event) not in heard)


def _said(told: Connection, tell: Connection, built: Future[Any]) -> Iterator[Event]:
    """What comes from the process, until it says that this was all, or closes the pipe: ``built`` then knows why."""
    while not built.done() or told.poll():
        if told.poll(LOOKS_EVERY):
            try:
                event = told.recv()
            except EOFError:
                return
            tell.close()  # only the process, which has it by now, keeps the pipe open
            if event is None:
                return
            yield event


def _topic(event: Event) -> tuple[str | None, ...]:
    """The kind of an event, the node that it is about, and what became of it."""
    data = event["data"]
    return event["info"]["name"], data.get("node_info", {}).get("unique_id"), data.get("status")


# what the other process does -------------------------------------------------


def import_dbt() -> None:
    """Import dbt, and what it would import at its first command."""
    with suppress(Exception):  # the build will meet it again, and report it
        import_module("dbt.cli.main")
        import_module("dbt.adapters.duckdb")


def _build(
    home: Home, nodes: Collection[str] | None, made: Callable[[str], str] | None, tell: Connection
) -> list[NodeResult]:
    with ThreadPoolExecutor(1) as teller:  # dbt's own threads do not wait until somebody listens
        results = dbt.build_models(home, nodes, lambda event: teller.submit(tell.send, event), made=made)
        teller.submit(tell.send, None)
    if dbt.failed(results):
        gc.collect()  # an error holds the file open, in which the process that asked looks for what is to blame
    return results
