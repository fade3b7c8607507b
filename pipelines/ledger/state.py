"""``state.json``: a full description of a publication or a release, whose SHA-256 is recorded in the ledger's chain.

    {kind, organisation, build, engine, catalogue, lock, version, key, ledger, deliveries, counted, refused, found, decided, checks, tests,
     comparisons, findings, decisions, files, tables, …}

``facts`` come from the ledger (``runs.state``); ``files`` (path → SHA-256) and ``tables`` are the contents of the
folder. A table of a database is identified by its catalog description, its number of rows, and the Parquet file with
the same rows: DuckDB's own bytes differ between two equal files. Nothing in it depends on the day.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.disk import json_lines, read_json, sha256_of, written_whole
from pipelines.sql import literal, parquet_scan

STATE = "state.json"
MANIFEST = "manifest.json"  # for the public profile, which anybody may have
LEDGER = "ledger.db"  # the copy of the ledger in a publication: to restore from
COMPARED = "rpt_rapprochement_publie"
AFTERWARDS = ("report", "etat", "exports")  # folders of pages, which print the head reached once the state is entered
SEALED = (
    *("exercice", "build", "engine", "code", "catalogue", "lock", "deliveries"),
    *("counted", "refused", "found", "decided", "files"),
)

# what a database may hold besides tables and views, and what a table may that none of ours has; secrets and settings are of a
# connection, not of a file
OTHERS = """
select 'default ' || schema_name || '.' || table_name || '.' || column_name, column_default
from duckdb_columns() where database_name = 'p' and not internal and column_default is not null
union all select 'collation ' || schema_name || '.' || table_name, sql
from duckdb_tables() where database_name = 'p' and contains(sql, ' COLLATE ')
union all select 'schema ' || schema_name, sql from duckdb_schemas() where database_name = 'p' and not internal
and schema_name not in (select schema_name from duckdb_tables() where database_name = 'p')
union all select 'comment of a view ' || schema_name || '.' || view_name, comment
from duckdb_views() where database_name = 'p' and not internal and comment is not null
union all select function_type || ' ' || schema_name || '.' || function_name, list(macro_definition order by macro_definition)::varchar
from duckdb_functions() where database_name = 'p' and not internal group by all
union all select 'sequence ' || schema_name || '.' || sequence_name, sql from duckdb_sequences() where database_name = 'p'
union all select 'index ' || schema_name || '.' || index_name, sql from duckdb_indexes() where database_name = 'p'
union all select 'type ' || schema_name || '.' || type_name, logical_type
from duckdb_types() where database_name = 'p' and not internal
order by all
"""

State = dict[str, Any]


def write_state(folder: Path, state: State) -> str:
    """Write ``state.json``; return its SHA-256."""
    with written_whole(folder / STATE) as file:
        file.write(json_lines(state))
    return sha256_of(folder / STATE)


def write_manifest(
    folder: Path,
    build: str,
    notes: Mapping[int, str] | None = None,
    withheld: Mapping[str, Sequence[int]] | None = None,
    waiting: Mapping[str, Mapping[int, int]] | None = None,
) -> str:
    """Write ``manifest.json``: what the public profile is, for those who receive it, and what they must know of the staff tables.

    ``notes``: exercice → a French sentence; ``withheld``: table → the exercices that are not published; ``waiting``:
    table → exercice → lines left out until somebody has read them. Returns the identifier of the profile.
    """
    said: State = {"notes": {str(exercice): note for exercice, note in notes.items()}} if notes else {}
    said |= {"withheld": withheld} if withheld else {}
    if waiting:
        said["waiting"] = {table: {str(year): n for year, n in waiting[table].items()} for table in sorted(waiting)}
    manifest = {"build": build, **said, "files": files_of(folder), "tables": databases_of(folder)}
    with written_whole(folder / MANIFEST) as file:
        identity = fingerprint(manifest)[:32]
        file.write(json_lines({"publication": identity, **manifest}))
    return identity


def read_notes(folder: Path) -> dict[int, str]:
    """The notes of the public profile in ``folder``; none when there is no manifest."""
    notes = read_manifest(folder).get("notes") if (folder / MANIFEST).exists() else None
    return {int(exercice): note for exercice, note in notes.items()} if isinstance(notes, dict) else {}


def read_waiting(folder: Path) -> dict[str, dict[int, int]]:
    """Table of the public profile in ``folder`` → exercice → lines left out until somebody has read them."""
    waiting = read_manifest(folder).get("waiting", {}) if (folder / MANIFEST).exists() else {}
    return {table: {int(exercice): n for exercice, n in lines.items()} for table, lines in waiting.items()}


def read_withheld(folder: Path) -> dict[str, list[int]]:
    """The tables of the public profile in ``folder`` that say nothing of some exercices; none without a manifest."""
    withheld = read_manifest(folder).get("withheld") if (folder / MANIFEST).exists() else None
    return withheld if isinstance(withheld, dict) else {}


def read_manifest(folder: Path) -> State:
    """The manifest of the public profile in ``folder``. Raises OSError and ValueError when it is missing or damaged."""
    return read_json(folder / MANIFEST)


def read_state(folder: Path) -> State:
    """The state in ``folder``. Raises OSError and ValueError when it is missing or damaged."""
    return read_json(folder / STATE)


def frozen_names(releases: Path) -> list[str]:
    """The names of the releases in a folder; a name that begins with a dot is what a killed one left."""
    return sorted(path.name for path in releases.glob("[!.]*") if (path / STATE).exists())


def sealed(state: State) -> State:
    """What the fingerprint of a release covers: its figures and what they were made from. It contains no clock and nobody's name."""
    told = ("finding", "choice", "reason", "until")
    decisions = [{name: one[name] for name in told} for one in state.get("decisions", [])]
    return {**{name: state[name] for name in SEALED if name in state}, "decisions": decisions}


def files_of(folder: Path) -> dict[str, str]:
    """Relative path → SHA-256 of what a state covers: everything but itself, databases, and the pages written afterwards."""
    return {
        name: sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and is_covered(name := path.relative_to(folder).as_posix())
    }


def is_covered(name: str) -> bool:
    """True for a file that the state of its folder lists among ``files``."""
    return name not in (STATE, LEDGER) and not name.endswith(".duckdb") and name.partition("/")[0] not in AFTERWARDS


def covered_by(state: State, kept: Mapping[str, str], *, is_release: bool) -> list[str]:
    """The files that a state and a list of the same folder (path → SHA-256) do not say the same of: files of the state, databases
    of a publication. A release is completed with its public tables.
    """
    said, later = state.get("files", {}), ("public/",) if is_release else ()
    differing = {name for name, sha256 in said.items() if kept.get(name) != sha256}
    differing |= {name for name in kept.keys() - said.keys() if is_covered(name) and not name.startswith(later)}
    if not is_release:
        databases = {name for name in kept if name.endswith(".duckdb")}
        differing |= databases ^ state.get("tables", {}).keys()
    return sorted(differing)


def comparisons_of(place: Path) -> list[State]:
    """What was printed, and how it compares with what is recomputed, for each printed figure; ``place`` is a folder
    that holds ``rapport/``, or a warehouse.
    """
    parquet = place / "rapport" / f"{COMPARED}.parquet"
    with duckdb.connect() as db:
        if place.is_file():
            db.execute(f"attach {literal(place)} as p (read_only)")
        elif not parquet.exists():
            return []
        try:
            rows = db.execute(
                "select exercice, code_chiffre, coalesce(texte_publie, valeur_publiee::varchar), statut_rapprochement "
                f"from {f'p.rapport.{COMPARED}' if place.is_file() else parquet_scan(parquet)} order by all"
            ).fetchall()
        except (duckdb.CatalogException, duckdb.BinderException):  # a warehouse with other models
            return []
    return [dict(zip(("exercice", "code", "printed", "status"), row, strict=True)) for row in rows]


def databases_of(folder: Path) -> dict[str, State]:
    """Relative path → tables, for each database in ``folder``."""
    return {path.relative_to(folder).as_posix(): tables_of(path) for path in sorted(folder.rglob("*.duckdb"))}


def tables_of(file: Path) -> State:
    """``schema.table`` → {lignes, description}: for each table of a database, its rows and the hash of its catalog description.

    Whatever else its catalog holds (a macro, a sequence, an index, a type) is there too, under what it is.
    """
    with duckdb.connect() as db:
        db.execute(f"attach {literal(file)} as p (read_only)")
        said = _described(db)
        tables = db.execute("select schema_name || '.' || table_name from duckdb_tables() where database_name = 'p'")
        counted = [f"select {literal(name)}, count(*) from p.{name}" for (name,) in tables.fetchall()]
        rows = dict(db.execute(" union all ".join(counted)).fetchall()) if counted else {}
        others = {name: {"description": fingerprint(sql)} for name, sql in db.execute(OTHERS).fetchall()}
    return {name: {"lignes": rows.get(name), "description": fingerprint(said[name])} for name in sorted(said)} | others


def _described(db: Any) -> dict[str, list[Any]]:
    """``schema.table`` → its description in the catalog of ``p``: comment (for a view, its query), columns with types
    and comments, constraints.
    """
    found: dict[str, list[Any]] = {
        name: [comment, [], []]
        for name, comment in db.execute(
            "select schema_name || '.' || table_name, comment from duckdb_tables() where database_name = 'p' union all "
            "select schema_name || '.' || view_name, sql from duckdb_views() where database_name = 'p' and not internal"
        ).fetchall()
    }
    for name, *column in db.execute(
        "select schema_name || '.' || table_name, column_name, data_type, is_nullable, comment from duckdb_columns() "
        "where database_name = 'p' order by column_index"
    ).fetchall():
        if name in found:
            found[name][1].append(column)
    for name, *constraint in db.execute(
        "select schema_name || '.' || table_name, constraint_type, constraint_text from duckdb_constraints() "
        "where database_name = 'p' and constraint_type <> 'NOT NULL' order by all"
    ).fetchall():
        found[name][2].append(constraint)
    return found
