"""Fills a warehouse file with what dbt reads: schemas ``lake``, ``organisation``, ``collecte``, ``catalogue``, ``reference``.

Every declared table exists, typed, and is empty when nothing is accepted: models never meet a missing table. Each is a
*filling*, identified by a hash of its content before it is made: a file that already has it keeps it.
"""

import glob
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines import settings
from pipelines.catalogue.expectation_types import PSEUDONYM, identifier
from pipelines.catalogue.figures.rows import figure_tables
from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.organisation import Organisation
from pipelines.catalogue.reference import Reference
from pipelines.catalogue.source_grammar import COLUMN, Field, System, Table
from pipelines.catalogue.sources import Registry
from pipelines.disk import sha256_of
from pipelines.ledger.records import Manifest, TableCounts
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home
from pipelines.sql import insert, literal, parquet_scan, refused_print
from pipelines.stages.transform.freeze import Frozen
from pipelines.stages.transform.lake import refuse_changed_files

SCHEMAS = ("lake", "organisation", "collecte", "catalogue", "reference")


@dataclass(frozen=True)
class Filling:
    """A warehouse table that no model makes: ``<schema>.<table>``, what it is made from, and how."""

    name: str
    made_of: object  # a JSON value that says what its rows are
    make: Callable[[Any], None]  # over a DuckDB connection to a file without it


def load_warehouse(
    path: Path, work: Workspace, frozen: Frozen, known: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Fill the database file ``path`` with what is ``frozen``; return the hash of each table, ``<schema>.<table>``.

    ``known``: those of the tables that the file already holds, which are kept where they are the same; without them, it
    is made anew. The build's name is in the file, so that it cannot be mistaken for another. A delivery that was read
    under an older declaration, and whose rows do not suffice for today's, enters no table: it counts as received but not
    accepted. Raises LakeChanged.
    """
    if not known:
        clear(path)
    hashes = {}
    with duckdb.connect(str(path), config=settings.engine(path)) as db:
        db.execute("begin")  # one transaction: each commit would wait for the disk
        for schema in SCHEMAS:
            db.execute(f"create schema if not exists {schema}")
        for filling in _fillings(db, work, frozen):
            hashes[filling.name] = fingerprint(filling.made_of)[:32]
            if not known or known.get(filling.name) != hashes[filling.name]:
                db.execute(f"drop table if exists {filling.name}")
                filling.make(db)
        db.execute("commit")
        db.execute("checkpoint")
    return hashes


def clear(path: Path) -> None:
    """Make room for a new database file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()


def columns_of(table: Table) -> list[tuple[str, str]]:
    """(name, DuckDB type) of every column of a lake table."""
    return [(column.name, column.sql_type) for column in [*table.kept_fields, *table.provenance]]


def lake_name(system: System, table: Table) -> str:
    """``<system>__<table>``."""
    return f"{system.system}__{table.name}"


def _fillings(db: Any, work: Workspace, frozen: Frozen) -> Iterator[Filling]:
    """Every table that a build needs; the last ones are worked out from the first, as ``db`` then holds them."""
    refuse_changed_files(work.home, frozen.manifests)
    read, selects = _readable(db, work.home, work.registry, frozen.manifests)
    for system, table in work.registry.tables():
        yield _lake(system, table, read, selects.get(lake_name(system, table), []))
    yield _refused(work.home, read)
    for name, columns, rows in [
        *_organisation(work.organisation),
        *_collecte(db, work, frozen, read),
        *(
            (f"catalogue.{name}", *table)
            for name, table in figure_tables(work.catalogue.figures, _used(work, frozen)).items()
        ),
    ]:
        yield _rows(name, columns, rows)
    yield from _references(work.catalogue.references)


def _used(work: Workspace, frozen: Frozen) -> set[str]:
    """The tables (``system/table``) that the organisation uses in at least one exercice, or of which something counts."""
    refs = [ref for year in work.organisation.years for ref in work.exports(year)]
    used = {f"{ref.system.system}/{table.name}" for ref in refs for table in ref.export.tables}
    return used | {f"{manifest.system}/{name}" for manifest in frozen.manifests for name in manifest.tables}


def _readable(
    db: Any, home: Home, registry: Registry, manifests: list[Manifest]
) -> tuple[list[Manifest], dict[str, list[str]]]:
    """The deliveries whose tables all contain what today's declaration wants, and the SQL of the rows of each lake table."""
    read, selects = [], dict[str, list[str]]()
    tables = {
        (ref.system.system, table.name): (ref, table) for ref in registry.exports() for table in ref.export.tables
    }
    held = _held(db, [home.lake / counts.parquet for manifest in manifests for counts in manifest.tables.values()])
    for manifest in sorted(manifests, key=lambda m: m.exercice):
        declared = [tables[manifest.system, name] for name in manifest.tables if (manifest.system, name) in tables]
        refs = {ref.key: ref for ref, _ in declared}
        today = {key: ref.readings(manifest.exercice) for key, ref in refs.items()}
        found = {
            lake_name(ref.system, table): _rows_of(db, home, table, manifest, today[ref.key][table.name], held)
            for ref, table in declared
        }
        if None not in found.values():
            read.append(manifest)
            for name, select in found.items():
                selects.setdefault(name, []).append(select or "")
    return read, selects


def _lake(system: System, table: Table, read: list[Manifest], selects: list[str]) -> Filling:
    name, columns = f"lake.{lake_name(system, table)}", columns_of(table)
    files = [m.tables[table.name].parquet_sha256 for m in read if m.system == system.system and table.name in m.tables]

    def make(db: Any) -> None:
        spec = ", ".join(f'"{column}" {kind}' for column, kind in columns)
        db.execute(f"create table {name} ({spec})")
        for select in selects:
            db.execute(f"insert into {name} {select}")

    return Filling(name, [columns, files], make)


def _held(db: Any, files: list[Path]) -> dict[str, dict[str, str]]:
    """The columns that each of these Parquet files holds, and their types, in one query: path → name → type."""
    held: dict[str, dict[str, str]] = {str(file): {} for file in files}
    if files:
        paths = ", ".join(literal(glob.escape(path)) for path in held)
        rows = db.execute(
            f"select file_name, name, duckdb_type from parquet_schema([{paths}]) where num_children is null"
        )
        for file, name, kind in rows.fetchall():
            held[file][name] = _written(kind)
    return held


def _rows_of(
    db, home: Home, table: Table, manifest: Manifest, today: dict[str, str], columns_held: dict[str, dict[str, str]]
) -> str | None:
    """SQL of the rows of a delivery, as today's declaration has them; None when the declaration wants what is not
    there, or hides it.

    ``today``: how it reads each field; a field that was read from elsewhere, or otherwise, is not what it wants.
    """
    counts = manifest.tables[table.name]
    rows, held = parquet_scan(home.lake / counts.parquet), columns_held[str(home.lake / counts.parquet)]
    nothing = {field.name for field in table.ungiven(manifest.exercice)}
    columns = columns_of(table)
    wanted = {"", *(name for name, _ in columns)} - nothing
    if not wanted - {""} <= held.keys() or any(
        today.get(name, said) != said for name, said in counts.lectures.items() if name.partition("=")[0] in wanted
    ):
        return None
    others = [(name, kind) for name, kind in columns if held.get(name, _written(kind)) != _written(kind)]
    lost = [
        f"({identifier(name)} is not null and try_cast({identifier(name)} as {kind}) is null)" for name, kind in others
    ]
    hidden = [field.name for field in table.kept_fields if field.personal == "pseudonymise" and field.name in held]
    clear = [f"not regexp_full_match(cast({identifier(name)} as varchar), {literal(PSEUDONYM)})" for name in hidden]
    spelled = [
        f"{identifier(field.name)} in ({', '.join(map(literal, former))})"
        for field in table.kept_fields
        if field.name in held and (former := _mapped_since(field))
    ]
    unfit = " or ".join(lost + clear + spelled)
    if unfit and db.execute(f"select exists (select 1 from {rows} where {unfit})").fetchone()[0]:
        return None
    select = ", ".join(f"cast({identifier(name) if name in held else 'null'} as {kind})" for name, kind in columns)
    place = ", ".join(["_fichier", "_feuille", "_ligne", *([COLUMN.name] if COLUMN in table.provenance else [])])
    return f"select {select} from {rows} order by {place}"


def _mapped_since(field: Field) -> list[str]:
    """The words of a system that the lake holds no more once they are mapped; in a column that is hidden none is seen."""
    words = [] if field.personal else [word for written in field.values.values() for word in written]
    return sorted(set(words) - field.values.keys())


def _written(kind: str) -> str:
    """A DuckDB type, normalised."""
    return kind.replace(" ", "").lower()


def load_reference(db, file: Path, reference: Reference) -> None:
    """Add the rows of a reference, every cell of which is known to be of its type, to its table; create it when there is none."""
    spec = ", ".join(f'"{column.name}" {column.sql_type}' for column in reference.fields)
    db.execute(f"create table if not exists reference.{reference.table} ({spec})")
    columns = ", ".join(f'cast("{column.name}" as {column.sql_type}) as "{column.name}"' for column in reference.fields)
    db.execute(
        f"insert into reference.{reference.table} select {columns} from read_csv({literal(glob.escape(str(file)))}, "
        "all_varchar=true, header=true, delim=',', quote='\"', nullstr='')"
    )


def _references(references: Mapping[Path, Reference]) -> Iterator[Filling]:
    """The reference tables, each from one file or more."""
    for name in dict.fromkeys(reference.table for reference in references.values()):
        files = {file: reference for file, reference in references.items() if reference.table == name}

        def make(db: Any, files: Mapping[Path, Reference] = files) -> None:
            for file, reference in files.items():
                load_reference(db, file, reference)

        made_of = [(sha256_of(f), [(c.name, c.sql_type) for c in reference.fields]) for f, reference in files.items()]
        yield Filling(f"reference.{name}", made_of, make)


def _organisation(organisation: Organisation) -> Iterator[tuple[str, str, list[tuple]]]:
    """(table, its columns, its rows)."""
    profil = organisation.nom, organisation.sigle, organisation.siren, organisation.demonstration
    yield (
        "organisation.profil",
        "nom varchar, sigle varchar, siren varchar, est_demonstration boolean, seuil_signification decimal(10, 6)",
        [(*profil, organisation.seuil_signification / 100)],
    )
    yield "organisation.exercices", "exercice integer", [(year,) for year in organisation.years]
    yield (
        "organisation.collectivites",
        "code_collectivite varchar, siren varchar, libelle_collectivite varchar, type_collectivite varchar, "
        "nb_habitants bigint, annee_population integer",
        [(c.code, c.siren, c.nom, c.type, c.population, c.annee_population) for c in organisation.collectivites],
    )
    yield (
        "organisation.collectivites_alias",
        "orthographe varchar, code_collectivite varchar",
        [(alias, c.code) for c in organisation.collectivites for alias in dict.fromkeys([c.nom, *c.alias])]
        # the syndicate itself, whose code is a word: its own agents, accounts and data must belong somewhere
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
    yield (
        "organisation.budgets",
        BUDGETS,
        [(b.siret, b.code, b.libelle, b.type, b.nomenclature, b.debut, b.fin) for b in organisation.budgets],
    )


MANY = 10  # lines a month from which a month without any is strange
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
    "montant_eur decimal(20, 2), colonnes varchar, empreinte varchar, nb_motifs bigint"
)


def _collecte(db: Any, work: Workspace, frozen: Frozen, read: list[Manifest]) -> Iterator[tuple[str, str, list[tuple]]]:
    """What was expected and what came: each table's delivery, and each month of a table with a period.

    ``read``: the deliveries whose rows are in ``lake``.

    The lines of a month also count in its delivery, the only one to know the refused lines. Documents are told apart by
    models, which can read what a document is.
    """
    manifests, lost = frozen.manifests, _amounts_refused(db)
    accepted = {(m.system, name, m.exercice): (m, counts) for m in manifests for name, counts in m.tables.items()}
    stale = {manifest.delivery for manifest in manifests} - {manifest.delivery for manifest in read}
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
                counted = came and delivery not in stale
                rows.append(
                    (*name, "livraison", "", ref.key in used, is_expected, came, counted, delivery, *numbers, amount)
                )
                if table.period and (is_expected or came):
                    present = _months(db, ref.system, table, table.period.column, year)
                    months = {month for month in ref.system.valid.months(year) if table.period.expects(month)}
                    for month in sorted(present.keys() | months):
                        lines = present.get(month)
                        awaited = is_expected and month in months
                        there = lines is not None
                        others = (0, 0, 0) if there else (None, None, None)
                        told = (ref.key in used, awaited, there, there, delivery, lines, lines, *others)
                        rows.append((*name, "mois", month, *told))
    yield "collecte.pieces", PIECES, rows
    yield "collecte.mois_muets", "source varchar, exercice integer, mois integer", _silent_months(db, work)
    yield (
        "collecte.champs_absents",
        "source varchar, exercice integer, champ varchar, titre varchar, nb_lignes bigint",
        [
            (f"{system.system}/{table.name}", year, field.name, field.title, lines)
            for year in work.organisation.years
            for system, table in work.registry.tables()
            for field, lines in _ungiven(table, year, accepted.get((system.system, table.name, year), (None, None))[1])
        ],
    )
    of_documents = {ref.key for ref in work.registry.exports() if ref.export.by_document}
    files = [(m.delivery, f.name, f.sha256) for m in manifests if m.export_key in of_documents for f in m.files]
    yield "collecte.fichiers", "livraison varchar, fichier varchar, sha256 varchar", files
    yield (
        "collecte.constats",
        "code_regle varchar, source varchar, exercice integer, effet varchar, motif varchar, empreinte varchar",
        [one for one in frozen.found if one[2] in work.organisation.years],
    )
    yield (
        "collecte.decisions",
        "code varchar, cle varchar, empreinte varchar, motif varchar",
        [(code, key, None, reason) for code, key, reason in frozen.counted]
        + [(None, None, *one) for one in frozen.decided],
    )
    yield (
        "collecte.refus",
        "source varchar, exercice integer, regle varchar",
        [
            (f"{ref.system.system}/{table.name}", exercice, rule)
            for key, exercice, rule in frozen.refused
            for ref in work.registry.exports()
            if ref.key == key
            for table in ref.export.tables
        ],
    )
    yield "collecte.construction", "construction varchar", [(frozen.build,)]
    yield "catalogue.regles", "code varchar, titre varchar", [(rule.code, rule.titre) for rule in work.rules.values()]


def _ungiven(table: Table, exercice: int, counts: TableCounts | None) -> list[tuple[Field, int | None]]:
    """The fields that no file provides, according to the header or the files; and those that some files lack, with the
    number of their lines."""
    found: list[tuple[Field, int | None]] = [(field, None) for field in table.ungiven(exercice)]
    if counts:
        found += [
            (field, None if field.name in counts.lacking else counts.sans_champ[field.name])
            for field in table.kept_fields
            if counts.sans_champ.get(field.name)
        ]
    return found


def _months(db, system: System, table: Table, column: str, exercice: int) -> dict[str, int]:
    """Month of the exercice (``2020-03``) → the lake lines that have it."""
    rows = db.execute(
        f"select strftime(\"{column}\", '%Y-%m') as mois, count(*) from lake.{lake_name(system, table)} "
        f'where exercice = {exercice} and year("{column}") = {exercice} group by mois'
    ).fetchall()
    return dict(rows)


def _silent_months(db, work: Workspace) -> list[tuple[str, int, int]]:
    """The months without a line, for a table that declares no period and has many lines in most of the others."""
    found = []
    for system, table in work.registry.tables():
        rule = table.exercice
        dated = rule and rule.rule == "within" and table.field(rule.column).kept_type in ("date", "datetime")
        for year in work.organisation.years if rule and dated and not table.period else []:
            present, months = _months(db, system, table, rule.column, year), system.valid.months(year)
            if 2 * len(present) > len(months) and sum(present.values()) >= MANY * len(present):
                source = f"{system.system}/{table.name}"
                found += [(source, year, int(month[-2:])) for month in months if month not in present]
    return found


def _refused(home: Home, manifests: list[Manifest]) -> Filling:
    """Where the refused lines are and what they amount to, without their other contents: a document that has one cannot count."""
    having = [(m, name, counts) for m in manifests for name, counts in m.tables.items() if counts.refusees]

    def make(db: Any) -> None:
        db.execute(f"create table collecte.lignes_refusees ({REFUSED})")
        for manifest, name, counts in having:
            file = Path(home.lake / counts.parquet).with_suffix(".refus.parquet")
            of = ", ".join(map(literal, (manifest.system, name, manifest.exercice, manifest.delivery)))
            said = refused_print(manifest.system, name, manifest.exercice)
            db.execute(
                f"insert into collecte.lignes_refusees select {of}, _fichier, _ligne, min(regle), max(_montant_eur), "
                f"string_agg(distinct colonne, ', ' order by colonne), {said}, count(distinct concat_ws('|', regle, colonne)) "
                f"from {parquet_scan(file)} group by _fichier, _feuille, _ligne order by all"
            )

    return Filling("collecte.lignes_refusees", [(m.delivery, name) for m, name, _ in having], make)


def _amounts_refused(db) -> dict[tuple[str, str, int], Decimal | None]:
    """Table and exercice → the greatest possible amount of its refused lines; None if it is unknown for one of them."""
    rows = db.execute(
        "select systeme, nom_table, exercice, case when count(*) = count(montant_eur) then sum(montant_eur) end "
        "from collecte.lignes_refusees group by all"
    ).fetchall()
    return {(system, table, exercice): amount for system, table, exercice, amount in rows}


def _rows(name: str, columns: str, rows: list[tuple]) -> Filling:
    def make(db: Any) -> None:
        db.execute(f"create table {name} ({columns})")
        insert(db, name, rows)

    return Filling(name, [columns, rows], make)
