"""When too many lines are refused, the delivery is refused: its layout has changed."""

import pytest

from pipelines.ledger.records import TableCounts
from pipelines.stages.validate.share_refused import refused_share


@pytest.mark.parametrize(
    ("accepted", "refused", "fine"), [(10, 0, True), (10, 10, True), (10, 11, False), (0, 1, False)]
)
def test_refused_lines_may_not_outnumber_accepted_ones(accepted: int, refused: int, fine: bool) -> None:
    result = refused_share(TableCounts(accepted + refused, accepted, refused, 0, "t.parquet", "0" * 64))
    assert result.success is fine
    assert result.blocks is not fine
