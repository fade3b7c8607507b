"""Shared by the readers of records that name their own values: writes them as CSV, with one column per declared heading.

Only declared headings become columns: the others are ignored, like the undeclared columns of a table.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.source_grammar import Table
from pipelines.french import how_many
from pipelines.settings import limits
from pipelines.stages.ingest.readers.records import Misshapen, Records, keep_ignored, keep_misshapen, written_rows

# line, its values; or why it is set apart; or None: see ``misshapen``
Named = tuple[int, Mapping[str, str] | str | None]
HALF = re.compile("[\ud800-\udfff]")  # of a character: a surrogate that stands alone


class Sheet:
    """The records of one table being written into ``path``; ``close`` gives them."""

    def __init__(self, path: Path, fichier: str, table: Table, exercice: int):
        self.path, self.fichier = path, fichier
        self.columns = table.columns_of(exercice)
        self._needed = table.headings_of(exercice)
        self._seen: set[str] = set()
        self._longest = limits().cell
        self._last, self._count, self._share_a_line = 0, 0, False
        self._ignored: list[tuple[int, str]] = []
        self._misshapen: list[Misshapen] = []

    def write(self, records: Iterable[Named], unlike: tuple[str, str, str] = ("", "", "")) -> None:
        """Write every record; ``unlike`` is the (rule, expected, received) of a record without values.

        Raises DeliveryRefused FIC-ENCODAGE or FIC-TAILLE for a cell that no table can hold.
        """
        with written_rows(self.path) as rows:
            for line, values in records:
                if isinstance(values, str):
                    keep_ignored(self._ignored, (line, values), self.fichier)
                    continue
                if values is None:
                    keep_misshapen(self._misshapen, (line, *unlike), self.fichier)
                    values = {self.columns[0]: "?"}  # otherwise a blank row would not count as data
                else:
                    self._seen.update(values)
                self._share_a_line |= line == self._last
                self._last, self._count = line, self._count + 1
                cells = [values.get(name, "") for name in self.columns]
                whole = "".join(cells)
                if len(whole) > self._longest or not whole.isascii() or "\0" in whole or "\r" in whole:
                    cells = [self._cell(line, name, text) for name, text in zip(self.columns, cells, strict=True)]
                rows.writerow([line, *cells])

    def _cell(self, line: int, heading: str, text: str) -> str:
        wrong = None
        if "\0" in text:
            wrong = "FIC-ENCODAGE", "un texte sans caractère nul"
        elif len(text) > self._longest:
            wrong = "FIC-TAILLE", f"une valeur de {self._longest} caractères au plus"
        elif not text.isascii() and HALF.search(text):
            wrong = "FIC-ENCODAGE", "des caractères entiers"
        if wrong:
            raise DeliveryRefused(wrong[0], fichier=self.fichier, ligne=line, colonne=heading, attendu=wrong[1])
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text

    def close(self, read: int) -> Records:
        """The records; ``read`` counts those of the file. Raises DeliveryRefused FIC-ENTETE when no record has a given heading.

        When two records begin on one line, all are numbered by rank: a line must identify one record.
        """
        missing = [heading for heading in self._needed if heading not in self._seen]
        if self._count > len(self._misshapen) and missing:
            raise DeliveryRefused(
                "FIC-ENTETE",
                fichier=self.fichier,
                recu=f"{how_many(len(self._needed) - len(missing), 'colonne reconnue|colonnes reconnues')} sur {len(self._needed)}",
                attendu="colonnes manquantes : " + ", ".join(missing),
            )
        if self._share_a_line:
            by_line = self.path.with_suffix(".lines")
            self.path.rename(by_line)
            csv.field_size_limit(self._longest)
            with by_line.open(encoding="utf-8", newline="") as old, written_rows(self.path) as new:
                new.writerows([rank, *cells[1:]] for rank, cells in enumerate(csv.reader(old), start=1))
        unseen = [heading for heading in self.columns if heading not in self._seen] if self._seen else []
        records = Records(self.path, self.columns, None, read, misshapen=self._misshapen, unseen=unseen)
        return records.leaving(self._ignored, self.path.with_suffix(".apart"))
