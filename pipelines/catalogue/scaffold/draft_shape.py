"""Drafts the declaration of a table of a shape: the headings of a sample mapped to the shape's fields.

The headings that declared systems already give to a field are what a new one is compared with.
"""

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.catalogue.dbt.generated import report_fields, report_sources
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.scaffold.draft_table import (
    exercice_lines,
    header_lines,
    heading_of,
    ignore_lines,
    literally,
    named_by,
    period_line,
    period_lines,
    period_parts,
    place_lines,
    unnamed_lines,
)
from pipelines.catalogue.scaffold.inference import flag, flag_values, guess, kept_in, length, of, period_in, slug
from pipelines.catalogue.scaffold.sample import Column, Layout, Sample
from pipelines.catalogue.scaffold.yaml_text import flow, option, scalar, todo
from pipelines.catalogue.source_grammar import WORKBOOKS, Field, Shape
from pipelines.catalogue.sources import Registry

PLACE = "collectivite"  # the field of a shape that a sheet or a file may represent
MOST_WORDS = 20  # a column with more is not a list of words
SURE, LIKELY = 1.0, 0.72  # similarity of a heading to those already known


@dataclass(frozen=True)
class Match:
    """A field of a shape, and the column of the sample that fills it."""

    column: Column
    score: float


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
    return [
        Need(
            group,
            f"{names[0]}{f' (et {len(names) - 1} autres)' if len(names) > 2 else ' (et un autre)' if len(names) > 1 else ''}",
        )
        for group, names in found.items()
        if known.issuperset(group)
    ]


class ShapeTable:
    """A table of a shape: the sample's headings mapped to its fields, by the names other systems give them."""

    def __init__(
        self,
        layout: Layout,
        sample: Sample,
        exercice: int,
        shape: Shape,
        registry: Registry,
        needs: Sequence[Need] = (),
    ):
        self.layout, self.sample, self.exercice, self.shape, self.needs = layout, sample, exercice, shape, needs
        self.matches = match_headings(layout.columns, shape, registry)
        self.spread = _months_as_columns(self.matches, layout, sample, shape)

    def title(self, system: str) -> str:
        """The table's title."""
        return f"{self.shape.title.split(' ')[0]} {of(system)}"

    def lines(self) -> list[str]:
        """The declaration of the table, below its title."""
        columns = {name: match.column for name, match in self.matches.items()}
        spread = self.spread.columns if self.spread else {}
        personal = {f.name for f in self.shape.fields if f.personal}
        period = period_line(columns | spread, [n for n in (*columns, *spread) if n not in personal], self.exercice)
        used = {column.place for column in (*columns.values(), *(self.spread.months if self.spread else ()))}
        unused = [c.heading for c in self.layout.columns if c.place not in used]
        named = {column.place: name for name, column in columns.items()}
        summed = [f.name for f in self.shape.fields if f.type in ("integer", "number") and f.personal != "drop"]
        numbers = {n: c for n, c in columns.items() if n in summed}
        lines = [f"shape: {self.shape.shape}"]
        lines += place_lines(self.sample, bool(period))
        extra = sorted({word for c in columns.values() for word in c.guess.missing} - set(self.shape.missingValues))
        if extra:
            missing = flow([*self.shape.missingValues, *extra])
            lines.append(f"missingValues: {missing}" + todo("ces cellules sont-elles vides ?"))
        lines += [f"# laissé de côté : {flow(unused)}"] if unused else []
        lines += unnamed_lines(self.layout) + ([] if self.spread else period_lines(self.layout, self.sample))
        columns |= spread
        given = {*columns, *([PLACE] if self._named_by() else [])}
        asked = [need for need in self.needs if not given & set(need.fields)]
        titles = {f.name: f.title for f in self.shape.fields}
        lines += [
            f"# TODO {' ou '.join(f'{name} ({titles[name]})' for name in need.fields)} : quelle colonne ? Sans elle, il manque "
            f"{need.without}"
            for need in asked
        ]
        told = {name for need in asked for name in need.fields}
        lines += [
            f"# absent de l’exemple : {f.name} ({f.title})"
            for f in self.shape.fields
            if f.name not in given and f.name not in told and not f.constraints.required
        ]
        headings, doubts = self._header(unused)
        lines += header_lines(headings, self.layout, self.exercice, doubts) + self._named_by()
        formats = [line for f in self.shape.fields if f.name in columns for line in _own_format(f, columns[f.name])]
        declared = any(line.startswith("  - ") for line in formats)
        lines += ["fields:", *formats] if declared else [line.strip() for line in formats]
        dated = [(self.spread.date, "within")] if self.spread else self._dated(columns)
        lines += exercice_lines(columns, dated, self.layout, self.exercice) + period
        return lines + ignore_lines(self.layout, named, numbers)

    def _named_by(self) -> list[str]:
        """The collectivité, when no column has it and it is what distinguishes sheets or members."""
        told = named_by(self.sample)
        if told is None or PLACE in self.matches or all(f.name != PLACE for f in self.shape.fields):
            return []
        key, _, pattern = told
        return [
            f"    {PLACE}: {{{key}: {json.dumps(pattern, ensure_ascii=False)}}}"
            + todo("cette partie du nom est-elle la collectivité ?")
        ]

    def _header(self, unused: list[str]) -> tuple[dict[str, str], dict[str, str]]:
        """The headings by field; for a required one that is not found, a heading that no file contains."""
        headings, doubts = {}, {}
        for f in self.shape.fields:
            if f.name in self.matches:
                column = self.matches[f.name].column
                headings[f.name] = heading_of(column)
                if self.matches[f.name].score < SURE or column.occurrence:
                    doubts[f.name] = "est-ce la bonne colonne ?"
            elif self.spread and f.name in self.spread.columns:
                headings[f.name] = self.spread.heading_of(f.name, unused)
            elif f.constraints.required and not (f.name == PLACE and named_by(self.sample)):
                headings[f.name] = scalar(f"(à compléter : {f.title})")
                doubts[f.name] = f"quelle colonne, parmi {flow(unused)} ? D’ici là, tout fichier est refusé"
        return headings, doubts

    def _dated(self, columns: dict[str, Column]) -> list[tuple[str, str]]:
        """A column with one same day throughout dates the file; a required one cannot come after it.

        A personal one dates nothing: it would make a statement about a person.
        """
        found = [f for f in self.shape.fields if f.name in columns and not f.personal]
        dates = [f for f in found if f.type in ("date", "datetime", "year")]
        same_day = [(f.name, "within") for f in dates if len(set(columns[f.name].cells)) == 1]
        return same_day + [(f.name, "not_after") for f in dates if f.constraints.required]


@dataclass(frozen=True)
class Spread:
    """Months as columns: the fields of the shape that their headings and cells give, each as if a column gave it."""

    date: str
    months: list[Column]
    columns: dict[str, Column]

    def heading_of(self, name: str, unused: Sequence[str]) -> str:
        """The origin of one of the fields, as a declaration writes it; ``unused`` headings are left out."""
        if name != self.date:
            return f"{{under: {self.date}}}"
        group = self.months[0].heading.removesuffix(period_in(self.months[0].heading) or "")
        ignored = "|".join(map(literally, unused))
        left_out = f", ignore: {json.dumps(ignored, ensure_ascii=False)}" if unused else ""
        return f"{{heading: {json.dumps(f'{literally(group)}(.+)', ensure_ascii=False)}{left_out}}}"


def _months_as_columns(matches: dict[str, Match], layout: Layout, sample: Sample, shape: Shape) -> Spread | None:
    """The month columns of a table whose only required date and only required number have no column."""
    asked = [f for f in shape.fields if f.constraints.required and f.name not in matches]
    dates = [f for f in asked if f.type == "date"]
    counts = [f for f in asked if f.type in ("integer", "number")]
    taken = {match.column.place for match in matches.values()}
    parts, _ = period_parts([c for c in layout.columns if c.place not in taken])
    months = [c for c in layout.columns if c.heading in parts and length(parts[c.heading]) == 1]
    groups = {c.heading.removesuffix(parts[c.heading]) for c in months}
    if (len(dates), len(counts), len(groups)) != (1, 1, 1) or len(months) < 2 or sample.type not in ("csv", *WORKBOOKS):
        return None
    columns = {}
    for f, texts in ((dates[0], [parts[c.heading] for c in months]), (counts[0], [t for c in months for t in c.cells])):
        found = guess(f.title, texts, workbook=sample.type in WORKBOOKS)
        columns[f.name] = Column(f.title, months[0].place, texts, found)
    return Spread(dates[0].name, months, columns)


def match_headings(columns: list[Column], shape: Shape, registry: Registry) -> dict[str, Match]:
    """Field of the shape → the column that gives it, each used once; in order of the shape's fields."""
    # field → every heading that a declared system gives it, as slugs
    known = {f.name: {slug(f.name), slug(f.title)} for f in shape.fields}
    for layout in (layout for _, t in registry.tables() if shape.shape in t.shapes for layout in t.header.values()):
        for name, origin in layout.items():
            known[name] |= {slug(origin.whole)} if origin.whole else set()
    pairs = sorted(
        (
            (_similarity(column, known[f.name]), -position, f, column)
            for position, f in enumerate(shape.fields)
            for column in columns
            if _may_hold(f, column)
        ),
        key=lambda pair: pair[:2],
        reverse=True,
    )
    found: dict[str, Match] = {}
    used: set[int] = set()
    for score, _, f, column in pairs:
        if score >= LIKELY and f.name not in found and column.place not in used:
            rivals = {n for n, headings in known.items() if slug(column.heading) in headings}
            found[f.name] = Match(column, score if len(rivals) <= 1 else LIKELY)
            used.add(column.place)
    return {f.name: found[f.name] for f in shape.fields if f.name in found}


def _similarity(column: Column, headings: set[str]) -> float:
    mine = slug(column.heading)
    if mine in headings:
        return SURE
    near = max(difflib.SequenceMatcher(None, mine, heading).ratio() for heading in headings) * 0.99
    # « N° compte / Login » contains login, among other words
    is_said = any(set(heading.split("_")) <= set(mine.split("_")) for heading in headings if heading)
    return max(near, LIKELY) if is_said else near


def _may_hold(f: Field, column: Column) -> bool:
    """True when the cells could be read as the field's type."""
    kind = column.guess.type
    if f.type == "boolean":
        return kind == "boolean" or bool(flag_values(column.cells) and kind in ("string", "integer"))
    if f.type in ("date", "datetime"):
        return kind in ("date", "datetime") or not any(column.cells)
    if f.type in ("integer", "number", "year"):
        return kind in ("integer", "number", "year")
    return kind not in ("date", "datetime", "boolean")


def _own_format(f: Field, column: Column) -> list[str]:
    """How this system writes a field, when it differs from the shape's way."""
    found = column.guess
    if f.type == "boolean" and found.type != "boolean":
        if (words_found := flag(column.cells)) is None:
            values = flow(flag_values(column.cells))
            return [f"  # TODO {f.name} : donner trueValues et falseValues ({values}), sinon toute ligne est refusée"]
        found = words_found
    if f.type == "string":  # words that the shape does not list: their meaning cannot be guessed
        known = {str(word) for word in f.constraints.enum or []}
        own = sorted({cell for cell in column.cells if cell} - known)
        if not known or not own or f.personal or len(own) > MOST_WORDS:
            return []
        asked = (
            f"auquel de {flow(sorted(known))} répond chacun de {flow(own)} ? values: {{mot de la forme: [les siens]}}"
        )
        return [f"  # TODO {f.name} : {asked}"]
    options = {key: value for key, value in kept_in(f.name, found.options).items() if key != "decimals"}
    if f.type == "date" and found.type == "datetime":
        options.setdefault("format", "%Y-%m-%d %H:%M:%S")
    doubts = " ; ".join(found.doubts)
    if not options:
        return [f"  # TODO {f.name} : {doubts}"] if doubts else []
    written = ", ".join(f"{k}: {option(v)}" for k, v in options.items())
    return [f"  - {{name: {f.name}, {written}}}" + todo(doubts, bool(doubts))]
