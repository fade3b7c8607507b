"""A publication whose parts are written by other processes, which may die."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipelines.publication import PROFILES
from pipelines.runs import publish
from pipelines.settings import Home


class Here(Executor):
    """Runs what it is given at once, in this process, unless it is dead."""

    def __init__(self, dies: str = ""):
        self.dies = dies

    def submit(self, task: Callable, /, *given: Any) -> Future:  # type: ignore[override]
        done: Future = Future()
        if self.dies == "before":
            raise BrokenProcessPool
        if self.dies == "meanwhile":
            given[-1].mkdir()
            done.set_exception(BrokenProcessPool())
        else:
            done.set_result(task(*given))
        return done


@pytest.mark.parametrize("dies", ["", "before", "meanwhile"])
def test_the_public_profile_is_where_it_belongs_whoever_makes_it(tmp_path: Path, monkeypatch, dies: str):
    def made(by: str) -> Callable[..., tuple[None, list]]:
        def make(_: Any, __: str, folder: Path) -> tuple[None, list]:
            folder.mkdir()
            (folder / "manifest.json").write_text(by)
            return None, []

        return make

    monkeypatch.setattr(publish, "_make_public", made("another"))
    monkeypatch.setattr(publish, "public_profile", made("this one"))
    work: Any = SimpleNamespace(home=Home(tmp_path))
    with publish._public_beside(work, "b1", Here(dies)) as public:
        assert public(tmp_path / "public") == (None, [])
    assert (tmp_path / "public" / "manifest.json").read_text() == ("this one" if dies else "another")
    assert [path.name for path in tmp_path.iterdir()] == ["public"]


def test_the_processes_of_a_block_around_serve_and_end_with_it(tmp_path: Path):
    with publish.writers(Home(tmp_path)) as outer:
        assert [*outer] == [*PROFILES]
        with publish.writers(Home(tmp_path)) as inner:
            assert inner is outer
        assert outer["public"].submit(len, "abc").result() == 3
        kept = dict(outer)
    with pytest.raises(RuntimeError):
        kept["public"].submit(len, "abc")
    assert publish._writers == {}
