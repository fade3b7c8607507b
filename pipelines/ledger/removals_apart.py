"""A list, kept outside the home, of what was removed for good: a restored backup does not know of later removals.

One line of JSON per ledger entry, ``{table, …}``, written before the entry is made. It contains no file name and no
cell.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipelines.french import NO_BREAK
from pipelines.ledger.unsound import Unsound

TABLES = ("removals", "withdrawals")
DAYS = {"removals": "removed_at", "withdrawals": "withdrawn_at"}

Entry = Mapping[str, Any]


def keep_apart(file: Path, entries: Iterable[Entry]) -> None:
    """Append entries to the list, which only its owner can read; it is created even when empty, since that too is information."""
    lines = "".join(json.dumps(dict(entry), ensure_ascii=False, sort_keys=True) + "\n" for entry in entries)
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, lines.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def kept_apart(file: Path) -> dict[str, Entry]:
    """Identifier of each entry of the list → the entry, in order. Raises Unsound when a line is not an entry."""
    found: dict[str, Entry] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            entry = json.loads(line)
            found[name_of(entry)] = entry
        except (ValueError, KeyError, TypeError):
            raise Unsound(f"{file}, ligne {number}{NO_BREAK}: ce n’est pas un retrait") from None
    return found


def name_of(entry: Entry) -> str:
    """The identifier of an entry, wherever it is."""
    table = entry["table"]
    subject = entry["removal"] if table == "removals" else entry["profile"]
    return f"{table}/{subject}/{entry[DAYS[table]][:10]}"
