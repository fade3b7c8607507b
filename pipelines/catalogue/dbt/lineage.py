"""Finds the tables of the lake behind a table of ``rapport``, in the SQL of the models.

From this, the report knows why a table is empty: nothing was received, nothing is followed, or nothing happened.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from pipelines.address import FIGURES
from pipelines.catalogue.dbt.project import Need, meta_of, needs_of
from pipelines.catalogue.figures.grammar import Value, alternatives, values_of
from pipelines.catalogue.overlay import Thing

LAKE = "lake."


def tables_behind(model: str, texts: Mapping[str, str]) -> list[str]:
    """The tables (``system/table``) that a model reads, directly or through other models; ``texts`` is the SQL of each model.

    A table that only arranges figures has none.
    """
    read = {need.name for need in _needs_behind(model, texts, [FIGURES]) if not need.is_model}
    return sorted(name.removeprefix(LAKE).replace("__", "/", 1) for name in read if name.startswith(LAKE))


def reads(model: str, wanted: str, texts: Mapping[str, str]) -> bool:
    """True when a model reads the model ``wanted``, directly or through other models."""
    return any(need.is_model and need.name == wanted for need in _needs_behind(model, texts))


def _needs_behind(model: str, texts: Mapping[str, str], without: Collection[str] = ()) -> Iterator[Need]:
    seen, todo = {*without}, [model]
    while todo:
        name = todo.pop()
        if name not in seen and name in texts:
            seen.add(name)
            for need in needs_of(texts[name]):
                yield need
                if need.is_model:
                    todo.append(need.name)


class Origins(NamedTuple):
    """What a model's entry says of its rows (``config: {meta: …}``), in the terms of a figure.

    - ``sources``: the tables that they come from, when its SQL reads more (``[system/table, "*/table"]``); empty: all.
    - ``fields``: those that they need of these tables, each with its alternatives (``champs: [type, [jour, heure]]``).
    - ``values``: the fields with one fixed value in them (``champs: [{nature: Factures}]``).
    - ``columns``: column of the model → the fields that it alone needs.
    - ``needs``: the tables or shapes without which they mean nothing, each with its alternatives (``exige: ["*/agents"]``).
    """

    sources: list[str]
    fields: list[tuple[str, ...]]
    values: dict[str, Value]
    columns: dict[str, list[tuple[str, ...]]]
    needs: list[tuple[str, ...]]


def origins(entry: Thing) -> Origins:
    """What is said in the entry of a model."""
    meta = meta_of(entry)
    fields = meta.get("champs") or []
    columns = {one["name"]: (one.get("config") or {}).get("meta") or {} for one in entry.data.get("columns") or []}
    return Origins(
        meta.get("sources") or [],
        alternatives(fields),
        values_of(fields),
        {name: alternatives(own["champs"]) for name, own in columns.items() if own.get("champs")},
        alternatives(meta.get("exige") or []),
    )
