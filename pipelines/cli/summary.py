"""The few lines that end ``run`` and ``demo``: what came in, was judged and came out, and where to look."""

from collections.abc import Callable

import click

from pipelines.cli.output import Column, note, printable, table, title
from pipelines.cli.session import Session, shown
from pipelines.evidence.status import YearStatus
from pipelines.ledger.records import Finding
from pipelines.ledger.store import Ledger
from pipelines.publication import FOLDERS, INTERNE, PUBLIC

SHOWN_BLOCKERS = 10
# (group, line, how to count it)
LINES: list[tuple[str, str, Callable[[YearStatus], int]]] = [
    ("Exports", "received", lambda s: sum(e.counts for e in s.exports if e.state != "refused")),
    ("", "refused", lambda s: len(s.exports_in("refused"))),
    ("", "missing", lambda s: len(s.exports_in("late", "awaited"))),
    ("", "declared absent", lambda s: len(s.exports_in("declared absent"))),
    ("Lines", "read", lambda s: s.lines.lues),
    ("", "= accepted", lambda s: s.lines.acceptees),
    ("", "+ refused", lambda s: s.lines.refusees),
    ("", "+ ignored", lambda s: s.lines.ignorees),
    ("Checks", "passed", lambda s: s.checks.passed),
    ("", "warned", lambda s: s.checks.warned),
    ("", "failed", lambda s: s.checks.failed),
    ("Figures", "computed", lambda s: len(s.figures_in("computed", "partial"))),
    ("", "of which partial", lambda s: len(s.figures_in("partial"))),
    ("", "missing", lambda s: len(s.figures_in("missing"))),
    ("", "differ from published", lambda s: len(s.differences)),
]


def show_summary(
    session: Session, ledger: Ledger, statuses: list[YearStatus], years: list[int], blocking: list[Finding]
) -> None:
    """One column an exercice, then the warehouse, what blocks and where to look."""
    title(f"exercice{'s' * (len(years) > 1)} {', '.join(map(str, years))}", session.organisation)
    if session.organisation.demonstration:
        click.echo("The rows are invented so as to give the figures of the published reports.")
    click.echo()
    columns = [Column("group", ""), Column("line", "")]
    columns += [Column(str(year), str(year), right=True) for year in years]
    rows = [
        {"group": group, "line": line, **{str(s.exercice): count(s) for s in statuses}} for group, line, count in LINES
    ]
    table(columns, rows)
    click.echo(f"\n{_warehouse_sentence(ledger, statuses[-1])}")
    _show_where(session, statuses)
    if blocking:
        note(
            f"\nBlocking ({len(blocking)}; `{session.command} findings {statuses[-1].exercice}` says how to mend or decide):"
        )
        for finding in blocking[:SHOWN_BLOCKERS]:
            place = ":".join(map(str, filter(None, (finding.fichier, finding.ligne)))) or finding.recu or ""
            note(printable(f"  {finding.code} {finding.ou}{f' ({place})' if place else ''} — {finding.message}"))


def _warehouse_sentence(ledger: Ledger, status: YearStatus) -> str:
    build = ledger.last_build()
    if build is None:
        return "Warehouse: never built"
    tests = [test["status"] for test in build["tests"] if test["kind"] in ("test", "unit_test")]
    passed, warned = tests.count("pass") + tests.count("success"), tests.count("warn")
    counts = [(passed, "passed"), (warned, "warned"), (len(tests) - passed - warned, "failed or skipped")]
    said = ", ".join(f"{count} {word}" for count, word in counts if count)
    state = "built" if build["succeeded"] else "NOT replaced"
    published = f"; published as {status.publication.publication[:8]}" if status.publication else ""
    return f"Warehouse: {state}, tests: {said or 'none'}{published}"


def _pages(session: Session, year: int) -> list[tuple[str, str]]:
    """The pages that the run wrote for ``year``, by their path."""
    report = session.home.published / "report" / str(year)
    pages = [
        *((path, "the report, whole") for path in sorted(report.glob(f"{INTERNE}/rapport*"))),
        *((path, "the report that anybody may read") for path in sorted(report.glob(f"{PUBLIC}/rapport*.pdf"))),
        (report / INTERNE / "collectivites", "one page for each member"),
        (
            session.home.audit / str(year) / "etat.html",
            "the state of the collection and of its quality, for the auditor",
        ),
        (session.home.published / FOLDERS[PUBLIC], "the tables that anybody may read"),
        (session.home.published / "rapport.duckdb", "marts, report tables and audit, for BI"),
        (session.home.published / "rapport" / "chiffres.parquet", "the same figures, one Parquet a table"),
    ]
    return [(shown(path), what) for path, what in pages if path.exists()]


def _show_where(session: Session, statuses: list[YearStatus]) -> None:
    year, millesime = statuses[-1].exercice, session.command
    places = [
        (f"{millesime} status {year}", "each export and figure, and why one is missing"),
        (f"{millesime} rejects {year}", "what was refused, and how to mend it"),
        (f"{millesime} findings {year}", "what somebody must know or decide"),
        *([(f"{millesime} figures {year}", "the figures of the report")] if statuses[-1].publication else []),
        *_pages(session, year),
    ]
    width = max(len(place) for place, _ in places)
    click.echo("\nWhere to look:")
    for place, what in places:
        click.echo(f"  {place:<{width}}  {what}")
    refused = [f"{e.key} {s.exercice} ({e.rule})" for s in statuses for e in s.exports_in("refused")]
    late = [f"{e.key} {s.exercice} ({e.owner})" for s in statuses for e in s.exports_in("late")]
    for what, exports in (("Refused", refused), ("Still missing", late)):
        if exports:
            note(f"\n{what}: {', '.join(exports)}")
