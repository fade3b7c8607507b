"""Opens the rows that a trace reads: those behind the publication or those kept with a frozen year, never rows that are
only accepted.

This module chooses the rows and queries them. ``trace`` turns the answers into the trace of a figure, and
``fate_of_line`` into what became of a line.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.dbt.generated import layers
from pipelines.catalogue.dbt.lines import LineSource
from pipelines.catalogue.dbt.provenance import key_of, provenance, tested
from pipelines.catalogue.figures import measure as sql
from pipelines.catalogue.figures.grammar import Filter, Measure
from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.disk import sha256_of
from pipelines.ledger.records import Manifest
from pipelines.ledger.state import read_state
from pipelines.ledger.store import Ledger
from pipelines.publication import MARTS, RESTREINT
from pipelines.settings import Home
from pipelines.sql import literal, parquet_scan, with_sheet

ABSENCES, PRINTED_FIGURES = "intermediate.int_communs__absences", "intermediate.int_communs__chiffres_publies"
VALUE = "valeur_publiee"  # of a printed figure
PLACE = ("exercice", "_livraison", "_fichier", "_feuille", "_ligne")
LINE = ("_colonne", "poids", "motif", "double_de")
WORD = r"[a-z_]\w*"
MAYBE = ("_colonne", "double_de", "systeme", "nom_table")  # a frozen year does not keep the last two
LINES = "lignes"  # in a release: ``lignes/<schema>/<table>.parquet``, see ``publish.release``


class NotTraceable(RuntimeError):
    """There are no rows to answer the request; the message, in French, says what to do."""


@dataclass(frozen=True)
class Version:
    """The version to trace: its name in French, the warehouse or folder with its rows, the deliveries it was made from."""

    name: str
    place: Path
    catalogue: Catalogue
    manifests: dict[str, Manifest]  # by delivery
    exercice: int | None = None  # of a frozen year
    note: str | None = None  # what readers must know of it


def published_version(home: Home, ledger: Ledger, catalogue: Catalogue) -> Version:
    """What is published now. Raises NotTraceable."""
    last = ledger.last_publication()
    if last is None:
        raise NotTraceable("rien n’est encore publié")
    build = last["build"]
    places = [path for path in (home.warehouse_published, home.warehouse) if path.exists() and build_of(path) == build]
    if not places:
        raise NotTraceable("les lignes de ce qui est publié ne sont plus là : une nouvelle exécution les refait")
    files = {row["sha256"] for row in ledger.all_rows("warehouses") if row["build"] == build}
    if files and sha256_of(places[0]) not in files:
        raise NotTraceable(
            "les lignes de ce qui est publié ont été modifiées depuis leur construction (`millesime verify`) : "
            "`millesime run EXERCICE --full` les refait"
        )
    made = ledger.build(build)
    manifests = [ledger.delivery(identity) for identity in (made["deliveries"] if made else [])]
    name = f"publication {last['publication'][:8]}"
    return Version(name, places[0], catalogue, {one.delivery: one for one in manifests if one})


def frozen_version(home: Home, name: str) -> Version:
    """The frozen year ``name``, with the rows it kept and what the home declared then. Raises NotTraceable."""
    folder = home.releases / name
    if not (folder / LINES).is_dir():
        raise NotTraceable(
            f"la version {name} ne garde pas ses lignes : elle a été figée avant que les versions les gardent"
        )
    kept, catalogue, note = read_state(folder), load_catalogue(Home(folder)), None
    if kept["catalogue"] != catalogue.fingerprint:
        note = "le catalogue a changé depuis : les mesures sont celles d’aujourd’hui, les lignes celles d’alors"
    by_delivery = {one.delivery: one for one in map(Manifest.from_dict, kept["deliveries"])}
    return Version(f"version {name}", folder, catalogue, by_delivery, kept["exercice"], note)


def build_of(warehouse: Path) -> str:
    """The build that is in a warehouse."""
    with duckdb.connect(str(warehouse), read_only=True) as db:
        return db.execute("select construction from collecte.construction").fetchone()[0]


def traced_columns(catalogue: Catalogue) -> dict[str, set[str]]:
    """``<schema>.<table>`` → the columns that a trace reads, besides the figures themselves: a frozen year keeps no others.

    A name that the table does not have is left out.
    """

    def personal(table: str, name: str) -> bool:
        said = catalogue.fields.of(table, name)
        return bool(said and said.personal)

    found: dict[str, set[str]] = {ABSENCES: {*PLACE, "code", "motif"}, PRINTED_FIGURES: {*PLACE, "code", VALUE}}
    for declared in catalogue.figures.by_code.values():
        if measure := declared.figure.mesure:
            family = catalogue.figures.family_of(declared.figure.code)
            named = {*filter(None, [measure.colonne, family and family.code]), *measure.filtre}
            found.setdefault(catalogue.project.place_of(f"marts.{measure.fait}"), {"exercice"}).update(named)
    for fact, sources in catalogue.lines.items():
        place = catalogue.project.place_of(f"marts.{fact}")
        for source in sources:
            columns = found.setdefault(f"intermediate.{source.model}", {*PLACE, *LINE})
            said = [source.feed.comptees, *source.completed.values()]
            said += [source.column(name) for name in found.get(place, ())]
            columns.update(_words(said))
            columns.update(word for word in re.findall(WORD, source.table) if word not in MAYBE)
    for table in (model for model, layer in layers(catalogue).items() if layer == "rapport"):
        for reading in provenance(catalogue).readings(table):
            columns = found.setdefault(f"intermediate.{reading.model}", {*PLACE, *LINE})
            asked = tested(catalogue, table, reading, key_of(catalogue, table, reading.columns))
            gathered = [name for name in reading.columns if name not in reading.keys]
            needed = frozenset[str]().union(*(reading.needs.get(name, ()) for name in ("", *asked, *gathered)))
            columns.update(name for name in needed if not personal(reading.model, name))
            columns.update(_words([*catalogue.lines_declared[reading.model].completees.values()]))
    return found


def _words(texts: list[str]) -> set[str]:
    return {word for text in texts for word in re.findall(r"[a-z_]\w*", text)}


@contextmanager
def open_rows(version: Version) -> Iterator["Rows"]:
    """The rows of a version, read only. Raises NotTraceable when a frozen year uses other column names."""
    if version.place.is_dir():
        # the tables of a frozen year under their warehouse names
        tables = [*(version.place / LINES).glob("*/*.parquet"), *(version.place / "rapport").glob("*.parquet")]
        with duckdb.connect() as db:
            for path in tables:
                db.execute(f"create schema if not exists {path.parent.name}")
                db.execute(f"create view {path.parent.name}.{path.stem} as from {parquet_scan(path)}")
            try:
                yield Rows(db, version.catalogue.lines)
            except duckdb.BinderException:
                raise NotTraceable(
                    f"la {version.name} garde ses lignes sous d’autres noms de colonnes que ceux d’aujourd’hui : la tracer avec "
                    "la version de l’outil qui l’a figée"
                ) from None
    else:
        with duckdb.connect(str(version.place), read_only=True) as db:
            yield Rows(db, version.catalogue.lines)


@dataclass(frozen=True)
class Rows:
    """An open version; ``sources`` gives the models that keep the lines of each fact."""

    db: Any
    sources: dict[str, list[LineSource]]

    def select(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query."""
        cursor = self.db.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def tables(self, schema: str) -> dict[str, list[str]]:
        """The tables of a schema, each with the names of its columns."""
        found: dict[str, list[str]] = {}
        named = "select table_name, column_name from information_schema.columns"
        for row in self.select(f"{named} where table_schema = {literal(schema)} order by table_name, ordinal_position"):
            found.setdefault(row["table_name"], []).append(row["column_name"])
        return found

    def codes(self, exercice: int) -> list[str]:
        """The figures of an exercice."""
        rows = self.select(f"select code from rapport.chiffres where exercice = {exercice} order by code")
        return [row["code"] for row in rows]

    def figure(self, code: str, exercice: int) -> dict[str, Any]:
        """The row of ``rapport.chiffres``. Raises KeyError."""
        found = self.select(f"from rapport.chiffres where code = {literal(code)} and exercice = {exercice}")
        if not found:
            raise KeyError(code)
        return found[0]

    def status(self, code: str, exercice: int) -> str | None:
        """How a figure was obtained (``calculé``, ``publié``…); None when there is no such figure."""
        try:
            return self.figure(code, exercice)["statut"]
        except KeyError:
            return None

    def measure(self, measure: Measure, where: Filter, exercice: int) -> Decimal | None:
        """The exact value of a measure; None when it has no row, or an unknown value."""
        query = self.measure_query(f"count(*), {sql.value(measure)}", measure, where, exercice)
        rows, value = self.db.execute(query).fetchone()
        return Decimal(value) if rows and value is not None else None

    def measure_query(self, what: str, measure: Measure, where: Filter, exercice: int) -> str:
        """A query on the rows of a fact that a measure keeps, which anybody who may read its schema can run."""
        tests = [f"exercice = {exercice}", *sql.conditions(where)]
        return f"select {what} from {self.schema_of(measure.fait)}.{measure.fait} where {' and '.join(tests)}"

    def schema_of(self, fact: str) -> str:
        """Where the version keeps a fact: for a frozen year, where it was at the time."""
        return self._restricted.get(fact, MARTS)

    @cached_property
    def _restricted(self) -> dict[str, str]:
        """Fact → schema, for those outside the marts."""
        tables = "select table_name, table_schema from information_schema.tables"
        # written into the query: to bind a parameter, DuckDB imports pandas
        return dict(self.db.execute(f"{tables} where table_schema = {literal(RESTREINT)}").fetchall())


def tests_of_lines(source: LineSource, where: Filter) -> list[str]:
    """What a line must satisfy to enter a measure with this filter."""
    return [f"({source.feed.comptees})", *sql.conditions(where, lambda name: f"({source.column(name)})")]


def lines_of(source: LineSource) -> str:
    """The relation of the lines, with the columns of ``MAYBE`` even if it does not have them."""
    none = f"select {', '.join(f'cast(null as varchar) as {name}' for name in MAYBE)} where false"
    return f"(from {with_sheet(f'intermediate.{source.model}')} union all by name {none})"


def completed(source: LineSource) -> str:
    """In SQL over a line, the words of the rule that completed it; NULL when its file says everything."""
    cases = [f"when {condition} then {literal(words)}" for words, condition in source.completed.items()]
    return f"case {' '.join(cases)} end" if cases else "cast(null as varchar)"
