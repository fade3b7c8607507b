"""The demonstration, made once through the command line as a new user makes it."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

# Where the demonstration is made; `test_reproducible` makes it again elsewhere.
FIRST_RUN = {"MILLESIME_THREADS": "2", "TZ": "UTC", "LC_ALL": "C.UTF-8"}
MILLESIME = Path(sys.executable).with_name("millesime")


def millesime(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Run ``millesime`` on a home, its key beside it."""
    env = {**os.environ, "MILLESIME_HOME": str(home), "MILLESIME_KEY_FILE": str(home.parent / "key"), **environment}
    return subprocess.run([MILLESIME, *arguments], env=env, capture_output=True, text=True, timeout=1800, check=False)


def copied(made: Path, place: Path) -> Path:
    """A copy of a home in ``place``, its key beside it."""
    home = place / "home"
    shutil.copytree(made, home, symlinks=True, ignore=shutil.ignore_patterns("dagster"))
    shutil.copy(made.parent / "key", place / "key")
    return home


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demonstration home with the main job done, made by the first worker that asks; nobody writes in it."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demonstration"
    shared.mkdir(exist_ok=True)
    home, summary = shared / "home", shared / "summary.txt"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not summary.exists():
            done = millesime(home, "demo", str(home), **FIRST_RUN)
            assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
            summary.write_text(done.stdout, encoding="utf-8")
    return home
