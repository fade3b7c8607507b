"""Explains what stopped a build: the lines behind the failing rows of a test, or the new deliveries behind a model.

Messages give the place of a row in its original, but never a value, which may be personal. Data that dbt's own messages
quote are removed.
"""

import re
import shutil
import tempfile
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.catalogue.rules import where
from pipelines.disk import read_json
from pipelines.ledger.records import Manifest
from pipelines.settings import Home
from pipelines.sql import in_french, with_sheet
from pipelines.stages.transform.dbt import NodeResult

Line = tuple[tuple[int, str, int], str]  # (exercice, fichier, ligne), livraison
PLACE = ("exercice", "_livraison", "_fichier", "_ligne")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ABOUT = re.compile(r"[A-Z]\w+ Error in |> |\|")  # the model, the macros that lead there, a table of columns
_ERROR = re.compile(r"([A-Z][A-Za-z ]*) Error: ")
OF_CODE = ("Binder", "Catalog", "Compilation", "Parser", "Syntax")  # names in double quotes are the program's own
OF_VALUES = ("Conversion", "Range")  # these quote a value in either way; what any other error contains is not known
_MISMATCH = re.compile(
    r"\|\s*(\w+)\s*\|\s*(\w[^|]*?)?\s*\|\s*(\w[^|]*?)?\s*\|\s*(?:data type mismatch|missing in \w+)\s*\|"
)
_NULL = re.compile(r"NOT NULL constraint \w+: \S+\.(\w+)")
_QUOTED = re.compile(r"'(?:[^']|'')*'|\d{5,}")
_VALUES = re.compile(_QUOTED.pattern + r'|"(?:[^"]|"")*"|(?<![\w(,])\d[\d.:/-]*\d')


class NotOfTheData(Exception):
    """The node fails whatever it reads: its SQL is wrong."""


@dataclass(frozen=True)
class Culprit:
    """A line that stopped the build; or, without a file, a delivery that was not there when the last build succeeded."""

    source: str  # system/export
    exercice: int
    fichier: str | None = None
    ligne: int | None = None

    def __str__(self) -> str:
        delivery = f"{self.source} {self.exercice}"
        return f"{self.fichier}:{self.ligne} ({delivery})" if self.fichier else delivery


def words(result: NodeResult) -> str:
    """dbt's message on one line, without colours or values; in French if DuckDB refuses a text."""
    if differing := _MISMATCH.findall(_COLOUR.sub("", result.message or "")):
        told = [f"{name} ({_type(declared)} déclarée, {_type(made)} calculée)" for name, made, declared in differing]
        return f"le modèle n’est pas ce que dit son contrat : {', '.join(told)}"
    lines = [line.strip() for line in _COLOUR.sub("", result.message or "").splitlines() if line.strip()]
    said = [line for line in lines if not _ABOUT.match(line)]
    told = next((line for line in said if _ERROR.search(line)), said[-1] if said else "")
    return in_french(without_values(told))[:300]


def _type(said: str) -> str:
    return said.lower() or "non"


def without_values(text: str) -> str:
    """dbt's message without the data that a database error quotes, or the lines that follow it."""
    plain = _COLOUR.sub("", text)
    error = _ERROR.search(plain)
    if error is None:
        return _QUOTED.sub("…", plain)
    before, kind, said = plain[: error.start()], error[1].strip(), plain[error.start() :].partition("\n")[0]
    family = kind.rpartition(" ")[2]
    if family not in (*OF_CODE, *OF_VALUES):
        return f"{before}{kind} Error"
    return before + (_QUOTED if family in OF_CODE else _VALUES).sub("…", said)


def culprits(home: Home, result: NodeResult, manifests: list[Manifest], before: list[str]) -> list[Culprit]:
    """Up to three lines behind the failing rows of a test, or the one that makes a node fail; otherwise the deliveries
    that are not among ``before``, unless no data is at fault.
    """
    sources = {manifest.delivery: manifest.export_key for manifest in manifests}
    try:
        lines = _lines_behind(home, result, before) if result.sql else []
    except NotOfTheData:
        return []
    found = [Culprit(sources[delivery], *place) for place, delivery in lines if delivery in sources]
    return found or [Culprit(m.export_key, m.exercice) for m in manifests if m.delivery not in before][:3]


def _lines_behind(home: Home, result: NodeResult, before: list[str]) -> list[Line]:
    """What stopped a node, searched for in a copy with the warehouse's name, since SQL names the database. Raises
    NotOfTheData."""
    nodes = read_json(home.dbt_manifest)
    with tempfile.TemporaryDirectory(dir=home.warehouse_next.parent) as folder:
        copy = Path(folder) / home.warehouse_next.name
        shutil.copyfile(home.warehouse_next, copy)
        with duckdb.connect(str(copy)) as db:
            try:
                if result.status == "fail":
                    return _lines(db, nodes, result.node, str(result.sql), before)
                if null := _NULL.search(result.message or ""):
                    empty = f'select * exclude ("{null[1]}") from ({result.sql}) where "{null[1]}" is null'
                    return _lines(db, nodes, result.node, empty, before)
                found = _fault(db, nodes, result.node, str(result.sql))
                return _lines(db, nodes, *found, before) if found else []
            except duckdb.Error:  # what could not be computed has no rows
                return []


def _lines(db: duckdb.DuckDBPyConnection, nodes: dict, node: str, sql: str, before: list[str]) -> list[Line]:
    """The lines behind the rows of ``sql``, which belongs to ``node``, in the nearest relation that keeps them.

    The lines of deliveries that are not among ``before`` come first: the build had succeeded without them.
    """
    db.execute(f"create or replace temp table failing as {sql}")
    named = {name for name, *_ in db.execute("describe from failing").fetchall()}
    for relation, columns in [("failing", named), *_ancestors(nodes, node, db)]:
        if not columns.issuperset(PLACE) or not (shared := named & columns - {"exercice", "nb_lignes"}):
            continue
        on = " and ".join(
            f'failing."{c}" is not distinct from kept."{c}"' for c in sorted(shared | (named & columns & {"exercice"}))
        )
        rows = db.execute(
            "select distinct list_contains($before, _livraison) as already, exercice, _fichier, _feuille, _ligne, _livraison "
            f"from {with_sheet(relation)} as kept where exists (select 1 from failing where {on}) order by all limit 3",
            {"before": before},
        ).fetchall()
        return [((year, where(file, sheet), line), delivery) for _, year, file, sheet, line, delivery in rows]
    return []


def _ancestors(nodes: dict, node: str, db: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, set[str]]]:
    """Every relation that a node reads, nearest first, with its columns."""
    held: dict[str, set[str]] = {}
    for schema, table, column in db.execute(
        "select schema_name, table_name, column_name from duckdb_columns()"
    ).fetchall():
        held.setdefault(f'"{schema}"."{table}"', set()).add(column)
    todo, seen = deque([node]), {node}
    while todo:
        read = [one for one in _parents(nodes, todo.popleft()) if one[0] not in seen]
        seen.update(parent for parent, _ in read)
        todo.extend(parent for parent, _ in read)
        yield from ((relation, held.get(relation, set())) for _, relation in read)


def _parents(nodes: dict, node: str) -> list[tuple[str, str]]:
    """The models and sources that a node reads: identifier, relation."""
    known = nodes["nodes"] | nodes["sources"]
    read = [(parent, known[parent]) for parent in nodes["parent_map"].get(node, []) if parent in known]
    return [(parent, f'"{one["schema"]}"."{one.get("identifier") or one["name"]}"') for parent, one in read]


def _fault(db: duckdb.DuckDBPyConnection, nodes: dict, node: str, sql: str) -> tuple[str, str] | None:
    """The row that makes ``sql``, of ``node``, fail, found by halving what it reads as long as it still fails.

    It is a node and SQL, of one row of that node; None when no single one is enough. Relations of ``db`` are changed,
    since it is a copy. Raises NotOfTheData.
    """
    if not _fails(db, sql):
        return None
    is_of_data = False
    for parent, relation in _parents(nodes, node):
        if _fails(db, f"select * from {relation}"):  # a view: nothing had computed it yet
            return _fault(db, nodes, parent, f"select * from {relation}")
        reading = _ReadRelation(db, sql, relation)
        if reading.fails(1, 0):
            reading.keep(1, reading.last)
            continue
        is_of_data = True
        if row := reading.row_at_fault():
            return parent, f"select * exclude (_rang) from {reading.rows} where _rang = {row}"
    if not is_of_data:
        raise NotOfTheData
    return None


def _fails(db: duckdb.DuckDBPyConnection, sql: str) -> bool:
    try:
        db.execute(f"create or replace temp table calcul as {sql}")
    except duckdb.Error:
        return True
    return False


class _ReadRelation:
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
