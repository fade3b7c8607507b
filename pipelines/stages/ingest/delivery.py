"""Turns one delivery (the files of one export for one exercice) into the lake's immutable files and a manifest.

    lake/<system>/<table>/<exercice>/<delivery>.parquet            typed rows
                                     <delivery>.refus.parquet      one row per reason of refusal, and its line's amount if it is read
                                     <delivery>.ignores.parquet    header, titles, totals, blank lines
    lake/<system>/<export>.<exercice>.<delivery>.json              the manifest, written last

The same bytes under the same declaration give the same delivery: it is then read from its manifest, not again.
"""

import json
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.shown_name import shown_names
from pipelines.catalogue.source_grammar import Table
from pipelines.catalogue.sources import ExportRef
from pipelines.disk import sync, written_whole
from pipelines.failpoints import reached
from pipelines.ledger.records import DeliveredFile, Manifest, TableCounts
from pipelines.settings import Home
from pipelines.stages.ingest.archive import archive, keep_name
from pipelines.stages.ingest.part import IrregularRecord
from pipelines.stages.ingest.pseudonym import key_id
from pipelines.stages.ingest.readers.records import Records
from pipelines.stages.ingest.reading import Contents, Source, lost_file, read_file
from pipelines.stages.ingest.table import table_writer

READER_VERSION = 7  # increase it when the same bytes give other rows; the golden tests fail until then

WORK = ".lecture-"  # working folders, in the archive


def ingest(home: Home, ref: ExportRef, exercice: int, paths: list[Path], key: bytes) -> Manifest:
    """Archive ``paths``, read them by their declaration and write the lake's files.

    Returns the manifest (counts satisfy read = accepted + refused + ignored for every table). Raises DeliveryRefused.
    """
    ref = ref.of(exercice)
    _sweep(home, ref.system.system)
    shown = ref.export.files if ref.export.nominative else None
    kept = [archive(path, shown or path.name, home.archive) for path in paths]
    names = shown_names(ref.export, [(path.name, sha256) for path, (sha256, _) in zip(paths, kept, strict=True)])
    for path, name, (sha256, _) in zip(paths, names, kept, strict=True):
        if path.name != name:
            keep_name(path, sha256, home.archive)
    files = [DeliveredFile(name, *one) for name, one in zip(names, kept, strict=True)]
    sources = [Source(file, home.archive / file.sha256) for file in files]
    identity = delivery_id(ref, exercice, [source.file for source in sources], key)
    manifest_path = home.lake / ref.system.system / f"{ref.export.name}.{exercice}.{identity}.json"
    known = _known(manifest_path, home.lake)
    return known or _read(home, ref, exercice, sources, identity, key, manifest_path)


def _sweep(home: Home, system: str) -> None:
    """Remove what a killed ingest left behind: the rows of one system that no manifest lists."""
    written = list((home.lake / system).glob("*/*/*.parquet"))
    if not any(home.archive.glob(f"{WORK}*")):  # by then their writer has written the manifest, or is dead
        listed = {path.name.split(".")[-2] for path in (home.lake / system).glob("*.json")}
        for path in written:
            if path.name.split(".")[0] not in listed:
                path.unlink()


def _known(manifest_path: Path, lake: Path) -> Manifest | None:
    """The manifest of a delivery that was already read, if all its files exist."""
    if not manifest_path.exists():
        return None
    manifest = Manifest.from_dict(json.loads(manifest_path.read_text(encoding="utf-8")))
    return manifest if all((lake / path).exists() for path in manifest.lake_files()) else None


def delivery_id(ref: ExportRef, exercice: int, files: list[DeliveredFile], key: bytes) -> str:
    """Hash of (bytes and names of the files, resolved declaration, reader version, key id): 32 hex digits."""
    return fingerprint(
        {
            "files": [(file.name, file.sha256) for file in files],
            "layout": ref.layout(exercice),
            "reader": READER_VERSION,
            "key": key_id(key),
        }
    )[:32]


def _read(
    home: Home, ref: ExportRef, exercice: int, sources: list[Source], identity: str, key: bytes, manifest_path: Path
) -> Manifest:
    home.lake.mkdir(parents=True, exist_ok=True, mode=0o700)
    # beside the originals, since the readers' copies contain names and a killed process may leave them
    place, prefix = home.archive, f"{WORK}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=place, ignore_cleanup_errors=True) as folder:
        workdir = Path(folder)
        try:
            contents = _contents(ref, exercice, sources, workdir / "1", careful=False)
            tables = _write(home, ref, exercice, contents.tables, identity, key, workdir)
        except IrregularRecord:
            contents = _contents(ref, exercice, sources, workdir / "2", careful=True)
            tables = _write(home, ref, exercice, contents.tables, identity, key, workdir)
        # while the folder is there: without it, rows that no manifest lists are swept
        files = [source.file for source in sources]
        named = ref.system.system, ref.export.name, exercice
        manifest = Manifest(identity, *named, files, tables, contents.unread, contents.ends)
        with written_whole(manifest_path) as file:
            file.write(manifest.as_json())
        reached("lake.manifest_written")
        return manifest


def _contents(ref: ExportRef, exercice: int, sources: list[Source], workdir: Path, *, careful: bool) -> Contents:
    """The content of every file of the delivery; an unreadable document does not refuse the others, unless it is the only one."""
    workdir.mkdir()
    contents, refused = Contents.of(ref.export), 0
    for index, source in enumerate(sources):
        folder = workdir / str(index)
        folder.mkdir()
        try:
            found = read_file(ref, exercice, source, folder, careful=careful)
        except DeliveryRefused as refusal:
            refused += 1
            if refused == len(sources):
                raise
            found = lost_file(ref.export, source, refusal, folder)
        for name, parts in found.tables.items():
            contents.tables[name] += [part for part in parts if not part[1].is_empty or not contents.tables[name]]
        contents.unread += found.unread
        contents.ends |= found.ends
    return contents


def _write(
    home: Home,
    ref: ExportRef,
    exercice: int,
    records: dict[str, list[tuple[str, Records]]],
    identity: str,
    key: bytes,
    workdir: Path,
) -> dict[str, TableCounts]:
    """Write every table aside; the files take their place in the lake only when all are proved."""
    counts, aside, readings = {}, workdir / "tables", ref.readings(exercice)
    shutil.rmtree(aside, ignore_errors=True)
    read = [[one for _, one in parts] for parts in records.values()]
    with table_writer(ref, exercice, identity, key, workdir, read) as writer:
        for table in ref.export.tables:
            place = parquet_path(home.lake, ref.system.system, table, exercice, identity)
            folder = aside / table.name
            folder.mkdir(parents=True)
            written = writer.write(table, records[table.name], folder / place.name, str(place.relative_to(home.lake)))
            counts[table.name] = replace(written, lectures=readings[table.name])
    for table in ref.export.tables:
        place = parquet_path(home.lake, ref.system.system, table, exercice, identity)
        place.parent.mkdir(parents=True, exist_ok=True)
        for file in sorted((aside / table.name).iterdir()):
            file.rename(place.with_name(file.name))
        sync(place.parent)
        reached("lake.parquet_written")
    return counts


def parquet_path(lake: Path, system: str, table: Table, exercice: int, delivery: str) -> Path:
    """The path of the typed rows of a table of a delivery."""
    return lake / system / table.name / str(exercice) / f"{delivery}.parquet"
