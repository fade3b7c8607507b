"""Traces a printed figure back to the lines of the files behind it.

It starts from the figure's single declaration: its measure, with its filter, is applied to the line-grain relation of
its fact (``catalogue/dbt/lines``). The lines must add up to the figure's exact value (``Leaf.agrees``), and that value,
rounded once, must be the printed figure (``Trace.agrees``). No cell of a personal column is shown: a line is identified
by its file and number, with how much it counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import Any

from pipelines.catalogue.dbt.lines import LineSource
from pipelines.catalogue.figures import measure as sql
from pipelines.catalogue.figures.grammar import Figure, Filter, computed
from pipelines.catalogue.figures.grammar import written as in_signs
from pipelines.catalogue.figures.load import Figures
from pipelines.evidence.gaps import sources_of
from pipelines.evidence.parquet import select
from pipelines.evidence.traced_rows import (
    ABSENCES,
    PRINTED_FIGURES,
    VALUE,
    Rows,
    Version,
    completed,
    lines_of,
    tests_of_lines,
)
from pipelines.french import exact
from pipelines.ledger.records import Manifest
from pipelines.ledger.store import Ledger
from pipelines.settings import Home
from pipelines.sql import literal, with_sheet

PRINTED = "publié"  # the status of a figure that only a printed report gives


@dataclass(frozen=True)
class Line:
    """One line of a file: how much it counted in a measure, or why it did not."""

    livraison: str
    fichier: str
    feuille: str | None
    ligne: int
    colonne: str | None  # the heading of the cell, for columns that become rows
    relation: str
    compte: bool
    motif: str
    apport: Decimal | None  # None when the line's value is unknown
    double_de: str | None = None  # the line that counts instead
    complement: str | None = None  # the rule that gave the line what its file does not say


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
    """One measure that a figure is computed from, with its lines; ``valeur`` is the result over the rows of the fact."""

    code: str
    libelle: str
    agregat: str  # how lines add up: somme | maximum | mediane | nombre | nombre_distinct
    sql: str
    schema: str  # read by the query
    valeur: Decimal | None
    lignes: list[Line]
    hors_filtre: list[Line]  # lines that count in the fact but are left out by the figure's own filter

    @property
    def recalcul(self) -> Decimal:
        """The result of the lines that count: their sum, their median, or the greatest of them."""
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
class Calculation:
    """A computed expression: its terms as numbers, and its exact result."""

    code: str
    libelle: str
    termes: dict[str, str]  # code of each operand → its exact value
    calcul: str  # « 1 267,5 ÷ 27 »
    exact: Fraction | None


@dataclass(frozen=True)
class Trace:
    """A figure, from its value down to its lines."""

    code: str
    exercice: int
    version: str
    chiffre: dict[str, Any]  # the row of rapport.chiffres
    exact: Fraction | None  # before it is rounded
    calculs: list[Calculation]  # inner ones first; empty for a measure
    feuilles: list[Leaf]
    refusees: list[Line]  # lines of its sources that could not be read
    sources: list[Source]
    absence: Line | None = None  # the line that declares the figure absent
    reprise: Line | None = None  # the printed number used when no export was received

    @property
    def agrees(self) -> bool:
        """True when the lines add up, and the exact value rounds to the printed figure."""
        value, printed = self.exact, self.chiffre["valeur"]
        if not all(leaf.agrees for leaf in self.feuilles):
            return False
        if self.reprise or printed is None or value is None:
            return True
        scale = 10 ** self.chiffre["decimales"]
        rounded = int(abs(value) * scale + Fraction(1, 2)) * (1 if value >= 0 else -1)  # once, and half up
        return Fraction(rounded, scale) == Fraction(printed)


def trace(home: Home, ledger: Ledger, version: Version, rows: Rows, code: str, exercice: int) -> Trace:
    """The figure ``code`` of ``exercice``; ``rows`` are those of the version. Raises KeyError when it has no such figure."""
    figures = version.catalogue.figures
    declared, member = figures.declaration_of(code)
    row = rows.figure(code, exercice)
    leaves = [_leaf(rows, version, leaf, member, exercice) for leaf in figures.leaves(declared.figure.code)]
    absence = _line_that_names(rows, ABSENCES, "motif", "0", code, exercice)
    printed, motive = None, literal("chiffre imprimé, repris faute d’export")
    if row["statut"] == PRINTED:
        printed = _line_that_names(rows, PRINTED_FIGURES, motive, VALUE, code, exercice)
    values = {leaf.code: leaf.valeur if leaf.valeur is None else Fraction(leaf.valeur) for leaf in leaves}
    calculations: dict[str, Calculation] = {}
    value = _value(figures, declared.figure, member, values, calculations)
    alone = [line for line in (absence, printed) if line]
    accepted = list(_accepted(version, code, exercice))
    used = {line.livraison for line in (*alone, *(line for leaf in leaves for line in leaf.lignes))}
    used |= {manifest.delivery for manifest, _ in accepted}  # a zero has no line, but still comes from a delivery
    return Trace(
        code,
        exercice,
        version.name,
        row,
        value if row["valeur"] is not None else None,
        list(calculations.values()),
        leaves,
        [line for manifest, table in accepted for line in _refused(home, manifest, table)],
        [source_of(ledger, version.manifests[one]) for one in sorted(used)],
        absence,
        printed,
    )


def _accepted(version: Version, code: str, exercice: int) -> Iterator[tuple[Manifest, str]]:
    """The deliveries of the declared sources of the figure, each with its table."""
    figures = version.catalogue.figures
    named = [source for alternatives in sources_of(figures, code) for source in alternatives]
    declared = figures.declaration_of(code)[0].figure.code
    tables = {table for source in named for table in figures.tables_of(source, declared)}
    for manifest in version.manifests.values():
        for name in manifest.tables:
            if manifest.exercice == exercice and f"{manifest.system}/{name}" in tables:
                yield manifest, name


def _leaf(rows: Rows, version: Version, leaf: Figure, member: str | None, exercice: int) -> Leaf:
    figures, measure = version.catalogue.figures, leaf.mesure
    assert measure is not None, f"{leaf.code} is not measured"
    code = _of_member(leaf, member)
    column = figures.families[leaf.family].code if leaf.family else None
    of_member: Filter = {column: member} if column and member else {}
    where = {**measure.filtre, **of_member}
    sources = rows.sources[measure.fait]
    lines = [line for source in sources for line in _lines(rows, source, leaf, where, exercice)]
    accepted, left = list(_accepted(version, code, exercice)), []
    for source in sources if accepted else ():
        left += _left_out(rows, source, accepted, figures, leaf, of_member, exercice)
    how = "somme" if any(source.feed.additives for source in sources) else measure.agregat
    query = rows.measure_query(sql.aggregate(measure), measure, where, exercice)
    label, value = rows.figure(code, exercice)["libelle"], rows.measure(measure, where, exercice)
    return Leaf(code, label, how, query, rows.schema_of(measure.fait), value, lines, left)


def _of_member(figure: Figure, member: str | None) -> str:
    """The code of a figure; for a family, with its member."""
    return figure.code.replace(f"{{{figure.family}}}", member or "")


def _lines(rows: Rows, source: LineSource, leaf: Figure, where: Filter, exercice: int) -> Iterator[Line]:
    """The lines that the measure's filter keeps: those that counted, and those that were set aside."""
    assert leaf.mesure is not None
    value = sql.contribution(leaf.mesure, source.column)
    tests = [f"exercice = {exercice}", *tests_of_lines(source, where)]
    found = f"poids = 1 as compte, motif, case when poids = 1 then {value} else 0 end as apport"
    return _selected(rows, source, found, tests)


def _left_out(
    rows: Rows,
    source: LineSource,
    accepted: list[tuple[Manifest, str]],
    figures: Figures,
    leaf: Figure,
    of_member: Filter,
    exercice: int,
) -> Iterator[Line]:
    """The lines of the figure's own tables that the fact includes but the figure does not, each with the condition that it
    does not meet; ``accepted``: see ``_accepted``. A fact also holds lines of other tables, which were never its own.
    """
    assert leaf.mesure is not None
    conditions = leaf.mesure.conditions(figures.by_code[leaf.code].words)
    if not conditions:
        return iter(())
    kept = [f"coalesce({test}, false)" for test in tests_of_lines(source, leaf.mesure.filtre)[1:]]
    unmet = [f"case when not {test} then {literal(words)} end" for test, words in zip(kept, conditions, strict=True)]
    motive = f"'hors du chiffre, qui demande : ' || concat_ws(', ', {', '.join(unmet)})"
    deliveries = ", ".join(literal(manifest.delivery) for manifest, _ in accepted)
    tables = ", ".join(literal(f"{manifest.system}/{table}") for manifest, table in accepted)
    of_its_tables = f"_livraison in ({deliveries}) and coalesce({source.table} in ({tables}), true)"
    tests = [f"exercice = {exercice}", "poids = 1", *tests_of_lines(source, of_member), of_its_tables]
    tests.append(f"not ({' and '.join(kept)})")
    return _selected(rows, source, f"false as compte, {motive} as motif, 0 as apport", tests)


def _selected(rows: Rows, source: LineSource, found: str, tests: list[str]) -> Iterator[Line]:
    for row in rows.select(
        f"select _livraison, _fichier, _feuille, _ligne, _colonne, {found}, double_de, {completed(source)} as complement "
        f"from {lines_of(source)} where {' and '.join(tests)} order by _fichier, _feuille, _ligne, _colonne, motif, apport"
    ):
        yield line_of(row, source.model, row["apport"], counts=row["compte"])


def line_of(row: dict[str, Any], relation: str, given: Any, *, counts: bool = True) -> Line:
    """A line from its place, its motive and what completed it, as a query over ``relation`` gives them; ``given``: what it
    contributes, None when that is unknown.
    """
    place = (row["_livraison"], row["_fichier"], row["_feuille"], row["_ligne"], row.get("_colonne"))
    amount = None if given is None else Decimal(given)
    return Line(*place, relation, counts, row["motif"], amount, row.get("double_de"), row.get("complement"))


def _line_that_names(rows: Rows, relation: str, motive: str, value: str, code: str, exercice: int) -> Line | None:
    found = rows.select(
        f"select _livraison, _fichier, _feuille, _ligne, {motive} as motif, {value} as apport from {with_sheet(relation)} "
        f"where code = {literal(code)} and exercice = {exercice} limit 1"
    )
    return line_of(found[0], relation.partition(".")[2], found[0]["apport"] or 0) if found else None


def _value(
    figures: Figures,
    figure: Figure,
    member: str | None,
    measured: dict[str, Fraction | None],
    calculations: dict[str, Calculation],
) -> Fraction | None:
    """The exact value of a figure; expressions met on the way are worked out in ``calculations``."""
    code = _of_member(figure, member)
    if figure.mesure:
        return measured[code]
    if code not in calculations:
        operands = {name: figures.by_code[operand].figure for name, operand in figure.operandes.items()}
        values = {name: _value(figures, one, member, measured, calculations) for name, one in operands.items()}
        terms = {_of_member(one, member): _written(values[name]) for name, one in operands.items()}
        worked = in_signs(figure.term, {name: _written(value, within=True) for name, value in values.items()})
        calculations[code] = Calculation(code, figure.libelle, terms, worked, computed(figure.term, values))
    return calculations[code].exact


def _written(value: Fraction | None, *, within: bool = False) -> str:
    """An exact value in French; ``within`` a calculation, a negative one is in parentheses."""
    if value is None:
        return "inconnu"
    return f"({exact(value)})" if within and value < 0 else exact(value)


def _refused(home: Home, manifest: Manifest, table: str) -> Iterator[Line]:
    """The refused lines of a table, one per line of the file, with every reason."""
    path = (home.lake / manifest.tables[table].parquet).with_suffix(".refus.parquet")
    if not path.exists():
        return
    reason = "regle || ' « ' || coalesce(colonne, 'ligne') || ' », attendu ' || coalesce(attendu, '')"
    reasons = f"string_agg({reason}, ' ; ' order by position, regle) as motif"
    for row in select(path, f"select _fichier, _feuille, _ligne, {reasons} from {{parquet}} group by all order by all"):
        said = {**row, "_livraison": manifest.delivery, "motif": f"refusée : {row['motif']}"}
        yield line_of(said, f"{manifest.system}/{table}", 0, counts=False)


def source_of(ledger: Ledger, manifest: Manifest) -> Source:
    """A delivery, with what its checks found."""
    row = ledger.delivery_row(manifest.delivery)
    assert row is not None, "the ledger has each delivery of a version"
    results = [result for verdict in ledger.verdicts_of(manifest.delivery) for result in verdict.results]
    warned = sum(result.success is not True for result in results)
    refused = sum(counts.refusees for counts in manifest.tables.values())
    s, of_checks = "s" if refused > 1 else "", f", {warned} contrôle{'s' * (warned > 1)} non réussi{'s' * (warned > 1)}"
    verdict = f"acceptée, {refused} ligne{s} refusée{s}{of_checks if warned else ''}"
    files = [(file.name, file.sha256) for file in manifest.files]
    return Source(manifest.delivery, manifest.export_key, manifest.exercice, row["received_at"], verdict, files)
