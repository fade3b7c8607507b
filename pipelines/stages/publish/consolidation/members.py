"""Opens the public part of each organisation, and proves that it is as it was published."""

import glob
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.disk import sha256_of
from pipelines.ledger.state import MANIFEST, STATE, files_of, read_manifest, read_state
from pipelines.publication import FOLDERS, MARTS, PUBLIC
from pipelines.sql import literal, parquet_scan

OWN = "syndicat"  # what dim_collectivite calls the organisation itself
PUBLISHED = "published"  # in a home
FIGURES, ORGANISATIONS = "rapport.chiffres", f"{MARTS}.dim_collectivite"
# What is read of another's profile, of which nothing but the manifest is known, and may be written in SQL or in a path.
TABLE = re.compile(rf"({MARTS}|rapport)\.[a-z][a-z0-9_]*")
COLUMN = re.compile(r"(?!siren_organisation$)[a-z_][a-z0-9_]*")
KEY = ["code", "exercice"]  # of the figures
TEXT = "VARCHAR"
READ = {
    FIGURES: {"exercice": "INTEGER", "valeur": "DECIMAL(20,6)"}
    | dict.fromkeys(("code", "statut", "etat", "code_manquant", "formule"), TEXT),
    ORGANISATIONS: dict.fromkeys(("code_collectivite", "libelle_collectivite", "siren"), TEXT),
}
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
    given = list(folders)
    members: dict[str, Member] = {}
    for folder, name in zip(given, _names(given), strict=True):
        member = _read(folder.resolve(), name)
        if member.code in members:
            raise SameMember(f"{folder} : {member.name} ({member.code}) est déjà donné par un autre dossier")
        members[member.code] = member
    return [members[code] for code in sorted(members)]


def _names(folders: Sequence[Path]) -> list[str]:
    """The name of each organisation until its profile is read: the shortest end of its path that no other has."""
    homes = [folder.absolute().parts for folder in folders]
    homes = [parts[:-1] if parts[-1] == FOLDERS[PUBLIC] else parts for parts in homes]
    homes = [parts[:-1] if parts[-1] == PUBLISHED else parts for parts in homes]
    for depth in range(1, max(map(len, homes), default=0) + 1):
        names = ["/".join(parts[-depth:]) for parts in homes]
        if len(set(names)) == len(set(homes)):
            return names
    return []


def _read(folder: Path, name: str) -> Member:
    public = folder / PUBLISHED / FOLDERS[PUBLIC]
    public = (public if public.parent.is_dir() else folder).resolve()
    manifest, absence = _proved(public)
    if manifest is None:
        return Member(name, name, absence=absence)
    files = {one.removesuffix(".parquet").replace("/", "."): public / one for one in manifest["files"]}
    files = {one: path for one, path in files.items() if not one.partition(".")[2].startswith(COMPARED)}
    if absence := _fault(files):
        return Member(name, name, absence=absence)
    identity = _identity(files)
    if identity is None:
        return Member(name, name, absence="le profil public ne dit pas de quelle organisation il est")
    return Member(*identity, manifest["publication"], files)


def _fault(files: dict[str, Path]) -> str | None:
    """Why the tables of a profile cannot be compared with those of others (French), whoever wrote it; None when they can."""
    if FIGURES not in files:
        return f"le profil public n’a pas de chiffres ({FIGURES})"
    with duckdb.connect() as db:
        for name, path in files.items():
            try:
                is_sound = TABLE.fullmatch(name) and path.suffix == ".parquet" and _is_sound(db, name, path)
            except (duckdb.Error, ValueError, TypeError, AttributeError):
                is_sound = False
            if not is_sound:
                return f"le profil public n’a pas la forme de ceux de cette version ({name})"
    return None


def _is_sound(db: Any, name: str, path: Path) -> bool:
    """True when a table has the columns that are read, under plain names, and one row for each value of its key."""
    columns = {column: kind for column, kind, *_ in db.execute(f"describe from {parquet_scan(path)}").fetchall()}
    needed, key = READ.get(name, {}), KEY if name == FIGURES else described(db, path)["primary_key"]
    if not (all(map(COLUMN.fullmatch, columns)) and needed.items() <= columns.items() and set(key) <= columns.keys()):
        return False
    if not key:
        return True
    (more,) = db.execute(
        f"select count(*) - count(distinct row({', '.join(key)})) from {parquet_scan(path)}"
    ).fetchone()
    return not more


def described(db: Any, path: Path) -> dict[str, Any]:
    """What a published Parquet says of itself: its table, the sentence of each of its columns, its key."""
    pairs = db.execute(
        f"select decode(key), decode(value) from parquet_kv_metadata({literal(glob.escape(str(path)))})"
    ).fetchall()
    found = dict(pairs)
    columns = json.loads(found.get("columns", "{}"))
    return {
        "description": found.get("description"),
        "columns": {name: one.get("description") for name, one in columns.items()},
        "primary_key": json.loads(found.get("primary_key", "[]")),
    }


def _proved(public: Path) -> tuple[dict[str, Any] | None, str | None]:
    """The manifest of a public folder that is as it was published; otherwise None, and why."""
    try:
        if not (public / MANIFEST).is_file():
            return None, "aucun profil public n’est publié"
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
    if (file := files.get(ORGANISATIONS)) is None:
        return None
    with duckdb.connect() as db:
        return db.execute(
            f"select siren, libelle_collectivite from {parquet_scan(file)} where code_collectivite = '{OWN}' "
            "and regexp_full_match(siren, '[0-9]{9}') and libelle_collectivite is not null"
        ).fetchone()
