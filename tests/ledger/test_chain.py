"""The chain of the ledger detects everything that is edited, deleted, moved, added or cut off; also the migrations."""

import datetime as dt
import hashlib
import os
import random
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.ledger.chain import ORIGIN, Broken, Head, append, check, dated_back, guard_of, head, latest, link_of
from pipelines.ledger.migrate import NewerLedger
from pipelines.ledger.records import Finding, Removal
from pipelines.ledger.schema import REVISION, metadata
from pipelines.ledger.store import Ledger, open_ledger
from pipelines.settings import Home
from tests.ledger.entries import accept, fill, manifest

TAMPERINGS = 1000


def problems(path: Path, anchor: Head | None = None) -> list[str]:
    with sqlite3.connect(path) as db:
        return [broken.sentence() for broken in check(db, {"an anchor": anchor} if anchor else {})]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("chain") / "home")
    return home, fill(home)


def test_an_untouched_ledger_is_whole_and_its_head_is_kept_beside_it(filled):
    home, anchor = filled
    assert problems(home.ledger_file, anchor) == []
    assert home.ledger_head.read_text() == f"{anchor.entries} {anchor.hash}\n"
    with open_ledger(home) as ledger:
        entries = sum(len(ledger.all_rows(name)) for name in ledger.tables if name != "chain")
        assert ledger.head() == anchor and anchor.entries == entries
        assert ledger.check({"a release": anchor}) == []


def test_a_disk_that_takes_no_head_leaves_the_older_one_and_the_ledger_is_read(tmp_path: Path):
    home = Home(tmp_path / "home")
    older = fill(home)
    in_its_place = home.ledger_head.with_name(f".{home.ledger_head.name}.{os.getpid()}")
    in_its_place.mkdir()
    newer = fill(home)
    assert home.ledger_head.read_text() == f"{older.entries} {older.hash}\n" != f"{newer.entries} {newer.hash}\n"
    in_its_place.rmdir()
    with open_ledger(home) as ledger:
        assert ledger.check({}) == []
    assert home.ledger_head.read_text() == f"{newer.entries} {newer.hash}\n"


def test_what_another_process_enters_meanwhile_is_not_an_alteration(tmp_path: Path):
    home = Home(tmp_path / "home")
    fill(home)
    entered = []

    def enter(statement: str) -> None:
        """Between the reading of the chain and that of the tables."""
        if "sqlite_master" in statement and not entered:
            entered.append(statement)
            with sqlite3.connect(home.ledger_file, timeout=0) as other:
                other.execute("insert into keys values (100, 'a key', '2026-01-01')")
                append(other, "keys", 100)

    with sqlite3.connect(home.ledger_file) as db:
        db.set_trace_callback(enter)
        assert check(db, {}) == []
    assert entered


def tables_of(db) -> list[str]:
    return [n for (n,) in db.execute("select name from sqlite_master where type = 'table' and name not like 'sqlite%'")]


def edit(db, rng: random.Random, table: str, row: int, column: str) -> None:
    (value,) = db.execute(f"select {column} from {table} where seq = ?", (row,)).fetchone()
    text = str(value)
    place = rng.randrange(len(text) + 1)
    db.execute(f"update {table} set {column} = ? where seq = ?", (text[:place] + "x" + text[place:], row))


def delete(db, rng: random.Random, table: str, row: int, column: str) -> None:
    db.execute(f"delete from {table} where seq = ?", (row,))


def swap(db, rng: random.Random, table: str, row: int, column: str) -> None:
    (other,) = db.execute(f"select seq from {table} where seq <> ? order by random() limit 1", (row,)).fetchone()
    for old, new in ((row, -1), (other, row), (-1, other)):
        db.execute(f"update {table} set seq = ? where seq = ?", (new, old))


def renumber(db, rng: random.Random, table: str, row: int, column: str) -> None:
    db.execute(f"update {table} set seq = seq + 1000 where seq = ?", (row,))


def add(db, rng: random.Random, table: str, row: int, column: str) -> None:
    columns = [c for _, c, *_ in db.execute(f"pragma table_info({table})") if c != "seq"]
    fresh = ["seq || '+'" if c in ("delivery", "verdict", "refusal", "build") else c for c in columns]
    db.execute(
        f"insert into {table} ({', '.join(columns)}) select {', '.join(fresh)} from {table} where seq = ?", (row,)
    )


def cut(db, rng: random.Random, table: str, row: int, column: str) -> None:
    """Remove the end of the chain with the entries that it links."""
    last = db.execute(
        "select seq, table_name, row from chain order by seq desc limit ?", (rng.randint(1, 4),)
    ).fetchall()
    for seq, name, number in last:
        db.execute(f"delete from {name} where seq = ?", (number,))
        db.execute("delete from chain where seq = ?", (seq,))


TAMPERS = (edit, delete, swap, renumber, add, cut)


def tamper(db, rng: random.Random) -> str:
    """One random change by somebody who may write the file; what it was."""
    for (name,) in db.execute("select name from sqlite_master where type = 'trigger'").fetchall():
        db.execute(f"drop trigger {name}")
    tables = [t for t in tables_of(db) if t != "alembic_version" and db.execute(f"select 1 from {t}").fetchone()]
    table = rng.choice(tables)
    row = rng.choice([seq for (seq,) in db.execute(f"select seq from {table} order by seq")])
    column = rng.choice([c for _, c, *_ in db.execute(f"pragma table_info({table})") if c != "seq"])
    how = rng.choice(TAMPERS)
    how(db, rng, table, row, column)
    return f"{how.__name__} {table} {row} {column}"


def test_a_thousand_random_tamperings_are_all_detected(filled):
    home, anchor = filled
    original = home.ledger_file.read_bytes()
    rng = random.Random(20201231)
    missed, seen = [], set()
    for number in range(TAMPERINGS):
        with sqlite3.connect(":memory:") as db:
            db.deserialize(original)
            change = tamper(db, rng)
            seen.add(change.split()[0])
            if not check(db, {"an anchor": anchor}):
                missed.append((number, change))
    assert missed == []
    assert seen == {how.__name__ for how in TAMPERS}


def test_a_chain_written_anew_shows_against_an_anchor_only(filled, tmp_path):
    anchor = filled[1]
    other = Home(tmp_path / "other")
    with open_ledger(other) as ledger:
        for number in range(anchor.entries):
            ledger.record_publication(f"p{number}", "b", "c" * 64)
    assert problems(other.ledger_file) == []
    assert [p for p in problems(other.ledger_file, anchor) if "la chaîne a été réécrite" in p]


def test_an_entry_cannot_be_changed_or_removed_through_sql(filled):
    with sqlite3.connect(filled[0].ledger_file) as db:
        for table in (t for t in tables_of(db) if t != "alembic_version"):
            if db.execute(f"select 1 from {table}").fetchone():
                for statement in (f"update {table} set seq = 99", f"delete from {table}"):
                    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                        db.execute(statement)


def test_a_kept_head_is_never_replaced_by_a_shorter_chain(tmp_path):
    home = Home(tmp_path / "home")
    anchor = fill(home)
    home.ledger_file.unlink()
    with open_ledger(home) as ledger:
        assert [b.what for b in ledger.check({})] == [
            f"il manque à la fin {anchor.entries} écritures que connaît ledger.head"
        ]
    assert home.ledger_head.read_text().startswith(f"{anchor.entries} ")


@pytest.mark.parametrize("text", [None, "", "812", "plus rien\n", "12 abc"])
def test_a_kept_head_that_is_gone_or_damaged_shows_and_stays_so(tmp_path, text):
    home = Home(tmp_path / "home")
    anchor = fill(home)
    if text is None:
        home.ledger_head.unlink()
    else:
        home.ledger_head.write_text(text)
    for _ in range(2):  # what an ordinary command does to the ledger does not hide it
        with open_ledger(home) as ledger:
            assert [b.sentence() for b in ledger.check({})] == [
                "ledger.head\u00a0: le fichier a disparu ou a été modifié"
            ]
            accept(ledger, manifest("z"))
    home.ledger_head.write_text(f"{anchor.entries} {anchor.hash}\n")  # as a release or the report prints it
    with open_ledger(home) as ledger:
        assert ledger.check({}) == []


# migrations ---------------------------------------------------------------


def test_the_migrations_give_the_tables_that_the_code_knows(filled):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with open_ledger(filled[0]) as ledger, ledger.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata()) == []
        assert connection.exec_driver_sql("select version_num from alembic_version").scalar() == REVISION


def test_a_ledger_of_a_later_version_is_left_alone(tmp_path):
    home = Home(tmp_path / "home")
    fill(home)
    with sqlite3.connect(home.ledger_file) as db:
        db.execute("update alembic_version set version_num = '9999'")
    before = home.ledger_file.read_bytes()
    with pytest.raises(NewerLedger, match="version plus récente"):
        Ledger(home)
    assert home.ledger_file.read_bytes() == before


def test_the_head_of_an_empty_ledger_has_no_entry(tmp_path):
    with open_ledger(Home(tmp_path / "home")) as ledger:
        assert ledger.head() == Head(0, "0" * 64)
    with sqlite3.connect(tmp_path / "home" / "ledger.db") as db:
        assert head(db).entries == 0


STRANGERS = {
    "removals": "drop table removals; create view removals as select 1 as seq, 'un original' as subject",
    "muet": "create trigger muet before insert on refusals begin select raise(ignore); end",
    "decisions_no_update": "drop trigger decisions_no_update; "
    "create trigger decisions_no_update before insert on decisions begin select raise(ignore); end",
}


@pytest.mark.parametrize("name", STRANGERS)
def test_what_answers_in_place_of_a_table_or_keeps_entries_out_is_detected(filled, name):
    with sqlite3.connect(":memory:") as db:
        db.deserialize(filled[0].ledger_file.read_bytes())
        assert check(db, {"an anchor": filled[1]}) == []
        db.executescript(STRANGERS[name])
        assert [one.table for one in check(db, {"an anchor": filled[1]})] == [name]


def test_an_entry_whose_time_goes_back_is_detected_unless_a_clock_was_corrected(tmp_path, clock):
    with open_ledger(Home(tmp_path / "home")) as ledger:
        for number, moment in enumerate(
            ("2026-11-26T10:00", "2026-11-26T09:30", "2026-01-15T09:00", "2026-11-26T10:01")
        ):
            clock(f"{moment}:00+00:00")
            ledger.record_decision(Finding("A", "alerte", 2020, "a", f"{number}"), "accepted", "vu", f"{number}")
        (told,) = ledger.dated_back()
        assert told.startswith("decisions 3") and "2026-01-15" in told and "2026-11-26" in told


def test_generalised_rows_bear_the_moment_of_those_that_they_are_made_of(tmp_path, clock):
    with open_ledger(Home(tmp_path / "home")) as ledger:
        clock("2020-02-01T10:00:00+00:00")
        old, forged = manifest("a"), manifest("c")
        ledger.record_delivery(old)
        clock("2026-11-26T10:00:00+00:00")
        ledger.record_delivery(manifest("d"))
        removal = Removal("CONS-LAC", old.delivery, old.export_key, old.exercice, [], "b" * 32)
        ledger.record_generalised([(replace(old, delivery="b" * 32), removal)])
        assert ledger.dated_back() == []
        clock("2020-03-01T10:00:00+00:00")
        ledger.record_delivery(forged)
        (told,) = ledger.dated_back()
        assert told.startswith("deliveries 4")


def test_the_head_is_asked_for_as_it_was_when_an_entry_came_and_without_what_came_last(filled):
    home, anchor = filled
    with sqlite3.connect(home.ledger_file) as db:
        links = db.execute("select seq, table_name, row, hash from chain order by seq").fetchall()
        ends = [Head(0, ORIGIN), *(Head(seq, link) for seq, _, _, link in links)]
        for seq, table, row, _ in links:
            assert head(db, until=(table, row)) == ends[seq]
            assert head(db, before=(table, row)) == ends[seq - 1]
        last = links[-1][1]
        others = [seq for seq, table, _, _ in links if table not in (last, "findings")]
        assert head(db, after=(last, "findings")) == ends[others[-1]] != anchor
        assert head(db, until=links[9][1:3], after=(links[9][1],)).entries < 10


def test_a_break_is_reported_with_its_table_and_number(filled, tmp_path):
    assert Broken("releases", 12, "a disparu").sentence() == "releases 12\u00a0: a disparu"
    assert Broken("releases", None, "manque").sentence() == "releases\u00a0: manque"
    home, _ = filled
    copy = tmp_path / "ledger.db"
    copy.write_bytes(home.ledger_file.read_bytes())
    with sqlite3.connect(copy) as db:
        for (trigger,) in db.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            db.execute(f"drop trigger {trigger}")
        db.execute("update chain set seq = seq + 1 where seq = (select max(seq) from chain)")
        moved = db.execute("select max(seq) from chain").fetchone()[0]
    assert problems(copy) == [f"chain {moved}\u00a0: le maillon {moved - 1} manque ou n’est pas à sa place"]


@pytest.mark.parametrize(("seconds", "told"), [(3600, False), (3601, True)])
def test_an_hour_is_what_a_clock_is_set_right_by(tmp_path, clock, seconds, told):
    noon = dt.datetime(2020, 5, 1, 12, tzinfo=dt.UTC)
    with open_ledger(Home(tmp_path / "home")) as ledger:
        for name, moment in (("a", noon), ("b", noon - dt.timedelta(seconds=seconds))):
            clock(moment.isoformat())
            ledger.record_delivery(manifest(name))
        assert bool(ledger.dated_back()) == told


def test_a_link_to_a_missing_table_is_reported_and_nothing_after_it_is_read(filled, tmp_path):
    copy = tmp_path / "ledger.db"
    copy.write_bytes(filled[0].ledger_file.read_bytes())
    with sqlite3.connect(copy) as db:
        for (trigger,) in db.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            db.execute(f"drop trigger {trigger}")
        db.execute("update chain set table_name = 'rien' where seq = 2")
    assert problems(copy)[0] == "chain 2\u00a0: nomme une table que le registre n’a pas"


def test_a_link_is_the_sha_256_of_the_link_before_it_the_table_and_the_row():
    written = f'["{ORIGIN}", "decisions", {{"auteur": "Zoé", "seq": 1}}]'
    expected = hashlib.sha256(written.encode("utf-8")).hexdigest()
    assert link_of(ORIGIN, "decisions", {"seq": 1, "auteur": "Zoé"}) == expected
    assert link_of(expected, "decisions", {"seq": 1, "auteur": "Zoé"}) != expected


@pytest.fixture
def bare():
    """A database of one chained table, three rows long, without the guards that keep it from being edited."""
    with sqlite3.connect(":memory:") as db:
        db.execute("create table chain (seq integer primary key, table_name text, row integer, hash text)")
        db.execute("create table faits (seq integer primary key, dit text, au_plus text, fait_at text)")
        for day in (1, 2, 3):
            db.execute("insert into faits (dit, fait_at) values (?, ?)", (f"fait {day}", f"2026-01-0{day}T10:00:00"))
            append(db, "faits", day)
        yield db


def told(db, anchors: dict[str, Head] | None = None) -> list[str]:
    return [one.sentence() for one in check(db, anchors or {})]


CHANGED, GONE = "l’écriture n’est plus celle qui a été enregistrée", "l’écriture a disparu"
EDITS = {
    "update faits set dit = 'autre' where seq = 2": [f"faits 2\u00a0: {CHANGED}"],
    "update faits set au_plus = '' where seq = 3": [f"faits 3\u00a0: {CHANGED}"],
    "update faits set dit = cast(dit as blob) where seq = 1": [f"faits 1\u00a0: {CHANGED}"],
    "delete from faits where seq = 1": [f"faits 1\u00a0: {GONE}"],
    "insert into faits (dit) values ('fait 4'), ('fait 5')": [
        f"faits {row}\u00a0: l’écriture a été ajoutée hors de la chaîne" for row in (4, 5)
    ],
    "update chain set row = 1 where seq = 2": [
        f"faits 1\u00a0: {CHANGED}",
        "faits 1\u00a0: l’écriture est enchaînée deux fois",
        "faits 2\u00a0: l’écriture a été ajoutée hors de la chaîne",
    ],
    "update chain set hash = 'x' where seq = 2": [f"faits {row}\u00a0: {CHANGED}" for row in (2, 3)],
    "update chain set seq = 9 where seq = 3": ["chain 9\u00a0: le maillon 3 manque ou n’est pas à sa place"],
    "create view cachette as select 1": ["cachette\u00a0: n’est pas du registre, qui n’a que des tables"],
    "alter table faits add column depuis text": [],
}


@pytest.mark.parametrize("edit", EDITS)
def test_each_edit_is_reported_once_and_in_its_own_words(bare, edit):
    assert told(bare) == []
    bare.execute(edit)
    assert told(bare) == EDITS[edit]


def test_the_guards_of_a_table_are_no_strangers_in_whatever_case_and_refuse_every_change(bare):
    for verb in ("update", "delete"):
        bare.execute(guard_of("faits", verb).replace("create trigger", "CREATE TRIGGER"))
    assert told(bare) == []
    for statement in ("update faits set dit = ''", "delete from faits"):
        with pytest.raises(sqlite3.IntegrityError, match="^the ledger is append-only$"):
            bare.execute(statement)


def test_an_anchor_says_how_much_is_cut_off_or_which_entry_was_written_anew(bare):
    ends = [head(bare, until=("faits", row)) for row in (1, 2, 3)]
    assert told(bare, {"v1": Head(0, ORIGIN), "v2": ends[1], "v3": ends[2]}) == []
    for cut, words in ((3, "1 écriture"), (2, "2 écritures")):
        bare.execute("delete from chain where seq = ?", (cut,))
        bare.execute("delete from faits where seq = ?", (cut,))
        assert told(bare, {"v1": ends[0], "v3": ends[2]}) == [f"chain\u00a0: il manque à la fin {words} que connaît v3"]
    other = Head(1, "f" * 64)
    rewritten = "chain 1\u00a0: n’est pas l’écriture que connaît v1\u00a0: la chaîne a été réécrite"
    assert told(bare, {"v1": other, "ici": ends[0]}) == [rewritten]


def test_a_row_that_is_not_there_is_not_linked(bare):
    with pytest.raises(AssertionError, match="^faits 8 is not there to be linked$"):
        append(bare, "faits", 8)


def test_the_moments_of_entries_are_read_in_the_order_of_the_chain(bare):
    bare.execute("create table removals (subject text, successor text)")
    bare.execute("create table deliveries (seq integer primary key, delivery text, received_at text)")
    assert dated_back(bare) == [] and latest(bare) == "2026-01-03T10:00:00"
    for row, moment in ((4, None), (5, "2026-01-03T09:00:00"), (6, "2026-01-03T08:59:59"), (7, "2026-01-02T23:00:00")):
        bare.execute("insert into faits (dit, fait_at) values ('tard', ?)", (moment,))
        append(bare, "faits", row)
    assert dated_back(bare) == [
        f"faits {row}\u00a0: datée du {moment}, après une écriture du 2026-01-03T10:00:00"
        for row, moment in ((6, "2026-01-03T08:59:59"), (7, "2026-01-02T23:00:00"))
    ]
    assert latest(bare) == "2026-01-03T10:00:00"
    bare.execute("delete from chain")
    assert dated_back(bare) == [] and latest(bare) == ""
