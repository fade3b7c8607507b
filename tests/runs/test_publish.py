"""A publication whose parts are written by other processes, which may die."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipelines.ledger.state import MANIFEST
from pipelines.ledger.store import open_ledger
from pipelines.publication import PROFILES
from pipelines.runs.publish import _public_beside, _writers, writers
from pipelines.settings import Home
from pipelines.stages.publish.swap import MakesPublic, public_profile
from tests.stages.publish.conftest import lab  # noqa: F401
from tests.stages.publish.small import warehouse
from tests.stages.transform.conftest import Lab


class Here(Executor):
    """Makes the profile at once, unless it is dead, or dies with half of it done."""

    def __init__(self, make: MakesPublic, dies: str):
        self.make, self.dies = make, dies

    def submit(self, _task: Callable, /, *given: Any) -> Future:  # type: ignore[override]
        done: Future = Future()
        if self.dies == "meanwhile":
            given[-1].mkdir()
            (given[-1] / MANIFEST).write_text("half of it")
        if self.dies:
            done.set_exception(BrokenProcessPool())
        else:
            done.set_result(self.make(given[-1]))
        return done


@pytest.mark.parametrize("dies", ["", "before", "meanwhile"])
def test_the_public_profile_is_whole_whoever_makes_it(lab: Lab, tmp_path: Path, dies: str):  # noqa: F811
    warehouse(lab)
    folder = tmp_path / "publication" / "public"
    folder.parent.mkdir()
    with open_ledger(lab.home) as ledger:
        work = lab.work(ledger)
        with _public_beside(work, "b1", Here(partial(public_profile, work, "b1"), dies)) as public:
            profile, _ = public(folder)
    assert profile is not None
    assert (folder / "rapport" / "chiffres.parquet").exists()
    assert (folder / MANIFEST).read_text().startswith("{")


def test_the_processes_of_a_block_around_serve_and_end_with_it(tmp_path: Path):
    with writers(Home(tmp_path)) as outer:
        assert [*outer] == [*PROFILES]
        with writers(Home(tmp_path)) as inner:
            assert inner is outer
        assert outer["public"].submit(len, "abc").result() == 3
        kept = dict(outer)
    with pytest.raises(RuntimeError):
        kept["public"].submit(len, "abc")
    assert _writers == {}
