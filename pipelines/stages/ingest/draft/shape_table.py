"""Drafts the declaration of a table of a shape.

The headings that declared systems already give to a field of a shape are what those of the sample are compared with.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.catalogue.dbt.generated import report_fields, report_sources
from pipelines.catalogue.draft.yaml_text import flow, option, quoted, scalar, todo
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.source_grammar import Field, Shape
from pipelines.catalogue.sources import Registry
from pipelines.stages.ingest.draft.layout import Column, Layout
from pipelines.stages.ingest.draft.lines import (
    DATED,
    header_lines,
    heading_of,
    last_lines,
    options_of,
    place_lines,
)
from pipelines.stages.ingest.draft.sample import Sample
from pipelines.stages.ingest.draft.words import slug

NO_RANK = 9001  # and above: of no column, where no line names them
MOST_WORDS = 20  # a column with more is not a list of words


@dataclass(frozen=True)
class Need:
    """Alternative fields of a shape, and what is missing if a tool gives none of them."""

    fields: tuple[str, ...]
    without: str  # a figure or a table of the report, and how many more


def needs_of_shape(catalogue: Catalogue, shape: str) -> list[Need]:
    """The fields of a shape that the report's figures and tables need."""
    known, found = {f.name for f in catalogue.registry.shapes[shape].fields}, dict[tuple[str, ...], list[str]]()
    for code, declared in catalogue.figures.by_code.items():
        sources = [source for group in declared.figure.alternatives for source in group]
        if declared.figure.mesure and any(source.partition("/")[2] == shape for source in sources):
            for group in declared.figure.needs:
                found.setdefault(group, []).append(code)
    tables, behind = set(catalogue.registry.of_shape(shape)), report_sources(catalogue)
    for model, groups in report_fields(catalogue).items():
        if tables & {*behind.get(model, ())}:
            for group in groups:
                found.setdefault(group, []).append(model)
    more = ["", "", " (et un autre)"]
    return [
        Need(group, names[0] + (more[len(names)] if len(names) < 3 else f" (et {len(names) - 1} autres)"))
        for group, names in found.items()
        if known.issuperset(group)
    ]


def shape_table(
    layout: Layout,
    sample: Sample,
    exercice: int,
    proof: str | None,
    shape: Shape,
    registry: Registry,
    needs: Sequence[Need],
) -> list[str]:
    """The declaration of a table of a shape, below its title: the sample's headings mapped to the shape's fields."""
    columns, unsure = match_headings(layout.columns, shape, registry)
    fields = {f.name: f for f in shape.fields}
    used = {column.place for column in columns.values()}
    unused = [column.heading for column in layout.columns if column.place not in used]
    headings, doubts = {}, {}
    for f in shape.fields:
        if f.name in columns:
            headings[f.name] = heading_of(columns[f.name])
            if f.name in unsure or columns[f.name].occurrence:
                doubts[f.name] = "est-ce la bonne colonne ?"
        elif f.constraints.required:  # a heading, or a rank, that no file contains
            lacking = f"(à compléter : {f.title})" if sample.header_rows else f"{NO_RANK + len(headings)}"
            headings[f.name] = scalar(lacking)
            doubts[f.name] = f"quelle colonne, parmi {flow(unused)} ? D’ici là, tout fichier est refusé"
            if constant := _constant(f, exercice):
                doubts[f.name] += (
                    f" ; si l’outil ne le dit pas : {{constant: {quoted(constant)}}}, le même pour chaque ligne"
                )
    guesses = {name: column.guess for name, column in columns.items() if not fields[name].personal}
    dates = [name for name in guesses if fields[name].type in DATED]
    # a column with one same day throughout dates the file; a required one cannot come after it
    rules = [(name, "within") for name in dates if len(set(columns[name].cells)) == 1]
    rules += [(name, "not_after") for name in dates if fields[name].constraints.required]
    missing = sorted({word for c in columns.values() for word in c.guess.missing} - set(shape.missingValues))
    lines = [f"shape: {shape.shape}", *place_lines(sample)]
    if missing:
        lines.append(
            f"missingValues: {flow([*shape.missingValues, *missing])}" + todo("ces cellules sont-elles vides ?")
        )
    lines += [f"# TODO laissé de côté : {flow(unused)}. Un champ de la forme parmi eux ?"] if unused else []
    asked = [need for need in needs if not columns.keys() & set(need.fields)]
    for need in asked:
        titles = " ou ".join(f"{name} ({fields[name].title})" for name in need.fields)
        lines.append(f"# TODO {titles} : quelle colonne ? Sans elle, il manque {need.without}")
    told_of = {*columns, *(name for need in asked for name in need.fields)}
    lines += [
        f"# absent de l’exemple : {f.name} ({f.title})"
        for f in shape.fields
        if f.name not in told_of and not f.constraints.required
    ]
    lines += header_lines(headings, doubts, layout, sample, exercice)
    formats = [line for name, column in columns.items() for line in _own_format(fields[name], column)]
    declared = any(line.startswith("  - ") for line in formats)
    lines += ["fields:", *formats] if declared else [line.strip() for line in formats]
    return lines + last_lines(columns, guesses, rules, layout, exercice, proof)


def _constant(f: Field, exercice: int) -> str | None:
    """What to write of a required field that the tool does not give; None when nothing is true of every line."""
    if f.type == "boolean":
        return "true"
    return str(f.constraints.minimum or f"{exercice}-01-01") if f.type == "date" else None


def match_headings(columns: Sequence[Column], shape: Shape, registry: Registry) -> tuple[dict[str, Column], set[str]]:
    """Field of the shape → the column with one of its headings, each used once, in the order of the shape's fields; and those
    of which the heading is also another field's."""
    # field → every heading that a declared system gives it, as slugs
    known = {f.name: {slug(f.name), slug(f.title)} for f in shape.fields}
    for layout in (layout for _, t in registry.tables() if shape.shape in t.shapes for layout in t.header.values()):
        for name, origin in layout.items():
            known[name] |= {slug(origin.whole)} if origin.whole else set()
    found: dict[str, Column] = {}
    for f in shape.fields:
        for column in columns:
            is_free = f.name not in found and column not in found.values()
            if is_free and slug(column.heading) in known[f.name] and _may_hold(f, column):
                found[f.name] = column
    return found, {name for name, c in found.items() if sum(slug(c.heading) in one for one in known.values()) > 1}


def _may_hold(f: Field, column: Column) -> bool:
    """True when the cells could be read as the field's type."""
    kind = column.guess.type
    if f.type == "boolean":
        return kind == "boolean" or (len({*column.cells} - {""}) in (1, 2) and kind in ("string", "integer"))
    if f.type in ("date", "datetime"):
        return kind in ("date", "datetime") or not any(column.cells)
    if f.type in ("integer", "number", "year"):
        return kind in ("integer", "number", "year")
    return kind not in ("date", "datetime", "boolean")


def _own_format(f: Field, column: Column) -> list[str]:
    """How this system writes a field, when it differs from the shape's way."""
    found = column.guess
    if f.type == "boolean" and found.type != "boolean":
        values = flow(sorted({*column.cells} - {""}))
        return [f"  # TODO {f.name} : donner trueValues et falseValues ({values}), sinon toute ligne est refusée"]
    if f.type == "string":  # words that the shape does not list: their meaning cannot be guessed
        known = {str(word) for word in f.constraints.enum or []}
        own = sorted({cell for cell in column.cells if cell} - known)
        if not known or not own or f.personal or len(own) > MOST_WORDS:
            return []
        asked = (
            f"auquel de {flow(sorted(known))} répond chacun de {flow(own)} ? values: {{mot de la forme: [les siens]}}"
        )
        return [f"  # TODO {f.name} : {asked}"]
    options = {key: value for key, value in options_of(f.name, found).items() if key != "decimals"}
    if f.type == "date" and found.type == "datetime":
        options.setdefault("format", "%Y-%m-%d %H:%M:%S")
    doubts = " ; ".join(found.doubts)
    if not options:
        return [f"  # TODO {f.name} : {doubts}"] if doubts else []
    written = ", ".join(f"{key}: {option(value)}" for key, value in options.items())
    return [f"  - {{name: {f.name}, {written}}}" + todo(doubts)]
