"""The records of one file or sheet of a table, typed by DuckDB: the lines that are accepted, refused and ignored."""

import glob
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.pattern_words import in_words
from pipelines.catalogue.patterns import same
from pipelines.catalogue.rules import DeliveryRefused, where
from pipelines.catalogue.source_grammar import COLUMN, Field, Ignore, Table
from pipelines.ledger.records import ACROSS, UNDECLARED
from pipelines.settings import limits
from pipelines.sql import insert, literal, parquet_scan
from pipelines.stages.ingest.parts_of_cells import derived, spread_columns, text_of_file, total_columns
from pipelines.stages.ingest.readers.records import TOO_MANY_REFUSED, Records, refuse_too_many
from pipelines.stages.ingest.typing import SPACES, Reading, fine_sql, identifier, read_field, reason_sql

FEW = 3  # lines from which it is strange that none can be read
UNREADABLE = "illisible"


def csv_scan(
    path: Path, columns: Sequence[tuple[str, str]], delimiter: str = ",", skip: int = 0, *, parallel: bool = True
) -> str:
    """``read_csv`` of the (name, type) ``columns`` of one file, below its ``skip`` first lines."""
    spec = ", ".join(f"'{name}': '{kind}'" for name, kind in columns)
    return f"""
        read_csv({literal(glob.escape(str(path)))}, header=false, skip={skip}, delim={literal(delimiter)}, quote='"',
            escape='"', columns={{{spec}}}, auto_detect=false, null_padding=false, strict_mode=true,
            hive_partitioning=false, max_line_size=10000000, buffer_size=20000000, parallel={str(parallel).lower()})
    """


class IrregularRecord(Exception):
    """DuckDB found a record unlike the others: the file must be read record by record."""


@dataclass(frozen=True)
class Delivery:
    """What the parts of one delivery share."""

    db: Any
    exercice: int
    name: str
    is_workbook: bool


@dataclass(frozen=True)
class Cell:
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


class Part:
    """One file, or one sheet, of one table.

    ``load`` makes a table of its records, and a view of it:

    - ``typed``, all the lines: ``v_<field>``, the value of each field that is kept; ``brut``, the list of the raw cells that
      some field reads, then ``vide``, of a line that is not accepted (none of an empty one), else NULL; ``illisibles``,
      what is wrong with the cells that no figure needs;
    - ``not_accepted``, the other lines: ``_ligne``, the values, these raw cells ``c0``, ``c1``…, ``vide``, which is ``''``
      when all the cells of the line are empty, and ``_hors``, true for a line that is not data: a total, a comment, a
      blank line.
    """

    def __init__(self, delivery: Delivery, table: Table, index: int, fichier: str, records: Records):
        self.delivery, self.db, self.table, self.fichier, self.records = delivery, delivery.db, table, fichier, records
        self.typed, self.not_accepted, self.misshapen = (
            f"{name}_{index}" for name in ("typed", "not_accepted", "misshapen")
        )
        self.in_files = [(name, records.feuille) for name in records.fichiers or (fichier,)]
        self.named = where(fichier, records.feuille)
        sheet = literal(records.feuille)
        self.here = f"_fichier = {literal(fichier)} and _feuille is not distinct from {sheet}"
        self.of_many = "fichier, " if records.fichiers else ""  # the column that names the file of each record
        named = "fichier" if records.fichiers else literal(fichier)
        self.origin = f"{named} as _fichier, cast({sheet} as varchar) as _feuille"
        # either DuckDB counts the lines, or the reader wrote the line of each record
        self.is_counted = records.first_line is not None
        self.line = f"(rowid + {records.first_line})" if self.is_counted else "ligne"
        self.raw = [f"c{place}" for place in range(len(records.columns))]
        self.origins = table.origins_of(delivery.exercice)
        self.places = {same(heading): place for place, heading in reversed(list(enumerate(records.columns)))}
        parts = {name: o for name, o in self.origins.items() if o.column and not o.whole}
        found = {name: derived(origin, self.places, table) for name, origin in parts.items()}
        self.derived = {name: one for name, one in found.items() if one}  # the fields read from a part of a cell
        self.taken = "".join(
            f", {one.text} as d_{name}, {one.unmatched} as u_{name}" for name, one in self.derived.items()
        )
        self.spread = self._spread_columns()  # those that each give a row; none in most tables
        self.cells = [cell for field in table.fields for cell in self._cells_of(field)]
        self.line_totals = self._line_totals()
        self.read_cells = self._read_cells()
        # SQL booleans, never NULL, of a line that is not data
        self.ignored_by = [(rule, self._matches(rule)) for rule in table.ignore]
        skipped = {name for name, origin in self.origins.items() if origin.empty == "skip"}
        hollow = " and ".join(cell.reading.missing for cell in self.cells if cell.name in skipped)
        self.is_hollow = hollow or "false"  # no column gives a row, all being empty

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

    # what each field is read from ------------------------------------------------------------------------------------

    def _spread_columns(self) -> list[Any]:
        columns = spread_columns(self.origins, self.records, self.named)
        for column in columns:
            for name, text in column.texts.items():
                self._prove(name, text, "FIC-ENTETE", column.heading)
        return columns

    def _read_cells(self) -> list[str]:
        """The raw cells that some field reads."""
        headings = {same(heading) for origin in self.origins.values() for heading in origin.columns}
        found = {place for heading, place in self.places.items() if heading in headings}
        found |= {column.index for column in self.spread} | {total.position - 1 for total, _ in self.line_totals}
        return [f"c{place}" for place in sorted(found)]

    def _line_totals(self) -> list[tuple[Cell, str]]:
        """The columns that hold the sum of cells of their line, each with the SQL of these: its value is a text, NULL when empty."""
        found = []
        for name, origin in self.origins.items():
            columns = total_columns(origin.total, self.records.columns, self.spread) if origin.total else {}
            for index, ranks in columns.items():
                reading = self._read(self.table.field(name), f"c{index}")
                said = f"case when not {reading.missing} then coalesce({reading.value}::varchar, {literal(UNREADABLE)}) end"
                cell = Cell(replace(reading, value=said), f"total_{index}", self.records.columns[index], index + 1)
                found.append((cell, " + ".join(f"coalesce(v{rank}_{name}, 0)" for rank in ranks) or "0"))
        return found

    def _cells_of(self, field: Field) -> list[Cell]:
        """The readings of ``field``: one, several under the columns that each give a row, none from their headings."""
        origin, value = self.origins.get(field.name), f"v_{field.name}"
        if origin is None:
            return [Cell(self._read(field, None), value, field.title, 0)]
        if origin.heading:
            return []
        if origin.under:
            rules = field.constraints.model_copy(update={"required": origin.empty == "refuse"})
            cell = field.model_copy(update={"constraints": rules})
            return [
                Cell(self._read(cell, f"c{column.index}"), f"v{rank}_{field.name}", column.heading, column.index + 1)
                for rank, column in enumerate(self.spread)
            ]
        if origin.whole:
            place = self.places.get(same(origin.whole))
            raw = f"c{place}" if place is not None else None
            return [Cell(self._read(field, raw), value, origin.whole, 0 if place is None else place + 1)]
        if taken := self.derived.get(field.name):
            reading = replace(self._read(field, f"d_{field.name}"), unmatched=f"u_{field.name}", part=taken.part)
            return [Cell(reading, value, taken.heading, taken.position)]
        if origin.column:
            return [Cell(self._read(field, None), value, " + ".join(origin.columns), 0)]
        text = text_of_file(origin, self.fichier, self.records)
        what = "la constante" if origin.constant else "le nom du fichier ou de la feuille"
        self._prove(field.name, text, "FIC-NOM", what)
        return [Cell(self._read(field, literal(text)), value, field.title, 0)]

    def _read(self, field: Field, raw: str | None) -> Reading:
        return read_field(field, raw, self.table, workbook=self.delivery.is_workbook, exercice=self.delivery.exercice)

    def _prove(self, name: str, text: str, code: str, place: str) -> None:
        """Refuse the file when a text that applies to all its lines cannot be read as its field."""
        reading = self._read(self.table.field(name), literal(text))
        if not self.db.execute(f"select {fine_sql(reading, f'({reading.value})')}").fetchone()[0]:
            pattern = reading.field.constraints.pattern
            expected = in_words(pattern) if pattern else reading.expected
            raise DeliveryRefused(code, fichier=self.named, colonne=place, recu=text, attendu=expected)

    def _raw_text(self, name: str) -> str | None:
        """The raw text that a field is read from; None when the layout of this exercice, or the file, has none."""
        if name in self.derived:
            return self.derived[name].received
        place = self.places.get(same(self.origins[name].whole or "")) if name in self.origins else None
        return f"c{place}" if place is not None else None

    def _matches(self, rule: Ignore) -> str:
        cell = self._raw_text(rule.column)
        pattern = literal(f"[{SPACES}]*(?:{rule.pattern})[{SPACES}]*")
        return f"coalesce(regexp_full_match({cell}, {pattern}), false)" if cell else "false"

    # reading ---------------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Make ``typed`` and ``not_accepted``; count the lines that are ``lost``: data that cannot be read.

        Raises DeliveryRefused, or IrregularRecord when the file must be read record by record.
        """
        if self.records.misshapen:
            columns = "ligne bigint, regle varchar, attendu varchar, recu varchar, colonne varchar"
            self.db.execute(f"create temp table {self.misshapen} ({columns})")
            insert(self.db, self.misshapen, [(*one, None)[:5] for one in self.records.misshapen])
        try:
            (count,) = self.db.execute(self._typed_table()).fetchone()
        except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.NotImplementedException) as error:
            if "CSV" not in str(error):
                raise
            if self.is_counted:
                raise IrregularRecord(self.fichier) from None
            raise DeliveryRefused(
                "FIC-GUILLEMETS", fichier=self.fichier, attendu="un texte délimité régulier"
            ) from None
        if self.is_counted and count != self.records.read - self.records.ignored:
            raise IrregularRecord(self.fichier)  # a blank line, or a record over several lines
        self.db.execute(self._not_accepted_view())
        self.lost = self.db.execute(f"select count(*) from ({self.refused_lines()})").fetchone()[0]
        most = limits().lines(self.records.path.stat().st_size)
        refuse_too_many(self.lost, most, self.named, TOO_MANY_REFUSED)

    def _typed_table(self) -> str:
        line = "" if self.is_counted else f"{self.of_many}ligne, "
        cells = [*self.cells, *(total for total, _ in self.line_totals)]
        raw = "".join(f"{cell}, " for cell in self.read_cells)
        computed = ", ".join(f"{cell.reading.value} as {cell.value}" for cell in cells)
        kept = "".join(f"{cell.value}, " for cell in cells if not cell.is_dropped)
        informative = [cell for cell in self.cells if cell.reading.field.informative]
        wrong = f", {self._reasons(informative)} as illisibles" if informative else ""
        is_fine = [fine_sql(cell.reading, cell.value) for cell in self.cells]
        is_fine += [f"not {is_ignored}" for _, is_ignored in self.ignored_by]
        is_fine.append(f"not ({self.is_hollow})")
        if not any(field.constraints.required for field in self.table.fields):
            is_fine.append("vide <> ''")
        if self.records.misshapen:
            is_fine.append(f"ligne not in (select ligne from {self.misshapen})")
        return f"""
            create or replace temp table {self.typed} as
            select {line}{kept}case when {" and ".join(is_fine)} then null when vide = '' then [] else [{raw}vide] end as brut{wrong}
            from (select *, {computed} from (select {line}{raw}{self._emptiness()} as vide{self.taken} from {self._csv()}))
        """

    def _emptiness(self) -> str:
        """SQL of ``''`` for a line whose cells are all empty: all are looked at only where the first says nothing."""
        blank = f"regexp_full_match(concat({', '.join(self.raw)}), {literal(f'[{SPACES}]*')})"
        return f"case when {self.raw[0]} between '0' and 'z' then '-' when {blank} then '' else '-' end"

    def _csv(self) -> str:
        """The records as DuckDB reads them, each cell a text."""
        columns = [("fichier", "VARCHAR")] if self.of_many else []
        columns += [] if self.is_counted else [("ligne", "BIGINT")]
        columns += [(cell, "VARCHAR") for cell in self.raw]
        if not self.records.path.stat().st_size:
            empty = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns)
            return f"(select {empty} where false)"
        one = self.records
        return csv_scan(one.path, columns, one.delimiter, one.skip, parallel=one.has_a_line_each)

    def _not_accepted_view(self) -> str:
        cells = "".join(f"brut[{rank}] as {cell}, " for rank, cell in enumerate(self.read_cells, start=1))
        cells += f"coalesce(brut[{len(self.read_cells) + 1}], '') as vide"
        kept = "".join(f"{cell.value}, " for cell in self.cells if not cell.is_dropped)
        dropped = "".join(f"{cell.reading.value} as {cell.value}, " for cell in self.cells if cell.is_dropped)
        is_not_data = [is_ignored for _, is_ignored in self.ignored_by] + ["vide = ''", f"({self.is_hollow})"]
        return f"""
            create or replace temp view {self.not_accepted} as
            select *, {dropped}{" or ".join(is_not_data)} as _hors
            from (
                select *{self.taken}
                from (select {self.of_many}{self.line} as _ligne, {kept}{cells} from {self.typed} where brut is not null)
            )
        """

    def _reasons(self, cells: Sequence[Cell]) -> str:
        """SQL of what is wrong with the cells of one line: a list of reasons, over the raw cells and the values."""
        show = not self.table.has_personal_data
        reasons = ", ".join(reason_sql(cell.computed, cell.heading, cell.position, show=show) for cell in cells)
        return f"list_filter([{reasons}], m -> m is not null)"

    def refuse_swapped(self) -> None:
        """Refuse the file when no line can be read, and each could be if two columns were in each other's place.

        A single such pair: nothing is guessed among several. Raises DeliveryRefused.
        """
        rows = f"{self.not_accepted} where not _hors"
        typed = f"select 1 from {self.typed} where brut is null limit 1"
        if self.lost < FEW or self.records.misshapen or self.db.execute(typed).fetchone():
            return
        placed = [cell for cell in self.cells if cell.position]
        fine = ", ".join(f"bool_or({fine_sql(cell.computed, cell.value)})" for cell in placed)
        read = self.db.execute(f"select {fine} from {rows}").fetchone()
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

    def _would_fit(self, one: Cell, other: Cell, rows: str) -> bool:
        """True when every line could be read with the cells of each column under the other's heading, neither being empty."""
        fits, filled = [], []
        for cell, place in ((one, other), (other, one)):
            reading = self._read(cell.reading.field, f"c{place.position - 1}")
            fits.append(fine_sql(reading, f"({reading.value})"))
            filled.append(f"bool_or(not {reading.missing})")
        others = [cell for cell in self.cells if cell.name not in (one.name, other.name)]
        fits += [fine_sql(cell.computed, cell.value) for cell in others]
        if self.db.execute(f"select 1 from {rows} and not ({' and '.join(fits)}) limit 1").fetchone():
            return False
        return bool(self.db.execute(f"select {' and '.join(filled)} from {rows}").fetchone()[0])

    # what is written -------------------------------------------------------------------------------------------------

    def accepted(self) -> str:
        """Typed rows, as they enter the lake."""
        spread = {name for name, origin in self.origins.items() if origin.heading or origin.under}
        columns = ""
        for field in self.table.kept_fields:
            value = f"x.{field.name}" if field.name in spread else f"v_{field.name}"
            columns += f"{self._kept(field, value)} as {identifier(field.name)}, "
        rows, column = f"{self.typed} where brut is null", ""
        if self.spread:
            rows, column = self._spread_rows(rows), f", x.{COLUMN.name}"
        elif COLUMN in self.table.provenance:  # in another exercice's layout, columns become rows
            column = f", cast(null as {COLUMN.sql_type}) as {COLUMN.name}"
        return f"""(
            select {columns}{self.delivery.exercice}::integer as exercice, {literal(self.delivery.name)} as _livraison,
                {self.origin}, {self.line} as _ligne{column}
            from {rows}
        )"""

    def _kept(self, field: Field, value: str) -> str:
        """SQL of what is kept of a value about a person."""
        if field.personal == "pseudonymise":
            return f"pseudonyme({literal(field.name)}, cast({value} as varchar))"
        if field.personal == "generalise":  # the age reached in the year, as on 31 December
            return f"cast(floor(({self.delivery.exercice} - year({value})) / {field.band}) * {field.band} as bigint)"
        return value

    def _cells_that_give_rows(self) -> tuple[list[Cell], str]:
        """The cells under the columns that each give a row, and what becomes of an empty one: ``skip``, ``zero``, ``refuse``."""
        ((name, origin),) = [(name, origin) for name, origin in self.origins.items() if origin.under]
        return [cell for cell in self.cells if cell.name == name], origin.empty

    def _spread_rows(self, lines: str) -> str:
        """SQL of ``lines``, each as many times as columns give a row, with ``x``: what the heading says, the cell, the
        heading."""
        cells, empty = self._cells_that_give_rows()
        rows = []
        for column, cell in zip(self.spread, cells, strict=True):
            values = {
                name: self._read(self.table.field(name), literal(text)).value for name, text in column.texts.items()
            }
            values[cell.name] = f"coalesce({cell.value}, 0)" if empty == "zero" else cell.value
            values[COLUMN.name] = literal(column.heading)
            rows.append("{" + ", ".join(f"'{name}': {value}" for name, value in values.items()) + "}")
        number = "rowid as rowid, " if self.is_counted else ""
        filled = f" where x.{cells[0].name} is not null" if empty == "skip" else ""
        return f"(select {number}*, unnest([{', '.join(rows)}]) as x from {lines}){filled}"

    def lines_of(self, rows: int) -> int:
        """How many lines of the file gave the ``rows`` written: as many, unless columns become rows.

        They are then counted separately, and no line is said to be accepted when one of its rows is missing.
        """
        if not self.spread:
            return rows
        cells, empty = self._cells_that_give_rows()
        filled = " + ".join(f"count({cell.value})" if empty == "skip" else "count(*)" for cell in cells)
        counted = f"select count(*), {filled} from {self.typed} where brut is null"
        lines, expected = self.db.execute(counted).fetchone()
        return lines if rows == expected else 0

    def refused_lines(self) -> str:
        """The lines that are data and cannot be read."""
        return f"select _ligne from {self.not_accepted} where not _hors"

    def refused(self) -> str:
        """One row per reason."""
        needed = [cell for cell in self.cells if not cell.reading.field.informative]
        others = f" and _ligne not in (select ligne from {self.misshapen})" if self.records.misshapen else ""
        reasons = f"""
            select {self.origin}, _ligne, motif.colonne as colonne, motif.position as position, motif.regle as regle,
                motif.attendu as attendu, motif.recu as recu, _montant_eur
            from (
                select {self.of_many}_ligne, {self._amount()} as _montant_eur, unnest({self._reasons(needed)}) as motif
                from {self.not_accepted} where not _hors{others}
            )
        """
        if not self.records.misshapen:
            return f"({reasons})"
        return f"""({reasons}
            union all
            select {self.origin}, ligne, colonne, null, regle, attendu, recu, null
            from {self.misshapen} where ligne in ({self.refused_lines()})
        )"""

    def _amount(self) -> str:
        """SQL of the greatest amount on a line, in euros: what the figures may be missing when it is refused.

        NULL when one of its amounts cannot be read, when it has none, and when the table is about persons.
        """
        cells: dict[str, list[Reading]] = {}
        for cell in self.cells:
            if cell.name.endswith("_eur") and cell.reading.field.type in ("integer", "number"):
                cells.setdefault(cell.name, []).append(cell.computed)
        if not cells or self.table.has_personal_data:
            return "cast(null as decimal(20, 2))"
        amounts, is_empty, is_unreadable = [], [], []
        for readings in cells.values():
            # the cells of one field, a row each, add up; several fields are amounts of one thing
            amounts.append(" + ".join(f"abs(coalesce({one.value}, 0))" for one in readings))
            for one in readings:
                is_empty.append(f"({one.value}) is null")
                is_needed = "true" if one.field.constraints.required else f"not {one.missing}"
                is_unreadable.append(f"(({one.value}) is null and {is_needed})")
        unknown = f"{' or '.join(is_unreadable)} or ({' and '.join(is_empty)})"
        return f"cast(case when {unknown} then null else greatest({', '.join(amounts)}) end as decimal(20, 2))"

    def unread(self) -> str:
        """One row per cell of an accepted line that is not as declared and that no figure needs."""
        return f"""
            select {self.origin}, _ligne, motif.colonne as colonne, motif.position as position, motif.regle as regle,
                motif.attendu as attendu, motif.recu as recu
            from (select {self.of_many}{self.line} as _ligne, unnest(illisibles) as motif from {self.typed} where brut is null)
        """

    def ignored(self) -> str:
        """Lines that are not data, each with its reason."""
        rules = "".join(f" when {is_ignored} then {literal(rule.reason)}" for rule, is_ignored in self.ignored_by)
        reason = f"case{rules} when vide = '' then 'ligne vide' else 'ligne sans valeur' end"
        lines = f"select {self.origin}, _ligne, {reason} as raison from {self.not_accepted} where _hors"
        if self.records.apart and self.records.ignored:  # those that the reader set apart
            told = csv_scan(self.records.apart, [("ligne", "BIGINT"), ("raison", "VARCHAR")])
            lines = f"select {self.origin}, ligne as _ligne, raison from {told} union all {lines}"
        return f"({lines})"

    def totals(self, written: Path) -> list[dict[str, Any]]:
        """Each total that the file announces, compared with ours; one that cannot be read is wrong."""
        accepted = f"{parquet_scan(written)} where {self.here}"
        lines = f"((select count(*) from {accepted}) + (select count(*) from ({self.refused_lines()})))"
        spread = {name for name, origin in self.origins.items() if origin.under}
        keys = ("ligne", "annonce", "recalcule", "ok")
        found = []
        for rule, is_ignored in self.ignored_by:
            for kind, name in [*(("sums", name) for name in rule.sums), *(("counts", name) for name in rule.counts)]:
                raw = self._raw_text(name)
                if raw is None and name not in spread:
                    continue
                said = {"kind": kind, "column": name, "fichier": self.fichier, "feuille": self.records.feuille}
                for one in (one for one in self.cells if one.name == name):
                    if kind == "counts":  # the cell of a text column holds a number of lines
                        announced, ours = f"try_cast(regexp_replace({raw}, '[^0-9]', '', 'g') as bigint)", lines
                    else:
                        announced = f"({one.reading.value})"
                        below = f" and {COLUMN.name} = {literal(one.heading)}" if name in spread else ""
                        ours = f"(select coalesce(sum({identifier(name)}), 0) from {accepted}{below})"
                    rows = self.db.execute(f"""
                        select _ligne, coalesce(cast({announced} as varchar), {literal(UNREADABLE)}), cast({ours} as varchar),
                            coalesce({announced} = {ours}, false)
                        from {self.not_accepted} where {is_ignored} and not {one.reading.missing} order by 1
                    """).fetchall()
                    heading = {"intitule": one.heading} if name in spread else {}
                    found += [said | heading | dict(zip(keys, row, strict=True)) for row in rows]
        return [*found, *self._totals_of_lines(), *self._undeclared_totals()]

    def _totals_of_lines(self) -> list[dict[str, Any]]:
        """Each column that holds the sum of its line: how many accepted lines agree, and the first that does not."""
        found = []
        for total, ours in self.line_totals:
            said = {"kind": ACROSS, "column": total.name, "fichier": self.fichier, "feuille": self.records.feuille}
            first = "arg_min({0}, ligne) filter (not ok)".format
            numbers = ["null", "null"] if self.table.has_personal_data else [first("annonce"), first("recalcule")]
            rows = self.db.execute(f"""
                select count(*) filter (ok), count(*), bool_and(ok), {first("ligne")}, {", ".join(numbers)}
                from (
                    select {self.line} as ligne, {total.value} as annonce, cast({ours} as varchar) as recalcule,
                        coalesce(try_cast({total.value} as decimal(38, 6)) = {ours}, false) as ok
                    from {self.typed} where brut is null and {total.value} is not null
                )
                having count(*) > 0
            """).fetchall()
            keys = ("justes", "comparees", "ok", "ligne", "annonce", "recalcule")
            found += [said | {"intitule": total.heading} | dict(zip(keys, row, strict=True)) for row in rows]
        return found

    def _undeclared_totals(self) -> list[dict[str, Any]]:
        """The accepted lines whose every number is the sum of those of all the others: a total that nothing declares.

        In a few lines, a single number may be so by chance.
        """
        measures = {field.name for field in self.table.measures}
        numbers = [cell for cell in self.cells if cell.name in measures]
        if not numbers:
            return []
        values = [f"coalesce({cell.value}, 0)" for cell in numbers]
        is_sum = " and ".join(f"2 * {value} = sum({value}) over ()" for value in values)
        told = " + ".join(f"({value} <> 0)::integer" for value in values)
        first = f"coalesce({', '.join(f'nullif({value}, 0)::varchar' for value in values)})"
        found = self.db.execute(f"""
            select _ligne, valeur from (
                select {self.line} as _ligne, {first} as valeur, {is_sum} as est_somme, {told} as dits, count(*) over () as lignes
                from {self.typed} where brut is null
            )
            where est_somme and (dits > 1 and lignes > {FEW} or dits = 1 and lignes > {2 * FEW}) order by 1
        """).fetchall()
        said = {"kind": UNDECLARED, "column": numbers[0].name, "fichier": self.fichier, "feuille": self.records.feuille}
        return [said | {"ligne": line, "annonce": value, "recalcule": value, "ok": False} for line, value in found]

    def forget(self) -> None:
        """Free the memory."""
        self.db.execute(f"drop view if exists {self.not_accepted}")
        self.db.execute(f"drop table if exists {self.typed}; drop table if exists {self.misshapen}")
