"""Finds the figures and the rows of tables that a line of a delivered file feeds, or says why it feeds none."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.address import Address, of_row
from pipelines.catalogue.dbt.lines import Feed, LineSource
from pipelines.catalogue.dbt.provenance import Reading, key_of, provenance, telling, tested
from pipelines.catalogue.figures import measure as sql
from pipelines.catalogue.figures.grammar import Figure
from pipelines.catalogue.figures.load import DeclaredFigure, Figures
from pipelines.evidence.parquet import select
from pipelines.evidence.record_line import record_line
from pipelines.evidence.trace import PRINTED
from pipelines.evidence.traced_rows import (
    ABSENCES,
    PRINTED_FIGURES,
    VALUE,
    Rows,
    Version,
    completed,
    lines_of,
    open_rows,
    tests_of_lines,
)
from pipelines.ledger.records import Manifest
from pipelines.ledger.store import Ledger
from pipelines.settings import Home
from pipelines.sql import literal, with_sheet

COUNTS, AWAITED, REPLACED = "retenue", "acceptée, pas encore publiée", "non retenue"
COMPANIONS = {"refusée": ".refus.parquet", "ignorée": ".ignores.parquet"}


@dataclass(frozen=True)
class Reached:
    """A figure that includes a line, directly or through another figure, with the contribution of the line."""

    code: str
    exercice: int
    apport: Decimal | None  # None for a figure computed from one that the line reached
    par: str | None = None  # that other figure


@dataclass(frozen=True)
class RowReached:
    """A row of a table that a line is in; ``parmi``: how many rows its key may name, when the line does not say which."""

    table: str
    cle: dict[str, str]
    exercice: int
    parmi: int
    commande: str


@dataclass(frozen=True)
class LineFate:
    """What became of one line of a delivered file (of one of its sheets, if it has several)."""

    livraison: str
    export: str
    exercice: int
    statut: str  # of the delivery: COUNTS | AWAITED | REPLACED
    feuille: str | None
    enregistrement: int | None  # the line that the record begins on
    etat: str  # acceptée | refusée | ignorée | absente
    raison: str | None
    chiffres: list[Reached] = field(default_factory=list)
    tableaux: list[RowReached] = field(default_factory=list)
    motifs: list[str] = field(default_factory=list)  # why it counted for nothing, if so
    complements: list[str] = field(default_factory=list)  # the rules that supplied what is missing from its file


def trace_line(
    home: Home, ledger: Ledger, version: Version, fichier: str, ligne: int, feuille: str | None = None
) -> list[LineFate]:
    """What became of line ``ligne`` of the file delivered as ``fichier``: one answer per delivery that included the
    file, and per sheet that has the line.

    A member of an archive is ``archive/member``; ``feuille`` picks one sheet of a workbook, otherwise all.
    """
    current = {one.manifest.delivery for one in ledger.current().values()} - version.manifests.keys()
    fates: list[LineFate] = []
    for row in ledger.all_rows("deliveries"):
        manifest = Manifest.from_dict(row["manifest"])
        if fichier.partition("/")[0] not in (file.name for file in manifest.files):
            continue
        counts = manifest.delivery in version.manifests
        status = COUNTS if counts else AWAITED if manifest.delivery in current else REPLACED
        fates += _fates(home, version, manifest, status, fichier, ligne, feuille)
    return fates


def _fates(
    home: Home, version: Version, manifest: Manifest, status: str, fichier: str, ligne: int, feuille: str | None
) -> Iterator[LineFate]:
    begins: dict[str | None, set[int]] = {}  # sheet (None when a file has none) → the lines on which a record begins
    of_file = f"_fichier = {literal(fichier)}" + (f" and _feuille = {literal(feuille)}" if feuille else "")
    for rows in (home.lake / counts.parquet for counts in manifest.tables.values()):
        for path in (rows, *map(rows.with_suffix, COMPANIONS.values())):
            for row in _companion(
                path, f"select distinct _feuille, _ligne from {{parquet}} where {of_file} order by all"
            ):
                begins.setdefault(row["_feuille"], set()).add(row["_ligne"])
    identity = (manifest.delivery, manifest.export_key, manifest.exercice, status)
    line = record_line(home, manifest, fichier, ligne, {begin for of in begins.values() for begin in of})
    sheets = [sheet for sheet, lines in begins.items() if line in lines]
    if line is None:
        yield LineFate(*identity, feuille, None, "absente", "le fichier n’a pas de donnée à cette ligne")
    for sheet in sheets:
        place = f"_fichier = {literal(fichier)} and _ligne = {line}"
        place += f" and _feuille = {literal(sheet)}" if sheet else " and _feuille is null"
        state, reason, tables = _reading(home, manifest, place)
        fate = LineFate(*identity, sheet, line, state, reason)
        yield _reaching(version, manifest, tables, place, fate) if status == COUNTS and tables else fate


def _reaching(version: Version, manifest: Manifest, tables: list[str], place: str, fate: LineFate) -> LineFate:
    """The figures that include an accepted line of the current delivery."""
    figures = version.catalogue.figures
    with open_rows(version) as rows:
        place = f"_livraison = {literal(manifest.delivery)} and {place}"
        reached, motives, counted = _reached(rows, figures, place)
        models = _models_of(rows, version, place)
        if not (reached or motives):
            motives = _why_none(rows, figures, manifest.system, tables, counted, place)
        rules = _rules(rows, counted, place)
        tables = [one for table in rows.tables("rapport") for one in _rows_reached(rows, version, table, models, place)]
    return replace(fate, chiffres=reached, tableaux=tables, motifs=motives, complements=rules)


def _models_of(rows: Rows, version: Version, place: str) -> list[str]:
    """The line-grain models that have a line."""
    kept = rows.tables("intermediate").keys() & version.catalogue.lines_declared
    return [
        model
        for model in sorted(kept)
        if rows.select(f"select 1 as une from {with_sheet(f'intermediate.{model}')} where {place} limit 1")
    ]


def _rows_reached(rows: Rows, version: Version, table: str, models: list[str], place: str) -> Iterator[RowReached]:
    """The rows of a table that a line is in, as its SQL reads the lines of ``models``."""
    catalogue, columns = version.catalogue, rows.tables("rapport")[table]
    key, found = key_of(catalogue, table, columns), set[Address]()
    for reading in telling(provenance(catalogue).readings(table, models), key):
        told = [name for name in tested(catalogue, table, reading, key) if name in reading.keys and name in columns]
        source = LineSource(reading.model, Feed(), {}, catalogue.lines_declared[reading.model].source)
        asked = [f"{reading.columns[name]} as {name}" for name in told]
        lines = f"select distinct {', '.join(asked)} from {lines_of(source)} where {' and '.join([place, *reading.conditions])}"
        for line in rows.select(lines) if told else ():
            tests = [_is_told(reading, name, value) for name, value in line.items()]
            rows_there = rows.select(f"from rapport.{table} where {' and '.join(tests)} order by all")
            year = line.get("exercice") or 0
            if reading.keys.issuperset(key) or len(rows_there) == 1:
                found |= {of_row(table, row, key, year) for row in rows_there}
            elif rows_there:  # which of them, the line does not say
                common = of_row(table, line, [name for name in key if name in line], year)
                yield RowReached(table, dict(common.key), common.exercice, len(rows_there), common.command)
    for address in sorted(found, key=lambda one: (one.exercice, one.key)):
        yield RowReached(table, dict(address.key), address.exercice, 1, address.command)


def _is_told(reading: Reading, name: str, value: Any) -> str:
    """In SQL over a table, that a column has the value of a line, or the one that stands for all."""
    values = [literal(value), *([reading.totals[name]] if name in reading.totals else [])]
    return f"({' or '.join(f'{name} is not distinct from {one}' for one in values)})"


def _reading(home: Home, manifest: Manifest, where: str) -> tuple[str, str | None, list[str]]:
    """The state of a line after its delivery was read, the reason, and the tables that contain it."""
    state, reason, tables = "absente", "le fichier n’a pas de donnée à cette ligne", []
    for name, counts in manifest.tables.items():
        rows = home.lake / counts.parquet
        refused, ignored = map(rows.with_suffix, COMPANIONS.values())
        if select(rows, f"select 1 as une from {{parquet}} where {where} limit 1"):
            state, reason, tables = "acceptée", None, [*tables, name]
        elif state == "acceptée":
            continue  # another table has it
        elif found := _companion(
            refused, f"select colonne, regle, attendu from {{parquet}} where {where} order by all"
        ):
            texts = [f"{one['regle']} « {one['colonne'] or 'ligne'} », attendu {one['attendu']}" for one in found]
            state, reason = "refusée", " ; ".join(texts)
        elif found := _companion(ignored, f"select raison from {{parquet}} where {where} order by all"):
            state, reason = "ignorée", found[0]["raison"]
    return state, reason, tables


def _companion(path: Path, query: str) -> list[dict[str, Any]]:
    return select(path, query) if path.exists() else []


def _reached(rows: Rows, figures: Figures, place: str) -> tuple[list[Reached], list[str], list[tuple[str, LineSource]]]:
    """The figures that include a line, why it counts for nothing if it does, and the facts that include it."""
    reached: list[Reached] = []
    motives: list[str] = []
    counted: list[tuple[str, LineSource]] = []
    for fact, sources in rows.sources.items():
        for source in sources:
            lines = rows.select(f"select poids, motif, double_de from {lines_of(source)} where {place}")
            for line in (line for line in lines if line["poids"] == 0):
                motives.append(f"{line['motif']} de {line['double_de']}" if line["double_de"] else line["motif"])
            if any(line["poids"] for line in lines):
                counted.append((fact, source))
                reached += _figures_of(rows, figures, fact, source, place)
    reached += [one for one in _named(rows, ABSENCES, "0", place) if rows.status(one.code, one.exercice)]
    printed = _named(rows, PRINTED_FIGURES, VALUE, place)
    reached += [one for one in printed if rows.status(one.code, one.exercice) == PRINTED]
    return [*reached, *_computed(rows, figures, reached)], list(dict.fromkeys(motives)), counted


def _rules(rows: Rows, counted: list[tuple[str, LineSource]], place: str) -> list[str]:
    """The rules that completed the line."""
    sources = {source.model: source for _, source in counted}.values()
    queries = [f"select {completed(source)} as regle from {lines_of(source)} where {place}" for source in sources]
    found = [row["regle"] for query in queries for row in rows.select(query)]
    return list(dict.fromkeys(filter(None, found)))


def _named(rows: Rows, relation: str, value: str, place: str) -> list[Reached]:
    """The figure whose code a line contains: one declared absent, or one printed in a report."""
    found = rows.select(f"select code, exercice, {value} as apport from {with_sheet(relation)} where {place}")
    return [Reached(row["code"], row["exercice"], Decimal(row["apport"] or 0)) for row in found]


def _figures_of(rows: Rows, figures: Figures, fact: str, source: LineSource, place: str) -> Iterator[Reached]:
    for declared in _measuring(figures, fact):
        figure, measure = declared.figure, declared.figure.mesure
        assert measure is not None
        is_distinct = measure.agregat == "nombre_distinct"
        value = "1" if is_distinct else sql.contribution(measure, source.column)
        tests = [place, "poids = 1", *tests_of_lines(source, measure.filtre)]
        asked = f"exercice, {_member(figures, figure, source)} as membre, {value} as apport"
        for row in rows.select(f"select {asked} from {lines_of(source)} where {' and '.join(tests)}"):
            code = figure.code.replace(f"{{{figure.family}}}", row["membre"] or "")
            if rows.status(code, row["exercice"]):
                yield Reached(code, row["exercice"], Decimal(row["apport"] or 0))


def _measuring(figures: Figures, fact: str) -> Iterable[DeclaredFigure]:
    """The figures that measure a fact."""
    return [one for one in figures.by_code.values() if one.figure.mesure and one.figure.mesure.fait == fact]


def _member(figures: Figures, figure: Figure, source: LineSource) -> str:
    """In SQL over a line, the member of a figure's family that it belongs to."""
    return f"cast({source.column(figures.families[figure.family].code)} as varchar)" if figure.family else "null"


def _computed(rows: Rows, figures: Figures, reached: list[Reached]) -> Iterator[Reached]:
    """The figures computed from those that include the line directly; a total is used in the ratio of every member."""
    standing = {year: rows.codes(year) for year in {one.exercice for one in reached}}
    for one in reached:
        declared, member = figures.declaration_of(one.code)
        for other in (other.figure for other in figures.by_code.values()):
            if other.expression and declared.figure.code in (leaf.code for leaf in figures.leaves(other.code)):
                only = member if other.family and other.family == declared.figure.family else None
                for code in members_of(figures, other, standing[one.exercice], only):
                    yield Reached(code, one.exercice, None, one.code)


def members_of(figures: Figures, figure: Figure, codes: Iterable[str], only: str | None = None) -> list[str]:
    """The printed codes of a declared figure among ``codes``; for a family, those of every member, or of one."""
    if only:
        return [code for code in codes if code == figure.code.replace(f"{{{figure.family}}}", only)]
    return [code for code in codes if figures.declared_as(code) == figure.code]


def _why_none(
    rows: Rows, figures: Figures, system: str, tables: list[str], counted: list[tuple[str, LineSource]], place: str
) -> list[str]:
    """Why no figure includes an accepted line that was not set aside."""
    if printed := _named(rows, PRINTED_FIGURES, VALUE, place):
        return [f"chiffre imprimé : comparé à {one.code} recalculé, jamais repris dans un calcul" for one in printed]
    fed = [code for code in figures.by_code if _rests_on(figures, code, system, tables)]
    if not fed:
        return ["aucun chiffre ne se calcule sur cette table : elle n’est lue que par des tableaux"]
    nearest = [words for fact, source in counted if (words := _nearest(rows, figures, fact, source, place))]
    others = ", ni aucun des autres chiffres calculés sur cette table" if len(fed) > 1 else ""
    return nearest or [f"{_said(figures.by_code[fed[0]].figure, None)} ne la retient pas{others}"]


def _rests_on(figures: Figures, code: str, system: str, tables: list[str]) -> bool:
    """True when a declared figure rests on one of the tables; a system of a family represents its members."""
    named = [source for alternatives in figures.sources(code) for source in alternatives]
    sources = {table.partition("/") for source in named for table in figures.tables_of(source, code)}
    return any((of == system or of.startswith("{")) and name in tables for of, _, name in sources)


def _nearest(rows: Rows, figures: Figures, fact: str, source: LineSource, place: str) -> str | None:
    """Among the figures that measure ``fact``, the one whose conditions the line comes closest to meeting, and those it fails."""
    unmet = {one.figure.code: _unmet(rows, one, source, place) for one in _measuring(figures, fact)}
    if not unmet:  # a fact that only tables use
        return None
    figure = figures.by_code[min(unmet, key=lambda code: len(unmet[code]))].figure
    asked = f"{_member(figures, figure, source)} as membre"
    member = rows.select(f"select {asked} from {lines_of(source)} where {place} limit 1")
    conditions = " et ".join(unmet[figure.code]) or "un membre que le rapport publie"
    return f"aucun chiffre ne la retient : le plus proche, {_said(figure, member[0]['membre'])}, demande {conditions}"


def _said(figure: Figure, member: str | None) -> str:
    """A figure by its code; one of a family whose member is unknown is found by its label, since no code exists for it."""
    if figure.family is None or member:
        return figure.code.replace(f"{{{figure.family}}}", member or "")
    return f"« {figure.libelle.replace(f'{{{figure.family}}}', '…')} »"


def _unmet(rows: Rows, declared: DeclaredFigure, source: LineSource, place: str) -> list[str]:
    """The conditions of a figure's measure that a line does not meet, in French."""
    measure = declared.figure.mesure
    assert measure is not None
    words = [source.feed.comptees, *measure.conditions(declared.words)]
    tests = dict(zip(words, tests_of_lines(source, measure.filtre), strict=True))
    met = [f"bool_or(coalesce({test}, false))" for test in tests.values()]
    row = rows.db.execute(f"select {', '.join(met)} from {lines_of(source)} where {place}").fetchone()
    return [words for words, is_met in zip(tests, row, strict=True) if not is_met]
