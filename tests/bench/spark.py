"""Measures DuckDB and Spark on the same models, with several times the demonstration's lines: ``python -m tests.bench.spark [factor...]``.

``models`` is dbt's time from the filled file to the tested one; for Spark it includes the export, its start and the import of tables.
"""

import os
import sys
import tempfile
from pathlib import Path

from tests.bench.scale import measure

FACTORS = (1, 10, 30)
ENGINES = ("duckdb", "spark")


def main(factors: list[int]) -> None:
    """Print a line for each engine and size."""
    print(f"{'':10}{'lines':>12}{'models':>12}{'whole run':>12}")
    with tempfile.TemporaryDirectory(prefix="millesime-bench-") as folder:
        key = Path(folder) / "key"
        key.write_bytes(b"k" * 32)
        os.environ["MILLESIME_KEY_FILE"] = str(key)
        for factor in factors:
            for engine in ENGINES:
                os.environ["MILLESIME_ENGINE"] = engine
                found = measure(Path(folder), factor)
                size = f"{engine} × {factor}"
                print(
                    f"{size:12}{found['lines']:>10,}{found['stages']['dbt']:>11.0f}s{found['seconds']:>11.0f}s",
                    flush=True,
                )


if __name__ == "__main__":
    main([int(factor) for factor in sys.argv[1:]] or list(FACTORS))
