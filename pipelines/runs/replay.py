"""Makes a frozen year again from the archived originals, beside the home, and compares it byte by byte.

Like ``collect``, a place where stages meet: the originals are read again, the warehouse is rebuilt, and from it the tables
of the release, its report, its exports, its audit page. Judgements are not repeated: what was accepted is what the release
says was accepted. A purged original is replaced by the lake's rows, whose fingerprint is in the release.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.catalogue.fingerprint import engine_version
from pipelines.disk import json_lines, read_json, sha256_of
from pipelines.evidence.traced_rows import traced_columns
from pipelines.evidence.verify import Verification
from pipelines.french import NO_BREAK, day, how_many
from pipelines.ledger.closing import Sums, closed, look_below, sums_of
from pipelines.ledger.records import Manifest
from pipelines.ledger.state import STATE, State, frozen_names, read_state, write_state
from pipelines.ledger.store import Ledger
from pipelines.ledger.workspace import Workspace, open_workspace
from pipelines.publication import FOLDERS, PROFILES
from pipelines.runs.audit.state import Known, state
from pipelines.runs.key import key_of
from pipelines.runs.pages import DATA, PAGE
from pipelines.settings import Home
from pipelines.stages.ingest.archived_lines import laid_out
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.publish.release import (
    EXPORTS,
    RELEASED_SCHEMAS,
    complete_release,
    copy_declarations,
    export_lines,
    export_tables,
)
from pipelines.stages.publish.swap import write_tables
from pipelines.stages.report.etat.page import render
from pipelines.stages.report.write import edition_of, write_report
from pipelines.stages.transform.dbt import build_models, failed, parse
from pipelines.stages.transform.freeze import Frozen
from pipelines.stages.transform.lake import LakeChanged
from pipelines.stages.transform.load import load_warehouse

# the folders of a release whose files are made again: all but its declarations, its texts and its state, of which it is made
TABLES, PAGES = ("rapport/", "restreint/", "lignes/", "public/"), ("report/", "exports/", "etat/")
# what an audit page says that does not depend on the day, on the mailbox or on other versions
WORKED_OUT = ("collecte", "controles", "annees", "entrepot", "rapprochements", "chiffres", "echantillon", "versions")


class CannotReplay(RuntimeError):
    """The release cannot be made again; the message says what is missing."""


@dataclass
class Replay:
    """The outcome of a replay: every list names what it is about, and is empty when all is well."""

    release: str
    deliveries: int
    files: int
    purged: list[str] = field(default_factory=list)  # deliveries taken from the lake because their originals are gone
    reread: list[str] = field(default_factory=list)  # deliveries that give different rows
    differing: list[str] = field(default_factory=list)  # tables and lists of lines whose bytes differ
    altered: list[str] = field(default_factory=list)  # what is wrong with the release itself, by its list
    pages: int = 0  # and exports; none when the release did not keep the texts of its year
    redrawn: list[str] = field(default_factory=list)  # those that are made differently
    other_code: bool = False
    made_by: dict[str, Any] = field(default_factory=dict)  # number, commit, is_clean of the program

    @property
    def identical(self) -> bool:
        """True when every byte of the report tables came out the same, and the report too when the same program draws it."""
        return not (self.altered or self.reread or self.differing or (self.redrawn and not self.other_code))


def replay(home: Home, name: str, say: Callable[[str], None]) -> Replay:
    """Make release ``name`` again in a temporary home. Raises CannotReplay, and Unsound when the home's key is not its own."""
    folder = home.releases / name
    if not (folder / STATE).exists():
        known = ", ".join(frozen_names(home.releases)) or "rien n’est encore figé"
        raise CannotReplay(f"aucune version {name} : {known}")
    release = read_state(folder)
    deliveries = [Manifest.from_dict(data) for data in release["deliveries"]]
    with tempfile.TemporaryDirectory(prefix="millesime-replay-") as place, open_workspace(home) as own:
        _refuse_purged(own, name, deliveries)
        key, listed = key_of(own), closed(home, own.ledger, folder)
        result = Replay(name, len(deliveries), 0, made_by=release["version"])
        result.altered = look_below(home, own.ledger, [folder]).problems
        result.other_code = release["engine"] != engine_version()
        beside = Home(Path(place))
        copy_declarations(folder, beside.root)
        publication = _publication_after(own.ledger, name)
        if publication:
            own.ledger.copy_before(beside.ledger_file, publication["seq"])
        with open_workspace(beside) as work:
            say(f"relecture de {how_many(len(deliveries), 'livraisons')}")
            unread = [manifest for manifest in deliveries if not _read_again(home, work, manifest, key, result)]
            for manifest in unread:  # after the last reading, which sweeps rows that nothing lists
                _copy_rows(home, beside, manifest)
            say("reconstruction de l’entrepôt")
            _build_again(work, release, deliveries)
            made = beside.releases / name
            made.mkdir(parents=True)
            _write_tables(work, release, made)
            is_given = any(path.startswith(("public/", f"{EXPORTS}/")) for path in listed)  # not if it was interrupted
            if publication and publication["build"] == release["build"] and is_given:
                say("refaire ce qui est donné")
                _publish_again(home, work, made, release, listed)
            say("dessin du rapport")
            _draw(own, work, folder, made, release, listed)
            if publication and not result.other_code:  # the page of another program has other parts
                _audit_again(work, folder, made, release["exercice"], listed)
        _compare(listed, sums_of(made), result)
    return result


def _publication_after(ledger: Ledger, name: str) -> dict[str, Any] | None:
    """The publication that followed a release, and whose tables complete it."""
    (row,) = (row for row in ledger.all_rows("releases") if row["release"] == name)
    order = ledger.order()
    later = (
        one
        for one in ledger.all_rows("publications")
        if order["publications", one["seq"]] > order["releases", row["seq"]]
    )
    return next(later, None)


def _build_again(work: Workspace, release: State, deliveries: list[Manifest]) -> None:
    """The warehouse, as of the release."""
    counted, refused, found, decided = (
        [tuple(one) for one in release[kind]] for kind in ("counted", "refused", "found", "decided")
    )
    try:
        frozen = Frozen(release["build"], deliveries, counted, refused, found, decided)
        load_warehouse(work.home.warehouse_next, work, frozen)
    except LakeChanged as error:
        raise CannotReplay(str(error)) from None
    parse(work.catalogue, work.home)
    if broken := failed(build_models(work.home, command=["run"])):
        raise CannotReplay(f"l’entrepôt n’a pas pu être refait : {', '.join(node.name for node in broken)}")
    work.home.warehouse.parent.mkdir(parents=True)
    work.home.warehouse_next.rename(work.home.warehouse)


def _write_tables(work: Workspace, release: State, made: Path) -> None:
    for schema in RELEASED_SCHEMAS:
        export_tables(work.home.warehouse, release["exercice"], made, schema)
    export_lines(work.home.warehouse, release["exercice"], made, traced_columns(work.catalogue))


def _publish_again(home: Home, work: Workspace, made: Path, release: State, listed: Sums) -> None:
    """What the publication that followed the release gave it: the public tables, the exports."""
    beside, exercice, build = work.home, release["exercice"], release["build"]
    beside.archive.mkdir(exist_ok=True)
    for sha256 in {sha256 for kept in work.ledger.populations().values() for sha256 in kept}:
        shutil.copyfile(home.archive / sha256, beside.archive / sha256)
    again = beside.builds / "again"
    again.mkdir(parents=True)
    write_tables(work, again, build)
    write_state(again, {"build": build})
    beside.published.symlink_to(again)
    given = [profile for profile in PROFILES if any(path.startswith(f"{EXPORTS}/{profile}/") for path in listed)]
    complete_release(work, made, exercice, build, given)


def _draw(own: Workspace, work: Workspace, folder: Path, made: Path, release: State, listed: Sums) -> None:
    """Make the report again from the tables just made, without any cache."""
    texts, exercice = folder / work.home.contenu.name, release["exercice"]
    if texts.is_dir():
        shutil.copytree(texts, work.home.contenu, dirs_exist_ok=True)
    for profile, place in FOLDERS.items():
        if (made / place / "rapport").is_dir() and any(path.startswith(f"report/{profile}/") for path in listed):
            edition = edition_of(own.ledger, made / place, profile, release["build"], folder.name)
            target = made / "report" / profile
            write_report(work.home, work.organisation, edition, made / place, target, exercice, profile)


def _audit_again(work: Workspace, folder: Path, made: Path, exercice: int, listed: Sums) -> None:
    """Write the audit page again: what it says of deliveries, checks, figures and versions as it is now worked out, and the
    rest, which tells of that day, as it was kept.
    """
    data = f"etat/{DATA}"
    if data not in listed or listed[data] != sha256_of(folder / data):  # among what was altered
        return
    kept = read_json(folder / data)
    for other in folder.parent.iterdir():
        if other.name != folder.name:
            (work.home.releases / other.name).symlink_to(other)
    nothing = Verification({}, [], work.ledger.head(), None, None, {}, {}, [])
    known = Known(work, [], nothing, {}, kept["etabli_le"])
    shutil.copyfile(folder / STATE, made / STATE)
    again = state(known, exercice, release=folder.name)
    content = {**kept, **{name: json.loads(json.dumps(again[name], default=str)) for name in WORKED_OUT}}
    place = made / "etat"
    place.mkdir()
    (place / DATA).write_text(json_lines(content), encoding="utf-8")
    (place / PAGE).write_text(render(content, work.home.cache), encoding="utf-8")


def _compare(listed: Sums, made: Sums, result: Replay) -> None:
    """Compare every file that is made again with the list of the release."""
    for path in sorted(path for path in listed.keys() | made.keys() if path.startswith((*TABLES, *PAGES))):
        is_table = path.startswith(TABLES)
        result.files += is_table
        result.pages += not is_table
        if listed.get(path) != made.get(path):
            (result.differing if is_table else result.redrawn).append(path)


def _refuse_purged(work: Workspace, name: str, deliveries: list[Manifest]) -> None:
    """Raise CannotReplay when neither a delivery's originals nor its rows are there, saying since when and why, from
    the ledger."""
    gone = {row["subject"]: row for row in work.ledger.all_rows("removals")}
    purged = [one for one in deliveries if one.delivery in gone and not _is_there(work.home, one)]
    if purged:
        first = gone[purged[0].delivery]
        raise CannotReplay(
            f"{name} ne se refait plus{NO_BREAK}: les lignes de {len(purged)} de ses livraisons ont été purgées, comme le registre le "
            f"dit (la première le {day(first['removed_at'])}, {first['rule']}, {_named(purged[0])}). Ses tableaux et leurs "
            "empreintes restent, que `millesime verify` contrôle"
        )


def _is_there(home: Home, manifest: Manifest) -> bool:
    """True when a delivery can be read again, or its rows copied."""
    originals = [home.archive / file.sha256 for file in manifest.files]
    rows = [home.lake / counts.parquet for counts in manifest.tables.values()]
    return all(path.exists() for path in originals) or all(path.exists() for path in rows)


def _read_again(home: Home, work: Workspace, manifest: Manifest, key: bytes, result: Replay) -> bool:
    """Read the originals of one delivery; false when they are gone, or give it another name."""
    what, beside = _named(manifest), work.home
    deposit = beside.landing / manifest.delivery
    deposit.mkdir(parents=True)
    paths = laid_out(home, manifest, deposit)
    if not paths:
        result.purged.append(what)
        return False
    again = ingest(beside, work.registry.export_of(manifest.export_key), manifest.exercice, paths, key)
    if again != manifest:
        result.reread.append(what)
    return again.delivery == manifest.delivery


def _named(manifest: Manifest) -> str:
    return f"{manifest.export_key} {manifest.exercice}"


def _copy_rows(home: Home, beside: Home, manifest: Manifest) -> None:
    for counts in manifest.tables.values():
        rows, target = home.lake / counts.parquet, beside.lake / counts.parquet
        if not rows.exists():
            raise CannotReplay(f"{_named(manifest)} : ni ses originaux ni ses lignes ne sont plus là")
        target.parent.mkdir(parents=True, exist_ok=True)
        for path in rows.parent.glob(f"{manifest.delivery}.*"):
            shutil.copyfile(path, target.with_name(path.name))
