"""Reads workbooks: a pre-scan of the zip, then calamine in a child process with memory and time limits.

A five-kilobyte workbook with one far cell makes calamine abort, and a small bomb takes gigabytes: neither may reach
the process that runs the pipeline. The child is ``xlsx_child``.
"""

import csv
import itertools
import json
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

from pipelines.catalogue.declarations import XlsxFormat
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.stages.ingest.header import SEARCHED_RECORDS, check_title, find_header
from pipelines.stages.ingest.records import Records

LARGEST_CONTENT = 300 * 1024 * 1024  # bytes, all members once inflated
CHILD_SECONDS = 120
OLE = b"\xd0\xcf\x11\xe0"  # container of an encrypted workbook, or of an old .xls
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def read_xlsx(
    path: Path, fichier: str, fmt: XlsxFormat, sheets: dict[str, list[str]], exercice: int, workdir: Path
) -> dict[str, Records]:
    """Return the records of each sheet in ``sheets`` (sheet name, "" for the first one → expected headings).

    Raises DeliveryRefused (FIC-NATURE, FIC-PROTEGE, FIC-TAILLE, FIC-FEUILLE, FIC-FORMULE, FIC-ENTETE, FIC-EXERCICE).
    """
    _refuse_bomb(path, fichier)
    out = workdir / f"{path.name}.sheets"
    out.mkdir()
    found = _run_child(path, fichier, list(sheets), out)
    return {
        sheet: _records(out / info["csv"], info, headings, fmt, exercice, fichier)
        for (sheet, headings), info in zip(sheets.items(), found, strict=True)
    }


def _refuse_bomb(path: Path, fichier: str) -> None:
    _refuse_other_container(path, fichier)
    if not zipfile.is_zipfile(path):
        raise DeliveryRefused("FIC-NATURE", fichier=fichier, attendu="un classeur .xlsx")
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
        raise DeliveryRefused("FIC-NATURE", fichier=fichier, attendu="un classeur .xlsx entier") from None


def _refuse_other_container(path: Path, fichier: str) -> None:
    if not path.stat().st_size:
        raise DeliveryRefused("FIC-VIDE", fichier=fichier, attendu="un classeur .xlsx")
    with path.open("rb") as file:
        start = file.read(1 << 20)
    if start.startswith(OLE):
        if ENCRYPTED in start:
            raise DeliveryRefused("FIC-PROTEGE", fichier=fichier, attendu="un classeur .xlsx sans mot de passe")
        raise DeliveryRefused(
            "FIC-NATURE", fichier=fichier, recu="un ancien classeur .xls", attendu="un classeur .xlsx"
        )


def _run_child(path: Path, fichier: str, sheets: list[str], out: Path) -> list[dict]:
    command = [
        sys.executable,
        "-m",
        "pipelines.stages.ingest.readers.xlsx_child",
        str(path),
        str(out),
        json.dumps(sheets),
    ]
    try:
        done = subprocess.run(command, capture_output=True, timeout=CHILD_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise DeliveryRefused("FIC-TAILLE", fichier=fichier, attendu="une lecture en moins de deux minutes") from None
    if done.returncode != 0 or not done.stdout:
        raise DeliveryRefused("FIC-TAILLE", fichier=fichier, attendu="un classeur que le lecteur peut ouvrir")
    answer = json.loads(done.stdout)
    if refusal := answer.get("refused"):
        raise DeliveryRefused(refusal.pop("code"), fichier=fichier, **refusal)
    return answer["sheets"]


def _records(csv_path: Path, info: dict, headings: list[str], fmt: XlsxFormat, exercice: int, fichier: str) -> Records:
    """Find the header among the first rows, then leave only what lies under it."""
    body = csv_path.with_suffix(".body")
    with (
        csv_path.open(encoding="utf-8", newline="") as source,
        body.open("w", encoding="utf-8", newline="") as out,
    ):
        reader = csv.reader(source)
        rows = [(int(row[0]), row[1:]) for row in itertools.islice(reader, SEARCHED_RECORDS)]
        index = find_header(rows, headings, fichier)
        header_line, header = rows[index]
        check_title(rows[:index], fmt.title, exercice, fichier)
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([line, *cells] for line, cells in rows[index + 1 :])
        writer.writerows(reader)
    ignored = [(line, "titre" if any(map(str.strip, cells)) else "ligne vide") for line, cells in rows[:index]]
    ignored.append((header_line, "en-tête"))
    return Records(body, [cell.strip() for cell in header], None, info["rows"], ignored)


def raw_sheets(path: Path, fichier: str, sheet: str | None, workdir: Path) -> dict[str, list[tuple[int, list[str]]]]:
    """Sheet name → rows [(line, cells as text)], header or not: for who drafts a declaration.

    Every sheet, or only ``sheet``. Raises DeliveryRefused (FIC-NATURE, FIC-PROTEGE, FIC-TAILLE, FIC-FEUILLE, FIC-FORMULE).
    """
    from pipelines.stages.ingest.readers.xlsx_child import part_of_sheet

    _refuse_bomb(path, fichier)
    names = [sheet] if sheet else list(part_of_sheet(path))
    sheets = {}
    for name, found in zip(names, _run_child(path, fichier, names, workdir), strict=True):
        with (workdir / found["csv"]).open(encoding="utf-8", newline="") as source:
            sheets[name] = [(int(row[0]), row[1:]) for row in csv.reader(source)]
    return sheets
