"""The jobs as the command line starts them."""

import errno
import os

import dagster as dg
import pytest

from pipelines.defs import run
from pipelines.defs.collect import collect_defs
from pipelines.defs.home import HomeResource
from pipelines.defs.run import (
    Failed,
    RunReport,
    _collect,
    _failures,
    once_arrived,
    soon_arrived,
    spans,
)
from pipelines.disk import why
from pipelines.runs.outcome import Ending
from pipelines.runs.pending import Pending, pending
from tests.cli.conftest import VENTES_2019, bench, declared, filled, make_bench  # noqa: F401
from tests.deliveries import begin_ledger


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


def test_a_run_gives_a_file_that_was_just_copied_one_pause(bench, monkeypatch):  # noqa: F811
    bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019).with_suffix(".csv.part").touch()
    said, slept = [], []
    monkeypatch.setenv("MILLESIME_QUIET", "60")
    monkeypatch.setattr("time.sleep", slept.append)
    with bench.work() as work:
        todo = soon_arrived(lambda: pending(work, [2019], None), said.append)
    assert len(said) == 1 and slept == [5] and todo.aside  # what is still not there is left aside


def test_only_what_came_is_collected_in_one_run_of_its_exercices(bench):  # noqa: F811
    years, said = (2019, 2020), []
    for year in years:
        bench.drop(f"{year}/ventes/ventes_{year}.csv", VENTES_2019.replace("2019", str(year)))
    wanted = [(bench.registry.export_of("ventes/ventes"), year) for year in years]
    loaded = dg.Definitions.merge(
        collect_defs(bench.home),
        dg.Definitions(
            jobs=[dg.define_asset_job("collect")], resources={"home": HomeResource(root=str(bench.home.root))}
        ),
    )
    with dg.DagsterInstance.ephemeral() as instance:
        assert _collect(loaded, instance, wanted, said.append) == ([], [])
    assert said == ["collecte 1/1 : ventes/ventes"]
    with bench.ledger() as ledger:
        assert ledger.current().keys() == {("ventes/ventes", year) for year in years}


def test_where_nothing_came_nothing_runs_unless_all_is_asked_for(filled, monkeypatch):  # noqa: F811
    ran = []
    monkeypatch.setattr("pipelines.defs.code_location.definitions_of", lambda _: None)
    monkeypatch.setattr(run, "_build", lambda *_, whole, before_publishing: ran.append(whole) or [])
    monkeypatch.setattr(run, "pending", lambda *_: Pending([], [], is_nothing=True))
    report = run.run_jobs(filled.home, [2019])
    assert (report.failed, report.aside, ran) == ([], [], [])
    run.run_jobs(filled.home, [2019], whole=True)
    assert ran == [True]


def test_nothing_begins_on_a_disk_without_room(bench, monkeypatch):  # noqa: F811
    bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019)
    monkeypatch.setattr(run, "is_crowded", lambda _: True)
    assert run.run_jobs(bench.home, [2019]) == RunReport([Failed(Ending.NO_DISK, "")])
    assert not (bench.home.dagster / run.CONSOLE).exists()


@pytest.mark.parametrize("current", [True, False])
def test_a_warehouse_that_would_come_out_the_same_is_only_published(bench, monkeypatch, current):  # noqa: F811
    begin_ledger(bench.home)
    ran, said = [], []

    @dg.asset(group_name="publication")
    def published() -> None:
        ran.append("published")

    @dg.asset(group_name="rapport")
    def models() -> None:
        ran.append("models")

    monkeypatch.setattr(run, "is_current", lambda _: current)
    monkeypatch.setattr(run, "is_published", lambda _: False)
    loaded = dg.Definitions(assets=[published, models], jobs=[dg.define_asset_job("build")])
    with dg.DagsterInstance.ephemeral() as instance:
        assert run._build(loaded, instance, bench.home, said.append, whole=False) == []
        assert sorted(ran) == (["published"] if current else ["models", "published"])
        assert len(said) == len(ran) and said[0].startswith(f"construction et publication 1/{len(ran)} : ")
        ran.clear()
        how = {"whole": False, "before_publishing": lambda: ran.append("approved")}
        assert run._build(loaded, instance, bench.home, said.append, **how) == []
    assert ran == (["approved", "published"] if current else ["models", "approved", "published"])


def broken(name: str, error: BaseException) -> dg.OpDefinition:
    @dg.op(name=name)
    def step(home: HomeResource) -> None:
        with home.writing():
            raise error

    return step


def test_a_failed_step_says_how_it_ended_in_the_words_of_the_engine_or_of_the_system(bench):  # noqa: F811
    begin_ledger(bench.home)
    raised = {
        "refused": dg.Failure("un export est refusé", metadata={"ending": str(Ending.REFUSED)}),
        "full": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/a"),
        "closed": PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/a/b"),
        "wrong": ValueError("une ligne\net une autre"),
    }

    @dg.job(resource_defs={"home": HomeResource(root=str(bench.home.root))})
    def steps() -> None:
        for name, error in raised.items():
            broken(name, error)()

    events = steps.execute_in_process(raise_on_error=False).all_events
    assert {event.step_key for event in events if event.is_step_failure} == raised.keys()
    assert sorted(_failures(events), key=lambda one: list(Ending).index(one.ending)) == [
        Failed(Ending.REFUSED, "un export est refusé"),
        Failed(Ending.NO_DISK, f"/a : {why(raised['full'])}"),
        Failed(Ending.NO_RIGHT, f"/a/b : {why(raised['closed'])}"),
        Failed(Ending.BROKEN, "ValueError: une ligne"),
    ]
    report = RunReport(_failures(events))
    assert report.ended(Ending.BUSY, Ending.NO_RIGHT, Ending.REFUSED).ending == Ending.NO_RIGHT
    assert report.ended(Ending.BUSY) is None
    assert _failures([event for event in events if not event.is_step_failure]) == [
        Failed(Ending.BROKEN, "l’exécution a échoué")
    ]
    assert _failures([]) == []


@pytest.mark.parametrize(
    ("years", "expected"),
    [([], []), ([2019], [(2019, 2019)]), ([2021, 2018, 2019, 2021], [(2018, 2019), (2021, 2021)])],
)
def test_exercices_that_follow_one_another_are_one_run(years: list[int], expected: list[tuple[int, int]]):
    assert spans(years) == expected
