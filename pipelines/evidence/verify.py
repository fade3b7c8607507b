"""Proves that everything the ledger recorded is still there, unchanged: the chain, the archive, the lake, the publication.

It checks everything that the ledger lists, not only the files that exist, so that a missing file is noticed. It writes
nothing, and names, in French, the file or entry of every problem.
"""

import sqlite3
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.catalogue.fingerprint import fingerprint
from pipelines.disk import read_json, sha256_of
from pipelines.french import NO_BREAK
from pipelines.ledger.chain import Head, check
from pipelines.ledger.chain import head as end_of
from pipelines.ledger.records import ORIGINAL, Manifest
from pipelines.ledger.state import LEDGER, STATE, sealed, state_file, tables_of
from pipelines.ledger.store import Ledger
from pipelines.publication import DATABASES, FORMER_DATABASE, INTERNE, LETTERS, PUBLIC
from pipelines.settings import Home
from pipelines.sql import literal, parquet_scan

PRINTED = "le document imprimé"  # for readers to compare with the ledger
OLDER = "l’état ne repose pas sur les écritures qui précèdent la sienne"
BUILT = (
    "select schema_name || '.' || table_name from duckdb_tables() "
    "where database_name = 'w' and schema_name in ('rapport', 'marts', 'restreint')"
)
GONE, CHANGED, ADDED = "le fichier a disparu", "le fichier a été modifié", "le fichier a été ajouté"
BACK = "a été retiré du public, et s’y trouve de nouveau"
CHECKED = {  # what ``verify`` counts, as a French reader says it
    "entries of the ledger": "écritures du registre",
    "originals in the archive": "originaux archivés",
    "files of the lake": "fichiers de lignes typées",
    "files of the publication": "fichiers de la publication",
    "files of releases": "fichiers des versions figées",
    "pages and exports": "pages et exports",
}
Read = dict[tuple[int, int], str]  # device and number of a file → its SHA-256


@dataclass(frozen=True)
class Verification:
    """The counts of what was checked, the problems found, and the head of the ledger's chain."""

    checked: dict[str, int]
    problems: list[str]
    head: Head
    published: Head | None  # the head that the last publication reached and its pages print
    sealed: str | None  # what reached the printed head (French)
    signed: dict[str, str]  # signed state → who signed, with which key
    removed: dict[str, int]  # rule of retention → what was removed by it
    dated_back: list[str]  # entries dated before earlier ones: no proof is broken, but someone must say why


def verify(home: Home, ledger: Ledger, printed: Head | None = None, *, is_thorough: bool = True) -> Verification:
    """Check everything in a home, and that the chain includes a ``printed`` head. Reads every kept file once.

    Unless ``is_thorough``, the file of a published database vouches for its tables.
    """
    head, gone = ledger.head(), _removed(ledger)
    counting = {current.manifest.delivery for current in ledger.current().values()}
    manifests = [Manifest.from_dict(row["manifest"]) for row in ledger.all_rows("deliveries")]
    rows = {row["release"]: row for row in ledger.all_rows("releases")}
    releases = {name: _json(state_file(home.releases / name)) for name in rows}
    published = _json(home.published / STATE)
    states = {**releases, f"{home.published.name}/{STATE}": published}
    anchors = {name: Head(**kept["ledger"]) for name, kept in states.items() if _is_head(kept.get("ledger"))}
    anchors |= {PRINTED: printed} if printed else {}
    anchors |= _copied(home)
    entered = _entered(home, ledger)
    parts: dict[str, list[tuple[Path, str]]] = {
        # every archived file is named after its content
        "originals in the archive": [(path, path.name) for path in sorted(home.archive.glob("[0-9a-f]*"))],
        "files of the lake": [
            (home.lake / path, sha256)
            for manifest in manifests
            for path, sha256 in manifest.lake_files().items()
            if (home.lake / path).exists() or manifest.delivery not in gone or manifest.delivery in counting
        ],
        "files of the publication": list(_still_there(home, ledger, _listed(home.published, published))),
        "files of releases": [pair for name, kept in releases.items() for pair in _listed(home.releases / name, kept)],
        "pages and exports": list(_still_there(home, ledger, _written(home, entered))),
    }
    problems = [broken.sentence() for broken in ledger.check(anchors)]
    problems += _compare(home, [*(pair for files in parts.values() for pair in files), *_former(home, ledger)])
    problems += _missing_originals(home, ledger, manifests, gone)
    problems += [problem for manifest in manifests for problem in _other_manifest(home, manifest)]
    problems += _publication(home, ledger, entered)
    problems += [*_put_back(home, ledger), *_strange_pages(home, entered)]
    problems += [problem for row in rows.values() for problem in _release(home, ledger, row, releases, entered)]
    problems += _unknown_releases(home, releases)
    problems += [*_databases(home, published), *_not_as_built(home, published)] if is_thorough else []
    problems += _written_again(ledger)
    problems += _warehouses(home, ledger)
    signed, wrong = _signatures(home, [home.published, *(home.releases / name for name in rows)])
    problems += wrong
    # originals were entered in ``purges`` before ``removals`` existed
    rules = [row["rule"] for row in ledger.all_rows("removals")] + [ORIGINAL] * len(ledger.all_rows("purges"))
    last = ledger.last_publication()
    return Verification(
        {"entries of the ledger": head.entries, **{what: len(files) for what, files in parts.items()}},
        problems,
        head,
        ledger.head_at("publications", last["seq"]) if last else None,
        _reached(ledger, printed) if printed else None,
        signed,
        dict(sorted(Counter(rules).items())),
        ledger.dated_back(),
    )


def _removed(ledger: Ledger) -> set[str]:
    """The originals and deliveries whose removal, by rule or by hand, is in the ledger."""
    removals = ledger.all_rows("removals")
    subjects = {row["subject"] for row in removals} | {sha256 for row in removals for sha256 in row["files"]}
    return subjects | {row["sha256"] for row in ledger.all_rows("purges")}


def publication_problems(home: Home, ledger: Ledger) -> list[str]:
    """The problems of the current publication: its state is not the last one recorded, or a file is not as listed."""
    entered = _entered(home, ledger)
    listed = [*_listed(home.published, _json(home.published / STATE)), *_written(home, entered)]
    return [*_publication(home, ledger, entered), *_compare(home, list(_still_there(home, ledger, listed)))]


def release_problems(home: Home, ledger: Ledger, name: str) -> list[str]:
    """The problems of a release: a state, table or text that is not as recorded, or an added one."""
    folder, entered = home.releases / name, _entered(home, ledger)
    rows = [row for row in ledger.all_rows("releases") if row["release"] == name]
    if not rows:
        return list(_unknown_releases(home, {}))
    kept = _json(state_file(folder))
    place = f"{folder.parent.name}/{name}/{PUBLIC}/"
    public = {home.root / path: sha256 for path, sha256 in entered.items() if path.startswith(place)}
    files = {**dict(_listed(folder, kept)), **public}
    return [*_release(home, ledger, rows[0], {name: kept}, entered), *_compare(home, list(files.items()))]


def _reached(ledger: Ledger, printed: Head) -> str | None:
    """Which release or publication a printed head belongs to, and whether it is still the current one."""
    for row in ledger.all_rows("releases"):
        if ledger.head_at("releases", row["seq"]) == printed:
            return f"la version {row['release']}"
    rows = ledger.all_rows("publications")
    for row in rows:
        if ledger.head_at("publications", row["seq"]) == printed:
            replaced = "" if row is rows[-1] else ", qui n’est plus celle qui est publiée"
            return f"la publication {row['publication'][:8]}{replaced}"
    return None


def _json(path: Path) -> dict[str, Any]:
    """An object that was written as JSON; empty when it is gone or damaged, which its own check reports."""
    try:
        return read_json(path)
    except (OSError, ValueError):
        return {}


def _is_head(kept: Any) -> bool:
    types = {name: type(value) for name, value in kept.items()} if isinstance(kept, dict) else {}
    return types == {"entries": int, "hash": str}


def _problem(home: Home, path: Path, what: str) -> str:
    return f"{path.relative_to(home.root)}{NO_BREAK}: {what}"


def _listed(folder: Path, state: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """The files listed in the state of ``folder``."""
    files = state.get("files")
    for name, sha256 in files.items() if isinstance(files, dict) else []:
        yield folder / name, sha256


def _written(home: Home, entered: dict[str, str]) -> Iterator[tuple[Path, str]]:
    """Check what was written after a state was recorded: pages, exports, the databases of the publication.

    What is written on demand may be removed whole, the folder of a profile or of a member at a time; what is left of it
    must be as it was written.
    """
    given = (home.exports.name, home.reports.name, home.transmissions.name, home.docs.name)
    depths = _depths(home)
    for name, sha256 in entered.items():
        top, *_ = parts = name.split("/")
        folder = _folder(depths, name) or "/".join(parts[:3])
        if top not in given or (home.root / folder).exists():
            yield home.root / name, sha256


def _former(home: Home, ledger: Ledger) -> Iterator[tuple[Path, str]]:
    """Check what remains of the publications before the last one."""
    for row in ledger.all_rows("publications"):
        folder = home.builds / row["publication"]
        if row["state"] and folder.exists() and folder.resolve() != home.published.resolve():
            files = {folder / STATE: row["state"], **dict(_listed(folder, _json(folder / STATE)))}
            yield from ((path, sha256) for path, sha256 in files.items() if path.exists())


def _strange_pages(home: Home, entered: dict[str, str]) -> Iterator[str]:
    """Files among the pages and exports that were never recorded, which a reader would take for real ones."""
    for folder in (home.audit, home.exports, home.reports, home.transmissions):
        for path in sorted(folder.rglob("*")) if folder.exists() else []:
            name = path.relative_to(home.root)
            is_draft = folder == home.transmissions and path.name in LETTERS  # until it is sent
            is_hidden = any(part.startswith(".") for part in name.parts)
            if _holds(path) and name.as_posix() not in entered and not is_hidden and not is_draft:
                yield _problem(home, path, ADDED)


def _holds(path: Path) -> bool:
    """True for something that a reader could open: a file, or a link, which may lead to a whole folder."""
    return path.is_symlink() or path.is_file()


def _put_back(home: Home, ledger: Ledger) -> Iterator[str]:
    """Check the places that a withdrawal emptied: nothing there now was proved.

    What is made from a later publication may take their place; a withdrawn publication never comes back.
    """
    last = ledger.last_publication()
    for row in ledger.all_rows("withdrawals"):
        stands = last is not None and row["publication"] == last["publication"]
        for place in row["places"]:
            path = home.root / place
            if (stands or path.is_relative_to(home.builds)) and path.exists():
                yield _problem(home, path, BACK)


def _still_there(home: Home, ledger: Ledger, files: Iterable[tuple[Path, str]]) -> Iterator[tuple[Path, str]]:
    """The files, without those of a withdrawn public profile."""
    last = ledger.last_publication()
    if not any(last and row["publication"] == last["publication"] for row in ledger.all_rows("withdrawals")):
        yield from files
        return
    for path, sha256 in files:
        is_published = path.is_relative_to(home.published)
        if not (is_published and PUBLIC in path.relative_to(home.published).parts[:-1]):
            yield path, sha256


def _entered(home: Home, ledger: Ledger) -> dict[str, str]:
    """Path in the home → SHA-256 of what was written there. For what is written on demand, the last writing counts.

    What is in a publication or a release belongs to it and is written once: another's entry says nothing of it, and a
    later one does not replace it. Only a database has different bytes each time; its tables are in the state. A folder
    that is given away is written whole: its last writing lists everything in it.
    """
    last, found, depths = ledger.last_publication(), {}, _depths(home)
    published, releases = home.published.name, home.releases.name
    for row in ledger.all_rows("writings"):
        anew = {_folder(depths, name) for name in row["files"]} - {None}
        found = {name: sha256 for name, sha256 in found.items() if _folder(depths, name) not in anew} if anew else found
        for name, sha256 in row["files"].items():
            top, _, rest = name.partition("/")
            owner = rest.partition("/")[0] if top == releases else None  # None for what is written on demand
            if top == published:
                owner = last["publication"] if last else ""
            if owner is None or (owner == row["subject"] and name.endswith(".duckdb")):
                found[name] = sha256
            elif owner == row["subject"]:
                found.setdefault(name, sha256)
    return found


def _depths(home: Home) -> dict[str, int]:
    """Where folders that go to somebody are → how many names make one of them up; each may go another day.

    ``<exports>/<exercice>/<profile>``, ``<transmissions>/<version>/<profile>/<collectivité>``
    """
    return {home.exports.name: 3, home.transmissions.name: 4}


def _folder(depths: Mapping[str, int], name: str) -> str | None:
    """The folder that goes to somebody, of what is written there; None elsewhere."""
    parts = name.split("/")
    depth = depths.get(parts[0])
    return "/".join(parts[:depth]) if depth else None


def _compare(home: Home, files: list[tuple[Path, str]]) -> Iterator[str]:
    read: Read = {}
    for path, expected in files:
        if not path.is_file():
            yield _problem(home, path, GONE)
        elif _sha256_of(path, read) != expected:
            yield _problem(home, path, CHANGED)


def _sha256_of(path: Path, read: Read) -> str:
    """The SHA-256 of a file; one that has several names, as an unchanged table of each publication has, is read once."""
    about = path.stat()
    if about.st_nlink == 1:
        return sha256_of(path)
    one = about.st_dev, about.st_ino
    if one not in read:
        read[one] = sha256_of(path)
    return read[one]


def _missing_originals(home: Home, ledger: Ledger, manifests: list[Manifest], gone: set[str]) -> Iterator[str]:
    """Check that the archive has each original, unless it was purged, including those of replaced deliveries, and what
    was public."""
    for manifest in manifests:
        for file in manifest.files:
            path = home.archive / file.sha256
            if not path.exists() and file.sha256 not in gone:
                yield _problem(home, path, f"l’original de {file.name} ({manifest.export_key}) a disparu")
    for exercice, kept in ledger.populations().items():
        for sha256 in dict.fromkeys(kept):
            if not (path := home.archive / sha256).exists():
                what = f"la population sur laquelle reposent les tableaux publics de {exercice} a disparu"
                yield _problem(home, path, what)


def _other_manifest(home: Home, manifest: Manifest) -> Iterator[str]:
    """Check that the manifest in the lake says what the ledger says."""
    path = home.lake / manifest.system / f"{manifest.export}.{manifest.exercice}.{manifest.delivery}.json"
    if not path.exists():
        yield _problem(home, path, GONE)
        return
    try:
        kept = Manifest.from_dict(_json(path))
    except (KeyError, TypeError, AttributeError):
        kept = None
    if kept != manifest:
        yield _problem(home, path, CHANGED)


def _publication(home: Home, ledger: Ledger, entered: dict[str, str]) -> Iterator[str]:
    """Check that the state of what is published is the one last entered in the ledger, and that its folder holds nothing else."""
    last, path = ledger.last_publication(), home.published / STATE
    if last is None:
        return
    if not path.exists():
        yield _problem(home, path, GONE)
    elif sha256_of(path) != last["state"]:
        yield _problem(home, path, "n’est pas l’état de la dernière publication")
    else:
        kept = _json(path)
        if _out_of_place(ledger, kept, "publications", last["seq"]):
            yield _problem(home, path, OLDER)
        yield from _added(home, home.published, kept, entered)
        yield from _copy_of_ledger(home, kept)


def _added(home: Home, folder: Path, state: dict[str, Any], entered: dict[str, str]) -> Iterator[str]:
    """The files of a folder that neither its state nor the ledger lists."""
    known = {path for path, _ in _listed(folder, state)} | {home.root / name for name in entered}
    known |= {folder / STATE, folder / f"{STATE}.sig", folder / LEDGER, state_file(folder)}
    lies = folder.resolve()
    for path in sorted(lies.rglob("*")):
        here = folder / path.relative_to(lies)
        if _holds(path) and here not in known:
            yield _problem(home, here, ADDED)


def _databases(home: Home, state: dict[str, Any]) -> Iterator[str]:
    """Check that each table of a published database is what the state says, with the rows of its Parquet file."""
    for name, tables in state.get("tables", {}).items():
        file = home.published / name
        try:
            differing = _differing(file, tables)
        except duckdb.Error:
            continue  # gone, damaged, or its Parquet is: that is reported for the file
        for table in differing:
            yield _problem(home, file, f"la table {table} n’est pas celle qui a été publiée")
    former, file = home.published / FORMER_DATABASE, home.published / DATABASES[INTERNE]
    if former.exists() and file.exists() and not former.samefile(file) and sha256_of(former) != sha256_of(file):
        yield _problem(home, former, f"n’est pas {file.name}, dont il est un second nom")


def _differing(file: Path, tables: dict[str, Any]) -> list[str]:
    """The tables of a database that differ from ``tables``, as the state describes them, or from the Parquet beside it."""
    found = tables_of(file)
    differing = {table for table in tables.keys() | found.keys() if tables.get(table) != found.get(table)}
    with duckdb.connect() as db:
        db.execute(f"attach {literal(file)} as p (read_only)")
        for table in tables.keys() - differing:
            rows = parquet_scan(file.parent.joinpath(*table.split(".")).with_suffix(".parquet"))
            if _differ(db, f"p.{table}", rows):
                differing.add(table)
    return sorted(differing)


def _not_as_built(home: Home, state: dict[str, Any]) -> Iterator[str]:
    """Check that each published table has the rows of its warehouse, whose file is recorded in the ledger."""
    if not home.warehouse_published.exists():
        return
    with duckdb.connect() as db:
        try:
            db.execute(f"attach {literal(home.warehouse_published)} as w (read_only)")
        except duckdb.Error:
            return  # damaged: that is reported for the file
        built = {name for (name,) in db.execute(BUILT).fetchall()}
        for table in sorted(built & {name for tables in state.get("tables", {}).values() for name in tables}):
            file = home.published.joinpath(*table.split(".")).with_suffix(".parquet")
            try:
                if _differ(db, f"w.{table}", parquet_scan(file)):
                    yield _problem(home, file, "n’a pas les lignes de l’entrepôt dont il est fait")
            except duckdb.Error:
                continue  # gone or damaged: reported likewise


def _differ(db: Any, one: str, other: str) -> bool:
    """True when two relations do not have the same rows."""
    more = f"(from {one} except all from {other}) union all (from {other} except all from {one})"
    return db.execute(f"from ({more}) limit 1").fetchone() is not None


def _written_again(ledger: Ledger) -> Iterator[str]:
    """Check that the pages of a publication or a release were written once, together: the same state gives the same bytes."""
    first: dict[str, dict[str, str]] = {}
    for row in ledger.all_rows("writings"):
        pages = {name: sha for name, sha in row["files"].items() if name.startswith(("published/", "releases/"))}
        known = first.setdefault(row["subject"], pages) if pages else pages
        for name, sha256 in pages.items():
            if name not in known:
                yield f"{name}{NO_BREAK}: le registre l’ajoute après coup à ce qui a été publié ou figé"
            elif sha256 != known[name] and not name.endswith(".duckdb"):
                yield f"{name}{NO_BREAK}: le registre porte deux écritures différentes de ce fichier"


def _warehouses(home: Home, ledger: Ledger) -> Iterator[str]:
    """Check that the present warehouses are, byte for byte, some that were built; a trace reads the publication's."""
    last, made = ledger.last_publication(), ledger.all_rows("warehouses")
    known = {row["sha256"] for row in made}
    traced = {row["sha256"] for row in made if last and row["build"] == last["build"]}
    read: Read = {}
    for path, proved in ((home.warehouse, known), (home.warehouse_published, traced)):
        if proved and path.exists() and _sha256_of(path, read) not in proved:
            yield _problem(home, path, "n’est pas l’entrepôt qui a été construit")


def _out_of_place(ledger: Ledger, kept: dict[str, Any], table: str, row: int) -> bool:
    """True if a state contains another head than its entry: it is an older state, recorded again."""
    head = kept.get("ledger")
    return _is_head(head) and Head(**head) != ledger.settled_head((table, row))


def _signatures(home: Home, folders: list[Path]) -> tuple[dict[str, str], list[str]]:
    """Who signed each state that has a signature beside it (``ssh-keygen -Y sign -n millesime``), and what is wrong
    with the others.

    Who may sign is declared in ``signataires``, at the top of the home, in OpenSSH's ALLOWED SIGNERS format.
    """
    signed, wrong = {}, []
    for folder in folders:
        state, signature = folder / STATE, folder / f"{STATE}.sig"
        if not signature.exists():
            continue
        if who := _signer(home.root / "signataires", state):
            signed[state.relative_to(home.root).as_posix()] = who
        else:
            wrong.append(_problem(home, signature, "la signature n’est pas celle d’un signataire déclaré"))
    return signed, wrong


def _signer(allowed: Path, state: Path) -> str | None:
    """Who signed a state, among those who may, and the key's fingerprint: the keeper of the home may declare a key of their own.

    None when none of them did, or when it cannot be known here.
    """
    about = ["-f", str(allowed), "-s", f"{state}.sig"]
    try:
        found = subprocess.run(
            ["ssh-keygen", "-Y", "find-principals", *about], capture_output=True, text=True, timeout=30, check=True
        )
        who = found.stdout.strip().partition("\n")[0]
        with state.open("rb") as text:
            found = subprocess.run(
                ["ssh-keygen", "-Y", "verify", *about, "-I", who, "-n", "millesime"],
                stdin=text, capture_output=True, text=True, timeout=30, check=True,
            )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return f"{who}, clé {found.stdout.split()[-1]}"


def _copied(home: Home) -> dict[str, Head]:
    """The end of the chain in the publication's copy, which the ledger must contain: otherwise restoring it would give
    another ledger."""
    path = home.published / LEDGER
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as copy:
            return {f"{home.published.name}/{LEDGER}": end_of(copy)}
    except sqlite3.Error:
        return {}  # gone or damaged, which its own check reports


def _copy_of_ledger(home: Home, state: dict[str, Any]) -> Iterator[str]:
    """Check that the ledger in the publication, to restore from, contains the head that the publication rests on."""
    path, head = home.published / LEDGER, state.get("ledger")
    if not path.is_file():
        yield _problem(home, path, GONE)
        return
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as copy:
            broken = check(copy, {f"{home.published.name}/{STATE}": Head(**head)} if _is_head(head) else {})
    except sqlite3.Error:
        yield _problem(home, path, CHANGED)
        return
    yield from (_problem(home, path, one.sentence()) for one in broken)


def _release(
    home: Home, ledger: Ledger, row: dict[str, Any], releases: dict[str, dict[str, Any]], entered: dict[str, str]
) -> Iterator[str]:
    """Check that a release's statement of itself is what the ledger entered, and that its folder holds nothing else."""
    folder, kept = home.releases / row["release"], releases[row["release"]]
    path = state_file(folder)
    if not path.exists():
        yield _problem(home, path, GONE)
        return
    is_same = all(kept.get(name) == row[name] for name in ("release", "build", "fingerprint", "visas", "reason"))
    try:
        is_same = is_same and fingerprint(sealed(kept)) == row["fingerprint"] and _is_head(kept.get("ledger"))
    except (KeyError, TypeError):
        is_same = False
    if not is_same or (row["state"] and sha256_of(path) != row["state"]):
        yield _problem(home, path, CHANGED)
    elif _out_of_place(ledger, kept, "releases", row["seq"]):
        yield _problem(home, path, OLDER)
    yield from _added(home, folder, kept, entered)


def _unknown_releases(home: Home, releases: dict[str, dict[str, Any]]) -> Iterator[str]:
    """A folder that the ledger does not know; one whose name begins with a dot was left by a killed release."""
    for folder in sorted(home.releases.glob("[!.]*")) if home.releases.exists() else []:
        if folder.name not in releases:
            yield _problem(home, folder, "le registre ne connaît pas cette version")
