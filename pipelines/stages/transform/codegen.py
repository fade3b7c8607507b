"""Writes the dbt files that follow from declarations: ``sources:``, unions by convention, figures, exposures.

What belongs here: text that a person would copy out of the registry, of ``catalogue/figures`` or ``chapters``. What does
not: any rule of the warehouse, which stands in hand-written models and macros. The files are committed;
``stale()`` tells which ones no longer say what the declarations say, and a test keeps that list empty.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from pipelines import settings
from pipelines.catalogue.chapters.load import exposures
from pipelines.catalogue.figures.compile import chiffres_sql
from pipelines.catalogue.figures.load import load_figures
from pipelines.catalogue.declarations import System, Table
from pipelines.catalogue.registry import Registry, load_registry

ACCOUNTS_SHAPE = "comptes"
MODELS = settings.DBT_PROJECT_DIR / "models"
LAKE_SOURCES = MODELS / "staging" / "_lake__sources.yml"
ACCOUNTS_DOCS = MODELS / "staging" / "_comptes__models.yml"
ACCOUNTS_UNION = MODELS / "intermediate" / "applications" / "int_applications__comptes_reunis.sql"
CHIFFRES = MODELS / "rapport" / "chiffres.sql"
EXPOSURES = MODELS / "rapport" / "_rapport__exposures.yml"

# The columns that ingest adds to every accepted row.
PROVENANCE = [
    ("exercice", "INTEGER", "Exercice de la livraison."),
    ("_livraison", "VARCHAR", "Identifiant de la livraison acceptée."),
    ("_fichier", "VARCHAR", "Fichier d’origine."),
    ("_ligne", "BIGINT", "Ligne dans le fichier d’origine."),
]


def generate() -> dict[Path, str]:
    """Every generated file and the text that it must hold. Raises DeclarationError on a mistake."""
    registry = load_registry()
    return {
        LAKE_SOURCES: lake_sources(registry),
        ACCOUNTS_DOCS: accounts_docs(registry),
        ACCOUNTS_UNION: accounts_union(registry),
        CHIFFRES: chiffres_sql(load_figures(registry=registry)),
        EXPOSURES: exposures(),
    }


def stale() -> list[Path]:
    """The generated files that are missing or differ from what the declarations say."""
    return [path for path, text in generate().items() if not path.exists() or path.read_text(encoding="utf-8") != text]


def write() -> list[Path]:
    """Bring every generated file up to date; return those that changed."""
    texts = generate()
    changed = stale()
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path], encoding="utf-8", newline="\n")
    return changed


def staging_model(system: str, table: Table) -> str:
    """The text of a new staging model, for a scaffold: one line for user accounts, else columns by name."""
    if table.shape == ACCOUNTS_SHAPE:
        arguments = f"'{system}'" if table.name == ACCOUNTS_SHAPE else f"'{system}', '{table.name}'"
        return f"{{{{ comptes({arguments}) }}}}\n"
    columns = [field.name for field in table.kept_fields] + [name for name, _, _ in PROVENANCE]
    listed = ",\n".join(f"    {name}" for name in columns)
    return f"select\n{listed}\nfrom {{{{ source('lake', '{system}__{table.name}') }}}}\n"


def staging_model_path(system: str, table: str) -> Path:
    """Where the staging model of a table stands."""
    return MODELS / "staging" / system / f"stg_{system}__{table}.sql"


def lake_sources(registry: Registry) -> str:
    """The dbt source ``lake``: every declared table, with its columns, types and descriptions."""
    source = {
        "name": "lake",
        "schema": "lake",
        "description": "Les lignes acceptées de chaque table déclarée, tous exercices confondus.",
        "tables": [_source_table(system, table) for system, table in _by_name(registry.tables())],
    }
    return _yaml({"version": 2, "sources": [source]})


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


def accounts_docs(registry: Registry) -> str:
    """The descriptions of the one-line staging models of user accounts."""
    models = []
    for system, table in _accounts(registry):
        columns = [
            ("code_application", "Code de l’application."),
            *((f.name, f.description or f.title) for f in table.kept_fields),
        ]
        columns += [(name, description) for name, _, description in PROVENANCE]
        models.append(
            {
                "name": f"stg_{system.system}__{table.name}",
                "description": f"{_sentence(table.title)} Une ligne par ligne acceptée de l’export.",
                "columns": [{"name": name, "description": description} for name, description in columns],
            }
        )
    return _yaml({"version": 2, "models": models})


def accounts_union(registry: Registry) -> str:
    """The union of every staging model of user accounts: a new application enters it by being declared."""
    tables = _accounts(registry)
    columns = [
        "code_application",
        *(field.name for field in registry.shapes[ACCOUNTS_SHAPE].fields if field.personal != "drop"),
    ]
    columns += [name for name, _, _ in PROVENANCE]
    listed = ",\n".join(f"    {name}" for name in columns)
    selects = [f"select\n{listed}\nfrom {{{{ ref('stg_{system.system}__{table.name}') }}}}" for system, table in tables]
    return (
        "-- Generated by `millesime codegen` from catalogue/systems: do not edit.\n"
        "{{ config(materialized='view') }}\n\n" + "\nunion all\n".join(selects) + "\n"
    )


def _accounts(registry: Registry) -> list[tuple[System, Table]]:
    return [(system, table) for system, table in _by_name(registry.tables()) if table.shape == ACCOUNTS_SHAPE]


def _by_name(tables: Iterable[tuple[System, Table]]) -> list[tuple[System, Table]]:
    return sorted(tables, key=lambda pair: (pair[0].system, pair[1].name))


def _sentence(*parts: str | None) -> str:
    """Titles and descriptions as one text, each ended by a full stop."""
    return " ".join(part.strip().rstrip(".") + "." for part in parts if part)


def _yaml(data: dict[str, Any]) -> str:
    text = yaml.safe_dump(data, allow_unicode=True, sort_keys=False, default_flow_style=None, width=110)
    return f"# Generated by `millesime codegen` from catalogue/systems: do not edit.\n{text}"
