"""Opens the public part of each organisation, and proves that it is as it was published."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.disk import sha256_of
from pipelines.ledger.state import MANIFEST, STATE, files_of, read_manifest, read_state
from pipelines.publication import FOLDERS, MARTS, PUBLIC
from pipelines.sql import parquet_scan

OWN = "syndicat"  # what dim_collectivite calls the organisation itself
COMPARED = "rpt_comparaison__"  # tables that are already about other organisations


class SameMember(ValueError):
    """Two folders hold the public profile of one organisation."""


@dataclass(frozen=True)
class Member:
    """One organisation: ``code`` is its SIREN. For one that cannot be read, it is its folder's name, and ``absence`` says why (French)."""

    code: str
    name: str
    publication: str | None = None
    files: dict[str, Path] = field(default_factory=dict)  # ``schema.table`` → its Parquet
    absence: str | None = None


def read_members(folders: Iterable[Path]) -> list[Member]:
    """The organisations of homes, or of copies of their public folder, in order of code. Raises SameMember."""
    members: dict[str, Member] = {}
    for folder in folders:
        member = _read(folder.resolve())
        if member.code in members:
            raise SameMember(f"{folder} : {member.name} ({member.code}) est déjà donné par un autre dossier")
        members[member.code] = member
    return [members[code] for code in sorted(members)]


def _read(folder: Path) -> Member:
    public = folder / "published" / FOLDERS[PUBLIC]
    public = (public if public.parent.is_dir() else folder).resolve()
    manifest, absence = _proved(public)
    if manifest is None:
        return Member(folder.name, folder.name, absence=absence)
    files = {name.removesuffix(".parquet").replace("/", "."): public / name for name in manifest["files"]}
    files = {name: path for name, path in files.items() if not name.partition(".")[2].startswith(COMPARED)}
    identity = _identity(files)
    if identity is None:
        return Member(folder.name, folder.name, absence="le profil public ne dit pas de quelle organisation il est")
    return Member(*identity, manifest["publication"], files)


def _proved(public: Path) -> tuple[dict[str, Any] | None, str | None]:
    """The manifest of a public folder that is as it was published; otherwise None, and why."""
    if not (public / MANIFEST).is_file():
        return None, "aucun profil public n’est publié"
    try:
        manifest = read_manifest(public)
        said = {name: value for name, value in manifest.items() if name != "publication"}
        if manifest["publication"] != fingerprint(said)[:32] or _is_another(public):
            return None, "le manifeste du profil public a été modifié"
        there, listed = files_of(public), manifest["files"]
    except (OSError, ValueError, KeyError):
        return None, "le manifeste du profil public est abîmé"
    there.pop(MANIFEST)
    changed = sorted(name for name in there.keys() | listed.keys() if there.get(name) != listed.get(name))
    return (None, f"le profil public n’est plus tel qu’il a été publié ({changed[0]})") if changed else (manifest, None)


def _is_another(public: Path) -> bool:
    """True when the publication around it, if any, lists another manifest."""
    state = public.parent / STATE
    if not state.is_file():
        return False
    return read_state(public.parent)["files"].get(f"{public.name}/{MANIFEST}") != sha256_of(public / MANIFEST)


def _identity(files: dict[str, Path]) -> tuple[str, str] | None:
    """SIREN and short name, as the profile itself gives them."""
    import duckdb

    if (file := files.get(f"{MARTS}.dim_collectivite")) is None:
        return None
    with duckdb.connect() as db:
        return db.execute(
            f"select siren, libelle_collectivite from {parquet_scan(file)} where code_collectivite = '{OWN}' and siren is not null"
        ).fetchone()
