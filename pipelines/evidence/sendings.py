"""The years whose report was not sent to each member: the duty of CGCT, art. L. 5211-39."""

from pipelines.french import day, enumeration, plain
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import Workspace

REMINDED, DUE = (
    "09-01",
    "09-30",
)  # of the year after: when a report that is not sent is a finding, and by when it is due
RULE, PLACE = "TRA-ENVOI", "transmission"


def unsent_findings(work: Workspace, today: str) -> list[Finding]:
    """One finding a year that something came for and that a member was not sent, from 1 September of the year after.

    They depend on the day: nothing of them is published, or is in what a version is made of.
    """
    rule = work.rules[RULE]
    if not rule.is_on or not work.organisation.collectivites:
        return []
    begun = {year for _, year in work.ledger.current()} | {row["exercice"] for row in work.ledger.all_rows("releases")}
    lacking = {year: _lacking(work, year) for year in sorted(begun)}
    return [
        Finding(
            rule.code,
            "alerte",
            year,
            PLACE,
            f"{rule.titre} : exercice {year}",
            f"un envoi à chaque collectivité, avant le {day(f'{year + 1}-{DUE}')}",
            f"aucun envoi enregistré{whom}",
            aide=rule.aide,
        )
        for year, whom in lacking.items()
        if whom is not None and today >= f"{year + 1}-{REMINDED}"
    ]


def _lacking(work: Workspace, year: int) -> str | None:
    """To whom nothing is entered, as a finding goes on; None where all were sent, of those who have a page in what was sent."""
    rows = [row for row in work.ledger.all_rows("sendings") if row["exercice"] == year]
    if not rows:
        return ""
    served = {code for row in rows for code in row["recipients"]}
    pages = {
        page.stem
        for row in rows
        for page in (work.home.releases / row["release"] / "report" / row["profile"] / "collectivites").glob("*.pdf")
    }
    left = [one.nom for one in work.organisation.collectivites if one.code not in served and plain(one.nom) in pages]
    return f" à {enumeration(left)}" if left else None
