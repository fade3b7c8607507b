"""The columns that declarations name, checked against those that their tables promise.

``READS`` says which columns a figure, a family, a chapter, an alert or an entry of secrecy reads; a text and a suite are read
apart. A mart or a table of ``rapport`` promises the columns of its contract (``columns:`` of its dbt entry); a table without a
contract is not checked. Of SQL, only a lone column and the condition of an alert are read.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from pipelines.catalogue.chapters import grammar as chapters
from pipelines.catalogue.chapters.alerts import EACH, Alerte, names_in
from pipelines.catalogue.chapters.texts import Asked, Unreadable, asked
from pipelines.catalogue.figures.grammar import Family, Measure
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.overlay import Thing
from pipelines.catalogue.secrecy import Figure, Population, Table
from pipelines.catalogue.source_grammar import Declared
from pipelines.catalogue.suite_file import refuse_unknown
from pipelines.catalogue.yaml_file import shown
from pipelines.did_you_mean import suggestion

Named = tuple[tuple[Any, ...], str]  # where in the thing, the column
ALONE = re.compile(r"[a-z_][a-z0-9_]*")
# Declaration → what in it names columns of its table: a word, the items of a list, the keys of a mapping; ``*``: all below.
READS: dict[type[Declared], tuple[str, ...]] = {
    chapters.Rangees: ("filtres",),
    chapters.Imprimees: ("ordre",),
    chapters.Donnees: ("lignes.nom", "colonnes.*.nom", "croise", "ensemble", "concerne"),
    chapters.Matrice: ("code", "lignes.nom", "croise", "detail"),
    chapters.Liste: ("entree", "details.*.nom"),
    chapters.Compares: ("libelle", "ordre"),
    chapters.Indicateurs: ("part",),
    chapters.Evenements: ("date", "texte"),
    chapters.IndicateurMembre: ("concerne", "colonne"),
    chapters.PourChaque: ("code", "ordre"),
    chapters.Croisement: ("par", "valeur"),
    Alerte: ("cle",),
    Measure: ("colonne", "filtre"),
    Family: ("code", "libelle", "exercice", "debut", "fin", "filtre"),
    Population: ("measure", "means"),
    Table: ("plain", "levels", "numbers", "persons", "persons.*.counted", "persons.*.by", "forms.*.said"),
    Figure: ("column", "row"),
}
PRINTED = ("unite", "decimales")  # what the format « chiffre » reads of the same row


def named_in(part: Declared, *above: Any) -> list[Named]:
    """The columns of its table that a declaration names, each with its path below ``above``."""
    paths = [path for kind, of in READS.items() if isinstance(part, kind) for path in of]
    return [named for path in paths for named in _at(part, path.split("."), above)]


def _at(value: Any, path: list[str], at: tuple[Any, ...]) -> Iterator[Named]:
    if path and path[0] == "*":
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _at(one, path[1:], (*at, key))
    elif path and value is not None:
        yield from _at(getattr(value, path[0]), path[1:], (*at, path[0]))
    elif isinstance(value, str):  # an order may be descending, a count a difference: -a, a - b
        yield from ((at, name) for name in re.findall(r"\w+", value))
    elif isinstance(value, chapters.Croisement):
        yield from named_in(value, *at)
    elif value is not None:
        for key, name in enumerate(value) if isinstance(value, list) else zip(value, value, strict=True):
            yield from _at(name, [], (*at, key))


def unknown_columns(catalogue: Catalogue) -> Iterator[str]:
    """One sentence per missing column, with its place and the nearest name."""
    promised = catalogue.project.promised
    for thing, table, columns in columns_read(catalogue):
        if known := promised.get(table):
            yield from (_unknown(thing.at(*at), column, table, known) for at, column in columns if column not in known)
    for name, chapter in catalogue.printed.items():
        yield from _of_words(catalogue.chapters_declared[name], chapter, promised)
    for text in catalogue.prose_declared:
        try:
            found = asked(text.data)
        except Unreadable:
            continue  # reported when it is printed
        yield from unknown_columns_of(catalogue, shown(text.path), found)
    for name, alert in catalogue.alerts.items():
        if known := promised.get(alert.table):
            place = catalogue.alerts_declared[name].at
            yield from _of_sentence(place("dit"), "dit", alert.dit, known)
            if alert.ensemble:
                yield from _of_sentence(place("ensemble"), "ensemble dit", alert.ensemble.dit, [*known, EACH])
                yield from _of_sentence(place("ensemble"), "ensemble chacun", alert.ensemble.chacun, known)
    yield from _of_suites(catalogue)


def _unknown(place: str, column: str, table: str, known: list[str]) -> str:
    near = suggestion(column, known)
    return f"{place} demande la colonne « {column} » de « {table} », qui n’en a pas de ce nom{near}"


def columns_read(catalogue: Catalogue) -> Iterator[tuple[Thing, str, Iterable[Named]]]:
    """Who reads a table, the table, and the columns read."""
    families = catalogue.figures.families
    for thing in catalogue.figures_declared.figures:
        figure = catalogue.figures.by_code[thing.name].figure
        if figure.mesure:
            named = [(("mesure", "fait"), "exercice"), *named_in(figure.mesure, "mesure")]
            named += [(("code",), families[figure.family].code)] if figure.family else []
            yield thing, figure.mesure.fait, named
    for thing in catalogue.figures_declared.families:
        yield from _of_family(thing, families[thing.name])
    for name, chapter in catalogue.printed.items():
        yield from _of_chapter(catalogue.chapters_declared[name], chapter)
    secrecy, declared = catalogue.secrecy, catalogue.secrecy_declared
    for thing in declared["populations",]:
        population = secrecy.populations[thing.name]
        axes = [
            (("axes", axis, level), column)
            for axis, levels in population.axes.items()
            for level, column in levels.items()
            if ALONE.fullmatch(column)
        ]
        yield thing, population.fact.partition(".")[2], [*named_in(population), *axes]
    for thing in declared["tables",]:
        yield thing, thing.name, named_in(secrecy.tables[thing.name])
    for thing in declared["figures", "rules"]:
        yield thing, secrecy.figures.rules[thing.name].table, named_in(secrecy.figures.rules[thing.name])
    for name, alert in catalogue.alerts.items():
        condition = [(("quand",), column) for column in _of_condition(alert.quand)]
        yield catalogue.alerts_declared[name], alert.table, [*condition, *named_in(alert)]


def _of_family(thing: Thing, family: Family) -> Iterator[tuple[Thing, str, Iterable[Named]]]:
    yield thing, family.relation, named_in(family)
    if family.indicateurs:
        yield thing, family.indicateurs, [(("indicateurs",), family.code), (("indicateurs",), "indicateur")]
    if there := family.presents_dans:
        at = ("presents_dans",)
        keys = [((*at, "fait"), name) for name in (family.code, "exercice")]
        yield thing, there.fait, [*keys, *(((*at, "filtre", name), name) for name in there.filtre)]


def _of_chapter(thing: Thing, chapter: chapters.Chapitre) -> Iterator[tuple[Thing, str, Iterable[Named]]]:
    for at, part in chapter.parts():
        table: str | None = getattr(part, "table", None)
        if table is None:
            continue
        named = named_in(part, *at)
        if isinstance(part, chapters.IndicateurMembre):
            by = ["exercice"] if part.concerne else ["exercice", "code_collectivite"]
            named += [((*at, "table"), column) for column in by]
        for below, one in part.parts():
            if isinstance(one, chapters.Colonne | chapters.Croisement) and one.format == "chiffre":
                named += [((*at, *below, "format"), name) for name in PRINTED]
        yield thing, table, named


def _of_words(thing: Thing, chapter: chapters.Chapitre, promised: dict[str, list[str]]) -> Iterator[str]:
    """The ``{names}`` in titles and sentences that nothing gives."""
    said: list[tuple[tuple[Any, ...], str | None, list[str]]] = [(("titre",), chapter.titre, [])]
    if isinstance(chapter, chapters.Synthese):
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
        yield from _of_sentence(thing.at(*at), at[-1], text or "", [*chapters.NAMES, *more])


def _of_sentence(place: str, key: str, text: str, known: list[str]) -> Iterator[str]:
    try:
        named = names_in(text)
    except ValueError:
        yield f"{place} {key}: « {text} » est illisible : une accolade s’écrit {{{{ ou }}}}"
        return
    for name in named:
        if name not in known:
            yield f"{place} {key}: rien ne donne le nom « {name} » de « {text} »{suggestion(name, known)}"


def unknown_columns_of(catalogue: Catalogue, place: str, found: Asked) -> Iterator[str]:
    """The same for one text, whose file is ``place``."""
    for line, table, columns in found.columns:
        if known := catalogue.project.promised.get(table):
            yield from (_unknown(f"{place}:{line}", one, table, known) for one in columns if one not in known)


def _of_condition(sql: str) -> list[str]:
    """The columns that a condition reads of its own table; none if it cannot be read: DuckDB will say why."""
    try:
        condition = sqlglot.parse_one(f"select 1 where {sql}", dialect="duckdb")
    except SqlglotError:
        return []
    named = [column for column in condition.find_all(exp.Column) if not column.table]
    return sorted({column.name.casefold() for column in named if column.find_ancestor(exp.Select) is condition})


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
