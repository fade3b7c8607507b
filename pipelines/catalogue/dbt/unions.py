"""Unions of what is declared: one staging model per shape, and the controls.

The model of a shape has the rows of every table that has it, whatever the system that delivers it: declaring a new
system is enough for it to enter the union. The types are the shape's, so that a shape without a system is a view
without rows. A control enters its union by being a file of ``models/controles/``.
"""

from collections.abc import Iterable
from typing import Any

from pipelines.catalogue.dbt.lines import SQL
from pipelines.catalogue.fields import described, meaning
from pipelines.catalogue.source_grammar import COLUMN, PROVENANCE, Field, Provenance
from pipelines.catalogue.sources import Registry
from pipelines.catalogue.templates import filled
from pipelines.sql import indented, select, union

CONTROLS = "controles"  # the layer, and the model that unites it
INPUT_CONTROLS = "controles__entrees"  # those of them that are about inputs: figures follow from these
CONTROL_COLUMNS = {
    **dict.fromkeys(("code_regle", "severite"), "string"),
    "exercice": "integer",
    **dict.fromkeys(("ou", "sujet", "attendu", "recu"), "string"),
    "ecart": "decimal(28, 6)",
    **dict.fromkeys(("effet", "source", "piece", "axes"), "string"),
    "nb_perdues": "bigint",
    "montant_perdu_eur": "decimal(20, 2)",
    **dict.fromkeys(("periode", "fichier", "feuille"), "string"),
    "ligne": "bigint",
    **dict.fromkeys(("cle", "valeurs"), "string"),
}
PLACE = ("code_regle", "exercice", "ou", "fichier", "feuille", "ligne", "cle")  # what identifies a finding
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
    selects = []
    for system, table in tables:
        given = [f"'{system}' as systeme", f"'{table.name}' as nom_table"]
        for column in columns:
            is_lacking = column is COLUMN and COLUMN not in table.provenance
            given.append(f"cast(null as string) as {column.name}" if is_lacking else column.name)
        selects.append(select(given, f"from {{{{ source('lake', '{system}__{table.name}') }}}}"))
    # « string » is the one name of that type that DuckDB and Spark share
    typed = [(column.name, column.sql_type.lower().replace("varchar", "string")) for column in [*ORIGIN, *columns]]
    return union(selects, typed)


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


def input_controls(models: Iterable[str]) -> str:
    """The SQL of ``controles__entrees``: the rows of the controls ``models``, and what tells one from the other.

    Two findings at one place are numbered; ``empreinte`` changes with anything that a finding says, so that what was
    decided of it is decided again.
    """
    rows = [select(CONTROL_COLUMNS, f"from {{{{ ref('{model}') }}}}") for model in sorted(models)]
    said = [f"coalesce(cast({name} as string), '')" for name in CONTROL_COLUMNS if name != "effet"]
    return filled(
        SQL / "controles_entrees.sql.j2",
        rows=indented([union(rows, CONTROL_COLUMNS.items()).rstrip()]),
        columns=indented(name for name in CONTROL_COLUMNS if name not in ("cle", "valeurs")),
        place=", ".join(PLACE),
        order=", ".join(f"{name} nulls last" for name in ("sujet", "attendu", "recu", "ecart", "valeurs")),
        said=indented([indented([indented(said)])]),
    )


def controls_union(models: Iterable[str]) -> str:
    """The SQL of the model ``controles``: the rows of every control; ``models`` are those that are about figures."""
    columns = [*CONTROL_COLUMNS, "empreinte"]
    of_inputs = select(columns, f"from {{{{ ref('{INPUT_CONTROLS}') }}}}")
    stated = ["'rien' as effet" if name == "effet" else name for name in CONTROL_COLUMNS]  # figures stand already
    of_figures = [
        select([*stated, "cast(null as string) as empreinte"], f"from {{{{ ref('{model}') }}}}")
        for model in sorted(models)
    ]
    return union([of_inputs, *of_figures])


def _columns(registry: Registry, shape: str) -> list[Field | Provenance]:
    """What enters the lake from a table of the shape; a line whose columns become rows is several rows of the union."""
    return [*(field for field in registry.shapes[shape].fields if field.personal != "drop"), *PROVENANCE, COLUMN]
