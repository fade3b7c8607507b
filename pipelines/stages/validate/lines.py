"""Where a failed expectation is: file and line of the rows that break it, found by SQL.

Only ``_fichier``, ``_feuille`` and ``_ligne`` are ever read: no cell can leave by this road. No Great Expectations here.
"""

from pathlib import Path

from pipelines.catalogue.rules import where
from pipelines.catalogue.vocabulary import BATCH, ExpectationSpec
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
