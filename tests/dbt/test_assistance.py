"""Tickets by member: if no tool gives the member of a ticket, no member has « 0 »."""

import duckdb
import pytest

from pipelines.settings import PROJECT_ROOT
from tests.catalogue.figures.sql import render

MODEL = "dbt_project/models/rapport/assistance/rpt_assistance__tickets_collectivites.sql"


def by_member(*tickets: tuple[int, str]) -> list[tuple]:
    """(exercice, member, tickets) of the table, from (exercice, member) of tickets."""
    with duckdb.connect() as db:
        db.execute(
            "create table dim_collectivite as select * from (values ('99001', 'Ville-Haute'), ('99002', 'Val d’Œuf'), "
            "('non_repartie', 'Non réparti')) as membres(code_collectivite, libelle_collectivite)"
        )
        db.execute(
            "create table fct_tickets (exercice integer, code_collectivite varchar, type_ticket varchar, nb_tickets integer, "
            "nb_resolus integer)"
        )
        for exercice, member in tickets:
            db.execute("insert into fct_tickets values (?, ?, 'incident', 1, 0)", [exercice, member])
        sql = render((PROJECT_ROOT / MODEL).read_text(encoding="utf-8"))
        return db.execute(f"select exercice, code_collectivite, nb_tickets from ({sql}) order by all").fetchall()


@pytest.mark.parametrize(
    ("tickets", "rows"),
    [
        ([(2041, "non_repartie")], [(2041, "non_repartie", 1)]),
        (
            [(2041, "99001"), (2041, "non_repartie")],
            [(2041, "99001", 1), (2041, "99002", 0), (2041, "non_repartie", 1)],
        ),
    ],
)
def test_a_member_without_a_ticket_has_none_only_where_some_have_one(tickets: list, rows: list) -> None:
    assert by_member(*tickets) == rows
