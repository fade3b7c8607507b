"""Guesses how a column is written: its type and its format.

Each way of writing is tried with the expression by which collection would read the cells. What they do not prove is a *doubt*,
in French, which becomes a TODO.
"""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from pipelines.catalogue.source_grammar import ISO, Field, Table
from pipelines.stages.ingest.draft.words import CODE, DATE, FLAG, SPACES, YEAR_WORDS, most, says, slug
from pipelines.stages.ingest.typing import pattern_of, read_field

SOME = 200  # cells of a long column on which every way is tried
# casefolded: the last is \N, of a dump
MISSING = {"-", "--", "nc", "n.c.", "nd", "n.d.", "n/a", "?", "néant", "null", "\\n"}
LEAP = 2000  # the year of a date that is written without one

PAIRS = [  # the words of a flag, as ``slug`` writes them
    ("oui", "non"), ("o", "n"), ("vrai", "faux"), ("true", "false"), ("yes", "no"), ("y", "n"), ("1", "0"),
    ("actif", "inactif"), ("active", "desactive"), ("ouvert", "ferme"), ("en_service", "hors_service"),
]  # fmt: skip
NUMBERS: list[dict[str, Any]] = [
    {"type": "integer"},
    {"type": "integer", "groupChar": " "},
    {"type": "number"},
    {"type": "number", "decimalChar": ","},
    {"type": "number", "decimalChar": ",", "groupChar": " "},
    {"type": "number", "groupChar": " "},
    {"type": "number", "decimalChar": ",", "groupChar": "."},
    {"type": "number", "groupChar": ","},
]
DAYS = ["default", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%d %B %Y", "%d %b %Y"]
MONTHS = ["%B %Y", "%b %Y", "%b-%y", "%m/%Y", "%m-%Y", "%Y-%m"]
YEARLESS = ["%B", "%b", "%d %B", "%d %b"]  # of the exercice
TIMES = [" %H:%M:%S", " %H:%M", "T%H:%M:%S", "T%H:%M:%S.%f", "T%H:%M:%S%z", "T%H:%M:%S.%f%z"]
MOMENTS = ["default", *(day + time for day in ["%Y-%m-%d", *DAYS[1:]] for time in TIMES)]
QUANTITY = re.compile(rf"([+\u2212-]?[\d.,{SPACES}]*\d)([{SPACES}]*)([^\s\d.,+\u2212-][^\s\d,+\u2212-]*)")
GLUED = {"EUR", "h", "km", "kg", "m²", "kWh", "MWh", "o", "ko", "Ko", "Mo", "Go", "To"}  # units that may be

YEAR = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)")
TERM = re.compile(  # T1 2024, 1er trimestre, S2-24
    r"([TQ][1-4]|[1-4][TQ]|S[12]|[1-4] ?(er|re|e|è?me|nde?)? ?(trim|sem)(estre)?\.?|(trim|sem)(estre)?\.? ?[1-4])([ /.-]*(20)?\d\d)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Guess:
    """How a column seems to be written, in the vocabulary of a declaration."""

    type: str = "string"
    options: dict[str, Any] = field(default_factory=dict)  # format, decimalChar, trueValues… when not the default
    missing: list[str] = field(default_factory=list)  # words read as an empty cell
    doubts: list[str] = field(default_factory=list)
    values: list[Any] = field(
        default_factory=list
    )  # what the cells are read as, None where they cannot be; not of texts

    @property
    def dates(self) -> list[dt.date]:
        """The dates of a column of dates, those without a year being of ``LEAP``."""
        return [value for value in self.values if value] if self.type in ("date", "datetime") else []

    @property
    def years(self) -> set[int]:
        """The years that its cells say."""
        if self.type == "year":
            return {value for value in self.values if value}
        return {date.year for date in self.dates} if self.has_years else set()

    @property
    def has_years(self) -> bool:
        """False for dates that are of their exercice."""
        return self.options.get("format") not in YEARLESS


def read(cells: Sequence[str], way: dict[str, Any], *, workbook: bool) -> list[Any]:
    """What collection would read of cells written in this way: None where it would refuse them."""
    rows = duckdb.execute(f"select {_reading(way, workbook)} from (select unnest($1) as c)", [list(cells)]).fetchall()
    return [value for (value,) in rows]


def _reading(way: dict[str, Any], workbook: bool) -> str:
    column = Field.model_validate({"name": "c", "title": "c", **way})
    table = Table(name="t", title="t", fields=[column])
    return read_field(column, "c", table, workbook=workbook, exercice=LEAP).value


def guess(heading: str, cells: Iterable[str], *, workbook: bool) -> Guess:
    """The type and format of a column. ``workbook``: native dates and numbers are read anyway."""
    texts = [cell.strip(SPACES) for cell in cells]
    full = [text for text in texts if text]
    if not full:
        return Guess(doubts=["la colonne est vide dans l’exemple : de quel type est-elle ?"])
    kept = [text for text in full if text.casefold() not in MISSING]
    some = kept[:: -(-len(kept) // SOME)] if kept else []
    ways = list(_ways(heading, some, workbook)) if some else []
    if not ways:
        return Guess()
    counts = ", ".join(f"count({_reading(way, workbook)})" for way in ways)
    found = duckdb.execute(f"select {counts} from (select unnest($1) as c)", [some]).fetchone() or ()
    best = max(found)
    way = ways[found.index(best)]
    if best < 0.9 * len(some):
        what = "des dates" if way["type"] in ("date", "datetime") else "des nombres"
        alike = [f"cellules qui ressemblent à {what}, sans format commun : au plus {best} sur {len(some)} lisibles"]
        return Guess(doubts=alike if 3 * best >= len(some) or most(some, QUANTITY.fullmatch) else [])
    others = [one for one, count in zip(ways, found, strict=True) if count == best]
    doubts = list(_doubts(way, others, kept))
    missing = sorted({text for text in full if text.casefold() in MISSING})
    if missing:
        doubts.append(f"{', '.join(f'« {word} »' for word in missing)} : lu comme une cellule vide")
    values = read(texts, way, workbook=workbook)
    odd = sum(value is None for value, text in zip(values, texts, strict=True) if text and text not in missing)
    if odd:
        doubts.append(f"cellules écrites autrement : {odd} sur {len(kept)}, dont les lignes seront refusées")
    return Guess(way["type"], _options(way, kept, workbook), missing, doubts, values)


def _ways(heading: str, cells: list[str], workbook: bool) -> Iterator[dict[str, Any]]:
    """The ways in which the cells may be written, the likeliest first."""
    yield from _flags(heading, cells)
    if says(heading, YEAR_WORDS):
        yield {"type": "year"}
    numbers = list(_numbers(heading, cells))
    is_dated = says(heading, DATE) or any(word.startswith(("dat", "dt")) for word in slug(heading).split("_"))
    if not is_dated:
        yield from numbers
    days = [*DAYS, *MONTHS, *(YEARLESS if is_dated else []), *(["%Y%m%d"] if is_dated else [])]
    for kind, fmt in [*(("date", day) for day in days), *(("datetime", moment) for moment in MOMENTS)]:
        pattern = re.compile(pattern_of(ISO[kind] if fmt == "default" else fmt))
        # a workbook's own date may be a number of days
        if any(map(pattern.fullmatch, cells)) or (workbook and is_dated and fmt == "default"):
            yield {"type": kind, "format": fmt, **({"timezone": "Europe/Paris"} if "%z" in fmt else {})}
    if is_dated:
        yield from numbers


def _flags(heading: str, cells: list[str]) -> Iterator[dict[str, Any]]:
    """The flag whose two words the cells are; ``1`` and ``0`` are one under some headings only."""
    words = {slug(cell) for cell in cells}
    for true, false in PAIRS:
        if words == {true, false} and (true != "1" or says(heading, FLAG)):
            written = {word: sorted({cell for cell in cells if slug(cell) == word}) for word in words}
            yield {"type": "boolean", "trueValues": written[true], "falseValues": written[false]}


def _numbers(heading: str, cells: list[str]) -> Iterator[dict[str, Any]]:
    has_digits = most(cells, re.compile(r"\d").search)
    if not has_digits or says(heading, CODE) or any(re.fullmatch(r"[+-]?0\d+", cell) for cell in cells):
        return  # a number would lose the zero of a code
    cut = [part.groups() for cell in cells if (part := QUANTITY.fullmatch(cell))]
    units = {unit for _, _, unit in cut}
    # a word glued to a number may be a code, as in 12B
    is_unit = len(cut) == len(cells) and all(space or unit in GLUED or not unit.isalpha() for _, space, unit in cut)
    suffix = {"suffix": min(units)} if is_unit and len(units) == 1 else {}
    for way in NUMBERS:
        yield way | suffix | ({"decimals": 6} if way["type"] == "number" else {})


def _doubts(way: dict[str, Any], others: list[dict[str, Any]], cells: list[str]) -> Iterator[str]:
    """What the cells do not prove; ``others`` are the ways that read as many."""
    if {"%d/%m", "%m/%d"} <= {str(one.get("format"))[:5] for one in others}:
        yield "le jour et le mois pourraient être dans l’autre sens"
    mark = way.get("decimalChar", ".")
    marked = [cell for cell in cells if mark in cell]
    if way["type"] == "number" and marked and all(re.fullmatch(r"[+-]?\d{1,3}[.,]\d{3}", cell) for cell in marked):
        yield f"« {mark} » est lu comme la marque décimale : il pourrait séparer les milliers"


def _options(way: dict[str, Any], cells: list[str], workbook: bool) -> dict[str, Any]:
    """The options that a declaration has to say."""
    options = {key: value for key, value in way.items() if key not in ("type", "decimals") and value != "default"}
    if way["type"] == "number":
        marks = {way.get("decimalChar", "."), "."} if workbook else {way.get("decimalChar", ".")}
        ends = [found[1] for cell in cells if (found := re.search(rf"[{''.join(marks)}](\d+)\D*$", cell))]
        if (decimals := max(map(len, ends), default=0)) > 2:  # two is the default, and another year may need them
            options["decimals"] = decimals
    return options


# months, quarters, years -----------------------------------------------------------------------------------------


def is_period(text: str) -> bool:
    """True for a month, a quarter, a semester or a year."""
    is_month = any(re.fullmatch(pattern_of(fmt), text) for fmt in (*MONTHS, "%B", "%b"))
    return is_month or bool(YEAR.fullmatch(text) or TERM.fullmatch(text))


def says_period(heading: str) -> bool:
    """True for a heading that is a period, or begins or ends with one: ``Prêts janvier 2024``."""
    words = heading.split(" ")
    parts = [part for cut in range(len(words)) for part in (words[cut:], words[: len(words) - cut])]
    return any(is_period(" ".join(part)) for part in parts)
