"""The persons counted, as a reader of the tables can represent them: one unknown number for each kind of person.

A population has axes (statut, emploi, sexe, âge); a value of an axis is a *leaf*. No table crosses all of them, so the
unknowns are kept by groups of axes that tables do cross, each a full crossing of their leaves. The groups come from a
triangulated graph of the axes: where two of them agree on the axes they share, one population gives both (decomposable
models: Dobra and Fienberg, *Bounds for cell entries in contingency tables given marginal totals*, PNAS 97, 2000).
Nothing is lost, and a hundred unknowns replace thousands.

The leaves are those that occur in any exercice: a reader is taken to know that no other exists.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from pipelines.catalogue.secrecy import Population

Form = dict[int, Decimal]  # unknown → coefficient
Leaves = tuple[int, ...]


@dataclass(frozen=True)
class People:
    """One population in one exercice: the leaves of each axis, and the true measure of each combination of them."""

    declared: Population
    axes: dict[str, list[tuple[str | None, ...]]]  # axis → leaves, each the text of its levels
    rows: list[tuple[tuple[int, ...], Decimal, dict[str, Decimal]]]  # (leaf of each axis, measure, sums)

    @property
    def total(self) -> Decimal:
        """The measure of everybody."""
        return sum((measure for _, measure, _ in self.rows), Decimal(0))

    def chosen(self, choice: Mapping[str, str | None]) -> dict[str, Leaves]:
        """The leaves that a choice of levels keeps, for each axis that it narrows."""
        kept = {axis: set(range(len(leaves))) for axis, leaves in self.axes.items()}
        narrowed = set()  # an axis without a leaf (nobody was ever counted) is narrowed by the choice alone
        for level, value in choice.items():
            axis, position = self._place(level)
            wanted = self.declared.groups.get(level, {}).get(value or "", [value])
            if wanted != "*":
                narrowed.add(axis)
                kept[axis] &= {n for n, leaf in enumerate(self.axes[axis]) if leaf[position] in wanted}
        return {
            axis: tuple(sorted(leaves))
            for axis, leaves in kept.items()
            if len(leaves) < len(self.axes[axis]) or (axis in narrowed and not leaves)
        }

    def crossing(self, axes: tuple[str, ...]) -> dict[tuple[int, ...], Decimal]:
        """The measure of each combination of the leaves of ``axes``, including combinations that nobody is in."""
        places = [list(self.axes).index(axis) for axis in axes]
        found = {leaf: Decimal(0) for leaf in itertools.product(*(range(len(self.axes[axis])) for axis in axes))}
        for leaf, measure, _ in self.rows:
            found[tuple(leaf[place] for place in places)] += measure
        return found

    def weights(self, sums: str) -> dict[int, Decimal]:
        """The weight of one person of each leaf in ``sums`` (the mid-point of a band of ages)."""
        position = list(self.axes).index(self.declared.means[sums])
        found: dict[int, tuple[Decimal, Decimal]] = {}
        for leaf, measure, of in self.rows:
            amount, persons = found.get(leaf[position], (Decimal(0), Decimal(0)))
            found[leaf[position]] = (amount + of[sums], persons + measure)
        return {leaf: amount / persons for leaf, (amount, persons) in found.items() if persons}

    def _place(self, level: str) -> tuple[str, int]:
        for axis, levels in self.declared.axes.items():
            if level in levels:
                return axis, list(levels).index(level)
        raise KeyError(level)


@dataclass
class Unknowns:
    """Every unknown of every population and exercice, with the equations that hold among them whatever is published."""

    size: int = 0
    counted: list[bool] = field(default_factory=list)  # a number of persons, or a quantity
    greatest: list[Decimal] = field(default_factory=list)  # the most a reader would assume
    exercices: list[int] = field(default_factory=list)
    units: list[int] = field(default_factory=list)  # greatest measure of one person
    truth: list[Decimal] = field(default_factory=list)
    equations: list[Form] = field(default_factory=list)  # each keeps its true value
    crossings: dict[tuple[str, int], list[dict[tuple[int, ...], int]]] = field(default_factory=dict)
    groups: dict[tuple[str, int], list[tuple[str, ...]]] = field(default_factory=dict)

    def add(self, name: str, exercice: int, people: People, crossed: Iterable[frozenset[str]], threshold: int) -> None:
        """Make the unknowns of one population in one exercice; ``crossed`` says which axes the tables cross."""
        groups = [tuple(axis for axis in people.axes if axis in group) for group in cliques(crossed)] or [()]
        unit = people.declared.per_person
        greatest = people.total + 2 * threshold * unit
        crossings = []
        for group in groups:
            true = people.crossing(group)
            crossings.append({leaf: self.size + n for n, leaf in enumerate(true)})
            self.size += len(true)
            self.counted += [unit == 1] * len(true)
            self.greatest += [greatest] * len(true)
            self.exercices += [exercice] * len(true)
            self.units += [unit] * len(true)
            self.truth += true.values()
        self.groups[name, exercice], self.crossings[name, exercice] = groups, crossings
        for one, other in itertools.combinations(range(len(groups)), 2):
            self._agree(groups[one], crossings[one], groups[other], crossings[other])

    def _agree(self, group: tuple, crossing: dict, other_group: tuple, other_crossing: dict) -> None:
        shared = [axis for axis in group if axis in other_group]
        sums: dict[tuple, Form] = {}
        for axes, unknowns, sign in ((group, crossing, 1), (other_group, other_crossing, -1)):
            places = [axes.index(axis) for axis in shared]
            for leaf, unknown in unknowns.items():
                sums.setdefault(tuple(leaf[p] for p in places), {})[unknown] = Decimal(sign)
        self.equations += sums.values()

    def tie(self, name: str, before: int, after: int, threshold: int) -> None:
        """Make what changed between two versions of a population unknown too: who came and who left, if anyone did.

        A reader is assumed to know that nobody came, or that nobody left, when that is true; otherwise, how many at
        most.
        """
        for was, is_now in zip(self.crossings[name, before], self.crossings[name, after], strict=True):
            gaps = {leaf: self.truth[unknown] - self.truth[was[leaf]] for leaf, unknown in is_now.items()}
            forms: dict[tuple[int, ...], Form] = {
                leaf: {unknown: Decimal(1), was[leaf]: Decimal(-1)} for leaf, unknown in is_now.items()
            }
            for sign in (1, -1):
                self._change(forms, {leaf: max(Decimal(0), sign * gap) for leaf, gap in gaps.items()}, sign, threshold)
            self.equations += forms.values()

    def _change(self, forms: dict, moves: dict[tuple[int, ...], Decimal], sign: int, threshold: int) -> None:
        """Add the unknowns of those who came (``sign`` 1) or left (−1), unless nobody did; at most so many in all."""
        total = sum(moves.values(), Decimal(0))
        if not total:
            return
        like = next(iter(next(iter(forms.values()))))
        most = max(total, threshold * self.units[like])
        within: Form = {}
        for leaf, move in moves.items():
            within[self._unknown(move, most, like)] = Decimal(1)
            forms[leaf][self.size - 1] = Decimal(-sign)
        within[self._unknown(most - total, most, like)] = Decimal(1)
        self.equations.append(within)

    def _unknown(self, true: Decimal, greatest: Decimal, like: int) -> int:
        """One more unknown, counted like another."""
        self.size += 1
        self.truth.append(true)
        self.greatest.append(greatest)
        self.counted.append(self.counted[like])
        self.exercices.append(self.exercices[like])
        self.units.append(self.units[like])
        return self.size - 1

    def form(self, name: str, exercice: int, kept: dict[str, Leaves], weigh: tuple[str, dict] | None = None) -> Form:
        """The sum of the unknowns in ``kept``; with ``weigh`` (axis, leaf → weight), each counted by its weight."""
        needed = {*kept, *([weigh[0]] if weigh else [])}
        group, crossing = next(
            (group, crossing)
            for group, crossing in zip(self.groups[name, exercice], self.crossings[name, exercice], strict=True)
            if needed <= set(group)
        )
        form: Form = {}
        for leaf, unknown in crossing.items():
            if all(leaf[group.index(axis)] in leaves for axis, leaves in kept.items()):
                form[unknown] = weigh[1].get(leaf[group.index(weigh[0])], Decimal(0)) if weigh else Decimal(1)
        return form


def cliques(crossed: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    """The groups of axes: maximal cliques of the graph of axes, triangulated by elimination of the least connected."""
    near: dict[str, set[str]] = {}
    for axes in crossed:
        for axis in axes:
            near.setdefault(axis, set()).update(axes - {axis})
    found: list[frozenset[str]] = []
    while near:
        axis = min(near, key=lambda a: (len(near[a]), a))
        group = frozenset({axis, *near[axis]})
        if not any(group <= other for other in found):
            found.append(group)
        for other in near.pop(axis):
            near[other] = (near[other] | group) - {axis, other}
    return sorted(found, key=sorted)


def read_people(db, populations: Mapping[str, Population], catalog: str) -> dict[tuple[str, int], People]:
    """(population, exercice) → who is counted, from the facts of ``catalog``; combinations are left out.

    Every population exists in every exercice of any of them: that nobody left in a year is also worth hiding.
    """
    rows = {name: read_measures(db, declared, catalog) for name, declared in populations.items() if declared.fact}
    exercices = sorted({exercice for found in rows.values() for exercice in found})
    found = {}
    for name, by_exercice in rows.items():
        declared = populations[name]
        axes = _axes(declared, [row for of in by_exercice.values() for row in of])
        for exercice in exercices:
            found[name, exercice] = _people(declared, axes, by_exercice.get(exercice, []))
    return found


def read_measures(db, declared: Population, catalog: str) -> dict[int, list[tuple]]:
    """exercice → the lines of a fact at the finest crossing: the value of each level, the measure, the sums."""
    levels = [f"({expression})::varchar" for axis in declared.axes.values() for expression in axis.values()]
    sums = [f"sum({column})::decimal(38, 6)" for column in (declared.measure, *declared.means)]
    by = ", ".join(str(n + 1) for n in range(1 + len(levels)))
    rows = db.execute(
        f"select exercice, {', '.join([*levels, *sums])} from {catalog}.{declared.fact} "
        f"where {declared.where or 'true'} group by {by} order by all nulls first"
    ).fetchall()
    found: dict[int, list[tuple]] = {}
    for exercice, *row in rows:
        found.setdefault(exercice, []).append(tuple(row))
    return found


def _split(declared: Population, row: tuple) -> list[tuple[str | None, ...]]:
    """The value of each axis in a row."""
    values = iter(row)
    return [tuple(itertools.islice(values, len(levels))) for levels in declared.axes.values()]


def _axes(declared: Population, rows: list[tuple]) -> dict[str, list[tuple[str | None, ...]]]:
    split = [_split(declared, row) for row in rows]
    return {axis: _distinct(leaves[n] for leaves in split) for n, axis in enumerate(declared.axes)}


def _distinct(leaves: Iterable[tuple[str | None, ...]]) -> list[tuple[str | None, ...]]:
    return sorted(set(leaves), key=lambda leaf: [(value is not None, value or "") for value in leaf])


def _people(declared: Population, axes: dict[str, list[tuple]], rows: list[tuple]) -> People:
    read = []
    for row in rows:
        leaf = tuple(axes[axis].index(value) for axis, value in zip(axes, _split(declared, row), strict=True))
        measure, *sums = row[-1 - len(declared.means) :]
        read.append((leaf, measure, dict(zip(declared.means, sums, strict=True))))
    return People(declared, axes, read)
