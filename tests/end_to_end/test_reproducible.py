"""Same exports, code, lock, key and decisions: the same bytes, whatever the threads, the time zone and the locale.

The demonstration itself is the first run (``conftest.FIRST_RUN``). Two copies of it, with their ledger, lose everything that can
be made again, and make it again elsewhere. Everything varies at once, since a build takes a minute. The replay in
``test_evidence``, which runs more often, proves the same of a release, in another time zone and with other threads.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines.ledger.closing import SUMS, is_made_alike, listed, read
from tests.end_to_end.conftest import FIRST_RUN, copied, millesime

pytestmark = pytest.mark.long

MADE_AGAIN = ("warehouse", "builds", "audit", "cache", "dbt")
EXERCICES = ("2018", "2019", "2020")


def french() -> str:
    """A French locale if the machine has one, otherwise the C locale."""
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=True).stdout.lower().split()
    return "fr_FR.UTF-8" if {"fr_fr.utf8", "fr_fr.utf-8"} & set(known) else "C"


OTHER_RUNS = [
    {"MILLESIME_THREADS": "1", "TZ": "America/New_York", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
    {"MILLESIME_THREADS": "8", "TZ": "Europe/Paris", "LC_ALL": french(), "PYTHONHASHSEED": "2"},
]


def content(path: Path) -> bytes:
    """The bytes of a file; of a list of hashes, what it says of the files that are compared."""
    if path.name != SUMS:
        return path.read_bytes()
    said = read(path.read_text(encoding="utf-8"))
    return listed({name: sha256 for name, sha256 in said.items() if is_made_alike(name)}).encode()


def digests(home: Path, **environment: str) -> dict[str, str]:
    """The SHA-256 of every published or exported file that is made alike: no database, nor the copy of the ledger."""
    for profile in ("interne", "public"):
        done = millesime(home, "export", "2020", "--profile", profile, **environment)
        assert done.returncode == 0, done.stderr
    return {
        path.relative_to(home.resolve()).as_posix().replace(home.joinpath("published").resolve().name, "published"): (
            hashlib.sha256(content(path)).hexdigest()
        )
        for folder in (home / "published", home / "exports")
        for path in sorted(folder.resolve().rglob("*"))
        if path.is_file() and is_made_alike(path.name)
    }


@pytest.fixture(scope="module")
def first(demonstration: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = copied(demonstration, tmp_path_factory.mktemp("premiere"))
    return digests(home, **FIRST_RUN)


def test_every_kind_of_file_is_compared(first: dict[str, str]):
    assert {".parquet", ".csv", ".html", ".pdf", ".docx", ".odt", ".xlsx", ".json"} <= {
        Path(name).suffix for name in first
    }
    assert any("/scdl/" in name for name in first)


@pytest.mark.parametrize("run", OTHER_RUNS, ids=lambda run: f"{run['MILLESIME_THREADS']} threads, {run['TZ']}")
def test_threads_time_zone_and_locale_change_no_byte(
    run: dict[str, str], first: dict[str, str], demonstration: Path, tmp_path: Path
):
    home = copied(demonstration, tmp_path)
    for name in MADE_AGAIN:
        shutil.rmtree(home / name)
    (home / "published").unlink()
    done = millesime(home, "run", *EXERCICES, **run)
    assert done.returncode == 0, done.stderr
    found = digests(home, **run)
    assert [name for name in sorted(first.keys() | found.keys()) if first.get(name) != found.get(name)] == []
