"""Draws the samples of the audit pages in another process during a build, which changes nothing of what they are drawn from.

This only saves time: a line drawn ahead is reused, like one of the last page, if it would be shown from the same data.
"""

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress

from pipelines.ledger.workspace import open_workspace
from pipelines.runs.audit.sampling import SIZE, Sample, default_seed, sample
from pipelines.runs.audit.write import last_sample
from pipelines.settings import Home

Samples = dict[int, Sample]  # by exercice

_drawn: dict[Home, Future[Samples]] = {}


@contextmanager
def drawing_ahead(home: Home, process: Executor) -> Iterator[None]:
    """Have ``process`` draw the sample of each exercice, for the pages written in the block."""
    _drawn[home] = process.submit(_draw, home)
    try:
        yield
    finally:
        _drawn.pop(home, None)


def drawn_ahead(home: Home) -> Samples:
    """What was drawn, once; empty if it was not asked for, or failed."""
    with suppress(Exception):  # the page meets the error again, and reports it
        if drawn := _drawn.pop(home, None):
            return drawn.result()
    return {}


def _draw(home: Home) -> Samples:
    with open_workspace(home) as work:
        return {
            year: sample(home, work.ledger, work.registry, year, default_seed(year), SIZE, last_sample(work, year))
            for year in work.organisation.years
        }
