"""Closes the folders of a home whose ledger is older than ``closings``, upon what that ledger recorded of them.

Nothing is taken for granted: what is gone, was changed or was added since it was recorded still shows.
"""

from collections.abc import Iterable
from pathlib import Path

from pipelines.disk import read_json, sha256_of
from pipelines.ledger.closing import (
    LISTS,
    NAMES,
    PARTS,
    REWRITTEN,
    SUMS,
    Entries,
    Sums,
    enter,
    is_by_hand,
    names_in,
    refused_name,
    sums_of,
)
from pipelines.ledger.records import Manifest
from pipelines.ledger.state import LEDGER, state_file
from pipelines.settings import Home

WHOLE = {"exports": 3, "transmissions": 4}  # how many names make up a folder that was written whole each time


def close_former(home: Home, ledger: Entries) -> None:
    """Write and enter the list of every folder that is there."""
    gone = ledger.removed()
    for row in ledger.all_rows("deliveries"):
        manifest = Manifest.from_dict(row["manifest"])
        rows, own = manifest.lake_files(), manifest.lake_manifest
        if (home.lake / own).is_file():  # what it says is compared with the entry
            rows[own] = sha256_of(home.lake / own)
        _part(home, ledger, home.lake, manifest.delivery, rows, gone)
        _part(home, ledger, home.archive, manifest.delivery, _originals(home, (f.sha256 for f in manifest.files)), gone)
    for row in ledger.all_rows("refusals"):
        kept = [file["sha256"] for file in row["files"] if (home.archive / file["sha256"]).exists()]
        _part(home, ledger, home.archive, refused_name(row["files"]), _originals(home, kept), gone)
    for sha256 in {one for kept in ledger.populations().values() for one in kept}:
        _part(home, ledger, home.archive, sha256[:32], {sha256: sha256}, gone)
    recorded = _recorded(home, ledger)
    made = [home.root / top for top, depth in LISTS.items() if depth == 0]
    made += [
        one for top, depth in LISTS.items() if depth for one in (home.root / top).glob("/".join(["[!.]*"] * depth))
    ]
    # what a former version recorded nothing of is closed as it was found
    is_unrecorded = not ledger.all_rows("writings")
    are_sendings_unrecorded = not any(Path(path).is_relative_to(home.transmissions.name) for path in recorded)
    for folder in [folder for folder in made if folder.is_dir()]:
        place = folder.relative_to(home.root)
        if folder.parent == home.builds:
            place = place.with_name(place.name.partition(".")[0])  # a second folder of the same publication
        sums = {
            Path(path).relative_to(place).as_posix(): sha256
            for path, sha256 in recorded.items()
            if Path(path).is_relative_to(place) and (folder != home.exports or Path(path).parent == place)
        }
        if (folder / LEDGER).is_file():
            sums[LEDGER] = sha256_of(folder / LEDGER)
        found = [name for name in names_in(folder) if name != SUMS]
        if not (are_sendings_unrecorded if folder.is_relative_to(home.transmissions) else is_unrecorded):
            found = [name for name in found if is_by_hand(f"{place}/{name}", REWRITTEN)]  # a letter, until it is sent
        sums = sums_of(folder, found) | sums
        if sums:
            enter(home, ledger, folder / SUMS, sums)


def _originals(home: Home, sha256s: Iterable[str]) -> Sums:
    found = {sha256: sha256 for sha256 in sha256s}
    names = [name for name in (f"{NAMES}/{sha256}" for sha256 in found) if (home.archive / name).is_file()]
    return found | sums_of(home.archive, names)


def _part(home: Home, ledger: Entries, folder: Path, name: str, sums: Sums, gone: set[str]) -> None:
    left = {file: one for file, one in sums.items() if (folder / file).exists() or not {one, name} & gone}
    if left:
        enter(home, ledger, folder / PARTS / name, left)


def _recorded(home: Home, ledger: Entries) -> Sums:
    """Path in the home → SHA-256 of everything that states and writings say of publications, releases and pages."""
    found: Sums = {}
    for table, top in (("publications", home.builds), ("releases", home.releases)):
        for row in ledger.all_rows(table):
            folder = top / row[table.removesuffix("s")]
            path = state_file(folder)
            if path.is_file():
                found[path.relative_to(home.root).as_posix()] = row["state"] or sha256_of(path)
                place = folder.relative_to(home.root).as_posix()
                found |= {f"{place}/{name}": sha256 for name, sha256 in read_json(path).get("files", {}).items()}
    for row in ledger.all_rows("writings"):
        said = {name.replace("published/", f"builds/{row['subject']}/", 1): one for name, one in row["files"].items()}
        anew = {_whole(name) for name in said} - {None}
        found = {name: one for name, one in found.items() if _whole(name) not in anew}
        for name, sha256 in said.items():
            parts = Path(name).parts
            if parts[0] not in ("builds", "releases") or name.endswith(".duckdb"):
                found[name] = sha256
            elif parts[1] == row["subject"]:  # written once
                found.setdefault(name, sha256)
    return found


def _whole(name: str) -> str | None:
    depth = WHOLE.get(Path(name).parts[0])
    return "/".join(Path(name).parts[:depth]) if depth else None
