"""Says what stopped a build: the lines behind the failing rows of a test, the deliveries that are new behind a model.

The place of a row in its original is told, never a value of it: it may be of a personal column. dbt's own words are kept
without what they quote of the data.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.catalogue.rules import where
from pipelines.disk import read_json
from pipelines.ledger.records import Manifest
from pipelines.settings import Home
from pipelines.sql import in_french, with_sheet
from pipelines.stages.transform.dbt import NodeResult

if TYPE_CHECKING:
    import duckdb

PLACE = ("exercice", "_livraison", "_fichier", "_ligne")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ABOUT = re.compile(r"[A-Z]\w+ Error in |> |\|")  # of which model it is, the macros that lead there, a table of columns
_ERROR = re.compile(r"([A-Z][A-Za-z ]*) Error: ")
OF_CODE = ("Binder", "Catalog", "Compilation", "Parser", "Syntax")  # whose names in double quotes are the program's
OF_VALUES = ("Conversion", "Range")  # which quote a value in either way; what any other error holds is not known
_QUOTED = re.compile(r"'(?:[^']|'')*'|\d{5,}")
_VALUES = re.compile(_QUOTED.pattern + r'|"(?:[^"]|"")*"|(?<![\w(,])\d[\d.:/-]*\d')


@dataclass(frozen=True)
class Culprit:
    """A line that stopped the build; or, without file, a delivery that was not there when the last one succeeded."""

    source: str  # system/export
    exercice: int
    fichier: str | None = None
    ligne: int | None = None

    def __str__(self) -> str:
        delivery = f"{self.source} {self.exercice}"
        return f"{self.fichier}:{self.ligne} ({delivery})" if self.fichier else delivery


def words(result: NodeResult) -> str:
    """What dbt said, on one line, without colours nor values; in French where it is DuckDB that refuses a text."""
    lines = [line.strip() for line in _COLOUR.sub("", result.message or "").splitlines() if line.strip()]
    said = [line for line in lines if not _ABOUT.match(line)]
    told = next((line for line in said if _ERROR.search(line)), said[-1] if said else "")
    return in_french(without_values(told))[:300]


def without_values(text: str) -> str:
    """What dbt says, without what an error of the database quotes of the data, nor the lines that follow it."""
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
    """Up to three lines behind the failing rows of a test; else the deliveries that are not among ``before``."""
    sources = {manifest.delivery: manifest.export_key for manifest in manifests}
    lines = _lines(home, result, before) if result.kind == "test" and result.sql else []
    found = [Culprit(sources[delivery], *place) for place, delivery in lines if delivery in sources]
    return found or [Culprit(m.export_key, m.exercice) for m in manifests if m.delivery not in before][:3]


def _lines(home: Home, result: NodeResult, before: list[str]) -> list[tuple[tuple[int, str, int], str]]:
    """((exercice, fichier, ligne), livraison) behind the failing rows, by the nearest relation that keeps them.

    The lines of deliveries that are not among ``before`` come first: the build had succeeded without them.
    """
    import duckdb

    with duckdb.connect(str(home.warehouse_next), read_only=True) as db:
        try:
            failing = db.sql(f"select * from ({result.sql})")
            named = set(failing.columns)
            for relation, columns in [("failing", named), *_ancestors(home, result.node, db)]:
                if not columns.issuperset(PLACE) or not (shared := named & columns - {"exercice", "nb_lignes"}):
                    continue
                on = " and ".join(
                    f'failing."{c}" is not distinct from kept."{c}"'
                    for c in sorted(shared | (named & columns & {"exercice"}))
                )
                rows = db.execute(
                    f"with failing as ({result.sql}) select distinct list_contains($before, _livraison) as already, "
                    f"exercice, _fichier, _feuille, _ligne, _livraison from {with_sheet(relation)} as kept "
                    f"where exists (select 1 from failing where {on}) order by all limit 3",
                    {"before": before},
                ).fetchall()
                return [((year, where(file, sheet), line), delivery) for _, year, file, sheet, line, delivery in rows]
        except duckdb.Error:  # what could not be computed has no rows
            pass
    return []


def _ancestors(home: Home, node: str, db: "duckdb.DuckDBPyConnection") -> Iterator[tuple[str, set[str]]]:
    """Every relation that a node reads, the nearest first, with its columns."""
    manifest = read_json(home.dbt_manifest)
    known = manifest["nodes"] | manifest["sources"]
    todo, seen = deque([node]), {node}
    while todo:
        parents = [p for p in manifest["parent_map"].get(todo.popleft(), []) if p in known and p not in seen]
        seen.update(parents)
        todo.extend(parents)
        for parent in parents:
            schema, name = known[parent]["schema"], known[parent].get("identifier") or known[parent]["name"]
            columns = db.execute(
                "select column_name from duckdb_columns() where schema_name = ? and table_name = ?", [schema, name]
            ).fetchall()
            yield f'"{schema}"."{name}"', {column for (column,) in columns}
