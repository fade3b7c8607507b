"""The expectations that follow from a declaration: constraints, primary key, a table that is neither empty nor suddenly small.

Reading has already refused lines that break ``pattern`` or ``required``; ``required`` is checked once more, for all columns
together. Expectations that a declaration cannot express are in ``expectations/``.
"""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from pipelines.catalogue.expectation_types import ROWS_QUERY, ExpectationSpec, identifier, typed
from pipelines.catalogue.source_grammar import Field, Table
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.french import exact, number, quantity

# The share of the previous exercice's lines below which a table is questioned, or refused; with so few lines it means
# nothing.
QUESTIONED, REFUSED, FEW = ("volume", "la moitié", 2), ("chute", "le dixième", 10), 10

REQUIRED = "required"  # the check of all columns that are never empty
_LENGTHS = "expect_column_value_lengths_to_be_between"
_TWICE = "Retirer le fichier qu’un autre remplace, ou corriger les lignes en double"
_REEXPORT = "dans l’outil d’origine, puis réexporter."


def expectations(system: str, table: Table, empty_allowed: bool = False) -> list[ExpectationSpec]:
    """Every expectation that the declaration of ``table`` implies, in a stable order.

    Raises DeclarationError when a constraint cannot be judged: on a dropped column, on a pseudonym, of a
    wrong type.
    """
    try:
        return list(_expectations(table, empty_allowed))
    except ValueError as error:
        raise DeclarationError(f"{system}.yml: table « {table.name} » : {error}") from None


def against_former(previous_rows: int | None, empty_allowed: bool = False) -> list[ExpectationSpec]:
    """The expectation on the number of rows when the previous exercice had ``previous_rows``: at least half, and never
    under a tenth.

    A suite that has an expectation with that key (``volume``, ``chute``) sets another share. A table that may be empty
    may be small, which is only a warning. Nothing without a previous exercice, or after one with few lines.
    """
    if previous_rows is None or previous_rows < FEW:
        return []
    found = []
    for (key, share, divisor), severity in ((QUESTIONED, "warning"), (REFUSED, "critical")):
        if severity == "warning" or not empty_allowed:
            least = -(-previous_rows // divisor)
            found.append(
                ExpectationSpec(
                    key=key,
                    type="expect_table_row_count_to_be_between",
                    kwargs={"min_value": least},
                    severity=severity,
                    column=None,
                    reason=f"Au moins {_count(least)}, {share} des {_count(previous_rows)} de l’exercice précédent.",
                    fix="Vérifier que l’export est entier et porte sur tout l’exercice ; si la baisse est vraie, dire pourquoi.",
                    effet="réserve",
                )
            )
    return found


def limits(field: Field | None, type_: str, kwargs: dict[str, Any], former: int | None) -> str | None:
    """The values or the number of lines that a suite expects, in French; None when its type gives none.

    ``former``: the lines of the previous exercice, when they decide.
    """
    if type_ == "expect_table_row_count_to_be_between":
        return f"Attendu : {_rows_between(kwargs)}{f', après {number(Decimal(former), 0)} l’exercice précédent' if former else ''}"
    if type_ == "expect_column_values_to_be_in_set":
        return f"Seules valeurs prévues : {_words(field, kwargs['value_set'])}"
    if type_ == "expect_column_values_to_be_between":
        return f"Valeur attendue {_between(kwargs)}"
    if type_ == "expect_column_distinct_values_to_contain_set" and not isinstance(kwargs["value_set"][0], dt.date):
        return f"À trouver dans la colonne : {_words(field, kwargs['value_set'])}"
    return f"Longueur attendue {_between(kwargs)} caractères" if type_ == _LENGTHS else None


def _rows_between(kwargs: dict[str, Any]) -> str:
    """``de 50 à 200 lignes``."""
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is None or high is None:
        return f"au moins {_count(low)}" if high is None else f"au plus {_count(high)}"
    return f"de {number(Decimal(low), 0)} à {_count(high)}"


def _words(field: Field | None, values: list) -> str:
    """The values of a set, as the files of their field write them."""
    said: list[str] = []
    for value in values:
        if field and isinstance(value, bool):
            said.append((field.trueValues if value else field.falseValues)[0])
        else:
            said += (field.values.get(value) if field else None) or [_french(value)]
    return ", ".join(said)


def _count(rows: int | None) -> str:
    return quantity(Decimal(rows or 0), 0, "lignes")


def _expectations(table: Table, empty_allowed: bool) -> Iterator[ExpectationSpec]:
    kept = {field.name: field for field in table.kept_fields}
    if lost := [name for name in table.primaryKey if name not in kept]:
        raise ValueError(f"primaryKey: {', '.join(lost)} n’est pas gardé (personal: drop)")
    if not empty_allowed:
        yield ExpectationSpec(
            key="non_vide",
            type="expect_table_row_count_to_be_between",
            kwargs={"min_value": 1},
            severity="critical",
            column=None,
            reason="La table contient au moins une ligne acceptée.",
            fix="Vérifier l’export : il ne contient aucune ligne exploitable ; puis réexporter.",
        )
    yield from _required(table)
    yield from _primary_key(table)
    for field in table.fields:
        try:
            yield from _of_field(field, alone_in_key=table.primaryKey == [field.name])
        except ValueError as error:
            raise ValueError(f"colonne « {field.name} » : {error}") from None


def _required(table: Table) -> Iterator[ExpectationSpec]:
    fields = [f for f in table.kept_fields if f.constraints.required or f.name in table.primaryKey]
    if fields:
        yield ExpectationSpec(
            key=REQUIRED,
            type="unexpected_rows_expectation",
            kwargs={"unexpected_rows_query": ROWS_QUERY + " or ".join(f"{identifier(f.name)} is null" for f in fields)},
            severity="critical",
            column=", ".join(f.name for f in fields),
            reason=f"Les colonnes obligatoires sont remplies : {_titles(fields)}.",
            fix=f"Compléter les cellules vides {_REEXPORT}",
        )


def _primary_key(table: Table) -> Iterator[ExpectationSpec]:
    """A one-column key is a plain uniqueness; a key of several becomes a query, since GX gives no count for compound keys."""
    fields = [field for field in table.kept_fields if field.name in table.primaryKey]
    if not fields:
        return
    if len(fields) == 1:
        type_, kwargs = "expect_column_values_to_be_unique", {"column": fields[0].name}
    else:
        names = ", ".join(identifier(f.name) for f in fields)
        twice = f"({names}) in (select {names} from {{batch}} group by {names} having count(*) > 1)"
        type_, kwargs = "unexpected_rows_expectation", {"unexpected_rows_query": ROWS_QUERY + twice}
    yield ExpectationSpec(
        key="primary_key",
        type=type_,
        kwargs=kwargs,
        severity="warning" if table.has_doubles else "critical",
        column=", ".join(f.name for f in fields),
        reason=f"Deux lignes ne portent jamais la même clé : {_titles(fields)}.",
        fix=f"{_TWICE} {_REEXPORT}",
    )


def _of_field(field: Field, alone_in_key: bool) -> Iterator[ExpectationSpec]:
    c = field.constraints
    if field.personal == "drop":
        judged = c.model_dump(exclude={"required", "pattern"}, exclude_defaults=True)
        if judged:
            raise ValueError(
                f"{', '.join(judged)} : une colonne qui n’est pas gardée (personal: drop) ne peut être contrôlée"
            )
        return
    if c.unique and not alone_in_key:
        yield _spec(
            field,
            "unique",
            "expect_column_values_to_be_unique",
            {},
            "chaque valeur n’apparaît qu’une fois.",
            f"{_TWICE} {_REEXPORT}",
        )
    if c.enum is not None:
        yield _enum(field, c.enum)
    yield from _range(field)
    yield from _length(field)


def _enum(field: Field, values: list) -> ExpectationSpec:
    value_set = [typed(field, value) for value in values]
    if not value_set:
        raise ValueError("enum est vide")
    return _spec(
        field,
        "enum",
        "expect_column_values_to_be_in_set",
        {"value_set": value_set},
        f"seules valeurs prévues : {_words(field, value_set)}.",
        f"Corriger la valeur {_REEXPORT} Si elle est nouvelle et juste, la signaler.",
    )


def _range(field: Field) -> Iterator[ExpectationSpec]:
    c = field.constraints
    bounds = {name: typed(field, value) for name, value in _given(c.minimum, c.maximum).items()}
    if len(bounds) == 2 and bounds["min_value"] > bounds["max_value"]:
        raise ValueError("minimum est plus grand que maximum")
    if bounds and field.kept_type in ("string", "boolean"):
        raise ValueError(f"minimum et maximum ne s’appliquent pas au type {field.type}")
    if bounds:
        yield _spec(
            field,
            "range",
            "expect_column_values_to_be_between",
            bounds,
            f"{_age(field, bounds)}." if field.personal == "generalise" else f"valeur attendue {_between(bounds)}.",
            f"Vérifier la valeur et la corriger {_REEXPORT}",
        )


def _length(field: Field) -> Iterator[ExpectationSpec]:
    bounds = _given(field.constraints.minLength, field.constraints.maxLength)
    if bounds and (field.kept_type != "string" or field.personal == "pseudonymise"):
        raise ValueError("minLength et maxLength ne s’appliquent qu’à un texte gardé tel quel")
    if bounds:
        yield _spec(
            field,
            "length",
            _LENGTHS,
            bounds,
            f"longueur attendue {_between(bounds)} caractères.",
            f"Raccourcir ou compléter le texte {_REEXPORT}",
        )


def _given(low: Any, high: Any) -> dict[str, Any]:
    return {name: value for name, value in (("min_value", low), ("max_value", high)) if value is not None}


def _spec(field: Field, rule: str, type_: str, kwargs: dict, says: str, fix: str) -> ExpectationSpec:
    return ExpectationSpec(
        key=f"{rule}.{field.name}",
        type=type_,
        kwargs={"column": field.name, **kwargs},
        severity="warning" if field.informative else field.severity,
        column=field.name,
        reason=f"« {field.title} » : {says}",
        fix=fix,
    )


def _titles(fields: list[Field]) -> str:
    return ", ".join(f"« {field.title} »" for field in fields)


def _age(field: Field, bounds: dict[str, Any]) -> str:
    """Of a birth date the lake keeps a band of ages, by its first one."""
    high = bounds.get("max_value")
    ages = bounds if high is None else {**bounds, "max_value": high + field.band - 1}
    return f"âge atteint dans l’année attendu {_between(ages)} ans"


def _between(bounds: dict[str, Any]) -> str:
    low, high = bounds.get("min_value"), bounds.get("max_value")
    is_date = isinstance(low if high is None else high, dt.date)
    if low is None:
        return f"{'jusqu’au' if is_date else 'd’au plus'} {_french(high)}"
    if high is None:
        return f"{'à partir du' if is_date else 'd’au moins'} {_french(low)}"
    return f"entre {'le ' * is_date}{_french(low)} et {'le ' * is_date}{_french(high)}"


def _french(value: Any) -> str:
    """A declared value as a French reader writes it."""
    if isinstance(value, dt.datetime):
        return value.strftime("%d/%m/%Y %H:%M")
    if isinstance(value, dt.date):
        return value.strftime("%d/%m/%Y")
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return exact(value, "")
    return str(value)
