"""Which figures of a year are missing or partial, and why, from what is accepted now.

Reasons are French, as the report's notes will print them. The values themselves come from ``published``;
the state of the exports from ``arrivals``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.catalogue.figures.load import Figures, said
from pipelines.catalogue.organisation import Application, Organisation
from pipelines.catalogue.registry import Registry
from pipelines.evidence.arrivals import ExportStatus
from pipelines.evidence.parquet import select
from pipelines.ledger.records import TableCounts
from pipelines.ledger.store import Ledger
from pipelines.settings import Home

ABSENCES = "absences/absences"
APPLICATIONS = "application"  # the family whose members the organisation declares
FigureState = Literal["computed", "partial", "missing"]

NOT_APPLICABLE = "—"  # computed, and nothing lacks: a cell that the report leaves blank

# A value that the build found missing although every source was accepted.
UNEXPLAINED = {
    "m": "aucune ligne dans les données acceptées",
    "?": "une valeur inconnue parmi les lignes additionnées",
}
# Lines that were accepted, and that the build could neither recognise nor place.
UNREADABLE = "lignes acceptées mais non reconnues (rapport.rpt_lignes_signalees)"


@dataclass(frozen=True)
class FigureStatus:
    """One figure of one exercice; ``mark`` is what is printed instead of a value."""

    code: str
    state: FigureState
    mark: str | None
    reasons: list[str]


def declared_absences(home: Home, ledger: Ledger, exercice: int) -> dict[str, tuple[str, str]]:
    """Figure code → (what is printed, reason), from the accepted declaration of absences."""
    current = ledger.current().get((ABSENCES, exercice))
    if current is None:
        return {}
    path = home.lake / current.manifest.tables["absences"].parquet
    rows = select(path, "select code, code_manquant, motif from {parquet} order by code")
    return {row["code"]: (row["code_manquant"], row["motif"] or "absence déclarée") for row in rows}


def printed_codes(
    figures: Figures, organisation: Organisation, exercice: int, published: Iterable[str] = ()
) -> dict[str, str]:
    """Printed code → declared code of every figure of the exercice, in order of declaration.

    The organisation names its applications; only the warehouse knows the members of the other families: they are
    those of the ``published`` codes.
    """
    codes: dict[str, str] = {}
    for code, declared in figures.by_code.items():
        if declared.figure.family is None:
            codes[code] = code
        elif declared.figure.family == APPLICATIONS:
            codes |= {
                code.replace(f"{{{APPLICATIONS}}}", application.code): code
                for application in organisation.applications
                if declared.figure.indicateur in application.indicateurs and _in_use(application, exercice)
            }
        else:
            codes |= {known: code for known in sorted(published) if _declared_as(figures, known) == code}
    return codes


def _declared_as(figures: Figures, code: str) -> str | None:
    try:
        return figures.declaration_of(code)[0].figure.code
    except KeyError:  # published under an older declaration
        return None


def _in_use(application: Application, exercice: int) -> bool:
    return (application.debut or exercice) <= exercice <= (application.fin or exercice)


def sources_of(figures: Figures, code: str) -> list[tuple[str, ...]]:
    """The sources (``system/table``, ``*/shape``) behind a printed figure, each with its alternatives."""
    declared, member = figures.declaration_of(code)
    placeholder = f"{{{declared.figure.family}}}"
    return [
        tuple(source.replace(placeholder, member or "") for source in alternatives)
        for alternatives in figures.sources(declared.figure.code)
    ]


def figures_by_table(figures: Figures, organisation: Organisation, exercice: int) -> dict[str, set[str]]:
    """``system/table`` → the codes of the figures that rest on it; a family that only the warehouse knows is one."""
    needed: dict[str, set[str]] = {}
    families = [
        code for code, declared in figures.by_code.items() if declared.figure.family not in (None, APPLICATIONS)
    ]
    for code in [*printed_codes(figures, organisation, exercice), *families]:
        for alternatives in sources_of(figures, code):
            for table in (table for source in alternatives for table in figures.tables_of(source)):
                needed.setdefault(table, set()).add(code)
    return needed


def accepted_tables(ledger: Ledger, exercice: int) -> dict[str, TableCounts]:
    """``system/table`` → the counts of the delivery that counts."""
    return {
        f"{current.manifest.system}/{name}": counts
        for (_, year), current in ledger.current().items()
        if year == exercice
        for name, counts in current.manifest.tables.items()
    }


class Gaps:
    """Says of each figure what it lacks.

    ``published`` holds the published rows of ``rapport.chiffres`` by code, or nothing when they no longer
    follow from what is accepted.
    """

    def __init__(
        self,
        figures: Figures,
        registry: Registry,
        *,
        accepted: Mapping[str, TableCounts],
        exports: Mapping[str, ExportStatus],
        absences: Mapping[str, tuple[str, str]],
        published: Mapping[str, dict[str, Any]],
    ):
        self.figures, self.accepted, self.absences, self.published = figures, accepted, absences, published
        self.export_of_table = {
            f"{ref.system.system}/{table.name}": exports.get(ref.key)
            for ref in registry.exports()
            for table in ref.export.tables
        }
        self._known: dict[str, FigureStatus] = {}

    def status(self, code: str) -> FigureStatus:
        """The state of one printed figure."""
        if code not in self._known:
            self._known[code] = self._status(code)
        return self._known[code]

    def is_followed(self, code: str) -> bool:
        """False for a figure of a system that the organisation does not use, and that nobody printed nor declared absent."""
        if code in self.absences or code in self.published:
            return True
        return all(
            any(source in self.accepted or self.export_of_table.get(source) for source in group)
            for group in sources_of(self.figures, code)
        )

    def _status(self, code: str) -> FigureStatus:
        if code in self.absences:
            mark, reason = self.absences[code]
            return FigureStatus(code, "missing", mark, [reason])
        sources = sources_of(self.figures, code)
        if lacking := [group for group in sources if not self._accepted(group)]:
            return FigureStatus(code, "missing", "m", self._why_lacking(lacking))
        if operand := self._missing_operand(code):
            return FigureStatus(code, "missing", operand.mark, [f"dépend de {operand.code} ({operand.mark})"])
        mark = self.published.get(code, {}).get("code_manquant")
        if mark == NOT_APPLICABLE:
            return FigureStatus(code, "computed", mark, ["sans objet : rien à compter, ou division par zéro"])
        if mark is not None:
            return FigureStatus(code, "missing", mark, [UNEXPLAINED.get(mark, "valeur manquante")])
        counts = {table: self.accepted[table] for group in sources for table in self._accepted(group)}
        partial = self._why_lacking([awaited for group in sources if (awaited := self._awaited(group))])
        partial += [_refused_lines(table, of.refusees) for table, of in counts.items() if of.refusees]
        if partial:
            return FigureStatus(code, "partial", None, partial)
        if self.published.get(code, {}).get("est_partiel"):
            return FigureStatus(code, "partial", None, [UNREADABLE])
        return FigureStatus(code, "computed", None, [])

    def _accepted(self, group: tuple[str, ...]) -> list[str]:
        """The tables of a source, or of its alternatives, that are accepted."""
        return [table for source in group for table in self.figures.tables_of(source) if table in self.accepted]

    def _awaited(self, group: tuple[str, ...]) -> tuple[str, ...]:
        """The tables of a shape that are expected beside those that came, when no alternative is whole."""
        awaited = {}
        for source in group:
            tables = self.figures.tables_of(source)
            lacking = [table for table in tables if table not in self.accepted and self._expects(table)]
            if len(lacking) < len(tables) and any(table in self.accepted for table in tables):
                awaited[source] = lacking
        return () if not all(awaited.values()) else tuple(table for tables in awaited.values() for table in tables)

    def _expects(self, table: str) -> bool:
        export = self.export_of_table.get(table)
        return export is not None and not export.optional

    def _missing_operand(self, code: str) -> FigureStatus | None:
        declared, member = self.figures.declaration_of(code)
        for operand in declared.figure.operandes.values():
            status = self.status(operand.replace(f"{{{declared.figure.family}}}", member or ""))
            if status.state == "missing":
                return status
        return None

    def _why_lacking(self, groups: list[tuple[str, ...]]) -> list[str]:
        """One reason for all the tables that lack for the same one; of alternatives, those due in the exercice."""
        tables: dict[str, list[str]] = {}
        for group in groups:
            named = [table for source in group for table in self.figures.tables_of(source)]
            for source in [table for table in named if self.export_of_table.get(table)] or map(said, group):
                tables.setdefault(self._why(self.export_of_table.get(source)), []).append(source)
        return [f"{', '.join(names)} : {why}" for why, names in tables.items()]

    def _why(self, export: ExportStatus | None) -> str:
        if export is None:
            return "non suivi : système non souscrit pour cet exercice"
        why = {
            "refused": f"livraison refusée ({export.rule})",
            "waiting": "déposé, pas encore collecté",
            "declared absent": "absence déclarée",
            "not sent": "non transmis",
        }
        return why.get(export.state, f"non reçu, attendu avant le {export.due}")


def _refused_lines(source: str, lines: int) -> str:
    plural = "s" if lines > 1 else ""
    return f"{source} : {lines} ligne{plural} refusée{plural}"
