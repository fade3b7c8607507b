"""The state of each text of a year (written, reviewed, validated). A statement in the ledger holds only for the same bytes."""

from dataclasses import dataclass

from pipelines.catalogue.rules import Rules
from pipelines.disk import sha256_of
from pipelines.ledger.records import Finding
from pipelines.ledger.store import Ledger
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home

RULE = "RAP-TEXTE"
WRITTEN, READ_OVER, VALIDATED = "rédigé", "relu", "validé"
STATES = (WRITTEN, READ_OVER, VALIDATED)


@dataclass(frozen=True)
class TextState:
    """A text of ``contenu/<exercice>``, its SHA-256, and how far it is; ``by`` and ``at`` are None when nobody has said."""

    exercice: int
    text: str
    sha256: str
    state: str = WRITTEN
    by: str | None = None
    at: str | None = None


def text_states(home: Home, ledger: Ledger, exercice: int) -> list[TextState]:
    """The written texts of a year; one that has changed since a statement about it is « rédigé » again."""
    said = {(row["text"], row["sha256"]): row for row in _last(ledger, exercice)}
    folder = home.contenu / str(exercice)
    found = []
    for path in sorted(folder.rglob("*.md")) if folder.is_dir() else []:
        name, sha256 = path.relative_to(folder).as_posix(), sha256_of(path)
        row = said.get((name, sha256))
        of = (row["state"], row["stated_by"], row["stated_at"]) if row else ()
        found.append(TextState(exercice, name, sha256, *of))
    return found


def _last(ledger: Ledger, exercice: int) -> list[dict]:
    """The last statement on each text."""
    rows = [row for row in ledger.all_rows("texts") if row["exercice"] == exercice]
    return list({row["text"]: row for row in rows}.values())


def unvalidated(work: Workspace) -> list[Finding]:
    """One finding for each text that the report of its year prints and that nobody has validated in its present form."""
    years = work.organisation.years
    states = [one for exercice in years for one in text_states(work.home, work.ledger, exercice)]
    return [_finding(one, work.rules) for one in states if one.state != VALIDATED]


def _finding(one: TextState, rules: Rules) -> Finding:
    rule = rules[RULE]
    where = f"contenu/{one.exercice}/{one.text}"
    return Finding(
        RULE,
        "information",
        one.exercice,
        "contenu",
        f"{rule.titre} : {where}",
        VALIDATED,
        f"{one.state} par {one.by}" if one.by else one.state,
        aide=rule.aide,
        cle=f"{one.text} {one.sha256[:12]}",
    )
