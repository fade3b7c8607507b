"""Opens a .zip: every member is proved harmless before any is read, then written into the delivery's own working folder.

A member's name is never a path here: what is written is named by its rank, so that no archive can write anywhere else.
"""

import errno
import lzma
import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipelines.catalogue.patterns import member_name
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.stages.ingest.landing import ignored

LARGEST_CONTENT = 2 * 1024**3  # bytes, all members once inflated
SMALL_CONTENT = 50 * 1024**2  # below this size, the compression ratio means nothing
PACKED_BEST = 200  # ratio: text packs 5 to 50 times, a bomb a thousand
MOST_MEMBERS = 10_000
NESTED = (".zip", ".7z", ".rar", ".gz", ".tar", ".tgz", ".bz2", ".xz")
CHUNK = 1 << 20


@dataclass(frozen=True)
class Member:
    """One file of an archive: ``path`` is its copy."""

    name: str
    path: Path

    @property
    def is_junk(self) -> bool:
        """True for files that an operating system adds by itself."""
        return self.name.startswith("__MACOSX/") or ignored(PurePosixPath(self.name))

    def count_lines(self) -> int:
        """How many lines hold something; a file that is not text counts as one."""
        with self.path.open("rb") as file:
            if b"\0" in file.read(CHUNK):
                return 1
            file.seek(0)
            return sum(1 for line in file if line.strip())


def members_of(path: Path, fichier: str, workdir: Path) -> list[Member]:
    """Every file of the archive, in its order, copied into ``workdir``.

    Raises DeliveryRefused: FIC-VIDE, FIC-NATURE when it is no .zip, FIC-PROTEGE, FIC-TAILLE, FIC-ARCHIVE.
    """
    if not path.stat().st_size:
        raise DeliveryRefused("FIC-VIDE", fichier=fichier, attendu="une archive .zip")
    cut = DeliveryRefused("FIC-TRONQUE", fichier=fichier, attendu="une archive .zip entière")
    try:
        if not zipfile.is_zipfile(path):
            with path.open("rb") as file:
                if file.read(4) == b"PK\x03\x04":
                    raise cut
            raise DeliveryRefused("FIC-NATURE", fichier=fichier, attendu="une archive .zip")
        with zipfile.ZipFile(path) as archive:
            listed = [member for member in archive.infolist() if not member.is_dir()]
            _refuse_hostile(listed, fichier)
            return _copied(archive, listed, path.stat().st_size, fichier, workdir)
    except NotImplementedError:
        expected = "une archive .zip de compression usuelle (« Deflate »)"
        raise DeliveryRefused("FIC-NATURE", fichier=fichier, attendu=expected) from None
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError, RuntimeError):
        raise cut from None
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # what bz2 says of other data, and a place before the file's start
            raise
        raise cut from None


def _refuse_hostile(members: list[zipfile.ZipInfo], fichier: str) -> None:
    if len(members) > MOST_MEMBERS:
        raise DeliveryRefused("FIC-TAILLE", fichier=fichier, attendu="moins de dix mille fichiers dans l’archive")
    if not members:
        raise DeliveryRefused("FIC-VIDE", fichier=fichier, attendu="une archive qui contient un fichier")
    names, offsets = set(), set()
    for member in members:
        expected, name = _expected(member), member_name(member)
        if name in names or member.header_offset in offsets:
            expected = "des fichiers de noms différents, qui ne se recouvrent pas"
        if expected:
            raise DeliveryRefused("FIC-ARCHIVE", fichier=fichier, recu=f"« {name[:100]} »", attendu=expected)
        if member.flag_bits & 1:
            raise DeliveryRefused("FIC-PROTEGE", fichier=fichier, attendu="une archive sans mot de passe")
        names.add(name)
        offsets.add(member.header_offset)


def _expected(member: zipfile.ZipInfo) -> str | None:
    """What was expected instead of a member that may not be read; None when it may be."""
    name = member.orig_filename
    parts = PurePosixPath(name).parts
    if "\\" in name or "\0" in name or name.startswith("/") or ".." in parts or ":" in name.partition("/")[0]:
        return "des chemins qui restent dans l’archive"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "des fichiers, non des liens"
    if name.lower().endswith(NESTED):
        return "une archive qui n’en contient pas d’autre"
    return None


def _copied(
    archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], size: int, fichier: str, workdir: Path
) -> list[Member]:
    copies, total = [], 0
    for rank, member in enumerate(members):
        copy = workdir / f"{rank}.member"
        with archive.open(member) as content, copy.open("wb") as out:
            while chunk := content.read(CHUNK):
                total += len(chunk)
                if total > LARGEST_CONTENT or (total > SMALL_CONTENT and total > PACKED_BEST * size):
                    raise DeliveryRefused(
                        "FIC-TAILLE",
                        fichier=fichier,
                        attendu=f"moins de 2 Go décompressés, et moins de {PACKED_BEST} fois la taille de l’archive",
                    )
                out.write(chunk)
        copies.append(Member(member_name(member), copy))
    return copies
