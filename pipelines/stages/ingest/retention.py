"""Removes the originals whose time has come, as the retention of each export says (P5Y: five years after its exercice).

What goes: the archived original and its copy in landing. What stays: the rows of the lake, without names, that figures are
rebuilt from. An original that another export or exercice still needs stays too. Each removal is an entry of the ledger.
"""

import re
from dataclasses import dataclass

from pipelines.catalogue.registry import ExportRef, Registry
from pipelines.disk import sha256_of
from pipelines.ledger.records import Manifest
from pipelines.ledger.store import Ledger
from pipelines.settings import Home
from pipelines.stages.ingest.landing import files_of


@dataclass(frozen=True)
class Expired:
    """One original that is kept no longer: what it was, and the last day on which it had to be kept."""

    sha256: str
    name: str
    export: str
    exercice: int
    until: str


def keep_until(ref: ExportRef, exercice: int) -> str:
    """The last day (ISO) on which the originals of ``exercice`` are kept."""
    number, unit = re.fullmatch(r"P(\d+)([YM])", ref.export.retention or ref.system.retention).groups()
    months = int(number) * (12 if unit == "Y" else 1)
    year, month = exercice + (11 + months) // 12, (11 + months) % 12 + 1
    return f"{year}-{month:02d}-{'31' if month in (1, 3, 5, 7, 8, 10, 12) else '28' if month == 2 else '30'}"


def expired(home: Home, ledger: Ledger, registry: Registry, today: str) -> list[Expired]:
    """The archived originals that no export has a reason to keep on ``today`` (ISO), by export and exercice."""
    last: dict[str, Expired] = {}
    for row in ledger.all_rows("deliveries"):
        manifest = Manifest.from_dict(row["manifest"])
        until = keep_until(registry.export_of(manifest.export_key), manifest.exercice)
        for file in manifest.files:
            if file.sha256 not in last or until > last[file.sha256].until:
                last[file.sha256] = Expired(file.sha256, file.name, manifest.export_key, manifest.exercice, until)
    gone = [one for one in last.values() if one.until < today and (home.archive / one.sha256).exists()]
    return sorted(gone, key=lambda one: (one.export, one.exercice, one.name))


def purge(home: Home, ledger: Ledger, registry: Registry, originals: list[Expired]) -> None:
    """Remove these originals from the archive and from landing; the ledger keeps that they were, and when they went."""
    for one in originals:
        ledger.record_purge(one.sha256, one.name, one.export, one.exercice, one.until)
        for path in files_of(home.landing, registry.export_of(one.export), one.exercice):
            if sha256_of(path) == one.sha256:
                path.unlink()
        (home.archive / one.sha256).unlink()
