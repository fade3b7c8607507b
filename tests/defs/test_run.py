"""The jobs as the command line asks for them."""

import inspect
import sys
from contextlib import redirect_stderr

from dagster._core.instance import types

from pipelines.defs.run import UNLOGGED, _OneVoice, once_arrived
from pipelines.runs.pending import pending
from tests.cli.conftest import VENTES_2019, bench, declared, make_bench  # noqa: F401


def test_a_run_that_waits_says_for_what_until_it_has_arrived(bench):  # noqa: F811
    path = bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019)
    coming = path.with_name(f"{path.name}.part")
    coming.touch()
    said = []

    def say(what: str) -> None:
        said.append(what)
        coming.unlink()

    with bench.work() as work:
        (aside,) = pending(work, [2019], None).aside
        todo = once_arrived(lambda: pending(work, [2019], None), say)
    assert said == [f"attend {aside.fichier} ({aside.raison})"] and aside.fichier.endswith(".part")
    assert [ref.key for ref, _ in todo.arrived] == ["ventes/ventes"] and todo.aside == []


def test_an_event_that_cannot_be_stored_is_reported_once(capsys):
    assert f'sys.stderr.write(f"{UNLOGGED}: ' in inspect.getsource(types)
    with redirect_stderr(_OneVoice(sys.stderr)):
        sys.stderr.write(f"{UNLOGGED}: (sqlite3.OperationalError) disk is full\n")
        print("Erreur : le disque est plein", file=sys.stderr)
        assert not sys.stderr.isatty()
    assert capsys.readouterr().err == "Erreur : le disque est plein\n"
