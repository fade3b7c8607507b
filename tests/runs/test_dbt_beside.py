"""dbt in a process of its own: what it makes is what it makes here, and its death is a build that failed."""

import os
import signal
import threading
import time
from concurrent.futures import Future

import duckdb

from pipelines.ledger.store import open_ledger
from pipelines.runs import dbt_beside
from pipelines.settings import Home
from pipelines.stages.transform.dbt import NodeResult, parse
from tests.stages.transform.conftest import Lab, lab, makers, project  # noqa: F401

TABLES = ["fct_a", "fct_b"]


def built(home: Home, table: str) -> tuple[list[str], list[str]]:
    """What became of a table, and what dbt said of it."""
    results: list[NodeResult] = []
    told = list(dbt_beside.build_models(home, [table], results.extend))
    said = [one for one in told if one["info"]["name"] == "LogModelResult"]
    return [result.status for result in results], [one["data"]["status"] for one in said]


def test_the_other_process_makes_what_this_one_makes(project: Lab):  # noqa: F811
    with dbt_beside.dbt_beside(), open_ledger(project.home) as ledger:
        dbt_beside.parse(project.work(ledger).catalogue, project.home)
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


def test_a_process_that_dies_while_it_builds_has_nothing_told_twice(project: Lab):  # noqa: F811
    results: list[NodeResult] = []
    with dbt_beside.dbt_beside():
        assert dbt_beside._beside
        process = dbt_beside._beside.submit(os.getpid).result()
        told = dbt_beside.build_models(project.home, TABLES, results.extend)
        heard = [next(told)]
        os.kill(process, signal.SIGKILL)
        heard += told
    kinds = ["MainReportVersion", *["LogModelResult"] * len(TABLES)]
    assert [one["info"]["name"] for one in heard if one["info"]["name"] in kinds] == kinds
    assert [result.status for result in results] == ["success"] * len(TABLES)


def test_what_ended_a_process_that_closes_the_pipe_is_its_answer():
    told, tell = dbt_beside.CONTEXT.Pipe(duplex=False)
    tell.send({"info": "one"})
    assert list(dbt_beside._said(told, tell, Future())) == [{"info": "one"}]


def test_the_other_process_reads_the_project_or_says_that_it_cannot(project: Lab):  # noqa: F811
    model = project.home.dbt / "models" / "marts" / "fct_a.sql"
    with dbt_beside.dbt_beside():
        assert dbt_beside._read(project.home)
        model.write_text("{{ ref('unknown') }}", encoding="utf-8")
        assert not dbt_beside._read(project.home)
    assert not dbt_beside._read(project.home)  # there is no other process


def test_the_warehouse_of_a_build_that_failed_can_be_looked_at(project: Lab):  # noqa: F811
    """The lines to blame are looked for in it, by the process that asked."""
    layer = project.depot.layer
    config = "{{ config(materialized='table', schema='marts', contract={'enforced': true}) }}"
    layer.write("dbt_project/models/marts/fct_c.sql", f"{config}\nselect error('it fails') as maker\n")
    columns = "columns: [{name: maker, data_type: varchar, description: Qui l’a fait}]"
    layer.write("dbt_project/models/marts/_c.yml", f"version: 2\nmodels: [{{name: fct_c, {columns}}}]\n")
    with open_ledger(project.home) as ledger:
        parse(project.work(ledger).catalogue, project.home)
    with dbt_beside.dbt_beside():
        results: list[NodeResult] = []
        list(dbt_beside.build_models(project.home, ["fct_c"], results.extend))
        assert [result.status for result in results] == ["error"]
        with duckdb.connect(str(project.home.warehouse_next)) as db:
            assert db.execute("select count(*) from construction.recettes").fetchone() is not None
