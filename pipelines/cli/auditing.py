"""``audit``, ``docs``: the pages that an auditor opens, written on demand."""

import json

import click

from pipelines.cli.app import BLOCKED, DONE
from pipelines.cli.output import title
from pipelines.cli.session import Session, global_options, shown, year_argument


@click.command(short_help="The state of a year's collection and quality, as a page.")
@year_argument
@click.option("--seed", type=int, help="Draws the sample of lines; the last day of YEAR by default (20201231).")
@click.option("--sample", "size", type=click.IntRange(0, 500), default=25, show_default=True, help="Lines drawn.")
@global_options
@click.pass_context
def audit(ctx: click.Context, year: int, seed: int | None, size: int) -> None:
    """Write audit/YEAR/etat.html and etat.json: what was received, every check, differences, findings with their
    decisions, a sample of lines beside their originals, releases, and how to make it all again.

    Ends with 1 when the year may not be published as it stands.
    """
    from pipelines.runs.audit.write import DATA
    from pipelines.runs.pages import write_states

    session: Session = ctx.obj
    session.exercice(year)
    with session.ledger() as ledger:
        (page,) = write_states(session.work(ledger), [year], seed=seed, size=size)
    verdict = json.loads(page.with_name(DATA).read_text(encoding="utf-8"))["verdict"]
    title(f"audit of {year}", session.organisation)
    click.echo("  Publiable" if verdict["publiable"] else "  Non publiable en l’état")
    for reason in verdict["raisons"]:
        click.echo(f"  - {reason['texte']}")
    click.echo(f"  page  {shown(page)}")
    click.echo(f"  data  {shown(page.with_name(DATA))}")
    ctx.exit(DONE if verdict["publiable"] else BLOCKED)


@click.command(short_help="The documentation of the tables, as one page.")
@global_options
@click.pass_context
def docs(ctx: click.Context) -> None:
    """Write docs/dbt.html: every table with its columns, its tests, its lineage and who reads it. No server is needed.

    The audit pages written afterwards link to it.
    """
    from pipelines.cli.output import progress
    from pipelines.stages.transform.docs import NoDocs, write_docs

    session: Session = ctx.obj
    with progress() as say:
        say("dbt writes its documentation")
        try:
            page = write_docs(session.home)
        except NoDocs as error:
            raise click.ClickException(str(error)) from None
    click.echo(f"Wrote {shown(page)}")
