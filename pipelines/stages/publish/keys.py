"""The primary keys of the published tables: those that dbt proves at each build.

A model states its key once, as the test ``unique_combination``. A key with a column that may be empty stays a test: no
database takes it for a primary key.
"""

from collections.abc import Mapping

from pipelines.sql import literal

Keys = Mapping[str, list[str]]  # table → the columns of its key


def add_key(db, schema: str, table: str, columns: list[str], catalog: str = "cible") -> None:
    """Declare the key of a table of ``catalog``, when all its columns are there and never empty."""
    filled = db.execute(
        f"select column_name from duckdb_columns() where database_name = {literal(catalog)} and not is_nullable "
        f"and schema_name = {literal(schema)} and table_name = {literal(table)}"
    ).fetchall()
    if columns and {*columns} <= {name for (name,) in filled}:
        db.execute(f"alter table {catalog}.{schema}.{table} add primary key ({', '.join(columns)})")
