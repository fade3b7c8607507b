"""The figures in effect, checked against one another and against the declared sources.

A mistake is refused with file and line: a code given twice, an operand that is not a figure or leads back to itself, an
undeclared source table or family.
"""

import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pipelines.catalogue.figures.grammar import (
    PUBLIC,
    Chapter,
    Family,
    Figure,
    Words,
    placeholders_of,
    values_of,
    written,
)
from pipelines.catalogue.overlay import Overlay, Thing, entries, put_over, switch
from pipelines.catalogue.sources import Registry
from pipelines.catalogue.yaml_file import DeclarationError, Lines, parse, read_mapping, shown
from pipelines.did_you_mean import suggestion

ANY = "*"  # the system of a source that is a shape
SOURCED = ". Sources : "  # between how a figure is computed and what it is computed from


@dataclass(frozen=True)
class DeclaredFigure:
    """A figure with the domain of its file and the place where it is declared."""

    figure: Figure
    domaine: str
    place: str  # file:line
    words: Words  # those of its file


@dataclass(frozen=True)
class Figures:
    """Every declared figure by code, and every family by name, in order of declaration."""

    by_code: dict[str, DeclaredFigure]
    families: dict[str, Family]
    titles: dict[str, str]  # of each domain, as the report prints it
    shapes: dict[str, tuple[str, ...]] = field(default_factory=dict)  # `*/shape` → the tables declared of that shape
    unable: dict[str, set[str]] = field(default_factory=dict)  # measure → the tables that cannot hold anything of it
    completed: dict[str, list[str]] = field(default_factory=dict)  # fact → the words of what completes its lines

    def family_of(self, code: str) -> Family | None:
        """The family of a declared code, None when it declares a single figure."""
        name = self.by_code[code].figure.family
        return self.families[name] if name else None

    def indicators(self) -> list[DeclaredFigure]:
        """The figures that a member of a family may name as its own, in order of declaration."""
        named = [name for name, family in self.families.items() if family.indicateurs]
        return [declared for declared in self.by_code.values() if declared.figure.family in named]

    def indicators_from(self, table: str) -> list[str]:
        """The last parts of those that rest on the member's own table of that name (``{application}/comptes``)."""
        return [
            one.figure.indicateur
            for one in self.indicators()
            if any((f"{{{one.figure.family}}}/{table}",) == group for group in self.sources(one.figure.code))
        ]

    def leaves(self, code: str) -> list[Figure]:
        """The measures that a figure rests on, itself included when it is one, in order of appearance."""
        figure = self.by_code[code].figure
        if figure.mesure:
            return [figure]
        found = [leaf for name in figure.operandes.values() for leaf in self.leaves(name)]
        return list({leaf.code: leaf for leaf in found}.values())

    def sources(self, code: str) -> list[tuple[str, ...]]:
        """The sources behind a figure, ``system/table`` or ``*/shape``, each with its alternatives.

        Those of a family may hold its placeholder.
        """
        return list(dict.fromkeys(group for leaf in self.leaves(code) for group in leaf.alternatives))

    def tables_of(self, source: str, code: str | None = None) -> tuple[str, ...]:
        """The tables that a source names, as ``system/table``: every one of a shape, or itself.

        With a declared ``code``, only those that can hold something of that figure.
        """
        tables = self.shapes.get(source, (source,))
        unable = [self.unable.get(leaf.code, set()) for leaf in self.leaves(code)] if code else []
        return tuple(table for table in tables if not unable or not set.intersection(*unable) & {table})

    def answers_for(self, figure: Figure, table: str) -> bool:
        """True when a measure's ``sources`` or ``sans_effet`` name this ``system/table``; those of a family member name every member's."""
        named = [*figure.sans_effet, *(source for group in figure.alternatives for source in group)]
        of_members = [source.partition("/")[2] for source in named if placeholders_of(source)]
        return (
            any(table in self.tables_of(source) for source in [*named, *(f"{ANY}/{name}" for name in of_members)])
            or table.partition("/")[2] in of_members
        )

    def declaration_of(self, code: str) -> tuple[DeclaredFigure, str | None]:
        """The declaration behind a printed code, and the member's code when it is one of a family.

        Raises KeyError when no declaration gives this code.
        """
        if code in self.by_code:
            return self.by_code[code], None
        for before, after, declared in self._around:
            member = code.removeprefix(before).removesuffix(after)
            if code == f"{before}{member}{after}" and member and "." not in member:
                return declared, member
        raise KeyError(code)

    def declared_as(self, code: str) -> str | None:
        """The declared code behind a printed one; None when it was published under an older declaration."""
        try:
            return self.declaration_of(code)[0].figure.code
        except KeyError:
            return None

    @functools.cached_property
    def _around(self) -> list[tuple[str, str, DeclaredFigure]]:
        """What comes before and after the member in the codes of each declared family."""
        families = [one for one in self.by_code.values() if one.figure.family]
        codes = [one.figure.code.partition(f"{{{one.figure.family}}}") for one in families]
        return [(before, after, one) for (before, _, after), one in zip(codes, families, strict=True)]

    def formula(self, code: str, used: Collection[str] | None = None) -> str:
        """How a figure is computed, in French; of the alternatives of a source, only the tables that are ``used``.

        In a family ``{application}`` means the member's name, ``{code_application}`` its code.
        """
        figure = self.by_code[code].figure
        if figure.mesure:
            words = figure.mesure.in_words(self.family_of(code), self.by_code[code].words)
        else:
            labels = {name: f"« {self.by_code[one].figure.libelle} »" for name, one in figure.operandes.items()}
            words = written(figure.term, labels)
        facts = dict.fromkeys(leaf.mesure.fait for leaf in self.leaves(code) if leaf.mesure)
        rules = [rule for fact in facts for rule in self.completed.get(fact, [])]
        words += f" ; lignes complétées : {' ; '.join(dict.fromkeys(rules))}" if rules else ""
        places = f"{figure.decimales} décimale{'s' if figure.decimales > 1 else ''}" if figure.decimales else "l’unité"
        groups: list[str] = []
        for group in self.sources(code):
            kept = [
                one
                for one in group
                if used is None or placeholders_of(one) or not {*self.tables_of(one)}.isdisjoint(used)
            ]
            groups.append(" ou ".join(map(said, kept or group)))
        sources = ", ".join(dict.fromkeys(groups))
        sources = sources.replace(f"{{{figure.family}}}", f"{{code_{figure.family}}}")
        return f"{words} ; arrondi à {places}{SOURCED}{sources}."


def said(source: str) -> str:
    """A source, in French."""
    system, _, name = source.partition("/")
    return f"{name} (tout système)" if system == ANY else source


@dataclass(frozen=True)
class DeclaredFigures:
    """The named things that figures are made of, layers combined; ``domain_of`` says which domain a file is about."""

    domains: Overlay
    words: Overlay  # by ``<domain>.<word>``
    families: Overlay
    figures: Overlay
    domain_of: dict[Path, str]


def read_figures(layers: list[Path]) -> DeclaredFigures:
    """Read ``catalogue/figures/*.yml`` of each layer. Raises DeclarationError naming file and line."""
    files = [
        [(path, *read_mapping(path)) for path in sorted(layer.glob("catalogue/figures/*.yml"))] for layer in layers
    ]
    domain_of: dict[Path, str] = {}
    for path, data, _ in (file for layer in files for file in layer):
        domain = data.get("domaine")
        if not isinstance(domain, str):
            raise DeclarationError(f"{shown(path)}:1 domaine: le nom d’un domaine est attendu")
        domain_of[path] = domain

    def put(things: Callable[[Path, dict[str, Any], Lines], list[Thing]]) -> Overlay:
        return put_over([thing for file in layer for thing in things(*file)] for layer in files)

    def words(path: Path, data: dict[str, Any], lines: Lines) -> list[Thing]:
        found = entries("word", path, {"mots": data.get("mots")}, lines, ("mots",), None)
        return [replace(thing, name=f"{domain_of[path]}.{thing.name}") for thing in found]

    def title(path: Path, data: dict[str, Any], lines: Lines) -> list[Thing]:
        if "enabled" in data:
            return [Thing("domain", data["domaine"], None, path, {(): lines["enabled",]}, switch(data, path, lines))]
        if "titre" not in data:  # a file that only adds to a domain
            return []
        return [Thing("domain", data["domaine"], data["titre"], path, {(): lines["titre",]})]

    declared = DeclaredFigures(
        put(title),
        put(words),
        put(lambda path, data, lines: entries("family", path, data, lines, ("familles",), None)),
        put(lambda path, data, lines: entries("figure", path, data, lines, ("chiffres",), "code")),
        domain_of,
    )
    for path, data, lines in (file for layer in files for file in layer):  # `enabled` was removed from the data
        parse(Chapter, {**data, "familles": {}, "chiffres": []}, lines, path)  # an unknown key, a domain without a name
    return declared


def make_figures(declared: DeclaredFigures, registry: Registry, systems: Overlay, shapes: Overlay) -> Figures:
    """The figures in effect, checked against one another and the systems. Raises DeclarationError naming file and line."""
    words: dict[str, dict[str, Any]] = {}
    for thing in declared.words:
        domain, _, name = thing.name.partition(".")
        words.setdefault(domain, {})[name] = thing.data
    families = {thing.name: thing.parsed(Family) for thing in declared.families}
    by_code = {}
    for thing in declared.figures:
        domain = declared.domain_of[thing.path]
        if domain not in declared.domains:
            off = declared.domains.off.get(domain)
            why = f"est désactivé dans {off.place}" if off else "n’a pas de titre"
            raise DeclarationError(f"{thing.place} le domaine « {domain} » {why}")
        figure = _without_branches(thing.parsed(Figure), thing, systems, shapes)
        by_code[thing.name] = DeclaredFigure(figure, domain, thing.place, Words(by_name=words.get(domain, {})))
    titles = {thing.name: thing.data for thing in declared.domains}
    tables = {f"{system.system}/{table.name}": table for system, table in registry.tables()}
    unable = {
        code: {name for name, table in tables.items() if not table.may_hold(wanted)}
        for code, declared in by_code.items()
        if (wanted := values_of(declared.figure.champs))
    }
    of_shape = {f"{ANY}/{shape}": registry.of_shape(shape) for shape in registry.shapes}
    figures = Figures(by_code, families, titles, of_shape, unable)
    for one in by_code.values():
        family = one.figure.family
        if family and family not in families:
            off = declared.families.off.get(family)
            why = f"que {off.place} désactive" if off else "que rien ne déclare"
            raise DeclarationError(f"{one.place} code: demande la famille « {family} », {why}")
        _check_sources(one, registry)
        _check_fields(one, figures, registry, declared.figures[one.figure.code])
        _check_operands(one, figures, declared.figures)
    return figures


def _without_branches(figure: Figure, thing: Thing, systems: Overlay, shapes: Overlay) -> Figure:
    """Drop the alternatives whose system or shape is switched off; one that has no other is refused, naming both."""

    def switched_off(source: str) -> Thing | None:
        system, _, name = source.partition("/")
        return shapes.off.get(name) if system == ANY else systems.off.get(system)

    groups: list[list[str]] = []
    for index, group in enumerate(figure.alternatives):
        kept = [source for source in group if not switched_off(source)]
        if not kept:
            (off, *_) = filter(None, map(switched_off, group))
            raise DeclarationError(f"{thing.at('sources', index)} demande {off.said}, que {off.place} désactive")
        groups.append(kept)
    return figure.model_copy(update={"sources": [group if len(group) > 1 else group[0] for group in groups]})


def _check_sources(declared: DeclaredFigure, registry: Registry) -> None:
    tables = {f"{system.system}/{table.name}" for system, table in registry.tables()}
    names = {table.partition("/")[2] for table in tables}
    named = [("sources", source) for group in declared.figure.alternatives for source in group]
    for key, source in [*named, *(("sans_effet", source) for source in declared.figure.sans_effet)]:
        system, _, table = source.partition("/")
        if system == ANY:
            if table not in registry.shapes:
                near = suggestion(table, sorted(registry.shapes))
                raise DeclarationError(f"{declared.place} {key}: « {source} » n’est pas une forme déclarée{near}")
        elif (table not in names) if placeholders_of(system) else (source not in tables):
            near = "" if placeholders_of(system) else suggestion(source, sorted(tables))
            raise DeclarationError(f"{declared.place} {key}: « {source} » n’est pas une table déclarée{near}")


def _check_fields(declared: DeclaredFigure, figures: Figures, registry: Registry, thing: Thing) -> None:
    """Check that each field of ``champs`` belongs to a table, or a shape, named in the sources."""
    figure = declared.figure
    named = [source.partition("/") for group in figure.alternatives for source in group]
    shapes = {name for system, _, name in named if system == ANY}
    known = {field.name for name in shapes for field in registry.shapes[name].fields if field.personal != "drop"}
    for system, table in registry.tables():
        if figures.answers_for(figure, f"{system.system}/{table.name}"):
            known |= {field.name for field in table.kept_fields}
    for index, group in enumerate(figure.needs):
        for name in group:
            if name not in known:
                raise DeclarationError(
                    f"{thing.at('champs', index)} champs: aucune source de « {figure.code} » n’a de colonne « {name} »"
                    f"{suggestion(name, sorted(known))}"
                )


def _check_operands(declared: DeclaredFigure, figures: Figures, things: Overlay) -> None:
    for name, code in declared.figure.operandes.items():
        if code not in figures.by_code:
            off = things.off.get(code)
            why = f"est désactivé dans {off.place}" if off else "n’est pas un chiffre déclaré"
            raise DeclarationError(f"{declared.place} operandes.{name}: « {code} » {why}")
        if declared.figure.compte in PUBLIC and figures.by_code[code].figure.compte not in PUBLIC:
            raise DeclarationError(
                f"{declared.place} compte: « {code} », dont il est fait, compte des personnes ou ne dit pas ce qu’il compte : "
                "public, ce chiffre le dirait ; écrire ce que compte l’opérande (agents, citoyens), ou rien"
            )
    _refuse_circle(declared, figures, [declared.figure.code])


def _refuse_circle(start: DeclaredFigure, figures: Figures, path: list[str]) -> None:
    for code in figures.by_code[path[-1]].figure.operandes.values():
        if code in path:
            raise DeclarationError(
                f"{start.place} operandes: un chiffre dépend de lui-même : {' → '.join([*path, code])}"
            )
        if code in figures.by_code:
            _refuse_circle(start, figures, [*path, code])
