"""One staging model a shape: the rows of every table that has it, whatever the system that delivers it.

A new system enters the union by being declared. The types are the shape's, so that a shape without a system is a view
without rows.
"""

from typing import Any

from pipelines.catalogue.declarations import PROVENANCE, Field
from pipelines.catalogue.registry import Registry

ORIGIN = [("systeme", "VARCHAR", "Système source."), ("nom_table", "VARCHAR", "Table déclarée.")]


def shape_model(shape: str) -> str:
    """The name of the model of a shape."""
    return f"stg_{shape}"


def shape_union(registry: Registry, shape: str) -> str:
    """The SQL of that model."""
    tables = sorted((system.system, table.name) for system, table in registry.tables() if table.shape == shape)
    names = [field.name for field in _kept(registry, shape)] + [name for name, _, _ in PROVENANCE]
    selects = [
        _select(f"'{system}' as systeme", f"'{table}' as nom_table", *names)
        + f"\nfrom {{{{ source('lake', '{system}__{table}') }}}}"
        for system, table in tables
    ]
    return "\nunion all\n".join(selects or [_nothing(registry, shape)]) + "\n"


def shape_docs(registry: Registry, shape: str) -> dict[str, Any]:
    """The entry of that model in a dbt YAML file."""
    declared = registry.shapes[shape]
    fields = [(field.name, field.description or field.title) for field in _kept(registry, shape)]
    columns = [*((name, text) for name, _, text in ORIGIN), *fields, *((name, text) for name, _, text in PROVENANCE)]
    return {
        "name": shape_model(shape),
        "description": f"{declared.title.rstrip('.')}, tous systèmes réunis. {declared.description}",
        "columns": [{"name": name, "description": text} for name, text in columns],
    }


def _kept(registry: Registry, shape: str) -> list[Field]:
    return [field for field in registry.shapes[shape].fields if field.personal != "drop"]


def _nothing(registry: Registry, shape: str) -> str:
    typed = [(field.name, field.sql_type) for field in _kept(registry, shape)]
    columns = [*((name, kind) for name, kind, _ in ORIGIN), *typed, *((name, kind) for name, kind, _ in PROVENANCE)]
    # « string » is the one name of that type that DuckDB and Spark share
    nulls = (f"cast(null as {'string' if kind == 'VARCHAR' else kind.lower()}) as {name}" for name, kind in columns)
    return _select(*nulls) + "\nwhere false"


def _select(*columns: str) -> str:
    return "select\n    " + ",\n    ".join(columns)
