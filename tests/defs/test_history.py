"""The job that purges: it takes the lock as the command does, and also removes Dagster's old runs."""

import dagster as dg
import pytest

from pipelines.defs.history import forget, forget_all_but, old_runs
from pipelines.defs.home import HomeResource
from pipelines.defs.instance import open_instance
from pipelines.defs.jobs import Asked, purge, remove_overdue, weekly_purge
from tests.cli.conftest import Bench, bench, declared, filled, make_bench  # noqa: F401


@pytest.fixture
def instance(filled: Bench):  # noqa: F811
    """The instance of the home."""
    with open_instance(filled.home) as one:
        yield one


def purged(
    bench: Bench,  # noqa: F811
    instance: dg.DagsterInstance,
    asked: dg.RunConfig | None = None,
    *,
    raise_on_error: bool = True,
) -> dg.ExecuteInProcessResult:
    """The job as the schedule launches it, or as ``asked``."""
    asked = asked or dg.RunConfig(ops={remove_overdue.name: Asked(par=weekly_purge().name)})
    home = HomeResource(root=str(bench.home.root))
    return purge.execute_in_process(asked, instance, resources={"home": home}, raise_on_error=raise_on_error)


def test_the_job_removes_what_is_overdue_and_forgets_old_runs_except_its_own(filled: Bench, instance, clock):  # noqa: F811
    first = purged(filled, instance)
    assert first.success and old_runs(filled.home, "P1M", "2000-01-01") == []
    clock("2049-01-01T00:00:00+00:00")
    assert list(filled.home.landing.rglob("*.csv")) == []  # the terms of 2019 have passed already
    second = purged(filled, instance)
    assert second.success
    assert [run.run_id for run in instance.get_runs()] == [second.run_id]
    assert instance.all_logs(first.run_id) == []
    assert old_runs(filled.home, "P1M", "2999-01-01") == [second.run_id]
    forget(filled.home, [second.run_id])
    assert instance.get_runs() == []


@pytest.mark.parametrize(
    ("par", "named"), [(weekly_purge().name, weekly_purge().name), ("a martin", "A. Martin"), ("Z. Inconnu", None)]
)
def test_a_removal_names_the_schedule_or_the_person_who_launched_it(filled: Bench, instance, clock, par, named):  # noqa: F811
    clock("2049-01-01T00:00:00+00:00")
    asked = dg.RunConfig(ops={remove_overdue.name: Asked(par=par)})
    assert purged(filled, instance, asked, raise_on_error=False).success == (named is not None)
    with filled.ledger() as ledger:
        assert {row["removed_by"] for row in ledger.all_rows("removals")} == ({named} if named else set())


def test_the_schedule_launches_the_purge_in_its_own_name():
    request = weekly_purge().evaluate_tick(dg.build_schedule_context()).run_requests[0]
    assert request.run_config["ops"] == {"purger": {"config": {"par": "purge_hebdomadaire"}}}


def test_nothing_purges_by_itself_until_somebody_starts_the_schedule():
    schedule = weekly_purge()
    assert (schedule.name, schedule.cron_schedule) == ("purge_hebdomadaire", "0 5 * * 1")
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED


def test_only_the_last_runs_are_kept_with_what_a_former_program_kept_of_their_prints(filled: Bench, instance):  # noqa: F811
    done = [purged(filled, instance).run_id for _ in range(4)]
    for run in done:
        (filled.home.dagster / "storage" / run / "compute_logs").mkdir(parents=True)
    forget_all_but(filled.home, 2)
    assert {run.run_id for run in instance.get_runs()} == set(done[2:])
    assert instance.all_logs(done[0]) == [] and instance.all_logs(done[3]) != []
    assert {path.name for path in (filled.home.dagster / "storage").iterdir()} == set(done[2:])
