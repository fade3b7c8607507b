"""Takes a sample apart by its look: titles, lines of headings, columns, data, and the lines below that are not data."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipelines.catalogue.headings import joined
from pipelines.catalogue.patterns import same
from pipelines.catalogue.source_grammar import WORKBOOKS
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.stages.ingest.draft.column import (
    MISSING,
    SPACES,
    YEAR,
    Guess,
    guess,
    is_one_of_those,
    is_value,
    length,
    most,
)
from pipelines.stages.ingest.draft.sample import Rows, Sample

SEARCHED_ROWS = 40  # a header is within the first lines
LOOKED_ROWS = 200  # the first lines are enough to see what columns hold
MOST_HEADER_ROWS = 3
TOTAL = re.compile(r"\s*(sous[- ]?)?total\b", re.IGNORECASE)
LAST_TOTAL = re.compile(r"\s*((sous[- ]?)?total|nombre|nb|somme)\b", re.IGNORECASE)  # of the lines below the data
NUMBER_OR_DATE = re.compile(r"[+\u2212-]?\d[\d\s.,/:\u00a0\u202f-]*\S{0,3}")


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

    titles: list[str]
    columns: list[Column]
    data: Rows
    below: Rows
    header_rows: int  # how many lines the headings take
    unnamed: list[int]  # the columns, from 1, that hold something but have no heading
    first: int  # how many of its lines come from its first sheet, or member
    is_sure: bool  # something tells its headings from the data


class Headerless(DeclarationError):
    """A sample whose very first line is data."""


def take_apart(sample: Sample) -> Layout:
    """Find the header by its look, the titles above it and the totals below. Raises DeclarationError."""
    if not sample.rows:
        raise DeclarationError(f"{sample.place} : aucune ligne")
    first, header_rows = 0, 0
    if sample.has_header:
        first, header_rows = (0, 1) if sample.is_named else _header(sample)
        headings = [text.strip(SPACES) for text in joined([row for _, row in sample.rows[first : first + header_rows]])]
    else:
        headings = [str(rank) for rank in range(1, max(len(row) for _, row in sample.rows) + 1)]
    titles = [cell.strip() for _, cells in sample.rows[:first] for cell in cells if cell.strip()]
    data, below = _data_and_below(sample.rows[first + header_rows :])
    if not data:
        raise DeclarationError(f"{sample.place} : aucune ligne sous l’en-tête")
    columns, keys = [], [same(heading) for heading in headings]
    for place, heading in enumerate(headings):
        if heading:
            cells = [row[place].strip(SPACES) if place < len(row) else "" for _, row in data]
            found = guess(heading, cells, workbook=sample.type in WORKBOOKS)
            rank, of = keys[: place + 1].count(keys[place]), keys.count(keys[place])
            columns.append(Column(heading, place, cells, found, f"{rank}/{of}" if of > 1 else None))
    width = max(len(row) for _, row in data)
    unnamed = [place + 1 for place in range(width) if not any(headings[place : place + 1]) and _under(place, data)]
    is_sure = not sample.has_header or sample.is_named or any(column.guess.type != "string" for column in columns)
    return Layout(titles, columns, data, below, header_rows, unnamed, len(data), is_sure)


Gathered = tuple[list[tuple[Sample, Layout]], list[tuple[Sample, str]]]


def gathered(samples: Sequence[Sample]) -> Gathered:
    """The tables in a file, the largest first, and what none is drafted from, with the reason.

    Sheets, or members, with the same headings are one table. Raises DeclarationError when there is no table at all.
    """
    tables: dict[tuple[Any, ...], list[tuple[Sample, Layout]]] = {}
    unread: list[tuple[Sample, str]] = []
    for sample in sorted(samples, key=lambda one: -sum(len(cells) for _, cells in one.rows)):
        try:
            sample, layout = _read(sample)
        except DeclarationError as error:
            unread.append((sample, str(error)))
            continue
        if sample.sheet and len(samples) > 1 and len(layout.columns) < 2:
            unread.append((sample, "une seule colonne : une notice ?"))
            continue
        headings = (layout.header_rows, *((same(column.heading), column.place) for column in layout.columns))
        tables.setdefault((_way(sample), headings), []).append((sample, layout))
    if not tables:
        raise DeclarationError(" ; ".join(why for _, why in unread) or "l’exemple est vide")
    found = [_joined(group) for group in tables.values()]
    way = _way(found[0][0])
    for sample, _ in (one for one in found if _way(one[0]) != way):
        unread += [(part, "d’un autre format : il lui faut son propre export") for part in sample.parts]
    return [one for one in found if _way(one[0]) == way], unread


def _read(sample: Sample) -> tuple[Sample, Layout]:
    """The sample taken apart, and what it then is: a csv whose first line is data has no header."""
    try:
        return sample, take_apart(sample)
    except Headerless:
        doubt = "la première ligne est une donnée : aucune ne nomme les colonnes ?"
        bare = replace(sample, has_header=False, doubts=[*sample.doubts, doubt])
        return bare, take_apart(bare)


def _way(sample: Sample) -> tuple[str, str, str, bool]:
    return sample.type, sample.encoding, sample.delimiter, sample.has_header


def _joined(group: list[tuple[Sample, Layout]]) -> tuple[Sample, Layout]:
    """Parts written the same way, merged: every line counts for what is guessed."""
    (first, layout), *others = group
    if not others:
        return first, layout
    rows = [row for _, other in others for row in sorted(other.data + other.below)]
    whole = replace(first, rows=first.rows + rows, alike=tuple(sample for sample, _ in others))
    return whole, replace(take_apart(whole), below=layout.below, first=len(layout.data))


def _header(sample: Sample) -> tuple[int, int]:
    """The index of the first line of headings, and how many they take.

    The first row that is nearly as wide as the widest of those below must hold only names, none of them a value; lines beside
    it that are needed to name the columns belong to it. Raises DeclarationError when no line is sure to be one: a cell's value
    is never taken for a heading.
    """
    rows = sample.rows[:LOOKED_ROWS]
    wide = [at for at in range(min(len(rows), SEARCHED_ROWS)) if _filled(rows[at]) >= _nearly_all(rows[at:])]
    first = wide[0]
    if first > 1 and first - 1 not in wide and _name_together(first - 2, rows):
        wide, first = [first - 2, *wide], first - 2
    if first + 1 == len(rows) and _holds_names(first, rows):
        return first, 1
    if not _names_columns(first, rows):
        later = any(_names_columns(at, rows) and _is_typed(rows[at + 1 :]) for at in wide)
        message = f"{sample.place} : aucune ligne d’en-tête dans les {SEARCHED_ROWS} premières lignes"
        if sample.type == "csv":
            message += " (le dire d’un fichier qui n’en a pas : --no-header)"
        message += f" ; la ligne {rows[first][0]}, la première qui est entière, contient des valeurs"
        raise (Headerless if sample.type == "csv" and first == 0 and not later else DeclarationError)(message)
    if first + 1 in wide and _names_columns(first + 1, rows) and _filled(rows[first + 1]) > _filled(rows[first]):
        first += _is_typed(rows[first + 2 :])  # else nothing tells the second line from data
    last = first
    while last + 1 < len(rows) and last - first + 1 < MOST_HEADER_ROWS and _continues(last + 1, first, rows):
        last += 1
    while first and last - first + 1 < MOST_HEADER_ROWS and not _tells_apart(rows[first : last + 1], rows[last + 1 :]):
        if _filled(rows[first - 1]) < 2 or not _holds_names(first - 1, rows):
            break
        first -= 1
    return first, last - first + 1


def _name_together(at: int, rows: Rows) -> bool:
    """True for two lines of names of which each column has one or the other, or both: a group above its parts."""
    places = {place for _, cells in rows[at : at + 2] for place, cell in enumerate(cells) if cell.strip()}
    is_named = _names_columns(at, rows) and _holds_names(at + 1, rows) and _filled(rows[at]) > 1
    return is_named and len(places) >= _nearly_all(rows[at:])


def _nearly_all(rows: Rows) -> float:
    """How many cells a row of headings has at least: one column may have no name."""
    widest = max(map(_filled, rows))
    return max(min(widest, 2), min(0.8 * widest, widest - 1))


def _filled(row: tuple[int, list[str]]) -> int:
    return sum(bool(cell.strip()) for cell in row[1])


def _names_columns(at: int, rows: Rows) -> bool:
    """True for a row of names that are not data: few of them are in their own column further down."""
    if at + 1 == len(rows) or not _holds_names(at, rows):
        return False
    named = [(place, cell.strip(SPACES)) for place, cell in enumerate(rows[at][1]) if cell.strip()]
    again = sum(cell in _under(place, rows[at + 1 :]) for place, cell in named)
    return again * 5 <= len(named) and not any(
        is_one_of_those(cell, _under(place, rows[at + 1 :])) for place, cell in named
    )


def _holds_names(at: int, rows: Rows) -> bool:
    """True when every cell of a row is a name, or a period above cells that are not."""
    return all(
        _is_name(cell) or (length(cell) and not most(_under(place, rows[at + 1 :]), length))
        for place, cell in enumerate(map(str.strip, rows[at][1]))
        if cell
    )


def _is_name(text: str) -> bool:
    """True for words, or a mark as ``#``; not for a number nor for what says that there is none."""
    is_word = re.search(r"[^\W\d_]", text) or not re.search(r"\d", text)
    return len(text) <= 100 and bool(is_word) and not is_value(text) and text.casefold() not in MISSING


def _continues(at: int, first: int, rows: Rows) -> bool:
    """True for a line below headings that continues them, as units or the parts of a group do.

    Each of its cells repeats the one above it, or is above numbers or dates; or it names a column that lacks a name, and leaves
    one that has a name.
    """
    if not _holds_names(at, rows):
        return False
    cells = {place: cell.strip() for place, cell in enumerate(rows[at][1]) if cell.strip()}
    above = {place: cell.strip() for place, cell in enumerate(rows[first][1]) if cell.strip()}
    below = rows[at + 1 :]
    is_part = all(above.get(place) == cell or _is_typed(below, place) for place, cell in cells.items())
    completes = bool(cells.keys() - above.keys()) and bool(above.keys() - cells.keys())
    is_data = any(cell in _under(place, below) for place, cell in cells.items())
    return bool(below) and not is_data and (is_part or completes)


def _tells_apart(header: Rows, data: Rows) -> bool:
    """True when headings name every column that holds something, each by its own name."""
    names = [same(name) for name in joined([cells for _, cells in header])]
    width = max((len(cells) for _, cells in data), default=0)
    named = [name for name in names if name]
    holding = [place for place in range(width) if _under(place, data)]
    return len(set(named)) == len(named) and all(any(names[place : place + 1]) for place in holding)


def _is_typed(rows: Rows, place: int | None = None) -> bool:
    """True when a column, or any of them, holds numbers or dates."""
    data, _ = _data_and_below(rows)
    width = max((len(cells) for _, cells in data), default=0)
    places = range(width) if place is None else [place]
    return any(most(_under(one, data), NUMBER_OR_DATE.fullmatch) for one in places)


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
    titles = layout.titles + [title for part in sample.alike for title in take_apart(part).titles]
    for texts in ([sample.name], [*sample.sheets, *titles]):
        years = {year for text in texts for year in years_in(text)}
        if len(years) == 1:
            return years.pop()
    raise DeclarationError(f"de quel exercice est {sample.name} ? Le dire avec --exercice")


def years_in(text: str) -> set[int]:
    """The years named in a text."""
    return {int(found[0]) for found in YEAR.finditer(text)}
