"""A text is public only if it is declared; text typed freely in a tool is not, whatever its form."""

import duckdb
import pytest

from pipelines.catalogue.fields import Entry, Fields
from pipelines.catalogue.load import load_catalogue
from pipelines.stages.publish.secret.words import Words, declared_words
from tests.layers import Layer

FIELDS = Fields(
    {
        "nature": Entry(title="Nature", words=["Ordinaire", "{rang}e séance"], description="Une nature."),
        "nom_elu": Entry(title="Nom", public="élus", description="Un nom."),
        "texte": Entry(title="Texte", description="Un texte."),
    }
)
WORDS = Words(
    frozenset({"incident", "demande", "kolok", "{application} : agents formés", "de ", " à ", " ans", " ", "-"}), FIELDS
)


@pytest.mark.parametrize(
    "text", ["incident", "Incident", "", " ", "incident, demande", "Kolok : agents formés", "de 25 à 29 ans"]
)
def test_a_declared_word_or_sentence_is_known(text):
    assert WORDS.unknown("rpt_x", "texte", [text]) == []


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Mme Durand",
            "incident Durand",
            "incident, Durand",
            "Durand : agents formés",
            "de 25 à Durand ans",
            "ordinaire",
        ),
        *("0612345678", "06 12 34 56 78", "1 84 03 75 116 001 21", "184037511600121", "12-03-1984", "1984"),
    ],
)
def test_what_nobody_declared_is_not(text):
    assert WORDS.unknown("rpt_x", "texte", [text]) == [text]


def test_a_column_may_have_words_of_its_own_or_be_public():
    texts = ["Ordinaire", "2e séance", "Durande séance", "Durand"]
    assert WORDS.unknown("rpt_x", "nature", texts) == ["Durand", "Durande séance"]
    assert WORDS.unknown("rpt_x", "nom_elu", texts) == []


def test_no_word_of_the_warehouse_comes_of_a_delivery():
    with duckdb.connect() as db:
        db.execute("attach ':memory:' as source; create schema source.lake; create schema source.organisation")
        db.execute("create table source.lake.glpi__tickets as select 'Affaire Durand' as categorie")
        db.execute("create table source.organisation.collectivites as select 'Choisy-le-Roi' as nom")
        words = declared_words(db, load_catalogue())
    assert words.unknown("rpt_x", "texte", ["Affaire Durand", "Choisy-le-Roi"]) == ["Affaire Durand"]
    assert words.unknown("rpt_x", "texte", ["Date et heure locales"]) == []  # the title of a field


def test_what_a_model_writes_is_known_with_its_apostrophe(shipped: Layer):
    shipped.write("dbt_project/models/rapport/rpt_a.sql", "select 'chef d''équipe' as texte -- 'oubli'\n")
    with duckdb.connect() as db:
        db.execute("attach ':memory:' as source")
        words = declared_words(db, shipped.catalogue())
    assert words.unknown("rpt_x", "texte", ["Chef d'équipe", "oubli"]) == ["oubli"]


def test_the_key_of_a_budget_is_public_when_it_is_made_of_public_codes():
    words = Words(frozenset({"25940011700018"}), load_catalogue().fields)
    keys = ["25940011700018/01", "25940011700018/Mme Durand", "Affaire Durand", "99999999900011/01"]
    for table in ("dim_budget", "fct_documents_budgetaires", "fct_lignes_documents"):
        assert words.unknown(table, "budget_id", keys) == sorted(keys[1:])
        assert load_catalogue().secrecy.tables[table].free
