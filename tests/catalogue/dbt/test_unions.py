"""The union of a shape: every table with that shape, the shape's columns, and no rows when no system has it."""

from dataclasses import replace

import duckdb
import jinja2
import pytest

from pipelines.catalogue.dbt.unions import shape_docs, shape_union
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.sources import Registry

REGISTRY = load_catalogue().registry


def rendered(sql: str) -> str:
    return jinja2.Environment().from_string(sql).render(source=lambda schema, table: f"{schema}.{table}")


def columns(registry: Registry, shape: str) -> list[tuple[str, str]]:
    """Names and types of the union, over empty tables of the lake."""
    with duckdb.connect() as db:
        db.execute("create schema lake")
        for system, table in registry.tables():
            fields = [(field.name, field.sql_type) for field in table.kept_fields]
            fields += [
                ("exercice", "INTEGER"),
                ("_livraison", "VARCHAR"),
                ("_fichier", "VARCHAR"),
                ("_feuille", "VARCHAR"),
                ("_ligne", "BIGINT"),
            ]
            db.execute(
                f"create table lake.{system.system}__{table.name} ({', '.join(' '.join(field) for field in fields)})"
            )
        return [tuple(row[:2]) for row in db.execute(f"describe {rendered(shape_union(registry, shape))}").fetchall()]


@pytest.mark.parametrize("shape", sorted(REGISTRY.shapes))
def test_every_table_of_the_shape_is_a_branch_under_its_own_name(shape):
    union = shape_union(REGISTRY, shape)
    tables = [(system.system, table.name) for system, table in REGISTRY.tables() if shape in table.shapes]
    assert tables
    assert union.count("union all") == len(tables) - 1
    for system, table in tables:
        assert f"'{system}' as systeme,\n    '{table}' as nom_table," in union
        assert f"source('lake', '{system}__{table}')" in union


@pytest.mark.parametrize("shape", sorted(REGISTRY.shapes))
def test_without_a_system_it_has_the_same_columns_and_no_row(shape):
    none = replace(REGISTRY, systems={})
    assert columns(none, shape) == columns(REGISTRY, shape)
    with duckdb.connect() as db:
        assert db.execute(rendered(shape_union(none, shape))).fetchall() == []


@pytest.mark.parametrize("shape", sorted(REGISTRY.shapes))
def test_its_columns_are_described_and_none_is_dropped_data(shape):
    docs = shape_docs(REGISTRY, shape)
    assert docs["name"] == f"stg_{shape}"  # the name by which other models read it
    assert [column["name"] for column in docs["columns"]] == [name for name, _ in columns(REGISTRY, shape)]
    assert all(column["description"] for column in docs["columns"])
    dropped = {field.name for field in REGISTRY.shapes[shape].fields if field.personal == "drop"}
    assert not dropped & {column["name"] for column in docs["columns"]}
