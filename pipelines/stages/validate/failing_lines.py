"""Where a failed expectation is: file and line of the rows that break it, found by SQL.

With the cells that are judged, in a table that is not about persons: no other cell can get out this way. Of a table about
persons, which of them are empty. No Great Expectations here.
"""

import datetime as dt
import functools
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.expectation_types import BATCH, ExpectationSpec, identifier
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.rules import where
from pipelines.catalogue.suite_file import PLACEHOLDERS, SuiteFile
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.french import exact
from pipelines.sql import in_french, parquet_scan
from pipelines.stages.validate.declared_expectations import REQUIRED
from pipelines.stages.validate.suite import Suite

EMPTY = "vide"
LONGEST = 40  # characters of a value that a message names
NAME = "lot"  # the rows of one Parquet file of the lake, and nothing else
SMALL = 512 * 1024  # bytes below which rows are copied in memory once rather than read again by every query


def relation_kind(parquet: Path) -> str:
    """``table`` (a copy in memory) for a small file, ``view`` for a large one."""
    return "table" if parquet.stat().st_size <= SMALL else "view"


def create_statement(parquet: Path, kind: str = "view") -> str:
    """SQL that makes ``lot`` show the rows of ``parquet``."""
    return f"create {kind} {NAME} as select * from {parquet_scan(parquet)}"


def failing_lines(
    parquet: Path, suite: Suite, key: str, limit: int = 20
) -> list[tuple[str, int, dict[str, str | None]]]:
    """``(file, or its sheet; line; cells)`` of the first ``limit`` rows that break the expectation ``key``, in order.

    ``cells`` gives what is in each judged column, None where it may not be shown. Empty for an expectation on the whole
    table (a row count), which no line breaks by itself, for one that a value makes fail (a cast): the verdict says
    so, and DuckDB's words would quote the value; and for one on a column that was declared after the rows were read.
    KeyError when the suite has no such expectation.
    """
    spec = suite.spec(key)
    broken, columns = broken_rows(spec), spec.column.split(", ") if spec.column else []
    if broken is None:
        return []
    cells = [identifier(name) if suite.shown else f"nullif({identifier(name)} is null, false)" for name in columns]
    with duckdb.connect(":memory:") as connection:
        connection.execute(create_statement(parquet))
        try:
            found = connection.execute(
                f"select {', '.join(['_fichier', '_feuille', '_ligne', *cells])} from {NAME} "
                f"where ({broken}) order by _fichier, _feuille, _ligne limit {int(limit)}"
            ).fetchall()
        except (duckdb.DataError, duckdb.InvalidInputException, duckdb.BinderException):
            return []
    lines = []
    for fichier, feuille, ligne, *row in found:
        said = {name: _cell(value, shown=suite.shown) for name, value in zip(columns, row, strict=True)}
        if key == REQUIRED:  # the others are right
            said = {name: text for name, text in said.items() if text == EMPTY}
        lines.append((where(fichier, feuille), ligne, said))
    return lines


def _cell(value: Any, *, shown: bool) -> str | None:
    """What is said of a cell; of one that may not be shown, ``value`` is true when it is empty, else None."""
    if shown:
        return EMPTY if value is None else received(value)
    return EMPTY if value else None


def received(value: Any) -> str:
    """A value of a table that is not about persons, as a message names it: short, and as one looks for it in a file."""
    if isinstance(value, dt.datetime):
        return value.strftime("%d/%m/%Y %H:%M")
    if isinstance(value, dt.date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, bool):
        return "vrai" if value else "faux"
    return exact(value, "") if isinstance(value, int | Decimal) else str(value)[:LONGEST]


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
