"""The model behind the page of a member, on a few invented rows: its comparison with the year before, and its state."""

from collections.abc import Iterable

import duckdb

from pipelines.catalogue.chapters.compile import summary_model
from pipelines.catalogue.chapters.grammar import IndicateurMembre, Synthese
from tests.catalogue.figures.sql import render

INDICATOR = {"table": "rpt_tickets", "colonne": "nb", "libelle": "Tickets", "unite": "tickets", "decimales": 0}


def summary(tickets: dict[int, int], lost: Iterable[int] = ()) -> list[tuple]:
    """(exercice, value, state, value before, change) of one member, from its tickets by exercice; lines of ``lost`` ones were refused."""
    declared = Synthese.model_construct(indicateurs=[IndicateurMembre(**INDICATOR)])
    sql = render(summary_model(declared, {"rpt_tickets": ["glpi/tickets"]}, ["rpt_tickets"], {}))
    with duckdb.connect() as db:
        db.execute("create table rpt_tickets (exercice integer, code_collectivite varchar, nb integer)")
        db.execute(
            "create table dim_collectivite as select 'a' as code_collectivite, 'Orly' as libelle_collectivite, '1' as siren"
        )
        db.execute(
            "create table fct_collecte (source varchar, exercice integer, est_acceptee boolean, nature_morceau varchar, "
            "effet varchar, statut_collecte varchar)"
        )
        for year, number in tickets.items():
            db.execute("insert into rpt_tickets values (?, 'a', ?)", [year, number])
            state = [year, "manque" if year in lost else "rien"]
            db.execute("insert into fct_collecte values ('glpi/tickets', ?, true, 'livraison', ?, 'reçue')", state)
        return db.execute(
            f"select exercice, valeur::integer, etat, valeur_precedente::integer, variation_pct::integer from ({sql}) order by 1"
        ).fetchall()


def test_a_year_is_compared_with_the_one_before() -> None:
    assert summary({2040: 100, 2041: 150}) == [(2040, 100, "complet", None, None), (2041, 150, "complet", 100, 50)]


def test_nothing_is_compared_with_a_year_that_is_partial() -> None:
    assert summary({2040: 100, 2041: 150}, lost=[2040])[1] == (2041, 150, "complet", None, None)


def test_a_partial_year_says_so_and_gives_no_change() -> None:
    assert summary({2040: 100, 2041: 150}, lost=[2041])[1] == (2041, 150, "partiel", 100, None)
