"""Takes one delivery through ingest → validate → accept: the only place where these stages meet.

``collect`` never raises for bad data: a refusal is an ``Outcome``, recorded in the ledger, and the previous good
delivery stays current.
"""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.shown_name import shown_names
from pipelines.catalogue.sources import ExportRef
from pipelines.failpoints import reached
from pipelines.ledger.closing import close_delivery, close_originals, refused_name
from pipelines.ledger.records import Manifest, Verdict
from pipelines.ledger.store import Ledger
from pipelines.ledger.workspace import Workspace
from pipelines.runs.arriving import Aside, arriving
from pipelines.runs.key import enter_key, key_of
from pipelines.runs.pending import stands
from pipelines.runs.suites import suite_of, verdict_name
from pipelines.stages.accept.decide import accept, refuse_known_bytes
from pipelines.stages.ingest.archived_lines import laid_out
from pipelines.stages.ingest.delivery import delivery_id, ingest
from pipelines.stages.ingest.landing import files_of, known_by
from pipelines.stages.validate.counts import control_totals, freshness, refused_share


@dataclass(frozen=True)
class Outcome:
    """What became of one export in one exercice."""

    key: str
    exercice: int
    status: str  # absent | arriving | accepted | unchanged | refused
    manifest: Manifest | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    refusal: DeliveryRefused | None = None
    aside: list[Aside] = field(default_factory=list)  # what is still arriving

    @property
    def refused(self) -> bool:
        """True when a file arrived but may not count."""
        return self.status == "refused"


def collect(work: Workspace, ref: ExportRef, exercice: int) -> Outcome:
    """Take in what landing holds for one export of one exercice, once it is all there."""
    if aside := arriving(work, ref, exercice):
        if stands(work, ref, exercice):  # what changed gave the same result
            return Outcome(ref.key, exercice, "unchanged", work.ledger.current()[ref.key, exercice].manifest)
        return Outcome(ref.key, exercice, "arriving", aside=aside)
    paths = files_of(work.home.landing, ref, exercice)
    return _take_in(work, ref, exercice, paths) if paths else Outcome(ref.key, exercice, "absent")


def read_again(work: Workspace) -> list[Outcome]:
    """Take in again, from its archived originals, every accepted delivery that today's declaration would read
    differently, or that is no longer whole in the lake.

    One whose originals are purged, or whose rows are generalised, stays as it is.
    """
    refs, generalised = {ref.key: ref for ref in work.registry.exports()}, work.ledger.generalised()
    key = enter_key(work)
    outcomes = []
    for (name, exercice), current in sorted(work.ledger.current().items()):
        manifest, ref = current.manifest, refs.get(name)
        if ref is None or manifest.delivery in generalised:
            continue
        is_whole = all((work.home.lake / path).exists() for path in manifest.lake_files())
        if is_whole and delivery_id(ref, exercice, manifest.files, key) == manifest.delivery:
            continue
        with tempfile.TemporaryDirectory(prefix="millesime-again-") as folder:
            if paths := laid_out(work.home, manifest, Path(folder)):
                outcomes.append(_take_in(work, ref, exercice, paths))
    return outcomes


def _take_in(work: Workspace, ref: ExportRef, exercice: int, paths: list[Path]) -> Outcome:
    ledger = work.ledger
    enter_key(work)
    if known := _generalised(ledger, ref, exercice, paths):
        return Outcome(ref.key, exercice, "unchanged", known)
    manifest: Manifest | None = None
    verdicts: list[Verdict] = []
    try:
        manifest, verdicts = judge_files(work, ref, exercice, paths)
        close_delivery(work.home, ledger, manifest)
        ledger.record_delivery(manifest)
        reached("ledger.delivery_recorded")
        for verdict in verdicts:
            ledger.record_verdict(verdict)
        reached("ledger.verdict_recorded")
        changed = accept(ledger, manifest, verdicts, work.rules, may_repeat=_may_repeat(ref))
    except DeliveryRefused as refusal:
        found = [(path.name, known_by(path)) for path in paths]
        names = shown_names(ref.export, found)
        files = [{"name": name, "sha256": sha256} for name, (_, sha256) in zip(names, found, strict=True)]
        delivery = manifest.delivery if manifest else None
        if manifest is None:
            close_originals(work.home, ledger, refused_name(files), [sha256 for _, sha256 in found])
        ledger.record_refusal(ref.key, exercice, files, refusal.as_dict(work.rules), delivery)
        return Outcome(ref.key, exercice, "refused", manifest, verdicts, refusal)
    return Outcome(ref.key, exercice, "accepted" if changed else "unchanged", manifest, verdicts)


def _generalised(ledger: Ledger, ref: ExportRef, exercice: int, paths: list[Path]) -> Manifest | None:
    """The current delivery, if its rows are generalised and these are the same files, which would bring its persons back."""
    current = ledger.current().get((ref.key, exercice))
    if current is None or current.manifest.delivery not in ledger.generalised():
        return None
    came = sorted(known_by(path) for path in paths)
    return current.manifest if came == sorted(file.sha256 for file in current.manifest.files) else None


def judge_files(work: Workspace, ref: ExportRef, exercice: int, paths: list[Path]) -> tuple[Manifest, list[Verdict]]:
    """Read and judge files without making them current (the ledger is only read). Raises DeliveryRefused."""
    key = key_of(work)
    manifest = ingest(work.home, ref, exercice, paths, key)
    if not _may_repeat(ref):
        refuse_known_bytes(work.ledger, manifest)
    return manifest, _verdicts(work, ref, manifest)


def _may_repeat(ref: ExportRef) -> bool:
    """True if the same bytes may come in another exercice, because a document says itself which exercice it belongs to."""
    return ref.export.may_repeat or ref.export.by_document


def _verdicts(work: Workspace, ref: ExportRef, manifest: Manifest) -> list[Verdict]:
    """One verdict per table; an existing verdict for the same rows, suite and previous counts is reused."""
    from pipelines.stages.validate.judge import judge  # Great Expectations takes seconds to import

    verdicts = []
    for table in ref.export.tables:
        counts, suite = manifest.tables[table.name], suite_of(work, ref, manifest, table)
        identity = verdict_name(manifest, table, suite)
        verdict = work.ledger.verdict(identity)
        if verdict is None:
            found = judge(work.home.lake / counts.parquet, suite)
            refused = [] if ref.export.by_document else [refused_share(counts)]
            results = [
                *found,
                *refused,
                *control_totals(table, counts, manifest.exercice),
                *freshness(counts, work.rules),
            ]
            verdict = Verdict(identity, manifest.delivery, table.name, suite.suite_id, results)
        verdicts.append(verdict)
    return verdicts
