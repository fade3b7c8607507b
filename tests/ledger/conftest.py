"""A ledger for each test."""

import pytest

from pipelines.ledger.store import open_ledger
from pipelines.settings import Home


@pytest.fixture
def ledger(tmp_path):
    with open_ledger(Home(tmp_path / "home")) as opened:
        yield opened
