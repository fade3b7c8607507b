"""Whether too much of a table was refused: a few unreadable lines have an explanation, most of a file means a wrong file.

The suite judges the rows that could be read; how many could not be is in the manifest's counts.
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
