"""How every identity of the project is computed, including the engine's own."""

import functools
import hashlib
import json

from pipelines import settings

ENGINE_SUFFIXES = {".py", ".j2", ".typ"}


def fingerprint(value: object) -> str:
    """SHA-256 (hex) of a JSON value, keys sorted."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()


@functools.cache
def engine_version() -> str:
    """SHA-256 over the engine files that determine a result: its code and the lock of its dependencies."""
    files = [path for path in settings.PACKAGE.rglob("*") if path.suffix in ENGINE_SUFFIXES]
    content = {path.relative_to(settings.PACKAGE).as_posix(): path.read_bytes() for path in files}
    content["requirements.lock"] = (settings.shipped() / "requirements.lock").read_bytes()
    return fingerprint({name: hashlib.sha256(text).hexdigest() for name, text in content.items()})
