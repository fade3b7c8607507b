"""Rewrites the rows of deliveries so that nobody can be found in them by a name: pseudonyms become others, drawn at random.

The same person stays the same in all that is rewritten together: what is counted comes out equal. What the new pseudonyms
are made with is never written; neither the home's key nor a list of matricules leads to them.
"""

import os
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.vocabulary import identifier
from pipelines.disk import sha256_of, sync, written_whole
from pipelines.failpoints import reached
from pipelines.ledger.records import Manifest, TableCounts
from pipelines.settings import Home
from pipelines.sql import literal, parquet_scan, values

KEYED, DRAWN = "k1:", "k0:"  # how a pseudonym begins that the key leads to, and one that nothing leads to
Place = tuple[str, str]  # table, column


def persons_of(home: Home, manifests: Iterable[Manifest]) -> dict[str, dict[Place, set[str]]]:
    """Delivery → the pseudonyms made with the key that it holds, by table and column, whatever is declared today."""
    import duckdb

    with duckdb.connect() as db:
        return {manifest.delivery: _persons_of(db, home, manifest) for manifest in manifests}


def _persons_of(db: Any, home: Home, manifest: Manifest) -> dict[Place, set[str]]:
    found = {}
    for table, counts in manifest.tables.items():
        rows = parquet_scan(home.lake / counts.parquet)
        for name, kind, *_ in db.execute(f"describe from {rows}").fetchall():
            column = identifier(name)
            keyed = f"regexp_full_match({column}, '{KEYED}[0-9a-f]{{32}}')"
            if kind == "VARCHAR" and not name.startswith("_"):
                persons = db.execute(f"select distinct {column} from {rows} where {keyed}").fetchall()
                found[table, name] = {person for (person,) in persons}
    return {place: persons for place, persons in found.items() if persons}


def generalise(home: Home, deliveries: Sequence[tuple[Manifest, Collection[Place], set[str]]]) -> list[Manifest]:
    """Write the rows of these deliveries anew, each as a delivery of another name; what they were made of stays.

    Of each, ``(its manifest, the columns that hold pseudonyms, those to replace)``.
    """
    secret = os.urandom(32).hex()
    return [_rewritten(home, manifest, places, persons, secret) for manifest, places, persons in deliveries]


def _rewritten(home: Home, manifest: Manifest, places: Collection[Place], persons: set[str], secret: str) -> Manifest:
    identity = fingerprint([manifest.delivery, os.urandom(16).hex()])[:32]
    columns: Mapping[str, list[str]] = {name: [c for table, c in places if table == name] for name in manifest.tables}
    tables = {
        name: _rewrite(home.lake, counts, columns[name], persons, identity, secret)
        for name, counts in manifest.tables.items()
    }
    made = replace(manifest, delivery=identity, tables=tables)
    with written_whole(home.lake / made.system / f"{made.export}.{made.exercice}.{identity}.json") as file:
        file.write(made.as_json())
    reached("purge.rows_written")
    return made


def _rewrite(
    lake: Path, counts: TableCounts, columns: Collection[str], persons: set[str], identity: str, secret: str
) -> TableCounts:
    """One table, in the same order, and the files beside it, which hold no person."""
    import duckdb

    parquet = PurePosixPath(counts.parquet).with_name(f"{identity}.parquet")
    rows, target = parquet_scan(lake / counts.parquet), lake / parquet
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    drawn = (
        f"case when {{0}} in (from persons) then '{DRAWN}' || substr(sha256({literal(secret)} || {{0}}), 1, 32) "
        "else {0} end as {0}"
    )
    with duckdb.connect() as db:
        db.execute("create table persons (person varchar)")
        if persons:
            db.execute(f"insert into persons values {values((person,) for person in sorted(persons))}")
        changed = [drawn.format(identifier(name)) for name in columns] + [f"{literal(identity)} as _livraison"]
        db.execute(
            f"copy (select * replace ({', '.join(changed)}) from {rows}) to {literal(aside)} "
            "(format parquet, parquet_version v2, compression zstd)"
        )
    sync(aside)
    aside.rename(target)
    for ending in counts.compagnons:
        shutil.copyfile((lake / counts.parquet).with_suffix(ending), target.with_suffix(ending))
    sync(target.parent)
    return replace(counts, parquet=parquet.as_posix(), parquet_sha256=sha256_of(target))
