"""Chooses the numbers to hide: the small ones, then as few others as possible so that the small ones cannot be deduced.

A cell is *primary* when it is small (1 to threshold − 1 persons), when it changed by so few since it was published,
when it differs by so few from what was published of the year before, or when it follows a hidden cell of another
population (unless its number was published before and still holds: hiding it would then hide nothing). For each, the
search looks for the nearest world where it is greater by threshold − 1: what differs from the truth in that world, and
nothing else, has to be hidden. Worlds found for one cell often serve others. Each cell is hidden at most once, so the
search ends.
"""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from pipelines.stages.publish.secret.attack import Worlds
from pipelines.stages.publish.secret.cells import Cell, Key, Numbers, SecrecyBroken

Former = Mapping[Key, set[Decimal]]  # cell → every value that was ever published

MEAN_SCALE = 20  # years: roughly what one more person adds to a sum of ages; only used for the cost of hiding a mean
COARSE = {0: 8, 1: 3}  # the fewer axes a number narrows, the more it is worth keeping


def former_values(numbers: Numbers, disclosed: Iterable[tuple[str, Decimal]]) -> Former:
    """The values published for each cell, from the (name, value) pairs kept in the ledger."""
    by_name: dict[str, set[Decimal]] = {}
    for name, value in disclosed:
        by_name.setdefault(name, set()).add(value)
    return {key: set().union(*(by_name.get(name, set()) for name in names)) for key, names in numbers.names.items()}


def needed(cell: Cell, threshold: int) -> int:
    """The width below which a primary cell is not safe: ``threshold`` possible numbers of persons."""
    return (threshold - 1) * cell.unit


def still_public(worlds: Worlds, former: Former) -> set[Key]:
    """The cells whose current value was published before: hiding them now hides nothing."""
    return {cell.key for cell in worlds.cells if cell.value in former.get(cell.key, ())}


def is_primary(numbers: Numbers, cell: Cell, threshold: int, former: Former, hidden: Collection[Key]) -> bool:
    """True for a cell that must keep ``threshold`` possible values; ``hidden`` says which cells already are."""
    return (
        cell.is_small(threshold)
        or (numbers.follows.get(cell.key) in hidden and bool(cell.value) and _is_new(cell, former))
        or cell.key in numbers.moved
        or _moved_little(cell, threshold, former.get(cell.key, ()))
        or _compares_little(numbers, cell, threshold, former)
    )


def _moved_little(cell: Cell, threshold: int, values: Iterable[Decimal]) -> bool:
    """The cell differs from one of its former ``values`` by a small number of persons."""
    differences = [abs(cell.value - value) for value in values]
    return not cell.is_mean and any(0 < difference < threshold * cell.unit for difference in differences)


def _compares_little(numbers: Numbers, cell: Cell, threshold: int, former: Former) -> bool:
    """The difference from the published number of the year before, which the cell now reveals, is a small number of persons too."""
    before = numbers.compared.get(cell.key)
    return before is not None and _is_new(cell, former) and _moved_little(cell, threshold, former.get(before, ()))


def _is_new(cell: Cell, former: Former) -> bool:
    return cell.value not in former.get(cell.key, ())


def suppress(
    worlds: Worlds, threshold: int, former: Former, fixed: tuple[Collection[Key], Collection[Key]] = ((), ())
) -> dict[Key, str]:
    """Cell → ``primaire`` or ``secondaire``, for every cell to hide. Raises SecrecyBroken when hiding does not help.

    ``fixed`` are the cells, published and hidden, that stay as they are. The worlds that prove it are added to
    ``worlds``.
    """
    numbers = worlds.numbers
    given, kept = fixed
    published = still_public(worlds, former) | set(given)
    hidden = dict.fromkeys(sorted(kept, key=repr), "secondaire")
    done: set[Key] = set()
    while waiting := [c for c in _primary(numbers, threshold, former, hidden) if c.key not in done]:
        hidden |= {cell.key: "primaire" for cell in waiting}
        for cell in waiting:
            _protect(worlds, cell, needed(cell, threshold), published, hidden)
            done.add(cell.key)
    return _reopen(worlds, threshold, published, hidden, kept)


def _primary(numbers: Numbers, threshold: int, former: Former, hidden: Collection[Key]) -> list[Cell]:
    found = [c for c in numbers.cells.values() if is_primary(numbers, c, threshold, former, hidden)]
    return sorted(found, key=lambda cell: (cell.exercice, -cell.detail, abs(cell.value), repr(cell.key)))


def known_cells(worlds: Worlds, published: Collection[Key], hidden: Collection[Key]) -> set[Key]:
    """The cells that a reader knows: those not hidden, and those published before with the same value."""
    return {cell.key for cell in worlds.cells if cell.key not in hidden or cell.key in published}


def _protect(worlds: Worlds, cell: Cell, width: int, published: set[Key], hidden: dict[Key, str]) -> None:
    occupied = {key for _, _, key in worlds.numbers.occupied}
    low, high = worlds.range_of(cell, known_cells(worlds, published, hidden), occupied)
    if high - low >= width:
        return
    moved = worlds.nearest(cell, width, lambda c: 0 if c.key in hidden else _cost(c), published)
    if moved is None:
        raise SecrecyBroken(
            "SEC-DEJA-PUBLIE",
            cell.population,
            "un nombre à masquer se déduit de ce qui a déjà été publié",
            cell.exercice,
        )
    for other in moved:
        hidden.setdefault(other.key, "secondaire")


def _cost(cell: Cell) -> float:
    """What hiding a cell costs readers: more for a greater number, and for a coarser one."""
    scale = MEAN_SCALE if cell.is_mean else cell.unit
    return (3 + abs(float(cell.value)) / scale) * COARSE.get(cell.detail, 1) / scale


def _reopen(
    worlds: Worlds, threshold: int, published: set[Key], hidden: dict[Key, str], kept: Collection[Key]
) -> dict[Key, str]:
    """Show again, most costly first, the secondary cells that the proof of the primary ones can do without."""
    occupied = {key for _, _, key in worlds.numbers.occupied}
    cells = worlds.numbers.cells
    primary = [cells[key] for key, kind in hidden.items() if kind == "primaire" and cells[key].form]
    secondary = [cells[key] for key, kind in hidden.items() if kind == "secondaire" and key not in kept]
    for cell in sorted(secondary, key=lambda c: (-_cost(c) * c.unit, repr(c.key))):
        fewer = {key: kind for key, kind in hidden.items() if key != cell.key}
        widths = worlds.moved(known_cells(worlds, published, fewer), occupied)
        if all(widths[c.key] >= needed(c, threshold) for c in primary):
            hidden = fewer
    return hidden
