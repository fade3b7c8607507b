"""The process of Spark, as far as Spark itself is not needed."""

import json
import sys
from pathlib import Path

import pytest

from pipelines.stages.transform import spark_session
from pipelines.stages.transform.dbt import ENGINE, NodeResult


class Cluster:
    """Stand in for a session of Spark whose workers write ``files`` where this process reads."""

    defaultParallelism, master = 2, "spark://a:7077"

    def __init__(self, executors: int = 0, jobs: int = 1, files: int = 0):
        self.executors, self.jobs, self.files = executors, jobs, files
        self.sparkContext = self.write = self

    def statusTracker(self) -> "Cluster":
        return self

    def getExecutorInfos(self) -> list[int]:
        return [0] * (1 + self.executors)

    def getActiveJobsIds(self) -> list[int]:
        self.jobs -= 1
        if self.jobs < -3:
            raise TimeoutError
        return [1] * (self.jobs >= 0)

    def range(self, *_: int) -> "Cluster":
        return self

    def parquet(self, place: str) -> None:
        Path(place).mkdir()
        for n in range(self.files):
            (Path(place) / f"part-{n}.parquet").touch()


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends the process ends the test alone."""
    monkeypatch.setattr(spark_session.os, "kill", lambda _, sign: sys.exit(sign))


def test_a_job_without_executor_does_not_wait_for_ever(tmp_path: Path, ending):
    with pytest.raises(SystemExit):
        spark_session._watch(Cluster(jobs=9), tmp_path, patience=0.05, period=0.03)
    (answer,) = json.loads((tmp_path / spark_session.ANSWERS).read_text())
    assert "aucun exécuteur depuis" in answer["message"] and "spark://a:7077" in answer["message"]
    assert NodeResult(**answer).kind == ENGINE


@pytest.mark.parametrize("cluster", [Cluster(executors=1, jobs=9), Cluster(jobs=0)])
def test_a_job_that_has_an_executor_and_a_session_that_has_no_job_may_last(tmp_path: Path, ending, cluster: Cluster):
    with pytest.raises(TimeoutError):
        spark_session._watch(cluster, tmp_path, patience=0.05, period=0.03)
    assert not (tmp_path / spark_session.ANSWERS).exists()


def test_workers_that_write_elsewhere_are_refused_before_anything_is_made(tmp_path: Path):
    spark_session._refuse_unshared(Cluster(files=16), tmp_path / "seen")
    with pytest.raises(spark_session.Unfit, match="ne voient pas le dossier"):
        spark_session._refuse_unshared(Cluster(files=15), tmp_path / "half")
    with pytest.raises(spark_session.Unfit):
        spark_session._refuse_unshared(Cluster(), tmp_path / "absent" / "rows")  # Spark cannot write at all


def test_an_error_of_spark_is_reported_by_its_name_without_the_cell_that_it_quotes():
    said = "Runtime Error in model a\n  [CAST_INVALID_INPUT] The value 'Dupont' of the type \"STRING\" … == SQL =="
    assert spark_session._condition(said) == "Spark\N{NO-BREAK SPACE}: CAST_INVALID_INPUT"
    assert spark_session._condition("Compilation Error in model a") == "Compilation Error in model a"


def test_the_program_of_spark_needs_nothing_of_this_project():
    text = Path(spark_session.__file__).read_text(encoding="utf-8")
    assert "pipelines" not in text
