"""Finds the text of the fields that do not read whole cells: part of a cell, several cells, a name, a column's heading.

A text that is the same for a whole file (a constant, a name, a heading) is found at once, and a file whose name or heading
does not contain it is refused. A text that differs from line to line becomes SQL over the raw cells; ``typing`` then types
it, and refuses a line that does not contain it. Case matters in cells, but not in names and headings.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipelines.catalogue.pattern_words import in_words
from pipelines.catalogue.patterns import same
from pipelines.catalogue.rules import DeliveryRefused, where
from pipelines.catalogue.source_grammar import Origin, Table
from pipelines.sql import literal
from pipelines.stages.ingest.readers.records import Records
from pipelines.stages.ingest.typing import SPACES


@dataclass(frozen=True)
class Derived:
    """A text taken from one or several cells of the line, in SQL."""

    received: str  # the raw text that it is taken from
    text: str  # NULL when its cells are empty or do not contain it
    unmatched: str  # boolean, never NULL: they hold something else
    part: str  # what they should hold, French
    heading: str
    position: int  # of its first cell, from 1


@dataclass(frozen=True)
class Spread:
    """One of the columns that each give a row."""

    index: int  # from 0
    heading: str
    texts: dict[str, str]  # field → what its heading says of it


def derived(origin: Origin, places: Mapping[str, int], table: Table) -> Derived | None:
    """The part of ``origin.column`` that its pattern keeps, or its columns joined; None when the file has none of those columns.

    ``places`` gives the index of each heading, as ``same`` writes it.
    """
    found = [places.get(same(heading)) for heading in origin.columns]
    if all(index is None for index in found):
        return None
    tokens = ", ".join(map(literal, dict.fromkeys(["", *table.missingValues])))
    cells = [f"trim(c{index}, {literal(SPACES)})" if index is not None else "''" for index in found]
    filled = [f"coalesce({cell} not in ({tokens}), false)" for cell in cells]
    joined = f"nfc_normalize({' || {} || '.join(cells).format(*[literal(' ')] * len(cells))})"
    text, wrong = joined, f"({' or '.join(filled)}) and not ({' and '.join(filled)})"
    expected = f"une valeur dans chacune des colonnes {', '.join(origin.columns)}"
    if origin.pattern:
        text = f"regexp_extract({joined}, {literal(f'^(?:{origin.pattern})$')}, 1)"
        wrong += f" or ({' and '.join(filled)}) and trim({text}, {literal(SPACES)}) = ''"
        expected = in_words(origin.pattern)
    return Derived(
        received=joined,
        text=f"case when {' and '.join(filled)} then nullif({text}, '') end",
        unmatched=f"coalesce({wrong}, false)",
        part=expected,
        heading=" + ".join(origin.columns),
        position=next(index for index in found if index is not None) + 1,
    )


def text_of_file(origin: Origin, fichier: str, records: Records) -> str:
    """What ``origin`` gives for every line of a file. Raises DeliveryRefused (FIC-NOM) when a name does not give it."""
    if origin.constant is not None:
        return origin.constant
    if origin.file:
        return _part(origin.file, PurePosixPath(fichier).name, fichier, "le nom du fichier")
    return _part(origin.sheet or "", records.feuille or "", where(fichier, records.feuille), "le nom de la feuille")


def _part(pattern: str, name: str, fichier: str, what: str) -> str:
    matched = _match(pattern, _clean(name))
    if matched is None or not (matched[1] or "").strip():
        raise DeliveryRefused("FIC-NOM", fichier=fichier, colonne=what, recu=name, attendu=pattern)
    return matched[1]


def _match(pattern: str, name: str) -> re.Match | None:
    return re.fullmatch(pattern, name, re.IGNORECASE)


def spread_columns(origins: Mapping[str, Origin], records: Records, fichier: str) -> list[Spread]:
    """The columns that each give a row, in order; ``origins`` are those of the table, field by field.

    Every other heading must be one that the declaration reads or leaves out: a misspelt month is not silently lost. Raises
    DeliveryRefused: FIC-ENTETE, FIC-COLONNE-DOUBLE.
    """
    patterns = {name: origin.heading for name, origin in origins.items() if origin.heading}
    known = {same(heading) for origin in origins.values() for heading in origin.columns}
    found: dict[tuple[str, ...], Spread] = {}
    for index, cell in enumerate(records.columns if patterns else []):
        heading = _clean(cell)
        if not heading or same(heading) in known or _is_left_out(heading, origins.values()):
            continue
        texts = {}
        for name, pattern in patterns.items():
            matched = _match(pattern, heading)
            if matched is None or not (matched[1] or "").strip():
                raise DeliveryRefused(
                    "FIC-ENTETE",
                    fichier=fichier,
                    colonne=heading,
                    recu="une colonne que rien ne lit",
                    attendu=f"un intitulé de la forme {in_words(pattern)}, ou à écarter (ignore)",
                )
            texts[name] = matched[1]
        if (said := tuple(map(same, texts.values()))) in found:
            raise DeliveryRefused("FIC-COLONNE-DOUBLE", fichier=fichier, colonne=heading, attendu="une seule colonne")
        found[said] = Spread(index, heading, texts)
    if patterns and not found:
        forms = " et ".join(map(in_words, patterns.values()))
        raise DeliveryRefused("FIC-ENTETE", fichier=fichier, attendu=f"des colonnes de la forme {forms}")
    return list(found.values())


def total_columns(pattern: str, columns: Sequence[str], spread: Sequence[Spread]) -> dict[int, list[int]]:
    """The columns that hold the sum of the cells of each line → the ranks in ``spread`` of those they add up: all, or those of
    whose heading a group of ``pattern`` keeps a word."""
    found = {}
    for index, heading in enumerate(columns):
        if matched := _match(pattern, _clean(heading)):
            word = next((same(one) for one in matched.groups() if one), "")
            told = [["", *map(same, one.texts.values())] for one in spread]
            found[index] = [rank for rank, texts in enumerate(told) if word in texts]
    return found


def gives_rows(headings: Iterable[str], origins: Collection[Origin]) -> bool:
    """True when one of ``headings`` gives a row: each origin reads its part of it, and none leaves it out."""
    patterns = [origin.heading for origin in origins if origin.heading]
    return any(
        all(_match(pattern, text) for pattern in patterns) and not _is_left_out(text, origins)
        for text in map(_clean, headings)
        if text
    )


def _is_left_out(heading: str, origins: Iterable[Origin]) -> bool:
    """True for a heading whose column gives no row: it is ignored, or holds the sum of those that do."""
    return any(_match(pattern, heading) for o in origins for pattern in (o.ignore, o.total) if pattern)


def _clean(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split())
