"""``release``, ``compare``, ``replay``: freeze a year, say what a new release changes, and make a frozen one again."""

import re
from pathlib import Path

import click

from pipelines import settings
from pipelines.cli.app import BLOCKED, DONE
from pipelines.cli.exporting import copy_to_server
from pipelines.cli.output import note, printable, progress, title
from pipelines.cli.session import Session, global_options, shown, year_argument
from pipelines.ledger.lost import refuse_lost
from pipelines.ledger.store import open_ledger
from pipelines.near import did_you_mean
from pipelines.stages.publish.erratum import erratum
from pipelines.stages.publish.release import CannotRelease, Visas, changes_between, export_tables


@click.command(short_help="Freeze a year.")
@year_argument
@click.option("--prepared-by", required=True, metavar="NOM", help="Qui l’a préparée.")
@click.option("--reviewed-by", required=True, metavar="NOM", help="Qui l’a relue : une autre personne.")
@click.option("--approved-by", required=True, metavar="NOM", help="Qui l’approuve : une troisième.")
@click.option("--reason", help="Why this release takes the place of the former one.")
@global_options
@click.pass_context
def release(
    ctx: click.Context, year: int, prepared_by: str, reviewed_by: str, approved_by: str, reason: str | None
) -> None:
    """Freeze the figures and tables of YEAR as releases/YEAR-v<n>, with all they were made of.

    Refused (1) while a finding that blocks, or that must be decided, stands without a decision.
    """
    from pipelines.locking import only_writer
    from pipelines.runs.release import Anomalies, NotBuilt, Undecided, release_year

    session: Session = ctx.obj
    session.exercice(year)
    visas = Visas(prepared_by, reviewed_by, approved_by)
    with only_writer(session.home), open_ledger(session.home) as ledger:
        try:
            done = release_year(session.work(ledger), year, visas, reason)
        except Undecided as error:
            for one in error.findings:
                note(f"{one.finding.id} {one.finding.code} {one.finding.ou} — {one.finding.message}")
            hint = f"`{session.command} decide FINDING --because … --by …`"
            raise click.ClickException(f"{error}: {hint}") from None
        except Anomalies as error:
            for problem in error.problems:
                note(f"✗ {problem}")
            raise click.ClickException(str(error)) from None
        except NotBuilt as error:
            raise click.ClickException(f"{error}: `{session.command} run YEAR`") from None
        except CannotRelease as error:
            raise click.ClickException(str(error)) from None
    if done.held:
        note(f"Not published yet: {done.held}")
    title(f"{done.name} is frozen", session.organisation)
    click.echo(f"  fingerprint  {done.fingerprint}")
    click.echo(f"  ledger       {done.head.entries} {done.head.hash}")
    click.echo(f"  folder       {shown(session.home.releases / done.name)}")
    if done.former:
        click.echo()
        click.echo(_erratum(session, done.former, done.name)[0])
    if server := settings.publication_server():
        copy_to_server(session, server)


@click.command(short_help="What differs between two releases, and the erratum.")
@click.argument("first", metavar="RELEASE")
@click.argument("second", required=False, metavar="[RELEASE]")
@global_options
@click.pass_context
def compare(ctx: click.Context, first: str, second: str | None) -> None:
    """The figures that differ between two releases of a year, as the erratum says it in French.

    With one RELEASE only, it is compared with the warehouse as it stands. Ends with 1 when figures differ.
    """
    session: Session = ctx.obj
    text, differs = _erratum(session, first, second)
    click.echo(text)
    ctx.exit(BLOCKED if differs else DONE)


def _erratum(session: Session, first: str, second: str | None) -> tuple[str, bool]:
    """The sentences, and whether a figure differs."""
    import tempfile

    before, exercice = _release(session, first), _exercice(first)
    if second is not None:
        if _exercice(second) != exercice:
            raise click.UsageError("the two releases are not of the same exercice")
        after, reason = _release(session, second), _reason(session, second)
        changed = changes_between(before, after, exercice)
        return erratum(exercice, first, second, reason, changed), bool(changed)
    with tempfile.TemporaryDirectory(prefix="millesime-compare-") as folder:
        export_tables(session.home.warehouse, exercice, Path(folder))
        changed = changes_between(before, Path(folder), exercice)
    return erratum(exercice, first, None, None, changed), bool(changed)


def _release(session: Session, name: str) -> Path:
    refuse_lost(session.home)
    known = sorted(path.parent.name for path in session.home.releases.glob("*/release.json"))
    if name not in known:
        raise click.UsageError(
            f"no release {name!r}{did_you_mean(name, known)}; there are {', '.join(known) or 'none'}"
        )
    return session.home.releases / name


def _exercice(name: str) -> int:
    found = re.fullmatch(r"(\d{4})-v\d+", name)
    if not found:
        raise click.UsageError(f"{name!r} is not the name of a release, such as 2020-v1")
    return int(found[1])


def _reason(session: Session, name: str) -> str | None:
    with session.ledger() as ledger:
        return next(row["reason"] for row in ledger.all_rows("releases") if row["release"] == name)


@click.command(short_help="Make a frozen year again and compare the bytes.")
@click.argument("name", metavar="RELEASE")
@global_options
@click.pass_context
def replay(ctx: click.Context, name: str) -> None:
    """Build RELEASE again from the archived originals, beside the home, and prove that the same bytes come out.

    Ends with 1 when they do not.
    """
    from pipelines.runs.replay import CannotReplay
    from pipelines.runs.replay import replay as replayed

    session: Session = ctx.obj
    _release(session, name)
    with progress() as say:
        try:
            result = replayed(session.home, name, say)
        except CannotReplay as error:
            raise click.ClickException(str(error)) from None
    title(f"replay of {name}", session.organisation)
    from_archive = result.deliveries - len(result.purged)
    click.echo(
        f"  {from_archive} deliveries read again from their originals, {len(result.purged)} from the lake (purged)"
    )
    if result.other_code:
        click.echo("  the code is not the version that made this release")
    for what in result.reread:
        click.echo(printable(f"✗ {what}: the originals give other rows than they did"))
    for path in result.differing:
        click.echo(f"✗ {path}: other bytes")
    same = result.files - len(result.differing)
    click.echo(f"  {same} of {result.files} report tables came out with the same bytes")
    ctx.exit(DONE if result.identical else BLOCKED)
