"""What became of each expected export of a year: received, refused, waiting, declared absent, late, awaited.

It reads the ledger; the caller supplies the date and the contents of landing. ``gaps`` finds which figures are affected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pipelines.catalogue.organisation import Organisation
from pipelines.catalogue.sources import ExportRef, Registry
from pipelines.french import day
from pipelines.ledger.records import CheckResult, Manifest, Verdict
from pipelines.ledger.store import Current, Ledger

ExportState = Literal["received", "refused", "waiting", "declared absent", "late", "awaited", "not sent"]


BALANCE, DUE, COLLECTION = "bilan", "echeance", "collecte"  # keys and type of the controls of the collection itself


@dataclass(frozen=True)
class Checks:
    """How many checks passed, warned and failed (a check that broke fails)."""

    passed: int = 0
    warned: int = 0
    failed: int = 0

    def __add__(self, other: "Checks") -> "Checks":
        return Checks(self.passed + other.passed, self.warned + other.warned, self.failed + other.failed)


@dataclass(frozen=True)
class Lines:
    """The balance of what was read: ``lues`` = the sum of the other three."""

    lues: int = 0
    acceptees: int = 0
    refusees: int = 0
    ignorees: int = 0

    def __add__(self, other: "Lines") -> "Lines":
        kept = (self.acceptees + other.acceptees, self.refusees + other.refusees, self.ignorees + other.ignorees)
        return Lines(self.lues + other.lues, *kept)


@dataclass(frozen=True)
class ExportStatus:
    """One export of one exercice.

    ``files``, ``accepted_at`` and ``lines`` belong to the current delivery, which stays when a newer one is refused;
    ``checks`` belong to the delivery that ``state`` is about.
    """

    key: str
    title: str
    owner: str
    due: str
    optional: bool
    state: ExportState
    files: list[str] = field(default_factory=list)
    accepted_at: str | None = None
    lines: Lines | None = None
    checks: Checks = Checks()
    reason: str | None = None  # why it is refused or absent, in French
    rule: str | None = None  # code of the rule that refused it

    @property
    def counts(self) -> bool:
        """True if the figures include a delivery of this export."""
        return self.accepted_at is not None


class Arrivals:
    """Reads the state of the exports of one exercice.

    ``landed`` maps ``system/export`` to the SHA-256 of its files in landing; ``absences`` are the declared
    ones (code → mark, reason); ``needed`` gives the figures that rest on each table (``system/table``).
    """

    def __init__(
        self,
        ledger: Ledger,
        exercice: int,
        *,
        today: str,
        landed: Mapping[str, frozenset[str]],
        absences: Mapping[str, tuple[str, str]],
        needed: Mapping[str, set[str]],
    ):
        self.ledger, self.exercice, self.today = ledger, exercice, today
        self.landed, self.absences, self.needed = landed, absences, needed
        self.current = {key: value for (key, year), value in ledger.current().items() if year == exercice}
        self._standing: dict[str, dict | None] = {}
        self.refusals = [row for row in ledger.all_rows("refusals") if row["exercice"] == exercice]

    def exports(self, registry: Registry, organisation: Organisation) -> list[ExportStatus]:
        """Every export that the organisation expects, in order of declaration."""
        return [self.export(ref) for ref in organisation.exports(registry, self.exercice)]

    def export(self, ref: ExportRef) -> ExportStatus:
        """The state of one export."""
        current = self.current.get(ref.key)
        refusal = self.standing_refusal(ref)
        state, reason = self._state(ref, current, refusal)
        own = [one for results in self.own_checks(ref, state).values() for one in results]
        tables = current.manifest.tables.values() if current else ()
        lines = sum((Lines(t.lues, t.acceptees, t.refusees, t.ignorees) for t in tables), Lines())
        return ExportStatus(
            key=ref.key,
            title=ref.export.title,
            owner=ref.owner,
            due=ref.due(self.exercice),
            optional=ref.export.optional,
            state=state,
            files=[file.name for file in current.manifest.files] if current else [],
            accepted_at=current.accepted_at if current else None,
            lines=lines if current else None,
            checks=count_checks(self.verdicts(ref), own),
            reason=reason,
            rule=refusal["rule"]["code"] if refusal else None,
        )

    def _state(self, ref: ExportRef, current: Current | None, refusal: dict | None) -> tuple[ExportState, str | None]:
        if refusal:
            rule = refusal["rule"]
            where = ":".join(str(rule[k]) for k in ("fichier", "ligne", "colonne") if rule.get(k) not in (None, ""))
            return "refused", f"{where} {rule['code']} {rule['titre']}".strip()
        landed = self.landed.get(ref.key)
        if landed and not (current and _bytes_of(current.manifest) == landed):
            return "waiting", None
        return ("received", None) if current else self._absent(ref)

    def own_checks(self, ref: ExportRef, state: ExportState) -> dict[str, list[CheckResult]]:
        """The checks of the collection itself: the balance of the lines of each table and, on the first table, the due date.

        Nothing is expected of an export that nobody has to send, or that may still come.
        """
        current = self.current.get(ref.key)
        tables = current.manifest.tables if current else {}
        found: dict[str, list[CheckResult]] = {table.name: [] for table in ref.export.tables}
        for name in found.keys() & tables.keys():
            counts, reason = tables[name], "Lignes lues = acceptées + refusées + ignorées."
            balanced = counts.lues == counts.acceptees + counts.refusees + counts.ignorees
            said = f"{counts.lues} = {counts.acceptees} + {counts.refusees} + {counts.ignorees}"
            found[name] = [CheckResult(BALANCE, COLLECTION, None, "critical", balanced, said, None, reason, "")]
        if state not in ("not sent", "awaited", "declared absent"):
            said = "reçu" if current else "reçu et refusé" if state == "refused" else "non reçu"
            reason = f"L’export est reçu, attendu avant le {day(ref.due(self.exercice))}."
            due = CheckResult(DUE, COLLECTION, None, "warning", current is not None, said, None, reason, "")
            found[ref.export.tables[0].name].append(due)
        return found

    def verdicts(self, ref: ExportRef) -> list[Verdict]:
        """The verdicts of the refused delivery if it could be read, otherwise those of the current one."""
        current = self.current.get(ref.key)
        if refusal := self.standing_refusal(ref):
            return self.ledger.verdicts_of(refusal["delivery"]) if refusal["delivery"] else []
        return [v for v in map(self.ledger.verdict, current.verdicts) if v] if current else []

    def standing_refusal(self, ref: ExportRef) -> dict | None:
        """The refusal of the files now in landing if there are any, otherwise the last one."""
        if ref.key not in self._standing:
            self._standing[ref.key] = self._standing_refusal(ref)
        return self._standing[ref.key]

    def _standing_refusal(self, ref: ExportRef) -> dict | None:
        current = self.current.get(ref.key)
        last = self.ledger.last_refusal(ref.key, self.exercice)
        landed = self.landed.get(ref.key)
        if not landed or (last and _refused_bytes(last) == landed):
            return last
        if current and _bytes_of(current.manifest) == landed:
            return None
        same = [row for row in self.refusals if f"{row['system']}/{row['export']}" == ref.key]
        return next((row for row in reversed(same) if _refused_bytes(row) == landed), None)

    def _absent(self, ref: ExportRef) -> tuple[ExportState, str | None]:
        """An export without a delivery is declared absent when every figure that needs it is."""
        tables = [f"{ref.system.system}/{table.name}" for table in ref.export.tables]
        codes = set().union(*(self.needed.get(table, set()) for table in tables))
        if codes and codes <= self.absences.keys():
            return "declared absent", " ; ".join(dict.fromkeys(self.absences[code][1] for code in sorted(codes)))
        if ref.export.optional:
            return "not sent", None
        due = ref.due(self.exercice)
        return "late" if due < self.today else "awaited", f"attendu avant le {day(due)}"


def _bytes_of(manifest: Manifest) -> frozenset[str]:
    return frozenset(file.sha256 for file in manifest.files)


def _refused_bytes(refusal: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(file["sha256"] for file in refusal["files"])


def count_checks(verdicts: list[Verdict], own: Sequence[CheckResult] = ()) -> Checks:
    """How the expectations of these verdicts came out, and the collection's ``own`` checks."""
    results = [*(result for verdict in verdicts for result in verdict.results), *own]
    passed = sum(result.success is True for result in results)
    failed = sum(result.blocks for result in results)
    return Checks(passed, len(results) - passed - failed, failed)
