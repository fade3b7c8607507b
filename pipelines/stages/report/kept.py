"""Keeps what is long to make, under the fingerprint of all that it is made of: a drawing, a cut font, the page of a town."""

import hashlib
from collections.abc import Callable
from pathlib import Path


def forget(cache: Path) -> None:
    """Remove all that is kept: what follows is made anew, whatever somebody put there."""
    for path in cache.glob("*") if cache.exists() else []:
        if path.suffix in (".svg", ".pdf", ".woff2"):
            path.unlink()


def kept(cache: Path, kind: str, made_of: bytes, make: Callable[[], bytes]) -> bytes:
    """What ``make`` gives, or gave before for the same ``made_of``; ``kind`` is the end of the file's name."""
    path = cache / f"{hashlib.sha256(made_of).hexdigest()}.{kind}"
    if path.exists():
        return path.read_bytes()
    made = make()
    cache.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".part")
    aside.write_bytes(made)
    aside.rename(path)
    return made
