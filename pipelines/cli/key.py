"""``key``: where the key of the pseudonyms is, taking it elsewhere, and bringing it back. The key itself is never
shown."""

from collections.abc import Callable
from pathlib import Path

import click

from pipelines import settings
from pipelines.cli.output import echo
from pipelines.cli.session import Session, global_options, shown
from pipelines.ledger.store import open_ledger
from pipelines.locking import only_writer
from pipelines.runs import key as keys


def _file(*, exists: bool) -> Callable:
    return click.argument("file", metavar="FICHIER", type=click.Path(path_type=Path, dir_okay=False, exists=exists))


@click.group(short_help="La clé des pseudonymes : où elle est, l’exporter, l’importer.", invoke_without_command=True)
@global_options
@click.pass_context
def key(ctx: click.Context) -> None:
    """Montrer où est la clé des pseudonymes, et son empreinte, enregistrée au registre.

    Pour déplacer un dossier : `key export FICHIER`, puis, le dossier à sa nouvelle place, `key import FICHIER`.
    """
    if ctx.invoked_subcommand is None:
        session: Session = ctx.obj
        echo(f"  fichier    {shown(settings.key_file(session.home))}")
        with session.ledger() as ledger:
            echo(f"  empreinte  {keys.fingerprint_of(session.work(ledger))}")


@key.command("export", short_help="Écrire la clé dans un fichier.")
@_file(exists=False)
@global_options
@click.pass_context
def export_key(ctx: click.Context, file: Path) -> None:
    """Écrire la clé dans FICHIER, que son propriétaire seul peut lire. Quiconque l’a peut refaire les pseudonymes : à
    supprimer ensuite."""
    session: Session = ctx.obj
    with session.ledger() as ledger:
        try:
            keys.export_key(session.work(ledger), file)
        except FileExistsError:
            raise click.UsageError(f"{file} existe : une clé n’est jamais écrite par-dessus un fichier") from None
    echo(f"Clé écrite dans {shown(file)} : à supprimer une fois importée.")


@key.command("import", short_help="Installer la clé depuis un fichier.")
@_file(exists=True)
@global_options
@click.pass_context
def bring(ctx: click.Context, file: Path) -> None:
    """Mettre la clé de FICHIER là où ce dossier la cherche. Une autre que celle du registre est refusée."""
    session: Session = ctx.obj
    with only_writer(session.home), open_ledger(session.home) as ledger:
        place = keys.import_key(session.work(ledger), file)
    echo(f"Clé importée dans {shown(place)}. {shown(file)} peut être supprimé.")
