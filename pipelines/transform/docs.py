"""The documentation of dbt's models as one HTML file: descriptions, lineage, tests, and the pages that read each table.

dbt works on a copy of the warehouse that stands: it opens for writing whatever it documents.
"""

import shutil
import tempfile
from pathlib import Path

from pipelines.settings import WAREHOUSE_FILE, Home
from pipelines.transform.dbt import run_dbt

STATIC = "static_index.html"  # what `dbt docs generate --static` writes


class NoDocs(RuntimeError):
    """There is nothing to document yet, or dbt could not."""


def write_docs(home: Home) -> Path:
    """Write ``docs/dbt.html`` of the home and return it; it needs neither server nor network. Raises NoDocs."""
    if not home.warehouse.exists():
        raise NoDocs("no warehouse stands yet: run an exercice first")
    with tempfile.TemporaryDirectory(prefix="sicio-docs-") as folder:
        copy, target = Path(folder) / WAREHOUSE_FILE, Path(folder) / "target"
        shutil.copyfile(home.warehouse, copy)
        arguments = ["docs", "generate", "--static", "--target-path", str(target), "--log-path", folder]
        done = run_dbt(arguments, copy, capture=True)
        if done.returncode or not (target / STATIC).exists():
            raise NoDocs(f"dbt could not document the models: {done.stdout[-500:].strip()}")
        home.docs.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = home.docs / f".{STATIC}"
        shutil.copyfile(target / STATIC, aside)
    return aside.rename(home.docs / "dbt.html")
