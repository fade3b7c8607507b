"""Freezes what a build is made of: the accepted deliveries, the code, the lock and the organisation.

Its identity is a hash of those and of nothing else, so that the same build made twice has the same name.
"""

import functools
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from pipelines import settings
from pipelines.disk import sha256_of
from pipelines.ledger.records import Manifest
from pipelines.ledger.store import Ledger
from pipelines.settings import Home
from pipelines.catalogue.registry import fingerprint

CODE = ["pipelines", "dbt_project", "expectations"]
CODE_SUFFIXES = {".py", ".yml", ".sql", ".csv"}
NOT_CODE = {"target", "logs", "__pycache__", "dbt_packages"}


@dataclass(frozen=True)
class Frozen:
    """The inputs of one build."""

    build: str
    manifests: list[Manifest]


def freeze(home: Home, ledger: Ledger) -> Frozen:
    """The accepted deliveries as they stand now, under the identity of the build they make."""
    manifests = [current.manifest for _, current in sorted(ledger.current().items())]
    identity = fingerprint(
        {
            "deliveries": [manifest.delivery for manifest in manifests],
            "code": code_version(),
            "organisation": sha256_of(home.organisation_file),
        }
    )
    return Frozen(identity[:32], manifests)


@functools.cache
def code_version() -> str:
    """SHA-256 over the files that decide a result: Python, SQL, YAML, reference data and the dependency lock."""
    digest = hashlib.sha256()
    files = [settings.PROJECT_ROOT / "requirements.lock"]
    for folder in CODE:
        for parent, folders, names in os.walk(settings.PROJECT_ROOT / folder):
            folders[:] = [name for name in folders if name not in NOT_CODE]
            files += [Path(parent, name) for name in names if Path(name).suffix in CODE_SUFFIXES]
    for path in sorted(files):
        digest.update(str(path.relative_to(settings.PROJECT_ROOT)).encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
