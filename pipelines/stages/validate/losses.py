"""Whether too much of a table was refused: a few unreadable lines are explained, most of a file is another file.

What the suite judges are the rows that could be read; how many could not is in the manifest's counts.
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
