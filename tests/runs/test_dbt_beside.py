"""dbt in a process of its own: what it makes is what it makes here, and its death is a build that failed."""

import os
import signal
import threading
import time

from pipelines.runs import dbt_beside
from pipelines.settings import Home
from tests.stages.transform.conftest import Lab, lab, makers, project  # noqa: F401

TABLES = ["fct_a", "fct_b"]


def built(home: Home, table: str) -> tuple[list[str], list[str]]:
    """What became of a table, and what dbt said of it."""
    told: list[dict] = []
    results = dbt_beside.build_models(home, [table], told.append)
    said = [one for one in told if one["info"]["name"] == "LogModelResult"]
    return [result.status for result in results], [one["data"]["status"] for one in said]


def test_the_other_process_makes_what_this_one_makes(project: Lab):  # noqa: F811
    with dbt_beside.dbt_beside():
        dbt_beside.read_ahead(project.home)
        assert built(project.home, "fct_a") == (["success"], ["OK"])
    assert built(project.home, "fct_b") == (["success"], ["OK"])
    assert makers(project.home) == dict.fromkeys(TABLES, "duckdb")


def test_what_a_process_that_dies_at_work_could_not_make_is_made_here(project: Lab):  # noqa: F811
    with dbt_beside.dbt_beside():
        assert dbt_beside._beside
        process = dbt_beside._beside.submit(os.getpid).result()
        dbt_beside._beside.submit(time.sleep, 60)  # it has not begun yet
        threading.Timer(0.5, os.kill, (process, signal.SIGKILL)).start()
        assert built(project.home, "fct_a") == (["success"], ["OK"])
