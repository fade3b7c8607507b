"""Lists the files of ``landing/<exercice>/<system>/…``, and tells which of them may still be arriving."""

import hashlib
import os
import re
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from pipelines import settings
from pipelines.catalogue.sources import ExportRef, Registry
from pipelines.disk import MEGA, sha256_of

ADDED = ("thumbs.db", "desktop.ini")
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".download", ".filepart", ".lock", ".lck")
# what programs put beside a file they are writing or have open, and its name: Office, LibreOffice, rsync
BESIDE = [re.compile(r"~\$(.+)"), re.compile(r"\.~lock\.(.+)#"), re.compile(r"\.(.+)\.[A-Za-z0-9]{6}")]


def files_of(landing: Path, ref: ExportRef, exercice: int) -> list[Path]:
    """The files of one export, whatever the case of their names, sorted by name; empty when nothing arrived.

    A link that leads outside the mailbox is ignored: it could point at any file of the system.
    """
    ref = ref.of(exercice)
    return sorted(
        path
        for path in _lying(landing, ref, exercice)
        if ref.export.takes(path.name) and not ignored(path) and is_deposit(landing, path)
    )


def is_too_large(path: Path) -> bool:
    """True for a file beyond the limit (``MILLESIME_MOST_MEGABYTES``): it is refused unread, since its size may be a
    lie (a sparse file)."""
    return path.stat().st_size > settings.limits().megabytes * MEGA


def known_by(path: Path) -> str:
    """What a file is known by: the SHA-256 of its bytes; of its size, or its place on the disk, when these cannot be read."""
    if path.is_file():
        return hashlib.sha256(str(path.stat().st_size).encode()).hexdigest() if is_too_large(path) else sha256_of(path)
    return hashlib.sha256(str(path.lstat().st_ino).encode()).hexdigest()  # a pipe would be waited for


def _lying(landing: Path, ref: ExportRef, exercice: int) -> list[Path]:
    folder = landing / str(exercice)
    if not ref.export.files.startswith("/"):
        folder = folder / ref.system.system
    return list(folder.iterdir()) if folder.is_dir() else []


def arriving(landing: Path, ref: ExportRef, exercice: int, quiet: float) -> list[tuple[Path, str]]:
    """Signs that an export may not have fully arrived, each with its reason in French; nothing of the export may then be read.

    A file is still arriving for ``quiet`` seconds after its last change, and as long as a temporary file or a lock is
    beside it. When the file system's clock is ahead of ours that proves nothing: its files are looked at twice,
    ``quiet`` seconds apart.
    """
    ref = ref.of(exercice)
    files = files_of(landing, ref, exercice)
    found = [
        (path, "fichier temporaire, ou verrou d’un programme qui a le fichier ouvert")
        for path in _lying(landing, ref, exercice)
        if any(ref.export.takes(name) or name in [one.name[2:] for one in files] for name in _awaited(path.name))
    ]
    return sorted(found) + [(path, f"changé il y a moins de {quiet:g} s") for path in _changing(files, quiet)]


def _awaited(name: str) -> Iterator[str]:
    """The names of the files that a temporary file or a lock is about; empty for any other file."""
    yield from (found[1] for found in (pattern.fullmatch(name) for pattern in BESIDE) if found)
    yield from (name[: -len(end)] for end in UNFINISHED if name.casefold().endswith(end))


def strays(landing: Path, registry: Registry, exercice: int) -> list[Path]:
    """Temporary files and locks of the year that belong to no export's file: a download that has no name yet, for example."""
    folder, found = landing / str(exercice), []
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        names = list(_awaited(path.name))
        plain = names and not BESIDE[-1].fullmatch(path.name) and path.is_file()  # that pattern fits any hidden file
        if plain and not any(ref.of(exercice).export.takes(name) for ref in registry.exports() for name in names):
            if not any(one.name[2:] in names for one in path.parent.iterdir()):  # Word's way
                found.append(path)
    return found


def _changing(files: list[Path], quiet: float) -> list[Path]:
    """The files changed within ``quiet`` seconds, by either of their times, since a copy may keep the date of its original."""
    now, ahead, changing = time.time(), {}, []
    for path in files:
        seen = path.stat()
        if any(abs(now - changed) < quiet for changed in (seen.st_mtime, seen.st_ctime)):
            changing.append(path)
        elif seen.st_ctime > now:
            ahead[path] = (seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)
    if ahead and quiet:
        time.sleep(quiet)
    for path, before in ahead.items():
        seen = path.stat()
        if (seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns) != before:
            changing.append(path)
    return changing


def is_deposit(landing: Path, path: Path) -> bool:
    """True for a file of the mailbox; false for a pipe, a device, a link that leads outside it, to nothing or to a folder."""
    return path.is_file() and not leaves(landing, path)


def leaves(landing: Path, path: Path) -> bool:
    """True when a path of the mailbox leads, or would lead, through a link to a file or folder outside it."""
    return not Path(os.path.realpath(path)).is_relative_to(landing.resolve())


def ignored(path: Path) -> bool:
    """Hidden files, Office locks, what an explorer adds by itself and files still being copied are not exports."""
    name = path.name.casefold()
    return name.startswith((".", "~$")) or name in ADDED or name.endswith(UNFINISHED)


def astray(landing: Path, exercices: Collection[int]) -> list[Path]:
    """The files beside the folders of the exercices, at the root of landing or in other folders: no run looks there."""
    others = [path for path in landing.iterdir() if path.name not in map(str, exercices)] if landing.is_dir() else []
    files = [file for path in others if not ignored(path) for file in ([path] if path.is_file() else path.rglob("*"))]
    return sorted(file for file in files if file.is_file() and not ignored(file) and not leaves(landing, file))


def unknown_files(landing: Path, registry: Registry, exercice: int) -> list[Path]:
    """What belongs to no declared export of the year: files, pipes and devices, and links that lead outside landing,
    nowhere, or to a folder in that of a system: no export is read through them."""
    folder = landing / str(exercice)
    if not folder.is_dir():
        return []
    if leaves(landing, folder):
        return [folder]
    known = {path for ref in registry.exports() for path in files_of(landing, ref, exercice)}
    there = (
        p
        for p in folder.rglob("*")
        if not p.is_dir() or (p.is_symlink() and (leaves(landing, p) or p.parent != folder))
    )
    return sorted(p for p in there if not ignored(p) and p not in known)
