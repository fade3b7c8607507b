"""Reads workbooks (.xlsx, .ods, .xls): a pre-scan of the container, then calamine in a child process with memory and time limits.

A five-kilobyte workbook with one far cell makes calamine abort, and a small bomb takes gigabytes: neither may reach
the process that runs the pipeline.
"""

import csv
import itertools
import shutil
import struct
import zipfile
import zlib
from collections import deque
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from pipelines.catalogue.patterns import is_named, same
from pipelines.catalogue.rules import DeliveryRefused, where
from pipelines.catalogue.source_grammar import Table, WorkbookFormat
from pipelines.settings import limits
from pipelines.stages.ingest.child import Exceeded, in_child
from pipelines.stages.ingest.header import SEARCHED_RECORDS, check_title, find_header, set_apart
from pipelines.stages.ingest.parts_of_cells import gives_rows
from pipelines.stages.ingest.readers.records import Misshapen, Records, keep_misshapen
from pipelines.stages.ingest.readers.sheet_scan import Refused
from pipelines.stages.ingest.readers.workbook_sheets import Sheet, read_sheets

LARGEST_CONTENT = 300 * 1024 * 1024  # bytes, all members once inflated
OLE = b"\xd0\xcf\x11\xe0"  # container of an encrypted workbook, or of an old .xls
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
KINDS = {"xlsx": "un classeur .xlsx", "ods": "un classeur .ods", "xls": "un ancien classeur .xls"}


def read_workbook(
    path: Path,
    fichier: str,
    fmt: WorkbookFormat,
    tables: list[Table],
    exercice: int,
    workdir: Path,
    unread: Collection[str],
) -> tuple[dict[str, list[Records]], list[Sheet]]:
    """Table name → the records of each sheet that it reads, and the sheets that no table reads.

    Raises DeliveryRefused (FIC-VIDE, FIC-NATURE, FIC-PROTEGE, FIC-TAILLE, FIC-FEUILLE, FIC-FORMULE, FIC-ENTETE, FIC-EXERCICE…).
    """
    patterns = [pattern for table in tables for pattern in table.sheets or [""]]
    sheets = _open(path, fichier, fmt.type, patterns, workdir)
    found: dict[str, list[Records]] = {}
    read: set[str] = set()
    for table in tables:
        own = [one for one in sheets if (table.reads_sheet(one.name, unread) if table.sheets else one.is_first)]
        read |= {sheet.name for sheet in own}
        lacking = [pattern for pattern in table.sheets if not any(is_named(sheet.name, pattern) for sheet in own)]
        if lacking or not own:
            present = ", ".join(sheet.name for sheet in sheets)
            wanted = ", ".join(lacking) or None
            raise DeliveryRefused(
                "FIC-FEUILLE", fichier=fichier, colonne=wanted, attendu=f"feuilles présentes : {present}"
            )
        found[table.name] = [_records(sheet, table, fmt, exercice, fichier) for sheet in own]
    return found, [sheet for sheet in sheets if sheet.name not in read]


def raw_sheets(path: Path, fichier: str, sheet: str | None, workdir: Path) -> dict[str, list[tuple[int, list[str]]]]:
    """Sheet name → rows [(line, cells as text)], header or not: for drafting a declaration.

    Every sheet, or only ``sheet``. Raises DeliveryRefused (FIC-NATURE, FIC-PROTEGE, FIC-TAILLE, FIC-FEUILLE, FIC-FORMULE).
    """
    sheets = {}
    for found in _open(path, fichier, kind_of(path) or "xlsx", [sheet or "*"], workdir):
        if found.csv:
            with found.csv.open(encoding="utf-8", newline="") as source:
                sheets[found.name] = [(int(row[0]), row[1:]) for row in csv.reader(source)]
    if not sheets:
        raise DeliveryRefused("FIC-FEUILLE", fichier=fichier, colonne=sheet, attendu="une feuille du classeur")
    return sheets


def kind_of(path: Path) -> str | None:
    """``xlsx``, ``ods`` or ``xls``, by the bytes; None when it is no workbook."""
    with path.open("rb") as file:
        if file.read(4) == OLE:
            return "xls"
    if not zipfile.is_zipfile(path):
        return None
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    return "xlsx" if "xl/workbook.xml" in names else "ods" if {"mimetype", "content.xml"} <= names else None


def _open(path: Path, fichier: str, kind: str, patterns: list[str], workdir: Path) -> list[Sheet]:
    """Every sheet of a workbook, those that ``patterns`` name as text in ``workdir``."""
    _refuse_other_kind(path, fichier, kind)
    if kind != "xls":
        _refuse_bomb(path, fichier, kind)
    out = workdir / f"{path.name}.sheets"
    out.mkdir()
    try:
        return in_child(read_sheets, path, kind, out, patterns)
    except (Exceeded, MemoryError):
        expected = "un classeur que le lecteur peut ouvrir"
        raise DeliveryRefused("FIC-TAILLE", fichier=fichier, attendu=expected) from None
    except Refused as refused:
        raise DeliveryRefused(fichier=fichier, **refused.answer) from None
    except Exception:  # the message of any error in calamine, zip or XML could quote a cell
        raise DeliveryRefused("FIC-NATURE", fichier=fichier, attendu=f"{KINDS[kind]} lisible") from None


def _refuse_other_kind(path: Path, fichier: str, kind: str) -> None:
    expected = KINDS[kind]
    if not path.stat().st_size:
        raise DeliveryRefused("FIC-VIDE", fichier=fichier, attendu=expected)
    with path.open("rb") as file:
        start = file.read(1 << 20)
    if start.startswith(OLE) and ENCRYPTED in start:
        raise DeliveryRefused("FIC-PROTEGE", fichier=fichier, attendu=f"{expected} sans mot de passe")
    try:
        found = kind_of(path)
    except (zipfile.BadZipFile, struct.error, OSError, ValueError):
        found = None
    if found != kind:
        received = {"recu": KINDS[found]} if found else {}
        raise DeliveryRefused("FIC-NATURE", fichier=fichier, attendu=expected, **received)


def _refuse_bomb(path: Path, fichier: str, kind: str) -> None:
    total, offsets = 0, set()
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if member.header_offset in offsets:
                    raise DeliveryRefused("FIC-NATURE", fichier=fichier, attendu="une archive sans entrées superposées")
                offsets.add(member.header_offset)
                with archive.open(member) as content:
                    while chunk := content.read(1 << 20):
                        total += len(chunk)
                        if total > LARGEST_CONTENT:
                            raise DeliveryRefused("FIC-TAILLE", fichier=fichier, attendu="moins de 300 Mo décompressés")
    except (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, RuntimeError):
        raise DeliveryRefused("FIC-NATURE", fichier=fichier, attendu=f"{KINDS[kind]} entier") from None


def _records(sheet: Sheet, table: Table, fmt: WorkbookFormat, exercice: int, fichier: str) -> Records:
    """Find the header among the first rows, then leave only what is under it."""
    assert sheet.csv is not None  # it was requested
    body, place = sheet.csv.with_suffix(f".{table.name}"), where(fichier, sheet.name)
    with sheet.csv.open("rb") as source, body.open("wb") as out:
        rows = [(int(row[0]), row[1:]) for row in itertools.islice(_rows(source), SEARCHED_RECORDS)]
        first, last, header = find_header(rows, table, exercice, place)
        check_title(rows[:first], fmt.title, exercice, place)
        ignored = set_apart(rows, first, last)
        source.seek(0)
        deque(itertools.islice(_rows(source), len(ignored)), maxlen=0)
        shutil.copyfileobj(source, out)
    misshapen: list[Misshapen] = []
    for told in _lacking(sheet, header, rows[last][0], table, exercice):
        keep_misshapen(misshapen, told, place)
    records = Records(body, header, None, sheet.rows, misshapen=misshapen, feuille=sheet.name)
    return records.leaving(ignored, body.with_suffix(f"{body.suffix}.apart"))


def _lacking(sheet: Sheet, header: list[str], above: int, table: Table, exercice: int) -> Iterator[Misshapen]:
    """The cells that the table reads and that lack the value of a cell merged over several of its lines."""
    read = set(map(same, table.columns_of(exercice)))
    origins = table.origins_of(exercice).values()
    is_spread = any(origin.heading for origin in origins)
    for line, column, first in sheet.merged:
        heading = header[column - 1] if column <= len(header) else ""
        if first > above and (same(heading) in read or (is_spread and gives_rows([heading], origins))):
            received = f"rien : la cellule est fusionnée avec celle de la ligne {first}"
            yield line, "LIG-FUSION", "une valeur sur chaque ligne", received, heading


def _rows(source: BinaryIO) -> Iterator[list[str]]:
    """The records of a CSV; the file is read no further than the last one requested."""
    csv.field_size_limit(limits().cell)
    return csv.reader(line.decode() for line in iter(source.readline, b""))
