"""What is promised to those who read the published tables (``contracts/<schema>.yml``), and what differs between two shapes.

    dim_application:
      key: [code_application]
      columns:
        code_application: VARCHAR NOT NULL
        montant_eur: {type: 'DECIMAL(18,2)', unit: EUR}
        ancien: {type: VARCHAR, obsolete: {since: 2026}}

Types are DuckDB's, as it prints them. What is ``obsolete`` stays until a later exercice is published; then it may go,
or change, and the entry stays. A home's own tables are promised in its own ``contracts/``; an entry there replaces the
shipped one.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, NamedTuple

from pydantic import BeforeValidator
from pydantic import Field as PydanticField

from pipelines.catalogue.overlay import Overlay
from pipelines.catalogue.source_grammar import Declared

NOT_NULL = " NOT NULL"


class Obsolete(Declared):
    """``since``: the last exercice published with it."""

    since: int


class Column(Declared):
    """A promised column."""

    type: Annotated[str, PydanticField(min_length=1)]
    unit: str | None = None
    obsolete: Obsolete | None = None


class Table(Declared):
    """A promised table."""

    key: tuple[str, ...] = ()
    columns: dict[
        str, Annotated[Column, BeforeValidator(lambda said: {"type": said} if isinstance(said, str) else said)]
    ]
    obsolete: Obsolete | None = None


class Shaped(NamedTuple):
    """The actual structure of a table: the type (``DECIMAL(18,2) NOT NULL``) and unit of each column, and its key."""

    key: tuple[str, ...]
    columns: Mapping[str, tuple[str, str | None]]


Shape = Mapping[str, Shaped]  # by ``schema.table``
Contracts = Mapping[str, Table]  # by ``schema.table``


class Difference(NamedTuple):
    """One difference between two shapes; ``said`` words it for a French reader."""

    kind: Literal["added", "removed", "changed"]
    table: str
    column: str | None
    said: str = ""

    @property
    def name(self) -> str:
        """``schema.table`` or ``schema.table.column``."""
        return f"{self.table}.{self.column}" if self.column else self.table


@dataclass(frozen=True)
class Judged:
    """The result of comparing a structure with what is promised."""

    broken: list[Difference] = field(default_factory=list)
    added: list[Difference] = field(default_factory=list)  # which the contracts do not know yet


class ContractBroken(RuntimeError):
    """The publication would lack something that was promised; the message names it (French)."""


def make_contracts(declared: Overlay) -> Contracts:
    """The promises in effect, by table. Raises DeclarationError naming file and line."""
    return {thing.name: thing.parsed(Table) for thing in declared}


def promised(contracts: Contracts) -> Shape:
    """The shape that contracts promise, whatever is obsolete in it."""
    return {
        name: Shaped(table.key, {column: (said.type, said.unit) for column, said in table.columns.items()})
        for name, table in contracts.items()
    }


def differences(before: Shape, after: Shape) -> list[Difference]:
    """What was added, removed and changed, by name."""
    return sorted(_differences(before, after), key=lambda one: (one.table, one.column or "", one.kind))


def _differences(before: Shape, after: Shape) -> Iterator[Difference]:
    for table in before.keys() - after.keys():
        yield Difference("removed", table, None)
    for table in after.keys() - before.keys():
        yield Difference("added", table, None)
    for table in before.keys() & after.keys():
        was, is_now = before[table], after[table]
        if was.key != is_now.key:
            said = f"clé ({', '.join(was.key) or 'aucune'}) → ({', '.join(is_now.key) or 'aucune'})"
            yield Difference("changed" if was.key else "added", table, None, said)
        for column in was.columns.keys() - is_now.columns.keys():
            yield Difference("removed", table, column)
        for column in is_now.columns.keys() - was.columns.keys():
            yield Difference("added", table, column)
        for column in was.columns.keys() & is_now.columns.keys():
            yield from _of_column(table, column, was.columns[column], is_now.columns[column])


def _of_column(
    table: str, column: str, was: tuple[str, str | None], is_now: tuple[str, str | None]
) -> Iterator[Difference]:
    if was[0] != is_now[0]:  # becomes NOT NULL: no reader loses anything
        kind: Literal["added", "changed"] = "added" if f"{was[0]}{NOT_NULL}" == is_now[0] else "changed"
        yield Difference(kind, table, column, f"type {was[0]} → {is_now[0]}")
    if was[1] != is_now[1]:
        yield Difference(
            "changed" if was[1] else "added", table, column, f"unité {was[1] or 'aucune'} → {is_now[1] or 'aucune'}"
        )


def judge(contracts: Contracts, shape: Shape, exercice: int) -> Judged:
    """How well ``shape`` keeps the contracts, once ``exercice`` is the last one published."""
    found = differences(promised(contracts), shape)
    broken = [one for one in found if one.kind != "added" and not _may_go(contracts[one.table], one.column, exercice)]
    return Judged(broken, [one for one in found if one.kind == "added"])


def _may_go(table: Table, column: str | None, exercice: int) -> bool:
    said = [table.obsolete, *([table.columns[column].obsolete] if column else [])]
    return any(one is not None and exercice > one.since for one in said)


def recorded(known: Contracts, shape: Shape) -> dict[str, Table]:
    """The contracts extended with what ``shape`` adds; existing promises stay as they are."""
    found = dict(known)
    for name, shaped in shape.items():
        told = found.get(name, Table(columns={}))
        columns = dict(told.columns)
        for column, (kind, unit) in shaped.columns.items():
            was = columns.get(column, Column(type=kind))
            filled = kind if f"{was.type}{NOT_NULL}" == kind else was.type
            columns[column] = was.model_copy(update={"type": filled, "unit": was.unit or unit})
        found[name] = told.model_copy(update={"key": told.key or shaped.key, "columns": columns})
    return found


def written(schema: str, contracts: Contracts, off: Iterable[str] = ()) -> str:
    """The text of a schema's file: its tables in order of name, columns in theirs; those that are ``off`` stay so."""
    lines = [
        f"# Ce qui est promis à qui lit le schéma {schema} : `millesime contracts record` y ajoute ce qui est nouveau, et une colonne qui",
        "# doit partir y reçoit `obsolete: {since: EXERCICE}` (docs/bi.md).",
    ]
    for name in sorted(name for name in contracts if name.partition(".")[0] == schema):
        table = contracts[name]
        lines.append(f"{name.partition('.')[2]}:")
        if table.obsolete:
            lines.append(f"  obsolete: {{since: {table.obsolete.since}}}")
        if table.key:
            lines.append(f"  key: [{', '.join(table.key)}]")
        lines.append("  columns:" if table.columns else "  columns: {}")
        lines += [f"    {column}: {_written(said)}" for column, said in table.columns.items()]
    lines += [f"{name.partition('.')[2]}: {{enabled: false}}" for name in off if name.partition(".")[0] == schema]
    return "\n".join(lines) + "\n"


def _written(column: Column) -> str:
    if not column.unit and not column.obsolete:
        return column.type
    parts = [f"type: {json.dumps(column.type)}"]
    parts += [f"unit: {json.dumps(column.unit, ensure_ascii=False)}"] if column.unit else []
    parts += [f"obsolete: {{since: {column.obsolete.since}}}"] if column.obsolete else []
    return f"{{{', '.join(parts)}}}"
