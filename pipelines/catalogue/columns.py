"""The columns that declarations name, checked against those that their tables promise.

This module knows which columns a figure, a family, a chapter, a text, an alert, an entry of secrecy or a suite reads, and
where. A mart or a table of ``rapport`` promises the columns of its contract (``columns:`` of its dbt entry); a table
without a contract is not checked. Of SQL, only a lone column and the condition of an alert are read.
"""

import re
from collections.abc import Iterable, Iterator
from string import Formatter
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipelines.catalogue.chapters.grammar import (
    NAMES,
    Chapitre,
    Compares,
    Croisement,
    Donnees,
    Frise,
    Indicateurs,
    Liste,
    Matrice,
    Synthese,
)
from pipelines.catalogue.chapters.texts import Asked, Unreadable, asked
from pipelines.catalogue.figures.grammar import Family, Figure, Measure
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.overlay import Thing
from pipelines.catalogue.secrecy import Table
from pipelines.catalogue.suite_file import refuse_unknown
from pipelines.catalogue.yaml_file import shown
from pipelines.did_you_mean import suggestion

Named = tuple[tuple[Any, ...], str]  # where in the thing, the column
ALONE = re.compile(r"[a-z_][a-z0-9_]*")
BLOCKS = (Donnees, Matrice, Liste, Compares)  # those that read a table
PRINTED = ("unite", "decimales")  # what the format « chiffre » reads of the same row


def unknown_columns(catalogue: Catalogue) -> Iterator[str]:
    """One sentence per missing column, with its place and the nearest name."""
    promised = catalogue.project.promised
    for thing, table, columns in columns_read(catalogue):
        if known := promised.get(table):
            for at, column in columns:
                if column not in known:
                    yield _unknown(thing.at(*at), column, table, known)
    for chapter in catalogue.printed:
        yield from _of_words(catalogue.chapters_declared[_name_of(catalogue, chapter)], chapter, promised)
    yield from _of_texts(catalogue)
    yield from _of_alerts(catalogue, promised)
    yield from _of_suites(catalogue)


def _unknown(place: str, column: str, table: str, known: list[str]) -> str:
    near = suggestion(column, known)
    return f"{place} demande la colonne « {column} » de « {table} », qui n’en a pas de ce nom{near}"


def columns_read(catalogue: Catalogue) -> Iterator[tuple[Thing, str, Iterable[Named]]]:
    """Who reads a table, the table, and the columns read."""
    declared, figures = catalogue.figures_declared, catalogue.figures
    for thing in declared.figures:
        figure = figures.by_code[thing.name].figure
        if figure.mesure:
            yield thing, figure.mesure.fait, _of_measure(figure, figure.mesure, figures.families)
    for thing in declared.families:
        yield from _of_family(thing, figures.families[thing.name])
    for chapter in catalogue.printed:
        yield from _of_chapter(catalogue.chapters_declared[_name_of(catalogue, chapter)], chapter)
    for thing in catalogue.secrecy_declared["populations",]:
        population = catalogue.secrecy.populations[thing.name]
        if population.fact and population.measure:
            named: list[Named] = [(("measure",), population.measure)]
            named += [(("means", name), name) for name in population.means]
            named += [
                (("axes", axis, level), column)
                for axis, levels in population.axes.items()
                for level, column in levels.items()
                if ALONE.fullmatch(column)
            ]
            yield thing, population.fact.partition(".")[2], named
    for thing in catalogue.secrecy_declared["tables",]:
        yield thing, thing.name, _of_secrecy(catalogue.secrecy.tables[thing.name])
    rules = catalogue.secrecy.figures.rules
    for thing in catalogue.secrecy_declared["figures", "rules"]:
        rule = rules[thing.name]
        yield thing, rule.table, [(("column",), rule.column), *((("row", name), name) for name in rule.row)]


def _name_of(catalogue: Catalogue, chapter: Chapitre) -> str:
    return chapter.id if chapter.id in catalogue.chapters_declared else "synthese"


# figures --------------------------------------------------------------------------------------------------------------


def _of_measure(figure: Figure, mesure: Measure, families: dict[str, Family]) -> Iterator[Named]:
    yield ("mesure", "fait"), "exercice"
    if mesure.colonne:
        yield ("mesure", "colonne"), mesure.colonne
    for name in mesure.filtre:
        yield ("mesure", "filtre", name), name
    if figure.family:
        yield ("code",), families[figure.family].code


def _of_family(thing: Thing, family: Family) -> Iterator[tuple[Thing, str, Iterable[Named]]]:
    named: list[Named] = [((key,), getattr(family, key)) for key in ("code", "libelle", "exercice", "debut", "fin")]
    named += [(("filtre", name), name) for name in family.filtre]
    yield thing, family.relation, [(at, name) for at, name in named if name]
    if family.indicateurs:
        yield thing, family.indicateurs, [(("indicateurs",), family.code), (("indicateurs",), "indicateur")]
    if there := family.presents_dans:
        at = ("presents_dans",)
        keys = [((*at, "fait"), name) for name in (family.code, "exercice")]
        yield thing, there.fait, [*keys, *(((*at, "filtre", name), name) for name in there.filtre)]


# chapters -------------------------------------------------------------------------------------------------------------


def _of_chapter(thing: Thing, chapter: Chapitre) -> Iterator[tuple[Thing, str, Iterable[Named]]]:
    for index, one in enumerate(chapter.indicateurs if isinstance(chapter, Synthese) else []):
        counted = ("indicateurs", index)
        named: list[Named] = [((*counted, "table"), "exercice")]
        named += [((*counted, "concerne", name), name) for name in one.concerne] or [
            ((*counted, "table"), "code_collectivite")
        ]
        named += [((*counted, "colonne"), one.colonne)] if one.colonne else []
        named += [((*counted, "filtres", name), name) for name in one.filtres]
        yield thing, one.table, named
    for s, section in enumerate(chapter.sections):
        if asked := section.si:
            yield thing, asked.table, [(("sections", s, "si", "filtres", name), name) for name in asked.filtres]
        if each := section.pour_chaque:
            above = ("sections", s, "pour_chaque")
            yield thing, each.table, [((*above, "code"), each.code), *_ordered(above, each.ordre)]
        for b, bloc in enumerate(section.blocs):
            if isinstance(bloc, BLOCKS):
                at = ("sections", s, "blocs", b)
                yield thing, bloc.table, [*_of_block(at, bloc), *_ordered(at, bloc.ordre)]
            for index, source in enumerate(bloc.sources if isinstance(bloc, Frise) else []):
                place = ("sections", s, "blocs", b, "sources", index)
                named = [((*place, "filtres", name), name) for name in source.filtres]
                yield thing, source.table, [*named, ((*place, "date"), source.date), ((*place, "texte"), source.texte)]


def _of_words(thing: Thing, chapter: Chapitre, promised: dict[str, list[str]]) -> Iterator[str]:
    """The ``{names}`` in titles and sentences that nothing gives."""
    said: list[tuple[tuple[Any, ...], str | None, list[str]]] = [(("titre",), chapter.titre, [])]
    if isinstance(chapter, Synthese):
        said.append((("sous_titre",), chapter.sous_titre, []))
    for s, section in enumerate(chapter.sections):
        each = section.pour_chaque
        more = ["code", *promised.get(each.table, [])] if each else []
        said.append((("sections", s, "titre"), section.titre, more))
        said += [
            (("sections", s, "blocs", b, key), getattr(bloc, key, None), more)
            for b, bloc in enumerate(section.blocs)
            for key in ("titre", "vide", "note", "fichier")
        ]
    for at, text, more in said:
        yield from _of_sentence(thing.at(*at), at[-1], text or "", [*NAMES, *more])


def _of_sentence(place: str, key: str, text: str, known: list[str]) -> Iterator[str]:
    try:
        named = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
    except ValueError:
        yield f"{place} {key}: « {text} » est illisible : une accolade s’écrit {{{{ ou }}}}"
        return
    for name in named:
        if name not in known:
            yield f"{place} {key}: rien ne donne le nom « {name} » de « {text} »{suggestion(name, known)}"


def _of_texts(catalogue: Catalogue) -> Iterator[str]:
    """The columns that the prose of the report reads from a table."""
    for text in catalogue.prose_declared:
        try:
            found = asked(text.data)
        except Unreadable:
            continue  # reported when it is printed
        yield from unknown_columns_of(catalogue, shown(text.path), found)


def unknown_columns_of(catalogue: Catalogue, place: str, found: Asked) -> Iterator[str]:
    """The same for one text, whose file is ``place``."""
    for line, table, columns in found.columns:
        if known := catalogue.project.promised.get(table):
            yield from (_unknown(f"{place}:{line}", one, table, known) for one in columns if one not in known)


def _of_block(at: tuple[Any, ...], bloc: Donnees | Matrice | Liste | Compares) -> Iterator[Named]:
    for name in bloc.filtres:
        yield (*at, "filtres", name), name
    match bloc:
        case Donnees():
            yield (*at, "lignes"), bloc.lignes.nom
            yield from _printed((*at, "colonnes"), bloc.colonnes)
            yield from _crossed(at, bloc.croise)
            for key in ("ensemble", "concerne"):
                for name in getattr(bloc, key):
                    yield (*at, key, name), name
        case Matrice():
            yield (*at, "code"), bloc.code
            yield (*at, "lignes"), bloc.lignes.nom
            yield from _crossed(at, bloc.croise)
            if bloc.detail:
                yield (*at, "detail"), bloc.detail
        case Liste():
            for index, name in enumerate(bloc.entree):
                yield (*at, "entree", index), name
            yield from _printed((*at, "details"), bloc.details)
        case Compares():
            yield from _compared(at, bloc)


def _compared(at: tuple[Any, ...], bloc: Compares) -> Iterator[Named]:
    yield (*at, "libelle"), bloc.libelle
    if isinstance(bloc, Indicateurs) and bloc.part:
        yield (*at, "part"), bloc.part


def _crossed(at: tuple[Any, ...], croise: Croisement | None) -> Iterator[Named]:
    if croise:
        yield (*at, "croise", "par"), croise.par
        yield (*at, "croise", "valeur"), croise.valeur
        for name in PRINTED if croise.format == "chiffre" else ():
            yield (*at, "croise", "format"), name


def _printed(at: tuple[Any, ...], columns: list[Any]) -> Iterator[Named]:
    for index, column in enumerate(columns):
        yield (*at, index), column.nom
        for name in PRINTED if column.format == "chiffre" else ():
            yield (*at, index, "format"), name


def _ordered(at: tuple[Any, ...], order: list[str]) -> list[Named]:
    return [((*at, "ordre", index), name.removeprefix("-")) for index, name in enumerate(order)]


# alerts ---------------------------------------------------------------------------------------------------------------


def _of_alerts(catalogue: Catalogue, promised: dict[str, list[str]]) -> Iterator[str]:
    """The columns of the condition of an alert, of its key and of its sentence."""
    for name, alert in catalogue.alerts.items():
        thing, known = catalogue.alerts_declared[name], promised.get(alert.table)
        if known:
            named: list[Named] = [(("quand",), column) for column in _of_condition(alert.quand)]
            named += [(("cle", index), column) for index, column in enumerate(alert.cle)]
            yield from (
                _unknown(thing.at(*at), column, alert.table, known) for at, column in named if column not in known
            )
            yield from _of_sentence(thing.at("dit"), "dit", alert.dit, known)


def _of_condition(sql: str) -> list[str]:
    """The columns that a condition reads of its own table; none if it cannot be read: DuckDB will say why."""
    try:
        condition = sqlglot.parse_one(f"select 1 where {sql}", dialect="duckdb")
    except SqlglotError:
        return []
    named = [column for column in condition.find_all(exp.Column) if not column.table]
    return sorted({column.name.casefold() for column in named if column.find_ancestor(exp.Select) is condition})


# secrecy --------------------------------------------------------------------------------------------------------------


def _of_secrecy(table: Table) -> Iterator[Named]:
    for index, name in enumerate(table.plain):
        yield ("plain", index), name
    for key in ("levels", "numbers", "persons"):
        for name in getattr(table, key):
            yield (key, name), name
    for name, persons in table.persons.items():
        counted = [column for one in persons.counted for column in one.split(" - ")]
        for column in [*counted, *filter(None, [persons.by])]:
            yield ("persons", name), column
    for index, form in enumerate(table.forms):
        for name in form.said:
            yield ("forms", index, "said", name), name


# suites ---------------------------------------------------------------------------------------------------------------


def _of_suites(catalogue: Catalogue) -> Iterator[str]:
    registry = catalogue.registry
    fields = {f"systems/{system.system}/{table.name}": table.fields for system, table in registry.tables()}
    fields |= {f"shapes/{name}": shape.fields for name, shape in registry.shapes.items()}
    for name, suite in catalogue.suite_files.items():
        if name not in fields:
            continue
        table = name.rpartition("/")[2]
        named = [(suite.at(index), one.key, one.named_columns) for index, one in enumerate(suite.expectations)]
        named += [(suite.at_value(column), "valid_row", [column]) for column in suite.valid_row]
        for place, key, columns in named:
            try:
                refuse_unknown(columns, fields[name], table)
            except ValueError as error:
                yield f"{place} {key}: {error}"
