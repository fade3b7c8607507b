"""Proves that a reader cannot deduce a hidden number, by finding other worlds consistent with every number they can read.

A *world* gives every unknown of the populations a value, persons being whole; the true one is a world. A hidden number
that has another value in a second world, all published numbers being the same in both, cannot be deduced: the second
world is the proof, and adding up is enough to check it.

``Worlds.nearest`` looks for the world in which a number is greater by a given amount and which moves the fewest and
smallest publishable numbers: those that move must be hidden with it. That is the linear-programming heuristic of cell
suppression (Kelly, Golden and Assad, *Cell suppression: disclosure protection for sensitive tabular data*, Networks 22,
1992), with whole persons. HiGHS through scipy; same input, same answer.
"""

import ctypes
import hashlib
import importlib.metadata
import json
import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_array, csr_array, eye_array

from pipelines.disk import written_whole
from pipelines.stages.publish.secret.cells import Cell, Key, Numbers
from pipelines.stages.publish.secret.population import Form

TOLERANCE = 1e-6
NODES = 2000  # for the search for whole persons: a limit that is the same on every machine
GAP = 0.05  # the nearest world or almost: it is a proof either way
LITTLE = 1e-3  # cost of moving an unknown that no published number shows: what need not move stays put

Cost = Callable[[Cell], float]  # what moving a cell by one unit costs


class Solutions:
    """The solver's answers, kept from one publication to the next so that the same question gets the same answer.

    A kept answer is trusted no more than a new one: one that does not add up is searched for again, and a number for
    which no answer is kept is, at worst, hidden.
    """

    def __init__(self, file: Path | None = None):
        self._file, self._asked = file, {}
        try:
            self._kept = json.loads(file.read_text(encoding="utf-8")) if file else {}
        except (OSError, ValueError):
            self._kept = {}

    def of(self, question: str, size: int, find: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
        """The vector of ``size`` that answers ``question``; None when there is none."""
        if question in self._kept:
            known = self._kept[question]
            answer = None
            if known is not None:
                answer = np.zeros(size)
                answer[[place for place, _ in known]] = [value for _, value in known]
            if answer is None or holds(answer):
                self._asked[question] = known
                return answer
        answer = find()
        self._asked[question] = (
            None if answer is None else [[place, float(answer[place])] for place in np.flatnonzero(answer).tolist()]
        )
        return answer

    def keep(self) -> None:
        """Keep the answers to what was asked, and drop the others."""
        if self._file and self._asked != self._kept:
            with written_whole(self._file) as file:
                os.fchmod(file.fileno(), 0o600)  # they reveal what is hidden
                file.write(json.dumps(self._asked))  # ``dump`` encodes in Python


class Worlds:
    """The true world and those that were found, with the value of every cell in each."""

    def __init__(self, numbers: Numbers, solutions: Solutions | None = None):
        self.numbers = numbers
        self.cells = [cell for cell in numbers.cells.values() if cell.form]
        self._place = {cell.key: place for place, cell in enumerate(self.cells)}
        unknowns = numbers.unknowns
        self._truth = np.array([float(true) for true in unknowns.truth])
        self._counted = np.array(unknowns.counted, dtype=bool)
        self._sums = _matrix([cell.form for cell in self.cells], unknowns.size)
        self._always = _matrix(unknowns.equations, unknowns.size)
        self._values = [self._sums @ self._truth]
        # how much each unknown, then each cell, goes up or down from its true value
        each = eye_array(len(self.cells))
        always, sums = self._always, self._sums
        self._equations = block_array([[always, -always, None, None], [sums, -sums, -each, each]]).tocsr()
        self._occupied = {key for _, _, key in numbers.occupied}
        self.solutions = solutions or Solutions()
        parts = (self._equations.data, self._equations.indices, self._equations.indptr)
        self._asked_of = [part.tobytes() for part in parts] + [importlib.metadata.version("scipy").encode()]

    def range_of(self, cell: Cell, known: Collection[Key], occupied: Collection[Key]) -> tuple[int, int]:
        """The smallest and greatest value of ``cell`` among the worlds consistent with the ``known`` cells."""
        if cell.key not in self._place:
            return 0, 0
        values = self.agreeing(known, occupied)[:, self._place[cell.key]]
        return round(values.min()), round(values.max())

    def agreeing(self, known: Collection[Key], occupied: Collection[Key]) -> Any:
        """World × cell → value, for the worlds where ``known`` cells have their true value and ``occupied`` ones at least 1."""
        values = np.array(self._values)
        same = values[:, [self._place[key] for key in known if key in self._place]]
        least = values[:, [self._place[key] for key in occupied if key in self._place]]
        alike = (abs(same - same[0]) <= TOLERANCE * (1 + abs(same[0]))).all(axis=1)
        return values[alike & (least >= 1 - TOLERANCE).all(axis=1)]

    def moved(self, known: Collection[Key], occupied: Collection[Key]) -> dict[Key, int]:
        """Cell → the difference between its greatest and smallest values in the consistent worlds."""
        values = self.agreeing(known, occupied)
        widths = (values.max(axis=0) - values.min(axis=0)).round().astype(int)
        return dict(zip(self._place, widths.tolist(), strict=True))

    def nearest(self, cell: Cell, by: int, cost: Cost, fixed: Collection[Key]) -> list[Cell] | None:
        """Find and keep a world where ``cell`` is greater by ``by``; the cells that it moves, or None when there is no
        such world.

        Cells of ``fixed`` do not move at all; ``cost`` says what moving each other one costs.
        """
        costs, greatest = self._bounds(cost, fixed)
        found = self._solve(cell, by, costs, greatest, whole=False)
        if found is not None and not self._keep(found):
            # whole persons: first where a fractional solution moved something, then anywhere
            narrow = np.where((found > TOLERANCE) | (costs == 0), greatest, 0)
            tries = (self._solve(cell, by, costs, limits, whole=True) for limits in (narrow, greatest))
            found = next((solution for solution in tries if solution is not None and self._keep(solution)), None)
        return None if found is None else self._moved(self._values[-1])

    def _bounds(self, cost: Cost, fixed: Collection[Key]) -> tuple[Any, Any]:
        """The cost and the bounds of each column."""
        costs = np.array([cost(cell) for cell in self.cells])
        free = np.array([np.inf if cell.key not in fixed else 0 for cell in self.cells])
        kept = [float(c.value) - 1 if c.key in self._occupied else np.inf for c in self.cells]
        most = np.array([float(greatest) for greatest in self.numbers.unknowns.greatest])
        little = np.full(2 * len(self._truth), LITTLE)
        return (
            np.concatenate([little, costs, costs]),
            np.concatenate([most - self._truth, self._truth, free, np.maximum(0, np.minimum(free, kept))]),
        )

    def _solve(self, cell: Cell, by: int, costs: Any, greatest: Any, *, whole: bool) -> Any:
        up = 2 * len(self._truth) + self._place[cell.key]
        down = up + len(self.cells)
        least, most = np.zeros(len(greatest)), greatest.copy()
        least[up], most[up], most[down] = by, max(by, greatest[up]), 0
        persons = np.concatenate([self._counted & whole, self._counted & whole, np.zeros(2 * len(self.cells))])

        def find() -> Any:
            with _unheard():
                return milp(
                    costs,
                    integrality=persons.astype(int),
                    bounds=Bounds(least, most),
                    constraints=LinearConstraint(self._equations, 0, 0),
                    options={"node_limit": NODES, "mip_rel_gap": GAP} if whole else None,
                ).x

        def holds(answer: Any) -> bool:
            within = (answer >= least - TOLERANCE).all() and (answer <= most + TOLERANCE).all()
            return within and bool((abs(self._equations @ answer) <= TOLERANCE * (1 + abs(answer).max())).all())

        asked = [*self._asked_of, *(part.tobytes() for part in (costs, least, most, persons))]
        question = hashlib.sha256(b"|".join(asked)).hexdigest()
        return self.solutions.of(question, len(costs), find, holds)

    def _moved(self, values: Any) -> list[Cell]:
        moves = abs(values - self._values[0]) > TOLERANCE * (1 + abs(self._values[0]))
        return [cell for cell, moves in zip(self.cells, moves, strict=True) if moves]

    def _keep(self, solution: Any) -> bool:
        """Keep a solution where persons are whole."""
        size = len(self._truth)
        world = self._truth + solution[:size] - solution[size : 2 * size]
        near = np.where(self._counted, np.round(world), world)
        if (abs(near - world) > TOLERANCE).any():
            return False
        self._values.append(self._sums @ near)
        return True


@contextmanager
def _unheard() -> Iterator[None]:
    """Discard what a library writes directly to standard output: the solver makes remarks that no option silences."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        _flush()
        os.dup2(nowhere, 1)
        yield
    finally:
        _flush()  # what it buffered goes the same way
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _flush() -> None:
    """Flush what C libraries have buffered for standard output."""
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)


def _matrix(forms: list[Form], size: int) -> Any:
    """One row per form, one column per unknown."""
    rows = [n for n, form in enumerate(forms) for _ in form]
    columns = [unknown for form in forms for unknown in form]
    weights = [float(weight) for form in forms for weight in form.values()]
    return csr_array((weights, (rows, columns)), shape=(len(forms), size))
