"""Makes a frozen year again from the archived originals, beside the home, and compares it byte by byte.

Like ``collect``, a place where stages meet: the originals are read again, the warehouse is rebuilt, the report tables
are rewritten, the report is redrawn. Judgements are not repeated: what was accepted is what the release says was
accepted. A purged original is replaced by the lake's rows, whose fingerprint is in the release.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.catalogue.fingerprint import engine_version
from pipelines.evidence.traced_rows import traced_columns
from pipelines.french import NO_BREAK, day, how_many
from pipelines.ledger.closing import Sums, closed, problems_below, sums_of
from pipelines.ledger.records import Manifest
from pipelines.ledger.state import State, frozen_names, read_release, state_file
from pipelines.ledger.workspace import Workspace, open_workspace
from pipelines.publication import FOLDERS
from pipelines.runs.key import key_of
from pipelines.settings import Home
from pipelines.stages.ingest.archived_lines import laid_out
from pipelines.stages.ingest.delivery import ingest
from pipelines.stages.publish.release import RELEASED_SCHEMAS, copy_declarations, export_lines, export_tables
from pipelines.stages.report.write import FORMATS, edition_of, write_report
from pipelines.stages.transform.dbt import build_models, failed, parse
from pipelines.stages.transform.freeze import Frozen
from pipelines.stages.transform.lake import LakeChanged
from pipelines.stages.transform.load import load_warehouse

REMADE = ("rapport/", "restreint/", "lignes/")  # the folders of a release whose files are made again


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
    differing: list[str] = field(default_factory=list)  # report tables whose bytes differ
    altered: list[str] = field(default_factory=list)  # what is wrong with the release itself: nothing is drawn from it
    pages: int = 0  # of the report; none when the release did not keep the texts of its year
    redrawn: list[str] = field(default_factory=list)  # pages that are drawn differently
    other_code: bool = False
    # number, commit, is_clean of the program; empty in an older release
    made_by: dict[str, Any] = field(default_factory=dict)

    @property
    def identical(self) -> bool:
        """True when every byte of the report tables came out the same, and the report too when the same program draws it."""
        return not (self.altered or self.reread or self.differing or (self.redrawn and not self.other_code))


def replay(home: Home, name: str, say: Callable[[str], None]) -> Replay:
    """Make release ``name`` again in a temporary home. Raises CannotReplay, and Unsound when the home's key is not its own."""
    folder = home.releases / name
    if not state_file(folder).exists():
        known = ", ".join(frozen_names(home.releases)) or "rien n’est encore figé"
        raise CannotReplay(f"aucune version {name} : {known}")
    release = read_release(folder)
    deliveries = [Manifest.from_dict(data) for data in release["deliveries"]]
    with open_workspace(home) as own:
        _refuse_purged(own, name, deliveries)
        key, altered = key_of(own), problems_below(home, own.ledger, [folder])
        listed = closed(home, own.ledger, folder)
    result = Replay(name, len(deliveries), 0, altered=altered, made_by=release.get("version") or {})
    result.other_code = release.get("engine") != engine_version()
    with tempfile.TemporaryDirectory(prefix="millesime-replay-") as place:
        beside = Home(Path(place))
        copy_declarations(folder, beside.root)
        with open_workspace(beside) as work:
            say(f"relecture de {how_many(len(deliveries), 'livraisons')}")
            unread = [manifest for manifest in deliveries if not _read_again(home, work, manifest, key, result)]
            for manifest in unread:  # after the last reading, which sweeps rows that nothing lists
                _copy_rows(home, beside, manifest)
            say("reconstruction de l’entrepôt")
            counted, refused, found, decided = (
                [tuple(one) for one in release.get(name, [])] for name in ("counted", "refused", "found", "decided")
            )
            counted = [(*one, "")[:3] for one in counted]  # an older release kept no reason
            try:
                frozen = Frozen(release["build"], deliveries, counted, refused, found, decided)
                load_warehouse(work.home.warehouse_next, work, frozen)
            except LakeChanged as error:
                raise CannotReplay(str(error)) from None
            parse(work.catalogue, work.home)
            if broken := failed(build_models(work.home, command=["run"])):
                raise CannotReplay(f"l’entrepôt n’a pas pu être refait : {', '.join(node.name for node in broken)}")
            traced = traced_columns(work.catalogue)
            say("dessin du rapport")
            _draw(home, work, folder, release, listed, result)
        former = {path: sha for path, sha in listed.items() if path.startswith(REMADE)}
        kept = {path.partition("/")[0] for path in former}  # an older release kept less
        for schema in kept.intersection(RELEASED_SCHEMAS):
            export_tables(beside.warehouse_next, release["exercice"], beside.root, schema)
        if "lignes" in kept:
            export_lines(beside.warehouse_next, release["exercice"], beside.root, traced)
        made = {path: sha for path, sha in sums_of(beside.root).items() if path.startswith(REMADE)}
        both = former.keys() | made.keys()
        result.files = len(both)
        result.differing = sorted(path for path in both if former.get(path) != made.get(path))
    return result


def _draw(home: Home, work: Workspace, folder: Path, release: State, listed: Sums, result: Replay) -> None:
    """Make the report again from the tables of the release, without any cache, and compare its pages."""
    texts, exercice = folder / work.home.contenu.name, release["exercice"]
    if release.get("contenu") and not texts.is_dir():  # an older release
        return
    if texts.is_dir():
        shutil.copytree(texts, work.home.contenu)
    for profile, place in FOLDERS.items():
        kept, drawn = folder / "report" / profile, work.home.root / "report" / profile
        if not kept.is_dir():
            continue
        with open_workspace(home) as own:
            edition = edition_of(own.ledger, exercice, folder / place, profile, release["build"], folder.name)
        formats = [one for one in FORMATS if list(kept.glob(f"*.{one}"))]  # an older release kept fewer
        write_report(work.home, work.organisation, edition, folder / place, drawn, exercice, profile, formats)
        place = f"report/{profile}/"
        before = {path: sha256 for path, sha256 in listed.items() if path.startswith(place)}
        after = {place + name: sha256 for name, sha256 in sums_of(drawn).items()}
        result.pages += len(before)
        result.redrawn += sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


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
