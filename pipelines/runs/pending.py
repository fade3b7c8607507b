"""Works out what a run has to do: whatever would come out the same is not collected, built or published again."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from pipelines import settings
from pipelines.catalogue.dbt.compose import compose
from pipelines.catalogue.fingerprint import engine_version
from pipelines.catalogue.needs import check_texts
from pipelines.catalogue.organisation import declaration_of
from pipelines.catalogue.shown_name import shown_names
from pipelines.catalogue.sources import ExportRef
from pipelines.disk import read_json, written_whole
from pipelines.evidence.verify import publication_problems
from pipelines.ledger.closing import unfinished_releases
from pipelines.ledger.lost_ledger import refuse_damaged
from pipelines.ledger.records import UNDRAWN, DeliveredFile
from pipelines.ledger.store import now
from pipelines.ledger.workspace import Workspace
from pipelines.runs.arriving import Aside, arriving, strays
from pipelines.runs.frozen import is_current
from pipelines.runs.key import enter_key, key_of
from pipelines.runs.state import prose_of
from pipelines.runs.suites import suite_of, verdict_name
from pipelines.runs.unclaimed import unclaimed
from pipelines.stages.ingest.delivery import delivery_id
from pipelines.stages.ingest.landing import files_of, known_by
from pipelines.stages.validate.failing_lines import refuse_wrong_sql

MARK = "published.json"  # in the cache: what the last publication was made from


@dataclass(frozen=True)
class Pending:
    """What is left: deliveries to take in, the exports that nothing came for, and whether everything would come out
    exactly as it is.

    ``aside``: what is still on its way; its exports are in none of the lists.
    """

    arrived: list[tuple[ExportRef, int]]
    absent: list[tuple[ExportRef, int]]
    is_nothing: bool
    aside: list[Aside] = field(default_factory=list)


def pending(work: Workspace, exercices: Collection[int], sources: Collection[str] | None) -> Pending:
    """What a run has to do in ``work``, for these ``exercices`` and, if given, these ``sources`` (names of systems).

    Raises DeclarationError when the catalogue is wrong, KeyRefused when the key is, LedgerLost when the ledger is
    damaged; nothing is read then.
    """
    refuse_damaged(work.home)
    enter_key(work)
    compose(work.catalogue, work.home)
    refuse_wrong_texts(work, exercices)
    made_from = _made_from(work)
    if (made_from.get("moteur"), made_from.get("catalogue")) != (engine_version(), work.catalogue.fingerprint):
        refuse_wrong_sql(work.catalogue)
    refs = [ref for ref in work.registry.exports() if work.organisation.subscribes(ref.system.system)]
    refs = [ref for ref in refs if not sources or ref.system.system in sources]
    refs.sort(key=lambda ref: f"{ref.system.system}__{ref.export.name}")  # the order of the steps
    arrived: list[tuple[ExportRef, int]] = []
    absent: list[tuple[ExportRef, int]] = []
    aside: list[Aside] = []
    for ref, year in ((ref, year) for ref in refs for year in sorted(exercices) if ref.system.covers(year)):
        there = bool(files_of(work.home.landing, ref, year))
        standing = there and stands(work, ref, year)
        if coming := arriving(work, ref, year, stands=standing):
            aside += coming
        elif not standing:
            (arrived if there else absent).append((ref, year))
    aside += [one for year in sorted(exercices) for one in strays(work, year, sources)]
    is_nothing = not arrived and is_current(work) and is_published(work)
    return Pending(arrived, absent, is_nothing, aside)


def refuse_wrong_texts(work: Workspace, exercices: Collection[int]) -> None:
    """Raise DeclarationError, with file and line, when the prose of these exercices, or of the one whose report a
    publication prints, refers to something missing. That of a frozen one stays as it was printed.
    """
    frozen = {row["exercice"] for row in work.ledger.all_rows("releases")}
    years = {*exercices} - frozen | {max((year for _, year in work.ledger.current()), default=0)}
    folders = [work.home.contenu / str(year) for year in sorted(years)]
    check_texts(work.catalogue, (path for folder in folders for path in sorted(folder.rglob("*.md"))))


def stands(work: Workspace, ref: ExportRef, exercice: int) -> bool:
    """True if landing holds the current delivery, byte for byte, and it was read and checked as it would be today."""
    current = work.ledger.current().get((ref.key, exercice))
    if current is None or work.ledger.last_refusal(ref.key, exercice):
        return False
    manifest, paths = current.manifest, files_of(work.home.landing, ref, exercice)
    found = [(path.name, known_by(path)) for path in paths]
    files = [
        DeliveredFile(name, sha256, path.stat().st_size)
        for name, (_, sha256), path in zip(shown_names(ref.export, found), found, paths, strict=True)
    ]
    if files != manifest.files or delivery_id(ref, exercice, files, key_of(work)) != manifest.delivery:
        return False
    kept = [work.home.archive / file.sha256 for file in files]
    kept += [work.home.lake / path for path in manifest.lake_files()]
    if not all(path.exists() for path in kept):
        return False
    today = [verdict_name(manifest, table, suite_of(work, ref, manifest, table)) for table in ref.export.tables]
    verdicts = map(work.ledger.verdict, current.verdicts)
    # a delivery that fails a check counts only with a decision, which may have expired
    return today == current.verdicts and all(verdict and verdict.accepted for verdict in verdicts)


def is_published(work: Workspace) -> bool:
    """True when the publication is there whole with its report, and was made from today's inputs; what is on a server is
    not checked."""
    if settings.publication_server() or unfinished_releases(work.home, work.ledger):
        return False
    last = work.ledger.last_publication()
    if last and any(one.code == UNDRAWN for one in work.ledger.findings_of(last["publication"])):
        return False
    if publication_problems(work.home, work.ledger):
        return False
    pages = (work.home.audit / str(year) / "etat.html" for year in work.organisation.years)
    return _made_from(work) == publication_inputs(work) and all(page.exists() for page in pages)


def note_published(work: Workspace) -> None:
    """Remember the inputs of the publication just made."""
    work.home.cache.mkdir(parents=True, exist_ok=True)
    with written_whole(work.home.cache / MARK) as file:
        json.dump(publication_inputs(work), file)


def publication_inputs(work: Workspace) -> dict[str, Any]:
    """Everything, besides the warehouse, that a publication and the audit pages depend on."""
    head = work.ledger.settled_head()
    return {
        "moteur": engine_version(),
        "catalogue": work.catalogue.fingerprint,
        "organisation": declaration_of(work.home),
        "registre": [head.entries, head.hash],
        "contenu": prose_of(work.home),
        "boite": [[one.exercice, one.fichier] for one in unclaimed(work)],
        "jour": now()[:10],  # the audit pages show what is late
    }


def _made_from(work: Workspace) -> dict[str, Any]:
    try:
        return read_json(work.home.cache / MARK)
    except (OSError, ValueError):
        return {}
