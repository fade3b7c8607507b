"""What is expected of one table of one delivery: its declaration, completed by ``expectations/``.

``compile_suite`` combines the constraints of the declaration (``declared_expectations``), the file of its shape and its own
file (``suite_file``). ``judge`` runs the result: this module neither reads Parquet nor knows Great Expectations.
"""

import functools
import math
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from pipelines.catalogue.expectation_types import KINDS, ExpectationSpec, typed
from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.source_grammar import Table
from pipelines.catalogue.suite_file import AMOUNT, Declaration, SuiteFile, refuse_unknown
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.stages.validate import declared_expectations

JUDGE_VERSION = 3  # increase it when the same suite judges the same rows differently; the golden tests fail until then


@dataclass(frozen=True)
class Suite:
    """The expectations of one table for one exercice, in order; ``shown``: its cells may appear in a verdict."""

    system: str
    table: str
    specs: tuple[ExpectationSpec, ...]
    shown: bool = False

    @functools.cached_property
    def suite_id(self) -> str:
        """SHA-256 of everything that decides the verdict and what it says, former counts included."""
        return fingerprint([JUDGE_VERSION, self.system, self.table, [vars(spec) for spec in self.specs]])

    def spec(self, key: str) -> ExpectationSpec:
        """The expectation named ``key``; KeyError when there is none."""
        return {spec.key: spec for spec in self.specs}[key]


def compile_suite(
    system: str,
    table: Table,
    files: list[SuiteFile],
    *,
    exercice: int,
    previous_rows: int | None = None,
    lacking: Collection[str] = (),
) -> Suite:
    """The suite of ``table`` for ``exercice``; ``files`` are its shape's, then its own.

    ``previous_rows`` is the number of accepted rows of the previous exercice, None when it has no accepted delivery: an
    expectation that compares with it is then left out, as it is when that number is 0. A suite that does not compare
    with it gets a share to respect (``declared_expectations.against_former``). ``lacking`` are the fields found missing from the
    files: nothing is expected of them, or of those that the header leaves out.

    Raises DeclarationError naming file and line (or system, table and field) when a suite does not fit the
    table.
    """
    empty_allowed = any(file.may_be_empty for file in files)
    titles = table.titles_in_files(exercice)
    named = table.model_copy(
        update={"fields": [field.model_copy(update={"title": titles[field.name]}) for field in table.fields]}
    )
    specs = {spec.key: spec for spec in declared_expectations.expectations(system, named, empty_allowed)}
    from_declaration = set(specs)
    specs |= {spec.key: spec for spec in declared_expectations.against_former(previous_rows, empty_allowed)}
    values = {"exercice": exercice, "previous_rows": previous_rows or None}
    ungiven = {*lacking, *(field.name for field in table.ungiven(exercice))}
    for file in files:
        for index, declaration in enumerate(file.expectations):
            if declaration.key in from_declaration:
                raise DeclarationError(f"{file.at(index)} key: « {declaration.key} » est réservé à la déclaration")
            spec = _resolve(file, index, declaration, table, values)
            if spec is not None and ungiven.isdisjoint(declaration.judged_columns):
                specs[spec.key] = spec
    return Suite(system, table.name, tuple(specs.values()), shown=not table.has_personal_data)


def _resolve(
    file: SuiteFile, index: int, declaration: Declaration, table: Table, values: dict[str, int | None]
) -> ExpectationSpec | None:
    """The expectation with its placeholders filled and its values typed; None when a value is not known."""
    try:
        refuse_unknown(declaration.named_columns, table.fields, table.name)
        if any(values[name] is None for name in declaration.placeholders):
            return None
        kwargs = {name: _fill(name, value, values) for name, value in declaration.kwargs.items()}
        if KINDS[declaration.type].of_column:
            kwargs = {"column": declaration.column, **_typed_kwargs(declaration, kwargs, table)}
    except ValueError as error:
        raise DeclarationError(f"{file.at(index)} {declaration.key}: {error}") from None
    spec = declaration.as_spec()
    field = next((one for one in table.kept_fields if one.name == declaration.column), None)
    former = values["previous_rows"] if "previous_rows" in declaration.placeholders else None
    if said := declared_expectations.limits(field, spec.type, kwargs, former):
        spec = replace(spec, reason=f"{spec.reason} {said}.")
    return replace(spec, kwargs=kwargs)


def _typed_kwargs(declaration: Declaration, kwargs: dict[str, Any], table: Table) -> dict[str, Any]:
    """Bounds and sets in the type of the column; lengths are integers whatever the column."""
    field = next((f for f in table.kept_fields if f.name == declaration.column), None)
    result = dict(kwargs)
    if field is None or declaration.type == "expect_column_value_lengths_to_be_between":
        return result
    for name in ("min_value", "max_value"):
        if name in kwargs:
            result[name] = typed(field, kwargs[name])
    if "value_set" in kwargs:
        result["value_set"] = [typed(field, value) for value in kwargs["value_set"]]
    return result


def _fill(name: str, value: Any, values: dict[str, int | None]) -> Any:
    """``value`` with its placeholders filled; an amount becomes the nearest whole number within bounds."""
    if isinstance(value, list):
        return [_fill(name, item, values) for item in value]
    if not isinstance(value, str):
        return value
    if match := AMOUNT.fullmatch(value):
        return _amount(match, name, values)
    return functools.reduce(lambda text, key: text.replace(f"{{{key}}}", str(values[key])), values, value)


def _amount(match: re.Match, name: str, values: dict[str, int | None]) -> int:
    placeholder, sign, operand = match.groups()
    amount = Decimal(values[placeholder])
    if sign:
        other = Decimal(operand)
        amount = {"*": amount * other, "+": amount + other, "-": amount - other}[sign]
    return math.floor(amount) if name == "max_value" else math.ceil(amount)
