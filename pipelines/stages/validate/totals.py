"""Control totals: compares the totals that a file announces on its total line with those that ingest computed.

Ingest compares them while reading (the total line never reaches the lake) and records the outcome in the manifest. Here each
becomes a result, a warning, since figures come from the lines and never from an announced total. A file that contains less
than the declared share of what it announces (``least``) was cut short: that is critical.
"""

import re
from collections import Counter
from decimal import Decimal
from typing import Any

from pipelines.catalogue.source_grammar import LEAST, Table
from pipelines.ledger.records import CONTROL_TOTAL, CheckResult, TableCounts

TYPE = CONTROL_TOTAL

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?")


def control_totals(table: Table, counts: TableCounts) -> list[CheckResult]:
    """One result per announced total of ``table``, in the manifest's order."""
    titles = {field.name: field.title for field in table.fields}
    seen: Counter[str] = Counter()
    results = []
    for total in counts.totals:
        key = f"{TYPE}.{total['kind']}.{total['column']}"
        seen[key] += 1
        rank = f".{seen[key]}" if seen[key] > 1 else ""
        results.append(_result(table, counts, total, f"{key}{rank}", titles.get(total["column"], total["column"])))
    return results


def _result(table: Table, counts: TableCounts, total: dict[str, Any], key: str, title: str) -> CheckResult:
    what = "Le nombre de lignes" if total["kind"] == "counts" else f"La somme de « {title} »"
    return CheckResult(
        key=key,
        type=TYPE,
        column=total["column"],
        severity="critical" if _is_cut(table, counts, total) else "warning",
        success=bool(total["ok"]),
        observed=_observed(table, counts, total),
        unexpected=None,
        reason=f"{what} annoncé en ligne {total['ligne']} du fichier est celui des lignes lues."
        if total["kind"] == "counts"
        else f"{what} annoncée en ligne {total['ligne']} du fichier est celle des lignes lues.",
        fix="Chercher les lignes manquantes ou en trop, ou corriger le total dans l’outil d’origine.",
    )


def _is_cut(table: Table, counts: TableCounts, total: dict[str, Any]) -> bool:
    """True when the file contains too little of what it announces; a sum proves nothing of this when lines were refused."""
    announced, ours = str(total["annonce"]), str(total["recalcule"])
    if not (_NUMBER.fullmatch(announced) and _NUMBER.fullmatch(ours)) or (total["kind"] == "sums" and counts.refusees):
        return False
    shares = [rule.least for rule in table.ignore if total["column"] in getattr(rule, total["kind"])]
    return Decimal(announced) > 0 and Decimal(ours) < max(shares, default=LEAST) * Decimal(announced)


def _observed(table: Table, counts: TableCounts, total: dict[str, Any]) -> str:
    """Both numbers, unless they may be a cell: in a table with personal data, an announced sum or the sum of one line."""
    if table.has_personal_data and total["kind"] != "counts":
        said = "annoncé : égal" if total["ok"] else "annoncé : différent"
        return f"{said} ; recalculé : {_shown(total['recalcule'])}" if counts.acceptees > 1 else said
    return f"annoncé : {_shown(total['annonce'])} ; recalculé : {_shown(total['recalcule'])}"


def _shown(value: Any) -> str:
    """A number in French; anything else is not shown, since a shifted cell may contain a name."""
    text = str(value)
    return text.replace(".", ",") if _NUMBER.fullmatch(text) else "illisible"
