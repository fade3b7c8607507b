"""The jobs as the command line starts them."""

import inspect
import sys
from contextlib import redirect_stderr

import pytest
from dagster._core.instance import types

from pipelines.defs import run
from pipelines.defs.run import UNLOGGED, _OneVoice, run_jobs
from pipelines.runs.arriving import Aside
from pipelines.runs.pending import Pending
from tests.cli.conftest import bench, declared, make_bench  # noqa: F401


@pytest.mark.parametrize("wait", [True, False])
def test_who_waits_is_told_for_what_and_the_others_are_told_what_is_left_aside(bench, monkeypatch, wait: bool):  # noqa: F811
    coming = Aside("ventes/ventes", 2019, "landing/2019/ventes/v.csv", "changé il y a moins de 0 s")
    answers, said = [Pending([], [], True, [coming]), Pending([], [], True, [coming]), Pending([], [], True)], []
    monkeypatch.setattr(run, "pending", lambda *_: answers.pop(0))
    report = run_jobs(bench.home, [2019], progress=said.append, wait=wait)
    assert report.aside == ([] if wait else [coming])
    assert said == [f"attend {coming.fichier} ({coming.raison})"] * 2 * wait


def test_an_event_that_cannot_be_stored_is_not_said_twice(capsys):
    assert f'sys.stderr.write(f"{UNLOGGED}: ' in inspect.getsource(types)
    with redirect_stderr(_OneVoice(sys.stderr)):
        sys.stderr.write(f"{UNLOGGED}: (sqlite3.OperationalError) disk is full\n")
        print("Erreur : le disque est plein", file=sys.stderr)
        assert not sys.stderr.isatty()
    assert capsys.readouterr().err == "Erreur : le disque est plein\n"
