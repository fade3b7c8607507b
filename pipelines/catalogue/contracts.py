"""What readers of the published tables were promised: the snapshot ``dbt_project/contracts.csv`` of a layer, which nobody edits.

    table,column,type,unit,key
    marts.dim_application,code_application,VARCHAR NOT NULL,,1

dbt proves at each build that a table is as its own contract says; the snapshot is what these contracts said when readers
were last told (``millesime contracts record``). ``key`` is the rank of a column in the table's primary key. A home's
snapshot has the tables that it makes itself.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pipelines.catalogue.fields import Fields, unit_of
from pipelines.catalogue.overlay import Thing
from pipelines.catalogue.yaml_file import DeclarationError, read_text, shown

SNAPSHOT = "dbt_project/contracts.csv"  # in a layer
OURS = ("audit.", "rapport.fraicheur")  # tables that dbt does not make
FOR_READERS = ("marts", "rapport", "restreint")  # the layers that dbt makes for readers
NOT_NULL = " NOT NULL"


class Promise(NamedTuple):
    """One column of a published table: its type as DuckDB prints it (``DECIMAL(18,2) NOT NULL``), unit and rank in the key."""

    type: str
    unit: str = ""
    key: str = ""


Keys = Mapping[str, list[str]]  # table → the columns of its key, which dbt proves at each build
PARTS = ("type", "unité", "rang dans la clé")  # of a promise, in French
HEADER = ("table", "column", *Promise._fields)
Shape = Mapping[str, Mapping[str, Promise]]  # by ``schema.table``, then column


class Difference(NamedTuple):
    """One difference between two shapes; ``said`` words it for a French reader."""

    kind: Literal["added", "removed", "changed"]
    name: str  # ``schema.table`` or ``schema.table.column``
    said: str = ""


def key_of(keys: Keys, table: str, filled: Set[str]) -> list[str]:
    """The columns of the primary key of ``table``, whose columns ``filled`` are never empty.

    There are none when a column of its key may be empty: no database accepts it as a primary key.
    """
    columns = keys.get(table, [])
    return columns if {*columns} <= filled else []


def contracted(entry: Thing, keys: Keys, fields: Fields) -> dict[str, Promise]:
    """The columns that a model's entry promises by its dbt contract."""
    columns = {column["name"]: column for column in entry.data.get("columns") or []}
    key = key_of(keys, entry.name, {name for name, column in columns.items() if _is_filled(column)})
    return {
        name: Promise(
            str(column.get("data_type", "")).upper().replace(" ", "") + NOT_NULL * _is_filled(column),
            (said.unit if (said := fields.of(entry.name, name)) else unit_of(name)) or "",
            str(key.index(name) + 1) if name in key else "",
        )
        for name, column in columns.items()
    }


def _is_filled(column: Mapping[str, Any]) -> bool:
    return any(one["type"] == "not_null" for one in column.get("constraints") or [])


def snapshot(path: Path) -> dict[str, dict[str, Promise]]:
    """What a file promises; nothing when there is none. Raises DeclarationError on another header."""
    found: dict[str, dict[str, Promise]] = {}
    if path.exists():
        rows = csv.DictReader(line for line in read_text(path).splitlines() if not line.startswith("#"))
        if rows.fieldnames != [*HEADER]:
            raise DeclarationError(
                f"{shown(path)}:2 l’en-tête est « {','.join(HEADER)} » : `millesime contracts record` l’écrit"
            )
        for row in rows:
            found.setdefault(row["table"], {})[row["column"]] = Promise(row["type"], row["unit"], row["key"])
    return found


def written(shape: Shape, version: str) -> str:
    """The text of a snapshot, in order of name."""
    file = io.StringIO()
    file.write(f"# {version}: written by `millesime contracts record`, never by hand\n")
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(HEADER)
    rows.writerows([table, column, *shape[table][column]] for table in sorted(shape) for column in sorted(shape[table]))
    return file.getvalue()


def differences(before: Shape, after: Shape) -> list[Difference]:
    """What was added, removed and changed, by name."""
    found = [Difference("removed", table) for table in before.keys() - after.keys()]
    found += [Difference("added", table) for table in after.keys() - before.keys()]
    for table in before.keys() & after.keys():
        was, is_now = before[table], after[table]
        found += [Difference("removed", f"{table}.{column}") for column in was.keys() - is_now.keys()]
        found += [Difference("added", f"{table}.{column}") for column in is_now.keys() - was.keys()]
        for column in was.keys() & is_now.keys():
            for of, former, new in zip(PARTS, was[column], is_now[column], strict=True):
                if former != new:  # a unit, a key or NOT NULL that is new takes nothing from a reader
                    gains = not former or new == f"{former}{NOT_NULL}"
                    said = f"{of} {former or 'absent'} → {new or 'absent'}"
                    found.append(Difference("added" if gains else "changed", f"{table}.{column}", said))
    return sorted(found, key=lambda one: (one.name, one.kind))


def broken(promised: Shape, shape: Shape) -> list[Difference]:
    """What readers were promised and would miss."""
    return [one for one in differences(promised, shape) if one.kind != "added"]


def told(found: Iterable[Difference]) -> list[str]:
    """Each difference in one line (French)."""
    kinds = {"removed": "retiré", "changed": "changé", "added": "ajouté"}
    return [f"{kinds[one.kind]} {one.name}{f' ({one.said})' if one.said else ''}" for one in found]
