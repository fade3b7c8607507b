"""Freezes what a build is made from: the accepted deliveries, the decisions that make something count, the engine, the
effective catalogue and the organisation.

Its identity is a hash of these and nothing else, so that the same build made twice has the same name.
"""

from dataclasses import dataclass, field

from pipelines.catalogue.fingerprint import engine_version, fingerprint
from pipelines.catalogue.organisation import declaration_of
from pipelines.ledger.records import Manifest
from pipelines.ledger.workspace import Workspace


@dataclass(frozen=True)
class Frozen:
    """The inputs of one build."""

    build: str
    manifests: list[Manifest]
    counted: list[tuple[str, str]] = field(
        default_factory=list
    )  # the decisions that make something count: rule, key of the finding
    # the exports that came but of which nothing counts: system/export, exercice, rule
    refused: list[tuple[str, int, str]] = field(default_factory=list)


def accepted(work: Workspace) -> list[Manifest]:
    """The deliveries of the organisation's exercices that are accepted now, always in the same order."""
    manifests = [current.manifest for _, current in sorted(work.ledger.current().items())]
    return [manifest for manifest in manifests if manifest.exercice in work.organisation.years]


def counted(work: Workspace) -> list[tuple[str, str]]:
    """The accepted findings that make something count (``fait_compter``), as (rule, key), in a stable order."""
    last = {row["finding"]: row for row in work.ledger.all_rows("decisions")}
    return sorted(
        (row["content"]["code"], row["content"]["cle"])
        for row in last.values()
        if row["choice"] == "accepted" and (rule := work.rules.get(row["content"]["code"])) and rule.fait_compter
    )


def refused(work: Workspace) -> list[tuple[str, int, str]]:
    """The exports of which nothing counts and whose last delivery was refused, as (system/export, exercice, rule), in order."""
    keys = {(f"{row['system']}/{row['export']}", row["exercice"]) for row in work.ledger.all_rows("refusals")}
    open_keys = sorted(key for key in keys - work.ledger.current().keys() if key[1] in work.organisation.years)
    return [(*key, last["rule"]["code"]) for key in open_keys if (last := work.ledger.last_refusal(*key))]


def freeze(work: Workspace) -> Frozen:
    """The deliveries accepted now, under the identity of the build they make."""
    manifests, decisions, refusals = accepted(work), counted(work), refused(work)
    identity = fingerprint(
        {
            "deliveries": [manifest.delivery for manifest in manifests],
            "engine": engine_version(),
            "catalogue": work.catalogue.fingerprint,
            "organisation": declaration_of(work.home),
            **({"counted": decisions} if decisions else {}),
            **({"refused": refusals} if refusals else {}),
        }
    )
    return Frozen(identity[:32], manifests, decisions, refusals)
