"""The rule: whoever is counted could be one of at least as many alike as the threshold.

A *world* gives every kind of persons a number of them, such that every public sum has its true value and all that a
reader knows holds. Kinds are as fine as public tables, together, distinguish persons. Everything public holds when, for
each kind, there is a world where it is at least as many persons as the threshold; those for which there is none are
nobody, all at once, in one more world. A group, however it is cut out of public numbers, is made of kinds: in one of
these worlds it is nobody, or at least the threshold, so that it cannot be shown to be fewer. The same goes for those who
came or left between two versions of an exercice.

The worlds are the proof, and adding up is enough to check it. HiGHS, through scipy, finds them; same question, same
answer.
"""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from pipelines.catalogue.secrecy import ALL, Moves, Population, Secrecy
from pipelines.stages.publish.secret.sums import Facts, Sum, Where, is_among

NEAR = 1e-6
NODES = 20_000  # of the search: a limit that is the same on every machine
GAP = 1  # any world will do
MOST_KINDS = 50_000  # a table that distinguishes more is not tried

Block = tuple[str, int]  # population, exercice; a former version's exercice is negative
Leaf = tuple[str | None, ...]
Terms = dict[int, float]  # unknown → coefficient


class Kinds:
    """The kinds of persons that public sums distinguish: each combination of the leaves of each axis."""

    def __init__(self, axes: dict[tuple[str, ...], dict[Leaf, Leaf]]):
        """``axes``: the levels of each axis → each of its leaves → the one that stands for those told apart from no other."""
        self.axes = axes
        distinct = [list(dict.fromkeys(leaves.values())) for leaves in axes.values()]
        self._shape = [len(leaves) for leaves in distinct]
        self.size = int(np.prod(self._shape))
        places = np.indices(self._shape).reshape(len(axes), self.size)
        self._place = [{leaf: n for n, leaf in enumerate(leaves)} for leaves in distinct]
        self._values: dict[str, list[str | None]] = {}  # level → its value in each leaf of its axis
        self._leaf: dict[str, Any] = {}  # level → the leaf of each kind
        for n, (names, leaves) in enumerate(zip(axes, distinct, strict=True)):
            for at, name in enumerate(names):
                self._values[name] = [leaf[at] for leaf in leaves]
                self._leaf[name] = places[n]

    def __contains__(self, level: str) -> bool:
        return level in self._values

    def among(self, where: Where) -> Any:
        """The places of the kinds that a sum counts."""
        found = np.ones(self.size, dtype=bool)
        for level, values in where:
            is_in = [value in values or (ALL in values and value is not None) for value in self._values[level]]
            found &= np.array(is_in, dtype=bool)[self._leaf[level]]
        return np.flatnonzero(found)

    def place(self, levels: Mapping[str, str | None]) -> int | None:
        """The place of the kind that has these values; None when they do not say it."""
        found = []
        for (names, same), place in zip(self.axes.items(), self._place, strict=True):
            leaf = tuple(levels.get(name) for name in names)
            if leaf not in same:
                return None
            found.append(place[same[leaf]])
        return int(np.ravel_multi_index(found, self._shape)) if found else 0

    def label(self, place: int) -> str:
        """What the kind at a place is: the values of each axis, with those that it stands for."""
        found = []
        for names, same in self.axes.items():
            leaf = tuple(self._values[name][self._leaf[name][place]] for name in names)
            alike = [" ".join(str(value) for value in one if value) for one in same if same[one] == leaf]
            found.append(" ou ".join(alike))
        return ", ".join(found)

    def leaves(self, levels: Iterable[str]) -> list[Leaf]:
        """The values of these levels in each kind."""
        columns = [[self._values[level][leaf] for leaf in self._leaf[level]] for level in levels]
        return list(zip(*columns, strict=True)) if columns else [()] * self.size


@dataclass(frozen=True)
class Group:
    """A group of persons that public tables distinguish: its true number, the least and the greatest in the worlds."""

    exercice: int
    label: str
    value: Decimal
    low: float
    high: float


@dataclass
class World:
    """How many persons of each kind there are, in each block."""

    kinds: dict[Block, Kinds]
    counts: dict[Block, Any]
    sums: dict[tuple[Block, str], Any]  # for means

    def value(self, one: Sum) -> float:
        """The value of a sum in this world."""
        block = one.population, one.exercice
        counted = self.sums[block, one.mean] if one.mean else self.counts[block]
        return float(counted[self.kinds[block].among(one.where)].sum())


@dataclass
class _Problem:
    """The unknowns and equations of a search; ``crowds``: unknown → the least number of persons that hides each."""

    most: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[Terms, float, float]] = field(default_factory=list)
    crowds: dict[int, float] = field(default_factory=dict)

    def unknown(self, most: float = np.inf, *, whole: bool = True) -> int:
        """A new unknown, from 0 to ``most``."""
        self.most.append(most)
        self.whole.append(whole)
        return len(self.most) - 1

    def crowd(self, least: float, most: float, *, whole: bool) -> int:
        """An unknown number of persons who could be nobody, or ``least``; of ``most`` at most."""
        found = self.unknown(most, whole=whole)
        self.crowds[found] = least
        return found

    def equal(self, terms: Iterable[tuple[int, float]], value: float) -> None:
        """State that a sum of unknowns has a value."""
        total: Terms = {}
        for unknown, by in terms:
            total[unknown] = total.get(unknown, 0) + by
        self.rows.append((total, value, value))

    def count(self, unknowns: Iterable[int], value: float) -> None:
        """State that numbers of persons have a sum."""
        for unknown in unknowns if not value else ():
            self.most[unknown] = 0
        self.equal(((unknown, 1.0) for unknown in unknowns), value)

    def worlds(self) -> list[Any] | None:
        """Worlds in which each crowd is large at least once, or nobody in the last; None when they were not found."""
        size = len(self.most)
        places = [(n, unknown, by) for n, (terms, _, _) in enumerate(self.rows) for unknown, by in terms.items()]
        lines, columns, weights = zip(*places, strict=True)
        constraints = LinearConstraint(
            csr_array((weights, (lines, columns)), shape=(len(self.rows), size)),
            [low for _, low, _ in self.rows],
            [high for _, _, high in self.rows],
        )
        whole, alone, never, found = np.array(self.whole), [*self.crowds], [], []
        # a world where some kinds matter more than others puts persons together in few of them
        chance = np.random.default_rng(0)

        def solved(least: Any, most: Any) -> Any:
            costs = np.zeros(size)
            costs[alone] = -chance.random(len(alone))
            answer = milp(
                costs,
                integrality=whole.astype(int),
                bounds=Bounds(least, most),
                constraints=constraints,
                options={"node_limit": NODES, "mip_rel_gap": GAP},
            ).x
            return None if answer is None else np.where(whole, answer.round(), answer)

        most = np.array(self.most)
        while alone:
            least = np.zeros(size)
            least[alone[0]] = self.crowds[alone[0]]
            answer = solved(least, most) if most[alone[0]] else None
            if answer is None:
                never.append(alone.pop(0))
            else:
                found.append(answer)
                alone = [unknown for unknown in alone if answer[unknown] < self.crowds[unknown] - NEAR]
        most[never] = 0
        answer = solved(np.zeros(size), most) if never or not found else found[-1]
        return None if answer is None else [*found, answer]


class Worlds:
    """What is public so far, and the world that proves that it holds.

    ``former``: negative number → the exercice of which it is a former version, whose persons are in ``facts`` too.
    """

    def __init__(self, secrecy: Secrecy, facts: Facts, threshold: int, former: Mapping[int, int]):
        self.secrecy, self.facts, self.threshold, self.former = secrecy, facts, threshold, former
        self.told: dict[Sum, Decimal] = {}
        self.worlds: dict[Block, list[World]] = {}

    def add(self, more: Mapping[Sum, Decimal]) -> bool:
        """Make these sums public too, if everything public then holds; else nothing changes."""
        if not more:
            return True
        if not self.may_add(more):
            return False
        told = self.told | dict(more)
        blocks = self._together({(one.population, one.exercice) for one in more}, told)
        search = _Search(self, {one: value for one, value in told.items() if (one.population, one.exercice) in blocks})
        worlds = search.worlds()
        if worlds is None:
            return False
        self.told = told
        self.worlds |= dict.fromkeys(blocks, worlds)
        return True

    def may_add(self, more: Mapping[Sum, Decimal]) -> bool:
        """False if one of these numbers is small, or differs little from that of another version: no search is needed."""
        return not any(
            self._is_small(one, value) or self._moved_little(one, value)
            for one, value in more.items()
            if one not in self.told
        )

    def holds(self, one: Sum, value: Decimal) -> bool:
        """True if a public number is that of every world, and nobody that it may count is alone in all of them."""
        block = one.population, one.exercice
        worlds, least = self.worlds[block], self.least(block)
        counts = np.array([world.counts[block] for world in worlds])
        is_hidden = (counts >= least - NEAR).any(axis=0) | (abs(counts[-1]) <= NEAR)
        near = NEAR * (1 + abs(float(value)))
        return bool(is_hidden.all()) and all(abs(world.value(one) - float(value)) <= near for world in worlds)

    def groups(self) -> list[Group]:
        """Every group of persons that public tables distinguish, with its number in the worlds, for the internal audit."""
        found = []
        for (population, exercice), worlds in sorted(self.worlds.items()):
            counts = np.array([world.counts[population, exercice] for world in worlds])
            kinds = worlds[0].kinds[population, exercice]
            true = [Decimal(0)] * kinds.size
            for kind in self.facts.kinds.get((population, exercice), []):
                place = kinds.place(kind.levels)
                if place is not None:
                    true[place] += kind.measure
            for place, value in enumerate(true):
                low, high = counts[:, place].min(), counts[:, place].max()
                found.append(Group(exercice, f"{population}, {kinds.label(place)}", value, float(low), float(high)))
        return found

    def declared(self, block: Block) -> Population:
        """The population of a block."""
        return self.secrecy.populations[block[0]]

    def least(self, block: Block) -> int:
        """The measure of as many persons as the threshold."""
        return self.threshold * self.declared(block).per_person

    def _is_small(self, one: Sum, value: Decimal) -> bool:
        return one.mean is None and 0 < value < self.least((one.population, one.exercice))

    def _moved_little(self, one: Sum, value: Decimal) -> bool:
        """True when the number of the same persons in another version of the exercice differs by fewer than the threshold."""
        exercice = self.former.get(one.exercice, one.exercice)
        versions = {exercice, *(number for number, of in self.former.items() if of == exercice)} - {one.exercice}
        for before, known in self.told.items() if versions else ():
            if (
                before.exercice in versions
                and (before.population, before.mean) == (one.population, one.mean)
                and known != value
                and self.facts.whom(before) == self.facts.whom(one)
            ):
                apart = abs(self.facts.value(replace(one, mean=None)) - self.facts.value(replace(before, mean=None)))
                if apart < self.least((one.population, exercice)):
                    return True
        return False

    # which numbers bear on which ------------------------------------------------------------

    def _together(self, blocks: set[Block], told: Iterable[Sum]) -> set[Block]:
        """These blocks, and those that are linked to them."""
        there = {(one.population, one.exercice) for one in told}
        links = [{block, other} for block in there for other in self._linked(block) if other in there]
        found = blocks & there
        while True:
            more = {block for link in links if link & found for block in link}
            if more <= found:
                return found
            found |= more

    def _linked(self, block: Block) -> list[Block]:
        name, exercice = block
        declared, found = self.declared(block), []
        if exercice in self.former:
            return [(name, self.former[exercice])]
        if declared.part_of:
            found.append((declared.part_of, exercice))
        if declared.moves:
            found += [(declared.moves.stock, exercice), (declared.moves.stock, exercice - 1)]
        return found

    def current(self, block: Block) -> Block:
        """The block of the exercice itself, for a former version."""
        return block[0], self.former.get(block[1], block[1])


# the search ------------------------------------------------------------


class _Search:
    """The search of the worlds that prove some sums: the kinds and the unknown numbers of each block."""

    def __init__(self, public: Worlds, told: Mapping[Sum, Decimal]):
        self.public, self.facts, self.problem = public, public.facts, _Problem()
        # in an order of their own: the same sums have the same worlds, however they became public
        self.told = dict(
            sorted(told.items(), key=lambda one: (one[0].population, one[0].exercice, one[0].where, one[0].mean or ""))
        )
        self.kinds = self._kinds_of_blocks()
        self.unknowns: dict[Block, Any] = {}
        self.spread: dict[tuple[Block, str], _Spread] = {}

    def worlds(self) -> list[World] | None:
        """The worlds that prove these sums; None when they were not found."""
        if any(kinds.size > MOST_KINDS for kinds in self.kinds.values()):
            return None
        for block, kinds in self.kinds.items():
            self.unknowns[block] = np.array([self._crowd(block) for _ in range(kinds.size)], dtype=int)
        for one, value in self.told.items():
            block = one.population, one.exercice
            places = self.kinds[block].among(one.where)
            if one.mean:
                if (block, one.mean) not in self.spread:
                    self.spread[block, one.mean] = self._spread(block, one.mean)
                terms = self.spread[block, one.mean].terms(self.unknowns[block], places)
                self.problem.equal(terms, float(value))
            else:
                self.problem.count(self.unknowns[block][places], float(value))
        for block in self.unknowns:
            self._link(block)
        answers = self.problem.worlds()
        if answers is None:
            return None
        found = []
        for answer in answers:
            counts = {block: answer[places] for block, places in self.unknowns.items()}
            sums = {at: counts[at[0]] * of.least + answer[of.steps] * of.step for at, of in self.spread.items()}
            found.append(World(self.kinds, counts, sums))
        return found

    def _kinds_of_blocks(self) -> dict[Block, Kinds]:
        """Block → the kinds that the sums distinguish, and what links need; the same for all versions of an exercice."""
        wheres: dict[Block, set[Where]] = {}
        blocks = list(dict.fromkeys((one.population, one.exercice) for one in self.told))
        for one in self.told:
            wheres.setdefault(self.public.current((one.population, one.exercice)), set()).add(one.where)
        linked: dict[Block, set[str]] = {block: set() for block in wheres}  # levels of which each value is a kind
        for block in wheres:
            if moves := self.public.declared(block).moves:
                stocks = [(moves.stock, block[1]), (moves.stock, block[1] - 1)]
                if all(stock in wheres for stock in stocks):
                    used = [{level for where in wheres[stock] for level, _ in where} for stock in stocks]
                    kept = used[0] & used[1] & set(moves.keeps)
                    linked[block] |= {moves.by, moves.sens, *kept}
                    for stock in stocks:
                        linked[stock] |= {moves.by, *moves.among, *kept}
        found = {block: self._kinds(block[0], wheres[block], linked[block]) for block in wheres}
        return {block: found[self.public.current(block)] for block in blocks}

    def _kinds(self, name: str, wheres: set[Where], linked: set[str]) -> Kinds:
        """The kinds of a population, each with values that occur in some exercice; movements have some of their stock's."""
        populations = self.public.secrecy.populations
        levels = {level for where in wheres for level, _ in where} | linked
        of = [(name, levels)]
        if moves := populations[name].moves:
            of.append((moves.stock, levels & set(moves.keeps)))
        axes = {}
        for population, wanted in of:
            for axis in populations[population].axes.values():
                if names := tuple(level for level in axis if level in wanted):
                    leaves = {tuple(kind.levels[level] for level in names) for kind in self.facts.of(population)}
                    parts = {tuple((level, values) for level, values in where if level in names) for where in wheres}
                    axes[names] = _distinct(names, sorted(leaves, key=_empty_first), sorted(parts), linked)
        return Kinds(axes)

    def _crowd(self, block: Block) -> int:
        """An unknown number of persons of a block."""
        least = self.public.least(block)
        most = float(self.facts.total(block[0])) + 20 * least
        return self.problem.crowd(least, most, whole=self.public.declared(block).per_person == 1)

    def _spread(self, block: Block, mean: str) -> "_Spread":
        """How ``mean`` may vary within each kind: a reader knows what it is for one person of each value of a level
        (the middle of a band), not how many have each."""
        declared, kinds = self.public.declared(block), self.kinds[block]
        level = declared.means[mean]
        axis = next(axis for axis in declared.axes.values() if level in axis)
        names, same = next(((names, same) for names, same in kinds.axes.items() if axis.keys() & {*names}), ((), {}))
        known: dict[Leaf, set[float]] = {}
        for kind in self.facts.of(block[0]):
            if kind.measure:
                leaf = tuple(kind.levels[name] for name in names)
                known.setdefault(same.get(leaf, leaf), set()).add(float(kind.sums[mean] / kind.measure))
        every = sorted(set().union(*known.values()))
        step = min((b - a for a, b in itertools.pairwise(every)), default=1.0)
        least, steps = [], []
        for leaf, unknown in zip(kinds.leaves(names), self.unknowns[block], strict=True):
            of_kind = known.get(leaf, {0.0})
            up = self.problem.unknown()
            self.problem.rows.append(({up: 1, unknown: -round((max(of_kind) - min(of_kind)) / step)}, -np.inf, 0))
            least.append(min(of_kind))
            steps.append(up)
        return _Spread(np.array(least), step, np.array(steps, dtype=int))

    # what a reader knows ------------------------------------------------------------

    def _link(self, block: Block) -> None:
        """State what links a block to others: a former version, a whole, the stock that it moves."""
        exercice = block[1]
        declared = self.public.declared(block)
        if exercice in self.public.former:
            if self.public.current(block) in self.unknowns:
                self._link_versions(block, self.public.current(block))
            return
        if declared.part_of and (declared.part_of, exercice) in self.unknowns:
            self._link_part(block, (declared.part_of, exercice))
        if moves := declared.moves:
            now, before = (moves.stock, exercice), (moves.stock, exercice - 1)
            if now in self.unknowns and before in self.unknowns:
                self._link_moves(moves, block, now, before)

    def _counted(self, block: Block, where: Where, by: float) -> list[tuple[int, float]]:
        """The number of persons of a block that ``where`` names, as terms of an equation."""
        return [(unknown, by) for unknown in self.unknowns[block][self.kinds[block].among(where)]]

    def _link_versions(self, former: Block, current: Block) -> None:
        """Of one kind, between two versions, either some came or some left."""
        most = float(self.facts.total(former[0]))
        for old, new in zip(self.unknowns[former], self.unknowns[current], strict=True):
            came, left, which = self._crowd(former), self._crowd(former), self.problem.unknown(1)
            self.problem.equal([(new, 1), (old, -1), (came, -1), (left, 1)], 0)
            self.problem.rows.append(({came: 1, which: -most}, -np.inf, 0))
            self.problem.rows.append(({left: 1, which: most}, -np.inf, most))

    def _link_part(self, part: Block, whole: Block) -> None:
        """What is left of a whole without a part is nobody, or at least the threshold; unless the facts contradict it."""
        kinds = self.kinds[part]
        shared = [level for level in self.public.declared(part).levels if level in kinds and level in self.kinds[whole]]
        for leaf in sorted(set(kinds.leaves(shared)), key=_empty_first):
            where = tuple((level, (str(value),)) for level, value in zip(shared, leaf, strict=True))
            if self.facts.value(Sum(*whole, where)) < self.facts.value(Sum(*part, where)):
                continue
            rest = self._crowd(whole)
            self.problem.equal([*self._counted(whole, where, 1), *self._counted(part, where, -1), (rest, -1)], 0)

    def _link_moves(self, moves: Moves, block: Block, now: Block, before: Block) -> None:
        """The stock of a year is that of the year before, with who came and without who left, where the facts agree."""
        among = tuple((level, (value,)) for level, value in moves.among.items())
        kept = [level for level in moves.keeps if level in self.kinds[block]]
        for value in sorted({str(kind.levels[moves.by]) for kind in self.facts.of(moves.stock)}):
            flows = _flows(moves, value)
            of_stock = (*among, (moves.by, (value,)))
            gap = self.facts.value(Sum(*now, of_stock)) - self.facts.value(Sum(*before, of_stock))
            if gap != sum(sign * self.facts.value(Sum(*block, where)) for where, sign in flows):
                continue
            for leaf in sorted(set(self.kinds[block].leaves(kept)), key=_empty_first):
                more = tuple((level, (str(one),)) for level, one in zip(kept, leaf, strict=True))
                terms = self._counted(now, (*of_stock, *more), 1) + self._counted(before, (*of_stock, *more), -1)
                for where, sign in flows:
                    terms += self._counted(block, (*where, *more), -sign)
                self.problem.equal(terms, 0)


@dataclass
class _Spread:
    """For each kind, the least that a quantity is for one person, and the unknown that counts steps above it."""

    least: Any
    step: float
    steps: Any

    def terms(self, unknowns: Any, places: Any) -> list[tuple[int, float]]:
        """The quantity summed over the kinds at ``places``."""
        return [
            *zip(unknowns[places], self.least[places], strict=True),
            *((unknown, self.step) for unknown in self.steps[places]),
        ]


def _flows(moves: Moves, value: str) -> list[tuple[Where, int]]:
    """The movements that change the stock of one value, and by how much."""
    found: list[tuple[Where, int]] = []
    for way, sign in moves.signs.items():
        if isinstance(sign, int):
            found.append((((moves.sens, (way,)), (moves.by, (value,))), sign))
        elif value in sign:
            found.append((((moves.sens, (way,)),), sign[value]))
    return found


def _distinct(names: tuple[str, ...], leaves: list[Leaf], wheres: list[Where], linked: set[str]) -> dict[Leaf, Leaf]:
    """Each leaf → the first of those that no sum and no link tells from it."""
    first: dict[tuple[Any, ...], Leaf] = {}
    found = {}
    for leaf in leaves:
        values = dict(zip(names, leaf, strict=True))
        told = tuple(is_among(values, where) for where in wheres)
        found[leaf] = first.setdefault((told, tuple(values[level] for level in names if level in linked)), leaf)
    return found


def _empty_first(leaf: Leaf) -> list[tuple[bool, str]]:
    return [(value is not None, value or "") for value in leaf]
