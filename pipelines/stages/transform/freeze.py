"""Freezes what a build is made of: the accepted deliveries, the engine, the effective catalogue and the organisation.

Its identity is a hash of those and of nothing else, so that the same build made twice has the same name.
"""

import functools
import hashlib
from dataclasses import dataclass

from pipelines import settings
from pipelines.catalogue.fingerprint import fingerprint
from pipelines.disk import sha256_of
from pipelines.ledger.records import Manifest
from pipelines.ledger.workspace import Workspace

ENGINE_SUFFIXES = {".py", ".j2", ".typ"}


@dataclass(frozen=True)
class Frozen:
    """The inputs of one build."""

    build: str
    manifests: list[Manifest]


def freeze(work: Workspace) -> Frozen:
    """The accepted deliveries as they stand now, under the identity of the build they make."""
    manifests = [current.manifest for _, current in sorted(work.ledger.current().items())]
    identity = fingerprint(
        {
            "deliveries": [manifest.delivery for manifest in manifests],
            "engine": engine_version(),
            "catalogue": work.catalogue.fingerprint,
            "organisation": sha256_of(work.home.organisation_file),
        }
    )
    return Frozen(identity[:32], manifests)


@functools.cache
def engine_version() -> str:
    """SHA-256 over the files of the engine that decide a result: its code and the lock of what it is made with."""
    digest = hashlib.sha256()
    files = [path for path in settings.PACKAGE.rglob("*") if path.suffix in ENGINE_SUFFIXES]
    for path in [settings.shipped() / "requirements.lock", *sorted(files)]:
        digest.update(
            path.name.encode() if path.name == "requirements.lock" else str(path.relative_to(settings.PACKAGE)).encode()
        )
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
