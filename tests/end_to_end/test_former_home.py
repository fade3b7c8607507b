"""Homes that former versions made, published and with 2020 frozen, upgraded by the commands of docs/operations.md.

``68541a68`` is the first version that anybody ran, whose command was ``sicio``; then comes one a release, which
``make release`` adds; the last is made here by this version. A fixture holds only what a home cannot make again.
"""

import hashlib
import importlib.util
import json
import os
import re
import subprocess
import tarfile
from pathlib import Path

import duckdb
import pytest

from pipelines.settings import PROJECT_ROOT
from tests.end_to_end.conftest import MILLESIME

pytestmark = pytest.mark.campaign(minutes=4)

KEPT = Path(__file__).parents[1] / "fixtures" / "former_home"
FIRST, HERE = "68541a68", "this one"
FIGURE = "finances.principal.fonctionnement.depenses_realisees"
spec = importlib.util.spec_from_file_location("kept_home", PROJECT_ROOT / "deploy" / "kept_home.py")
kept_home = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kept_home)


class Former:
    """A home, with the configuration of its user at that time."""

    def __init__(self, folder: Path, version: str):
        self.home, self.version, self.config = folder / "home", version, folder / "config"
        if version == HERE:
            kept_home.make(folder)
        else:
            with tarfile.open(KEPT / f"{version}.tar.xz") as archive:
                archive.extractall(folder, filter="data")
        name = hashlib.sha256(str(self.home).encode()).hexdigest()[:16]
        self.key = self.config / ("sicio" if version == FIRST else "millesime") / f"{name}.key"
        self.key.parent.mkdir(parents=True)
        (folder / "key").rename(self.key)

    def millesime(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run the command as the user of this home does, without naming a key file."""
        env = {name: value for name, value in os.environ.items() if name != "MILLESIME_KEY_FILE"}
        env |= {"XDG_CONFIG_HOME": str(self.config), "MILLESIME_HOME": str(self.home)}
        return subprocess.run(
            [MILLESIME, *arguments], env=env, capture_output=True, text=True, timeout=1800, check=False
        )

    def said(self, *arguments: str) -> str:
        """What it says when all is well."""
        done = self.millesime(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout


VERSIONS = sorted(path.name.removesuffix(".tar.xz") for path in KEPT.iterdir())


@pytest.fixture(scope="module", params=[*VERSIONS, pytest.param(HERE, marks=pytest.mark.long)])
def former(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Former:
    return Former(tmp_path_factory.mktemp("former"), request.param)


def test_it_is_upgraded_by_the_documented_commands(former: Former) -> None:
    assert "Rien n’a été modifié." in former.said("verify")
    former.said("status", "2020")
    former.said("backup", str(former.config / "saved"))
    former.said("run", "2020")
    assert "Rien n’a été modifié." in former.said("verify")
    assert "à jour de ce qui est accepté" in former.said("status", "2020")
    assert "SICIO_2020_P_CA.xml" in former.said("trace", FIGURE, "2020")


def test_its_frozen_figures_are_the_same(former: Former) -> None:
    frozen = former.home / "releases" / "2020-v1" / "rapport" / "chiffres.parquet"
    here = former.home / "published" / "rapport" / "chiffres.parquet"
    known = "select code, valeur from '{}' where exercice = 2020 and valeur is not null order by all"
    with duckdb.connect() as db:
        before, after = (dict(db.execute(known.format(path)).fetchall()) for path in (frozen, here))
    common = before.keys() & after.keys()
    assert len(common) > 10 and {code: before[code] for code in common} == {code: after[code] for code in common}


def test_what_it_publishes_of_its_frozen_year_bears_its_name_only_if_it_is_the_same(former: Former) -> None:
    """Tables of the report have changed since each former version, and so have the rules of secrecy."""
    published = former.home / "published" / "report" / "2020"
    named = {
        json.loads((published / profile / "modele.json").read_text(encoding="utf-8"))["edition"]["nom"]
        for profile in ("interne", "public")
    }
    assert named == {"2020-v1" if former.version == HERE else "2020-v1 revue"}


def test_its_key_is_taken_along_so_that_nobody_becomes_somebody_else(former: Former) -> None:
    assert (former.config / "millesime" / former.key.name).stat().st_mode & 0o777 == 0o600
    assert former.version != FIRST or not former.key.exists()


def test_its_frozen_year_is_made_again(former: Former) -> None:
    replayed = former.millesime("replay", "2020-v1")
    assert "2020-v1 refaite" in replayed.stdout, replayed.stderr
    changed = re.findall(r"^✗ (\S+).*d’autres octets$", replayed.stdout, re.MULTILINE)
    if former.version == HERE:
        assert (replayed.returncode, changed) == (0, []), replayed.stdout
    else:
        # its tables are read from the same originals, and have other columns since
        assert "le code n’est pas celui qui a fait cette version" in replayed.stdout
        assert "rapport/chiffres.parquet" in changed


def test_what_is_changed_in_its_frozen_year_shows(former: Former) -> None:
    state = next(path for path in (former.home / "releases" / "2020-v1").glob("*.json"))
    state.write_text("{}", encoding="utf-8")
    done = former.millesime("verify")
    assert done.returncode != 0 and state.name in done.stdout
