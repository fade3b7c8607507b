"""Freezes what a build is made of: the accepted deliveries, the engine, the effective catalogue and the organisation.

Its identity is a hash of those and of nothing else, so that the same build made twice has the same name.
"""

from dataclasses import dataclass

from pipelines.catalogue.fingerprint import engine_version, fingerprint
from pipelines.disk import sha256_of
from pipelines.ledger.records import Manifest
from pipelines.ledger.workspace import Workspace


@dataclass(frozen=True)
class Frozen:
    """The inputs of one build."""

    build: str
    manifests: list[Manifest]


def accepted(work: Workspace) -> list[Manifest]:
    """The deliveries that are accepted now, always in the same order."""
    return [current.manifest for _, current in sorted(work.ledger.current().items())]


def freeze(work: Workspace) -> Frozen:
    """The accepted deliveries as they stand now, under the identity of the build they make."""
    manifests = accepted(work)
    identity = fingerprint(
        {
            "deliveries": [manifest.delivery for manifest in manifests],
            "engine": engine_version(),
            "catalogue": work.catalogue.fingerprint,
            "organisation": sha256_of(work.home.organisation_file),
        }
    )
    return Frozen(identity[:32], manifests)
