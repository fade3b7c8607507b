"""Keeps the originals: ``archive/<sha256>``, written aside, synced, renamed, never changed.

The name of a file that may contain a person's is kept beside it, ``archive/noms/<sha256>``, and nowhere else once
landing is purged.
"""

import os
import shutil
from pathlib import Path

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.disk import sha256_of, sync, written_whole
from pipelines.failpoints import reached
from pipelines.ledger.closing import NAMES
from pipelines.settings import limits
from pipelines.stages.ingest.landing import is_too_large


def archive(path: Path, name: str, folder: Path) -> tuple[str, int]:
    """Copy ``path`` into the archive; return its SHA-256 and size.

    Raises DeliveryRefused FIC-TAILLE when it is too large, FIC-INSTABLE when it changes meanwhile.

    What is archived is what is read: the bytes of ``path`` before it was copied. ``name`` is what messages call it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if is_too_large(path):
        raise DeliveryRefused("FIC-TAILLE", fichier=name, attendu=f"un fichier de {limits().megabytes} Mo au plus")
    before, unstable = (
        _state(path),
        DeliveryRefused("FIC-INSTABLE", fichier=name, attendu="un fichier entièrement déposé"),
    )
    sha = sha256_of(path)
    target = folder / sha
    if not target.exists():
        aside = folder / f".{sha}.{os.getpid()}"
        try:
            shutil.copyfile(path, aside)
            if _state(path) != before or sha256_of(aside) != sha:
                raise unstable
            sync(aside)
            aside.rename(target)
        finally:
            aside.unlink(missing_ok=True)
        sync(folder)
    if _state(path) != before:
        raise unstable
    reached("archive.written")
    return sha, before[0]


def keep_name(path: Path, sha256: str, folder: Path) -> None:
    """Keep the name of an original, the first that it came under, when messages show another one."""
    kept = folder / NAMES / sha256
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True, mode=0o700)
        with written_whole(kept, errors="surrogateescape") as file:
            file.write(path.name)


def _state(path: Path) -> tuple[int, int]:
    """Size and time of the last change, which no longer change once a file has fully arrived."""
    seen = path.stat()
    return seen.st_size, seen.st_mtime_ns
