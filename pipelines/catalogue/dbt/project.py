"""The hand-written part of the dbt project, shipped and the home's: models, their descriptions, macros, tests.

This module finds them by name, and works out what each one needs. ``generated`` makes the files that follow from
declarations, and ``compose`` writes everything into a folder.
"""

import functools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from pipelines.catalogue.overlay import Overlay, Thing, entries, put_over
from pipelines.catalogue.yaml_file import DeclarationError, Lines, Model, parse, read_mapping, read_text, shown

# folders of models, each of which reads itself and those before it
LAYERS = ("staging", "intermediate", "marts", "restreint", "calculs", "rapport", "controles")
PROJECT_FILE = "dbt_project.yml"
COMPOSED = "models/composed"  # what the composer writes
COMPOSED_SOURCES = ("lake", "reference")
NEED = re.compile(r"\b(ref|source)\s*\(\s*['\"](\w+)['\"]\s*(?:,\s*['\"](\w+)['\"]\s*)?\)")
ASIDE = re.compile(r"(?P<said>\{\{.*?\}\}|\{%.*?%\}|'(?:[^']|'')*')|--[^\n]*|/\*.*?\*/|\{#.*?#\}", re.DOTALL)
SCHEMA = re.compile(r"\bconfig\([^)]*\bschema\s*=\s*['\"](?P<schema>\w+)['\"]")
SWITCHED_OFF = re.compile(r"\bconfig\([^)]*\benabled\s*=\s*(?i:false)")


@dataclass(frozen=True)
class Need:
    """A model, or a table of a source, that a text reads; ``line`` is where."""

    name: str  # the model's, or ``<source>.<table>``
    is_model: bool
    line: int


class Link(NamedTuple):
    """A column whose values are all keys of rows of the model ``parent``."""

    column: str
    parent: str
    key: str


Links = Mapping[str, list[Link]]  # by model


@dataclass(frozen=True)
class Project:
    """What is written by hand and in effect; a model that is switched off is only in ``off``."""

    models: Overlay  # SQL by model
    said: Overlay  # YAML entry by model
    tests: Overlay  # SQL of singular and generic tests, by file
    macros: Overlay  # SQL by file
    sources: Overlay  # YAML entry of a table that the engine loads, by ``<source>.<table>``
    others: Overlay  # what YAML contains besides ``models`` (unit tests, macros), by section and name
    off: dict[str, Thing]  # models that are switched off, including those that follow from declarations
    project_file: str  # text of dbt_project.yml
    folder_of: dict[Path, Path]  # file → its place in the project

    @functools.cached_property
    def keys(self) -> dict[str, list[str]]:
        """Model → the columns of its key: those of its test ``unique_combination_of_columns``, which dbt proves at each build."""
        found = {}
        for thing in self.said:
            for test in thing.data.get("data_tests") or thing.data.get("tests") or []:
                if isinstance(test, dict) and "unique_combination_of_columns" in test:
                    found[thing.name] = _arguments(test["unique_combination_of_columns"])["combination_of_columns"]
        return found

    @functools.cached_property
    def promised(self) -> dict[str, list[str]]:
        """Model → the columns that its entry lists."""
        return {thing.name: [column["name"] for column in thing.data.get("columns") or []] for thing in self.said}

    @functools.cached_property
    def links(self) -> Links:
        """What dbt proves at each build by a ``relationships`` test on a column: for all its values, and as an error."""
        found: dict[str, list[Link]] = {}
        for model, column, said in self._proved("relationships"):
            if parent := NEED.match(said["to"]):
                found.setdefault(model, []).append(Link(column, parent[3] or parent[2], said["field"]))
        return found

    @functools.cached_property
    def accepted(self) -> dict[str, dict[str, set[str]]]:
        """Model → column → its only values: those of an ``accepted_values`` test, for all its rows and as an error."""
        found: dict[str, dict[str, set[str]]] = {}
        for model, column, said in self._proved("accepted_values"):
            found.setdefault(model, {})[column] = set(map(str, said["values"]))
        return found

    def _proved(self, kind: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Model, column and arguments of each test of a kind that is about all the values of the column, as an error."""
        for thing in self.said:
            for column in thing.data.get("columns") or []:
                for test in column.get("data_tests") or column.get("tests") or []:
                    said = test.get(kind) if isinstance(test, dict) else None
                    if said and not said.get("config"):
                        yield thing.name, column["name"], _arguments(said)

    def layer_of(self, model: str) -> str:
        """The folder of models that a model is in."""
        return self.folder_of[self.models[model].path].parts[1]

    def schema_of(self, model: str) -> str:
        """The schema of the warehouse in which a hand-written model is made: the one it sets, or else its layer's."""
        asked = (self.said[model].data.get("config") or {}).get("schema") if model in self.said else None
        found = SCHEMA.search(without_comments(self.models[model].data))
        return (found["schema"] if found else None) or asked or self.layer_of(model)

    def place_of(self, relation: str) -> str:
        """``<schema>.<model>`` as in the warehouse, wherever the declaration puts the model."""
        model = relation.partition(".")[2]
        return f"{self.schema_of(model)}.{model}" if model in self.models else relation


def _arguments(test: dict[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = test.get("arguments", test)
    return arguments


def read_project(layers: list[Path]) -> Project:
    """The project of these layers, the later over the earlier. Raises DeclarationError naming file and line."""
    roots = [layer / "dbt_project" for layer in layers]
    yaml_files = [list(_yaml_files(root)) for root in roots]
    said = put_over(
        [t for file in files for t in entries("model entry", *file, ("models",), "name")] for files in yaml_files
    )
    models = put_over(list(_models(root)) for root in roots)
    off = models.off | said.off
    return Project(
        _without(models, off),
        _without(said, off),
        put_over(list(_sql("dbt test", root, "tests")) for root in roots),
        put_over(list(_sql("macro file", root, "macros")) for root in roots),
        put_over([t for file in files for t in _source_tables(*file)] for files in yaml_files),
        put_over(
            [
                replace(thing, name=f"{section}.{thing.name}")
                for path, data, lines in files
                for section in sorted(data.keys() - {"version", "models", "sources"})
                for thing in entries("dbt other", path, data, lines, (section,), "name")
            ]
            for files in yaml_files
        ),
        off,
        read_text(roots[0] / PROJECT_FILE),
        {
            path: path.relative_to(root)
            for root in roots
            for folder in ("models", "tests", "macros")
            for path in _written(root, folder, "*.*")
        },
    )


def _written(root: Path, folder: str, pattern: str) -> list[Path]:
    """The files of a folder that are written by hand."""
    return sorted(path for path in (root / folder).rglob(pattern) if root / COMPOSED not in path.parents)


def _without(overlay: Overlay, off: dict[str, Thing]) -> Overlay:
    """An overlay without the models that are switched off, in their SQL or in their entry."""
    on = {name: thing for name, thing in overlay.on.items() if name not in off}
    return Overlay(
        on, {name: thing for name, thing in off.items() if name in overlay.on or name in overlay.off}, overlay.replaced
    )


class _Named(BaseModel):
    """What the engine reads of a column, a test or a table; the rest is dbt's."""

    model_config = ConfigDict(extra="allow")
    name: str


class _Entry(_Named):
    config: dict[str, Any] = {}
    columns: list[_Named] = []
    data_tests: list[Any] = []


class _Source(_Named):
    tables: list[_Entry] = []


class _File(BaseModel):
    """A YAML file of the project, as far as the engine reads it."""

    model_config = ConfigDict(extra="allow")
    models: list[_Entry] = []
    sources: list[_Source] = []


def _yaml_files(root: Path) -> Iterator[tuple[Path, dict[str, Any], Lines]]:
    for path in _written(root, "models", "*.yml"):
        data, lines = read_mapping(path)
        parse(_File, data, lines, path)
        for entry in data.get("models") or []:
            if "enabled" in entry.get("config", {}):  # dbt's way of saying ``enabled: false``
                entry["enabled"] = entry["config"].pop("enabled")
        yield path, data, lines


def _models(root: Path) -> Iterator[Thing]:
    for thing in _sql("model", root, "models"):
        if thing.path.relative_to(root).parts[1] not in LAYERS:
            raise DeclarationError(f"{shown(thing.path)}:1 un modèle est dans models/{', models/'.join(LAYERS)}")
        yield thing


def _sql(kind: str, root: Path, folder: str) -> Iterator[Thing]:
    """The SQL files of a folder; an empty one is off, and so is one that is disabled for dbt."""
    for path in _written(root, folder, "*.sql"):
        text = read_text(path)
        said = without_comments(text).strip()
        yield Thing(kind, path.stem, text, path, {(): 1}, enabled=bool(said) and not SWITCHED_OFF.search(said))


def _source_tables(path: Path, data: dict[str, Any], lines: Lines) -> Iterator[Thing]:
    for s, source in enumerate(data.get("sources") or []):
        if source["name"] in COMPOSED_SOURCES:
            where = f"{shown(path)}:{lines.get(('sources', s), 1)} sources.{s}"
            raise DeclarationError(f"{where}: la source « {source['name']} » découle des déclarations du catalogue")
        about = {key: value for key, value in source.items() if key != "tables"}
        for thing in entries("dbt source", path, data, lines, ("sources", s, "tables"), "name"):
            yield replace(thing, name=f"{source['name']}.{thing.name}", data={"source": about, "table": thing.data})


def meta_of(entry: Thing) -> dict[str, Any]:
    """What a model's entry says to the engine, ``config: {meta: …}``; empty when it says nothing."""
    meta = (entry.data.get("config") or {}).get("meta")
    return meta if isinstance(meta, dict) else {}


def parsed_meta(entries: Iterable[Thing], key: str, grammar: type[Model]) -> dict[str, Model]:
    """Model → what its entry says under ``meta.<key>``. Raises DeclarationError naming file and line."""
    return {thing.name: thing.parsed(grammar) for thing in meta_things(entries, key, key)}


def meta_things(entries: Iterable[Thing], key: str, kind: str) -> Iterator[Thing]:
    """What models' entries say under ``meta.<key>``, each as a thing of that kind with the model's name."""
    at = ("config", "meta", key)
    for entry in entries:
        if key in (meta := meta_of(entry)):
            lines = {place[len(at) :]: line for place, line in entry.lines.items() if place[: len(at)] == at}
            yield Thing(kind, entry.name, meta[key], entry.path, lines)


def needs_of(sql: str) -> Iterator[Need]:
    """What a SQL text reads through ``ref`` and ``source``, ignoring comments."""
    return _needs(without_comments(sql))


def needs_said(data: Any) -> Iterator[Need]:
    """What a YAML entry reads: its tests, its unit tests."""
    return _needs(json.dumps(data, default=str, ensure_ascii=False))


def _needs(text: str) -> Iterator[Need]:
    for found in NEED.finditer(text):
        kind, first, second = found.groups()
        is_model = kind == "ref"
        name = (second or first) if is_model else f"{first}.{second}"  # a model may be named with its project
        yield Need(name, is_model, text.count("\n", 0, found.start()) + 1)


def without_comments(sql: str) -> str:
    """A SQL text with its comments blanked, every line in its place."""
    return ASIDE.sub(lambda found: found["said"] or "\n" * found[0].count("\n"), sql)
