"""Fixtures of the report's tests."""

from pathlib import Path

import pytest

from tests.stages.report.publication import Press


@pytest.fixture
def press(tmp_path: Path) -> Press:
    """A small publication with its chapters."""
    return Press(tmp_path)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where drawings and fonts are kept during the tests."""
    return tmp_path_factory.mktemp("cache")
