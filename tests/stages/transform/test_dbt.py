"""What dbt makes of models in this process, under their contracts."""

import duckdb
import pytest

from pipelines.ledger.store import open_ledger
from pipelines.stages.transform.dbt import ENGINE, build_models, parse
from tests.stages.transform.conftest import Lab

TABLE = """{{{{ config(materialized='table', schema='marts', contract={{'enforced': true}}, persist_docs=SAID) }}}}
{sql}
""".replace("SAID", "{{'relation': true, 'columns': true}}")
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
    results = build_models(lab.home, told=(heard if heard is not None else []).append)
    (result,) = (one for one in results if one.name == "fct_a")
    return result


def asked(lab: Lab, sql: str) -> list[tuple]:
    with duckdb.connect(str(lab.home.warehouse_next), read_only=True) as db:
        return db.execute(sql).fetchall()


def test_a_table_is_there_with_its_comments(lab: Lab):
    heard: list = []
    result = built(lab, "select cast(1.5 as decimal(18, 2)) as montant, 'A' as code", heard)
    assert (result.name, result.status, result.message) == ("fct_a", "success", None)
    assert [str(row) for row in asked(lab, "from marts.fct_a")] == ["('A', Decimal('1.50'))"]
    described = "select comment from duckdb_tables() where table_name = 'fct_a' union all "
    described += "select comment from duckdb_columns() where table_name = 'fct_a'"
    assert asked(lab, described) == [("L’essai",), ("Le code",), ("Le montant",)]
    assert any("sql table model marts.fct_a" in line for line in heard)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select 'A' as code, 1.5 as montant", ["| montant", "DECIMAL(2,1)", "DECIMAL(18,2)", "data type mismatch"]),
        ("select 'A' as code", ["| montant", "missing in definition"]),
        ("select 'A' as code, cast(1.5 as decimal(18, 2)) as montant, 1 as autre", ["| autre", "missing in contract"]),
        (
            "select null::varchar as code, cast(1.5 as decimal(18, 2)) as montant",
            ["NOT NULL constraint failed: fct_a"],
        ),
        ("select 'A' as code, cast('x' as decimal(18, 2)) as montant", ["Could not convert string"]),
    ],
)
def test_a_table_that_does_not_hold_its_contract_is_not_made(lab: Lab, sql: str, words: list[str]):
    result = built(lab, sql)
    assert result.status == "error"
    assert [word for word in words if word not in result.message] == []
    assert asked(lab, "select count(*) from duckdb_tables() where schema_name = 'marts'") == [(0,)]


def prepared(lab: Lab, **sources: str) -> None:
    """A project that has one table for each of these ``schema', 'table``, and its warehouse before dbt."""
    layer = lab.depot.layer
    (layer.root / "catalogue" / "secrecy.yml").unlink()
    layer.take("dbt_project/macros")
    for name, source in sources.items():
        config = "{{ config(materialized='table', schema='marts') }}"
        layer.write(
            f"dbt_project/models/marts/fct_{name}.sql", f"{config}\nselect 1 as n from {{{{ source('{source}') }}}}\n"
        )
    with open_ledger(lab.home) as ledger:
        parse(lab.work(ledger).catalogue, lab.home)
        lab.prepare(ledger)


def test_only_what_descends_from_a_changed_source_is_made_again(lab: Lab):
    prepared(lab, lignes="lake', 'essai__lignes", plan="reference', 'plan")
    assert {"fct_lignes", "fct_plan"} < {one.name for one in build_models(lab.home)}
    assert [one.name for one in build_models(lab.home, ["reference.plan", "collecte.construction"])] == ["fct_plan"]


@pytest.mark.parametrize("unread", ["lake.essai__lignes", "collecte.construction"])  # declared, and not even that
def test_a_source_that_no_model_reads_changes_nothing(lab: Lab, unread: str):
    prepared(lab, plan="reference', 'plan")
    assert build_models(lab.home, [unread]) == []


def test_a_dbt_that_cannot_begin_is_an_answer(project: Lab):
    (project.home.dbt / "models" / "marts" / "fct_c.sql").write_text("select {{\n")
    (answer,) = build_models(project.home)
    assert (answer.kind, answer.status, answer.message) == (ENGINE, "error", "dbt ne s’est pas exécuté")
