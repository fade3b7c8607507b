"""Repeats, in a home made from a backup, the removals made after that backup.

It removes nothing else: data that was overdue but not yet purged stays. It follows the list even if today's retention
period is longer. The list also says which public profiles were withdrawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipelines.ledger.records import ORIGINAL, Removal
from pipelines.ledger.removals_apart import Entry
from pipelines.ledger.workspace import Workspace
from pipelines.runs.retention import BY_HAND, FORMER, LOGS, ROWS, purge_again
from pipelines.stages.ingest.archive import kept_of
from pipelines.stages.publish.withdraw import public_places, remove_from_home


@dataclass
class Again:
    """What was repeated: how many removals and withdrawals; ``left`` names the deliveries that should have been removed
    but could not be."""

    removed: int = 0
    withdrawn: int = 0
    left: list[str] = field(default_factory=list)


def applied_again(work: Workspace, entries: Mapping[str, Entry], today: str) -> Again:
    """Remove what ``entries`` list as removed and the ledger does not know, and nothing else."""
    known, done = work.ledger.entries_apart(), Again()
    since = [entry for name, entry in entries.items() if name not in known]
    rows = [entry for entry in since if entry["table"] == "removals" and entry["rule"] not in (FORMER, LOGS)]
    done.withdrawn = _withdraw(work, [entry for entry in since if entry["table"] == "withdrawals"])
    deliveries = {row["delivery"] for row in work.ledger.all_rows("deliveries")}
    for entry in rows:
        if entry["rule"] == BY_HAND and entry["subject"] in deliveries:
            work.ledger.record_removal(_removal(entry))
            done.removed += 1
    done.removed += _originals(work, rows)
    done.removed += len(purge_again(work, today, {entry["subject"] for entry in rows}))
    done.left = [entry["subject"] for entry in rows if entry["rule"] == ROWS and _is_there(work, entry)]
    return done


def _withdraw(work: Workspace, entries: list[Entry]) -> int:
    """Enter again that public profiles are withdrawn: they are then never published again, or sent."""
    for entry in entries:
        said = (entry[name] for name in ("publication", "profile", "reason", "withdrawn_by", "places"))
        work.ledger.record_withdrawal(*said)
    if entries:
        remove_from_home(public_places(work.home, work.ledger))
    return len(entries)


def _originals(work: Workspace, entries: list[Entry]) -> int:
    """Remove the originals that had been removed, whatever today's terms would say."""
    count = 0
    for entry in entries:
        for sha256 in entry["files"] if entry["rule"] != ROWS else ():
            if paths := kept_of(work.home.archive, sha256):
                rule = ORIGINAL if entry["rule"] == BY_HAND else entry["rule"]
                said = (entry[name] for name in ("kept_until", "reason", "removed_by"))
                work.ledger.record_removal(
                    Removal(rule, sha256, entry["export"], entry["exercice"], [sha256], None, *said)
                )
                for path in paths:
                    path.unlink()
                count += 1
    return count


def _removal(entry: Entry) -> Removal:
    names = ("rule", "subject", "export", "exercice", "files", "successor", "kept_until", "reason", "removed_by")
    return Removal(**{name: entry[name] for name in names})


def _is_there(work: Workspace, entry: Entry) -> bool:
    """True when the lake holds rows that were generalised, or that were removed because nothing counts them."""
    manifest = work.ledger.delivery(entry["subject"])
    if manifest is None or not any((work.home.lake / name).exists() for name in manifest.lake_files()):
        return False
    current = work.ledger.current().get((manifest.export_key, manifest.exercice))
    return bool(entry["successor"]) or current is None or current.manifest != manifest
