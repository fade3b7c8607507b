"""The vocabulary of ``expectations/``: models of a suite file, read so that a mistake names file and line.

This module defines what a suite file may contain; ``suite`` turns it into checks for a given table and exercice.
"""

import re
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field as PydanticField
from pydantic import field_validator, model_validator

from pipelines.catalogue.expectation_types import BOUNDED, KINDS, ROWS_QUERY, ExpectationSpec
from pipelines.catalogue.overlay import Thing
from pipelines.catalogue.source_grammar import PROVENANCE, Declared, Field, Name, Severity
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.did_you_mean import suggestion

PLACEHOLDERS = ("previous_rows", "exercice")

AMOUNT = re.compile(r"\{(previous_rows|exercice)\}(?: ([*+-]) (\d+(?:\.\d+)?))?")  # {previous_rows} * 0.5

_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")
_OF_ABSENCE = ("expect_table_row_count_to_be_between", "expect_column_distinct_values_to_contain_set")
_WHOLE = ("expect_table_row_count_to_be_between", "expect_column_value_lengths_to_be_between")


class Declaration(Declared):
    """One expectation: a type of Great Expectations, its arguments, its severity and what to say of a failure.

    ``effet: réserve``: a failure shows that lines may be missing, so that the figures of the table are partial; it is so,
    unless said otherwise, of what counts lines or looks for values.
    ``counterexample`` gives the rows, as changes to a valid one, that must make it fail: mandatory for a rule in SQL,
    which nothing else can prove.
    """

    key: str = PydanticField(pattern=r"^[a-z][a-z0-9_]{2,62}$")
    type: str
    column: Name | None = None
    columns: list[Name] = PydanticField([])
    kwargs: dict[str, Any] = PydanticField({})
    severity: Severity
    effet: Literal["rien", "réserve"] | None = None
    reason: str = PydanticField(min_length=10)
    fix: str = PydanticField(min_length=10)
    counterexample: list[dict[Name, Any]] = PydanticField([])

    @field_validator("type")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in KINDS:
            raise ValueError(
                f"type inconnu : « {value} »{suggestion(value, KINDS)} ; sont connus {', '.join(sorted(KINDS))}"
            )
        return value

    @field_validator("kwargs")
    @classmethod
    def _one_line(cls, value: dict[str, Any]) -> dict[str, Any]:
        query = value.get("unexpected_rows_query")
        return value | {"unexpected_rows_query": " ".join(query.split())} if isinstance(query, str) else value

    @model_validator(mode="after")
    def _fits_type(self) -> "Declaration":
        kind = KINDS[self.type]
        if (kind.of_column and self.columns) or (not kind.of_column and self.column):
            raise ValueError(f"{self.type} attend {'column' if kind.of_column else 'columns'}")
        if "column" in self.kwargs:
            raise ValueError("column s’écrit à côté de type, et non dans kwargs")
        given = set(self.kwargs) | ({"column"} if self.column else set())
        if missing := kind.required - given:
            raise ValueError(f"{self.type} : il manque {', '.join(sorted(missing))}")
        if unknown := given - kind.required - kind.optional:
            raise ValueError(f"{self.type} n’attend pas {', '.join(sorted(unknown))}")
        _check_values(self.type, self.kwargs)
        self._check_query()
        return self

    def _check_query(self) -> None:
        query = self.kwargs.get("unexpected_rows_query")
        allowed = {*PLACEHOLDERS, "batch"} if query else {*PLACEHOLDERS}
        for text in _texts(self.kwargs):
            for match in _BRACES.finditer(text):
                if match.group(1) not in allowed:
                    raise ValueError(
                        f"« {match.group(0)} » : entre accolades, seuls {', '.join(sorted(allowed))} sont permis"
                    )
        if query is None:
            return
        if not query.startswith(ROWS_QUERY) or ";" in query:
            raise ValueError(f"unexpected_rows_query est une seule requête, qui commence par « {ROWS_QUERY.strip()} »")
        if not self.columns:
            raise ValueError("columns: nommer les colonnes dont la règle parle")
        if not self.counterexample:
            raise ValueError("counterexample: donner les lignes qui mettent la règle en échec")

    @property
    def judged_columns(self) -> list[str]:
        """The columns that it is about."""
        return [self.column] if self.column else self.columns

    @property
    def named_columns(self) -> list[str]:
        """Every column that the declaration names outside SQL."""
        return self.judged_columns + [name for row in self.counterexample for name in row]

    @property
    def placeholders(self) -> set[str]:
        """The placeholders to fill before it can be checked."""
        return {name for text in _texts(self.kwargs) for name in PLACEHOLDERS if f"{{{name}}}" in text}

    def as_spec(self) -> ExpectationSpec:
        """The expectation as it is written, placeholders unfilled."""
        column = self.column or ", ".join(self.columns) or None
        effet = self.effet or ("réserve" if self.type in _OF_ABSENCE else "rien")
        return ExpectationSpec(self.key, self.type, self.kwargs, self.severity, column, self.reason, self.fix, effet)


def refuse_unknown(columns: Iterable[str], fields: list[Field], table: str) -> None:
    """Raise ValueError at the first column that the table of these fields does not have in the lake."""
    known = [*(field.name for field in fields if field.personal != "drop"), *(added.name for added in PROVENANCE)]
    for column in (name for name in columns if name not in known):
        if any(field.name == column for field in fields):
            raise ValueError(
                f"la colonne « {column} » n’est pas gardée (personal: drop) : rien ne peut en être attendu"
            )
        raise ValueError(f"la table « {table} » n’a pas de colonne « {column} »{suggestion(column, known)}")


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


def _check_values(type_: str, kwargs: dict[str, Any]) -> None:
    """Refuse the arguments that would make an expectation pass whatever the rows."""
    bounds = [kwargs[name] for name in ("min_value", "max_value") if kwargs.get(name) is not None]
    if type_ in BOUNDED and not bounds:
        raise ValueError(f"{type_} demande min_value ou max_value")
    amounts = [bound for bound in bounds if isinstance(bound, str)]
    numbers = [bound for bound in bounds if isinstance(bound, int) and not isinstance(bound, bool)]
    is_whole = len(amounts) + len(numbers) == len(bounds) and all(map(AMOUNT.fullmatch, amounts))
    if type_ in _WHOLE and not is_whole:
        raise ValueError("min_value et max_value sont des nombres entiers, ou une part comme « {previous_rows} * 0.5 »")
    if "value_set" in kwargs and (not isinstance(kwargs["value_set"], list) or not kwargs["value_set"]):
        raise ValueError("value_set est une liste d’au moins une valeur")
    mostly = kwargs.get("mostly", 1)
    if isinstance(mostly, bool) or not isinstance(mostly, int | float) or not 0 < mostly <= 1:
        raise ValueError("mostly est une part, plus grande que 0 et au plus 1")


class _Content(Declared):
    """A suite file: what it is for, why it may have no row, a valid row, and the expectations."""

    shape: Name | None = None
    system: Name | None = None
    table: Name | None = None
    may_be_empty: str | None = PydanticField(None, min_length=10)  # why, in French
    valid_row: dict[Name, Any] = PydanticField({})
    expectations: list[Declaration] = PydanticField([])

    @field_validator("expectations")
    @classmethod
    def _keys_are_unique(cls, value: list[Declaration]) -> list[Declaration]:
        keys = [declaration.key for declaration in value]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"{', '.join(twice)} : donné deux fois")
        return value


class SuiteFile:
    """One file of ``expectations/``, with the lines of its entries; it says what it is for, as its path does."""

    def __init__(self, thing: Thing):
        content = thing.parsed(_Content)
        folder, *rest = thing.name.split("/")
        if folder == "shapes":
            said, place = "shape", [*rest, None, None]
        else:
            said, place = "system et table", [None, *rest]
        if [content.shape, content.system, content.table] != place:
            raise DeclarationError(f"{thing.at()} {said} : dire ce que dit le chemin du fichier")
        self.name, self._thing = thing.name, thing
        self.may_be_empty = content.may_be_empty
        self.valid_row = content.valid_row
        self.expectations = content.expectations

    def at(self, index: int) -> str:
        """``file:line`` of the expectation number ``index``."""
        return self._thing.at("expectations", index)

    def at_value(self, column: str) -> str:
        """``file:line`` of a value of the valid row."""
        return self._thing.at("valid_row", column)
