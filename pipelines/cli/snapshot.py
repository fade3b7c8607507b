"""``snapshot``: reads a tool's database and drops in landing the file that the tool's own export would have given."""

import click

from pipelines import settings
from pipelines.cli.arguments import complete_sources, year_argument
from pipelines.cli.output import echo
from pipelines.cli.session import Session, global_options, shown
from pipelines.french import how_many
from pipelines.stages.extract.database import ADDRESS, Database, take_snapshot
from pipelines.stages.ingest.landing import files_of


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
@global_options
@click.pass_context
def snapshot(ctx: click.Context, source: str, year: int, timeout: int) -> None:
    """Lire la base du SYSTÈME pour l’EXERCICE, et écrire le fichier que son export aurait donné.

    L’adresse, mot de passe compris, n’est lue que dans une variable d’environnement : MILLESIME_<SYSTÈME>_URL. Une
    transaction en lecture seule voit la base telle qu’elle est. Une lecture précédente est remplacée, ou gardée quand
    celle-ci échoue. Rien n’est collecté : voir `millesime check` et `millesime run`.
    """
    session: Session = ctx.obj
    ref, exercice = session.export(source), session.exercice(year)
    if ref.export.database is None:
        raise click.UsageError(f"{ref.key} ne se lit pas dans une base : déposer son export dans landing")
    variable, address = settings.database_url(ref.system.system)
    if not address:
        raise click.UsageError(f"{variable} n’est pas définie : elle donne l’adresse de la base, {ADDRESS}")
    name = f"{ref.system.system}_{ref.export.name}_{exercice}.csv"
    target = session.home.landing / str(exercice) / ref.system.system / name
    if others := [path.name for path in files_of(session.home.landing, ref, exercice) if path != target]:
        raise click.UsageError(
            f"{shown(target.parent)} contient déjà {', '.join(others)} : ils formeraient une seule "
            "livraison, où chaque ligne figurerait deux fois. Retirer celui qui est de trop"
        )
    count = take_snapshot(ref, exercice, Database(variable, address, timeout), target)
    echo(f"{shown(target)} : {how_many(count, 'lignes')}, sans aucune personne")
    echo(f"Ensuite : {session.command} run {exercice} --source {ref.system.system}")
