"""Which numbers to hide: the small ones, then as few others as keep them from being deduced.

A cell is *primary* when it is small (1 to threshold − 1 persons), when it moved by so few since it was published, or when
it follows a primary or hidden cell of another population. While a reader can tell a primary cell within less than
``threshold`` possible values, one of the numbers that let him is hidden too. Hiding one more only widens what a reader
finds: the search ends at the latest when nothing of the population is left.
"""

from collections.abc import Container, Mapping
from decimal import Decimal

from pipelines.publish.secret.attack import Attack, Worlds
from pipelines.publish.secret.cells import Cell, Key, Numbers, SecrecyBroken

Disclosed = Mapping[str, set[Decimal]]  # label of a cell with its exercice → every value published before


def name_of(cell: Cell) -> str:
    """What a cell is called in the ledger, from one publication to the next."""
    return f"{cell.exercice} {cell.label}"


def needed(cell: Cell, threshold: int) -> int:
    """The width below which a primary cell is not safe: ``threshold`` possible numbers of persons."""
    return (threshold - 1) * cell.unit


def suppress(worlds: Worlds, threshold: int, disclosed: Disclosed) -> dict[Key, str]:
    """Cell → ``primaire`` or ``secondaire``, for every cell to hide. Raises SecrecyBroken when hiding is no help.

    The worlds that prove it are added to ``worlds``.
    """
    numbers = worlds.numbers
    hidden: dict[Key, str] = {}
    safe: set[Key] = set()
    while waiting := [c for c in _primary(numbers, threshold, disclosed, hidden) if c.key not in safe]:
        hidden |= {cell.key: "primaire" for cell in waiting}
        for cell in waiting:
            _protect(worlds, cell, threshold, disclosed, hidden)
            safe.add(cell.key)
    return _reopen(worlds, threshold, disclosed, hidden)


def attack_on(worlds: Worlds, hidden: Container[Key], disclosed: Disclosed) -> Attack:
    """The reader of all that is not hidden, and of all that was published before and still holds."""
    cells = worlds.numbers.cells
    known = frozenset(key for key, cell in cells.items() if key not in hidden or was_published(cell, disclosed))
    return Attack(worlds, known, frozenset(key for _, _, key in worlds.numbers.occupied))


def was_published(cell: Cell, disclosed: Disclosed) -> bool:
    """True when its present value was published before: hiding it now hides nothing."""
    return cell.value in disclosed.get(name_of(cell), ())


def is_primary(numbers: Numbers, cell: Cell, threshold: int, disclosed: Disclosed, hidden: Container[Key]) -> bool:
    """True for a cell that must keep ``threshold`` possible values; ``hidden`` says which cells already are."""
    return (
        cell.is_small(threshold)
        or (numbers.follows.get(cell.key) in hidden and bool(cell.value))
        or _moved_little(cell, threshold, disclosed)
    )


def _primary(numbers: Numbers, threshold: int, disclosed: Disclosed, hidden: Container[Key]) -> list[Cell]:
    found = [c for c in numbers.cells.values() if is_primary(numbers, c, threshold, disclosed, hidden)]
    return sorted(found, key=lambda cell: (cell.exercice, abs(cell.value), repr(cell.key)))


def _moved_little(cell: Cell, threshold: int, disclosed: Disclosed) -> bool:
    """The difference with a former publication is itself a small number of persons."""
    former = disclosed.get(name_of(cell), ())
    return not cell.is_mean and any(0 < abs(cell.value - value) < threshold * cell.unit for value in former)


def _protect(worlds: Worlds, cell: Cell, threshold: int, disclosed: Disclosed, hidden: dict[Key, str]) -> None:
    while not (attack := attack_on(worlds, hidden, disclosed)).resists(cell, needed(cell, threshold)):
        others = [c for c in worlds.numbers.cells.values() if _may_hide(c, hidden, disclosed)]
        if not others or was_published(cell, disclosed):
            raise SecrecyBroken(
                "SEC-DEJA-PUBLIE", cell.population, "un nombre à masquer a déjà été publié ou s’en déduit", cell.exercice
            )
        useful = [c for c in attack.relaxed(cell)[1] if _may_hide(c, hidden, disclosed)]
        missing = needed(cell, threshold) - int(abs(cell.value))
        hidden[min(useful or others, key=lambda c: _cost(c, missing)).key] = "secondaire"


def _may_hide(cell: Cell, hidden: Mapping[Key, str], disclosed: Disclosed) -> bool:
    return cell.key not in hidden and bool(cell.form) and not was_published(cell, disclosed)


def _cost(cell: Cell, missing: int) -> tuple:
    """Detail goes before totals, then the smallest number that can make up for what is missing."""
    enough = cell.value >= missing
    return (-cell.detail, not enough, cell.value if enough else -cell.value, repr(cell.key))


def _reopen(worlds: Worlds, threshold: int, disclosed: Disclosed, hidden: dict[Key, str]) -> dict[Key, str]:
    """Show again each secondary cell, the greatest first, without which the primary ones are still safe."""
    primary = [worlds.numbers.cells[key] for key, kind in hidden.items() if kind == "primaire"]
    shown = True
    while shown:
        shown = False
        for cell in _secondary(worlds.numbers, hidden):
            fewer = {key: kind for key, kind in hidden.items() if key != cell.key}
            attack = attack_on(worlds, fewer, disclosed)
            if all(attack.resists(c, needed(c, threshold)) for c in primary):
                hidden, shown = fewer, True
    return hidden


def _secondary(numbers: Numbers, hidden: Mapping[Key, str]) -> list[Cell]:
    found = [numbers.cells[key] for key, kind in hidden.items() if kind == "secondaire"]
    return sorted(found, key=lambda cell: (cell.detail, -cell.value, repr(cell.key)))
