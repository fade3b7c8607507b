"""Finds the row that makes a node fail, by halving what it reads, in a copy of the warehouse, as long as it still fails."""

from collections.abc import Callable
from dataclasses import dataclass

import duckdb


class NotOfTheData(Exception):
    """The node fails whatever it reads: its SQL is wrong."""


@dataclass(frozen=True)
class Fault:
    """One row of a relation, as SQL, and the node that the relation belongs to."""

    node: str
    row: str


def fault(
    db: duckdb.DuckDBPyConnection, sql: str, node: str, parents: Callable[[str], list[tuple[str, str]]]
) -> Fault | None:
    """The row that makes ``sql``, of ``node``, fail; None when no single one does. Raises NotOfTheData.

    ``parents``: what a node reads, as (node, relation). Relations of ``db`` are changed, since it is a copy.
    """
    if not _fails(db, sql):
        return None
    is_of_data = False
    for parent, relation in parents(node):
        if _fails(db, f"select * from {relation}"):  # a view: nothing had computed it yet
            return fault(db, f"select * from {relation}", parent, parents)
        reading = _Reading(db, sql, relation)
        if reading.fails(1, 0):
            reading.keep(1, reading.last)
            continue
        is_of_data = True
        if row := reading.row_at_fault():
            return Fault(parent, f"select * exclude (_rang) from {reading.rows} where _rang = {row}")
    if not is_of_data:
        raise NotOfTheData
    return None


def _fails(db: duckdb.DuckDBPyConnection, sql: str) -> bool:
    try:
        db.execute(f"create or replace temp table calcul as {sql}")
    except duckdb.Error:
        return True
    return False


class _Reading:
    """One relation that ``sql`` reads, from which rows are removed."""

    rows = "temp.lues"

    def __init__(self, db: duckdb.DuckDBPyConnection, sql: str, relation: str):
        self.db, self.sql, self.relation = db, sql, relation
        db.execute(f"create or replace temp table lues as select *, row_number() over () as _rang from {relation}")
        (self.last,) = db.execute(f"select count(*) from {self.rows}").fetchone() or (0,)
        views = 'select format(\'"{}"."{}"\', schema_name, view_name) from duckdb_views() where not internal'
        self.kind = "view" if (relation,) in db.execute(views).fetchall() else "table"

    def keep(self, first: int, last: int) -> None:
        """Leave only these rows in the relation."""
        self.db.execute(f"drop {self.kind} {self.relation}")
        self.kind = "table"
        kept = f"select * exclude (_rang) from {self.rows} where _rang between {first} and {last}"
        self.db.execute(f"create table {self.relation} as {kept}")

    def fails(self, first: int, last: int) -> bool:
        """True when it fails with these rows alone."""
        self.keep(first, last)
        return _fails(self.db, self.sql)

    def row_at_fault(self) -> int | None:
        """The rank of the one row that is enough to make it fail; the relation is whole again afterwards."""
        first, last = 1, self.last
        while first < last:
            middle = (first + last) // 2
            if self.fails(first, middle):
                last = middle
            elif self.fails(middle + 1, last):
                first = middle + 1
            else:
                break
        self.keep(1, self.last)
        return first if first == last else None
