"""A filter on a value that its column never holds: refused where the values are known, else a row of a control."""

import re
from pathlib import Path

import duckdb
import pytest

from pipelines.catalogue.dbt.generated import all_models
from pipelines.catalogue.dbt.unions import CONTROLS, INPUT_CONTROLS
from pipelines.catalogue.filters import CONTROL
from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.catalogue.needs import check
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.settings import shipped as shipped_folder
from tests.catalogue.figures.sql import render
from tests.layers import Layer, rules

FIGURE = """\
domaine: essai
titre: Essai
chiffres:
  - code: essai.compte
    libelle: Compte
    unite: lignes
    decimales: 0
    sources: [{sources}]
    mesure: {{fait: {fact}, agregat: nombre, filtre: {{{filtre}}}, si_vide: zero}}
"""
SOURCES = {"fct_tickets": '"*/tickets"', "fct_projets": "projets/projets", "fct_liens_reseau": "reseau/liens"}
SOURCES["fct_fiches_rgpd"] = "rgpd/traitements_responsable, rgpd/traitements_sous_traitant"
SOURCES["fct_mandats_electifs"] = "comite/membres, comite/seances"


def said(folder: Path, fact: str, filtre: str) -> str:
    """What is refused of a home whose figure keeps these lines of a shipped fact; nothing when it is right."""
    Layer(folder).write("catalogue/figures/essai.yml", FIGURE.format(sources=SOURCES[fact], fact=fact, filtre=filtre))
    try:
        check(Catalogue(shipped_folder(), folder))
    except DeclarationError as error:
        return str(error).replace(f"{folder}/", "")
    return ""


@pytest.mark.parametrize(
    ("fact", "filtre", "near"),
    [
        ("fct_tickets", "type_ticket: incidant", " ; vouliez-vous dire « incident » ?"),  # made of an enum, by lower()
        ("fct_tickets", "type_ticket: [demande, Incident]", " ; vouliez-vous dire « incident » ?"),
        ("fct_projets", "etat: terminée", " ; vouliez-vous dire « terminé » ?"),  # an enum as it is
        ("fct_liens_reseau", "nature_lien: fibre noir", " ; vouliez-vous dire « fibre noire » ?"),
        ("fct_fiches_rgpd", "registre: autre", " ; elle contient responsable et sous_traitant"),  # words of the SQL
        ("fct_mandats_electifs", "code_fonction: president", " ; vouliez-vous dire « presidence » ?"),  # proved by dbt
    ],
)
def test_a_value_that_a_column_never_holds_is_refused_with_the_nearest(tmp_path: Path, fact, filtre, near) -> None:
    column, wrong = filtre.partition(":")[0], filtre.strip("]").rpartition(", ")[2].rpartition(": ")[2]
    place = "catalogue/figures/essai.yml:9 filtre: la colonne"
    assert said(tmp_path, fact, filtre).startswith(
        f"{place} « {column} » de « {fact} » ne contient jamais « {wrong} »{near}"
    )


@pytest.mark.parametrize(
    ("fact", "filtre", "why"),
    [
        ("fct_tickets", "a_delai: oui", "est vraie ou fausse : écrire true ou false, et non « oui »"),
        ("fct_tickets", "type_ticket: 2", "contient des textes : écrire la valeur entre guillemets, et non 2"),
        ("fct_tickets", "nb_tickets: un", "contient des nombres, et non « un »"),
    ],
)
def test_a_value_of_another_type_is_refused(tmp_path: Path, fact: str, filtre: str, why: str) -> None:
    assert said(tmp_path, fact, filtre).endswith(f"de « {fact} » {why}")


@pytest.mark.parametrize(
    ("fact", "filtre"),
    [
        ("fct_tickets", "type_ticket: [incident, non précisé]"),
        ("fct_tickets", "a_delai: false, nb_tickets: 1"),
        ("fct_tickets", "code_collectivite: 94abc"),  # nothing lists the members
    ],
)
def test_a_value_that_may_be_is_not(tmp_path: Path, fact: str, filtre: str) -> None:
    assert said(tmp_path, fact, filtre) == ""


def test_the_filter_of_a_family_and_of_a_block_are_read_too(tmp_path: Path) -> None:
    family = """\
familles:
  depart:
    relation: dim_motif_mouvement
    code: code_motif
    libelle: libelle_motif
    en_mots: du motif
    filtre: {sens_mouvement: departs}
    presents_dans: {fait: fct_mouvements, filtre: {sens_mouvement: departs, est_permanent: true}}
"""
    Layer(tmp_path).write("catalogue/figures/essai.yml", f"domaine: essai\ntitre: Essai\n{family}chiffres: []\n")
    chapter = (shipped_folder() / "catalogue/report/07_distance.yml").read_text(encoding="utf-8")
    line = chapter.partition("{type_ticket: incident}")[0].count("\n") + 1
    Layer(tmp_path).write(
        "catalogue/report/07_distance.yml", chapter.replace("{type_ticket: incident}", "{type_ticket: incidents}")
    )
    with pytest.raises(DeclarationError) as raised:
        check(Catalogue(shipped_folder(), tmp_path))
    found = str(raised.value).replace(f"{tmp_path}/", "").splitlines()
    assert [one.partition(" la colonne")[0] for one in found] == [
        "catalogue/figures/essai.yml:9 filtre:",
        "catalogue/figures/essai.yml:10 filtre:",
        f"catalogue/report/07_distance.yml:{line} filtres:",
    ]
    assert all(one.count("vouliez-vous dire") == 1 for one in found)


def test_of_the_shipped_filters_one_alone_is_of_a_value_that_nothing_proves() -> None:
    control = all_models(load_catalogue())[f"{CONTROLS}/{CONTROL}.sql"]
    assert set(re.findall(r"sujet=\"'(.*?)'\"", control)) == {"code_chapitre : 002"}


def test_a_value_that_nothing_lists_is_a_finding_as_long_as_no_line_has_it(tmp_path: Path) -> None:
    assert said(tmp_path, "fct_tickets", "code_collectivite: 94abc, type_ticket: incident") == ""
    models = all_models(Catalogue(shipped_folder(), tmp_path))
    assert f"ref('{CONTROL}')" in models[f"{CONTROLS}/{INPUT_CONTROLS}.sql"]
    control = render(models[f"{CONTROLS}/{CONTROL}.sql"])
    with duckdb.connect() as db:
        db.execute("create table fct_tickets (exercice integer, code_collectivite varchar)")
        db.execute("create table fct_lignes_documents (exercice integer, code_chapitre varchar)")
        assert db.execute(control).fetchall() == []  # nothing came
        db.execute("insert into fct_tickets values (2019, '94001'), (2020, '94001'), (2020, null)")
        found = db.execute(f"select code_regle, exercice, ou, sujet, effet from ({control}) order by all").fetchall()
        assert found == [
            ("CAT-FILTRE", year, "essai.compte", "code_collectivite : 94abc", "rien") for year in (2019, 2020)
        ]
        years = f"select exercice, effet from ({control}) order by 1"
        db.execute("insert into fct_tickets values (2018, '94abc')")
        # the tool may have called it 94001 since
        assert db.execute(years).fetchall() == [(2019, "réserve"), (2020, "réserve")]
        (inputs,) = db.execute(f"select distinct source, axes from ({control})").fetchall()
        assert "glpi/tickets" in inputs[0].split("|") and inputs[1] == "|code_collectivite=94abc=|"
        db.execute("insert into fct_tickets values (2018, '94001')")
        assert db.execute(years).fetchall() == []  # it has both words: none of them replaced the other
    assert rules()["CAT-FILTRE"].a_decider
