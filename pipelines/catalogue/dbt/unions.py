"""One staging model a shape: the rows of every table that has it, whatever the system that delivers it.

A new system enters the union by being declared. The types are the shape's, so that a shape without a system is a view
without rows.
"""

from typing import Any

from pipelines.catalogue.declarations import PROVENANCE, Field, Provenance
from pipelines.catalogue.fields import described
from pipelines.catalogue.registry import Registry

ORIGIN = [Provenance("systeme", "VARCHAR"), Provenance("nom_table", "VARCHAR")]


def shape_model(shape: str) -> str:
    """The name of the model of a shape."""
    return f"stg_{shape}"


def shape_union(registry: Registry, shape: str) -> str:
    """The SQL of that model."""
    columns = _columns(registry, shape)
    tables = sorted((system.system, table.name) for system, table in registry.tables() if shape in table.shapes)
    selects = [
        _select(f"'{system}' as systeme", f"'{table}' as nom_table", *(column.name for column in columns))
        + f"\nfrom {{{{ source('lake', '{system}__{table}') }}}}"
        for system, table in tables
    ]
    return "\nunion all\n".join(selects or [_nothing([*ORIGIN, *columns])]) + "\n"


def shape_docs(registry: Registry, shape: str) -> dict[str, Any]:
    """The entry of that model in a dbt YAML file."""
    declared = registry.shapes[shape]
    entry = {
        "name": shape_model(shape),
        "description": f"{declared.title.rstrip('.')}, tous systèmes réunis. {declared.description}",
        "columns": [
            {"name": column.name, "description": getattr(column, "description", None)}
            for column in [*ORIGIN, *_columns(registry, shape)]
        ],
    }
    return described(entry, registry.fields)


def _columns(registry: Registry, shape: str) -> list[Field | Provenance]:
    """What enters the lake of a table of the shape."""
    return [*(field for field in registry.shapes[shape].fields if field.personal != "drop"), *PROVENANCE]


def _nothing(columns: list[Field | Provenance]) -> str:
    # « string » is the one name of that type that DuckDB and Spark share
    types = ((column.name, column.sql_type.lower().replace("varchar", "string")) for column in columns)
    return _select(*(f"cast(null as {kind}) as {name}" for name, kind in types)) + "\nwhere false"


def _select(*columns: str) -> str:
    return "select\n    " + ",\n    ".join(columns)
