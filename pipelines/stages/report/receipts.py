"""Says what came for the tables behind the report, and words what an absence of rows means.

Four cases must have distinct wordings: « non reçu » (the organisation uses the system, and the export did not come), « reçu
et refusé » (it came, and none of it counts), « non suivi » (the system is not used: the block is left out) and « aucun
» (everything came, and is empty), the only case in which a chapter's ``vide`` is printed. Nothing is claimed either
when something that came is incomplete or in doubt, or when a tool does not give a field that the rows need (« non fourni »).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines import french
from pipelines.stages.report.tables import Publication

SOURCES = "rpt_sources"
UNFOLLOWED, PARTIAL, REFUSED = "non suivie", "partielle", "refusée"
RECEIVED = ("reçue", PARTIAL)
DOUBT = "doute"
UNSAID = "non dit"  # the public edition does not say why
UNSURE = {DOUBT, UNSAID}
PARTIEL, UNCONFIRMED = "partiel", "à confirmer"
REASONS = {  # ``raisons`` of ``rpt_sources``, in words
    "lignes refusées": "des lignes reçues ont été refusées",
    "mois absent": "il manque un ou plusieurs mois",
    "document absent": "il manque un ou plusieurs documents",
    "incomplet": "une partie manque",
    UNSAID: "une partie manque ou est en doute",
    DOUBT: "un contrôle les met en doute",
}


@dataclass(frozen=True)
class Receipt:
    """The tables behind a table of ``rapport`` in one exercice, by label, as far as the organisation uses their systems.

    Rows that no export gives (``is_known`` false) count as followed and received.
    """

    exercice: int
    is_known: bool
    followed: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    partial: dict[str, list[str]] = field(default_factory=dict)  # why it is (``REASONS``) → what came in part
    # by label of a table that came, the fields that the rows need and it does not give
    ungiven: dict[str, list[str]] = field(default_factory=dict)
    hollow: frozenset[str] = frozenset()  # the printed columns that need a field which no received table gives
    is_bare: bool = False  # the rows themselves need such a field

    @property
    def is_followed(self) -> bool:
        """False when the organisation uses none of their systems, or none of those that are needed: nothing is said of it."""
        return not self.is_known or bool(self.followed)

    @property
    def is_whole(self) -> bool:
        """True when nothing that it needs is known to be missing."""
        return not (self.lacking or self.refused or self.partial or self.hollow)

    @property
    def code(self) -> str:
        """The code of a cell that no row gives."""
        if not self.is_followed:
            return "ns"
        absent = len(self.lacking) + len(self.refused)
        return "m" if self.ungiven or (absent and absent == len(self.followed)) else "—"

    @property
    def reserve(self) -> str | None:
        """Why an absence of rows proves nothing; None if everything came."""
        if self.lacking or self.refused:
            return " ".join(sentence.format(self.exercice) for sentence in self._absent(""))
        if self.ungiven:
            fields = [f"{one} ({label})" for label, named in self.ungiven.items() for one in named]
            return f"Non fourni par l’outil pour {self.exercice} : {french.enumeration(fields)}."
        if self.partial:
            said = " ; ".join(f"{REASONS[why]} ({french.enumeration(named)})" for why, named in self.partial.items())
            return f"Aucune ligne retenue pour {self.exercice}, ce qui ne prouve rien : {said}."
        return None

    @property
    def state(self) -> str | None:
        """What its rows are in one word, when they are not known to be whole: « partiel » or « à confirmer »."""
        if self.lacking or self.refused or set(self.partial) - UNSURE:
            return PARTIEL
        return UNCONFIRMED if self.partial else None

    @property
    def notes(self) -> list[str]:
        """What readers of the existing rows must know, each sentence with a place for the exercices."""
        said = self._absent(", absent d’ici")
        for label, fields in self.ungiven.items():
            named = french.enumeration(fields)
            said.append(f"Non fourni pour {{}} par {label}, et ce qui en dépend manque ici : {named}.")
        for why, labels in self.partial.items():
            state = UNCONFIRMED if why in UNSURE else "incomplètes"
            said.append(f"Données {state} pour {{}}, {REASONS[why]} : {french.enumeration(labels)}.")
        return said

    def _absent(self, here: str) -> list[str]:
        said = [f"Non reçu pour {{}}{here} : {french.enumeration(self.lacking)}."] if self.lacking else []
        if self.refused:
            fix = "à corriger, puis à déposer de nouveau"
            said.append(f"Reçu et refusé pour {{}}{here}, {fix} : {french.enumeration(self.refused)}.")
        return said


def note(receipts: Iterable[Receipt]) -> str | None:
    """The note for readers of the existing rows, for their exercices; None if everything came."""
    said: dict[str, list[str]] = {}  # a sentence → the exercices it is true of
    for one in receipts:
        for sentence in one.notes:
            said.setdefault(sentence, []).append(str(one.exercice))
    return " ".join(sentence.format(french.enumeration(years)) for sentence, years in said.items()) or None


@dataclass(frozen=True)
class Receipts:
    """The receipts of every table of ``rapport``."""

    states: Mapping[tuple[str, int], str]  # (system/table, exercice) → its state in ``rpt_sources``
    reasons: Mapping[tuple[str, int], Sequence[str]]  # the same → why it is partial
    absent: Mapping[tuple[str, int], Collection[str]]  # the same → the fields that it does not give
    behind: Mapping[str, tuple[str, ...]]  # table of ``rapport`` → system/table
    labels: Mapping[str, str]  # system/table → its name for readers
    needed: Mapping[str, Sequence[Sequence[str]]]  # table of ``rapport``, or ``table.column`` → fields, by group
    titles: Mapping[str, Mapping[str, str]]  # system/table → title of each of its fields
    required: Mapping[
        str, Sequence[Collection[str]]
    ]  # table of ``rapport`` → sets of tables: one of each must be followed

    def of(self, table: str, exercice: int, columns: Collection[str] = ()) -> Receipt:
        """The receipt of a table of ``rapport``, for the columns printed."""
        groups = [
            group for name in (table, *(f"{table}.{one}" for one in columns)) for group in self.needed.get(name, ())
        ]
        sources = self.behind.get(table, ())
        states = {source: self.states.get((source, exercice), UNFOLLOWED) for source in sources}
        followed = {source: state for source, state in states.items() if state != UNFOLLOWED}
        if not all(followed.keys() & set(group) for group in self.required.get(table, ())):
            followed = {}

        def named(kept: Mapping[str, str]) -> list[str]:
            return list(dict.fromkeys(self.labels.get(source, source) for source in kept))

        partial: dict[str, dict[str, None]] = {}
        for why in REASONS:
            for source, state in followed.items():
                if state == PARTIAL and why in self.reasons[source, exercice]:
                    partial.setdefault(why, {})[self.labels.get(source, source)] = None
        return Receipt(
            exercice,
            bool(sources),
            named(followed),
            named({source: state for source, state in followed.items() if state not in (*RECEIVED, REFUSED)}),
            named({source: state for source, state in followed.items() if state == REFUSED}),
            {why: [*labels] for why, labels in partial.items()},
            {
                self.labels.get(source, source): fields
                for source, state in followed.items()
                if state in RECEIVED and (fields := self._ungiven(groups, source, exercice))
            },
            frozenset(
                column
                for column in columns
                if any(
                    self._is_given_by_none(group, followed, exercice)
                    for group in self.needed.get(f"{table}.{column}", ())
                )
            ),
            any(self._is_given_by_none(group, followed, exercice) for group in self.needed.get(table, ())),
        )

    def followed(self, exercice: int) -> list[str]:
        """The names of the exports that the organisation follows in an exercice."""
        followed = [source for (source, year), state in self.states.items() if year == exercice and state != UNFOLLOWED]
        return [self.labels[source] for source in followed if source in self.labels]

    def _is_given_by_none(self, group: Sequence[str], followed: Mapping[str, str], exercice: int) -> bool:
        """True when none of the received tables that have a field of the group gives one."""
        able = [
            source
            for source, state in followed.items()
            if state in RECEIVED and self.titles.get(source, dict.fromkeys(group, "")).keys() & set(group)
        ]
        return bool(able) and all(set(group) <= set(self.absent.get((source, exercice), ())) for source in able)

    def _ungiven(self, groups: Iterable[Sequence[str]], source: str, exercice: int) -> list[str]:
        absent, titles = set(self.absent.get((source, exercice), ())), self.titles.get(source, {})
        lacking = dict.fromkeys(tuple(group) for group in groups if set(group) <= absent)
        return [" ou ".join(f"« {titles.get(name, name)} »" for name in group) for group in lacking]


def read_receipts(
    publication: Publication,
    behind: Mapping[str, tuple[str, ...]],
    labels: Mapping[str, str],
    needed: Mapping[str, Sequence[Sequence[str]]],
    titles: Mapping[str, Mapping[str, str]],
    required: Mapping[str, Sequence[Collection[str]]],
) -> Receipts:
    """The receipts of a publication, of the exercices up to the report's. Raises MissingTable."""
    rows = publication.rows(SOURCES, {}, [], exercices=10)
    states = {(row["source"], row["exercice"]): row["statut_collecte"] for row in rows}
    absent = {(row["source"], row["exercice"]): (row["champs_absents"] or "").split(", ") for row in rows}
    reasons = {(row["source"], row["exercice"]): (row.get("raisons") or UNSAID).split(", ") for row in rows}
    return Receipts(states, reasons, absent, behind, labels, needed, titles, required)
