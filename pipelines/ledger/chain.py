"""The chain that makes the ledger tamper-evident: each entry's hash includes the hash of the entry before it.

    hash = SHA-256(hash of the previous link | table | the row as SQLite stores it)

What belongs here: computing and checking links, on a plain DB-API connection. An edited, deleted, moved or added entry
breaks the chain. Two things a chain alone cannot show: that its end was cut off, and that all of it was rewritten. They
show against an *anchor*, a hash kept elsewhere: beside the ledger, in every release, and printed in the report.
"""

import datetime as dt
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.french import NO_BREAK

if TYPE_CHECKING:
    from sqlalchemy import Connection

ORIGIN = "0" * 64  # precedes the first link
CHAIN = "chain"


@dataclass(frozen=True)
class Head:
    """The last link of a chain: how many entries, and the hash that vouches for all of them."""

    entries: int
    hash: str


@dataclass(frozen=True)
class Broken:
    """One problem, in French, with the table and number of the entry if known."""

    table: str
    row: int | None
    what: str

    def sentence(self) -> str:
        """``table 12 : what``."""
        return f"{self.table}{'' if self.row is None else f' {self.row}'}{NO_BREAK}: {self.what}"


def guard_of(table: str, verb: str) -> str:
    """The trigger that forbids changing (``update``) or removing (``delete``) rows of a table."""
    return (
        f"create trigger {table}_no_{verb} before {verb} on {table} "
        "begin select raise(abort, 'the ledger is append-only'); end"
    )


def raw(connection: "Connection") -> sqlite3.Connection:
    """The driver's own connection, since the chain must read the values as SQLite stores them."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def append(connection: sqlite3.Connection, table: str, row: int) -> None:
    """Add the link of a newly entered row, in its transaction."""
    last = connection.execute(f"select hash from {CHAIN} order by seq desc limit 1").fetchone()
    stored = _stored(connection, table, row)
    assert stored is not None, f"{table} {row} is not there to be linked"
    link = link_of(last[0] if last else ORIGIN, table, stored)
    connection.execute(f"insert into {CHAIN} (table_name, row, hash) values (?, ?, ?)", (table, row, link))


def link_of(previous: str, table: str, stored: dict[str, Any]) -> str:
    """The hash of one entry; ``stored`` maps columns to raw values, without NULLs (a later migration may add columns)."""
    text = json.dumps([previous, table, stored], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def head(
    connection: sqlite3.Connection,
    *,
    until: tuple[str, int] | None = None,
    before: tuple[str, int] | None = None,
    after: tuple[str, ...] = (),
) -> Head:
    """The end of the chain, or what it was when the row ``until`` (table, number) had just been entered, or was about
    to be (``before``); without trailing entries of the tables ``after``.
    """
    there, values = "true", tuple(until or before or ())
    if values:
        there = f"seq {'<=' if until else '<'} (select min(seq) from {CHAIN} where table_name = ? and row = ?)"
    if after:
        others = f"table_name not in ({', '.join('?' * len(after))})"
        there = f"seq <= (select max(seq) from {CHAIN} where {there} and {others})"
        values += after
    entries, last = connection.execute(f"select count(*), max(seq) from {CHAIN} where {there}", values).fetchone()
    if not entries:
        return Head(0, ORIGIN)
    return Head(entries, connection.execute(f"select hash from {CHAIN} where seq = ?", (last,)).fetchone()[0])


def check(connection: sqlite3.Connection, anchors: dict[str, Head]) -> list[Broken]:
    """Every problem of the ledger; ``anchors`` maps the place where a head was kept to that head.

    Reads every entry once, as of one moment: another process may be entering some. An empty list means that no entry was
    edited, deleted, moved, added or cut off since the anchors were taken.
    """
    if connection.in_transaction:
        return _problems(connection, anchors)
    connection.execute("begin")
    try:
        return _problems(connection, anchors)
    finally:
        connection.rollback()


def _problems(connection: sqlite3.Connection, anchors: dict[str, Head]) -> list[Broken]:
    broken: list[Broken] = []
    previous, hashes = ORIGIN, [ORIGIN]
    linked: dict[str, set[int]] = {}
    links = connection.execute(f"select seq, table_name, row, hash from {CHAIN} order by seq").fetchall()
    tables = _chained_tables(connection)
    for place, (seq, table, row, kept) in enumerate(links, start=1):
        if seq != place:
            broken.append(Broken(CHAIN, seq, f"le maillon {place} manque ou n’est pas à sa place"))
        if table not in tables:
            broken.append(Broken(CHAIN, seq, "nomme une table que le registre n’a pas"))
            break
        stored = _stored(connection, table, row)
        if stored is None:
            broken.append(Broken(table, row, "l’écriture a disparu"))
        elif link_of(previous, table, stored) != kept:
            broken.append(Broken(table, row, "l’écriture n’est plus celle qui a été enregistrée"))
        if row in linked.setdefault(table, set()):
            broken.append(Broken(table, row, "l’écriture est enchaînée deux fois"))
        linked[table].add(row)
        previous = kept
        hashes.append(kept)
    for table in tables:
        for (row,) in connection.execute(f'select seq from "{table}" order by seq').fetchall():
            if row not in linked.get(table, set()):
                broken.append(Broken(table, row, "l’écriture a été ajoutée hors de la chaîne"))
    return broken + _strangers(connection) + _against(anchors, hashes)


def copy(connection: sqlite3.Connection, file: Path) -> None:
    """Write a copy of a ledger, as it is now, that only its owner can read."""
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
    with closing(sqlite3.connect(file)) as copied:
        connection.backup(copied)


def cut(connection: sqlite3.Connection, table: str, row: int, after: tuple[str, ...]) -> None:
    """Take away from a copy of a ledger an entry, what follows it, and what precedes it without a break in the tables ``after``."""
    for (name,) in connection.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        connection.execute(f"drop trigger {name}")
    kept = head(connection, before=(table, row), after=after).entries
    for name, number in connection.execute(f"select table_name, row from {CHAIN} where seq > ?", (kept,)).fetchall():
        connection.execute(f'delete from "{name}" where seq = ?', (number,))
    connection.execute(f"delete from {CHAIN} where seq > ?", (kept,))
    connection.commit()


def order(connection: sqlite3.Connection) -> dict[tuple[str, int], int]:
    """(table, row) of each entry → its place in the chain."""
    links = connection.execute(f"select table_name, row, seq from {CHAIN}").fetchall()
    return {(table, row): place for table, row, place in links}


def dated_back(connection: sqlite3.Connection) -> list[str]:
    """The entries dated earlier than one before them, by more than a clock correction (French): the clock was set back."""
    found, latest, as_received = [], "", _as_received(connection)
    for table, row, moment in _moments(connection):
        if moment < _sooner(latest) and (table, row) not in as_received:
            found.append(f"{table} {row}{NO_BREAK}: datée du {moment}, après une écriture du {latest}")
        latest = max(latest, moment)
    return found


def _as_received(connection: sqlite3.Connection) -> set[tuple[str, int]]:
    """The deliveries whose rows were generalised: each keeps the date on which its original delivery was received."""
    made = (
        "select new.seq from removals join deliveries as old on old.delivery = subject "
        "join deliveries as new on new.delivery = successor where new.received_at = old.received_at"
    )
    return {("deliveries", row) for (row,) in connection.execute(made).fetchall()}


def latest(connection: sqlite3.Connection) -> str:
    """The latest moment (ISO, UTC) recorded in an entry; empty before the first one."""
    return max((moment for _, _, moment in _moments(connection)), default="")


def _moments(connection: sqlite3.Connection) -> Iterator[tuple[str, int, str]]:
    """(table, row, moment) of the entries that record one, in the order of the chain."""
    for table, row in connection.execute(f"select table_name, row from {CHAIN} order by seq").fetchall():
        for name, said in (_stored(connection, table, row) or {}).items():
            if name.endswith("_at") and said:
                yield table, row, str(said)
                break


def _sooner(moment: str) -> str:
    """An hour before a moment (ISO); empty before the first one."""
    return (dt.datetime.fromisoformat(moment) - dt.timedelta(hours=1)).isoformat(timespec="seconds") if moment else ""


def _strangers(connection: sqlite3.Connection) -> list[Broken]:
    """Views and foreign triggers, which could answer in place of a table or prevent an entry."""
    made = connection.execute(
        "select name, tbl_name, sql from sqlite_master where type in ('view', 'trigger') order by name"
    )
    return [
        Broken(name, None, "n’est pas du registre, qui n’a que des tables")
        for name, table, sql in made
        if sql.lower() not in (guard_of(table, "update"), guard_of(table, "delete"))
    ]


def _against(anchors: dict[str, Head], hashes: list[str]) -> list[Broken]:
    broken = []
    for where, anchor in anchors.items():
        if anchor.entries >= len(hashes):
            cut = anchor.entries - len(hashes) + 1
            what = f"il manque à la fin {cut} écriture{'s' if cut > 1 else ''} que connaît {where}"
            broken.append(Broken(CHAIN, None, what))
        elif hashes[anchor.entries] != anchor.hash:
            what = f"n’est pas l’écriture que connaît {where}{NO_BREAK}: la chaîne a été réécrite"
            broken.append(Broken(CHAIN, anchor.entries, what))
    return broken


def _chained_tables(connection: sqlite3.Connection) -> list[str]:
    """Every table except the chain and Alembic's own."""
    names = connection.execute(
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name"
    ).fetchall()
    return [name for (name,) in names if name not in (CHAIN, "alembic_version")]


def _stored(connection: sqlite3.Connection, table: str, row: int) -> dict[str, Any] | None:
    """A row as SQLite stores it: JSON is not parsed, since an equal value written differently is another entry."""
    cursor = connection.execute(f'select * from "{table}" where seq = ?', (row,))
    values = cursor.fetchone()
    if values is None:
        return None
    columns = [column[0] for column in cursor.description]
    return {name: _plain(value) for name, value in zip(columns, values, strict=True) if value is not None}


def _plain(value: object) -> object:
    """A stored value for JSON: bytes, which no column should hold, keep a form of their own so that such an edit shows."""
    return {"blob": value.hex()} if isinstance(value, bytes) else value
