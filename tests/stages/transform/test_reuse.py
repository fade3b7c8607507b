"""The next warehouse starts as a copy of the last one: what dbt has to make again, and when the copy is not trusted."""

from dataclasses import replace

import duckdb
import pytest

from pipelines.disk import sha256_of
from pipelines.ledger.store import open_ledger
from pipelines.stages.transform.build import BuildFailed, is_current, prepare
from pipelines.stages.transform.recipes import Node
from pipelines.stages.transform.reuse import Plan
from tests.deliveries import HEADER
from tests.stages.transform.conftest import MODEL, Lab

LIGNES = Node("model.p.fct_lignes", "fct_lignes", "model", "a", frozenset({"lake.essai__lignes"}), "marts.fct_lignes")
PLAN = Node("model.p.dim_plan", "dim_plan", "model", "a", frozenset({"reference.plan"}), "marts.dim_plan")
SOMMES = Node("model.p.chiffres", "chiffres", "model", "a", frozenset({"marts.fct_lignes"}), "rapport.chiffres")
CLE = Node("test.p.cle", "cle", "test", "a", frozenset({"rapport.chiffres"}), None)
CLE_PLAN = Node("test.p.cle_plan.8f2", "cle_plan", "test", "a", frozenset({"marts.dim_plan"}), None)
CAS = Node("unit_test.p.fct_lignes.cas", "cas", "unit_test", "a", frozenset({"marts.fct_lignes"}), None)
NODES = {node.id: node for node in (LIGNES, PLAN, SOMMES, CLE, CLE_PLAN, CAS)}
DIM_PLAN = "create table if not exists marts.dim_plan as select 1 as n"


def built(lab: Lab) -> None:
    """A first, whole build, whose file is in the ledger."""
    lab.accept(HEADER + "A;x;1,00;03/02/2020\n", 2020)
    with open_ledger(lab.home) as ledger:
        prepared = prepare(lab.work(ledger), NODES)
        assert prepared.plan.is_whole
        lab.models()
        lab.models(DIM_PLAN)
        lab.finish(ledger, prepared, [MODEL])


def planned(lab: Lab, nodes: dict[str, Node] = NODES, *, whole: bool = False) -> Plan:
    with open_ledger(lab.home) as ledger:
        return prepare(lab.work(ledger), nodes, whole=whole).plan


def tables(lab: Lab) -> set[str]:
    with duckdb.connect(str(lab.home.warehouse_next), read_only=True) as db:
        return {
            name for (name,) in db.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        }


def test_where_nothing_changed_dbt_has_nothing_to_do(lab: Lab):
    built(lab)
    plan = planned(lab)
    assert plan.is_empty
    assert plan.standing_models == ["fct_lignes", "dim_plan", "chiffres"]


def test_a_delivery_leaves_what_does_not_descend_from_it(lab: Lab):
    built(lab)
    lab.accept(HEADER + "A;x;2,00;03/02/2020\n", 2020)
    plan = planned(lab)
    assert (plan.models, plan.tests) == (["fct_lignes", "chiffres"], ["cle"])
    assert plan.standing_models == ["dim_plan"]
    assert plan.standing_tests == {"cle_plan.8f2", "fct_lignes.cas"}
    with duckdb.connect(str(lab.home.warehouse_next), read_only=True) as db:
        assert db.execute("select montant from lake.essai__lignes").fetchall() == [(2,)]


def test_other_files_of_the_same_rows_change_no_model_of_them(lab: Lab):
    lab.accept(HEADER + "A;x;1,00;03/02/2020\nB;x;9,00;03/02/2020\n", 2020)
    built(lab)
    reader = replace(LIGNES, reads=frozenset({"reference.plan"}))
    lab.depot.layer.reference("plan", 'compte,libelle\n"0101","Dépôts, divers"\n"102",\n')
    assert planned(lab, {**NODES, LIGNES.id: reader}).is_empty


def test_another_recipe_is_made_again_with_what_follows(lab: Lab):
    built(lab)
    plan = planned(lab, {**NODES, SOMMES.id: replace(SOMMES, recipe="b"), CAS.id: replace(CAS, recipe="b")})
    assert (plan.models, plan.tests) == (["chiffres"], ["cle", "cas"])


def test_a_model_that_is_no_more_goes(lab: Lab):
    built(lab)
    plan = planned(lab, {key: node for key, node in NODES.items() if node not in (PLAN, CLE_PLAN)})
    assert plan.is_empty
    assert "marts.dim_plan" not in tables(lab)
    assert "marts.fct_lignes" in tables(lab)


def test_a_reference_that_is_no_more_goes(lab: Lab):
    built(lab)
    for path in lab.depot.layer.root.glob("catalogue/reference/plan.*"):
        path.unlink()
    plan = planned(lab)
    assert "reference.plan" not in tables(lab)
    assert plan.models == ["dim_plan"]


def test_a_warehouse_edited_by_hand_is_not_built_upon(lab: Lab):
    built(lab)
    with duckdb.connect(str(lab.home.warehouse)) as db:
        db.execute("update marts.fct_lignes set montant = 1000")
    with open_ledger(lab.home) as ledger:
        assert not is_current(lab.work(ledger))
    assert planned(lab).is_whole
    assert "marts.fct_lignes" not in tables(lab)


def test_whole_on_demand(lab: Lab):
    built(lab)
    assert planned(lab, whole=True).is_whole


def test_a_file_that_is_mostly_room_is_made_anew(lab: Lab):
    built(lab)
    with duckdb.connect(str(lab.home.warehouse)) as db:
        names = (
            "one",
            "two",
            "three",
            "four",
            "five",
        )  # the room at the end of a file is given back, that before a table stays
        for name in names:
            db.execute(f"create table marts.{name} as select i, hash(i) as h from range(300000) as t(i)")
            db.execute("checkpoint")
        for name in names[:-1]:
            db.execute(f"drop table marts.{name}")
    with open_ledger(lab.home) as ledger:  # as if a build had left it
        ledger.record_warehouse(ledger.last_build()["build"], sha256_of(lab.home.warehouse), is_whole=False)
    assert planned(lab).is_whole


def test_the_results_of_tests_that_stand_are_those_of_the_former_build(lab: Lab):
    lab.accept(HEADER + "A;x;1,00;03/02/2020\n", 2020)
    told = [replace(MODEL, name=name, kind="test", status="warn", failures=3) for name in ("cle", "cle_plan.8f2")]
    with open_ledger(lab.home) as ledger:
        prepared = prepare(lab.work(ledger), NODES)
        lab.models()
        lab.models(DIM_PLAN)
        lab.finish(ledger, prepared, [MODEL, *told])
    lab.accept(HEADER + "A;x;2,00;03/02/2020\n", 2020)
    with open_ledger(lab.home) as ledger:
        lab.finish(ledger, prepare(lab.work(ledger), NODES), [replace(told[0], status="pass", failures=0)])
        tests = {test["name"]: (test["status"], test["failures"]) for test in ledger.last_build()["tests"]}
    assert tests == {"cle": ("pass", 0), "cle_plan.8f2": ("warn", 3)}


def test_a_dbt_that_answers_nothing_is_no_build_where_something_was_to_do(lab: Lab):
    built(lab)
    lab.accept(HEADER + "A;x;2,00;03/02/2020\n", 2020)
    with open_ledger(lab.home) as ledger, pytest.raises(BuildFailed, match="dbt ne s’est pas exécuté"):
        lab.finish(ledger, prepare(lab.work(ledger), NODES), [])
