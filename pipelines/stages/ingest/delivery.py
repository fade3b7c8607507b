"""Turns one delivery (the files of one export for one exercice) into the lake's immutable files and a manifest.

    lake/<system>/<table>/<exercice>/<delivery>.parquet            typed rows
                                     <delivery>.refus.parquet      one row per reason of refusal, and its line's amount if it is read
                                     <delivery>.ignores.parquet    header, titles, totals, blank lines
    lake/<system>/<export>.<exercice>.<delivery>.json              the manifest, written last

The same bytes under the same declaration give the same delivery: it is then read from its manifest, not again.
"""

import importlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.headings import climbed
from pipelines.catalogue.patterns import is_one_of
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.shown_name import anonymous_name, shown_names
from pipelines.catalogue.source_grammar import CsvFormat, Export, Table, ToolFormat, TreeFormat, WorkbookFormat
from pipelines.catalogue.sources import ExportRef
from pipelines.disk import sha256_of, sync, written_whole
from pipelines.failpoints import reached
from pipelines.ledger.records import DeliveredFile, Manifest, TableCounts, Unread
from pipelines.settings import Home
from pipelines.stages.ingest.archive import archive, keep_name
from pipelines.stages.ingest.part import IrregularRecord
from pipelines.stages.ingest.pseudonym import key_id
from pipelines.stages.ingest.readers.csv_file import read_csv
from pipelines.stages.ingest.readers.records import Records
from pipelines.stages.ingest.readers.workbook import read_workbook
from pipelines.stages.ingest.readers.zip_file import Member, members_of
from pipelines.stages.ingest.table import table_writer

TREES = {"json": "json_file", "jsonl": "json_file", "xml": "xml_file", "key_value": "key_value"}
# formats in which nothing but its line break says that a line is whole
LINES = ("csv", "key_value", "zimbra", "citrix")
DOCUMENTS = ("budget_xml", "pes")  # the readers that can say which documents a refused file held
READER_VERSION = 6  # increase it when the same bytes give other rows; the golden tests fail until then

WORK = ".lecture-"  # working folders, in the archive


@dataclass(frozen=True)
class Source:
    """One archived original and its name in landing."""

    file: DeliveredFile
    path: Path


@dataclass
class Contents:
    """The content of files: table name → [(file name, records as text)], one per file or sheet, what no table reads, and
    text file → its last line is terminated."""

    tables: dict[str, list[tuple[str, Records]]]
    unread: list[Unread]
    ends: dict[str, bool] = field(default_factory=dict)

    @classmethod
    def of(cls, export: Export) -> "Contents":
        """Nothing yet."""
        return cls({table.name: [] for table in export.tables}, [])


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
            if not ref.export.by_document or ref.export.format.type not in DOCUMENTS or refused == len(sources):
                raise
            found = _lost(ref.export, source, refusal, folder)
        for name, parts in found.tables.items():
            contents.tables[name] += [part for part in parts if part[1].read or not contents.tables[name]]
        contents.unread += found.unread
        contents.ends |= found.ends
    return contents


def _lost(export: Export, source: Source, refusal: DeliveryRefused, workdir: Path) -> Contents:
    """Refused lines in place of the documents of a refused file; only its reader knows which they are."""
    reader = importlib.import_module(f"pipelines.stages.ingest.readers.{export.format.type}")
    found = reader.lost(source.path, source.file.name, [table.name for table in export.tables], workdir, refusal)
    return Contents({name: [(source.file.name, records)] for name, records in found.items()}, [])


def read_file(ref: ExportRef, exercice: int, source: Source, workdir: Path, *, careful: bool) -> Contents:
    """What one file holds. Raises DeliveryRefused."""
    export = ref.of(exercice).export
    contents = Contents.of(export)
    if export.archive is None or not source.file.name.casefold().endswith(".zip"):
        _read_one(export, export.tables, source.file.name, source.path, exercice, workdir, contents, careful=careful)
        return contents
    for index, member in enumerate(_members(export, source, workdir)):
        shown = anonymous_name(member.name, sha256_of(member.path)) if export.nominative else member.name
        fichier = f"{source.file.name}/{shown}"
        tables = [table for table in export.tables if not member.is_junk and table.reads_member(member.name)]
        if tables:
            folder = workdir / f"member{index}"
            folder.mkdir()
            _read_one(export, tables, fichier, member.path, exercice, folder, contents, careful=careful)
        else:
            is_aside = member.is_junk or is_one_of(member.name, export.unread)
            contents.unread.append(Unread(fichier, None, member.count_lines(), ecartee=is_aside))
    for table in export.tables:
        if not contents.tables[table.name]:
            there = ", ".join(one.fichier.partition("/")[2] for one in contents.unread) or "aucun"
            wanted = f"un fichier « {table.member or '*'} » ; présents : {there}"
            raise DeliveryRefused("FIC-MEMBRE", fichier=source.file.name, attendu=wanted)
    return contents


def _members(export: Export, source: Source, workdir: Path) -> list[Member]:
    try:
        return members_of(source.path, source.file.name, workdir)
    except DeliveryRefused as refusal:
        if export.nominative:
            refusal.recu = None  # the name of a member
        raise


def _read_one(
    export: Export,
    tables: list[Table],
    fichier: str,
    path: Path,
    exercice: int,
    workdir: Path,
    contents: Contents,
    *,
    careful: bool,
) -> None:
    """Add to ``contents`` what ``tables`` read of one file, or of one member of an archive."""
    fmt = export.format
    if fmt.type in LINES:
        contents.ends[fichier] = _ends_its_last_line(path)
    if isinstance(fmt, WorkbookFormat):
        sheets, others = read_workbook(path, fichier, fmt, tables, exercice, workdir)
        found = [(name, records) for name, parts in sheets.items() for records in parts]
        contents.unread += [
            Unread(fichier, sheet.name, sheet.rows, sheet.is_hidden, is_one_of(sheet.name, export.unread))
            for sheet in others
        ]
    elif isinstance(fmt, CsvFormat):
        found = [
            (table.name, read_csv(path, fichier, fmt, table, exercice, workdir, careful=careful)) for table in tables
        ]
    elif isinstance(fmt, TreeFormat):
        reader = importlib.import_module(f"pipelines.stages.ingest.readers.{TREES[fmt.type]}")
        found = [(table.name, reader.read(path, fichier, fmt, table, exercice, workdir)) for table in tables]
        lists = {path: count for _, records in found for path, count in records.lists.items()}
        contents.unread += [
            Unread(fichier, None, count, ecartee=is_one_of(path, export.unread), element=path)
            for path, count in _unread_lists(lists, tables, exercice, "/" if fmt.type == "xml" else ".").items()
        ]
    elif isinstance(fmt, ToolFormat):
        reader = importlib.import_module(f"pipelines.stages.ingest.readers.{fmt.type}")  # each loads its own libraries
        found = list(reader.read(path, fichier, [table.name for table in tables], workdir).items())
    for name, records in found:
        contents.tables[name].append((fichier, records))


def _unread_lists(lists: Mapping[str, int], tables: Iterable[Table], exercice: int, mark: str) -> dict[str, int]:
    """Path → how many elements, for the outermost lists that no table reads and in which none finds its records."""
    read = [path for table in tables for path in _read_by(table, exercice, mark)]
    kept: dict[str, int] = {}
    for path in sorted(lists, key=len):
        is_read = any(f"{one}{mark}".startswith(path + mark) for one, _ in read) or any(
            is_whole and f"{path}{mark}".startswith(f"{one}{mark}".lstrip(mark)) for one, is_whole in read
        )
        if not is_read and not any(path.startswith(outer + mark) for outer in kept):
            kept[path] = lists[path]
    return {path: count for path, count in lists.items() if path in kept}


def _read_by(table: Table, exercice: int, mark: str) -> Iterator[tuple[str, bool]]:
    """The paths from the root that a table reads: those of its records and, whole, what each heading takes."""
    records = (table.records or "").strip("/")
    yield records, False
    for heading in table.columns_of(exercice):
        steps, rest = climbed(heading)
        holder = records.split(mark) if records else []
        yield mark.join([*holder[: len(holder) - steps], *([] if rest == "." else [rest])]), True


def _ends_its_last_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 2))
        return file.read().strip(b"\0").endswith((b"\n", b"\r"))  # in UTF-16 too


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
