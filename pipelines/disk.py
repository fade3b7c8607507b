"""Fingerprints of files, flushing them to disk, and the reason why the system refuses an operation."""

import errno
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from pipelines.french import NO_BREAK

MEGA = 1 << 20
LEAST_ROOM = 100 * MEGA  # what a run of the smallest home needs
WHY = {  # error of the system → its meaning
    errno.EACCES: "l’accès est refusé : donner ce droit au compte qui lance la commande, ou la lancer avec celui du propriétaire du dossier",
    errno.EPERM: "l’opération est refusée",
    errno.ENOENT: "ce fichier n’existe pas",
    errno.EEXIST: "ce fichier existe déjà",
    errno.EISDIR: "c’est un dossier",
    errno.ENOTDIR: "une partie du chemin n’est pas un dossier",
    errno.ENOTEMPTY: "ce dossier n’est pas vide",
    errno.EROFS: "ce disque est en lecture seule",
    errno.ENOSPC: "le disque est plein",
    errno.EDQUOT: "le quota du disque est atteint",
    errno.ENAMETOOLONG: "ce nom est trop long",
    errno.ELOOP: "un lien mène à lui-même",
    errno.EIO: "le disque ne répond pas",
    errno.EBUSY: "ce fichier est occupé",
    errno.ECONNREFUSED: "personne n’y répond",
    errno.ETIMEDOUT: "il ne répond pas à temps",
    errno.EXDEV: "les deux chemins ne sont pas sur le même disque",
    errno.EMFILE: "trop de fichiers sont ouverts",
}


def why(error: OSError) -> str:
    """What the system refuses, in French."""
    return WHY.get(error.errno or 0, f"le système refuse (erreur {error.errno})")


FULL = (errno.ENOSPC, errno.EDQUOT)
# how SQLite, DuckDB and other programs report it
SAID_FULL = ("No space left on device", "disk is full", "Disk quota exceeded")


def is_full(error: BaseException | None) -> bool:
    """True when a lack of disk space is behind an error."""
    while error is not None:
        if (isinstance(error, OSError) and error.errno in FULL) or any(said in str(error) for said in SAID_FULL):
            return True
        error = error.__cause__ or error.__context__
    return False


def is_crowded(place: Path) -> bool:
    """True when a folder's disk has next to nothing left."""
    return shutil.disk_usage(place).free < MEGA if place.exists() else False


def lack(place: Path, needed: int) -> str:
    """Which disk is full and how much is missing, in French; ``needed``: bytes that must be free on it, if known."""
    while not place.exists():
        place = place.parent
    free, disk = shutil.disk_usage(place).free, place.resolve()
    while not disk.is_mount():
        disk = disk.parent
    missing = max(needed - free, LEAST_ROOM)
    return (
        f"le disque {disk} est plein{NO_BREAK}: il y reste {free // MEGA} Mo, il en manque environ {missing // MEGA}{NO_BREAK}; "
        "faire de la place, puis recommencer"
    )


def size_of(*places: Path) -> int:
    """The total bytes of files and of everything in folders; a file with several names counts once."""
    seen: dict[tuple[int, int], int] = {}
    for place in places:
        for path in (place, *place.rglob("*")) if place.is_dir() else (place,):
            with suppress(OSError):  # gone meanwhile
                one = path.lstat()
                if stat.S_ISREG(one.st_mode):
                    seen[one.st_dev, one.st_ino] = one.st_size
    return sum(seen.values())


def sha256_of(path: Path) -> str:
    """SHA-256 (hex) of a file, which need not fit in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remove_empty(folder: Path) -> None:
    """Remove the folders below this one in which there is nothing."""
    for place, _, _ in os.walk(folder, topdown=False):
        if place != os.fspath(folder):
            with suppress(OSError):  # there is something in it
                Path(place).rmdir()


FORMER = ".former."  # in the name of a folder that another one replaces


def sync(path: Path) -> None:
    """Flush a file, or a folder's entries, so that a rename survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_all(paths: Iterable[Path]) -> None:
    """Flush many files and folders: what is asked for together, the disk writes together."""
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(sync, paths):  # raises what one of them met
            pass


def take_place(aside: Path, place: Path) -> None:
    """Give a folder its name: the previous holder steps aside first (``.<name>.former.<process>``), and goes once it is replaced."""
    former = place.with_name(f".{place.name}{FORMER}{os.getpid()}")
    if place.exists():
        place.rename(former)
    aside.rename(place)
    sync(place.parent)
    shutil.rmtree(former, ignore_errors=True)


def second_name(file: Path, name: Path) -> bool:
    """Give a file a second name: True; where the system has no hard links, make a copy with its time instead."""
    try:
        name.hardlink_to(file)
    except OSError:
        shutil.copy2(file, name)
        return False
    return True


Stamp = tuple[int, int, int] | None


def stamp(path: Path) -> Stamp:
    """What changes with a file: what this process read of it is still true while this is the same; None if it is gone."""
    with suppress(FileNotFoundError):
        stat = path.stat()
        return stat.st_ino, stat.st_mtime_ns, stat.st_size
    return None


def files_below(folder: Path) -> Iterator["os.DirEntry[str]"]:
    """Every file below a folder that can be read, in any order, through no linked folder: ``rglob`` takes three times as long."""
    with suppress(FileNotFoundError, NotADirectoryError, PermissionError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from files_below(Path(entry))
            elif entry.is_file():
                yield entry


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises OSError and ValueError when it is missing or damaged."""
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise ValueError("un objet est attendu")
    return found


def json_lines(data: Mapping[str, Any]) -> str:
    """An object as JSON, one line per member and per element of a member: easy to compare, and fast to write.

    What JSON has no form for becomes text.
    """
    return "{\n" + ",\n".join(f" {_json(name)}: {_opened(value)}" for name, value in data.items()) + "\n}\n"


def _opened(value: Any) -> str:
    if value and isinstance(value, dict):
        return "{\n" + ",\n".join(f"  {_json(str(name))}: {_json(one)}" for name, one in value.items()) + "\n }"
    if value and isinstance(value, list):
        return "[\n" + ",\n".join(f"  {_json(one)}" for one in value) + "\n ]"
    return _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


@contextmanager
def written_whole(path: Path, encoding: str = "utf-8", errors: str | None = None) -> Iterator[TextIO]:
    """A text file that gets its name only once it is complete: written aside, synced, renamed; nothing after an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("w", encoding=encoding, errors=errors, newline="") as file:
            yield file
        sync(aside)
        aside.rename(path)
    finally:
        aside.unlink(missing_ok=True)
    sync(path.parent)
