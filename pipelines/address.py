"""Where a published number is found: a row of a table of ``rapport``, by its key; a figure is a row of ``chiffres``.

Whatever prints a number says its address this way, ``trace`` is asked for it, and a query finds the row by it.
"""

import datetime as dt
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.sql import literal

FIGURES, CODE = "chiffres", "code"


@dataclass(frozen=True)
class Address:
    """The row of ``table`` with these values of its columns, as texts (empty for none), in an exercice."""

    table: str
    key: tuple[tuple[str, str], ...]
    exercice: int

    @property
    def command(self) -> str:
        """The command that shows how the number is made."""
        said = [value for _, value in self.key] if self.table == FIGURES else [self.table, *self.filters]
        return f"millesime trace {shlex.join([*said, str(self.exercice)])}"

    @property
    def filters(self) -> list[str]:
        """The key as ``trace`` reads it: ``column=value``."""
        return [f"{column}={value}" for column, value in self.key]

    def tests(self, columns: Collection[str]) -> list[str]:
        """What a row must satisfy, in SQL; ``columns`` are those of the table, which may have no exercice."""
        said = [f"coalesce(cast({column} as varchar), '') = {literal(value)}" for column, value in self.key]
        return said + ([f"exercice = {self.exercice}"] if "exercice" in columns else [])


def figure(code: str, exercice: int) -> Address:
    """The address of a figure."""
    return Address(FIGURES, ((CODE, code),), exercice)


def of_row(table: str, row: Mapping[str, Any], key: list[str], exercice: int) -> Address:
    """The address of a row, by the columns of the key of its table; its own exercice, when it has one."""
    named = tuple((column, written(row[column])) for column in key if column != "exercice")
    return Address(table, named, row.get("exercice") or exercice)


def written(value: Any) -> str:
    """A value of a key as DuckDB writes it; empty for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat(" ") if isinstance(value, dt.datetime) else str(value)
