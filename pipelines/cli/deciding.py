"""``findings``, ``decide``, ``explain``, ``verify``, ``purge``: what somebody must know, what they decide of it, and what proves it.

What is true is found by ``evidence``; here it is chosen, laid out, and given an exit code.
"""

import datetime as dt
import difflib
import re
from dataclasses import asdict
from typing import Any

import click

from pipelines.catalogue.rules import Rules
from pipelines.cli.app import BLOCKED, DONE, INCOMPLETE
from pipelines.cli.output import Column, format_option, note, printable, title, write_csv, write_json
from pipelines.cli.reading import gathered
from pipelines.cli.session import Session, global_options, year_argument
from pipelines.ledger.chain import Head
from pipelines.ledger.lost import refuse_lost
from pipelines.ledger.records import Standing
from pipelines.ledger.store import now, open_ledger
from pipelines.near import did_you_mean

FINDINGS = [
    Column(name)
    for name in (
        "constat",
        "severite",
        "code",
        "exercice",
        "ou",
        "message",
        "fichier",
        "ligne",
        "recu",
        "attendu",
        "ecart",
        "aide",
        "depuis",
        "etat",
        "motif",
        "decide_par",
        "jusqu_au",
    )
]


@click.command(short_help="Everything somebody must know or decide.")
@year_argument
@format_option
@global_options
@click.pass_context
def findings(ctx: click.Context, year: int, form: str) -> None:
    """Everything somebody must know or decide about YEAR: refusals, failed checks, missing exports,
    differences; since when, and what was decided.

    Ends with 1 when one of them blocks and nobody has accepted it, 3 when only missing exports do.
    """
    session: Session = ctx.obj
    from pipelines.evidence.findings import blockers, of_year

    session.exercice(year)
    with session.ledger() as ledger:
        standing = of_year(gathered(session, ledger), session.registry, year, now()[:10])
    rows = [_row(one) for one in standing]
    if form == "csv":
        write_csv(FINDINGS, rows, session.organisation)
    elif form == "json":
        write_json({"exercice": year, "constats": rows}, session.organisation)
    else:
        title(f"findings of {year}", session.organisation)
        for one in standing:
            click.echo(f"\n{printable(_text(one, session.catalogue.rules))}")
        waiting = sum(_awaits_decision(one, session.catalogue.rules) for one in standing)
        click.echo(
            f"\n{len(standing)} finding{'s' * (len(standing) != 1)}, {waiting} to mend or decide before a release."
        )
    blocking = {finding.code for finding in blockers(standing, now()[:10])}
    ctx.exit(BLOCKED if blocking - {"COL-MANQUANT"} else INCOMPLETE if blocking else DONE)


def _row(one: Standing) -> dict[str, Any]:
    """One finding as CSV and JSON show it."""
    decision = one.decision
    return {
        "constat": one.finding.id,
        **{name: value for name, value in asdict(one.finding).items() if name != "severity"},
        "severite": one.finding.severity,
        "depuis": one.since,
        "etat": one.state(now()[:10]),
        "motif": decision.reason if decision else None,
        "decide_par": decision.decided_by if decision else None,
        "jusqu_au": decision.until if decision else None,
    }


def _awaits_decision(one: Standing, rules: Rules) -> bool:
    """True when the year cannot be frozen as long as this stands."""
    from pipelines.evidence.findings import stops_a_release

    return stops_a_release(one, rules) and one.is_open(now()[:10])


def _text(one: Standing, rules: Rules) -> str:
    """Several lines: how grave, which rule, where, then the details."""
    finding, decision = one.finding, one.decision
    place = ":".join(str(part) for part in (finding.fichier, finding.ligne) if part)
    decided = "à prendre avant de figer l’exercice" if _awaits_decision(one, rules) else None
    if decision:
        until = f", jusqu’au {decision.until}" if decision.until else ""
        decided = f"{one.state(now()[:10])} par {decision.decided_by}{until} : {decision.reason}"
    details = [
        ("reçu", finding.recu),
        ("attendu", finding.attendu),
        ("écart", finding.ecart),
        ("aide", finding.aide),
        ("depuis", one.since),
        ("décision", decided),
    ]
    body = "".join(f"\n  {name:<10}{text}" for name, text in details if text)
    where = f"{finding.ou} ({place})" if place else finding.ou
    return f"{finding.id} {finding.severity} {finding.code} {where} — {finding.message}{body}"


@click.command(short_help="Accept a finding, with a reason, or take that back.")
@click.argument("finding")
@click.option("--because", "reason", required=True, help="Why: it is printed beside the finding.")
@click.option(
    "--by", "by", required=True, metavar="NAME", help="Qui décide : une personne déclarée dans organisation.yml."
)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day on which the acceptance holds.")
@click.option("--withdraw", is_flag=True, help="Take a former acceptance back.")
@global_options
@click.pass_context
def decide(
    ctx: click.Context, finding: str, reason: str, by: str, until: dt.datetime | None, *, withdraw: bool
) -> None:
    """Accept FINDING (its number, as `millesime findings` shows it, or the beginning of it).

    A decision is never removed: a later one takes its place. A delivery that a critical check stopped is taken in at the
    next `millesime run` when every such finding is accepted; the verdict stays what it is. A document that is held back
    (FIN-PROJET) counts from the next run on.
    """
    from pipelines.locking import only_writer

    session: Session = ctx.obj
    if not (reason.strip() and by.strip()):
        raise click.UsageError("a decision says why (--because) and who takes it (--by)")
    by = session.organisation.person(by).nom
    day = until.date().isoformat() if until else None
    if day and day < now()[:10]:
        raise click.BadParameter("this day has passed: the acceptance would never hold", param_hint="--until")
    with only_writer(session.home), open_ledger(session.home) as ledger:
        one = _named(gathered(session, ledger), finding)
        if one.finding.code == "ATT-ERREUR":
            raise click.UsageError("a check that could not run proves nothing: it cannot be accepted")
        if day and session.catalogue.rules[one.finding.code].fait_compter:
            raise click.BadParameter("what it makes count would stop counting that day", param_hint="--until")
        if withdraw and one.decision is None:
            raise click.UsageError(f"nobody has accepted finding {one.finding.id}")
        ledger.record_decision(one.finding, "withdrawn" if withdraw else "accepted", reason, by, day)
    click.echo(f"{one.finding.id} {one.finding.code} {one.finding.ou} — {'taken back' if withdraw else 'accepted'}")
    if one.finding.code == "ATT-CRITIQUE":
        note(f"To take the delivery in: {session.command} run {one.finding.exercice}")
    elif session.catalogue.rules[one.finding.code].fait_compter:
        note(f"To compute with it: {session.command} run {one.finding.exercice}")


def _named(standing: list[Standing], name: str) -> Standing:
    """The one finding whose number begins with ``name``."""
    found = [one for one in standing if one.finding.id.startswith(name.lower())]
    if len(found) > 1:
        raise click.UsageError(f"{name} begins the numbers of {len(found)} findings: give more of it")
    if not found:
        near = did_you_mean(name, [one.finding.id for one in standing])
        raise click.UsageError(f"no finding {name!r} stands{near}: `millesime findings YEAR` lists them")
    return found[0]


@click.command(short_help="The page of a rule.")
@click.argument("code")
@global_options
@click.pass_context
def explain(ctx: click.Context, code: str) -> None:
    """What the rule CODE says, what a breach of it does, and how to mend it."""
    session: Session = ctx.obj
    rules = session.catalogue.rules
    rule = rules.get(code.upper())
    if rule is None:
        near = difflib.get_close_matches(code.upper(), rules, n=1)
        raise click.UsageError(f"no rule {code!r}" + (f"; did you mean {near[0]!r}?" if near else ""))
    click.echo(f"{rule.code} — {rule.titre}\n")
    click.echo(f"Effet      {rule.effet}")
    click.echo(f"Corriger   {rule.aide}")
    if rule.a_decider:
        click.echo(
            "Décider    Sans décision, l’exercice ne peut pas être figé : millesime decide CONSTAT --because … --by …"
        )
    refuse_lost(session.home)
    if session.home.ledger_file.exists():
        with session.ledger() as ledger:
            here = [one for one in gathered(session, ledger) if one.finding.code == rule.code]
        click.echo(f"\n{len(here)} constat{'s' * (len(here) != 1)} de cette règle dans {session.home.root.name}.")
        for one in here[:10]:
            click.echo(
                f"  {one.finding.id} {one.finding.exercice or 'tous exercices'} {printable(one.finding.ou)} ({one.state(now()[:10])})"
            )


@click.command(short_help="Prove that nothing recorded or kept was changed.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--head", type=(click.IntRange(0), str), metavar="ENTRIES HASH", help="A head that a report or a release prints."
)
@global_options
@click.pass_context
def verify(ctx: click.Context, form: str, head: tuple[int, str] | None) -> None:
    """Check the ledger's chain, and every file of the archive, the lake, the publication and the releases.

    With --head, also check that the chain still holds what a report printed: only that shows a ledger written anew, or cut
    off, with everything that lies beside it. Ends with 1 when something was edited, removed, reordered, added or cut off.
    """
    from pipelines.evidence.verify import verify as verified

    session: Session = ctx.obj
    printed = Head(head[0], re.sub("[^0-9a-f]", "", head[1].lower())) if head else None  # a PDF breaks it in pieces
    with session.ledger() as ledger:
        result = verified(session.home, ledger, printed)
    if form == "json":
        write_json(asdict(result), session.organisation)
    else:
        title("verification", session.organisation)
        for what, count in result.checked.items():
            click.echo(f"  {count:>6} {what}")
        click.echo(f"  head of the ledger: {result.head}")
        for problem in result.problems:
            click.echo(printable(f"✗ {problem}"))
        click.echo("Nothing was changed." if not result.problems else f"{len(result.problems)} problem(s).")
    ctx.exit(BLOCKED if result.problems else DONE)


@click.command(short_help="Remove the originals whose retention is over.")
@click.option("--dry-run", is_flag=True, help="Only say which ones.")
@global_options
@click.pass_context
def purge(ctx: click.Context, *, dry_run: bool) -> None:
    """Remove, from the archive and from landing, the originals that no export has a reason to keep any longer.

    The rows of the lake stay, without names, so that figures can be rebuilt; the ledger keeps what went and when.
    """
    from pipelines.locking import only_writer
    from pipelines.stages.ingest.retention import expired
    from pipelines.stages.ingest.retention import purge as purged

    session: Session = ctx.obj
    with only_writer(session.home), open_ledger(session.home) as ledger:
        originals = expired(session.home, ledger, session.registry, now()[:10])
        for one in originals:
            click.echo(printable(f"{one.export} {one.exercice} {one.name} (kept until {one.until})"))
        if not dry_run:
            purged(session.home, ledger, session.registry, originals)
    click.echo(f"{len(originals)} original{'s' * (len(originals) != 1)} {'would go' if dry_run else 'removed'}.")
