"""Pseudonyms: HMAC-SHA-256 under a key that lies outside the home.

A pseudonym remains personal data; destroying the key is what makes it anonymous.
"""

import hashlib
import hmac
import os
import unicodedata
from pathlib import Path

KEY_BYTES = 32


def load_key(path: Path) -> bytes:
    """The key in ``path``, of 32 bytes or more; made at first use, readable by its owner only.

    Raises ValueError when the file is too short: pseudonyms under an empty key could be undone by anybody.
    """
    if not path.exists():
        _make_key(path)
    key = path.read_bytes()
    if len(key) < KEY_BYTES:
        raise ValueError(f"the key in {path} is shorter than {KEY_BYTES} bytes")
    return key


def _make_key(path: Path) -> None:
    """Write a fresh key; if two processes do so at once, the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(os.urandom(KEY_BYTES))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def key_id(key: bytes) -> str:
    """What names the key without telling it."""
    return hashlib.sha256(b"key-id|" + key).hexdigest()[:8]


def pseudonym(key: bytes, domain: str, value: str | None) -> str | None:
    """``k1:`` and 128 bits; the same person whatever the case, spaces or accents' form of ``value``."""
    if value is None:
        return None
    same = "".join(unicodedata.normalize("NFKC", value).split()).upper()
    return "k1:" + hmac.new(key, f"{domain}|{same}".encode(), hashlib.sha256).hexdigest()[:32]
