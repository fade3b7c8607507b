"""What dbt makes of models in this process: as one transaction each, under their contracts, and without details in its log."""

import gc

import duckdb
import pytest

from pipelines.ledger.store import open_ledger
from pipelines.stages.transform import lazy_dbt
from pipelines.stages.transform.dbt import build_models, parse
from tests.stages.transform.conftest import Lab

TABLE = """{{{{ config(materialized='table', schema='marts', contract={{'enforced': true}}, persist_docs={{'relation': true}}) }}}}
{sql}
"""
PROMISED = """version: 2
models:
  - name: fct_a
    description: L’essai
    columns:
      - {name: code, data_type: varchar, description: Le code, constraints: [{type: not_null}]}
      - {name: montant, data_type: "decimal(18, 2)", description: Le montant}
"""


def built(lab: Lab, sql: str, heard: list | None = None):
    """What became of a table under a contract, from nothing."""
    layer = lab.depot.layer
    layer.take("dbt_project/macros")
    (layer.root / "catalogue" / "secrecy.yml").unlink(missing_ok=True)  # it speaks of the shipped models
    layer.write("dbt_project/models/marts/fct_a.sql", TABLE.format(sql=sql))
    layer.write("dbt_project/models/marts/_marts__models.yml", PROMISED)
    with open_ledger(lab.home) as ledger:
        parse(lab.work(ledger).catalogue, lab.home)
        lab.prepare(ledger)
    (result,) = build_models(lab.home, ["fct_a"], (heard if heard is not None else []).append)
    gc.collect()  # an error holds the file open
    return result


def asked(lab: Lab, sql: str) -> list[tuple]:
    with duckdb.connect(str(lab.home.warehouse_next), read_only=True) as db:
        return db.execute(sql).fetchall()


def test_a_table_is_there_with_its_comments_and_what_is_remembered_of_it(lab: Lab):
    heard: list = []
    result = built(lab, "select cast(1.5 as decimal(18, 2)) as montant, 'A' as code", heard)
    assert (result.name, result.status, result.message) == ("fct_a", "success", None)
    assert [str(row) for row in asked(lab, "from marts.fct_a")] == ["('A', Decimal('1.50'))"]
    described = "select comment from duckdb_tables() where table_name = 'fct_a' union all "
    described += "select comment from duckdb_columns() where table_name = 'fct_a'"
    assert asked(lab, described) == [("L’essai",), ("Le code",), ("Le montant",)]
    remembered = (
        "select nom, contenu = construction.contenu('marts.fct_a'), signature = construction.signature('marts.fct_a') "
    )
    remembered += "from construction.contenus inner join construction.signatures using (nom)"
    assert asked(lab, remembered) == [("marts.fct_a", True, True)]
    assert {event["info"]["level"] for event in heard} == {"info"}
    assert "LogModelResult" in {event["info"]["name"] for event in heard}


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select 'A' as code, 1.5 as montant", ["| montant", "DECIMAL(2,1)", "DECIMAL(18,2)", "data type mismatch"]),
        ("select 'A' as code", ["| montant", "missing in definition"]),
        ("select 'A' as code, cast(1.5 as decimal(18, 2)) as montant, 1 as autre", ["| autre", "missing in contract"]),
        (
            "select null::varchar as code, cast(1.5 as decimal(18, 2)) as montant",
            ["NOT NULL constraint failed: fct_a.code"],
        ),
        ("select 'A' as code, cast('x' as decimal(18, 2)) as montant", ["Could not convert string"]),
    ],
)
def test_a_table_that_does_not_hold_its_contract_is_not_made(lab: Lab, sql: str, words: list[str]):
    result = built(lab, sql)
    assert result.status == "error"
    assert [word for word in words if word not in result.message] == []
    assert asked(lab, "select count(*) from duckdb_tables() where schema_name = 'marts'") == [(0,)]
    assert asked(lab, "from construction.contenus where nom = 'marts.fct_a'") == []


def test_an_event_for_debugging_is_made_only_when_it_is_asked_for():
    from dbt.adapters.events.types import SQLQuery
    from dbt_common.events.base_types import EventLevel
    from dbt_common.events.event_manager_client import get_event_manager
    from dbt_common.events.types import Note

    lazy_dbt.leave_details_unsaid()
    heard: list = []
    manager = get_event_manager()
    manager.callbacks.append(lambda event: heard.append((event.info.level, event.info.msg)))
    query = SQLQuery(conn_name="un", sql="select 1")
    manager.fire_event(query)
    assert heard == [] and "pb_msg" not in vars(query)
    manager.fire_event(Note(msg="note"), level=EventLevel.WARN)
    manager.fire_event(query, level=EventLevel.INFO)
    assert heard == [("warn", "note"), ("info", "On un: select 1")]
