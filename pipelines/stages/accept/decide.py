"""Decides whether a judged delivery may become current, and commits it.

The verdicts must be about this delivery's own tables, none may block, and the same bytes must not already be accepted for
another exercice. A failed critical check blocks until someone accepts its finding (``millesime decide``), which does not
change the verdict. A check that could not run proves nothing, and nobody can accept it.
"""

from pipelines.catalogue.rules import DeliveryRefused, Rules
from pipelines.failpoints import reached
from pipelines.ledger.check_findings import check_finding
from pipelines.ledger.records import CheckResult, Manifest, Verdict
from pipelines.ledger.store import Ledger, now


def refuse_known_bytes(ledger: Ledger, manifest: Manifest) -> None:
    """Raise DeliveryRefused FIC-DEJA-VU when these bytes are accepted for another exercice."""
    other = ledger.accepted_elsewhere({f.sha256 for f in manifest.files}, manifest.export_key, manifest.exercice)
    if other is not None:
        raise DeliveryRefused(
            "FIC-DEJA-VU",
            fichier=manifest.files[0].name,
            recu=f"l’export de {other}",
            attendu=f"l’export de {manifest.exercice}",
        )


def accept(
    ledger: Ledger, manifest: Manifest, verdicts: list[Verdict], rules: Rules, *, may_repeat: bool = False
) -> bool:
    """Make ``manifest`` current. Returns False when it already is. Raises DeliveryRefused ATT-CRITIQUE.

    ``may_repeat`` admits bytes already accepted for another exercice. Raises ValueError when the verdicts are not
    those of this delivery's tables.
    """
    if {v.delivery for v in verdicts} != {manifest.delivery} or {v.table for v in verdicts} != set(manifest.tables):
        raise ValueError("les verdicts ne sont pas ceux de cette livraison")
    if not may_repeat:
        refuse_known_bytes(ledger, manifest)
    blocking = _blocking(ledger, manifest, verdicts, rules)
    if blocking:
        raise DeliveryRefused(
            "ATT-CRITIQUE" if all(r.success is False for r in blocking) else "ATT-ERREUR",
            fichier=manifest.files[0].name,
            recu=" ; ".join(dict.fromkeys(result.observed for result in blocking if result.observed)) or None,
            attendu=" ; ".join(dict.fromkeys(result.reason for result in blocking)),
        )
    reached("accept.before_commit")
    changed = ledger.record_acceptance(manifest, verdicts)
    reached("accept.after_commit")
    return changed


def _blocking(ledger: Ledger, manifest: Manifest, verdicts: list[Verdict], rules: Rules) -> list[CheckResult]:
    """The blocking results that no current decision accepts."""
    decisions, today = ledger.decisions(), now()[:10]
    found = []
    for verdict in verdicts:
        for result in (r for r in verdict.results if r.blocks):
            decision = decisions.get(check_finding(manifest, verdict, result, rules).id)
            if result.success is None or decision is None or not decision.holds(today):
                found.append(result)
    return found
