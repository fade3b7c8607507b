"""Takes a sample apart by its look: titles, lines of headings, columns, data, and the lines below that are not data."""

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipelines.catalogue.headings import joined
from pipelines.catalogue.patterns import same
from pipelines.catalogue.source_grammar import WORKBOOKS
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.stages.ingest.draft.column import MISSING, YEAR, Guess, guess, is_period
from pipelines.stages.ingest.draft.persons import is_one_of_those, is_value
from pipelines.stages.ingest.draft.sample import Rows, Sample
from pipelines.stages.ingest.draft.words import SPACES, most

SEARCHED_ROWS = 40  # a header is within the first lines
LOOKED_ROWS = 200  # the first lines are enough to see what columns hold
TOTAL = re.compile(r"\s*(sous[- ]?)?total\b", re.IGNORECASE)
LAST_TOTAL = re.compile(r"\s*((sous[- ]?)?total|nombre|nb|somme)\b", re.IGNORECASE)  # of the lines below the data


@dataclass(frozen=True)
class Column:
    """One column of the sample."""

    heading: str
    place: int
    cells: list[str]
    guess: Guess
    occurrence: str | None = None  # which of the columns of its heading it is, when several share it: ``2/3``


@dataclass(frozen=True)
class Layout:
    """The sample taken apart: title lines, columns, and the lines below that are not data."""

    titles: list[list[str]]  # of each of its sheets, or members
    columns: list[Column]
    data: Rows
    below: Rows
    unnamed: list[int]  # the columns, from 1, that hold something but have no heading
    is_sure: bool  # something tells its headings from the data


def take_apart(sample: Sample) -> Layout:
    """Find the header by its look, the titles above it and the totals below. Raises DeclarationError."""
    if not sample.rows:
        raise DeclarationError(f"{sample.place} : aucune ligne")
    first, last = 0, sample.header_rows
    if sample.header_rows:
        first = 0 if sample.is_named else _header(sample)
        last = first + sample.header_rows
        headings = [text.strip(SPACES) for text in joined([row for _, row in sample.rows[first:last]])]
    else:
        headings = [str(rank) for rank in range(1, max(len(row) for _, row in sample.rows) + 1)]
    titles = [cell.strip() for _, cells in sample.rows[:first] for cell in cells if cell.strip()]
    data, below = _data_and_below(sample.rows[last:])
    if not data:
        raise DeclarationError(f"{sample.place} : aucune ligne sous l’en-tête")
    columns, keys = [], [same(heading) for heading in headings]
    for place, heading in enumerate(headings):
        if heading:
            rank, of = keys[: place + 1].count(keys[place]), keys.count(keys[place])
            columns.append(_column(sample, data, place, heading, f"{rank}/{of}" if of > 1 else None))
    width = max(len(row) for _, row in data)
    unnamed = [place + 1 for place in range(width) if not any(headings[place : place + 1]) and _under(place, data)]
    is_sure = not sample.header_rows or sample.is_named or any(column.guess.type != "string" for column in columns)
    return Layout([titles], columns, data, below, unnamed, is_sure)


def _column(sample: Sample, data: Rows, place: int, heading: str, occurrence: str | None) -> Column:
    cells = [row[place].strip(SPACES) if place < len(row) else "" for _, row in data]
    return Column(heading, place, cells, guess(heading, cells, workbook=sample.type in WORKBOOKS), occurrence)


Gathered = tuple[list[tuple[Sample, Layout]], list[tuple[Sample, str]]]


def gathered(samples: Sequence[Sample]) -> Gathered:
    """The tables in a file, the largest first, and what none is drafted from, with the reason.

    Sheets, or members, with the same headings are one table. Raises DeclarationError when there is no table at all.
    """
    tables: dict[tuple[object, ...], list[tuple[Sample, Layout]]] = {}
    unread: list[tuple[Sample, str]] = []
    for sample in sorted(samples, key=lambda one: -sum(len(cells) for _, cells in one.rows)):
        try:
            layout = take_apart(sample)
        except DeclarationError as error:
            unread.append((sample, str(error)))
            continue
        if sample.sheet and len(samples) > 1 and len(layout.columns) < 2:
            unread.append((sample, "une seule colonne : une notice ?"))
            continue
        headings = ((same(column.heading), column.place) for column in layout.columns)
        tables.setdefault((_way(sample), *headings), []).append((sample, layout))
    if not tables:
        raise DeclarationError(" ; ".join(why for _, why in unread) or "l’exemple est vide")
    found = [_joined(group) for group in tables.values()]
    way = _way(found[0][0])
    for sample, _ in (one for one in found if _way(one[0]) != way):
        unread += [(part, "d’un autre format : il lui faut son propre export") for part in sample.parts]
    return [one for one in found if _way(one[0]) == way], unread


def _way(sample: Sample) -> tuple[str, str, str]:
    return sample.type, sample.encoding, sample.delimiter


def _joined(group: list[tuple[Sample, Layout]]) -> tuple[Sample, Layout]:
    """Parts written the same way, merged: every line counts for what is guessed."""
    sample, layout = group[0]
    data = [row for _, one in group for row in one.data]
    columns = [_column(sample, data, c.place, c.heading, c.occurrence) for c in layout.columns]
    titles = [title for _, one in group for title in one.titles]
    whole = replace(sample, alike=tuple(other for other, _ in group[1:]))
    return whole, replace(layout, titles=titles, columns=columns, data=data)


def _header(sample: Sample) -> int:
    """The index of the first line of headings.

    The first lines that together are nearly as wide as the widest of those below must hold only names, none of them a value.
    Raises DeclarationError when they do not: a cell's value is never taken for a heading.
    """
    rows, taken = sample.rows[:LOOKED_ROWS], sample.header_rows
    first = next((at for at in range(SEARCHED_ROWS) if _is_wide(rows[at:], taken)), 0)
    if not _names_columns(rows[first : first + taken], rows[first + taken :]):
        message = f"{sample.place} : aucune ligne d’en-tête dans les {SEARCHED_ROWS} premières lignes"
        if sample.type == "csv":
            message += " (le dire d’un fichier qui n’en a pas : --no-header)"
        message += f" ; la ligne {rows[first][0]}, la première qui est entière, contient des valeurs"
        raise DeclarationError(message)
    return first


def _is_wide(rows: Rows, taken: int) -> bool:
    """True when the first ``taken`` rows together have nearly as many cells as the widest: one column may have no name.

    A title, alone on the left, is above headings and no part of them.
    """
    if len(rows) < taken or (taken > 1 and _filled(rows[0]) == 1 and rows[0][1][0].strip()):
        return False
    widest = max(map(_filled, rows))
    names = joined([cells for _, cells in rows[:taken]])
    return sum(map(bool, names)) >= max(min(widest, 2), min(0.8 * widest, widest - 1))


def _filled(row: tuple[int, list[str]]) -> int:
    return sum(bool(cell.strip()) for cell in row[1])


def _names_columns(header: Rows, below: Rows) -> bool:
    """True when each cell is a name, or a period above cells that are not, and few are in their own column further down."""
    named = [
        (cell, _under(place, below))
        for _, cells in header
        for place, text in enumerate(cells)
        if (cell := text.strip(SPACES))
    ]
    again = sum(cell in under for cell, under in named)
    return again * 5 <= len(named) and all(
        (_is_name(cell) or (is_period(cell) and not most(under, is_period))) and not is_one_of_those(cell, under)
        for cell, under in named
    )


def _is_name(text: str) -> bool:
    """True for words, or a mark as ``#``; not for a number nor for what says that there is none."""
    is_word = re.search(r"[^\W\d_]", text) or not re.search(r"\d", text)
    return len(text) <= 100 and bool(is_word) and not is_value(text) and text.casefold() not in MISSING


def _under(place: int, rows: Rows) -> list[str]:
    """The cells of a column that are not empty."""
    return [cell for _, row in rows if place < len(row) and (cell := row[place].strip(SPACES))]


def _data_and_below(rows: Rows) -> tuple[Rows, Rows]:
    """Total lines wherever they are, and the sparse lines that end the file, separated from the data."""
    usual = Counter(map(_filled, rows)).most_common(1)[0][0] if rows else 0
    data = list(rows)
    below: Rows = []
    while data and (LAST_TOTAL.match(_first(data[-1])) or (len(data) > 1 and _filled(data[-1]) == 1 and usual > 2)):
        below.insert(0, data.pop())
    totals = [row for row in data if TOTAL.match(_first(row))]
    return [row for row in data if row not in totals], sorted(totals + below)


def _first(row: tuple[int, list[str]]) -> str:
    return next((cell.strip() for cell in row[1] if cell.strip()), "")


def exercice_of(sample: Sample, layout: Layout) -> int:
    """The single year in the file's name, or else in its sheets and titles."""
    for texts in ([sample.name], [*sample.sheets, *itertools.chain(*layout.titles)]):
        years = {year for text in texts for year in years_in(text)}
        if len(years) == 1:
            return years.pop()
    raise DeclarationError(f"de quel exercice est {sample.name} ? Le dire avec --exercice")


def years_in(text: str) -> set[int]:
    """The years named in a text."""
    return {int(found[0]) for found in YEAR.finditer(text)}
