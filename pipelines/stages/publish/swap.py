"""Writes a publication aside and swaps it in with one rename: a reader sees the old one or the new one, whole.

builds/<publication>/millesime.duckdb                tables of marts, rapport and audit, with comments and keys
                     <schema>/<table>.parquet
                     scdl/                           the budget as open data
                     millesime_restreint.duckdb restreint/     what singles a person out: the publishing account's alone
                     public/                         what anybody may read: rapport_public.duckdb, rapport/, manifest.json
                     state.json                      what all of it is: its SHA-256, in the ledger, names the publication
                     report/<exercice>/<profile>/    what ``pages`` wrote: the report, which prints the head reached then
                     ledger.db                       the ledger at that moment: what to restore from
                     SHA256SUMS                      the list of all of it, whose hash is an entry of the ledger
published → builds/<publication>

The warehouse it was made from stays beside it, as ``warehouse/published``: tracing a figure reads its lines there.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import duckdb

from pipelines.disk import is_full, second_name, sync, sync_all
from pipelines.failpoints import reached
from pipelines.ledger.closing import (
    SUMS,
    close,
    closed,
    is_made_alike,
    look_below,
    sums_of,
    take_away,
)
from pipelines.ledger.records import UNDRAWN, Finding
from pipelines.ledger.state import (
    LEDGER,
    State,
    comparisons_of,
    databases_of,
    files_of,
    write_state,
)
from pipelines.ledger.workspace import Workspace
from pipelines.private import open_to_readers
from pipelines.publication import FOLDERS, INTERNE, MARTS, PUBLIC, RESTREINT, Pages
from pipelines.settings import Home
from pipelines.sql import interruption_of
from pipelines.stages.publish.anonymity import singling_out
from pipelines.stages.publish.audit_schema import complete_audit, write_audit
from pipelines.stages.publish.copy import DATABASE, attached, copy_schema, former_of, write_schema
from pipelines.stages.publish.freshness import write_freshness
from pipelines.stages.publish.restricted import DATABASE as RESTRICTED
from pipelines.stages.publish.restricted import write_restricted
from pipelines.stages.publish.scdl import write_scdl
from pipelines.stages.publish.secret.profile import PublicProfile
from pipelines.stages.publish.secret.public_profile import archive, persons_behind, public_profile
from pipelines.stages.publish.unexplained import unanswered, unexplained

KEPT = 5  # publications kept beside the current one


class OtherBuild(RuntimeError):
    """The warehouse is not that of the build to publish: build again."""


@dataclass(frozen=True)
class Written:
    """The data of a publication: the inputs of its tables, its public profile, and findings about what could not be made."""

    made_of: dict[str, str]
    profile: PublicProfile | None
    broken: list[Finding]


def publish(
    work: Workspace,
    build: str,
    findings: list[Finding],
    facts: State | None = None,
    pages: Pages | None = None,
) -> str:
    """Publish the current warehouse and the ledger. Returns the publication's identity (32 hex digits).

    Two profiles: all of it, and ``public``, where numbers of fewer agents than the organisation's threshold are hidden.
    When the public one cannot be proved, the previous one stays and a finding, here and in the ledger, says why. The
    same build and the same ledger give the same publication, byte for byte. ``facts`` complete its state. Raises
    OtherBuild when the warehouse is not the one that ``build`` made: a run was stopped between the swap and its entry in
    the ledger.
    """
    home, ledger = work.home, work.ledger
    _check_build(home.warehouse, build)
    home.builds.mkdir(parents=True, exist_ok=True)
    aside = home.builds / f".{os.getpid()}"
    aside.mkdir()
    data = _write(work, aside, findings, build, pages)
    identity = _enter(work, aside, build, facts or {}, data)
    if pages:
        undrawn = _undrawn(work, pages.exercice, pages.finish, aside)
        if undrawn and not any(one.code == UNDRAWN for one in data.broken):
            identity = _enter(work, aside, build, facts or {}, replace(data, broken=data.broken + undrawn))
    ledger.copy_to(aside / LEDGER)
    if _lies_there(work, aside):
        _keep_warehouse(home)
        shutil.rmtree(aside)
        return identity
    target = _placed(home, aside, identity)
    close(home, ledger, target)
    reached("publish.before_swap")
    _point(home.published, target)
    reached("publish.after_swap")
    _keep_warehouse(home)
    _forget_old(work, target.name)
    return identity


def write_tables(work: Workspace, folder: Path, build: str, findings: list[Finding] | None = None) -> Written:
    """Write the data of a publication in ``folder``, with the schema ``audit`` when there are ``findings`` to tell."""
    former, keys, fields = former_of(work), work.catalogue.project.keys, work.catalogue.fields
    former.begin(folder / DATABASE)
    with attached(folder / DATABASE, work.home.warehouse) as db:
        made_of = copy_schema(db, folder, "rapport", keys, fields, former)
        alone = singling_out(db, work.catalogue, work.organisation.seuil_secret)
        made_of |= copy_schema(db, folder, MARTS, keys, fields, former, alone.keys())
        write_scdl(db, folder / "scdl", work.organisation, build)
        noted = [*unexplained(work, db), *unanswered(work, db)]
        for name, why in alone.items():
            said = f"{name} ({why})"
            noted.append(Finding.of(work.rules["SEC-ANONYMAT"], 0, f"{MARTS}.{name}", said, severity="information"))
        profile, broken = public_profile(work, build, folder / FOLDERS[PUBLIC])
        broken += noted
        if findings is not None:
            db.execute("drop schema if exists audit cascade")
            write_audit(db, work.home, work.ledger)
            others = [finding for finding in findings if not finding.is_of_a_publication]
            complete_audit(db, work.ledger, [*broken, *others], profile.groups if profile else [])
            write_schema(db, folder, "audit", fields)
        write_freshness(db, folder, INTERNE, build)
    return Written(made_of, profile, broken)


def _write(work: Workspace, folder: Path, findings: list[Finding], build: str, pages: Pages | None) -> Written:
    """Write the data in ``folder``, then the pages that show nothing of their entry."""
    data = write_tables(work, folder, build, findings)
    write_restricted(work, folder, persons_behind(work, data.profile))
    undrawn = _undrawn(work, pages.exercice, pages.draw, folder) if pages else []
    return replace(data, broken=data.broken + undrawn)


def _enter(work: Workspace, folder: Path, build: str, facts: State, data: Written) -> str:
    """Write the state of the publication and record it in the ledger; return its identity."""
    ledger = work.ledger
    state = _write_state(folder, build, facts, data)
    identity = state[:32]
    reached("publish.files_written")
    if data.profile:  # before anybody can read it, since it must never be forgotten
        archive(work, data.profile)
    ledger.record_findings(identity, data.broken)
    ledger.record_publication(identity, build, state)
    reached("publish.entered")
    return identity


def _write_state(folder: Path, build: str, facts: State, data: Written) -> str:
    """Write the state of the publication; return its SHA-256."""
    found = [*({"finding": one.id, **asdict(one)} for one in data.broken), *facts.get("findings", [])]
    content = {
        "kind": "publication",
        **facts,
        "build": build,
        "findings": found,
        "comparisons": comparisons_of(folder),
        "files": files_of(folder),
        "tables": databases_of(folder),
        "made_of": data.made_of,
    }
    return write_state(folder, content)


def _undrawn(work: Workspace, exercice: int | None, draw: Callable[[Path], None], folder: Path) -> list[Finding]:
    """Draw pages in ``folder``; return the finding for what cannot be: the data are published without it."""
    try:
        draw(folder)
    except Exception as error:
        if is_full(error) or interruption_of(error):
            raise
        rule, said = work.rules[UNDRAWN], str(error)
        if not type(error).__module__.startswith("pipelines"):  # a library's message may quote what it could not draw
            said = f"erreur du programme ({type(error).__name__}), que `millesime report` montre"
        return [Finding.of(rule, exercice or 0, "report", said, severity="bloquant")]
    return []


def _lies_there(work: Workspace, aside: Path) -> bool:
    """True if the current publication is what was just written: the same bytes, but for its databases and the copy of the
    ledger."""
    published = work.home.published.resolve()
    if look_below(work.home, work.ledger, [published]).problems:
        return False
    there, here = closed(work.home, work.ledger, published), sums_of(aside)
    return there.keys() == here.keys() and all(there[name] == here[name] for name in here if is_made_alike(name))


def _placed(home: Home, aside: Path, identity: str) -> Path:
    """Give the folder its name. A folder that already has that name is kept for its readers: it is missing pages, or
    was changed."""
    # a file of the previous publication, linked here, was flushed under its first name
    sync_all([aside, *(path for path in aside.rglob("*") if path.suffix != ".parquet" or path.stat().st_nlink == 1)])
    names = (identity, *(f"{identity}.{n}" for n in range(2, 1000)))
    target = next(home.builds / name for name in names if not (home.builds / name).exists())
    open_to_readers(home, aside, {LEDGER, RESTRICTED, RESTREINT})
    aside.rename(target)
    sync(home.builds)
    return target


def _check_build(warehouse: Path, build: str) -> None:
    with duckdb.connect(str(warehouse), read_only=True) as db:
        (made,) = db.execute("select construction from collecte.construction").fetchone()
    if made != build:
        raise OtherBuild(f"l’entrepôt est celui de la construction {made[:12]}, et non {build[:12]} : le reconstruire")


def _point(link: Path, target: Path) -> None:
    """Make ``link`` a symbolic link to ``target`` in one rename."""
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(Path(target.parent.name) / target.name)
    fresh.rename(link)
    sync(link.parent)


def _keep_warehouse(home: Home) -> None:
    """Keep the rows behind the publication readable when the next warehouse replaces this one, by a second name."""
    kept = home.warehouse_published
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_name(f".{kept.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    second_name(home.warehouse, fresh)
    fresh.rename(kept)
    fresh.unlink(missing_ok=True)  # two names for one file: the system renames nothing
    sync(kept.parent)


def _forget_old(work: Workspace, current: str) -> None:
    """Keep the last few publications: a reader may still hold one of them. What no list is over was left by a killed one."""
    home, lists = work.home, work.ledger.closed()
    others = sorted((p for p in home.builds.iterdir() if p.name != current), key=lambda p: p.stat().st_mtime)
    whole = [path for path in others if f"{home.builds.name}/{path.name}/{SUMS}" in lists]
    gone = [path for path in others if path not in whole] + whole[:-KEPT]
    take_away(home, work.ledger, gone)
