"""What a warehouse records about how it was made: the content of a table, compared from one build to the next."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from pipelines.stages.transform.construction import open_books

ROWS = "select * from (values (1, 'a'), (2, 'b'), (2, 'b')) as t(n, nom)"


@pytest.fixture
def db() -> Iterator[Any]:
    with duckdb.connect() as db:
        open_books(db)
        db.execute(f"create schema marts; create schema rapport; create table marts.t as {ROWS}")
        yield db


def content(db: Any, table: str) -> str:
    (found,) = db.execute(f"select construction.contenu('{table}')").fetchone()
    return found


def test_the_same_columns_and_rows_are_the_same_content_in_any_order_and_schema(db):
    db.execute(f"create table rapport.t as {ROWS} order by n desc")
    assert content(db, "rapport.t") == content(db, "marts.t")


@pytest.mark.parametrize(
    "other",
    [
        "select distinct * from marts.t",
        "select n, nom as titre from marts.t",
        "select nom, n from marts.t",
        "select n::bigint as n, nom from marts.t",
        "select n, nullif(nom, 'b') as nom from marts.t",
    ],
)
def test_anything_else_is_another(db, other):
    db.execute(f"create table rapport.t as {other}")
    assert content(db, "rapport.t") != content(db, "marts.t")
