"""Proves that what the ledger recorded is still there, unchanged, and that nothing else is.

Three things: the chain; the lists of all that is in the folders of evidence (``ledger.closing``); and the links between
them (``links``). It writes nothing, and names, in French, the file or entry of every problem.
"""

import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines import settings
from pipelines.disk import sha256_of
from pipelines.evidence.links import Links, head_in, json_of
from pipelines.french import NO_BREAK
from pipelines.ledger.chain import Head
from pipelines.ledger.closing import SUMS, Looked, look_below, problem
from pipelines.ledger.state import STATE, tables_of
from pipelines.ledger.store import Ledger
from pipelines.settings import Home
from pipelines.sql import literal, parquet_scan

PRINTED = "le document imprimé"  # for readers to compare with the ledger
ENTRIES = "écritures du registre"
BUILT = (
    "select schema_name || '.' || table_name from duckdb_tables() "
    "where database_name = 'w' and schema_name in ('rapport', 'marts', 'restreint')"
)


@dataclass(frozen=True)
class Verification:
    """The counts of what was checked, the problems found, and the head of the ledger's chain."""

    checked: dict[str, int]  # entries, and files of each folder
    problems: list[str]
    head: Head
    published: Head | None  # the head that the last publication reached and its pages print
    sealed: str | None  # what reached the printed head (French)
    signed: dict[str, str]  # signed file → who signed, with which key
    removed: dict[str, int]  # rule of retention → what was removed by it
    dated_back: list[str]  # entries dated before earlier ones: no proof is broken, but someone must say why


def verify(home: Home, ledger: Ledger, printed: Head | None = None, *, is_thorough: bool = True) -> Verification:
    """Check everything in a home, and that the chain includes a ``printed`` head. Reads every kept file once.

    Unless ``is_thorough``, the file of a published database vouches for its tables.
    """
    head, state = ledger.head(), json_of(home.published / STATE)
    looked = look_below(home, ledger, home.evidence)
    states = {row["release"]: json_of(home.releases / row["release"] / STATE) for row in ledger.all_rows("releases")}
    states[f"{home.published.name}/{STATE}"] = state
    anchors = {name: rests_on for name, kept in states.items() if (rests_on := head_in(kept))}
    anchors |= {PRINTED: printed} if printed else {}
    elsewhere, unread = _kept_elsewhere()
    problems = [*unread, *(broken.sentence() for broken in ledger.check(anchors | elsewhere))]
    problems += looked.problems
    problems += [*Links(home, ledger, looked).problems(), *_warehouses(home, ledger)]
    if is_thorough:
        problems += [*_databases(home, looked), *_not_as_built(home, state, looked)]
    signed, wrong = _signatures(home, looked)
    rules = [row["rule"] for row in ledger.all_rows("removals")]
    counted = Counter(name.partition("/")[0] for name in looked.there & looked.listed.keys())
    last = ledger.last_publication()
    return Verification(
        {ENTRIES: head.entries, **{f"fichiers dans {top}/": count for top, count in sorted(counted.items())}},
        list(dict.fromkeys([*problems, *wrong])),
        head,
        ledger.head_at("publications", last["seq"]) if last else None,
        _reached(ledger, printed) if printed else None,
        signed,
        dict(sorted(Counter(rules).items())),
        ledger.dated_back(),
    )


def _kept_elsewhere() -> tuple[dict[str, Head], list[str]]:
    """The heads in the file kept elsewhere, each under the place where it stands; and that it cannot be read."""
    file = settings.heads_file()
    if file is None:
        return {}, []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        heads = [Head(int(entries), hash_) for entries, _, hash_ in (line.partition(" ") for line in lines)]
    except (OSError, ValueError):
        return {}, [f"MILLESIME_HEADS_FILE{NO_BREAK}: {file} ne se lit pas, ou n’est pas une suite de têtes"]
    return {f"{file.name}, ligne {place}": head for place, head in enumerate(heads, start=1)}, []


def publication_problems(home: Home, ledger: Ledger) -> list[str]:
    """The problems of the current publication: it is not the last one recorded, or a file is not as listed."""
    if not home.published.exists():
        return [f"{home.published.name}{NO_BREAK}: le dossier a disparu"]
    looked = look_below(home, ledger, [home.builds / home.published.resolve().name])
    return [*looked.problems, *Links(home, ledger, looked).publications()]


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


def _databases(home: Home, looked: Looked) -> Iterator[str]:
    """Check that each table of a database of each publication is what its state says, with the rows of its Parquet file, and
    that there is nothing else in it."""
    for folder in sorted(path for path in home.builds.glob("*") if looked.of(path / SUMS)):
        tables = json_of(folder / STATE).get("tables", {})
        for file in [folder / name for name in tables if looked.stands(folder / name)]:
            try:
                for table in _differing(file, tables[file.relative_to(folder).as_posix()], looked):
                    yield problem(home, file, f"{table} n’est pas ce qui a été publié")
            except duckdb.Error:
                yield problem(home, file, "n’est pas une base de données, ou ne s’ouvre plus")


def _differing(file: Path, tables: dict[str, Any], looked: Looked) -> list[str]:
    """The tables of a database that differ from ``tables``, as the state describes them, or from the Parquet beside it."""
    found = tables_of(file)
    differing = {table for table in tables.keys() | found.keys() if tables.get(table) != found.get(table)}
    with duckdb.connect() as db:
        db.execute(f"attach {literal(file)} as p (read_only)")
        for table in tables.keys() - differing:
            parquet = file.parent.joinpath(*table.split(".")).with_suffix(".parquet")
            if looked.stands(parquet) and _differ(db, f"p.{table}", parquet_scan(parquet)):
                differing.add(table)
    return sorted(differing)


def _not_as_built(home: Home, state: dict[str, Any], looked: Looked) -> Iterator[str]:
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
            file = (home.builds / home.published.resolve().name).joinpath(*table.split(".")).with_suffix(".parquet")
            if looked.stands(file) and _differ(db, f"w.{table}", parquet_scan(file)):
                yield problem(home, file, "n’a pas les lignes de l’entrepôt dont il est fait")


def _differ(db: Any, one: str, other: str) -> bool:
    """True when two relations do not have the same rows; most have them in the same order, which is sooner seen."""
    aside = f"from (select a from {one} as a) positional join (select b from {other} as b) where a is distinct from b"
    if db.execute(f"{aside} limit 1").fetchone() is None:
        return False
    more = f"(from {one} except all from {other}) union all (from {other} except all from {one})"
    return db.execute(f"from ({more}) limit 1").fetchone() is not None


def _warehouses(home: Home, ledger: Ledger) -> Iterator[str]:
    """Check that the present warehouses are, byte for byte, some that were built; a trace reads the publication's."""
    last, made = ledger.last_publication(), ledger.all_rows("warehouses")
    known = {row["sha256"] for row in made}
    traced = {row["sha256"] for row in made if last and row["build"] == last["build"]}
    for path, proved in ((home.warehouse, known), (home.warehouse_published, traced)):
        if proved and path.exists() and sha256_of(path) not in proved:
            yield problem(home, path, "n’est pas l’entrepôt qui a été construit")


def _signatures(home: Home, looked: Looked) -> tuple[dict[str, str], list[str]]:
    """Who signed each list or state that has a signature beside it (``ssh-keygen -Y sign -n millesime``), and what is wrong
    with the others.

    Who may sign is declared in ``signataires``, at the top of the home, in OpenSSH's ALLOWED SIGNERS format.
    """
    signed, wrong = {}, []
    for name in sorted(name for name in looked.there if name.endswith((f"/{SUMS}.sig", f"/{STATE}.sig"))):
        signature = home.root / name
        if who := _signer(home.root / "signataires", signature.with_suffix("")):
            signed[signature.with_suffix("").relative_to(home.root).as_posix()] = who
        else:
            wrong.append(problem(home, signature, "la signature n’est pas celle d’un signataire déclaré"))
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
