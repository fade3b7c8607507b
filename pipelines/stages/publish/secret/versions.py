"""Former public versions of an exercice's staff tables, with the persons behind them: a new version is checked against them.

Two versions of a year, side by side, reveal the persons who differ. So the staff tables of an exercice are replaced
whole or not at all: when fewer persons than the threshold differ, at the finest crossing, from those behind what is
public, the former tables stay; otherwise all versions are proved together. In the proof, a former version is one more
exercice that a reader has (its *alias*, a negative number), whose persons became today's through arrivals alone or
departures alone where that is true.
"""

import functools
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from pipelines import sql
from pipelines.catalogue.secrecy import Population, Secrecy
from pipelines.publication import MARTS
from pipelines.sql import literal
from pipelines.stages.publish.copy import attached, copy_table, described, tables_of
from pipelines.stages.publish.secret.cells import Key, Numbers
from pipelines.stages.publish.secret.population import read_measures

FIGURES = "chiffres"
FORMER_COLUMNS = {
    "categorie": "categorie_hierarchique",
    "sens": "sens_mouvement",
}  # what older archives call a column
HIDDEN = {"valeur": "null", "statut": "'manquant'", "code_manquant": "'s'"}  # what a figure says once it is hidden


@dataclass(frozen=True)
class Rows:
    """Rows of a table, each value as text; None where it is empty."""

    columns: list[str]
    rows: list[list[str | None]]


@dataclass(frozen=True)
class Version:
    """One version of an exercice: the facts that count its persons, its staff tables and figures as in the internal
    profile, and the labels of the numbers that the public one gave.
    """

    exercice: int
    facts: dict[str, Rows]
    tables: dict[str, Rows]
    told: list[str]

    def written(self) -> str:
        """As it is archived: the same version gives the same text."""
        told = {"exercice": self.exercice, "facts": self.facts, "tables": self.tables, "told": self.told}
        return json.dumps(told, default=vars, ensure_ascii=False, sort_keys=True)  # ``asdict`` copies every cell

    @functools.cached_property
    def sha256(self) -> str:
        """The hash of the archived text: its name in the archive."""
        return hashlib.sha256(self.written().encode()).hexdigest()


def read_version(text: str, secrecy: Secrecy) -> Version:
    """The version that ``written`` wrote, its facts and their columns under the names that they have now.

    Raises ValueError, KeyError and TypeError when it is damaged.
    """
    kept = json.loads(text)
    parts = {part: {name: _renamed(**rows) for name, rows in kept[part].items()} for part in ("facts", "tables")}
    places = {_bare(fact): fact for fact in _facts_of(secrecy)}
    facts = {places.get(_bare(name), name): rows for name, rows in parts["facts"].items()}
    return Version(kept["exercice"], facts, parts["tables"], told=kept["told"])


def _renamed(columns: list[str], rows: list[list[str | None]]) -> Rows:
    there = {*columns}
    names = [new if (new := FORMER_COLUMNS.get(name)) and new not in there else name for name in columns]
    return Rows(names, rows)


def _bare(table: str) -> str:
    return table.rpartition(".")[2]


@dataclass(frozen=True)
class Plan:
    """Which exercices are printed afresh, stay as they were or are withheld; and alias → the former version behind it."""

    held: dict[int, Version]
    withheld: frozenset[int]
    former: dict[int, Version]

    @property
    def corrected(self) -> set[int]:
        """The exercices for which something else was public, or is."""
        return {*self.held, *self.withheld, *(version.exercice for version in self.former.values())}

    @property
    def replaced(self) -> set[int]:
        """The exercices whose versions must be proved together."""
        return {version.exercice for version in self.former.values()} - self.withheld

    def fixed(self, numbers: Numbers) -> tuple[set[Key], set[Key]]:
        """The numbers, published and hidden, of versions that stay as they were published."""
        versions = {**self.former, **self.held}
        told = {f"{exercice} {label}" for exercice, version in versions.items() for label in version.told}
        given = {key for key, names in numbers.names.items() if not told.isdisjoint(names)}
        printed = {key for item in numbers.items if item.exercice in versions for key in item.cells}
        return given, {key for key in printed - given if numbers.cells[key].form}


def planned(warehouse: Path, secrecy: Secrecy, threshold: int, versions: Iterable[Version]) -> Plan:
    """What to do with each exercice, given all its public versions, oldest first; nothing is withheld yet."""
    by_exercice: dict[int, list[Version]] = {}
    for version in versions:
        by_exercice.setdefault(version.exercice, []).append(version)
    held: dict[int, Version] = {}
    former: dict[int, Version] = {}
    with duckdb.connect() as db:
        db.execute(f"attach {literal(warehouse)} as source (read_only)")
        there = _facts_there(db, secrecy) if by_exercice else []
        for exercice, known in by_exercice.items():
            stands = known[-1]
            facts = _rows_of(db, there, exercice)
            if facts != stands.facts:  # or its columns differ
                if 0 < _persons_apart(db, secrecy, stands) < threshold:
                    held[exercice], facts = stands, stands.facts
            for version in known:
                if version.facts != facts and not _is_otherwise_written(db, secrecy, version, facts):
                    former[-2 * (len(former) + 1)] = version  # the number before it is not an exercice
    return Plan(held, frozenset(), former)


def _is_otherwise_written(db, secrecy: Secrecy, version: Version, facts: dict[str, Rows]) -> bool:
    """True for the same persons, when an older archive kept other columns of them."""
    shapes = [{name: {*rows.columns} for name, rows in of.items()} for of in (version.facts, facts)]
    return shapes[0] != shapes[1] and _persons_apart(db, secrecy, version) == 0


def _persons_apart(db, secrecy: Secrecy, version: Version) -> Decimal:
    """The smallest number of persons by which a version and the warehouse differ, at the finest crossing."""
    db.execute("attach ':memory:' as passe")
    try:
        _make_schemas(db, "passe", secrecy)
        for fact, rows in version.facts.items():
            if _columns(db, "source", fact):
                db.execute(f"create table passe.{fact} as from source.{fact} limit 0")
                insert(db, "passe", fact, rows)
        return max((_moved(db, declared, version) for declared in _facts(secrecy)), default=Decimal(0))
    finally:
        db.execute("detach passe")


def _moved(db, declared: Population, version: Version) -> Decimal:
    exercice, fact = version.exercice, declared.fact or ""
    if fact not in version.facts or not _columns(db, "source", fact):
        return Decimal(0)
    was, is_now = (_measures(db, declared, catalog).get(exercice, {}) for catalog in ("passe", "source"))
    gaps = [is_now.get(kind, Decimal(0)) - was.get(kind, Decimal(0)) for kind in {*was, *is_now}]
    came, went = sum(gap for gap in gaps if gap > 0), -sum(gap for gap in gaps if gap < 0)
    return Decimal(max(came, went)) / declared.per_person


def _measures(db, declared: Population, catalog: str) -> dict[int, dict[tuple, Decimal]]:
    """exercice → kind of person → measure, at the finest crossing."""
    levels = sum(len(of) for of in declared.axes.values())
    return {
        exercice: {tuple(row[:levels]): row[levels] for row in rows}
        for exercice, rows in read_measures(db, declared, catalog).items()
    }


# what is kept of a version ------------------------------------------------------------


def snapshots(
    db, secrecy: Secrecy, exercices: Iterable[int], disclosed: Iterable[tuple[str, Decimal]]
) -> Iterator[Version]:
    """The version of each exercice that becomes public with ``disclosed``, as in catalog ``source``."""
    names = tables_of(db, "rapport")
    kept = {name: "" for name in names if name in secrecy.of_persons}
    if secrecy.figures and FIGURES in names:
        kept[FIGURES] = f" and {_of_staff(db, secrecy, 'source')}"
    facts = _facts_there(db, secrecy)
    for exercice in exercices:
        start = f"{exercice} "
        told = sorted({name.removeprefix(start) for name, _ in disclosed if name.startswith(start)})
        tables = {name: _rows(db, f"rapport.{name}", f"exercice = {exercice}{more}") for name, more in kept.items()}
        yield Version(exercice, _rows_of(db, facts, exercice), tables, told)


def _facts_there(db, secrecy: Secrecy) -> list[str]:
    """The facts that count persons, of those in catalog ``source``; any look at it reads all of it."""
    known = "select distinct schema_name || '.' || table_name from duckdb_columns() where database_name = 'source'"
    there = {name for (name,) in db.execute(known).fetchall()}
    return [name for name in _facts_of(secrecy) if name in there]


def _rows_of(db, facts: Iterable[str], exercice: int) -> dict[str, Rows]:
    return {name: _rows(db, name, f"exercice = {exercice}") for name in facts}


def _facts_of(secrecy: Secrecy) -> list[str]:
    """The tables that count persons, once each."""
    return list(dict.fromkeys(population.fact or "" for population in _facts(secrecy)))


def _make_schemas(db, catalog: str, secrecy: Secrecy) -> None:
    for schema in sorted({fact.partition(".")[0] for fact in _facts_of(secrecy)}):
        db.execute(f"create schema if not exists {catalog}.{schema}")


def _facts(secrecy: Secrecy) -> list[Population]:
    return [population for population in secrecy.populations.values() if population.fact]


def _of_staff(db, secrecy: Secrecy, catalog: str, also: Iterable[str] = ()) -> str:
    """A condition for the figures under secrecy and those of ``also``; a figure that is never published is not among them."""
    figures = secrecy.figures
    assert figures is not None
    codes = [code for (code,) in db.execute(f"select distinct code from {catalog}.rapport.{FIGURES}").fetchall()]
    secret = {code for code in codes if figures.is_secret(code) and code not in figures.withheld}
    return f"code in ({', '.join(map(literal, sorted(secret.union(also)))) or 'null'})"


def _columns(db, catalog: str, table: str) -> list[str]:
    schema, _, name = table.partition(".")
    found = db.execute(
        f"select column_name from duckdb_columns() where database_name = {literal(catalog)} and "
        f"schema_name = {literal(schema)} and table_name = {literal(name)} order by column_index"
    ).fetchall()
    return [column for (column,) in found]


def _rows(db, table: str, where: str) -> Rows:
    # not from the catalog, which is slow with many tables
    columns = [name for name, *_ in db.execute(f"from source.{table} limit 0").description]
    texts = ", ".join(f"{column}::varchar" for column in columns)
    found = db.execute(f"select {texts} from source.{table} where {where} order by all nulls first").fetchall()
    return Rows(columns, [list(row) for row in found])


def insert(db, catalog: str, table: str, rows: Rows, exercice: int | None = None) -> None:
    """Add rows, limited to the columns that the table still has; ``exercice`` replaces theirs."""
    names = [name for name in _columns(db, catalog, table) if name in rows.columns]
    year = {} if exercice is None else {"exercice": exercice}
    told = [dict(zip(rows.columns, row, strict=True)) | year for row in rows.rows]
    sql.insert(db, f"{catalog}.{table} ({', '.join(names)})", [tuple(row[name] for name in names) for row in told])


# the warehouse that the public profile is made of ------------------------------------------------------------


def compose(file: Path, warehouse: Path, secrecy: Secrecy, plan: Plan) -> None:
    """Write a database like the warehouse, with what stays as it was and the aliases, but without what is withheld."""
    facts = _facts_of(secrecy)
    with attached(file, warehouse) as db:
        db.execute(f"create schema rapport; create schema {MARTS}")
        _make_schemas(db, "cible", secrecy)
        marts = [table for name, table in described(db, MARTS).items() if name in secrecy.tables]
        for table in (*described(db, "rapport").values(), *marts):
            copy_table(db, table, {})
        for fact in facts:
            if _columns(db, "source", fact):
                db.execute(f"create table cible.{fact} as from source.{fact}")
        for exercice, version in plan.held.items():
            _put_back(db, secrecy, exercice, version)
        for exercice in plan.withheld:
            _empty(db, secrecy, exercice)
        for alias, version in plan.former.items():
            _add(
                db,
                version,
                alias,
                {*version.facts, *(f"rapport.{name}" for name in version.tables.keys() & secrecy.of_persons)},
            )


def _put_back(db, secrecy: Secrecy, exercice: int, version: Version) -> None:
    for fact in version.facts:
        if _columns(db, "cible", fact):
            db.execute(f"delete from cible.{fact} where exercice = {exercice}")
    _delete(db, secrecy, exercice)
    if secrecy.figures and _columns(db, "cible", f"rapport.{FIGURES}"):
        kept = version.tables.get(FIGURES, Rows(["code"], []))
        codes = {str(row[kept.columns.index("code")]) for row in kept.rows}
        staff = _of_staff(db, secrecy, "cible", codes)
        db.execute(f"delete from cible.rapport.{FIGURES} where exercice = {exercice} and {staff}")
    stay = version.tables.keys() & {FIGURES, *secrecy.of_persons}
    _add(db, version, exercice, {*version.facts, *(f"rapport.{name}" for name in stay)})


def _delete(db, secrecy: Secrecy, exercice: int) -> None:
    for name in secrecy.of_persons:
        if _columns(db, "cible", f"rapport.{name}"):
            db.execute(f"delete from cible.rapport.{name} where exercice = {exercice}")


def _empty(db, secrecy: Secrecy, exercice: int) -> None:
    """Remove an exercice's staff tables, and the values of the figures that restate them."""
    _delete(db, secrecy, exercice)
    if secrecy.figures and _columns(db, "cible", f"rapport.{FIGURES}"):
        said = ", ".join(f"{column} = {value}" for column, value in HIDDEN.items())
        where = f"exercice = {exercice} and valeur is not null and {_of_staff(db, secrecy, 'cible')}"
        db.execute(f"update cible.rapport.{FIGURES} set {said} where {where}")


def _add(db, version: Version, exercice: int, tables: Iterable[str]) -> None:
    contents: Mapping[str, Rows] = version.facts | {f"rapport.{name}": rows for name, rows in version.tables.items()}
    for table in sorted(tables):
        if _columns(db, "cible", table):
            insert(db, "cible", table, contents[table], exercice)


# the proof of all versions together ------------------------------------------------------------


def tie(numbers: Numbers, plan: Plan, threshold: int) -> None:
    """State what a reader knows of two versions of an exercice: who came between them, or who left, when it is only one
    of the two.

    A number of persons who came or left, when it is not 0, is known to be at most that number or the threshold,
    whichever is greater.
    """
    for alias, version in plan.former.items():
        for name, exercice in list(numbers.unknowns.crossings):
            if exercice == alias and (name, version.exercice) in numbers.unknowns.crossings:
                numbers.unknowns.tie(name, alias, version.exercice, threshold)
    _note_small_moves(numbers, plan, threshold)
    _note_comparisons(numbers, plan)


def _note_small_moves(numbers: Numbers, plan: Plan, threshold: int) -> None:
    """The hidden numbers of a former version that changed by few persons: a reader who knew them would know these persons."""
    named = {name: key for key, names in numbers.names.items() for name in names}
    given, _ = plan.fixed(numbers)
    for name, key in named.items():
        alias, _, label = name.partition(" ")
        version = plan.former.get(int(alias))
        after = named.get(f"{version.exercice} {label}") if version else None
        if after is None or key in given:
            continue
        cell, gap = numbers.cells[key], abs(numbers.cells[after].value - numbers.cells[key].value)
        if not cell.is_mean and 0 < gap < threshold * cell.unit:
            numbers.moved.add(key)


def _note_comparisons(numbers: Numbers, plan: Plan) -> None:
    """The comparison with a year that was corrected is checked against what was public of that year too."""
    numbers.compared = {
        key: before for key, before in numbers.compared.items() if numbers.cells[before].exercice in plan.corrected
    }
