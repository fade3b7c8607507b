"""Traces a row of a published table back to the lines of the files behind it; or several, gathered, whose numbers are added up.

Which lines is read in the SQL of the table (``catalogue/dbt/provenance``): nothing is declared for it. The columns that
gather lines are computed again from them alone, and must give the row. No line's own cells are shown: it is identified by
its file and number, with how much it counted.
"""

import shlex
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from pipelines.address import Address, of_row, written
from pipelines.catalogue.dbt.generated import report_sources
from pipelines.catalogue.dbt.lines import Feed, LineSource
from pipelines.catalogue.dbt.provenance import Reading, key_of, provenance, telling, tested
from pipelines.catalogue.fields import unit_of
from pipelines.catalogue.load import Catalogue
from pipelines.did_you_mean import suggestion
from pipelines.evidence.trace import Line, Source, line_of, source_of
from pipelines.evidence.traced_rows import NotTraceable, Rows, Version, completed, lines_of, open_rows
from pipelines.french import how_many
from pipelines.ledger.store import Ledger
from pipelines.sql import literal

SHOWN = 30  # rows or values that a refusal lists
PERSONAL = "donnée personnelle"
COUNTED = "(poids = 1)"  # the condition under which a line counts, as its models write it


@dataclass(frozen=True)
class Cell:
    """A cell of the row; ``recalcul`` is its value computed again from the lines alone, for a column that they suffice for."""

    colonne: str
    titre: str
    valeur: Any
    unite: str | None
    description: str
    recalcul: Any = None
    est_recalculee: bool = False

    @property
    def agrees(self) -> bool:
        """False when its lines give another value."""
        return not self.est_recalculee or self.recalcul == self.valeur


@dataclass(frozen=True)
class Behind:
    """The lines of one model that a row is made of.

    ``demande``: what they have to satisfy, in SQL over the model. ``non_situees``: the columns of the row's key that its
    lines do not have by themselves; without any, the lines are those of the row and no others. ``colonne`` is the one
    that the contributions of the lines add up to; None when they are only counted.
    """

    relation: str
    demande: list[str]
    non_situees: list[str]
    colonne: str | None
    lignes: list[Line]


@dataclass(frozen=True)
class RowTrace:
    """A row, from its cells down to its lines; or several (``rangs``), with the sum of each column that adds up."""

    table: str
    exercice: int
    version: str
    cle: dict[str, str]
    rangs: int
    description: str
    cellules: list[Cell]
    sql: str
    chiffres: list[str]  # the codes of the figures that the row repeats
    derriere: list[Behind]
    provenance: list[str]  # the tables (system/table) that its rows come from
    sources: list[Source]

    @property
    def agrees(self) -> bool:
        """True when every column that its lines suffice for is what they give."""
        return all(cell.agrees for cell in self.cellules)


def trace_row(ledger: Ledger, version: Version, asked: Address) -> RowTrace:
    """The rows at an address. Raises NotTraceable, in French, for what is unknown, absent, or several rows that no column names."""
    catalogue, table, exercice = version.catalogue, asked.table, asked.exercice
    with open_rows(version) as rows:
        found = _rows_at(rows, catalogue, asked)
        made = [_behind(rows, catalogue, table, row, exercice) for row in found]
        codes = dict.fromkeys(row.get("code_chiffre") for row in found)
        figures = [code for code in codes if code and rows.status(code, exercice)]
    behind = _gathered([one for of_row, _ in made for one in of_row])
    origin = report_sources(catalogue).get(table, ())
    used = {line.livraison for one in behind for line in one.lignes}
    used |= {
        manifest.delivery
        for manifest in version.manifests.values()
        for name in manifest.tables
        if manifest.exercice == exercice and f"{manifest.system}/{name}" in origin
    }
    key, cells = key_of(catalogue, table, found[0]), []
    for name in found[0]:
        said, values = catalogue.fields.of(table, name), [row[name] for row in found]
        adds = name not in key and not (said and (said.dimension or said.adds_along == ()))
        value = _together(values, adds=adds)
        is_again = all(name in again for _, again in made) and (adds or len(found) == 1)
        given = _together([again[name] for _, again in made], adds=adds) if is_again else None
        title, unit, text = (said.title, said.unit, said.text) if said else (name, None, "")
        shown = PERSONAL if said and said.personal and value is not None else value
        cells.append(Cell(name, title, shown, unit, text, given, is_again))
    entry = catalogue.project.said[table].data if table in catalogue.project.said else {}
    return RowTrace(
        table,
        exercice,
        version.name,
        dict(of_row(table, found[0], key, exercice).key if len(found) == 1 else asked.key),
        len(found),
        " ".join(str(entry.get("description") or "").split()),
        cells,
        provenance(catalogue).texts.get(table, "").strip(),
        figures,
        behind,
        list(origin),
        [source_of(ledger, version.manifests[one]) for one in sorted(used)],
    )


def _together(values: list[Any], *, adds: bool) -> Any:
    """What the rows have in a column: their sum if it adds up, or the value that all of them have; None without one."""
    if len(values) > 1 and adds and all(value is None or _is_number(value) for value in values):
        known = [value for value in values if value is not None]
        return sum(known) if known else None
    return values[0] if all(value == values[0] for value in values) else None


def _gathered(found: list[Behind]) -> list[Behind]:
    """What is behind several rows, together where it is lines of the same model; one set aside counts for none, and is said once."""
    groups: dict[tuple[str, str | None], list[Behind]] = {}
    for one in found:
        groups.setdefault((one.relation, one.colonne), []).append(one)
    gathered = list[Behind]()
    for same in groups.values():
        shared = [test for test in same[0].demande if all(test in one.demande for one in same)]
        others = dict.fromkeys(" and ".join(test for test in one.demande if test not in shared) for one in same)
        tests = shared if "" in others else [*shared, f"({' or '.join(f'({one})' for one in others)})"]
        untold = dict.fromkeys(name for one in same for name in one.non_situees)
        counted = [line for one in same for line in one.lignes if line.compte]
        aside = dict.fromkeys(line for one in same for line in one.lignes if not line.compte)
        gathered.append(replace(same[0], demande=tests, non_situees=list(untold), lignes=[*counted, *aside]))
    return gathered


def _rows_at(rows: Rows, catalogue: Catalogue, asked: Address) -> list[dict[str, Any]]:
    tables = rows.tables("rapport")
    if asked.table not in tables:
        raise NotTraceable(f"aucune table « {asked.table} » dans rapport{suggestion(asked.table, tables)}")
    columns = tables[asked.table]
    for name, _ in asked.key:
        if name not in columns:
            raise NotTraceable(f"rapport.{asked.table} n’a pas de colonne « {name} »{suggestion(name, columns)}")
    found = rows.select(f"{_rows_of(asked, columns)} order by all")
    if len(found) == 1 or (found and asked.key):
        return found
    if found:
        key = key_of(catalogue, asked.table, columns)
        labels = [name for name in columns if name.startswith("libelle_") and name not in key]
        said = []
        for row in found[:SHOWN]:
            named = ", ".join(row[name] for name in labels if row[name])
            filters = shlex.join(of_row(asked.table, row, key, asked.exercice).filters)
            said.append(f"  {filters}{f' ({named})' if named else ''}")
        more = [f"  … et {how_many(len(found) - SHOWN, 'autre|autres')}"] if len(found) > SHOWN else []
        first = f"{how_many(len(found), 'lignes')} de {asked.table} répondent à cette demande ; en choisir une :"
        raise NotTraceable("\n".join([first, *said, *more]))
    whole = _rows_of(Address(asked.table, (), asked.exercice), columns)
    for name, value in asked.key:
        values = sorted(written(one["held"]) for one in rows.select(f"select distinct {name} as held {whole}"))
        if value not in values:
            near = suggestion(value, values) or (f" ; il y a {', '.join(values[:SHOWN])}" if values else "")
            raise NotTraceable(f"aucune ligne de {asked.table} n’a {name}={value} en {asked.exercice}{near}")
    raise NotTraceable(f"aucune ligne de {asked.table} ne répond à cette demande en {asked.exercice}")


def _rows_of(asked: Address, columns: list[str]) -> str:
    return f"from rapport.{asked.table} where {' and '.join(asked.tests(columns)) or 'true'}"


def _behind(
    rows: Rows, catalogue: Catalogue, table: str, row: dict[str, Any], exercice: int
) -> tuple[list[Behind], dict[str, Any]]:
    """The lines that a row is made of, and the columns that they give by themselves."""
    key, found = key_of(catalogue, table, row), list[Behind]()
    again: dict[str, Any] = {}
    for reading in telling(provenance(catalogue).readings(table), key):
        declared = catalogue.lines_declared[reading.model]
        source = LineSource(reading.model, Feed(), declared.completees, declared.source)
        untold = [name for name in key if name not in reading.keys and name != "exercice"]
        tests = _tests(rows, reading, row, tested(catalogue, table, reading, key), exercice)
        held = {*rows.tables("intermediate")[reading.model]}  # a frozen year keeps no identifier of a person
        gathered = [name for name in row if name in reading.columns and name not in reading.keys]
        numbers = [name for name in gathered if row[name] is None or _is_number(row[name])]
        numbers = [name for name in numbers if reading.needs[name] <= held]
        behind, given = _lines(rows, source, reading, tests, [] if untold else numbers, untold)
        if behind.lignes:
            found.append(behind)
            # what other conditions may narrow counts only when it gives the row; of two readings, so does the one that does
            again |= {
                name: value
                for name, value in given.items()
                if value == row[name] or reading.is_whole & (name not in again)
            }
    return found, again


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _tests(rows: Rows, reading: Reading, row: dict[str, Any], names: list[str], exercice: int) -> list[str]:
    """What a line has to satisfy to be in a row: the conditions of its table, then the row's own values."""
    tests = [*reading.conditions]
    for name in sorted({*names, "exercice"}):
        if name in reading.keys and name in row:
            value = literal(row[name])
            whole = reading.totals.get(name)
            if whole is None or not rows.select(f"select 1 as une where {whole} is not distinct from {value}"):
                tests.append(f"{reading.columns[name]} is not distinct from {value}")
        elif name == "exercice":
            tests.append(f"exercice = {exercice}")
    return tests


def _lines(
    rows: Rows, source: LineSource, reading: Reading, tests: list[str], numbers: list[str], untold: list[str]
) -> tuple[Behind, dict[str, Any]]:
    """The lines that satisfy the tests, then those set aside that would; what the columns ``numbers`` are over the former."""
    asked = [f"{reading.columns[name]} as {name}" for name in numbers]
    given = (
        rows.select(f"select {', '.join(asked)} from {lines_of(source)} where {' and '.join(tests)}")[0]
        if asked
        else {}
    )
    place = ["_livraison", "_fichier", "_feuille", "_ligne", "_colonne", "motif", "double_de", "complement"]
    of_line = [*(f"any_value({name}) as {name}" for name in place), *asked]
    others = [test for test in tests if test != COUNTED]

    def select(said: list[str]) -> list[dict[str, Any]]:
        numbered = (
            f"select *, {completed(source)} as complement, row_number() over () as numero from {lines_of(source)}"
        )
        return rows.select(
            f"select {', '.join(of_line)} from ({numbered} where {' and '.join(said)}) group by numero "
            "order by _fichier, _feuille, _ligne, _colonne, motif"
        )

    counted = select(tests)
    aside = select([*others, "poids = 0"]) if len(others) < len(tests) else []
    values = {name: [line[name] for line in counted] for name in numbers}
    added = [name for name in numbers if given[name] and sum(filter(None, values[name])) == given[name]]
    column = next(iter(sorted(added, key=lambda name: unit_of(name) is None)), None)  # an amount rather than a count

    lines = [line_of(one, source.model, one[column] if column else 1) for one in counted]
    lines += [line_of(one, source.model, 0, counts=False) for one in aside]
    return Behind(reading.model, tests, untold, column, lines), given
