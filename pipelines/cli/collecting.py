"""``snapshot``, ``run`` and ``check``: read a tool's database into landing; check exports, and load them or not.

``run`` starts the same Dagster jobs as the web interface. ``check`` works in a temporary folder and leaves the home as
it was.
"""

import re
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines import settings
from pipelines.catalogue.needs import check as check_declarations
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.sources import ExportRef
from pipelines.characters import in_one_line
from pipelines.cli.app import BLOCKED, BUSY, DONE, FROZEN, INCOMPLETE, NO_DISK, USAGE, no_disk
from pipelines.cli.arguments import GIVEN_FILE, complete_sources, complete_years, source_option, year_argument
from pipelines.cli.interruption import interruptible
from pipelines.cli.output import echo, json_option, note, progress, title, write_json
from pipelines.cli.reading import blocking_of, checks_sentence, read_status
from pipelines.cli.rejects import failing_lines_of, reject_text
from pipelines.cli.session import Session, on_home, shown
from pipelines.cli.summary import show_summary, summary
from pipelines.disk import is_crowded
from pipelines.evidence.arrivals import count_checks
from pipelines.evidence.findings import unread, unread_of
from pipelines.evidence.rejects import Reject, check_rejects, delivery_reject, line_rejects, rejects_of
from pipelines.french import how_many
from pipelines.ledger.records import Finding, Manifest, Verdict
from pipelines.locking import only_writer
from pipelines.runs.collect import judge_files
from pipelines.runs.outcome import Ending
from pipelines.runs.pending import refuse_wrong_texts
from pipelines.settings import Home
from pipelines.stages.extract.database import ADDRESS, Database, take_snapshot
from pipelines.stages.ingest.landing import files_of
from pipelines.stages.validate.failing_lines import refuse_wrong_sql

if TYPE_CHECKING:
    from pipelines.defs.run import RunReport

SHOWN_REJECTS = 20
REASONS = 5  # refusals that end a run, in each exercice

# snapshot ---------------------------------------------------------------------------------------------------


@click.command()
@click.argument("source", metavar="SYSTÈME", shell_complete=complete_sources)
@year_argument
@click.option(
    "--timeout",
    type=click.IntRange(1, 3600),
    default=120,
    show_default=True,
    metavar="SECONDES",
    help="Durée maximale d’une réponse de la base.",
)
@on_home
def snapshot(session: Session, source: str, year: int, timeout: int) -> None:
    """Lire la base du SYSTÈME pour l’EXERCICE, et écrire le fichier que son export aurait donné.

    L’adresse, mot de passe compris, n’est lue que dans une variable d’environnement : MILLESIME_<SYSTÈME>_URL. Une
    transaction en lecture seule voit la base telle qu’elle est. Une lecture précédente est remplacée, ou gardée quand
    celle-ci échoue. Rien n’est collecté : voir `millesime check` et `millesime run`.
    """
    ref = session.export(source)
    if ref.export.database is None:
        raise click.UsageError(f"{ref.key} ne se lit pas dans une base : déposer son export dans landing")
    variable, address = settings.database_url(ref.system.system)
    if not address:
        raise click.UsageError(f"{variable} n’est pas définie : elle donne l’adresse de la base, {ADDRESS}")
    name = f"{ref.system.system}_{ref.export.name}_{year}.csv"
    target = session.home.landing / str(year) / ref.system.system / name
    if others := [path.name for path in files_of(session.home.landing, ref, year) if path != target]:
        raise click.UsageError(
            f"{shown(target.parent)} contient déjà {', '.join(others)} : ils formeraient une seule "
            "livraison, où chaque ligne figurerait deux fois. Retirer celui qui est de trop"
        )
    count = take_snapshot(ref, year, Database(variable, address, timeout), target)
    echo(f"{shown(target)} : {how_many(count, 'lignes')}, sans aucune personne")
    echo(f"Ensuite : {session.command} run {year} --source {ref.system.system}")


# run --------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("years", type=int, nargs=-1, required=True, metavar="EXERCICE...", shell_complete=complete_years)
@source_option
@click.option("--full", is_flag=True, help="Tout reconstruire, que quelque chose ait changé ou non.")
@click.option("--wait", is_flag=True, help="Attendre ce qui est en train d’arriver dans landing.")
@json_option
@on_home
def run(session: Session, years: tuple[int, ...], sources: tuple[str, ...], full: bool, wait: bool, form: str) -> int:
    """Collecter ce qui est dans landing pour chaque EXERCICE, construire l’entrepôt de tous, le tester et publier.

    Un export refusé n’empêche pas de traiter les autres : sa livraison précédente reste en place. Code de sortie 1
    quand quelque chose bloque, 3 quand tout est fait mais qu’un export est en retard ou n’est pas encore arrivé en
    entier (un fichier de landing qui vient de changer, temporaire ou ouvert, est laissé de côté et nommé), 4 quand un
    autre processus travaille sur ce dossier.
    """
    chosen = [session.exercice(year) for year in dict.fromkeys(years)]
    if without := session.without_system():
        raise click.UsageError(without)
    return run_and_tell(session, chosen, session.systems(sources), full=full, wait=wait, form=form)


def run_and_tell(
    session: Session,
    years: list[int],
    systems: list[str] | None,
    *,
    full: bool = False,
    wait: bool = False,
    form: str = "text",
    before_publishing: Callable[[], object] | None = None,
) -> int:
    """Run the jobs, and ``before_publishing`` between the last two; print the summary, return the exit code."""
    with only_writer(session.home):
        pass  # raises Busy before anything is started
    with progress() as say:
        say("démarrage de l’orchestrateur")
        from pipelines.defs.run import run_jobs

        before = _standing(session)
        with interruptible(lambda: _kept(before, _standing(session))):
            report = run_jobs(
                *(session.home, years, systems, say), whole=full, wait=wait, before_publishing=before_publishing
            )
    if report.ended(Ending.NO_DISK) or (report.ended(Ending.BROKEN) and is_crowded(session.home.root)):
        note(f"Erreur : {no_disk(session.home)}")
        return NO_DISK
    if refused := report.ended(Ending.NO_RIGHT):
        note(f"Erreur : {refused.message}")
        return USAGE
    if stopped := report.ended(Ending.FROZEN, Ending.BUSY):
        note(f"Erreur : {stopped.message}")
        return FROZEN if stopped.ending == Ending.FROZEN else BUSY
    with session.ledger() as ledger:
        statuses = [read_status(session, ledger, year) for year in years]
        blocking = blocking_of(session, ledger, years)
        work = session.work(ledger)
        found = [rejects_of(work, one.exercice, failing=failing_lines_of(work)) for one in statuses if one.blocking]
        refusals = [reject for of_year in found for reject in of_year if reject.blocking]
        if form == "json":
            write_json(summary(ledger, statuses, blocking, report.aside), session.organisation)
        else:
            show_summary(session, ledger, statuses, years, blocking)
    _tell_aside(session, report, years)
    has_failed = _tell_failures(session, report)
    _tell_refused(session, refusals)
    exports = [e for s in statuses for e in s.exports if not systems or e.key.partition("/")[0] in systems]
    states = {export.state for export in exports}
    if blocking or has_failed or "refused" in states:
        return BLOCKED
    return INCOMPLETE if "late" in states or report.aside else DONE


def _standing(session: Session) -> tuple[int, str | None]:
    """The number of accepted exports, and the current publication."""
    with session.ledger() as ledger:
        publication = ledger.last_publication()
        return len(ledger.all_rows("acceptances")), publication["publication"] if publication else None


def _kept(before: tuple[int, str | None], after: tuple[int, str | None]) -> str:
    count, published = after[0] - before[0], before[1] != after[1]
    taken = f"{count} exports acceptés sont gardés" if count else "aucun export n’était encore accepté"
    taken = "1 export accepté est gardé" if count == 1 else taken
    return f"{taken}, {'une nouvelle publication est en place' if published else 'la publication n’a pas changé'}"


def _tell_failures(session: Session, report: "RunReport") -> bool:
    """Print the failures other than refused deliveries, which the summary reports; False when there are none."""
    said = {
        Ending.NOT_BUILT: "{}\nL’entrepôt et la publication précédents restent.",
        Ending.UNSOUND: "{}",
        Ending.BROKEN: f"{{}}\nVoir l’exécution dans {shown(session.home.dagster)} (`make dev`).",
        Ending.NOT_SERVED: "rien n’est copié sur le serveur : {}\nTout le reste est fait. "
        f"Recommencer : {session.command} publish",
    }
    for ending, words in said.items():
        if failed := report.ended(ending):
            note(f"\nErreur : {words.format(failed.message)}")
            return True
    return False


def _tell_aside(session: Session, report: "RunReport", years: list[int]) -> None:
    """Print the files that were not read because they may be incomplete."""
    for one in report.aside:
        note(
            f"\nLaissé de côté : {shown(session.home.root / one.fichier)} — {one.raison} ({one.export} {one.exercice})"
        )
    if report.aside:
        again = f"{session.command} run {' '.join(map(str, years))} --wait"
        note(f"Il sera lu une fois arrivé en entier (retirer un fichier temporaire ou un verrou abandonné) : {again}")


def _tell_refused(session: Session, refused: list[Reject]) -> None:
    """The last lines printed: what was refused, with its file, its line and the cause."""
    by_year = {year: [one for one in refused if one.exercice == year] for year in {one.exercice for one in refused}}
    for year, found in sorted(by_year.items()):
        note(f"\nRefusé pour {year} :")
        for reject in found[:REASONS]:
            note(reject_text(reject))
        if len(found) > REASONS:
            note(f"… et {how_many(len(found) - REASONS, 'autres')} : {session.command} rejects {year}")


# check ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CheckHome(Home):
    """A home with its own ledger and key, but with its archive and lake in a temporary folder."""

    aside: Path

    @property
    def archive(self) -> Path:
        """Where originals go."""
        return self.aside / "archive"

    @property
    def lake(self) -> Path:
        """Where Parquet goes."""
        return self.aside / "lake"


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FICHIER...", type=GIVEN_FILE)
@click.option(
    "--source",
    "source",
    metavar="SOURCE",
    shell_complete=complete_sources,
    help="système/export ; déduit du dossier de landing ou du nom du fichier.",
)
@click.option(
    "--exercice",
    type=int,
    metavar="EXERCICE",
    shell_complete=complete_years,
    help="Deviné par le dossier de landing ou le nom du fichier.",
)
@json_option
@on_home
def check(session: Session, files: tuple[Path, ...], source: str | None, exercice: int | None, form: str) -> int:
    """Lire et contrôler le FICHIER comme `millesime run` le ferait, sans rien charger.

    Plusieurs fichiers forment une seule livraison. Code de sortie 1 quand la livraison serait refusée.
    """
    ref = session.export(source) if source else guess_export(session, files[0])
    year = session.exercice(exercice or guess_exercice(session, files[0]))
    ref = ref.of(year)
    for path in files:
        if not path.is_file():  # it would be waited for
            raise click.UsageError(f"{shown(path)} n’est pas un fichier, mais un tube ou un périphérique")
        if not ref.export.takes(path.name):
            note(f"Attention : {path.name} n’a pas le nom que la collecte attend : {ref.export.files}")
    check_declarations(session.catalogue)
    refuse_wrong_sql(session.catalogue)
    with tempfile.TemporaryDirectory(prefix="millesime-check-") as folder, session.ledger() as ledger:
        refuse_wrong_texts(session.work(ledger), [year])
        work = replace(session.work(ledger), home=CheckHome(session.home.root, aside=Path(folder)))
        try:
            manifest, verdicts = judge_files(work, ref, year, list(files))
        except DeliveryRefused as refusal:
            if form != "json":
                raise
            reject = delivery_reject(ref, year, refusal.as_dict(work.rules))
            nothing = {"files": [{"name": path.name} for path in files], "tables": {}, "constats": []}
            told = {"export": ref.key, "exercice": year, **nothing, "rejets": [reject.as_dict()], "accepted": False}
            write_json(told, session.organisation)
            return BLOCKED
        failing = failing_lines_of(work)
        refused = line_rejects(work.home, ref, manifest, work.rules)
        failed = [
            reject
            for verdict in verdicts
            for result in verdict.results
            if result.success is not True
            for reject in check_rejects(ref, manifest, verdict.table, result, failing, work.rules)
        ]
    left = [unread(manifest, one, work.rules) for one in unread_of(manifest, session.registry)]
    accepted = all(verdict.accepted for verdict in verdicts)
    if form == "json":
        judged = _judged(ref, manifest, verdicts, refused + failed, left)
        write_json({**judged, "accepted": accepted}, session.organisation)
    else:
        title(f"{ref.key} {year} : {', '.join(path.name for path in files)}", session.organisation)
        _show_judged(manifest, verdicts, refused + failed, left)
        places = "feuilles, membres ou éléments" if len(left) > 1 else "feuille, membre ou élément"
        but = [f"la version attendra {len(left)} {places} que rien ne lit"] if left else []
        but += ["c’est la construction qui dira quels documents comptent"] if ref.export.by_document else []
        then = f", mais {' et '.join(but)}" if but and accepted else ""
        echo(f"\nCette livraison serait {'acceptée' if accepted else 'refusée'}{then}. Rien n’est chargé.")
    return DONE if accepted else BLOCKED


def _judged(
    ref: ExportRef, manifest: Manifest, verdicts: list[Verdict], rejects: list[Reject], findings: list[Finding]
) -> dict[str, Any]:
    """What ``check`` found, for a program."""
    tables = {
        name: {
            **{kind: getattr(counts, kind) for kind in ("lues", "acceptees", "refusees", "ignorees")},
            "checks": asdict(count_checks([verdict for verdict in verdicts if verdict.table == name])),
        }
        for name, counts in manifest.tables.items()
    }
    return {
        "export": ref.key,
        "exercice": manifest.exercice,
        "files": [asdict(file) for file in manifest.files],
        "tables": tables,
        "rejets": [reject.as_dict() for reject in rejects],
        "constats": [asdict(finding) for finding in findings],
    }


def _show_judged(manifest: Manifest, verdicts: list[Verdict], rejects: list[Reject], findings: list[Finding]) -> None:
    for name, counts in manifest.tables.items():
        checks = count_checks([verdict for verdict in verdicts if verdict.table == name])
        echo(
            f"\n{manifest.system}/{name} : {how_many(counts.lues, 'ligne lue|lignes lues')} = "
            f"{how_many(counts.acceptees, 'acceptées')} + {how_many(counts.refusees, 'refusées')} + "
            f"{how_many(counts.ignorees, 'ignorées')} ; "
            f"contrôles : {checks_sentence(checks) or 'aucun'}"
        )
    for finding in findings:
        place = [":".join(str(part) for part in (finding.fichier, finding.ligne) if part)] if finding.ligne else []
        received = [f"reçu : {finding.recu}"] if finding.recu else []
        said = [*place, f"{finding.code} {finding.message}", *received, f"attendu : {finding.attendu}"]
        echo(f"\n{in_one_line(' — '.join(said))}")
    for reject in rejects[:SHOWN_REJECTS]:
        echo(f"\n{reject_text(reject)}")
    if len(rejects) > SHOWN_REJECTS:
        at_least = "plus de " if any(reject.counts_others for reject in rejects) else ""
        echo(f"\n… et {at_least}{how_many(len(rejects) - SHOWN_REJECTS, 'autres')}.")


def guess_export(session: Session, path: Path) -> ExportRef:
    """The export that a file belongs to, by its place in landing, else by its name when only one export fits."""
    refs = [ref for ref in session.registry.exports() if session.organisation.subscribes(ref.system.system)]
    if year := session.landing_year(path):
        placed = [ref for ref in refs if path.resolve() in files_of(session.home.landing.resolve(), ref, year)]
        if len(placed) == 1:
            return placed[0]
    named = [ref for ref in refs if any(one.takes(path.name) for one in (ref.export, *ref.layouts.values()))]
    if len(named) == 1:
        return named[0]
    among = f" (ce peut être {', '.join(ref.key for ref in named)})" if named else ""
    raise click.UsageError(f"de quel export est {path.name} ? L’indiquer par --source système/export{among}")


def guess_exercice(session: Session, path: Path) -> int:
    """The exercice of a file, by its place in landing, else by the single year in its name."""
    if year := session.landing_year(path):
        return year
    named = {int(found) for found in re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", path.name)}
    possible = named & set(session.organisation.years)
    if len(possible) == 1:
        return possible.pop()
    raise click.UsageError(f"de quel exercice est {path.name} ? L’indiquer par --exercice")
