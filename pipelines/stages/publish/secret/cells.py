"""The numbers that the tables print: each a *cell*, a sum over a population, printed by one or several *items*.

The true value of a cell comes from the facts, and every printed item is compared with it: a declaration that does not
describe its table is an error here, not a leak later. A percentage, a mean or an ETPR counts as if it printed exactly
what it is computed from: a real reader, who has only the rounded number, knows less.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from pipelines.catalogue.secrecy import Part, Secrecy, Table
from pipelines.stages.publish.copy import tables_of
from pipelines.stages.publish.secret.population import Form, People, Unknowns, read_people

Key = tuple  # what identifies a cell: population, exercice, leaves kept on each axis, quantity summed


class SecrecyBroken(Exception):
    """The public profile cannot be made. ``code`` is a rule of ``pipelines.catalogue.rules``; the message is French."""

    def __init__(self, code: str, where: str, message: str, exercice: int = 0):
        self.code, self.where, self.exercice = code, where, exercice
        super().__init__(message)


@dataclass(frozen=True)
class Cell:
    """One number: its true value, in persons or in the population's unit, as a sum of unknowns."""

    key: Key
    label: str  # « effectif, filiere administrative, statut fonctionnaire »
    exercice: int
    population: str
    form: Form
    value: Decimal
    unit: int  # greatest measure of one person
    detail: int  # number of axes it narrows: the grand total is 0
    is_mean: bool = False

    def is_small(self, threshold: int) -> bool:
        """True for a number that fewer than ``threshold`` persons, but at least one, make up."""
        return not self.is_mean and 0 < abs(self.value) < threshold * self.unit


@dataclass(frozen=True)
class Item:
    """One printed number: where it is and the cells that it gives away."""

    table: str
    row: int
    column: str
    exercice: int
    cells: tuple[Key, ...]
    printed: Decimal | None


@dataclass
class Numbers:
    """Everything that is printed under secrecy."""

    unknowns: Unknowns
    cells: dict[Key, Cell] = field(default_factory=dict)
    names: dict[Key, list[str]] = field(default_factory=dict)  # the name of a cell, from one publication to the next
    items: list[Item] = field(default_factory=list)
    occupied: list[tuple[str, int, Key]] = field(default_factory=list)  # (table, row, cell): the line exists, so ≥ 1
    lines: dict[tuple[str, int], tuple[Part, dict]] = field(default_factory=dict)  # (table, row) → part, values
    same: list[tuple[Key, Key]] = field(default_factory=list)  # equal, to a reader who has two exercices
    follows: dict[Key, Key] = field(default_factory=dict)  # cell → the cell that hides it
    compared: dict[Key, Key] = field(default_factory=dict)  # cell → the cell of the year before whose number it reveals
    moved: set[Key] = field(default_factory=set)  # hidden in a previous version, and changed by few persons since


def read_numbers(db, secrecy: Secrecy, threshold: int, tables: str = "source", facts: str = "source") -> Numbers:
    """Every number under secrecy in the schema ``rapport`` of catalog ``tables``, compared with ``facts``' marts.

    Raises SecrecyBroken when a number, or a line, is not what the declaration says.
    """
    return _Reader(db, secrecy, threshold, tables, facts).numbers


class _Reader:
    def __init__(self, db, secrecy: Secrecy, threshold: int, catalog: str, facts: str):
        self._db, self._secrecy, self._catalog = db, secrecy, catalog
        there = set(tables_of(db, "rapport", catalog))
        self._tables = {name: table for name, table in secrecy.tables.items() if table.parts and name in there}
        spoken_of = {m for table in self._tables.values() for part in table.parts for m in self._members(part)}
        self._people = read_people(db, {n: p for n, p in secrecy.populations.items() if n in spoken_of}, facts)
        self.numbers = Numbers(Unknowns())
        self._sums: dict[Key, tuple[Form, Decimal]] = {}  # many lines print the same sum
        for (name, exercice), people in self._people.items():
            self.numbers.unknowns.add(name, exercice, people, self._crossed(name), threshold)
        for table, declared in self._tables.items():
            self._read_table(table, declared)
        self._link_exercices()

    def _crossed(self, name: str) -> list[frozenset[str]]:
        """The axes that tables cross, one set per part."""
        population, found = self._secrecy.populations[name], []
        axis_of = {level: axis for axis, levels in population.axes.items() for level in levels}
        for table in self._tables.values():
            for part in table.parts:
                if name in self._members(part):
                    axes = {axis_of[level] for level in [*part.levels.values(), *part.choice]}
                    axes |= {population.means[sums] for sums in part.means.values() if sums in population.means}
                    found.append(frozenset(axes))
        return [axes for axes in found if axes] or [frozenset(list(population.axes)[:1])]

    def _members(self, part: Part) -> set[str]:
        names = {part.population, *part.counts.values(), *(share.change_from for share in part.shares.values())} - {
            None
        }
        members = {m for name in names for m in self._secrecy.populations[name].combination or [name]}
        followed = {self._secrecy.populations[m].follows for m in members} - {None}
        earlier = {self._secrecy.populations[name].previous for name in names} - {None}
        return members | followed | earlier

    # tables ------------------------------------------------------------

    def _read_table(self, table: str, declared: Table) -> None:
        seen: set[int] = set()
        for part in declared.parts:
            for row, values in self._rows(table, declared, part):
                if row in seen:
                    raise SecrecyBroken("SEC-TABLE", table, "une ligne relève de deux parties de la déclaration")
                seen.add(row)
                self.numbers.lines[table, row] = (part, values)
                if part.population:
                    self._read_line(table, part, row, values)

    def _rows(self, table: str, declared: Table, part: Part) -> Iterator[tuple[int, dict]]:
        texts = [f"{column}::varchar as {column}" for column in dict.fromkeys([*part.levels, *declared.plain])]
        numbers = [f"{c}::decimal(38, 6) as {c}" for c in (*part.numbers, *part.persons)]
        # rowid comes last: the order of the warehouse's rows depends on dbt and its threads, and what is hidden must
        # not
        query = self._db.execute(
            f"select exercice, {', '.join([*texts, *numbers])}, rowid from {self._name(table)} "
            f"where {part.where or 'true'} order by all"
        )
        names = [column[0] for column in query.description]
        for row in query.fetchall():
            yield row[-1], dict(zip(names, row, strict=True))

    def _name(self, table: str) -> str:
        return f"{self._catalog}.rapport.{table}"

    def _read_line(self, table: str, part: Part, row: int, values: dict) -> None:
        exercice = values["exercice"]
        choice = {**part.choice, **{level: values[column] for column, level in part.levels.items()}}
        main = self._cell(part.population, exercice, choice)
        if part.occupied:
            self.numbers.occupied.append((table, row, main.key))

        def item(column: str, expected: Decimal | None, *cells: Cell) -> None:
            self._print(Item(table, row, column, exercice, tuple(c.key for c in cells), values[column]), expected)

        for column, name in part.counts.items():
            cell = self._cell(name, exercice, choice) if name else main
            item(column, cell.value, cell)
        for column, by in part.scaled.items():
            item(column, main.value / by, main)
        for column, share in part.shares.items():
            narrower = {level: value for level, value in choice.items() if level not in share.of}
            whole = self._cell(share.change_from or part.population, exercice, narrower)
            above = main.value - whole.value if share.change_from else main.value
            item(column, 100 * above / whole.value if whole.value else None, main, whole)
        for column, sums in part.means.items():
            cell = self._cell(part.population, exercice, choice, sums)
            item(column, cell.value / main.value if main.value else None, main, cell)

    def _print(self, item: Item, expected: Decimal | None) -> None:
        """Keep an item whose printed number is that of its cells, at the precision it is printed with."""
        if item.printed is not None:
            if expected is None or abs(item.printed - expected) > _half_unit(item.printed):
                raise SecrecyBroken(
                    "SEC-COHERENCE",
                    f"{item.table}.{item.column}",
                    f"la ligne {item.row + 1} n’est pas ce que la déclaration décrit",
                    item.exercice,
                )
        self.numbers.items.append(item)

    # cells ------------------------------------------------------------

    def _cell(self, name: str, exercice: int, choice: dict, sums: str | None = None) -> Cell:
        population = self._secrecy.populations[name]
        if population.combination:
            cell = self._combined(name, exercice, choice)
        else:
            cell = self._simple(name, exercice, choice, sums)
        names = self.numbers.names.setdefault(cell.key, [])
        if (called := f"{exercice} {cell.label}") not in names:
            names.append(called)
        if cell.key not in self.numbers.cells:
            self.numbers.cells[cell.key] = cell
            if population.follows and not sums:
                self.numbers.follows[cell.key] = self._cell(population.follows, exercice, choice).key
        return self.numbers.cells[cell.key]

    def _simple(self, name: str, exercice: int, choice: dict, sums: str | None) -> Cell:
        people = self._people.get((name, exercice))
        unit = self._secrecy.populations[name].per_person
        label = ", ".join(
            [name, *(f"{level} {value}" for level, value in sorted(choice.items(), key=str)), *filter(None, [sums])]
        )
        if people is None:
            return Cell((name, exercice, (), sums), label, exercice, name, {}, Decimal(0), unit, 0, bool(sums))
        kept = people.chosen(choice)
        key = (name, exercice, tuple(sorted(kept.items())), sums)
        if key not in self._sums:
            weigh = (people.declared.means[sums], people.weights(sums)) if sums else None
            form = self.numbers.unknowns.form(name, exercice, kept, weigh)
            self._sums[key] = form, _true(people, kept, sums)
        return Cell(key, label, exercice, name, *self._sums[key], unit, len(kept), bool(sums))

    def _combined(self, name: str, exercice: int, choice: dict) -> Cell:
        form: Form = {}
        value, keys, detail = Decimal(0), [], 0
        for member, coefficient in self._secrecy.populations[name].combination.items():
            cell = self._simple(member, exercice, choice, None)
            value += coefficient * cell.value
            keys.append(cell.key)
            detail = max(detail, cell.detail)
            for unknown, weight in cell.form.items():
                form[unknown] = form.get(unknown, Decimal(0)) + coefficient * weight
        label = ", ".join([name, *(f"{level} {value_}" for level, value_ in sorted(choice.items(), key=str))])
        cell = Cell((name, exercice, tuple(keys), None), label, exercice, name, form, value, 1, detail)
        earlier = self._secrecy.populations[name].previous
        if earlier and (earlier, exercice - 1) in self._people:
            before = self._cell(earlier, exercice - 1, choice)
            self.numbers.compared[cell.key] = before.key
            if before.value == value:
                self.numbers.same.append((cell.key, before.key))
        return cell

    def _link_exercices(self) -> None:
        """A reader who has two exercices takes the theoretical number in one for the number in the other."""
        for one, other in dict.fromkeys(self.numbers.same):
            form = dict(self.numbers.cells[one].form)
            for unknown, weight in self.numbers.cells[other].form.items():
                form[unknown] = form.get(unknown, Decimal(0)) - weight
            self.numbers.unknowns.equations.append(form)


def _half_unit(printed: Decimal) -> Decimal:
    """Half a unit of the last digit printed: 12.9 may be anything from 12.85 to 12.95, and 50 from 49.5 to 50.5."""
    return Decimal(5).scaleb(min(0, int(printed.normalize().as_tuple().exponent)) - 1)


def _true(people: People, kept: dict, sums: str | None) -> Decimal:
    places = {axis: n for n, axis in enumerate(people.axes)}
    return sum(
        (
            (of[sums] if sums else measure)
            for leaf, measure, of in people.rows
            if all(leaf[places[axis]] in leaves for axis, leaves in kept.items())
        ),
        Decimal(0),
    )
