"""Former public versions of an exercice's staff tables, with the persons behind them: a new version is proved with them.

Two versions of a year, side by side, reveal the persons who differ. A version whose numbers are still true says nothing
more than they do. Any other is one more exercice that a reader has (a negative number), whose persons became today's
through arrivals or departures of each kind; the rule of ``worlds`` holds for these too.
"""

import functools
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines import sql
from pipelines.catalogue.secrecy import Secrecy
from pipelines.sql import literal
from pipelines.stages.publish.secret.sums import Facts, Sum, read_facts

FORMER_MOVEMENTS = {"arrivees": "arrivee", "departs": "depart", "nommes": "changement_statut"}
FORMER_COLUMNS = {
    "categorie": "categorie_hierarchique",
    "sens": "sens_mouvement",
}  # what older archives call a column


@dataclass(frozen=True)
class Rows:
    """Rows of a table, each value as text; None where it is empty."""

    columns: list[str]
    rows: list[list[str | None]]

    def as_dicts(self) -> list[dict[str, Any]]:
        """Each row by the names of its columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Version:
    """One version of an exercice: the facts that count its persons, its public staff tables and figures, and what they say."""

    exercice: int
    facts: dict[str, Rows]
    tables: dict[str, Rows]
    told: dict[Sum, Decimal]
    labels: tuple[str, ...] = ()  # what a version of the first form says, until its facts are read

    def written(self) -> str:
        """As it is archived: the same version gives the same text."""
        told = [[one.population, one.where, one.mean, str(value)] for one, value in self.told.items()]
        content = {"exercice": self.exercice, "facts": self.facts, "tables": self.tables, "told": told}
        return json.dumps(content, default=vars, ensure_ascii=False, sort_keys=True)

    @functools.cached_property
    def sha256(self) -> str:
        """The hash of the archived text: its name in the archive."""
        return hashlib.sha256(self.written().encode()).hexdigest()

    def is_true(self, facts: Facts) -> bool:
        """True if all that it says is what the facts say now."""
        return all(facts.value(one) == value for one, value in self.told.items())


def read_version(text: str, secrecy: Secrecy) -> Version:
    """The version that ``written`` wrote, its facts and their columns under the names that they have now.

    Raises ValueError, KeyError and TypeError when it is damaged.
    """
    kept = json.loads(text)
    places = {_bare(one.fact): one.fact for one in secrecy.populations.values()}
    facts = {places.get(_bare(name), name): _renamed(**rows) for name, rows in kept["facts"].items()}
    labels = tuple(one for one in kept["told"] if isinstance(one, str))
    tables = {} if labels else {name: Rows(**rows) for name, rows in kept["tables"].items()}
    told = {}
    for population, where, mean, value in [] if labels else kept["told"]:
        levels = tuple((level, tuple(values)) for level, values in where)
        told[Sum(population, kept["exercice"], levels, mean)] = Decimal(value)
    return Version(kept["exercice"], facts, tables, told, labels)


def _with_told(version: Version, facts: Facts, secrecy: Secrecy) -> Version:
    """The version; what one of the first form said is read in its facts: each number was named by its population, the
    values of its levels and, for a mean, its sum (« effectif, code_statut fonctionnaire »)."""
    told = {}
    for label in version.labels:
        name, *parts = label.split(", ")
        where = {"sens_mouvement": FORMER_MOVEMENTS[name]} if name in FORMER_MOVEMENTS else {}
        name = "mouvements" if name in FORMER_MOVEMENTS else name
        if name not in secrecy.populations:
            continue
        declared = secrecy.populations[name]
        where |= dict(part.split(" ", 1) for part in parts if " " in part)
        levels = [
            (level, tuple(declared.groups.get(level, {}).get(value, [value])))
            for level, value in sorted(where.items())
            if level in declared.levels
        ]
        mean = next((part for part in parts if part in declared.means), None)
        one = Sum(name, version.exercice, tuple(levels), mean)
        told[one] = facts.value(one)
    return replace(version, told=told) if version.labels else version


def with_persons(warehouse: Path, versions: Iterable[Version], secrecy: Secrecy) -> list[tuple[Version, Facts]]:
    """Each version, with all that it says and the persons behind it, in the types of the warehouse."""
    found = []
    for version in versions:
        with duckdb.connect() as db:
            db.execute(f"attach {literal(warehouse)} as source (read_only)")
            for fact, rows in version.facts.items():
                _recreate(db, fact, rows)
            db.execute("detach source")
            facts = read_facts(db, secrecy, "memory")
        found.append((_with_told(version, facts, secrecy), facts))
    return found


def _recreate(db: Any, fact: str, rows: Rows) -> None:
    db.execute(f"create schema if not exists {fact.partition('.')[0]}")
    try:
        db.execute(f"create table {fact} as from source.{fact} limit 0")
    except duckdb.CatalogException:
        return  # a fact that no longer is counts nobody
    there = {name for name, *_ in db.execute(f"from {fact}").description}
    for name in rows.columns:
        if name not in there:
            db.execute(f'alter table {fact} add column "{name}" varchar')
    columns = ", ".join(f'"{name}"' for name in rows.columns)
    sql.insert(db, f"{fact} ({columns})", [tuple(row) for row in rows.rows])


def _bare(table: str) -> str:
    return table.rpartition(".")[2]


def _renamed(columns: list[str], rows: list[list[str | None]]) -> Rows:
    there = {*columns}
    names = [new if (new := FORMER_COLUMNS.get(name)) and new not in there else name for name in columns]
    return Rows(names, rows)
