"""Gathers the state of a year: its exports, its figures, its differences and its publication.

Reads the ledger, the lake and ``published/``; writes nothing. ``arrivals``, ``gaps`` and ``published`` find each part;
the command line shows it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.evidence.arrivals import Checks, ExportState, ExportStatus, Lines
from pipelines.evidence.gaps import FigureState, FigureStatus, Gaps, arrivals_of, printed_codes
from pipelines.evidence.published import (
    PublicationStatus,
    differences,
    publication_status,
    published_figures,
    published_lacks,
)
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import Workspace


@dataclass(frozen=True)
class YearStatus:
    """Everything that ``millesime status`` shows about one exercice."""

    exercice: int
    exports: list[ExportStatus]
    figures: list[FigureStatus]
    differences: list[Finding]
    publication: PublicationStatus | None

    def exports_in(self, *states: ExportState) -> list[ExportStatus]:
        """The exports in one of these states."""
        return [export for export in self.exports if export.state in states]

    def figures_in(self, *states: FigureState) -> list[FigureStatus]:
        """The figures in one of these states."""
        return [figure for figure in self.figures if figure.state in states]

    @property
    def lines(self) -> Lines:
        """The balance over the current deliveries."""
        return sum((export.lines for export in self.exports if export.lines), Lines())

    @property
    def checks(self) -> Checks:
        """The expectations of every export."""
        return sum((export.checks for export in self.exports), Checks())

    @property
    def blocking(self) -> bool:
        """True when a delivery is refused."""
        return bool(self.exports_in("refused"))

    @property
    def incomplete(self) -> bool:
        """True when an export that is due has neither arrived nor been declared absent."""
        return bool(self.exports_in("late"))


def year_status(work: Workspace, exercice: int, *, today: str, landed: Mapping[str, frozenset[str]]) -> YearStatus:
    """The state of ``exercice`` on ``today`` (ISO date); ``landed``: see ``Arrivals``."""
    home, ledger, organisation, figures = work.home, work.ledger, work.organisation, work.catalogue.figures
    arrivals = arrivals_of(work, exercice, today=today, landed=landed)
    exports = arrivals.exports(work.registry, organisation)
    publication = publication_status(ledger)
    follows = publication is not None and not publication.behind
    rows = published_figures(home, exercice) or [] if follows else []
    published = {row["code"]: row for row in rows}
    gaps = Gaps(
        figures,
        work.registry,
        exports={export.key: export for export in exports},
        absences=arrivals.absences,
        published=published,
        lacks=published_lacks(home, exercice) if follows else [],
    )
    codes = filter(gaps.is_followed, printed_codes(figures, organisation, exercice, published))
    statuses = [gaps.status(code) for code in codes]
    return YearStatus(exercice, exports, statuses, differences(ledger, exercice), publication)
