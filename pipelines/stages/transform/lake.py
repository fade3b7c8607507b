"""Checks that a build loads what was received: it hashes each lake file and compares it with the ledger.

Size and date prove nothing; hashing the demonstration's 361 files takes some 20 ms.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.disk import sha256_of
from pipelines.french import NO_BREAK
from pipelines.ledger.records import Manifest
from pipelines.ledger.unsound import Unsound
from pipelines.settings import Home


@dataclass(frozen=True)
class Changed:
    """A lake file that is not the one entered with its delivery; ``sha256`` is None when it is gone."""

    manifest: Manifest
    path: str  # inside the lake
    entered: str
    sha256: str | None

    def __str__(self) -> str:
        """The file, its delivery, and how to fix it."""
        whose = f"livraison {self.manifest.delivery[:12]} de {self.manifest.export_key} {self.manifest.exercice}"
        if self.sha256 is None:
            return f"lake/{self.path} ({whose}) a disparu, et son original n’est plus archivé{NO_BREAK}: remettre sa sauvegarde"
        return (
            f"lake/{self.path} ({whose}) n’est plus le fichier enregistré{NO_BREAK}: le supprimer et relancer "
            f"`millesime run {self.manifest.exercice}`, qui relit l’original archivé, ou remettre sa sauvegarde"
        )


class LakeChanged(Unsound):
    """Some files are not the ones received: nothing may be built from them."""

    def __init__(self, files: Sequence[Changed]):
        self.files = files
        super().__init__(" ; ".join(map(str, files)))


def changed_files(home: Home, manifests: Sequence[Manifest]) -> list[Changed]:
    """The files of these deliveries that are not those recorded in the ledger."""
    found = []
    for manifest in manifests:
        for path, entered in manifest.lake_files().items():
            file = home.lake / path
            sha256 = sha256_of(file) if file.is_file() else None
            if sha256 != entered:
                found.append(Changed(manifest, path, entered, sha256))
    return found


def refuse_changed_files(home: Home, manifests: Sequence[Manifest]) -> None:
    """Raise LakeChanged when a file of these deliveries is not the one recorded in the ledger."""
    if files := changed_files(home, manifests):
        raise LakeChanged(files)
