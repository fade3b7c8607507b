"""Files of landing that may still be arriving: a run leaves them aside and names them."""

from collections.abc import Collection
from dataclasses import dataclass

from pipelines import settings
from pipelines.catalogue.shown_name import in_utf8
from pipelines.catalogue.sources import ExportRef
from pipelines.ledger.workspace import Workspace
from pipelines.stages.ingest import landing


@dataclass(frozen=True)
class Aside:
    """A file that an export of an exercice is waiting for, and why; its pattern instead, when file names may be persons'."""

    export: str
    exercice: int
    fichier: str
    raison: str


def landed(work: Workspace, exercice: int) -> dict[str, frozenset[str]]:
    """``system/export`` → the SHA-256 of its files in the mailbox."""
    return {
        ref.key: frozenset(landing.known_by(path) for path in landing.files_of(work.home.landing, ref, exercice))
        for ref in work.exports(exercice)
    }


def arriving(work: Workspace, ref: ExportRef, exercice: int, *, stands: bool = False) -> list[Aside]:
    """What prevents an export from being read now (``MILLESIME_QUIET``); empty if it is complete, or absent.

    ``stands``: its files are already accepted, so it does not matter when they changed; a temporary file beside them
    belongs to another export, still to come.
    """
    named: dict[tuple[str, str], None] = {}
    for path, why in landing.arriving(work.home.landing, ref, exercice, 0 if stands else settings.quiet()):
        shown = path.with_name(ref.export.files.removeprefix("/")) if ref.export.nominative else path
        named[in_utf8(str(shown.relative_to(work.home.root))), why] = None
    return [Aside(ref.key, exercice, file, why) for file, why in named]


def strays(work: Workspace, exercice: int, sources: Collection[str] | None) -> list[Aside]:
    """Temporary files that belong to no declared file: they delay nothing, but are reported."""
    of_persons = {ref.system.system for ref in work.registry.exports() if ref.export.nominative}
    found = []
    for path in landing.strays(work.home.landing, work.registry, exercice):
        place = path.relative_to(work.home.landing / str(exercice)).parts[0]
        if not sources or place in sources:
            shown = path.with_name(f"*{path.suffix}") if place in of_persons else path
            file = in_utf8(str(shown.relative_to(work.home.root)))
            found.append(Aside(place if path.parent.name == place else "landing", exercice, file, "fichier temporaire"))
    return found
