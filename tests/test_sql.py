"""The SQL text that every query of the lake uses."""

from pathlib import Path

import duckdb
import pytest

from pipelines.sql import lake_scan, listed


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
