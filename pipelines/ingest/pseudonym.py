"""Pseudonyms: HMAC-SHA-256 under a key that lies outside the home.

A pseudonym remains personal data; destroying the key is what makes it anonymous.
"""

import hashlib
import hmac
import os
import unicodedata
from pathlib import Path


def load_key(path: Path) -> bytes:
    """The 32-byte key in ``path``; made at first use, readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(32))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
    return path.read_bytes()


def key_id(key: bytes) -> str:
    """What names the key without telling it."""
    return hashlib.sha256(b"key-id|" + key).hexdigest()[:8]


def pseudonym(key: bytes, domain: str, value: str | None) -> str | None:
    """``k1:`` and 128 bits; the same person whatever the case, spaces or accents' form of ``value``."""
    if value is None:
        return None
    same = "".join(unicodedata.normalize("NFKC", value).split()).upper()
    return "k1:" + hmac.new(key, f"{domain}|{same}".encode(), hashlib.sha256).hexdigest()[:32]
