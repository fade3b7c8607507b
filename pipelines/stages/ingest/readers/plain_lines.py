"""Shared by the readers of plain text files: reads lines strictly, and writes one CSV per table.

Each physical line becomes a row of a table or is set apart with a reason (in French). The count that proves the balance is
made separately, on the bytes of the file.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.settings import limits
from pipelines.stages.ingest.readers.records import CHUNK, TOO_MANY_LINES, Records, refuse_too_many, written_rows

LONGEST_LINE = 64 * 1024 * 1024  # bytes: a line is held in memory
BLANK = "ligne vide"

Line = tuple[int, list[str] | str]  # (number, cells), or (number, why it is set apart)


def read_lines(path: Path, fichier: str) -> Iterator[tuple[int, str]]:
    """Yield (number, text without its line end) of a UTF-8 file, as a stream.

    Raises DeliveryRefused: FIC-VIDE, FIC-NATURE when the file is binary, FIC-TAILLE for too long a line or too many,
    FIC-ENCODAGE.
    """
    if not (size := path.stat().st_size):
        raise DeliveryRefused("FIC-VIDE", fichier=fichier, attendu="au moins une ligne")
    with path.open("rb") as file:
        if b"\0" in file.read(CHUNK // 1024):
            raise DeliveryRefused("FIC-NATURE", fichier=fichier, recu="un fichier binaire", attendu="un texte")
    most_lines = limits().lines(size)
    with path.open("rb") as file:
        for number, data in enumerate(iter(partial(file.readline, LONGEST_LINE), b""), start=1):
            refuse_too_many(number, most_lines, fichier, TOO_MANY_LINES, number)
            if len(data) == LONGEST_LINE:
                most = f"une ligne de moins de {LONGEST_LINE >> 20} Mo"
                raise DeliveryRefused("FIC-TAILLE", fichier=fichier, ligne=number, attendu=most)
            try:
                yield number, data.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                raise DeliveryRefused("FIC-ENCODAGE", fichier=fichier, ligne=number, attendu="utf-8") from None


def write_records(path: Path, columns: list[str], lines: Iterable[Line], read: int) -> Records:
    """Write the rows of one table into ``path`` as they come; ``read`` is how many lines of the file are its own."""
    apart, ignored = path.with_suffix(".apart"), 0
    with written_rows(path) as rows, written_rows(apart) as others:
        for number, found in lines:
            if isinstance(found, str):
                others.writerow((number, found))
                ignored += 1
            else:
                rows.writerow([number, *found])
    return Records(path, columns, None, read, apart, ignored)
