"""The SQL text that every query of the lake uses."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.sql import LONGEST, called, indented, lake_scan, listed, literal, many, select, where


@pytest.mark.parametrize(
    ("row", "read"),
    [("1 as n", [(1, None)]), ("1 as n, 'Orly' as _feuille", [(1, "Orly")]), ("1 as n where false", [])],
)
def test_a_file_older_than_the_column_of_sheets_reads_as_one_without(tmp_path: Path, row: str, read: list):
    path = tmp_path / "a[1].parquet"
    duckdb.sql(f"copy (select {row}) to '{path}' (format parquet)")
    assert duckdb.sql(f"select n, _feuille from {lake_scan(path)}").fetchall() == read


def test_a_list_of_texts_is_read_back_as_it_was():
    texts = ["l’État", "d'un agent", None, "", "[a], 'b'"]
    assert duckdb.sql(f"select unnest({listed(texts)})").fetchall() == [(text,) for text in texts]
    assert duckdb.sql(f"select unnest({listed([])})").fetchall() == []


def test_many_rows_are_inserted_as_they_are():
    rows = [
        ("l’État", True, 1, None, Decimal("0.10"), date(2020, 1, 31)),
        ('d\'un "agent"\n', False, -(2**40), "", None, None),
    ]
    duckdb.sql("create temp table kept (t varchar, b boolean, n bigint, v varchar, d decimal(9, 2), j date)")
    duckdb.sql(f"insert into kept {many(rows)}")
    assert duckdb.sql("from kept").fetchall() == rows


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
