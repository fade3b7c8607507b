"""``status`` and ``figures``: the state and the figures of a year; ``millesime`` alone: the next step. They write nothing.

``evidence`` gathers the facts; this module selects them, lays them out and chooses the exit code.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from pipelines.cli.app import BLOCKED, DONE, INCOMPLETE
from pipelines.cli.arguments import complete_codes, year_argument
from pipelines.cli.output import ShownColumn, console, echo, format_option, table, title, write_csv, write_json
from pipelines.cli.session import Session, on_home, shown
from pipelines.did_you_mean import suggestion
from pipelines.evidence.arrivals import Checks, ExportState, ExportStatus
from pipelines.evidence.findings import blockers, export_about, in_order, of_year, stops_a_release
from pipelines.evidence.gaps import NOT_APPLICABLE, FigureStatus
from pipelines.evidence.health import health
from pipelines.evidence.progress_of_texts import RULE as TEXT
from pipelines.evidence.published import published_figures
from pipelines.evidence.status import YearStatus, year_status
from pipelines.french import how_many, moment, number
from pipelines.ledger.records import Finding, Standing
from pipelines.ledger.store import Ledger, now
from pipelines.ledger.workspace import Workspace
from pipelines.runs.arriving import landed
from pipelines.runs.findings import all_findings, findings_of_the_day
from pipelines.runs.retention import overdue
from pipelines.stages.ingest.landing import is_deposit, unknown_files

if TYPE_CHECKING:
    from pipelines.evidence.health import Health

NO_DEPOSIT = "n’est pas lu : c’est un lien, un tube ou un périphérique, et non un fichier déposé"
MISSING_EXPORT = "COL-MANQUANT"  # told with the exports


def read_status(session: Session, ledger: Ledger, year: int) -> YearStatus:
    """The state of a year, given today's date and the present contents of landing."""
    work = session.work(ledger)
    return year_status(work, year, today=now()[:10], landed=landed(work, year))


def gathered(session: Session, ledger: Ledger) -> list[Standing]:
    """Every current finding with its decision, including those that depend on the date (retention,
    backup)."""
    work = session.work(ledger)
    return ledger.standing(in_order([*all_findings(work), *findings_of_the_day(work, now()[:10])]))


def blocking_of(session: Session, ledger: Ledger, years: list[int]) -> list[Finding]:
    """What blocks a release of these years and nobody has accepted, except for missing exports."""
    # what is kept too long blocks nothing, and finding it takes a reading of all rows
    today, standing = now()[:10], ledger.standing(all_findings(session.work(ledger)))
    found = {one.finding.id: one for year in years for one in of_year(standing, session.registry, year, today)}
    return [finding for finding in blockers(found.values(), today) if finding.code != MISSING_EXPORT]


# status -----------------------------------------------------------------------------------------------------

EXPORTS = [
    ShownColumn("key", "Export"),
    ShownColumn("state", "État"),
    ShownColumn("accepted", "Accepté"),
    ShownColumn("lines", "Lignes", right=True),
    ShownColumn("refused", "Refusées", right=True),
    ShownColumn("checks", "Contrôles", folds=True),
]
FIGURES_LACKING = [
    ShownColumn("state", "État"),
    ShownColumn("mark", "Imprimé"),
    ShownColumn("reasons", "Pourquoi", folds=True),
    ShownColumn("figures", "Chiffres", folds=True),
]
STATES = {  # of exports, most urgent first, then of figures, in a French reader's words
    "refused": "refusé",
    "late": "en retard",
    "waiting": "déposé",
    "awaited": "attendu",
    "received": "reçu",
    "declared absent": "déclaré absent",
    "not sent": "facultatif",
    "computed": "calculé",
    "partial": "partiel",
    "missing": "manquant",
    "not built": "pas construit",
}
SHOWN_FIGURES = 4  # of those that are missing for the same reason


@click.command()
@year_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "prometheus"]),
    default="text",
    show_default=True,
    help="json : pour un programme ; prometheus : pour une supervision.",
)
@on_home
def status(session: Session, year: int, form: str) -> int:
    """Les exports reçus, manquants, déclarés absents, en retard ou refusés pour l’EXERCICE ; les chiffres absents ou
    partiels, et pourquoi.

    Code de sortie 1 quand une livraison est refusée, 3 quand un export est en retard.
    """
    with session.ledger() as ledger:
        found = read_status(session, ledger, year)
        late = len(overdue(session.work(ledger), now()[:10], reads_rows=False))
        sound = health(session.home, ledger)
        blocking = [] if form == "text" else blocking_of(session, ledger, [year])
    unknown = unknown_files(session.home.landing, session.registry, year)
    if form == "json":
        more = {
            "unknown_files": [shown(path) for path in unknown],
            "overdue": late,
            "blocking": len(blocking),
            "health": asdict(sound),
        }
        write_json({**asdict(found), **more}, session.organisation)
    elif form == "prometheus":
        echo(exposition(found, sound, len(blocking), late), nl=False)
        return DONE  # the numbers show what is wrong
    else:
        _show_status(session, found, unknown)
        if late:
            echo(f"Gardé au-delà de sa durée : {late} ({session.command} purge --dry-run)")
        sizes = [f"{part} {size / 1e6:.0f}" for part, size in sound.sizes.items() if size >= 500_000]
        said = f" ({', '.join(sizes)})" if sizes else ""
        total = sum(sound.sizes.values()) / 1e6
        echo(f"Taille : {total:.0f} Mo{said}, il reste {sound.free / 1e6:.0f} Mo sur ce disque")
    return BLOCKED if found.blocking else INCOMPLETE if found.incomplete else DONE


def exposition(found: YearStatus, sound: "Health", blocking: int, overdue: int) -> str:
    """The state of a home in Prometheus' text format; an action that never happened has no line."""
    year = f'{{exercice="{found.exercice}"}}'
    exports: dict[str, int] = {state: len(found.exports_in(state)) for state in get_args(ExportState)}
    lines: list[tuple[str, str, Mapping[str, float | None]]] = [
        ("exports", "Exports de l’exercice, par état", {f'{year[:-1]},state="{s}"}}': n for s, n in exports.items()}),
        ("blocking_findings", "Constats qui empêchent de figer l’exercice de l’exercice", {year: blocking}),
        (
            "figures_missing",
            "Chiffres de l’exercice manquants ou partiels",
            {year: len(found.figures_in("missing", "partial"))},
        ),
        ("retention_overdue", "Éléments gardés au-delà de leur durée", {"": overdue}),
        ("build_timestamp_seconds", "Dernière construction de l’entrepôt", {"": sound.built_at}),
        ("build_succeeded", "1 si cette construction a réussi", {"": sound.built_at and int(sound.build_succeeded)}),
        ("publication_timestamp_seconds", "Date de ce qui est publié", {"": sound.published_at}),
        ("backup_timestamp_seconds", "Dernière sauvegarde du dossier", {"": sound.backed_up_at}),
        ("publication_behind", "Livraisons acceptées qui ne sont pas publiées", {"": sound.behind}),
        ("disk_free_bytes", "Place libre sur le disque du dossier", {"": sound.free}),
        (
            "size_bytes",
            "Taille de chaque partie du dossier",
            {f'{{part="{part}"}}': size for part, size in sound.sizes.items()},
        ),
    ]
    return "".join(
        f"# HELP millesime_{name} {what}.\n# TYPE millesime_{name} gauge\n"
        + "".join(f"millesime_{name}{labels} {value:.15g}\n" for labels, value in values.items() if value is not None)
        for name, what, values in lines
        if any(value is not None for value in values.values())
    )


def _show_status(session: Session, found: YearStatus, unknown: list[Path]) -> None:
    title(f"exercice {found.exercice}", session.organisation)
    echo()
    if without := session.without_system():
        echo(without)
    exports = sorted(found.exports, key=lambda export: list(STATES).index(export.state))  # what blocks comes first
    rows = [
        {
            "key": export.key,
            "state": STATES[export.state],
            "accepted": (export.accepted_at or "")[:10],
            "lines": export.lines and export.lines.acceptees,
            "refused": export.lines and (export.lines.refusees or ""),
            "checks": checks_sentence(export.checks),
        }
        for export in exports
    ]
    table(EXPORTS, rows)
    unusual = [export for export in exports if export.reason]
    if unusual:
        echo()
    for export in unusual:  # why, and whom to ask
        owner = export.owner if export.state in ("late", "awaited") else None
        echo(f"{export.key} : " + " — ".join(filter(None, (export.reason, owner))))
    for path in unknown:
        is_read = is_deposit(session.home.landing, path)
        why = f"Aucun export déclaré ne lit {shown(path)}" if is_read else f"{shown(path)} {NO_DEPOSIT}"
        echo(f"\n{why}", nl=False)
    counts = {state: len(found.figures_in(state)) for state in ("computed", "partial", "missing", "not built")}
    said = [f"{count} {STATES[state]}{'s' * (count > 1)}" for state, count in counts.items() if count]
    gaps = f" ; {len(found.differences)} en écart avec un rapport publié" if found.differences else ""
    echo("\n" * bool(unknown) + f"\nChiffres : {', '.join(said) or 'aucun'}{gaps}")
    lacking = found.figures_in("missing", "partial")
    if lacking:
        echo()
    table(FIGURES_LACKING, _by_reason(lacking))
    echo(f"\n{_publication_sentence(session, found)}")
    if found.blocking:
        echo(f"Ce qui est refusé : {session.command} rejects {found.exercice}")


def _by_reason(lacking: list[FigureStatus]) -> list[dict[str, Any]]:
    """One row for all the figures that are missing for the same reason."""
    groups: dict[tuple[str, str | None, str], list[str]] = {}
    for figure in lacking:
        groups.setdefault((figure.state, figure.mark, " ; ".join(figure.reasons)), []).append(figure.code)
    rows = []
    for (state, mark, reasons), codes in groups.items():
        more = f", et {how_many(len(codes) - SHOWN_FIGURES, 'autres')}" if len(codes) > SHOWN_FIGURES else ""
        figures = ", ".join(codes[:SHOWN_FIGURES]) + more
        rows.append({"state": STATES[state], "mark": mark, "reasons": reasons, "figures": figures})
    return rows


def checks_sentence(checks: Checks) -> str:
    """``12 réussis, 1 alerte``: zeros are left out."""
    said = [("réussi", checks.passed), ("alerte", checks.warned), ("échec", checks.failed)]
    return ", ".join(f"{count} {name}{'s' * (count > 1)}" for name, count in said if count)


def _publication_sentence(session: Session, found: YearStatus) -> str:
    publication = found.publication
    if publication is None:
        return f"Publié : rien encore ({session.command} run {found.exercice})"
    name = f"Publié : {publication.publication[:8]}, le {moment(publication.published_at)}"
    if publication.frozen:
        year = publication.frozen[0]
        return f"{name} ; {publication.lag} ({session.command} findings {year}, puis corriger ou {session.command} release {year})"
    if publication.lag:
        return f"{name} ; {publication.lag} ({session.command} run {found.exercice})"
    return f"{name}, à jour de ce qui est accepté"


# figures ----------------------------------------------------------------------------------------------------

FIGURES = [
    ShownColumn("code", "Chiffre"),
    ShownColumn("affichage", "Valeur", right=True),
    ShownColumn("unite", "Unité"),
    ShownColumn("state", "État"),
    ShownColumn("libelle", "Libellé"),
]
WIDE = 140  # a narrower terminal has no room for the labels
FIGURES_CSV = """
    code exercice valeur unite statut etat code_manquant part_manquante montant_manquant_eur libelle domaine formule
""".split()


@click.command()
@year_argument
@click.argument("codes", nargs=-1, shell_complete=complete_codes)
@format_option
@on_home
def figures(session: Session, year: int, codes: tuple[str, ...], form: str) -> None:
    """Les chiffres publiés de l’EXERCICE ; CODES (un chiffre, ou le début de plusieurs) réduit la liste."""
    rows = published_figures(session.home, year)
    if rows is None:
        raise click.UsageError(f"rien n’est encore publié : {session.command} run {year}")
    if rows and "etat" not in rows[0]:
        raise click.UsageError(
            f"une version plus ancienne du programme a publié ces chiffres : {session.command} run {year}"
        )
    rows = _narrowed(rows, codes)
    for row in rows:  # at its own number of decimals, and as the report prints it
        value, decimals = row["valeur"], row["decimales"]
        row["affichage"] = row["code_manquant"] if value is None else number(value, decimals)
        row["valeur"] = value if value is None else round(value, decimals)  # already rounded: no digit is lost
        if value is None and row["code_manquant"] != NOT_APPLICABLE:
            row["state"] = STATES["missing"]
        elif row["statut"] == "publié":
            row["state"] = "imprimé"  # the number in the report already published, not ours
        else:
            row["state"] = STATES["partial" if row["etat"] == "partiel" else "computed"]
    if form == "csv":
        write_csv(FIGURES_CSV, rows, session.organisation)
    elif form == "json":
        plain = [{k: v for k, v in row.items() if k not in ("affichage", "state")} for row in rows]
        write_json({"exercice": year, "chiffres": plain}, session.organisation)
    else:
        title(f"chiffres publiés de {year}", session.organisation)
        echo()
        table(FIGURES if console().width >= WIDE else FIGURES[:-1], rows)


def _narrowed(rows: list[dict[str, Any]], codes: tuple[str, ...]) -> list[dict[str, Any]]:
    known = [row["code"] for row in rows]
    beginnings = {".".join(code.split(".")[:size]) for code in known for size in range(1, code.count(".") + 2)}
    chosen: set[str] = set()
    for code in codes:
        matching = {name for name in known if name == code or name.startswith(f"{code.rstrip('.')}.")}
        if not matching:
            raise click.UsageError(
                f"aucun chiffre « {code} » n’est publié pour cet exercice{suggestion(code, beginnings)}"
            )
        chosen |= matching
    return [row for row in rows if not codes or row["code"] in chosen]


# next step --------------------------------------------------------------------------------------------------

SHOWN_EXPORTS = 3


def show_next(session: Session) -> None:
    """Print three lines about the last exercice of which something came, or the first one."""
    if without := session.without_system():
        echo(without)
        return
    today = now()[:10]
    with session.ledger() as ledger:
        year, work = _year(session, ledger), session.work(ledger)
        status = year_status(work, year, today=today, landed=landed(work, year))
        stopping = _stopping(work, year, today)
        is_frozen, is_sent = (
            any(row["exercice"] == year for row in ledger.all_rows(table)) for table in ("releases", "sendings")
        )
    findings = [one for one in stopping if one.code != TEXT]
    texts = len(stopping) - len(findings)
    waiting = (
        [how_many(len(findings), "constats à corriger ou à trancher") + _of_whom(work, findings)] if findings else []
    )
    waiting += [how_many(texts, "textes à valider")] if texts else []
    if status.exports_in("refused"):
        command = f"rejects {year}"
    elif not status.publication or status.publication.lag or status.exports_in("waiting", "late", "awaited"):
        command = f"run {year}"
    elif is_frozen:
        command = f"status {min(year + 1, session.organisation.years[-1])}" if is_sent else f"transmit {year}"
    elif findings:
        command = f"findings {year}"
    else:
        command = f"contenu etat {year}" if texts else f"release {year}"
    echo(f"Exercice {year} : {_arrived(work, status)}.")
    echo(f"En attente : {', '.join(waiting) or 'rien'}.")
    echo(f"Ensuite : {session.command} {command}")


def _year(session: Session, ledger: Ledger) -> int:
    years = session.organisation.years
    came = {year for _, year in ledger.current()}
    came |= {int(folder.name) for folder in session.home.landing.glob("[0-9]*") if folder.name.isdecimal()}
    return max(came & {*years}, default=years[0])


def _stopping(work: Workspace, year: int, today: str) -> list[Finding]:
    """What a release of this exercice waits for, except for exports."""
    standing = of_year(work.ledger.standing(all_findings(work)), work.registry, year, today)
    found = [one.finding for one in standing if one.is_open(today) and stops_a_release(one, work.rules)]
    return [finding for finding in found if finding.code != MISSING_EXPORT]


def _arrived(work: Workspace, status: YearStatus) -> str:
    """Which exports are missing, which are refused, and whom to ask."""
    absent, refused = status.exports_in("late", "awaited"), status.exports_in("refused")
    said = f"il manque {_named(work, absent)}" if absent else "aucun export ne manque"
    return f"{said} ; {how_many(len(refused), 'exports refusés')} : {_named(work, refused)}" if refused else said


def _named(work: Workspace, exports: list[ExportStatus]) -> str:
    named = [f"{one.key} ({_reached(work, one.owner)})" for one in exports[:SHOWN_EXPORTS]]
    if len(exports) > SHOWN_EXPORTS:
        named.append(how_many(len(exports) - SHOWN_EXPORTS, "autres"))
    return ", ".join(named)


def _of_whom(work: Workspace, findings: list[Finding]) -> str:
    """How many of the findings are about what each owner sends, in parentheses; nothing when they are about nobody's."""
    about = [export_about(work.registry, one) for one in findings]
    counts = Counter(_reached(work, ref.owner) for ref in about if ref)
    said = [f"{who} : {count}" for who, count in sorted(counts.items())]
    return f" ({' ; '.join(said)})" if said else ""


def _reached(work: Workspace, owner: str) -> str:
    """An owner, with the address that ``contacts`` gives."""
    return ", ".join([owner, *filter(None, [work.organisation.contacts.get(owner)])])
