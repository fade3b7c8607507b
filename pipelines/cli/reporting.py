"""``report``: lay out a year's report again from what is published, to read it before it is published itself."""

import time
from pathlib import Path

import click

from pipelines.cli.arguments import year_argument
from pipelines.cli.output import echo, note, title
from pipelines.cli.session import Session, global_options, shown
from pipelines.publication import FOLDERS, INTERNE, PROFILES
from pipelines.runs.pages import enter
from pipelines.stages.report.write import FORMATS, edition_of, write_report


@click.command(short_help="Le rapport d’un exercice, depuis ce qui est publié.")
@year_argument
@click.option(
    "--profile", type=click.Choice(PROFILES), default=INTERNE, show_default=True, help="Ce que le lecteur peut voir."
)
@click.option(
    "--formats",
    default="html,pdf,docx,xlsx",
    show_default=True,
    metavar="LISTE",
    help="Parmi html, pdf, docx (Word) et xlsx (classeur).",
)
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DOSSIER", help="Le dossier où écrire."
)
@global_options
@click.pass_context
def report(ctx: click.Context, year: int, profile: str, formats: str, output: Path | None) -> None:
    """Écrire le rapport de l’EXERCICE, avec une page par collectivité, depuis les tables publiées et les textes du
    dossier.

    Il va dans reports/EXERCICE/PROFIL ; `millesime run` publie celui du dernier exercice avec ses tables.
    """
    session: Session = ctx.obj
    session.exercice(year)
    chosen = [name.strip() for name in formats.split(",")]
    if wrong := [name for name in chosen if name not in FORMATS]:
        raise click.BadParameter(f"« {wrong[0]} » n’est pas l’un de {', '.join(FORMATS)}", param_hint="--formats")
    tables = session.home.published / FOLDERS[profile]
    if not (tables / "rapport").exists():
        raise click.UsageError(f"rien n’est publié sous le profil {profile} : `{session.command} run {year}`")
    folder = output or session.home.reports / str(year) / profile
    started = time.monotonic()
    with session.ledger() as ledger:
        edition = edition_of(ledger, year, tables, profile, ledger.last_publication()["build"])
        files = write_report(session.home, session.organisation, edition, tables, folder, year, profile, chosen)
        if output is None:
            enter(ledger, session.home, files)
    title(f"rapport de {year}, {profile}, {edition.name}", session.organisation)
    for path in files:
        if path.parent == folder:
            echo(f"  {shown(path)}")
    note(f"{len(files)} fichiers en {time.monotonic() - started:.0f} s")
