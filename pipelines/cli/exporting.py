"""``export`` and ``publish``: what is published, given away as files or copied to PostgreSQL."""

from decimal import Decimal

import click

from pipelines import settings
from pipelines.cli.names import year_argument
from pipelines.cli.output import note, progress
from pipelines.cli.session import Session, global_options, shown
from pipelines.french import number
from pipelines.publication import INTERNE, PROFILES, PUBLIC

profile_option = click.option(
    "--profile",
    type=click.Choice(PROFILES),
    default=PUBLIC,
    show_default=True,
    help="public masque les nombres de trop peu de personnes ; interne dit tout, et ne se donne pas.",
)


@click.command(short_help="Les tables d’un exercice en formats ouverts, à donner.")
@year_argument
@profile_option
@global_options
@click.pass_context
def export(ctx: click.Context, year: int, profile: str) -> None:
    """Écrire exports/EXERCICE/PROFIL depuis ce qui est publié : CSV, Parquet, un classeur, Data Package, empreintes.

    La même publication donne les mêmes octets ; un exercice figé porte le nom de sa version.
    """
    from pipelines.runs.pages import enter
    from pipelines.stages.publish.export import NotExported, write_export
    from pipelines.stages.publish.profiles import NotPublished
    from pipelines.stages.publish.release import last_release

    session: Session = ctx.obj
    session.exercice(year)
    with session.ledger() as ledger, progress() as say:
        release = last_release(session.home, ledger, year)
        say("écriture des tables")
        try:
            folder = write_export(session.home, session.organisation, year, profile, release.name if release else None)
        except (NotExported, NotPublished) as error:
            raise click.ClickException(str(error)) from None
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        enter(ledger, session.home, files)
    size = sum(path.stat().st_size for path in files)
    frozen = release.name if release else "non figé"
    click.echo(f"{shown(folder)} : {len(files)} fichiers, {number(Decimal(size) / 1_000_000, 1)} Mo, {frozen}")
    if profile == INTERNE:
        note("À ne pas donner : les petits nombres de personnes n’y sont pas masqués.")


@click.command(short_help="Copier de nouveau ce qui est publié dans PostgreSQL.")
@global_options
@click.pass_context
def publish(ctx: click.Context) -> None:
    """Copier ce qui est publié sur le serveur de MILLESIME_PUBLISH_URL, comme `millesime run` après chaque publication.

    Rien n’est fait quand le serveur l’a déjà. Voir docs/bi.md.
    """
    server = settings.publication_server()
    if server is None:
        raise click.UsageError("MILLESIME_PUBLISH_URL n’est pas définie : elle donne l’adresse du serveur (docs/bi.md)")
    copy_to_server(ctx.obj, server)


def copy_to_server(session: Session, server: settings.Server) -> None:
    """Copy the current publication to the server and say so; a failure is one sentence and exit code 1."""
    from pipelines.runs.publish import NotServed, serve_copy

    try:
        served = serve_copy(session.home, server)
    except NotServed as error:
        raise click.ClickException(f"rien n’est copié sur le serveur : {error}") from None
    done = f"{len(served.rows)} tables, {sum(served.rows.values())} lignes" if served.is_new else "elle y était déjà"
    click.echo(f"Publication {served.publication[:12]} ({server.profile}) sur le serveur : {done}")
    for said in served.notes:
        note(f"Attention : {said}")
