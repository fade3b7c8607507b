"""Puts a distinct word in every free text of the lake: none of them reaches anything public, by any route.

One row per column is changed in the warehouse before any model runs, so that each text goes through the same steps as that of a
real delivery. Then everything is made: tables, public profile, pages, exports, the copy on a server.
"""

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.source_grammar import Field
from pipelines.ledger.state import read_manifest
from pipelines.ledger.workspace import open_workspace
from pipelines.publication import PUBLIC
from pipelines.runs.findings import all_findings
from pipelines.runs.frozen import frozen
from pipelines.runs.state import facts
from pipelines.settings import Home, Server
from pipelines.sql import literal, parquet_scan
from pipelines.stages.publish import postgres
from pipelines.stages.publish.export import write_export
from pipelines.stages.publish.swap import publish
from pipelines.stages.report.write import report_pages
from pipelines.stages.transform.dbt import build_models, failed, parse
from pipelines.stages.transform.load import load_warehouse
from tests.end_to_end.conftest import copied
from tests.services import postgresql

pytestmark = pytest.mark.campaign(minutes=1)

MARK = "ZZLIBRE"
FOUND = re.compile(rf"{MARK}(\d+)R\d+Z", re.IGNORECASE)  # the column, the row
# What elected members are called is public by law: the only texts that the catalogue says are for anybody (``public`` in fields.yml).
ELECTED = {"comite__membres.nom_elu", "comite__membres.prenom_elu"}


def is_free(field: Field) -> bool:
    """True for a free text: neither from a list, nor of a fixed form, nor a pseudonym."""
    closed = field.constraints.enum or field.constraints.pattern or field.values
    return field.type == "string" and field.personal in (None, "keep") and not closed


def inject(warehouse: Path, catalogue: Catalogue) -> list[str]:
    """Put a distinct mark in each free column, each in a separate row; return the columns in the order of the marks."""
    marked: list[str] = []
    with duckdb.connect(str(warehouse)) as db:
        for system, table in catalogue.registry.tables():
            name = f"{system.system}__{table.name}"
            (rows,) = db.execute(f"select count(*) from lake.{name}").fetchone()
            for rank, field in enumerate(filter(is_free, table.kept_fields)):
                if rows:
                    for row in {rank % rows, (rank * 7 + rows // 2) % rows, rows - 1 - rank % rows}:
                        mark = literal(f"{MARK}{len(marked)}R{row}Z")
                        db.execute(f'update lake.{name} set "{field.name}" = {mark} where rowid = {row}')
                    marked.append(f"{name}.{field.name}")
    return marked


def texts(place: Path) -> Iterator[str]:
    """Everything that can be read in a folder: rows of Parquet and DuckDB files, members of archives, and other files as they are."""
    for path in (path for path in sorted(place.rglob("*")) if path.is_file()):
        if path.suffix == ".parquet":
            yield from rows_of(f"select row::varchar from {parquet_scan(path)} as row")
        elif path.suffix == ".duckdb":
            with duckdb.connect() as db:
                db.execute(f"attach '{path}' as d (read_only)")
                named = (
                    "select schema_name || '.\"' || table_name || '\"' from duckdb_tables() where database_name = 'd'"
                )
                tables = [table for (table,) in db.execute(named).fetchall()]
                for table in tables:
                    yield from (row for (row,) in db.execute(f"select row::varchar from d.{table} as row").fetchall())
        elif path.suffix == ".xlsx":
            unpacked = path.with_suffix(".unpacked")
            shutil.unpack_archive(path, unpacked, "zip")
            yield from texts(unpacked)
            shutil.rmtree(unpacked)
        else:
            yield path.read_bytes().decode("utf-8", "replace")


def rows_of(query: str) -> list[str]:
    return [row for (row,) in duckdb.execute(query).fetchall()]


def found_in(read: Iterator[str], marked: list[str]) -> set[str]:
    """The columns whose mark can be read."""
    return {marked[int(mark)] for text in read for mark in FOUND.findall(text)}


def forget(ledger: Path, *tables: str) -> None:
    """Remove the rows of tables, under the triggers that forbid it."""
    with closing(sqlite3.connect(ledger)) as db:
        kept = {
            name: db.execute("select sql from sqlite_master where name = ?", (f"{name}_no_delete",)).fetchone()[0]
            for name in tables
        }
        for name, trigger in kept.items():
            db.executescript(f"drop trigger {name}_no_delete; delete from {name}; {trigger};")


def test_no_free_text_reaches_what_is_public(demonstration: Path, tmp_path: Path):
    home = Home(copied(demonstration, tmp_path))
    # the numbers move with the texts: what was revealed of them before is not the subject here
    forget(home.ledger_file, "disclosures", "populations")
    former = read_manifest(home.published / PUBLIC)
    with open_workspace(home) as work:
        build = work.ledger.last_build()["build"]
        load_warehouse(home.warehouse_next, work, replace(frozen(work), build=build))
        marked = inject(home.warehouse_next, work.catalogue)
        parse(work.catalogue, home)
        assert failed(build_models(home, command=["run"])) == []
        home.warehouse_next.rename(home.warehouse)
        findings = all_findings(work)
        publish(work, build, findings, facts(work, build, findings), report_pages(work, build))
        write_export(home, work.organisation, 2020, PUBLIC, None)
    published = home.published
    assert read_manifest(published / PUBLIC)["publication"] != former["publication"]
    assert len(marked) > 100
    assert ELECTED <= found_in(texts(published / PUBLIC), marked)
    internal = found_in(texts(published / "marts"), marked) | found_in(texts(published / "rapport"), marked)
    assert {"glpi__tickets.categorie", "projets__projets.titre", *ELECTED} <= internal
    assert len(internal) > 40
    pages_of = published / "report" / "2020" / PUBLIC
    assert (pages_of / "rapport_activite_2020.html").exists() and (pages_of / "modele.json").exists()
    places = {"tables": published / PUBLIC, "pages": pages_of, "exports": home.exports / "2020" / PUBLIC}
    for name, place in places.items():
        assert found_in(texts(place), marked) - ELECTED == set(), name
    with postgresql() as server:
        postgres.serve(published, Server(server.url(), PUBLIC, "millesime_lecture", ""))
        with postgres.psycopg.connect(server.url()) as connection:
            tables = connection.execute(
                "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('marts', 'rapport', 'audit')"
            ).fetchall()
            assert tables
            served = (
                row for (table,) in tables for (row,) in connection.execute(f"select t::text from {table} t").fetchall()
            )
            assert found_in(served, marked) - ELECTED == set()
