"""Checks that the rows reach the end of their exercice: an export made too early holds only part of the year.

Ingest counts the days without rows and records them in the manifest; this module turns them into a warning. It gives no
result when rows have no date, or only a few scattered ones.
"""

from pipelines.catalogue.rules import Rules
from pipelines.ledger.records import FRESHNESS, CheckResult, TableCounts

A_MONTH = 30  # the last row is in December


def freshness(counts: TableCounts, rules: Rules) -> list[CheckResult]:
    """A warning when no row is dated in the last month."""
    days = counts.jours_sans_ligne
    if days is None:
        return []
    return [
        CheckResult(
            key=FRESHNESS,
            type=FRESHNESS,
            column=None,
            severity="warning",
            success=days <= A_MONTH,
            observed=f"dernière date {days} jour{'s' if days > 1 else ''} avant la fin de l’exercice",
            unexpected=None,
            reason="L’export va jusqu’au dernier mois de l’exercice.",
            fix=rules["COL-PERIME"].aide,
        )
    ]
