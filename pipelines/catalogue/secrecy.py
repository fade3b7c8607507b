"""The vocabulary of ``secrecy.yml``: what each table of ``rapport`` reveals about persons, and in which columns.

A table that is not declared, a table under secrecy with an undeclared column, a line that no part covers, a figure that
no rule matches: each is withheld, so that a later addition is never published by oversight.
"""

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field as PydanticField
from pydantic import model_validator

from pipelines.catalogue.overlay import Overlay, Thing
from pipelines.catalogue.source_grammar import Declared, Name
from pipelines.catalogue.yaml_file import DeclarationError, parse

Refuse = Callable[..., None]  # (thing, where in it, why, the name that it needs)
Persons = Literal["agents", "citizens"]  # who is counted
ROLE = "role_ligne"  # what a row is (detail, total, dont), which reveals nobody
# what a figure counts (``compte``) that is nobody's secret: things, holders of a public mandate
PUBLIC_KINDS = ("choses", "elus")


class Population(Declared):
    """A population that is counted: either a fact, or a combination of other populations.

    - ``fact``, ``where``, ``measure``: the table (``restreint.fct_…``, ``marts.fct_…``), the lines that count, the
      column that counts them.
    - ``axes``: name of the axis → its levels, name → SQL expression over the fact's columns. Levels of one axis say the
      same thing more or less finely (cadre d'emplois, filière, catégorie); a value of an axis is one line of them all.
    - ``groups``: level → value printed in the tables → the values of that level it covers, or ``*`` for all.
    - ``means``: column of the fact that sums, over persons, a quantity known for each value of one axis → that axis
      (ages: the mid-point of each band).
    - ``per_person``: greatest measure of one person, when the measure is not a count (hours in a year: 1820).
    - ``follows``: population declared above, whose hidden cells hide the same cells of this one.
    - ``combination``: population → coefficient. ``previous``: population whose cells of the exercice before are, to a
      reader of both years, the same numbers.
    """

    fact: str | None = PydanticField(None, pattern=r"^(marts|restreint)\.[a-z0-9_]+$")
    where: str | None = None
    measure: Name | None = None
    axes: dict[Name, dict[Name, str]] = {}
    groups: dict[Name, dict[str, list[str] | str]] = {}
    means: dict[Name, Name] = {}
    per_person: int = PydanticField(1, ge=1)
    follows: Name | None = None
    combination: dict[Name, int] = {}
    previous: Name | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> "Population":
        if bool(self.fact) == bool(self.combination) or bool(self.fact) != bool(self.measure and self.axes):
            raise ValueError("donner fact, measure et axes, ou bien combination")
        levels = [level for axis in self.axes.values() for level in axis]
        if len(levels) != len(set(levels)):
            raise ValueError("un même niveau est sur deux axes")
        if unknown := [level for level in self.groups if self.fact and level not in levels]:
            raise ValueError(f"groups: « {unknown[0]} » n’est pas un niveau")
        if unknown := [axis for axis in self.means.values() if axis not in self.axes]:
            raise ValueError(f"means: « {unknown[0]} » n’est pas un axe")
        return self


class Share(Declared):
    """A percentage: the cell, over the cell without its choice of the levels ``of``; ``change`` of two populations."""

    of: list[Name] = []
    change_from: Name | None = None  # (cell of the part's population − cell of this one) / cell of this one


class Part(Declared):
    """The lines of a table that are about one population.

    - ``where``: SQL condition over the table's columns; without it, every line.
    - ``levels``: column of the table → level of the population. ``choice``: level → value, the same for all lines.
    - ``counts``: columns that print the cell; ``{column: population}`` when another population's.
    - ``scaled``: columns that print the cell divided by a number (ETPR: hours / 1820).
    - ``shares``, ``means`` (column → the fact's summing column): columns that print a ratio.
    - ``along``: column that restates another (an arrow, a sentence) → the one that it is hidden with.
    - ``ranks``: columns emptied as soon as a number of the part is hidden in the exercice.
    - ``occupied``: lines exist only when somebody is counted, which their presence reveals.
    - ``withheld``: why these lines are not published at all; ``left_out``: what they are, worded for the title of what
      is made from the others (« hors bulletins de salaire »). ``free``: why nothing in them has to be hidden, except the
      small numbers of ``persons`` (column → who is counted). ``adds``: those of them that lines add up to a total, which
      may be published: a single hidden number then has another hidden with it.
    """

    where: str | None = None
    population: Name | None = None
    levels: dict[Name, Name] = {}
    choice: dict[Name, str] = {}
    counts: dict[Name, Name | None] = {}
    scaled: dict[Name, int] = {}
    shares: dict[Name, Share] = {}
    means: dict[Name, Name] = {}
    along: dict[Name, Name] = {}
    ranks: list[Name] = []
    occupied: bool = False
    withheld: str | None = None
    left_out: str | None = None
    free: str | None = None
    persons: dict[Name, Persons] = {}
    adds: list[Name] = []

    @model_validator(mode="after")
    def _one_kind(self) -> "Part":
        if self.left_out and not self.withheld:
            raise ValueError("left_out: seulement pour des lignes retenues (withheld)")
        if others := set(self.adds) - self.persons.keys():
            raise ValueError(f"adds: « {min(others)} » n’est pas un nombre de personnes de cette partie (persons)")
        if self.persons and not self.free:
            raise ValueError("persons: seulement pour des lignes dont le reste est libre (free)")
        if [bool(self.population), bool(self.withheld), bool(self.free)].count(True) != 1:
            raise ValueError(
                "donner une population, ou dire pourquoi les lignes sont retenues (withheld) ou libres (free)"
            )
        if unknown := [column for column in self.along.values() if column not in (*self.numbers, *self.persons)]:
            raise ValueError(f"along: « {unknown[0]} » n’est pas un nombre de cette partie")
        return self

    @property
    def numbers(self) -> list[str]:
        """Columns that print a number."""
        return [*self.counts, *self.scaled, *self.shares, *self.means]


class Table(Declared):
    """One table of ``rapport``: ``free`` (why nothing has to be hidden), ``withheld`` (why it is not published), or its parts.

    ``plain`` lists the columns that name things and count nothing; ``never``, those of a free table that are emptied.
    """

    free: str | None = None
    withheld: str | None = None
    plain: list[Name] = []
    never: list[Name] = []
    parts: list[Part] = []

    @model_validator(mode="after")
    def _one_kind(self) -> "Table":
        if [bool(self.free), bool(self.withheld), bool(self.parts)].count(True) != 1:
            raise ValueError("donner une de ces clés, et une seule : free, withheld, parts")
        if self.never and not self.free:
            raise ValueError("never: seulement pour une table dont le reste est libre (free)")
        return self

    @property
    def columns(self) -> set[str]:
        """Every column that the declaration knows."""
        known = {"exercice", ROLE, *self.plain}
        for part in self.parts:
            known |= {*part.levels, *part.numbers, *part.along, *part.ranks, *part.persons}
        return known


class Figure(Declared):
    """The cell of a table that figures restate: ``row`` gives its columns; ``{name}`` matches a part of the code.

    ``equal`` is false for a figure that is another number, computed from the same cells.
    """

    table: Name
    column: Name
    row: dict[Name, str] = {}
    equal: bool = True


class Figures(Declared):
    """``rapport.chiffres``: the cell behind each figure that counts persons; what each counts, its own declaration says.

    ``plain``: columns that are never emptied. ``never``: columns that are emptied for every figure that has a rule.
    ``withheld``: code → why that figure is not published. ``persons``: code → why nothing published adds up this number
    of persons, a small one being then hidden by itself.
    """

    withheld: dict[str, str] = {}
    persons: dict[str, str] = {}
    rules: dict[str, Figure] = {}
    plain: list[Name] = []
    never: list[Name] = []
    counted: dict[str, str] = {}  # code → what it counts

    def counts_persons(self, code: str) -> bool:
        """True for a number of persons that nothing published adds up."""
        return _matched(self.persons, code) is not None

    def is_secret(self, code: str) -> bool:
        """True for a figure that is published by its rule alone: it counts persons, or does not say what it counts."""
        return (
            not self.counts_persons(code) and self.counted.get(_matched(self.counted, code) or "") not in PUBLIC_KINDS
        )

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
    figures: Figures | None = None

    @property
    def of_staff(self) -> frozenset[str]:
        """The tables whose numbers are protected together, and so are kept or replaced as a whole."""
        return frozenset(name for name, one in self.tables.items() if any(part.population for part in one.parts))

    @property
    def of_persons(self) -> frozenset[str]:
        """The tables that count persons, which stay as they were when too few of them differ."""
        counting = (
            name for name, one in self.tables.items() if any(part.population or part.persons for part in one.parts)
        )
        return frozenset(counting)

    def why_withheld(self, table: str) -> str | None:
        """Why a whole table is not published; None if it is."""
        return self.tables[table].withheld if table in self.tables else None

    def left_out(self, table: str) -> list[str]:
        """The words for the unpublished lines of a table."""
        parts = self.tables[table].parts if table in self.tables else []
        return [part.left_out for part in parts if part.left_out]

    def counting(self, counted: Mapping[str, str]) -> "Secrecy":
        """The declaration, with what each figure counts."""
        return self.model_copy(
            update={"figures": self.figures and self.figures.model_copy(update={"counted": dict(counted)})}
        )

    def placed(self, place_of: Callable[[str], str]) -> "Secrecy":
        """The declaration with each fact at its place in the warehouse."""
        populations = {
            name: one.model_copy(update={"fact": place_of(one.fact)}) if one.fact else one
            for name, one in self.populations.items()
        }
        return self.model_copy(update={"populations": populations})

    def without(self, tables: set[str]) -> "Secrecy":
        """The declaration without these tables: they are withheld."""
        return self.model_copy(update={"tables": {name: of for name, of in self.tables.items() if name not in tables}})


# Where the named entries are in ``secrecy.yml``.
SECTIONS = (
    ("populations",),
    ("tables",),
    ("figures", "withheld"),
    ("figures", "persons"),
    ("figures", "rules"),
    ("figures", "columns"),
)


def make_secrecy(declared: Mapping[tuple[Any, ...], Overlay]) -> Secrecy:
    """The declaration in effect, its entries checked against one another. Raises DeclarationError naming file and line."""
    populations, tables, rules = declared["populations",], declared["tables",], declared["figures", "rules"]
    secrecy = Secrecy(
        populations={thing.name: _named(thing).parsed(Population) for thing in populations},
        tables={thing.name: _named(thing).parsed(Table) for thing in tables},
        figures=_figures(*(declared[section] for section in SECTIONS[2:])),
    )

    def refuse(thing: Thing, at: tuple[Any, ...], reason: str, needed: str = "") -> None:
        off = populations.off.get(needed) or tables.off.get(needed)
        reason = f"{off.place} désactive « {needed} »" if off else reason
        raise DeclarationError(f"{thing.at(*at)} {'.'.join(map(str, (thing.name, *at)))}: {reason}")

    for name, population in secrecy.populations.items():
        _check_population(secrecy, population, populations[name], refuse)
    for name, table in secrecy.tables.items():
        for index, part in enumerate(table.parts):
            _check_part(secrecy, part, tables[name], ("parts", index), refuse)
    for code, rule in (secrecy.figures.rules if secrecy.figures else {}).items():
        ruled = secrecy.tables.get(rule.table)
        if ruled is None or not any(rule.column in part.numbers for part in ruled.parts):
            refuse(rules[code], (), f"{rule.table}.{rule.column} n’est pas un nombre soumis au secret", rule.table)
    return secrecy


def _named(thing: Thing) -> Thing:
    """The entry, whose name dbt and SQL accept."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", thing.name):
        raise DeclarationError(
            f"{thing.place} « {thing.name} » n’est pas un nom : des minuscules sans accent, des chiffres et _"
        )
    return thing


def _figures(withheld: Overlay, persons: Overlay, rules: Overlay, columns: Overlay) -> Figures | None:
    """The declarations about figures; None if there are none."""
    if not (withheld.on or persons.on or rules.on or columns.on):
        return None
    for thing in columns:  # each section by itself, so that a mistake names its line
        parse(Figures, {thing.name: thing.data}, {(thing.name,): thing.lines[()]}, thing.path)
    for section, overlay in (("withheld", withheld), ("persons", persons)):
        for thing in overlay:
            parse(Figures, {section: {thing.name: thing.data}}, {(section,): thing.lines[()]}, thing.path)
    return Figures(
        withheld={thing.name: thing.data for thing in withheld},
        persons={thing.name: thing.data for thing in persons},
        rules={thing.name: thing.parsed(Figure) for thing in rules},
        **{thing.name: thing.data for thing in columns},
    )


def _check_population(secrecy: Secrecy, population: Population, thing: Thing, refuse: Refuse) -> None:
    above = list(secrecy.populations)[: list(secrecy.populations).index(thing.name)]
    for key in ("follows", "previous"):
        other = getattr(population, key)
        if other and other not in above:
            refuse(thing, (key,), f"« {other} » n’est pas une population déclarée plus haut", other)
    for other in population.combination:
        if other not in above or secrecy.populations[other].combination:
            why = "ce n’est pas une population déclarée plus haut et comptée dans un fait (fact)"
            refuse(thing, ("combination", other), why, other)


def _check_part(secrecy: Secrecy, part: Part, thing: Thing, at: tuple[Any, ...], refuse: Refuse) -> None:
    if part.population is None:
        return
    named = [part.population, *part.counts.values(), *(share.change_from for share in part.shares.values())]
    for name in filter(None, named):
        if name not in secrecy.populations:
            refuse(thing, at, f"« {name} » n’est pas une population déclarée", name)
        for level in [*part.levels.values(), *part.choice]:
            if level not in levels_of(secrecy, name):
                refuse(thing, at, f"« {level} » n’est pas un niveau de {name}")
    for column in part.means.values():
        if column not in secrecy.populations[part.population].means:
            refuse(thing, (*at, "means"), f"« {column} » n’est pas une somme (means) de {part.population}")


def levels_of(secrecy: Secrecy, name: str) -> set[str]:
    """The levels by which a population, or every member of a combination, can be distinguished."""
    population = secrecy.populations[name]
    if population.combination:
        return set.intersection(*(levels_of(secrecy, member) for member in population.combination))
    return {level for axis in population.axes.values() for level in axis}
