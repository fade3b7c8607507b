"""Runs the compiled typing of one table in DuckDB and writes its Parquet files.

Each file (of a workbook, each sheet) is read once: lines that can be read become typed rows of a temporary table, and only the
others (refused, totals, comments, blank lines) keep their raw cells there, to be explained. The balance read = accepted +
refused + ignored is proved for each against the reader's independent count. ``delivery`` moves the resulting files to their
final place.
"""

import glob
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.pattern_words import in_words
from pipelines.catalogue.patterns import same
from pipelines.catalogue.rules import DeliveryRefused, where
from pipelines.catalogue.source_grammar import COLUMN, WORKBOOKS, Field, Ignore, Table
from pipelines.catalogue.sources import ExportRef
from pipelines.disk import sha256_of, sync
from pipelines.french import how_many, number
from pipelines.ledger.records import TableCounts
from pipelines.settings import memory, threads
from pipelines.sql import insert, literal, parquet_scan
from pipelines.stages.ingest import database
from pipelines.stages.ingest.parts_of_cells import Derived, Spread, derived, spread_columns, text_of_file
from pipelines.stages.ingest.readers.records import Records
from pipelines.stages.ingest.typing import SPACES, Reading, fine_sql, identifier, read_field, reason_sql

SMALL = 16 * 1024 * 1024  # bytes below which a second thread costs more than it gives
FEW = 3  # lines from which it is strange that none can be read
MANY = 50  # dated rows from which it is strange for a year to have none in December
AMOUNT = "cast({} as decimal(20, 2))"
Counted = dict[tuple[str, str | None], int]  # file, its sheet → lines
NAMES_ONLY = ("BinderException", "CatalogException", "ParserException")  # their messages quote no cell


class IrregularRecord(Exception):
    """DuckDB found a record unlike the others: the file must be read record by record."""


class IngestFailed(RuntimeError):
    """The program failed on a file; the message never holds a cell."""


@contextmanager
def table_writer(
    ref: ExportRef, exercice: int, delivery: str, key: bytes, workdir: Path, tables: Collection[Sequence[Records]]
) -> Iterator["TableWriter"]:
    """What writes the tables of a delivery, of which ``tables`` are the records."""
    size = sum(one.path.stat().st_size for parts in tables for one in parts)
    used, workbook = threads() if size > SMALL else 1, ref.export.format.type in WORKBOOKS
    with database.opened(key, workdir, used, small=database.is_small(tables)) as db:
        yield TableWriter(exercice, delivery, db, used, workbook, ref.export.by_document)


@dataclass(frozen=True)
class TableWriter:
    """Writes the tables of one delivery, in its DuckDB."""

    exercice: int
    delivery: str
    db: Any
    threads: int
    workbook: bool
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
                enough = f"un fichier que lit MILLESIME_MEMORY ({memory()} Mo) : moins de colonnes, ou plus de mémoire"
                raise DeliveryRefused("FIC-TAILLE", fichier=files[0][0], attendu=enough) from None
            kind = type(error).__name__
            said = f": {error}" if kind in NAMES_ONLY else ""
            raise IngestFailed(f"{kind}, table {table.name} de {files[0][0]}{said}") from None

    def _write(self, table: Table, files: list[tuple[str, Records]], target: Path, parquet: str) -> TableCounts:
        parts = [_Part(self, table, index, name, records) for index, (name, records) in enumerate(files)]
        for part in parts:
            part.load()
            if not self.by_document:
                part.refuse_swapped()
        self._copy([part.accepted() for part in parts], "", target)
        self._check_exercice(table, target)
        self._check_measures(table, target)
        silence = self._days_without_rows(table, target)
        refusals, ignores = target.with_suffix(".refus.parquet"), target.with_suffix(".ignores.parquet")
        if any(part.lost for part in parts):
            self._copy([part.refused() for part in parts], "order by _fichier, _feuille, _ligne, position", refusals)
        self._copy([part.ignored() for part in parts], "order by _fichier, _feuille, _ligne", ignores)
        rows, left_out = self._count_by_part(target), self._count_by_part(ignores)
        accepted, refused, ignored = self._prove_balance(parts, rows, left_out)
        read = sum(part.records.read for part in parts)
        totals = [total for part in parts for total in self._totals(part, target)]
        unread = target.with_suffix(".illisibles.parquet")
        told = [part.unread() for part in parts] if table.informative_fields else []
        if told and self.db.execute(f"select 1 from ({' union all '.join(told)}) limit 1").fetchone():
            self._copy(told, "order by _fichier, _feuille, _ligne, position", unread)
        lacking = self._without(parts, rows)
        for part in parts:
            part.forget()
        companions = {
            path.name.removeprefix(target.stem): sha256_of(path)
            for path in (refusals, ignores, unread)
            if path.exists()
        }
        digest = sha256_of(target)
        return TableCounts(read, accepted, refused, ignored, parquet, digest, totals, companions, silence, lacking)

    @staticmethod
    def _without(parts: list["_Part"], rows: Counted) -> dict[str, int]:
        """Field → how many accepted lines are in files (or sheets) without its column; fields of the layout that are
        missing somewhere.

        Records that name their own values leave out what is empty: one file among several proves nothing about its
        tool.
        """
        found: dict[str, list[_Part]] = {}
        for part in parts:
            for name in part.without:
                found.setdefault(name, []).append(part)
        proved = {n: lack for n, lack in found.items() if len(lack) == len(parts) or not lack[0].records.unseen}
        return {name: sum(part.lines_of(rows.get(part.place, 0)) for part in lack) for name, lack in proved.items()}

    @staticmethod
    def _prove_balance(parts: list["_Part"], rows: Counted, left_out: Counted) -> tuple[int, int, int]:
        """Refuse the delivery if a file or a sheet of it lost a line; return how many are accepted, refused and ignored."""
        kept = 0
        for part in parts:
            accepted, ignored = part.lines_of(rows.get(part.place, 0)), left_out.get(part.place, 0)
            kept += accepted
            if part.records.read != accepted + part.lost + ignored:
                raise DeliveryRefused(
                    "FIC-BILAN",
                    fichier=where(*part.place),
                    recu=how_many(part.records.read, "ligne lue|lignes lues"),
                    attendu=f"{accepted} acceptées + {part.lost} refusées + {ignored} ignorées",
                )
        return kept, sum(part.lost for part in parts), sum(left_out.values())

    def _count_by_part(self, written: Path) -> Counted:
        counted = f"select _fichier, _feuille, count(*) from {parquet_scan(written)} group by all"
        return {(fichier, feuille): count for fichier, feuille, count in self.db.execute(counted).fetchall()}

    def _copy(self, selects: list[str], order: str, target: Path) -> None:
        """Write the rows and sync the file."""
        # with several files at once, the row groups, and so the bytes, would depend on the threads
        if self.threads > 1:
            self.db.execute(f"set threads = {1 if len(selects) > 1 else self.threads}")
        self.db.execute(
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
        outside = f"{year} > {self.exercice}" if rule.rule == "not_after" else f"{year} <> {self.exercice}"
        count, total = self.db.execute(
            f"select count(*) filter (where {outside}), count({column}) from {parquet_scan(target)}"
        ).fetchone()
        few = count <= total / 100 or (count <= 1 and total >= 10)
        tolerated = count < total if self.by_document or rule.overlaps else few
        if count and not tolerated:
            fichier, feuille, ligne, found = self.db.execute(
                f"select _fichier, _feuille, _ligne, {year} from {parquet_scan(target)} where {outside} "
                "order by _fichier, _feuille, _ligne limit 1"
            ).fetchone()
            raise DeliveryRefused(
                "FIC-EXERCICE",
                fichier=where(fichier, feuille),
                ligne=ligne,
                colonne=field.title,
                recu=f"{how_many(count, 'lignes')} sur {number(Decimal(total), 0)} hors de l’exercice (par exemple {found})",
                attendu=f"l’exercice {self.exercice}",
            )

    def _check_measures(self, table: Table, target: Path) -> None:
        """Refuse the delivery when a column of amounts or counts adds up to more than its figures can hold."""
        measures = [field for field in table.fields if not field.informative and _limit(field)]
        if not measures:
            return
        sums = ", ".join(f"coalesce(sum(abs({identifier(field.name)})), 0)" for field in measures)
        totals = self.db.execute(f"select {sums} from {parquet_scan(target)}").fetchone()
        for field, total in zip(measures, totals, strict=True):
            if total >= _limit(field):
                fichier, feuille, ligne = self.db.execute(
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

    def _days_without_rows(self, table: Table, target: Path) -> int | None:
        """Days from the last row to the end of the exercice, for a table whose rows are all dated within it.

        None for a few scattered dates: a register of rare events may well end in spring.
        """
        rule = table.exercice
        if rule is None or rule.rule != "within" or table.field(rule.column).type not in ("date", "datetime"):
            return None
        column = f"cast({identifier(rule.column)} as date)"
        days, dates, rows = self.db.execute(
            f"select date_diff('day', max({column}), make_date({self.exercice}, 12, 31)), count(distinct {column}), "
            f"count({column}) from {parquet_scan(target)}"
        ).fetchone()
        return days if rows >= MANY or (rows > 1 and dates == 1) else None

    def _totals(self, part: "_Part", target: Path) -> list[dict]:
        """Compare each announced total with ours."""
        accepted = f"{parquet_scan(target)} where {part.here}"
        lines = f"(select count(*) from {accepted}) + (select count(*) from ({part.refused_lines()}))"
        results = []
        for rule in part.table.ignore:
            for name in rule.sums:
                ours = f"(select coalesce(sum({identifier(name)}), 0) from {accepted})"
                results += self._compare(part, rule, name, "sums", ours)
            for name in rule.counts:
                results += self._compare(part, rule, name, "counts", f"({lines})")
        return results

    def _compare(self, part: "_Part", rule: Ignore, name: str, kind: str, ours: str) -> list[dict]:
        """One result per total line that announces ``name``; an announced total that cannot be read is wrong."""
        cell = part.cell(name)
        if cell is None:
            return []
        reading = part.reading(name)
        if kind == "counts":  # the cell of a text column holds a number of lines
            announced = f"try_cast(regexp_replace({cell}, '[^0-9]', '', 'g') as bigint)"
        else:
            announced = f"({reading.value})"
        rows = self.db.execute(
            f"select _ligne, coalesce(cast({announced} as varchar), 'illisible'), cast({ours} as varchar), "
            f"coalesce({announced} = {ours}, false) from {part.odd} "
            f"where {part.matches(rule)} and not {reading.missing} order by 1"
        ).fetchall()
        return [
            {"kind": kind, "column": name, "ligne": line, "annonce": said, "recalcule": computed, "ok": same_}
            for line, said, computed, same_ in rows
        ]


def _limit(field: Field) -> int:
    """The limit of the total of a delivery's column; 0 if it is not summed (texts, and numbers that identify something)."""
    if field.kept_type == "number" or (field.kept_type == "integer" and field.name.startswith("nb_")):
        return 10**13  # a figure can hold ten times as much
    return 10**16 if field.kept_type == "integer" and field.name.endswith("_octets") else 0


@dataclass(frozen=True)
class _Cell:
    """The reading of one field over one column; ``value`` is its column in the table of typed lines."""

    reading: Reading
    value: str
    heading: str
    position: int  # from 1; 0 when the file has no such column

    @property
    def name(self) -> str:
        """The field's name."""
        return self.reading.field.name

    @property
    def is_dropped(self) -> bool:
        """True when its value is not kept anywhere."""
        return self.reading.field.personal == "drop"

    @property
    def computed(self) -> Reading:
        """The reading, once its value is computed: computing it costs more than all the rest."""
        return replace(self.reading, value=self.value)


class _Part:
    """The records of one file, or of one sheet, of one table, in SQL.

    ``load`` makes table ``typed`` (a value ``v_<field>`` a field, and ``brut``, the raw cells of the lines that are not
    accepted, and ``illisibles``, what is wrong with the cells that no figure needs) and table ``odd`` (the lines that are not
    accepted, as raw cells ``c0``, ``c1``…, with their values; ``_hors``: those that are not data).
    """

    def __init__(self, writer: TableWriter, table: Table, index: int, fichier: str, records: Records):
        self.writer, self.table, self.fichier, self.records = writer, table, fichier, records
        self.typed, self.odd, self.shapes, self.apart = (f"{n}_{index}" for n in ("typed", "odd", "shapes", "apart"))
        self.line = f"(rowid + {records.first_line})" if records.first_line is not None else "ligne"
        sheet = literal(records.feuille)
        self.origin = f"{literal(fichier)} as _fichier, cast({sheet} as varchar) as _feuille"
        self.place = fichier, records.feuille
        self.named = where(*self.place)
        self.here = f"_fichier = {literal(fichier)} and _feuille is not distinct from {sheet}"
        self.origins = table.origins_of(writer.exercice)
        self.places = {same(h): place for place, h in reversed(list(enumerate(records.columns)))}
        taken = {name: o for name, o in self.origins.items() if o.column and not o.whole}
        found = {name: derived(origin, self.places, table) for name, origin in taken.items()}
        # field → how its text is taken from cells, for the fields read from part of a cell
        self.derived: dict[str, Derived] = {name: one for name, one in found.items() if one}
        self.spread = self._spread()
        self.cells = [cell for field in table.fields for cell in self._cells(field)]

    @property
    def without(self) -> list[str]:
        """The fields that the layout reads from columns of which this file holds none."""
        there = self.places.keys() - {same(heading) for heading in self.records.unseen}
        return [
            field.name
            for field in self.table.kept_fields
            if (origin := self.origins.get(field.name))
            and origin.columns
            and there.isdisjoint(map(same, origin.columns))
        ]

    def _spread(self) -> list[Spread]:
        """The columns that each give a row; none in most tables."""
        known = {same(heading) for origin in self.origins.values() for heading in origin.columns}
        named = {name: origin for name, origin in self.origins.items() if origin.heading}
        if not named:
            return []
        columns = spread_columns(named, known, self.records, self.named)
        for column in columns:
            for name, text in column.texts.items():
                self._prove(name, text, "FIC-ENTETE", column.heading)
        return columns

    def _cells(self, field: Field) -> list[_Cell]:
        """The readings of ``field``: one, several under the columns that each give a row, none from their headings."""
        origin, value = self.origins.get(field.name), f"v_{field.name}"
        if origin is None:
            return [_Cell(self._read(field, None), value, field.title, 0)]
        if origin.heading:
            return []
        if origin.under:
            rules = field.constraints.model_copy(update={"required": origin.empty == "refuse"})
            cell = field.model_copy(update={"constraints": rules})
            return [
                _Cell(self._read(cell, f"c{column.index}"), f"v{rank}_{field.name}", column.heading, column.index + 1)
                for rank, column in enumerate(self.spread)
            ]
        if origin.whole:
            place = self.places.get(same(origin.whole))
            raw = f"c{place}" if place is not None else None
            return [_Cell(self._read(field, raw), value, origin.whole, 0 if place is None else place + 1)]
        if origin.column:
            taken = self.derived.get(field.name)
            if taken is None:
                return [_Cell(self._read(field, None), value, " + ".join(origin.columns), 0)]
            reading = replace(self._read(field, f"d_{field.name}"), unmatched=f"u_{field.name}", part=taken.part)
            return [_Cell(reading, value, taken.heading, taken.position)]
        text = text_of_file(origin, self.fichier, self.records)
        self._prove(
            field.name, text, "FIC-NOM", "la constante" if origin.constant else "le nom du fichier ou de la feuille"
        )
        return [_Cell(self._read(field, literal(text)), value, field.title, 0)]

    def _read(self, field: Field, raw: str | None) -> Reading:
        writer = self.writer
        return read_field(field, raw, self.table, workbook=writer.workbook, exercice=writer.exercice)

    def _prove(self, name: str, text: str, code: str, place: str) -> None:
        """Refuse the file when a text that applies to all its lines cannot be read as its field."""
        reading = self._read(self.table.field(name), literal(text))
        if not self.writer.db.execute(f"select {fine_sql(reading, f'({reading.value})')}").fetchone()[0]:
            pattern = reading.field.constraints.pattern
            expected = in_words(pattern) if pattern else reading.expected
            raise DeliveryRefused(code, fichier=self.named, colonne=place, recu=text, attendu=expected)

    def cell(self, name: str) -> str | None:
        """The raw text that a field is read from; None when the layout of this exercice, or the file, has none."""
        if name in self.derived:
            return self.derived[name].received
        place = self.places.get(same(self.origins[name].whole or "")) if name in self.origins else None
        return f"c{place}" if place is not None else None

    def reading(self, name: str) -> Reading:
        """The compiled reading of a field that reads one column."""
        return next(cell.reading for cell in self.cells if cell.name == name)

    def load(self) -> None:
        """Read the records into ``typed`` and ``odd``; note the misshapen lines and those that the reader set apart."""
        db = self.writer.db
        if self.records.misshapen:
            db.execute(
                f"create temp table {self.shapes} (ligne bigint, regle varchar, attendu varchar, recu varchar, colonne varchar)"
            )
            insert(db, self.shapes, [(*one, None)[:5] for one in self.records.misshapen])
        if self.records.ignored:
            db.execute(f"create temp table {self.apart} (ligne bigint, raison varchar)")
            insert(db, self.apart, self.records.ignored)
        self._load_typed()
        cells = ", ".join(f"brut[{i + 1}] as c{i}" for i in range(len(self.records.columns)))
        typed = "".join(f"{cell.value}, " for cell in self.cells if not cell.is_dropped)
        others = "".join(f"{cell.reading.value} as {cell.value}, " for cell in self.cells if cell.is_dropped)
        db.execute(
            f"create or replace temp table {self.odd} as select *, {others}{self._set_aside()} as _hors from "
            f"(select *{self._taken()} from (select {self.line} as _ligne, {typed}{cells} from {self.typed} where brut is not null))"
        )
        self.lost = db.execute(f"select count(*) from ({self.refused_lines()})").fetchone()[0]

    def refuse_swapped(self) -> None:
        """Refuse the file when no line can be read, and each could be if two columns were in each other's place.

        A single such pair: nothing is guessed among several. Raises DeliveryRefused.
        """
        rows = f"{self.odd} where not _hors"
        placed = [cell for cell in self.cells if cell.position]
        typed = f"select 1 from {self.typed} where brut is null limit 1"
        if self.lost < FEW or self.records.misshapen or self.writer.db.execute(typed).fetchone():
            return
        fine = ", ".join(f"bool_or({fine_sql(cell.computed, cell.value)})" for cell in placed)
        read = self.writer.db.execute(f"select {fine} from {rows}").fetchone()
        never = [cell for cell, is_read in zip(placed, read, strict=True) if not is_read]
        pairs = {
            frozenset((one.position, other.position)): (one, other)
            for one in never
            for other in placed
            if one.position != other.position and {cell.name for cell in never} <= {one.name, other.name}
        }
        found = [pair for pair in pairs.values() if self._would_fit(*pair, rows)]
        if len(found) == 1:
            named = " et ".join(f"« {cell.heading} »" for cell in sorted(found[0], key=lambda cell: cell.position))
            raise DeliveryRefused(
                "FIC-INTERVERTIES",
                fichier=self.named,
                recu=f"les colonnes {named} sont sans doute interverties",
                attendu="chaque colonne sous son intitulé",
            )

    def _would_fit(self, one: _Cell, other: _Cell, rows: str) -> bool:
        """True when every line could be read with the cells of each column under the other's heading, neither being empty."""
        swapped = [
            self._read(cell.reading.field, f"c{place.position - 1}") for cell, place in ((one, other), (other, one))
        ]
        fits = " and ".join(
            f"bool_and({fine_sql(reading, f'({reading.value})')}) and bool_or(not {reading.missing})"
            for reading in swapped
        )
        others = [cell for cell in self.cells if cell.name not in (one.name, other.name)]
        rest = "".join(f" and bool_and({fine_sql(cell.computed, cell.value)})" for cell in others)
        return bool(self.writer.db.execute(f"select {fits}{rest} from {rows}").fetchone()[0])

    def _taken(self) -> str:
        """SQL of the texts that are taken from cells, after the columns of a select list."""
        return "".join(f", {d.text} as d_{name}, {d.unmatched} as u_{name}" for name, d in self.derived.items())

    def forget(self) -> None:
        """Free the memory."""
        tables = (self.typed, self.odd, self.shapes, self.apart)
        self.writer.db.execute(";".join(f"drop table if exists {name}" for name in tables))

    def _load_typed(self) -> None:
        try:
            (count,) = self.writer.db.execute(
                f"create or replace temp table {self.typed} as {self._typing()}"
            ).fetchone()
        except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
            if "CSV" not in str(error):
                raise
            if self.records.first_line is None:
                raise DeliveryRefused(
                    "FIC-GUILLEMETS", fichier=self.fichier, attendu="un texte délimité régulier"
                ) from None
            raise IrregularRecord(self.fichier) from None
        if self.records.first_line is not None and count != self.records.read - len(self.records.ignored):
            raise IrregularRecord(self.fichier)  # a blank line, or a record over several lines

    def _typing(self) -> str:
        line = "" if self.records.first_line is not None else "ligne, "
        cells = ", ".join(f"c{i}" for i in range(len(self.records.columns)))
        computed = ", ".join(f"{cell.reading.value} as {cell.value}" for cell in self.cells)
        kept = "".join(f"{cell.value}, " for cell in self.cells if not cell.is_dropped)
        taken = "".join(f"d_{name}, u_{name}, " for name in self.derived)
        source = f"(select *{self._taken()} from {self._source()})" if self.derived else self._source()
        informative = [cell for cell in self.cells if cell.reading.field.informative]
        wrong = f", {self._reasons(informative)} as illisibles" if informative else ""
        return (
            f"select {line}{kept}case when {self._fine()} then null else [{cells}] end as brut{wrong} "
            f"from (select {line}{cells}, {taken}{computed} from {source})"
        )

    def _reasons(self, cells: list[_Cell]) -> str:
        """SQL of what is wrong with the cells of one line: a list of reasons, over the raw cells and the values."""
        show = not self.table.has_personal_data
        reasons = ", ".join(reason_sql(cell.computed, cell.heading, cell.position, show=show) for cell in cells)
        return f"list_filter([{reasons}], m -> m is not null)"

    def _source(self) -> str:
        columns = [("ligne", "BIGINT")] if self.records.first_line is None else []
        columns += [(f"c{i}", "VARCHAR") for i in range(len(self.records.columns))]
        if not self.records.path.stat().st_size:
            empty = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns)
            return f"(select {empty} where false)"
        spec = ", ".join(f"'{name}': '{kind}'" for name, kind in columns)
        return (
            f"read_csv({literal(glob.escape(str(self.records.path)))}, header=false, skip={self.records.skip}, "
            f"delim={literal(self.records.delimiter)}, quote='\"', escape='\"', columns={{{spec}}}, auto_detect=false, "
            "null_padding=false, strict_mode=true, hive_partitioning=false, max_line_size=10000000)"
        )

    def _fine(self) -> str:
        """SQL, never NULL: the line is data and every cell can be read."""
        tests = [fine_sql(cell.reading, cell.value) for cell in self.cells]
        tests += [f"not {self.matches(rule)}" for rule in self.table.ignore]
        if hollow := self._hollow():
            tests.append(f"not ({hollow})")
        if not any(field.constraints.required for field in self.table.fields):
            tests.append(f"not ({self._blank()})")
        if self.records.misshapen:
            tests.append(f"ligne not in (select ligne from {self.shapes})")
        return " and ".join(tests)

    def matches(self, rule: Ignore) -> str:
        """SQL, never NULL: the line is one that ``rule`` ignores."""
        cell = self.cell(rule.column)
        if cell is None:
            return "false"
        return f"coalesce(regexp_full_match({cell}, {literal(f'[{SPACES}]*(?:{rule.pattern})[{SPACES}]*')}), false)"

    def _blank(self) -> str:
        return " and ".join(
            f"coalesce(trim(c{i}, {literal(SPACES)}), '') = ''" for i in range(len(self.records.columns))
        )

    def _hollow(self) -> str:
        """SQL, never NULL: no column gives a row, all being empty; "" where an empty one gives one, or refuses."""
        skipped = {name for name, origin in self.origins.items() if origin.empty == "skip"}
        return " and ".join(cell.reading.missing for cell in self.cells if cell.name in skipped)

    def _set_aside(self) -> str:
        """SQL, never NULL: the line is not data (total, comment, blank, without any value)."""
        hollow = self._hollow()
        tests = [*(self.matches(rule) for rule in self.table.ignore), f"({self._blank()})"]
        return " or ".join([*tests, f"({hollow})"] if hollow else tests)

    def accepted(self) -> str:
        """Typed rows, as they enter the lake."""
        spread = {name for name, origin in self.origins.items() if origin.heading or origin.under}
        columns = "".join(
            f"{self._kept(field, f'x.{field.name}' if field.name in spread else f'v_{field.name}')} "
            f"as {identifier(field.name)}, "
            for field in self.table.kept_fields
        )
        rows, column = f"{self.typed} where brut is null", ""
        if self.spread:
            rows, column = self._spread_rows(rows), f", x.{COLUMN.name}"
        elif COLUMN in self.table.provenance:  # in another exercice's layout, columns become rows
            column = f", cast(null as {COLUMN.sql_type}) as {COLUMN.name}"
        return (
            f"(select {columns}{self.writer.exercice}::integer as exercice, {literal(self.writer.delivery)} as _livraison, "
            f"{self.origin}, {self.line} as _ligne{column} from {rows})"
        )

    def lines_of(self, rows: int) -> int:
        """How many lines of the file gave the ``rows`` written: as many, unless columns become rows.

        They are then counted separately, and no line is said to be accepted when one of its rows is missing.
        """
        if not self.spread:
            return rows
        ((name, origin),) = [(name, origin) for name, origin in self.origins.items() if origin.under]
        filled = [
            f"count({cell.value})" if origin.empty == "skip" else "count(*)" for cell in self.cells if cell.name == name
        ]
        lines, expected = self.writer.db.execute(
            f"select count(*), {' + '.join(filled)} from {self.typed} where brut is null"
        ).fetchone()
        return lines if rows == expected else 0

    def _spread_rows(self, lines: str) -> str:
        """SQL of ``lines``, each as many times as columns give a row, with ``x``: what the heading says, the cell, the
        heading."""
        ((name, origin),) = [(name, origin) for name, origin in self.origins.items() if origin.under]
        under = [cell for cell in self.cells if cell.name == name]
        rows = [
            f"{{{''.join(f'{self._said(said, text)}, ' for said, text in column.texts.items())}"
            f"'{name}': {f'coalesce({cell.value}, 0)' if origin.empty == 'zero' else cell.value}, "
            f"'{COLUMN.name}': {literal(column.heading)}}}"
            for column, cell in zip(self.spread, under, strict=True)
        ]
        number = "rowid as rowid, " if self.records.first_line is not None else ""
        filled = f" where x.{name} is not null" if origin.empty == "skip" else ""
        return f"(select {number}*, unnest([{', '.join(rows)}]) as x from {lines}){filled}"

    def _said(self, name: str, text: str) -> str:
        """SQL of an entry of a struct: a field, and what a heading says of it."""
        return f"'{name}': {self._read(self.table.field(name), literal(text)).value}"

    def _kept(self, field: Field, value: str) -> str:
        if field.personal == "pseudonymise":
            return f"pseudonyme({literal(field.name)}, cast({value} as varchar))"
        if field.personal == "generalise":  # the age reached in the year, as on 31 December
            return f"cast(floor(({self.writer.exercice} - year({value})) / {field.band}) * {field.band} as bigint)"
        return value

    def refused_lines(self) -> str:
        """The lines that are data and cannot be read."""
        return f"select _ligne from {self.odd} where not _hors"

    def refused(self) -> str:
        """One row per reason."""
        needed = [cell for cell in self.cells if not cell.reading.field.informative]
        reasons = (
            f"select {self.origin}, _ligne, motif.colonne as colonne, motif.position as position, motif.regle as regle, "
            f"motif.attendu as attendu, motif.recu as recu, _montant_eur from (select _ligne, {self._amount()} as _montant_eur, "
            f"unnest({self._reasons(needed)}) as motif from {self.odd} where not _hors"
        )
        if not self.records.misshapen:
            return f"({reasons}))"
        return (
            f"({reasons} and _ligne not in (select ligne from {self.shapes})) union all "
            f"select {self.origin}, ligne, colonne, null, regle, attendu, recu, null "
            f"from {self.shapes} where ligne in ({self.refused_lines()}))"
        )

    def _amount(self) -> str:
        """SQL of the greatest amount on a line, in euros: what the figures may be missing when it is refused.

        NULL when one of its amounts cannot be read, when it has none, and when the table is about persons.
        """
        cells: dict[str, list[Reading]] = {}
        for cell in self.cells:
            if cell.name.endswith("_eur") and cell.reading.field.type in ("integer", "number"):
                cells.setdefault(cell.name, []).append(cell.computed)
        if not cells or self.table.has_personal_data:
            return AMOUNT.format("null")
        unreadable = " or ".join(
            f"(({one.value}) is null and {'true' if one.field.constraints.required else f'not {one.missing}'})"
            for readings in cells.values()
            for one in readings
        )
        # the cells of one field, a row each, add up; several fields are amounts of one thing
        each = [" + ".join(f"abs(coalesce({one.value}, 0))" for one in readings) for readings in cells.values()]
        empty = " and ".join(f"({one.value}) is null" for readings in cells.values() for one in readings)
        return AMOUNT.format(f"case when {unreadable} or ({empty}) then null else greatest({', '.join(each)}) end")

    def unread(self) -> str:
        """One row per cell of an accepted line that is not as declared and that no figure needs."""
        return (
            f"select {self.origin}, _ligne, motif.colonne as colonne, motif.position as position, "
            f"motif.regle as regle, motif.attendu as attendu, motif.recu as recu "
            f"from (select {self.line} as _ligne, unnest(illisibles) as motif from {self.typed} where brut is null)"
        )

    def ignored(self) -> str:
        """Lines that are not data, each with its reason."""
        apart = (
            f"select {self.origin}, ligne as _ligne, raison from {self.apart} union all "
            if self.records.ignored
            else ""
        )
        rules = "".join(f" when {self.matches(rule)} then {literal(rule.reason)}" for rule in self.table.ignore)
        if hollow := self._hollow():
            rules += f" when not ({self._blank()}) and {hollow} then 'ligne sans valeur'"
        reason = f"case{rules} else 'ligne vide' end" if rules else "'ligne vide'"
        return f"({apart}select {self.origin}, _ligne, {reason} as raison from {self.odd} where _hors)"
