"""Numbers few enough to work out by hand what a reader may deduce from them."""

from decimal import Decimal

from pipelines.stages.publish.secret.cells import Cell, Key, Numbers
from pipelines.stages.publish.secret.population import Unknowns

THRESHOLD = 4


def key(name: str) -> Key:
    return ("agents", 2020, tuple(name), None)


def numbers(*measures: int, unit: int = 1, **sums: str) -> Numbers:
    """A population of so many agents of the kinds a, b, c…, and cells named after the kinds that they add up."""
    kinds = "abcdefgh"[: len(measures)]
    size = len(kinds)
    greatest = Decimal(sum(measures) + 2 * THRESHOLD * unit)
    of = Numbers(
        Unknowns(
            size, [unit == 1] * size, [greatest] * size, [2020] * size, [unit] * size, [Decimal(m) for m in measures]
        )
    )
    for name in (*kinds, *sums.values()):
        form = {kinds.index(kind): Decimal(1) for kind in name}
        value = sum((Decimal(measures[kinds.index(kind)]) for kind in name), Decimal(0))
        detail = 0 if len(name) == size else 1 if len(name) > 1 else 2
        of.cells[key(name)] = Cell(key(name), name, 2020, "agents", form, value, unit, detail)
        of.names[key(name)] = [f"2020 {name}"]
    return of
