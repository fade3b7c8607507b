"""The key that pseudonyms are made with: only the one whose fingerprint is in the ledger is accepted.

A key is made only for a new home. With another key, the same persons would get other pseudonyms and figures would change
silently, so the program checks the key before it reads anything.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from pipelines import settings
from pipelines.catalogue.rules import DeliveryRefused
from pipelines.catalogue.sources import ExportRef
from pipelines.evidence.parquet import select
from pipelines.french import NO_BREAK
from pipelines.ledger.records import Manifest
from pipelines.ledger.workspace import Workspace
from pipelines.settings import Home
from pipelines.stages.ingest.archived_lines import laid_out
from pipelines.stages.ingest.delivery import delivery_id, ingest
from pipelines.stages.ingest.pseudonym import KeyRefused, fingerprint, load_key, make_key, write_key

IMPORT = "`millesime key import FICHIER`"


def key_of(work: Workspace) -> bytes:
    """The home's key. Raises KeyRefused when it is missing, or is not the one its deliveries were read with."""
    path = settings.key_file(work.home)
    if not path.exists():
        known = work.ledger.key()
        by_hand = f"pour un dossier fait à la main, {IMPORT}, de 32 octets tirés au sort"
        fix = f"`millesime init` en crée une avec le dossier ; {by_hand}"
        if known or work.ledger.current():
            which = f"d’empreinte {known}" if known else "avec laquelle les livraisons ont été lues"
            fix = f"apporter celle {which} par {IMPORT} ; là où elle est encore, `millesime key export FICHIER` l’écrit"
        raise KeyRefused(f"la clé des pseudonymes manque ({path}){NO_BREAK}: {fix}")
    key = load_key(path)
    refuse_another(work, key, path)
    return key


def enter_key(work: Workspace) -> bytes:
    """The home's key, recorded in the ledger if none was; the deliveries of an older home prove that it is the right
    one. Raises KeyRefused."""
    key = key_of(work)
    if work.ledger.key() is None:
        work.ledger.record_key(fingerprint(key))
    return key


def give_key(work: Workspace) -> None:
    """Make a key for a home that never had one, and enter it. Raises KeyRefused."""
    if work.ledger.key() is None and not work.ledger.current():
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
    """Raise KeyRefused unless ``key``, read in ``path``, is the one recorded in the ledger or proved by the deliveries."""
    known = work.ledger.key()
    fix = f"remettre la bonne à sa place ({IMPORT})"
    if known not in (None, fingerprint(key)):
        raise KeyRefused(
            f"la clé de {path} (empreinte {fingerprint(key)}) n’est pas celle du registre (empreinte {known}){NO_BREAK}: {fix}"
        )
    if known is None and not _was_used(work, key):
        raise KeyRefused(
            f"la clé de {path} (empreinte {fingerprint(key)}) n’est pas celle avec laquelle les livraisons ont été lues"
            f"{NO_BREAK}: {fix}"
        )


def _was_used(work: Workspace, key: bytes) -> bool:
    """False if the current deliveries show that they were read with another key.

    A delivery's name depends on the key. If today's declarations give all of them another name, one is read again
    beside the home, and must contain a person that it contained before.
    """
    refs = {ref.key: ref for ref in work.registry.exports()}
    standing = [(refs[name], c.manifest) for (name, _), c in work.ledger.current().items() if name in refs]
    if any(delivery_id(ref, m.exercice, m.files, key) == m.delivery for ref, m in standing):
        return True
    of_persons = [one for one in standing if _pseudonymised(one[0])]
    for ref, manifest in sorted(of_persons, key=lambda one: sum(file.size for file in one[1].files)):
        if (knows := _knows_somebody(work.home, ref, manifest, key)) is not None:
            return knows
    return True


def _pseudonymised(ref: ExportRef) -> list[tuple[str, str]]:
    """(table, column) of everything pseudonymised in an export."""
    return [(t.name, f.name) for t in ref.export.tables for f in t.kept_fields if f.personal == "pseudonymise"]


def _knows_somebody(home: Home, ref: ExportRef, manifest: Manifest, key: bytes) -> bool | None:
    """Whether a delivery, read again with ``key``, has a pseudonym that it had before; None when it has none, or cannot
    be read."""
    with tempfile.TemporaryDirectory(prefix="millesime-key-") as folder:
        beside = Home(Path(folder))
        beside.landing.mkdir()
        paths = laid_out(home, manifest, beside.landing)
        if not paths:
            return None
        try:
            again = ingest(beside, ref, manifest.exercice, paths, key)
        except DeliveryRefused:
            return None
        before, after = set(_persons(home, manifest, ref)), set(_persons(beside, again, ref))
    return bool(before & after) if before and after else None


def _persons(home: Home, manifest: Manifest, ref: ExportRef) -> Iterator[str]:
    for table, column in _pseudonymised(ref):
        rows = home.lake / manifest.tables[table].parquet if table in manifest.tables else None
        if rows and rows.exists():
            found = select(rows, f'select distinct "{column}" as person from {{parquet}} where "{column}" is not null')
            yield from (row["person"] for row in found)
