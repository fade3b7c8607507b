"""Keeps the originals: ``archive/<sha256>``, written aside, synced, renamed, never changed."""

import os
import shutil
from pathlib import Path

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.disk import sha256_of, sync
from pipelines.failpoints import reached
from pipelines.ledger.records import DeliveredFile


def archive(path: Path, name: str, folder: Path) -> DeliveredFile:
    """Copy ``path`` into the archive and return its identity. Raises DeliveryRefused FIC-INSTABLE when it changes."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    before = _state(path)
    sha = sha256_of(path)
    target = folder / sha
    if not target.exists():
        aside = folder / f".{sha}.{os.getpid()}"
        shutil.copyfile(path, aside)
        if _state(path) != before or aside.stat().st_size != before[0]:
            aside.unlink()
            raise DeliveryRefused("FIC-INSTABLE", fichier=name, attendu="un fichier entièrement déposé")
        sync(aside)
        aside.rename(target)
        sync(folder)
    reached("archive.written")
    return DeliveredFile(name, sha, before[0])


def _state(path: Path) -> tuple[int, int]:
    """Size and time of the last change: both stand still in a file that is entirely there."""
    seen = path.stat()
    return seen.st_size, seen.st_mtime_ns
