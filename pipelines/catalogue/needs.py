"""Refuses a catalogue in which something in effect needs what is missing or switched off: both are named.

A union simply loses a branch that is switched off, so something that needs any one of several things is not checked here.
"""

import fnmatch
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pipelines.catalogue.chapters.grammar import ChiffreCle, Message, Texte
from pipelines.catalogue.chapters.texts import KNOWN, Unreadable, asked
from pipelines.catalogue.columns import unknown_columns, unknown_columns_of
from pipelines.catalogue.contracts import OURS, SNAPSHOT, broken, told
from pipelines.catalogue.dbt.generated import all_models, layers, model_texts, report_sources
from pipelines.catalogue.dbt.lineage import origins, tables_behind
from pipelines.catalogue.dbt.project import Need, needs_of, needs_said, without_comments
from pipelines.catalogue.dbt.unions import CONTROL_COLUMNS, CONTROLS
from pipelines.catalogue.fields import described, is_measure
from pipelines.catalogue.filters import wrong_filters
from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.overlay import Thing, named
from pipelines.catalogue.secrecy import ROLE
from pipelines.catalogue.wording import misworded
from pipelines.catalogue.yaml_file import DeclarationError, read_text, shown
from pipelines.did_you_mean import suggestion
from pipelines.sql import literal

PARTS = """
    fields registry figures chapters alerts guards templates_declared summary cover rules secrecy comparisons_declared references
    suite_files lines pieces_declared
""".split()
ENGINE_MODELS = """
    chiffres fct_collecte fct_lignes_signalees int_communs__absences int_communs__chiffres_publies int_communs__constats
    int_communs__membres_nommes int_communs__trous rpt_lignes_signalees rpt_manques rpt_rapprochement_publie rpt_sources
""".split()
# of a control: the code of its rule, or SQL that gives it
ROW = re.compile(r"""\bconstat\(\s*(?:'([^']*)'|"([^"]*)")""")
CODE = re.compile(r"'([A-Z]+(?:-[A-Z]+)+)'")  # of a rule, in that SQL
VALUE = re.compile(r"'(\w+)':")  # a name that a control gives to the sentences of its rule
METHODE = "methode.md"
NEEDED_TEMPLATES = {"rapport.docx", "rapport.odt", "acte.docx", "courrier.docx"}
FIGURES = "chiffres"  # a row of it is a figure, and part of nothing


def check(catalogue: Catalogue) -> None:
    """Read every part, and raise DeclarationError, one line per unmet need."""
    for part in PARTS:
        getattr(catalogue, part)
    kinds = (
        _of_engine,
        _of_models,
        _of_sources,
        _of_fields,
        _of_columns,
        _of_figures,
        _of_lineage,
        _of_doubles,
        _of_chapters,
        _of_alerts,
        _of_texts,
        _of_secrecy,
        _of_suites,
        _of_rules,
        _of_contracts,
        unknown_columns,
        wrong_filters,
    )
    if wrong := [sentence for needs in kinds for sentence in needs(catalogue)]:
        raise DeclarationError("\n".join(wrong))


def _of_engine(catalogue: Catalogue) -> Iterator[str]:
    """Check the models and the text that the engine reads by name, and that no missing model is switched off."""
    project = catalogue.project
    if METHODE in (off := catalogue.prose_declared.off):
        yield f"{off[METHODE].place} désactive le texte « {METHODE} », que tout rapport imprime"
    for name in sorted(catalogue.templates_declared.off.keys() & NEEDED_TEMPLATES):
        place = catalogue.templates_declared.off[name].place
        yield f"{place} désactive le modèle de document « {name} », dont un document se fait"
    known = {*project.models.replaced, *(Path(path).stem for path in all_models(catalogue))}
    known |= {name for name, thing in project.models.off.items() if thing.kind == "model entry"}
    for name, thing in project.off.items():
        if name in ENGINE_MODELS:
            yield f"{thing.place} désactive le modèle « {name} », que toute trace et toute publication lisent"
        elif name not in known:
            yield f"{thing.place} désactive le modèle « {name} », que rien ne déclare"


def _of_sources(catalogue: Catalogue) -> Iterator[str]:
    """Check that a model of ``rapport`` reads the tables that it names as the origin of its rows."""
    for thing in catalogue.project.said:
        said = origins(thing)
        read = tables_behind(thing.name, model_texts(catalogue)) if said.sources or said.needs else []
        for source in said.sources:
            if not fnmatch.filter(read, source):
                place = thing.at("config", "meta", "sources")
                others = f" ; il lit {', '.join(read)}" if read else ""
                yield f"{place} meta.sources: « {thing.name} » ne lit pas la table « {source} »{others}"
        for index, group in enumerate(said.needs):
            tables, known = catalogue.figures.tables_of, [f"*/{shape}" for shape in catalogue.registry.shapes]
            for source in group:
                if source not in known and not {*tables(source)} & {*read}:
                    place, near = thing.at("config", "meta", "exige", index), suggestion(source, [*known, *read])
                    yield f"{place} meta.exige: « {thing.name} » ne lit aucune table de « {source} »{near}"


def _of_fields(catalogue: Catalogue) -> Iterator[str]:
    """Check that one of its tables has each field that the rows of a model of ``rapport`` need."""
    tables = {f"{system.system}/{table.name}": table for system, table in catalogue.registry.tables()}
    for thing in catalogue.project.said:
        said = origins(thing)
        ranks = {column["name"]: rank for rank, column in enumerate(thing.data.get("columns") or [])}
        needed: list[tuple[tuple[Any, ...], tuple[str, ...]]]
        needed = [(("config", "meta", "champs", index), group) for index, group in enumerate(said.fields)]
        needed += [(("columns", ranks[column]), group) for column, groups in said.columns.items() for group in groups]
        behind = report_sources(catalogue).get(thing.name, ()) if needed else ()
        known = sorted({field.name for source in behind if source in tables for field in tables[source].kept_fields})
        for at, group in needed:
            for name in group:
                if known and name not in known:
                    place = thing.at(*at)
                    yield f"{place} meta.champs: aucune table derrière « {thing.name} » n’a de colonne « {name} »{suggestion(name, known)}"


def _of_columns(catalogue: Catalogue) -> Iterator[str]:
    """Check that columns promised to readers have a meaning, in the entry, or once for all in ``fields.yml``."""
    for thing in _published(catalogue):
        for index, column in enumerate(described(thing.data, catalogue.fields).get("columns") or []):
            if not column.get("description"):
                place = thing.at("columns", index)
                yield f"{place} {thing.name}.{column['name']}: fields.yml ne dit pas ce que cette colonne signifie"


def _published(catalogue: Catalogue) -> Iterator[Thing]:
    """The entries of the hand-written models that readers see."""
    project = catalogue.project
    for thing in project.said:
        if thing.name in project.models and project.layer_of(thing.name) in ("marts", "restreint", "rapport"):
            yield thing


def unsummable(catalogue: Catalogue) -> Iterator[tuple[str, Thing, str | None]]:
    """What nobody can add up without reading its SQL: (rule, entry of a model that readers see, column).

    ``PUB-ROLE``: a table of ``rapport`` whose rows do not say what they are (``role_ligne``). ``PUB-ADDITIF``: a number
    for which ``fields.yml`` does not say how it adds.
    """
    project = catalogue.project
    for thing in _published(catalogue):
        columns, key = thing.data.get("columns") or [], project.keys.get(thing.name, [])
        is_listed = any(column["name"] == ROLE for column in columns)
        if project.layer_of(thing.name) == "rapport" and thing.name != FIGURES and not is_listed:
            yield "PUB-ROLE", thing, None
        for column in columns:
            said = catalogue.fields.of(thing.name, column["name"])
            if is_measure(column, key, said) and (said is None or said.adds_along is None):
                yield "PUB-ADDITIF", thing, column["name"]


def _of_rules(catalogue: Catalogue) -> Iterator[str]:
    """Check that the rules that controls name are declared, and that their sentences use what a row gives."""
    project, names, read = catalogue.project, {*CONTROL_COLUMNS}, ""
    if CONTROLS in project.models:
        yield f"{project.models[CONTROLS].place} « {CONTROLS} » réunit les contrôles : donner un autre nom à celui-ci"
    for thing in project.models:
        if project.layer_of(thing.name) != CONTROLS:
            continue
        sql = without_comments(thing.data)
        names, read = names | set(VALUE.findall(sql)), read + sql
        found = [*ROW.finditer(sql)]
        if not found:
            yield f"{thing.place} un contrôle donne ses lignes par la macro constat (docs/catalogue.md)"
        for row in found:
            said = row[1] or row[2]
            for code in [said] if said == said.upper() else CODE.findall(said):
                if code not in catalogue.rules:
                    place = f"{shown(thing.path)}:{sql.count(chr(10), 0, row.start()) + 1}"
                    yield missing(place, "rule", code, catalogue.rules_declared.off, catalogue.rules)
    yield from misworded([rule for rule in catalogue.rules_declared if rule.name in read], names)


def _of_contracts(catalogue: Catalogue) -> Iterator[str]:
    """Check that readers will find what they were promised, in the tables that dbt makes."""
    made = {table: columns for table, columns in catalogue.promised.items() if not table.startswith(OURS)}
    for sentence in told(broken(made, catalogue.contracted)):
        yield f"{SNAPSHOT}: {sentence} ; c’est promis aux lecteurs : le remettre, ou le retirer par `millesime contracts record --withdraw`"


def missing(place: str, what: str, name: str, off: Mapping[str, Thing], known: Iterable[str] = ()) -> str:
    """The sentence about a name that is not in effect; ``known`` are those that are."""
    if name in off:
        return f"{place} demande {named(what, name)}, que {off[name].place} désactive"
    return f"{place} demande {named(what, name)}, que rien ne déclare{suggestion(name, known)}"


def _of_models(catalogue: Catalogue) -> Iterator[str]:
    """What the SQL and the tests of a model read."""
    project = catalogue.project
    for overlay in (project.models, project.tests):
        for thing in overlay:
            for need in needs_of(thing.data):
                yield from _unmet(catalogue, thing.at(), need, need.line)
    for overlay in (project.said, project.others):
        for thing in overlay:
            for need in needs_said(thing.data):
                yield from _unmet(catalogue, thing.place, need)


def _unmet(catalogue: Catalogue, place: str, need: Need, line: int | None = None) -> Iterator[str]:
    where = f"{place.rpartition(':')[0]}:{line}" if line else place
    if need.is_model:
        if need.name not in layers(catalogue):
            yield missing(where, "model", need.name, catalogue.project.off, layers(catalogue))
    elif need.name not in catalogue.source_tables:
        source, _, table = need.name.partition(".")
        if source == "lake" and (system := table.partition("__")[0]) in catalogue.systems:
            name, of = table.removeprefix(f"{system}__"), catalogue.registry.systems[system]
            near = suggestion(name, [one.name for export in of.exports for one in export.tables])
            yield f"{where} demande la table « {name} », que le système « {system} » n’a pas{near}"
        elif source == "lake":
            yield missing(where, "system", table.partition("__")[0], catalogue.systems.off, catalogue.systems.on)
        elif source == "reference":
            yield missing(where, "reference table", table, catalogue.reference.off, catalogue.reference.on)
        else:
            yield missing(where, "dbt source", need.name, catalogue.project.sources.off, catalogue.source_tables)


def _of_figures(catalogue: Catalogue) -> Iterator[str]:
    axes = sorted({axis for said in catalogue.pieces_declared.values() for axis in said.axes})
    for declared in catalogue.figures.by_code.values():
        for axis in declared.figure.pieces:
            if axis not in axes:
                yield f"{declared.place} pieces: aucun modèle ne distingue ses pièces par « {axis} »{suggestion(axis, axes)}"
        if declared.figure.mesure:  # its mart, and the lines behind it: without them no figure can be traced
            place, fact = declared.place, declared.figure.mesure.fait
            yield from _model(catalogue, place, fact)
            if fact in layers(catalogue) and fact not in catalogue.lines:
                yield f"{place} demande les lignes de « {fact} », et aucun modèle ne dit que les siennes le font (config.meta.lignes.faits)"
    for name, family in catalogue.figures.families.items():
        place = catalogue.figures_declared.families[name].place
        facts = [family.relation, family.indicateurs, family.presents_dans.fait if family.presents_dans else None]
        for model in filter(None, facts):
            yield from _model(catalogue, place, model)


def _of_lineage(catalogue: Catalogue) -> Iterator[str]:
    """The lake tables that the rows of a measure come from: a gap in one that it does not name would not show."""
    texts = model_texts(catalogue)
    behind = functools.cache(lambda fact: tables_behind(fact, texts))
    for code, declared in catalogue.figures.by_code.items():
        figure, fact = declared.figure, declared.figure.mesure.fait if declared.figure.mesure else ""
        for table in behind(fact) if fact else []:
            if not catalogue.figures.answers_for(figure, table):
                yield (
                    f"{declared.place} {code}: les lignes de « {fact} » viennent aussi de « {table} », que ses sources ne nomment pas : "
                    "l’y ajouter, ou dire dans sans_effet pourquoi le chiffre est le même sans elle"
                )


def _of_doubles(catalogue: Catalogue) -> Iterator[str]:
    """The models that would count each of the lines of one key, which a table lets come."""
    lines = {said.source: model for model, said in catalogue.lines_declared.items()}
    for system, table in catalogue.registry.tables():
        model = lines.get(literal(source := f"{system.system}/{table.name}"))
        if table.has_doubles and model and "double_de" not in catalogue.project.models[model].data:
            yield (
                f"{catalogue.project.models[model].place} compte toutes les lignes de « {source} » qui ont la même clé, et que "
                f"severity: warning laisse venir ({', '.join(table.primaryKey)}) : y nommer celle qui compte (double_de, docs/catalogue.md)"
            )


def _of_chapters(catalogue: Catalogue) -> Iterator[str]:
    """The tables and figures that are printed."""
    for name, chapter in catalogue.printed.items():
        thing = catalogue.chapters_declared[name]
        for at, part in chapter.parts():
            if table := getattr(part, "table", None):
                yield from _model(catalogue, thing.at(*at), table)
            if beside := getattr(part, "avec", None):
                yield from _model(catalogue, thing.at(*at, "avec"), beside)
            codes = part.codes if isinstance(part, Message) else [part.code] if isinstance(part, ChiffreCle) else []
            for code in codes:
                yield from _figure(catalogue, thing.at(*at), code)


def _of_alerts(catalogue: Catalogue) -> Iterator[str]:
    """The tables and figures of alerts and guards; one that is switched off raises no alarm, and nothing prints it."""
    for name, alert in catalogue.alerts.items():
        if alert.table not in catalogue.project.off:
            yield from _model(catalogue, catalogue.alerts_declared[name].at("table"), alert.table)
    for name, guard in catalogue.guards.items():
        place, off = catalogue.guards_declared[name].place, catalogue.figures_declared.figures.off
        tables = [*guard.tables, *([guard.demande.table] if guard.demande else [])]
        for table in (one for one in tables if one not in catalogue.project.off):
            yield from _model(catalogue, place, table)
        for code in (one for one in (*guard.chiffres, guard.apres) if one and one not in off):
            yield from _figure(catalogue, place, code)


def _of_texts(catalogue: Catalogue) -> Iterator[str]:
    """The figures and the tables that the printed texts refer to."""
    parts = (part for chapter in catalogue.printed.values() for _, part in chapter.parts())
    printed = {METHODE, *(part.fichier for part in parts if isinstance(part, Texte))}
    for text in (thing for thing in catalogue.prose_declared if thing.name in printed):
        yield from _of_text(catalogue, shown(text.path), text.data)


def _of_text(catalogue: Catalogue, place: str, text: str) -> Iterator[str]:
    """The figures, tables and names that a text refers to."""
    try:
        found = asked(text)
    except Unreadable as error:
        yield f"{place}:{error.line} {error}"
        return
    for line, name in found.names:
        if name not in KNOWN:
            yield f"{place}:{line} le nom « {name} » n’existe pas{suggestion(name, KNOWN)}"
    for line, code in dict.fromkeys(found.figures):
        yield from _figure(catalogue, f"{place}:{line}", code)
    for line, table, _ in found.columns:
        if table not in catalogue.project.off:  # a text may first test whether the figure is followed
            yield from _model(catalogue, f"{place}:{line}", table)


def check_texts(catalogue: Catalogue, texts: Iterable[Path]) -> None:
    """Raise DeclarationError, one line per missing figure, table, column or name that the prose of a year refers to."""
    wrong: list[str] = []
    for path in texts:
        place, text = shown(path), read_text(path)
        wrong += _of_text(catalogue, place, text)
        with suppress(Unreadable):
            wrong += unknown_columns_of(catalogue, place, asked(text))
    if wrong:
        raise DeclarationError("\n".join(wrong))


def _of_suites(catalogue: Catalogue) -> Iterator[str]:
    """The table that a suite is for; a suite whose system or shape is switched off stays dormant."""
    tables = {f"systems/{system.system}/{table.name}" for system, table in catalogue.registry.tables()}
    tables |= {f"shapes/{shape}" for shape in catalogue.registry.shapes}
    off = {f"systems/{name}" for name in catalogue.systems.off} | {f"shapes/{name}" for name in catalogue.shapes.off}
    for thing in catalogue.suites:
        if thing.name not in tables and "/".join(thing.name.split("/")[:2]) not in off:
            yield f"{thing.place} est la suite de « {thing.name} », que rien ne déclare{suggestion(thing.name, tables)}"


def _figure(catalogue: Catalogue, place: str, code: str) -> Iterator[str]:
    try:
        catalogue.figures.declaration_of(code)
    except KeyError:
        yield missing(place, "figure", code, catalogue.figures_declared.figures.off, catalogue.figures.by_code)


def _of_secrecy(catalogue: Catalogue) -> Iterator[str]:
    for thing in catalogue.secrecy_declared["populations",]:
        if fact := thing.data.get("fact"):
            yield from _model(catalogue, thing.place, fact.partition(".")[2])
    for thing in catalogue.secrecy_declared["tables",]:
        if thing.name not in catalogue.project.off:  # unused if its model is switched off
            yield from _model(catalogue, thing.place, thing.name)


def _model(catalogue: Catalogue, place: str, name: str) -> Iterator[str]:
    if name not in layers(catalogue):
        yield missing(place, "model", name, catalogue.project.off, layers(catalogue))
