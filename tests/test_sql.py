"""The SQL text that every query of the lake uses."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.sql import LONGEST, called, indented, insert, listed, literal, parquet_scan, select, where, with_sheet


@pytest.mark.parametrize(
    ("row", "read"),
    [("1 as n", [(1, None)]), ("1 as n, 'Orly' as _feuille", [(1, "Orly")]), ("1 as n where false", [])],
)
def test_rows_without_a_sheet_are_read_with_the_column_all_the_same(tmp_path: Path, row: str, read: list):
    path = tmp_path / "a[1].parquet"
    duckdb.sql(f"copy (select {row}) to '{path}' (format parquet)")
    assert duckdb.sql(f"select n, _feuille from {with_sheet(parquet_scan(path))}").fetchall() == read


def test_a_list_of_texts_is_read_back_as_it_was():
    texts = ["l’État", "d'un agent", None, "", "[a], 'b'"]
    assert duckdb.sql(f"select unnest({listed(texts)})").fetchall() == [(text,) for text in texts]
    assert duckdb.sql(f"select unnest({listed([])})").fetchall() == []


ROWS = [
    ("l’État", True, 2**62 + 1, Decimal("0.10"), date(2020, 1, 31), datetime(2020, 1, 31, 10, 5, 0, 1), None),
    ('d\'un "agent"\n\\n', False, None, Decimal("12345678901234567890123456789012.123456"), date(1, 1, 1), None, None),
    ("", None, -(2**40), Decimal("1E+3"), date(9999, 12, 31), None, None),
    ("007", None, 0, None, None, None, None),
    (None, None, 1, Decimal("-0.000001"), None, None, None),
    *(
        ("NULL", None, 1, 1, None, None, None),
        ("nan", None, 1, 0, None, None, None),
        ("None", None, 1, 2, None, None, None),
    ),
]
KINDS = "t varchar, b boolean, n bigint, d decimal(38, 6), j date, h timestamp, v integer"


@pytest.mark.parametrize("rows", [ROWS, ROWS[::-1], ROWS[:1], []])
def test_rows_are_inserted_as_they_are(rows: list[tuple]):
    with duckdb.connect() as db:
        db.execute(f"create schema audit; create table audit.kept ({KINDS}); begin")
        insert(db, "audit.kept", rows)
        db.execute("commit")
        assert db.execute("from audit.kept").fetchall() == rows
        assert db.execute("show tables").fetchall() == []  # nothing stays registered


def test_the_type_is_that_of_the_column_whatever_comes_first():
    with duckdb.connect() as db:
        db.execute("create table kept (t varchar, n bigint, v varchar default 'rien')")
        rows = [*[(None, None)] * 1500, ("2020", 2**53 + 1), *[("texte", None)] * 1500]
        insert(db, "kept (t, n)", rows)
        assert db.execute("select t, n from kept").fetchall() == rows
        assert db.execute("select distinct v from kept").fetchall() == [("rien",)]


def test_a_moment_is_kept_in_universal_time():
    with duckdb.connect() as db:
        db.execute("set timezone = 'Europe/Paris'; create table kept (h timestamp)")
        insert(db, "kept", [(datetime(2020, 7, 1, 12, tzinfo=UTC),)])
        assert db.execute("from kept").fetchall() == [(datetime(2020, 7, 1, 12),)]


def test_a_query_is_laid_out_a_column_and_a_test_per_line():
    names = [literal("x" * 40)] * 3
    query = select(["a", "b as c"], "from t", where(["a = 1", called("b in ", names)]), "", "group by a, b")
    assert query == (
        f"select\n    a,\n    b as c\nfrom t\nwhere\n    a = 1\n    and b in (\n        {names[0]},\n        {names[1]},\n"
        f"        {names[2]}\n    )\ngroup by a, b"
    )
    assert (where([]), where(["a = 1"]), called("f", ["a", "b"])) == ("", "where a = 1", "f(a, b)")
    assert len(called("b in ", names).splitlines()[0]) < LONGEST


def test_a_text_of_several_lines_is_the_same_wherever_it_stands():
    text = "l'un\nl'autre\n"
    inner = select([f"{literal(text)} as texte", "1 as un"])
    assert duckdb.sql(f"from (\n{indented([indented([inner])])}\n)").fetchall() == [(text, 1)]
