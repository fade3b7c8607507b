"""The ``millesime`` group: its commands by name, its global options, and the exit code of each kind of error.

A command's module is imported only when it is called: ``millesime --help`` imports none.
"""

import difflib
import importlib
import sys
import traceback
from typing import Any, NoReturn

import click

from pipelines.cli.session import Session, global_options
from pipelines.settings import WrongSetting, threads

DONE, BLOCKED, USAGE, INCOMPLETE, BUSY, FROZEN, INTERRUPTED, BROKEN = 0, 1, 2, 3, 4, 5, 130, 70

# name → (module, attribute, what --help says)
COMMANDS = {
    "init": ("pipelines.cli.start", "init", "Make a home for an organisation."),
    "demo": ("pipelines.cli.start", "demo", "Make the demonstration's home and run the main job on it."),
    "status": (
        "pipelines.cli.reading",
        "status",
        "What arrived, what is missing, and what the figures lack.",
    ),
    "snapshot": ("pipelines.cli.snapshot", "snapshot", "Read a tool's database into landing."),
    "check": ("pipelines.cli.collecting", "check", "Judge files without loading them."),
    "run": ("pipelines.cli.collecting", "run", "Collect exercices, build the warehouse, publish."),
    "rejects": ("pipelines.cli.rejects", "rejects", "What was refused, where, and how to mend it."),
    "findings": ("pipelines.cli.deciding", "findings", "Everything somebody must know or decide."),
    "decide": ("pipelines.cli.deciding", "decide", "Accept a finding, with a reason, or take that back."),
    "explain": ("pipelines.cli.deciding", "explain", "The page of a rule."),
    "figures": ("pipelines.cli.reading", "figures", "The published figures."),
    "report": ("pipelines.cli.reporting", "report", "The report of a year, from what is published."),
    "audit": ("pipelines.cli.auditing", "audit", "The state of a year's collection and quality, as a page."),
    "release": ("pipelines.cli.releasing", "release", "Freeze a year."),
    "compare": ("pipelines.cli.releasing", "compare", "What differs between two releases, and the erratum."),
    "replay": ("pipelines.cli.releasing", "replay", "Make a frozen year again and compare the bytes."),
    "export": ("pipelines.cli.exporting", "export", "The tables of a year in open formats, to give away."),
    "publish": ("pipelines.cli.exporting", "publish", "Copy what is published to PostgreSQL again."),
    "trace": ("pipelines.cli.tracing", "trace", "From a figure to the lines behind it, and back."),
    "verify": ("pipelines.cli.deciding", "verify", "Prove that nothing recorded or kept was changed."),
    "purge": ("pipelines.cli.deciding", "purge", "Remove the originals whose retention is over."),
    "schema": ("pipelines.cli.authoring", "schema", "The Table Schema of a declared table."),
    "source": ("pipelines.cli.authoring", "source", "Declare a new source."),
    "reference": ("pipelines.cli.authoring", "reference", "Add an official plan of accounts."),
    "catalogue": ("pipelines.cli.authoring", "catalogue", "What the home changes of the shipped catalogue."),
    "docs": ("pipelines.cli.auditing", "docs", "The documentation of the tables, as one page."),
    "key": ("pipelines.cli.key", "key", "La clé des pseudonymes : où elle est, l’exporter, l’importer."),
    "dbt": ("pipelines.cli.authoring", "dbt", "Run dbt on a warehouse of your own."),
}

EPILOG = """\
\b
Exit codes: 0 done, 1 blocking findings, 2 usage or configuration,
            3 done but the collection is incomplete, 4 busy,
            5 a frozen year would change.
"""


class LazyGroup(click.Group):
    """A group that imports a command when it is called, and gives an expected error its exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of a year's work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        return getattr(importlib.import_module(module), attribute)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that ``args`` names; a near name is suggested when there is none."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            raise click.UsageError(f"no command {args[0]!r}." + (f" Did you mean {near[0]!r}?" if near else ""), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an expected error is one sentence and its code, any other a traceback and 70."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            _stop(ctx, "interrupted: the next run finishes what was left", INTERRUPTED)
        except BrokenPipeError:  # the reader (head, less) has seen enough
            sys.stderr.close()
            ctx.exit(DONE)
        except Exception as error:
            error = _cause(ctx, error)
            code = exit_code(error)
            if code == BROKEN or (ctx.obj and ctx.obj.debug):
                traceback.print_exc()
            _stop(
                ctx,
                str(error) if code != BROKEN else "this is an error of the program, please report it",
                code,
            )


def _cause(ctx: click.Context, error: Exception) -> Exception:
    """What is behind an error that is not expected: a damaged ledger, or nothing but the program."""
    from pipelines.ledger.lost import LedgerLost, is_damage, refuse_damaged

    if exit_code(error) != BROKEN or not ctx.obj:
        return error
    try:
        refuse_damaged(ctx.obj.home)
    except LedgerLost as damage:
        return damage
    except Exception:  # the ledger cannot be looked at: the first error is the one to tell
        return error
    return LedgerLost(ctx.obj.home, "est abîmé") if is_damage(getattr(error, "orig", None)) else error


def exit_code(error: Exception) -> int:
    """The exit code of an expected error; 70 for one that is not expected."""
    from pipelines.catalogue.organisation import UnknownPerson
    from pipelines.catalogue.rules import DeliveryRefused
    from pipelines.catalogue.yaml_file import DeclarationError
    from pipelines.ledger.unsound import Unsound
    from pipelines.locking import Busy
    from pipelines.stages.extract.database import SnapshotFailed
    from pipelines.stages.report.prose import ProseError
    from pipelines.stages.report.tables import MissingTable

    expected: list[tuple[type[Exception], int]] = [
        (Busy, BUSY),
        (DeliveryRefused, BLOCKED),
        (DeclarationError, USAGE),
        (ProseError, USAGE),
        (WrongSetting, USAGE),
        (UnknownPerson, USAGE),
        (Unsound, BLOCKED),
        (MissingTable, USAGE),
        (SnapshotFailed, USAGE),
        (PermissionError, USAGE),
        (FileNotFoundError, USAGE),
    ]
    return next((code for kind, code in expected if isinstance(error, kind)), BROKEN)


def _stop(ctx: click.Context, message: str, code: int) -> NoReturn:
    click.echo(f"Error: {message}", err=True)
    ctx.exit(code)


@click.group(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="millesime", prog_name="millesime")
@global_options
@click.pass_context
def millesime(ctx: click.Context) -> None:
    """From a folder of yearly exports to the figures of the annual activity report.

    Start with `millesime demo`, or with `millesime init` for your own organisation.
    """
    ctx.ensure_object(Session)
    threads()  # told before anything is done
