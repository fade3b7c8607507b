"""What tables about persons say: each printed number is a *sum*, of persons of some kinds, over a population.

The true value of a sum comes from the facts, and every printed number is compared with it: a declaration that does not
describe its table is an error here, not a leak later. A percentage, a mean or an ETPR counts as if it printed exactly
what it is computed from: a real reader, who has only the rounded number, knows less.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines.catalogue.secrecy import ALL, Form, Number, Population, Secrecy, Table

Where = tuple[tuple[str, tuple[str, ...]], ...]  # level → the values that it may have, ``*`` for any but none
Row = dict[str, Any]


class SecrecyBroken(Exception):
    """The public profile cannot be made. ``code`` is a rule of ``pipelines.catalogue.rules``; the message is French."""

    def __init__(self, code: str, where: str, message: str, exercice: int = 0):
        self.code, self.where, self.exercice = code, where, exercice
        super().__init__(message)


@dataclass(frozen=True)
class Sum:
    """The measure of the persons of a population, in an exercice, whose levels have some values; or ``mean``, a sum of
    the fact over them."""

    population: str
    exercice: int
    where: Where
    mean: str | None = None


@dataclass(frozen=True)
class Kind:
    """The persons of a population that all levels have in common, in one exercice."""

    levels: Mapping[str, str | None]
    measure: Decimal
    sums: Mapping[str, Decimal]


def is_among(levels: Mapping[str, str | None], where: Where) -> bool:
    """True for the persons that a sum counts."""
    for level, values in where:
        value = levels[level]
        if value not in values and not (ALL in values and value is not None):
            return False
    return True


class Facts:
    """The persons of each population, in each exercice."""

    def __init__(self, kinds: dict[tuple[str, int], list[Kind]]):
        self.kinds = kinds
        self._values: dict[Sum, Decimal] = {}
        self._whom: dict[tuple[str, Where], frozenset[int]] = {}
        self._totals: dict[str, Decimal] = {}

    def with_those_of(self, others: "Facts", exercice: int, number: int) -> "Facts":
        """The facts, with what others say of an exercice under a number."""
        kinds = {at: found for at, found in self.kinds.items() if at[1] != number}
        return Facts(
            kinds | {(name, number): found for (name, year), found in others.kinds.items() if year == exercice}
        )

    def of(self, population: str) -> list[Kind]:
        """Every kind of a population, of all exercices."""
        return [kind for (name, _), kinds in self.kinds.items() if name == population for kind in kinds]

    def total(self, population: str) -> Decimal:
        """The measure of everybody, all exercices together."""
        if population not in self._totals:
            self._totals[population] = sum((kind.measure for kind in self.of(population)), Decimal(0))
        return self._totals[population]

    def whom(self, one: Sum) -> frozenset[int]:
        """Which of the kinds that occur a sum counts, however it is worded."""
        if (one.population, one.where) not in self._whom:
            kinds = enumerate(self.of(one.population))
            found = frozenset(n for n, kind in kinds if is_among(kind.levels, one.where))
            self._whom[one.population, one.where] = found
        return self._whom[one.population, one.where]

    def value(self, one: Sum) -> Decimal:
        """The true value of a sum."""
        if one not in self._values:
            kinds = self.kinds.get((one.population, one.exercice), [])
            found = (kind for kind in kinds if is_among(kind.levels, one.where))
            values = (kind.sums[one.mean] if one.mean else kind.measure for kind in found)
            self._values[one] = sum(values, Decimal(0))
        return self._values[one]


def read_facts(db: Any, secrecy: Secrecy, catalog: str = "source") -> Facts:
    """The persons that the facts of a catalog count; a fact that is not there counts nobody."""
    known = f"select schema_name || '.' || table_name from duckdb_tables() where database_name = '{catalog}'"
    there = {name for (name,) in db.execute(known).fetchall()}
    found: dict[tuple[str, int], list[Kind]] = {}
    for name, declared in secrecy.populations.items():
        if declared.fact not in there:
            continue
        for exercice, kind in _read(db, declared, catalog):
            found.setdefault((name, exercice), []).append(kind)
    return Facts(found)


def _read(db: Any, declared: Population, catalog: str) -> list[tuple[int, Kind]]:
    levels = [f"({expression})::varchar" for expression in declared.levels.values()]
    sums = [f"sum({column})::decimal(38, 6)" for column in (declared.measure, *declared.means)]
    rows = db.execute(
        f"select exercice, {', '.join([*levels, *sums])} from {catalog}.{declared.fact} where {declared.where} "
        f"group by {', '.join(str(n + 1) for n in range(1 + len(levels)))} order by all nulls first"
    ).fetchall()
    found = []
    for exercice, *row in rows:
        values, (measure, *others) = row[: len(levels)], row[len(levels) :]
        kind = Kind(
            dict(zip(declared.levels, values, strict=True)), measure, dict(zip(declared.means, others, strict=True))
        )
        found.append((exercice, kind))
    return found


def sums_of(secrecy: Secrecy, table: Table, form: Form, exercice: int, rows: Iterable[Row], facts: Facts) -> list[Sum]:
    """Every sum that a table says in one form: those of its lines, and those of the lines that it has not, which are 0."""
    found = []
    for number in table.numbers.values():
        population = _population(table, number)
        wheres = [_where(secrecy, table, form, number, row) for row in rows]
        for where in [*wheres, *_absent(secrecy, table, form, number, wheres, facts)]:
            found.append(Sum(population, exercice, where))
            if number.mean:
                found.append(Sum(population, exercice, where, number.mean))
            if number.share:
                found.append(Sum(population, exercice, _without(where, number)))
    return list(dict.fromkeys(found))


def absent(
    secrecy: Secrecy, table: Table, number: Number, exercice: int, rows: Iterable[Row], facts: Facts
) -> list[Sum]:
    """The sums of which a table, in its finest form, has no line: nobody, if it is as declared."""
    wheres = [_where(secrecy, table, Form(), number, row) for row in rows]
    found = _absent(secrecy, table, Form(), number, wheres, facts)
    return [Sum(_population(table, number), exercice, where) for where in found]


def printed(secrecy: Secrecy, table: Table, form: Form, number: Number, row: Row, facts: Facts) -> Decimal | None:
    """What a column prints in a line, with all its decimals; None for a ratio of nothing."""
    population, exercice = _population(table, number), int(row["exercice"])
    where = _where(secrecy, table, form, number, row)
    value = facts.value(Sum(population, exercice, where))
    if number.mean:
        return facts.value(Sum(population, exercice, where, number.mean)) / value if value else None
    if number.share:
        whole = facts.value(Sum(population, exercice, _without(where, number)))
        return 100 * value / whole if whole else None
    return value / number.per


def _population(table: Table, number: Number) -> str:
    return number.counts or table.counts or ""


def _levels(table: Table, number: Number) -> dict[str, str]:
    return table.levels if number.levels is None else number.levels


def _among(table: Table, number: Number) -> dict[str, tuple[str, ...]]:
    among = (table.among if number.counts is None else {}) | number.among
    return {level: (values,) if isinstance(values, str) else tuple(values) for level, values in among.items()}


def _where(secrecy: Secrecy, table: Table, form: Form, number: Number, row: Row) -> Where:
    """Whom a column counts in a line."""
    groups = secrecy.populations[_population(table, number)].groups
    found = _among(table, number)
    for column, level in _levels(table, number).items():
        value = str(row[column])
        values: list[str] = []
        for one in form.merged.get(column, {}).get(value, [value]):
            values += groups.get(level, {}).get(one, [one])
        found[level] = tuple(values)
    return tuple(sorted(found.items()))


def _without(where: Where, number: Number) -> Where:
    """The same persons, whatever their value of the levels that a percentage is of."""
    return tuple((level, (ALL,) if level in number.share else values) for level, values in where)


def _absent(
    secrecy: Secrecy, table: Table, form: Form, number: Number, wheres: list[Where], facts: Facts
) -> list[Where]:
    """The combinations of values that occur in some exercice, and of which the table has no line."""
    population = _population(table, number)
    groups, levels = secrecy.populations[population].groups, _levels(table, number)
    among = tuple(_among(table, number).items())
    left_out = {
        (levels[column], value)
        for column, values in form.without.items()
        for one in values
        for value in groups.get(levels[column], {}).get(one, [one])
        if column in levels
    }
    found = {}
    for kind in facts.of(population):
        if not is_among(kind.levels, among) or any(is_among(kind.levels, where) for where in wheres):
            continue
        values = [(level, kind.levels[level]) for level in levels.values()]
        if any(value is None or (level, value) in left_out for level, value in values):
            continue
        found[tuple(sorted((dict(among) | {level: (str(value),) for level, value in values}).items()))] = None
    return list(found)
