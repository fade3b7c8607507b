"""Keeps a small home made by this version of the program, for the tests of those that come after: ``make release``.

    tests/fixtures/former_home/<version>.tar.xz   key, and home/: published, 2020 frozen and prepared for its members

It has what a home cannot make again: neither the warehouse nor the folders of dbt and Dagster.
"""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import yaml

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "former_home"
EXERCICE = 2020
SYSTEMS = ["teams", "budget", "cegid_rh", "projets"]  # a log, budgets, persons, texts that somebody reads
MADE_AGAIN = ("cache", "dagster", "dbt", "warehouse", ".lock")


def keep(version: str) -> Path:
    """Make the home of this version, and return the archive that keeps it."""
    kept = FOLDER / f"{version}.tar.xz"
    with tempfile.TemporaryDirectory() as place:
        home = make(Path(place))
        with tarfile.open(kept, "w:xz", preset=9) as archive:
            archive.add(home.with_name("key"), "key", filter=_anonymous)
            for path in sorted(home.iterdir()):
                if path.name not in MADE_AGAIN:
                    archive.add(path, f"home/{path.name}", filter=_anonymous)
    return kept


def make(folder: Path) -> Path:
    """Make ``folder/home`` by the commands that its users type, with its key beside it."""
    home = folder / "home"
    _millesime(home, "demo", "--no-run", "--through", str(EXERCICE), str(home))
    for deposit in (home / "landing").glob("*/*"):
        if deposit.is_file():
            deposit.unlink()  # what is declared absent
        elif deposit.parent.name != str(EXERCICE) or deposit.name not in SYSTEMS:
            shutil.rmtree(deposit)
    said = yaml.safe_load((home / "organisation.yml").read_text(encoding="utf-8"))
    said |= {"demonstration": False, "exercices": {"premier": EXERCICE, "dernier": EXERCICE}}
    said |= {"systemes": SYSTEMS, "applications": []}
    cover = said["identite"].pop("couverture")["fichier"]  # a third of each report's bytes
    (home / "contenu" / "images" / cover).unlink()
    (home / "organisation.yml").write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    prepared, reviewed, approved = (person["nom"] for person in said["personnes"])

    _millesime(home, "run", str(EXERCICE))
    _millesime(home, "textes", str(EXERCICE), "--approve", "all", "--by", reviewed)
    _millesime(home, "run", str(EXERCICE))
    signed = ["--prepared-by", prepared, "--reviewed-by", reviewed, "--approved-by", approved]
    release = ["release", str(EXERCICE), *signed]
    refused = _run(home, release)
    for finding in re.findall(r"^([0-9a-f]{12}) ", refused.stderr, re.MULTILINE):
        _millesime(home, "decide", finding, "--because", "Lu.", "--by", prepared)
    _millesime(home, *release)
    _millesime(home, "transmit", str(EXERCICE))
    return home


def _millesime(home: Path, *arguments: str) -> None:
    done = _run(home, arguments)
    if done.returncode:
        raise SystemExit(f"millesime {' '.join(arguments)}\n{done.stdout}{done.stderr}")


def _run(home: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess:
    given = {"MILLESIME_HOME": str(home), "MILLESIME_KEY_FILE": str(home.with_name("key")), "MILLESIME_QUIET": "0"}
    command = [str(Path(sys.executable).with_name("millesime")), *arguments]
    return subprocess.run(command, env=os.environ | given, capture_output=True, text=True, check=False)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Nobody's own: whoever makes it, and whoever unpacks it."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


if __name__ == "__main__":
    print(keep(metadata.version("millesime")))
