"""Loads the declarations of this folder: the only list of the source systems that exist.

``load_registry()`` reads every ``<system>.yml`` and ``shapes/<shape>.yml``, resolves shapes into whole tables, and
refuses any mistake with file and line. It knows nothing of an organisation (see ``organisation``).
"""

import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from pipelines import settings
from pipelines.catalogue.declarations import Export, FieldFormat, Shape, System, Table
from pipelines.catalogue.yaml_file import DeclarationError, parse, read_mapping


@dataclass(frozen=True)
class ExportRef:
    """One export of one system: the unit that is delivered, judged and accepted."""

    system: System
    export: Export

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

    def layout(self, exercice: int) -> dict:
        """What decides how the files of ``exercice`` are read: part of a delivery's identity."""
        return {
            "system": self.system.system,
            "export": self.export.name,
            "exercice": exercice,
            "format": self.export.format.model_dump(),
            "tables": [
                {
                    **table.model_dump(include={"name", "sheet", "optional", "missingValues", "ignore", "exercice"}),
                    "header": table.header_of(exercice),
                    "fields": [f.model_dump(exclude={"title", "description", "severity"}) for f in table.fields],
                }
                for table in self.export.tables
            ],
        }


@dataclass(frozen=True)
class Registry:
    """Every declared system, by name."""

    systems: dict[str, System]
    shapes: dict[str, Shape]

    def exports(self) -> list[ExportRef]:
        """Every export of every system, in order of declaration."""
        return [ExportRef(system, export) for system in self.systems.values() for export in system.exports]

    def tables(self) -> list[tuple[System, Table]]:
        """Every table of every system."""
        return [(ref.system, table) for ref in self.exports() for table in ref.export.tables]

    def export_of(self, key: str) -> ExportRef:
        """The export named ``system/export``; KeyError when there is none."""
        for ref in self.exports():
            if ref.key == key:
                return ref
        raise KeyError(f"no export {key!r} is declared")


def load_registry(folder: Path | None = None) -> Registry:
    """The declarations in ``folder``, the project's by default; read once. Raises DeclarationError naming file and line."""
    return _kept(folder or settings.CATALOGUE_DIR)


def read_registry(folder: Path) -> Registry:
    """Read the declarations in ``folder``. Raises DeclarationError naming file and line."""
    shapes = {}
    for path in sorted((folder / "shapes").glob("*.yml")):
        shape = parse(Shape, *read_mapping(path), path)
        if shape.shape != path.stem:
            raise DeclarationError(f"{path.name}:1 shape: must be {path.stem!r}, the name of the file")
        shapes[shape.shape] = shape
    systems = {}
    for path in sorted((folder / "systems").glob("*.yml")):
        system = read_system(path, shapes)
        systems[system.system] = system
    return Registry(systems, shapes)


_kept = functools.cache(read_registry)


def read_system(path: Path, shapes: dict[str, Shape]) -> System:
    """Read one system's declaration, its tables completed by their shapes."""
    data, lines = read_mapping(path)
    for e, export in enumerate(_listed(data, "exports")):
        for t, table in enumerate(_listed(export, "tables")):
            if isinstance(table, dict) and isinstance(table.get("shape"), str):
                _complete(table, ("exports", e, "tables", t), shapes, lines, path)
    system = parse(System, data, lines, path)
    if system.system != path.stem:
        raise DeclarationError(f"{path.name}:{lines[('system',)]} system: must be {path.stem!r}, the name of the file")
    names = [table.name for export in system.exports for table in export.tables]
    for what, given in (("tables", names), ("exports", [export.name for export in system.exports])):
        if len(set(given)) != len(given):
            raise DeclarationError(f"{path.name}:{lines[('exports',)]} exports: two {what} have the same name")
    return system


def _listed(declared: object, key: str) -> list:
    """The list under ``key``; empty when there is none, since the models refuse anything else."""
    value = declared.get(key) if isinstance(declared, dict) else None
    return value if isinstance(value, list) else []


def _complete(table: dict, at: tuple, shapes: dict[str, Shape], lines: dict, path: Path) -> None:
    """Replace the table's field formats by the shape's fields, each with the system's own format."""
    name = table["shape"]
    if name not in shapes:
        raise DeclarationError(
            f"{path.name}:{lines[(*at, 'shape')]} shape: {name!r} is not one of {', '.join(shapes) or 'no shape'}"
        )
    shape = shapes[name]
    own = {}
    for i, entry in enumerate(_listed(table, "fields")):
        field = parse(
            FieldFormat,
            entry,
            {k[len(at) + 2 :]: v for k, v in lines.items() if k[: len(at) + 2] == (*at, "fields", i)},
            path,
        )
        if field.name not in {f.name for f in shape.fields}:
            raise DeclarationError(
                f"{path.name}:{lines[(*at, 'fields', i)]} fields: shape {name!r} has no field {field.name!r}"
            )
        own[field.name] = field
    table["fields"] = [_own(f.model_dump(), own.get(f.name)) for f in shape.fields]
    table.setdefault("primaryKey", shape.primaryKey)
    table.setdefault("missingValues", shape.missingValues)
    table.setdefault("description", shape.description)


def _own(field: dict, own: FieldFormat | None) -> dict:
    """A shape's field as one system writes it."""
    if own is None:
        return field
    words = {"constraints": field["constraints"] | {"pattern": own.pattern}} if own.pattern else {}
    return field | own.model_dump(exclude_none=True, exclude={"pattern"}) | words


def fingerprint(value: object) -> str:
    """SHA-256 (hex) of a JSON value, keys sorted: how every identity of the project is computed."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()
