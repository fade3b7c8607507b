"""``export`` and ``publish``: what is published, given away as files or copied to PostgreSQL."""

import click

from pipelines import settings
from pipelines.cli.output import note, progress
from pipelines.cli.session import Session, global_options, shown, year_argument
from pipelines.publication import INTERNE, PROFILES, PUBLIC


@click.command(short_help="The tables of a year in open formats, to give away.")
@year_argument
@click.option(
    "--profile",
    type=click.Choice(PROFILES),
    default=PUBLIC,
    show_default=True,
    help="public hides the numbers of too few persons; interne is everything, not to be given away.",
)
@global_options
@click.pass_context
def export(ctx: click.Context, year: int, profile: str) -> None:
    """Write exports/YEAR/PROFILE from the current publication: CSV, Parquet, one workbook, Data Package, checksums.

    The same publication gives the same bytes; a frozen year bears the name of its release.
    """
    from pipelines.runs.pages import enter
    from pipelines.stages.publish.export import NotExported, write_export
    from pipelines.stages.publish.profiles import NotPublished
    from pipelines.stages.publish.release import last_release

    session: Session = ctx.obj
    session.exercice(year)
    with session.ledger() as ledger, progress() as say:
        release = last_release(session.home, ledger, year)
        say("writing the tables")
        try:
            folder = write_export(session.home, session.organisation, year, profile, release.name if release else None)
        except (NotExported, NotPublished) as error:
            raise click.ClickException(str(error)) from None
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        enter(ledger, session.home, files)
    size = sum(path.stat().st_size for path in files)
    click.echo(f"{shown(folder)}: {len(files)} files, {size / 1e6:.1f} MB, {release.name if release else 'not frozen'}")
    if profile == INTERNE:
        note("Not to be given away: small numbers of persons are not hidden in it.")


@click.command(short_help="Copy what is published to PostgreSQL again.")
@global_options
@click.pass_context
def publish(ctx: click.Context) -> None:
    """Copy the current publication to the server of MILLESIME_PUBLISH_URL, as `millesime run` does after each publication.

    Nothing is done when the server holds it already. See docs/bi.md.
    """
    server = settings.publication_server()
    if server is None:
        raise click.UsageError("MILLESIME_PUBLISH_URL is not set: it holds the address of the server (docs/bi.md)")
    copy_to_server(ctx.obj, server)


def copy_to_server(session: Session, server: settings.Server) -> None:
    """Copy the current publication to the server and say so; a failure is one sentence and exit code 1."""
    from pipelines.runs.publish import NotServed, serve_copy

    try:
        served = serve_copy(session.home, server)
    except NotServed as error:
        raise click.ClickException(f"not copied to the server: {error}") from None
    done = f"{len(served.rows)} tables, {sum(served.rows.values())} rows" if served.is_new else "it was there already"
    click.echo(f"Publication {served.publication[:12]} ({server.profile}) on the server: {done}")
    for said in served.notes:
        note(f"Warning: {said}")
