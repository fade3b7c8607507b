"""Matches files, archive members and sheets with declared names: ``*`` and ``?`` as in a shell, ignoring case.

Accents are compared composed, and spaces as one, because a name that went through another system may come back
decomposed.
"""

import unicodedata
import zipfile
from collections.abc import Iterable
from fnmatch import fnmatchcase

NAMED_IN_UTF8 = 0x800  # of the flags of a member


def is_named(name: str, pattern: str) -> bool:
    """True when ``name`` matches ``pattern``; a pattern without ``/`` looks at the last part of a path."""
    if "/" not in pattern:
        name = name.rpartition("/")[2]
    return fnmatchcase(same(name), same(pattern))


def is_one_of(name: str, patterns: Iterable[str]) -> bool:
    """True when ``name`` matches one of ``patterns``."""
    return any(is_named(name, pattern) for pattern in patterns)


def member_name(member: zipfile.ZipInfo) -> str:
    """The name of an archive member; without a stated encoding it is UTF-8 if its bytes are, else what zipfile makes of it."""
    try:
        return member.filename if member.flag_bits & NAMED_IN_UTF8 else member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.filename


def same(text: str) -> str:
    """A name or a heading in its form for comparison: composed accents, single spaces, no case."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()
