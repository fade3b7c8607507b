"""The demonstration after all its retention periods: persons are removed from its rows, and every figure stays."""

import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines.sql import literal
from tests.end_to_end.conftest import millesime

pytestmark = pytest.mark.long

OF_DELIVERIES = "livraison"  # the column of the collection's tables that names them
YEARS = ("2018", "2019", "2020")


@pytest.fixture(scope="module")
def home(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demonstration's home, frozen once, since other tests read the original."""
    copy = tmp_path_factory.mktemp("conservation") / "home"
    shutil.copytree(demonstration, copy, symlinks=True)
    shutil.copyfile(demonstration.parent / "key", copy.parent / "key")
    return copy


def tables(published: Path) -> dict[str, set[tuple]]:
    """Name → the rows, without the name of their delivery."""
    found = {}
    for path in sorted([*published.glob("marts/*.parquet"), *published.glob("rapport/*.parquet")]):
        if path.stem == "fraicheur":  # it speaks of the publication
            continue
        with duckdb.connect() as db:
            relation = db.sql(f"from {literal(path)}")
            kept = ", ".join(f'"{name}"' for name in relation.columns if name != OF_DELIVERIES)
            found[path.stem] = sorted(map(repr, relation.project(kept).fetchall()))
    return found


def keyed(folder: Path) -> list[str]:
    """The tables of a warehouse with pseudonyms made with the key."""
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as db:
        names = db.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        held = "select 1 from {} as one where contains(cast(one as varchar), 'k1:') limit 1"
        return [name for schema, name in names if db.execute(held.format(f'"{schema}"."{name}"')).fetchone()]


def test_a_purge_takes_every_person_and_no_figure(home: Path):
    before = tables(home / "published")
    assert keyed(home / "warehouse" / "current")
    purged = millesime(home, "purge", "--by", "A. Préparateur")
    assert purged.returncode == 0 and "CONS-LAC cegid_rh/agents 2018" in purged.stdout, purged.stderr
    assert "0 élément" in millesime(home, "purge", "--by", "A. Préparateur").stdout
    run = millesime(home, "run", *YEARS)
    assert run.returncode in (0, 3), run.stderr
    after = tables(home / "published")
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == set()
    assert keyed(home / "warehouse" / "current") == []
    verified = millesime(home, "verify")
    assert verified.returncode == 0 and "retraits par CONS-LAC" in verified.stdout, verified.stdout
