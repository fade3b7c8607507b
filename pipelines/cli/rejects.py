"""``rejects``: list what was refused, for the person who has to correct it."""

from typing import Any

import click

from pipelines.catalogue.sources import ExportRef
from pipelines.characters import in_one_line
from pipelines.cli.app import BLOCKED, DONE
from pipelines.cli.arguments import source_option, year_argument
from pipelines.cli.output import echo, format_option, title, write_csv, write_json
from pipelines.cli.session import Session, on_home
from pipelines.evidence.rejects import REFUSED_LINE, TO_CHECK, Failing, Reject, rejects_of
from pipelines.french import how_many
from pipelines.ledger.records import Manifest
from pipelines.ledger.workspace import Workspace
from pipelines.runs.suites import suite_of
from pipelines.stages.validate.failing_lines import failing_lines

REJECTS = "gravite source table exercice fichier ligne position colonne regle titre recu attendu aide".split()
HIDDEN = "masqué (table à données personnelles) : à lire dans le fichier, à cette ligne"


@click.command()
@year_argument
@source_option
@format_option
@on_home
def rejects(session: Session, year: int, sources: tuple[str, ...], form: str) -> int:
    """Ce qui est à corriger dans l’EXERCICE : fichier:ligne:colonne, règle, valeur reçue, valeur attendue, correction.

    Livraisons refusées, contrôles à vérifier, puis lignes refusées. La valeur reçue n’est jamais montrée pour une table
    qui a des colonnes personnelles. Code de sortie 1 quand une livraison entière est refusée.
    """
    with session.ledger() as ledger:
        work = session.work(ledger)
        found = rejects_of(work, year, failing=failing_lines_of(work))
    if systems := session.systems(sources):
        found = [reject for reject in found if reject.source.partition("/")[0] in systems]
    if form == "csv":
        write_csv(REJECTS, [row_of(reject) for reject in found], session.organisation)
    elif form == "json":
        write_json({"exercice": year, "rejets": [reject.as_dict() for reject in found]}, session.organisation)
    else:
        _show_rejects(session, year, found)
    return BLOCKED if any(reject.blocking for reject in found) else DONE


def failing_lines_of(work: Workspace) -> Failing:
    """How to find the lines behind a failed check of a delivery."""

    def failing(
        ref: ExportRef, manifest: Manifest, table: str, key: str
    ) -> list[tuple[str, int, dict[str, str | None]]]:
        declared = next(t for t in ref.export.tables if t.name == table)
        suite, rows = suite_of(work, ref, manifest, declared), work.home.lake / manifest.tables[table].parquet
        if not rows.exists():  # they were removed after their retention
            return []
        try:
            return failing_lines(rows, suite, key)
        except KeyError:  # the suite has changed since the verdict
            return []

    return failing


def row_of(reject: Reject) -> dict[str, Any]:
    """A reject as a row of the CSV, which its supplier reads without anything else."""
    return {**reject.as_dict(), "recu": _received(reject)}


def _received(reject: Reject) -> str | None:
    if not reject.masque:
        return reject.recu
    return f"{reject.recu} ; le reste est {HIDDEN}" if reject.recu else HIDDEN


def _show_rejects(session: Session, year: int, found: list[Reject]) -> None:
    title(f"refus de {year}", session.organisation)
    for reject in found:
        echo(f"\n{reject_text(reject)}")
    whole = {(reject.source, reject.fichier) for reject in found if reject.blocking}
    lines = {(one.source, one.fichier, one.ligne) for one in found if one.gravite == REFUSED_LINE and one.ligne}
    checks = {(one.source, one.attendu) for one in found if one.gravite == TO_CHECK}
    at_least = "plus de " if any(reject.counts_others for reject in found) else ""
    echo(
        f"\n{at_least}{how_many(len(lines), 'ligne refusée|lignes refusées')}, "
        f"{how_many(len(whole), 'livraison refusée|livraisons refusées')}, "
        f"{how_many(len(checks), 'contrôle|contrôles')} à vérifier."
    )
    if found:
        echo(f"À renvoyer : {session.command} rejects {year} --format csv > rejets_{year}.csv")


def reject_text(reject: Reject) -> str:
    """Several lines: where and which rule, then received, expected and how to fix."""
    place = ":".join(str(p) for p in (reject.fichier, reject.ligne, reject.position) if p not in (None, ""))
    is_workbook = reject.fichier.lower().endswith(".xlsx")
    cell = f" ({letters(reject.position)}{reject.ligne})" if reject.position and is_workbook else ""
    column = f" — colonne « {reject.colonne} »{cell}" if reject.colonne else ""
    details = [("reçu", _received(reject)), ("attendu", reject.attendu), ("aide", reject.aide)]
    body = "".join(f"\n  {name:<8}{in_one_line(text)}" for name, text in details if text)
    return f"{in_one_line(place)} {reject.regle} {reject.titre}{column}  [{reject.source}]{body}"


def letters(position: int) -> str:
    """A workbook's name of a column: 1 → ``A``, 27 → ``AA``."""
    name = ""
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(65 + rest) + name
    return name
