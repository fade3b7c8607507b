"""The dbt files that follow from declarations: sources, unions of a shape, figures, exposures, what columns mean.

It generates only text that a person would otherwise copy from the catalogue. The rules of the warehouse are in hand-written
models and macros.
"""

import fnmatch
import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipelines.catalogue.chapters import compile as members
from pipelines.catalogue.chapters.grammar import Chapitre
from pipelines.catalogue.dbt.lineage import origins, reads, tables_behind
from pipelines.catalogue.dbt.lines import (
    NAMED_MEMBERS,
    flagged_lines_sql,
    members_sql,
    named_members_sql,
    outside_sql,
    pieces_sql,
    series_sql,
)
from pipelines.catalogue.dbt.project import COMPOSED
from pipelines.catalogue.dbt.unions import (
    CONTROL_COLUMNS,
    CONTROLS,
    INPUT_CONTROLS,
    controls_union,
    input_controls,
    shape_docs,
    shape_model,
    shape_union,
)
from pipelines.catalogue.fields import described, doc_blocks, meaning
from pipelines.catalogue.figures.compile import figure_entries, figure_models
from pipelines.catalogue.filters import CONTROL, filters_control
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.reference import Reference
from pipelines.catalogue.source_grammar import Field, Provenance
from pipelines.catalogue.sources import Registry
from pipelines.sql import union

SAID = "Made from catalogue/ by `make setup` or, in a home, by `millesime run`: edit declarations instead."
ORIGIN = {".sql": f"-- {SAID}", ".yml": f"# {SAID}", ".md": f"<!-- {SAID} -->"}


def generated(catalogue: Catalogue) -> dict[str, str]:
    """Path in the project → text, whose first line says where it comes from. Raises DeclarationError on a mistake."""
    rapport = [model for model, layer in layers(catalogue).items() if layer == "rapport"]
    printed = exposures(catalogue.printed.values(), rapport)
    files = {
        **{f"staging/{name}/_{name}__sources.yml": text for name, text in lake_sources(catalogue.registry)},
        "staging/_reference__sources.yml": reference_sources(catalogue.references.values()),
        **_generated_models(catalogue),
        "staging/_shapes__models.yml": _entries(
            catalogue, [shape_docs(catalogue.registry, shape) for shape in catalogue.registry.shapes]
        ),
        "calculs/_chiffres__models.yml": _entries(catalogue, figure_entries(catalogue.figures)),
        "rapport/_exposures.yml": yaml_text({"version": 2, "exposures": printed}),
        "_fields.md": doc_blocks(catalogue.fields),
    }
    return {f"{COMPOSED}/{path}": f"{ORIGIN[Path(path).suffix]}\n{text}" for path, text in files.items()}


def _entries(catalogue: Catalogue, entries: list[dict[str, Any]]) -> str:
    """The descriptions of models that are not described by hand."""
    project = catalogue.project
    kept = [entry for entry in entries if entry["name"] not in project.said and entry["name"] not in project.off]
    return yaml_text({"version": 2, "models": kept})


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


FINDINGS = "int_communs__constats"  # a control that reads what follows from the findings is about figures
NOBODY = "/"  # the table for rows that no declared table can hold: nobody uses it


@functools.lru_cache(maxsize=8)
def all_models(catalogue: Catalogue) -> dict[str, str]:
    """Path → SQL of every model that declarations ask for."""
    free = {name for name, table in catalogue.secrecy.tables.items() if table.free and not table.persons}
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
        own = origins(said[model])
        kept = own.sources or ["*"]
        found = [one for one in tables_behind(model, texts) if any(fnmatch.fnmatchcase(one, name) for name in kept)]
        return [one for one in found if one not in tables or tables[one].may_hold(own.values)] or (found and [NOBODY])

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
        said = origins(thing)
        own = {f"{thing.name}.{column}": fields for column, fields in said.columns.items()}
        found |= {name: fields for name, fields in {thing.name: said.fields, **own}.items() if fields}
    return found


def report_needs(catalogue: Catalogue) -> dict[str, list[set[str]]]:
    """Table of ``rapport`` → sets of tables (``system/table``): the organisation must use one of each set."""
    tables_of = catalogue.figures.tables_of
    return {
        thing.name: [{table for source in group for table in tables_of(source)} for group in needed]
        for thing in catalogue.project.said
        if (needed := origins(thing).needs)
    }


@functools.lru_cache(maxsize=8)
def model_texts(catalogue: Catalogue) -> dict[str, str]:
    """Model → its SQL; a hand-written one replaces one that follows from declarations."""
    return _texts_of(catalogue, _models_before_the_page(catalogue))


def _texts_of(catalogue: Catalogue, made: Mapping[str, str]) -> dict[str, str]:
    by_hand = {name: thing.data for name, thing in catalogue.project.models.on.items()}
    return {Path(path).stem: sql for path, sql in made.items()} | by_hand


@functools.lru_cache(maxsize=8)
def _models_before_the_page(catalogue: Catalogue) -> dict[str, str]:
    tables = [(system.system, table) for system, table in catalogue.registry.tables()]
    in_parts = [(system, table) for system, table in tables if not table.shapes and table.tells_parts_apart]
    # whose lines show that they are of their exercice; documents say theirs by themselves
    proved = [
        (ref.system.system, table)
        for ref in catalogue.registry.exports()
        if not ref.export.by_document
        for table in ref.export.tables
        if table.exercice
    ]
    models = {
        **{
            f"staging/{shape_model(shape)}.sql": shape_union(catalogue.registry, shape)
            for shape in catalogue.registry.shapes
        },
        **(
            {"intermediate/communs/int_communs__collecte.sql": pieces_sql(catalogue.pieces_declared)}
            if "collecte.pieces" in catalogue.project.sources  # what a project does not read is not made
            else {}
        ),
        "intermediate/communs/int_communs__series.sql": series_sql(catalogue.lines_declared, in_parts),
        f"intermediate/communs/{NAMED_MEMBERS}.sql": named_members_sql(tables),
        "intermediate/communs/int_communs__hors_exercice.sql": outside_sql(proved),
        "intermediate/communs/int_communs__membres.sql": members_sql(catalogue.lines_declared),
        "marts/applications/fct_lignes_signalees.sql": flagged_lines_sql(catalogue.lines_declared),
        **{f"calculs/{name}.sql": sql for name, sql in figure_models(catalogue.figures).items()},
    }
    texts = _texts_of(catalogue, models)
    controls = {name for name in catalogue.project.models.on if catalogue.project.layer_of(name) == CONTROLS}
    if CONTROL not in catalogue.project.off:
        filters = union(filters_control(catalogue), CONTROL_COLUMNS.items())
        models |= {f"{CONTROLS}/{CONTROL}.sql": filters}
        texts |= {CONTROL: filters}
        controls.add(CONTROL)
    of_figures = {name for name in controls if reads(name, FINDINGS, texts)}
    unions = {INPUT_CONTROLS: input_controls(controls - of_figures), CONTROLS: controls_union(of_figures)}
    return models | {f"{CONTROLS}/{name}.sql": sql for name, sql in unions.items()}


# The exposures beside the chapters: the annex on each figure, and how far the year was collected and agrees.
ANNEX = ("annexe_sources", "Sources et méthode", ["chiffres", "rpt_rapprochement_publie", "rpt_absences_contredites"])
STATE = ("annexe_collecte", "L’état de la collecte et les rapprochements")


def exposures(printed: Iterable[Chapitre], models: Iterable[str]) -> list[dict[str, Any]]:
    """The dbt exposures: one per chapter, so that lineage ends at what is printed; ``models`` are those of ``rapport``.

    What neither a chapter nor the annex prints is for the people who check the year.
    """
    named = [(f"chapitre_{c.id.replace('-', '_')}", c.titre, c.tables) for c in printed] + [ANNEX]
    known = sorted(models)
    shown = {table for _, _, tables in named for table in tables}
    found = [(name, title, [table for table in tables if table in known]) for name, title, tables in named]
    found.append((*STATE, [table for table in known if table not in shown]))
    return [
        {
            "name": name,
            "label": title,
            "type": "analysis",
            "maturity": "high",
            "description": f"Rapport d’activité : {title}.",
            "owner": {"name": "Rédaction du rapport d’activité"},
            "depends_on": [f"ref('{table}')" for table in tables],
        }
        for name, title, tables in found
        if tables
    ]


def lake_sources(registry: Registry) -> Iterable[tuple[str, str]]:
    """System → its part of the dbt source ``lake``: every declared table, with its columns, types and descriptions.

    One file per system: dbt only reads the file that changed.
    """
    for system in registry.systems.values():
        entries = []
        for table in sorted((t for export in system.exports for t in export.tables), key=lambda table: table.name):
            held: list[Field | Provenance] = [*table.kept_fields, *table.provenance]
            said = [text.strip().rstrip(".") for text in (table.title, table.description) if text]
            entry = {
                "name": f"{system.system}__{table.name}",
                "description": " ".join(f"{text}." for text in said),
                # the same asset as the one that collects it, for a single lineage graph
                "config": {"meta": {"dagster": {"asset_key": [system.system, table.name]}}},
                "columns": [
                    {"name": column.name, "data_type": column.sql_type, "description": meaning(column)}
                    for column in held
                ],
            }
            entries.append(described(entry, registry.fields))
        source = {"name": "lake", "schema": "lake", "tables": entries}
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


def yaml_text(data: dict[str, Any]) -> str:
    """A YAML file of the composed project."""
    return yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False, width=110)
