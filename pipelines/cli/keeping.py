"""``backup``, ``restore``, ``key``: what is kept of a home elsewhere, its copy and its key; ``mail``, ``serve``.

The key itself is never shown.
"""

from decimal import Decimal
from pathlib import Path

import click

from pipelines import settings
from pipelines.catalogue.organisation import load_organisation
from pipelines.cli.app import BLOCKED, DONE
from pipelines.cli.arguments import FILE, FOLDER, GIVEN_FILE
from pipelines.cli.output import echo, note, progress
from pipelines.cli.session import Session, global_options, on_home, shown, typed
from pipelines.french import moment, quantity
from pipelines.ledger.store import now
from pipelines.runs import key as keys
from pipelines.runs.mails import due, send_due


@click.command()
@click.argument("place", metavar="DOSSIER", type=FOLDER)
@on_home
def backup(session: Session, place: Path) -> None:
    """Faire dans DOSSIER une sauvegarde cohérente, prise à un seul instant : registre, originaux, lignes, versions
    figées, déclarations, textes.

    Elle remplace la précédente. Elle ne contient ni l’entrepôt ni la publication, que `millesime run` refait, ni la
    clé. Pour des sauvegardes incrémentales et chiffrées, utiliser restic ou borg (docs/operations.md).
    """
    from pipelines.runs.backup import backup as made

    session.organisation  # noqa: B018  # a home that is none, or is not sound, says so first
    with progress() as say:
        say("sauvegarde")
        done = made(session.home, place)
    files = quantity(Decimal(done.linked), 0, "fichiers")
    echo(f"Sauvegarde faite dans {shown(done.place)} : {files} par lien physique, {done.copied} par copie.")
    echo(f"Tête du registre : {done.head.entries} {done.head.hash}")
    key = settings.key_file(session.home)
    note(
        f"La clé n’y est pas ({key}) : la garder à part, chiffrée, une fois pour toutes ({session.command} key export FICHIER)."
    )
    if done.linked:
        note("Sur le même disque, ce n’est pas encore une sauvegarde : porter ce dossier ailleurs (restic, borg).")


@click.command()
@click.argument("source", metavar="SAUVEGARDE", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--removals",
    "lists",
    metavar="FICHIER",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="La liste des retraits faits depuis, ou une sauvegarde plus récente qui la contient.",
)
@click.option("--nothing-removed", is_flag=True, help="Attester que rien n’a été retiré depuis cette sauvegarde.")
@on_home
def restore(session: Session, source: Path, lists: tuple[Path, ...], *, nothing_removed: bool) -> int:
    """Refaire depuis SAUVEGARDE le dossier désigné par --home, nouveau ou vide, puis en retirer de nouveau ce qui a été
    retiré depuis.

    Code de sortie 1 quand des lignes généralisées depuis ne peuvent pas l’être de nouveau.
    """
    from pipelines.runs.backup import restore as made

    if lists and nothing_removed:
        raise click.UsageError("--removals ou --nothing-removed, non les deux")
    with progress() as say:
        done = made(source, session.home, list(lists), say, knows_all=nothing_removed)
    again, command = done.again, f"millesime --home {typed(session.home.root)}"
    echo(f"Dossier refait dans {shown(session.home.root)}, tel que le {moment(done.made_at)}.")
    echo(f"Tête de la sauvegarde : {done.head.entries} {done.head.hash}")
    if again.removed or again.withdrawn:
        said = [
            quantity(Decimal(again.removed), 0, "retraits"),
            f"{quantity(Decimal(again.withdrawn), 0, 'reprises')} du profil public",
        ]
        echo(f"Fait de nouveau, comme depuis cette sauvegarde : {', '.join(said)}.")
    else:
        echo("Rien n’a été retiré depuis : le registre est celui de la sauvegarde.")
    for delivery in again.left:
        echo(
            f"✗ livraison {delivery[:12]} : ses lignes avaient été généralisées, la durée de conservation actuelle les garde"
        )
    note(f"Ensuite : {command} key import FICHIER, {command} run EXERCICE, puis {command} verify.")
    return BLOCKED if again.left else DONE


@click.command()
@click.option("--dry-run", is_flag=True, help="Les montrer sans les envoyer.")
@on_home
def mail(session: Session, *, dry_run: bool) -> None:
    """Envoyer les courriels qui ne l’ont pas encore été : le refus d’un export à son responsable, les rappels avant et
    après l’échéance, le bilan de la semaine (janvier à septembre). Chacun part une fois. Dans Dagster, `courriels` le
    fait automatiquement."""
    post = settings.post()
    if post is None:
        raise click.UsageError("MILLESIME_SMTP_URL (ou MILLESIME_SMTP_URL_FILE) dit par quel serveur")
    with session.ledger() as ledger:
        work, today = session.work(ledger), now()[:10]
        mails = due(work, post, today) if dry_run else send_due(work, post, today)
    for one in mails:
        echo(f"{', '.join(one.to)} — {one.subject}")
        if dry_run:
            echo(f"\n{one.body}")
    count = quantity(Decimal(len(mails)), 0, "courriels")
    echo(f"{count} {'à envoyer' if dry_run else 'partis' if len(mails) > 1 else 'parti'}.")


@click.command()
@click.option(
    "--port", type=click.IntRange(1, 65535), default=3000, show_default=True, metavar="N", help="Port écouté."
)
@click.option("--read-only", is_flag=True, help="En lecture seule : rien ne peut être lancé ni changé.")
@click.option(
    "--part",
    type=click.Choice(["code", "web", "daemon", "alive"]),
    help="Une seule des parties, où chacune est un conteneur ; alive : vérifier que le démon fonctionne.",
)
@on_home
def serve(session: Session, port: int, part: str | None, *, read_only: bool) -> None:
    """Servir l’interface web de Dagster sur 127.0.0.1, jusqu’à Ctrl-C, et y exécuter ce qui est planifié.

    Derrière un serveur mandataire (MILLESIME_WEB_HOSTS), elle est toujours en lecture seule (docs/web.md).
    """
    from pipelines.defs.web import serve as serve_web
    from pipelines.defs.web import serve_part

    load_organisation(session.home, session.catalogue)  # an unreadable home is reported before anything starts
    if part:
        serve_part(session.home, part, port, read_only=read_only)
        return
    note(f"Interface web : http://127.0.0.1:{port} (Ctrl-C pour arrêter)")
    serve_web(session.home, port, read_only=read_only)


@click.group(invoke_without_command=True)
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
@click.argument("file", metavar="FICHIER", type=FILE)
@on_home
def export_key(session: Session, file: Path) -> None:
    """Écrire la clé dans FICHIER, que son propriétaire seul peut lire. Quiconque l’a peut refaire les pseudonymes : à
    supprimer ensuite."""
    with session.ledger() as ledger:
        try:
            keys.export_key(session.work(ledger), file)
        except FileExistsError:
            raise click.UsageError(f"{file} existe : une clé n’est jamais écrite par-dessus un fichier") from None
    echo(f"Clé écrite dans {shown(file)} : à supprimer une fois importée.")


@key.command("import", short_help="Installer la clé depuis un fichier.")
@click.argument("file", metavar="FICHIER", type=GIVEN_FILE)
@on_home
def bring(session: Session, file: Path) -> None:
    """Mettre la clé de FICHIER là où ce dossier la cherche. Une autre que celle du registre est refusée."""
    with session.writing() as ledger:
        place = keys.import_key(session.work(ledger), file)
    echo(f"Clé importée dans {shown(place)}. {shown(file)} peut être supprimé.")
