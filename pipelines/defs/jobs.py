"""Jobs, schedules and sensors: the parts of the yearly load that run automatically.

``collect`` takes in exports (several exercices in one run); ``build`` makes the warehouse and publishes. A refused
export fails its own step of ``collect`` and nothing else: ``build`` is another job. Nothing here freezes a year: that is
the command's alone.
"""

import hashlib
import os
import subprocess
from collections import Counter

import dagster as dg

from pipelines import settings
from pipelines.catalogue.dbt.project import LAYERS
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.organisation import Organisation
from pipelines.defs.dead_runs import end_dead_runs
from pipelines.defs.history import forget, forget_all_but, old_runs
from pipelines.defs.home import HomeResource
from pipelines.defs.workspace import exercices, organisation_of
from pipelines.ledger.store import now
from pipelines.ledger.workspace import open_workspace
from pipelines.runs.mails import failure_mail, send_due, send_each
from pipelines.runs.retention import purge as purge_overdue
from pipelines.runs.smtp import NotSent
from pipelines.settings import Home
from pipelines.stages.ingest.landing import arriving, files_of

WEEKLY = "purge_hebdomadaire"
QUIET_SECONDS = 60  # a file that changed within the last minute may still be growing
COLLECT = dg.AssetSelection.groups("collecte")
MODELS = dg.AssetSelection.groups(*LAYERS)
BUILD = MODELS | dg.AssetSelection.groups("publication")


def _sensing() -> dg.DefaultSensorStatus:
    return dg.DefaultSensorStatus.RUNNING if settings.automation() else dg.DefaultSensorStatus.STOPPED


def _planned() -> dg.DefaultScheduleStatus:
    return dg.DefaultScheduleStatus.RUNNING if settings.automation() else dg.DefaultScheduleStatus.STOPPED


def job_defs(home: Home) -> dg.Definitions:
    """The jobs and what starts them."""
    organisation = organisation_of(home)
    collect = dg.define_asset_job(
        "collect",
        COLLECT,
        partitions_def=exercices(organisation),
        description="Reçoit, lit, juge et accepte les exports.",
    )
    build = dg.define_asset_job("build", BUILD, description="Construit l’entrepôt, le contrôle et publie.")
    return dg.Definitions(
        jobs=[collect, build, purge],
        schedules=[daily_collection(collect, organisation), weekly_purge()],
        sensors=[
            landing_sensor(collect, home, organisation),
            build_after_collect(build),
            alert_on_failure(home),
            mail_sensor(home),
        ],
    )


class Asked(dg.Config):
    """Who asks for a purge: the schedule, or a person declared in organisation.yml."""

    par: str


@dg.op(name="purger", description="Retire ce dont la durée de conservation est passée.")
def remove_overdue(context: dg.OpExecutionContext, config: Asked, home: HomeResource) -> None:
    """Purge, as ``millesime purge`` does; the metadata are counts. Raises UnknownPerson."""
    with home.writing() as work:
        today = now()[:10]
        by = config.par if config.par == WEEKLY else work.organisation.person(config.par).nom
        done = purge_overdue(work, today, by)
        runs = old_runs(work.home, work.organisation.conservation.journaux, today)
    forget(home.home, [run for run in runs if run != context.run_id])
    forget_all_but(home.home, settings.kept_runs())
    counted = Counter(one.rule for one in done)
    context.add_output_metadata({**counted, "executions": len(runs)})


@dg.job(name="purge", description="Retire ce dont la durée de conservation est passée ; rien n’est reconstruit.")
def purge() -> None:
    """One step, under the home's lock."""
    remove_overdue()


def weekly_purge() -> dg.ScheduleDefinition:
    """Every Monday before the collection; the next build works on the generalised rows."""
    return dg.ScheduleDefinition(
        name=WEEKLY,
        job=purge,
        run_config=dg.RunConfig(ops={remove_overdue.name: Asked(par=WEEKLY)}),
        cron_schedule="0 5 * * 1",
        execution_timezone="Europe/Paris",
        default_status=_planned(),
    )


def daily_collection(job: dg.JobDefinition, organisation: Organisation) -> dg.ScheduleDefinition:
    """Every morning of the open window: January to September, the report being due before 30 September."""

    @dg.schedule(
        job=job,
        cron_schedule="0 6 * 1-9 *",
        execution_timezone="Europe/Paris",
        name="collecte_quotidienne",
        default_status=_planned(),
    )
    def collecte_quotidienne(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        year = context.scheduled_execution_time.year - 1
        if year not in organisation.years:
            return dg.SkipReason(f"l’exercice {year} ne fait pas partie de ceux de l’organisation")
        return dg.RunRequest(run_key=f"{year}-{context.scheduled_execution_time:%Y-%m-%d}", partition_key=str(year))

    return collecte_quotidienne


def landing_sensor(job: dg.JobDefinition, home: Home, organisation: Organisation) -> dg.SensorDefinition:
    """Collect what arrives in landing, once it has stopped growing; and end the runs whose process died, which would
    keep the others waiting.
    """

    @dg.sensor(job=job, name="depot_dans_landing", minimum_interval_seconds=60, default_status=_sensing())
    def depot_dans_landing(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        end_dead_runs(context.instance, home)
        seen = dict(line.split("=") for line in (context.cursor or "").split() if "=" in line)
        requests = []
        for year in organisation.years:
            stamp = landing_stamp(home, organisation, year)
            if stamp and stamp != seen.get(str(year)):
                seen[str(year)] = stamp
                requests.append(dg.RunRequest(run_key=f"{year}-{stamp}", partition_key=str(year)))
        if not requests:
            return dg.SkipReason("nothing new in landing")
        return dg.SensorResult(run_requests=requests, cursor=" ".join(f"{k}={v}" for k, v in sorted(seen.items())))

    return depot_dans_landing


def landing_stamp(home: Home, organisation: Organisation, year: int, quiet: float = QUIET_SECONDS) -> str | None:
    """One hash of the contents of a year's folder, leaving out exports that may still be arriving; None when nothing else is there."""
    registry = organisation.applied(load_catalogue(home).registry)  # read again: declarations change while this serves
    paths = [
        path
        for ref in organisation.exports(registry, year)
        if not arriving(home.landing, ref, year, quiet)
        for path in files_of(home.landing, ref, year)
    ]
    digest = hashlib.sha256()
    for path in paths:
        seen = path.stat()
        digest.update(os.fsencode(path) + f"|{seen.st_size}|{seen.st_mtime_ns}".encode())
    return digest.hexdigest()[:16] if paths else None


def build_after_collect(job: dg.JobDefinition) -> dg.SensorDefinition:
    """Build when a collection has ended, even if one of its exports was refused, since the others count; and after a purge."""
    ended = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]

    @dg.sensor(job=job, name="construction_apres_collecte", minimum_interval_seconds=60, default_status=_sensing())
    def construction_apres_collecte(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        filters = [dg.RunsFilter(job_name=name, statuses=ended) for name in ("collect", "purge")]
        last = " ".join(run.run_id for one in filters for run in context.instance.get_runs(one, limit=1))
        if not last or last == context.cursor:
            return dg.SkipReason("rien n’a été collecté depuis la dernière construction")
        context.update_cursor(last)
        return dg.RunRequest(run_key=last)

    return construction_apres_collecte


def alert_on_failure(home: Home) -> dg.SensorDefinition:
    """Report a failure: by mail, and to the organisation's alert command (``MILLESIME_ALERT_COMMAND``) with job, run and error."""

    @dg.run_failure_sensor(name="alerte_echec", default_status=_sensing())
    def alerte_echec(context: dg.RunFailureSensorContext) -> None:
        run, post = context.dagster_run, settings.post()
        if post is not None:
            steps = sorted({event.step_key or "" for event in context.get_step_failure_events()} - {""})
            with open_workspace(home) as work:
                told = failure_mail(work, post, run.job_name, run.run_id, steps)
                try:
                    send_each(home, post, [told], [])
                except NotSent as error:  # the alert command is called anyway
                    context.log.error(str(error))
        command = settings.alert_command()
        message = f"{run.job_name} {run.run_id}: {context.failure_event.message}"
        if command:
            subprocess.run([command, message], check=False, timeout=60)
        else:
            context.log.error(message)

    return alerte_echec


def mail_sensor(home: Home) -> dg.SensorDefinition:
    """Send the mails that are due: a refusal within minutes, reminders and digest on their day."""

    @dg.sensor(name="courriels", minimum_interval_seconds=120, default_status=_sensing())
    def courriels(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        post = settings.post()
        if post is None:
            return dg.SkipReason("MILLESIME_SMTP_URL ne nomme aucun serveur")
        with open_workspace(home) as work:
            sent = send_due(work, post, now()[:10])
        return dg.SkipReason(f"courriels partis : {len(sent)}")

    return courriels
