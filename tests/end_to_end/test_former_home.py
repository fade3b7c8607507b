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

from tests.end_to_end.conftest import FORMER_HOME, MILLESIME, unpacked

pytestmark = pytest.mark.campaign(minutes=4)


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


def test_a_home_that_the_first_version_published_is_upgraded_by_the_documented_commands(tmp_path: Path) -> None:
    """Commit 68541a68 of ``sicio``: three systems, published and with 2020 frozen; nothing was recorded of what it published."""
    home = unpacked(tmp_path, FORMER_HOME.with_name("published.tar.xz"))
    env = {**os.environ, "MILLESIME_HOME": str(home), "MILLESIME_KEY_FILE": str(tmp_path / "key")}

    def said(*arguments: str) -> str:
        done = subprocess.run(
            [MILLESIME, *arguments], env=env, capture_output=True, text=True, timeout=1800, check=False
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    assert "pas construits" in said("status", "2020")
    assert "Rien n’a été modifié." in said("verify")
    said("run", "2020")
    assert "Rien n’a été modifié." in said("verify")
    assert "à jour de ce qui est accepté" in said("status", "2020")
    assert "SICIO_2020_P_CA.xml" in said("trace", "finances.principal.fonctionnement.depenses_realisees", "2020")
    frozen = home / "releases" / "2020-v1" / "rapport" / "chiffres.parquet"
    here = home / "published" / "rapport" / "chiffres.parquet"
    known = "select code, valeur from '{}' where exercice = 2020 and valeur is not null order by all"
    with duckdb.connect() as db:
        before, after = (dict(db.execute(known.format(path)).fetchall()) for path in (frozen, here))
    assert len(before.keys() & after.keys()) > 10 and all(
        before[code] == after[code] for code in before.keys() & after.keys()
    )
    (home / "releases" / "2020-v1" / "release.json").write_text("{}", encoding="utf-8")
    done = subprocess.run([MILLESIME, "verify"], env=env, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode != 0 and "release.json" in done.stdout
