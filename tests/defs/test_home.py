"""A run holds its home from its first step to its last, and says in French why it could not."""

import shutil
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from demo.home import ORGANISATION
from pipelines.defs.home import HomeResource
from pipelines.locking import is_writing, only_writer
from pipelines.runs.outcome import Ending
from pipelines.settings import Home
from pipelines.stages.transform.build import BuildFailed


@pytest.fixture
def home(tmp_path: Path) -> Home:
    shutil.copy(ORGANISATION, tmp_path)
    return Home(tmp_path)


def run(home: Home, *steps, **asked) -> dg.ExecuteInProcessResult:
    """A run of these steps, one after the other."""

    @dg.job(executor_def=dg.in_process_executor)
    def job() -> None:
        before = None
        for number, step in enumerate(steps):
            ins = {"before": dg.In(dg.Nothing)} if number else {}
            made = dg.op(name=f"step_{number}", ins=ins, out=dg.Out(dg.Nothing))(step)
            before = made(before) if number else made()

    return job.execute_in_process(resources={"home": HomeResource(root=str(home.root))}, **asked)


def failures(result: dg.ExecuteInProcessResult) -> list[tuple[str, str]]:
    told = [event.step_failure_data.user_failure_data for event in result.all_node_events if event.is_step_failure]
    return [(one.metadata["ending"].value, one.description) for one in told]


def test_the_lock_is_held_from_the_first_step_to_the_end_of_the_run(home: Home):
    held, objects = [], set()

    def step(home: HomeResource) -> None:
        before = is_writing(home.home)
        with home.writing() as work:
            assert work.organisation.sigle
        held.append((before, is_writing(home.home)))
        objects.add(id(home))

    assert run(home, step, step).success
    assert held == [(False, True), (True, True)] and len(objects) == 1
    assert not is_writing(home)
    assert run(home, step).success  # another run, in the same process


def test_a_home_that_is_busy_and_a_build_that_failed_are_failures_that_say_how_they_ended(home: Home):
    def write(home: HomeResource) -> None:
        with home.writing():
            pass

    def fail(home: HomeResource) -> None:
        with home.writing():
            raise BuildFailed("le modèle ne se construit pas")

    with only_writer(home):
        ((ending, said),) = failures(run(home, write, raise_on_error=False))
    assert ending == Ending.BUSY and "est occupé" in said
    assert failures(run(home, fail, raise_on_error=False)) == [(Ending.NOT_BUILT, "le modèle ne se construit pas")]
    assert not is_writing(home)


@pytest.mark.parametrize("error", [RuntimeError, duckdb.InterruptException])
@pytest.mark.parametrize("cause", [KeyboardInterrupt, dg.DagsterExecutionInterruptedError])
def test_an_interruption_that_duckdb_reports_as_its_own_is_one_again(home: Home, error, cause):
    resource = HomeResource(root=str(home.root))
    with pytest.raises(cause), resource.writing():
        raise error("Query interrupted") from cause()
    with pytest.raises(error), resource.writing():
        raise error("another reason") from ValueError()
    resource.teardown_after_execution(dg.build_init_resource_context())
    assert not is_writing(home)
