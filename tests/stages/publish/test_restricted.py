"""Tables that single a person out are kept apart, for the publishing account and, on the server, for a single role."""

import grp
import os
import stat
from pathlib import Path

import duckdb
import pytest

from pipelines.evidence.verify import verify
from pipelines.ledger.state import read_state
from pipelines.ledger.store import open_ledger
from pipelines.stages.publish.release import RELEASED_SCHEMAS
from tests.stages.publish.small import ask, published, show_staff, staff, warehouse
from tests.stages.transform.conftest import Lab

PERSONS = """
create schema restreint;
create table restreint.fct_agents as
select * from (values (2020, 'F', 30, 1::bigint), (2020, 'M', 55, 1)) t(exercice, sexe, tranche_age_ans, nb_agents);
comment on table restreint.fct_agents is 'Agents, un par un.';
"""


@pytest.fixture
def home(lab: Lab, monkeypatch) -> Lab:
    monkeypatch.setenv("MILLESIME_PUBLISH_GROUP", grp.getgrgid(os.getgid()).gr_name)
    show_staff(lab, PERSONS)
    return lab


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def problems(lab: Lab) -> list[str]:
    with open_ledger(lab.home) as ledger:
        return [problem for problem in verify(lab.home, ledger).problems if "restreint" in problem]


def restricted(lab: Lab, query: str) -> list[tuple]:
    with duckdb.connect() as db:
        db.execute(f"attach '{lab.home.published / 'millesime_restreint.duckdb'}' as r (read_only)")
        return db.execute(query).fetchall()


def test_the_group_that_reads_a_publication_does_not_read_restreint(home: Lab):
    published = home.home.published.resolve()
    assert mode(published) == 0o750 and mode(published / "marts" / "dim_a.parquet") == 0o640
    assert mode(published / "restreint") == 0o700 and mode(published / "millesime_restreint.duckdb") == 0o600
    kept = list((published / "restreint").iterdir())
    assert {path.name for path in kept} == {"fct_agents.parquet", "population_bulletins.parquet"}
    assert {mode(path) for path in kept} == {0o600}


def test_nothing_of_restreint_is_elsewhere_in_a_publication(home: Lab):
    named = "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'p'"
    assert not any("restreint" in name or "fct_agents" in name for (name,) in ask(home, named))
    found = {path.parent.name for path in home.home.published.resolve().rglob("fct_agents*")}
    assert found == {"restreint"}


def test_restreint_is_covered_by_the_state_and_what_changes_in_it_shows(home: Lab):
    state = read_state(home.home.published)
    assert "restreint/fct_agents.parquet" in state["files"]
    assert state["tables"]["millesime_restreint.duckdb"]["restreint.fct_agents"]["lignes"] == 2
    assert problems(home) == []
    file = home.home.published.resolve() / "restreint" / "fct_agents.parquet"
    kept = file.read_bytes()
    file.write_bytes(kept + b"x")
    assert any("restreint/fct_agents.parquet" in problem for problem in problems(home))
    file.write_bytes(kept)
    with duckdb.connect(str(home.home.published.resolve() / "millesime_restreint.duckdb")) as db:
        db.execute("update restreint.fct_agents set sexe = 'M'")
    assert any("millesime_restreint.duckdb" in problem for problem in problems(home))


def test_who_stands_and_stood_behind_what_is_public_of_the_staff_is_shown(home: Lab):
    shown = "select empreinte, est_en_vigueur, code_collectivite, nb_bulletins from r.restreint.population_bulletins order by all"
    with open_ledger(home.home) as ledger:
        (first,) = ledger.populations()[2020]
    rows = [(first, True, "a", 240), (first, True, "b", 600), (first, True, "c", 700)]
    assert restricted(home, shown) == rows
    more = "update {table} set nb_bulletins = 800 where code_collectivite = 'c';"
    changes = "".join(more.format(table=table) for table in ("rapport.rpt_rh__bulletins", "marts.fct_bulletins"))
    staff(home, "b2", 240, PERSONS + changes)
    published(home, "b2")
    with open_ledger(home.home) as ledger:
        _, second = ledger.populations()[2020]
    latest = {row for row in restricted(home, shown) if row[1]}
    assert latest == {(second, True, "a", 240), (second, True, "b", 600), (second, True, "c", 800)}
    assert {row[0] for row in restricted(home, shown) if not row[1]} == {first}


def test_the_same_build_and_ledger_give_the_same_restreint(home: Lab):
    before = read_state(home.home.published)["files"]
    staff(home, "b1", 240, PERSONS)
    published(home)
    assert read_state(home.home.published)["files"] == before


def test_a_publication_without_persons_has_no_restreint(lab: Lab):

    warehouse(lab)
    published(lab)
    assert not list(lab.home.published.resolve().glob("restreint*"))


def test_a_release_keeps_it():
    assert "restreint" in RELEASED_SCHEMAS
