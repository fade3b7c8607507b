"""When the term of what is kept comes."""

import pytest

from pipelines.runs.retention import after


@pytest.mark.parametrize(
    ("start", "duration", "day"),
    [
        ("2019-12-31", "P1Y", "2020-12-31"),
        ("2019-11-30", "P3M", "2020-02-29"),
        ("2020-02-29", "P1Y", "2021-02-28"),
        ("2019-01-31T10:00:00", "P1M", "2019-02-28"),
        ("2019-12-31", "P24M", "2021-12-31"),
        ("2019-12-31", "P2M", "2020-02-29"),
    ],
)
def test_a_term_is_the_same_day_of_a_later_month_or_its_last(start, duration, day):
    assert after(start, duration) == day
