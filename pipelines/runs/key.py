"""The key that pseudonyms are made with: only the one whose fingerprint is in the ledger is accepted.

A key is made only for a new home. With another key, the same persons would get other pseudonyms and figures would change
silently, so the program checks the key before it reads anything.
"""

from pathlib import Path

from pipelines import settings
from pipelines.french import NO_BREAK
from pipelines.ledger.workspace import Workspace
from pipelines.stages.ingest.pseudonym import KeyRefused, fingerprint, load_key, make_key, write_key

IMPORT = "`millesime key import FICHIER`"


def key_of(work: Workspace) -> bytes:
    """The home's key. Raises KeyRefused when it is missing, or is not the one its deliveries were read with."""
    path = settings.key_file(work.home)
    if not path.exists():
        known = work.ledger.key()
        by_hand = f"pour un dossier fait à la main, {IMPORT}, de 32 octets tirés au sort"
        fix = f"`millesime init` en crée une avec le dossier ; {by_hand}"
        if known:
            fix = f"apporter celle d’empreinte {known} par {IMPORT} ; là où elle est encore, `millesime key export FICHIER` l’écrit"
        raise KeyRefused(f"la clé des pseudonymes manque ({path}){NO_BREAK}: {fix}")
    key = load_key(path)
    refuse_another(work, key, path)
    return key


def enter_key(work: Workspace) -> bytes:
    """The home's key, recorded in the ledger if none was. Raises KeyRefused."""
    key = key_of(work)
    if work.ledger.key() is None:
        work.ledger.record_key(fingerprint(key))
    return key


def give_key(work: Workspace) -> None:
    """Make a key for a home that never had one, and enter it. Raises KeyRefused."""
    if work.ledger.key() is None:
        make_key(settings.key_file(work.home))
    enter_key(work)


def fingerprint_of(work: Workspace) -> str:
    """The identifier of the home's key. Raises KeyRefused."""
    return fingerprint(key_of(work))


def export_key(work: Workspace, target: Path) -> None:
    """Write the home's key in the new file ``target``. Raises KeyRefused, and FileExistsError."""
    write_key(target, key_of(work))


def import_key(work: Workspace, source: Path) -> Path:
    """Put the key from the file ``source`` where the home looks for it, and return that place. Raises KeyRefused."""
    key, path = load_key(source), settings.key_file(work.home)
    refuse_another(work, key, source)
    if path.exists() and path.read_bytes() != key:
        raise KeyRefused(f"{path} contient une autre clé{NO_BREAK}: déplacer ce fichier, puis recommencer")
    if not path.exists():
        write_key(path, key)
    enter_key(work)
    return path


def refuse_another(work: Workspace, key: bytes, path: Path) -> None:
    """Raise KeyRefused unless ``key``, read in ``path``, is the one recorded in the ledger, or none is."""
    known = work.ledger.key()
    fix = f"remettre la bonne à sa place ({IMPORT})"
    if known not in (None, fingerprint(key)):
        raise KeyRefused(
            f"la clé de {path} (empreinte {fingerprint(key)}) n’est pas celle du registre (empreinte {known}){NO_BREAK}: {fix}"
        )
