"""Checks that not too many lines of a table were refused: if most of them are unreadable, it is probably the wrong file.

The suite checks the rows that could be read; this check uses the manifest's counts of those that could not.
"""

from pipelines.ledger.records import CheckResult, TableCounts

KEY = "part_refusee"


def refused_share(counts: TableCounts) -> CheckResult:
    """Critical: refused lines never outnumber accepted ones."""
    return CheckResult(
        key=KEY,
        type=KEY,
        column=None,
        severity="critical",
        success=counts.refusees <= counts.acceptees,
        observed=f"{counts.refusees} lignes refusées pour {counts.acceptees} acceptées",
        unexpected=None,
        reason="Les lignes refusées ne sont jamais plus nombreuses que les lignes acceptées.",
        fix="Comparer l’export à sa déclaration : un format a sans doute changé pour toutes les lignes.",
    )
