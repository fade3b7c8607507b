"""A check that did not succeed, as a finding: the same for accepting a delivery and for gathering findings."""

from pipelines.catalogue.rules import Rules
from pipelines.ledger.records import FRESHNESS, CheckResult, Finding, Manifest, Verdict


def check_finding(manifest: Manifest, verdict: Verdict, result: CheckResult, rules: Rules) -> Finding:
    """The finding of one unsuccessful result.

    A blocking finding is about one delivery: accepting it accepts these bytes, not those of a later delivery.
    """
    table = f"{manifest.system}/{verdict.table}"
    return Finding(
        result.code,
        "bloquant" if result.blocks else "alerte",
        manifest.exercice,
        table,
        f"{rules[result.code].titre} : {table}" if result.type == FRESHNESS else _said(result, rules),
        attendu=result.reason,
        recu=result.observed,
        aide=result.fix,
        fichier=result.fichier or manifest.files[0].name,
        ligne=result.ligne,
        cle=f"{result.key} {manifest.delivery}" if result.blocks else result.key,
        effet="réserve" if result.blocks else result.effet,
    )


def _said(result: CheckResult, rules: Rules) -> str:
    """What is wrong, in words: a key such as ``unique.identifiant`` means nothing to a reader."""
    title, is_of_a_field, _ = result.reason.rpartition(" : ")  # a title may hold one
    if result.key.startswith("unique.") and is_of_a_field:
        return f"{title} en double"
    return f"{rules[result.code].titre} : {result.reason.rstrip('.')}"
