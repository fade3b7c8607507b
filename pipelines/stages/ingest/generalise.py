"""Rewrites the rows of deliveries so that nobody can be found in them by name: pseudonyms are replaced by random ones,
and so are the numbers declared ``at_term: draw``; texts that no figure needs are emptied (``at_term: empty``).

A person stays the same in everything that is rewritten together, so counts come out equal. The secret behind the new
pseudonyms is never written; neither the home's key nor a list of matricules leads to them.
"""

import functools
import glob
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb

from pipelines.catalogue.expectation_types import identifier
from pipelines.catalogue.fingerprint import fingerprint
from pipelines.disk import sha256_of, sync, written_whole
from pipelines.failpoints import reached
from pipelines.ledger.records import Manifest, TableCounts
from pipelines.settings import Home
from pipelines.sql import insert, literal, parquet_scan

KEYED, DRAWN = "k1:", "k0:"  # prefix of a pseudonym that the key leads to, and of one that nothing leads to
Place = tuple[str, str]  # table, column
Texts = Mapping[Place, str]  # column → ``empty`` or ``draw``


def persons_of(home: Home, manifests: Collection[Manifest]) -> dict[str, dict[Place, set[str]]]:
    """Delivery → the pseudonyms in it that were made with the key, by table and column, whatever is declared today."""
    files = {
        home.lake / counts.parquet: (manifest.delivery, table)
        for manifest in manifests
        for table, counts in manifest.tables.items()
    }
    found: dict[str, dict[Place, set[str]]] = {manifest.delivery: {} for manifest in manifests}
    with _database().cursor() as db:
        listed = ", ".join(literal(glob.escape(str(path))) for path in files)
        for file, name in db.execute(MAY_HOLD.format(listed)).fetchall() if files else []:
            delivery, table = files[Path(file)]
            column, rows = identifier(name), parquet_scan(Path(file))
            keyed = f"regexp_full_match({column}::varchar, '{KEYED}[0-9a-f]{{32}}')"
            if persons := db.execute(f"select distinct {column} from {rows} where {keyed}").fetchall():
                found[delivery][table, name] = {person for (person,) in persons}
    return found


# The columns of files whose statistics do not rule out a pseudonym; « ; » is the character after « : ».
MAY_HOLD = f"""
    select distinct file_name, path_in_schema from parquet_metadata([{{}}])
    where type = 'BYTE_ARRAY' and not starts_with(path_in_schema, '_')
        and coalesce(stats_min_value < '{KEYED[:-1]};' and stats_max_value >= '{KEYED}', stats_null_count < num_values, true)
"""


def texts_left(home: Home, manifest: Manifest, declared: Texts) -> dict[Place, str]:
    """The ``declared`` columns in which a delivery's rows still hold something to remove at their term."""
    found = {}
    for table, counts in manifest.tables.items():
        hows = {name: how for (of, name), how in declared.items() if of == table}
        if not hows:
            continue
        rows = parquet_scan(home.lake / counts.parquet)
        with _database().cursor() as db:
            there = [name for name, *_ in db.execute(f"describe from {rows}").fetchall() if name in hows]
            held = [f"exists (select 1 from {rows} where {_holds(name, hows[name])})" for name in there]
            answers = db.execute(f"select {', '.join(held)}").fetchone() if held else ()
        found |= {(table, name): hows[name] for name, answer in zip(there, answers, strict=True) if answer}
    return found


def _holds(name: str, how: str) -> str:
    """True, in SQL, where a column still holds something to remove at its term."""
    drawn = f" and {identifier(name)} not like '{DRAWN}%'" if how == "draw" else ""
    return f"{identifier(name)} is not null{drawn}"


@functools.cache
def _database() -> Any:
    """In memory, and reused: opening one takes longer than looking at a small file."""
    return duckdb.connect()


def generalise(home: Home, deliveries: Sequence[tuple[Manifest, Collection[Place], set[str], Texts]]) -> list[Manifest]:
    """Rewrite the rows of these deliveries, each as a delivery under another name; what they were made from stays.

    Each is ``(its manifest, the columns that hold pseudonyms, those to replace, the columns emptied or drawn at their
    term)``.
    """
    secret = os.urandom(32).hex()
    return [_rewritten(home, secret, *delivery) for delivery in deliveries]


def _rewritten(
    home: Home, secret: str, manifest: Manifest, places: Collection[Place], persons: set[str], texts: Texts
) -> Manifest:
    identity = fingerprint([manifest.delivery, os.urandom(16).hex()])[:32]
    new = f"'{DRAWN}' || substr(sha256({literal(secret)} || {{0}}), 1, 32)"
    changed = {place: f"case when {{0}} in (from persons) then {new} else {{0}} end" for place in places}
    changed |= {place: "cast(null as varchar)" if how == "empty" else new for place, how in texts.items()}
    tables = {}
    for name, counts in manifest.tables.items():
        own = {identifier(column): said for (table, column), said in changed.items() if table == name}
        told = [f"{said.format(column)} as {column}" for column, said in own.items()]
        tables[name] = _rewrite(home.lake, counts, told, persons, identity)
    made = replace(manifest, delivery=identity, tables=tables)
    with written_whole(home.lake / made.system / f"{made.export}.{made.exercice}.{identity}.json") as file:
        file.write(made.as_json())
    reached("purge.rows_written")
    return made


def _rewrite(lake: Path, counts: TableCounts, changed: list[str], persons: set[str], identity: str) -> TableCounts:
    """One table, in the same order, with its ``changed`` columns, and the files beside it, which hold no person."""
    parquet = PurePosixPath(counts.parquet).with_name(f"{identity}.parquet")
    rows, target = parquet_scan(lake / counts.parquet), lake / parquet
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    with duckdb.connect() as db:
        db.execute("create table persons (person varchar)")
        insert(db, "persons", [(person,) for person in sorted(persons)])
        replaced = ", ".join([*changed, f"{literal(identity)} as _livraison"])
        db.execute(
            f"copy (select * replace ({replaced}) from {rows}) to {literal(aside)} "
            "(format parquet, parquet_version v2, compression zstd)"
        )
    sync(aside)
    aside.rename(target)
    for ending in counts.compagnons:
        shutil.copyfile((lake / counts.parquet).with_suffix(ending), target.with_suffix(ending))
    sync(target.parent)
    return replace(counts, parquet=parquet.as_posix(), parquet_sha256=sha256_of(target))
