"""How every identity of the project is computed, the engine's own among them."""

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
    """SHA-256 over the files of the engine that decide a result: its code and the lock of what it is made with."""
    files = [path for path in settings.PACKAGE.rglob("*") if path.suffix in ENGINE_SUFFIXES]
    content = {path.relative_to(settings.PACKAGE).as_posix(): path.read_bytes() for path in files}
    content["requirements.lock"] = (settings.shipped() / "requirements.lock").read_bytes()
    return fingerprint({name: hashlib.sha256(text).hexdigest() for name, text in content.items()})
