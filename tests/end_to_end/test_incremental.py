"""An incremental build gives the same published bytes and tables as a full one.

A home goes through seeded changes of its deliveries, declarations and organisation; each build is compared with a full one.
"""

import hashlib
import random
import re
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import yaml

from tests.end_to_end.conftest import copied, millesime
from tests.once import made_once

pytestmark = pytest.mark.campaign(minutes=6)
YEAR = "2020"
CHANGES = 4  # of each seeded year: each is built twice, once whole
DATABASES = (
    "warehouse/current/warehouse.duckdb",
    "published/millesime.duckdb",
    "published/public/rapport_public.duckdb",
)
Step = Callable[[Path, random.Random], None]


@pytest.fixture(params=[1, *(pytest.param(seed, marks=pytest.mark.long) for seed in (2, 3))])
def seed(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, seed: int) -> Path:
    """The demonstration's exports of one exercice, published: each seed has half of the tools, two in a row have them all."""

    def reduced(organisation: dict) -> None:
        organisation["exercices"] = {"premier": 2020, "dernier": 2020}
        for kind in ("systemes", "applications"):
            named = enumerate(organisation[kind])
            organisation[kind] = [tool for n, tool in named if n % 2 == seed % 2 or tool == "budget"]

    def make(home: Path) -> None:
        assert millesime(home, "demo", "--no-run", str(home)).returncode == 0
        organise(home, reduced)
        tools = {*said(home)["systemes"], *(application["code"] for application in said(home)["applications"])}
        for folder in (home / "landing" / YEAR).iterdir():
            if folder.name not in tools:
                shutil.rmtree(folder)
        assert millesime(home, "run", YEAR).returncode in (0, 3)

    return copied(made_once(tmp_path_factory, f"half_{seed % 2}", make), tmp_path)


def said(home: Path) -> dict:
    return yaml.safe_load((home / "organisation.yml").read_text(encoding="utf-8"))


def organise(home: Path, change: Callable[[dict], None]) -> None:
    organisation = said(home)
    change(organisation)
    (home / "organisation.yml").write_text(
        yaml.safe_dump(organisation, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )


def landed(home: Path, ending: str = ".csv") -> list[Path]:
    return sorted(path for path in (home / "landing" / YEAR).rglob(f"*{ending}") if path.stat().st_size > 2000)


# what happens in a year --------------------------------------------------------


def a_line_less(home: Path, chance: random.Random) -> None:
    file = chance.choice(landed(home))
    lines = file.read_bytes().split(b"\n")
    del lines[chance.randrange(len(lines) // 2, len(lines) - 1)]
    file.write_bytes(b"\n".join(lines))


def a_line_twice(home: Path, chance: random.Random) -> None:
    file = chance.choice(landed(home))
    lines = file.read_bytes().split(b"\n")
    at = chance.randrange(len(lines) // 2, len(lines) - 1)
    file.write_bytes(b"\n".join([*lines[:at], lines[at], *lines[at:]]))


def an_export_withdrawn(home: Path, chance: random.Random) -> None:
    chance.choice(landed(home)).unlink()


def a_budget_withdrawn(home: Path, chance: random.Random) -> None:
    chance.choice(landed(home, ".xml")).unlink()


def another_population(home: Path, chance: random.Random) -> None:
    def change(organisation: dict) -> None:
        chance.choice(organisation["collectivites"])["population"] = chance.randrange(1000, 90000)

    organise(home, change)


def an_application_left(home: Path, chance: random.Random) -> None:
    organise(home, lambda organisation: organisation["applications"].pop(chance.randrange(5)))


def another_model(home: Path, chance: random.Random) -> None:
    """The home replaces a shipped model; its rows may be the same or not."""
    model = chance.choice(("rpt_assistance__delais", "fct_tickets", "int_infrastructure__volumes_stockes"))
    models = Path(__file__).parents[2] / "dbt_project" / "models"
    shipped = next(models.rglob(f"{model}.sql"))
    own = home / "dbt_project" / "models" / shipped.relative_to(models)  # a model lies in its layer
    own.parent.mkdir(parents=True, exist_ok=True)
    added = chance.choice(("", "\norder by all\nlimit 5"))  # which rows, no order of a build may say
    own.write_text(f"-- {chance.random()}\n{shipped.read_text(encoding='utf-8').rstrip()}{added}\n", encoding="utf-8")


def the_shipped_models_again(home: Path, chance: random.Random) -> None:
    shutil.rmtree(home / "dbt_project", ignore_errors=True)


STEPS: list[Step] = [
    a_line_less,
    a_line_twice,
    an_export_withdrawn,
    a_budget_withdrawn,
    another_population,
    an_application_left,
    another_model,
    the_shipped_models_again,
]


# what came of it -------------------------------------------------------------


def published(home: Path) -> dict[str, str]:
    folder = (home / "published").resolve()
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in (".duckdb", ".db")
    }


def tables(file: Path) -> dict[str, object]:
    """Each table or view of a database: its comments, those of its columns, and its rows in any order."""
    found: dict[str, object] = {}
    base = file.stem  # a view names the database that it is of
    with duckdb.connect() as db:
        db.execute(f"attach '{file}' as {base} (read_only)")
        here = f"where database_name = '{base}'"
        columns: dict[tuple[str, str], list[tuple]] = {}  # all at once: listing them takes as long for one table
        for schema, name, *column in db.execute(
            "select schema_name, table_name, column_name, data_type, is_nullable, comment "
            f"from duckdb_columns() {here} order by schema_name, table_name, column_index"
        ).fetchall():
            columns.setdefault((schema, name), []).append(tuple(column))
        for schema, name, comment in db.execute(
            f"select schema_name, table_name, comment from duckdb_tables() {here} union all "
            f"select schema_name, view_name, comment from duckdb_views() {here} and not internal"
        ).fetchall():
            rows = db.execute(f'select count(*), sum(hash(r)), sum(hash(1, r)) from "{base}"."{schema}"."{name}" as r')
            found[f"{schema}.{name}"] = (comment, columns[schema, name], rows.fetchall())
    return found


def state(home: Path) -> dict[str, object]:
    return published(home) | {f"{file}:{k}": v for file in DATABASES for k, v in tables(home / file).items()}


def built_upon(home: Path) -> bool:
    """True when the last warehouse kept something of the one before."""
    with sqlite3.connect(home / "ledger.db") as db:
        return not db.execute("select is_whole from warehouses order by seq desc limit 1").fetchone()[0]


def assert_the_same_built_whole(home: Path, after: str) -> None:
    kept = state(home)
    whole = millesime(home, "run", YEAR, "--full")
    assert whole.returncode in (0, 1, 3), whole.stderr
    made = state(home)
    assert [name for name in sorted(kept.keys() | made.keys()) if kept.get(name) != made.get(name)] == [], after


def test_a_year_of_changes(home: Path, seed: int):
    chance = random.Random(seed)
    told, kept = [], 0
    for step in chance.sample(STEPS, CHANGES):
        step(home, chance)
        told.append(step.__name__)
        done = millesime(home, "run", YEAR)
        assert done.returncode in (0, 1, 3), f"{told}: {done.stderr}"
        assert not re.search("Traceback|NOT replaced", done.stdout + done.stderr), f"{told}: {done.stdout}"
        if built_upon(home):  # else it was built whole: another project (decision 0009)
            kept += 1
            assert_the_same_built_whole(home, str(told))
            assert not built_upon(home)
    assert kept
