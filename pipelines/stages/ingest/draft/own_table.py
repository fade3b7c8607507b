"""Drafts the declaration of a table whose fields are those of the sample."""

import re
from collections.abc import Collection, Iterable

import duckdb

from pipelines.catalogue.draft.yaml_text import flow, option, scalar, todo
from pipelines.stages.ingest.draft.column import Guess
from pipelines.stages.ingest.draft.layout import Column, Layout
from pipelines.stages.ingest.draft.lines import (
    DATED,
    header_lines,
    heading_of,
    last_lines,
    options_of,
    place_lines,
)
from pipelines.stages.ingest.draft.persons import is_no_name, is_of_a_thing, names_members, personal
from pipelines.stages.ingest.draft.sample import Sample
from pipelines.stages.ingest.draft.words import CODE, HEALTH, KEY, WORDS, free, says, slug

TAKEN = {"exercice"}  # a column that the lake adds to every row


def own_table(layout: Layout, sample: Sample, exercice: int, proof: str | None, places: Collection[str]) -> list[str]:
    """The declaration of a table whose fields are those of the sample, below its title.

    ``proof`` is the title by which its export proves the exercice; ``places`` are slugs of names of towns and bodies, which
    are not persons.
    """
    columns: dict[str, Column] = {}
    unnamed = {c.place for c in layout.columns if is_no_name(c.heading, c.cells, is_path=sample.is_named)}
    for column in layout.columns:
        columns[_field_name("" if column.place in unnamed else column.heading, column, columns)] = column
    kept_as = {name: personal(column.heading, column.cells, places) for name, column in columns.items()}
    key = next((name for name, column in columns.items() if kept_as[name] != "drop" and _may_be_key(column)), None)
    dated = {name: c.guess for name, c in columns.items() if not kept_as[name] and c.guess.type in DATED}
    doubts = {}
    for name, column in columns.items():
        if column.occurrence:
            doubts[name] = (
                "plusieurs colonnes ont cet intitulé : que dit celle-ci ? Sur plusieurs lignes : --header-rows"
            )
        elif column.place in unnamed:
            doubts[name] = (
                "l’intitulé est-il une personne ? Demander à l’outil une ligne pour chacune ; sinon nommer le champ"
            )
        elif not sample.header_rows:
            doubts[name] = "que dit cette colonne ?"
    lines = [*place_lines(sample), _key_line(key)]
    if missing := sorted({word for column in columns.values() for word in column.guess.missing}):
        lines.append(f"missingValues: {flow(['', *missing])}")
    lines += header_lines({name: heading_of(c) for name, c in columns.items()}, doubts, layout, sample, exercice)
    lines.append("fields:")
    for name, column in columns.items():
        title = f"Colonne {column.place + 1}" if column.place in unnamed else column.heading
        is_member = names_members(column.heading, column.cells, places)
        lines += _field(name, title, column, kept_as[name], is_key=name == key, is_member=is_member)
    return lines + last_lines(columns, dated, [(name, "within") for name in dated], layout, exercice, proof)


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


def _may_be_key(column: Column) -> bool:
    cells = [cell.casefold() for cell in column.cells]
    is_unique = len(set(cells)) == len(cells) >= 2 and all(cells)
    return is_unique and column.guess.type in ("string", "integer") and says(column.heading, KEY)


def _key_line(key: str | None) -> str:
    if key:
        return f"primaryKey: [{key}]" + todo("est-ce unique dans chaque fichier ?")
    return (
        "# TODO primaryKey : quelles colonnes distinguent deux lignes ? Sans elle, un fichier corrigé, déposé à côté du premier, "
        "compte avec lui ; si quelques valeurs y reviennent : docs/catalogue.md, « double_de »"
    )


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
    asked = ["le dire en français"] if re.search(r"[._@/]", title) else []
    asked += [doubts] if is_text and doubts else []
    yield f"  - name: {name}"
    yield f"    title: {scalar(title)}" + todo(" ; ".join(asked))
    if kept_as:
        of_health = (
            "donnée de santé ? Ne pas la lire : ôter ce champ, et son intitulé, ou nommer la feuille sous unread"
        )
        asked_of = of_health if says(column.heading, HEALTH) else f"donnée personnelle ? {kept_as}, ou rien"
        yield f"    personal: {kept_as}" + todo(asked_of)
    elif is_text and is_member:
        yield "    member: true" + todo("nomme-t-elle chaque fois une collectivité d’organisation.yml ?")
    elif not is_text:
        yield f"    type: {found.type}" + todo(doubts)
    for key, value in options_of(name, found).items():
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
