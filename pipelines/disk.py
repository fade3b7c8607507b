"""Files: the fingerprint of one, and making what was written last (a file, or a folder whose entries were renamed)."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


def sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a file, which need not fit in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Flush a file, or a folder's entries, so that a rename survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def second_name(file: Path, name: Path) -> None:
    """Give a file the new name ``name`` too; where the system has no second names, the name of a copy."""
    try:
        name.hardlink_to(file)
    except OSError:
        shutil.copyfile(file, name)


@contextmanager
def written_whole(path: Path, encoding: str = "utf-8") -> Iterator[TextIO]:
    """A text file that bears its name only once it is whole: written aside, synced, renamed; nothing after an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("w", encoding=encoding, newline="") as file:
            yield file
        sync(aside)
        aside.rename(path)
    finally:
        aside.unlink(missing_ok=True)
    sync(path.parent)
