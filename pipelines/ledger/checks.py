"""A check that did not succeed, as a finding: the same one for who accepts a delivery and for who gathers findings."""

from pipelines.ledger.records import CheckResult, Finding, Manifest, Verdict


def check_finding(manifest: Manifest, verdict: Verdict, result: CheckResult) -> Finding:
    """The finding of one result that is no success.

    A blocking one is tied to the delivery: who accepts it accepts these bytes, not those that may come after them.
    """
    lines = f" ({result.unexpected} ligne(s))" if result.unexpected else ""
    return Finding(
        result.code,
        "bloquant" if result.blocks else "alerte",
        manifest.exercice,
        f"{manifest.system}/{verdict.table}",
        f"{result.reason}{lines}",
        attendu=result.key,
        recu=result.observed,
        aide=result.fix,
        fichier=manifest.files[0].name,
        cle=f"{result.key} {manifest.delivery}" if result.blocks else result.key,
    )
