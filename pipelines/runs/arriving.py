"""What is still on its way into landing: left aside by a run, and named."""

from dataclasses import dataclass

from pipelines import settings
from pipelines.catalogue.registry import ExportRef
from pipelines.catalogue.shown_name import in_utf8
from pipelines.disk import sha256_of
from pipelines.ledger.workspace import Workspace
from pipelines.stages.ingest import landing


@dataclass(frozen=True)
class Aside:
    """A file for which an export of an exercice waits, and why; of files whose names may be persons', their pattern."""

    export: str
    exercice: int
    fichier: str
    raison: str


def landed(work: Workspace, exercice: int) -> dict[str, frozenset[str]]:
    """``system/export`` → the SHA-256 of its files in the mailbox."""
    return {
        ref.key: frozenset(sha256_of(path) for path in landing.files_of(work.home.landing, ref, exercice))
        for ref in work.exports(exercice)
    }


def arriving(work: Workspace, ref: ExportRef, exercice: int) -> list[Aside]:
    """What keeps an export from being read now (``MILLESIME_QUIET``); nothing when it is entirely there, or not at all."""
    named: dict[tuple[str, str], None] = {}
    for path, why in landing.arriving(work.home.landing, ref, exercice, settings.quiet()):
        shown = path.with_name(ref.export.files.removeprefix("/")) if ref.export.nominative else path
        named[in_utf8(str(shown.relative_to(work.home.root))), why] = None
    return [Aside(ref.key, exercice, file, why) for file, why in named]
