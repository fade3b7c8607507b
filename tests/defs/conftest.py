"""Each test of the definitions has its own home, although a process reads its home only once."""

from collections.abc import Iterator

import pytest

from pipelines.defs import workspace


def forget() -> None:
    for kept in (workspace.organisation, workspace.exercices):
        kept.cache_clear()


@pytest.fixture(scope="module", autouse=True)
def _of_this_module() -> None:
    forget()


@pytest.fixture(autouse=True)
def _of_this_test() -> Iterator[None]:
    forget()
    yield
    forget()
