"""The documentation of dbt's models as one HTML file: descriptions, lineage, tests, and the pages that read each table.

The page is dbt's own, as filled by `dbt docs generate --static`: with the manifest of the last build, and a catalog
read from the current warehouse. dbt is not started, as it would read the whole project again.
"""

import base64
import hashlib
import importlib.metadata
import json
import os
import re
from pathlib import Path
from typing import Any

from pipelines.catalogue.fields import Fields
from pipelines.catalogue.load import load_catalogue
from pipelines.disk import read_json, written_whole
from pipelines.settings import Home

VIEWER = "dbt/task/docs/index.html"  # in the distribution of dbt-core
CATALOG_VERSION = "https://schemas.getdbt.com/dbt/catalog/v1.json"
COLUMNS = """
    select schema_name, table_name, column_name, data_type, column_index, comment
    from duckdb_columns()
    where database_name = current_database() and not internal
    order by schema_name, table_name, column_index
"""

Columns = dict[tuple[str, str], dict[str, dict[str, Any]]]  # (schema, table) → column → what dbt's page shows of it


class NoDocs(RuntimeError):
    """There is nothing to document yet."""


def write_docs(home: Home) -> Path:
    """Write ``docs/dbt.html`` of the home and return it; it needs neither server nor network. Raises NoDocs."""
    if not home.warehouse.exists():
        raise NoDocs("aucun entrepôt n’est encore construit : exécuter d’abord un exercice")
    if not home.dbt_manifest.exists():
        raise NoDocs("dbt n’a pas encore lu le projet du dossier : exécuter d’abord un exercice")
    manifest = read_json(home.dbt_manifest)
    columns = _columns(home.warehouse)
    _describe(manifest, columns, load_catalogue(home).fields)
    viewer = importlib.metadata.distribution("dbt-core").locate_file(VIEWER)
    page = (
        Path(os.fspath(viewer)).read_text(encoding="utf-8").replace('"MANIFEST.JSON INLINE DATA"', _inline(manifest), 1)
    )
    page = _only_its_own(page.replace('"CATALOG.JSON INLINE DATA"', _inline(_catalog(manifest, columns)), 1))
    home.docs.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = home.docs / "dbt.html"
    with written_whole(target) as file:
        file.write(page)
    return target


def _inline(data: dict[str, Any]) -> str:
    """JSON that may go inside a script of the page: no text can end it."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _only_its_own(page: str) -> str:
    """The page, set to run only the scripts that are in it now, and to request nothing."""
    scripts = re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL)
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    policy = f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; font-src data:"
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return page.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{meta}', 1)


def _columns(warehouse: Path) -> Columns:
    import duckdb

    found: Columns = {}
    with duckdb.connect(str(warehouse), read_only=True) as db:
        for schema, table, name, kind, index, comment in db.execute(COLUMNS).fetchall():
            column = {"type": kind, "index": index, "name": name, "comment": comment}
            found.setdefault((schema, table), {})[name] = column
    return found


def _describe(manifest: dict[str, Any], columns: Columns, fields: Fields) -> None:
    """Describe columns that no YAML of dbt lists: only those of published tables are listed there."""
    nodes = [(node, node["alias"]) for node in manifest["nodes"].values()]
    nodes += [(node, node["identifier"]) for node in manifest["sources"].values()]
    for node, table in nodes:
        for name in columns.get((node["schema"], table), {}):
            said = fields.of(table, name)
            if said and name not in node["columns"]:
                node["columns"][name] = {"name": name, "description": said.text}


def _catalog(manifest: dict[str, Any], columns: Columns) -> dict[str, Any]:
    """What the warehouse contains of the manifest's models and sources, as dbt's page reads it."""
    generated_at = manifest["metadata"]["generated_at"]
    return {
        "metadata": {"dbt_schema_version": CATALOG_VERSION, "generated_at": generated_at},
        "nodes": _standing(manifest["nodes"], "alias", columns),
        "sources": _standing(manifest["sources"], "identifier", columns),
        "errors": None,
    }


def _standing(nodes: dict[str, dict[str, Any]], named: str, columns: Columns) -> dict[str, Any]:
    return {
        identity: {
            "unique_id": identity,
            "metadata": {
                "type": "VIEW" if node.get("config", {}).get("materialized") == "view" else "BASE TABLE",
                "schema": node["schema"],
                "name": node[named],
                "database": node["database"],
                "comment": node["description"] or None,
                "owner": None,
            },
            "columns": columns[node["schema"], node[named]],
            "stats": {},
        }
        for identity, node in nodes.items()
        if (node["schema"], node[named]) in columns
    }
