"""The types of expectation that a suite may use: their arguments, and in SQL the lines that break them.

A closed list on purpose: every type is known to give a verdict on DuckDB (regex and LIKE expectations do
not: a pattern belongs to the declaration of the source), and every failure can be traced to its lines. No
Great Expectations here, and no file: only the shape of an expectation.
"""

import datetime as dt
from collections.abc import Callable, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines import sql
from pipelines.catalogue.source_grammar import Field

BATCH = "{batch}"  # placeholder for the judged table, in GX queries and in our conditions
ROWS_QUERY = "select _fichier, _ligne from {batch} where "  # how every unexpected_rows_query begins: it shows no cell
# regular expression of what replaces a personal cell: made with the key (pipelines/stages/ingest/pseudonym.py), or
# drawn at random later (generalise.py)
PSEUDONYM = "k[01]:[0-9a-f]{32}"


@dataclass(frozen=True)
class Kind:
    """One type of expectation: the arguments it takes and the condition that its offending lines meet.

    ``broken`` is None when the expectation is about the whole table.
    """

    required: Set[str]
    optional: Set[str]
    broken: Callable[[dict[str, Any]], str] | None = None

    @property
    def of_column(self) -> bool:
        """True when it is about one column."""
        return "column" in self.required


@dataclass(frozen=True)
class ExpectationSpec:
    """One expectation, ready to be judged: plain data with typed values."""

    key: str  # stable: a rule has the same key in every verdict
    type: str
    kwargs: dict[str, Any]
    severity: str  # critical | warning
    column: str | None
    reason: str
    fix: str
    effet: str = "rien"  # what a failure takes away from the figures of the table

    @property
    def broken(self) -> str | None:
        """SQL condition of the lines that break it, over ``{batch}``; None if it is about the whole table."""
        condition = KINDS[self.type].broken
        return condition(self.kwargs) if condition else None


def identifier(name: str) -> str:
    """A column's name, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A Python value as a SQL literal of exactly its type."""
    if isinstance(value, dt.datetime):
        return f"timestamp '{value.isoformat(sep=' ')}'"
    if isinstance(value, dt.date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, bool | int | Decimal | str):
        return sql.literal(value)
    raise TypeError(type(value).__name__)


def typed(field: Field, value: Any) -> Any:
    """``value`` of a declaration in the type of its column. Raises ValueError when it is not of that type."""
    text = str(value)
    if field.personal == "pseudonymise":
        raise ValueError("un pseudonyme n’a ni ordre ni valeurs connues : seule son unicité se juge")
    if field.kept_type == "string":
        return text
    if field.kept_type == "boolean":
        if isinstance(value, bool):
            return value
        raise ValueError(f"« {text} » n’est ni true ni false")
    try:
        return _READERS[field.kept_type](text)
    except (ValueError, ArithmeticError):
        raise ValueError(f"« {text} » n’est pas du type {field.kept_type}") from None


def _finite(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError
    return number


_READERS: dict[str, Callable[[str], Any]] = {
    "integer": int,
    "year": int,
    "number": _finite,
    "date": dt.date.fromisoformat,
    "datetime": dt.datetime.fromisoformat,
}


def _unique(kwargs: dict[str, Any]) -> str:
    column = identifier(kwargs["column"])
    return f"{column} in (select {column} from {BATCH} group by {column} having count(*) > 1)"


def _outside(measure: str, kwargs: dict[str, Any]) -> str:
    bounds = [("<", kwargs.get("min_value")), (">", kwargs.get("max_value"))]
    return " or ".join(f"{measure} {sign} {literal(bound)}" for sign, bound in bounds if bound is not None)


BOUNDS = {"min_value", "max_value"}
KINDS = {
    "expect_table_row_count_to_be_between": Kind(set(), BOUNDS),
    "expect_column_values_to_not_be_null": Kind(
        {"column"}, {"mostly"}, lambda one: f"{identifier(one['column'])} is null"
    ),
    "expect_column_values_to_be_unique": Kind({"column"}, {"mostly"}, _unique),
    "expect_column_values_to_be_in_set": Kind(
        {"column", "value_set"},
        {"mostly"},
        lambda one: f"{identifier(one['column'])} not in ({', '.join(map(literal, one['value_set']))})",
    ),
    "expect_column_values_to_be_between": Kind(
        {"column"}, {*BOUNDS, "mostly"}, lambda one: _outside(identifier(one["column"]), one)
    ),
    "expect_column_value_lengths_to_be_between": Kind(
        {"column"}, {*BOUNDS, "mostly"}, lambda one: _outside(f"length({identifier(one['column'])})", one)
    ),
    "expect_column_distinct_values_to_contain_set": Kind({"column", "value_set"}, set()),
    "unexpected_rows_expectation": Kind(
        {"unexpected_rows_query"}, set(), lambda one: str(one["unexpected_rows_query"]).removeprefix(ROWS_QUERY)
    ),
}
BOUNDED = frozenset(name for name, kind in KINDS.items() if "min_value" in kind.optional)
