"""Reads what is published now: the figures of ``published/``, and how far it lags behind what is accepted.

It opens Parquet files only, never the warehouse: a reader must not lock what the pipeline writes.
"""

from dataclasses import dataclass, field
from typing import Any

from pipelines.evidence.parquet import select
from pipelines.french import NO_BREAK
from pipelines.ledger.records import Finding
from pipelines.ledger.store import Ledger
from pipelines.settings import Home

SHOWN = 6  # exports that are named, when many were accepted since


@dataclass(frozen=True)
class PublicationStatus:
    """The last publication, and what was accepted since (``system/export exercice``)."""

    publication: str
    build: str
    published_at: str
    behind: list[str]
    failed_build: list[str]  # models and tests that stopped a build made after this publication
    held: bool = False  # a later build exists, and is not published
    frozen: list[int] = field(default_factory=list)  # the exercices whose frozen figures it would change

    @property
    def lag(self) -> str | None:
        """How the home is ahead of what is published, in French; None when it is not."""
        if self.failed_build:
            return f"la dernière construction a échoué : {', '.join(self.failed_build)}"
        if self.frozen:
            years = ", ".join(map(str, self.frozen))
            return (
                f"la dernière construction n’est pas publiée{NO_BREAK}: elle changerait des chiffres figés de {years}"
            )
        if self.behind:
            others = len(self.behind) - SHOWN
            more = f" et {others} autre{'s' * (others > 1)}" if others > 0 else ""
            return f"ce qui est publié est en retard sur ce qui est accepté : {', '.join(self.behind[:SHOWN])}{more}"
        return "la dernière construction n’est pas publiée" if self.held else None


def published_figures(home: Home, exercice: int) -> list[dict[str, Any]] | None:
    """The rows of ``rapport.chiffres`` for one exercice, by code; None when nothing is published."""
    path = home.published / "rapport" / "chiffres.parquet"
    if not path.exists():
        return None
    return select(path, f"select * from {{parquet}} where exercice = {int(exercice)} order by code")


def published_lacks(home: Home, exercice: int) -> list[dict[str, Any]]:
    """The rows of ``rapport.rpt_manques`` that take something away in one exercice; none when nothing is published."""
    path = home.published / "rapport" / "rpt_manques.parquet"
    query = f"select * from {{parquet}} where exercice = {int(exercice)} order by all"
    rows = select(path, query) if path.exists() else []
    return [row for row in rows if row["effet"] != "rien"]


def publication_status(ledger: Ledger) -> PublicationStatus | None:
    """How the last publication compares with the accepted deliveries; None if there is no publication."""
    last = ledger.last_publication()
    if last is None:
        return None
    build = ledger.build(last["build"])
    made_of = set(build["deliveries"]) if build else set()
    deliveries = {place: one.manifest.delivery for place, one in ledger.current().items()}
    current = set(deliveries.values())
    behind = [f"{key} {exercice}" for (key, exercice), one in sorted(deliveries.items()) if one not in made_of]
    newest = ledger.last_build()
    held = bool(newest and newest["succeeded"] and newest["build"] != last["build"])
    frozen: list[int] = []
    if newest and held and current <= set(newest["deliveries"]):  # otherwise another run would help
        frozen = sorted({one.exercice for one in ledger.findings_of(newest["build"]) if one.code == "REL-ECART"})
    moment, failed = last["published_at"], failed_build(ledger)
    return PublicationStatus(last["publication"], last["build"], moment, behind, failed, held, frozen)


def failed_build(ledger: Ledger) -> list[str]:
    """What stopped the last build; empty when it succeeded or when nothing was built."""
    build = ledger.last_build()
    if build is None or build["succeeded"]:
        return []
    return [finding.ou for finding in ledger.findings_of(build["build"])] or ["dbt ne s’est pas exécuté"]


def differences(ledger: Ledger, exercice: int) -> list[Finding]:
    """The published figures that differ from the recomputed ones, as the published build found them."""
    last = ledger.last_publication()
    findings = ledger.findings_of(last["build"]) if last else []
    return [finding for finding in findings if finding.code == "PUB-ECART" and finding.exercice == exercice]
