"""Drafts the declaration of one table: one whose fields are those of the sample, or one of a shape.

The headings that declared systems already give to a field of a shape are what those of the sample are compared with.
"""

import difflib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.catalogue.dbt.generated import report_fields, report_sources
from pipelines.catalogue.draft.yaml_text import flow, option, quoted, scalar, todo
from pipelines.catalogue.headings import EACH, UP, climbed
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.source_grammar import Field, Shape
from pipelines.catalogue.sources import Registry
from pipelines.french import how_many
from pipelines.stages.ingest.draft.column import (
    CAPITALISED,
    CODE,
    DOTTED,
    HEALTH,
    KEY,
    KNOWN,
    WORDS,
    Guess,
    are_persons,
    guess,
    is_of_a_thing,
    is_person,
    is_value,
    months,
    names_members,
    period_in,
    personal,
    says,
    slug,
)
from pipelines.stages.ingest.draft.layout import Column, Layout
from pipelines.stages.ingest.draft.lines import (
    MONTHS,
    exercice_lines,
    header_lines,
    heading_of,
    ignore_lines,
    months_as_columns,
    named_by,
    period_line,
    place_lines,
    spread_lines,
)
from pipelines.stages.ingest.draft.sample import Sample

TAKEN = {"exercice"}  # a column that the lake adds to every row
PLACE = "collectivite"  # the field of a shape that a sheet or a file may represent
MOST_WORDS = 20  # a column with more is not a list of words
NEARLY = 0.9  # of the lines have a value of their own in a column that is almost a key
SURE, LIKELY = 1.0, 0.72  # similarity of a heading to those already known
DATED = ("date", "datetime", "year")


# a table with fields of its own ----------------------------------------------------------------------------------


def own_table(layout: Layout, sample: Sample, exercice: int, proof: str | None, places: Collection[str]) -> list[str]:
    """The declaration of a table whose fields are those of the sample, below its title.

    ``proof`` is the title by which its export proves the exercice; ``places`` are slugs of names of towns and bodies, which
    are not persons.
    """
    columns: dict[str, Column] = {}
    spread, layout = months_as_columns(layout, sample)
    wrapper = _wrapper(layout, sample)
    unnamed = {column.place for column in layout.columns if _is_no_name(column, sample)}
    for column in layout.columns:
        name = "" if column.place in unnamed else column.heading.removeprefix(wrapper)
        columns[_field_name(name, column, columns)] = column
    kept_as = {name: personal(column.heading, column.cells, places) for name, column in columns.items()}
    plain = {name: column.guess for name, column in columns.items() if not kept_as[name]}
    key = next((name for name, column in columns.items() if kept_as[name] != "drop" and _may_be_key(column)), None)
    named_heading, named_field, named_guess = _field_of_parts(sample, columns, places)
    if spread:
        headings, fields, told_by, value = spread_lines(spread, [*columns, *named_guess])
        named_heading, named_field = [*named_heading, *headings], [*named_field, *fields]
        named_guess = named_guess | {told_by[-1]: spread.months}
    dated = {name: found for name, found in (plain | named_guess).items() if found.type in DATED}
    period = period_line(dated, exercice)
    missing = sorted({word for column in columns.values() for word in column.guess.missing})
    doubts = {}
    for name, column in columns.items():
        if column.occurrence:
            doubts[name] = "plusieurs colonnes ont cet intitulé : que dit celle-ci ?"
        elif column.place in unnamed:
            doubts[name] = (
                "l’intitulé est-il une personne ? Demander à l’outil une ligne pour chacune ; sinon nommer le champ"
            )
        elif not sample.has_header:
            doubts[name] = "que dit cette colonne ?"
    lines = place_lines(sample, has_period=bool(period))
    keys = [key] if key else []
    if spread and (told := keys or _telling_apart({name: columns[name] for name in plain}, layout.first)):
        keys = [*told, *told_by]
    lines += _key_lines(keys, columns)
    lines += [f"missingValues: {flow(['', *missing])}"] if missing else []
    lines += header_lines({name: heading_of(c) for name, c in columns.items()}, doubts, layout, exercice)
    lines += [*named_heading, "fields:", *named_field]
    for name, column in columns.items():
        title = (
            f"Colonne {column.place + 1}" if column.place in unnamed else _title(column.heading.removeprefix(wrapper))
        )
        is_member = names_members(column.heading, column.cells, places)
        lines += _field(name, title, column, kept_as[name], is_key=name in keys, is_member=is_member)
    numbers = {
        columns[name].place: columns[name] for name, found in plain.items() if found.type in ("integer", "number")
    }
    places_of = {column.place: name for name, column in columns.items()}
    if spread:
        numbers |= {column.place: column for column in spread.columns}
        places_of |= {column.place: value for column in spread.columns}
    lines += exercice_lines(dated, [(name, "within") for name in dated], exercice, proof) + period
    return lines + ignore_lines(layout, sample, places_of, numbers)


def _is_no_name(column: Column, sample: Sample) -> bool:
    """True for a heading that seems to be a person, as the cells below it may be, or a value: not a name for a field."""
    heading = column.heading
    if is_value(heading):
        return not period_in(heading)
    is_login = DOTTED.fullmatch(heading) and not sample.is_named  # a path in a record has dots
    is_alike = CAPITALISED.fullmatch(heading) and are_persons([heading, *column.cells], CAPITALISED.fullmatch)
    return bool(is_person(heading) or is_login or is_alike) and not says(heading, KNOWN)


def _wrapper(layout: Layout, sample: Sample) -> str:
    """``fields.``: the path of an object that holds all that records say, which names nothing."""
    headings = [column.heading for column in layout.columns if not column.heading.startswith((UP, EACH))]
    first = {heading.partition(".")[0] for heading in headings}
    return f"{first.pop()}." if sample.is_named and len(headings) > 1 and len(first) == 1 else ""


def _title(heading: str) -> str:
    """What a report prints of a heading: ``Hall name`` for a machine's ``hall.name``."""
    text = climbed(heading)[1]
    if " " in text or not re.search(r"\w", text):
        return text
    words = " ".join(re.findall(r"[^\W_]+", text)) if re.search(r"[._@/]", text) else text
    return words[:1].upper() + words[1:]


def _field_name(said: str, column: Column, taken: Iterable[str]) -> str:
    """A name for the column that SQL and the lake leave free; ``said`` is that of its heading, if it is one."""
    name = slug(said)[:50].strip("_")
    name = name or f"colonne_{column.place + 1}"
    if not name[0].isalpha():
        name = f"c_{name}"
    if name in TAKEN:
        name = "annee" if column.guess.type == "year" else f"{name}_source"
    reserved = "select count(*) from duckdb_keywords() where keyword_category = 'reserved' and keyword_name = $1"
    if duckdb.execute(reserved, [name]).fetchone() != (0,) or scalar(name) != name:  # « No » is false in YAML
        name = f"{name}_source"
    return free(name, taken)


def free(name: str, taken: Iterable[str]) -> str:
    """The name, with a number when it is taken."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def _may_be_key(column: Column) -> bool:
    cells = [cell.casefold() for cell in column.cells]
    is_unique = len(set(cells)) == len(cells) >= 2 and all(cells)
    return is_unique and column.guess.type in ("string", "integer") and says(column.heading, KEY)


def _telling_apart(columns: dict[str, Column], first: int) -> list[str]:
    """The first of the columns of words in which no two of the ``first`` lines are alike, else all of them when that suffices.

    Empty when some lines have the same words.
    """
    texts = {name: column.cells[:first] for name, column in columns.items() if column.guess.type == "string"}
    for name, cells in texts.items():
        if _are_all_told([cells]):
            return [name]
    return [*texts] if texts and _are_all_told([*texts.values()]) else []


def _are_all_told(cells: Sequence[Sequence[str]]) -> bool:
    lines = [tuple(cell.casefold() for cell in line) for line in zip(*cells, strict=True)]
    return len(set(lines)) == len(lines) >= 2 and all(map(all, lines))


def _key_lines(keys: Sequence[str], columns: dict[str, Column]) -> list[str]:
    """The key; without one, what to decide of the columns that would be one but for a few values that come twice: all of their
    lines count."""
    if keys:
        return [f"primaryKey: {flow(keys)}" + todo("est-ce unique dans chaque fichier ?")]
    lines = []
    for name, column in columns.items():
        counts = Counter(cell.casefold() for cell in column.cells)
        twice = sum(count > 1 for count in counts.values())
        is_near = twice and "" not in counts and len(counts) >= NEARLY * len(column.cells)
        if is_near and column.guess.type in ("string", "integer") and says(column.heading, KEY):
            times = how_many(twice, "valeur revient|valeurs reviennent")
            lines.append(
                f"# TODO « {column.heading} » est presque unique ({times}) : si ce sont des doubles, primaryKey: [{name}] ici et "
                "severity: warning à ce champ ; sinon toutes ces lignes comptent (docs/catalogue.md, « double_de »)"
            )
    return lines or [
        "# TODO primaryKey : quelles colonnes distinguent deux lignes ? Sans elle, un fichier corrigé, déposé à côté du premier, "
        "compte avec lui"
    ]


def _field(
    name: str, title: str, column: Column, kept_as: str | None, *, is_key: bool, is_member: bool
) -> Iterable[str]:
    """The lines of one field; a dropped or pseudonymised cell needs no type."""
    found = Guess() if kept_as else column.guess
    doubts = " ; ".join(found.doubts)
    is_text = found.type == "string" and not kept_as
    is_told = is_member or is_key or is_of_a_thing(column.heading) or says(column.heading, f"{CODE} {WORDS}")
    if is_text and not doubts and not is_told and any(map(str.isalpha, "".join(column.cells))):
        doubts = "des personnes ? alors personal: drop"
    yield f"  - name: {name}"
    yield f"    title: {scalar(title)}" + todo(doubts if is_text else "")
    if kept_as:
        of_health = (
            "donnée de santé ? Ne pas la lire : ôter ce champ, et son intitulé, ou nommer la feuille sous unread"
        )
        asked = of_health if says(column.heading, HEALTH) else f"donnée personnelle ? {kept_as}, ou rien"
        yield f"    personal: {kept_as}" + todo(asked)
    elif is_text and is_member:
        yield "    member: true" + todo("nomme-t-elle chaque fois une collectivité d’organisation.yml ?")
    elif not is_text:
        yield f"    type: {found.type}" + todo(doubts)
    for key, value in _options(name, found).items():
        yield f"    {key}: {option(value)}"
    if is_key:
        yield "    constraints: {required: true}"
    elif found.type in ("integer", "number") and _is_never_negative(found):
        yield "    constraints: {minimum: 0}" + todo(
            "jamais négatif ? Sinon l’effacer, ou severity: warning pour un constat"
        )


def _is_never_negative(found: Guess) -> bool:
    """True for numbers of which none in the sample is below zero."""
    values = [value for value in found.values if value is not None]
    return bool(values) and min(values) >= 0


def _options(name: str, found: Guess) -> dict[str, Any]:
    """The options of a field of that name: an instant is in Paris time, unless the name says that it is universal."""
    is_utc = "timezone" in found.options and name.endswith("_utc")
    return found.options | ({"timezone": "UTC"} if is_utc else {})


def _field_of_parts(
    sample: Sample, taken: Collection[str], places: Collection[str]
) -> tuple[list[str], list[str], dict[str, Guess]]:
    """The field that the names of sheets, or members, read together give: its heading, itself, its dates."""
    if (told := named_by(sample)) is None:
        return [], [], {}
    key, title, pattern = told
    before, after = pattern.split("(.+)")
    parts = [re.sub(f"^{before}|{after}$", "", place) for place in sample.places]
    found = months(parts) if len(parts) >= MONTHS else None
    name = free("mois" if found else title.lower(), taken)
    heading = f"    {name}: {{{key}: {quoted(pattern)}}}"
    if found:
        kind = f"type: date, format: {option(found.options['format'])}, constraints: {{required: true}}"
        return [heading], [f"  - {{name: {name}, title: Mois, {kind}}}"], {name: found}
    member = ", member: true" if names_members(title, parts, places) else ""
    asked = todo("que dit le nom : quelle partie, et comment l’appeler ?")
    return [heading + asked], [f"  - {{name: {name}, title: {title}{member}}}"], {}


# a table of a shape ----------------------------------------------------------------------------------------------


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
    matches = match_headings(layout.columns, shape, registry)
    columns = {name: match.column for name, match in matches.items()}
    fields = {f.name: f for f in shape.fields}
    told = named_by(sample)
    by_part = told if told and PLACE in fields and PLACE not in columns else None
    given = {*columns, *([PLACE] if by_part else [])}
    used = {column.place for column in columns.values()}
    unused = [column.heading for column in layout.columns if column.place not in used]
    headings, doubts = {}, {}
    for f in shape.fields:
        if f.name in matches:
            headings[f.name] = heading_of(columns[f.name])
            if matches[f.name].score < SURE or columns[f.name].occurrence:
                doubts[f.name] = "est-ce la bonne colonne ?"
        elif f.constraints.required and f.name not in given:  # a heading that no file contains
            headings[f.name] = scalar(f"(à compléter : {f.title})")
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
    period = period_line(guesses, exercice)
    missing = sorted({word for c in columns.values() for word in c.guess.missing} - set(shape.missingValues))
    lines = [f"shape: {shape.shape}", *place_lines(sample, has_period=bool(period))]
    if missing:
        lines.append(
            f"missingValues: {flow([*shape.missingValues, *missing])}" + todo("ces cellules sont-elles vides ?")
        )
    lines += [f"# laissé de côté : {flow(unused)}"] if unused else []
    asked = [need for need in needs if not given & set(need.fields)]
    for need in asked:
        titles = " ou ".join(f"{name} ({fields[name].title})" for name in need.fields)
        lines.append(f"# TODO {titles} : quelle colonne ? Sans elle, il manque {need.without}")
    told_of = {*given, *(name for need in asked for name in need.fields)}
    lines += [
        f"# absent de l’exemple : {f.name} ({f.title})"
        for f in shape.fields
        if f.name not in told_of and not f.constraints.required
    ]
    lines += header_lines(headings, doubts, layout, exercice)
    if by_part:
        key, _, pattern = by_part
        asked_of = todo("cette partie du nom est-elle la collectivité ?")
        lines.append(f"    {PLACE}: {{{key}: {quoted(pattern)}}}{asked_of}")
    formats = [line for name, column in columns.items() for line in _own_format(fields[name], column)]
    declared = any(line.startswith("  - ") for line in formats)
    lines += ["fields:", *formats] if declared else [line.strip() for line in formats]
    lines += exercice_lines(guesses, rules, exercice, proof) + period
    numbers = {c.place: c for n, c in columns.items() if fields[n].type in ("integer", "number") and n in guesses}
    return lines + ignore_lines(layout, sample, {column.place: name for name, column in columns.items()}, numbers)


def _constant(f: Field, exercice: int) -> str | None:
    """What to write of a required field that the tool does not give; None when nothing is true of every line."""
    if f.type == "boolean":
        return "true"
    return str(f.constraints.minimum or f"{exercice}-01-01") if f.type == "date" else None


def match_headings(columns: list[Column], shape: Shape, registry: Registry) -> dict[str, Match]:
    """Field of the shape → the column that gives it, each used once; in order of the shape's fields."""
    # field → every heading that a declared system gives it, as slugs
    known = {f.name: {slug(f.name), slug(f.title)} for f in shape.fields}
    for layout in (layout for _, t in registry.tables() if shape.shape in t.shapes for layout in t.header.values()):
        for name, origin in layout.items():
            known[name] |= {slug(origin.whole)} if origin.whole else set()
    pairs = [
        (_similarity(column, known[f.name]), f.name, column)
        for f in shape.fields
        for column in columns
        if _may_hold(f, column)
    ]
    found: dict[str, Match] = {}
    used: set[int] = set()
    for score, name, column in sorted(pairs, key=lambda pair: pair[0], reverse=True):
        if score >= LIKELY and name not in found and column.place not in used:
            rivals = {n for n, headings in known.items() if slug(column.heading) in headings}
            found[name] = Match(column, score if len(rivals) <= 1 else LIKELY)
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
        found = guess("actif", column.cells, workbook=False)  # the words may say which is which
        if found.type != "boolean":
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
    options = {key: value for key, value in _options(f.name, found).items() if key != "decimals"}
    if f.type == "date" and found.type == "datetime":
        options.setdefault("format", "%Y-%m-%d %H:%M:%S")
    doubts = " ; ".join(found.doubts)
    if not options:
        return [f"  # TODO {f.name} : {doubts}"] if doubts else []
    written = ", ".join(f"{key}: {option(value)}" for key, value in options.items())
    return [f"  - {{name: {f.name}, {written}}}" + todo(doubts)]
