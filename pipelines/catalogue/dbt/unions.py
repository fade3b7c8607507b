"""Unions of what is declared: one staging model per shape, and the controls.

The model of a shape has the rows of every table that has it, whatever the system that delivers it: declaring a new
system is enough for it to enter the union. The types are the shape's, so that a shape without a system is a view
without rows. A control enters its union by being a file of ``models/controles/``.
"""

from collections.abc import Iterable
from typing import Any

from pipelines.catalogue.fields import described, meaning
from pipelines.catalogue.source_grammar import COLUMN, PROVENANCE, Field, Provenance, Table
from pipelines.catalogue.sources import Registry
from pipelines.sql import select, union

CONTROLS = "controles"  # the layer, and the model that unites it
CONTROL_COLUMNS = (
    *("code_regle", "severite", "exercice", "ou", "sujet", "attendu", "recu", "ecart", "effet", "piece", "periode"),
    *("fichier", "feuille", "ligne", "cle", "valeurs"),
)
ORIGIN = [Provenance("systeme", "VARCHAR"), Provenance("nom_table", "VARCHAR")]


def shape_model(shape: str) -> str:
    """The name of the model of a shape."""
    return f"stg_{shape}"


def shape_union(registry: Registry, shape: str) -> str:
    """The SQL of that model."""
    columns = _columns(registry, shape)
    tables = sorted(
        ((system.system, table) for system, table in registry.tables() if shape in table.shapes),
        key=lambda one: (one[0], one[1].name),
    )
    selects = [
        select(
            [f"'{system}' as systeme", f"'{table.name}' as nom_table", *(_of(table, column) for column in columns)],
            f"from {{{{ source('lake', '{system}__{table.name}') }}}}",
        )
        for system, table in tables
    ]
    return union(selects, ((column.name, _type(column)) for column in [*ORIGIN, *columns]))


def shape_docs(registry: Registry, shape: str) -> dict[str, Any]:
    """The entry of that model in a dbt YAML file."""
    declared = registry.shapes[shape]
    entry = {
        "name": shape_model(shape),
        "description": f"{declared.title.rstrip('.')}, tous systèmes réunis. {declared.description}",
        "columns": [
            {"name": column.name, "description": meaning(column)} for column in [*ORIGIN, *_columns(registry, shape)]
        ],
    }
    return described(entry, registry.fields)


def controls_union(models: Iterable[str]) -> str:
    """The SQL of the model ``controles``: the rows of every control."""
    selects = [select(CONTROL_COLUMNS, f"from {{{{ ref('{model}') }}}}") for model in sorted(models)]
    types = {"exercice": "integer", "ecart": "decimal(28, 6)", "ligne": "bigint"}
    return union(selects, ((column, types.get(column, "string")) for column in CONTROL_COLUMNS))


def _columns(registry: Registry, shape: str) -> list[Field | Provenance]:
    """What enters the lake from a table of the shape; a line whose columns become rows is several rows of the union."""
    return [*(field for field in registry.shapes[shape].fields if field.personal != "drop"), *PROVENANCE, COLUMN]


def _of(table: Table, column: Field | Provenance) -> str:
    """How the union takes a column of a table."""
    is_lacking = column is COLUMN and COLUMN not in table.provenance
    return f"cast(null as string) as {column.name}" if is_lacking else column.name


def _type(column: Field | Provenance) -> str:
    # « string » is the one name of that type that DuckDB and Spark share
    return column.sql_type.lower().replace("varchar", "string")
