"""The tables and columns of a publication, and those that the engine itself makes, to be compared with what is promised."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

from pipelines.catalogue.contracts import NOT_NULL, Promise, Shape
from pipelines.catalogue.fields import Fields
from pipelines.catalogue.load import Catalogue
from pipelines.publication import INTERNE
from pipelines.stages.publish.audit_schema import create_audit
from pipelines.stages.publish.freshness import create_freshness
from pipelines.stages.publish.profiles import Table, opened, tables_in


def shape_of(tables: Iterable[Table]) -> Shape:
    """The shape of published tables."""
    return {
        table.full_name: {
            column.name: Promise(
                column.kind if column.is_nullable else f"{column.kind}{NOT_NULL}",
                column.unit or "",
                str(table.key.index(column.name) + 1) if column.name in table.key else "",
            )
            for column in table.columns
        }
        for table in tables
    }


def shape_published(folder: Path, fields: Fields) -> Shape:
    """The structure of the publication in ``folder``. Raises NotPublished."""
    with opened(folder, INTERNE, fields) as profile:
        return shape_of(profile.tables)


def shape_to_publish(catalogue: Catalogue) -> Shape:
    """Every table for readers: those that dbt makes, as their contracts say, and those of the engine."""
    return {**catalogue.contracted, **shape_of_ours(catalogue.fields)}


def shape_of_ours(fields: Fields) -> Shape:
    """The structure of the tables that dbt does not make: ``audit``, and how fresh each table is."""
    with duckdb.connect() as db:
        db.execute("attach ':memory:' as cible; use cible")
        create_audit(db)
        db.execute("create schema rapport")
        create_freshness(db)
        return shape_of(tables_in(db, "cible", fields))
