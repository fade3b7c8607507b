"""An export that stops before the end of its exercice is reported."""

import pytest

from pipelines.ledger.records import TableCounts
from pipelines.stages.validate.freshness import freshness
from tests.layers import rules


def counts(days: int | None) -> TableCounts:
    return TableCounts(10, 10, 0, 0, "t.parquet", "0" * 64, jours_sans_ligne=days)


@pytest.mark.parametrize(("days", "fine"), [(0, True), (30, True), (31, False), (364, False)])
def test_rows_reach_the_last_month_or_a_warning_says_how_far_they_go(days: int, fine: bool) -> None:
    (result,) = freshness(counts(days), rules())
    assert (result.success, result.blocks) == (fine, False)
    assert fine or result.code == "COL-PERIME"
    assert str(days) in result.observed


def test_nothing_is_reported_where_rows_prove_nothing() -> None:
    assert freshness(counts(None), rules()) == []
