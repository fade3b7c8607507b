"""One delivery through ingest → validate → accept: the only place where these stages meet.

``collect`` never raises for bad data: what was refused is an ``Outcome``, recorded in the ledger, and the former good
delivery stays current.
"""

from dataclasses import dataclass, field
from pathlib import Path

from pipelines import settings
from pipelines.stages.accept.decide import accept, refuse_known_bytes
from pipelines.disk import sha256_of
from pipelines.failpoints import reached
from pipelines.stages.ingest.ahead import read_already
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.ingest.landing import files_of
from pipelines.stages.ingest.pseudonym import load_key
from pipelines.ledger.records import Manifest, Verdict
from pipelines.ledger.store import Ledger
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.settings import Home
from pipelines.catalogue.registry import ExportRef, fingerprint


@dataclass(frozen=True)
class Outcome:
    """What became of one export of one exercice."""

    key: str
    exercice: int
    status: str  # absent | accepted | unchanged | refused
    manifest: Manifest | None = None
    verdicts: list[Verdict] = field(default_factory=list)
    refusal: DeliveryRefused | None = None

    @property
    def refused(self) -> bool:
        """True when a file arrived and may not count."""
        return self.status == "refused"


def collect(home: Home, ledger: Ledger, ref: ExportRef, exercice: int) -> Outcome:
    """Take in what lies in landing for one export of one exercice."""
    paths = files_of(home.landing, ref, exercice)
    if not paths:
        return Outcome(ref.key, exercice, "absent")
    manifest, verdicts = None, []
    try:
        manifest, verdicts = judge_files(home, ledger, ref, exercice, paths)
        ledger.record_delivery(manifest)
        reached("ledger.delivery_recorded")
        for verdict in verdicts:
            ledger.record_verdict(verdict)
        reached("ledger.verdict_recorded")
        changed = accept(ledger, manifest, verdicts, may_repeat=ref.export.may_repeat)
    except DeliveryRefused as refusal:
        _record(ledger, ref, exercice, paths, refusal, manifest)
        return Outcome(ref.key, exercice, "refused", manifest, verdicts, refusal)
    return Outcome(ref.key, exercice, "accepted" if changed else "unchanged", manifest, verdicts)


def judge_files(
    home: Home, ledger: Ledger, ref: ExportRef, exercice: int, paths: list[Path]
) -> tuple[Manifest, list[Verdict]]:
    """Read and judge files without making them current (the ledger is only read). Raises DeliveryRefused."""
    key = load_key(settings.key_file(home))
    read_already(ref, exercice)
    manifest = ingest(home, ref, exercice, paths, key)
    if not ref.export.may_repeat:
        refuse_known_bytes(ledger, manifest)
    return manifest, _verdicts(home, ledger, ref, manifest)


def _verdicts(home: Home, ledger: Ledger, ref: ExportRef, manifest: Manifest) -> list[Verdict]:
    """One verdict a table; one that stands already for the same rows, suite and former counts is taken as it is."""
    from pipelines.stages.validate.suite import compile_suite

    former = ledger.current().get((ref.key, manifest.exercice - 1))
    verdicts = []
    for table in ref.export.tables:
        counts = manifest.tables[table.name]
        before = former.manifest.tables.get(table.name) if former else None
        suite = compile_suite(
            ref.system.system,
            table,
            previous_rows=before.acceptees if before else None,
            exercice=manifest.exercice,
        )
        identity = fingerprint([manifest.delivery, table.name, suite.suite_id])[:32]
        verdict = ledger.verdict(identity)
        if verdict is None:
            from pipelines.stages.validate.freshness import freshness
            from pipelines.stages.validate.judge import judge
            from pipelines.stages.validate.losses import refused_share
            from pipelines.stages.validate.totals import control_totals

            judged = judge(home.lake / counts.parquet, suite)
            results = [*judged, refused_share(counts), *control_totals(table, counts), *freshness(counts)]
            verdict = Verdict(identity, manifest.delivery, table.name, suite.suite_id, results)
        verdicts.append(verdict)
    return verdicts


def _record(
    ledger: Ledger,
    ref: ExportRef,
    exercice: int,
    paths: list[Path],
    refusal: DeliveryRefused,
    manifest: Manifest | None,
) -> None:
    files = [{"name": path.name, "sha256": sha256_of(path)} for path in paths]
    ledger.record_refusal(ref.key, exercice, files, refusal, manifest.delivery if manifest else None)
