"""Freezes a year: its figures and tables, what they were made from, and a fingerprint of it all.

    releases/<exercice>-v<n>/rapport/<table>.parquet     the rows up to that exercice, in a stable order
                             restreint/<table>.parquet   the same of what singles a person out
                             lignes/<schema>/<table>.parquet   the rows of that exercice that a figure is traced down to
                             organisation.yml            at that date
                             catalogue/ expectations/ dbt_project/    what the home declared then, where it did
                             state.json                  all of that, deliveries, checks, decisions, visas, the ledger's head before
                             report/ etat/               the pages, which print the head that its entry reached
                             public/ exports/            the public tables, and what is given away, from the publication that followed

A frozen year never changes. A warehouse with other figures for that year is not published until a new release, with a
reason, replaces the old one.
"""

import os
import shutil
import tempfile
from collections.abc import Collection
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.overlay import FOLDERS
from pipelines.disk import sync, sync_all
from pipelines.french import MINUS, exact, how_many, quantity
from pipelines.ledger.closing import close
from pipelines.ledger.frozen import last_release
from pipelines.ledger.state import (
    State,
    comparisons_of,
    files_of,
    read_notes,
    read_state,
    read_waiting,
    read_withheld,
    sealed,
    write_manifest,
    write_state,
)
from pipelines.ledger.store import Ledger
from pipelines.ledger.workspace import Workspace
from pipelines.private import keep_to_account
from pipelines.publication import DATABASES, IMAGES, INTERNE, MARTS, PROFILES, PUBLIC, RESTREINT
from pipelines.publication import FOLDERS as PLACES
from pipelines.settings import Home
from pipelines.sql import literal, parquet_scan
from pipelines.stages.publish.export import fill_export
from pipelines.stages.publish.freshness import FRESHNESS

RELEASED_SCHEMAS = ("rapport", RESTREINT)
FIGURES = "rapport/chiffres.parquet"
EXPORTS = "exports"
NOT_FROZEN = FRESHNESS.partition(".")[2]  # it speaks of a publication
Side = tuple[Decimal | None, str | None]  # the value of a figure, the code of what is missing


class CannotRelease(RuntimeError):
    """The year cannot be frozen in its current state; the message says why and what to do."""


class FrozenYear(RuntimeError):
    """The warehouse would change the figures of a frozen year: that takes a new release."""


@dataclass(frozen=True)
class Visas:
    """Who signs a release; ``cumul`` explains why they are not three different persons, if so."""

    prepared_by: str
    reviewed_by: str
    approved_by: str
    cumul: str | None = None

    def as_dict(self) -> dict[str, str]:
        """The form kept in the release and in the ledger."""
        return {name: said for name, said in asdict(self).items() if said}


@dataclass(frozen=True)
class Change:
    """A figure of one exercice that differs between two states; None on a side where it does not exist at all."""

    code: str
    libelle: str
    unite: str
    decimales: int
    before: Side | None
    after: Side | None

    def written(self, side: Side | None) -> str | None:
        """One side for a program: the exact number, or the code of what is missing."""
        if side is None:
            return None
        return side[1] if side[0] is None else exact(side[0], "").replace(",", ".").replace(MINUS, "-")

    def printed(self, side: Side | None) -> str:
        """One side as the report prints it."""
        if side is None:
            return "absent"
        value, missing = side
        return quantity(value, self.decimales, self.unite, missing)


def write_release(
    work: Workspace, exercice: int, facts: State, visas: Visas, reason: str | None, traced: dict[str, set[str]]
) -> str:
    """Freeze ``exercice`` from the current warehouse. Returns the name of the release, ``2020-v1``.

    ``facts`` complete its state; ``traced`` are the columns of each ``<schema>.<table>`` that a trace reads. Raises
    CannotRelease when a previous release has the very same figures and tables.
    """
    home, ledger = work.home, work.ledger
    former = last_release(home, ledger, exercice)
    name, version = _next_release(ledger, exercice)
    aside = home.releases / f".{name}.{os.getpid()}"
    aside.mkdir(parents=True)
    for schema in RELEASED_SCHEMAS:
        export_tables(home.warehouse, exercice, aside, schema)
    keep_to_account(aside / RESTREINT)
    export_lines(home.warehouse, exercice, aside, traced)
    copy_declarations(home.root, aside)
    for said in (str(exercice), IMAGES):
        if (home.contenu / said).is_dir():
            shutil.copytree(home.contenu / said, aside / home.contenu.name / said)
    content = {**facts, "kind": "release", "exercice": exercice, "files": files_of(aside)}
    if former and read_state(former)["files"] == content["files"]:
        shutil.rmtree(aside)
        raise CannotRelease(f"rien ne diffère de {former.name} : il n’y a rien à figer")
    seal = fingerprint(sealed(content))
    signed = {"release": name, "fingerprint": seal, "visas": visas.as_dict(), "reason": reason}
    state = write_state(aside, {**content, **signed, "comparisons": comparisons_of(aside)})
    sync_all([aside, *aside.rglob("*")])
    aside.rename(home.releases / name)  # the ledger's entry, which comes next, is what makes it a release
    sync(home.releases)
    ledger.record_release(name, exercice, version, seal, facts["build"], visas.as_dict(), reason, state)
    close(home, ledger, home.releases / name)
    return name


def complete_release(
    work: Workspace, folder: Path, exercice: int, build: str, profiles: Collection[str] = PROFILES
) -> None:
    """Write beside a release what is given away of it, from the publication that followed: the public tables, and the exports
    in these profiles."""
    home = work.home
    public = home.published / PLACES[PUBLIC] / DATABASES[PUBLIC]
    if public.exists():
        there = folder / PLACES[PUBLIC]
        there.mkdir()
        for schema in ("rapport", MARTS):
            export_tables(public, exercice, there, schema)
        place = public.parent
        write_manifest(there, build, read_notes(place), read_withheld(place), read_waiting(place))
    for profile in profiles:
        if (home.published / PLACES[profile] / "rapport").is_dir():
            fill_export(folder / EXPORTS / profile, home, work.organisation, exercice, profile, folder.name)


def copy_declarations(source: Path, target: Path) -> None:
    """Copy what a home declares: its organisation and its part of the catalogue."""
    shutil.copyfile(source / "organisation.yml", target / "organisation.yml")
    for name in FOLDERS:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)


def export_tables(warehouse: Path, exercice: int, folder: Path, schema: str = "rapport") -> None:
    """Write every table of a schema, rows up to ``exercice``, in ``folder/<schema>``; the same rows give the same bytes."""
    target = folder / schema
    target.mkdir()
    with duckdb.connect() as db:
        db.execute("set threads = 1")  # the row groups of a Parquet file follow the threads that wrote it
        db.execute(f"attach {literal(warehouse)} as entrepot (read_only)")
        tables = db.execute(
            "select table_name, bool_or(column_name = 'exercice') from duckdb_columns() "
            f"where database_name = 'entrepot' and schema_name = {literal(schema)} and table_name <> {literal(NOT_FROZEN)} "
            "group by 1 order by 1"
        ).fetchall()
        for table, yearly in tables:
            rows = f"where exercice <= {exercice}" if yearly else ""
            file = target / f"{table}.parquet"
            db.execute(
                f"copy (select * from entrepot.{schema}.{table} {rows} order by all) to {literal(file)} (format parquet)"
            )
            sync(file)


def export_lines(warehouse: Path, exercice: int, folder: Path, traced: dict[str, set[str]]) -> None:
    """Write the rows of ``exercice`` from each relation of ``traced``, with these columns alone, in ``folder/lignes``.

    The same rows give the same bytes.
    """
    with duckdb.connect(str(warehouse), read_only=True, config={"threads": 1}) as db:
        for relation, names in sorted(traced.items()):
            schema, _, table = relation.partition(".")
            file = folder / "lignes" / schema / f"{table}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            columns = [row[0] for row in db.execute(f"describe {relation}").fetchall() if row[0] in names]
            rows = f"select {', '.join(columns)} from {relation} where exercice = {exercice} order by all"
            db.execute(f"copy ({rows}) to {literal(file)} (format parquet)")
            sync(file)


def sweep(home: Home, ledger: Ledger, exercice: int) -> None:
    """Remove what a killed release left: folders that were being written, or that of the next one, which was not recorded."""
    unrecorded, _ = _next_release(ledger, exercice)
    for folder in home.releases.iterdir() if home.releases.exists() else []:
        if folder.name.startswith(".") or folder.name == unrecorded:
            shutil.rmtree(folder)


def _next_release(ledger: Ledger, exercice: int) -> tuple[str, int]:
    """The name and the number of the next release of ``exercice``."""
    version = 1 + max((r["version"] for r in ledger.all_rows("releases") if r["exercice"] == exercice), default=0)
    return f"{exercice}-v{version}", version


def changes(before: str, after: str, exercice: int) -> list[Change]:
    """The figures of ``exercice`` whose value or missing code differs; both sides are SQL relations over ``source``.

    A label, a formula or a new figure in another chapter changes nothing in a frozen year; a figure that is no longer
    computed does.
    """
    with duckdb.connect() as db:
        rows = db.execute(
            "select coalesce(a.code, b.code), coalesce(b.libelle, a.libelle), coalesce(b.unite, a.unite), "
            "coalesce(b.decimales, a.decimales), a.code is not null, a.valeur, a.code_manquant, b.code is not null, "
            f"b.valeur, b.code_manquant from (from {before} where exercice = {exercice}) a "
            f"full join (from {after} where exercice = {exercice}) b using (code) "
            "where (a.valeur, a.code_manquant) is distinct from (b.valeur, b.code_manquant) order by 1"
        ).fetchall()
    return [
        Change(code, label, unit, places, (was, lacked) if in_a else None, (now_, lacks) if in_b else None)
        for code, label, unit, places, in_a, was, lacked, in_b, now_, lacks in rows
    ]


def changes_between(first: Path, second: Path, exercice: int, profile: str = INTERNE) -> list[Change]:
    """The figures that differ between two releases, as a profile has them."""
    was, is_now = (parquet_scan(folder / PLACES[profile] / FIGURES) for folder in (first, second))
    return changes(was, is_now, exercice)


def frozen_changes(home: Home, ledger: Ledger) -> dict[str, list[Change]]:
    """Release → figures of its year that the current warehouse would change.

    A new figure is no change; nor is one that was missing and whose system is no longer followed: no value is lost.
    """
    found = {}
    years = sorted({row["exercice"] for row in ledger.all_rows("releases")})
    with tempfile.TemporaryDirectory(prefix="millesime-frozen-") as folder:
        for exercice in years:
            release = last_release(home, ledger, exercice)
            here = Path(folder) / str(exercice)
            here.mkdir()
            export_tables(home.warehouse, exercice, here)
            differing = [c for c in changes_between(release, here, exercice) if _is_of_frozen_year(c)]
            if differing:
                found[release.name] = differing
    return found


def _is_of_frozen_year(change: Change) -> bool:
    if change.before is None:
        return False
    return change.after is not None or change.before[0] is not None or change.before[1] != "m"


def refuse_frozen_changes(changed: dict[str, list[Change]]) -> None:
    """Raise FrozenYear when ``frozen_changes`` found any."""
    for release, differing in changed.items():
        codes = ", ".join(change.code for change in differing[:5])
        more = f" et {how_many(len(differing) - 5, 'autres')}" if len(differing) > 5 else ""
        year = release.partition("-")[0]
        verb = "changeraient" if len(differing) > 1 else "changerait"
        raise FrozenYear(
            f"{release} est figée et {len(differing)} de ses chiffres {verb} ({codes}{more}) : rien n’est publié. "
            f"Les voir par `millesime compare {release} --profile interne`, puis `millesime release {year} --reason …`, "
            "ou remettre le fichier précédent"
        )
