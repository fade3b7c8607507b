"""The years whose report no member was sent: the duty of CGCT, art. L. 5211-39."""

from pipelines.french import day
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import Workspace

REMINDED, DUE = (
    "09-01",
    "09-30",
)  # of the year after: when a report that is not sent is a finding, and by when it is due
RULE, PLACE = "TRA-ENVOI", "transmission"


def unsent_findings(work: Workspace, today: str) -> list[Finding]:
    """One finding a year that something came for and that no member was sent, from 1 September of the year after.

    They depend on the day: nothing of them is published, or is in what a version is made of.
    """
    rule = work.rules[RULE]
    if not rule.is_on or not work.organisation.collectivites:
        return []
    begun = {year for _, year in work.ledger.current()} | {row["exercice"] for row in work.ledger.all_rows("releases")}
    sent = {row["exercice"] for row in work.ledger.all_rows("sendings")}
    return [
        Finding(
            rule.code,
            "alerte",
            year,
            PLACE,
            f"{rule.titre} : exercice {year}",
            f"un envoi à chaque collectivité, avant le {day(f'{year + 1}-{DUE}')}",
            "aucun envoi enregistré",
            aide=rule.aide,
        )
        for year in sorted(begun - sent)
        if today >= f"{year + 1}-{REMINDED}"
    ]
