"""Computes the identities used in the project, including the engine's own."""

import functools
import hashlib
import json
from pathlib import Path

from pipelines import settings

ENGINE_SUFFIXES = {".py", ".j2", ".typ", ".lua"}


def fingerprint(value: object) -> str:
    """SHA-256 (hex) of a JSON value, keys sorted."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()


def engine_version() -> str:
    """SHA-256 over the engine files that determine a result: its code, the schemas of open data, the lock of its dependencies."""
    shipped = settings.shipped()
    others = [shipped / "requirements.lock", *shipped.glob("catalogue/reference/schemas/*")]
    return fingerprint({**code_of(settings.PACKAGE), **{path.name: _sha256(path) for path in others}})


@functools.cache
def code_of(package: Path) -> dict[str, str]:
    """The SHA-256 of each engine file of a package, by its path there."""
    files = [path for path in package.rglob("*") if path.suffix in ENGINE_SUFFIXES]
    return {path.relative_to(package).as_posix(): _sha256(path) for path in files}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
