"""``run`` and ``check``: judging exports, with or without loading them.

``run`` asks the orchestrator for the same jobs as its web interface; ``check`` works beside the lake and
leaves the home as it was.
"""

import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.catalogue.registry import ExportRef
from pipelines.cli.app import BLOCKED, BUSY, DONE, FROZEN, INCOMPLETE
from pipelines.cli.output import note, printable, progress, title
from pipelines.cli.reading import checks_sentence, gathered, read_status
from pipelines.cli.rejects import failing_lines_of, reject_text
from pipelines.cli.session import Session, global_options, shown
from pipelines.cli.summary import show_summary
from pipelines.evidence.arrivals import Checks, count_checks
from pipelines.evidence.documents import documents_set_aside
from pipelines.evidence.findings import blockers, of_year, unread, unread_of
from pipelines.evidence.rejects import Reject, check_rejects, line_rejects
from pipelines.evidence.status import YearStatus
from pipelines.ledger.records import Finding, Manifest, Verdict
from pipelines.ledger.store import Ledger, now
from pipelines.locking import only_writer
from pipelines.runs.collect import judge_files
from pipelines.runs.outcome import Ending
from pipelines.settings import Home
from pipelines.stages.ingest.landing import files_of

if TYPE_CHECKING:
    from pipelines.defs.run import RunReport

SHOWN_REJECTS = 20

# run --------------------------------------------------------------------------------------------------------


@click.command(short_help="Collect exercices, build the warehouse, publish.")
@click.argument("years", type=int, nargs=-1, required=True, metavar="YEAR...")
@click.option("--source", "sources", multiple=True, help="Collect only this system (or system/export); repeatable.")
@click.option("--full", is_flag=True, help="Build every model again, whether or not anything changed.")
@global_options
@click.pass_context
def run(ctx: click.Context, years: tuple[int, ...], sources: tuple[str, ...], full: bool) -> None:
    """Collect what lies in landing for each YEAR, then build the warehouse of all years, test it and publish.

    A refused export stops nothing else: its former delivery stays. Ends with 1 when something blocks, 3 when
    everything was done but an export is late, 4 when another process works on this home.
    """
    session: Session = ctx.obj
    chosen = [session.exercice(year) for year in dict.fromkeys(years)]
    if without := session.without_system():
        raise click.UsageError(without)
    ctx.exit(run_and_tell(session, chosen, session.systems(sources), full=full))


def run_and_tell(session: Session, years: list[int], systems: list[str] | None, *, full: bool = False) -> int:
    """Run the jobs, print the summary, return the exit code."""
    with only_writer(session.home):
        pass  # raises Busy before anything is started
    with progress() as say:
        say("starting the orchestrator")
        from pipelines.defs.run import run_jobs

        report = run_jobs(session.home, years, systems, say, whole=full)
    if stopped := report.ended(Ending.FROZEN, Ending.BUSY):
        note(f"Error: {stopped.message}")
        return FROZEN if stopped.ending == Ending.FROZEN else BUSY
    with session.ledger() as ledger:
        statuses = [read_status(session, ledger, year) for year in years]
        blocking = _blocking(session, ledger, years)
        show_summary(session, ledger, statuses, years, blocking)
    failed = _tell_failures(session, report) or _tell_arrivals(statuses, systems)
    return BLOCKED if blocking else failed


def _blocking(session: Session, ledger: Ledger, years: list[int]) -> list[Finding]:
    """What stops a release of these years and nobody has accepted, but for exports that are missing."""
    today, standing = now()[:10], gathered(session, ledger)
    found = {one.finding.id: one for year in years for one in of_year(standing, session.registry, year, today)}
    return [finding for finding in blockers(found.values(), today) if finding.code != "COL-MANQUANT"]


def _tell_failures(session: Session, report: "RunReport") -> int | None:
    """What went wrong besides refused deliveries, which the summary tells."""
    if failed := report.ended(Ending.NOT_BUILT):
        note(f"\nError: {failed.message}\nThe former warehouse and publication stay.")
    elif failed := report.ended(Ending.UNSOUND):
        note(f"\nError: {failed.message}")
    elif failed := report.ended(Ending.BROKEN):
        note(f"\nError: {failed.message}\nSee the run in {shown(session.home.dagster)} (`make dev`).")
    elif failed := report.ended(Ending.NOT_SERVED):
        told = f"not copied to the server: {failed.message}"
        note(f"\nError: {told}\nEverything else is done. Try again: {session.command} publish")
    return BLOCKED if failed else None


def _tell_arrivals(statuses: list[YearStatus], systems: list[str] | None) -> int:
    """1 when a delivery of the systems that were asked for is refused, 3 when one is late."""
    concerned = [e for s in statuses for e in s.exports if not systems or e.key.partition("/")[0] in systems]
    states = {export.state for export in concerned}
    return BLOCKED if "refused" in states else INCOMPLETE if "late" in states else DONE


# check ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Beside(Home):
    """A home whose archive and lake are a temporary folder: the ledger and the key are the real ones."""

    aside: Path

    @property
    def archive(self) -> Path:
        """Where originals go."""
        return self.aside / "archive"

    @property
    def lake(self) -> Path:
        """Where Parquet goes."""
        return self.aside / "lake"


@click.command(short_help="Judge files without loading them.")
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--source", "source", help="system/export; guessed from the landing folder or the file's name.")
@click.option("--exercice", type=int, help="Guessed from the landing folder or the file's name.")
@global_options
@click.pass_context
def check(ctx: click.Context, files: tuple[Path, ...], source: str | None, exercice: int | None) -> None:
    """Read and judge FILE as `millesime run` would, and load nothing.

    Several files are one delivery. Ends with 1 when the delivery would be refused.
    """
    from pipelines.stages.validate.lines import refuse_wrong_sql

    session: Session = ctx.obj
    ref = session.export(source) if source else guess_export(session, files[0])
    year = session.exercice(exercice or guess_exercice(session, files[0]))
    for path in files:
        if not ref.export.takes(path.name):
            note(f"Note: {path.name} is not named as collection expects: {ref.export.files}")
    refuse_wrong_sql(session.catalogue)
    with tempfile.TemporaryDirectory(prefix="millesime-check-") as folder, session.ledger() as ledger:
        work = replace(session.work(ledger), home=Beside(session.home.root, aside=Path(folder)))
        manifest, verdicts = judge_files(work, ref, year, list(files))
        failing = failing_lines_of(work)
        refused = line_rejects(work.home, ref, manifest, work.rules)
        aside = documents_set_aside(work, ref, manifest)
        failed = [
            reject
            for verdict in verdicts
            for result in verdict.results
            if result.success is not True
            for reject in check_rejects(ref, manifest, verdict.table, result, failing, work.rules)
        ]
    title(f"{ref.key} {year}: {', '.join(path.name for path in files)}", session.organisation)
    _show_counts(manifest, verdicts)
    left = unread_of(manifest, session.registry)
    for finding in [*(unread(manifest, one, work.rules) for one in left), *aside]:
        click.echo(f"\n{printable(_finding_text(finding))}")
    _show_rejects(refused + failed)
    blocked = not all(verdict.accepted for verdict in verdicts)
    but = [f"a release waits for {len(left)} sheets, members or elements that nothing reads"] if left else []
    but += [f"{len(aside)} of its documents would count nowhere, as said above"] if aside else []
    then = f", but {' and '.join(but)}" if but and not blocked else ""
    click.echo(f"\nThis delivery would be {'refused' if blocked else 'accepted'}{then}. Nothing was loaded.")
    ctx.exit(BLOCKED if blocked else DONE)


def _show_counts(manifest: Manifest, verdicts: list[Verdict]) -> None:
    for name, counts in manifest.tables.items():
        checks: Checks = count_checks([verdict for verdict in verdicts if verdict.table == name])
        click.echo(
            f"\n{manifest.system}/{name}: {counts.lues} lines read = {counts.acceptees} accepted + "
            f"{counts.refusees} refused + {counts.ignorees} ignored; "
            f"checks: {checks_sentence(checks) or 'none'}"
        )


def _finding_text(finding: Finding) -> str:
    place = [":".join(str(part) for part in (finding.fichier, finding.ligne) if part)] if finding.ligne else []
    received = [f"reçu : {finding.recu}"] if finding.recu else []
    said = [*place, f"{finding.code} {finding.message}", *received, f"attendu : {finding.attendu}"]
    return " — ".join(said)


def _show_rejects(found: list[Reject]) -> None:
    for reject in found[:SHOWN_REJECTS]:
        click.echo(f"\n{printable(reject_text(reject))}")
    if len(found) > SHOWN_REJECTS:
        click.echo(f"\n… and {len(found) - SHOWN_REJECTS} more.")


def guess_export(session: Session, path: Path) -> ExportRef:
    """The export of a file, by its place in landing, else by its name when only one export fits."""
    refs = [ref for ref in session.registry.exports() if session.organisation.subscribes(ref.system.system)]
    if year := session.landing_year(path):
        placed = [ref for ref in refs if path.resolve() in files_of(session.home.landing.resolve(), ref, year)]
        if len(placed) == 1:
            return placed[0]
    named = [ref for ref in refs if ref.export.takes(path.name)]
    if len(named) == 1:
        return named[0]
    among = f" (it may be {', '.join(ref.key for ref in named)})" if named else ""
    raise click.UsageError(f"which export is {path.name}? Say it with --source system/export{among}")


def guess_exercice(session: Session, path: Path) -> int:
    """The exercice of a file, by its place in landing, else by the one year that its name holds."""
    if year := session.landing_year(path):
        return year
    named = {int(found) for found in re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", path.name)}
    possible = named & set(session.organisation.years)
    if len(possible) == 1:
        return possible.pop()
    raise click.UsageError(f"which exercice is {path.name} of? Say it with --exercice")
