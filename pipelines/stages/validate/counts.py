"""Checks on what ingest counted while reading and recorded in the manifest; the suite checks the rows that were read.

Control totals: each total that a file announces (its line never reaches the lake) becomes a warning when it is not
ours, since figures come from the lines. A file that contains less than the declared share of what it announces
(``least``) was cut short: that is critical. Refused lines: if most are, it is probably the wrong file. Freshness: an
export made too early holds only part of the year.
"""

import re
from collections import Counter
from decimal import Decimal
from typing import Any

from pipelines.catalogue.fields import unit_of
from pipelines.catalogue.rules import Rules, where
from pipelines.catalogue.source_grammar import LEAST, Table
from pipelines.catalogue.wording import shown
from pipelines.french import how_many
from pipelines.ledger.records import ACROSS, CONTROL_TOTAL, FRESHNESS, UNDECLARED, CheckResult, TableCounts

REFUSED_SHARE = "part_refusee"
A_MONTH = 30  # days: the last row is in December
FEW = 10  # lines whose sum might say something of one person

_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,6})?")


def control_totals(table: Table, counts: TableCounts, exercice: int) -> list[CheckResult]:
    """One result per announced total of ``table``, in the manifest's order."""
    titles = table.titles_in_files(exercice)
    seen: Counter[str] = Counter()
    results = []
    for total in counts.totals:
        key = f"{CONTROL_TOTAL}.{total['kind']}.{total['column']}"
        seen[key] += 1
        rank = f".{seen[key]}" if seen[key] > 1 else ""
        title = total.get("intitule") or titles.get(total["column"], total["column"])
        results.append(_result(table, counts, total, f"{key}{rank}", title))
    return results


def _result(table: Table, counts: TableCounts, total: dict[str, Any], key: str, title: str) -> CheckResult:
    place = where(total["fichier"], total["feuille"]) if "fichier" in total else None
    line = f"en ligne {total['ligne']} {f'({place})' if place else 'du fichier'}"
    fix = "Chercher les lignes manquantes ou en trop, ou corriger le total dans l’outil d’origine."
    if total["kind"] == UNDECLARED and not total["ligne"]:
        reason = f"Aucune feuille, ni aucun fichier, n’est la somme de toutes les autres, ce qu’est {place}."
        fix = "Si c’est une récapitulation, l’écarter dans la déclaration (unread, ou files) ; sinon, dire pourquoi elle compte."
    elif total["kind"] == UNDECLARED:
        reason = f"Aucune ligne n’est la somme de toutes les autres, ce qu’est celle {line}."
        fix = "Si c’est un total, l’écarter dans la déclaration (ignore) ; sinon, dire pourquoi elle compte."
    elif total["kind"] == ACROSS:
        reason = f"« {title} » est, sur chaque ligne de {place}, la somme de ce qu’il additionne."
        fix = "Corriger dans l’outil d’origine la cellule ou le total qui est faux ; la ligne compte pour ses cellules."
    elif total["kind"] == "counts":
        reason = f"Le nombre de lignes annoncé {line} est celui des lignes lues."
    else:
        reason = f"La somme de « {title} » annoncée {line} est celle des lignes lues."
    return CheckResult(
        key=key,
        type=CONTROL_TOTAL,
        column=total["column"],
        severity="critical" if _is_cut(table, counts, total) else "warning",
        success=bool(total["ok"]),
        observed=_observed(table, counts, total),
        unexpected=None,
        reason=reason,
        fix=fix,
        effet="réserve",
        fichier=place,
        ligne=total["ligne"],
    )


def _is_cut(table: Table, counts: TableCounts, total: dict[str, Any]) -> bool:
    """True when the file contains too little of what it announces; a sum proves nothing of this when lines were refused."""
    announced, ours = str(total["annonce"]), str(total["recalcule"])
    if total["kind"] in (UNDECLARED, ACROSS) or (total["kind"] == "sums" and counts.refusees):
        return False
    if not (_NUMBER.fullmatch(announced) and _NUMBER.fullmatch(ours)):
        return False
    shares = [rule.least for rule in table.ignore if total["column"] in getattr(rule, total["kind"])]
    return Decimal(announced) > 0 and Decimal(ours) < max(shares, default=LEAST) * Decimal(announced)


def _observed(table: Table, counts: TableCounts, total: dict[str, Any]) -> str | None:
    """Both numbers, unless they may be a cell: in a table with personal data, the sum of a few lines, or an announced one that
    is far from ours (a shifted cell may be anything).
    """
    unit = "EUR" if total["kind"] in ("sums", ACROSS) and unit_of(total["column"]) == "EUR" else None
    announced, ours = _shown(total["annonce"], unit), _shown(total["recalcule"], unit)
    if total["kind"] == ACROSS:
        agree = f"{how_many(total['justes'], 'ligne juste|lignes justes')} sur {total['comparees']}"
        if total["ok"] or table.has_personal_data:
            return agree
        return f"{agree} ; en ligne {total['ligne']}, annoncé : {announced} ; recalculé : {ours}"
    if table.has_personal_data and total["kind"] != "counts":
        is_sum = counts.acceptees > FEW and _is_near(total)
        announced = announced if is_sum else "égal" if total["ok"] else "différent"
        if counts.acceptees <= 1:
            return f"annoncé : {announced}"
    if total["kind"] == UNDECLARED:
        return None if table.has_personal_data else f"là et en tout dans les autres : {ours}"
    return f"annoncé : {announced} ; recalculé : {ours}"


def _is_near(total: dict[str, Any]) -> bool:
    """True when the announced sum is between half and twice the sum of the lines."""
    said, ours = str(total["annonce"]), str(total["recalcule"])
    if not (_NUMBER.fullmatch(said) and _NUMBER.fullmatch(ours)):
        return False
    return abs(Decimal(ours)) <= 2 * abs(Decimal(said)) <= 4 * abs(Decimal(ours))


def _shown(value: Any, unit: str | None) -> str:
    """A number in French, an amount with its cents; anything else is not shown, since a shifted cell may contain a name."""
    text = str(value)
    return shown(text, unit) if _NUMBER.fullmatch(text) else "illisible"


def refused_share(counts: TableCounts) -> CheckResult:
    """Critical: refused lines never outnumber accepted ones."""
    refused = how_many(counts.refusees, "ligne refusée|lignes refusées")
    return CheckResult(
        key=REFUSED_SHARE,
        type=REFUSED_SHARE,
        column=None,
        severity="critical",
        success=counts.refusees <= counts.acceptees,
        observed=f"{refused} pour {how_many(counts.acceptees, 'acceptée|acceptées')}",
        unexpected=None,
        reason="Les lignes refusées ne sont jamais plus nombreuses que les lignes acceptées.",
        fix="Comparer l’export à sa déclaration : un format a sans doute changé pour toutes les lignes.",
    )


def freshness(counts: TableCounts, rules: Rules) -> list[CheckResult]:
    """A warning when no row is dated in the last month; nothing when too few rows have a date, or none."""
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
            effet="réserve",
        )
    ]
