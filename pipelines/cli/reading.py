"""``status`` and ``figures``: what a home says of a year. These commands write nothing.

What is true is found by ``evidence``; here it is chosen, laid out, and given an exit code.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from pipelines.cli.app import BLOCKED, DONE, INCOMPLETE, USAGE
from pipelines.cli.output import (
    Column,
    console,
    format_option,
    french,
    note,
    printable,
    table,
    title,
    write_csv,
    write_json,
)
from pipelines.cli.session import Session, global_options, shown, year_argument
from pipelines.disk import sha256_of
from pipelines.evidence.arrivals import Checks, ExportStatus
from pipelines.evidence.gaps import NOT_APPLICABLE, FigureStatus
from pipelines.evidence.status import YearStatus, year_status
from pipelines.ledger.records import Standing
from pipelines.ledger.store import Ledger, now
from pipelines.near import did_you_mean
from pipelines.stages.ingest.landing import files_of, unknown_files


def read_status(session: Session, ledger: Ledger, year: int) -> YearStatus:
    """The state of a year, with today's date and what lies in landing now."""
    landed = {
        ref.key: frozenset(sha256_of(path) for path in files_of(session.home.landing, ref, year))
        for ref in session.organisation.exports(session.registry, year)
    }
    return year_status(session.work(ledger), year, today=now()[:10], landed=landed)


def gathered(session: Session, ledger: Ledger) -> list[Standing]:
    """Every finding that stands now, with what was decided of it."""
    from pipelines.runs.findings import all_findings

    return ledger.standing(all_findings(session.work(ledger)))


def exit_code_of(status: YearStatus) -> int:
    """1 when a delivery is refused, 3 when an export is late, 0 otherwise."""
    return BLOCKED if status.blocking else INCOMPLETE if status.incomplete else DONE


# status -----------------------------------------------------------------------------------------------------

EXPORTS = [
    Column("key", "Export"),
    Column("state", "State"),
    Column("accepted", "Accepted"),
    Column("lines", "Lines", right=True),
    Column("refused", "Refused", right=True),
    Column("checks", "Checks", folds=True),
]
FIGURES_LACKING = [
    Column("state", "State"),
    Column("mark", "Printed"),
    Column("reasons", "Why", folds=True),
    Column("figures", "Figures", folds=True),
]
SHOWN_FIGURES = 4  # of those that lack for the same reason


@click.command(short_help="What arrived, what is missing, and what the figures lack.")
@year_argument
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@global_options
@click.pass_context
def status(ctx: click.Context, year: int, form: str) -> None:
    """What arrived, is missing, absent, late or refused for YEAR; which figures are absent or partial, and
    why.

    Ends with 1 when a delivery is refused, 3 when an export is late.
    """
    session: Session = ctx.obj
    session.exercice(year)
    with session.ledger() as ledger:
        found = read_status(session, ledger, year)
    unknown = [shown(path) for path in unknown_files(session.home.landing, session.registry, year)]
    if form == "json":
        write_json({**asdict(found), "unknown_files": unknown}, session.organisation)
    else:
        _show_status(session, found, unknown)
    ctx.exit(exit_code_of(found))


def _show_status(session: Session, found: YearStatus, unknown: list[str]) -> None:
    title(f"exercice {found.exercice}", session.organisation)
    click.echo()
    if without := session.without_system():
        click.echo(without)
    table(EXPORTS, [_export_row(export) for export in found.exports])
    reasons = [_why(export) for export in found.exports if export.reason]
    if reasons:
        click.echo()
    for reason in reasons:
        click.echo(printable(reason))
    for path in unknown:
        click.echo(printable(f"\nNo declaration claims {path}"), nl=False)
    click.echo("\n" * bool(unknown) + f"\n{_figures_sentence(found)}")
    lacking = found.figures_in("missing", "partial")
    if lacking:
        click.echo()
    table(FIGURES_LACKING, _by_reason(lacking))
    click.echo(f"\n{_publication_sentence(session, found)}")
    if found.blocking:
        click.echo(f"What was refused: {session.command} rejects {found.exercice}")


def _export_row(export: ExportStatus) -> dict[str, Any]:
    return {
        "key": export.key,
        "state": export.state,
        "accepted": (export.accepted_at or "")[:10],
        "lines": export.lines and export.lines.acceptees,
        "refused": export.lines and (export.lines.refusees or ""),
        "checks": checks_sentence(export.checks),
    }


def _why(export: ExportStatus) -> str:
    """Why an export is not simply received, and whom to ask."""
    owner = export.owner if export.state in ("late", "awaited") else None
    return f"{export.key}: " + " — ".join(filter(None, (export.reason, owner)))


def _by_reason(lacking: list[FigureStatus]) -> list[dict[str, Any]]:
    """One row for all the figures that lack for the same reason."""
    groups: dict[tuple[str, str | None, str], list[str]] = {}
    for figure in lacking:
        groups.setdefault((figure.state, figure.mark, " ; ".join(figure.reasons)), []).append(figure.code)
    rows = []
    for (state, mark, reasons), codes in groups.items():
        more = f", and {len(codes) - SHOWN_FIGURES} more" if len(codes) > SHOWN_FIGURES else ""
        figures = ", ".join(codes[:SHOWN_FIGURES]) + more
        rows.append({"state": state, "mark": mark, "reasons": reasons, "figures": figures})
    return rows


def checks_sentence(checks: Checks) -> str:
    """``12 passed, 1 warned``: zeros are left out."""
    return ", ".join(f"{count} {name}" for name, count in asdict(checks).items() if count)


def _figures_sentence(found: YearStatus) -> str:
    counts = {state: len(found.figures_in(state)) for state in ("computed", "partial", "missing", "not built")}
    sentence = ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "none"
    gaps = f"; {len(found.differences)} differ from a published report" if found.differences else ""
    return f"Figures: {sentence}{gaps}"


def _publication_sentence(session: Session, found: YearStatus) -> str:
    publication = found.publication
    if publication is None:
        return f"Published: nothing yet ({session.command} run {found.exercice})"
    name = f"Published: {publication.publication[:8]} on {publication.published_at[:16].replace('T', ' ')} UTC"
    if publication.failed_build:
        return f"{name}; the last build failed: {', '.join(publication.failed_build)}"
    if publication.behind:
        behind = ", ".join(publication.behind)
        return f"{name}; it lags behind what is accepted: {behind} ({session.command} run {found.exercice})"
    return f"{name}, up to date with what is accepted"


# figures ----------------------------------------------------------------------------------------------------

FIGURES = [
    Column("code", "Figure"),
    Column("exercice"),
    Column("affichage", "Value", right=True),
    Column("unite", "Unit"),
    Column("statut"),
    Column("state", "State"),
    Column("libelle", "Label"),
]
WIDE = 140  # a narrower terminal has no room for the labels
FIGURES_CSV = [
    Column(name)
    for name in ("code", "exercice", "valeur", "unite", "statut", "etat", "code_manquant", "part_manquante")
] + [Column("montant_manquant_eur"), Column("libelle"), Column("domaine"), Column("formule")]


@click.command(short_help="The published figures.")
@year_argument
@click.argument("codes", nargs=-1)
@format_option
@global_options
@click.pass_context
def figures(ctx: click.Context, year: int, codes: tuple[str, ...], form: str) -> None:
    """The published figures of YEAR; CODES (a figure, or the beginning of several) narrow the list."""
    from pipelines.evidence.published import publication_status, published_figures

    session: Session = ctx.obj
    session.exercice(year)
    rows = published_figures(session.home, year)
    if rows is None:
        note(f"Error: nothing is published yet: {session.command} run {year}")
        ctx.exit(USAGE)
    rows = [_as_printed(row) for row in _narrowed(rows, codes)]
    if form == "csv":
        write_csv(FIGURES_CSV, rows, session.organisation)
    elif form == "json":
        plain = [{k: v for k, v in row.items() if k not in ("affichage", "state")} for row in rows]
        write_json({"exercice": year, "chiffres": plain}, session.organisation)
    else:
        title(f"published figures of {year}", session.organisation)
        click.echo()
        table(FIGURES if console().width >= WIDE else FIGURES[:-1], rows)
    with session.ledger() as ledger:
        publication = publication_status(ledger)
    if publication and publication.behind:
        note(f"These figures lag behind what is accepted: {session.command} status {year}")


def _narrowed(rows: list[dict[str, Any]], codes: tuple[str, ...]) -> list[dict[str, Any]]:
    known = [row["code"] for row in rows]
    beginnings = {".".join(code.split(".")[:size]) for code in known for size in range(1, code.count(".") + 2)}
    chosen: set[str] = set()
    for code in codes:
        matching = {name for name in known if name == code or name.startswith(f"{code.rstrip('.')}.")}
        if not matching:
            raise click.UsageError(f"no figure {code!r} is published for this exercice{did_you_mean(code, beginnings)}")
        chosen |= matching
    return [row for row in rows if not codes or row["code"] in chosen]


def _as_printed(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of ``chiffres`` with its value at its own number of decimals, and as the report prints it."""
    value, decimals = row["valeur"], row["decimales"]
    exact = value if value is None else round(value, decimals)
    shown_value = row["code_manquant"] if value is None else french(value, decimals)
    return {**row, "valeur": exact, "affichage": shown_value, "state": _state(row)}


def _state(row: Mapping[str, Any]) -> str:
    if row["valeur"] is None and row["code_manquant"] != NOT_APPLICABLE:
        return "missing"
    if row["statut"] == "publié":
        return "printed"  # the number of the report already published, not ours
    return "partial" if row["etat"] == "partiel" else "computed"
