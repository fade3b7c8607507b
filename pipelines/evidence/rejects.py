"""Lists what was refused in a year: whole deliveries, their critical checks, and lines.

Refused lines come from the refused delivery if it could be read, otherwise from the current one. Each gives what a
supplier needs to correct it, but never a value from a table that has personal columns.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipelines.catalogue.rules import Rule, Rules
from pipelines.catalogue.source_grammar import Table
from pipelines.catalogue.sources import ExportRef
from pipelines.evidence.findings import refused_lines
from pipelines.ledger.records import CheckResult, Manifest
from pipelines.ledger.store import Ledger
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home

# (export, delivery, table, key of the expectation) → (file, line) of the rows that break it
Failing = Callable[[ExportRef, Manifest, str, str], list[tuple[str, int]]]


@dataclass(frozen=True)
class Reject:
    """One reason of refusal, in French, worded for its supplier."""

    source: str  # system/table, or system/export for a whole delivery
    exercice: int
    fichier: str
    ligne: int | None
    position: int | None  # rank of the column in the file, from 1
    colonne: str | None
    regle: str
    titre: str
    recu: str | None
    attendu: str
    aide: str
    masque: bool = False  # something was received, but is not shown
    blocking: bool = False  # the whole delivery is refused


def rejects_of(work: Workspace, exercice: int, *, failing: Failing = lambda *_: []) -> list[Reject]:
    """Every reason for refusal of the exercice: whole deliveries first, then lines, in order of file and line.

    ``failing`` finds the lines behind a failed check; without it a check is one reject with no line.
    """
    ledger, rules = work.ledger, work.rules
    current = ledger.current()
    deliveries = ledger.all_rows("deliveries")
    read = {row["delivery"]: Manifest.from_dict(row["manifest"]) for row in deliveries if row["exercice"] == exercice}
    whole: list[Reject] = []
    lines: list[Reject] = []
    for ref in work.exports(exercice):
        refusal = ledger.last_refusal(ref.key, exercice)
        manifest = current[ref.key, exercice].manifest if (ref.key, exercice) in current else None
        if refusal:
            manifest = read.get(refusal["delivery"], manifest)
            whole += _whole(ref, refusal, manifest, ledger, failing, rules)
        if manifest:
            lines += line_rejects(work.home, ref, manifest, rules)
    return whole + lines


def line_rejects(home: Home, ref: ExportRef, manifest: Manifest, rules: Rules) -> list[Reject]:
    """The refused lines of one delivery."""
    tables = {table.name: table for table in ref.export.tables}
    return [_line(manifest, row, tables[row["table"]], rules[row["regle"]]) for row in refused_lines(home, manifest)]


def _line(manifest: Manifest, row: dict, table: Table, rule: Rule) -> Reject:
    received_something = rule.code != "LIG-OBLIGATOIRE"
    return Reject(
        source=f"{row['systeme']}/{row['table']}",
        exercice=manifest.exercice,
        fichier=row["fichier"],
        ligne=row["ligne"],
        position=row["position"] or None,
        colonne=row["colonne"],
        regle=rule.code,
        titre=rule.titre,
        recu=row["recu"],
        attendu=row["attendu"],
        aide=rule.aide,
        masque=table.has_personal_data and received_something and row["recu"] is None,
    )


def _whole(
    ref: ExportRef, refusal: dict, manifest: Manifest | None, ledger: Ledger, failing: Failing, rules: Rules
) -> Iterator[Reject]:
    """The rejects of each critical check that failed; the refusal itself when it is of another kind."""
    rule = refusal["rule"]
    verdicts = ledger.verdicts_of(refusal["delivery"]) if refusal["delivery"] else []
    if not rule["code"].startswith("ATT-") or not verdicts or manifest is None:
        yield Reject(
            source=ref.key,
            exercice=refusal["exercice"],
            fichier=rule["fichier"],
            ligne=rule["ligne"],
            position=None,
            colonne=rule["colonne"],
            regle=rule["code"],
            titre=rule["titre"],
            recu=rule["recu"],
            attendu=rule["attendu"],
            aide=rule["aide"],
            blocking=True,
        )
        return
    for verdict in verdicts:
        for result in verdict.results:
            if result.blocks:
                yield from check_rejects(ref, manifest, verdict.table, result, failing, rules)


def check_rejects(
    ref: ExportRef, manifest: Manifest, table: str, result: CheckResult, failing: Failing, rules: Rules
) -> list[Reject]:
    """One reject per line that breaks the check; one with no line when no single line breaks it."""
    rule = rules[result.code]
    places: list[tuple[str, int | None]] = list(failing(ref, manifest, table, result.key))
    return [
        Reject(
            source=f"{ref.system.system}/{table}",
            exercice=manifest.exercice,
            fichier=fichier,
            ligne=ligne,
            position=None,
            colonne=result.column,
            regle=rule.code,
            titre=rule.titre,
            recu=None if ligne else result.observed,
            attendu=result.reason,
            aide=result.fix or rule.aide,
            blocking=result.blocks,
        )
        for fichier, ligne in places or [(manifest.files[0].name, None)]
    ]
