"""``findings``, ``decide``, ``explain``, ``verify``, ``purge``: commands about findings, decisions, proofs and
retention.

``evidence`` gathers the facts; this module selects them, lays them out and chooses the exit code.
"""

import datetime as dt
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.catalogue.rules import Rules
from pipelines.characters import in_one_line
from pipelines.cli.app import BLOCKED, DONE, INCOMPLETE
from pipelines.cli.arguments import Day, complete_findings, complete_rules, year_argument
from pipelines.cli.output import echo, format_option, json_option, note, title, write_csv, write_json
from pipelines.cli.reading import gathered
from pipelines.cli.session import Session, on_home, shown
from pipelines.did_you_mean import suggestion
from pipelines.evidence.findings import blockers, of_year, stops_a_release
from pipelines.evidence.health import backed_up
from pipelines.evidence.verify import verify as verified
from pipelines.french import day, moment, signed
from pipelines.ledger.chain import Head
from pipelines.ledger.lost_ledger import refuse_lost
from pipelines.ledger.records import ACCEPTED, WHOLE, WITHDRAWN, Standing
from pipelines.ledger.store import now
from pipelines.locking import Busy, is_writing
from pipelines.runs.retention import LOGS, Chosen, overdue, purge_delivery
from pipelines.runs.retention import purge as purged
from pipelines.runs.unclaimed import deposits

if TYPE_CHECKING:
    from pipelines.ledger.workspace import Workspace
    from pipelines.runs.retention import Overdue

MISSING = {"rien": WHOLE, "connu": ACCEPTED}
CHOICES = {WHOLE: "accepté : rien ne manque", ACCEPTED: "accepté", WITHDRAWN: "décision retirée"}
FINGERPRINT = re.compile(r"[0-9a-f]{12}")  # in the place of a gap, where an acceptance holds for certain words
FINDINGS = """
    constat severite code exercice ou message fichier ligne recu attendu ecart aide depuis etat motif decide_par
    jusqu_au
""".split()


@click.command()
@year_argument
@format_option
@on_home
def findings(session: Session, year: int, form: str) -> int:
    """Les constats de l’EXERCICE, à connaître ou à trancher : refus, contrôles en échec, exports manquants, écarts ;
    depuis quand, et la décision prise.

    Code de sortie 1 quand l’un d’eux bloque et que personne ne l’a accepté, 3 quand seuls des exports manquent.
    """
    with session.ledger() as ledger:
        standing = of_year(gathered(session, ledger), session.registry, year, now()[:10])
        deposited = deposits(session.work(ledger))
    rows = [_row(one) for one in standing]
    if form == "csv":
        write_csv(FINDINGS, rows, session.organisation)
    elif form == "json":
        write_json({"exercice": year, "constats": rows}, session.organisation)
    else:
        title(f"constats de {year}", session.organisation)
        for one in sorted(standing, key=lambda one: not _blocks(one, session.catalogue.rules)):
            echo(f"\n{_text(one, session.catalogue.rules, deposited.get(one.finding.id))}")
        waiting = sum(_awaits_decision(one, session.catalogue.rules) for one in standing)
        echo(
            f"\n{len(standing)} constat{'s' * (len(standing) > 1)}, dont {waiting} à corriger ou à décider avant de figer."
        )
    blocking = {finding.code for finding in blockers(standing, now()[:10])}
    return BLOCKED if blocking - {"COL-MANQUANT"} else INCOMPLETE if blocking else DONE


def _row(one: Standing) -> dict[str, Any]:
    """One finding, as a row of the CSV and JSON."""
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
    """True when the year cannot be frozen while this finding lasts."""
    return stops_a_release(one, rules) and one.is_open(now()[:10])


def _blocks(one: Standing, rules: Rules) -> bool:
    return one.is_open(now()[:10]) and (one.finding.severity == "bloquant" or _awaits_decision(one, rules))


def _text(one: Standing, rules: Rules, deposit: Path | None) -> str:
    """Several lines: severity, rule, place, then the details; ``deposit`` is the file, which only the terminal
    names."""
    finding, decision = one.finding, one.decision
    place = ":".join(str(part) for part in (finding.fichier, finding.ligne) if part)
    decided = "à prendre avant de figer l’exercice" if _awaits_decision(one, rules) else None
    if decision:
        until = f", jusqu’au {day(decision.until)}" if decision.until else ""
        decided = f"{one.state(now()[:10])} par {decision.decided_by}{until} : {decision.reason}"
    advice, *to_copy = (finding.aide or "").split("\n")
    details = [
        ("dépôt", deposit and shown(deposit)),
        ("reçu", finding.recu),
        ("attendu", finding.attendu),
        ("écart", finding.ecart and not FINGERPRINT.fullmatch(finding.ecart) and signed(finding.ecart)),
        ("aide", advice),
        *(("", line) for line in to_copy),
        ("depuis", moment(one.since) if one.since else None),
        ("décision", decided),
    ]
    body = "".join(f"\n  {name:<10}{in_one_line(text)}" for name, text in details if text)
    where = f"{finding.ou} ({place})" if place else finding.ou
    return in_one_line(f"{finding.id} {finding.severity} {finding.code} {where} — {finding.message}") + body


@click.command()
@click.argument("findings", metavar="CONSTAT...", nargs=-1, required=True, shell_complete=complete_findings)
@click.option(
    "--missing",
    type=click.Choice([*MISSING]),
    help="Ce qui manque aux chiffres : rien (le contrôle se trompe), ou connu (une perte connue et admise).",
)
@click.option("--because", "reason", required=True, metavar="TEXTE", help="Le motif, imprimé à côté du constat.")
@click.option(
    "--by", "by", required=True, metavar="NOM", help="Qui décide : une personne déclarée dans organisation.yml."
)
@click.option("--until", type=Day(), metavar="AAAA-MM-JJ", help="Dernier jour de validité de l’acceptation.")
@click.option("--withdraw", is_flag=True, help="Revenir sur une acceptation.")
@on_home
def decide(
    session: Session,
    findings: tuple[str, ...],
    missing: str | None,
    reason: str,
    by: str,
    until: dt.datetime | None,
    *,
    withdraw: bool,
) -> None:
    """Accepter chaque CONSTAT (son numéro, comme `millesime findings` le montre, ou le début de ce numéro).

    Un constat qui retire quelque chose à des chiffres demande ce qui leur manque. Rien (--missing rien) : le contrôle se trompe,
    les chiffres redeviennent entiers et le motif est imprimé à côté d’eux. Une perte connue et admise (--missing connu) :
    ils restent partiels, dans la version figée aussi. La prochaine exécution (millesime run) en tient compte.

    Une décision n’est jamais effacée : une autre la remplace ; elle tombe quand ce que dit le constat change. Une livraison
    bloquée par des contrôles critiques est chargée à la prochaine exécution une fois que chacun de leurs constats est
    accepté ; le verdict ne change pas.
    """
    if not (reason.strip() and by.strip()):
        raise click.UsageError("une décision dit pourquoi (--because) et qui la prend (--by)")
    by = session.organisation.person(by).nom
    day = until.date().isoformat() if until else None
    if day and day < now()[:10]:
        raise click.BadParameter("ce jour est passé : l’acceptation ne vaudrait jamais", param_hint="--until")
    with session.writing() as ledger:
        standing = gathered(session, ledger)
        chosen = list({one.finding.id: one for one in (_named(standing, name) for name in findings)}.values())
        choices = [_choice(session, one, missing, day, withdraw=withdraw) for one in chosen]
        for one, choice in zip(chosen, choices, strict=True):
            ledger.record_decision(one.finding, choice, reason, by, day)
    for one, choice in zip(chosen, choices, strict=True):
        echo(f"{one.finding.id} {one.finding.code} {one.finding.ou} — {CHOICES[choice]}")
    years = sorted({one.finding.exercice for one in chosen if _counts(session, one)} - {0})
    if years:
        note(f"Pour en tenir compte : {session.command} run {' '.join(map(str, years))}")


def _counts(session: Session, one: Standing) -> bool:
    """True when a decision on this finding changes what counts at the next run."""
    finding = one.finding
    return (
        finding.effet != "rien" or finding.code == "ATT-CRITIQUE" or session.catalogue.rules[finding.code].fait_compter
    )


def _choice(session: Session, one: Standing, missing: str | None, day: str | None, *, withdraw: bool) -> str:
    """What is decided of one finding. Raises UsageError when it cannot be, or nothing says what is missing."""
    finding = one.finding
    if finding.code == "ATT-ERREUR":
        raise click.UsageError("un contrôle qui n’a pas pu s’exécuter ne prouve rien : il ne peut pas être accepté")
    if withdraw:
        if one.decision is None:
            raise click.UsageError(f"personne n’a accepté le constat {finding.id}")
        return WITHDRAWN
    if finding.effet == "rien":
        choice = ACCEPTED
    elif missing:
        choice = MISSING[missing]
    else:
        raise click.UsageError(
            f"{finding.id} {finding.code} rend des chiffres partiels : dire --missing rien (le contrôle se trompe) ou "
            "--missing connu (la perte est connue et admise)"
        )
    if day and (choice == WHOLE or session.catalogue.rules[finding.code].fait_compter):
        raise click.BadParameter("ce qui compte grâce à elle cesserait de compter ce jour-là", param_hint="--until")
    return choice


def _named(standing: list[Standing], name: str) -> Standing:
    """The one finding whose number begins with ``name``."""
    found = [one for one in standing if one.finding.id.startswith(name.lower())]
    if len(found) > 1:
        raise click.UsageError(f"{name} commence le numéro de {len(found)} constats : en donner davantage")
    if not found:
        near = suggestion(name, [one.finding.id for one in standing])
        raise click.UsageError(f"aucun constat « {name} »{near} (`millesime findings EXERCICE` en donne la liste)")
    return found[0]


@click.command()
@click.argument("code", shell_complete=complete_rules)
@on_home
def explain(session: Session, code: str) -> None:
    """Montrer la règle CODE, l’effet d’un manquement, et comment le corriger."""
    rules = session.catalogue.rules
    rule = rules.get(code.upper())
    if rule is None:
        raise click.UsageError(f"aucune règle « {code} »{suggestion(code.upper(), rules)}")
    echo(f"{rule.code} — {rule.titre}\n")
    echo(f"Effet      {rule.effet}")
    echo(f"Corriger   {rule.aide}")
    if rule.a_decider:
        echo("Décider    Sans décision, l’exercice ne peut pas être figé : millesime decide CONSTAT --because … --by …")
    refuse_lost(session.home)
    if session.home.ledger_file.exists():
        with session.ledger() as ledger:
            here = [one for one in gathered(session, ledger) if one.finding.code == rule.code]
        echo(f"\n{len(here)} constat{'s' * (len(here) != 1)} de cette règle dans {session.home.root.name}.")
        for one in here[:10]:
            echo(
                f"  {one.finding.id} {one.finding.exercice or 'tous exercices'} {one.finding.ou} ({one.state(now()[:10])})"
            )


@click.command()
@json_option
@click.option(
    "--head",
    type=(click.IntRange(0), str),
    metavar="ÉCRITURES TÊTE",
    help="Une tête imprimée par un rapport ou une version.",
)
@on_home
def verify(session: Session, form: str, head: tuple[int, str] | None) -> int:
    """Vérifier la chaîne du registre, et chaque fichier de l’archive, des lignes typées, de la publication et des
    versions.

    Avec --head, vérifier aussi que la chaîne contient encore ce qu’un rapport a imprimé : c’est le seul moyen de
    déceler un registre réécrit ou tronqué avec tout ce qui en dépend. Code de sortie 1 quand quelque chose est modifié,
    retiré, déplacé, ajouté ou coupé.
    """
    printed = Head(head[0], re.sub("[^0-9a-f]", "", head[1].lower())) if head else None  # a PDF breaks it into pieces
    if is_writing(session.home):
        raise Busy(f"une commande écrit dans {session.home.root} : recommencer quand elle aura fini")
    with session.ledger() as ledger:
        result = verified(session.home, ledger, printed)
    if form == "json":
        write_json(asdict(result), session.organisation)
    else:
        title("vérification", session.organisation)
        for what, count in result.checked.items():
            echo(f"  {count:>6} {what}")
        if result.published:
            after = result.head.entries - result.published.entries
            echo(f"  tête de la publication : {result.published.entries} {result.published.hash}")
            echo(f"  {after:>6} écriture{'s' * (after > 1)} depuis")
            echo(f"  tête du registre : {result.head.entries} {result.head.hash}")
        if result.sealed:
            echo(f"  tête imprimée : celle de {result.sealed}")
        for rule, count in result.removed.items():
            known = session.catalogue.rules.get(rule)
            why = known.titre.lower() if known else "aucune règle de ce nom"
            echo(f"  {count:>6} retrait{'s' * (count > 1)} par {rule} ({why})")
        for state, who in result.signed.items():
            echo(f"  {state} : signé par {who}")
        for entry in result.dated_back:
            echo(f"! {entry}")
        for problem in result.problems:
            echo(f"✗ {problem}")
        count = len(result.problems)
        echo(f"{count} anomalie{'s' * (count > 1)}." if count else "Rien n’a été modifié.")
    return BLOCKED if result.problems else DONE


@click.command()
@click.option("--dry-run", is_flag=True, help="Montrer ce qui serait retiré, sans rien retirer.")
@click.option(
    "--delivery", metavar="LIVRAISON", help="Retirer celle-ci sans attendre son terme (le début de son nom suffit)."
)
@click.option("--reason", metavar="TEXTE", help="Le motif, avec --delivery, gardé au registre.")
@click.option(
    "--by", metavar="NOM", help="Qui le demande : une personne déclarée dans organisation.yml. Sauf avec --dry-run."
)
@on_home
def purge(session: Session, delivery: str | None, reason: str | None, by: str | None, *, dry_run: bool) -> None:
    """Retirer de l’archive, de landing, des lignes typées, des publications précédentes et des journaux ce dont la
    durée de conservation est passée.

    Les lignes qui comptent sont gardées, pour recalculer les chiffres ; leurs pseudonymes sont remplacés par d’autres,
    tirés au sort, que rien ne relie à une personne. Le registre garde la trace de ce qui est retiré, de la règle
    appliquée, de la date et de qui l’a demandé. Voir docs/rgpd.md.
    """
    from pipelines.defs.history import forget, old_runs  # the other commands do without Dagster

    if (delivery is None) != (reason is None) or (delivery and dry_run):
        raise click.UsageError("--delivery va avec --reason, sans --dry-run")
    if by is None and not dry_run:
        raise click.UsageError("dire qui le demande : --by NOM")
    person = session.organisation.person(by).nom if by else ""
    with session.writing() as ledger:
        work, today = session.work(ledger), now()[:10]
        if delivery:
            done, runs = _removed_by_hand(work, delivery, Chosen(reason or "", person)), []
        else:
            done = overdue(work, today) if dry_run else purged(work, today, person)
            runs = old_runs(session.home, work.organisation.conservation.journaux, today)
        if not dry_run:
            forget(session.home, runs)
    for one in done:
        place = " ".join(str(part) for part in (one.export, one.exercice) if part)
        why = f"décidé : {one.chosen.reason}" if one.chosen else f"à garder jusqu’au {one.until}"
        echo(f"{one.rule} {place} {one.shown} ({why})".replace("  ", " "))
    if runs:
        echo(f"{LOGS} {len(runs)} exécution{'s' * (len(runs) > 1)} de Dagster")
    count = len(done) + len(runs)
    s = "s" * (count > 1)
    echo(f"{count} élément{s} {'à retirer' if dry_run else f'retiré{s}, à la demande de {person}'}.")
    if done and not dry_run and (kept := backed_up(session.home)):
        note(
            f"La sauvegarde du {day(kept)} tient encore ce qui est parti, jusqu’à la suivante : {session.command} backup DOSSIER"
        )
    if not dry_run and any(one.manifest for one in done):
        note(
            f"Des lignes sont généralisées. Pour reconstruire sans leurs anciens pseudonymes : {session.command} run EXERCICE"
        )


def _removed_by_hand(work: "Workspace", delivery: str, chosen: Chosen) -> "list[Overdue]":
    if not chosen.reason.strip():
        raise click.UsageError("--reason dit pourquoi")
    try:
        return purge_delivery(work, delivery, chosen, now()[:10])
    except LookupError as error:
        raise click.ClickException(str(error.args[0])) from None
