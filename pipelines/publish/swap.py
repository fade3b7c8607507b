"""Writes a publication aside and swaps it in with one rename: a reader sees the old one or the new one, whole.

builds/<publication>/rapport.duckdb                  tables of marts, rapport and audit, with comments and keys
                     <schema>/<table>.parquet
                     manifest.json                   fingerprint of every Parquet, rows, the build it comes from
published → builds/<publication>
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

from pipelines.disk import sync
from pipelines.failpoints import reached
from pipelines.ledger.records import Finding
from pipelines.ledger.store import Ledger
from pipelines.publish.audit import write_audit
from pipelines.publish.keys import add_key
from pipelines.settings import Home
from pipelines.sources.registry import fingerprint
from pipelines.sql import literal

PUBLISHED_SCHEMAS = ["marts", "rapport"]
KEPT = 5  # publications kept beside the current one


class OtherBuild(RuntimeError):
    """The warehouse is not that of the build to publish: build again."""


def publish(home: Home, ledger: Ledger, build: str, findings: list[Finding]) -> str:
    """Publish the current warehouse and the ledger. Returns the publication's identity (32 hex digits).

    The same build and the same ledger give the same publication, byte for byte. Raises OtherBuild when the warehouse is
    not the one that ``build`` made: a run was stopped between the swap and its entry in the ledger.
    """
    home.builds.mkdir(parents=True, exist_ok=True)
    aside = home.builds / f".{os.getpid()}"
    _sweep(home)
    aside.mkdir()
    _write(home, ledger, aside, build, findings)
    manifest = _manifest(aside, build)
    identity = fingerprint(manifest)[:32]
    _write_synced(
        aside / "manifest.json",
        json.dumps({"publication": identity, **manifest}, indent=1, ensure_ascii=False),
    )
    reached("publish.files_written")
    target = home.builds / identity
    if target.exists():
        shutil.rmtree(aside)  # the same bytes already lie there
    else:
        for folder in (*(path for path in aside.iterdir() if path.is_dir()), aside):
            sync(folder)
        aside.rename(target)
        sync(home.builds)
    reached("publish.before_swap")
    _point(home.published, target)
    reached("publish.after_swap")
    last = ledger.last_publication()
    if last is None or last["publication"] != identity:
        ledger.record_publication(identity, build)
    _forget_old(home, identity)
    return identity


def _write(home: Home, ledger: Ledger, folder: Path, build: str, findings: list[Finding]) -> None:
    import duckdb

    # Attached under another name: in a catalog named like one of its schemas, ``rapport.chiffres`` is ambiguous.
    with duckdb.connect() as db:
        db.execute(f"attach {literal(folder / 'rapport.duckdb')} as cible")
        db.execute("use cible")
        db.execute(f"attach {literal(home.warehouse)} as source (read_only)")
        (made,) = db.execute("select construction from source.collecte.construction").fetchone()
        if made != build:
            raise OtherBuild(f"the warehouse holds build {made[:12]}, not {build[:12]}: build again")
        db.execute("begin")  # one transaction: each commit would wait for the disk
        for schema in PUBLISHED_SCHEMAS:
            db.execute(f"create schema {schema}")
            _copy_tables(db, schema)
        write_audit(db, home, ledger, findings)
        db.execute("commit")
        db.execute("detach source")
        for schema, table in db.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'cible' order by all"
        ).fetchall():
            target = folder / schema / f"{table}.parquet"
            target.parent.mkdir(exist_ok=True)
            db.execute(f"copy (select * from {schema}.{table} order by all) to {literal(target)} (format parquet)")
            sync(target)
        db.execute("checkpoint cible")
        db.execute("use memory")
        db.execute("detach cible")
    sync(folder / "rapport.duckdb")


def _copy_tables(db, schema: str) -> None:
    """Recreate each table with its keys and comments, then its rows in a stable order."""
    tables = db.execute(
        "select table_name, sql, comment from duckdb_tables() where database_name = 'source' "
        f"and schema_name = {literal(schema)} order by table_name"
    ).fetchall()
    for table, sql, comment in tables:
        db.execute(sql.replace(f"CREATE TABLE source.{schema}.", f"CREATE TABLE {schema}."))
        db.execute(f"insert into {schema}.{table} select * from source.{schema}.{table} order by all")
        add_key(db, schema, table)
        if comment:
            db.execute(f"comment on table {schema}.{table} is {literal(comment)}")
        for column, said in db.execute(
            "select column_name, comment from duckdb_columns() where database_name = 'source' "
            f"and schema_name = {literal(schema)} and table_name = {literal(table)} and comment is not null"
        ).fetchall():
            db.execute(f"comment on column {schema}.{table}.{column} is {literal(said)}")


def _manifest(folder: Path, build: str) -> dict:
    files = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.parquet"))
    }
    return {"build": build, "files": files}


def _point(link: Path, target: Path) -> None:
    """Make ``link`` a symbolic link to ``target`` in one rename."""
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(Path(target.parent.name) / target.name)
    fresh.rename(link)
    sync(link.parent)


def _sweep(home: Home) -> None:
    """Remove what a killed publication left."""
    for leftover in home.builds.glob(".*"):
        shutil.rmtree(leftover, ignore_errors=True)
    for link in home.root.glob(f".{home.published.name}.*"):
        link.unlink()


def _forget_old(home: Home, current: str) -> None:
    """Keep the last few publications: a reader may still hold one of them."""
    others = sorted((p for p in home.builds.iterdir() if p.name != current), key=lambda p: p.stat().st_mtime)
    for old in others[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _write_synced(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    sync(path)
