"""Rows that a table accepts, from its declaration and its suite files, written as the lake writes them."""

import datetime as dt
import functools
import itertools
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.expectation_types import ExpectationSpec, typed
from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.catalogue.source_grammar import PROVENANCE, Field, Table
from pipelines.catalogue.suite_file import SuiteFile

EXERCICE = 2018
NUMBER_OF_ROWS = 12

Row = dict[str, Any]
Broken = tuple[str, list[Row], int | None]  # how, all the rows, how many offending lines if it is known


@functools.cache
def _shipped() -> Catalogue:
    """What is shipped, whose hundreds of files are looked at once."""
    return load_catalogue()


class ValidRows:
    """An endless supply of valid rows of one table, each with its own key and line."""

    def __init__(self, system: str, table: Table):
        self.table = table
        self.files: list[SuiteFile] = _shipped().suites_of(system, table)
        self._fixed = {name: value for file in self.files for name, value in file.valid_row.items()}
        self._cycles = {
            declaration.column: itertools.cycle(declaration.kwargs["value_set"])
            for file in self.files
            for declaration in file.expectations
            if declaration.type == "expect_column_distinct_values_to_contain_set"
        }
        self._count = itertools.count(1)

    def take(self, number: int = NUMBER_OF_ROWS) -> list[Row]:
        """``number`` new rows."""
        return [self.row() for _ in range(number)]

    def row(self, changes: Row | None = None) -> Row:
        """One new row, with these columns written otherwise."""
        n = next(self._count)
        given = self._fixed | {name: next(values) for name, values in self._cycles.items()} | (changes or {})
        row = {
            field.name: self._given(field, given[field.name], n) if field.name in given else self._default(field, n)
            for field in self.table.kept_fields
        }
        return row | {
            "exercice": EXERCICE,
            "_livraison": "0" * 32,
            "_fichier": "export.csv",
            "_feuille": None,
            "_ligne": 4 + n,
        }

    def _given(self, field: Field, value: Any, n: int) -> Any:
        if isinstance(value, str):
            value = value.format(n=n, exercice=EXERCICE, exercice_court=EXERCICE % 100)
        return value if value is None or field.personal == "pseudonymise" else typed(field, value)

    def _default(self, field: Field, n: int) -> Any:
        c = field.constraints
        if field.personal == "pseudonymise":
            return f"k1:{n:032x}"
        if c.enum is not None:
            return typed(field, c.enum[0])
        if field.kept_type in ("date", "datetime", "boolean", "year"):
            return {
                "date": dt.date(EXERCICE, 5, 14),
                "datetime": dt.datetime(EXERCICE, 5, 14, 9, 30),
                "boolean": True,
                "year": EXERCICE,
            }[field.kept_type]
        if field.kept_type in ("integer", "number"):
            return typed(field, 1 if c.minimum is None else c.minimum)
        if c.pattern is not None:
            assert not c.required, f"valid_row must give {field.name}, whose pattern is {c.pattern}"
            return None
        return f"{field.name} {n}".ljust(c.minLength or 0)[: c.maxLength]


def assert_readable(table: Table, rows: list[Row]) -> None:
    """A valid row must respect what refuses a line at reading: required and pattern."""
    for row, field in itertools.product(rows, table.kept_fields):
        c, value = field.constraints, row[field.name]
        assert value is not None or not c.required, f"{field.name} is required"
        if c.pattern and value is not None and not field.personal:
            assert re.fullmatch(c.pattern, str(value)), f"{field.name}: {value!r} does not match {c.pattern}"


def write(path: Path, table: Table, rows: list[Row]) -> Path:
    """Write rows as the lake does."""
    columns = {column.name: column.sql_type for column in [*table.kept_fields, *PROVENANCE]}
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.cursor() as connection:  # a database of its own costs ten times what it writes
        declared = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
        connection.execute(f"create temp table lignes ({declared})")
        if rows:
            marks = f"({', '.join('?' for _ in columns)})"
            values = [row[name] for row in rows for name in columns]
            connection.execute(f"insert into lignes values {', '.join([marks] * len(rows))}", values)
        connection.execute(f"copy lignes to '{str(path).replace(chr(39), chr(39) * 2)}' (format parquet)")
    return path


def beyond(value: Any, field: Field, sign: int) -> Any:
    """The nearest value of the column beyond ``value``."""
    if isinstance(value, dt.datetime):
        return value + sign * dt.timedelta(microseconds=1)
    if isinstance(value, dt.date):
        return value + sign * dt.timedelta(days=1)
    return value + sign * (Decimal(1).scaleb(-field.decimals) if field.kept_type == "number" else 1)


def breaking(spec: ExpectationSpec, rows: list[Row], more: ValidRows) -> Iterator[Broken]:
    """Every way to break an expectation, from valid rows."""
    yield from _BREAKERS[spec.type](spec, rows, more)


def _count(spec: ExpectationSpec, rows: list[Row], more: ValidRows) -> Iterator[Broken]:
    if (low := spec.kwargs.get("min_value")) is not None:
        yield "too few", rows[: low - 1], None
    if (high := spec.kwargs.get("max_value")) is not None:
        yield "too many", more.take(high + 1), None


def _null(spec: ExpectationSpec, rows: list[Row], more: ValidRows) -> Iterator[Broken]:
    yield "empty", [row | {spec.kwargs["column"]: None} for row in rows], len(rows)


def _twice(spec: ExpectationSpec, rows: list[Row], more: ValidRows) -> Iterator[Broken]:
    column = spec.kwargs["column"]
    yield "twice", [rows[0] | {column: rows[1][column]}, *rows[1:]], 2


def _other_value(spec: ExpectationSpec, rows: list[Row], more: ValidRows) -> Iterator[Broken]:
    known = max(spec.kwargs["value_set"])
    yield "other value", _first_with(spec, rows, known + ("x" if isinstance(known, str) else 1)), 1


def _out_of_range(spec: ExpectationSpec, rows: list[Row], more: ValidRows) -> Iterator[Broken]:
    field = next(f for f in more.table.kept_fields if f.name == spec.kwargs["column"])
    for bound, sign in (("min_value", -1), ("max_value", 1)):
        if (limit := spec.kwargs.get(bound)) is not None:
            yield bound, _first_with(spec, rows, beyond(limit, field, sign)), 1


def _wrong_length(spec: ExpectationSpec, rows: list[Row], more: ValidRows) -> Iterator[Broken]:
    for bound, change in (("min_value", -1), ("max_value", 1)):
        if (limit := spec.kwargs.get(bound)) is not None:
            yield bound, _first_with(spec, rows, "é" * (limit + change)), 1


def _value_absent(spec: ExpectationSpec, rows: list[Row], more: ValidRows) -> Iterator[Broken]:
    column = spec.kwargs["column"]
    field = next(f for f in more.table.kept_fields if f.name == column)
    for value in spec.kwargs["value_set"]:
        if isinstance(value, bool):
            other = not value
        else:
            other = f"{value}x" if isinstance(value, str) else beyond(value, field, 1)
        yield f"no {value}", [r | {column: other} if r[column] == value else r for r in rows], None


def _first_with(spec: ExpectationSpec, rows: list[Row], value: Any) -> list[Row]:
    return [rows[0] | {spec.kwargs["column"]: value}, *rows[1:]]


def _in_sql(spec: ExpectationSpec, rows: list[Row], more: ValidRows) -> Iterator[Broken]:
    if spec.key == "required":
        for name in spec.column.split(", "):
            yield f"no {name}", [rows[0] | {name: None}, *rows[1:]], 1
        return
    if spec.key == "primary_key":
        key = {name: rows[1][name] for name in spec.column.split(", ")}
        yield "twice", [rows[0] | key, *rows[1:]], 2
        return
    # that of the table, where it replaces that of its shape
    *_, declaration = (d for file in more.files for d in file.expectations if d.key == spec.key)
    yield "counterexample", [*rows, *(more.row(changes) for changes in declaration.counterexample)], None


_BREAKERS = {
    "expect_table_row_count_to_be_between": _count,
    "expect_column_values_to_not_be_null": _null,
    "expect_column_values_to_be_unique": _twice,
    "expect_column_values_to_be_in_set": _other_value,
    "expect_column_values_to_be_between": _out_of_range,
    "expect_column_value_lengths_to_be_between": _wrong_length,
    "expect_column_distinct_values_to_contain_set": _value_absent,
    "unexpected_rows_expectation": _in_sql,
}
