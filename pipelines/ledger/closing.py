"""Closes the folders that are evidence: a list in the format of ``sha256sum`` over all that is in one, whose own hash is
an entry of the ledger.

    <folder>/SHA256SUMS                 over everything in the folder but itself
    archive/SHA256SUMS.d/<delivery>     in the archive and the lake, one a delivery or refusal

``LISTS`` says where they lie: a file of that name anywhere else is a file like another. Whatever is in these folders
without being listed was added, and whatever is listed is there, unchanged. Anybody checks that with ``sha256sum -c``;
``evidence.verify`` does for all of them.
"""

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.disk import remove_empty, sha256_of, written_whole
from pipelines.french import NO_BREAK
from pipelines.ledger.chain import Head
from pipelines.ledger.records import Manifest
from pipelines.ledger.state import LEDGER
from pipelines.ledger.store import Ledger
from pipelines.settings import Home

SUMS, PARTS = "SHA256SUMS", "SHA256SUMS.d"
NAMES = "noms"  # folder of the archive: the names that may contain a person's
# the folders of a home that are evidence → how many names below it make up what one list is over; None: a part of it, in ``PARTS``
LISTS = {
    "archive": None,
    "lake": None,
    "builds": 1,
    "releases": 1,
    "audit": 1,
    "exports": 2,
    "reports": 2,
    "transmissions": 2,
    "actes": 1,
    "docs": 0,
}
# what a person may do in a folder that is evidence, by patterns of paths in a home; nothing else there is theirs
REWRITTEN = ("actes/*.docx", "transmissions/*/courrier.docx")  # or removed; a letter, until it is sent
UNFINISHED = re.compile(r"\.(?:.*\.)?[0-9]+")  # a folder that a process of that number was writing
ADDED_BY_HAND = ("transmissions/*/courrier.pdf", f"*/{SUMS}.sig", "*/state.json.sig")

Sums = dict[str, str]  # path in a folder → SHA-256


FILE, LINK, EMPTY, SHUT = "fichier", "lien", "dossier", "dossier illisible"


def is_list(file: str) -> bool:
    """True for a path in a home where the list of a folder lies."""
    top, *names = file.split("/")
    depth = LISTS.get(top)
    if depth is None:
        return top in LISTS and len(names) == 2 and names[0] == PARTS
    return len(names) == depth + 1 and names[-1] == SUMS


def lists_of(ledger: Ledger) -> dict[str, str]:
    """Path in the home → SHA-256 of every list, as entered last, in the order in which they were."""
    return {file: sha256 for file, sha256 in ledger.closed().items() if is_list(file)}


def found_in(folder: Path) -> Iterator[tuple[str, str]]:
    """Relative path and kind of everything below a folder, but the folders in which there is something; a link is never
    followed."""
    within = [""]
    while within:
        here = within.pop()
        try:
            with os.scandir(folder / here) as found:
                entries = list(found)
        except OSError as error:
            if here or not isinstance(error, FileNotFoundError):  # there is nothing yet
                yield here, SHUT
            continue
        if here and not entries:
            yield here, EMPTY
        for entry in entries:
            name = f"{here}/{entry.name}" if here else entry.name
            if entry.is_dir(follow_symlinks=False):
                within.append(name)
            else:
                yield name, LINK if entry.is_symlink() else FILE


def names_in(folder: Path) -> list[str]:
    """Relative path of every file and link below a folder, in order."""
    return sorted(name for name, kind in found_in(folder) if kind in (FILE, LINK))


def sums_of(folder: Path, names: Iterable[str] | None = None) -> Sums:
    """The hashes of these files of a folder, or of all but its list."""
    if names is None:
        names = (name for name in names_in(folder) if name != SUMS)
    return {name: sha256_of(folder / name) for name in names}


def is_by_hand(path: str, patterns: Iterable[str]) -> bool:
    """True when a path in a home is one of the patterns."""
    return any(fnmatchcase(path, pattern) for pattern in patterns)


def listed(sums: Mapping[str, str]) -> str:
    """The text of a list. A name that holds a line break is escaped as ``sha256sum`` does."""
    lines = []
    for name, sha256 in sorted(sums.items()):
        escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
        mark = "" if escaped == name else "\\"
        lines.append(f"{mark}{sha256}  {escaped}\n")
    return "".join(lines)


def read(text: str) -> Sums:
    """The inverse of ``listed``."""
    found = {}
    for line in text.split("\n")[:-1]:
        sha256, _, name = line.removeprefix("\\").partition("  ")
        if line.startswith("\\"):
            parts = (part.replace("\\n", "\n").replace("\\r", "\r") for part in name.split("\\\\"))
            name = "\\".join(parts)
        found[name] = sha256
    return found


def close(home: Home, ledger: Ledger, folder: Path, files: Iterable[Path] | None = None) -> None:
    """Close a folder upon all that is in it, or upon what its list says and these files of it: what somebody else put there
    is not listed.
    """
    if files is None:
        sums = sums_of(folder)
    else:
        sums = closed(home, ledger, folder) | sums_of(folder, (path.relative_to(folder).as_posix() for path in files))
    enter(home, ledger, folder / SUMS, sums)


def close_delivery(home: Home, ledger: Ledger, manifest: Manifest) -> None:
    """List what a delivery gave to the archive and the lake."""
    close_originals(home, ledger, manifest.delivery, [file.sha256 for file in manifest.files])
    names = [*manifest.lake_files(), manifest.lake_manifest]
    enter(home, ledger, home.lake / PARTS / manifest.delivery, sums_of(home.lake, names))


def close_originals(home: Home, ledger: Ledger, name: str, originals: Iterable[str]) -> None:
    """List what is archived under these hashes, unless nothing is."""
    kept = [path.relative_to(home.archive).as_posix() for one in originals for path in kept_of(home.archive, one)]
    if kept:
        enter(home, ledger, home.archive / PARTS / name, sums_of(home.archive, kept))


def refused_name(files: list[dict[str, Any]]) -> str:
    """The name of the list of a delivery that could not be read, from its files as the refusal has them."""
    return f"refus-{fingerprint(files)[:32]}"


def kept_of(folder: Path, sha256: str) -> list[Path]:
    """The files of an original in the archive: its bytes, its name."""
    return [path for path in (folder / sha256, folder / NAMES / sha256) if path.exists()]


def enter(home: Home, ledger: Ledger, file: Path, sums: Sums) -> None:
    """Write a list, and enter it unless it is as entered last."""
    text = listed(sums)
    with written_whole(file, errors="surrogateescape") as out:
        out.write(text)
    again = listed({name: sha256 for name, sha256 in sums.items() if is_made_alike(name)})
    ledger.record_closing(file.relative_to(home.root).as_posix(), _sha256(text), _sha256(again))


def is_made_alike(name: str) -> bool:
    """True for a file that the same inputs give with the same bytes: not a database."""
    return name != LEDGER and not name.endswith(".duckdb")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def folder_of(file: str) -> str:
    """The folder that a list is over."""
    place = Path(file).parent
    return (place.parent if place.name == PARTS else place).as_posix()


def entered(home: Home, file: str, sha256: str) -> Sums | None:
    """What a list says; None unless it is the one that was entered."""
    path = home.root / file
    if path.is_symlink() or not path.is_file() or sha256_of(path) != sha256:
        return None
    return read(path.read_text(encoding="utf-8", errors="surrogateescape"))


def list_of(home: Home, folder: Path) -> str:
    """Path in the home of the list of a folder."""
    return (folder / SUMS).relative_to(home.root).as_posix()


def closed(home: Home, ledger: Ledger, folder: Path) -> Sums:
    """What the list of a folder says; nothing unless it is the one that was entered last."""
    file = list_of(home, folder)
    last = ledger.closed().get(file)
    return (entered(home, file, last) if last else None) or {}


def unfinished_releases(home: Home, ledger: Ledger) -> list[dict[str, Any]]:
    """The releases whose pages were not written, or whose last list was not: a command was interrupted."""
    last, found = ledger.closed(), []
    for row in ledger.all_rows("releases"):
        file = list_of(home, home.releases / row["release"])
        # a list that somebody changed is nothing to complete: ``verify`` reports it
        sums = entered(home, file, last[file]) if file in last else {}
        if sums is not None and not any(name.startswith("etat/") for name in sums):
            found.append(row)
    return found


def seal_of(home: Home, ledger: Ledger, release: str) -> tuple[str, Head] | None:
    """The SHA-256 of the list of a release, and the head that its entry reached: with them, a stranger needs nothing else of us."""
    file = list_of(home, home.releases / release)
    rows = [row for row in ledger.all_rows("closings") if row["sums"] == file]
    return (rows[-1]["sha256"], ledger.head_at("closings", rows[-1]["seq"])) if rows else None


def take_away(home: Home, ledger: Ledger, paths: Collection[Path]) -> None:
    """Remove files and folders, once the lists are written without them; the list of a folder that goes whole goes with it,
    and so do folders left empty."""
    gone = set(paths)

    def goes(path: Path) -> bool:
        return path in gone or any(parent in gone for parent in path.parents)

    for file, sha256 in lists_of(ledger).items():
        path, folder = home.root / file, home.root / folder_of(file)
        sums = entered(home, file, sha256) or {}
        left = {} if goes(path) else {name: kept for name, kept in sums.items() if not goes(folder / name)}
        if left and left != sums:
            enter(home, ledger, path, left)
        elif goes(path) or left != sums:
            ledger.record_closing(file, None, None)
            path.unlink(missing_ok=True)
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for folder in home.evidence:
        remove_empty(folder)


def listed_below(home: Home, ledger: Ledger, places: Collection[Path]) -> dict[str, Sums]:
    """Path in the home of each list in these places → path in the home → SHA-256 of the list and all that it says; of the list
    alone when it is not as entered, so that what should be in its folder is not known."""
    lists: dict[str, Sums] = {}
    for file, sha256 in lists_of(ledger).items():
        if any((home.root / file).is_relative_to(place) for place in places):
            folder, sums = folder_of(file), entered(home, file, sha256) or {}
            lists[file] = {file: sha256, **{f"{folder}/{name}": kept for name, kept in sums.items()}}
    return lists


@dataclass(frozen=True)
class Looked:
    """What is in folders, each file read once, beside what their lists say. Names are paths in the home."""

    home: Home
    tops: list[str]
    lists: dict[str, Sums]  # see ``listed_below``
    listed: Sums  # all of it
    there: dict[str, str]  # → which kind of thing it is, see ``found_in``
    wrong: dict[str, str]  # of what is listed and is not there as listed → what is wrong (French)

    @property
    def problems(self) -> list[str]:
        """One sentence (French) for each file that is not as listed, each thing that no list names, each foreign folder, and
        each folder that cannot be looked into."""
        hidden = {name for name, kind in self.there.items() if kind in (LINK, SHUT)}
        said = {
            name: what
            for name, what in sorted(self.wrong.items())
            if not is_by_hand(name, REWRITTEN) and hidden.isdisjoint(_above(name))
        }
        return [f"{name}{NO_BREAK}: {what}" for name, what in (said | self._added()).items()]

    def _added(self) -> dict[str, str]:
        """What no list names, or the outermost folders that hold nothing listed → what is wrong with it (French)."""
        folders = {*self.tops, *(parent for name in (*self.listed, *self.tops) for parent in _above(name))}
        added, unknown = {}, {folder_of(file) for file in self.lists if file in self.wrong}
        for name in sorted(self.there.keys() - self.listed.keys()):
            kind, above = self.there[name], _above(name)
            foreign = next((one for one in above if one not in folders), None)
            if kind == SHUT:
                added[name] = "le dossier ne se lit pas"
            elif not unknown.isdisjoint(above):
                continue
            elif name in folders and kind == LINK:
                added[name] = "le dossier a été remplacé par un lien"
            elif foreign:
                is_aside = UNFINISHED.fullmatch(foreign.rpartition("/")[2])
                left = ", ou laissé par une commande interrompue : la refaire l’enlève" if is_aside else ""
                added[foreign] = f"le dossier a été ajouté{left}"
            elif name not in folders and not is_by_hand(name, ADDED_BY_HAND):
                added[name] = f"le {kind} a été ajouté"
        return added

    def of(self, path: Path) -> str | None:
        """The SHA-256 of a file; None when no list names it."""
        return self.listed.get(self._name(path))

    def stands(self, path: Path) -> bool:
        """True when a file is there as listed."""
        name = self._name(path)
        return name in self.listed and name not in self.wrong

    def _name(self, path: Path) -> str:
        return path.relative_to(self.home.root).as_posix()


def problem(home: Home, path: Path, what: str) -> str:
    """The sentence that says what is wrong with a file or folder of the home."""
    return f"{path.relative_to(home.root)}{NO_BREAK}: {what}"


def _above(name: str) -> list[str]:
    """The folders that a path in a home is in, from the top."""
    return [parent.as_posix() for parent in Path(name).parents[-2::-1]]


def look_below(home: Home, ledger: Ledger, places: Collection[Path]) -> Looked:
    """Look at ``places``: folders that are evidence, or closed ones in them."""
    tops = [place.relative_to(home.root).as_posix() for place in places]
    lists = listed_below(home, ledger, places)
    listed_ = {name: sha256 for sums in lists.values() for name, sha256 in sums.items()}
    there: dict[str, str] = {}
    for top, place in zip(tops, places, strict=True):
        if place.is_symlink():
            there[top] = LINK
        else:
            there |= {f"{top}/{name}".removesuffix("/"): kind for name, kind in found_in(place)}
    read: dict[tuple[int, int], str] = {}
    wrong = {name: _wrong(home.root / name, there.get(name), sha256, read) for name, sha256 in listed_.items()}
    return Looked(home, tops, lists, listed_, there, {name: what for name, what in wrong.items() if what})


def _wrong(path: Path, kind: str | None, sha256: str, read: dict[tuple[int, int], str]) -> str | None:
    """What is wrong (French) with something listed; a file is read once under all its names."""
    if kind is None:
        return "le fichier a disparu"
    if kind != FILE:
        return f"le fichier a été remplacé par un {kind}"
    about = path.lstat()
    one = about.st_dev, about.st_ino
    if not stat.S_ISREG(about.st_mode):
        return "le fichier n’en est plus un"
    try:
        read[one] = read.get(one) or sha256_of(path)
    except OSError:
        return "le fichier ne se lit pas"
    return None if read[one] == sha256 else "le fichier a été modifié"
