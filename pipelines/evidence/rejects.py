"""Lists what was refused in a year: whole deliveries, their critical checks, and lines.

Refused lines come from the refused delivery if it could be read, otherwise from the current one. Each gives what a
supplier needs to correct it, but never a value from a table that has personal columns.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pipelines.catalogue.rules import Rules
from pipelines.catalogue.sources import ExportRef
from pipelines.evidence.findings import refused_lines
from pipelines.ledger.records import CheckResult, Manifest
from pipelines.ledger.store import Ledger
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home

# (export, delivery, table, key of the expectation) → (file, line, value) of the rows that break it, the value where it may
# be shown
Failing = Callable[[ExportRef, Manifest, str, str], list[tuple[str, int, str | None]]]


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
    of_persons = {table.name for table in ref.export.tables if table.has_personal_data}
    return [
        Reject(
            source=f"{row['systeme']}/{row['table']}",
            exercice=manifest.exercice,
            position=row["position"] or None,
            regle=row["regle"],
            titre=rules[row["regle"]].titre,
            aide=rules[row["regle"]].aide,
            masque=row["table"] in of_persons and row["regle"] != "LIG-OBLIGATOIRE" and row["recu"] is None,
            **{name: row[name] for name in ("fichier", "ligne", "colonne", "recu", "attendu")},
        )
        for row in refused_lines(home, manifest)
    ]


def _whole(
    ref: ExportRef, refusal: dict, manifest: Manifest | None, ledger: Ledger, failing: Failing, rules: Rules
) -> Iterator[Reject]:
    """The rejects of each critical check that failed; the refusal itself when it is of another kind."""
    rule = refusal["rule"]
    verdicts = ledger.verdicts_of(refusal["delivery"]) if refusal["delivery"] else []
    if not rule["code"].startswith("ATT-") or not verdicts or manifest is None:
        said = {name: rule[name] for name in ("fichier", "ligne", "colonne", "titre", "recu", "attendu", "aide")}
        yield Reject(ref.key, refusal["exercice"], position=None, regle=rule["code"], blocking=True, **said)
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
    titles = next(one for one in ref.export.tables if one.name == table).titles_in_files(manifest.exercice)
    places: list[tuple[str, int | None, str | None]] = list(failing(ref, manifest, table, result.key))
    return [
        Reject(
            source=f"{ref.system.system}/{table}",
            exercice=manifest.exercice,
            fichier=fichier,
            ligne=ligne,
            position=None,
            colonne=result.column and ", ".join(titles.get(name, name) for name in result.column.split(", ")),
            regle=rule.code,
            titre=rule.titre,
            recu=value if ligne else result.observed,
            attendu=result.reason,
            aide=result.fix or rule.aide,
            blocking=result.blocks,
        )
        for fichier, ligne, value in places or [(manifest.files[0].name, None, None)]
    ]
