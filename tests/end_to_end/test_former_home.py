"""A home that the former version of the tool made, key included: a freeze of 2020, four systems, two exercices.

The fixture contains only what a home cannot make again: landing, archive, lake, ledger, releases.
"""

import hashlib
import json
import os
import subprocess
from pathlib import Path

import duckdb
import pytest

from tests.end_to_end.conftest import MILLESIME, unpacked

pytestmark = pytest.mark.campaign(minutes=2)


class Kept:
    """The home, with its user's configuration of that time."""

    def __init__(self, folder: Path):
        self.home, self.config = unpacked(folder), folder / "config"
        name = hashlib.sha256(str(self.home).encode()).hexdigest()[:16]
        self.key = self.config / "sicio" / f"{name}.key"
        self.key.parent.mkdir(parents=True)
        (folder / "key").rename(self.key)

    def millesime(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run the command as the user of this home does, without naming a key file."""
        env = {name: value for name, value in os.environ.items() if name != "MILLESIME_KEY_FILE"}
        env |= {"XDG_CONFIG_HOME": str(self.config), "MILLESIME_HOME": str(self.home)}
        return subprocess.run(
            [MILLESIME, *arguments], env=env, capture_output=True, text=True, timeout=1800, check=False
        )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    kept = Kept(tmp_path_factory.mktemp("former"))
    done = kept.millesime("run", "2019", "2020")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return kept


def test_it_runs_and_its_frozen_figures_are_the_same(kept: Kept) -> None:
    frozen = kept.home / "releases" / "2020-v1" / "rapport" / "chiffres.parquet"
    here = kept.home / "published" / "rapport" / "chiffres.parquet"
    figures = "select code, exercice, valeur, code_manquant, statut from '{}' where exercice = 2020 order by all"
    with duckdb.connect() as db:
        before, after = (db.execute(figures.format(path)).fetchall() for path in (frozen, here))
    assert len(before) > 100 and len(after) > 100
    # a figure of a system that the home does not use was missing, and is since no figure of its report
    gone = {row[0] for row in before} - {row[0] for row in after}
    assert {row[2:] for row in before if row[0] in gone} == {(None, "m", "manquant")}
    # a figure that was declared since was frozen by nobody
    frozen_codes = {row[0] for row in before}
    assert [row for row in before if row[0] not in gone] == [row for row in after if row[0] in frozen_codes]


def test_its_key_is_taken_along_so_that_nobody_becomes_somebody_else(kept: Kept) -> None:
    assert not kept.key.exists()
    assert (kept.config / "millesime" / kept.key.name).stat().st_mode & 0o777 == 0o600
    deliveries = json.loads(kept.millesime("status", "2020", "--format", "json").stdout)["exports"]
    assert {one["state"] for one in deliveries if one["accepted_at"]} == {"received"}


def test_what_it_kept_is_proved_and_made_again(kept: Kept) -> None:
    proved = kept.millesime("verify")
    assert proved.returncode == 0, proved.stdout
    replayed = kept.millesime("replay", "2020-v1")
    others = {line.split()[1] for line in replayed.stdout.splitlines() if line.endswith("d’autres octets")}
    # every table of the report says since then what each of its rows is
    there = {path.name for path in (kept.home / "releases" / "2020-v1" / "rapport").glob("*.parquet")}
    here = {path.name for path in (kept.home / "published" / "rapport").glob("*.parquet")}
    here -= {"fraicheur.parquet"}  # it speaks of the publication
    assert len(there & here) > 30 and others == {f"rapport/{name}" for name in there | here}, replayed.stdout
    assert "le code n’est pas celui qui a fait cette version" in replayed.stdout
