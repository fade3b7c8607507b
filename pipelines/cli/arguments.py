"""The arguments that commands share, and what a shell completes: the names that the home holds.

The shell calls this at each keystroke, so nothing here may write; what cannot be read gives no completion.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from pipelines.cli.session import Session

FILE = click.Path(path_type=Path, dir_okay=False)
GIVEN_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
FOLDER = click.Path(path_type=Path, file_okay=False)
Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


class Day(click.DateTime):
    """A day, as the metavar says it or as French people type it."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d", "%d/%m/%Y"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The day. Raises BadParameter."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"« {value} » n’est pas un jour : l’écrire comme 2021-09-14 ou 14/09/2021", param, ctx)


def _completing(names: Callable[[Session, click.Context], Iterable[Any]]) -> Completer:
    def complete(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
        session = ctx.ensure_object(Session)
        try:
            return [CompletionItem(str(name)) for name in names(session, ctx) if str(name).startswith(begun)]
        except Exception:  # a home that does not exist, or cannot be read
            return []

    return complete


def _published(session: Session) -> list[str]:
    """The published figures."""
    from pipelines.evidence.published import published_figures

    years = session.organisation.years
    return sorted({row["code"] for each in years for row in published_figures(session.home, each) or []})


@_completing
def complete_numbers(session: Session, ctx: click.Context) -> list[str]:
    """What may be traced: the published figures, and the tables of ``rapport``."""
    from pipelines.catalogue.dbt.generated import layers

    tables = [table for table, layer in layers(session.catalogue).items() if layer == "rapport"]
    return [*_published(session), *sorted(tables)]


@_completing
def complete_columns(session: Session, ctx: click.Context) -> list[Any]:
    """The columns of the table already typed, then the years."""
    columns = session.catalogue.project.keys.get(ctx.params.get("code") or "", [])
    return [*(f"{name}=" for name in columns if name != "exercice"), *session.organisation.years]


@_completing
def complete_sources(session: Session, _: click.Context) -> list[str]:
    """Systems, and exports as ``system/export``."""
    refs = [ref for ref in session.registry.exports() if session.organisation.subscribes(ref.system.system)]
    return sorted({name for ref in refs for name in (ref.system.system, ref.key)})


@_completing
def complete_findings(session: Session, _: click.Context) -> list[str]:
    """The numbers of the findings."""
    from pipelines.runs.findings import all_findings

    with session.ledger() as ledger:
        return [finding.id for finding in all_findings(session.work(ledger))]


complete_codes = _completing(lambda session, _: _published(session))
complete_years = _completing(lambda session, _: session.organisation.years)
complete_rules = _completing(lambda session, _: sorted(session.catalogue.rules))
complete_releases = _completing(lambda session, _: session.releases())

year_argument = click.argument(
    "year",
    metavar="EXERCICE",
    type=int,
    callback=lambda ctx, _, year: ctx.ensure_object(Session).exercice(year),
    shell_complete=complete_years,
)
source_option = click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="SOURCE",
    shell_complete=complete_sources,
    help="Seulement ce système, ou système/export ; peut être répété.",
)
