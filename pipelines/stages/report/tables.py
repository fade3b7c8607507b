"""Reads the published tables of ``rapport`` for one report. It returns rows as they are, without formatting them."""

import functools
import glob
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.chapters.alerts import Alerte
from pipelines.catalogue.chapters.grammar import Donnees, Value
from pipelines.ledger.state import read_notes, read_waiting, read_withheld
from pipelines.publication import PUBLIC
from pipelines.sql import listed, literal, parquet_scan

Row = dict[str, Any]
Files = dict[str, list[str]]  # system/table → the names of its files
AGGREGATES = {"somme": "sum", "maximum": "max"}
BUILD_NAMED = "fraicheur"  # the table that names the build, which no report shows
SECRET = "est_secret"  # the column that says, in the public profile, that a number of the row is hidden


AGAIN = " ; si elle est déclarée depuis, ou publiée par une version antérieure du programme : `millesime run EXERCICE`"


class MissingTable(ValueError):
    """A chapter names a table or a column that is not in the publication."""


@dataclass
class Publication:
    """The tables of one profile, read for one exercice."""

    folder: Path  # holds rapport/<table>.parquet
    exercice: int
    profile: str
    db: Any

    @functools.cached_property
    def tables(self) -> dict[str, list[str]]:
        """Every table that a report may show, with the names of its columns."""
        there = sorted((self.folder / "rapport").glob("*.parquet"))
        files = listed(glob.escape(str(path)) for path in there if path.stem != BUILD_NAMED)
        found: dict[str, list[str]] = {}
        schema = f"select file_name, name from parquet_schema({files}) where num_children is null"
        for file, column in self.db.execute(schema).fetchall():
            found.setdefault(Path(file).stem, []).append(column)
        return found

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns. Raises MissingTable."""
        if table not in self.tables:
            raise MissingTable(f"la publication n’a pas de table rapport.{table}{AGAIN}")
        return self.tables[table]

    def require(self, table: str, names: list[str]) -> None:
        """Raises MissingTable when the table has not all these columns."""
        if absent := [name for name in names if name not in self.columns(table)]:
            raise MissingTable(f"rapport.{table} n’a pas de colonne {', '.join(absent)}{AGAIN}")

    def is_withheld(self, table: str, exercice: int | None = None) -> bool:
        """True for a table of which the public profile says nothing, in an exercice (by default the report's)."""
        year = exercice or self.exercice
        return self.profile == PUBLIC and (table not in self.tables or year in self._withheld.get(table, []))

    @functools.cached_property
    def _withheld(self) -> dict[str, list[int]]:
        return read_withheld(self.folder)

    @functools.cached_property
    def notes(self) -> dict[int, str]:
        """What readers of the public staff tables must know of each exercice."""
        return read_notes(self.folder) if self.profile == PUBLIC else {}

    def waiting(self, table: str) -> int:
        """The lines of the year that the public profile leaves out of a table until somebody has read them."""
        return self.all_waiting.get(table, {}).get(self.exercice, 0)

    @functools.cached_property
    def all_waiting(self) -> dict[str, dict[int, int]]:
        """Table → exercice → the lines that the public profile leaves out until somebody has read them."""
        return read_waiting(self.folder) if self.profile == PUBLIC else {}

    @functools.cached_property
    def files(self) -> Files:
        """The files in force for the year; none in the public edition, or before they are published."""
        audit = self.folder / "audit"
        if self.profile == PUBLIC or not (audit / "tables_livrees.parquet").exists():
            return {}
        delivered, read = (parquet_scan(audit / f"{name}.parquet") for name in ("livraisons", "tables_livrees"))
        found: dict[str, list[str]] = {}
        asked = (
            f"select distinct read.systeme || '/' || nom_table as source, fichier from {read} as read "
            f"inner join {delivered} as delivered using (livraison) "
            f"where est_courante and delivered.exercice = {self.exercice} order by all"
        )
        for source, file in self.db.execute(asked).fetchall():
            found.setdefault(source, []).append(file)
        return found

    def rows(
        self, table: str, filters: dict[str, Value | list[Value]], order: list[str], exercices: int = 1
    ) -> list[Row]:
        """The rows of a table, of the last ``exercices`` years up to the report's. Raises MissingTable."""
        known = self.columns(table)
        return self._fetch(
            table, "*", f"order by {', '.join([*map(_towards, order), *known])}", filters, order, exercices
        )

    def alarming(self, alert: Alerte) -> list[Row]:
        """The rows of the year that raise an alarm; none when a column that identifies them is withheld. Raises MissingTable."""
        self.columns(alert.table)
        source = parquet_scan(self.folder / "rapport" / f"{alert.table}.parquet")
        try:
            cursor = self.db.execute(alert.select(f"(select * from {source} where exercice = {self.exercice})"))
        except duckdb.BinderException:
            return []
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]

    def grouped(self, data: Donnees) -> list[Row]:
        """The rows behind a block, aggregated when it says so; a missing value among them makes NULL."""
        if not data.agrege:
            return self.rows(data.table, data.filtres, data.ordre, data.exercices)
        by = [data.lignes.nom, *([data.croise.par] if data.croise else [])]
        values = [data.croise.valeur] if data.croise else [column.nom for column in data.colonnes]
        gathered = [f"case when count(*) = count({v}) then {AGGREGATES[data.agrege]}({v}) end as {v}" for v in values]
        if SECRET in self.columns(data.table):
            gathered.append(f"bool_or({SECRET}) as {SECRET}")
        # an order may name a column that is grouped away: its least value is then used
        order = ", ".join(
            [*(_towards(name, "{}" if name.lstrip("-") in values else "min({})") for name in data.ordre), *by]
        )
        end = f"group by {', '.join(by)} order by {order}"
        return self._fetch(data.table, ", ".join([*by, *gathered]), end, data.filtres, data.ordre, data.exercices)

    def _fetch(
        self,
        table: str,
        selected: str,
        end: str,
        filters: dict[str, Value | list[Value]],
        order: list[str],
        exercices: int,
    ) -> list[Row]:
        known = self.columns(table)
        self.require(table, [*filters, *(o.lstrip("-") for o in order)])
        where = [f"{name} {_is(value)}" for name, value in filters.items()]
        if "exercice" in known:
            where.append(f"exercice between {self.exercice - exercices + 1} and {self.exercice}")
        source = parquet_scan(self.folder / "rapport" / f"{table}.parquet")
        cursor = self.db.execute(f"select {selected} from {source} where {' and '.join(where) or 'true'} {end}")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def _towards(order: str, of: str = "{}") -> str:
    """``rang`` upwards, ``-rang`` downwards."""
    return f"{of.format(order.lstrip('-'))} {'desc' if order.startswith('-') else 'asc'} nulls last"


def _is(value: Value | list[Value]) -> str:
    values = value if isinstance(value, list) else [value]
    return f"in ({', '.join(str(v).lower() if isinstance(v, bool) else literal(v) for v in values)})"


@contextmanager
def read_publication(folder: Path, exercice: int, profile: str) -> Iterator[Publication]:
    """The publication in ``folder``, for one report."""
    with duckdb.connect() as db:
        db.execute("set threads = 1")
        yield Publication(folder, exercice, profile, db)
