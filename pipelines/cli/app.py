"""The ``millesime`` group: its commands by name, its global options, and the exit code of each kind of error.

A command's module is imported only when it is called: ``millesime --help`` imports none.
"""

import errno
import importlib
import io
import re
import shutil
import sqlite3
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import click

from pipelines.cli.click_words import Context, in_french, speaking_french
from pipelines.cli.interruption import INTERRUPTED, interruptible, said
from pipelines.cli.output import echo, note
from pipelines.cli.session import Session, global_options
from pipelines.did_you_mean import suggestion
from pipelines.disk import is_crowded, is_full, lack, size_of, why
from pipelines.settings import Home, WrongSetting, refuse_wrong

DONE, BLOCKED, USAGE, INCOMPLETE, BUSY, FROZEN, NO_DISK, BROKEN = 0, 1, 2, 3, 4, 5, 6, 70

OUT_OF_REACH = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)

# what one wants to do → name of a command → (module of this folder that has it, what --help says)
GROUPS = {
    "Charger": {
        "init": ("start", "Créer le dossier d’une organisation."),
        "demo": ("start", "Créer la démonstration, et l’exécuter."),
        "snapshot": ("collecting", "Lire la base d’un outil et déposer son export."),
        "check": ("collecting", "Contrôler des fichiers sans les charger."),
        "run": ("collecting", "Collecter des exercices, construire, publier."),
        "status": ("reading", "Les exports reçus ou manquants, et les chiffres incomplets."),
        "rejects": ("rejects", "Les lignes et livraisons refusées, et comment les corriger."),
    },
    "Comprendre": {
        "findings": ("deciding", "Les constats à connaître ou à trancher."),
        "decide": ("deciding", "Accepter un constat en le motivant, ou revenir sur une acceptation."),
        "explain": ("deciding", "La fiche d’une règle."),
        "figures": ("reading", "Les chiffres publiés."),
        "trace": ("tracing", "Remonter d’un chiffre aux lignes qui le composent, et inversement."),
        "audit": ("auditing", "L’état de la collecte et de la qualité, en une page."),
        "docs": ("auditing", "La documentation des tables, en une page."),
    },
    "Écrire": {
        "contenu": ("contenu", "Les textes d’un exercice : export vers Word, retour, avancement."),
        "textes": ("contenu", "Les textes des services à relire avant qu’ils soient publics."),
        "report": ("transmitting", "Le rapport d’un exercice, depuis ce qui est publié."),
        "acts": ("transmitting", "Projets de délibération et de courriers, en Word."),
    },
    "Figer": {
        "release": ("releasing", "Figer un exercice."),
        "compare": ("releasing", "Ce qui change entre deux versions, et l’erratum."),
        "replay": ("releasing", "Refaire une version figée et comparer les octets."),
        "verify": ("deciding", "Vérifier que rien de ce qui est enregistré ou conservé n’a changé."),
    },
    "Diffuser": {
        "transmit": ("transmitting", "Préparer l’envoi à chaque collectivité, et en enregistrer la date."),
        "publish": ("exporting", "Copier de nouveau la publication dans PostgreSQL."),
        "export": ("exporting", "Exporter les tables d’un exercice dans des formats ouverts."),
        "superset": ("exporting", "Des tableaux de bord à importer dans Superset."),
        "consolidate": ("exporting", "Réunir et comparer plusieurs organisations."),
        "withdraw": ("exporting", "Retirer le profil public partout où il se trouve."),
    },
    "Garder": {
        "backup": ("keeping", "Sauvegarder le dossier, même pendant une exécution."),
        "restore": ("keeping", "Refaire un dossier à partir d’une sauvegarde."),
        "purge": ("deciding", "Retirer ce dont la durée de conservation est passée."),
        "key": ("keeping", "La clé des pseudonymes : où elle est, l’exporter, l’importer."),
        "mail": ("keeping", "Envoyer les courriels dus : refus, rappels, bilan."),
        "serve": ("keeping", "L’interface web de Dagster, sur ce poste."),
    },
    "Déclarer": {
        "source": ("authoring", "Déclarer une nouvelle source."),
        "figure": ("authoring", "Écrire un chiffre sur une table déclarée, jusqu’à sa phrase."),
        "reference": ("authoring", "Ajouter un plan de comptes officiel."),
        "catalogue": ("authoring", "Ce que le dossier change au catalogue livré."),
        "contracts": ("contracts", "Les promesses faites aux lecteurs des tables publiées."),
        "dbt": ("authoring", "Exécuter dbt sur un entrepôt personnel."),
    },
}
COMMANDS = {name: one for group in GROUPS.values() for name, one in group.items()}

# Those that read a home: what they say may be ahead of what is published. ``status`` and ``run`` mention it in their
# results.
TELL_LAG = frozenset(
    """
    rejects findings decide figures textes report acts audit release transmit compare replay export superset publish withdraw
    trace verify
    """.split()
)

EPILOG = """\
\b
Codes de sortie : 0 fait, 1 constats bloquants, 2 usage, configuration ou droits,
                  3 fait, mais la collecte est incomplète, 4 occupé,
                  5 un exercice figé changerait, 6 le disque est plein,
                  70 erreur du programme, 130 interrompu.
"""


class LazyGroup(click.Group):
    """A group that imports a command when it is called, and gives an expected error its exit code."""

    context_class = Context

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run a command line; click's errors about it are shown in French."""
        try:
            sys.exit(super().main(*args, **{**extra, "standalone_mode": False}))
        except click.ClickException as error:
            error.show(shown := io.StringIO())
            echo(in_french(shown.getvalue()), err=True, nl=False)
            sys.exit(error.exit_code)
        except click.Abort:  # Ctrl-C before any command
            note(f"Erreur : {said()}")
            sys.exit(INTERRUPTED)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of a year's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, text = COMMANDS[cmd_name]
        command = speaking_french(getattr(importlib.import_module(f"pipelines.cli.{module}"), cmd_name))
        command.short_help = text  # for a shell's completion
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command named in ``args``; a similar name is suggested when there is none."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"aucune commande « {args[0]} »{suggestion(args[0], COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, by what one wants to do, without importing them."""
        for group, commands in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(name, text) for name, (_, text) in commands.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an expected error is one sentence and its code, any other a traceback and 70."""
        try:
            with interruptible(str):
                return self._invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt as stop:
            _stop(ctx, str(stop), INTERRUPTED)
        except BrokenPipeError:  # the reader (head, less) has seen enough
            ctx.exit(DONE)
        except Exception as error:
            error = _cause(ctx, error)
            code = exit_code(error)
            if code == BROKEN and ctx.obj and is_crowded(ctx.obj.home.root):  # SQLite may report something else
                code = NO_DISK
            if code == BROKEN or (ctx.obj and ctx.obj.debug):
                note(traceback.format_exc().rstrip())
            _stop(ctx, _told(ctx, error, code), code)

    def _invoke(self, ctx: click.Context) -> Any:
        """Run a command, then warn if the home has accepted data that it has not published."""
        done = super().invoke(ctx)
        if ctx.invoked_subcommand in TELL_LAG and (lag := ctx.obj.lag()):
            note(f"\nAttention : {lag} (`{ctx.obj.command} status EXERCICE`)")
        return done


def _cause(ctx: click.Context, error: Exception) -> Exception:
    """The cause of an unexpected error: a damaged ledger, or the program itself."""
    from pipelines.ledger.chain import CHAIN
    from pipelines.ledger.lost_ledger import LedgerLost, is_damage, refuse_damaged
    from pipelines.ledger.schema import metadata

    if exit_code(error) != BROKEN or not ctx.obj:
        return error
    try:
        refuse_damaged(ctx.obj.home)
    except LedgerLost as damage:
        return damage
    except Exception:  # the ledger cannot be checked: report the first error
        return error
    of_ledger = set(re.findall(r"\w+", getattr(error, "statement", None) or "")) & {*metadata().tables, CHAIN}
    return LedgerLost(ctx.obj.home, "est abîmé") if of_ledger and is_damage(getattr(error, "orig", None)) else error


def exit_code(error: Exception) -> int:
    """The exit code of an expected error; 70 for an unexpected one."""
    from pipelines.catalogue.organisation import UnknownPerson
    from pipelines.catalogue.rules import DeliveryRefused
    from pipelines.catalogue.yaml_file import DeclarationError
    from pipelines.ledger.unsound import Unsound
    from pipelines.locking import Busy
    from pipelines.stages.extract.database import SnapshotFailed
    from pipelines.stages.report.prose import ProseError
    from pipelines.stages.report.tables import MissingTable

    if is_full(error):
        return NO_DISK
    if sqlite_code(error) in OUT_OF_REACH:
        return USAGE
    usage = (DeclarationError, ProseError, WrongSetting, UnknownPerson, MissingTable, SnapshotFailed, OSError)
    expected = {BUSY: Busy, BLOCKED: (DeliveryRefused, Unsound), USAGE: usage}
    return next((code for code, kinds in expected.items() if isinstance(error, kinds)), BROKEN)


def _told(ctx: click.Context, error: Exception, code: int) -> str:
    """The message of an error, in French."""
    if code == BROKEN:
        return "c’est une erreur du programme : merci de la signaler"
    if code == NO_DISK:
        return no_disk(ctx.obj.home, error)
    if sqlite_code(error) in OUT_OF_REACH:
        return f"{ctx.obj.home.ledger_file} : {why(PermissionError(errno.EACCES, ''))}"
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    return f"{error.filename} : {why(error)}" if error.filename else why(error)


def no_disk(home: Home, error: Exception | None = None) -> str:
    """Which disk is full, and how much is missing: a build needs twice the last warehouse, and a publication."""
    file = getattr(error, "filename", None)
    if isinstance(error, shutil.Error):  # of a whole folder: (from, to, why) of each file
        file = error.args[0][0][1]
    if isinstance(error, OSError) and not file and not is_crowded(home.root):
        return "la sortie standard ne peut pas être écrite : son disque est plein"
    return lack(Path(file) if file else home.root, 2 * size_of(home.warehouse) + size_of(home.published.resolve()))


def sqlite_code(error: BaseException) -> int | None:
    """SQLite's own error message, however it is wrapped."""
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _stop(ctx: click.Context, message: str, code: int) -> NoReturn:
    note(f"Erreur : {message}")
    ctx.exit(code)


@click.group(
    cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=True
)
@click.version_option(package_name="millesime", prog_name="millesime")
@global_options
@click.pass_context
def millesime(ctx: click.Context) -> None:
    """D’un dossier d’exports annuels aux chiffres du rapport d’activité.

    Pour commencer : `millesime demo`, ou `millesime init` pour son organisation. Sans commande, dans un dossier : ce
    qui manque, ce qui attend et de qui, et la commande suivante.

    Le dossier est celui de --home ou de MILLESIME_HOME, sinon celui où l’on se trouve, s’il contient organisation.yml.
    """
    session = ctx.ensure_object(Session)
    refuse_wrong()  # reported before anything is done
    if ctx.invoked_subcommand is None:
        if not session.home.organisation_file.exists():
            echo(ctx.get_help())
            return
        importlib.import_module("pipelines.cli.reading").show_next(session)
