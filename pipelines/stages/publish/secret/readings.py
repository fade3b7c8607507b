"""The texts that services typed: a line with one of them is public once a named person has read and approved it.

What the ledger keeps of a reading is the SHA-256 of the text and its place (table, column, exercice): the same text there
needs no other reading, another text or another year does.
"""

import hashlib
from collections.abc import Collection, Set
from dataclasses import dataclass, field
from typing import Any

import duckdb

from pipelines.catalogue.contracts import Keys
from pipelines.catalogue.fields import Fields
from pipelines.ledger.records import Reading
from pipelines.ledger.workspace import Workspace
from pipelines.publication import MARTS
from pipelines.sql import literal
from pipelines.stages.publish.copy import Described, described
from pipelines.stages.publish.secret.words import Words, declared_words, texts_of

Waiting = dict[str, dict[int, int]]  # table → exercice (0 without one) → lines that wait
UNDATED = 0


@dataclass(frozen=True, order=True)
class Typed:
    """A text that nobody declared, in its place; ``exercice`` is 0 in a table without years."""

    table: str
    column: str
    exercice: int
    text: str

    @property
    def reading(self) -> Reading:
        """What the ledger keeps when somebody has read it."""
        return Reading(hashlib.sha256(self.text.encode()).hexdigest(), self.table, self.column, self.exercice)


@dataclass(frozen=True)
class Listed:
    """A typed text as a reader finds it: ``row`` names in words the first of the ``lines`` that have it."""

    typed: Typed
    row: str
    lines: int
    is_read: bool


@dataclass
class TypedTexts:
    """The typed texts of a warehouse (catalog ``source`` of ``db``); ``waiting`` counts the lines that were left out."""

    db: Any
    words: Words
    read: Set[Reading]
    waiting: Waiting = field(default_factory=dict)

    def of(self, table: Described, never: Collection[str] = ()) -> list[Typed]:
        """Those of a table, except in the columns ``never``."""
        found = []
        for column, texts in texts_of(self.db, "source", table.schema, table.name).items():
            unknown = [] if column in never else self.words.unknown(table.name, column, texts)
            if unknown:
                rows = self.db.execute(
                    f"select distinct {_year(table)}, {column} from source.{table.schema}.{table.name} "
                    f"where {_among(column, unknown)}"
                ).fetchall()
                found += [Typed(table.name, column, *row) for row in rows]
        return sorted(found)

    def left_out(self, table: Described, never: Collection[str] = ()) -> str:
        """The SQL condition of the lines with a text that nobody has read, which are counted; empty when there are none."""
        texts: dict[tuple[int, str], list[str]] = {}
        for one in self.of(table, never):
            if one.reading not in self.read:
                texts.setdefault((one.exercice, one.column), []).append(one.text)
        if not texts:
            return ""
        where = " or ".join(
            f"({_year(table)} = {exercice} and {_among(column, of)})" for (exercice, column), of in texts.items()
        )
        counted = f"select {_year(table)}, count(*) from source.{table.schema}.{table.name} where {where} group by 1 order by 1"
        self.waiting[table.name] = dict(self.db.execute(counted).fetchall())
        return where


def _year(table: Described) -> str:
    return "coalesce(exercice, 0)" if "exercice" in table.columns else str(UNDATED)


def _among(column: str, texts: Collection[str]) -> str:
    return f"coalesce({column} in ({', '.join(map(literal, texts))}), false)"


def typed_texts(work: Workspace, exercice: int) -> list[Listed]:
    """The typed texts of the public tables of the warehouse, of one exercice or of none, always in the same order."""
    secrecy, found = work.catalogue.secrecy, []
    if not work.home.warehouse.exists():
        return []
    with duckdb.connect() as db:
        db.execute(f"attach {literal(work.home.warehouse)} as source (read_only)")
        texts = TypedTexts(db, declared_words(db, work.catalogue), work.ledger.readings())
        for schema in ("rapport", MARTS):
            for name, table in described(db, schema).items():
                of = secrecy.tables.get(name)
                if of and not of.withheld:
                    keys, fields = work.catalogue.project.keys, work.catalogue.fields
                    typed = [one for one in texts.of(table, of.never) if one.exercice in (exercice, UNDATED)]
                    found += [_listed(texts, table, keys, fields, one) for one in typed]
    return sorted(found, key=lambda one: one.typed)


def _listed(texts: TypedTexts, table: Described, keys: Keys, fields: Fields, one: Typed) -> Listed:
    columns = [name for name in keys.get(table.name, []) if name not in ("exercice", one.column)]
    titles = [said.title if (said := fields.of(table.name, name)) else name for name in columns]
    same = f"source.{table.schema}.{table.name} where {_year(table)} = {one.exercice} and {one.column} = {literal(one.text)}"
    (lines,) = texts.db.execute(f"select count(*) from {same}").fetchone()
    row = (
        texts.db.execute(f"select {', '.join(columns)} from {same} order by all limit 1").fetchone() if columns else ()
    )
    said_row = ", ".join(f"{title} {value}" for title, value in zip(titles, row, strict=True))
    return Listed(one, said_row, lines, one.reading in texts.read)
