"""Goes from a printed figure to the lines of the files behind it, and from a line to the figures that it reached.

Both ways start from the figure's single declaration: its measure, with its filter, is applied to the line-grain relation
of its fact (``catalogue/lines``). What every line adds up to must be the figure's exact value: ``Leaf.agrees`` says so.
It reads the warehouse that stands, the ledger and the lake, and writes nothing. No cell of a personal column is shown: a
line is named by its file and number, and says how much it counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from pipelines.catalogue.figures import measure as sql
from pipelines.catalogue.figures.grammar import Figure, Filter, Measure
from pipelines.catalogue.figures.load import DeclaredFigure, Figures
from pipelines.catalogue.lines import LineSource
from pipelines.catalogue.load import Catalogue
from pipelines.evidence.gaps import sources_of
from pipelines.evidence.parquet import select
from pipelines.ledger.records import Manifest
from pipelines.ledger.store import Ledger
from pipelines.settings import Home
from pipelines.sql import literal, with_sheet

ABSENCES, PRINTED_FIGURES = "intermediate.int_communs__absences", "intermediate.int_communs__chiffres_publies"
VALUE = "valeur_publiee"  # of a printed figure
PRINTED = "publié"  # the status of a figure that only a printed report gives


@dataclass(frozen=True)
class Line:
    """One line of a file: how much it counted in a measure, or why it did not."""

    livraison: str
    fichier: str
    feuille: str | None
    ligne: int
    colonne: str | None  # the heading of the cell, of columns that become rows
    relation: str
    compte: bool
    motif: str
    apport: Decimal | None  # None when the line's value is unknown


@dataclass(frozen=True)
class Source:
    """One delivery behind a figure."""

    livraison: str
    export: str
    exercice: int
    recue_le: str
    verdict: str  # French
    fichiers: list[tuple[str, str]]  # (name, SHA-256)


@dataclass(frozen=True)
class Leaf:
    """One measure that a figure rests on, with its lines; ``valeur`` is what the warehouse computed."""

    code: str
    libelle: str
    agregat: str  # how lines add up: somme | maximum | mediane | nombre | nombre_distinct
    sql: str
    valeur: Decimal | None
    lignes: list[Line]

    @property
    def recalcul(self) -> Decimal:
        """What the lines that count come to: their sum, their median, or the greatest of them."""
        known = [line.apport for line in self.lignes if line.compte and line.apport is not None]
        if known and self.agregat in ("mediane", "maximum"):
            return Decimal(median(known) if self.agregat == "mediane" else max(known))
        return sum(known, Decimal(0))

    @property
    def agrees(self) -> bool:
        """True when the lines add up to the measure's exact value; without one, no line counts or one is unknown."""
        counted = [line for line in self.lignes if line.compte]
        if self.valeur is None:
            return not counted or any(line.apport is None for line in counted)
        return self.recalcul == self.valeur


@dataclass(frozen=True)
class Trace:
    """A figure, from its value down to its lines."""

    code: str
    exercice: int
    chiffre: dict[str, Any]  # the row of rapport.chiffres
    expression: str | None
    feuilles: list[Leaf]
    sources: list[Source]
    absence: Line | None = None  # the line that declares the figure absent
    reprise: Line | None = None  # the printed number that stands where no export was received


def trace(home: Home, ledger: Ledger, catalogue: Catalogue, code: str, exercice: int) -> Trace:
    """The figure ``code`` of ``exercice``. Raises KeyError when the warehouse has no such figure."""
    figures = catalogue.figures
    declared, member = figures.declaration_of(code)
    with _Warehouse(home, catalogue.lines) as warehouse:
        row = warehouse.figure(code, exercice)
        leaves = [_leaf(warehouse, figures, leaf, member, exercice) for leaf in figures.leaves(declared.figure.code)]
        absence = warehouse.absence(code, exercice)
        printed = warehouse.printed(code, exercice) if row["statut"] == PRINTED else None
    alone = [line for line in (absence, printed) if line]
    used = {line.livraison for line in (*alone, *(line for leaf in leaves for line in leaf.lignes))}
    used |= _accepted(ledger, figures, code, exercice)  # a zero has no line, and is read in a delivery all the same
    sources = [_source(ledger, one) for one in sorted(used)]
    return Trace(code, exercice, row, declared.figure.expression, leaves, sources, absence, printed)


def _accepted(ledger: Ledger, figures: Figures, code: str, exercice: int) -> set[str]:
    """The accepted deliveries of the tables that the figure is declared to rest on."""
    named = [source for alternatives in sources_of(figures, code) for source in alternatives]
    declared = figures.declaration_of(code)[0].figure.code
    tables = {table for source in named for table in figures.tables_of(source, declared)}
    return {
        current.manifest.delivery
        for (_, year), current in ledger.current().items()
        if year == exercice and any(f"{current.manifest.system}/{name}" in tables for name in current.manifest.tables)
    }


def _leaf(warehouse: "_Warehouse", figures: Figures, leaf: Figure, member: str | None, exercice: int) -> Leaf:
    code = leaf.code.replace(f"{{{leaf.family}}}", member or "")
    column = figures.families[leaf.family].code if leaf.family else None
    where = {**leaf.mesure.filtre, **({column: member} if column else {})}
    sources = warehouse.sources[leaf.mesure.fait]
    lines = [line for source in sources for line in warehouse.lines(source, leaf.mesure, where, exercice)]
    how = "somme" if any(source.feed.additives for source in sources) else leaf.mesure.agregat
    row = warehouse.figure(code, exercice)
    value = warehouse.measure(leaf.mesure, where, exercice)
    query = _query(sql.aggregate(leaf.mesure), leaf.mesure, where, exercice)
    return Leaf(code, row["libelle"], how, query, value, lines)


def _query(what: str, measure: Measure, where: Filter, exercice: int) -> str:
    """A query on the rows of the marts that a measure keeps, which anybody can run."""
    tests = [f"exercice = {exercice}", *sql.conditions(where)]
    return f"select {what} from marts.{measure.fait} where {' and '.join(tests)}"


def _of_lines(source: LineSource, where: Filter) -> list[str]:
    """What a line must be to enter a measure of this filter."""
    return [f"({source.feed.comptees})", *sql.conditions(where, lambda name: f"({source.column(name)})")]


def _lines_of(source: LineSource) -> str:
    """The relation of the lines, with a column ``_colonne`` whether it has one or not."""
    lines = with_sheet(f"intermediate.{source.model}")
    return f"(from {lines} union all by name select cast(null as varchar) as _colonne where false)"


class _Warehouse:
    """The warehouse that stands, read only; ``sources`` says of each fact which models keep its lines."""

    def __init__(self, home: Home, sources: dict[str, list[LineSource]]):
        self.path, self.sources = home.warehouse, sources

    def __enter__(self) -> "_Warehouse":
        import duckdb

        self.db = duckdb.connect(str(self.path), read_only=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query."""
        cursor = self.db.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def figure(self, code: str, exercice: int) -> dict[str, Any]:
        """The row of ``rapport.chiffres``."""
        found = self.rows(f"from rapport.chiffres where code = {literal(code)} and exercice = {exercice}")
        if not found:
            raise KeyError(f"no figure {code!r} of {exercice} is in the warehouse")
        return found[0]

    def measure(self, measure: Measure, where: Filter, exercice: int) -> Decimal | None:
        """The exact value of a measure; None when it has no row, or an unknown one."""
        query = _query(f"count(*), {sql.value(measure)}", measure, where, exercice)
        rows, value = self.db.execute(query).fetchone()
        return Decimal(value) if rows and value is not None else None

    def lines(self, source: LineSource, measure: Measure, where: Filter, exercice: int) -> Iterator[Line]:
        """The lines that the measure's filter keeps: those that counted, and those that were set aside."""
        value = sql.contribution(measure, source.column)
        tests = [f"exercice = {exercice}", *_of_lines(source, where)]
        for row in self.rows(
            f"select _livraison, _fichier, _feuille, _ligne, _colonne, poids, motif, case when poids = 1 then {value} else 0 end as apport "
            f"from {_lines_of(source)} where {' and '.join(tests)} order by _fichier, _feuille, _ligne, _colonne, motif, apport"
        ):
            yield Line(
                row["_livraison"],
                row["_fichier"],
                row["_feuille"],
                row["_ligne"],
                row["_colonne"],
                source.model,
                bool(row["poids"]),
                row["motif"],
                None if row["apport"] is None else Decimal(row["apport"]),
            )

    def absence(self, code: str, exercice: int) -> Line | None:
        """The line that declares a figure absent."""
        return self._line_of(ABSENCES, "motif", "0", code, exercice)

    def printed(self, code: str, exercice: int) -> Line | None:
        """The line that holds what the report printed of a figure."""
        return self._line_of(PRINTED_FIGURES, literal("chiffre imprimé, repris faute d’export"), VALUE, code, exercice)

    def _line_of(self, relation: str, motive: str, value: str, code: str, exercice: int) -> Line | None:
        found = self.rows(
            f"select _livraison, _fichier, _feuille, _ligne, {motive} as motif, {value} as apport from {with_sheet(relation)} "
            f"where code = {literal(code)} and exercice = {exercice} limit 1"
        )
        if not found:
            return None
        row = found[0]
        name = relation.partition(".")[2]
        return Line(
            row["_livraison"],
            row["_fichier"],
            row["_feuille"],
            row["_ligne"],
            None,
            name,
            True,
            row["motif"],
            Decimal(row["apport"] or 0),
        )


def _source(ledger: Ledger, delivery: str) -> Source:
    row = next(row for row in ledger.all_rows("deliveries") if row["delivery"] == delivery)
    manifest = Manifest.from_dict(row["manifest"])
    results = [result for verdict in ledger.verdicts_of(delivery) for result in verdict.results]
    failed = sum(result.success is not True for result in results)
    refused = sum(counts.refusees for counts in manifest.tables.values())
    s = "s" if refused > 1 else ""
    verdict = f"acceptée : {len(results) - failed} contrôles réussis sur {len(results)}, {refused} ligne{s} refusée{s}"
    files = [(file.name, file.sha256) for file in manifest.files]
    return Source(delivery, manifest.export_key, manifest.exercice, row["received_at"], verdict, files)


# from a line to figures ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reached:
    """A figure that a line reached, by itself or through another figure, and how much it counted there."""

    code: str
    exercice: int
    apport: Decimal | None  # None for a figure computed from one that the line reached
    par: str | None = None  # that other figure


@dataclass(frozen=True)
class LineFate:
    """What became of one line of one delivered file."""

    livraison: str
    export: str
    exercice: int
    est_courante: bool
    etat: str  # acceptée | refusée | ignorée | absente
    raison: str | None
    chiffres: list[Reached] = field(default_factory=list)
    motifs: list[str] = field(default_factory=list)  # why it counted for nothing, where it did


def trace_line(
    home: Home, ledger: Ledger, catalogue: Catalogue, fichier: str, ligne: int, feuille: str | None = None
) -> list[LineFate]:
    """What became of line ``ligne`` of the file delivered as ``fichier``; one answer per delivery that held the file.

    A member of an archive is ``archive/member``; ``feuille`` says of which sheet of a workbook, else of any.
    """
    where = f"_fichier = {literal(fichier)} and _ligne = {int(ligne)}"
    where += f" and _feuille = {literal(feuille)}" if feuille else ""
    current = {one.manifest.delivery for one in ledger.current().values()}
    fates = []
    for row in ledger.all_rows("deliveries"):
        manifest = Manifest.from_dict(row["manifest"])
        if fichier.partition("/")[0] in (file.name for file in manifest.files):
            fates.append(_fate(home, catalogue, manifest, where, is_current=manifest.delivery in current))
    return fates


def _fate(home: Home, catalogue: Catalogue, manifest: Manifest, where: str, *, is_current: bool) -> LineFate:
    state, reason, tables = _reading(home, manifest, where)
    identity = (manifest.delivery, manifest.export_key, manifest.exercice, is_current)
    if state != "acceptée" or not is_current:
        return LineFate(*identity, state, reason)
    figures = catalogue.figures
    with _Warehouse(home, catalogue.lines) as warehouse:
        place = f"_livraison = {literal(manifest.delivery)} and {where}"
        reached, motives, counted = _reached(warehouse, figures, place)
        if not (reached or motives):
            motives = _why_none(warehouse, figures, manifest.system, tables, counted, place)
    return LineFate(*identity, state, reason, reached, motives)


def _reading(home: Home, manifest: Manifest, where: str) -> tuple[str, str | None, list[str]]:
    """What the reading of a delivery made of one line: its state, why, and the tables that hold it."""
    state, reason, tables = "absente", "le fichier n’a pas de donnée à cette ligne", []
    for name, counts in manifest.tables.items():
        rows = home.lake / counts.parquet
        refused, ignored = rows.with_suffix(".refus.parquet"), rows.with_suffix(".ignores.parquet")
        if select(rows, f"select 1 as une from {{lake}} where {where} limit 1"):
            state, reason, tables = "acceptée", None, [*tables, name]
        elif state == "acceptée":
            continue  # another table holds it
        elif found := _companion(refused, f"select colonne, regle, attendu from {{lake}} where {where}"):
            texts = [f"{one['regle']} « {one['colonne'] or 'ligne'} », attendu {one['attendu']}" for one in found]
            state, reason = "refusée", " ; ".join(texts)
        elif found := _companion(ignored, f"select raison from {{lake}} where {where}"):
            state, reason = "ignorée", found[0]["raison"]
    return state, reason, tables


def _companion(path: Path, query: str) -> list[dict[str, Any]]:
    return select(path, query) if path.exists() else []


def _reached(
    warehouse: _Warehouse, figures: Figures, place: str
) -> tuple[list[Reached], list[str], list[tuple[str, LineSource]]]:
    """The figures that one line reached, the motives for which it counted for nothing, and the facts it counted in."""
    reached: list[Reached] = []
    motives: list[str] = []
    counted: list[tuple[str, LineSource]] = []
    for fact, sources in warehouse.sources.items():
        for source in sources:
            rows = warehouse.rows(f"select poids, motif from {_lines_of(source)} where {place}")
            motives += [row["motif"] for row in rows if row["poids"] == 0]
            if any(row["poids"] for row in rows):
                counted.append((fact, source))
                reached += _figures_of(warehouse, figures, fact, source, place)
    reached += [one for one in _named(warehouse, ABSENCES, "0", place) if _stands(warehouse, one)]
    reached += [one for one in _named(warehouse, PRINTED_FIGURES, VALUE, place) if _stands(warehouse, one, PRINTED)]
    return [*reached, *_computed(figures, reached)], list(dict.fromkeys(motives)), counted


def _named(warehouse: _Warehouse, relation: str, value: str, place: str) -> list[Reached]:
    """The figure that a line names by its code: one declared absent, or one that a report printed."""
    rows = warehouse.rows(f"select code, exercice, {value} as apport from {with_sheet(relation)} where {place}")
    return [Reached(row["code"], row["exercice"], Decimal(row["apport"] or 0)) for row in rows]


def _stands(warehouse: _Warehouse, one: Reached, status: str | None = None) -> bool:
    """True when the warehouse has that figure, of that status when one is given."""
    rows = warehouse.rows(
        f"select statut from rapport.chiffres where code = {literal(one.code)} and exercice = {one.exercice}"
    )
    return bool(rows) and status in (None, rows[0]["statut"])


def _why_none(
    warehouse: _Warehouse,
    figures: Figures,
    system: str,
    tables: list[str],
    counted: list[tuple[str, LineSource]],
    place: str,
) -> list[str]:
    """Why a line that was accepted reached no figure, without having been set aside."""
    if printed := _named(warehouse, PRINTED_FIGURES, VALUE, place):
        return [f"chiffre imprimé : comparé à {one.code} recalculé, jamais repris dans un calcul" for one in printed]
    fed = [code for code in figures.by_code if _rests_on(figures, code, system, tables)]
    if not fed:
        return ["aucun chiffre ne se calcule sur cette table : elle n’est lue que par des tableaux"]
    nearest = [words for fact, source in counted if (words := _nearest(warehouse, figures, fact, source, place))]
    others = f", ni aucun des {len(fed) - 1} autres chiffres calculés sur cette table" if len(fed) > 1 else ""
    return nearest or [f"{fed[0]} ne la retient pas{others}"]


def _rests_on(figures: Figures, code: str, system: str, tables: list[str]) -> bool:
    """True when a declared figure rests on one of the tables; a system of a family stands for its members."""
    named = [source for alternatives in figures.sources(code) for source in alternatives]
    sources = {table.partition("/") for source in named for table in figures.tables_of(source, code)}
    return any((of == system or of.startswith("{")) and name in tables for of, _, name in sources)


def _nearest(warehouse: _Warehouse, figures: Figures, fact: str, source: LineSource, place: str) -> str | None:
    """Of the figures that measure ``fact``, the one of which the line meets most conditions, and those it does not."""
    unmet = {
        declared.figure.code: _unmet(warehouse, declared, source, place)
        for declared in figures.by_code.values()
        if declared.figure.mesure and declared.figure.mesure.fait == fact
    }
    if not unmet:  # a fact that only tables read
        return None
    code = min(unmet, key=lambda code: len(unmet[code]))
    conditions = " et ".join(unmet[code]) or "un membre que le rapport publie"
    return f"aucun chiffre ne la retient : le plus proche, {code}, demande {conditions}"


def _unmet(warehouse: _Warehouse, declared: DeclaredFigure, source: LineSource, place: str) -> list[str]:
    """The conditions of a figure's measure that a line does not meet, in French words."""
    measure = declared.figure.mesure
    words = [source.feed.comptees, *measure.conditions(declared.words)]
    tests = dict(zip(words, _of_lines(source, measure.filtre), strict=True))
    met = [f"bool_or(coalesce({test}, false))" for test in tests.values()]
    row = warehouse.db.execute(f"select {', '.join(met)} from {_lines_of(source)} where {place}").fetchone()
    return [words for words, is_met in zip(tests, row, strict=True) if not is_met]


def _figures_of(
    warehouse: _Warehouse, figures: Figures, fact: str, source: LineSource, place: str
) -> Iterator[Reached]:
    for declared in figures.by_code.values():
        figure = declared.figure
        if figure.mesure is None or figure.mesure.fait != fact:
            continue
        family = figures.families[figure.family] if figure.family else None
        member = f"cast({source.column(family.code)} as varchar)" if family else "null"
        is_distinct = figure.mesure.agregat == "nombre_distinct"
        value = "1" if is_distinct else sql.contribution(figure.mesure, source.column)
        tests = [place, "poids = 1", *_of_lines(source, figure.mesure.filtre)]
        for row in warehouse.rows(
            f"select exercice, {member} as membre, {value} as apport from {_lines_of(source)} "
            f"where {' and '.join(tests)}"
        ):
            code = figure.code.replace(f"{{{figure.family}}}", row["membre"] or "")
            one = Reached(code, row["exercice"], Decimal(row["apport"] or 0))
            if _stands(warehouse, one):
                yield one


def _computed(figures: Figures, reached: list[Reached]) -> Iterator[Reached]:
    """The figures computed from those that the line reached by itself."""
    for one in reached:
        declared, member = figures.declaration_of(one.code)
        for other in figures.by_code.values():
            figure = other.figure
            if figure.expression and declared.figure.code in (leaf.code for leaf in figures.leaves(figure.code)):
                # a total is in every member's ratio: the family is then named as it is declared
                code = figure.code
                if figure.family == declared.figure.family:
                    code = code.replace(f"{{{figure.family}}}", member or "")
                yield Reached(code, one.exercice, None, one.code)
