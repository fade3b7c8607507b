"""Reads the figures of this folder and checks them against one another and against the declared sources.

``load_figures()`` refuses any mistake with file and line: a code given twice, an operand that is no figure or
leads back to itself, a source table or a family that is not declared.
"""

from dataclasses import dataclass
from pathlib import Path

from pipelines import settings
from pipelines.catalogue.figures.grammar import Chapter, Family, Figure, Words, parse_expression, placeholders_of
from pipelines.catalogue.registry import Registry, load_registry
from pipelines.catalogue.yaml_file import DeclarationError, parse, read_mapping


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

    def family_of(self, code: str) -> Family | None:
        """The family of a declared code, None when it declares a single figure."""
        name = self.by_code[code].figure.family
        return self.families[name] if name else None

    def of_family(self, name: str) -> list[Figure]:
        """The declared figures of a family, in order of declaration."""
        return [declared.figure for declared in self.by_code.values() if declared.figure.family == name]

    def leaves(self, code: str) -> list[Figure]:
        """The measures that a figure rests on, itself included when it is one, in order of appearance."""
        figure = self.by_code[code].figure
        if figure.measure:
            return [figure]
        found = [leaf for name in figure.operands.values() for leaf in self.leaves(name)]
        return list({leaf.code: leaf for leaf in found}.values())

    def sources(self, code: str) -> list[tuple[str, ...]]:
        """The source tables behind a figure, as ``system/table``, each with its alternatives, of which one is enough.

        Those of a family may hold its placeholder.
        """
        return list(dict.fromkeys(group for leaf in self.leaves(code) for group in leaf.alternatives))

    def declaration_of(self, code: str) -> tuple[DeclaredFigure, str | None]:
        """The declaration behind a printed code, and the member's code when it is one of a family.

        Raises KeyError when no declaration gives this code.
        """
        if code in self.by_code:
            return self.by_code[code], None
        for declared in self.by_code.values():
            before, placeholder, after = declared.figure.code.partition(f"{{{declared.figure.family}}}")
            member = code.removeprefix(before).removesuffix(after)
            if placeholder and code == f"{before}{member}{after}" and member and "." not in member:
                return declared, member
        raise KeyError(f"no figure {code!r} is declared")

    def formula(self, code: str) -> str:
        """How a figure is computed, in French words.

        In a family ``{application}`` stands for the member's name, ``{code_application}`` for its code.
        """
        figure = self.by_code[code].figure
        if figure.measure:
            words = figure.measure.in_words(self.family_of(code), self.by_code[code].words)
        else:
            labels = {name: self.by_code[operand].figure.libelle for name, operand in figure.operands.items()}
            words = parse_expression(figure.expression or "").in_words(labels)
        places = f"{figure.decimales} décimale{'s' if figure.decimales > 1 else ''}" if figure.decimales else "l’unité"
        sources = ", ".join(" ou ".join(group) for group in self.sources(code))
        sources = sources.replace(f"{{{figure.family}}}", f"{{code_{figure.family}}}")
        return f"{words} ; arrondi à {places}. Sources : {sources}."


def load_figures(folder: Path | None = None, registry: Registry | None = None) -> Figures:
    """Read every ``<chapter>.yml`` of ``folder``, the project's by default. Raises DeclarationError naming file and line."""
    folder = folder or settings.FIGURES_DIR
    registry = registry or load_registry()
    by_code: dict[str, DeclaredFigure] = {}
    families: dict[str, Family] = {}
    for path in sorted(folder.glob("*.yml")):
        data, lines = read_mapping(path)
        chapter = parse(Chapter, data, lines, path)
        for name, family in chapter.families.items():
            if name in families:
                raise DeclarationError(f"{path.name}:{lines[('families', name)]} family {name!r} is declared twice")
            families[name] = family
        words = Words(by_name=chapter.mots)
        for index, figure in enumerate(chapter.figures):
            place = f"{path.name}:{lines[('figures', index)]}"
            if figure.code in by_code:
                raise DeclarationError(
                    f"{place} code: {figure.code!r} is already declared at {by_code[figure.code].place}"
                )
            by_code[figure.code] = DeclaredFigure(figure, chapter.domaine, place, words)
    figures = Figures(by_code, families)
    for declared in by_code.values():
        _check_family(declared, figures)
        _check_sources(declared, registry)
        _check_operands(declared, figures)
    return figures


def _check_family(declared: DeclaredFigure, figures: Figures) -> None:
    name = declared.figure.family
    if name and name not in figures.families:
        raise DeclarationError(f"{declared.place} code: no family {name!r} is declared")


def _check_sources(declared: DeclaredFigure, registry: Registry) -> None:
    tables = {f"{system.system}/{table.name}" for system, table in registry.tables()}
    names = {table.partition("/")[2] for table in tables}
    for source in (source for group in declared.figure.alternatives for source in group):
        system, _, table = source.partition("/")
        if (table not in names) if placeholders_of(system) else (source not in tables):
            raise DeclarationError(f"{declared.place} sources: {source!r} is not a declared table")


def _check_operands(declared: DeclaredFigure, figures: Figures) -> None:
    for name, code in declared.figure.operands.items():
        if code not in figures.by_code:
            raise DeclarationError(f"{declared.place} operands.{name}: {code!r} is not a declared figure")
    _refuse_circle(declared, figures, [declared.figure.code])


def _refuse_circle(start: DeclaredFigure, figures: Figures, path: list[str]) -> None:
    for code in figures.by_code[path[-1]].figure.operands.values():
        if code in path:
            raise DeclarationError(f"{start.place} operands: a figure depends on itself: {' → '.join([*path, code])}")
        if code in figures.by_code:
            _refuse_circle(start, figures, [*path, code])


def titles(folder: Path = settings.FIGURES_DIR) -> dict[str, str]:
    """The title of each domain of figures, as the report prints it."""
    chapters = [read_mapping(path)[0] for path in sorted(folder.glob("*.yml"))]
    return {chapter["domaine"]: chapter["titre"] for chapter in chapters if "titre" in chapter}
