"""Says which figures of a year are missing or partial, and why. The build computed these states; this finds the reasons.

Reasons are in French, as in the report's notes. The figures come from ``published``, the state of the exports from
``arrivals``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.catalogue.figures.load import Figures
from pipelines.catalogue.organisation import Application, Organisation
from pipelines.catalogue.sources import Registry
from pipelines.evidence.arrivals import Arrivals, ExportStatus
from pipelines.evidence.parquet import select
from pipelines.french import day
from pipelines.ledger.store import Ledger
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home

ABSENCES = "absences/absences"
APPLICATIONS = "application"  # the family whose members the organisation declares
FigureState = Literal["computed", "partial", "missing", "not built"]

NOT_APPLICABLE = "—"  # computed, and nothing is missing: a cell that the report leaves blank

NOT_BUILT = "pas encore construit"
BLANK = "sans objet : rien à compter, ou division par zéro"
# A value that the build found missing although nothing is.
UNEXPLAINED = {"m": "aucune ligne dans les données acceptées", "?": "une valeur inconnue parmi les lignes additionnées"}


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

    The organisation names its applications; the members of the other families are known to the warehouse alone, and are
    taken from the ``published`` codes.
    """
    codes: dict[str, str] = {}
    behind = {known: figures.declared_as(known) for known in sorted(published)}
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
            codes |= {known: code for known, declared_as in behind.items() if declared_as == code}
    return codes


def _in_use(application: Application, exercice: int) -> bool:
    return (application.debut or exercice) <= exercice <= (application.fin or exercice)


def sources_of(figures: Figures, code: str) -> list[tuple[str, ...]]:
    """The sources (``system/table``, ``*/shape``) behind a printed figure, each with its alternatives."""
    declared, member = figures.declaration_of(code)
    placeholder, sources = f"{{{declared.figure.family}}}", figures.sources(declared.figure.code)
    return [tuple(source.replace(placeholder, member or "") for source in alternatives) for alternatives in sources]


def figures_by_table(figures: Figures, organisation: Organisation, exercice: int) -> dict[str, set[str]]:
    """``system/table`` → the codes of the figures that rest on it; a family known to the warehouse alone counts as one."""
    needed: dict[str, set[str]] = {}
    families = [code for code, one in figures.by_code.items() if one.figure.family not in (None, APPLICATIONS)]
    for code in [*printed_codes(figures, organisation, exercice), *families]:
        for alternatives in sources_of(figures, code):
            declared = figures.declaration_of(code)[0].figure.code
            for table in (table for source in alternatives for table in figures.tables_of(source, declared)):
                needed.setdefault(table, set()).add(code)
    return needed


class Gaps:
    """Gives what each figure lacks: the build gives its state, in ``rapport.chiffres``, and this class the reasons.

    ``published`` holds the published rows of ``rapport.chiffres`` by code, or nothing when they no longer follow from
    what is accepted, so that nobody can tell yet. ``lacks`` holds the rows of ``rapport.rpt_manques`` for the exercice.
    """

    def __init__(
        self,
        figures: Figures,
        registry: Registry,
        *,
        exports: Mapping[str, ExportStatus],
        absences: Mapping[str, tuple[str, str]],
        published: Mapping[str, dict[str, Any]],
        lacks: Iterable[dict[str, Any]],
    ):
        self.figures, self.absences, self.published = figures, absences, published
        self.export_of_table = {
            f"{ref.system.system}/{table.name}": exports.get(ref.key)
            for ref in registry.exports()
            for table in ref.export.tables
        }
        self.lacks_by_figure: dict[str, list[dict[str, Any]]] = {}
        for row in lacks:
            self.lacks_by_figure.setdefault(row["code_chiffre"], []).append(row)

    def status(self, code: str) -> FigureStatus:
        """The state of one printed figure."""
        row = self.published.get(code)
        if row is None:
            return FigureStatus(code, "not built", None, [NOT_BUILT])
        mark = row["code_manquant"]
        if row["etat"] == "complet":
            return FigureStatus(code, "computed", mark, [BLANK] if mark == NOT_APPLICABLE else [])
        reasons = self._reasons(code)
        if row["etat"] == "partiel":
            return FigureStatus(code, "partial", mark, reasons)
        return FigureStatus(code, "missing", mark or "m", reasons or [UNEXPLAINED.get(mark, "valeur manquante")])

    def is_followed(self, code: str) -> bool:
        """False for a figure of a system that the organisation does not use, and that nobody printed or declared absent."""
        if code in self.absences or code in self.published:
            return True
        declared = self.figures.declaration_of(code)[0].figure.code
        for group in sources_of(self.figures, code):
            tables = (table for source in group for table in self.figures.tables_of(source, declared))
            if not any(self.export_of_table.get(table) for table in tables):
                return False
        return True

    def _reasons(self, code: str) -> list[str]:
        if code in self.absences:
            return [self.absences[code][1]]
        declared, member = self.figures.declaration_of(code)
        for operand in declared.figure.operandes.values():  # one that is missing for another reason than the sources
            name = operand.replace(f"{{{declared.figure.family}}}", member or "")
            if (row := self.published.get(name)) and row["code_manquant"] and not self.lacks_by_figure.get(name):
                return [f"dépend de {name} ({row['code_manquant']})"]
        lacking: dict[str, dict[str, list[str]]] = {}  # one reason for all the tables that are missing because of it
        for row in self.lacks_by_figure.get(code, []):
            pieces = lacking.setdefault(self._why(row), {}).setdefault(row["source"], [])
            pieces += [row["piece"]] if row["piece"] else []
        return [
            f"{', '.join(' '.join(filter(None, (source, ', '.join(pieces)))) for source, pieces in tables.items())} : {why}"
            for why, tables in lacking.items()
        ]

    def _why(self, row: dict[str, Any]) -> str:
        """Why an element is missing, as the build says; about a whole delivery, only the ledger knows what came since, and
        when it is due.
        """
        export = self.export_of_table.get(row["source"])
        if row["nature_morceau"] == "livraison" and row["nb_perdues"] is None and export:
            if export.state == "refused" and export.rule not in row["motif"]:
                return f"refusé depuis la construction ({export.rule})"
            if export.state == "waiting":
                return "déposé, pas encore collecté"
            if export.state in ("late", "awaited"):
                return f"{row['motif']}, attendu avant le {day(export.due)}"
        return row["motif"]


def arrivals_of(work: Workspace, exercice: int, *, today: str, landed: Mapping[str, frozenset[str]]) -> Arrivals:
    """What arrived for a year, and what is missing by ``today`` (ISO); ``landed``: see ``Arrivals``."""
    needed = figures_by_table(work.catalogue.figures, work.organisation, exercice)
    absences = declared_absences(work.home, work.ledger, exercice)
    return Arrivals(work.ledger, exercice, today=today, landed=landed, absences=absences, needed=needed)
