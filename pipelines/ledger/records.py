"""Data classes that the stages exchange and the ledger stores: manifest, verdict, finding.

No behaviour, no I/O, and never a cell value of a table that has personal columns.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from pipelines.catalogue.rules import Rule

CONTROL_TOTAL = "total_de_controle"  # type of the results that compare an announced total with ours
UNDECLARED = "undeclared"  # kind of a total that nothing declares
ACROSS = "across"  # kind of the totals of a column that holds the sum of each line
FRESHNESS = "fraicheur"  # type of the results that say whether rows reach the end of their exercice


@dataclass(frozen=True)
class DeliveredFile:
    """One original: its name in landing, the SHA-256 of its bytes, its size in bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True)
class TableCounts:
    """The counts of one table after ingest: read = accepted + refused + ignored."""

    lues: int
    acceptees: int
    refusees: int
    ignorees: int
    parquet: str  # path inside the lake
    parquet_sha256: str
    # {kind, column, fichier, feuille, ligne, annonce, recalcule, ok}; with
    # ``intitule``, that of the column, when the field is read under several; of sums of lines, the first that differs, and
    # ``justes``, ``comparees``: how many lines agree, of how many
    totals: list[dict[str, Any]] = field(default_factory=list)
    # suffix of a file beside ``parquet`` (its refused, its ignored lines) → SHA-256
    compagnons: dict[str, str] = field(default_factory=dict, compare=False)
    # days from the last dated row to the end of the exercice; None when the rows cannot show whether they reach it
    jours_sans_ligne: int | None = field(default=None, compare=False)
    # field → accepted lines of the files without its column
    sans_champ: dict[str, int] = field(default_factory=dict, compare=False)
    # field → fingerprint of how it was read (``ExportRef.readings``)
    lectures: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def lacking(self) -> list[str]:
        """The fields whose column is in none of the files that gave a line; empty when no file gave one."""
        return [name for name, lines in self.sans_champ.items() if lines and lines == self.acceptees]


@dataclass(frozen=True)
class Unread:
    """Something that no table of the export reads (a sheet, an archive member, or elements), and its number of
    non-empty lines."""

    fichier: str
    feuille: str | None
    lignes: int
    cachee: bool = False  # a hidden sheet
    ecartee: bool = False  # the declaration says that nobody needs it
    element: str | None = None  # path of XML elements that are beside the records


@dataclass(frozen=True)
class Manifest:
    """One delivery: its identity, its originals, its tables."""

    delivery: str
    system: str
    export: str
    exercice: int
    files: list[DeliveredFile]
    tables: dict[str, TableCounts]
    non_lus: list[Unread] = field(default_factory=list, compare=False)
    # text file (or member of an archive) → its last line ends with a line break
    fins: dict[str, bool] = field(default_factory=dict, compare=False)

    @property
    def export_key(self) -> str:
        """``<system>/<export>``."""
        return f"{self.system}/{self.export}"

    @property
    def lake_manifest(self) -> str:
        """Path inside the lake of the manifest itself."""
        return f"{self.system}/{self.export}.{self.exercice}.{self.delivery}.json"

    def original(self, fichier: str) -> DeliveredFile:
        """The file that a row's ``_fichier`` (a file, or an archive and its member) comes from; KeyError when there is none."""
        return {file.name: file for file in self.files}[fichier.partition("/")[0]]

    def lake_files(self) -> dict[str, str]:
        """Path inside the lake → SHA-256: the rows of every table, and the files beside them."""
        found = {}
        for counts in self.tables.values():
            found[counts.parquet] = counts.parquet_sha256
            for ending, sha256 in counts.compagnons.items():
                found[PurePosixPath(counts.parquet).with_suffix(ending).as_posix()] = sha256
        return found

    def as_dict(self) -> dict[str, Any]:
        """The manifest as JSON data."""
        return asdict(self)

    def as_json(self) -> str:
        """What is in the lake."""
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=1, sort_keys=True)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Manifest":
        """The inverse of ``as_dict``."""
        return cls(
            **{k: data[k] for k in ("delivery", "system", "export", "exercice")},
            files=[DeliveredFile(**f) for f in data["files"]],
            tables={name: TableCounts(**t) for name, t in data["tables"].items()},
            non_lus=[Unread(**one) for one in data["non_lus"]],
            fins=data["fins"],
        )


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one expectation. ``success`` is None when the check itself broke."""

    key: str
    type: str
    column: str | None
    severity: str
    success: bool | None
    observed: str | None
    unexpected: int | None
    reason: str
    fix: str
    error: str | None = None
    effet: str = "rien"  # what a failure takes away from the figures of the table: see ``Finding``
    # of a check of one line: the file, or the sheet of it, that the line is in
    fichier: str | None = None
    ligne: int | None = None

    @property
    def blocks(self) -> bool:
        """A critical expectation that failed, or any check that could not run."""
        return self.success is None or (not self.success and self.severity == "critical")

    @property
    def code(self) -> str:
        """The rule (``pipelines.catalogue.rules``) broken by an unsuccessful result."""
        if self.success is None:
            return "ATT-ERREUR"
        if self.severity == "critical":
            return "ATT-CRITIQUE"
        return {CONTROL_TOTAL: "TOTAL", FRESHNESS: "COL-PERIME"}.get(self.type, "ATT-ALERTE")


@dataclass(frozen=True)
class Verdict:
    """The judgement of one table of one delivery by one suite."""

    id: str
    delivery: str
    table: str
    suite: str
    results: list[CheckResult]

    @property
    def accepted(self) -> bool:
        """True when nothing blocks."""
        return not any(result.blocks for result in self.results)


@dataclass(frozen=True)
class Finding:
    """Something to know or decide, in French, with its place, what was expected and how to fix it.

    ``cle`` distinguishes two findings of one rule at one place: the key of a check, a column of the file. ``effet`` is what
    it takes away from the figures that use the input it is about: ``rien``, ``réserve`` (nobody knows how much), ``manque``.
    ``empreinte`` changes with anything that it says: a decision on it holds for these words alone.
    """

    code: str
    severity: str  # bloquant | alerte | information
    exercice: int
    ou: str  # system/table, figure code or model
    message: str
    attendu: str = ""
    recu: str | None = None
    ecart: str | None = None
    aide: str = ""
    fichier: str | None = None
    ligne: int | None = None
    cle: str | None = None
    effet: str = "rien"
    empreinte: str | None = None

    @classmethod
    def of(
        cls, rule: Rule, exercice: int, ou: str, about: str, attendu: str = "", recu: str | None = None, **more: Any
    ) -> "Finding":
        """What a rule says about something, with its title and its help: an alert, unless ``more`` says otherwise."""
        severity = more.pop("severity", "alerte")
        return cls(rule.code, severity, exercice, ou, f"{rule.titre} : {about}", attendu, recu, aide=rule.aide, **more)

    @property
    def id(self) -> str:
        """The identifier of the finding for as long as it lasts, whatever its values become: 12 hex digits."""
        place = [self.code, self.exercice, self.ou, self.fichier, self.ligne, self.cle]
        return hashlib.sha256(json.dumps(place, ensure_ascii=False).encode()).hexdigest()[:12]

    @property
    def is_of_a_publication(self) -> bool:
        """True for what a publication finds about itself and enters along with itself: the next one makes its own findings."""
        return self.code.startswith(("SEC-", "RAP-"))


UNDRAWN = "RAP-ECHEC"  # the rule of a report that a publication could not draw
ORIGINAL = "CONS-ORIGINAL"  # the rule by which an original goes once its retention is over


@dataclass(frozen=True)
class Removal:
    """What was removed: by a rule, ``kept_until`` a day that has passed, or by hand for a ``reason``.

    ``subject`` is the SHA-256 of a file, a delivery, a publication or a run; ``files`` are the SHA-256 of what was kept of it.
    ``successor`` is the delivery that has its rows since then, generalised.
    """

    rule: str
    subject: str
    export: str | None = None
    exercice: int | None = None
    files: list[str] = field(default_factory=list)
    successor: str | None = None
    kept_until: str | None = None
    reason: str | None = None
    removed_by: str | None = None


class Reading(NamedTuple):
    """A text that somebody read and approved: the SHA-256 of its content, and its place. ``exercice`` is 0 in a table without years."""

    sha256: str
    table: str
    column: str
    exercice: int


ACCEPTED, WHOLE, WITHDRAWN = "accepted", "whole", "withdrawn"
SETTLED = ("accepté", "rien ne manque", "perte admise")  # the states of a finding that somebody accepted


@dataclass(frozen=True)
class Decision:
    """A decision about a finding, with a ``reason``: ``whole``, nothing is missing and the figures are whole; ``accepted``, what
    it says is known and accepted, and they stay partial; ``withdrawn``, neither holds any more.
    """

    finding: str
    choice: str
    reason: str
    decided_by: str
    decided_at: str
    until: str | None = None  # ISO date, the last day on which it holds
    ecart: str | None = None  # the difference it was decided on: it does not apply to another one
    empreinte: str | None = None  # nor to other words

    def holds(self, today: str) -> bool:
        """True when the finding is accepted on ``today`` (ISO date)."""
        return self.choice != WITHDRAWN and (self.until is None or today <= self.until)


@dataclass(frozen=True)
class Standing:
    """A current finding, since when it has been seen, and the last decision on it."""

    finding: Finding
    since: str | None  # UTC; None when no build or collection has recorded it yet
    decision: Decision | None = None

    def is_open(self, today: str) -> bool:
        """True when no decision accepts it on ``today``, or the finding has changed since."""
        if self.decision is None or not self.decision.holds(today):
            return True
        if self.decision.empreinte:
            return self.decision.empreinte != self.finding.empreinte
        return self.decision.ecart != self.finding.ecart

    def state(self, today: str) -> str:
        """``ouvert``, ``rien ne manque``, ``perte admise`` (``accepté`` when it takes nothing away), ``décision expirée``
        (its day has passed) or ``décision caduque`` (the finding has changed)."""
        if self.decision is None or self.decision.choice == WITHDRAWN:
            return "ouvert"
        if self.is_open(today):
            return "décision caduque" if self.decision.holds(today) else "décision expirée"
        if self.decision.choice == WHOLE:
            return SETTLED[1]
        return SETTLED[0] if self.finding.effet == "rien" else SETTLED[2]
