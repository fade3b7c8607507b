"""What a reader can deduce: the least and the greatest value of a hidden number, given all those he can read.

The reader solves an integer program over the unknowns of the populations: every number that he can read is an equation.
Both bounds are reached by a population that agrees with all of them (persons are whole), so a width is a proof, not an
estimate. HiGHS through scipy; same input, same answer.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipelines.publish.secret.cells import Cell, Key, Numbers
from pipelines.publish.secret.population import Form

TOLERANCE = 1e-6


class Unproved(RuntimeError):
    """The solver gave no answer: nothing is proved, so nothing may be published."""


@dataclass(frozen=True)
class Attack:
    """A reader who knows the cells ``known``, and that somebody stands in each cell of ``occupied``."""

    numbers: Numbers
    known: frozenset[Key]
    occupied: frozenset[Key]

    def bounds(self, cell: Cell) -> tuple[int, int]:
        """The least and the greatest value of ``cell``, in whole units. Raises Unproved."""
        if not cell.form:
            return 0, 0
        if cell.key in self.known:
            return int(cell.value), int(cell.value)
        return round(self._extreme(cell, 1)), round(self._extreme(cell, -1))

    def width(self, cell: Cell) -> int:
        """The greatest value less the least."""
        low, high = self.bounds(cell)
        return high - low

    def culprits(self, cell: Cell) -> list[Cell]:
        """The known cells that keep ``cell`` from being less or more than the reader finds, in a stable order."""
        import numpy as np
        from scipy.optimize import linprog

        found = set()
        system, columns = self._system, self._columns(cell)
        for sign in (1, -1):
            result = linprog(
                sign * system.objective(cell.form, columns),
                A_eq=system.equal[:, columns],
                b_eq=system.values,
                A_ub=-system.least[:, columns] if system.least.shape[0] else None,
                b_ub=-np.ones(system.least.shape[0]) if system.least.shape[0] else None,
                bounds=list(zip(np.zeros(len(columns)), system.greatest[columns], strict=True)),
                method="highs",
            )
            if result.status == 0:
                found |= {k for k, dual in zip(system.keys, result.eqlin.marginals, strict=True) if abs(dual) > TOLERANCE}
        return [self.numbers.cells[key] for key in self.numbers.cells if key in found]

    def _extreme(self, cell: Cell, sign: int) -> float:
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint, milp

        system, columns = self._system, self._columns(cell)
        constraints = [LinearConstraint(system.equal[:, columns], system.values, system.values)]
        if system.least.shape[0]:
            constraints.append(LinearConstraint(system.least[:, columns], 1, np.inf))
        result = milp(
            sign * system.objective(cell.form, columns),
            integrality=system.counted[columns],
            bounds=Bounds(0, system.greatest[columns]),
            constraints=constraints,
        )
        if result.status != 0:
            raise Unproved(f"{cell.population} {cell.exercice}: {result.message}")
        return sign * result.fun

    def _columns(self, cell: Cell) -> Any:
        """The unknowns that have to do with ``cell``, through any equation."""
        import numpy as np

        parts = self._system.parts
        return np.flatnonzero(np.isin(parts, parts[list(cell.form)]))

    @cached_property
    def _system(self) -> "_System":
        return _System(self.numbers, self.known, self.occupied)


class _System:
    """The reader's equations, as sparse matrices over every unknown."""

    def __init__(self, numbers: Numbers, known: Iterable[Key], occupied: Iterable[Key]):
        import numpy as np
        from scipy.sparse import vstack
        from scipy.sparse.csgraph import connected_components

        unknowns = numbers.unknowns
        cells = [numbers.cells[key] for key in numbers.cells if key in known and numbers.cells[key].form]
        here = [numbers.cells[key] for key in numbers.cells if key in occupied]
        self._size = unknowns.size
        self.keys = [None] * len(unknowns.equations) + [cell.key for cell in cells]
        self.values = np.array([0.0] * len(unknowns.equations) + [float(cell.value) for cell in cells])
        self.equal = self._matrix([*unknowns.equations, *(cell.form for cell in cells)])
        self.least = self._matrix([cell.form for cell in here])
        self.counted = np.array(unknowns.counted, dtype=int)
        self.greatest = np.array([float(g) for g in unknowns.greatest])
        together = vstack([self.equal, self.least])
        self.parts = connected_components(abs(together).T @ abs(together), directed=False)[1]

    def objective(self, form: Form, columns: Any) -> Any:
        import numpy as np

        dense = np.zeros(self._size)
        for unknown, weight in form.items():
            dense[unknown] = float(weight)
        return dense[columns]

    def _matrix(self, forms: list[Form]) -> Any:
        from scipy.sparse import csr_array

        rows = [n for n, form in enumerate(forms) for _ in form]
        columns = [unknown for form in forms for unknown in form]
        weights = [float(weight) for form in forms for weight in form.values()]
        return csr_array((weights, (rows, columns)), shape=(len(forms), self._size))
