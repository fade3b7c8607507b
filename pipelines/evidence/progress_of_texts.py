"""The state of each text of a year (written, reviewed, validated). A statement in the ledger holds only for the same bytes."""

from dataclasses import dataclass

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
    last = {row["text"]: row for row in ledger.all_rows("texts") if row["exercice"] == exercice}
    said = {(row["text"], row["sha256"]): row for row in last.values()}
    folder = home.contenu / str(exercice)
    found = []
    for path in sorted(folder.rglob("*.md")) if folder.is_dir() else []:
        if not path.is_file():  # a pipe, which would never end, or a lost link: a run refuses it
            continue
        name, sha256 = path.relative_to(folder).as_posix(), sha256_of(path)
        row = said.get((name, sha256))
        of = (row["state"], row["stated_by"], row["stated_at"]) if row else ()
        found.append(TextState(exercice, name, sha256, *of))
    return found


def unvalidated(work: Workspace) -> list[Finding]:
    """One finding for each text that the report of its year prints and that nobody has validated in its present form."""
    rule, found = work.rules[RULE], []
    for exercice in work.organisation.years:
        for one in text_states(work.home, work.ledger, exercice):
            where, key = f"contenu/{exercice}/{one.text}", f"{one.text} {one.sha256[:12]}"
            came = f"{one.state} par {one.by}" if one.by else one.state
            said = {"severity": "information", "cle": key}
            if one.state != VALIDATED:
                found.append(Finding.of(rule, exercice, "contenu", where, VALIDATED, came, **said))
    return found
