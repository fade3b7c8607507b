"""``millesime`` alone, in a home: what is missing, what waits for whom, and the next command, in three lines."""

from collections import Counter

from pipelines.cli.output import echo
from pipelines.cli.session import Session
from pipelines.evidence.arrivals import ExportStatus
from pipelines.evidence.findings import export_about, of_year, stops_a_release
from pipelines.evidence.progress_of_texts import RULE as TEXT
from pipelines.evidence.status import YearStatus, year_status
from pipelines.french import how_many
from pipelines.ledger.records import Finding
from pipelines.ledger.store import Ledger, now
from pipelines.ledger.workspace import Workspace
from pipelines.runs.arriving import landed
from pipelines.runs.findings import all_findings

ABSENT = "COL-MANQUANT"  # told with the exports
SHOWN = 3  # exports


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
    return [finding for finding in found if finding.code != ABSENT]


def _arrived(work: Workspace, status: YearStatus) -> str:
    """Which exports are missing, which are refused, and whom to ask."""
    absent, refused = status.exports_in("late", "awaited"), status.exports_in("refused")
    said = f"il manque {_named(work, absent)}" if absent else "aucun export ne manque"
    return f"{said} ; {how_many(len(refused), 'exports refusés')} : {_named(work, refused)}" if refused else said


def _named(work: Workspace, exports: list[ExportStatus]) -> str:
    named = [f"{one.key} ({_reached(work, one.owner)})" for one in exports[:SHOWN]]
    if len(exports) > SHOWN:
        named.append(how_many(len(exports) - SHOWN, "autres"))
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
