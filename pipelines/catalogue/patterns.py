"""Which files, members of an archive and sheets a declared name means: ``*`` and ``?`` as in a shell, whatever the case.

Accents are compared composed, and spaces as one, because a name that went through another system comes back decomposed.
"""

import unicodedata
from collections.abc import Iterable
from fnmatch import fnmatchcase


def is_named(name: str, pattern: str) -> bool:
    """True when ``name`` is what ``pattern`` means; a pattern without ``/`` looks at the last part of a path."""
    if "/" not in pattern:
        name = name.rpartition("/")[2]
    return fnmatchcase(same(name), same(pattern))


def is_one_of(name: str, patterns: Iterable[str]) -> bool:
    """True when one of ``patterns`` means ``name``."""
    return any(is_named(name, pattern) for pattern in patterns)


def same(text: str) -> str:
    """A name or a heading as it is compared: composed accents, single spaces, no case."""
    return " ".join(unicodedata.normalize("NFC", text).split()).casefold()
