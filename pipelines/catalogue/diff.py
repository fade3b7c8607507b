"""Finds what a home changes in the shipped catalogue, and which of the things it replaced have changed upstream since.

``upstream.json``, in the home's ``catalogue/``, records what a shipped thing was when the home's own last changed:
nobody has to write it down.
"""

import json
from collections.abc import Iterator
from typing import Literal, NamedTuple

from pipelines.catalogue.load import Catalogue
from pipelines.catalogue.overlay import Thing
from pipelines.disk import read_json, written_whole
from pipelines.settings import Home

NOTES = "upstream.json"


class Own(NamedTuple):
    """One named thing of a home, and the shipped one that it replaces."""

    kind: str
    thing: Thing
    shipped: Thing | None

    @property
    def effect(self) -> Literal["added", "replaced", "switched off"]:
        """What it does to the shipped catalogue."""
        return "switched off" if not self.thing.enabled else "replaced" if self.shipped else "added"

    @property
    def key(self) -> str:
        """Its identifier among all kinds."""
        return f"{self.kind} {self.thing.name}"


def things_of_home(catalogue: Catalogue) -> Iterator[Own]:
    """Everything that the home declares, kind by kind."""
    for kind, overlay in catalogue.overlays.items():
        for thing in [*overlay.on.values(), *overlay.off.values()]:
            if catalogue.is_own(thing.path):
                yield Own(kind, thing, overlay.replaced.get(thing.name))


def note_upstream(catalogue: Catalogue, home: Home, *, again: bool = False) -> None:
    """Record what the shipped things that the home replaces are; those already recorded stay, unless ``again``."""
    notes = {} if again else _notes(home)
    kept = {
        key: notes.get(key, now) if notes.get(key, {}).get("own") == now["own"] else now for key, now in _now(catalogue)
    }
    if kept != _notes(home):
        with written_whole(home.root / "catalogue" / NOTES) as file:
            json.dump(kept, file, indent=1, sort_keys=True)


def changed_upstream(catalogue: Catalogue, home: Home) -> set[str]:
    """The keys of the things whose shipped version is not the one recorded."""
    note_upstream(catalogue, home)
    notes = _notes(home)
    return {key for key, now in _now(catalogue) if notes[key]["shipped"] != now["shipped"]}


def _now(catalogue: Catalogue) -> Iterator[tuple[str, dict[str, str]]]:
    for one in things_of_home(catalogue):
        if one.shipped:
            yield one.key, {"own": one.thing.identity, "shipped": one.shipped.identity}


def _notes(home: Home) -> dict[str, dict[str, str]]:
    try:
        return read_json(home.root / "catalogue" / NOTES)
    except (OSError, ValueError):  # none yet, or damaged: recorded afresh
        return {}
