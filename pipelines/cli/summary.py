"""The few lines that end ``run`` and ``demo``: what was received, checked and published, and where to find it."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from pipelines.cli.output import ShownColumn, echo, note, pairs, table, title
from pipelines.cli.session import Session, shown
from pipelines.evidence.status import YearStatus
from pipelines.ledger.records import Finding
from pipelines.ledger.store import Ledger
from pipelines.publication import DATABASES, FOLDERS, INTERNE, PUBLIC
from pipelines.runs.arriving import Aside
from pipelines.runs.unclaimed import deposits

SHOWN_BLOCKERS = 10
# (group, line, how to count it)
LINES: list[tuple[str, str, Callable[[YearStatus], int]]] = [
    ("Exports", "reçus", lambda s: sum(e.counts for e in s.exports if e.state != "refused")),
    ("", "refusés", lambda s: len(s.exports_in("refused"))),
    ("", "manquants", lambda s: len(s.exports_in("late", "awaited"))),
    ("", "déclarés absents", lambda s: len(s.exports_in("declared absent"))),
    ("Lignes", "lues", lambda s: s.lines.lues),
    ("", "= acceptées", lambda s: s.lines.acceptees),
    ("", "+ refusées", lambda s: s.lines.refusees),
    ("", "+ ignorées", lambda s: s.lines.ignorees),
    ("Contrôles", "réussis", lambda s: s.checks.passed),
    ("", "alertes", lambda s: s.checks.warned),
    ("", "échecs", lambda s: s.checks.failed),
    ("Chiffres", "calculés", lambda s: len(s.figures_in("computed", "partial"))),
    ("", "dont partiels", lambda s: len(s.figures_in("partial"))),
    ("", "manquants", lambda s: len(s.figures_in("missing"))),
    ("", "en écart avec l’imprimé", lambda s: len(s.differences)),
]


def show_summary(
    session: Session, ledger: Ledger, statuses: list[YearStatus], years: list[int], blocking: list[Finding]
) -> None:
    """One column per exercice, then the warehouse, what blocks and where to look."""
    title(f"exercice{'s' * (len(years) > 1)} {', '.join(map(str, years))}", session.organisation)
    if session.organisation.demonstration:
        echo("Les lignes sont inventées : elles montrent le programme, et ne prouvent aucun chiffre.")
    echo()
    columns = [ShownColumn("group", ""), ShownColumn("line", "")]
    columns += [ShownColumn(str(year), str(year), right=True) for year in years]
    rows = [
        {"group": group, "line": line, **{str(s.exercice): count(s) for s in statuses}} for group, line, count in LINES
    ]
    table(columns, rows)
    echo(f"\n{_warehouse_sentence(ledger, statuses[-1])}")
    _show_where(session, statuses)
    if blocking:
        note(
            f"\nBloquant ({len(blocking)} ; `{session.command} findings {statuses[-1].exercice}` dit comment corriger ou décider) :"
        )
        deposited = deposits(session.work(ledger))
        for finding in blocking[:SHOWN_BLOCKERS]:
            deposit = deposited.get(finding.id)
            named = shown(deposit) if deposit else finding.fichier
            place = ":".join(map(str, filter(None, (named, finding.ligne)))) or finding.recu or ""
            note(f"  {finding.code} {finding.ou}{f' ({place})' if place else ''} — {finding.message}")


def summary(ledger: Ledger, statuses: list[YearStatus], blocking: list[Finding], aside: list[Aside]) -> dict[str, Any]:
    """The same for a program: each exercice as in ``status``, the last build, what blocks, what was left aside."""
    build = ledger.last_build()
    built = {"build": build["build"], "succeeded": build["succeeded"], "tests": _tests(build)} if build else None
    return {
        "exercices": [asdict(status) for status in statuses],
        "warehouse": built,
        "blocking": [{"constat": finding.id, **asdict(finding)} for finding in blocking],
        "aside": [asdict(one) for one in aside],
    }


def _tests(build: dict[str, Any]) -> dict[str, int]:
    """The outcome of the warehouse's tests."""
    statuses = [test["status"] for test in build["tests"] if test["kind"] in ("test", "unit_test")]
    passed, warned = statuses.count("pass") + statuses.count("success"), statuses.count("warn")
    return {"passed": passed, "warned": warned, "failed": len(statuses) - passed - warned}


def _warehouse_sentence(ledger: Ledger, status: YearStatus) -> str:
    build = ledger.last_build()
    if build is None:
        return "Entrepôt : jamais construit"
    counts = _tests(build)
    words = [("passed", "réussis"), ("warned", "en alerte"), ("failed", "en échec ou non exécutés")]
    said = ", ".join(f"{counts[name]} {word}" for name, word in words if counts[name])
    state = "construit" if build["succeeded"] else "PAS remplacé"
    published = f" ; publié sous {status.publication.publication[:8]}" if status.publication else ""
    return f"Entrepôt : {state}, tests : {said or 'aucun'}{published}"


def _show_where(session: Session, statuses: list[YearStatus]) -> None:
    year, millesime = statuses[-1].exercice, session.command
    report = session.home.published / "report" / str(year)
    pages = [  # that the run wrote
        *((path, "le rapport, entier") for path in sorted(report.glob(f"{INTERNE}/rapport*"))),
        *((path, "le rapport que chacun peut lire") for path in sorted(report.glob(f"{PUBLIC}/rapport*.pdf"))),
        (report / INTERNE / "collectivites", "une page par collectivité"),
        (session.home.audit / str(year) / "etat.html", "l’état de la collecte et de la qualité, pour l’auditeur"),
        (session.home.published / FOLDERS[PUBLIC], "les tables que chacun peut lire"),
        (session.home.published / DATABASES[INTERNE], "les marts, les tables du rapport et l’audit, pour la BI"),
        (session.home.published / "rapport" / "chiffres.parquet", "les mêmes chiffres, un Parquet par table"),
    ]
    places = [
        (f"{millesime} status {year}", "l’état de chaque export et de chaque chiffre, et pourquoi il en manque"),
        (f"{millesime} rejects {year}", "ce qui est refusé, et comment le corriger"),
        (f"{millesime} findings {year}", "les constats à connaître ou à trancher"),
        *([(f"{millesime} figures {year}", "les chiffres du rapport")] if statuses[-1].publication else []),
        *((shown(path), what) for path, what in pages if path.exists()),
    ]
    echo("\nOù regarder :")
    pairs(places)

    late = [f"{e.key} {s.exercice} ({e.owner})" for s in statuses for e in s.exports_in("late")]
    if late:
        note(f"\nManque encore : {', '.join(late)}")
