"""The small home of the command line's tests, and its state as the audit page holds it."""

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.runs.audit.state import look, state
from tests.cli.conftest import Bench, bench, declared, filled, make_bench  # noqa: F401

YEAR = 2019


@pytest.fixture
def state_of() -> Callable[..., dict[str, Any]]:
    """The state of a home for one exercice."""

    def read(bench: Bench, year: int = YEAR, **options: Any) -> dict[str, Any]:  # noqa: F811
        with bench.work() as work:
            return state(look(work), year, **options)

    return read
