"""``release``, ``compare``, ``replay``: freeze a year, say what a new release changes, and make a frozen one again."""

import re
from pathlib import Path

import click

from pipelines import settings
from pipelines.cli.app import BLOCKED, DONE
from pipelines.cli.exporting import copy_to_server
from pipelines.cli.output import note, printable, progress, title
from pipelines.cli.session import Session, did_you_mean, global_options, shown, year_argument
from pipelines.ledger.store import Ledger, now, open_ledger
from pipelines.publish.erratum import erratum
from pipelines.publish.release import (
    CannotRelease,
    Inputs,
    Visas,
    changes_between,
    export_tables,
    last_release,
    write_release,
)


@click.command(short_help="Freeze a year.")
@year_argument
@click.option("--prepared-by", required=True, metavar="NAME")
@click.option("--reviewed-by", required=True, metavar="NAME", help="Somebody else than who prepared it.")
@click.option("--approved-by", required=True, metavar="NAME")
@click.option("--reason", help="Why this release takes the place of the former one.")
@global_options
@click.pass_context
def release(
    ctx: click.Context, year: int, prepared_by: str, reviewed_by: str, approved_by: str, reason: str | None
) -> None:
    """Freeze the figures and tables of YEAR as releases/YEAR-v<n>, with all they were made of.

    Refused (1) while a finding that blocks, or that must be decided, stands without a decision.
    """
    from pipelines.locking import only_writer

    session: Session = ctx.obj
    session.exercice(year)
    with only_writer(session.home), open_ledger(session.home) as ledger:
        _refuse_what_is_open(session, ledger, year)
        former = last_release(session.home, ledger, year)
        visas = Visas(prepared_by, reviewed_by, approved_by)
        try:
            name = write_release(session.home, ledger, year, _inputs(session, ledger), visas, reason)
        except CannotRelease as error:
            raise click.ClickException(str(error)) from None
        _publish(session, ledger)
        row = ledger.all_rows("releases")[-1]
        head = ledger.head()
    title(f"{name} is frozen", session.organisation)
    click.echo(f"  fingerprint  {row['fingerprint']}")
    click.echo(f"  ledger       {head.entries} {head.hash}")
    click.echo(f"  folder       {shown(session.home.releases / name)}")
    if former:
        click.echo()
        click.echo(_erratum(session, former.name, name))
    if server := settings.publication_server():
        copy_to_server(session, server)


def _refuse_what_is_open(session: Session, ledger: Ledger, year: int) -> None:
    from pipelines.evidence.findings import gather, stops_a_release

    today = now()[:10]
    standing = ledger.standing(gather(session.home, ledger, session.registry, session.organisation))
    stopping = [s for s in standing if s.finding.exercice in (year, 0) and stops_a_release(s) and s.is_open(today)]
    for one in stopping:
        note(f"{one.finding.id} {one.finding.code} {one.finding.ou} — {one.finding.message}")
    if stopping:
        raise click.ClickException(
            f"{len(stopping)} finding(s) of {year} stand without a decision: mend them, or "
            f"`{session.command} decide FINDING --because … --by …`"
        )


def _inputs(session: Session, ledger: Ledger) -> Inputs:
    """What the warehouse was made of, when that is what is accepted now."""
    from pipelines.transform.build import is_current
    from pipelines.transform.freeze import code_version, freeze

    if not is_current(session.home, ledger):
        raise click.ClickException(f"the warehouse is not that of what is accepted now: `{session.command} run YEAR`")
    frozen = freeze(session.home, ledger)
    return Inputs(frozen.build, code_version(), frozen.manifests)


def _publish(session: Session, ledger: Ledger) -> None:
    """Publish again, so that the audit tables name the release; another frozen year may still hold that back."""
    from pipelines.audit.write import write_states
    from pipelines.evidence.findings import gather
    from pipelines.publish.release import FrozenYear, frozen_changes, refuse_frozen_changes
    from pipelines.publish.swap import publish
    from pipelines.report.write import report_pages

    findings = gather(session.home, ledger, session.registry, session.organisation)
    ledger.sight(findings)
    try:
        refuse_frozen_changes(frozen_changes(session.home, ledger))
    except FrozenYear as error:
        note(f"Not published yet: {error}")
    else:
        build = ledger.last_build()["build"]
        with report_pages(session.home, ledger, session.organisation, build) as pages:
            publish(session.home, ledger, build, findings, session.organisation.seuil_secret, pages)
    write_states(session.home, ledger, session.registry, session.organisation)


@click.command(short_help="What differs between two releases, and the erratum.")
@click.argument("first", metavar="RELEASE")
@click.argument("second", required=False, metavar="[RELEASE]")
@global_options
@click.pass_context
def compare(ctx: click.Context, first: str, second: str | None) -> None:
    """The figures that differ between two releases of a year, as the erratum says it in French.

    With one RELEASE only, it is compared with the warehouse as it stands. Ends with 1 when figures differ.
    """
    session: Session = ctx.obj
    text = _erratum(session, first, second)
    click.echo(text)
    ctx.exit(DONE if "Aucun chiffre ne diffère" in text else BLOCKED)


def _erratum(session: Session, first: str, second: str | None) -> str:
    import tempfile

    before, exercice = _release(session, first), _exercice(first)
    if second is not None:
        if _exercice(second) != exercice:
            raise click.UsageError("the two releases are not of the same exercice")
        after, reason = _release(session, second), _reason(session, second)
        return erratum(exercice, first, second, reason, changes_between(before, after, exercice))
    with tempfile.TemporaryDirectory(prefix="sicio-compare-") as folder:
        export_tables(session.home.warehouse, exercice, Path(folder))
        changed = changes_between(before, Path(folder), exercice)
    return erratum(exercice, first, None, None, changed)


def _release(session: Session, name: str) -> Path:
    known = sorted(path.parent.name for path in session.home.releases.glob("*/release.json"))
    if name not in known:
        raise click.UsageError(
            f"no release {name!r}{did_you_mean(name, known)}; there are {', '.join(known) or 'none'}"
        )
    return session.home.releases / name


def _exercice(name: str) -> int:
    found = re.fullmatch(r"(\d{4})-v\d+", name)
    if not found:
        raise click.UsageError(f"{name!r} is not the name of a release, such as 2020-v1")
    return int(found[1])


def _reason(session: Session, name: str) -> str | None:
    with session.ledger() as ledger:
        return next(row["reason"] for row in ledger.all_rows("releases") if row["release"] == name)


@click.command(short_help="Make a frozen year again and compare the bytes.")
@click.argument("name", metavar="RELEASE")
@global_options
@click.pass_context
def replay(ctx: click.Context, name: str) -> None:
    """Build RELEASE again from the archived originals, beside the home, and prove that the same bytes come out.

    Ends with 1 when they do not.
    """
    from pipelines.replay import CannotReplay
    from pipelines.replay import replay as replayed

    session: Session = ctx.obj
    _exercice(name)
    with progress() as say:
        try:
            result = replayed(session.home, name, session.registry, say)
        except CannotReplay as error:
            raise click.ClickException(str(error)) from None
    title(f"replay of {name}", session.organisation)
    from_archive = result.deliveries - len(result.purged)
    click.echo(
        f"  {from_archive} deliveries read again from their originals, {len(result.purged)} from the lake (purged)"
    )
    if result.other_code:
        click.echo("  the code is not the version that made this release")
    for what in result.reread:
        click.echo(printable(f"✗ {what}: the originals give other rows than they did"))
    for path in result.differing:
        click.echo(f"✗ {path}: other bytes")
    same = result.files - len(result.differing)
    click.echo(f"  {same} of {result.files} report tables came out with the same bytes")
    ctx.exit(DONE if result.identical else BLOCKED)
