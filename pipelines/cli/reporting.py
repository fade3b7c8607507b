"""``report``: lay out the report of a year again from what is published, to read it before it is published in its turn."""

import time
from pathlib import Path

import click

from pipelines.cli.output import note, title
from pipelines.cli.session import Session, global_options, shown, year_argument
from pipelines.publication import FOLDERS, INTERNE, PROFILES


@click.command(short_help="The report of a year, from what is published.")
@year_argument
@click.option("--profile", type=click.Choice(PROFILES), default=INTERNE, show_default=True)
@click.option("--formats", default="html,pdf", show_default=True, metavar="LIST", help="html, pdf or both.")
@click.option("--output", type=click.Path(path_type=Path, file_okay=False), help="Folder to write in.")
@global_options
@click.pass_context
def report(ctx: click.Context, year: int, profile: str, formats: str, output: Path | None) -> None:
    """Write the report of YEAR, with a page for each collectivité, from the published tables and the home's prose.

    It goes to reports/YEAR/PROFILE in the home; `millesime run` publishes that of the last exercice with its tables.
    """
    from pipelines.runs.pages import enter
    from pipelines.stages.report.write import FORMATS, edition_of, write_report

    session: Session = ctx.obj
    session.exercice(year)
    chosen = [name.strip() for name in formats.split(",")]
    if wrong := [name for name in chosen if name not in FORMATS]:
        raise click.BadParameter(f"{wrong[0]!r} is not one of {', '.join(FORMATS)}", param_hint="--formats")
    tables = session.home.published / FOLDERS[profile]
    if not (tables / "rapport").exists():
        raise click.UsageError(f"no publication of profile {profile}: `{session.command} run {year}`")
    folder = output or session.home.reports / str(year) / profile
    started = time.monotonic()
    with session.ledger() as ledger:
        edition = edition_of(ledger, year, tables, profile, ledger.last_publication()["build"])
        files = write_report(session.home, session.organisation, edition, tables, folder, year, profile, chosen)
        if output is None:
            enter(ledger, session.home, files)
    title(f"report of {year}, {profile}, {edition.name}", session.organisation)
    for path in files:
        if path.parent == folder:
            click.echo(f"  {shown(path)}")
    note(f"{len(files)} files in {time.monotonic() - started:.1f} s")
