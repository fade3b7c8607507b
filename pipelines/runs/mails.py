"""Decides which mails are sent, to whom and when: refusals to owners, reminders around the due date of an export, a
weekly digest during the season, failures.

Each says what happened and what to do. They contain only titles, rules and counts: never a cell, never the name of a
file.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pipelines.disk import json_lines, read_json, written_whole
from pipelines.evidence.arrivals import ExportState, ExportStatus
from pipelines.evidence.findings import blockers, of_year
from pipelines.evidence.gaps import arrivals_of
from pipelines.evidence.health import health
from pipelines.french import NO_BREAK, day, form, quantity
from pipelines.ledger.store import now
from pipelines.ledger.workspace import Workspace
from pipelines.locking import one_at_a_time
from pipelines.runs.arriving import landed
from pipelines.runs.findings import all_findings, findings_of_the_day
from pipelines.runs.smtp import Mail, send
from pipelines.settings import Home, Post

BEFORE, EVERY = 14, 7  # days: a reminder goes out so long before, the day after, then at that interval
STATES: dict[ExportState, str] = {"received": "reçus", "refused": "refusés", "awaited": "attendus", "late": "en retard"}
LAST_MONTH = 9  # of the window: the report reaches the mayors before 30 September (CGCT, art. L5211-39)


def send_due(work: Workspace, post: Post, today: str) -> list[Mail]:
    """Send what is due on ``today`` (ISO) and was not sent yet; return it. Raises NotSent: the rest is sent another time."""
    done: list[Mail] = []
    with one_at_a_time(work.home.work / "mails"):
        send_each(work.home, post, due(work, post, today), done)
    return done


def send_each(home: Home, post: Post, mails: list[Mail], done: list[Mail]) -> None:
    """Send mails, and enter each in ``mailed.json`` once it has left. Raises NotSent."""

    def sent(mail: Mail) -> None:
        done.append(mail)
        with written_whole(home.mailed) as file:
            file.write(json_lines({**_mailed(home), **dict.fromkeys(mail.names, now())}))

    if mails:
        send(post, mails, sent)


def _mailed(home: Home) -> dict[str, str]:
    return read_json(home.mailed) if home.mailed.exists() else {}


def due(work: Workspace, post: Post, today: str) -> list[Mail]:
    """The mails of ``today`` that have not been sent."""
    known = _mailed(work.home)
    return [*_refusals(work, post, known), *_window(work, post, dt.date.fromisoformat(today), known)]


def failure_mail(work: Workspace, post: Post, job: str, run: str, steps: list[str]) -> Mail:
    """The mail that a run of the orchestrator failed; ``steps`` are names of its steps, which contain nothing of a file."""
    failed = "\n".join(f"  - {step}" for step in steps) or "  - aucune étape n’a commencé"
    body = f"""Le travail « {job} » a échoué. La publication précédente reste en place.

Étapes en échec :
{failed}

Que faire :
  1. millesime status EXERCICE, puis millesime findings EXERCICE : un export refusé y est expliqué, et son propriétaire est prévenu.
  2. Sinon, l’interface web montre l’erreur de l’exécution {run}.
  3. Une fois la cause levée, millesime run EXERCICE achève ce qui reste à faire.
"""
    return _mail(work, (f"echec/{run}",), post.operators, f"échec du travail « {job} »", body)


def _mail(work: Workspace, names: tuple[str, ...], to: tuple[str, ...], subject: str, body: str) -> Mail:
    organisation = work.organisation
    mention = "\nDémonstration : tout est inventé.\n" if organisation.demonstration else ""
    reply = "Message automatique : une réponse parvient à la personne chargée des données.\n"
    head = work.ledger.head()  # whoever keeps it notices a ledger that was cut off or written anew (docs/auditor.md)
    signed = f"\n--\nMillésime, rapport d’activité {organisation.du_sigle}. {reply}Tête du registre{NO_BREAK}: {head.entries} {head.hash}\n"
    return Mail(names, to, f"[{organisation.sigle}] {subject}", f"Bonjour,\n\n{body}{mention}{signed}")


def _to(work: Workspace, post: Post, owner: str) -> tuple[tuple[str, ...], str]:
    """The address of an owner; without one, that of the operators, with a note that says so."""
    if owner in work.organisation.contacts:
        return (work.organisation.contacts[owner],), ""
    return post.operators, f"(À transmettre à « {owner} », dont organisation.yml, contacts, n’a pas l’adresse.)\n\n"


# refusals ------------------------------------------------------------


def _refusals(work: Workspace, post: Post, known: dict[str, str]) -> Iterator[Mail]:
    for exercice in work.organisation.years:
        for ref in work.exports(exercice):
            refusal = work.ledger.last_refusal(ref.key, exercice)
            if refusal and (name := f"refus/{refusal['refusal']}") not in known:
                to, before = _to(work, post, ref.owner)
                received = day(refusal["refused_at"])
                body = f"""{before}L’export « {ref.export.title} » ({ref.key}) de l’exercice {exercice}, reçu le {received}, est refusé.
La livraison précédente, s’il y en a une, reste celle qui compte.

Pourquoi, et comment corriger :
{_reasons(work, refusal)}

Que faire : corriger l’export dans l’outil, puis le déposer de nouveau à la même place.
Le détail, ligne à ligne : millesime rejects {exercice}.
"""
                yield _mail(work, (name,), to, f"export refusé : {ref.export.title} {exercice}", body)


def _reasons(work: Workspace, refusal: dict[str, Any]) -> str:
    """The rule that refuses, or the checks that do; nothing of what was received."""
    checks = work.ledger.verdicts_of(refusal["delivery"]) if refusal["delivery"] else []
    failed = [(one.reason, one.fix) for verdict in checks for one in verdict.results if one.blocks]
    rule = refusal["rule"]
    line = f" (ligne {rule['ligne']})" if rule["ligne"] else ""
    said = failed or [(f"{rule['code']}, {rule['titre']}{line}", rule["aide"])]
    return "\n".join(f"  - {reason}\n    {fix}" for reason, fix in said)


# the window ------------------------------------------------------------


def _window(work: Workspace, post: Post, today: dt.date, known: dict[str, str]) -> Iterator[Mail]:
    """The reminders and the digest for last year's exercice, from January to September."""
    exercice = today.year - 1
    if today.month > LAST_MONTH or exercice not in work.organisation.years:
        return
    arrivals = arrivals_of(work, exercice, today=today.isoformat(), landed=landed(work, exercice))
    exports = arrivals.exports(work.registry, work.organisation)
    yield from _reminders(work, post, exports, exercice, today, known)
    year, week, _ = today.isocalendar()
    if (name := f"bilan/{year}-W{week:02}") not in known:
        yield _digest(work, post, exports, exercice, today, name)


def _reminders(
    work: Workspace, post: Post, exports: list[ExportStatus], exercice: int, today: dt.date, known: dict[str, str]
) -> Iterator[Mail]:
    """One mail per owner, with everything there is to say today."""
    of_owner: dict[str, dict[str, ExportStatus]] = defaultdict(dict)
    for one in exports:
        if (name := _reminder(one, exercice, today)) and name not in known:
            of_owner[one.owner][name] = one
    for owner, named in of_owner.items():
        to, before = _to(work, post, owner)
        late = any(one.state == "late" for one in named.values())
        listed = "\n".join(
            f"  - {one.title} ({one.key}) : {'était' if one.state == 'late' else 'est'} attendu avant le {day(one.due)}"
            for one in named.values()
        )
        count = quantity(Decimal(len(named)), 0, "exports")
        body = f"""{before}Pour le rapport de l’exercice {exercice}, il manque encore :

{listed}

Que faire : déposer chaque export dans landing/{exercice}/<système>/, ou le remettre à la personne chargée des données.
S’il ne doit pas y en avoir, le signaler : l’absence est alors déclarée, et le rapport l’imprime.
"""
        subject = f"{'en retard' if late else 'rappel'} : {count} de {exercice}"
        yield _mail(work, tuple(named), to, subject, body)


def _reminder(one: ExportStatus, exercice: int, today: dt.date) -> str | None:
    """The key of the reminder that is to be sent today for an export; None when there is none."""
    left = (dt.date.fromisoformat(one.due) - today).days
    if one.state == "awaited" and left <= BEFORE:
        return f"rappel/{one.key}/{exercice}/avant"
    return f"rappel/{one.key}/{exercice}/apres/{(-left - 1) // EVERY}" if one.state == "late" else None


def _digest(work: Workspace, post: Post, exports: list[ExportStatus], exercice: int, today: dt.date, name: str) -> Mail:
    """The state of the year; it gathers every finding, once a week and not at each look."""
    found = [*all_findings(work), *findings_of_the_day(work, today.isoformat())]
    standing = of_year(work.ledger.standing(found), work.registry, exercice, today.isoformat())
    stops = [one for one in blockers(standing, today.isoformat()) if one.code != "COL-MANQUANT"]
    sound = health(work.home, work.ledger)
    states = Counter(one.state for one in exports)
    told = ", ".join(quantity(Decimal(states[state]), 0, said) for state, said in STATES.items())
    missing = [one for one in exports if one.state == "late"]
    late = "".join(f"\n    - {one.title} : {one.owner}, attendu avant le {day(one.due)}" for one in missing)
    old = [one for one in standing if one.finding.code.startswith(("CONS-", "SAUV-"))]
    kept = "".join(f"\n  {one.finding.message} : {one.finding.recu}" for one in old)
    moment = sound.published_at
    published = day(dt.datetime.fromtimestamp(moment, dt.UTC).isoformat()) if moment else "jamais"
    behind = f"{sound.behind}{NO_BREAK}{form('livraison acceptée|livraisons acceptées', Decimal(sound.behind))}"
    body = f"""L’exercice {exercice} au {day(today.isoformat())} :

  Exports : sur {len(exports)}, {told}{late}
  Constats qui empêchent de figer l’exercice : {len(stops)}
  Dernière construction : {"réussie" if sound.build_succeeded else "en échec" if sound.built_at else "aucune"}
  Publié le : {published}{f", {behind} depuis" if sound.behind else ""}
  Place libre sur le disque : {sound.free // 10**9} Go{kept}

Que faire : millesime status {exercice} donne le détail ; millesime findings {exercice} montre ce qui est à décider.
"""
    return _mail(work, (name,), post.operators, f"bilan de la semaine, exercice {exercice}", body)
