"""A measure must list every lake table that its rows come from: a missing one is refused, with file and line."""

from pathlib import Path

import pytest

from pipelines.catalogue.load import Catalogue, load_catalogue
from pipelines.catalogue.needs import check
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.settings import Home
from pipelines.settings import shipped as shipped_folder
from tests.layers import Layer

FIGURE = """\
domaine: essai
titre: Essai
chiffres:
  - code: essai.mises_en_seance
    libelle: Délibérations
    unite: délibérations
    decimales: 0
    sources: {sources}
    mesure: {{fait: fct_deliberations, agregat: nombre}}
"""
ALL = "[comite/seances, comite/deliberations, comite/membres]"


@pytest.fixture
def home(tmp_path: Path):
    """Function: a home that declares the figure with these sources and further lines → what is refused, or nothing."""

    def declare(sources: str, more: str = "") -> str:
        path = tmp_path / "catalogue" / "figures" / "essai.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(FIGURE.format(sources=sources) + more, encoding="utf-8")
        try:
            check(Catalogue(shipped_folder(), tmp_path))
        except DeclarationError as error:
            return str(error).replace(f"{tmp_path}/", "")
        return ""

    return declare


def test_a_source_that_is_forgotten_is_refused_with_file_line_and_name(home):
    assert home("[comite/deliberations]").splitlines() == [
        f"catalogue/figures/essai.yml:4 essai.mises_en_seance: les lignes de « fct_deliberations » viennent aussi de « {table} », "
        "que ses sources ne nomment pas : l’y ajouter, ou dire dans sans_effet pourquoi le chiffre est le même sans elle"
        for table in ("comite/membres", "comite/seances")
    ]


def test_each_table_is_named_or_declared_to_be_without_effect(home):
    assert home(ALL) == ""
    assert home("[comite/deliberations, [comite/seances, comite/membres]]") == ""
    assert home("[comite/deliberations]", "    sans_effet: {comite/seances: essai, comite/membres: essai}\n") == ""


def test_what_is_without_effect_is_a_table(home):
    assert "sans_effet: « comite/membre » n’est pas une table déclarée" in home(
        ALL, "    sans_effet: {comite/membre: essai}\n"
    )


def test_an_expression_answers_for_its_operands_alone(home):
    wrong = home(
        ALL,
        """\
  - code: essai.double
    libelle: Le double
    unite: délibérations
    decimales: 0
    expression: a + a
    operandes: {a: essai.mises_en_seance}
    sans_effet: {comite/membres: essai}
""",
    )
    assert "une expression repose sur ce dont dépendent ses opérandes" in wrong


def test_a_shape_and_the_table_of_a_member_name_those_of_every_system():
    figures = load_catalogue().figures
    accounts = next(one.figure for one in figures.indicators() if one.figure.indicateur == "agents_utilisateurs")
    assert figures.answers_for(accounts, "kolok/comptes")
    assert not figures.answers_for(accounts, "glpi/tickets")
    staff = figures.by_code["rh.effectif.total"].figure
    assert figures.answers_for(staff, "cegid_rh/agents") and not figures.answers_for(staff, "cegid_rh/heures")


def test_pieces_are_narrowed_by_an_axis_of_a_model(home):
    assert home(ALL, "    pieces: {est_compte_administratif: true}\n") == ""
    assert "catalogue/figures/essai.yml:4 pieces: aucun modèle ne distingue ses pièces par « est_compte »" in home(
        ALL, "    pieces: {est_compte: true}\n"
    )


def refusal(catalogue: Catalogue, file: str) -> str:
    """What is said of a file."""
    with pytest.raises(DeclarationError) as refused:
        check(catalogue)
    (said,) = [line for line in str(refused.value).splitlines() if file in line]
    return said


def test_a_table_that_the_engine_loads_and_a_home_switches_off_is_named_where_it_is_read(
    shipped: Layer, tmp_path: Path
):
    source = {"name": "a_part", "tables": [{"name": "lignes", "description": "Des lignes."}]}
    shipped.write("dbt_project/models/staging/_a_part.yml", {"sources": [source]})
    shipped.write("dbt_project/models/rapport/rpt_a.sql", "select *\nfrom {{ source('a_part', 'lignes') }}\n")
    shipped.write("dbt_project/models/rapport/rpt_b.sql", "select * from {{ source('a_part', 'linges') }}\n")
    assert refusal(shipped.catalogue(), "rpt_b.sql").endswith(
        "rpt_b.sql:1 demande la source dbt « a_part.linges », que rien ne déclare ; vouliez-vous dire « a_part.lignes » ?"
    )
    home = Layer(tmp_path / "home")
    off = {"name": "a_part", "tables": [{"name": "lignes", "enabled": False}]}  # on the fourth line
    path = home.write("dbt_project/models/staging/_a_part.yml", {"sources": [off]})
    said = refusal(shipped.catalogue(Home(home.root)), "rpt_a.sql")
    assert said.endswith(f"rpt_a.sql:2 demande la source dbt « a_part.lignes », que {path}:4 désactive")
