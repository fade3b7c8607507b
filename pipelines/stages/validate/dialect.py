"""The SQLAlchemy dialect of the judge: duckdb-engine without transactions.

duckdb-engine shares one DuckDB connection between SQLAlchemy's connections, and a rollback drops results
that Great Expectations has not fetched yet. The judge only reads, so begin, commit and rollback do nothing.
SQLAlchemy imports this module by name when the judge starts; import it nowhere else, it loads duckdb and
sqlalchemy.
"""

from typing import Any

from duckdb_engine import Dialect


class JudgeDialect(Dialect):
    """duckdb-engine's dialect with inert transactions."""

    supports_statement_cache = False

    def do_begin(self, connection: Any) -> None:
        """Nothing to begin."""

    def do_commit(self, connection: Any) -> None:
        """Nothing to commit."""

    def do_rollback(self, connection: Any) -> None:
        """Nothing to roll back."""
