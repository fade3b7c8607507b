"""A text is public only if it is declared; text typed freely in a tool is not, whatever its form."""

import duckdb
import pytest

from pipelines.catalogue.fields import Entry, Fields
from pipelines.catalogue.load import load_catalogue
from pipelines.stages.publish.secret.words import Words, declared_words
from pipelines.stages.transform.load import PIECES
from tests.layers import Layer
from tests.stages.publish.small import MARTS, ask, published
from tests.stages.transform.conftest import Lab

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


def test_a_text_written_freely_is_emptied_everywhere_in_the_public_profile_and_a_finding_names_its_column(lab: Lab):
    lab.home.warehouse.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(lab.home.warehouse)) as db:
        db.execute(MARTS.format(build="b1", value=1, rows=10, pieces=PIECES))
        db.execute(
            "create table rapport.rpt_finances__dette as from (values (2020, 'a', 3), (2020, 'Affaire Durand', 4)) "
            "t(exercice, libelle_budget, nb_emprunts);"
            "create table marts.fct_emprunts as from rapport.rpt_finances__dette;"
            "create table marts.fct_libre as select 1 as un;"
        )
    published(lab)
    public = lab.home.published / "public"
    for table in ("rapport/rpt_finances__dette", "marts/fct_emprunts"):
        rows = duckdb.sql(f"select libelle_budget, nb_emprunts from '{public}/{table}.parquet' order by 2").fetchall()
        assert rows == [("a", 3), (None, 4)], table
    assert not (public / "marts" / "fct_libre.parquet").exists()  # nobody said that it is free of persons
    ((said,),) = [ask(lab, "select message from p.audit.constats where code_regle = 'SEC-TEXTE'")]
    assert "rpt_finances__dette.libelle_budget" in said[0] and "fct_emprunts.libelle_budget" in said[0]
    assert "Durand" not in said[0]


def test_the_key_of_a_budget_is_public_when_it_is_made_of_public_codes():
    words = Words(frozenset({"25940011700018"}), load_catalogue().fields)
    keys = ["25940011700018/01", "25940011700018/Mme Durand", "Affaire Durand", "99999999900011/01"]
    for table in ("dim_budget", "fct_documents_budgetaires", "fct_lignes_documents"):
        assert words.unknown(table, "budget_id", keys) == sorted(keys[1:])
        assert load_catalogue().secrecy.tables[table].free
