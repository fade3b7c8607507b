"""The result of every reader: the records of one table of one file or sheet, as text, with their lines and a separate count."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.settings import limits

SEVERAL = "au plus, sinon plusieurs fichiers (un par mois, par exemple), ou MILLESIME_MOST_ELEMENTS plus grand"
TOO_MANY_LINES = f"lignes {SEVERAL}"
TOO_MANY_REFUSED = (
    "lignes refusées au plus, ou MILLESIME_MOST_ELEMENTS plus grand : la déclaration n’est sans doute pas celle de ce "
    "fichier, et « millesime check » sur ses premières lignes seules en dit la raison"
)
OR_MORE = "au plus, ou MILLESIME_MOST_MISSHAPEN plus grand"
CHUNK = 8 * 1024 * 1024
MOST_NAMES = 1000  # names of lists in a document; one that gives each element its own name has no lists
# a refused record: line, rule, expected, received (never a cell); then its column, where one is to blame
Misshapen = tuple[int, str, str, str] | tuple[int, str, str, str, str]


def keep_misshapen(kept: list[Misshapen], one: Misshapen, fichier: str) -> None:
    """Add a line that is not shaped like a record. Raises DeliveryRefused FIC-TAILLE beyond the limit: each would be reported."""
    kept.append(one)
    refuse_too_many(len(kept), limits().misshapen, fichier, f"lignes mal formées {OR_MORE}", one[0])


def keep_ignored(kept: list[tuple[int, str]], one: tuple[int, str], fichier: str) -> None:
    """Add a line that holds nothing, and why. Raises DeliveryRefused FIC-TAILLE beyond the same limit."""
    kept.append(one)
    refuse_too_many(len(kept), limits().misshapen, fichier, f"lignes vides {OR_MORE}", one[0])


def refuse_too_many(count: int, most: int, fichier: str, what: str, line: int | None = None) -> None:
    """Raise DeliveryRefused FIC-TAILLE when ``count`` is more than ``most``."""
    if count > most:
        raise DeliveryRefused("FIC-TAILLE", fichier=fichier, ligne=line, attendu=f"{most} {what}")


@dataclass(frozen=True)
class Records:
    """One table of one file, or of one sheet of it, not yet typed.

    ``path`` is a UTF-8 CSV without header, comma separated, cells quoted with ``"``. Its first column is the physical
    line of each record when ``first_line`` is None; otherwise records are consecutive from ``first_line`` on, one a line
    below the ``skip`` first ones. ``read`` counts every record of the file, or of its sheet ``feuille``, found independently
    of what is in ``path``; ``ignored``, those set apart, of which ``apart`` holds the line and why.
    """

    path: Path
    columns: list[str]
    first_line: int | None
    read: int
    apart: Path | None = None
    ignored: int = 0
    delimiter: str = ","
    skip: int = 0  # physical lines of ``path`` that are title and header
    misshapen: list[Misshapen] = field(default_factory=list)
    feuille: str | None = None  # of a workbook
    lists: dict[str, int] = field(default_factory=dict)  # path of what looks like records in the document → number
    unseen: list[str] = field(default_factory=list)  # of ``columns``, those that no record names
    # of several files in one, the names: the first column of ``path`` is then the file of each record
    fichiers: tuple[str, ...] = ()

    @property
    def has_a_line_each(self) -> bool:
        """True when no text goes on to a second line, within which a thread of DuckDB could begin, and fail."""
        return self.first_line is not None or count_lines(self.path) == self.read - self.ignored

    @property
    def size(self) -> int:
        """Bytes of what was written."""
        return sum(path.stat().st_size for path in (self.path, self.apart) if path)

    def leaving(self, lines: list[tuple[int, str]], apart: Path) -> "Records":
        """The same with ``lines`` set apart, written into ``apart``."""
        with written_rows(apart) as rows:
            rows.writerows(lines)
        return replace(self, apart=apart, ignored=len(lines))

    @property
    def is_empty(self) -> bool:
        """True when nothing was counted and nothing was written."""
        return not (self.read or self.ignored or self.misshapen or self.path.stat().st_size)


def count_lines(path: Path) -> int:
    """Physical lines of a file; the last one may have no line end."""
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            count, last = count + chunk.count(b"\n"), chunk[-1:]
    return count + (last != b"\n")


@contextmanager
def written_rows(path: Path) -> Iterator[Any]:
    """The ``csv.writer`` of a file such as ``Records.path``."""
    with path.open("w", encoding="utf-8", newline="") as file:
        yield csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
