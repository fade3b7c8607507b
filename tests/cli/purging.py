"""A home with personal data past their retention period, for the tests of purges."""

from pathlib import Path

import duckdb

from pipelines.ledger.records import Manifest
from pipelines.sql import parquet_scan
from tests.cli.conftest import Bench

BY = ("--by", "A. Martin")
LATER = "2049-01-01T00:00:00+00:00"  # every term has passed, that of what is dropped today too


def holding(root: Path, needle: str) -> list[str]:
    """The files of a home that hold a text, and the names that do."""
    files = [path for path in root.rglob("*") if path.is_file()]
    return [
        str(path.relative_to(root)) for path in files if needle.encode() in path.read_bytes() or needle in path.name
    ]


def current(bench: Bench, key: str, year: int = 2019) -> Manifest:
    with bench.ledger() as ledger:
        return ledger.current()[key, year].manifest


def logins(bench: Bench, manifest: Manifest) -> list[str]:
    rows = parquet_scan(bench.home.lake / manifest.tables["agents"].parquet)
    with duckdb.connect() as db:
        return [one for (one,) in db.execute(f"select login from {rows} order by _ligne").fetchall()]
