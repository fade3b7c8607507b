"""Names columns whose heading takes several lines, is shared with other columns, or is above the record."""

import itertools
from collections import Counter
from collections.abc import Collection, Sequence

from pipelines.catalogue.patterns import same

UP = "../"  # one step from a record to what contains it
EACH = "*"  # in a path of JSON, every key of an object; as a heading, the key itself


def joined(rows: Sequence[Sequence[str]]) -> list[str]:
    """The headings made by stacked lines, each from top to bottom, joined by a space.

    A group is named over its first column alone (mostly merged cells): an empty cell above another one continues what
    is on its left.
    """
    width = max(map(len, rows))
    lines = [[cell.strip() for cell in (*row, *[""] * (width - len(row)))] for row in rows]
    for number, line in enumerate(lines):
        group = ""
        for place in range(width):
            group = line[place] or group
            if any(below[place] for below in lines[number + 1 :]):
                line[place] = group
    # a heading repeated below itself covers both lines
    return [" ".join(text for text, _ in itertools.groupby(filter(None, parts))) for parts in zip(*lines, strict=True)]


def numbered(heading: str, occurrence: str) -> str:
    """The name of one of the columns with the same heading: ``Téléphone (2/2)``."""
    return f"{heading} ({occurrence})"


def climbed(heading: str) -> tuple[int, str]:
    """How many steps above its record a JSON or XML heading begins, and the rest of it: ``../../@annee`` → 2, ``@annee``."""
    rest = heading
    while rest.startswith(UP):
        rest = rest.removeprefix(UP)
    return (len(heading) - len(rest)) // len(UP), rest


def told_apart(headings: Sequence[str], known: Collection[str]) -> list[str]:
    """The headings, where one shared by several columns is numbered from the left if its numbered form is ``known``.

    ``known`` are headings as ``same`` writes them.
    """
    keys = [same(heading) for heading in headings]
    found, many, seen = [], Counter(keys), Counter[str]()
    for heading, key in zip(headings, keys, strict=True):
        seen[key] += 1
        name = numbered(heading, f"{seen[key]}/{many[key]}")
        found.append(name if same(name) in known else heading)
    return found
