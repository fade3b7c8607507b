"""Reads the files of one export: each in a child process, whose answer is where it wrote their records as text."""

import importlib
import resource
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.catalogue.headings import climbed
from pipelines.catalogue.patterns import is_one_of
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.shown_name import anonymous_name
from pipelines.catalogue.source_grammar import CsvFormat, Export, Table, ToolFormat, TreeFormat, WorkbookFormat
from pipelines.catalogue.sources import ExportRef
from pipelines.disk import sha256_of
from pipelines.ledger.records import DeliveredFile, Unread
from pipelines.settings import WrongSetting
from pipelines.stages.ingest.child import MEMORY, Exceeded, in_child
from pipelines.stages.ingest.readers.csv_file import read_csv
from pipelines.stages.ingest.readers.records import Records
from pipelines.stages.ingest.readers.workbook import read_workbook
from pipelines.stages.ingest.readers.zip_file import Member, members_of

TREES = {"json": "json_file", "jsonl": "json_file", "xml": "xml_file", "key_value": "key_value"}
# formats in which nothing but its line break says that a line is whole
LINES = ("csv", "key_value", "zimbra", "citrix")
MOST = f"{MEMORY // 1024**3} Go"  # of memory, for the reader of a file


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


def read_file(ref: ExportRef, exercice: int, source: Source, workdir: Path, *, careful: bool) -> Contents:
    """What one file holds. Raises DeliveryRefused, and WrongSetting when it is this machine that gives too little memory."""
    try:
        return in_child(_read_file, ref, exercice, source, workdir, careful)
    except Exceeded:
        given, _ = resource.getrlimit(resource.RLIMIT_AS)
        if 0 <= given < MEMORY:
            said = f"ce programme n’a droit qu’à {given // 1024**2} Mo de mémoire (ulimit -v)"
            raise WrongSetting(f"{said} : il en faut {MOST} pour lire un fichier") from None
        enough = f"un fichier que le lecteur peut ouvrir avec {MOST} de mémoire"
        raise DeliveryRefused("FIC-TAILLE", fichier=source.file.name, attendu=enough) from None


def lost_file(export: Export, source: Source, refusal: DeliveryRefused, workdir: Path) -> Contents:
    """Refused lines in place of the documents of a refused file. Raises ``refusal`` when its reader cannot say which they are."""
    try:
        found = in_child(_lost, export, source.file.name, source.path, refusal, workdir)
    except Exceeded:
        raise refusal from None
    return Contents({name: [(source.file.name, records)] for name, records in found.items()}, [])


def _lost(export: Export, fichier: str, path: Path, refusal: DeliveryRefused, workdir: Path) -> dict[str, Records]:
    reader = (
        _reader(f"tool_formats.{export.format.type}")
        if export.by_document and isinstance(export.format, ToolFormat)
        else None
    )
    if not hasattr(reader, "lost"):
        raise refusal
    return reader.lost(path, fichier, [table.name for table in export.tables], workdir, refusal)


def _reader(name: str) -> Any:
    """The module that reads a format: each loads its own libraries."""
    return importlib.import_module(f"pipelines.stages.ingest.readers.{name}")


def _read_file(ref: ExportRef, exercice: int, source: Source, workdir: Path, careful: bool) -> Contents:
    export = ref.of(exercice).export
    contents = Contents.of(export)
    if export.archive is None or not source.file.name.casefold().endswith(".zip"):
        _read_one(export, export.tables, source.file.name, source.path, exercice, workdir, contents, careful=careful)
        return contents
    read, refused = 0, list[DeliveryRefused]()
    for index, member in enumerate(_members(export, source, workdir)):
        shown = anonymous_name(member.name, sha256_of(member.path)) if export.nominative else member.name
        fichier = f"{source.file.name}/{shown}"
        tables = [table for table in export.tables if not member.is_junk and table.reads_member(member.name)]
        if tables:
            folder = workdir / f"member{index}"
            folder.mkdir()
            read += 1
            try:
                _read_one(export, tables, fichier, member.path, exercice, folder, contents, careful=careful)
            except DeliveryRefused as refusal:
                refused.append(refusal)
                for name, records in _lost(export, fichier, member.path, refusal, folder).items():
                    contents.tables[name].append((fichier, records))
        else:
            is_aside = member.is_junk or is_one_of(member.name, export.unread)
            contents.unread.append(Unread(fichier, None, member.count_lines(), ecartee=is_aside))
    if refused and len(refused) == read:
        raise refused[0]
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
        sheets, others = read_workbook(path, fichier, fmt, tables, exercice, workdir, export.unread)
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
        reader = _reader(TREES[fmt.type])
        found = [(table.name, reader.read(path, fichier, fmt, table, exercice, workdir)) for table in tables]
        lists = {path: count for _, records in found for path, count in records.lists.items()}
        contents.unread += [
            Unread(fichier, None, count, ecartee=is_one_of(path, export.unread), element=path)
            for path, count in _unread_lists(lists, tables, exercice, "/" if fmt.type == "xml" else ".").items()
        ]
    elif isinstance(fmt, ToolFormat):
        reader = _reader(f"tool_formats.{fmt.type}")
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
