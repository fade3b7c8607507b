"""Alarms on published rows (``alertes.yml``): which rows raise them, how they are worded, which text of the year explains them.

The stage that prints an alarm and the one that reports its missing text both use this module, so that they agree.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from string import Formatter
from typing import Any

from pydantic import Field as PydanticField
from pydantic import field_validator

from pipelines import french
from pipelines.catalogue.chapters.grammar import Table
from pipelines.catalogue.fields import unit_of
from pipelines.catalogue.source_grammar import Declared, Name

FOLDER = "alertes"  # of contenu/<exercice>
EACH = "chacun"  # in ``ensemble``: each row
Pieces = Iterator[tuple[str, bool]]


class Ensemble(Declared):
    """How the list of all alarms says several rows at once: those with the same values in the columns of ``dit``, in which
    ``{chacun}`` is what ``chacun`` says of each."""

    dit: str = PydanticField(pattern=r"\{chacun\}")
    chacun: str


class Alerte(Declared):
    """The rows of a table of ``rapport`` that raise an alarm.

    - ``quand``: SQL condition over its columns; what is hidden or missing raises none.
    - ``cle``: the columns that identify the rows of an exercice.
    - ``dit``: what the row is printed as, ``{column}`` replaced; ``{column:aucun|un seul|# en tout}`` gives a number in
      the form that agrees with it, ``#`` being the number.
    - ``ensemble``: what the list of all alarms prints instead, for several rows.
    """

    table: Table
    quand: str
    cle: list[Name] = PydanticField(min_length=1)
    dit: str
    ensemble: Ensemble | None = None

    @field_validator("dit")
    @classmethod
    def _has_a_form_for_none_one_and_many(cls, dit: str) -> str:
        try:
            parts = list(Formatter().parse(dit))
        except ValueError:  # ``columns`` reports the mistake
            return dit
        for _, _, forms, _ in parts:
            if forms and forms.count("|") != 2:
                raise ValueError(f"« {forms} » : donner trois formes, zéro|un|plusieurs")
        return dit

    def select(self, source: str) -> str:
        """The SQL of the rows of ``source`` (a table, or what reads its file) that raise an alarm, in one order."""
        return f"select * from {source} where ({self.quand}) order by exercice, {', '.join(self.cle)}"

    def said(self, row: dict[str, Any]) -> str:
        """A row as it is printed."""
        return "".join(text for text, _ in self.pieces(row))

    def pieces(self, row: dict[str, Any]) -> Pieces:
        """The words of a row as it is printed, in order; true for those that print a number of it."""
        return _pieces(self.dit, row)

    def gathered(self, rows: list[dict[str, Any]]) -> Iterator[list[tuple[dict[str, Any], Pieces]]]:
        """The lines that say all ``rows``: each is the pieces of one row or, with ``ensemble``, of several, in order."""
        if self.ensemble is None:
            yield from ([(row, self.pieces(row))] for row in rows)
            return
        shared = [name for name in names_in(self.ensemble.dit) if name != EACH]
        before, after = self.ensemble.dit.split(f"{{{EACH}}}")
        groups: dict[Any, list[dict[str, Any]]] = {}
        for row in rows:
            groups.setdefault(tuple(row[name] for name in shared), []).append(row)
        for first, *others in groups.values():
            if not others:
                yield [(first, self.pieces(first))]
                continue
            line = [(first, _pieces(before + self.ensemble.chacun, first))]
            for row in others:
                between = " et " if row is others[-1] else ", "
                line.append((row, _pieces(between + self.ensemble.chacun, row)))
            yield [*line, (first, _pieces(after, first))]

    def note(self, name: str, row: dict[str, Any]) -> Path:
        """The text that explains a row, from ``contenu/``; ``name`` is that of the alert."""
        key = french.plain("-".join([name, *(str(row[column]) for column in self.cle)]))
        return Path(str(row["exercice"])) / FOLDER / f"{key}.md"


def names_in(sentence: str) -> list[str]:
    """The names in the braces of a sentence. Raises ValueError when its braces cannot be read."""
    return [name for _, name, _, _ in Formatter().parse(sentence) if name is not None]


def _pieces(sentence: str, row: dict[str, Any]) -> Pieces:
    for words, column, forms, _ in Formatter().parse(sentence):
        yield words, False
        if column is not None:
            value = row[column]
            is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
            said = printed = str(value)
            if is_number:
                said = printed = french.number(value, 1) if unit_of(column) == "%" else french.exact(value)
            if forms:
                none, one, many = forms.split("|")
                said = ({0: none, 1: one}.get(value, many) if is_number else many).replace("#", printed)
            yield said, is_number and printed in said
