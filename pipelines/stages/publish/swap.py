"""Writes a publication aside and swaps it in with one rename: a reader sees the old one or the new one, whole.

builds/<publication>/rapport.duckdb                  tables of marts, rapport and audit, with comments and keys
                     <schema>/<table>.parquet
                     scdl/                           the budget as open data
                     report/<exercice>/<profile>/    what ``pages`` wrote: the report
                     manifest.json                   fingerprint of every file but DuckDB's, the build it comes from
                     public/                         what anybody may read: rapport_public.duckdb, rapport/, manifest.json
published → builds/<publication>

The warehouse it was made from stays beside, as ``warehouse/published``: whoever traces a figure reads its lines there.
"""

import json
import os
import shutil
from pathlib import Path

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.catalogue.rules import Rule
from pipelines.disk import sha256_of, sync, written_whole
from pipelines.failpoints import reached
from pipelines.ledger.records import Finding
from pipelines.ledger.workspace import Workspace
from pipelines.publication import FOLDERS, INTERNE, PUBLIC, Pages
from pipelines.settings import Home
from pipelines.stages.publish.audit import write_audit
from pipelines.stages.publish.copy import attached, copy_table, described, write_parquet
from pipelines.stages.publish.scdl import write_scdl
from pipelines.stages.publish.secret.cells import SecrecyBroken
from pipelines.stages.publish.secret.profile import PublicProfile, write_public

PUBLISHED_SCHEMAS = ["rapport", "marts"]  # the report is made of the first
SOLVED = "secret.json"  # in the cache: what the solver answered of the public profile
KEPT = 5  # publications kept beside the current one


class OtherBuild(RuntimeError):
    """The warehouse is not that of the build to publish: build again."""


def publish(work: Workspace, build: str, findings: list[Finding], pages: Pages | None = None) -> str:
    """Publish the current warehouse and the ledger. Returns the publication's identity (32 hex digits).

    Two profiles: all of it, and ``public``, where numbers of fewer agents than the organisation's threshold are hidden. When the public
    one cannot be proved, the former stays and a finding, here and in the ledger, says why. The same build and the same
    ledger give the same publication, byte for byte. Raises OtherBuild when the warehouse is not the one that ``build``
    made: a run was stopped between the swap and its entry in the ledger.
    """
    home, ledger = work.home, work.ledger
    _check_build(home.warehouse, build)
    home.builds.mkdir(parents=True, exist_ok=True)
    aside = home.builds / f".{os.getpid()}"
    _sweep(home)
    aside.mkdir()
    profile, broken = _write(work, aside, findings, build, pages)
    identity = _write_manifest(aside, build)
    reached("publish.files_written")
    target = home.builds / identity
    if target.exists():
        shutil.rmtree(aside)  # the same bytes already lie there
    else:
        for path in (*(path for path in aside.rglob("*") if path.suffix != ".parquet"), aside):
            sync(path)
        aside.rename(target)
        sync(home.builds)
    ledger.record_disclosures(profile.disclosed if profile else [])  # before anybody can read it: never forgotten
    ledger.record_findings(identity, broken)
    reached("publish.before_swap")
    _point(home.published, target)
    reached("publish.after_swap")
    _keep_warehouse(home)
    last = ledger.last_publication()
    if last is None or last["publication"] != identity:
        ledger.record_publication(identity, build)
    _forget_old(home, identity)
    return identity


def _write(
    work: Workspace, folder: Path, findings: list[Finding], build: str, pages: Pages | None
) -> tuple[PublicProfile | None, list[Finding]]:
    """Everything in ``folder`` but its manifest; what came of the public profile, and the finding when it cannot be made.

    The pages are made by others as soon as their tables lie there, while the rest is copied.
    """
    with attached(folder / "rapport.duckdb", work.home.warehouse) as db:
        _copy_schema(work, db, folder, "rapport")
        made = [pages(folder, INTERNE)] if pages else []
        profile, broken = _write_public(work, folder / FOLDERS[PUBLIC], build)
        made += [pages(folder, PUBLIC)] if pages else []
        for schema in PUBLISHED_SCHEMAS:
            if schema != "rapport":
                _copy_schema(work, db, folder, schema)
        findings = [*broken, *(finding for finding in findings if not finding.code.startswith("SEC-"))]
        write_audit(db, work.home, work.ledger, findings, profile.proofs if profile else [])
        write_parquet(db, folder, "audit")
        write_scdl(db, folder / "scdl")
    for one in made:
        if error := one.exception():
            raise error from None  # its own words, without the other process's traceback
    return profile, broken


def _copy_schema(work: Workspace, db, folder: Path, schema: str) -> None:
    db.execute(f"create schema {schema}")
    for table in described(db, schema).values():
        copy_table(db, table, work.catalogue.project.keys)
    write_parquet(db, folder, schema)


def _check_build(warehouse: Path, build: str) -> None:
    import duckdb

    with duckdb.connect(str(warehouse), read_only=True) as db:
        (made,) = db.execute("select construction from collecte.construction").fetchone()
    if made != build:
        raise OtherBuild(f"l’entrepôt est celui de la construction {made[:12]}, et non {build[:12]} : le reconstruire")


def _write_public(work: Workspace, folder: Path, build: str) -> tuple[PublicProfile | None, list[Finding]]:
    """The public profile in ``folder``; when it cannot be made, the former one and a finding that says why."""
    folder.mkdir()
    try:
        profile = write_public(
            work.home.warehouse,
            folder,
            work.catalogue.secrecy,
            work.organisation.seuil_secret,
            work.ledger.disclosures(),
            work.catalogue.project.keys,
            work.home.cache / SOLVED,
        )
    except SecrecyBroken as error:
        shutil.rmtree(folder)
        if (former := work.home.published / folder.name).is_dir():
            shutil.copytree(former, folder)
        return None, [_broken(error, work.rules[error.code])]
    _write_manifest(folder, build)
    return profile, []


def _broken(error: SecrecyBroken, rule: Rule) -> Finding:
    return Finding(
        error.code,
        "bloquant",
        error.exercice,
        error.where,
        f"Profil public non publié : {rule.titre} ({error})",
        aide=rule.aide,
    )


def _write_manifest(folder: Path, build: str) -> str:
    """Write ``manifest.json``; the identity of what the folder holds (32 hex digits)."""
    manifest = _manifest(folder, build)
    identity = fingerprint(manifest)[:32]
    with written_whole(folder / "manifest.json") as file:
        json.dump({"publication": identity, **manifest}, file, indent=1, ensure_ascii=False)
    return identity


def _manifest(folder: Path, build: str) -> dict:
    files = {
        str(path.relative_to(folder)): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".duckdb"
    }
    return {"build": build, "files": files}


def _point(link: Path, target: Path) -> None:
    """Make ``link`` a symbolic link to ``target`` in one rename."""
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(Path(target.parent.name) / target.name)
    fresh.rename(link)
    sync(link.parent)


def _keep_warehouse(home: Home) -> None:
    """The rows behind what is published stay readable when the next warehouse takes the place of this one: a second name."""
    kept = home.warehouse_published
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_name(f".{kept.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    try:
        fresh.hardlink_to(home.warehouse)
    except OSError:  # a file system without second names
        shutil.copyfile(home.warehouse, fresh)
    fresh.rename(kept)
    sync(kept.parent)


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
