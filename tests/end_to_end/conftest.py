"""The demonstration, made once through the command line as a new user makes it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.settings import Home
from tests.conftest import READ
from tests.once import made_once

# Where the demonstration is made; `test_reproducible` makes it again elsewhere.
FIRST_RUN = {"MILLESIME_THREADS": "2", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
MILLESIME = Path(sys.executable).with_name("millesime")


_read: list[Path] = []


@pytest.fixture(scope="session", autouse=True)
def _project_that_dbt_read(dbt_home: Home) -> None:
    _read[:] = [dbt_home.root.with_name(READ)]


def millesime(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run ``millesime`` on a home that has its key beside it.

    A new home begins with what is shipped, as dbt read it: each would take nine seconds to read the same again.
    """
    if _read and (home / "organisation.yml").exists() and not (home / "dbt").exists():
        shutil.copytree(_read[0], home / "dbt")
    env = {**os.environ, "MILLESIME_HOME": str(home), "MILLESIME_KEY_FILE": str(home.parent / "key"), **environment}
    return subprocess.run([MILLESIME, *arguments], env=env, capture_output=True, text=True, timeout=1800, check=False)


def copied(made: Path, place: Path) -> Path:
    """A copy of a home in ``place``, with its key beside it."""
    home = place / "home"
    shutil.copytree(made, home, symlinks=True, ignore=shutil.ignore_patterns("dagster"))
    shutil.copy(made.parent / "key", place / "key")
    return home


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demonstration home with the main job done, ``summary.txt`` beside it."""

    def make(home: Path) -> None:
        done = millesime(home, "demo", str(home), **FIRST_RUN)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        (home.parent / "summary.txt").write_text(done.stdout, encoding="utf-8")

    return made_once(tmp_path_factory, "demonstration", make)


def opened(home: Path) -> duckdb.DuckDBPyConnection:
    """The published file under a name that is not one of its schemas."""
    db = duckdb.connect()
    db.execute(f"attach '{home / 'published' / 'millesime.duckdb'}' as publie (read_only); use publie")
    return db
