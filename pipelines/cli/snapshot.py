"""``snapshot``: reads a tool's database and drops in landing the file that the tool's own export would have given."""

import click

from pipelines import settings
from pipelines.cli.session import Session, global_options, shown
from pipelines.stages.extract.database import ADDRESS, Database, take_snapshot
from pipelines.stages.ingest.landing import files_of


@click.command(short_help="Read a tool's database into landing.")
@click.argument("source", metavar="SYSTEM")
@click.argument("year", type=int)
@click.option(
    "--timeout",
    type=click.IntRange(1, 3600),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="How long one answer of the database may take.",
)
@global_options
@click.pass_context
def snapshot(ctx: click.Context, source: str, year: int, timeout: int) -> None:
    """Read the database of SYSTEM for YEAR, and write the file that its export would have given.

    The address, password included, is only read in the environment: MILLESIME_<SYSTEM>_URL. One read-only transaction sees
    the database as it stands now. A former snapshot is replaced, or kept when this one fails. Nothing is collected: see
    `millesime check` and `millesime run`.
    """
    session: Session = ctx.obj
    ref, exercice = session.export(source), session.exercice(year)
    if ref.export.database is None:
        raise click.UsageError(f"{ref.key} is not read in a database: drop its export in landing")
    variable, address = settings.database_url(ref.system.system)
    if not address:
        raise click.UsageError(f"{variable} is not set: it holds the address of the database, {ADDRESS}")
    name = f"{ref.system.system}_{ref.export.name}_{exercice}.csv"
    target = session.home.landing / str(exercice) / ref.system.system / name
    if others := [path.name for path in files_of(session.home.landing, ref, exercice) if path != target]:
        raise click.UsageError(
            f"{shown(target.parent)} already holds {', '.join(others)}: all its files would be one delivery, "
            "each row twice. Take away the one that is not wanted"
        )
    count = take_snapshot(ref, exercice, Database(variable, address, timeout), target)
    click.echo(f"{shown(target)}: {count} rows, without any person")
    click.echo(f"Next: {session.command} run {exercice} --source {ref.system.system}")
