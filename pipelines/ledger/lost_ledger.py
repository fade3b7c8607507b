"""Checks that the ledger file is the home's own and complete, before any row is read and without loading SQLAlchemy.

The program never silently recreates a ledger or uses another home's. It refuses a file that is missing or empty while the
home still has what the ledger recorded, a file that is not a database, and a ledger that does not contain the head printed
in the publication. ``chain`` detects altered entries.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from pipelines.french import NO_BREAK, how_many
from pipelines.ledger.chain import CHAIN, Head, check
from pipelines.ledger.state import LEDGER, read_state
from pipelines.ledger.unsound import Unsound
from pipelines.settings import Home

# Errors that prove nothing about the file: it is busy, or out of reach.
ELSEWHERE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_INTERRUPT,
}


class LedgerLost(Unsound):
    """The ledger is gone, damaged, or belongs to another home; the message says how to restore it."""

    def __init__(self, home: Home, what: str):
        copy = home.published / LEDGER
        restore = (
            f"remettre la copie de la dernière publication (cp {copy} {home.ledger_file})"
            if copy.is_file()
            else f"en remettre une sauvegarde, ou la copie d’une publication (builds/*/{LEDGER})"
        )
        super().__init__(
            f"le registre ({home.ledger_file}) {what}{NO_BREAK}: {restore}, puis lancer `millesime verify` "
            "(docs/auditor.md, « Restaurer le registre »)"
        )


def refuse_lost(home: Home) -> None:
    """Raise LedgerLost unless the home's ledger is there and contains what is published, or the home never had one."""
    file = home.ledger_file
    if not file.exists():
        if _has_lived(home):
            raise LedgerLost(home, "a disparu")
        return
    with _opened(home) as db:
        if db.execute("pragma quick_check(1)").fetchone() != ("ok",):
            raise LedgerLost(home, "est abîmé")
        tables = {name for (name,) in db.execute("select name from sqlite_master where type = 'table'")}
        begun = CHAIN not in tables or db.execute(f"select 1 from {CHAIN} limit 1").fetchone()
        if (not tables and _has_lived(home)) or (not begun and home.published.exists()):
            raise LedgerLost(home, "est vide")
        head = _published_head(home)
        if not head or not head.entries:
            return
        hash_at = f"select hash from {CHAIN} where seq = ?"
        kept = db.execute(hash_at, (head.entries,)).fetchone() if CHAIN in tables else None
        if kept != (head.hash,):
            lacking = f"il n’a pas l’écriture {head.entries}, {head.hash[:16]}…"
            raise LedgerLost(home, f"n’est pas celui de la publication{NO_BREAK}: {lacking}")


def refuse_damaged(home: Home) -> None:
    """Raise LedgerLost when an entry was altered, removed, moved or added. Reads all of them."""
    refuse_lost(home)
    if home.ledger_file.exists():
        with _opened(home) as db:
            broken = check(db, {})
        if broken:
            others = f", et {how_many(len(broken) - 1, 'autre anomalie|autres anomalies')}" if len(broken) > 2 else ""
            raise LedgerLost(home, f"est abîmé ({broken[0].sentence()}{others})")


def is_damage(error: BaseException | None) -> bool:
    """True when an SQLite error says that the file is not what it was."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    return isinstance(error, sqlite3.Error | UnicodeDecodeError) and code & 0xFF not in ELSEWHERE


@contextmanager
def _opened(home: Home) -> Iterator[sqlite3.Connection]:
    """The file, opened so that what a killed process left is rolled back; if SQLite cannot read it, the ledger is lost."""
    try:
        with closing(sqlite3.connect(home.ledger_file, timeout=30)) as db:
            # what is not valid text still shows
            db.text_factory = lambda stored: stored.decode("utf-8", "backslashreplace")
            yield db
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the message itself may quote what is not valid text
        if not is_damage(error):
            raise
        raise LedgerLost(home, "est abîmé") from None


def _has_lived(home: Home) -> bool:
    """True if the home contains something that only a ledger can explain."""
    kept = (home.lake.glob("*/*.json"), home.builds.glob("[!.]*"), home.releases.glob("[!.]*"))
    return home.published.exists() or any(any(paths) for paths in kept)


def _published_head(home: Home) -> Head | None:
    """The head stated in the publication, which was the ledger's before that entry; None when it cannot be read."""
    try:
        kept = read_state(home.published)["ledger"]
        return Head(int(kept["entries"]), str(kept["hash"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None  # its own check reports it
