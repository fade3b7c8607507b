"""Completes the title of a chart with what it shows: the first bar, the highest or lowest months, the larger column, the largest
row, where it begins and ends, how its total changed, what share of the credits was used.

Nothing is added when a value that it depends on is missing, hidden or partial.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pipelines import french

Line = dict[str, Any]
Chosen = Callable[[list[Decimal]], Decimal]


def titled(title: str, shows: str | None, head: list[str], lines: list[Line]) -> str:
    """The title with what the chart shows, inserted before the brackets at its end."""
    said = SHOWN[shows](head, [line for line in lines if not line["est_total"]]) if shows else None
    if said is None:
        return title
    begins, bracket, ends = title.rpartition(" (") if title.endswith(")") else (title, "", "")
    return f"{begins} : {said}{bracket}{ends}"


def _first(head: list[str], lines: list[Line]) -> str | None:
    highest = _highest(lines)
    return _leads(highest, highest["cellules"][-1]["texte"]) if highest else None


def _peak(head: list[str], lines: list[Line]) -> str | None:
    return _extremes(head, lines, max, "au plus haut")


def _trough(head: list[str], lines: list[Line]) -> str | None:
    return _extremes(head, lines, min, "au plus bas")


def _extremes(head: list[str], lines: list[Line], chosen: Chosen, words: str) -> str | None:
    """When each column is at its extreme; None when one of them is not known, or reaches it twice."""
    found = [_extreme(lines, column, chosen) for column in range(len(head))]
    said = [
        f"{words} en {line['titre'].lower()} ({line['cellules'][column]['texte']})"
        for column, line in enumerate(found)
        if line is not None
    ]
    if not said or len(said) < len(head):
        return None
    return (
        said[0] if len(head) == 1 else ", ".join(f"{one.lower()} {when}" for one, when in zip(head, said, strict=True))
    )


def _highest(lines: list[Line]) -> Line | None:
    return _extreme(lines, -1, max)


def _extreme(lines: list[Line], column: int, chosen: Chosen) -> Line | None:
    """The line whose value is beyond all others; None when another equals it, or is not known."""
    values = _values(lines, column)
    if values is None or len(values) < 2 or values.count(chosen(values)) > 1:
        return None
    return lines[values.index(chosen(values))]


def _change(head: list[str], lines: list[Line]) -> str | None:
    if len(head) < 2:
        return None
    now, before = _values(lines, -1), _values(lines, -2)
    if not now or not before or sum(before) <= 0:
        return None
    change = 100 * (sum(now) - sum(before)) / sum(before)
    rounded = french.number(abs(change), 1)
    if not rounded.strip("0,"):
        return f"comme en {head[-2]}"
    return f"{rounded} % de {'plus' if change > 0 else 'moins'} qu’en {head[-2]}"


def _rate(head: list[str], lines: list[Line]) -> str | None:
    """How far the credits were used, over the lines that are carried out; names the others, whose credits do not count."""
    carried_out = [line for line in lines if line["cellules"][1]["manque"] != "—"]
    others = [f"« {line['titre']} »" for line in lines if line not in carried_out]
    done, credits = _values(carried_out, 1), _values(carried_out, 0)
    if not done or not credits or sum(credits) <= 0:
        return None
    verb = "ne s’exécute pas" if len(others) == 1 else "ne s’exécutent pas"
    apart = f", hors {french.enumeration(others)}, qui {verb}" if others else ""
    return f"{french.number(100 * sum(done) / sum(credits), 1)} % de réalisation{apart}"


def _majority(head: list[str], lines: list[Line]) -> str | None:
    """The column that holds more than half of what all hold together."""
    columns = [_values(lines, column, blank="—") for column in range(len(head))]
    if not lines or None in columns:
        return None
    totals = [sum(values or []) for values in columns]
    most = max(totals)
    if most * 2 <= sum(totals):
        return None
    return f"{head[totals.index(most)].lower()} majoritaires ({french.number(100 * Decimal(most) / sum(totals), 0)} %)"


def _fullest(head: list[str], lines: list[Line]) -> str | None:
    """The row that holds more than any other, all columns together."""
    columns = [_values(lines, column, blank="—") for column in range(len(head))]
    if len(lines) < 2 or None in columns:
        return None
    sums = [sum(row) for row in zip(*[values or [] for values in columns], strict=True)]
    most = max(sums)
    return _leads(lines[sums.index(most)], french.number(most, 0)) if sums.count(most) == 1 else None


def _leads(line: Line, amount: str) -> str:
    return f"« {line['titre']} » en tête ({amount})"


def _ends(head: list[str], lines: list[Line]) -> str | None:
    if len(lines) != 1 or len(head) < 2 or _values(lines, 0) is None or _values(lines, -1) is None:
        return None
    return f"de {lines[0]['cellules'][0]['texte']} à {lines[0]['cellules'][-1]['texte']}"


def _values(lines: list[Line], column: int, blank: str | None = None) -> list[Decimal] | None:
    """The numbers of a column, 0 where the code ``blank`` is printed; None when one of them lacks too much."""
    cells = [line["cellules"][column] for line in lines]
    if blank:
        cells = [one | {"valeur": "0"} if one["manque"] == blank else one for one in cells]
    if any(one["valeur"] is None or one["est_incertain"] for one in cells):
        return None
    return [Decimal(one["valeur"]) for one in cells]


EVOLUTION = "evolution"
SHOWN = {
    "premier": _first,
    "pic": _peak,
    "creux": _trough,
    EVOLUTION: _change,
    "taux": _rate,
    "majorite": _majority,
    "plus_fournie": _fullest,
    "extremites": _ends,
}
