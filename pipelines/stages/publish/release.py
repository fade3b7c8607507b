"""Freezes a year: its figures and tables, what they were made of, and a fingerprint of all of it.

    releases/<exercice>-v<n>/rapport/<table>.parquet     the rows up to that exercice, in a stable order
                             lignes/<schema>/<table>.parquet   the rows of that exercice that a figure is traced down to
                             organisation.yml            as it stood
                             catalogue/ expectations/ dbt_project/    what the home declared then, where it did
                             release.json                deliveries, versions, decisions, visas, files, the ledger's head

A frozen year never changes. A warehouse whose figures of that year are others is not published before a new release,
with a reason, takes its place.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines import settings
from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.overlay import FOLDERS
from pipelines.disk import sha256_of, sync
from pipelines.french import MINUS, exact, quantity
from pipelines.ledger.records import Manifest
from pipelines.ledger.store import Ledger
from pipelines.settings import Home
from pipelines.sql import literal, parquet_scan

MANIFEST = "release.json"
FIGURES = "rapport/chiffres.parquet"


Side = tuple[Decimal | None, str | None]  # the value of a figure, the code of what is missing


class CannotRelease(RuntimeError):
    """The year cannot be frozen as it stands; the message says why and what to do."""


class FrozenYear(RuntimeError):
    """The warehouse would change the figures of a frozen year: a new release must be asked for."""


@dataclass(frozen=True)
class Visas:
    """Who vouches for a release."""

    prepared_by: str
    reviewed_by: str
    approved_by: str


@dataclass(frozen=True)
class Inputs:
    """What a release was made of, apart from the ledger: the build, its deliveries, the engine and the effective catalogue."""

    build: str
    engine: str
    catalogue: str
    manifests: list[Manifest]
    counted: list[tuple[str, str]] = field(default_factory=list)  # the decisions that make something count
    refused: list[tuple[str, int, str]] = field(
        default_factory=list
    )  # the exports that came and of which nothing counts
    traced: dict[str, set[str]] = field(
        default_factory=dict
    )  # the columns of each ``<schema>.<table>`` that a trace reads


@dataclass(frozen=True)
class Change:
    """A figure of one exercice that differs between two states; a side that lacks it altogether is None."""

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


def write_release(home: Home, ledger: Ledger, exercice: int, inputs: Inputs, visas: Visas, reason: str | None) -> str:
    """Freeze ``exercice`` from the current warehouse. Returns the name of the release, ``2020-v1``.

    Raises CannotRelease when the visas are not those of two persons at least, when a former release has the very same
    figures and tables, or when it exists and no reason is given.
    """
    _check(visas)
    _sweep(home, ledger)
    former = last_release(home, ledger, exercice)
    if former and not reason:
        raise CannotRelease(f"{former.name} existe : dire pourquoi une autre version la remplace (--reason)")
    version = 1 + max((r["version"] for r in ledger.all_rows("releases") if r["exercice"] == exercice), default=0)
    name = f"{exercice}-v{version}"
    aside = home.releases / f".{name}.{os.getpid()}"
    aside.mkdir(parents=True)
    export_tables(home.warehouse, exercice, aside)
    export_lines(home.warehouse, exercice, aside, inputs.traced)
    copy_declarations(home.root, aside)
    content = _content(ledger, aside, exercice, inputs)
    if former and json.loads((former / MANIFEST).read_text(encoding="utf-8"))["files"] == content["files"]:
        shutil.rmtree(aside)
        raise CannotRelease(f"rien ne diffère de {former.name} : il n’y a rien à figer")
    _commit(home, ledger, aside, name, {**content, "visas": asdict(visas), "reason": reason})
    ledger.record_release(name, exercice, version, content["fingerprint"], inputs.build, asdict(visas), reason)
    return name


def copy_declarations(source: Path, target: Path) -> None:
    """Copy what a home declares: its organisation and its part of the catalogue."""
    shutil.copyfile(source / "organisation.yml", target / "organisation.yml")
    for name in FOLDERS:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name)


def _check(visas: Visas) -> None:
    """Three names, of two persons at least: ``a. nom`` is ``A. Nom``. Raises CannotRelease."""
    names = {role: " ".join(name.split()).casefold() for role, name in asdict(visas).items()}
    if not all(names.values()):
        raise CannotRelease("un visa sans nom n’en est pas un")
    if names["prepared_by"] == names["reviewed_by"]:
        raise CannotRelease("la relecture doit être le fait d’une autre personne que la préparation")


def export_tables(warehouse: Path, exercice: int, folder: Path) -> None:
    """Write every report table, rows up to ``exercice``, in ``folder/rapport``; the same rows give the same bytes."""
    import duckdb

    target = folder / "rapport"
    target.mkdir()
    with duckdb.connect() as db:
        db.execute("set threads = 1")  # the row groups of a Parquet file follow the threads that wrote it
        db.execute(f"attach {literal(warehouse)} as entrepot (read_only)")
        tables = db.execute(
            "select table_name, bool_or(column_name = 'exercice') from duckdb_columns() "
            "where database_name = 'entrepot' and schema_name = 'rapport' group by 1 order by 1"
        ).fetchall()
        for table, yearly in tables:
            rows = f"where exercice <= {exercice}" if yearly else ""
            file = target / f"{table}.parquet"
            db.execute(
                f"copy (select * from entrepot.rapport.{table} {rows} order by all) to {literal(file)} (format parquet)"
            )
            sync(file)


def export_lines(warehouse: Path, exercice: int, folder: Path, traced: dict[str, set[str]]) -> None:
    """Write the rows of ``exercice`` of each relation of ``traced``, these columns of it alone, in ``folder/lignes``.

    The same rows give the same bytes.
    """
    import duckdb

    with duckdb.connect(str(warehouse), read_only=True, config={"threads": 1}) as db:
        for relation, names in sorted(traced.items()):
            schema, _, table = relation.partition(".")
            file = folder / "lignes" / schema / f"{table}.parquet"
            file.parent.mkdir(parents=True, exist_ok=True)
            columns = [row[0] for row in db.execute(f"describe {relation}").fetchall() if row[0] in names]
            rows = f"select {', '.join(columns)} from {relation} where exercice = {exercice} order by all"
            db.execute(f"copy ({rows}) to {literal(file)} (format parquet)")
            sync(file)


def _content(ledger: Ledger, folder: Path, exercice: int, inputs: Inputs) -> dict[str, Any]:
    """What the fingerprint covers; no clock and no name of a person is in it."""
    lock = sha256_of(settings.shipped() / "requirements.lock")
    content = {
        "exercice": exercice,
        "build": inputs.build,
        "engine": inputs.engine,
        "catalogue": inputs.catalogue,
        "lock": lock,
        "deliveries": [manifest.as_dict() for manifest in inputs.manifests],
        "counted": inputs.counted,
        "refused": inputs.refused,
        "decisions": [
            {key: row[key] for key in ("finding", "choice", "reason", "until")} for row in ledger.all_rows("decisions")
        ],
        "files": files_of(folder),
    }
    return {**content, "fingerprint": fingerprint(content)}


def files_of(folder: Path) -> dict[str, str]:
    """Relative path → SHA-256 of every file of a release but its manifest."""
    return {
        path.relative_to(folder).as_posix(): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def _commit(home: Home, ledger: Ledger, aside: Path, name: str, content: dict[str, Any]) -> None:
    """Rename the folder to its name; the ledger's entry, which comes next, is what makes it a release."""
    manifest = aside / MANIFEST
    head = asdict(ledger.head())
    text = json.dumps({"release": name, **content, "ledger": head}, ensure_ascii=False, indent=1, default=str)
    manifest.write_text(text, encoding="utf-8")
    for path in (*aside.rglob("*"), aside):
        sync(path)
    aside.rename(home.releases / name)
    sync(home.releases)


def _sweep(home: Home, ledger: Ledger) -> None:
    """Remove what a killed release left: a folder that the ledger does not know."""
    known = {row["release"] for row in ledger.all_rows("releases")}
    for folder in home.releases.iterdir() if home.releases.exists() else []:
        if folder.name not in known:
            shutil.rmtree(folder)


def last_release(home: Home, ledger: Ledger, exercice: int) -> Path | None:
    """The folder of the release that stands for ``exercice``; None when it is not frozen."""
    rows = [row for row in ledger.all_rows("releases") if row["exercice"] == exercice]
    return home.releases / rows[-1]["release"] if rows else None


def changes(before: str, after: str, exercice: int) -> list[Change]:
    """The figures of ``exercice`` whose value or missing code differ; both sides are relations in SQL, over ``source``.

    A label, a formula or a new figure of another chapter changes nothing of a frozen year; a figure that is no longer
    computed does.
    """
    import duckdb

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


def changes_between(first: Path, second: Path, exercice: int) -> list[Change]:
    """The figures that differ between two releases."""
    return changes(parquet_scan(first / FIGURES), parquet_scan(second / FIGURES), exercice)


def frozen_changes(home: Home, ledger: Ledger) -> dict[str, list[Change]]:
    """Release → figures of its year that the current warehouse would change.

    A figure that is new is no change; nor is one that was missing and whose system is no longer followed: no value is lost.
    """
    import tempfile

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
        more = f" et {len(differing) - 5} autres" if len(differing) > 5 else ""
        year = release.partition("-")[0]
        raise FrozenYear(
            f"{release} est figée et {len(differing)} de ses chiffres changeraient ({codes}{more}) : rien n’est publié. "
            f"Les voir par `millesime compare {release}`, puis `millesime release {year} --reason …`, ou remettre le fichier "
            "d’avant"
        )
