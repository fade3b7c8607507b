"""A home that was moved with its key: nothing has to be done again, and its pseudonyms are the same."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.end_to_end.conftest import MILLESIME, copied

pytestmark = pytest.mark.campaign(minutes=1)


def test_a_moved_home_and_its_key_have_nothing_to_do_again(demonstration: Path, tmp_path: Path):
    def millesime(home: Path, *arguments: str) -> subprocess.CompletedProcess:
        env = {name: value for name, value in os.environ.items() if name != "MILLESIME_KEY_FILE"}
        env |= {"XDG_CONFIG_HOME": str(tmp_path / "config")}
        command = [MILLESIME, "--home", str(home), *arguments]
        return subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    home, moved, carried = copied(demonstration, tmp_path), tmp_path / "moved", tmp_path / "carried"
    assert millesime(home, "key", "import", str(tmp_path / "key")).returncode == 0
    assert millesime(home, "key", "export", str(carried)).returncode == 0
    assert millesime(home, "run", "2018", "2019", "2020").returncode == 0  # what follows from the day is of today
    shutil.move(home, moved)
    refused = millesime(moved, "run", "2020")
    assert refused.returncode == 1 and "la clé des pseudonymes manque" in refused.stderr
    assert millesime(moved, "key", "import", str(carried)).returncode == 0
    before, published = (moved / "ledger.db").read_bytes(), (moved / "published").readlink()
    done = millesime(moved, "run", "2018", "2019", "2020")
    assert done.returncode == 0, done.stderr
    assert ((moved / "ledger.db").read_bytes(), (moved / "published").readlink()) == (before, published)
