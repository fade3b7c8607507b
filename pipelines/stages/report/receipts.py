"""What came of the tables behind the report, and the sentence that an absence of rows then means.

Three cases are never said alike: « non reçu » (the organisation uses the system, and the export did not come), « non suivi »
(it does not use it: the block is left out) and « aucun » (everything came, and holds nothing), which alone is what a chapter's
``vide`` says. When some lines that came could not be counted, nothing is claimed either; nor when a tool does not give a field
that the rows need (« non fourni »).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pipelines import french
from pipelines.stages.report.tables import Publication

SOURCES = "rpt_sources"
UNFOLLOWED, PARTIAL = "non suivie", "partielle"
RECEIVED = ("reçue", PARTIAL)


@dataclass(frozen=True)
class Receipt:
    """The tables behind a table of ``rapport`` in one exercice, by label, as far as the organisation uses their systems.

    Rows that no export gives (``is_known`` false) are followed, and came.
    """

    exercice: int
    is_known: bool
    followed: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)
    ungiven: list[str] = field(
        default_factory=list
    )  # the fields that the rows need, and a table that came does not give

    @property
    def is_followed(self) -> bool:
        """False when the organisation uses none of their systems: nothing is said of it."""
        return not self.is_known or bool(self.followed)

    @property
    def code(self) -> str:
        """The code of a cell that no row gives."""
        if not self.is_followed:
            return "ns"
        return "m" if self.ungiven or (self.lacking and len(self.lacking) == len(self.followed)) else "—"

    @property
    def reserve(self) -> str | None:
        """Why nothing can be said of what no row tells; None when everything came."""
        if self.lacking:
            return f"Non reçu pour {self.exercice} : {french.enumeration(self.lacking)}."
        if self.ungiven:
            return f"Non fourni par l’outil pour {self.exercice} : {french.enumeration(self.ungiven)}."
        if self.partial:
            named = french.enumeration(self.partial)
            return f"Aucune ligne retenue pour {self.exercice}, mais des lignes reçues ont été refusées ou écartées : {named}."
        return None

    @property
    def note(self) -> str | None:
        """What a reader of rows that are there must know."""
        lacking = f"Non reçu pour {self.exercice}, absent d’ici : {french.enumeration(self.lacking)}."
        partial = f"Reçu en partie pour {self.exercice}, des lignes ou des mois manquent ici : {french.enumeration(self.partial)}."
        ungiven = f"Non fourni par l’outil pour {self.exercice}, absent d’ici : {french.enumeration(self.ungiven)}."
        said = [(lacking, self.lacking), (ungiven, self.ungiven), (partial, self.partial)]
        return " ".join(sentence for sentence, named in said if named) or None


@dataclass(frozen=True)
class Receipts:
    """The receipts of every table of ``rapport``."""

    states: Mapping[tuple[str, int], str]  # (system/table, exercice) → its state in ``rpt_sources``
    behind: Mapping[str, tuple[str, ...]]  # table of ``rapport`` → system/table
    labels: Mapping[str, str]  # system/table → what readers call it
    needed: Mapping[str, Sequence[Sequence[str]]] = field(
        default_factory=dict
    )  # table of ``rapport`` → fields, by group
    absent: Callable[[str, int], Mapping[str, str]] = (
        lambda source, exercice: {}
    )  # the fields that it leaves out → titles

    def of(self, table: str, exercice: int) -> Receipt:
        """What came for a table of ``rapport``."""
        sources = self.behind.get(table, ())
        states = {source: self.states.get((source, exercice), UNFOLLOWED) for source in sources}
        followed = {source: state for source, state in states.items() if state != UNFOLLOWED}

        def named(kept: Mapping[str, str]) -> list[str]:
            return list(dict.fromkeys(self.labels.get(source, source) for source in kept))

        return Receipt(
            exercice,
            bool(sources),
            named(followed),
            named({source: state for source, state in followed.items() if state not in RECEIVED}),
            named({source: state for source, state in followed.items() if state == PARTIAL}),
            [
                text
                for source, state in followed.items()
                if state in RECEIVED
                for text in self._ungiven(table, source, exercice)
            ],
        )

    def _ungiven(self, table: str, source: str, exercice: int) -> list[str]:
        absent = self.absent(source, exercice)
        groups = [group for group in self.needed.get(table, ()) if set(group) <= set(absent)]
        return [
            f"{' ou '.join(f'« {absent[name]} »' for name in group)} ({self.labels.get(source, source)})"
            for group in groups
        ]


def read_receipts(
    publication: Publication,
    behind: Mapping[str, tuple[str, ...]],
    labels: Mapping[str, str],
    needed: Mapping[str, Sequence[Sequence[str]]],
    absent: Callable[[str, int], Mapping[str, str]],
) -> Receipts:
    """The receipts of a publication, of the exercices up to the report's. Raises MissingTable."""
    rows = publication.rows(SOURCES, {}, [], exercices=10)
    return Receipts({(row["source"], row["exercice"]): row["statut"] for row in rows}, behind, labels, needed, absent)
