"""Homes made and run as a user does, and the search of what they may not hold."""

import re
from collections.abc import Callable
from pathlib import Path

import duckdb

from demo.livraisons import Livraison
from pipelines.sql import parquet_scan
from tests.end_to_end.conftest import millesime

ALLOWED = ("landing", "archive")  # where what was delivered stays as it came
MEMBERS = """\
collectivites:
  - {code_insee: "94054", siren: "219400546", nom: Orly}
  - {siren: "200043123", nom: Communauté d’essai, type: communauté de communes, alias: [Choisy-le-Roi]}
"""


def home_of(folder: Path, system: str, year: int, exports: Callable[[int], list[Livraison]]) -> Path:
    """A home made as a user makes one, whose only system has delivered a year of the demonstration, and run."""
    home = folder / "home"
    who = [
        "--name",
        "Syndicat intercommunal pour l’informatique et ses outils",
        "--sigle",
        "SICIO",
        "--siren",
        "259400117",
    ]
    made = millesime(home, "init", *who, "--first", str(year), "--system", system)
    assert made.returncode == 0, made.stderr
    organisation = home / "organisation.yml"
    text = organisation.read_text(encoding="utf-8")
    organisation.write_text(text.replace("collectivites: []\n", MEMBERS, 1), encoding="utf-8")
    for delivery in exports(year):
        path = home / "landing" / delivery.chemin
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(delivery.contenu)
    done = millesime(home, "run", str(year))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return home


def ask(home: Path, query: str) -> list[tuple]:
    with duckdb.connect() as db:
        db.execute(f"attach '{home / 'published' / 'millesime.duckdb'}' as publie (read_only)")
        return db.execute(query).fetchall()


def holds_a_canary(path: Path, needle: re.Pattern) -> bool:
    """True when a row of a Parquet or DuckDB file, or the bytes of any other file, contain a canary."""
    if path.suffix == ".parquet":
        return _found(duckdb.connect(), parquet_scan(path), needle)
    if path.suffix == ".duckdb":
        with duckdb.connect() as db:
            db.execute(f"attach '{path}' as warehouse (read_only)")
            tables = db.execute(
                "select schema_name, table_name from duckdb_tables() where database_name = 'warehouse'"
            ).fetchall()
            return any(_found(db, f'warehouse."{schema}"."{table}"', needle) for schema, table in tables)
    return re.search(needle.pattern.encode(), path.read_bytes()) is not None


def _found(db: duckdb.DuckDBPyConnection, relation: str, needle: re.Pattern) -> bool:
    query = (
        f"select 1 from {relation} as rangee where regexp_matches(cast(rangee as varchar), '{needle.pattern}') limit 1"
    )
    return db.execute(query).fetchone() is not None
