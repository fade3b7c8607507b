"""Where a failed expectation is: file and line of the rows that break it, found by SQL.

Only ``_fichier``, ``_feuille`` and ``_ligne`` are ever read: no cell can get out this way. No Great Expectations here.
"""

import functools
from collections.abc import Iterator
from pathlib import Path

import duckdb

from pipelines.catalogue.expectation_types import BATCH, ExpectationSpec
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.rules import where
from pipelines.catalogue.suite_file import PLACEHOLDERS, SuiteFile
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.sql import in_french
from pipelines.stages.validate.parquet import NAME, create_statement
from pipelines.stages.validate.suite import Suite


def failing_lines(parquet: Path, suite: Suite, key: str, limit: int = 20) -> list[tuple[str, int]]:
    """``(file, or its sheet; line)`` of the first ``limit`` rows that break the expectation ``key``, in order.

    Empty for an expectation on the whole table (a row count), which no line breaks by itself, and for one that a value
    makes fail (a cast): the verdict says so, and DuckDB's words would quote the value. KeyError when the suite has no
    such expectation.
    """
    statement = lines_statement(suite.spec(key))
    if statement is None:
        return []
    with duckdb.connect(":memory:") as connection:
        connection.execute(create_statement(parquet))
        try:
            found = connection.execute(f"{statement} order by _fichier, _feuille, _ligne limit {int(limit)}").fetchall()
        except (duckdb.DataError, duckdb.InvalidInputException):
            return []
    return [(where(fichier, feuille), ligne) for fichier, feuille, ligne in found]


def lines_statement(spec: ExpectationSpec) -> str | None:
    """SQL listing ``_fichier, _feuille, _ligne`` of the rows that break ``spec``; None if it is about the whole table."""
    broken = broken_rows(spec)
    return f"select _fichier, _feuille, _ligne from {NAME} where ({broken})" if broken else None


def broken_rows(spec: ExpectationSpec) -> str | None:
    """SQL over a row of the delivery that is true when it breaks ``spec``; None if it is about the whole table."""
    return spec.broken.replace(BATCH, NAME) if spec.broken else None


def refuse_wrong_sql(catalogue: Catalogue) -> None:
    """Raise DeclarationError naming file, line and DuckDB's candidates when the SQL of a suite cannot be read.

    Every query is explained over an empty table of its columns.
    """
    with duckdb.connect(":memory:", config={"threads": 1}) as db:
        for system, table in catalogue.registry.tables():
            queries = list(_queries(catalogue.suites_of(system.system, table)))
            if queries:
                columns = [*((field.name, field.sql_type) for field in table.kept_fields), *table.provenance]
                listed = ", ".join(f'"{name}" {kind}' for name, kind in columns)
                db.execute(f"create or replace table {NAME} ({listed})")
            for place, query in queries:
                try:
                    db.execute(f"explain {query}")
                except duckdb.Error as error:
                    said = str(error).partition("LINE ")[0].strip()  # without the text of the query
                    raise DeclarationError(f"{place} : DuckDB refuse sa requête : {in_french(said)}") from None


def _queries(files: list[SuiteFile]) -> Iterator[tuple[str, str]]:
    """(place and key, SQL) of every query of suites, their placeholders filled."""
    for file in files:
        for index, declaration in enumerate(file.expectations):
            if query := declaration.kwargs.get("unexpected_rows_query"):
                filled = functools.reduce(lambda text, name: text.replace(f"{{{name}}}", "1"), PLACEHOLDERS, query)
                yield f"{file.at(index)} {declaration.key}", filled.replace(BATCH, NAME)
