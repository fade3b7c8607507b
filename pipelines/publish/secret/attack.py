"""What a reader can deduce: which values a hidden number may have, given all those he can read.

Every number that he can read is an equation over the unknowns of the populations. A *world* is a solution of all of
them, persons being whole: the true one is a world, and a reader cannot tell which one is. Two worlds that give a hidden
number values far apart prove that he cannot deduce it; they are checked by adding up, whoever found them.

Worlds are looked for by integer programming. The bounds of the linear program (persons cut in pieces) are wider than
those of the worlds: they say quickly that a number can be deduced, and its dual values, from which others. HiGHS through
scipy; same input, same answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pipelines.publish.secret.cells import Cell, Key, Numbers
from pipelines.publish.secret.population import Form

TOLERANCE = 1e-6
NODES = 200  # of the search for one world: a limit that is the same on every machine


class Worlds:
    """The true world, and those that were found; each gives every cell a value."""

    def __init__(self, numbers: Numbers):
        import numpy as np

        self.numbers = numbers
        self.cells = list(numbers.cells)
        self._place = {key: place for place, key in enumerate(self.cells)}
        unknowns = numbers.unknowns
        self._sums = matrix([numbers.cells[key].form for key in self.cells], unknowns.size)
        self._always = matrix(unknowns.equations, unknowns.size)
        self._counted = np.array(unknowns.counted, dtype=bool)
        self._found: list[Any] = [np.array([float(true) for true in unknowns.truth])]
        self._values = [self._sums @ self._found[0]]

    def add(self, world: Any) -> None:
        """Keep a world, persons made whole; what does not hold together is no world."""
        import numpy as np

        world = np.where(self._counted, np.round(world), world)
        if self._is_nothing(self._always @ world) and world.min(initial=0) > -TOLERANCE:
            self._found.append(world)
            self._values.append(self._sums @ world)

    def range_of(self, cell: Cell, known: Iterable[Key], occupied: Iterable[Key]) -> tuple[int, int]:
        """The least and the greatest value of ``cell`` among the worlds that agree with ``known`` and ``occupied``."""
        values = self._among(known, occupied)[:, self._place[cell.key]]
        return round(values.min()), round(values.max())

    def _among(self, known: Iterable[Key], occupied: Iterable[Key]) -> Any:
        import numpy as np

        values = np.array(self._values)
        agreed = values[:, [self._place[key] for key in known]]
        least = values[:, [self._place[key] for key in occupied]]
        scale = 1 + abs(agreed[0])
        return values[(abs(agreed - agreed[0]) <= TOLERANCE * scale).all(axis=1) & (least >= 1 - TOLERANCE).all(axis=1)]

    @staticmethod
    def _is_nothing(rest: Any) -> bool:
        return not len(rest) or bool((abs(rest) <= TOLERANCE * 1000).all())


@dataclass(frozen=True)
class Attack:
    """A reader who knows the cells ``known``, and that somebody stands in each cell of ``occupied``."""

    worlds: Worlds
    known: frozenset[Key]
    occupied: frozenset[Key]

    def width(self, cell: Cell) -> int:
        """The greatest value less the least among the worlds that are known so far."""
        low, high = self.bounds(cell)
        return high - low

    def bounds(self, cell: Cell) -> tuple[int, int]:
        """Two values that the reader cannot tell apart: there is a world for each."""
        return self.worlds.range_of(cell, self.known, self.occupied)

    def resists(self, cell: Cell, width: int) -> bool:
        """True when worlds were found that give ``cell`` values ``width`` apart."""
        if self.width(cell) >= width:
            return True
        if not cell.form or cell.key in self.known or self.relaxed(cell)[0] < width - TOLERANCE:
            return False
        for free in (lambda exercice: exercice == cell.exercice, lambda _: True):
            for sign in (1, -1):
                self._search(cell, sign, free)
            if self.width(cell) >= width:
                return True
        return False

    def relaxed(self, cell: Cell) -> tuple[float, list[Cell]]:
        """The width when persons may be cut in pieces, and the known cells that keep it from being wider."""
        from scipy.optimize import linprog

        part, found, width = self._system().around(cell.form), set(), 0.0
        for sign in (1, -1):
            result = linprog(
                sign * part.objective(cell.form),
                A_eq=part.equal,
                b_eq=part.values,
                A_ub=-part.least if part.least.shape[0] else None,
                b_ub=[-1.0] * part.least.shape[0] if part.least.shape[0] else None,
                bounds=[(0, greatest) for greatest in part.greatest],
                method="highs",
            )
            if result.status == 0:
                width -= result.fun
                found |= {key for key, dual in zip(part.keys, result.eqlin.marginals, strict=True) if abs(dual) > TOLERANCE}
        return width, [c for key, c in self.worlds.numbers.cells.items() if key in found]

    def _search(self, cell: Cell, sign: int, free: Any) -> None:
        """Look for the world where ``cell`` is least (1) or greatest (-1), what is not ``free`` being as it truly is."""
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint, milp

        unknowns = self.worlds.numbers.unknowns
        part = self._system().around(cell.form)
        truth = np.array([float(true) for true in unknowns.truth])
        moves = np.array([free(exercice) for exercice in unknowns.exercices])[part.columns]
        constraints = [LinearConstraint(part.equal, part.values, part.values)]
        if part.least.shape[0]:
            constraints.append(LinearConstraint(part.least, 1))
        result = milp(
            sign * part.objective(cell.form),
            integrality=part.counted,
            bounds=Bounds(
                np.where(moves, 0, truth[part.columns]), np.where(moves, part.greatest, truth[part.columns])
            ),
            constraints=constraints,
            options={"node_limit": NODES},
        )
        if result.x is not None:
            world = truth.copy()
            world[part.columns] = result.x
            self.worlds.add(world)

    def _system(self) -> "_System":
        cells = self.worlds.numbers.cells
        return _System.of(
            self.worlds.numbers,
            [cell for key, cell in cells.items() if key in self.known and cell.form],
            [cell for key, cell in cells.items() if key in self.occupied and cell.form],
        )


@dataclass(frozen=True)
class _System:
    """The reader's equations (``equal`` · unknowns = ``values``; ``least`` · unknowns ≥ 1), as sparse matrices.

    ``around`` keeps only the part that has to do with a form, through any chain of equations: solving it is enough.
    """

    columns: Any  # the unknowns of this part
    keys: list[Key | None]  # the cell behind each row of ``equal``; None for what holds whatever is published
    equal: Any
    values: Any
    least: Any
    counted: Any
    greatest: Any
    parts: Any  # unknown → the part it belongs to

    @classmethod
    def of(cls, numbers: Numbers, cells: list[Cell], occupied: list[Cell]) -> "_System":
        """The equations of the cells that a reader knows."""
        import numpy as np
        from scipy.sparse import vstack
        from scipy.sparse.csgraph import connected_components

        unknowns = numbers.unknowns
        equal = matrix([*unknowns.equations, *(cell.form for cell in cells)], unknowns.size)
        least = matrix([cell.form for cell in occupied], unknowns.size)
        together = abs(vstack([equal, least]))
        return cls(
            np.arange(unknowns.size),
            [*[None] * len(unknowns.equations), *(cell.key for cell in cells)],
            equal,
            np.array([*[0.0] * len(unknowns.equations), *(float(cell.value) for cell in cells)]),
            least,
            np.array(unknowns.counted, dtype=int),
            np.array([float(greatest) for greatest in unknowns.greatest]),
            connected_components(together.T @ together, directed=False)[1],
        )

    def around(self, form: Form) -> "_System":
        """The part of the equations that bears on ``form``."""
        import numpy as np

        columns = np.flatnonzero(np.isin(self.parts, self.parts[list(form)]))
        equal, least = self.equal[:, columns], self.least[:, columns]
        rows = np.flatnonzero(abs(equal).sum(axis=1))
        return _System(
            columns,
            [self.keys[row] for row in rows],
            equal[rows],
            self.values[rows],
            least[np.flatnonzero(abs(least).sum(axis=1))],
            self.counted[columns],
            self.greatest[columns],
            self.parts[columns],
        )

    def objective(self, form: Form) -> Any:
        """The coefficients of ``form`` over this part's unknowns."""
        import numpy as np

        return np.array([float(form.get(column, 0)) for column in self.columns.tolist()])


def matrix(forms: list[Form], size: int) -> Any:
    """One row a form, one column an unknown."""
    from scipy.sparse import csr_array

    rows = [n for n, form in enumerate(forms) for _ in form]
    columns = [unknown for form in forms for unknown in form]
    weights = [float(weight) for form in forms for weight in form.values()]
    return csr_array((weights, (rows, columns)), shape=(len(forms), size))
