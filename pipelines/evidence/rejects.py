"""Lists what a supplier has to correct in a year: whole deliveries refused, checks that failed, and refused lines.

They come from the refused delivery if it could be read, otherwise from the current one. Each gives what a supplier needs
to correct it alone, but never a value from a table that has personal columns.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

from pipelines.catalogue.pattern_words import UNSAID, example, in_words
from pipelines.catalogue.rules import Rules, where
from pipelines.catalogue.source_grammar import Table
from pipelines.catalogue.sources import ExportRef
from pipelines.evidence.findings import refused_lines
from pipelines.french import enumeration, how_many
from pipelines.ledger.records import CheckResult, Manifest
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home

# (export, delivery, table, key of the expectation) → (file, line, judged cells) of the rows that break it; a cell that may
# not be shown is None
Failing = Callable[[ExportRef, Manifest, str, str], list[tuple[str, int, dict[str, str | None]]]]

MOST_REASONS = 10_000  # of a table, that are listed one by one; the others are counted
NAMED = 3  # files that a reject about a whole table names
GRAVEST = REFUSED_DELIVERY, TO_CHECK, REFUSED_LINE = "livraison refusée", "à vérifier", "ligne refusée"


@dataclass(frozen=True)
class Reject:
    """One reason of refusal, in French, worded for its supplier."""

    source: str  # system/table, or system/export for a whole delivery
    table: str  # the title of the table, or of the export
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

    @property
    def gravite(self) -> str:
        """What becomes of what it is about, in French."""
        if self.blocking:
            return REFUSED_DELIVERY
        return REFUSED_LINE if self.regle.startswith("LIG-") else TO_CHECK

    @property
    def counts_others(self) -> bool:
        """True when it stands for the refused lines that are not listed one by one."""
        return self.gravite == REFUSED_LINE and self.ligne is None

    def as_dict(self) -> dict[str, Any]:
        """The reject as JSON data."""
        return {**asdict(self), "gravite": self.gravite}


def rejects_of(work: Workspace, exercice: int, *, failing: Failing = lambda *_: []) -> list[Reject]:
    """What is to correct in the exercice: whole deliveries first, then checks that refuse nothing, then lines.

    ``failing`` finds the lines behind a failed check; without it a check is one reject with no line.
    """
    ledger, rules = work.ledger, work.rules
    current = ledger.current()
    deliveries = ledger.all_rows("deliveries")
    read = {row["delivery"]: Manifest.from_dict(row["manifest"]) for row in deliveries if row["exercice"] == exercice}
    found: list[Reject] = []
    for ref in work.exports(exercice):
        refusal = ledger.last_refusal(ref.key, exercice)
        manifest = current[ref.key, exercice].manifest if (ref.key, exercice) in current else None
        if refusal:
            manifest = read.get(refusal["delivery"], manifest)
        verdicts = ledger.verdicts_of(manifest.delivery) if manifest else []
        failed = [(one.table, result) for one in verdicts for result in one.results if result.success is not True]
        if refusal and not (refusal["rule"]["code"].startswith("ATT-") and any(one.blocks for _, one in failed)):
            found.append(delivery_reject(ref, exercice, refusal["rule"]))
        if manifest:
            for table, result in failed:
                found += check_rejects(ref, manifest, table, result, failing, rules)
            found += line_rejects(work.home, ref, manifest, rules)
    return sorted(found, key=lambda one: GRAVEST.index(one.gravite))


def line_rejects(home: Home, ref: ExportRef, manifest: Manifest, rules: Rules) -> list[Reject]:
    """The refused lines of one delivery: the first ones of each table, then how many others there are."""
    tables = {table.name: table for table in ref.of(manifest.exercice).export.tables}
    return [
        Reject(
            source=f"{row['systeme']}/{row['table']}",
            table=tables[row["table"]].title,
            exercice=manifest.exercice,
            position=row["position"] or None,
            regle=row["regle"],
            titre=rules[row["regle"]].titre,
            attendu=_expected(row, tables[row["table"]], manifest.exercice),
            recu="rien" if row["regle"] == "LIG-OBLIGATOIRE" and row["ligne"] else row["recu"],
            aide=rules[row["regle"]].aide,
            masque=tables[row["table"]].has_personal_data and row["regle"] != "LIG-OBLIGATOIRE" and row["recu"] is None,
            **{name: row[name] for name in ("fichier", "ligne", "colonne")},
        )
        for row in refused_lines(home, manifest, MOST_REASONS)
    ]


def _expected(row: dict, table: Table, exercice: int) -> str:
    """What was expected, with an example of it where its words do not give one."""
    titles = table.titles_in_files(exercice)
    field = next((one for one in table.fields if titles[one.name] == row["colonne"]), None)
    if field is None:
        return row["attendu"]
    said, pattern = row["attendu"], field.constraints.pattern
    if said == UNSAID:
        return field.description or said
    if pattern and row["regle"] != "LIG-MOTIF" and (form := in_words(pattern)) != UNSAID:
        said = f"{said} : {form}"
    shown = example(field, exercice)
    return f"{said}, comme {shown}" if shown else said


def delivery_reject(ref: ExportRef, exercice: int, rule: dict) -> Reject:
    """The refusal of a delivery that could not be read, as ``DeliveryRefused.as_dict`` gives it."""
    said = {name: rule[name] for name in ("fichier", "ligne", "colonne", "titre", "recu", "attendu", "aide")}
    code, title = rule["code"], ref.export.title
    return Reject(ref.key, title, exercice, position=None, regle=code, blocking=True, **said)


def check_rejects(
    ref: ExportRef, manifest: Manifest, table: str, result: CheckResult, failing: Failing, rules: Rules
) -> list[Reject]:
    """One reject per line that breaks the check, and one for those that are not named; one with no line when no single
    line breaks it.
    """
    rule, declared = rules[result.code], next(one for one in ref.export.tables if one.name == table)
    titles = declared.titles_in_files(manifest.exercice)

    def headings(columns: Iterable[str]) -> str | None:
        return ", ".join(titles.get(name, name) for name in columns) or None

    of_check = Reject(
        source=f"{ref.system.system}/{table}",
        table=declared.title,
        exercice=manifest.exercice,
        fichier=result.fichier or _files(manifest, declared),
        ligne=result.ligne,
        position=None,
        colonne=headings(result.column.split(", ") if result.column else ()),
        regle=rule.code,
        titre=rule.titre,
        recu=result.observed,
        attendu=result.reason,
        aide=result.fix or rule.aide,
        blocking=result.blocks,
    )
    lines = failing(ref, manifest, table, result.key)
    found = [
        replace(
            of_check,
            fichier=fichier,
            ligne=ligne,
            colonne=headings(cells) or of_check.colonne,
            recu=_received(cells, titles),
            masque=None in cells.values(),
        )
        for fichier, ligne, cells in lines
    ]
    more = (result.unexpected or 0) - len(found)
    if found and more > 0:
        others = how_many(more, "autre ligne|autres lignes")
        found.append(replace(of_check, recu=f"{others} (en tout : {result.observed})"))
    return found or [of_check]


def _received(cells: dict[str, str | None], titles: dict[str, str]) -> str | None:
    """What was received in the judged cells, each with its heading when there are several; None where nothing may be shown."""
    shown = {titles.get(name, name): text for name, text in cells.items() if text is not None}
    if len(cells) == 1:
        return next(iter(shown.values()), None)
    return " ; ".join(f"« {title} » : {text}" for title, text in shown.items()) or None


def _files(manifest: Manifest, table: Table) -> str:
    """The files of a delivery, and the sheet that the table is read from when it has one name."""
    names = [file.name for file in manifest.files]
    others = [how_many(len(names) - NAMED, "autre|autres")] if len(names) > NAMED else []
    sheet = table.sheet if isinstance(table.sheet, str) and not set("*?[") & set(table.sheet) else None
    return where(enumeration([*names[:NAMED], *others]), sheet)
