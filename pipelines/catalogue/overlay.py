"""Combines two layers of declarations, the shipped one and a home's: each named thing of the home is added to the shipped
ones, or replaces one completely, or switches it off.

This module finds the named things of a layer and puts one layer over the other. Each kind of thing has its own grammar, and
``load`` combines the kinds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.yaml_file import DeclarationError, Lines, Model, line_of, parse, read_mapping, shown
from pipelines.catalogue.yaml_words import MAPPING

FOLDERS = ("catalogue", "expectations", "dbt_project")  # what a layer contains
ANYWHERE = ("model", "model entry")  # a model that is switched off may be one that is composed: ``needs`` checks


# kind → how to name a thing of it in French
KINDS = {
    "system": "le système",
    "shape": "la forme",
    "field": "la colonne",
    "suite": "la suite",
    "domain": "le domaine",
    "word": "le mot",
    "family": "la famille",
    "figure": "le chiffre",
    "chapter": "le chapitre",
    "alert": "l’alerte",
    "guard": "la garde",
    "secrecy": "l’entrée de secret",
    "denominator": "le dénominateur",
    "size class": "la classe de taille",
    "ratio": "le ratio",
    "prose": "le texte",
    "template": "le modèle de document",
    "rule": "la règle",
    "effect": "l’effet",
    "reference table": "la table de référence",
    "reference rows": "les lignes de référence",
    "model": "le modèle",
    "model entry": "la description du modèle",
    "dbt test": "le test",
    "macro file": "le fichier de macros",
    "dbt source": "la source dbt",
    "dbt other": "l’entrée de dbt",
}


def named(kind: str, name: str) -> str:
    """``le système « glpi »``, as a French sentence names a thing."""
    said = KINDS.get(kind) or f"{KINDS['secrecy']} ({kind.removeprefix('secrecy ')})"
    return f"{said} « {name} »"


@dataclass(frozen=True)
class Thing:
    """One named thing of one layer: ``data`` as it was read (the text, for a file that is not YAML), and its place."""

    kind: str
    name: str
    data: Any
    path: Path
    lines: Lines  # by path inside the thing; () is where it begins
    enabled: bool = True

    @property
    def place(self) -> str:
        """``file:line``, as messages and the commands show it."""
        return f"{shown(self.path)}:{self.lines.get((), 1)}"

    @property
    def said(self) -> str:
        """Its kind and its name, in French."""
        return named(self.kind, self.name)

    @property
    def identity(self) -> str:
        """SHA-256 of its content."""
        return fingerprint([self.kind, self.name, self.data, self.enabled])

    def at(self, *loc: Any) -> str:
        """``file:line`` of one of its parts."""
        return f"{shown(self.path)}:{line_of(loc, self.lines)}"

    def parsed(self, model: type[Model]) -> Model:
        """Its content, in its grammar. Raises DeclarationError naming file and line."""
        return parse(model, self.data, self.lines, self.path)


@dataclass(frozen=True)
class Overlay:
    """The things of one kind that are in effect, by name: the shipped order, then what the home adds."""

    on: dict[str, Thing]
    off: dict[str, Thing]  # switched off
    replaced: dict[str, Thing]  # the shipped ones that a thing of the home replaces

    def __iter__(self) -> Iterator[Thing]:
        return iter(self.on.values())

    def __getitem__(self, name: str) -> Thing:
        return self.on[name]

    def __contains__(self, name: str) -> bool:
        return name in self.on


def put_over(layers: Iterable[Iterable[Thing]]) -> Overlay:
    """Put the second layer over the first. Raises DeclarationError when one layer gives a name twice."""
    found: dict[str, Thing] = {}
    replaced: dict[str, Thing] = {}
    for layer in layers:
        here: dict[str, Thing] = {}
        for thing in layer:
            if thing.name in here:
                first = here[thing.name].place
                raise DeclarationError(f"{thing.place} {thing.said} est déjà dans {first}")
            here[thing.name] = thing
        for thing in here.values():
            if not thing.enabled and thing.name not in found and thing.kind not in ANYWHERE:
                raise DeclarationError(f"{thing.place} désactive {thing.said}, que rien ne déclare")
        replaced |= {name: found[name] for name in here if name in found}
        found |= here
    on = {name: thing for name, thing in found.items() if thing.enabled}
    return Overlay(on, {name: thing for name, thing in found.items() if not thing.enabled}, replaced)


def whole_file(kind: str, path: Path, key: str | None = None, name: str = "") -> Thing:
    """A file that is one thing, named by its ``key``, or by ``name`` when its place says it."""
    data, lines = read_mapping(path)
    named = data.get(key) if key else name
    if not isinstance(named, str):
        raise DeclarationError(f"{shown(path)}:1 {key}: un nom est attendu")
    return Thing(kind, named, data, path, {**lines, (): 1}, switch(data, path, lines))


def entries(
    kind: str, path: Path, data: dict[str, Any], lines: Lines, section: tuple[Any, ...], key: str | None
) -> list[Thing]:
    """The things in a section of a file: a mapping by name, or a list of mappings named by their ``key``."""
    found: Any = data
    for part in section:
        found = found.get(part) if isinstance(found, dict) else found[part] if isinstance(found, list) else None
    if found is None:
        return []
    if not isinstance(found, list if key else dict):
        where = f"{shown(path)}:{lines.get(section, 1)} {'.'.join(map(str, section))}"
        raise DeclarationError(f"{where}: {'une liste est attendue' if key else MAPPING}")
    own: dict[Any, Lines] = {}
    for place, line in lines.items():
        if place[: len(section)] == section and len(place) > len(section):
            own.setdefault(place[len(section)], {})[place[len(section) + 1 :]] = line
    pairs = list(enumerate(found)) if key else list(found.items())
    nowhere = {(): lines.get(section, 1)}  # a key that came from a merge
    things = []
    for at, entry in pairs:
        places = own.get(at, nowhere)
        if key and not (isinstance(entry, dict) and isinstance(entry.get(key), str)):
            where = ".".join(map(str, (*section, at)))
            raise DeclarationError(f"{shown(path)}:{places[()]} {where}: il manque « {key} »")
        enabled = switch(entry, path, places) if isinstance(entry, dict) else True
        things.append(Thing(kind, entry[key] if key else str(at), entry, path, places, enabled))
    return things


def refuse_unknown(path: Path, data: dict[str, Any], lines: Lines, sections: Iterable[tuple[str, ...]]) -> None:
    """Raise DeclarationError when a file of several sections has an unknown one: its content would be lost."""
    inner: dict[str, set[str]] = {}
    for first, *rest in sections:
        inner.setdefault(first, set()).update(rest)
    nested = [((name,), data[name], within) for name, within in inner.items() if within and name in data]
    for at, found, known in [((), data, {*inner}), *nested]:
        if not isinstance(found, dict):
            raise DeclarationError(f"{shown(path)}:{lines.get(at, 1)} {'.'.join(at)}: {MAPPING}")
        for name in found.keys() - known:
            where = f"{shown(path)}:{lines.get((*at, name), 1)} {'.'.join(map(str, (*at, name)))}"
            raise DeclarationError(f"{where}: clé inconnue ; sont connues {', '.join(sorted(known))}")


def switch(data: dict[str, Any], path: Path, lines: Lines) -> bool:
    """Remove ``enabled`` from a thing's data; return it, true by default."""
    enabled = data.pop("enabled", True)
    if not isinstance(enabled, bool):
        raise DeclarationError(f"{shown(path)}:{lines.get(('enabled',), 1)} enabled: true ou false")
    return enabled
