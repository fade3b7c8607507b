"""``export``, ``consolidate``, ``superset`` and ``publish``: share the published data as files, in comparisons,
dashboards or a database."""

from decimal import Decimal
from pathlib import Path

import click

from pipelines import settings
from pipelines.catalogue.organisation import UnknownPerson
from pipelines.cli.app import DONE, INCOMPLETE
from pipelines.cli.arguments import FILE, FOLDER, year_argument
from pipelines.cli.output import echo, note, progress
from pipelines.cli.session import Session, on_home, refusing, shown
from pipelines.french import enumeration, how_many, number
from pipelines.ledger.closing import close
from pipelines.ledger.frozen import version_of
from pipelines.publication import INTERNE, PROFILES, PUBLIC
from pipelines.stages.publish.consolidation.members import SameMember, read_members
from pipelines.stages.publish.consolidation.star import NotOurs
from pipelines.stages.publish.consolidation.star import consolidate as write_star
from pipelines.stages.publish.export import NotExported, write_export
from pipelines.stages.publish.postgres import NotServed
from pipelines.stages.publish.profiles import NotPublished
from pipelines.stages.publish.superset import NotAnAddress, write_bundle
from pipelines.stages.publish.withdraw import withdraw as take_back

profile_option = click.option(
    "--profile",
    type=click.Choice(PROFILES),
    default=PUBLIC,
    show_default=True,
    help="public masque les nombres de trop peu de personnes ; interne montre tout et ne se diffuse pas.",
)


@click.command()
@year_argument
@profile_option
@on_home
@refusing(NotExported, NotPublished)
def export(session: Session, year: int, profile: str) -> None:
    """Écrire exports/EXERCICE/PROFIL depuis ce qui est publié : CSV, Parquet, un classeur, Data Package, empreintes.

    La même publication donne les mêmes octets ; un exercice figé porte le nom de sa version.
    """
    with session.writing() as ledger, progress() as say:
        version = version_of(session.home, ledger, year, session.home.published, profile)
        say("écriture des tables")
        folder = write_export(session.home, session.organisation, year, profile, version)
        close(session.home, ledger, folder)
    files = [path for path in folder.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    echo(
        f"{shown(folder)} : {how_many(len(files), 'fichiers')}, {number(Decimal(size) / 1_000_000, 1)} Mo, {version or 'non figé'}"
    )
    if profile == INTERNE:
        note("À ne pas diffuser : les petits nombres de personnes n’y sont pas masqués.")


@click.command()
@click.argument("homes", metavar="DOSSIER…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--into",
    "target",
    required=True,
    metavar="DOSSIER",
    type=FOLDER,
    help="Où écrire ; ce qu’une consolidation y avait écrit est remplacé.",
)
@on_home
def consolidate(session: Session, homes: tuple[Path, ...], target: Path) -> int:
    """Réunir les profils publics de plusieurs organisations, et les comparer : ratios, classes de taille, quartiles.

    Un DOSSIER est celui d’une organisation, ou une copie de son dossier published/public ; rien d’autre n’y est lu. Ce
    qui est comparé se déclare dans catalogue/comparaisons.yml. Voir docs/scale.md.
    """
    catalogue = session.catalogue
    try:
        members = read_members(homes)
        done = write_star(members, catalogue.comparisons, catalogue.fields, target.absolute())
    except (NotOurs, SameMember) as error:
        raise click.UsageError(str(error)) from None
    absent = [member for member in members if member.absence]
    years = enumeration([str(year) for year in done.exercices])
    echo(f"Écrit {shown(target)}")
    echo(f"Organisations : {len(members) - len(absent)} ; exercices : {years or 'aucun'}.")
    echo(f"Tables : {done.tables} ; lignes : {number(Decimal(done.rows), 0)} ; ratios comparés : {done.compared}.")
    for member in absent:
        echo(f"  absente : {member.name} ({member.absence})")
    for name, why, count in done.left_out:
        echo(f"  écarté : {name}, {why}, {count} fois")
    return INCOMPLETE if absent else DONE


@click.command()
@click.option("--to", "file", type=FILE, metavar="FICHIER", help="Où écrire ; exports/superset sinon.")
@click.option(
    "--uri",
    metavar="ADRESSE",
    help="L’adresse SQLAlchemy de ce que Superset lira ; le fichier DuckDB publié sinon. Superset demande le mot de passe.",
)
@click.option("--prefix", default="", metavar="TEXTE", help="Le préfixe des noms de schémas à cette adresse.")
@click.option(
    "--profile", type=click.Choice(PROFILES), default=INTERNE, show_default=True, help="Le profil que Superset lira."
)
@on_home
@refusing(NotAnAddress, NotPublished)
def superset(session: Session, file: Path | None, uri: str | None, prefix: str, profile: str) -> None:
    """Écrire exports/superset/PROFIL/superset_PROFIL.zip : base, jeux de données décrits, graphiques, un tableau de bord par domaine.

    S’importe dans Superset 6.1 : « Tableaux de bord », « Importer ». Aucune ligne de données n’y est. Voir docs/bi.md.
    """
    own = session.home.exports / "superset" / profile / f"superset_{profile}.zip"
    with session.writing() as ledger:
        made = write_bundle(session.home, session.catalogue, session.organisation, profile, file or own, uri, prefix)
        if file is None:
            close(session.home, ledger, own.parent)
    echo(f"Écrit {shown(made.file)}")
    echo(f"Tableaux de bord : {len(made.dashboards)} ; graphiques : {made.charts} ; jeux de données : {made.datasets}.")
    for title in made.dashboards:
        echo(f"  {title}")


@click.command()
@on_home
def publish(session: Session) -> None:
    """Copier ce qui est publié sur le serveur de MILLESIME_PUBLISH_URL, comme `millesime run` après chaque publication.

    Rien n’est fait quand le serveur l’a déjà. Voir docs/bi.md.
    """
    server = settings.publication_server()
    if server is None:
        raise click.UsageError("MILLESIME_PUBLISH_URL n’est pas définie : elle donne l’adresse du serveur (docs/bi.md)")
    copy_to_server(session, server)


def copy_to_server(session: Session, server: settings.Server) -> None:
    """Copy the current publication to the server and print the result; a failure gives one sentence and exit code 1."""
    from pipelines.runs.publish import NotServed as NotCopied
    from pipelines.runs.publish import serve_copy

    try:
        served = serve_copy(session.home, server)
    except NotCopied as error:
        raise click.ClickException(f"rien n’est copié sur le serveur : {error}") from None
    done = (
        f"{how_many(len(served.rows), 'tables')}, {how_many(sum(served.rows.values()), 'lignes')}"
        if served.is_new
        else "elle y était déjà"
    )
    echo(f"Publication {served.publication[:12]} ({server.profile}) sur le serveur : {done}")
    for said in served.notes:
        note(f"Attention : {said}")


@click.command()
@click.option("--reason", required=True, metavar="TEXTE", help="Pourquoi.")
@click.option("--by", required=True, metavar="NOM", help="Qui le décide : une personne déclarée dans organisation.yml.")
@on_home
@refusing(UnknownPerson, NotPublished)
def withdraw(session: Session, reason: str, by: str) -> None:
    """Retirer le profil public : dossier public, pages, exports, serveur PostgreSQL s’il sert ce profil.

    Le registre garde la trace du retrait, et ce même profil ne sera plus publié. Les versions figées, qui restent dans
    le dossier, ne changent pas.
    """
    with session.writing() as ledger:
        name = session.organisation.person(by).nom
        try:
            places = take_back(session.work(ledger), reason, name, settings.publication_server())
        except NotServed as error:
            raise click.ClickException(f"retiré du dossier, mais pas du serveur : {error}") from None
    echo("Le profil public est retiré :")
    for place in places:
        echo(f"  {place}")
