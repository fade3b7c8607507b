"""A sample of what a source delivers, taken apart: titles, header, columns, data, and the lines below that are not data.

It judges them only by their look, since the resulting declaration is strict. The caller reads the file.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

from pipelines.catalogue.headings import joined
from pipelines.catalogue.patterns import same
from pipelines.catalogue.scaffold.inference import (
    MISSING_TOKENS,
    SPACES,
    Guess,
    guess,
    is_value,
    is_written_as,
    period,
    period_in,
)
from pipelines.catalogue.source_grammar import WORKBOOKS
from pipelines.catalogue.yaml_file import DeclarationError

SEARCHED_ROWS = 40  # a header is within the first lines
LOOKED_ROWS = 200  # the first lines are enough to see what columns hold
TOTAL = re.compile(r"\s*(sous[- ]?)?total\b|\s*(nombre|nb|somme)\b", re.IGNORECASE)
ANYWHERE = re.compile(r"\s*(sous[- ]?)?total\b", re.IGNORECASE)  # the other words mark a total only below the data


@dataclass(frozen=True)
class Sample:
    """One table of a file that the source delivers, as text: every non-blank row with its line, and how it was read."""

    name: str  # of the file
    type: str  # of its format
    rows: list[tuple[int, list[str]]]
    encoding: str = "utf-8"
    delimiter: str = ";"
    sheet: str | None = None
    member: str | None = None  # of an archive
    records: str | None = None  # the path of its records
    is_named: bool = False  # records name their own values: the first row holds these names
    has_header: bool = True  # false: no line names the columns
    is_among_years: bool = False  # the file has sheets of other exercices
    doubts: list[str] = field(default_factory=list)
    alike: tuple["Sample", ...] = ()  # further sheets, or members, with the same headings; their rows are among these

    @property
    def place(self) -> str:
        """The sheet or the member that it is, else the file."""
        return self.sheet or self.member or self.name

    @property
    def parts(self) -> tuple["Sample", ...]:
        """Itself and those written the same way."""
        return self, *self.alike

    @property
    def sheets(self) -> list[str]:
        """The sheets that it consists of."""
        return list(dict.fromkeys(one.sheet for one in self.parts if one.sheet))

    @property
    def places(self) -> list[str]:
        """The names of the sheets, else of the members, that distinguish its parts."""
        return self.sheets if len(self.sheets) > 1 else [PurePosixPath(member).name for member in self.members]

    @property
    def members(self) -> list[str]:
        """The members of an archive that it consists of."""
        return list(dict.fromkeys(one.member for one in self.parts if one.member))


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
    data: list[tuple[int, list[str]]]
    below: list[tuple[int, list[str]]]
    header_rows: int  # how many lines the headings take
    unnamed: list[int]  # the columns, from 1, that hold something but have no heading
    first: int  # how many of its lines come from its first sheet, or member


class Headerless(DeclarationError):
    """A sample whose very first line is data."""


def take_apart(sample: Sample) -> Layout:
    """Find the header by its look, the titles above it and the totals below. Raises DeclarationError."""
    if not sample.rows:
        raise DeclarationError(f"{sample.place} : aucune ligne")
    if sample.has_header:
        index, header_rows = (0, 1) if sample.is_named else _header(sample)
        headings = [text.strip(SPACES) for text in joined([row for _, row in sample.rows[index : index + header_rows]])]
    else:
        index, header_rows = 0, 0
        headings = [str(rank) for rank in range(1, max(len(row) for _, row in sample.rows) + 1)]
    titles = [cell.strip() for _, cells in sample.rows[:index] for cell in cells if cell.strip()]
    data, below = _data_and_below(sample.rows[index + header_rows :])
    if not data:
        raise DeclarationError(f"{sample.place} : aucune ligne sous l’en-tête")
    columns, keys = [], [same(heading) for heading in headings]
    for place, heading in enumerate(headings):
        if heading:
            cells = [row[place].strip(SPACES) if place < len(row) else "" for _, row in data]
            found = guess(heading, cells, workbook=sample.type in WORKBOOKS)
            if found.type == "string" and _continue_above(cells):
                found.doubts.append(
                    "des cellules vides continuent-elles celle du dessus ? L’outil doit alors la répéter"
                )
            rank, of = keys[: place + 1].count(keys[place]), keys.count(keys[place])
            columns.append(Column(heading, place, cells, found, f"{rank}/{of}" if of > 1 else None))
    width = max(len(row) for _, row in data)
    unnamed = [place + 1 for place in range(width) if not any(headings[place : place + 1]) and _under(place, data)]
    return Layout(titles, _grouped_alike(_typed_alike(columns)), data, below, header_rows, unnamed, len(data))


def _continue_above(cells: list[str]) -> bool:
    """True when empty cells are under full ones, none of which comes back: they may continue what is above."""
    full = [cell for cell in cells if cell]
    return (
        bool(full and cells[0]) and len(set(full)) == len(full) and 2 <= len(full) and 3 * len(full) <= 2 * len(cells)
    )


def _typed_alike(columns: list[Column]) -> list[Column]:
    """The columns; those of a month or a year are all decimal numbers when one is."""
    periods = [column for column in columns if period_in(column.heading)]
    decimal = next((column.guess for column in periods if column.guess.type == "number"), None)
    if decimal is None or any(column.guess.type not in ("integer", "number") for column in periods):
        return columns
    return [
        replace(column, guess=replace(column.guess, type="number", options=decimal.options | column.guess.options))
        if column in periods
        else column
        for column in columns
    ]


def _grouped_alike(columns: list[Column]) -> list[Column]:
    """The columns, all numbers grouped if some are: one with no thousands this year may have them the next."""
    groups = {str(column.guess.options["groupChar"]) for column in columns if "groupChar" in column.guess.options}
    if len(groups) != 1:
        return columns
    (group,) = groups
    return [
        replace(column, guess=replace(column.guess, options={**column.guess.options, "groupChar": group}))
        if column.guess.type in ("integer", "number") and column.guess.options.get("decimalChar", ".") != group
        else column
        for column in columns
    ]


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
        bare = replace(
            sample,
            has_header=False,
            doubts=[*sample.doubts, "la première ligne est une donnée : aucune ne nomme les colonnes ?"],
        )
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
    """The first row that is nearly as wide as the widest of those below and holds only words, none of them a value; and 1.

    Or the first of two such rows, and 2, when it takes both to name the columns. Raises DeclarationError when there is
    none: a cell's value is never taken for a heading.
    """
    rows, looked = sample.rows[:SEARCHED_ROWS], sample.rows[:LOOKED_ROWS]
    passed: list[tuple[int, list[str]]] = []  # as wide as the table, and holding values
    almost: int | None = None  # a row of a small table that names all its columns but one
    for index, (_, cells) in enumerate(rows):
        widest = max(_filled(row) for _, row in rows[index:])
        if index + 2 < len(looked) and (_are_halves(index, looked, widest) or _are_repeated(index, looked, widest)):
            return (index - 1, 3) if index and _names_more(index - 1, looked) else (index, 2)
        names = [same(cell) for cell in cells if cell.strip()]
        if len(names) < 0.8 * widest:
            if almost is None and not passed and len(names) >= max(2, widest - 1) and _holds_headings(index, looked):
                almost = index
            continue
        if not _holds_headings(index, looked):
            passed.append(rows[index])
        elif _is_data(index, sample.rows) or (index and index + 1 == len(sample.rows)):
            passed.append(rows[index])
            break
        elif not _are_titles(passed, looked[index + 1 :]):
            raise DeclarationError(_nowhere(sample, passed))  # headings, below what looks like the data
        elif almost == index - 1 and not _holds_numbers(looked[index + 1 :]):
            raise DeclarationError(
                f"{sample.place} : laquelle des lignes {rows[almost][0]} et {rows[index][0]} nomme les colonnes ? Donner un intitulé "
                "à chacune, ou retirer la première"
            )
        else:
            return index, 1 + _is_continued(index + 1, looked)
    if almost is not None and _holds_numbers(looked[almost + 1 :]):
        return almost, 1
    is_headerless = sample.type == "csv" and passed[:1] == rows[:1]
    raise (Headerless if is_headerless else DeclarationError)(_nowhere(sample, passed))


def _nowhere(sample: Sample, passed: list[tuple[int, list[str]]]) -> str:
    """Why no line is a header; ``passed`` are the complete ones."""
    said = f"{sample.place} : aucune ligne d’en-tête dans les {SEARCHED_ROWS} premières lignes"
    if sample.type == "csv":
        said += " (le dire d’un fichier qui n’en a pas : --no-header)"
    return said + (f" ; la ligne {passed[0][0]}, la première qui est entière, contient des valeurs" if passed else "")


def _holds_numbers(rows: list[tuple[int, list[str]]]) -> bool:
    """True when a column holds numbers or dates: only there do headings look different from what is below them."""
    return any(_kind(place, rows) for place in range(max((len(cells) for _, cells in rows), default=0)))


def _are_halves(index: int, rows: list[tuple[int, list[str]]], widest: int) -> bool:
    """True for a heading over two lines (a group, then its parts): it takes both to name the columns."""
    above, below = ({place for place, cell in enumerate(rows[at][1]) if cell.strip()} for at in (index, index + 1))
    typed = len(above) < 0.8 * widest or any(_kind(place, rows[index + 2 :]) for place in below)
    return (
        min(len(above), len(below)) >= 2
        and len(above | below) >= 0.8 * widest
        and bool(above - below)
        and bool(below - above)
        # what only the line below names is under a group, or beside a column that is
        and not any(place - 1 in above - below for place in below - above)
        and typed  # above a line of data with gaps, a header with one unnamed column looks the same
        and all(
            _holds_headings(at, rows) and not _is_data(0, [rows[at], *rows[index + 2 :]]) for at in (index, index + 1)
        )
    )


def _are_repeated(index: int, rows: list[tuple[int, list[str]]], widest: int) -> bool:
    """True for two lines of headings that identify the columns only together."""
    above, below = rows[index][1], rows[index + 1][1]

    def tells_apart(cells: list[str]) -> bool:
        names = [same(cell) for cell in cells if cell.strip()]
        return len(names) >= 0.8 * widest and len(set(names)) == len(names)

    return (
        _filled(above) >= 2
        and _filled(below) >= 0.8 * widest
        and tells_apart(joined([above, below]))
        and not tells_apart(above)
        and not tells_apart(below)
        and _holds_numbers(rows[index + 2 :])
        and all(
            _holds_headings(at, rows) and not _is_data(0, [rows[at], *rows[index + 2 :]]) for at in (index, index + 1)
        )
    )


def _names_more(index: int, rows: list[tuple[int, list[str]]]) -> bool:
    """True for a line of headings that names a column left without a name by the two lines below."""
    named = {place for at in (index + 1, index + 2) for place, cell in enumerate(rows[at][1]) if cell.strip()}
    own = {place for place, cell in enumerate(rows[index][1]) if cell.strip()}
    return _holds_headings(index, rows) and any(_under(place, rows[index + 3 :]) for place in own - named)


def _is_continued(index: int, rows: list[tuple[int, list[str]]]) -> bool:
    """True for a line below the headings that continues them, as units do: words, all of them above numbers or dates."""
    found = (
        {place: cell for place, cell in enumerate(map(str.strip, rows[index][1])) if cell} if index < len(rows) else {}
    )
    return bool(found) and all(
        _is_heading(cell) and cell.casefold() not in MISSING_TOKENS and _kind(place, rows[index + 1 :])
        for place, cell in found.items()
    )


def _holds_headings(index: int, rows: list[tuple[int, list[str]]]) -> bool:
    """True when every cell of a row is a name, or a period above cells that are not."""
    return all(
        _is_heading(cell) or (period(cell) and sum(map(period, under)) * 2 <= len(under))
        for place, cell in enumerate(map(str.strip, rows[index][1]))
        if cell and (under := _under(place, rows[index + 1 :])) is not None
    )


def _under(place: int, rows: list[tuple[int, list[str]]]) -> list[str]:
    """The cells of a column that are not empty."""
    return [cell for _, row in rows if place < len(row) and (cell := row[place].strip(SPACES))]


def _kind(place: int, rows: list[tuple[int, list[str]]]) -> str | None:
    """What a column holds, numbers or dates, judging by at least two cells; None for a text."""
    cells = _under(place, _data_and_below(rows)[0])
    found = guess("", cells, workbook=False).type if len(cells) > 1 else "string"
    return None if found == "string" else found


def _are_titles(whole: list[tuple[int, list[str]]], below: list[tuple[int, list[str]]]) -> bool:
    """True when lines as wide as the table are not its data: few cells are the numbers or dates of the columns below."""
    width = max((len(cells) for _, cells in below), default=0)
    kinds = {place: kind for place in range(width) if whole and (kind := _kind(place, below))}
    for line in whole:
        alike = [guess("", cells, workbook=False).type == kinds[at] for at in kinds if (cells := _under(at, [line]))]
        if not alike or sum(alike) * 2 > len(alike):
            return False
    return True


def _is_data(index: int, rows: list[tuple[int, list[str]]]) -> bool:
    """True when a fifth of the cells of a row are in their own column further down, in rows that do not repeat it whole.

    Or when one is written like the persons, or logins, of its column.
    """
    header = [same(cell) for cell in rows[index][1]]
    below = [[same(cell) for cell in cells] for _, cells in rows[index + 1 :]]
    found: list[set[str]] = [set() for _ in header]
    for row in (row for row in below if row != header):
        for seen, cell in zip(found, row, strict=False):
            seen.add(cell)
    again = sum(bool(cell) and cell in seen for cell, seen in zip(header, found, strict=True))
    return again * 5 >= sum(map(bool, header)) or any(
        is_written_as(cell.strip(SPACES), _under(place, rows[index + 1 :])) for place, cell in enumerate(rows[index][1])
    )


def _filled(cells: list[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def _is_heading(text: str) -> bool:
    """True for a name, or a mark as ``#``; not for a number."""
    is_word = re.search(r"[^\W\d_]", text) or not re.search(r"\d", text)
    return len(text) <= 100 and bool(is_word) and not is_value(text)


def _data_and_below(
    rows: list[tuple[int, list[str]]],
) -> tuple[list[tuple[int, list[str]]], list[tuple[int, list[str]]]]:
    """Total lines wherever they are, and the sparse lines that end the file, separated from the data."""
    last = max((at for at, row in enumerate(rows) if not TOTAL.match(_first(row[1]))), default=-1)
    totals = [row for at, row in enumerate(rows) if (TOTAL if at > last else ANYWHERE).match(_first(row[1]))]
    data = [row for row in rows if row not in totals]
    usual = Counter(_filled(cells) for _, cells in data).most_common(1)[0][0] if data else 0
    sparse: list[tuple[int, list[str]]] = []
    while len(data) > 1 and usual > 2 and _filled(data[-1][1]) == 1 and _filled(data[-1][1]) * 2 < usual:
        sparse.insert(0, data.pop())
    return data, sorted(totals + sparse)


def _first(cells: list[str]) -> str:
    return next((cell.strip() for cell in cells if cell.strip()), "")


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
    return {int(year) for year in re.findall(r"(?<!\d)((?:19|20)\d\d)(?!\d)", text)}
