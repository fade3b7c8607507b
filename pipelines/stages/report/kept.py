"""Caches what is slow to make (a drawing, a font subset, a town's page), under the fingerprint of everything it is made from.

Each file is sealed with the home's key; a file that was put there without the key is made again.
"""

import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path

from pipelines.settings import Home, key_file

SEAL = hashlib.sha256().digest_size


def forget(cache: Path) -> None:
    """Empty the cache: everything is then made again, whatever anyone put there."""
    for path in cache.glob("*") if cache.exists() else []:
        if path.suffix in (".svg", ".png", ".pdf", ".woff2"):
            path.unlink()


def kept(cache: Path, kind: str, made_of: bytes, make: Callable[[], bytes]) -> bytes:
    """The result of ``make``, or the cached one for the same ``made_of``; ``kind`` is the file name's extension."""
    path = cache / f"{hashlib.sha256(made_of).hexdigest()}.{kind}"
    if path.exists():
        whole = path.read_bytes()
        if hmac.compare_digest(whole[:SEAL], _seal(path, whole[SEAL:])):
            return whole[SEAL:]
    made = make()
    cache.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(f".{os.getpid()}.part")  # another command may draw the same
    aside.write_bytes(_seal(path, made) + made)
    aside.rename(path)
    return made


def _seal(path: Path, content: bytes) -> bytes:
    """HMAC-SHA-256 of what is kept under a name; a home that has no key yet seals without one."""
    key = key_file(Home(path.parent.parent))
    said = b"drawing\0" + path.name.encode() + b"\0" + content
    return hmac.digest(key.read_bytes() if key.exists() else b"", said, "sha256")
