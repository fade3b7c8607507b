"""The dbt files that follow from declarations: sources, unions of a shape, figures, exposures, what columns mean.

It generates only text that a person would otherwise copy from the catalogue. The rules of the warehouse are in hand-written
models and macros.
"""

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from pipelines.catalogue.chapters import compile as members
from pipelines.catalogue.chapters.load import exposures
from pipelines.catalogue.dbt.lineage import (
    said_column_fields,
    said_fields,
    said_needs,
    said_sources,
    said_values,
    tables_behind,
)
from pipelines.catalogue.dbt.lines import NAMED_MEMBERS, flagged_lines_sql, members_sql, named_members_sql, series_sql
from pipelines.catalogue.dbt.pieces import pieces_sql
from pipelines.catalogue.dbt.project import COMPOSED
from pipelines.catalogue.dbt.unions import CONTROLS, controls_union, shape_docs, shape_model, shape_union
from pipelines.catalogue.fields import Fields, described, doc_blocks, meaning
from pipelines.catalogue.figures.compile import figure_entries, figure_models
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.reference import Reference
from pipelines.catalogue.source_grammar import Field, Provenance, System, Table
from pipelines.catalogue.sources import Registry

SAID = "Made from catalogue/ by `make setup` or, in a home, by `millesime run`: edit declarations instead."
ORIGIN = {".sql": f"-- {SAID}", ".yml": f"# {SAID}", ".md": f"<!-- {SAID} -->"}


def generated(catalogue: Catalogue) -> dict[str, str]:
    """Path in the project → text, whose first line says where it comes from. Raises DeclarationError on a mistake."""
    files = {
        **{f"staging/{name}/_{name}__sources.yml": text for name, text in lake_sources(catalogue.registry)},
        "staging/_reference__sources.yml": reference_sources(catalogue.references.values()),
        **_generated_models(catalogue),
        "staging/_shapes__models.yml": _entries(
            catalogue, [shape_docs(catalogue.registry, shape) for shape in catalogue.registry.shapes]
        ),
        "calculs/_chiffres__models.yml": _entries(catalogue, figure_entries(catalogue.figures)),
        "rapport/_exposures.yml": yaml_text({"version": 2, "exposures": _exposures(catalogue)}),
        "_fields.md": doc_blocks(catalogue.fields),
    }
    return {f"{COMPOSED}/{path}": f"{ORIGIN[Path(path).suffix]}\n{text}" for path, text in files.items()}


def _entries(catalogue: Catalogue, entries: list[dict[str, Any]]) -> str:
    """The descriptions of models that are not described by hand."""
    project = catalogue.project
    kept = [entry for entry in entries if entry["name"] not in project.said and entry["name"] not in project.off]
    return yaml_text({"version": 2, "models": kept})


def _exposures(catalogue: Catalogue) -> list[dict[str, Any]]:
    rapport = [model for model, layer in layers(catalogue).items() if layer == "rapport"]
    return exposures(catalogue.chapters, catalogue.summary, rapport)


@functools.lru_cache(maxsize=8)
def layers(catalogue: Catalogue) -> dict[str, str]:
    """Every model of the composed project, written by hand or not, with its layer."""
    project = catalogue.project
    return {model: project.layer_of(model) for model in project.models.on} | generated_layers(catalogue)


def generated_layers(catalogue: Catalogue) -> dict[str, str]:
    """The models that follow from declarations, each with its layer; those in effect."""
    return {Path(path).stem: Path(path).parts[0] for path in _generated_models(catalogue)}


def _generated_models(catalogue: Catalogue) -> dict[str, str]:
    """Path → SQL, for those that are neither written by hand nor switched off."""
    project = catalogue.project
    return {
        path: sql
        for path, sql in all_models(catalogue).items()
        if (name := Path(path).stem) not in project.models and name not in project.off
    }


NOBODY = "/"  # the table for rows that no declared table can hold: nobody uses it


@functools.lru_cache(maxsize=8)
def all_models(catalogue: Catalogue) -> dict[str, str]:
    """Path → SQL of every model that declarations ask for."""
    free = {name for name, table in catalogue.secrecy.tables.items() if table.free}
    page = members.summary_model(catalogue.summary, report_sources(catalogue), free, report_fields(catalogue))
    return _models_before_the_page(catalogue) | {f"rapport/collectivites/{members.MODEL}.sql": page}


@functools.lru_cache(maxsize=8)
def report_sources(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """Table of ``rapport`` → the tables (``system/table``) that its rows come from, except for the page of a member."""
    texts, said = model_texts(catalogue), catalogue.project.said
    tables = {f"{system.system}/{table.name}": table for system, table in catalogue.registry.tables()}

    def behind(model: str) -> list[str]:
        if model not in said:
            return tables_behind(model, texts)
        found, wanted = said_sources(said[model]) or tables_behind(model, texts), said_values(said[model])
        return [one for one in found if one not in tables or tables[one].may_hold(wanted)] or (found and [NOBODY])

    return {
        model: tuple(behind(model))
        for model in texts
        if model in catalogue.project.models and catalogue.project.layer_of(model) == "rapport"
    }


def report_fields(catalogue: Catalogue) -> dict[str, list[tuple[str, ...]]]:
    """Table of ``rapport`` → the fields that its rows need of these tables, each with its alternatives.

    ``table.column`` → those that a column needs in addition.
    """
    found: dict[str, list[tuple[str, ...]]] = {}
    for thing in catalogue.project.said:
        own = {f"{thing.name}.{column}": fields for column, fields in said_column_fields(thing).items()}
        found |= {name: fields for name, fields in {thing.name: said_fields(thing), **own}.items() if fields}
    return found


def report_needs(catalogue: Catalogue) -> dict[str, list[set[str]]]:
    """Table of ``rapport`` → sets of tables (``system/table``): the organisation must use one of each set."""
    tables_of = catalogue.figures.tables_of
    return {
        thing.name: [{table for source in group for table in tables_of(source)} for group in needed]
        for thing in catalogue.project.said
        if (needed := said_needs(thing))
    }


@functools.lru_cache(maxsize=8)
def model_texts(catalogue: Catalogue) -> dict[str, str]:
    """Model → its SQL; a hand-written one replaces one that follows from declarations."""
    made = {Path(path).stem: sql for path, sql in _models_before_the_page(catalogue).items()}
    return made | {name: thing.data for name, thing in catalogue.project.models.on.items()}


@functools.lru_cache(maxsize=8)
def _models_before_the_page(catalogue: Catalogue) -> dict[str, str]:
    return {
        **{
            f"staging/{shape_model(shape)}.sql": shape_union(catalogue.registry, shape)
            for shape in catalogue.registry.shapes
        },
        **(
            {"intermediate/communs/int_communs__collecte.sql": pieces_sql(catalogue.pieces_declared)}
            if "collecte.pieces" in catalogue.project.sources  # what a project does not read is not made
            else {}
        ),
        "intermediate/communs/int_communs__series.sql": series_sql(
            catalogue.lines_declared, _in_parts(catalogue.registry)
        ),
        f"intermediate/communs/{NAMED_MEMBERS}.sql": named_members_sql(
            (system.system, table) for system, table in catalogue.registry.tables()
        ),
        "intermediate/communs/int_communs__membres.sql": members_sql(catalogue.lines_declared),
        f"{CONTROLS}/{CONTROLS}.sql": controls_union(
            name for name in catalogue.project.models.on if catalogue.project.layer_of(name) == CONTROLS
        ),
        "marts/applications/fct_lignes_signalees.sql": flagged_lines_sql(catalogue.lines_declared),
        **{f"calculs/{name}.sql": sql for name, sql in figure_models(catalogue.figures).items()},
    }


def _in_parts(registry: Registry) -> Iterator[tuple[str, Table]]:
    """The tables, by system, that no shape unites and that are each read from several files or sheets."""
    for system, table in registry.tables():
        if not table.shapes and table.tells_parts_apart:
            yield system.system, table


def lake_sources(registry: Registry) -> Iterable[tuple[str, str]]:
    """System → its part of the dbt source ``lake``: every declared table, with its columns, types and descriptions.

    One file per system: dbt only reads the file that changed.
    """
    for system in registry.systems.values():
        tables = [table for export in system.exports for table in export.tables]
        source = {
            "name": "lake",
            "schema": "lake",
            "tables": [
                _source_table(system, table, registry.fields) for table in sorted(tables, key=lambda table: table.name)
            ],
        }
        yield system.system, yaml_text({"version": 2, "sources": [source]})


def reference_sources(references: Iterable[Reference]) -> str:
    """The dbt source ``reference``: every reference table, with its columns, types and descriptions."""
    tables = [
        {
            "name": reference.table,
            "description": reference.description,
            "columns": [
                {"name": column.name, "data_type": column.sql_type, "description": column.description}
                for column in reference.fields
            ],
        }
        for reference in {one.table: one for one in references}.values()  # one may have rows in several files
    ]
    return yaml_text({"version": 2, "sources": [{"name": "reference", "schema": "reference", "tables": tables}]})


def _source_table(system: System, table: Table, fields: Fields) -> dict[str, Any]:
    held: list[Field | Provenance] = [*table.kept_fields, *table.provenance]
    columns = [{"name": column.name, "data_type": column.sql_type, "description": meaning(column)} for column in held]
    entry = {
        "name": f"{system.system}__{table.name}",
        "description": _sentence(table.title, table.description),
        # the same asset as the one that collects it, for a single lineage graph
        "config": {"meta": {"dagster": {"asset_key": [system.system, table.name]}}},
        "columns": columns,
    }
    return described(entry, fields)


def _sentence(*parts: str | None) -> str:
    """Titles and descriptions as one text, each ended by a full stop."""
    return " ".join(part.strip().rstrip(".") + "." for part in parts if part)


def yaml_text(data: dict[str, Any]) -> str:
    """A YAML file of the composed project."""
    return yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=110)
