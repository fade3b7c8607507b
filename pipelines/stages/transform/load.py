"""Fills a warehouse file with what dbt reads: schemas ``lake``, ``organisation``, ``collecte``, ``catalogue``, ``reference``.

Every declared table exists, typed, and empty where nothing is accepted: models never meet a missing table. Each is a
*filling*, known by what it is made of before it is made: a file that holds it already keeps it.
"""

import glob
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pipelines import settings
from pipelines.catalogue.declarations import PROVENANCE, System, Table
from pipelines.catalogue.figures.rows import figure_tables
from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.organisation import Organisation
from pipelines.catalogue.reference import Reference
from pipelines.disk import sha256_of
from pipelines.ledger.records import Manifest
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home
from pipelines.sql import literal, parquet_scan, values
from pipelines.stages.transform.books import open_books, write

SCHEMAS = ("lake", "organisation", "collecte", "catalogue", "reference")


class StaleDelivery(RuntimeError):
    """An accepted delivery was read under an older declaration of its table: collect it again."""


@dataclass(frozen=True)
class Filling:
    """A table of the warehouse that no model makes: ``<schema>.<table>``, what it is made of, and how."""

    name: str
    identity: str
    make: Callable[[Any], None]  # over a DuckDB connection to a file without it


def load_warehouse(path: Path, work: Workspace, manifests: list[Manifest], build: str = "") -> None:
    """Make the database file ``path`` (an older one is removed) and close it.

    ``build`` stands in the file, so that nobody takes it for another build. Raises StaleDelivery.
    """
    import duckdb

    clear(path)
    with duckdb.connect(str(path), config={"threads": settings.threads()}) as db:
        db.execute("begin")  # one transaction: each commit would wait for the disk
        for schema in SCHEMAS:
            db.execute(f"create schema {schema}")
        open_books(db)
        fill(db, work, manifests, build)
        db.execute("commit")
        db.execute("checkpoint")


def clear(path: Path) -> None:
    """Make room for a new database file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()


def fill(db: Any, work: Workspace, manifests: list[Manifest], build: str) -> set[str]:
    """Fill the tables whose ingredients are not those that the file remembers; the names of those whose content changed.

    What is no longer declared goes. Raises StaleDelivery.
    """
    known = dict(db.execute("from construction.ingredients").fetchall())
    contents = dict(db.execute("from construction.contenus").fetchall())
    wanted = {filling.name: filling for filling in fillings(work, manifests, build)}
    for name in known.keys() - wanted.keys():
        db.execute(f"drop table {name}")
        contents.pop(name, None)
    changed = set()
    for name, filling in wanted.items():
        if known.get(name) == filling.identity:
            continue
        db.execute(f"drop table if exists {name}")
        filling.make(db)
        (content,) = db.execute(f"select construction.contenu({literal(name)})").fetchone()
        if contents.get(name) != content:
            changed.add(name)
        contents[name] = content
    write(db, "ingredients", [(name, filling.identity) for name, filling in wanted.items()])
    write(db, "contenus", list(contents.items()))
    return changed


def columns_of(table: Table) -> list[tuple[str, str]]:
    """(name, DuckDB type) of every column of a lake table."""
    return [(column.name, column.sql_type) for column in [*table.kept_fields, *PROVENANCE]]


def lake_name(system: System, table: Table) -> str:
    """``<system>__<table>``."""
    return f"{system.system}__{table.name}"


def fillings(work: Workspace, manifests: list[Manifest], build: str = "") -> Iterator[Filling]:
    """Every table that the warehouse of these deliveries needs, in the order in which they are made."""
    for system, table in work.registry.tables():
        yield _lake(work.home, system, table, manifests)
    for name, columns, rows in [
        *_organisation(work.organisation),
        ("collecte.tables", *_collecte(work, manifests)),
        ("collecte.construction", "construction varchar", [(build,)]),
        *((f"catalogue.{name}", *table) for name, table in figure_tables(work.catalogue.figures).items()),
    ]:
        yield _rows(name, columns, rows)
    for file, reference in work.catalogue.references.items():
        identity = fingerprint([sha256_of(file), [(column.name, column.sql_type) for column in reference.fields]])
        yield Filling(f"reference.{reference.table}", identity, partial(load_reference, file=file, reference=reference))


def _lake(home: Home, system: System, table: Table, manifests: list[Manifest]) -> Filling:
    name, columns = f"lake.{lake_name(system, table)}", columns_of(table)
    accepted = [m for m in manifests if m.system == system.system and table.name in m.tables]
    accepted.sort(key=lambda m: m.exercice)

    def make(db: Any) -> None:
        spec = ", ".join(f'"{column}" {kind}' for column, kind in columns)
        db.execute(f"create table {name} ({spec})")
        for manifest in accepted:
            _insert_rows(db, home, system, table, manifest)

    return Filling(name, fingerprint([columns, [manifest.delivery for manifest in accepted]]), make)


def _insert_rows(db, home: Home, system: System, table: Table, manifest: Manifest) -> None:
    import duckdb

    file = home.lake / manifest.tables[table.name].parquet
    select = ", ".join(f'cast("{name}" as {kind})' for name, kind in columns_of(table))
    try:
        db.execute(
            f"insert into lake.{lake_name(system, table)} select {select} from {parquet_scan(file)} "
            "order by _fichier, _ligne"
        )
    except (duckdb.BinderException, duckdb.ConversionException):  # "from None": a failed cast quotes the cell
        raise StaleDelivery(
            f"{manifest.export_key} {manifest.exercice} was read under an older declaration of table {table.name}: "
            f"collect it again"
        ) from None


def load_reference(db, file: Path, reference: Reference) -> None:
    """Make the table of a reference, whose every cell is known to be of its type."""
    columns = ", ".join(f'cast("{column.name}" as {column.sql_type}) as "{column.name}"' for column in reference.fields)
    db.execute(
        f"create table reference.{reference.table} as select {columns} from read_csv({literal(glob.escape(str(file)))}, "
        "all_varchar=true, header=true, delim=',', quote='\"', nullstr='')"
    )


def _organisation(organisation: Organisation) -> Iterator[tuple[str, str, list[tuple]]]:
    """(table, its columns, its rows)."""
    yield (
        "organisation.profil",
        "nom varchar, sigle varchar, siren varchar, est_demonstration boolean",
        [(organisation.nom, organisation.sigle, organisation.siren, organisation.demonstration)],
    )
    yield "organisation.exercices", "exercice integer", [(year,) for year in organisation.years]
    yield (
        "organisation.collectivites",
        "code_collectivite varchar, siren varchar, libelle_collectivite varchar, type_collectivite varchar, "
        "nb_habitants bigint",
        [(c.code_insee, c.siren, c.nom, c.type, c.population) for c in organisation.collectivites],
    )
    yield (
        "organisation.collectivites_alias",
        "orthographe varchar, code_collectivite varchar",
        [(alias, c.code_insee) for c in organisation.collectivites for alias in dict.fromkeys([c.nom, *c.alias])]
        # the syndicate itself, which has no code Insee: its own agents, accounts and data belong somewhere
        + [(alias, "syndicat") for alias in organisation.alias],
    )
    yield (
        "organisation.applications",
        "code_application varchar, libelle_application varchar, domaine_metier varchar, rang_application integer, "
        "exercice_debut integer, exercice_fin integer",
        [(a.code, a.libelle, a.domaine, rang, a.debut, a.fin) for rang, a in enumerate(organisation.applications, 1)],
    )
    yield (
        "organisation.applications_alias",
        "orthographe varchar, code_application varchar",
        [(alias, a.code) for a in organisation.applications for alias in dict.fromkeys([a.code, a.libelle, *a.alias])],
    )
    yield (
        "organisation.indicateurs",
        "code_application varchar, indicateur varchar, rang_indicateur integer",
        [(a.code, name, rang) for a in organisation.applications for rang, name in enumerate(a.indicateurs, 1)],
    )


def _collecte(work: Workspace, manifests: list[Manifest]) -> tuple[str, list[tuple]]:
    accepted = {(m.system, name, m.exercice): (m, counts) for m in manifests for name, counts in m.tables.items()}
    rows = []
    for year in work.organisation.years:
        expected = {ref.key for ref in work.exports(year) if not ref.export.optional}
        for ref in work.registry.exports():
            for table in ref.export.tables:
                manifest, counts = accepted.get((ref.system.system, table.name, year), (None, None))
                numbers = (counts.lues, counts.acceptees, counts.refusees, counts.ignorees) if counts else (None,) * 4
                rows.append(
                    (
                        ref.system.system,
                        table.name,
                        year,
                        ref.key in expected,
                        counts is not None,
                        manifest.delivery if manifest else None,
                        *numbers,
                    )
                )
    return (
        "systeme varchar, nom_table varchar, exercice integer, est_attendue boolean, est_acceptee boolean, "
        "livraison varchar, nb_lues bigint, nb_acceptees bigint, nb_refusees bigint, nb_ignorees bigint",
        rows,
    )


def _rows(name: str, columns: str, rows: list[tuple]) -> Filling:
    def make(db: Any) -> None:
        db.execute(f"create table {name} ({columns})")
        if rows:
            db.execute(f"insert into {name} values {values(rows)}")

    return Filling(name, fingerprint([columns, rows]), make)
