"""Incremental builds, one upon the other, give the same published bytes and tables as a full one.

A home goes through seeded changes of its deliveries; what they come to is compared with a full build. A change of its
declarations builds everything anyway (decision 0009).
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

pytestmark = pytest.mark.campaign(minutes=3)
YEAR = "2020"
LATER = ".later"  # in the home: what arrives in the course of the year, laid out as there
DATABASES = (
    "warehouse/current/warehouse.duckdb",
    "published/millesime.duckdb",
    "published/public/rapport_public.duckdb",
)
Step = Callable[[Path, random.Random], None]


def made(tmp_path_factory: pytest.TempPathFactory, place: Path, every: int, rest: int) -> Path:
    """The demonstration's exports of one exercice, published: of one tool in ``every`` so many, those whose number leaves this ``rest``."""

    def reduced(organisation: dict) -> None:
        organisation["exercices"] = {"premier": 2020, "dernier": 2020}
        for kind in ("systemes", "applications"):
            named = enumerate(organisation[kind])
            organisation[kind] = [tool for n, tool in named if n % every == rest or tool == "budget"]

    def make(home: Path) -> None:
        assert millesime(home, "demo", "--no-run", str(home)).returncode == 0
        organise(home, reduced)
        tools = {*said(home)["systemes"], *(application["code"] for application in said(home)["applications"])}
        for folder in (home / "landing" / YEAR).iterdir():
            if folder.name not in tools:
                shutil.rmtree(folder)
        late = next(path for path in landed(home) if len(list(path.parent.iterdir())) == 1)  # all of its export
        (aside := home / LATER / late.relative_to(home)).parent.mkdir(parents=True)
        late.rename(aside)
        assert millesime(home, "run", YEAR).returncode in (0, 3)

    return copied(made_once(tmp_path_factory, f"every_{every}_{rest}", make), place)


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


def a_budget_withdrawn(home: Path, chance: random.Random) -> None:
    chance.choice(landed(home, ".xml")).unlink()


def an_export_refused(home: Path, chance: random.Random) -> None:
    chance.choice(landed(home)).write_text("ce que son outil n’écrit pas\n", encoding="utf-8")


def an_export_arrived(home: Path, chance: random.Random) -> None:
    shutil.copytree(home / LATER, home, dirs_exist_ok=True)


STEPS: list[Step] = [a_line_less, a_line_twice, a_budget_withdrawn, an_export_refused, an_export_arrived]


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


def builds(home: Path) -> list[bool]:
    """Each warehouse that was made: whether everything of it was."""
    with sqlite3.connect(home / "ledger.db") as db:
        return [bool(is_whole) for (is_whole,) in db.execute("select is_whole from warehouses order by seq")]


def changed(home: Path, steps: list[Step], seed: int) -> None:
    """Take these steps one by one, then compare with a full build."""
    chance = random.Random(seed)
    told = []
    for step in chance.sample(steps, len(steps)):
        step(home, chance)
        told.append(step.__name__)
        done = millesime(home, "run", YEAR)
        assert done.returncode in (0, 1, 3), f"{told}: {done.stderr}"
        assert not re.search("Traceback|NOT replaced", done.stdout + done.stderr), f"{told}: {done.stdout}"
    first, *others = builds(home)
    assert first and others and not any(others), told  # a refusal alone makes none
    kept = state(home)
    whole = millesime(home, "run", YEAR, "--full")
    assert whole.returncode in (0, 1, 3), whole.stderr
    assert builds(home)[-1]
    made = state(home)
    assert [name for name in sorted(kept.keys() | made.keys()) if kept.get(name) != made.get(name)] == [], told


def test_one_correction(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    changed(made(tmp_path_factory, tmp_path, 9, 2), [a_line_less], seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_year_of_changes(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, seed: int) -> None:
    changed(made(tmp_path_factory, tmp_path, 2, seed % 2), STEPS, seed)
