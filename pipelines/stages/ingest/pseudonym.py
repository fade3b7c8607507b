"""Pseudonyms: HMAC-SHA-256 under a key that lies outside the home.

A pseudonym remains personal data; destroying the key is what makes it anonymous.
"""

import hashlib
import hmac
import os
import unicodedata
from contextlib import suppress
from pathlib import Path

from pipelines.french import NO_BREAK
from pipelines.ledger.unsound import Unsound
from pipelines.settings import WrongSetting

KEY_BYTES = 32


class NoKey(WrongSetting):
    """The file that should contain the key does not."""


class KeyRefused(Unsound):
    """The key of the pseudonyms is missing, invalid, or not the home's; the message says what to do and never shows the key."""


def load_key(path: Path) -> bytes:
    """The key in ``path``, of 32 bytes or more. Raises NoKey: pseudonyms under an empty key could be undone by anybody."""
    key = path.read_bytes()
    if len(key) < KEY_BYTES:
        raise NoKey(f"{path} n’est pas une clé{NO_BREAK}: elle a moins de {KEY_BYTES} octets")
    return key


def make_key(path: Path) -> None:
    """Write a fresh key unless there is one already; if two processes do so at once, the first one's stays."""
    if not path.exists():
        with suppress(FileExistsError):
            write_key(path, os.urandom(KEY_BYTES))


def write_key(path: Path, key: bytes) -> None:
    """Write a key that only its owner may read. Raises FileExistsError: no key is ever written over."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        os.link(fresh, path)
    finally:
        fresh.unlink()


def fingerprint(key: bytes) -> str:
    """An identifier of the key that does not reveal it: 16 hex digits, in the ledger and wherever a key is mentioned."""
    return hashlib.sha256(b"key-id|" + key).hexdigest()[:16]


def key_id(key: bytes) -> str:
    """The start of the key's identifier, which is part of a delivery's name."""
    return fingerprint(key)[:8]


def pseudonym(key: bytes, domain: str, value: str | None) -> str | None:
    """``k1:`` and 128 bits; the same person whatever the case, spaces or accents' form of ``value``."""
    if value is None:
        return None
    same = "".join(unicodedata.normalize("NFKC", value).split()).upper()
    return "k1:" + hmac.new(key, f"{domain}|{same}".encode(), hashlib.sha256).hexdigest()[:32]
