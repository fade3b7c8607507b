"""Fills a new warehouse file with what dbt reads: schemas ``lake``, ``organisation``, ``collecte``, ``catalogue``, ``reference``.

Every declared table exists, typed, and empty where nothing is accepted: models never meet a missing table.
"""

import glob
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from pipelines import settings
from pipelines.catalogue.declarations import COLUMN, Field, System, Table
from pipelines.catalogue.figures.rows import figure_tables
from pipelines.catalogue.organisation import Organisation
from pipelines.catalogue.reference import Reference
from pipelines.catalogue.registry import Registry
from pipelines.ledger.records import Manifest, TableCounts
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home
from pipelines.sql import lake_scan, literal, values


class StaleDelivery(RuntimeError):
    """An accepted delivery was read under an older declaration of its table: collect it again."""


def load_warehouse(
    path: Path,
    work: Workspace,
    manifests: list[Manifest],
    build: str = "",
    counted: Sequence[tuple[str, str]] = (),
) -> None:
    """Make the database file ``path`` (an older one is removed) and close it.

    ``build`` stands in the file, so that nobody takes it for another build. ``counted``: the accepted findings (rule, key)
    whose acceptance makes something count. Raises StaleDelivery.
    """
    import duckdb

    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    with duckdb.connect(str(path), config={"threads": settings.threads()}) as db:
        db.execute("begin")  # one transaction: each commit would wait for the disk
        for schema in ("lake", "organisation", "collecte", "catalogue", "reference"):
            db.execute(f"create schema {schema}")
        _load_lake(db, work.home, work.registry, manifests)
        _load_organisation(db, work.organisation)
        _load_collecte(db, work, manifests)
        files = [(m.delivery, file.name, file.sha256) for m in manifests for file in m.files]
        _table(db, "collecte.fichiers", "livraison varchar, fichier varchar, sha256 varchar", files)
        _table(db, "collecte.decisions", "code varchar, cle varchar", list(counted))
        for name, table in figure_tables(work.catalogue.figures).items():
            _table(db, f"catalogue.{name}", *table)
        _table(db, "collecte.construction", "construction varchar", [(build,)])
        for file, reference in work.catalogue.references.items():
            load_reference(db, file, reference)
        db.execute("commit")
        db.execute("checkpoint")


def columns_of(table: Table) -> list[tuple[str, str]]:
    """(name, DuckDB type) of every column of a lake table."""
    return [(column.name, column.sql_type) for column in [*table.kept_fields, *table.provenance]]


def lake_name(system: System, table: Table) -> str:
    """``<system>__<table>``."""
    return f"{system.system}__{table.name}"


def _load_lake(db, home: Home, registry: Registry, manifests: list[Manifest]) -> None:
    for system, table in registry.tables():
        columns = columns_of(table)
        spec = ", ".join(f'"{name}" {kind}' for name, kind in columns)
        db.execute(f"create table lake.{lake_name(system, table)} ({spec})")
        accepted = [m for m in manifests if m.system == system.system and table.name in m.tables]
        for manifest in sorted(accepted, key=lambda m: m.exercice):
            _insert_rows(db, home, system, table, manifest)


def _insert_rows(db, home: Home, system: System, table: Table, manifest: Manifest) -> None:
    import duckdb

    file = home.lake / manifest.tables[table.name].parquet
    select = ", ".join(f'cast("{name}" as {kind})' for name, kind in columns_of(table))
    place = ", ".join(["_fichier", "_feuille", "_ligne", *([COLUMN.name] if COLUMN in table.provenance else [])])
    try:
        db.execute(
            f"insert into lake.{lake_name(system, table)} select {select} from {lake_scan(file)} order by {place}"
        )
    except (duckdb.BinderException, duckdb.ConversionException):  # "from None": a failed cast quotes the cell
        raise StaleDelivery(
            f"{manifest.export_key} {manifest.exercice} was read under an older declaration of table {table.name}: "
            f"collect it again"
        ) from None


def load_reference(db, file: Path, reference: Reference) -> None:
    """Add the rows of a reference, whose every cell is known to be of its type, to its table; make it where there is none."""
    spec = ", ".join(f'"{column.name}" {column.sql_type}' for column in reference.fields)
    db.execute(f"create table if not exists reference.{reference.table} ({spec})")
    columns = ", ".join(f'cast("{column.name}" as {column.sql_type}) as "{column.name}"' for column in reference.fields)
    db.execute(
        f"insert into reference.{reference.table} select {columns} from read_csv({literal(glob.escape(str(file)))}, "
        "all_varchar=true, header=true, delim=',', quote='\"', nullstr='')"
    )


def _load_organisation(db, organisation: Organisation) -> None:
    _table(
        db,
        "organisation.profil",
        "nom varchar, sigle varchar, siren varchar, est_demonstration boolean",
        [(organisation.nom, organisation.sigle, organisation.siren, organisation.demonstration)],
    )
    _table(db, "organisation.exercices", "exercice integer", [(year,) for year in organisation.years])
    _table(
        db,
        "organisation.collectivites",
        "code_collectivite varchar, siren varchar, libelle_collectivite varchar, type_collectivite varchar, "
        "nb_habitants bigint",
        [(c.code, c.siren, c.nom, c.type, c.population) for c in organisation.collectivites],
    )
    _table(
        db,
        "organisation.collectivites_alias",
        "orthographe varchar, code_collectivite varchar",
        [(alias, c.code) for c in organisation.collectivites for alias in dict.fromkeys([c.nom, *c.alias])]
        # the syndicate itself, whose code is a word: its own agents, accounts and data belong somewhere
        + [(alias, "syndicat") for alias in organisation.alias],
    )
    _table(
        db,
        "organisation.applications",
        "code_application varchar, libelle_application varchar, domaine_metier varchar, rang_application integer, "
        "exercice_debut integer, exercice_fin integer",
        [(a.code, a.libelle, a.domaine, rang, a.debut, a.fin) for rang, a in enumerate(organisation.applications, 1)],
    )
    _table(
        db,
        "organisation.applications_alias",
        "orthographe varchar, code_application varchar",
        [(alias, a.code) for a in organisation.applications for alias in dict.fromkeys([a.code, a.libelle, *a.alias])],
    )
    _table(
        db,
        "organisation.indicateurs",
        "code_application varchar, indicateur varchar, rang_indicateur integer",
        [(a.code, name, rang) for a in organisation.applications for rang, name in enumerate(a.indicateurs, 1)],
    )
    _table(
        db,
        "organisation.budgets",
        BUDGETS,
        [(b.siret, b.code, b.libelle, b.type, b.nomenclature, b.debut, b.fin) for b in organisation.budgets],
    )


BUDGETS = (
    "siret varchar, code_budget varchar, libelle_budget varchar, type_budget varchar, nomenclature varchar, "
    "exercice_debut integer, exercice_fin integer"
)
PIECES = (
    "systeme varchar, nom_table varchar, exercice integer, nature varchar, piece varchar, est_suivie boolean, "
    "est_attendue boolean, est_recue boolean, est_acceptee boolean, livraison varchar, nb_lues bigint, "
    "nb_acceptees bigint, nb_refusees bigint, nb_ignorees bigint, montant_perdu_eur decimal(20, 2)"
)
REFUSED = (
    "systeme varchar, nom_table varchar, exercice integer, livraison varchar, fichier varchar, ligne bigint, regle varchar, "
    "montant_eur decimal(20, 2), colonnes varchar"
)


def _load_collecte(db, work: Workspace, manifests: list[Manifest]) -> None:
    """What was expected, piece by piece, and what came: the delivery of each table, each month of one that has a period.

    The lines of a month count in its delivery too, which alone knows those that were refused. Documents are told apart by
    models, which read what a document is.
    """
    _load_refused(db, work.home, manifests)
    lost = _amounts_refused(db)
    accepted = {(m.system, name, m.exercice): (m, counts) for m in manifests for name, counts in m.tables.items()}
    rows = []
    for year in work.organisation.years:
        followed = work.exports(year)
        used = {ref.key for ref in followed}
        expected = {ref.key for ref in followed if not ref.export.optional}
        for ref in work.registry.exports():
            for table in ref.export.tables:
                name, is_expected = (ref.system.system, table.name, year), ref.key in expected
                manifest, counts = accepted.get(name, (None, None))
                delivery = manifest.delivery if manifest else None
                came = counts is not None
                numbers = (counts.lues, counts.acceptees, counts.refusees, counts.ignorees) if counts else (None,) * 4
                amount = lost.get(name, 0) if counts else None
                rows.append(
                    (*name, "livraison", "", ref.key in used, is_expected, came, came, delivery, *numbers, amount)
                )
                if table.period and (is_expected or came):
                    present = _months(db, ref.system, table, year)
                    for month in sorted(present.keys() | set(ref.system.valid.months(year))):
                        lines = present.get(month)
                        awaited = is_expected and month in ref.system.valid.months(year)
                        there = lines is not None
                        rows.append(
                            (*name, "mois", month, ref.key in used, awaited, there, there, delivery, lines, lines, *(
                                (0, 0, 0) if there else (None, None, None)
                            ))
                        )  # fmt: skip
    _table(db, "collecte.pieces", PIECES, rows)
    _table(
        db,
        "collecte.champs_absents",
        "source varchar, exercice integer, champ varchar, titre varchar, nb_lignes bigint",
        [
            (f"{system.system}/{table.name}", year, field.name, field.title, lines)
            for year in work.organisation.years
            for system, table in work.registry.tables()
            for field, lines in _ungiven(table, year, accepted.get((system.system, table.name, year), (None, None))[1])
        ],
    )


def _ungiven(table: Table, exercice: int, counts: TableCounts | None) -> list[tuple[Field, int | None]]:
    """The fields that nothing gives, by the header or by what came; those that some files lack, with how many lines these hold."""
    found: list[tuple[Field, int | None]] = [(field, None) for field in table.ungiven(exercice)]
    if counts:
        found += [
            (field, None if field.name in counts.lacking else counts.sans_champ[field.name])
            for field in table.kept_fields
            if counts.sans_champ.get(field.name)
        ]
    return found


def _months(db, system: System, table: Table, exercice: int) -> dict[str, int]:
    """Month of the exercice (``2020-03``) → lines of the lake that bear it."""
    assert table.period is not None
    rows = db.execute(
        f"select strftime(\"{table.period.column}\", '%Y-%m') as mois, count(*) from lake.{lake_name(system, table)} "
        f'where exercice = {exercice} and year("{table.period.column}") = {exercice} group by mois'
    ).fetchall()
    return dict(rows)


def _load_refused(db, home: Home, manifests: list[Manifest]) -> None:
    """Where the refused lines stand, and what they amount to, without what else they hold: a document that has one cannot count."""
    db.execute(f"create table collecte.lignes_refusees ({REFUSED})")
    for manifest in manifests:
        for name, counts in manifest.tables.items():
            if counts.refusees:
                file = Path(home.lake / counts.parquet).with_suffix(".refus.parquet")
                of = ", ".join(map(literal, (manifest.system, name, manifest.exercice, manifest.delivery)))
                columns = {row[0] for row in db.execute(f"describe from {lake_scan(file)}").fetchall()}
                amount = "max(_montant_eur)" if "_montant_eur" in columns else "null"  # an older reader kept none
                db.execute(
                    f"insert into collecte.lignes_refusees select {of}, _fichier, _ligne, min(regle), {amount}, "
                    f"string_agg(distinct colonne, ', ' order by colonne) "
                    f"from {lake_scan(file)} group by _fichier, _feuille, _ligne order by all"
                )


def _amounts_refused(db) -> dict[tuple[str, str, int], Decimal | None]:
    """Table and exercice → what its refused lines amount to at most; None when one of them does not say."""
    rows = db.execute(
        "select systeme, nom_table, exercice, case when count(*) = count(montant_eur) then sum(montant_eur) end "
        "from collecte.lignes_refusees group by all"
    ).fetchall()
    return {(system, table, exercice): amount for system, table, exercice, amount in rows}


def _table(db, name: str, columns: str, rows: list[tuple]) -> None:
    db.execute(f"create table {name} ({columns})")
    if rows:
        db.execute(f"insert into {name} values {values(rows)}")
