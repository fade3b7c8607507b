"""Reads lines of archived originals again, cell by cell, for an auditor to compare with the warehouse's rows.

It does not type, store or check anything. Callers decide first whether a cell may be shown.
"""

import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.sources import ExportRef
from pipelines.disk import sha256_of
from pipelines.ledger.records import Manifest
from pipelines.settings import Home, limits
from pipelines.stages.ingest.readers.records import Records
from pipelines.stages.ingest.reading import Source, read_file

Cells = dict[str, str]  # heading in the file → the cell as it is written there
Place = tuple[str, str, str | None, int]  # table, _fichier, _feuille, _ligne


def laid_out(home: Home, manifest: Manifest, folder: Path) -> list[Path]:
    """The originals of a delivery, linked in ``folder`` under their names in landing; empty if one of them was purged."""
    originals = [home.archive / file.sha256 for file in manifest.files]
    if not all(original.exists() for original in originals):
        return []
    paths = [folder / file.name for file in manifest.files]
    for original, path in zip(originals, paths, strict=True):
        path.symlink_to(original.resolve())
    return paths


def cells_at(home: Home, ref: ExportRef, manifest: Manifest, places: set[Place]) -> dict[Place, list[Cells]]:
    """Place → the records that begin on that line.

    One line of an XML document may hold several records; a line that no longer exists has none. Each file is read once,
    and not at all when its original was purged or is no longer what was delivered: its cells would prove nothing.
    """
    found: dict[Place, list[Cells]] = {}
    files = {manifest.original(fichier) for _, fichier, _, _ in places}
    for file in manifest.files:
        original = home.archive / file.sha256
        if file not in files or not original.exists() or sha256_of(original) != file.sha256:
            continue
        with tempfile.TemporaryDirectory(prefix="millesime-original-") as folder:
            try:
                read = read_file(ref, manifest.exercice, Source(file, original), Path(folder), careful=True)
            except DeliveryRefused:  # the declaration has changed and no longer reads it
                continue
            for table, parts in read.tables.items():
                for fichier, records in parts:
                    here = (table, fichier, records.feuille)
                    for line, cells in _at(records, {place[3] for place in places if place[:3] == here}):
                        found.setdefault((*here, line), []).append(cells)
    return found


def _at(records: Records, lines: set[int]) -> Iterator[tuple[int, Cells]]:
    if not lines:
        return
    csv.field_size_limit(limits().cell)
    with records.path.open(encoding="utf-8-sig", newline="") as text:
        for _ in range(records.skip):
            text.readline()
        for index, cells in enumerate(csv.reader(text, delimiter=records.delimiter)):
            numbered = records.first_line is None
            line = int(cells[0]) if numbered else records.first_line + index
            if line in lines:
                yield line, dict(zip(records.columns, cells[numbered:], strict=False))
