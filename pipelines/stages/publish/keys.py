"""The primary keys of the published tables: those that dbt proves at each build, from its manifest.

A model states its key once, as the test ``unique_combination``. A key with a column that may be empty stays a test: no
database takes it for a primary key.
"""

import json
from functools import cache
from pathlib import Path

from pipelines.settings import DBT_MANIFEST
from pipelines.sql import literal


@cache
def declared_keys(manifest: Path = DBT_MANIFEST) -> dict[str, list[str]]:
    """``<schema>.<table>`` → the columns of its key; nothing when dbt's manifest is not there."""
    if not manifest.exists():
        return {}
    nodes = json.loads(manifest.read_text(encoding="utf-8"))["nodes"]
    tests = [node for node in nodes.values() if (node.get("test_metadata") or {}).get("name") == "unique_combination"]
    models = [(nodes[test["attached_node"]], test["test_metadata"]["kwargs"]["columns"]) for test in tests]
    return {f"{model['schema']}.{model['name']}": columns for model, columns in models}


def add_key(db, schema: str, table: str, catalog: str = "cible") -> None:
    """Declare the key of a table of ``catalog``, when all its columns are there and never empty."""
    columns = declared_keys().get(f"{schema}.{table}", [])
    filled = db.execute(
        f"select column_name from duckdb_columns() where database_name = {literal(catalog)} and not is_nullable "
        f"and schema_name = {literal(schema)} and table_name = {literal(table)}"
    ).fetchall()
    if columns and {*columns} <= {name for (name,) in filled}:
        db.execute(f"alter table {catalog}.{schema}.{table} add primary key ({', '.join(columns)})")
