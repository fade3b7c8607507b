"""A mart outside ``restreint`` in which a person could be singled out is withheld, whoever wrote it, and blocks nothing else."""

import duckdb
import pytest

from pipelines.stages.publish.anonymity import singling_out
from pipelines.stages.transform.load import PIECES
from tests.deliveries import Depot
from tests.stages.publish.small import MARTS, ask, published
from tests.stages.transform.conftest import Lab

K = 5
FIELDS = [
    {"name": "matricule", "title": "Matricule", "personal": "pseudonymise"},
    {"name": "service", "title": "Service"},
]
SQL = "select * from {{ source('lake', 'essai__lignes') }}\n"
CASES = {
    "one agent alone": ("2020 as exercice, 'F' as sexe, 30 as tranche_age_ans, 1 as nb_agents", "moins de 5"),
    "as many as are asked": ("2020 as exercice, 'F' as sexe, 5 as nb_agents", None),
    "nobody": ("2020 as exercice, 'F' as sexe, 0 as nb_agents", None),
    "one row per person, four of them": ("2020 as exercice, 'F' as sexe from range(4)", "moins de 5"),
    "one row per person, five of them": ("2020 as exercice, 'F' as sexe from range(5)", None),
    "few of one year among many": ("2019 + (i = 0)::int as exercice, 'F' as sexe from range(9) t(i)", "moins de 5"),
    "one agent, twelve months": (
        "2020 as exercice, i as mois, 'F' as sexe, 1 as nb_agents from range(12) t(i)",
        "moins de 5",
    ),
    "split in rows that come to enough": (
        "2020 as exercice, 'F' as sexe, i as rang, 1 as nb_agents from range(5) t(i)",
        None,
    ),
    "a second count is small": ("2020 as exercice, 'F' as sexe, 9 as nb_agents, 1 as nb_agents_formes", "moins de 5"),
    "under another name": ("2020 as exercice, 'F' as genre, 30 as age, 1 as nb_agents", "genre, age"),
    "a pseudonym, under its name": (
        "2020 as exercice, 'k1:0' as matricule, 5 as nb_agents",
        "colonne personnelle matricule",
    ),
    "a pseudonym, under another": ("2020 as exercice, 'k1:' || i as clef from range(9) t(i)", "clef"),
    "persons that no number counts": ("2020 as exercice, 'F' as sexe, 'beaucoup' as nb_agents", None),
    "without an identifier": ("2020 as exercice, 1 as nb_agents", None),
}


def withheld(depot: Depot, made: str, sql: str = SQL) -> dict[str, str]:
    depot.layer.take("catalogue/fields.yml")  # what identifies a person is said there
    depot.declare(FIELDS)
    depot.layer.write("dbt_project/models/marts/fct_essai.sql", sql)
    with duckdb.connect() as db:
        db.execute("attach ':memory:' as source; create schema source.marts")
        db.execute(f"create table source.marts.fct_essai as select {made}")
        return singling_out(db, depot.layer.catalogue(), K)


@pytest.mark.parametrize("case", CASES)
def test_every_combination_of_quasi_identifiers_counts_nobody_or_enough(depot: Depot, case: str):
    made, why = CASES[case]
    found = withheld(depot, made)
    assert (found == {}) if why is None else (why in found["fct_essai"])


def test_what_no_personal_table_stands_behind_speaks_of_nobody(depot: Depot):
    assert withheld(depot, "2020 as exercice, 'F' as sexe, 1 as nb_agents", "select 1 as un\n") == {}


def test_a_person_is_found_behind_other_models(depot: Depot):
    depot.layer.write("dbt_project/models/intermediate/int_essai.sql", SQL)
    assert "fct_essai" in withheld(depot, CASES["one agent alone"][0], "select * from {{ ref('int_essai') }}\n")


def test_such_a_mart_is_withheld_with_a_finding_and_the_rest_is_published(lab: Lab):
    lab.depot.layer.take("catalogue/fields.yml")
    lab.depot.declare([*FIELDS, {"name": "libelle", "title": "Libellé"}])
    lab.depot.layer.write("dbt_project/models/marts/fct_essai.sql", SQL)
    lab.home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(lab.home.warehouse)) as db:
        db.execute(MARTS.format(build="b1", value=1, rows=10, pieces=PIECES))
        db.execute(f"create table marts.fct_essai as select {CASES['one agent alone'][0]}")
    published(lab)
    assert not (lab.home.published / "marts" / "fct_essai.parquet").exists()
    assert (lab.home.published / "marts" / "fct_b.parquet").exists()
    tables = ask(lab, "select table_name from duckdb_tables() where database_name = 'p' and schema_name = 'marts'")
    assert ("fct_essai",) not in tables
    found = ask(lab, "select code_regle, severite, ou from p.audit.constats where code_regle = 'SEC-ANONYMAT'")
    assert found == [("SEC-ANONYMAT", "information", "marts.fct_essai")]
