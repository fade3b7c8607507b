"""Runs the compiled typing of one table in DuckDB and writes its three Parquet files.

Everything happens in an in-memory database whose spill files lie in the delivery's own working folder. The balance
read = accepted + refused + ignored is proved against the reader's independent count.
"""

from pathlib import Path

from pipelines.ingest.archive import sha256_of, sync_file, sync_folder
from pipelines.ingest.header import same
from pipelines.ingest.pseudonym import pseudonym
from pipelines.ingest.records import Records
from pipelines.ingest.typing import Reading, fine_sql, read_field, reason_sql, value_sql
from pipelines.ledger.records import TableCounts
from pipelines.rules import DeliveryRefused
from pipelines.sources.declarations import Ignore, Table
from pipelines.sql import literal, values

MEMORY_LIMIT = "600MB"  # the 10 M line budget: under 1 GB in all


class IrregularRecord(Exception):
    """DuckDB met a record that is not like the others: the file must be read with care."""


class TableWriter:
    """Writes the tables of one delivery; a context manager around its DuckDB connection."""

    def __init__(self, exercice: int, delivery: str, key: bytes, workdir: Path, *, workbook: bool):
        self.exercice, self.delivery, self.key = exercice, delivery, key
        self.workdir, self.workbook = workdir, workbook

    def __enter__(self) -> "TableWriter":
        import duckdb

        self.db = duckdb.connect(
            config={
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": str(self.workdir / "spill"),
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        )
        self.db.execute("set enable_progress_bar = false")
        key = self.key
        self.db.create_function(
            "pseudonyme", lambda domain, value: pseudonym(key, domain, value), ["VARCHAR", "VARCHAR"], "VARCHAR",
            null_handling="special",
        )
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def write(self, table: Table, files: list[tuple[str, Records]], target: Path, lake: Path) -> TableCounts:
        """Write ``target`` and its companions; return the counts. Raises DeliveryRefused or IrregularRecord."""
        typed = [self._load(table, index, name, records) for index, (name, records) in enumerate(files)]
        self._type_lines(typed)
        target.parent.mkdir(parents=True, exist_ok=True)
        accepted = self._copy(" union all ".join(part.accepted() for part in typed), target)
        ignored = self._copy_ignored(typed, target.with_suffix(".ignores.parquet"))
        self._check_exercice(table, target)
        read = sum(part.records.read for part in typed)
        refused = 0
        if read != accepted + ignored:  # explaining refusals costs more than reading: only where there are some
            refused = self._copy_refused(typed, target.with_suffix(".refus.parquet"))
        if read != accepted + refused + ignored:
            raise DeliveryRefused(
                "FIC-BILAN", fichier=files[0][0], recu=f"{read} lignes lues",
                attendu=f"{accepted} acceptées + {refused} refusées + {ignored} ignorées",
            )
        totals = [total for part in typed for total in self._totals(part, target)]
        for part in typed:
            self.db.execute(f"drop table {part.raw}")
        sync_folder(target.parent)
        return TableCounts(
            read, accepted, refused, ignored, str(target.relative_to(lake)), sha256_of(target), totals
        )

    def _load(self, table: Table, index: int, fichier: str, records: Records) -> "_Part":
        """Read the records as text into a fresh table, whose rowid is the record's rank."""
        import duckdb

        raw = f"raw_{index}"
        cells = [f"c{i}" for i in range(len(records.columns))]
        columns = cells if records.first_line is not None else ["ligne", *cells]
        spec = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in columns) + "}"
        try:
            self.db.execute(
                f"create or replace temp table {raw} as select * from read_csv({literal(records.path)}, header=false, "
                f"delim={literal(records.delimiter)}, quote='\"', escape='\"', columns={spec}, auto_detect=false, "
                "null_padding=false, strict_mode=true, max_line_size=10000000)"
            ) if records.path.stat().st_size else self.db.execute(
                f"create or replace temp table {raw} ({', '.join(f'{name} varchar' for name in columns)})"
            )
        except (duckdb.InvalidInputException, duckdb.ConversionException):
            if records.first_line is None:
                raise DeliveryRefused("FIC-GUILLEMETS", fichier=fichier, attendu="un texte délimité régulier") from None
            raise IrregularRecord(fichier) from None
        return _Part(self, table, raw, fichier, records)

    def _type_lines(self, typed: list["_Part"]) -> None:
        for part in typed:
            part.note_misshapen()

    def _copy(self, select: str, target: Path) -> int:
        aside = target.with_name(f".{target.name}.partial")
        self.db.execute(f"copy ({select}) to {literal(aside)} (format parquet, compression zstd)")
        (count,) = self.db.execute(f"select count(*) from read_parquet({literal(aside)})").fetchone()
        sync_file(aside)
        aside.rename(target)
        return count

    def _copy_refused(self, typed: list["_Part"], target: Path) -> int:
        for part in typed:
            part.note_refused()
        self._copy(" union all ".join(part.refused() for part in typed) + " order by _fichier, _ligne, position", target)
        (lines,) = self.db.execute(
            f"select count(*) from (select distinct _fichier, _ligne from read_parquet({literal(target)}))"
        ).fetchone()
        return lines

    def _copy_ignored(self, typed: list["_Part"], target: Path) -> int:
        for part in typed:
            part.note_ignored()
        return self._copy(
            " union all ".join(part.ignored() for part in typed) + " order by _fichier, _ligne", target
        )

    def _check_exercice(self, table: Table, target: Path) -> None:
        """Refuse the delivery when its content belongs to another exercice."""
        rule = table.exercice
        if rule is None:
            return
        field = next(f for f in table.fields if f.name == rule.column)
        year = rule.column if field.type in ("year", "integer") else f"year({rule.column})"
        outside = f"{year} > {self.exercice}" if rule.rule == "not_after" else f"{year} <> {self.exercice}"
        count, total = self.db.execute(
            f"select count(*) filter (where {outside}), count({rule.column}) from read_parquet({literal(target)})"
        ).fetchone()
        if count > total / 100 and (count > 1 or total < 10):
            fichier, ligne, found = self.db.execute(
                f"select _fichier, _ligne, {year} from read_parquet({literal(target)}) where {outside} limit 1"
            ).fetchone()
            raise DeliveryRefused(
                "FIC-EXERCICE", fichier=fichier, ligne=ligne, colonne=field.title,
                recu=f"{count} lignes sur {total} hors de l’exercice (par exemple {found})",
                attendu=f"l’exercice {self.exercice}",
            )

    def _totals(self, part: "_Part", target: Path) -> list[dict]:
        """Compare each announced total with ours."""
        results = []
        for rule in part.table.ignore:
            for name in rule.sums:
                results += self._compare(part, rule, name, "sums", f"sum({name})", target)
            for name in rule.counts:
                results += self._compare(part, rule, name, "counts", f"count(*) + {part.refused_lines(target)}", target)
        return results

    def _compare(self, part: "_Part", rule: Ignore, name: str, kind: str, ours: str, target: Path) -> list[dict]:
        field = next(f for f in part.table.fields if f.name == name)
        cell = part.cell(name)
        if cell is None:
            return []
        if kind == "counts":  # the cell of a text column holds a number of lines
            announced = f"try_cast(regexp_replace({cell}, '[^0-9]', '', 'g') as bigint)"
        else:
            announced = value_sql(part.reading(field, cell), part.reading(field, cell).text)
        rows = self.db.execute(
            f"select {part.line}, cast({announced} as varchar), "
            f"(select cast({ours} as varchar) from read_parquet({literal(target)}) where _fichier = {literal(part.fichier)}) "
            f"from {part.raw} where {part.matches(rule)} and {announced} is not null order by 1"
        ).fetchall()
        return [
            {"kind": kind, "column": name, "ligne": line, "annonce": said, "recalcule": computed or "0",
             "ok": said == (computed or "0")}
            for line, said, computed in rows
        ]


class _Part:
    """The records of one file of one table, in SQL."""

    def __init__(self, writer: TableWriter, table: Table, raw: str, fichier: str, records: Records):
        self.writer, self.table, self.raw, self.fichier, self.records = writer, table, raw, fichier, records
        self.line = f"(rowid + {records.first_line})" if records.first_line is not None else "cast(ligne as bigint)"
        heading_of = table.header_of(writer.exercice)
        place = {same(heading): index for index, heading in reversed(list(enumerate(records.columns)))}
        self._places = {name: place[same(heading)] for name, heading in heading_of.items() if same(heading) in place}
        self._headings = heading_of

    def cell(self, name: str) -> str | None:
        """The raw column of a field; None when the layout of this exercice has none."""
        return f"c{self._places[name]}" if name in self._places else None

    def reading(self, field, cell: str) -> Reading:
        """The compiled reading of ``field`` over ``cell``."""
        return read_field(field, cell, self.table, workbook=self.writer.workbook)

    def _readings(self) -> list[tuple[Reading, str]]:
        return [
            (self.reading(f, self.cell(f.name) or "cast(null as varchar)"), f"x_{f.name}") for f in self.table.fields
        ]

    def matches(self, rule: Ignore) -> str:
        """SQL: the line is one that ``rule`` ignores."""
        cell = self.cell(rule.column)
        return f"regexp_full_match(trim(coalesce({cell}, '')), {literal(rule.pattern)})" if cell else "false"

    def _set_aside(self) -> str:
        """SQL, never NULL: the line is not data (blank, total, comment)."""
        blank = " and ".join(f"coalesce(trim(c{i}), '') = ''" for i in range(len(self.records.columns)))
        return " or ".join([f"({blank})", *(self.matches(rule) for rule in self.table.ignore)])

    def _texts(self) -> str:
        """Every line of data with its cells cleaned, as ``x_<field>``."""
        texts = ", ".join(f"{reading.text} as {name}" for reading, name in self._readings())
        return f"select {self.line} as _ligne, {texts} from {self.raw} where not ({self._set_aside()})"

    def note_misshapen(self) -> None:
        """Make the lines that have too many or too few cells known to SQL."""
        self.misshapen = f"{self.raw}_misshapen"
        self.writer.db.execute(f"create or replace temp table {self.misshapen} (ligne bigint, cellules bigint)")
        if self.records.misshapen:
            self.writer.db.execute(f"insert into {self.misshapen} values {values(self.records.misshapen)}")

    def _well_shaped(self) -> str:
        return f" and _ligne not in (select ligne from {self.misshapen})" if self.records.misshapen else ""

    def accepted(self) -> str:
        """Typed rows."""
        readings = [(r, name) for r, name in self._readings() if r.field.personal != "drop"]
        fine = " and ".join(fine_sql(r, name) for r, name in self._readings())
        columns = ", ".join(f"{value_sql(r, name)} as {r.field.name}" for r, name in readings)
        return (
            f"(select {columns}, {self.writer.exercice}::integer as exercice, {literal(self.writer.delivery)} as _livraison, "
            f"{literal(self.fichier)} as _fichier, _ligne from ({self._texts()}) where {fine}{self._well_shaped()})"
        )

    def note_refused(self) -> None:
        """Keep the few lines that cannot be read, cleaned, in a table of their own."""
        fine = " and ".join(fine_sql(r, name) for r, name in self._readings())
        self.bad = f"{self.raw}_bad"
        self.writer.db.execute(
            f"create or replace temp table {self.bad} as "
            f"select *, _ligne in (select ligne from {self.misshapen}) as _misshapen from ({self._texts()}) "
            f"where not ({fine}) or _ligne in (select ligne from {self.misshapen})"
        )

    def refused(self) -> str:
        """One row a reason."""
        show = not self.table.has_personal_data
        reasons = ", ".join(
            reason_sql(r, name, self._headings.get(r.field.name, r.field.title),
                       self._places.get(r.field.name, -1) + 1, show=show)
            for r, name in self._readings()
        )
        width = len(self.records.columns)
        return (
            f"(select {literal(self.fichier)} as _fichier, _ligne, motif.colonne, motif.position, motif.regle, "
            f"motif.attendu, motif.recu from (select _ligne, unnest(list_filter([{reasons}], m -> m is not null)) as motif "
            f"from {self.bad} where not _misshapen) union all "
            f"select {literal(self.fichier)}, m.ligne, null, null, 'LIG-COLONNES', '{width} cellules', m.cellules || ' cellules' "
            f"from {self.misshapen} m join {self.bad} b on b._ligne = m.ligne)"
        )

    def refused_lines(self, target: Path) -> str:
        """SQL: the number of this file's refused lines; an announced number of lines counts them too."""
        refused = target.with_suffix(".refus.parquet")
        if not refused.exists():
            return "0"
        refused = literal(refused)
        return (
            f"(select count(distinct _ligne) from read_parquet({refused}) where _fichier = {literal(self.fichier)})"
        )

    def note_ignored(self) -> None:
        """Make the lines that the reader set apart known to SQL."""
        self.apart = f"{self.raw}_apart"
        self.writer.db.execute(f"create or replace temp table {self.apart} (ligne bigint, raison varchar)")
        if self.records.ignored:
            self.writer.db.execute(f"insert into {self.apart} values {values(self.records.ignored)}")

    def ignored(self) -> str:
        """Lines that are not data, each with its reason."""
        rules = "".join(f" when {self.matches(rule)} then {literal(rule.reason)}" for rule in self.table.ignore)
        reason = f"case{rules} else 'ligne vide' end" if rules else "'ligne vide'"
        return (
            f"(select {literal(self.fichier)} as _fichier, ligne as _ligne, raison from {self.apart} union all "
            f"select {literal(self.fichier)}, {self.line}, {reason} from {self.raw} where {self._set_aside()})"
        )
