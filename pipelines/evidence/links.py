"""Checks the links between what the ledger entered and the lists of what is kept, both ways: each entry has its list, each
list its entry, and one says what the other does.

    deliveries, refusals, populations ↔ archive, lake;   builds ↔ deliveries;   publications ↔ builds/;   releases ↔ releases/;
    sendings ↔ transmissions/

So a list that somebody wrote again, entry included, still says what the rest of the ledger does.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.disk import read_json
from pipelines.french import NO_BREAK
from pipelines.ledger.chain import Head
from pipelines.ledger.closing import (
    ADDED_BY_HAND,
    LISTS,
    NAMES,
    PARTS,
    REWRITTEN,
    SUMS,
    Looked,
    Sums,
    folder_of,
    is_by_hand,
    is_list,
    list_of,
    problem,
    refused_name,
)
from pipelines.ledger.records import Manifest
from pipelines.ledger.state import STATE, covered_by, sealed
from pipelines.ledger.store import Ledger
from pipelines.settings import Home

NOT_ARCHIVED = ("FIC-TAILLE", "FIC-INSTABLE")  # the rules that refuse a file before it is archived
AGAIN = "le registre porte des écritures différentes de ce qui ne s’écrit qu’une fois"


def json_of(path: Path) -> dict[str, Any]:
    """An object that was written as JSON; empty when it is gone or damaged, which its own check reports."""
    try:
        return read_json(path)
    except (OSError, ValueError):
        return {}


def head_in(state: dict[str, Any]) -> Head | None:
    """The head of the ledger that a state rests on; None when it has none."""
    kept = state.get("ledger")
    types = {name: type(value) for name, value in kept.items()} if isinstance(kept, dict) else {}
    return Head(**kept) if types == {"entries": int, "hash": str} else None


@dataclass(frozen=True)
class Links:
    """The ledger of a home, and what its lists say. Every check yields one French sentence a problem."""

    home: Home
    ledger: Ledger
    looked: Looked

    def problems(self) -> Iterator[str]:
        """All of them."""
        for check in (self.deliveries, self.builds, self.publications, self.releases, self.sendings, self.closed_again):
            yield from check()

    @cached_property
    def said(self) -> dict[str, dict[str, str | None]]:
        """List of the archive or the lake → what the ledger says that it is over: path in the home → SHA-256; None for what may
        be there, or be no more, without any entry."""
        said: dict[str, dict[str, str | None]] = {}
        archive, lake = self.home.archive.name, self.home.lake.name

        def originals(name: str, sha256s: Iterable[str], *, is_sure: bool = True) -> None:
            kept = {f"{archive}/{one}": one if is_sure else None for one in sha256s}
            names = {f"{archive}/{NAMES}/{Path(one).name}": None for one in kept}
            said[f"{archive}/{PARTS}/{name}"] = kept | names

        closed = {row["sums"] for row in self.ledger.all_rows("closings")}
        for row in self.ledger.all_rows("refusals"):
            name = refused_name(row["files"])
            is_sure = row["rule"].get("code") not in NOT_ARCHIVED and f"{archive}/{PARTS}/{name}" in closed
            originals(name, [file["sha256"] for file in row["files"]], is_sure=is_sure)
        for sha256 in {one for kept in self.ledger.populations().values() for one in kept}:
            originals(sha256[:32], [sha256])
        for manifest in self.manifests:
            originals(manifest.delivery, [file.sha256 for file in manifest.files])
            rows = {f"{lake}/{name}": sha256 for name, sha256 in manifest.lake_files().items()}
            said[f"{lake}/{PARTS}/{manifest.delivery}"] = {**rows, f"{lake}/{manifest.lake_manifest}": None}
        return said

    @cached_property
    def manifests(self) -> list[Manifest]:
        """The deliveries."""
        return [Manifest.from_dict(row["manifest"]) for row in self.ledger.all_rows("deliveries")]

    @cached_property
    def withdrawn(self) -> list[tuple[int, str]]:
        """Number of a withdrawal, path in the home of what it took from a publication."""
        found = []
        for row in self.ledger.all_rows("withdrawals"):
            own = f"{self.home.builds.name}/{row['publication']}/"
            found += [(row["seq"], place.replace(f"{self.home.published.name}/", own, 1)) for place in row["places"]]
        return found

    def deliveries(self) -> Iterator[str]:
        """Nothing that was received is lacking in a list but what was removed, and no list is over anything else."""
        gone = self.ledger.removed()
        for file, sums in self.looked.lists.items():
            if Path(file).parent.name == PARTS and file not in self.said:
                yield f"{file}{NO_BREAK}: cette liste n’est celle d’aucune livraison du registre"
            elif file in self.said:
                for name in sums.keys() - self.said[file].keys() - {file}:
                    yield f"{name}{NO_BREAK}: n’est pas de ce que {Path(file).name[:12]} a donné"
        for file, names in self.said.items():
            whose, sums = Path(file).name, self.looked.lists.get(file, {})
            for name, sha256 in names.items():
                known, own = sums.get(name), sha256 if folder_of(file) == self.home.archive.name else whose
                is_gone = known is None and (own in gone or self._is_unknown(file))
                if sha256 and known != sha256 and not is_gone:
                    yield f"{name}{NO_BREAK}: n’est pas gardé tel que {whose[:12]} l’a donné"
        for manifest in self.manifests:
            path = self.home.lake / manifest.lake_manifest
            if self.looked.stands(path) and _manifest(path) != manifest:
                yield problem(self.home, path, "n’est pas celui que le registre connaît")

    def builds(self) -> Iterator[str]:
        """What was published or frozen was built, and what was built was received."""
        builds, received = self.ledger.all_rows("builds"), {one.delivery for one in self.manifests}
        for row in builds:
            if lacking := sorted(set(row["deliveries"]) - received):
                yield f"builds {row['seq']}{NO_BREAK}: la livraison {lacking[0][:12]} n’est pas au registre"
        made = {row["build"] for row in builds if row["succeeded"]}
        for table in ("publications", "releases"):
            for row in self.ledger.all_rows(table):
                if row["build"] not in made:
                    yield f"{table} {row['seq']}{NO_BREAK}: la construction {row['build'][:12]} n’est pas au registre"

    def publications(self) -> Iterator[str]:
        """What is published is the last publication of the ledger, and each list of a publication that of one."""
        rows, link = self.ledger.all_rows("publications"), self.home.published
        folder = self.home.builds / link.resolve().name
        if rows and not self._is_unknown(f"{self.home.builds.name}/{folder.name}/{SUMS}"):
            if not link.is_symlink() or link.resolve() != folder or not folder.is_dir():
                yield f"{link.name}{NO_BREAK}: n’est pas un lien vers une publication"
            elif self.looked.of(folder / STATE) != rows[-1]["state"]:
                yield f"{link.name}{NO_BREAK}: n’est pas la dernière publication du registre"
        for file in self._lists(self.home.builds):
            place = folder_of(file)
            name, path = Path(place).name.partition(".")[0], self.home.root / place / STATE
            own = [row for row in rows if row["publication"] == name and row["state"] == self.looked.of(path)]
            if not own:
                yield f"{file}{NO_BREAK}: cette liste n’est celle d’aucune publication du registre"
            else:
                yield from self._state(file, path, "publications", own)

    def releases(self) -> Iterator[str]:
        """Each release is closed, each list of a release that of one, and it says of itself what the ledger entered."""
        rows = {
            list_of(self.home, self.home.releases / row["release"]): row for row in self.ledger.all_rows("releases")
        }
        for file in self._lists(self.home.releases):
            if file not in rows:
                yield f"{file}{NO_BREAK}: cette liste n’est celle d’aucune version du registre"
        for file, row in rows.items():
            path = self.home.releases / row["release"] / STATE
            if file not in self.looked.lists:
                yield problem(self.home, path.parent, "aucune liste de cette version n’est au registre")
            elif self._is_unknown(file):
                continue
            elif row["state"] != self.looked.of(path) or (self.looked.stands(path) and not _is_sealed(path, row)):
                yield problem(self.home, path, "n’est pas l’état de la version que le registre connaît")
            else:
                yield from self._state(file, path, "releases", [row])

    def _state(self, file: str, path: Path, table: str, own: list[dict[str, Any]]) -> Iterator[str]:
        """A state rests on what precedes its entry (one of ``own``), and says of files what the list beside it does."""
        if not self.looked.stands(path):
            return  # that is reported for the file
        state, place = json_of(path), f"{folder_of(file)}/"
        if state.get("build") not in {row["build"] for row in own}:
            yield problem(self.home, path, "n’est pas de la construction que le registre connaît")
        head = head_in(state)
        entries = [(table, row["seq"]) for row in own]
        if head and head not in map(self.ledger.settled_head, entries):
            yield problem(self.home, path, "l’état ne repose pas sur les écritures qui précèdent la sienne")
        gone = tuple(f"{one}/" for _, one in self.withdrawn if one.startswith(place))
        names = (name for name in self.looked.lists[file] if name not in (file, place + path.name))
        kept = {name.removeprefix(place): self.looked.listed[name] for name in names}
        for name in covered_by(state, kept, is_release=table == "releases"):
            if not f"{place}{name}".startswith(gone or "\0") or name in kept:
                yield f"{place}{name}{NO_BREAK}: n’est pas ce que dit {path.name}"

    def sendings(self) -> Iterator[str]:
        """What was sent to a member is kept as it went, and nothing was added to it."""
        sent: Sums = {}
        for row in self.ledger.all_rows("sendings"):
            place = f"{self.home.transmissions.name}/{row['release']}/{row['profile']}"
            sent |= {f"{place}/{name}": sha256 for name, sha256 in row["files"].items()}
        for name, sha256 in sent.items():
            is_letter = is_by_hand(name, REWRITTEN + ADDED_BY_HAND)  # whose list says nothing until it is sent
            differs = self.looked.listed.get(name) != sha256
            file = "/".join([*name.split("/")[:3], SUMS])
            if not self._is_unknown(file) and (
                differs or (is_letter and not self.looked.stands(self.home.root / name))
            ):
                yield f"{name}{NO_BREAK}: n’est pas ce qui est parti"
        members = {tuple(name.split("/")[:4]) for name in sent}
        releases = {row["release"] for row in self.ledger.all_rows("releases")}
        for file in self._lists(self.home.transmissions):
            if file.split("/")[1] not in releases:
                yield f"{file}{NO_BREAK}: cette liste n’est celle d’aucune version du registre"
            for name in self.looked.lists[file].keys() - sent.keys() - {file}:
                if tuple(name.split("/")[:4]) in members or name.count("/") == file.count("/"):
                    yield f"{name}{NO_BREAK}: n’est pas de ce qui est parti"

    def closed_again(self) -> Iterator[str]:
        """What is written once was closed once: its list changes only by a removal of its own, entered before, which explains
        one change, and once for a release, when its pages complete it."""
        order, causes = self.ledger.order(), self._causes()
        once = (self.home.archive.name, self.home.lake.name, self.home.builds.name, self.home.releases.name)
        before: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in self.ledger.all_rows("closings"):
            file = row["sums"]
            top = file.partition("/")[0]
            if not is_list(file) or top not in once or (LISTS[top] is None and file not in self.said):
                continue
            former = before[file]
            former.append(row)
            if len(former) == 1:
                continue
            was = former[-2]
            is_alike = row["alike"] in {one["alike"] for one in former[:-1] if one["sha256"]}
            if LISTS[top] is None:  # what comes again, and is the same: entries say what it is
                is_free = is_alike or not was["sha256"]
            elif top == self.home.builds.name:  # a former publication goes without an entry
                is_free = not row["sha256"] or (is_alike and not was["sha256"])
            else:
                is_free = bool(row["sha256"] and was["sha256"]) and len(former) == 2  # completed
            if not is_free:
                now = order.get(("closings", row["seq"]), 0)
                own = next((cause for cause in causes[file] if order.get(cause, 0) < now), None)
                if own is None:
                    yield f"{file}{NO_BREAK}: {AGAIN}"
                else:
                    causes[file].remove(own)

    def _causes(self) -> dict[str, list[tuple[str, int]]]:
        """List → the entries (table, row) of what was removed from it."""
        subjects: dict[str, list[str]] = defaultdict(list)  # SHA-256 of an original, delivery of rows → lists
        for file, names in self.said.items():
            if folder_of(file) == self.home.lake.name:
                subjects[Path(file).name].append(file)
            for name in names if folder_of(file) == self.home.archive.name else ():
                subjects[Path(name).name].append(file)
        found: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for row in self.ledger.all_rows("removals"):
            for file in {file for one in (row["subject"], *row["files"]) for file in subjects[one]}:
                found[file].append(("removals", row["seq"]))
        for seq, file in dict.fromkeys((seq, "/".join([*place.split("/")[:2], SUMS])) for seq, place in self.withdrawn):
            found[file].append(("withdrawals", seq))
        return found

    def _lists(self, folder: Path) -> list[str]:
        """The lists in a folder that are as entered."""
        return [file for file in self.looked.lists if file.startswith(f"{folder.name}/") and not self._is_unknown(file)]

    def _is_unknown(self, file: str) -> bool:
        """True for a list that is not as entered."""
        return file in self.looked.wrong


def _manifest(path: Path) -> Manifest | None:
    try:
        return Manifest.from_dict(json_of(path))
    except (KeyError, TypeError, AttributeError):
        return None


def _is_sealed(path: Path, row: dict[str, Any]) -> bool:
    """True when a release has the fingerprint that was entered."""
    try:
        return fingerprint(sealed(json_of(path))) == row["fingerprint"]
    except (KeyError, TypeError):
        return False
