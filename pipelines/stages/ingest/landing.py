"""What lies in the mailbox: ``landing/<exercice>/<system>/…``."""

from pathlib import Path

from pipelines.catalogue.registry import ExportRef, Registry

UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")


def files_of(landing: Path, ref: ExportRef, exercice: int) -> list[Path]:
    """The files of one export, whatever the case of their names, sorted by name; empty when nothing arrived.

    A link that leaves the mailbox is none: it could name any file of the system.
    """
    folder = landing / str(exercice)
    if not ref.export.files.startswith("/"):
        folder = folder / ref.system.system
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if ref.export.takes(path.name) and path.is_file() and not ignored(path) and not leaves(landing, path)
    )


def leaves(landing: Path, path: Path) -> bool:
    """True when a path of the mailbox is, by a link, a file outside of it."""
    return not path.resolve().is_relative_to(landing.resolve())


def ignored(path: Path) -> bool:
    """Hidden files, Office locks and files still being copied are not exports."""
    return path.name.startswith((".", "~$")) or path.name.endswith(UNFINISHED)


def unknown_files(landing: Path, registry: Registry, exercice: int) -> list[Path]:
    """Files of the year that no declaration claims."""
    folder = landing / str(exercice)
    if not folder.is_dir():
        return []
    known = {path for ref in registry.exports() for path in files_of(landing, ref, exercice)}
    return sorted(p for p in folder.rglob("*") if p.is_file() and not ignored(p) and p not in known)
