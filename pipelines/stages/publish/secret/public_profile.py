"""The public profile of a publication: made from a home, with what is found of it, and archived with the persons behind it.

When it cannot be made, the previous one stays, and a finding says why.
"""

import os
import shutil
from pathlib import Path

import duckdb

from pipelines import french
from pipelines.catalogue.rules import Rule
from pipelines.disk import sha256_of, written_whole
from pipelines.french import enumeration, how_many
from pipelines.ledger.closing import close_originals
from pipelines.ledger.records import Finding
from pipelines.ledger.state import write_manifest
from pipelines.ledger.workspace import Workspace
from pipelines.sql import literal
from pipelines.stages.publish.restricted import Archived, Behind, behind
from pipelines.stages.publish.secret.profile import PublicProfile, write_public
from pipelines.stages.publish.secret.readings import Waiting
from pipelines.stages.publish.secret.sums import SecrecyBroken
from pipelines.stages.publish.secret.versions import read_version
from pipelines.stages.publish.secret.words import declared_words


def public_profile(work: Workspace, build: str, folder: Path) -> tuple[PublicProfile | None, list[Finding]]:
    """The public profile in ``folder``; when it cannot be made, the previous one and a finding that says why."""
    folder.mkdir()
    summary = work.catalogue.summary
    with duckdb.connect() as db:
        db.execute(f"attach {literal(work.home.warehouse)} as source (read_only)")
        words = declared_words(db, work.catalogue)
    try:
        profile = write_public(
            work.home.warehouse,
            build,
            folder,
            work.catalogue.secrecy,
            work.organisation.seuil_secret,
            work.catalogue.project.keys,
            words,
            [version for _, version in _archived(work)],
            {rank: one.table for rank, one in enumerate(summary.indicateurs if summary else [], 1)},
            work.ledger.readings(),
        )
    except SecrecyBroken as error:
        shutil.rmtree(folder)
        if (former := work.home.published / folder.name).is_dir():
            shutil.copytree(former, folder)
        return None, [_broken(error, work.rules[error.code])]
    since = {row["exercice"]: french.day(row["archived_at"]) for row in work.ledger.all_rows("populations")}
    notes = [_noted(work.rules["SEC-MAINTENU"], year, f"{year}, version du {since[year]}") for year in profile.held]
    notes += [_noted(work.rules["SEC-RETENU"], year, str(year)) for year in profile.retained]
    said = {note.exercice: note.message for note in notes}
    identity = write_manifest(folder, build, said, profile.withheld, profile.waiting)
    notes += [_undeclared(work.rules["SEC-NON-DECLARE"], profile.undeclared)] if profile.undeclared else []
    notes += [_undeclared(work.rules["SEC-COHERENCE"], profile.otherwise)] if profile.otherwise else []
    notes += _unread(work.rules["SEC-RELECTURE"], profile.waiting)
    for row in work.ledger.all_rows("withdrawals"):
        if row["profile"] == identity:
            shutil.rmtree(folder)
            return None, [_broken(SecrecyBroken("SEC-RETIRE", "public", row["reason"]), work.rules["SEC-RETIRE"])]
    return profile, notes


def archive(work: Workspace, profile: PublicProfile) -> None:
    """Archive what is public of each exercice's staff, and the persons behind it, the way a delivery is archived."""
    for version in profile.versions:
        if not (file := work.home.archive / version.sha256).exists():
            work.home.archive.mkdir(parents=True, exist_ok=True, mode=0o700)
            with written_whole(file) as out:
                os.fchmod(out.fileno(), 0o600)
                out.write(version.written())
        close_originals(work.home, work.ledger, version.sha256[:32], [version.sha256])
        work.ledger.record_population(version.exercice, version.sha256)


def _archived(work: Workspace) -> Archived:
    """The public versions of each exercice's staff tables. Raises SecrecyBroken if the archive no longer has them."""
    found = []
    for exercice, kept in work.ledger.populations().items():
        for sha256 in kept:
            file = work.home.archive / sha256
            if not file.is_file() or sha256_of(file) != sha256:
                raise SecrecyBroken(
                    "SEC-ARCHIVE", str(exercice), f"archive/{sha256} a disparu ou a été modifié", exercice
                )
            found.append((sha256, read_version(file.read_text(encoding="utf-8"), work.catalogue.secrecy)))
    return found


def persons_behind(work: Workspace, profile: PublicProfile | None) -> list[Behind]:
    """The persons behind the current and former public staff tables; empty if the archive lacks them, which is a finding."""
    try:
        archived = _archived(work)
    except SecrecyBroken:
        return []
    return behind(archived, profile.versions if profile else [], profile.retained if profile else [])


def _noted(rule: Rule, exercice: int, which: str) -> Finding:
    return Finding(rule.code, "information", exercice, "public/rapport", f"{rule.titre} ({which})", aide=rule.aide)


def _undeclared(rule: Rule, names: list[str]) -> Finding:
    return Finding.of(rule, 0, "public/rapport", enumeration(names), severity="information")


def _unread(rule: Rule, waiting: Waiting) -> list[Finding]:
    """One finding per exercice with lines that wait for a reader."""
    found = []
    for exercice in sorted({exercice for lines in waiting.values() for exercice in lines}):
        of = {table: lines[exercice] for table, lines in waiting.items() if exercice in lines}
        said = f"{how_many(sum(of.values()), 'lignes')} ({enumeration([f'{table} : {n}' for table, n in of.items()])})"
        found.append(Finding.of(rule, exercice, "public/rapport", said, severity="information"))
    return found


def _broken(error: SecrecyBroken, rule: Rule) -> Finding:
    return Finding(
        error.code,
        "bloquant",
        0,  # the public profile of every exercice is affected
        error.where,
        f"Profil public non publié : {rule.titre} ({error}{f', {error.exercice}' if error.exercice else ''})",
        aide=rule.aide,
    )
