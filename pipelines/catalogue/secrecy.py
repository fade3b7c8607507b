"""The vocabulary of ``secrecy.yml``: which tables of ``rapport`` count persons, and in which forms they may be public.

A table that is not declared, a table about persons with an undeclared column, a figure that no rule matches: each is
withheld, so that a later addition is never published by oversight.
"""

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any

from pydantic import Field as PydanticField
from pydantic import model_validator

from pipelines.catalogue.figures.grammar import PUBLIC
from pipelines.catalogue.overlay import Overlay, Thing
from pipelines.catalogue.source_grammar import Declared, Name
from pipelines.catalogue.yaml_file import DeclarationError, parse

Refuse = Callable[..., None]  # (thing, where in it, why, the name that it needs)
ROLE = "role_ligne"  # what a row is (detail, total, dont), which reveals nobody
ALL = "*"  # every value of a level
Among = dict[Name, str | list[str]]  # level → the value, or values, of those who are counted


class Moves(Declared):
    """A population of movements: who joined and who left a stock in the year.

    ``stock``, ``among``: the population that they change, and which of it. ``sens``: the level that says which way;
    ``signs``: its value → what it adds to the stock, or {value of ``by``: what it adds to those lines}. ``by``: the
    level of both that movements are counted by; ``keeps``: levels of the stock that a person does not change.
    """

    stock: Name
    among: dict[Name, str] = {}
    sens: Name
    by: Name
    keeps: list[Name] = []
    signs: dict[str, int | dict[str, int]]


class Population(Declared):
    """Persons who are counted.

    - ``fact``, ``where``, ``measure``: the table (``restreint.fct_…``, ``marts.fct_…``), the lines that count, the
      column that counts them.
    - ``axes``: name of the axis → its levels, name → SQL expression over the fact's columns. Levels of one axis say the
      same thing more or less finely (cadre d'emplois, filière, catégorie); a value of an axis is one line of them all.
    - ``groups``: level → value printed in the tables → the values of that level that it covers, or ``*`` for all.
    - ``means``: column of the fact that sums a quantity of persons → the level that fixes it for one person (ages: the
      middle of each band).
    - ``per_person``: measure of one person, when the measure is not a count (hours in a year: 1820).
    - ``part_of``: population of which this one is a part, counted by the same levels.
    - ``moves``: for movements, what they move.
    """

    fact: str = PydanticField(pattern=r"^(marts|restreint)\.[a-z0-9_]+$")
    where: str = "true"
    measure: Name
    axes: dict[Name, dict[Name, str]]
    groups: dict[Name, dict[str, list[str] | str]] = {}
    means: dict[Name, Name] = {}
    per_person: int = PydanticField(1, ge=1)
    part_of: Name | None = None
    moves: Moves | None = None

    @model_validator(mode="after")
    def _levels_are_there(self) -> "Population":
        levels = [level for axis in self.axes.values() for level in axis]
        if len(levels) != len(set(levels)):
            raise ValueError("un même niveau est sur deux axes")
        if unknown := [level for level in [*self.groups, *self.means.values()] if level not in levels]:
            raise ValueError(f"« {unknown[0]} » n’est pas un niveau")
        return self

    @property
    def levels(self) -> dict[str, str]:
        """Level → SQL expression."""
        return {level: sql for axis in self.axes.values() for level, sql in axis.items()}


class Number(Declared):
    """What a column prints of the persons of its line: by default, how many.

    ``counts``, ``among``, ``levels``: another population, other restrictions, other levels than the table's. ``share``: the
    percentage of the persons of the line without these levels. ``mean``: the mean of that sum of the fact. ``per``: the
    measure divided by a number (ETPR: hours / 1820).
    """

    counts: Name | None = None
    among: Among = {}
    levels: dict[Name, Name] | None = None
    share: list[Name] = []
    mean: Name | None = None
    per: int = PydanticField(1, ge=1)


class Form(Declared):
    """One form of a table: all its lines, or fewer.

    ``only``: column → the value of the lines that are kept (totals). ``without``: column → values of lines left out.
    ``merged``: column → new value → the values of the lines that become one. ``said``: column of words → new value →
    its words.
    """

    only: dict[Name, str] = {}
    without: dict[Name, list[str]] = {}
    merged: dict[Name, dict[str, list[str]]] = {}
    said: dict[Name, dict[str, str]] = {}


class Persons(Declared):
    """A column that counts persons by itself, or a quantity of them: public whole in an exercice, or emptied.

    It is public if each number of ``counted`` (by default the column itself; ``a - b`` for a difference that is one of
    persons too) is 0, or that of as many persons as the threshold, ``per_person`` being the measure of one. ``where``:
    the lines that count persons. ``by``: each of its values decides for its own lines.
    """

    counted: list[Annotated[str, PydanticField(pattern=r"^[a-z]\w*( - [a-z]\w*)*$")]] = []
    where: str = "true"
    by: Name | None = None
    per_person: int = PydanticField(1, ge=1)


class Table(Declared):
    """One table of ``rapport``: one of ``free`` (why it counts nobody), ``withheld`` (why it is not published), ``counts``.

    ``never``: columns of a free table that are emptied; ``persons``: those that count persons by themselves. ``counts``: the
    population that it counts, among ``among``; ``levels``: column → level; ``numbers``: column → what it prints;
    ``plain``: columns that name lines, or follow from its numbers; ``forms``: the forms in which it may be public, the
    finest first.
    """

    free: str | None = None
    withheld: str | None = None
    never: list[Name] = []
    persons: dict[Name, Persons] = {}
    counts: Name | None = None
    among: Among = {}
    levels: dict[Name, Name] = {}
    numbers: dict[Name, Number] = {}
    plain: list[Name] = []
    forms: list[Form] = [Form()]

    @model_validator(mode="after")
    def _one_kind(self) -> "Table":
        if [bool(self.free), bool(self.withheld), bool(self.counts)].count(True) != 1:
            raise ValueError("donner une de ces clés, et une seule : free, withheld, counts")
        if (self.never or self.persons) and not self.free:
            raise ValueError("never, persons: seulement pour une table dont le reste est libre (free)")
        return self

    @property
    def columns(self) -> set[str]:
        """Every column that the declaration of a table about persons knows."""
        return {"exercice", ROLE, *self.plain, *self.levels, *self.numbers}


class Figure(Declared):
    """The cell of a table that figures restate: ``row`` gives its columns; ``{name}`` matches a part of the code.

    ``equal`` is false for a figure that is another number, computed from the same persons.
    """

    table: Name
    column: Name
    row: dict[Name, str] = {}
    equal: bool = True


class Figures(Declared):
    """``rapport.chiffres``: the cell behind each figure that counts persons; what each counts, its own declaration says.

    ``plain``: columns that are never emptied. ``never``: columns that are emptied for every figure that counts persons.
    ``withheld``: code → why that figure is not published. ``alone``: code → why it belongs to no table: it is public
    from the threshold on.
    """

    withheld: dict[str, str] = {}
    alone: dict[str, str] = {}
    rules: dict[str, Figure] = {}
    plain: list[Name] = []
    never: list[Name] = []
    counted: Mapping[str, str] = {}  # code → what it counts

    def is_alone(self, code: str) -> bool:
        """True for a number of persons that belongs to no table."""
        return _matched(self.alone, code) is not None

    def is_secret(self, code: str) -> bool:
        """True for a figure that counts persons, or does not say what it counts."""
        return self.counted.get(_matched(self.counted, code) or "") not in PUBLIC

    def rule(self, code: str) -> Figure | None:
        """The rule that ``code`` matches, the parts of the code put in its row; None without one."""
        if code in self.rules:
            return self.rules[code]
        for pattern, rule in self.rules.items():
            if found := _regular(pattern).fullmatch(code):
                row = {column: value.format(**found.groupdict()) for column, value in rule.row.items()}
                return rule.model_copy(update={"row": row})
        return None


def _matched(patterns: Iterable[str], code: str) -> str | None:
    """The first of these codes, which may contain ``{name}``, that matches ``code``."""
    return next((pattern for pattern in patterns if _regular(pattern).fullmatch(code)), None)


@functools.cache  # every code is compared with them all
def _regular(pattern: str) -> re.Pattern[str]:
    """``rh.filiere.{filiere}.tous`` → a regular expression with one group a name."""
    parts = re.split(r"\{(\w+)\}", pattern)
    return re.compile(
        "".join(f"(?P<{part}>[^.]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    )


class Secrecy(Declared):
    """The whole declaration."""

    populations: dict[Name, Population] = {}
    tables: dict[Annotated[str, PydanticField(pattern=r"^[a-z][a-z0-9_]*$")], Table] = {}
    figures: Figures = Figures()

    @property
    def of_persons(self) -> dict[str, Table]:
        """The tables whose lines count persons, in the order in which they are tried."""
        return {name: table for name, table in self.tables.items() if table.counts}

    def without(self, tables: set[str]) -> "Secrecy":
        """The declaration without these tables: they are withheld."""
        return self.model_copy(update={"tables": {name: of for name, of in self.tables.items() if name not in tables}})


# Where the named entries are in ``secrecy.yml``.
SECTIONS = (("populations",), ("tables",), *(("figures", name) for name in ("withheld", "alone", "rules", "columns")))


def make_secrecy(
    declared: Mapping[tuple[Any, ...], Overlay], place_of: Callable[[str], str], counted: Mapping[str, str]
) -> Secrecy:
    """The declaration in effect, its entries checked against one another. Raises DeclarationError naming file and line.

    ``place_of`` gives the place of a fact in the warehouse; ``counted``: code of a figure → what it counts.
    """
    populations, tables, rules = declared["populations",], declared["tables",], declared["figures", "rules"]
    secrecy = Secrecy(
        populations={thing.name: _named(thing).parsed(Population) for thing in populations},
        tables={thing.name: _named(thing).parsed(Table) for thing in tables},
        figures=_figures(counted, *(declared[section] for section in SECTIONS[2:])),
    )

    def refuse(thing: Thing, at: tuple[Any, ...], reason: str, needed: str = "") -> None:
        off = populations.off.get(needed) or tables.off.get(needed)
        reason = f"{off.place} désactive « {needed} »" if off else reason
        raise DeclarationError(f"{thing.at(*at)} {'.'.join(map(str, (thing.name, *at)))}: {reason}")

    for name, population in secrecy.populations.items():
        for key, other in (("part_of", population.part_of), ("moves", population.moves and population.moves.stock)):
            if other and other not in secrecy.populations:
                refuse(populations[name], (key,), f"« {other} » n’est pas une population déclarée", other)
    for name, table in secrecy.of_persons.items():
        _check_table(secrecy, table, tables[name], refuse)
    for code, rule in secrecy.figures.rules.items():
        ruled = secrecy.tables.get(rule.table)
        if ruled is None or rule.column not in {*ruled.numbers, *ruled.persons, *ruled.plain}:
            refuse(rules[code], (), f"{rule.table}.{rule.column} ne compte pas de personnes", rule.table)
    placed = {name: one.model_copy(update={"fact": place_of(one.fact)}) for name, one in secrecy.populations.items()}
    return secrecy.model_copy(update={"populations": placed})


def _named(thing: Thing) -> Thing:
    """The entry, whose name dbt and SQL accept."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", thing.name):
        raise DeclarationError(
            f"{thing.place} « {thing.name} » n’est pas un nom : des minuscules sans accent, des chiffres et _"
        )
    return thing


def _figures(
    counted: Mapping[str, str], withheld: Overlay, alone: Overlay, rules: Overlay, columns: Overlay
) -> Figures:
    """The declarations about figures."""
    for thing in columns:  # each section by itself, so that a mistake names its line
        parse(Figures, {thing.name: thing.data}, {(thing.name,): thing.lines[()]}, thing.path)
    for section, overlay in (("withheld", withheld), ("alone", alone)):
        for thing in overlay:
            parse(Figures, {section: {thing.name: thing.data}}, {(section,): thing.lines[()]}, thing.path)
    return Figures(
        withheld={thing.name: thing.data for thing in withheld},
        alone={thing.name: thing.data for thing in alone},
        rules={thing.name: thing.parsed(Figure) for thing in rules},
        counted=dict(counted),
        **{thing.name: thing.data for thing in columns},
    )


def _check_table(secrecy: Secrecy, table: Table, thing: Thing, refuse: Refuse) -> None:
    for column, number in [("", Number(per=1)), *table.numbers.items()]:
        at = ("numbers", column) if column else ("counts",)
        name = number.counts or table.counts or ""
        if name not in secrecy.populations:
            refuse(thing, at, f"« {name} » n’est pas une population déclarée", name)
        population = secrecy.populations[name]
        levels = table.levels if number.levels is None else number.levels
        for level in [*levels.values(), *(table.among if not number.counts else ()), *number.among, *number.share]:
            if level not in population.levels:
                refuse(thing, at, f"« {level} » n’est pas un niveau de {name}")
        if number.mean and number.mean not in population.means:
            refuse(thing, at, f"« {number.mean} » n’est pas une somme (means) de {name}")
    for index, form in enumerate(table.forms):
        for column in [*form.only, *form.without, *form.merged]:
            if column not in table.levels:
                refuse(thing, ("forms", index), f"« {column} » n’est pas une colonne de niveau (levels)")
