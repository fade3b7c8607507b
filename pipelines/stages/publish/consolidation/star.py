"""Writes the consolidation: the public tables of all organisations one under another, ``siren_organisation`` in every
grain, then the tables of ``comparaison``, which the SQL files beside this module build from them.
"""

import itertools
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from pipelines.catalogue.comparisons import Comparisons, Denominateur
from pipelines.catalogue.fields import Fields
from pipelines.catalogue.figures.measure import conditions
from pipelines.catalogue.fingerprint import fingerprint
from pipelines.disk import json_lines, read_json, sync_all, take_place, written_whole
from pipelines.ledger.state import MANIFEST, databases_of, files_of
from pipelines.settings import engine
from pipelines.sql import insert, literal, parquet_scan
from pipelines.stages.publish.consolidation.members import Member, described
from pipelines.stages.publish.copy import BLOCK, say, write_schema

DATABASE = "consolidation.duckdb"
KIND = "consolidation"
ORGANISATION = "siren_organisation"
COMPARISON = "comparaison"
REPORTED = f"{COMPARISON}.rpt_comparaison"
TABLES = {  # tables of ``comparaison`` built by SQL files, in order: comment
    "fct_ratios": "Ce qui se compare : une ligne par organisation, exercice et ratio, avec sa valeur, ou la raison de son absence.",
    "fct_classes": "Les classes où une organisation entre, une ligne par organisation, exercice et classe.",
    "fct_quartiles": "Les quartiles de chaque ratio, une ligne par exercice, ratio et classe ; aucun sous quatre organisations.",
    "rpt_comparaison": "Une organisation parmi ses pairs : une ligne par organisation, exercice, ratio et classe où elle entre.",
}
DIMENSIONS = {
    "dim_organisation": (
        "Les organisations demandées, une ligne chacune ; absence dit pourquoi l’une d’elles n’a rien fourni.",
        "siren_organisation varchar primary key, libelle_organisation varchar not null, publication varchar, absence varchar",
    ),
    "dim_ratio": (
        "Les ratios, dans l’ordre des déclarations.",
        "code_ratio varchar primary key, rang integer not null, libelle_ratio varchar not null, code_chiffre varchar not null, "
        "denominateur varchar, multiplicateur integer not null, unite varchar not null, decimales integer not null",
    ),
    "dim_classe": (
        "Les classes de taille.",
        "code_classe varchar primary key, libelle_classe varchar not null, denominateur varchar, a_partir_de bigint, avant bigint",
    ),
}


class NotOurs(ValueError):
    """The folder to write to holds something that no consolidation wrote."""


class Consolidated(NamedTuple):
    """What was written: how many tables and rows, the exercices, the compared values, and those left out, by reason."""

    tables: int
    rows: int
    exercices: list[int]
    compared: int
    left_out: list[tuple[str, str, int]]  # (organisation, why, values)


def consolidate(members: Sequence[Member], said: Comparisons, fields: Fields, target: Path) -> Consolidated:
    """Write ``target`` whole, replacing the previous consolidation. The same profiles give the same Parquet files.

    Raises NotOurs when the folder holds something else.
    """
    _refuse_others(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir()
        with _written(aside / DATABASE) as db:
            done = _write(db, aside, members, said, fields)
            _deposit(db, aside)
        _write_manifest(aside, members)
        sync_all(aside.rglob("*"))
        take_place(aside, target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return done


def _refuse_others(target: Path) -> None:
    try:
        ours = not target.exists() or not any(target.iterdir()) or read_json(target / MANIFEST).get("kind") == KIND
    except (OSError, ValueError):
        ours = False
    if not ours:
        raise NotOurs(f"{target} n’est pas vide, et aucune consolidation ne l’a écrit")


@contextmanager
def _written(file: Path) -> Iterator[Any]:
    """A connection whose catalog ``cible`` is the new database."""
    with duckdb.connect(config=engine(file)) as db:
        db.execute(f"attach {literal(file)} as cible (block_size {BLOCK})")
        db.execute("use cible")
        db.execute("begin")
        yield db
        db.execute("commit")
        db.execute("checkpoint cible")
        db.execute("use memory")
        db.execute("detach cible")


def _write(db: Any, folder: Path, members: Sequence[Member], said: Comparisons, fields: Fields) -> Consolidated:
    names = sorted({name for member in members for name in member.files})
    for schema in sorted({name.partition(".")[0] for name in names}):
        db.execute(f"create schema {schema}")
    for name in names:
        _join(db, name, [(member.code, member.files[name]) for member in members if name in member.files])
    _declare(db, members, said)
    if "rapport.chiffres" in names:
        _measure(db, said, set(names))
        db.execute(_sql("operandes"))
        for table, comment in TABLES.items():
            db.execute(_sql(table))
            _say(db, f"{COMPARISON}.{table}", comment, fields)
    for schema in sorted({name.partition(".")[0] for name in names} | {COMPARISON}):
        write_schema(db, folder, schema, fields)
    return _told(db, names)


def _join(db: Any, name: str, files_: list[tuple[str, Path]]) -> None:
    """One table, from the organisations that publish it: a column that one of them does not have is empty there."""
    rows = " union all by name ".join(
        f"select {literal(code)} as {ORGANISATION}, * from {parquet_scan(path)}" for code, path in files_
    )
    db.execute(f"create table {name} as select * from ({rows}) order by all")
    told = [described(db, path) for _, path in files_]
    keys = {json.dumps(one.get("primary_key")) for one in told}
    columns = {column: text for one in told for column, text in one["columns"].items()}
    say(db, name, told[0]["description"], {ORGANISATION: "SIREN de l’organisation.", **columns})
    if len(keys) == 1 and (key := told[0]["primary_key"]):
        db.execute(f"alter table {name} add primary key ({', '.join([ORGANISATION, *key])})")


def _sql(name: str) -> str:
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")


def _say(db: Any, name: str, comment: str, fields: Fields) -> None:
    described = db.execute(f"describe {name}").fetchall()
    table = name.partition(".")[2]
    sentences = {column: one.text for column, *_ in described if (one := fields.of(table, column))}
    say(db, name, comment, sentences)


def _declare(db: Any, members: Sequence[Member], said: Comparisons) -> None:
    """The dimensions of ``comparaison``, from what is declared and from the organisations present."""
    starts = sorted({(one.de, one.a_partir_de) for one in said.classes.values()})
    ends = {start: after for start, after in itertools.pairwise(starts) if start[0] == after[0]}
    rows: dict[str, list[tuple]] = {
        "dim_organisation": [(one.code, one.name, one.publication, one.absence) for one in members],
        "dim_ratio": [
            (code, rank, one.libelle, one.chiffre, one.par, one.pour, one.unite, one.decimales)
            for rank, (code, one) in enumerate(said.ratios.items(), 1)
        ],
        "dim_classe": [
            ("toutes", "toutes les organisations", None, None, None),
            *(
                (code, one.libelle, one.de, one.a_partir_de, ends.get((one.de, one.a_partir_de), (None, None))[1])
                for code, one in said.classes.items()
            ),
        ],
    }
    db.execute(f"create schema {COMPARISON}")
    for table, (comment, columns) in DIMENSIONS.items():
        db.execute(f"create table {COMPARISON}.{table} ({columns})")
        insert(db, f"{COMPARISON}.{table}", rows[table])
        say(db, f"{COMPARISON}.{table}", comment, {})


def _measure(db: Any, said: Comparisons, names: set[str]) -> None:
    """``denominateurs``, for the session: what figures are divided by when it is not a figure itself; NULL where a row has none."""
    db.execute(
        "create temporary table denominateurs (denominateur varchar, siren_organisation varchar, exercice integer, "
        "code_chiffre varchar, valeur decimal(20, 6))"
    )
    for name, one in said.denominateurs.items():
        if one.chiffre:
            insert(db, "denominateurs (denominateur, code_chiffre)", [(name, one.chiffre)])
        elif one.table in names:
            db.execute(f"insert into denominateurs {_summed(name, one, _has_years(db, str(one.table)))}")


def _summed(name: str, one: Denominateur, has_years: bool) -> str:
    year = "exercice" if has_years else "null"
    where = " and ".join(conditions(one.filtres)) or "true"
    return (
        f"select {literal(name)}, {ORGANISATION}, {year}, null, "
        f"case when count(*) = count({one.colonne}) then sum({one.colonne}) end "
        f"from {one.table} where {where} group by all"
    )


def _has_years(db: Any, table: str) -> bool:
    return any(column == "exercice" for column, *_ in db.execute(f"describe {table}").fetchall())


def _told(db: Any, names: Iterable[str]) -> Consolidated:
    counts = [db.execute(f"select count(*) from {name}").fetchone()[0] for name in names]
    if not counts:
        return Consolidated(0, 0, [], 0, [])
    exercices = [year for (year,) in db.execute("select distinct exercice from rapport.chiffres order by 1").fetchall()]
    (compared,) = db.execute(f"select count(valeur) from {COMPARISON}.fct_ratios").fetchone()
    left_out = db.execute(
        f"select libelle_organisation, motif_ecart, count(*) from {COMPARISON}.fct_ratios "
        f"join {COMPARISON}.dim_organisation using ({ORGANISATION}) where valeur is null and absence is null "
        "group by all order by all"
    ).fetchall()
    return Consolidated(len(counts), sum(counts), exercices, compared, left_out)


def _deposit(db: Any, folder: Path) -> None:
    """What each organisation may submit with its own exports: ``depots/<siren>/<exercice>/comparaison_<exercice>.csv``."""
    if not _is_compared(db):
        return
    for code, year in db.execute(f"select distinct {ORGANISATION}, exercice from {REPORTED} order by all").fetchall():
        place = folder / "depots" / code / str(year)
        place.mkdir(parents=True)
        db.execute(
            f"copy (from {REPORTED} where {ORGANISATION} = {literal(code)} and exercice = {year} order by rang, code_classe) "
            f"to {literal(place / f'comparaison_{year}.csv')} (format csv, delimiter ';', header)"
        )


def _is_compared(db: Any) -> bool:
    found = f"select count(*) from duckdb_tables() where database_name = 'cible' and schema_name || '.' || table_name = {literal(REPORTED)}"
    return bool(db.execute(found).fetchone()[0])


def _write_manifest(folder: Path, members: Sequence[Member]) -> None:
    said = {
        "kind": KIND,
        "members": [{"siren": one.code, "publication": one.publication, "absence": one.absence} for one in members],
        "files": files_of(folder),
        "tables": databases_of(folder),
    }
    with written_whole(folder / MANIFEST) as file:
        file.write(json_lines({"consolidation": fingerprint(said)[:32], **said}))
