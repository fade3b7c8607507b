"""The demonstration's exports, of every exercice that it knows."""

from pathlib import Path

import pytest

from demo.home import CONNUS, make_home
from tests.once import made_once


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with every exercice, made once for all workers; nobody writes in it."""
    return made_once(tmp_path_factory, "exports", lambda home: make_home(home, CONNUS))
