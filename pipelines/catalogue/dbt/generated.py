"""The dbt files that follow from declarations: sources, unions of a shape, figures, exposures.

What belongs here: text that a person would copy out of the catalogue. What does not: any rule of the warehouse, which stands
in hand-written models and macros.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from pipelines.catalogue.chapters.load import exposures
from pipelines.catalogue.declarations import System, Table
from pipelines.catalogue.figures.compile import figure_entries, figure_models
from pipelines.catalogue.lines import flagged_lines_sql
from pipelines.catalogue.registry import Registry

if TYPE_CHECKING:
    from pipelines.catalogue.load import Catalogue

ACCOUNTS_SHAPE = "comptes"

# The columns that ingest adds to every accepted row.
PROVENANCE = [
    ("exercice", "INTEGER", "Exercice de la livraison."),
    ("_livraison", "VARCHAR", "Identifiant de la livraison acceptée."),
    ("_fichier", "VARCHAR", "Fichier d’origine."),
    ("_ligne", "BIGINT", "Ligne dans le fichier d’origine."),
]


def generated(catalogue: "Catalogue") -> dict[str, str]:
    """Path in the project → text. Raises DeclarationError on a mistake."""
    return {
        **{f"models/staging/{name}/_{name}__sources.yml": text for name, text in lake_sources(catalogue.registry)},
        **_generated_models(catalogue),
        "models/calculs/_chiffres__models.yml": yaml_text({"version": 2, "models": figure_entries(catalogue.figures)}),
        "models/rapport/_exposures.yml": yaml_text(
            {"version": 2, "exposures": exposures(catalogue.chapters, catalogue.summary)}
        ),
    }


def generated_layers(catalogue: "Catalogue") -> dict[str, str]:
    """The models that follow from declarations, each with its layer."""
    return {Path(path).stem: Path(path).parts[1] for path in _generated_models(catalogue)}


def _generated_models(catalogue: "Catalogue") -> dict[str, str]:
    return {
        "models/intermediate/applications/int_applications__comptes_reunis.sql": accounts_union(catalogue.registry),
        "models/marts/applications/fct_lignes_signalees.sql": flagged_lines_sql(catalogue.lines_declared),
        **{f"models/calculs/{name}.sql": sql for name, sql in figure_models(catalogue.figures).items()},
    }


def lake_sources(registry: Registry) -> Iterable[tuple[str, str]]:
    """System → its part of the dbt source ``lake``: every declared table, with its columns, types and descriptions.

    One file a system: dbt reads again only the file that changed.
    """
    for system in registry.systems.values():
        tables = [table for export in system.exports for table in export.tables]
        source = {
            "name": "lake",
            "schema": "lake",
            "tables": [_source_table(system, table) for table in sorted(tables, key=lambda table: table.name)],
        }
        yield system.system, yaml_text({"version": 2, "sources": [source]})


def _source_table(system: System, table: Table) -> dict[str, Any]:
    columns = [(field.name, field.sql_type, field.description or field.title) for field in table.kept_fields]
    return {
        "name": f"{system.system}__{table.name}",
        "description": _sentence(table.title, table.description),
        # the same asset as the one that collects it: one lineage graph
        "config": {"meta": {"dagster": {"asset_key": [system.system, table.name]}}},
        "columns": [
            {"name": name, "data_type": data_type, "description": description}
            for name, data_type, description in [*columns, *PROVENANCE]
        ],
    }


def accounts_union(registry: Registry) -> str:
    """The union of every staging model of user accounts: a new application enters it by being declared."""
    tables = sorted((s.system, t.name) for s, t in registry.tables() if t.shape == ACCOUNTS_SHAPE)
    fields = [field.name for field in registry.shapes[ACCOUNTS_SHAPE].fields if field.personal != "drop"]
    columns = ",\n".join(f"    {name}" for name in ["code_application", *fields, *(name for name, _, _ in PROVENANCE)])
    selects = [f"select\n{columns}\nfrom {{{{ ref('stg_{system}__{table}') }}}}" for system, table in tables]
    return "{{ config(materialized='view') }}\n\n" + "\nunion all\n".join(selects) + "\n"


def _sentence(*parts: str | None) -> str:
    """Titles and descriptions as one text, each ended by a full stop."""
    return " ".join(part.strip().rstrip(".") + "." for part in parts if part)


def yaml_text(data: dict[str, Any]) -> str:
    """A YAML file of the composed project."""
    return yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=110)
