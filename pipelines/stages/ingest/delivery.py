"""Turns one delivery (the files of one export for one exercice) into the lake's immutable files and a manifest.

    lake/<system>/<table>/<exercice>/<delivery>.parquet            typed rows
                                     <delivery>.refus.parquet      one row a reason of refusal
                                     <delivery>.ignores.parquet    header, titles, totals, blank lines
    lake/<system>/<export>.<exercice>.<delivery>.json              the manifest, written last

The same bytes under the same declaration give the same delivery: it is then read from its manifest, not again.
"""

import importlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pipelines.catalogue.declarations import Table
from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.registry import ExportRef
from pipelines.disk import sync, written_whole
from pipelines.failpoints import reached
from pipelines.ledger.records import DeliveredFile, Manifest, TableCounts
from pipelines.settings import Home
from pipelines.stages.ingest.archive import archive
from pipelines.stages.ingest.leftovers import WORK, sweep
from pipelines.stages.ingest.pseudonym import key_id
from pipelines.stages.ingest.readers.csv_file import read_csv
from pipelines.stages.ingest.readers.xlsx_file import read_xlsx
from pipelines.stages.ingest.records import Records
from pipelines.stages.ingest.table import IrregularRecord, TableWriter

READER_VERSION = 1  # raise it when the same bytes give other rows, read or typed: golden rows fail until then


@dataclass(frozen=True)
class Source:
    """One archived original and the name it was delivered under."""

    file: DeliveredFile
    path: Path


def ingest(home: Home, ref: ExportRef, exercice: int, paths: list[Path], key: bytes) -> Manifest:
    """Archive ``paths``, read them by their declaration and write the lake's files.

    Returns the manifest (counts satisfy read = accepted + refused + ignored for every table). Raises DeliveryRefused.
    """
    sweep(home, ref.system.system)
    sources = []
    for path in paths:
        original = archive(path, path.name, home.archive)
        sources.append(Source(original, home.archive / original.sha256))
    identity = delivery_id(ref, exercice, [source.file for source in sources], key)
    manifest_path = home.lake / ref.system.system / f"{ref.export.name}.{exercice}.{identity}.json"
    known = _known(manifest_path, home.lake)
    return known or _read(home, ref, exercice, sources, identity, key, manifest_path)


def _known(manifest_path: Path, lake: Path) -> Manifest | None:
    """The manifest of a delivery that was read before, if all its files are there."""
    if not manifest_path.exists():
        return None
    manifest = Manifest.from_dict(json.loads(manifest_path.read_text(encoding="utf-8")))
    return manifest if all((lake / counts.parquet).exists() for counts in manifest.tables.values()) else None


def delivery_id(ref: ExportRef, exercice: int, files: list[DeliveredFile], key: bytes) -> str:
    """hash(bytes and names of the files, resolved declaration, reader version, key id): 32 hex digits."""
    return fingerprint(
        {
            "files": [(file.name, file.sha256) for file in files],
            "layout": ref.layout(exercice),
            "reader": READER_VERSION,
            "key": key_id(key),
        }
    )[:32]


def _read(
    home: Home,
    ref: ExportRef,
    exercice: int,
    sources: list[Source],
    identity: str,
    key: bytes,
    manifest_path: Path,
) -> Manifest:
    home.lake.mkdir(parents=True, exist_ok=True, mode=0o700)
    # beside the originals: the copies that readers make hold names, and a kill may leave them
    workdir = Path(tempfile.mkdtemp(prefix=f"{WORK}{os.getpid()}-", dir=home.archive))
    try:
        tables, size = {}, sum(source.file.size for source in sources)
        try:
            records = _records(ref, exercice, sources, workdir / "1", careful=False)
            tables = _write(home, ref, exercice, records, identity, key, workdir, size)
        except IrregularRecord:
            records = _records(ref, exercice, sources, workdir / "2", careful=True)
            tables = _write(home, ref, exercice, records, identity, key, workdir, size)
        files = [source.file for source in sources]
        manifest = Manifest(identity, ref.system.system, ref.export.name, exercice, files, tables)
        with written_whole(manifest_path) as file:
            json.dump(manifest.as_dict(), file, ensure_ascii=False, indent=1, sort_keys=True)
        reached("lake.manifest_written")
        return manifest
    finally:
        shutil.rmtree(workdir, ignore_errors=True)


def _records(
    ref: ExportRef, exercice: int, sources: list[Source], workdir: Path, *, careful: bool
) -> dict[str, list[tuple[str, Records]]]:
    """Table name → [(file name, its records)], every file of the delivery read."""
    workdir.mkdir()
    found: dict[str, list[tuple[str, Records]]] = {table.name: [] for table in ref.export.tables}
    for index, source in enumerate(sources):
        folder = workdir / str(index)
        folder.mkdir()
        for name, records in read_file(ref, exercice, source, folder, careful=careful).items():
            found[name].append((source.file.name, records))
    return found


def read_file(ref: ExportRef, exercice: int, source: Source, workdir: Path, *, careful: bool) -> dict[str, Records]:
    """The records of each table of one file, as text. Raises DeliveryRefused."""
    fmt, tables, name = ref.export.format, ref.export.tables, source.file.name
    if fmt.type == "csv":
        (table,) = tables
        headings = table.headings_of(exercice)
        return {table.name: read_csv(source.path, name, fmt, headings, exercice, workdir, careful=careful)}
    if fmt.type == "xlsx":
        wanted = {table.sheet or "": table.headings_of(exercice) for table in tables}
        sheets = read_xlsx(source.path, name, fmt, wanted, exercice, workdir)
        return {table.name: sheets[table.sheet or ""] for table in tables}
    reader = importlib.import_module(f"pipelines.stages.ingest.readers.{fmt.type}")  # each loads its own libraries
    return reader.read(source.path, name, [table.name for table in tables], workdir)


def _write(
    home: Home,
    ref: ExportRef,
    exercice: int,
    records: dict[str, list[tuple[str, Records]]],
    identity: str,
    key: bytes,
    workdir: Path,
    size: int,
) -> dict[str, TableCounts]:
    """Write every table aside; only when all are proved do their files take their place in the lake."""
    counts, aside = {}, workdir / "tables"
    shutil.rmtree(aside, ignore_errors=True)
    workbook = ref.export.format.type == "xlsx"
    with TableWriter(exercice, identity, key, workdir, workbook=workbook, size=size) as writer:
        for table in ref.export.tables:
            place = parquet_path(home.lake, ref.system.system, table, exercice, identity)
            folder = aside / table.name
            folder.mkdir(parents=True)
            counts[table.name] = writer.write(
                table, records[table.name], folder / place.name, str(place.relative_to(home.lake))
            )
    for table in ref.export.tables:
        place = parquet_path(home.lake, ref.system.system, table, exercice, identity)
        place.parent.mkdir(parents=True, exist_ok=True)
        for file in sorted((aside / table.name).iterdir()):
            file.rename(place.with_name(file.name))
        sync(place.parent)
        reached("lake.parquet_written")
    return counts


def parquet_path(lake: Path, system: str, table: Table, exercice: int, delivery: str) -> Path:
    """Where the typed rows of a table of a delivery lie."""
    return lake / system / table.name / str(exercice) / f"{delivery}.parquet"
