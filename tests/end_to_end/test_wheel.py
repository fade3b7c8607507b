"""The wheel alone, in an empty environment outside the checkout, makes the demonstration and a new home."""

import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from pipelines.settings import PROJECT_ROOT

pytestmark = pytest.mark.campaign(minutes=2)

WHO = ["--name", "Syndicat d’essai", "--sigle", "SE", "--siren", "259400117", "--first", "2024", "--system", "glpi"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds an environment with the wheel, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(PROJECT_ROOT, sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist"))
    (wheel,) = (folder / "dist").glob("*.whl")
    locked = (PROJECT_ROOT / "requirements.lock").read_text(encoding="utf-8")
    # the versions of the lock, without extras, which no constraint may have, nor hashes, which the wheel has none of
    versions = re.findall(r"^([\w.-]+)(?:\[.*?\])?(==\S+)( ; .*?)?(?: \\)?$", locked, re.MULTILINE)
    (folder / "versions.txt").write_text("\n".join(map("".join, versions)), encoding="utf-8")
    venv.create(folder / "env", with_pip=False)
    python = str(folder / "env" / "bin" / "python")
    base = str(Path(sys.base_prefix) / "bin" / "python3")
    run(folder, base, "-m", "pip", "--python", python, "install", "-q", "-c", "versions.txt", str(wheel))
    return folder


def run(folder: Path, *command: str, code: int = 0, **environment: str) -> str:
    """What a command says, run as a user who has no checkout would."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MILLESIME", "PYTHON"))}
    done = subprocess.run(
        command, cwd=folder, env=clean | environment, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def millesime(place: Path, *arguments: str, code: int = 0) -> str:
    return run(place, str(place / "env/bin/millesime"), *arguments, code=code, MILLESIME_KEY_FILE=str(place / "key"))


def test_it_makes_the_demonstration(place):
    found = run(place, str(place / "env/bin/python"), "-c", "import pipelines; print(pipelines.__file__)")
    assert Path(found.strip()).is_relative_to(place / "env")
    millesime(place, "demo", str(place / "demonstration"))
    published = place / "demonstration" / "published"
    assert (published / "report/2020/interne/rapport_activite_2020.pdf").read_bytes().startswith(b"%PDF")
    project = [path for path in (place / "demonstration/dbt").rglob("*.yml") if path.is_file()]
    assert project
    assert not [path for path in project if str(PROJECT_ROOT) in path.read_text(encoding="utf-8")]
    assert "applications.cartads.jours_formation" in millesime(
        place, "--home", str(place / "demonstration"), "figures", "2020"
    )


def test_it_makes_a_home(place):
    millesime(place, "init", str(place / "home"), *WHO)
    assert "glpi" in millesime(place, "--home", str(place / "home"), "findings", "2024", code=3)  # nothing came
