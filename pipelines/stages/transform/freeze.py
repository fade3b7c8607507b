"""Freezes what a build is made from: the accepted deliveries, what was found about them, the decisions that change what
counts, the engine, the effective catalogue and the organisation.

Its identity is a hash of these and nothing else, so that the same build made twice has the same name.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from pipelines.catalogue.fingerprint import engine_version, fingerprint
from pipelines.catalogue.organisation import declaration_of
from pipelines.ledger.records import WHOLE, WITHDRAWN, Manifest
from pipelines.ledger.workspace import Workspace

Found = tuple[str, str, int, str, str, str]


@dataclass(frozen=True)
class Frozen:
    """The inputs of one build."""

    build: str
    manifests: list[Manifest]
    # the decisions that make something count: rule, key of the finding, reason
    counted: list[tuple[str, str, str]] = field(default_factory=list)
    # the exports that came but of which nothing counts: system/export, exercice, rule
    refused: list[tuple[str, int, str]] = field(default_factory=list)
    # what takes something away from the figures of a table: rule, system/table, exercice, effect, reason, fingerprint
    found: list[Found] = field(default_factory=list)
    # the decisions that nothing is missing: fingerprint of the finding, reason
    decided: list[tuple[str, str]] = field(default_factory=list)


def accepted(work: Workspace) -> list[Manifest]:
    """The deliveries of the organisation's exercices that are accepted now, always in the same order."""
    manifests = [current.manifest for _, current in sorted(work.ledger.current().items())]
    return [manifest for manifest in manifests if manifest.exercice in work.organisation.years]


def counted(work: Workspace) -> list[tuple[str, str, str]]:
    """The accepted findings that make something count (``fait_compter``), as (rule, key, reason), in a stable order.

    Until 1.0, whoever accepted that a member has no line said that nothing was missing.
    """
    last = {row["finding"]: row for row in work.ledger.all_rows("decisions")}
    held = [row for row in last.values() if row["choice"] != WITHDRAWN and row["content"]["code"] in work.rules]
    return sorted(
        (content["code"], content["cle"], row["reason"])
        for row in held
        if (content := row["content"])
        and (work.rules[content["code"]].fait_compter or (content["code"] == "COL-TROU" and "empreinte" not in content))
    )


def decided(work: Workspace) -> list[tuple[str, str]]:
    """The findings, by their fingerprints, of which somebody decided that nothing is missing, and why, in a stable order."""
    last = {row["finding"]: row for row in work.ledger.all_rows("decisions")}
    return sorted((row["content"]["empreinte"], row["reason"]) for row in last.values() if row["choice"] == WHOLE)


def refused(work: Workspace) -> list[tuple[str, int, str]]:
    """The exports of which nothing counts and whose last delivery was refused, as (system/export, exercice, rule), in order."""
    keys = {(f"{row['system']}/{row['export']}", row["exercice"]) for row in work.ledger.all_rows("refusals")}
    open_keys = sorted(key for key in keys - work.ledger.current().keys() if key[1] in work.organisation.years)
    return [(*key, last["rule"]["code"]) for key in open_keys if (last := work.ledger.last_refusal(*key))]


def freeze(work: Workspace, found: Iterable[Found]) -> Frozen:
    """The deliveries accepted now, under the identity of the build they make; ``found`` is what ``evidence`` knows of them."""
    manifests, decisions, refusals = accepted(work), counted(work), refused(work)
    facts, whole = sorted(found), decided(work)
    identity = fingerprint(
        {
            "deliveries": [manifest.delivery for manifest in manifests],
            "engine": engine_version(),
            "catalogue": work.catalogue.fingerprint,
            "organisation": declaration_of(work.home),
            **({"counted": decisions} if decisions else {}),
            **({"refused": refusals} if refusals else {}),
            **({"found": facts} if facts else {}),
            **({"decided": whole} if whole else {}),
        }
    )
    return Frozen(identity[:32], manifests, decisions, refusals, facts, whole)
