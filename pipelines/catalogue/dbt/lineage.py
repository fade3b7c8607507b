"""Finds the tables of the lake behind a table of ``rapport``, in the SQL of the models.

From this, the report knows why a table is empty: nothing was received, nothing is followed, or nothing happened.
"""

from collections.abc import Mapping

from pipelines.address import FIGURES
from pipelines.catalogue.dbt.project import meta_of, needs_of
from pipelines.catalogue.figures.grammar import Value, alternatives, values_of
from pipelines.catalogue.overlay import Thing

LAKE = "lake."


def tables_behind(model: str, texts: Mapping[str, str]) -> list[str]:
    """The tables (``system/table``) that a model reads, directly or through other models; ``texts`` is the SQL of each model.

    A table that only arranges figures has none.
    """
    seen, todo, tables = {FIGURES}, [model], set[str]()
    while todo:
        name = todo.pop()
        if name in seen or name not in texts:
            continue
        seen.add(name)
        for need in needs_of(texts[name]):
            if need.is_model:
                todo.append(need.name)
            elif need.name.startswith(LAKE):
                tables.add(need.name.removeprefix(LAKE).replace("__", "/", 1))
    return sorted(tables)


def reads(model: str, wanted: str, texts: Mapping[str, str]) -> bool:
    """True when a model reads the model ``wanted``, directly or through other models."""
    seen, todo = set[str](), [model]
    while todo:
        name = todo.pop()
        if name == wanted:
            return True
        if name in texts and name not in seen:
            todo += [need.name for need in needs_of(texts[name]) if need.is_model]
        seen.add(name)
    return False


def said_sources(entry: Thing) -> list[str] | None:
    """The tables that a model's entry names as the origin of its rows, when its SQL reads more than these.

    ``config: {meta: {sources: [system/table, "*/table"]}}``; None when it names none.
    """
    return meta_of(entry).get("sources")


def said_fields(entry: Thing) -> list[tuple[str, ...]]:
    """The fields that the rows of a model need of its tables, each with its alternatives.

    ``config: {meta: {champs: [type, [horodatage_utc, horodatage_local]]}}``, as in a figure.
    """
    return alternatives(meta_of(entry).get("champs") or [])


def said_values(entry: Thing) -> dict[str, Value]:
    """The fields that have one fixed value in the rows of a model: ``champs: [{nature: Factures}]``, as in a figure."""
    return values_of(meta_of(entry).get("champs") or [])


def said_column_fields(entry: Thing) -> dict[str, list[tuple[str, ...]]]:
    """Column of a model → the fields that it alone needs, declared in its own entry like those of the rows."""
    columns = {
        column["name"]: (column.get("config") or {}).get("meta") or {} for column in entry.data.get("columns") or []
    }
    return {name: alternatives(meta["champs"]) for name, meta in columns.items() if meta.get("champs")}


def said_needs(entry: Thing) -> list[tuple[str, ...]]:
    """The tables or shapes without which a model's rows mean nothing, each with its alternatives.

    ``config: {meta: {exige: ["*/agents", ["*/heures_remunerees", dsn/activites]]}}``, as the ``sources`` of a figure.
    """
    return alternatives(meta_of(entry).get("exige") or [])
