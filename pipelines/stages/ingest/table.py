"""Writes the Parquet files of one table: its typed rows, its refused and its ignored lines.

Each file (of a workbook, each sheet) is a ``Part``, read once. The balance read = accepted + refused + ignored is proved for each
against the reader's independent count. ``delivery`` moves the resulting files to their final place.
"""

import csv
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.rules import DeliveryRefused, where
from pipelines.catalogue.source_grammar import COLUMN, WORKBOOKS, Field, Table
from pipelines.catalogue.sources import ExportRef
from pipelines.disk import sha256_of, sync
from pipelines.french import how_many, number
from pipelines.ledger.records import UNDECLARED, TableCounts
from pipelines.settings import limits, memory, threads
from pipelines.sql import literal, parquet_scan
from pipelines.stages.ingest import database
from pipelines.stages.ingest.part import Delivery, Part
from pipelines.stages.ingest.readers.records import Records, written_rows
from pipelines.stages.ingest.typing import identifier

SMALL = 16 * 1024 * 1024  # bytes below which a second thread costs more than it gives
WIDE = 1000  # columns beyond which two threads would take more memory than the usual DuckDB has
MOST_APART = 40  # files of a table that are typed each by itself
FEW_COLUMNS = 500  # of files that are typed at the same time: each may take 0.2 MB of memory, however few its cells
MOST_COLUMNS = 4000  # of files that DuckDB’s usual memory may hold at the same time
ROW_GROUP = 122_880  # rows: fewer give the same bytes, in whatever groups their files are typed
FEW = 3  # files, or sheets, of which one may be the sum of the others by chance, of a single number
MANY = 50  # dated rows from which it is strange for a year to have none in December
ROWS, REFUSED, IGNORED, UNREAD = ".parquet", ".refus.parquet", ".ignores.parquet", ".illisibles.parquet"
PLACE = "order by _fichier, _feuille, _ligne"
ORDERS = {ROWS: "", REFUSED: f"{PLACE}, position", IGNORED: PLACE, UNREAD: f"{PLACE}, position"}
Counted = dict[tuple[str, str | None], int]  # file, its sheet → lines
NAMES_ONLY = ("BinderException", "CatalogException", "ParserException")  # their messages quote no cell


class IngestFailed(RuntimeError):
    """The program failed on a file; the message never holds a cell."""


@contextmanager
def table_writer(
    ref: ExportRef, exercice: int, delivery: str, key: bytes, workdir: Path, tables: Collection[Sequence[Records]]
) -> Iterator["TableWriter"]:
    """What writes the tables of a delivery, of which ``tables`` are the records."""
    size = sum(one.size for parts in tables for one in parts)
    widest = max((len(one.columns) for parts in tables for one in parts), default=0)
    used = threads() if size > SMALL and widest <= WIDE else 1
    workbook = ref.export.format.type in WORKBOOKS
    with database.opened(key, workdir, used, small=database.is_small(tables)) as db:
        yield TableWriter(Delivery(db, exercice, delivery, workbook), used, ref.export.by_document)


@dataclass(frozen=True)
class TableWriter:
    """Writes the tables of one delivery, in its DuckDB."""

    delivery: Delivery
    threads: int
    by_document: bool

    def write(self, table: Table, files: list[tuple[str, Records]], target: Path, parquet: str) -> TableCounts:
        """Write ``target`` and its companions; return the counts, ``parquet`` being its path in the lake.

        Raises DeliveryRefused (FIC-TAILLE when DuckDB’s memory does not suffice), or IrregularRecord when a file must
        be read with care.
        """
        try:
            return self._write(table, files, target, parquet)
        except duckdb.Error as error:  # "from None": a message of DuckDB quotes cells
            database.leave()
            if isinstance(error, duckdb.OutOfMemoryException) and "temp_directory" not in str(error):
                fewer = "moins de colonnes" if len(files) == 1 else "moins de fichiers ou de colonnes"
                enough = f"un export que lit MILLESIME_MEMORY ({memory()} Mo) : {fewer}, ou plus de mémoire"
                raise DeliveryRefused("FIC-TAILLE", fichier=files[0][0], attendu=enough) from None
            kind = type(error).__name__
            said = f": {error}" if kind in NAMES_ONLY else ""
            raise IngestFailed(f"{kind}, table {table.name} de {files[0][0]}{said}") from None

    def _write(self, table: Table, files: list[tuple[str, Records]], target: Path, parquet: str) -> TableCounts:
        if len(files) > MOST_APART:
            files = _joined(table, files)
        parts = [Part(self.delivery, table, index, name, records) for index, (name, records) in enumerate(files)]
        totals = self._write_rows(parts, target)
        self._check_exercice(table, target)
        self._check_measures(table, target)
        silence = self._days_without_rows(table, target)
        read, accepted = sum(part.records.read for part in parts), sum(part.kept for part in parts)
        refused = sum(part.lost for part in parts)
        totals += self._undeclared_totals(table, target)
        companions = {
            path.name.removeprefix(target.stem): sha256_of(path)
            for path in map(target.with_suffix, ORDERS)
            if path != target and path.exists()
        }
        counts = read, accepted, refused, read - accepted - refused
        return TableCounts(*counts, parquet, sha256_of(target), totals, companions, silence, self._without(parts))

    def _write_rows(self, parts: list[Part], target: Path) -> list[dict[str, Any]]:
        """Write ``target`` and its companions, hundreds of files by groups; return the totals that the files announce."""
        columns = [len(part.raw) for part in parts]
        together = max(1, FEW_COLUMNS // max(1, *columns))
        rows = sum(part.records.read * max(1, len(part.spread)) for part in parts)
        if len(parts) <= together or (rows > ROW_GROUP and sum(columns) < MOST_COLUMNS):
            return self._write_together(parts, target)
        totals, pieces = [], []
        for first in range(0, len(parts), together):
            piece = target.with_suffix(f".{first}.parquet")
            totals += self._write_together(parts[first : first + together], piece)
            pieces.append(piece)
        for suffix, order in ORDERS.items():
            written = [path for path in (piece.with_suffix(suffix) for piece in pieces) if path.exists()]
            if written:
                self._copy([f"from {parquet_scan(path)}" for path in written], order, target.with_suffix(suffix))
            for path in written:
                path.unlink()
        return totals

    def _write_together(self, parts: list[Part], target: Path) -> list[dict[str, Any]]:
        """Type files, write their rows, prove their balance; return the totals that they announce."""
        for part in parts:
            part.load()
            if not self.by_document:
                part.refuse_swapped()
        self._copy([part.accepted() for part in parts], ORDERS[ROWS], target)
        if any(part.lost for part in parts):
            self._copy([part.refused() for part in parts], ORDERS[REFUSED], target.with_suffix(REFUSED))
        self._copy([part.ignored() for part in parts], ORDERS[IGNORED], target.with_suffix(IGNORED))
        self._prove_balance(parts, target)
        told = [part.unread() for part in parts if any(field.informative for field in part.table.fields)]
        if told and self.delivery.db.execute(f"select 1 from ({' union all '.join(told)}) limit 1").fetchone():
            self._copy(told, ORDERS[UNREAD], target.with_suffix(UNREAD))
        totals = [total for part in parts for total in part.totals(target)]
        for part in parts:
            part.forget()
        return totals

    @staticmethod
    def _without(parts: list[Part]) -> dict[str, int]:
        """Field → how many accepted lines are in files (or sheets) without its column; fields of the layout that are
        missing somewhere.

        Records that name their own values leave out what is empty: one file among several proves nothing about its
        tool.
        """
        found: dict[str, list[Part]] = {}
        for part in parts:
            for name in part.without:
                found.setdefault(name, []).append(part)
        proved = {n: lack for n, lack in found.items() if len(lack) == len(parts) or not lack[0].records.unseen}
        return {name: sum(part.kept for part in lack) for name, lack in proved.items()}

    def _prove_balance(self, parts: list[Part], target: Path) -> None:
        """Count the lines that are ``kept`` of each file or sheet; refuse the delivery if it lost one."""
        rows, left_out = self._count_by_part(target), self._count_by_part(target.with_suffix(IGNORED))
        for part in parts:
            part.kept, ignored = part.lines_of(_of(part, rows)), _of(part, left_out)
            if part.records.read != part.kept + part.lost + ignored:
                raise DeliveryRefused(
                    "FIC-BILAN",
                    fichier=part.named,
                    recu=how_many(part.records.read, "ligne lue|lignes lues"),
                    attendu=f"{part.kept} acceptées + {part.lost} refusées + {ignored} ignorées",
                )

    def _count_by_part(self, written: Path) -> Counted:
        counted = f"select _fichier, _feuille, count(*) from {parquet_scan(written)} group by all"
        return {(fichier, feuille): count for fichier, feuille, count in self.delivery.db.execute(counted).fetchall()}

    def _copy(self, selects: list[str], order: str, target: Path) -> None:
        """Write the rows and sync the file."""
        # with several files at once, the row groups, and so the bytes, would depend on the threads
        if self.threads > 1:
            self.delivery.db.execute(f"set threads = {1 if len(selects) > 1 else self.threads}")
        self.delivery.db.execute(
            f"copy ({' union all '.join(selects)} {order}) to {literal(target)} "
            "(format parquet, parquet_version v2, compression zstd)"
        )
        sync(target)

    def _check_exercice(self, table: Table, target: Path) -> None:
        """Refuse the delivery when its content belongs to another exercice; a delivery of documents, when all of them do."""
        rule = table.exercice
        if rule is None:
            return
        field = table.field(rule.column)
        column = identifier(rule.column)
        year = column if field.type in ("year", "integer") else f"year({column})"
        outside = (
            f"{year} > {self.delivery.exercice}" if rule.rule == "not_after" else f"{year} <> {self.delivery.exercice}"
        )
        count, total = self.delivery.db.execute(
            f"select count(*) filter (where {outside}), count({column}) from {parquet_scan(target)}"
        ).fetchone()
        few = count <= total / 100 or (count <= 1 and total >= 10)
        tolerated = count < total if self.by_document or rule.overlaps else few
        if count and not tolerated:
            fichier, feuille, ligne, found = self.delivery.db.execute(
                f"select _fichier, _feuille, _ligne, {year} from {parquet_scan(target)} where {outside} "
                "order by _fichier, _feuille, _ligne limit 1"
            ).fetchone()
            raise DeliveryRefused(
                "FIC-EXERCICE",
                fichier=where(fichier, feuille),
                ligne=ligne,
                colonne=field.title,
                recu=f"{how_many(count, 'lignes')} sur {number(Decimal(total), 0)} hors de l’exercice (par exemple {found})",
                attendu=f"l’exercice {self.delivery.exercice}",
            )

    def _check_measures(self, table: Table, target: Path) -> None:
        """Refuse the delivery when a column of amounts or counts adds up to more than its figures can hold."""
        measures = [field for field in table.fields if not field.informative and _limit(field)]
        if not measures:
            return
        sums = ", ".join(f"coalesce(sum(abs({identifier(field.name)})), 0)" for field in measures)
        totals = self.delivery.db.execute(f"select {sums} from {parquet_scan(target)}").fetchone()
        for field, total in zip(measures, totals, strict=True):
            if total >= _limit(field):
                fichier, feuille, ligne = self.delivery.db.execute(
                    f"select _fichier, _feuille, _ligne from {parquet_scan(target)} "
                    f"order by abs({identifier(field.name)}) desc nulls last, _fichier, _feuille, _ligne limit 1"
                ).fetchone()
                raise DeliveryRefused(
                    "FIC-DEMESURE",
                    fichier=where(fichier, feuille),
                    ligne=ligne,
                    colonne=field.title,
                    attendu=f"un total de moins de 10 puissance {len(str(_limit(field))) - 1}",
                )

    def _undeclared_totals(self, table: Table, target: Path) -> list[dict[str, Any]]:
        """The files, or sheets, whose every number is the sum of those of all the others: totals that nothing declares."""
        if not table.measures:
            return []
        heading = COLUMN.name if COLUMN in table.provenance else "''"
        names = [identifier(field.name) for field in table.measures]
        sums = ", ".join(f"coalesce(sum({name}), 0) as {name}" for name in names)
        is_sum = " and ".join(f"2 * {name} = sum({name}) over (partition by intitule)" for name in names)
        told = " + ".join(f"({name} <> 0)::integer" for name in names)
        first = ", ".join(f"nullif({name}, 0)::varchar" for name in names)
        found = self.delivery.db.execute(f"""
            with sommes as (
                select _fichier, _feuille, {heading} as intitule, {sums} from {parquet_scan(target)} group by all
            ), sous as (
                select _fichier, _feuille, intitule, {is_sum} as est_somme, {told} as dits, coalesce({first}) as valeur from sommes
            ), parties as (
                select _fichier, _feuille, any_value(valeur order by intitule) as valeur, sum(dits) as dits, count(*) over () as parties,
                    bool_and(est_somme) and count(*) = (select count(distinct intitule) from sous) as est_somme
                from sous group by all
            )
            select _fichier, _feuille, valeur from parties
            where est_somme and (dits > 1 and parties > 2 or dits = 1 and parties > {FEW}) order by all
        """).fetchall()
        said = {"kind": UNDECLARED, "column": table.measures[0].name, "ligne": None, "ok": False}
        return [said | {"fichier": a, "feuille": b, "annonce": value, "recalcule": value} for a, b, value in found]

    def _days_without_rows(self, table: Table, target: Path) -> int | None:
        """Days from the last row to the end of the exercice, or of the last month in which lines are expected, for a table whose
        rows are all dated within it.

        None for a few scattered dates: a register of rare events may well end in spring.
        """
        rule = table.exercice
        if rule is None or rule.rule != "within" or table.field(rule.column).type not in ("date", "datetime"):
            return None
        column = f"cast({identifier(rule.column)} as date)"
        last = max(table.period.months) if table.period else 12
        days, dates, rows = self.delivery.db.execute(
            f"select date_diff('day', max({column}), last_day(make_date({self.delivery.exercice}, {last}, 1))), count(distinct {column}), "
            f"count({column}) from {parquet_scan(target)}"
        ).fetchone()
        return days if rows >= MANY or (rows > 1 and dates == 1) else None


def _joined(table: Table, files: list[tuple[str, Records]]) -> list[tuple[str, Records]]:
    """The files, those that only hold records as one: hundreds of small ones would each take the time and memory of a large one.

    A file stays apart when something is said of it alone: lines that are no records, totals, what its name says.
    """
    named = any(origin.file for header in table.header.values() for origin in header.values())
    if table.ignore or named or any(records.first_line is not None or records.feuille for _, records in files):
        return files
    plain = [one for one in files if not (one[1].misshapen or one[1].ignored or one[1].unseen)]
    if len(plain) < 2:
        return files
    csv.field_size_limit(limits().cell)
    joined = replace(
        plain[0][1],
        path=plain[0][1].path.with_suffix(".joined"),
        read=sum(records.read for _, records in plain),
        fichiers=tuple(name for name, _ in plain),
    )
    with written_rows(joined.path) as rows:
        for name, records in plain:
            with records.path.open(encoding="utf-8", newline="") as file:
                rows.writerows([name, *cells] for cells in csv.reader(file))
    return [(plain[0][0], joined), *(one for one in files if one not in plain)]


def _of(part: Part, counted: Counted) -> int:
    """How many of the lines that were counted are of a part's files."""
    return sum(counted.get(place, 0) for place in part.in_files)


def _limit(field: Field) -> int:
    """The limit of the total of a delivery's column; 0 if it is not summed (texts, and numbers that identify something)."""
    if field.kept_type == "number" or (field.kept_type == "integer" and field.name.startswith("nb_")):
        return 10**13  # a figure can hold ten times as much
    return 10**16 if field.kept_type == "integer" and field.name.endswith("_octets") else 0
