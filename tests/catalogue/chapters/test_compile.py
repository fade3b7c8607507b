"""The model behind the page of a member, on a few invented rows: its comparison with the year before, and its state."""

from collections.abc import Iterable

import duckdb

from pipelines.catalogue.chapters.compile import summary_model
from pipelines.catalogue.chapters.grammar import IndicateurMembre, Synthese
from tests.catalogue.figures.sql import render

INDICATOR = {
    "table": "rpt_tickets",
    "colonne": "nb",
    "libelle": "Tickets",
    "unite": "tickets",
    "decimales": 0,
    "habitants": 1000,
}


VALUES = "exercice, valeur::integer, etat, valeur_precedente::integer, variation_pct::integer"


def summary(tickets: dict[int, int | None], lost: Iterable[int] = (), asked: str = VALUES) -> list[tuple]:
    """What is ``asked`` of one of two members, from its tickets by exercice; the other has none. Lines of ``lost`` ones
    were refused."""
    declared = Synthese.model_construct(indicateurs=[IndicateurMembre(**INDICATOR)])
    sql = render(summary_model(declared, {"rpt_tickets": ["glpi/tickets"]}, ["rpt_tickets"], {}))
    with duckdb.connect() as db:
        db.execute("create table rpt_tickets (exercice integer, code_collectivite varchar, nb integer)")
        db.execute(
            "create table dim_collectivite as select 'a' as code_collectivite, 'Orly' as libelle_collectivite, '1' as siren, "
            "2000 as nb_habitants union all select 'b', 'Valenton', '2', 8000 union all select 'syndicat', 'SII', '3', null"
        )
        db.execute(
            "create table fct_collecte (source varchar, exercice integer, est_acceptee boolean, nature_morceau varchar, "
            "effet varchar, statut_collecte varchar)"
        )
        for year, number in tickets.items():
            db.execute("insert into rpt_tickets values (?, 'a', ?)", [year, number])
            state = [year, "manque" if year in lost else "rien"]
            db.execute("insert into fct_collecte values ('glpi/tickets', ?, true, 'livraison', ?, 'reçue')", state)
        return db.execute(f"select {asked} from ({sql}) where code_collectivite = 'a' order by exercice").fetchall()


def test_a_year_is_compared_with_the_one_before() -> None:
    assert summary({2040: 100, 2041: 150}) == [(2040, 100, "complet", None, None), (2041, 150, "complet", 100, 50)]


def test_nothing_is_compared_with_a_year_that_is_partial() -> None:
    assert summary({2040: 100, 2041: 150}, lost=[2040])[1] == (2041, 150, "complet", None, None)


def test_a_partial_year_says_so_and_gives_no_change() -> None:
    assert summary({2040: 100, 2041: 150}, lost=[2041])[1] == (2041, 150, "partiel", 100, None)


def test_a_value_is_given_with_the_mean_of_the_members_unless_one_of_them_is_missing() -> None:
    found = summary({2040: 5, 2041: None}, asked="exercice, moyenne_membres::varchar")
    assert found == [(2040, "3.000000"), (2041, None)]  # 5 and 0, rounded like the values


def test_a_value_is_given_per_inhabitant_beside_that_of_all_members_and_as_a_part_of_it_unless_some_is_missing() -> (
    None
):
    asked = "exercice, libelle_rapporte, part_pct, valeur_rapportee, ensemble_rapporte, ecart_ensemble_pct"
    found = summary({2040: 40, 2041: 40, 2042: None}, lost=[2041], asked=asked)
    per = "Tickets, pour 1\u202f000 habitants"
    assert found[0] == (2040, per, 100, 20, 4, 400)  # 40 for 2,000 inhabitants, and for all 10,000
    assert found[1:] == [(2041, per, None, None, None, None), (2042, per, None, None, None, None)]


def test_the_rows_that_list_a_member_are_counted() -> None:
    one = IndicateurMembre(
        table="rpt_projets", libelle="Projets", unite="projets", concerne={"noms": "libelle_collectivite"}
    )
    declared = Synthese.model_construct(indicateurs=[one])
    sql = render(summary_model(declared, {}, [], {}))
    with duckdb.connect() as db:
        db.execute("create table dim_exercice as select 2040 as exercice")
        db.execute(
            "create table dim_collectivite as from (values ('a', 'Orly', '1', 1), ('b', 'Orly-Ville', '2', 1), ('c', 'Rungis', '3', 1)) "
            "as t (code_collectivite, libelle_collectivite, siren, nb_habitants)"
        )
        db.execute(
            "create table rpt_projets as from (values (2040, 'Orly, Valenton'), (2040, 'Orly-Ville'), (2040, 'Orly'), (2040, null)) "
            "as t (exercice, noms)"
        )
        found = db.execute(f"select code_collectivite, valeur::integer from ({sql}) order by 1").fetchall()
    assert found == [("a", 2), ("b", 1), ("c", 0)]
