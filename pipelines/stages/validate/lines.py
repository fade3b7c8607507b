"""Where a failed expectation is: file and line of the rows that break it, found by SQL.

Only ``_fichier``, ``_feuille`` and ``_ligne`` are ever read: no cell can leave by this road. No Great Expectations here.
"""

from pathlib import Path

from pipelines.catalogue.declarations import Table
from pipelines.catalogue.rules import where
from pipelines.catalogue.suite_file import SuiteFile
from pipelines.catalogue.vocabulary import BATCH, ExpectationSpec
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.stages.validate.parquet import NAME, create_statement
from pipelines.stages.validate.suite import Suite


def failing_lines(parquet: Path, suite: Suite, key: str, limit: int = 20) -> list[tuple[str, int]]:
    """``(file, or its sheet; line)`` of the first ``limit`` rows that break the expectation ``key``, in order.

    Empty for an expectation on the whole table (a row count), which no line breaks by itself. KeyError when
    the suite has no such expectation.
    """
    import duckdb

    statement = lines_statement(suite.spec(key))
    if statement is None:
        return []
    with duckdb.connect(":memory:") as connection:
        connection.execute(create_statement(parquet))
        found = connection.execute(f"{statement} order by _fichier, _feuille, _ligne limit {int(limit)}").fetchall()
    return [(where(fichier, feuille), ligne) for fichier, feuille, ligne in found]


def lines_statement(spec: ExpectationSpec) -> str | None:
    """SQL listing ``_fichier, _feuille, _ligne`` of the rows that break ``spec``; None if it is about the table."""
    if spec.broken is None:
        return None
    return f"select _fichier, _feuille, _ligne from {NAME} where ({spec.broken.replace(BATCH, NAME)})"


def refuse_wrong_sql(suite: Suite, table: Table, files: list[SuiteFile]) -> None:
    """Raise DeclarationError naming file and line of a query that cannot be read over a table of these columns."""
    import duckdb

    queries = {spec.key: query for spec in suite.specs if (query := spec.kwargs.get("unexpected_rows_query"))}
    if not queries:
        return
    columns = [*((field.name, field.sql_type) for field in table.kept_fields), *table.provenance]
    listed = ", ".join(f'"{name}" {kind}' for name, kind in columns)
    with duckdb.connect(":memory:", config={"threads": 1}) as db:
        db.execute(f"create table {NAME} ({listed})")
        for file in files:
            for index, declaration in enumerate(file.expectations):
                if (query := queries.get(declaration.key)) is None:
                    continue
                try:
                    db.execute(f"explain {query.replace(BATCH, NAME)}")
                except duckdb.Error as error:
                    said = str(error).splitlines()[0]
                    at = f"{file.at(index)} {declaration.key}"
                    raise DeclarationError(f"{at}: its SQL cannot be read: {said}") from None
