"""Which numbers to hide: the small ones, then as few others as keep them from being deduced.

A cell is *primary* when it is small (1 to threshold − 1 persons), when it moved by so few since it was published, or when
it follows a hidden cell of another population. For each, the nearest world where it is greater by threshold − 1 is looked
for: what differs from the truth in that world, and nothing else, has to be hidden. Worlds found for one cell often serve
others. Each cell is hidden at most once, so the search ends.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal

from pipelines.publish.secret.attack import Worlds
from pipelines.publish.secret.cells import Cell, Key, Numbers, SecrecyBroken

Disclosed = Mapping[str, set[Decimal]]  # label of a cell with its exercice → every value published before

MEAN_SCALE = 20  # years: what a person more adds to a sum of ages, roughly; only for the cost of hiding a mean
COARSE = {0: 8, 1: 3}  # the fewer the axes that a number narrows, the more it is worth keeping


def name_of(cell: Cell) -> str:
    """What a cell is called in the ledger, from one publication to the next."""
    return f"{cell.exercice} {cell.label}"


def needed(cell: Cell, threshold: int) -> int:
    """The width below which a primary cell is not safe: ``threshold`` possible numbers of persons."""
    return (threshold - 1) * cell.unit


def was_published(cell: Cell, disclosed: Disclosed) -> bool:
    """True when its present value was published before: hiding it now hides nothing."""
    return cell.value in disclosed.get(name_of(cell), ())


def is_primary(numbers: Numbers, cell: Cell, threshold: int, disclosed: Disclosed, hidden: Collection[Key]) -> bool:
    """True for a cell that must keep ``threshold`` possible values; ``hidden`` says which cells already are."""
    return (
        cell.is_small(threshold)
        or (numbers.follows.get(cell.key) in hidden and bool(cell.value))
        or _moved_little(cell, threshold, disclosed)
    )


def _moved_little(cell: Cell, threshold: int, disclosed: Disclosed) -> bool:
    """The difference with a former publication is itself a small number of persons."""
    former = disclosed.get(name_of(cell), ())
    return not cell.is_mean and any(0 < abs(cell.value - value) < threshold * cell.unit for value in former)


def suppress(worlds: Worlds, threshold: int, disclosed: Disclosed) -> dict[Key, str]:
    """Cell → ``primaire`` or ``secondaire``, for every cell to hide. Raises SecrecyBroken when hiding is no help.

    The worlds that prove it are added to ``worlds``.
    """
    numbers = worlds.numbers
    published = {cell.key for cell in worlds.cells if was_published(cell, disclosed)}
    hidden: dict[Key, str] = {}
    done: set[Key] = set()
    while waiting := [c for c in _primary(numbers, threshold, disclosed, hidden) if c.key not in done]:
        hidden |= {cell.key: "primaire" for cell in waiting}
        for cell in waiting:
            _protect(worlds, cell, needed(cell, threshold), published, hidden)
            done.add(cell.key)
    return _reopen(worlds, threshold, published, hidden)


def _primary(numbers: Numbers, threshold: int, disclosed: Disclosed, hidden: Collection[Key]) -> list[Cell]:
    found = [c for c in numbers.cells.values() if is_primary(numbers, c, threshold, disclosed, hidden)]
    return sorted(found, key=lambda cell: (cell.exercice, -cell.detail, abs(cell.value), repr(cell.key)))


def known_cells(worlds: Worlds, published: Collection[Key], hidden: Collection[Key]) -> set[Key]:
    """What a reader knows: what is not hidden, and what was published before and still holds."""
    return {cell.key for cell in worlds.cells if cell.key not in hidden or cell.key in published}


def _protect(worlds: Worlds, cell: Cell, width: int, published: set[Key], hidden: dict[Key, str]) -> None:
    occupied = {key for _, _, key in worlds.numbers.occupied}
    low, high = worlds.range_of(cell, known_cells(worlds, published, hidden), occupied)
    if high - low >= width:
        return
    moved = worlds.nearest(cell, width, lambda c: 0 if c.key in hidden else _cost(c), published)
    if moved is None:
        raise SecrecyBroken(
            "SEC-DEJA-PUBLIE", cell.population, "un nombre à masquer se déduit de ce qui a déjà été publié", cell.exercice
        )
    for other in moved:
        hidden.setdefault(other.key, "secondaire")


def _cost(cell: Cell) -> float:
    """What hiding a cell costs its readers: more for a greater number, and for a coarser one."""
    scale = MEAN_SCALE if cell.is_mean else cell.unit
    return (3 + abs(float(cell.value)) / scale) * COARSE.get(cell.detail, 1) / scale


def _reopen(worlds: Worlds, threshold: int, published: set[Key], hidden: dict[Key, str]) -> dict[Key, str]:
    """Show again the secondary cells, the most costly first, without which the primary ones are still proved safe."""
    occupied = {key for _, _, key in worlds.numbers.occupied}
    cells = worlds.numbers.cells
    primary = [cells[key] for key, kind in hidden.items() if kind == "primaire" and cells[key].form]
    secondary = [cells[key] for key, kind in hidden.items() if kind == "secondaire"]
    for cell in sorted(secondary, key=lambda c: (-_cost(c) * c.unit, repr(c.key))):
        fewer = {key: kind for key, kind in hidden.items() if key != cell.key}
        widths = worlds.moved(known_cells(worlds, published, fewer), occupied)
        if all(widths[c.key] >= needed(c, threshold) for c in primary):
            hidden = fewer
    return hidden
