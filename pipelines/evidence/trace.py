"""Goes from a printed figure to the lines of the files behind it, and from a line to the figures that it reached.

Both ways start from the figure's single declaration: its measure, with its filter, is applied to the line-grain relation
that ``lines.yml`` names for its fact. What every line adds up to must be the figure's exact value: ``Leaf.agrees`` says so.
It reads the warehouse that stands, the ledger and the lake, and writes nothing. No cell of a personal column is shown: a
line is named by its file and number, and says how much it counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from pipelines.evidence.parquet import select
from pipelines.figures.grammar import Figure, Measure, Value
from pipelines.figures.load import Figures
from pipelines.ledger.records import Manifest
from pipelines.ledger.store import Ledger
from pipelines.settings import Home
from pipelines.sources.declarations import Declared, Name
from pipelines.sources.yaml_file import parse, read_mapping
from pipelines.sql import literal

LINES = Path(__file__).with_name("lines.yml")


class LineSource(Declared):
    """One relation whose lines make a fact; ``adds_up``: even a greatest value is the sum of what its lines count for."""

    lines: Name
    counted: str = "true"
    adds_up: bool = False
    columns: dict[Name, str] = {}

    def column(self, name: str) -> str:
        """The fact's column ``name``, in SQL over a line."""
        return self.columns.get(name, name)


class _Facts(Declared):
    facts: dict[Name, list[LineSource]]


def load_lines() -> dict[str, list[LineSource]]:
    """Fact → its line sources. Raises DeclarationError."""
    return parse(_Facts, *read_mapping(LINES), LINES).facts


@dataclass(frozen=True)
class Line:
    """One line of a file: how much it counted in a measure, or why it did not."""

    livraison: str
    fichier: str
    ligne: int
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
    agregat: str  # how lines add up: sum | max | median | count | count_distinct
    sql: str
    valeur: Decimal | None
    lignes: list[Line]

    @property
    def recalcul(self) -> Decimal:
        """What the lines that count come to: their sum, their median, or the greatest of them."""
        known = [line.apport for line in self.lignes if line.compte and line.apport is not None]
        if known and self.agregat in ("median", "max"):
            return Decimal(median(known) if self.agregat == "median" else max(known))
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


def trace(home: Home, ledger: Ledger, figures: Figures, code: str, exercice: int) -> Trace:
    """The figure ``code`` of ``exercice``. Raises KeyError when the warehouse has no such figure."""
    declared, member = figures.declaration_of(code)
    with _Warehouse(home) as warehouse:
        row = warehouse.figure(code, exercice)
        leaves = [_leaf(warehouse, figures, leaf, member, exercice) for leaf in figures.leaves(declared.figure.code)]
        absence = warehouse.absence(code, exercice)
    used = {line.livraison for leaf in leaves for line in leaf.lignes} | ({absence.livraison} if absence else set())
    return Trace(
        code, exercice, row, declared.figure.expression, leaves, [_source(ledger, one) for one in sorted(used)], absence
    )


def _leaf(warehouse: "_Warehouse", figures: Figures, leaf: Figure, member: str | None, exercice: int) -> Leaf:
    code = leaf.code.replace(f"{{{leaf.family}}}", member or "")
    column = figures.families[leaf.family].code if leaf.family else None
    where = {**leaf.measure.where, **({column: member} if column else {})}
    sources = load_lines()[leaf.measure.fact]
    lines = [line for source in sources for line in warehouse.lines(source, leaf.measure, where, exercice)]
    how = "sum" if any(source.adds_up for source in sources) else leaf.measure.aggregate
    row = warehouse.figure(code, exercice)
    value = warehouse.measure(leaf.measure, where, exercice)
    return Leaf(code, row["libelle"], how, measure_sql(leaf.measure, where, exercice), value, lines)


def measure_sql(measure: Measure, where: dict[str, Value | list[Value]], exercice: int) -> str:
    """The measure as a query on the marts that anybody can run."""
    what = {
        "sum": f"sum({measure.column})",
        "count": "count(*)",
        "count_distinct": f"count(distinct {measure.column})",
        "max": f"max({measure.column})",
        "median": f"median({measure.column})",
    }[measure.aggregate]
    tests = [f"exercice = {exercice}", *(_test(column, value) for column, value in where.items())]
    return f"select {what} from marts.{measure.fact} where {' and '.join(tests)}"


def _test(column: str, value: Value | list[Value]) -> str:
    if isinstance(value, list):
        return f"{column} in ({', '.join(map(literal, value))})"
    return f"{column} = {literal(value)}"


def _contribution(source: LineSource, measure: Measure) -> str:
    """What one line counts for, in SQL: of the lines that bear one distinct value, the first."""
    value = source.column(measure.column) if measure.column else "1"
    if measure.aggregate != "count_distinct":
        return value
    first = f"row_number() over (partition by exercice, poids, {value} order by _fichier, _ligne)"
    return f"case when {first} = 1 then 1 else 0 end"


class _Warehouse:
    """The warehouse that stands, read only."""

    def __init__(self, home: Home):
        self.path = home.warehouse

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

    def measure(self, measure: Measure, where: dict[str, Value | list[Value]], exercice: int) -> Decimal | None:
        """The exact value of a measure; None when it has no row, or an unknown one."""
        query = measure_sql(measure, where, exercice)
        column = measure.column or "1"
        known = query.replace("select ", f"select count(*), count({column}), ", 1)
        rows, told, value = self.db.execute(known).fetchone()
        return Decimal(value) if rows and rows == told else None

    def lines(self, source: LineSource, measure: Measure, where: dict, exercice: int) -> Iterator[Line]:
        """The lines that the measure's filter keeps: those that counted, and those that were set aside."""
        value = _contribution(source, measure)
        tests = [f"exercice = {exercice}", f"({source.counted})"]
        tests += [_test(f"({source.column(column)})", wanted) for column, wanted in where.items()]
        for row in self.rows(
            f"select _livraison, _fichier, _ligne, poids, motif, case when poids = 1 then {value} else 0 end as apport "
            f"from intermediate.{source.lines} where {' and '.join(tests)} order by _fichier, _ligne, motif"
        ):
            yield Line(
                row["_livraison"],
                row["_fichier"],
                row["_ligne"],
                source.lines,
                bool(row["poids"]),
                row["motif"],
                None if row["apport"] is None else Decimal(row["apport"]),
            )

    def absence(self, code: str, exercice: int) -> Line | None:
        """The line that declares a figure absent."""
        found = self.rows(
            "select _livraison, _fichier, _ligne, motif from intermediate.int_communs__absences "
            f"where code = {literal(code)} and exercice = {exercice} limit 1"
        )
        if not found:
            return None
        row = found[0]
        return Line(
            row["_livraison"], row["_fichier"], row["_ligne"], "int_communs__absences", True, row["motif"], Decimal(0)
        )


def _source(ledger: Ledger, delivery: str) -> Source:
    row = next(row for row in ledger.all_rows("deliveries") if row["delivery"] == delivery)
    manifest = Manifest.from_dict(row["manifest"])
    results = [result for verdict in ledger.verdicts_of(delivery) for result in verdict.results]
    failed = sum(result.success is not True for result in results)
    refused = sum(counts.refusees for counts in manifest.tables.values())
    verdict = f"acceptée : {len(results) - failed} contrôles réussis sur {len(results)}, {refused} ligne(s) refusée(s)"
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


def trace_line(home: Home, ledger: Ledger, figures: Figures, fichier: str, ligne: int) -> list[LineFate]:
    """What became of line ``ligne`` of the file delivered as ``fichier``; one answer per delivery that held the file."""
    current = {one.manifest.delivery for one in ledger.current().values()}
    fates = []
    for row in ledger.all_rows("deliveries"):
        manifest = Manifest.from_dict(row["manifest"])
        if fichier in (file.name for file in manifest.files):
            fates.append(_fate(home, figures, manifest, fichier, ligne, is_current=manifest.delivery in current))
    return fates


def _fate(home: Home, figures: Figures, manifest: Manifest, fichier: str, ligne: int, *, is_current: bool) -> LineFate:
    where = f"_fichier = {literal(fichier)} and _ligne = {int(ligne)}"
    state, reason = "absente", "le fichier n’a pas de donnée à cette ligne"
    for counts in manifest.tables.values():
        rows = home.lake / counts.parquet
        if select(rows, f"select 1 as une from {{parquet}} where {where} limit 1"):
            state, reason = "acceptée", None
            break
        refused, ignored = rows.with_suffix(".refus.parquet"), rows.with_suffix(".ignores.parquet")
        if found := _companion(refused, f"select colonne, regle, attendu from {{parquet}} where {where}"):
            texts = [f"{one['regle']} « {one['colonne'] or 'ligne'} », attendu {one['attendu']}" for one in found]
            state, reason = "refusée", " ; ".join(texts)
        elif found := _companion(ignored, f"select raison from {{parquet}} where {where}"):
            state, reason = "ignorée", found[0]["raison"]
    identity = (manifest.delivery, manifest.export_key, manifest.exercice, is_current)
    if state != "acceptée" or not is_current:
        return LineFate(*identity, state, reason)
    with _Warehouse(home) as warehouse:
        reached, motives = _reached(warehouse, figures, manifest.delivery, where)
    return LineFate(*identity, state, reason, reached, motives)


def _companion(path: Path, query: str) -> list[dict[str, Any]]:
    return select(path, query) if path.exists() else []


def _reached(warehouse: _Warehouse, figures: Figures, delivery: str, where: str) -> tuple[list[Reached], list[str]]:
    """The figures that one line reached, and the motives for which it counted for nothing."""
    place = f"_livraison = {literal(delivery)} and {where}"
    reached: list[Reached] = []
    motives: list[str] = []
    for fact, sources in load_lines().items():
        for source in sources:
            rows = warehouse.rows(f"select poids, motif from intermediate.{source.lines} where {place}")
            motives += [row["motif"] for row in rows if row["poids"] == 0]
            if any(row["poids"] for row in rows):
                reached += _figures_of(warehouse, figures, fact, source, place)
    return [*reached, *_computed(figures, reached)], list(dict.fromkeys(motives))


def _figures_of(
    warehouse: _Warehouse, figures: Figures, fact: str, source: LineSource, place: str
) -> Iterator[Reached]:
    for declared in figures.by_code.values():
        figure = declared.figure
        if figure.measure is None or figure.measure.fact != fact:
            continue
        family = figures.families[figure.family] if figure.family else None
        member = f"cast({source.column(family.code)} as varchar)" if family else "null"
        value = "1" if figure.measure.aggregate == "count_distinct" else _contribution(source, figure.measure)
        tests = [place, "poids = 1", f"({source.counted})"]
        tests += [_test(f"({source.column(column)})", wanted) for column, wanted in figure.measure.where.items()]
        for row in warehouse.rows(
            f"select exercice, {member} as membre, {value} as apport from intermediate.{source.lines} "
            f"where {' and '.join(tests)}"
        ):
            code = figure.code.replace(f"{{{figure.family}}}", row["membre"] or "")
            if warehouse.rows(
                f"select 1 as un from rapport.chiffres where code = {literal(code)} and exercice = {row['exercice']}"
            ):
                yield Reached(code, row["exercice"], Decimal(row["apport"] or 0))


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
