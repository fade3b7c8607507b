"""Measures a home for monitoring: sizes, free disk space, last build and publication. Read only."""

import datetime as dt
import shutil
from dataclasses import dataclass

from pipelines.disk import read_json, size_of
from pipelines.evidence.published import publication_status
from pipelines.ledger.store import Ledger
from pipelines.settings import Home


@dataclass(frozen=True)
class Health:
    """Sizes are in bytes, moments in seconds since 1970 (None: never)."""

    sizes: dict[str, int]  # by part of the home; a file that two parts share by hard link counts in both
    free: int  # on the home's disk
    built_at: float | None
    build_succeeded: bool
    published_at: float | None
    backed_up_at: float | None
    behind: int  # accepted deliveries that are not in what is published


def health(home: Home, ledger: Ledger) -> Health:
    """The present state of a home."""
    build, publication = ledger.last_build(), publication_status(ledger)
    return Health(
        sizes(home),
        shutil.disk_usage(home.root).free,
        _seconds(build["built_at"]) if build else None,
        bool(build and build["succeeded"]),
        _seconds(publication.published_at) if publication else None,
        _seconds(made) if (made := backed_up(home)) else None,
        len(publication.behind) if publication else 0,
    )


def sizes(home: Home) -> dict[str, int]:
    """Part of the home → its bytes, the largest first; files of the root together under ``.``; links are not followed."""
    found: dict[str, int] = {}
    for path in home.root.iterdir():
        if not path.is_symlink():
            part = path.name if path.is_dir() else "."
            found[part] = found.get(part, 0) + size_of(path)
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def backed_up(home: Home) -> str | None:
    """The moment (ISO, UTC) of the last backup of a home; None without a backup."""
    try:
        return str(read_json(home.last_backup)["made_at"])
    except (OSError, ValueError, KeyError):
        return None


def days_since_backup(home: Home, ledger: Ledger, today: str) -> int | None:
    """The number of days on ``today`` (ISO) since the last backup, or since the first delivery when there is none.

    None when there is nothing to lose.
    """
    received = ledger.all_rows("deliveries")
    since = backed_up(home) or (received[0]["received_at"] if received else None)
    return (dt.date.fromisoformat(today) - dt.date.fromisoformat(since[:10])).days if since else None


def _seconds(moment: str) -> float:
    return dt.datetime.fromisoformat(moment).timestamp()
