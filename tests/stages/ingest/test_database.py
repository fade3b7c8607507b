"""What small deliveries share is only the DuckDB: no table, no key and no file; and when two threads may read one file."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from pipelines.stages.ingest import database
from pipelines.stages.ingest.pseudonym import pseudonym
from pipelines.stages.ingest.readers.records import Records, written_rows

KEY, OTHER = b"a" * 32, b"b" * 32


def test_no_table_of_a_delivery_is_seen_by_the_next_one_or_by_one_at_the_same_time(tmp_path: Path) -> None:
    with database.opened(KEY, tmp_path, 1, small=True) as db:
        db.execute("create temp table typed_0 as select 1")
        with database.opened(KEY, tmp_path, 1, small=True) as beside, pytest.raises(duckdb.CatalogException):
            beside.execute("from typed_0")
    with database.opened(KEY, tmp_path, 1, small=True) as after:
        assert after.execute("select count(*) from duckdb_tables()").fetchone() == (0,)


@pytest.mark.parametrize("small", [True, False])
def test_each_key_gives_its_own_pseudonyms(tmp_path: Path, small: bool) -> None:
    with (
        database.opened(KEY, tmp_path, 1, small=small) as db,
        database.opened(OTHER, tmp_path, 1, small=small) as beside,
    ):
        for key, one in ((KEY, db), (OTHER, beside), (KEY, db)):
            said = one.execute("select pseudonyme('matricule', 'A1')").fetchone()
            assert said == (pseudonym(key, "matricule", "A1"),)


def test_only_a_large_delivery_may_spill_and_only_into_its_folder(tmp_path: Path) -> None:
    for small, place in ((True, ""), (False, f"{tmp_path}/spill.tmp")):
        with database.opened(KEY, tmp_path, 1, small=small) as db:
            assert db.execute("select current_setting('temp_directory')").fetchone() == (place,)


def test_a_database_that_an_error_left_is_not_used_again(tmp_path: Path) -> None:
    with database.opened(KEY, tmp_path, 1, small=True) as db:
        db.execute("create table kept as select 1")
        database.leave()
        with database.opened(KEY, tmp_path, 1, small=True) as after:
            assert after.execute("select count(*) from duckdb_tables()").fetchone() == (0,)
        assert db.execute("select pseudonyme('matricule', 'A1')").fetchone()[0].startswith("k1:")


def test_only_a_few_narrow_records_are_small(tmp_path: Path) -> None:
    path = tmp_path / "records.csv"
    path.write_bytes(b"x" * 1000)
    narrow, wide = Records(path, ["a"] * 10, None, 1), Records(path, ["a"] * 600, None, 1)
    assert database.is_small([[narrow] * 100, [wide], [wide]])
    assert not database.is_small([[wide, wide]])
    assert not database.is_small([[narrow] * 50] * 20)
    apart = tmp_path / "records.apart"
    apart.write_bytes(b"x" * database.SMALL_BYTES)
    assert not database.is_small([[replace(narrow, apart=apart)]])


def test_a_text_of_several_lines_is_seen(tmp_path: Path) -> None:
    """Two threads that share such a file could begin within the text."""
    for text, is_so in (("a", True), ("a\nb", False)):
        path = tmp_path / "records.csv"
        with written_rows(path) as rows:
            rows.writerow([2, text])
        assert Records(path, ["c"], None, 2, ignored=1).has_a_line_each is is_so
