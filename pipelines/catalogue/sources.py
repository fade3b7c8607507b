"""The source systems in effect, their shapes resolved into whole tables: the only list of what exists.

It knows nothing of an organisation (see ``organisation``), or of where declarations are (see ``load``).
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pipelines.catalogue.fields import Fields, completed
from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.overlay import Overlay, Thing
from pipelines.catalogue.source_grammar import Export, Field, FieldFormat, Shape, System, Table
from pipelines.catalogue.yaml_file import DeclarationError, Lines, parse
from pipelines.did_you_mean import suggestion

PLACES = ("sheet", "member", "records")  # of a table in its file
WRITTEN = ("format", "decimalChar", "groupChar", "suffix", "timezone")  # how the cells of a field say their value
# what may be said once, or by first exercice as ``header`` is: how the files of an export are named, made and cut up
YEARLY = (
    *"files archive unread format encoding delimiter missingValues decimalChar groupChar trueValues falseValues".split(),
    *PLACES,
)


@dataclass(frozen=True)
class ExportRef:
    """One export of one system: the unit that is delivered, judged and accepted.

    ``export`` is how it is delivered today; ``layouts``, by first exercice, how it is over the years, if that changed.
    """

    system: System
    export: Export
    layouts: dict[int, Export] = field(default_factory=dict)

    def of(self, exercice: int) -> "ExportRef":
        """The same export, as it is delivered for ``exercice``; before the first year declared, as in that year."""
        if not self.layouts:
            return self
        return ExportRef(self.system, self.layouts[_first(self.layouts, exercice)])

    @property
    def key(self) -> str:
        """``<system>/<export>``, as the ledger and messages write it."""
        return f"{self.system.system}/{self.export.name}"

    @property
    def owner(self) -> str:
        """Who sends it."""
        return self.export.owner or self.system.owner

    def due(self, exercice: int) -> str:
        """ISO date by which the export of ``exercice`` is expected."""
        return f"{exercice + 1}-{self.export.due or self.system.due}"

    def layout(self, exercice: int) -> dict[str, Any]:
        """What determines how the files of ``exercice`` are read: part of a delivery's identity."""
        export = self.of(exercice).export
        return {
            "system": self.system.system,
            "export": export.name,
            "exercice": exercice,
            "format": export.format.model_dump(),
            "archive": export.archive,
            "unread": export.unread,
            "tables": [
                {
                    **table.model_dump(
                        include={"name", *PLACES, "optional", "missingValues", "ignore", "exercice"},
                        exclude={"ignore": {"__all__": {"least"}}},
                    ),
                    **({"headerRows": rows} if (rows := table.header_rows_of(exercice)) > 1 else {}),
                    "header": {name: o.whole or o.model_dump(exclude_defaults=True) for name, o in origins.items()},
                    "fields": [f.model_dump(exclude=_unread(f)) for f in table.fields],
                }
                for table in export.tables
                for origins in [table.origins_of(exercice)]
            ],
        }

    def readings(self, exercice: int) -> dict[str, dict[str, str]]:
        """Table → field → fingerprint of where its cells are read and how they are written; that of the lines is under "".

        Under "field=…", what a word of the system became; only its fingerprint, since it may be the name of a debtor.
        Rows that were read differently do not hold what is wanted today.
        What a cell may contain is not part of it: that changes which lines are refused, not what the others hold.
        """
        found: dict[str, dict[str, str]] = {}
        for table in self.layout(exercice)["tables"]:
            read = found[table["name"]] = {"": _short([table.get(key) for key in (*PLACES, "headerRows")])}
            for one in table["fields"]:
                name, words = one["name"], one["values"]
                read[name] = _short([table["header"].get(name), *(one.get(key) for key in WRITTEN)])
                if one["type"] == "boolean":
                    words = {"true": one["trueValues"], "false": one["falseValues"]}
                for word, spellings in words.items():
                    read |= {f"{name}={_short(written)}": _short(word) for written in spellings}
        return found


def _short(value: object) -> str:
    return fingerprint(value)[:16]


def _unread(field: Field) -> set[str]:
    """What is said of a field without affecting how it is read: texts, and unused keys."""
    unused = {key for key in ("informative", "suffix", "timezone") if not getattr(field, key)}
    return {"title", "description", "severity", "across_years", "at_term", "member"} | unused


@dataclass(frozen=True)
class Registry:
    """Every declared system, by name; ``layouts``, by system and first exercice: those whose files changed over the years."""

    systems: dict[str, System]
    shapes: dict[str, Shape]
    fields: Fields = field(default_factory=Fields)
    layouts: dict[str, dict[int, System]] = field(default_factory=dict)

    def exports(self) -> list[ExportRef]:
        """Every export of every system, in order of declaration."""
        return [
            ExportRef(system, export, {first: one.exports[rank] for first, one in self.layouts.get(name, {}).items()})
            for name, system in self.systems.items()
            for rank, export in enumerate(system.exports)
        ]

    def tables(self) -> list[tuple[System, Table]]:
        """Every table of every system."""
        return [(ref.system, table) for ref in self.exports() for table in ref.export.tables]

    def of_shape(self, shape: str) -> tuple[str, ...]:
        """``system/table`` of every table of a shape, in order of name."""
        return tuple(
            sorted(f"{system.system}/{table.name}" for system, table in self.tables() if shape in table.shapes)
        )

    def export_of(self, key: str) -> ExportRef:
        """The export named ``system/export``; KeyError when there is none."""
        for ref in self.exports():
            if ref.key == key:
                return ref
        raise KeyError(key)


def make_registry(systems: Overlay, shapes: Overlay, fields: Fields) -> Registry:
    """The registry of the systems and shapes in effect. Raises DeclarationError naming file and line."""
    made = {}
    for thing in shapes:
        _named_as_its_file(thing)
        data = dict(thing.data)
        if _listed(data, "fields"):
            data["fields"] = completed(data["fields"], thing.name, fields, titles=False)
        made[thing.name] = parse(Shape, data, thing.lines, thing.path)
    layouts = {
        thing.name: {
            first: make_system(_laid_out(thing, first), made, fields, shapes.off)
            for first in sorted(set(_first_years(thing.data))) or [0]
        }
        for thing in systems
    }
    today = {name: years[max(years)] for name, years in layouts.items()}
    return Registry(today, made, fields, {name: years for name, years in layouts.items() if len(years) > 1})


def _first(years: Mapping[int, Any], exercice: int) -> int:
    """The first year of what applies to ``exercice``."""
    return max((year for year in years if year <= exercice), default=min(years))


def _is_yearly(key: object, value: object) -> bool:
    return key in YEARLY and isinstance(value, dict) and bool(value) and all(type(year) is int for year in value)


def _first_years(value: Any, key: object = None) -> Iterator[int]:
    """Every first exercice under a yearly key of a declaration."""
    if _is_yearly(key, value):
        yield from value
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from _first_years(inner, name)


def _laid_out(thing: Thing, exercice: int) -> Thing:
    """A system's declaration, each yearly key with its value for ``exercice``, on the line where that stands."""
    lines: Lines = {}

    def chosen(value: Any, key: object, at: tuple[Any, ...], here: tuple[Any, ...]) -> Any:
        if at in thing.lines:
            lines[here] = thing.lines[at]
        if _is_yearly(key, value):
            first = _first(value, exercice)
            return chosen(value[first], None, (*at, first), here)
        if isinstance(value, dict):
            return {name: chosen(inner, name, (*at, name), (*here, name)) for name, inner in value.items()}
        if isinstance(value, list):
            return [chosen(inner, rank, (*at, rank), (*here, rank)) for rank, inner in enumerate(value)]
        return value

    return replace(thing, data=chosen(thing.data, None, (), ()), lines=lines)


def make_system(
    thing: Thing, shapes: dict[str, Shape], fields: Fields, off: Mapping[str, Thing] | None = None
) -> System:
    """One system's declaration, its tables completed by their shapes and by the descriptions of their columns' names.

    Raises DeclarationError naming file and line.
    """
    _named_as_its_file(thing)
    data = copy.deepcopy(thing.data)
    for e, export in enumerate(_listed(data, "exports")):
        for t, table in enumerate(_listed(export, "tables")):
            if isinstance(table, dict) and _shapes_of(table):
                _complete(table, ("exports", e, "tables", t), shapes, off or {}, thing)
            elif _listed(table, "fields"):
                name = f"{thing.name}__{table.get('name')}"
                table["fields"] = completed(table["fields"], name, fields, titles=bool(table.get("header")))
    system = parse(System, data, thing.lines, thing.path)
    names = [table.name for export in system.exports for table in export.tables]
    for what, given in (("deux tables", names), ("deux exports", [export.name for export in system.exports])):
        if len(set(given)) != len(given):
            raise DeclarationError(f"{thing.at('exports')} exports: {what} ont le même nom")
    return system


def _named_as_its_file(thing: Thing) -> None:
    if thing.name != thing.path.stem:
        raise DeclarationError(
            f"{thing.at(thing.kind)} {thing.kind}: « {thing.path.stem} » est attendu, le nom du fichier, et non « {thing.name} »"
        )


def _listed(declared: object, key: str) -> list[Any]:
    """The list under ``key``; empty when it is something else, which the models refuse."""
    value = declared.get(key) if isinstance(declared, dict) else None
    return value if isinstance(value, list) else []


def _shapes_of(table: dict[str, Any]) -> list[str]:
    """The names under ``shape``; empty when it is anything else, which the models refuse."""
    given = table.get("shape")
    names = given if isinstance(given, list) else [given]
    return names if all(isinstance(name, str) for name in names) else []


def _complete(
    table: dict[str, Any], at: tuple[Any, ...], shapes: dict[str, Shape], off: Mapping[str, Thing], thing: Thing
) -> None:
    """Replace the table's field formats by the fields of its shapes, each with the system's own format.

    A field that is in two of its shapes is one column, defined by the first.
    """
    names = _shapes_of(table)
    for name in names:
        if name not in shapes:
            known = (
                f"est désactivé dans {off[name].place}"
                if name in off
                else f"n’est pas une forme déclarée ({', '.join(shapes) or 'il n’y en a pas'}){suggestion(name, shapes)}"
            )
            raise DeclarationError(f"{thing.at(*at, 'shape')} shape: « {name} » {known}")
    filled = [shapes[name] for name in names]
    fields: dict[str, Field] = {}
    for shape in filled:
        for column in shape.fields:
            fields.setdefault(column.name, column)
    own: dict[str, dict[str, Any]] = {}
    for i, entry in enumerate(_listed(table, "fields")):
        here = (*at, "fields", i)
        lines = {place[len(here) :]: line for place, line in thing.lines.items() if place[: len(here)] == here}
        written = parse(FieldFormat, entry, lines, thing.path)
        if written.name not in fields:
            raise DeclarationError(
                f"{thing.at(*here)} fields: {' et '.join(names)} : la forme n’a pas de colonne « {written.name} »"
                f"{suggestion(written.name, fields)}"
            )
        field = fields[written.name].model_dump()
        stricter = written.model_dump(include={"pattern", "required"}, exclude_defaults=True)
        of_system = written.model_dump(exclude_none=True, exclude={"pattern", "required"})
        own[written.name] = field | of_system | {"constraints": field["constraints"] | stricter}
        # wrong here, not in the shape
        parse(Field, own[written.name], lines, thing.path, within=f"fields.{written.name}")
    table["fields"] = [own.get(f.name) or f.model_dump() for f in fields.values()]
    table.setdefault("primaryKey", filled[0].primaryKey)
    table.setdefault("missingValues", list(dict.fromkeys(word for shape in filled for word in shape.missingValues)))
    table.setdefault("description", filled[0].description)
