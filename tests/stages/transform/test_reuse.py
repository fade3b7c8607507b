"""The next warehouse starts as a copy of the last one: which sources changed in it, and when the copy is not trusted."""

from dataclasses import replace

import duckdb

from pipelines.disk import sha256_of
from pipelines.ledger.store import open_ledger
from pipelines.runs.frozen import frozen, is_current
from pipelines.stages.transform.build import prepare
from tests.deliveries import HEADER, ORGANISATION
from tests.stages.transform.conftest import MODEL, Lab

DIM_PLAN = "create table if not exists marts.dim_plan as select 1 as n"


def built(lab: Lab, results=(MODEL,)) -> None:
    """A first, whole build, whose file is in the ledger."""
    lab.accept(HEADER + "A;x;1,00;03/02/2020\n", 2020)
    with open_ledger(lab.home) as ledger:
        work = lab.work(ledger)
        prepared = prepare(work, frozen(work))
        assert prepared.changed is None
        lab.models()
        lab.models(DIM_PLAN)
        lab.finish(ledger, prepared, results)


def changed(lab: Lab, *, whole: bool = False) -> frozenset[str] | None:
    with open_ledger(lab.home) as ledger:
        work = lab.work(ledger)
        return prepare(work, frozen(work), whole=whole).changed


def tables(lab: Lab) -> set[str]:
    with duckdb.connect(str(lab.home.warehouse_next), read_only=True) as db:
        return {
            name for (name,) in db.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        }


def test_where_nothing_changed_no_source_did(lab: Lab):
    built(lab)
    assert changed(lab) == frozenset()
    assert "marts.dim_plan" in tables(lab)


def test_a_delivery_changes_its_table_and_what_is_said_of_it(lab: Lab):
    built(lab)
    lab.accept(HEADER + "A;x;2,00;03/02/2020\n", 2020)
    assert changed(lab) == {"lake.essai__lignes", "collecte.pieces", "collecte.construction"}
    with duckdb.connect(str(lab.home.warehouse_next), read_only=True) as db:
        assert db.execute("select montant from lake.essai__lignes").fetchall() == [(2,)]
        assert db.execute("select count(*) from reference.plan").fetchall() == [(2,)]


def test_what_another_project_would_make_is_built_anew(lab: Lab):
    built(lab)
    lab.home.organisation_file.write_text(ORGANISATION + "demonstration: true\n", encoding="utf-8")
    assert changed(lab) is None
    assert "marts.dim_plan" not in tables(lab)


def test_a_reference_that_is_no_more_goes(lab: Lab):
    built(lab)
    for path in lab.depot.layer.root.glob("catalogue/reference/plan.*"):
        path.unlink()
    assert changed(lab) is None
    assert "reference.plan" not in tables(lab)


def test_a_warehouse_edited_by_hand_is_not_built_upon(lab: Lab):
    built(lab)
    with duckdb.connect(str(lab.home.warehouse)) as db:
        db.execute("update marts.fct_lignes set montant = 1000")
    with open_ledger(lab.home) as ledger:
        assert not is_current(lab.work(ledger))
    assert changed(lab) is None
    assert "marts.fct_lignes" not in tables(lab)


def test_whole_on_demand(lab: Lab):
    built(lab)
    assert changed(lab, whole=True) is None


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
        last = {name: ledger.last_warehouse()[name] for name in ("build", "project", "sources")}
        ledger.record_warehouse(**last, sha256=sha256_of(lab.home.warehouse), is_whole=False)
    assert changed(lab) is None


def test_the_results_of_tests_that_stand_are_those_of_the_former_build(lab: Lab):
    told = [replace(MODEL, name=name, kind="test", status="warn", failures=3) for name in ("cle", "cle_plan.8f2")]
    built(lab, [MODEL, *told])
    lab.accept(HEADER + "A;x;2,00;03/02/2020\n", 2020)
    with open_ledger(lab.home) as ledger:
        work = lab.work(ledger)
        lab.finish(ledger, prepare(work, frozen(work)), [replace(told[0], status="pass", failures=0)])
        tests = {test["name"]: (test["status"], test["failures"]) for test in ledger.last_build()["tests"]}
    assert tests == {"cle": ("pass", 0), "cle_plan.8f2": ("warn", 3)}
