"""Keeps a home private to its owner: permissions, who else may read a publication, where unencrypted copies are.

``millesime`` and Dagster's processes call this first. A process puts its temporary files (originals under their names,
typed rows, a whole home made again) in ``.work/<process>`` of the home, never in the system's temporary folder. The next
process removes the files that a killed one left.
"""

import atexit
import grp
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from pipelines import settings
from pipelines.settings import Home, WrongSetting


def keep_to_owner() -> None:
    """What this process and its children create from now on is private to the owner."""
    os.umask(0o077)


def work_in(home: Home) -> None:
    """Close the home to others, and put temporary files in it from now on. A home that this account can only read is left as it is.

    Raises WrongSetting.
    """
    group = _group()
    if not home.root.is_dir() or not os.access(home.root, os.W_OK):
        return
    with suppress(PermissionError):  # another account's
        _give(home.root, group, 0o710 if group is not None else 0o700)
    sweep(home)
    own = home.work / str(os.getpid())
    own.mkdir(parents=True, exist_ok=True, mode=0o700)
    tempfile.tempdir = str(own)
    os.environ["TMPDIR"] = str(own)  # for its children
    # dbt looks around where it is called, which may be root's own folder, from where it calls a service's account
    if not os.access(Path.cwd(), os.X_OK):
        os.chdir(home.root)
    atexit.register(shutil.rmtree, own, ignore_errors=True)


def sweep(home: Home) -> None:
    """Remove the temporary files of dead processes."""
    for path in home.work.glob("*"):
        if path.name.isdecimal() and not is_alive(int(path.name)):
            shutil.rmtree(path, ignore_errors=True)


def is_alive(pid: int) -> bool:
    """True when a process has this number, whoever runs it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def keep_to_account(*places: Path) -> None:
    """Close files, and folders with their contents, to everybody but the account, whatever its mask."""
    for place in places:
        for path in (place, *place.rglob("*")):
            path.chmod(0o700 if path.is_dir() else 0o600)


def open_to_readers(home: Home, publication: Path, kept: set[str]) -> None:
    """Let the configured group read a finished publication, except for the files and folders named ``kept``.

    Raises WrongSetting.
    """
    if (group := _group()) is None:
        return
    for path in (publication, *publication.rglob("*")):
        if not kept.intersection(path.relative_to(publication).parts):
            _give(path, group, 0o750 if path.is_dir() else 0o640)
    _give(home.builds, group, 0o710)


def _group() -> int | None:
    name = settings.publication_group()
    if name is None:
        return None
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise WrongSetting(f"MILLESIME_PUBLISH_GROUP nomme un groupe que ce poste n’a pas : {name}") from None


def _give(path: Path, group: int | None, mode: int) -> None:
    """The mode, and the group when there is one."""
    try:
        if group is not None:
            os.chown(path, -1, group)
    except PermissionError:
        raise WrongSetting("MILLESIME_PUBLISH_GROUP : ce compte n’est pas membre de ce groupe") from None
    path.chmod(mode)
