"""The years whose report was not sent to each member: the duty of CGCT, art. L. 5211-39."""

from pipelines.french import day, enumeration, plain
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import Workspace

REMINDED, DUE = "09-01", "09-30"  # of the year after: when an unsent report becomes a finding, and by when it is due
RULE, PLACE = "TRA-ENVOI", "transmission"


def unsent_findings(work: Workspace, today: str) -> list[Finding]:
    """One finding, from 1 September of the year after, per year that something came for and that some member was not sent.

    They depend on the day: none of them is published, or part of what a version is made from.
    """
    rule = work.rules[RULE]
    if not rule.is_on or not work.organisation.collectivites:
        return []
    begun = {year for _, year in work.ledger.current()} | {row["exercice"] for row in work.ledger.all_rows("releases")}
    found = []
    for year in sorted(begun):
        if today >= f"{year + 1}-{REMINDED}" and (whom := _lacking(work, year)) is not None:
            expected = f"un envoi à chaque collectivité, avant le {day(f'{year + 1}-{DUE}')}"
            came = f"aucun envoi enregistré{whom}"
            found.append(Finding.of(rule, year, PLACE, f"exercice {year}", expected, came))
    return found


def _lacking(work: Workspace, year: int) -> str | None:
    """The members with no sending entered, as the end of a finding; None when all were sent.

    Where the report has a page for each member, those without one joined later.
    """
    rows = [row for row in work.ledger.all_rows("sendings") if row["exercice"] == year]
    if not rows:
        return ""
    served = {code for row in rows for code in row["recipients"]}
    reports = [work.home.releases / row["release"] / "report" / row["profile"] for row in rows]
    pages = {page.stem for report in reports for page in report.glob("collectivites/*.pdf")}
    unserved = [one.nom for one in work.organisation.collectivites if one.code not in served]
    left = [name for name in unserved if not pages or plain(name) in pages]
    return f" à {enumeration(left)}" if left else None
