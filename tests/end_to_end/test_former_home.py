"""Homes that former versions made, published and with 2020 frozen, upgraded by the commands of docs/operations.md, then corrected.

``make release`` adds one a release. A fixture holds only what a home cannot make again.
"""

import json
import os
import re
import subprocess
import tarfile
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.conftest import MILLESIME

pytestmark = pytest.mark.campaign(minutes=4)

KEPT = Path(__file__).parents[1] / "fixtures" / "former_home"
FIGURE = "finances.principal.fonctionnement.depenses_realisees"
CORRECTED = "infrastructure.teams.reunions"
VISAS = ("--prepared-by", "A. Préparateur", "--reviewed-by", "B. Relectrice", "--approved-by", "C. Présidente")


class Former:
    """A home, with the key of its user."""

    def __init__(self, folder: Path, version: str):
        self.home, self.folder = folder / "home", folder
        with tarfile.open(KEPT / f"{version}.tar.xz") as archive:
            archive.extractall(folder, filter="data")

    def millesime(self, *arguments: str, code: int = 0) -> str:
        """What the command says."""
        env = os.environ | {"MILLESIME_KEY_FILE": str(self.folder / "key"), "MILLESIME_HOME": str(self.home)}
        done = subprocess.run(
            [MILLESIME, *arguments], env=env, capture_output=True, text=True, timeout=1800, check=False
        )
        assert done.returncode == code, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def figures(self, folder: str) -> dict[str, float]:
        known = "select code, valeur from '{}/rapport/chiffres.parquet' where exercice = 2020 and valeur is not null"
        return dict(duckdb.execute(known.format(self.home / folder)).fetchall())

    def names(self) -> set[str]:
        """The version that each edition of the report bears."""
        models = (self.home / "published" / "report" / "2020").glob("*/modele.json")
        return {json.loads(path.read_text(encoding="utf-8"))["edition"]["nom"] for path in models}


@pytest.fixture(scope="module", params=sorted(path.name.removesuffix(".tar.xz") for path in KEPT.iterdir()))
def former(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Former:
    """Upgraded: its documented commands were run."""
    former = Former(tmp_path_factory.mktemp("former"), request.param)
    assert "Rien n’a été modifié." in former.millesime("verify")
    former.millesime("status", "2020")
    former.millesime("backup", str(former.folder / "saved"))
    former.millesime("run", "2020")
    return former


def test_its_frozen_year_is_the_same_and_is_made_again(former: Former) -> None:
    assert "Rien n’a été modifié." in former.millesime("verify")
    assert "à jour de ce qui est accepté" in former.millesime("status", "2020")
    assert "SICIO_2020_P_CA.xml" in former.millesime("trace", FIGURE, "2020")
    frozen, now = former.figures("releases/2020-v1"), former.figures("published")
    assert len(frozen) > 10 and {code: now[code] for code in frozen} == frozen
    assert former.names() == {"2020-v1"}
    replayed = former.millesime("replay", "2020-v1")
    assert "ressortent avec les mêmes octets" in replayed and "✗" not in replayed


def test_a_correction_waits_for_a_new_version_with_its_erratum(former: Former) -> None:
    export = former.home / "landing" / "2020" / "teams" / "teams_demonstration_2020.csv"
    text, line = export.read_text(encoding="utf-8"), "2020-12-01,SICIO,4,4,"
    assert line in text
    export.write_text(text.replace(line, "2020-12-01,SICIO,4,5,"), encoding="utf-8")
    before = former.figures("published")[CORRECTED]
    assert "2020-v1 est figée" in former.millesime("run", "2020", code=5)
    assert former.figures("published")[CORRECTED] == before and former.names() == {"2020-v1"}
    release = ("release", "2020", *VISAS, "--reason", "export de Teams corrigé")
    for finding in re.findall(r"^([0-9a-f]{12}) ", former.millesime(*release, code=1), re.MULTILINE):
        former.millesime("decide", finding, "--because", "Corrigé.", "--by", VISAS[1])
    former.millesime(*release)
    assert former.figures("published")[CORRECTED] == before + 1 and former.names() == {"2020-v2"}
    said = former.millesime("compare", "2020-v1", "2020-v2", code=1)
    assert "Un chiffre est modifié." in said and "(+1" in said
    state = former.home / "releases" / "2020-v1" / "state.json"
    state.write_text("{}", encoding="utf-8")
    assert state.name in former.millesime("verify", code=1)
