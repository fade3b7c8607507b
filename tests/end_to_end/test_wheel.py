"""The wheel alone, installed outside the checkout as in the image, makes the demonstration and a new home."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pipelines.settings import PROJECT_ROOT
from tests.services import unavailable

pytestmark = pytest.mark.campaign(minutes=2)

YEAR = "2018"  # of the demonstration: it has a file of every format and of nearly every tool
NEW = 10001 if os.getuid() == 0 else None  # the account of the image, which this machine does not know
WHO = ["--name", "Syndicat d’essai", "--sigle", "SE", "--siren", "259400117", "--first", "2024", "--system", "glpi"]


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder for a new account, with an environment made as in the image, and nothing of the checkout."""
    folder = Path(tempfile.mkdtemp(prefix="millesime-wheel-"))  # beside pytest's folders, which only root may enter
    kept = ("pipelines", "demo", "catalogue", "expectations", "dbt_project", "deploy")
    for name in kept:
        shutil.copytree(PROJECT_ROOT / name, folder / "src" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "requirements.lock", "dagster.yaml", "README.md", "LICENSE"):
        shutil.copy(PROJECT_ROOT / name, folder / "src" / name)
    if NEW is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NEW, NEW)
    for python in (str(Path(sys.base_prefix) / "bin" / "python3"), "/usr/bin/python3"):
        with suppress(PermissionError):  # a Python of root's own
            if (
                subprocess.run(
                    [python, "-m", "pip", "--version"], user=NEW, capture_output=True, check=False
                ).returncode
                == 0
            ):
                run(folder, str(folder / "src/deploy/install.sh"), str(folder / "env"), PYTHON=python)
                break
    else:
        unavailable("Python", "the new account has none with pip (apt-get install python3-pip)")
    shutil.rmtree(folder / "src")
    yield folder
    shutil.rmtree(folder)


def run(folder: Path, *command: str, code: int = 0, **environment: str) -> str:
    """The output of a command, run as a user without a checkout would."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MILLESIME", "PYTHON", "TMP"))}
    clean |= {"HOME": str(folder)}
    done = subprocess.run(
        command,
        cwd=folder,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
        user=NEW,
        group=NEW,
    )
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def millesime(place: Path, *arguments: str, code: int = 0) -> str:
    return run(place, str(place / "env/bin/millesime"), *arguments, code=code, MILLESIME_KEY_FILE=str(place / "key"))


@pytest.mark.long
def test_it_makes_the_demonstration(place):
    found = run(place, str(place / "env/bin/python"), "-c", "import pipelines; print(pipelines.__file__)")
    assert Path(found.strip()).is_relative_to(place / "env")
    written = Path(found.strip()).parent / "shipped" / "dbt_project" / "models"
    assert (written / "marts").is_dir() and not (written / "composed").exists()
    millesime(place, "demo", "--through", YEAR, str(place / "demonstration"))
    published = place / "demonstration" / "published"
    assert (published / f"report/{YEAR}/interne/rapport_activite_{YEAR}.pdf").read_bytes().startswith(b"%PDF")
    project = [path for path in (place / "demonstration/dbt").rglob("*.yml") if path.is_file()]
    assert project
    assert not [path for path in project if str(PROJECT_ROOT) in path.read_text(encoding="utf-8")]
    assert "applications.cartads.jours_formation" in millesime(
        place, "--home", str(place / "demonstration"), "figures", YEAR
    )


def test_it_makes_a_home(place):
    millesime(place, "init", str(place / "home"), *WHO)
    assert "glpi" in millesime(place, "--home", str(place / "home"), "findings", "2024", code=3)  # nothing came
