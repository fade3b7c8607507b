"""Freezes a year: refuses while something must be decided, writes the release, and publishes again so that it shows.

Like ``collect`` and ``replay``, a place where stages meet: ``millesime release`` and the job ``release`` of the web
interface do the same thing. The content of a release is the work of ``publish.release``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines.catalogue.organisation import Organisation, UnknownPerson
from pipelines.evidence.findings import stops_a_release
from pipelines.evidence.traced_rows import traced_columns
from pipelines.evidence.verify import verify
from pipelines.french import NO_BREAK, agreed, form
from pipelines.ledger.chain import Head
from pipelines.ledger.closing import unfinished_releases
from pipelines.ledger.frozen import last_release
from pipelines.ledger.records import Standing
from pipelines.ledger.store import now
from pipelines.ledger.workspace import Workspace
from pipelines.runs.build import build_whole
from pipelines.runs.findings import all_findings
from pipelines.runs.frozen import is_current
from pipelines.runs.publish import publish_warehouse
from pipelines.runs.state import facts
from pipelines.stages.publish.release import CannotRelease, Visas, sweep, write_release
from pipelines.stages.publish.secret.readings import typed_texts
from pipelines.stages.report.kept import forget


class Undecided(CannotRelease):
    """Some findings have no decision yet."""

    def __init__(self, exercice: int, findings: list[Standing]):
        self.findings = findings
        count = Decimal(len(findings))
        found, are = agreed("constats", count), form("est|sont", count)
        super().__init__(f"{count} {found} de {exercice} {are} sans décision, à corriger ou à décider")


class Anomalies(CannotRelease):
    """Something recorded or kept is not what it was."""

    def __init__(self, problems: list[str]):
        self.problems = problems
        several = "s" if len(problems) > 1 else ""
        super().__init__(
            f"{len(problems)} anomalie{several} de vérification{NO_BREAK}: rien n’est figé tant que `millesime verify` en trouve"
        )


class NotBuilt(CannotRelease):
    """The warehouse was not built from what is accepted now."""


@dataclass(frozen=True)
class Released:
    """A frozen year; ``former`` is the release it replaces; ``held`` says why it is not published yet; ``unread`` counts the texts
    that services typed and that nobody has read, whose lines are not public.
    """

    name: str
    fingerprint: str
    head: Head
    former: str | None
    held: str | None
    unread: int


def release_year(
    work: Workspace, exercice: int, visas: Visas, reason: str | None, say: Callable[[str], None] = lambda _: None
) -> Released:
    """Freeze ``exercice`` and publish again. Raises CannotRelease: nothing is written then.

    What takes no time is checked first; all that is kept is then verified before anything is made. The same request as
    that of a release which was recorded, and killed before it was published, finishes it.
    """
    visas = _declared(work.organisation, visas)
    former = last_release(work.home, work.ledger, exercice)
    if former and (row := _begun(work, former.name, visas, reason)):
        names = [one["release"] for one in work.ledger.all_rows("releases") if one["exercice"] == exercice]
        return _published(work, row, names[-2] if len(names) > 1 else None, say)
    if former and not reason:
        raise CannotRelease(f"{former.name} existe : dire pourquoi une autre version la remplace (--reason)")
    sweep(work.home, work.ledger, exercice)
    say("vérification de tout ce qui est gardé")
    if problems := verify(work.home, work.ledger).problems:
        raise Anomalies(problems)
    _refuse_what_is_open(work, exercice)
    if not any(year == exercice for _, year in work.ledger.current()):
        raise CannotRelease(f"rien n’a été reçu pour {exercice}{NO_BREAK}: il n’y a rien à figer")
    home, ledger = work.home, work.ledger
    say("écriture de la version")
    forget(home.cache)  # nothing of a frozen year is drawn from an existing cache
    build = _whole_build(work)
    said = facts(work, build, all_findings(work))
    write_release(work, exercice, said, visas, reason, traced_columns(work.catalogue))
    return _published(work, ledger.all_rows("releases")[-1], former.name if former else None, say)


def _begun(work: Workspace, release: str, visas: Visas, reason: str | None) -> dict[str, Any] | None:
    """The entry of a release that was asked for in these words and never published; None for any other."""
    return next(
        (
            row
            for row in unfinished_releases(work.home, work.ledger)
            if row["release"] == release and row["visas"] == visas.as_dict() and row["reason"] == reason
        ),
        None,
    )


def _published(work: Workspace, row: dict[str, Any], former: str | None, say: Callable[[str], None]) -> Released:
    """Publish, so that the audit tables name the release."""
    say("publication, et dessin du rapport")
    held = publish_warehouse(work).held
    head = work.ledger.head_at("releases", row["seq"])
    unread = sum(not one.is_read for one in typed_texts(work, row["exercice"]))
    return Released(row["release"], row["fingerprint"], head, former, str(held) if held else None, unread)


def _declared(organisation: Organisation, visas: Visas) -> Visas:
    """The visas, of three declared persons unless the organisation says why it has fewer. Raises CannotRelease."""
    said = (visas.prepared_by, visas.reviewed_by, visas.approved_by)
    try:
        prepared, reviewed, approved = (organisation.person(name).nom for name in said)
    except UnknownPerson as error:
        raise CannotRelease(str(error)) from None
    if len({prepared, reviewed, approved}) == len(said):
        return Visas(prepared, reviewed, approved)
    if organisation.cumul_des_visas is None:
        raise CannotRelease(
            "préparation, relecture et approbation sont le fait de trois personnes (une très petite organisation dit dans "
            "organisation.yml, cumul_des_visas, pourquoi elle ne les a pas)"
        )
    return Visas(prepared, reviewed, approved, organisation.cumul_des_visas)


def _refuse_what_is_open(work: Workspace, exercice: int) -> None:
    today = max(now(), work.ledger.latest())[:10]  # an expired acceptance stays expired even if the clock is set back
    standing = work.ledger.standing(all_findings(work))
    here = [s for s in standing if s.finding.exercice in (exercice, 0) and s.is_open(today)]
    stopping = [s for s in here if stops_a_release(s, work.rules)]
    if stopping:
        raise Undecided(exercice, stopping)


def _whole_build(work: Workspace) -> str:
    """The build to freeze, from the deliveries accepted now; a full build is made if the last one was incremental."""
    if not is_current(work):
        raise NotBuilt(
            "l’entrepôt ne correspond pas aux livraisons, aux décisions et au programme d’aujourd’hui : le construire d’abord"
        )
    warehouse = work.ledger.last_warehouse()
    if warehouse and not warehouse["is_whole"]:
        build_whole(work)
        publish_warehouse(work)
    last = work.ledger.last_build()
    assert last is not None, "what is current was built"
    return str(last["build"])
