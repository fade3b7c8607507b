"""Backs a home up into one consistent folder, even while a run goes on, and makes a home from it again.

The ledger is copied first: whatever it mentions was written before its entry, and never changes. Immutable files
(originals, rows, versions) are hard-linked where the file system allows it; what people edit is copied. What can be
made again is left out. The key is not included.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipelines import settings
from pipelines.disk import FORMER, json_lines, read_json, second_name, sync, take_place, written_whole
from pipelines.evidence.health import days_since_backup
from pipelines.french import NO_BREAK, day, how_many
from pipelines.ledger.chain import Head
from pipelines.ledger.closing import folder_of, kept_of, listed_below, take_away
from pipelines.ledger.records import ORIGINAL, Finding, Removal
from pipelines.ledger.removals_apart import Entry, keep_apart, kept_apart
from pipelines.ledger.store import Ledger, now, open_ledger
from pipelines.ledger.unsound import Unsound
from pipelines.ledger.workspace import Workspace, open_workspace
from pipelines.locking import nothing_goes
from pipelines.private import is_alive
from pipelines.runs.retention import BY_HAND, LOGS, ROWS, purge_again
from pipelines.runs.retention import FORMER as PUBLICATIONS
from pipelines.settings import Home, WrongSetting
from pipelines.stages.publish.withdraw import public_places

LIST = "removals.jsonl"  # in a backup: what had been removed by then
OLD = "SAUV-ANCIENNE"


class NoBackup(WrongSetting):
    """A folder is not a backup, or cannot take one; the message says which."""


@dataclass(frozen=True)
class Backup:
    """The outcome of a backup."""

    place: Path
    head: Head
    linked: int  # files that were hard-linked
    copied: int


@dataclass(frozen=True)
class Again:
    """What was repeated: how many removals and withdrawals; ``left`` names the deliveries that should have been removed
    but could not be."""

    removed: int
    withdrawn: int
    left: list[str]


@dataclass(frozen=True)
class Restored:
    """The outcome of a restoration; ``head`` is that of the backup."""

    head: Head
    made_at: str
    again: Again


def backup(home: Home, place: Path) -> Backup:
    """Make a backup of a home in the folder ``place``, all or nothing; it replaces a previous backup there.

    Raises NoBackup, and Unsound when the ledger mentions a file that is gone.
    """
    place = place.absolute()
    if place.resolve().is_relative_to(home.root) or home.root.is_relative_to(place.resolve()):
        raise NoBackup(
            f"{place} est dans le dossier de l’organisation, ou le contient{NO_BREAK}: choisir un autre emplacement"
        )
    _refuse_other(place)
    aside = _aside(place)
    try:
        done = _made(home, aside, place)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    take_place(aside, place)
    with written_whole(home.last_backup) as file:
        file.write(json_lines({**read_json(Home(place).last_backup), "place": str(place)}))
    return done


def _made(home: Home, aside: Path, place: Path) -> Backup:
    copy, removals = Home(aside), settings.removals_file(home)
    with nothing_goes(home):
        with open_ledger(home) as ledger:
            _complete(ledger, removals)
            if home.ledger_head.exists():  # `verify` reports that it is gone
                shutil.copyfile(home.ledger_head, copy.ledger_head)  # before the ledger, whose chain then includes it
            ledger.copy_to(copy.ledger_file)
        with open_ledger(copy) as ledger:
            head, linked, copied = ledger.head(), 0, _copy_edited(home, aside)
            for file in _immutable(home, ledger):
                target = aside / file.relative_to(home.root)
                target.parent.mkdir(parents=True, exist_ok=True)
                linked += second_name(file, target)
                copied += 1
            _refuse_incomplete(copy, ledger)
    shutil.copyfile(removals, aside / LIST)
    said = {"home": str(home.root), "removals": str(removals), "made_at": now(), "program": version("millesime")}
    with written_whole(copy.last_backup) as told:
        told.write(json_lines({**said, "entries": head.entries, "hash": head.hash}))
    for folder in (aside, *(path for path in aside.rglob("*") if path.is_dir() and not path.is_symlink())):
        sync(folder)
    return Backup(place, head, linked, copied - linked)


def _complete(ledger: Ledger, file: Path) -> None:
    """Enter in the separate list what only the ledger has: it predates the list, or the list was lost."""
    known = kept_apart(file) if file.exists() else {}
    keep_apart(file, [entry for name, entry in ledger.entries_apart().items() if name not in known])


def _immutable(home: Home, ledger: Ledger) -> list[Path]:
    """The files that never change once named, as the lists of ``ledger`` say: originals, rows, versions, their signatures."""
    places = [home.archive, home.lake, home.releases]
    lists = listed_below(home, ledger, places)
    found = {home.root / name for sums in lists.values() for name in sums} | set(home.releases.rglob("*.sig"))
    for file, sums in lists.items():
        if sums.keys() == {file}:  # a list that was changed: all that is there, which `verify` reports
            found |= {*(home.root / folder_of(file)).rglob("*")}
    return sorted(path for path in found if path.is_file())


def _copy_edited(home: Home, aside: Path) -> int:
    """Copy the files that people write: everything in the home that the program does not make."""
    made = [home.archive, home.lake, home.releases, home.landing, home.builds, home.published]
    made += [
        home.warehouse.parents[1],
        home.dbt,
        home.docs,
        home.audit,
        home.exports,
        home.reports,
        home.cache,
        home.dagster,
        home.work,
    ]
    names = {path.name for path in made}
    files = {home.lock_file.name, home.last_backup.name, home.ledger_head.name}
    count = 0
    for path in sorted(home.root.iterdir()):
        if path.name in names or path.name in files or path.name.startswith(home.ledger_file.stem + "."):
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.copytree(path, aside / path.name, symlinks=True)
            count += sum(one.is_file() for one in path.rglob("*"))
        else:
            shutil.copy2(path, aside / path.name, follow_symlinks=False)
            count += 1
    return count


def _refuse_incomplete(copy: Home, ledger: Ledger) -> None:
    """Raise Unsound unless the rows of every delivery that counts, and each version, are in the copy."""
    rows = [copy.lake / name for one in ledger.current().values() for name in one.manifest.lake_files()]
    wanted = [*rows, *(copy.releases / row["release"] for row in ledger.all_rows("releases"))]
    if lost := [path.relative_to(copy.root).as_posix() for path in wanted if not path.exists()]:
        raise Unsound(
            f"{lost[0]}, que le registre connaît, n’est plus là{NO_BREAK}: rien n’est sauvegardé, et la sauvegarde précédente reste ; "
            "`millesime verify` dit tout ce qui manque"
        )


def _refuse_other(place: Path) -> None:
    """Raise NoBackup when something other than a backup is there."""
    if place.is_dir() and not Home(place).last_backup.is_file() and any(place.iterdir()):
        raise NoBackup(f"{place} n’est ni vide ni une sauvegarde{NO_BREAK}: donner un autre dossier")


def _aside(place: Path) -> Path:
    """A fresh folder beside ``place`` to work in. Those of killed processes are removed, except a backup that nothing
    replaced yet."""
    place.parent.mkdir(parents=True, exist_ok=True)
    for path in place.parent.glob(f".{place.name}.*"):
        owner = path.name.rpartition(".")[2]
        if owner.isdecimal() and not is_alive(int(owner)):
            if FORMER in path.name and not place.exists():
                path.rename(place)
            else:
                shutil.rmtree(path)
    aside = place.with_name(f".{place.name}.{os.getpid()}")
    aside.mkdir(mode=0o700)
    return aside


def restore(
    source: Path, target: Home, lists: list[Path], say: Callable[[str], None], *, knows_all: bool = False
) -> Restored:
    """Make the home ``target`` from a backup, then repeat the removals made since: nobody sees it before.

    ``lists`` are the removal lists given by the operator; without any, the list that the home had on this machine is
    read. ``knows_all``: the operator states that nothing was removed since. Raises NoBackup.
    """
    if not Home(source).last_backup.is_file():
        raise NoBackup(
            f"{source} n’est pas une sauvegarde{NO_BREAK}: une sauvegarde contient un fichier {target.last_backup.name}"
        )
    if target.root.exists() and any(target.root.iterdir()):
        raise NoBackup(f"{target.root} n’est pas vide{NO_BREAK}: une sauvegarde se restaure dans un dossier nouveau")
    told = read_json(Home(source).last_backup)
    since = _removed(source, [] if knows_all else lists or [_usual_list(told)])
    aside = Home(_aside(target.root))
    try:
        say("copie de la sauvegarde")
        shutil.copytree(source, aside.root, symlinks=True, dirs_exist_ok=True)
        aside.last_backup.unlink()
        (aside.root / LIST).unlink(missing_ok=True)
        with open_ledger(aside) as ledger:
            head = ledger.head()
        if (head.entries, head.hash) != (told["entries"], told["hash"]):
            raise Unsound("la tête du registre sauvegardé n’est pas celle que la sauvegarde indique")
        say("retraits faits depuis")
        with open_workspace(aside) as work:
            take_away(aside, work.ledger, [aside.builds, aside.audit, aside.exports, aside.reports, aside.docs])
            again = _applied_again(work, since, now()[:10])
        _hand_over(aside, target, since)
    except BaseException:
        shutil.rmtree(aside.root, ignore_errors=True)
        raise
    return Restored(head, told["made_at"], again)


def _applied_again(work: Workspace, entries: dict[str, Entry], today: str) -> Again:
    """Remove what ``entries`` list as removed and the ledger does not know, and nothing else: what was overdue but not
    yet purged stays, and the list is followed even if today's retention period is longer.
    """
    ledger = work.ledger
    known = ledger.entries_apart()
    since = [entry for name, entry in entries.items() if name not in known]
    withdrawn = [entry for entry in since if entry["table"] == "withdrawals"]
    for entry in withdrawn:  # it is then never published again, or sent
        said = (entry[name] for name in ("publication", "profile", "reason", "withdrawn_by", "places"))
        ledger.record_withdrawal(*said)
    if withdrawn:
        take_away(work.home, ledger, public_places(work.home, ledger))
    rows = [entry for entry in since if entry["table"] == "removals" and entry["rule"] not in (PUBLICATIONS, LOGS)]
    deliveries = {row["delivery"] for row in ledger.all_rows("deliveries")}
    by_hand = [entry for entry in rows if entry["rule"] == BY_HAND and entry["subject"] in deliveries]
    for entry in by_hand:
        ledger.record_removal(Removal(**{one.name: entry[one.name] for one in fields(Removal)}))
    removed = len(by_hand) + _remove_originals(work, rows)
    removed += len(purge_again(work, today, {entry["subject"]: entry["removed_by"] for entry in rows}))
    left = [entry["subject"] for entry in rows if entry["rule"] == ROWS and _is_there(work, entry)]
    return Again(removed, len(withdrawn), left)


def _remove_originals(work: Workspace, entries: list[Entry]) -> int:
    """Remove the originals that had been removed, whatever today's terms would say."""
    count = 0
    for entry in entries:
        for sha256 in entry["files"] if entry["rule"] != ROWS else ():
            if paths := kept_of(work.home.archive, sha256):
                rule = ORIGINAL if entry["rule"] == BY_HAND else entry["rule"]
                place = (entry["export"], entry["exercice"])
                said = (entry[name] for name in ("kept_until", "reason", "removed_by"))
                work.ledger.record_removal(Removal(rule, sha256, *place, [sha256], None, *said))
                take_away(work.home, work.ledger, paths)
                count += 1
    return count


def _is_there(work: Workspace, entry: Entry) -> bool:
    """True when the lake holds rows that were generalised, or that were removed because nothing counts them."""
    manifest = work.ledger.delivery(entry["subject"])
    if manifest is None or not any((work.home.lake / name).exists() for name in manifest.lake_files()):
        return False
    current = work.ledger.current().get((manifest.export_key, manifest.exercice))
    return bool(entry["successor"]) or current is None or current.manifest != manifest


def _usual_list(told: dict[str, Any]) -> Path:
    """Where the home had its list. Raises NoBackup when it is not on this machine."""
    file = Path(told["removals"])
    if not file.exists():
        raise NoBackup(
            f"la liste des retraits faits depuis le {day(told['made_at'])} n’est pas sur ce poste ({file}){NO_BREAK}: la donner par "
            "--removals FICHIER (une sauvegarde plus récente en tient une copie), ou déclarer par --nothing-removed que rien n’a été retiré"
        )
    return file


def _removed(source: Path, lists: list[Path]) -> dict[str, Entry]:
    """Everything in the lists, including the backup's own."""
    found = kept_apart(source / LIST) if (source / LIST).exists() else {}
    for file in lists:
        found |= kept_apart(file / LIST if file.is_dir() else file)
    return found


def _hand_over(aside: Home, target: Home, since: dict[str, Entry]) -> None:
    """Give the home its name, and the list beside its key everything that the others hold."""
    own, there = settings.removals_file(aside), settings.removals_file(target)
    known, made = (kept_apart(file) if file.exists() else {} for file in (there, own))
    keep_apart(there, [entry for name, entry in {**since, **made}.items() if name not in known])
    if own != there:
        own.unlink(missing_ok=True)
    if target.root.exists():
        target.root.rmdir()
    aside.root.rename(target.root)
    sync(target.root.parent)


def old_backup(work: Workspace, today: str) -> list[Finding]:
    """The finding that the last backup is older than ``MILLESIME_BACKUP_DAYS``; it depends on the day, so no
    publication contains it."""
    rule, most = work.rules[OLD], settings.backup_days()
    days = days_since_backup(work.home, work.ledger, today)
    if days is None or days <= most or not rule.is_on:
        return []
    expected = f"une sauvegarde de moins de {how_many(most + 1, 'jours')}"
    came = f"{how_many(days, 'jours')} sans sauvegarde"
    return [Finding(OLD, "alerte", 0, "sauvegarde", rule.titre, expected, came, aide=rule.aide)]
