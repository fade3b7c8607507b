"""Completes the title of a chart with what it shows: the first bar, the highest or lowest months, the larger column, the largest
row, where it begins and ends, how far it is from others, how its total changed, what share of the credits was used.

Each number of it leads to how it was computed: its cell, or the calculation over several. Nothing is
added when a value that it depends on is missing, hidden or partial.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines import french
from pipelines.stages.report.addresses import Addresses, Model, number_node
from pipelines.stages.report.cells import with_sign

Line = dict[str, Any]
Cell = dict[str, Any]
Chosen = Callable[[list[Decimal]], Decimal]


@dataclass(frozen=True)
class Worked:
    """A number of a title: the cells that it is made of and, when it is not the only one's, how."""

    text: str
    cells: list[Cell]
    how: str | None = None


Said = list[str | Worked]
CLOSE = Decimal("0.85")  # of the largest value: beyond, the next one is as good as equal
STABLE = 5  # in %: less is no change


def titled(title: str, shows: str | None, head: list[str], lines: list[Line]) -> Said:
    """The title with what the chart shows, inserted before the brackets at its end."""
    said = SHOWN[shows](head, [line for line in lines if not line["est_total"]]) if shows else None
    if said is None:
        return [title]
    begins, bracket, ends = title.rpartition(" (") if title.endswith(")") else (title, "", "")
    return [f"{begins} : ", *said, f"{bracket}{ends}"]


def title_nodes(said: Said, addresses: Addresses) -> list[Model]:
    """A title as prose, each number with its address."""
    nodes = []
    for part in said:
        if isinstance(part, str):
            nodes.append({"genre": "texte", "texte": part})
            continue
        of = [cell.get("adresse") for cell in part.cells]
        nodes.append(number_node(part.text, addresses.computed(part.how, of) if part.how else of[0]))
    return nodes


def are_years(head: Sequence[str]) -> bool:
    """True for the columns of a table over several exercices."""
    return bool(head) and all(one.isdecimal() and len(one) == 4 for one in head)


def _of(cell: Cell) -> Worked:
    return Worked(cell["texte"], [cell])


def ratio(text: str, above: list[Cell], below: list[Cell], less: list[Cell] | None = None) -> Worked:
    """« 100 × (80 + 10) ÷ 150 », over the values of cells; ``less``: those taken away from the first."""
    taken = f"({_sum(above)} − {_sum(less)})" if less else _sum(above)
    return Worked(text, [*above, *below], f"100 × {taken} ÷ {_sum(below)}")


def _sum(cells: list[Cell]) -> str:
    values = [Decimal(cell["valeur"] or 0) for cell in cells]
    said = " + ".join(f"({french.exact(value)})" if value < 0 else french.exact(value) for value in values)
    return f"({said})" if len(values) > 1 else said


def _first(head: list[str], lines: list[Line]) -> Said | None:
    highest = _highest(lines)
    if highest is None:
        return None
    one = highest["cellules"][-1]
    if one["texte"] != french.number(Decimal(one["valeur"]), 0):  # a share, or an amount
        return [f"« {highest['titre']} » au premier rang, ", _of(one)]
    return _leads(highest, [one], _known(lines, [-1]))


def _peak(head: list[str], lines: list[Line]) -> Said | None:
    return _extremes(head, lines, max, "au plus haut")


def _trough(head: list[str], lines: list[Line]) -> Said | None:
    return _extremes(head, lines, min, "au plus bas")


def _extremes(head: list[str], lines: list[Line], chosen: Chosen, words: str) -> Said | None:
    """When each column is at its extreme, or the last one when they are years, with what the year before was then; None when
    one of them is not known, or reaches it twice."""
    said: Said = []
    for column, name in [(len(head) - 1, "")] if are_years(head) else enumerate(head):
        line = _extreme(lines, column, chosen)
        if line is None:
            return None
        which = "" if len(head) == 1 or not name else f"{', ' if column else ''}{name.lower()} "
        said += [f"{which}{words} en {line['titre'].lower()} avec ", _of(line["cellules"][column])]
        if not name and column and line["cellules"][column - 1]["valeur"] is not None:
            said += [", contre ", _of(line["cellules"][column - 1]), f" en {head[column - 1]}"]
    return said or None


def _highest(lines: list[Line]) -> Line | None:
    """The line whose value stands out from the others."""
    highest = _extreme(lines, -1, max)
    return highest if _stands_out(_values(lines, -1) or []) else None


def _stands_out(values: list[Decimal]) -> bool:
    """True when the largest is well above the next one: 14 against 13 is nothing to tell."""
    *_, second, first = sorted(values) if len(values) > 1 else [Decimal(0), Decimal(0)]
    return second <= CLOSE * first


def _extreme(lines: list[Line], column: int, chosen: Chosen) -> Line | None:
    """The line whose value is beyond all others; None when another equals it, or is not known."""
    values = _values(lines, column)
    if values is None or len(values) < 2 or values.count(chosen(values)) > 1:
        return None
    return lines[values.index(chosen(values))]


def _change(head: list[str], lines: list[Line]) -> Said | None:
    if len(head) < 2:
        return None
    now, before = _values(lines, -1), _values(lines, -2)
    if not now or not before or sum(before) <= 0:
        return None
    change = 100 * (sum(now) - sum(before)) / sum(before)
    if abs(change) < STABLE:
        return [f"stable depuis {head[-2]}"]
    rounded = french.number(abs(change), 0)
    of_now, of_before = ([line["cellules"][column] for line in lines] for column in (-1, -2))
    worked = ratio(f"{rounded} %", of_now, of_before, less=of_before)
    return [worked, f" de {'plus' if change > 0 else 'moins'} qu’en {head[-2]}"]


def _rate(head: list[str], lines: list[Line]) -> Said | None:
    """How far the credits were used, over the lines that are carried out; names the others, whose credits do not count."""
    carried_out = [line for line in lines if line["cellules"][1]["manque"] != "—"]
    others = [f"« {line['titre']} »" for line in lines if line not in carried_out]
    done, credits = _values(carried_out, 1), _values(carried_out, 0)
    if not done or not credits or sum(credits) <= 0:
        return None
    verb = "ne s’exécute pas" if len(others) == 1 else "ne s’exécutent pas"
    apart = f", hors {french.enumeration(others)}, qui {verb}" if others else ""
    rate = f"{french.number(100 * sum(done) / sum(credits), 1)} %"
    worked = ratio(rate, *([line["cellules"][column] for line in carried_out] for column in (1, 0)))
    return [worked, f" de réalisation{apart}"]


def _majority(head: list[str], lines: list[Line]) -> Said | None:
    """The column that holds more than half of what all hold together."""
    columns = [_values(lines, column, blank="—") for column in range(len(head))]
    if not lines or None in columns:
        return None
    totals = [sum(values or []) for values in columns]
    most = max(totals)
    if most * 2 <= sum(totals):
        return None
    leading = totals.index(most)
    share = f"{french.number(100 * Decimal(most) / sum(totals), 0)} %"
    worked = ratio(share, _known(lines, [leading]), _known(lines, range(len(head))))
    return [f"{head[leading].lower()} majoritaires (", worked, ")"]


def _known(lines: list[Line], columns: Iterable[int]) -> list[Cell]:
    """The cells of these columns that hold a number other than nothing."""
    return [one for column in columns for line in lines if Decimal((one := line["cellules"][column])["valeur"] or 0)]


def _fullest(head: list[str], lines: list[Line]) -> Said | None:
    """The row that holds more than any other, all columns together."""
    columns = [_values(lines, column, blank="—") for column in range(len(head))]
    if len(lines) < 2 or None in columns:
        return None
    sums = [sum(row) for row in zip(*[values or [] for values in columns], strict=True)]
    most = max(sums)
    if sums.count(most) > 1 or not _stands_out(sums):
        return None
    fullest = lines[sums.index(most)]
    return _leads(fullest, _known([fullest], range(len(head))), _known(lines, range(len(head))))


def _leads(line: Line, cells: list[Cell], every: list[Cell]) -> Said:
    """What a line counts, of what ``every`` cell counts."""
    is_most = 2 * _total(cells) > _total(every)
    which = f"surtout « {line['titre']} »" if is_most else f"« {line['titre']} » au premier rang"
    return [f"{which}, ", _counted(cells), " sur ", _counted(every)]


def _counted(cells: list[Cell]) -> Worked:
    return Worked(french.number(_total(cells), 0), cells, _sum(cells) if len(cells) > 1 else None)


def _total(cells: list[Cell]) -> Decimal:
    return sum((Decimal(cell["valeur"]) for cell in cells), Decimal(0))


def _ends(head: list[str], lines: list[Line]) -> Said | None:
    if len(lines) != 1 or len(head) < 2 or _values(lines, 0) is None or _values(lines, -1) is None:
        return None
    return ["de ", _brief(lines[0]["cellules"][0]), " à ", _brief(lines[0]["cellules"][-1])]


def _brief(cell: Cell) -> Worked:
    """An amount as its bar says it, in thousands or millions; any other number as its cell prints it."""
    is_amount = cell["texte"].endswith("€")
    return Worked(french.rounded(Decimal(cell["valeur"]), 2, "EUR") if is_amount else cell["texte"], [cell])


def _values(lines: list[Line], column: int, blank: str | None = None) -> list[Decimal] | None:
    """The numbers of a column, 0 where the code ``blank`` is printed; None when one of them lacks too much."""
    cells = [line["cellules"][column] for line in lines]
    if blank:
        cells = [one | {"valeur": "0"} if one["manque"] == blank else one for one in cells]
    if any(one["valeur"] is None or one["est_incertain"] for one in cells):
        return None
    return [Decimal(one["valeur"]) for one in cells]


def _gaps(head: list[str], lines: list[Line]) -> Said | None:
    """The first gap, and between what the others lie; the gaps, in %, are the first column."""
    gaps = _values(lines, 0)
    if gaps is None or len(gaps) < 3:
        return None

    def gap(at: int) -> Worked:
        cell = lines[at]["cellules"][0]
        return Worked(with_sign(cell["texte"], gaps[at]), [cell])

    others = sorted(range(1, len(gaps)), key=lambda at: gaps[at])
    return [gap(0), f" pour « {lines[0]['titre']} », de ", gap(others[0]), " à ", gap(others[-1]), " pour le reste"]


EVOLUTION, EXTREMES = "evolution", ("pic", "creux")
SHOWN = {
    "premier": _first,
    "pic": _peak,
    "creux": _trough,
    EVOLUTION: _change,
    "taux": _rate,
    "majorite": _majority,
    "plus_fournie": _fullest,
    "extremites": _ends,
    "ecarts": _gaps,
}
