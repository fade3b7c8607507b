"""Only its owner can read a home, whatever the mask it is made under and whatever a killed process left."""

import grp
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pipelines.private import open_to_readers, work_in
from pipelines.settings import Home, WrongSetting

LEAVES = """
import os, signal, sys, tempfile
from pathlib import Path
from pipelines.private import keep_to_owner, work_in
from pipelines.settings import Home

keep_to_owner()
work_in(Home(Path(sys.argv[1])))
Path(tempfile.mkdtemp(prefix="millesime-original-"), "agents.csv").write_text("1800194022001;Dupont")
os.system(f"{sys.executable} -c 'import tempfile; open(tempfile.mkdtemp() + chr(47) + chr(97), chr(119)).close()'")
os.kill(os.getpid(), signal.SIGKILL)
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_nothing_of_a_new_home_is_open_to_others_whatever_the_mask(tmp_path):
    home = tmp_path / "home"
    script = Path(sys.executable).with_name("millesime")
    command = [str(script), "demo", "--no-run", "--through", "2018", str(home)]
    subprocess.run(command, check=True, capture_output=True, umask=0, env=os.environ | {"HOME": str(tmp_path)})
    open_ = [str(p) for p in (home, *home.rglob("*")) if not p.is_symlink() and mode(p) & 0o077]
    assert len(list((home / "landing").rglob("*"))) > 10
    assert open_ == []


def test_a_home_that_was_open_is_closed_by_the_first_command(tmp_path):
    tmp_path.chmod(0o777)
    work_in(Home(tmp_path))
    assert mode(tmp_path) == 0o700


def test_a_command_that_was_called_from_a_folder_closed_to_its_account_works_in_its_home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "home"
    home.mkdir()
    work_in(Home(home))
    assert Path.cwd() == tmp_path
    monkeypatch.setattr(os, "access", lambda path, _: path != tmp_path)  # root is refused nothing
    work_in(Home(home))
    assert Path.cwd() == home


def test_what_a_killed_process_left_lies_in_the_home_and_is_swept(tmp_path):
    home, system = tmp_path / "home", tmp_path / "system"
    home.mkdir()
    system.mkdir()
    environment = os.environ | {"TMPDIR": str(system)}
    done = subprocess.run([sys.executable, "-c", LEAVES, str(home)], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(system.iterdir()) == []
    (left,) = (home / ".work").iterdir()
    assert len(list(left.iterdir())) == 2 and mode(left) == 0o700  # its own, and that of its child
    work_in(Home(home))
    assert not left.exists() and tempfile.gettempdir() == str(home / ".work" / str(os.getpid()))


def test_a_publication_is_read_by_the_group_that_is_named_and_its_ledger_by_nobody(tmp_path, monkeypatch):
    home, group = Home(tmp_path), grp.getgrgid(os.getgid())
    publication = home.builds / "abc"
    (publication / "rapport").mkdir(parents=True)
    for name in ("ledger.db", "state.json", "rapport/t.parquet"):
        (publication / name).touch(0o600)
    home.builds.chmod(0o700)
    publication.chmod(0o700)
    open_to_readers(home, publication, {"ledger.db"})
    assert (mode(publication), mode(home.builds)) == (0o700, 0o700)  # nobody is named
    monkeypatch.setenv("MILLESIME_PUBLISH_GROUP", group.gr_name)
    work_in(home)
    open_to_readers(home, publication, {"ledger.db"})
    assert (mode(tmp_path), mode(home.builds), mode(publication)) == (0o710, 0o710, 0o750)
    assert mode(publication / "rapport" / "t.parquet") == 0o640 and mode(publication / "ledger.db") == 0o600
    assert (publication / "state.json").stat().st_gid == group.gr_gid
    monkeypatch.setenv("MILLESIME_PUBLISH_GROUP", "un-groupe-qui-n-est-pas")
    with pytest.raises(WrongSetting, match="un-groupe-qui-n-est-pas"):
        work_in(home)
