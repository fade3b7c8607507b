"""The declaration of the public profile: it covers the project, and a mistake in it names file and line."""

import re

import pytest

from pipelines.catalogue.dbt.generated import generated_layers
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.yaml_file import DeclarationError
from tests.layers import Layer
from tests.stages.publish.secret.office import DECLARATION

CATALOGUE = load_catalogue()
PROJECT = CATALOGUE.project
TABLES = {
    *(name for name in PROJECT.models.on if PROJECT.layer_of(name) == "rapport"),
    *(name for name, layer in generated_layers(CATALOGUE).items() if layer == "rapport"),
}


def models() -> dict[str, list[str]]:
    """Every table of ``rapport`` → its columns, as its contract says."""
    return {name: [column["name"] for column in PROJECT.said[name].data["columns"]] for name in TABLES}


def test_every_table_and_column_of_rapport_is_declared():
    secrecy = CATALOGUE.secrecy
    assert {thing.name for thing in PROJECT.said if PROJECT.folder_of[thing.path].parts[1] == "rapport"} == TABLES
    assert models().keys() - secrecy.tables.keys() == {"chiffres"}
    for table, columns in models().items():
        if table in secrecy.tables and secrecy.tables[table].parts:
            assert set(columns) == secrecy.tables[table].columns, table


def test_every_figure_says_what_it_counts():
    assert [code for code, declared in CATALOGUE.figures.by_code.items() if not declared.figure.compte] == []


def test_every_figure_under_secrecy_has_a_rule_or_is_withheld():
    figures = CATALOGUE.secrecy.figures
    for code, declared in CATALOGUE.figures.by_code.items():
        one = re.sub(r"\{\w+\}", "x", code)
        if figures.is_secret(one):
            assert (figures.rule(one) is not None) != (code in figures.withheld), f"{declared.place}: {code}"


def test_a_figure_of_persons_is_never_declared_to_count_things():
    figures = CATALOGUE.secrecy.figures
    for code, declared in CATALOGUE.figures.by_code.items():
        one = re.sub(r"\{\w+\}", "x", code)
        if figures.rule(one) or figures.counts_persons(one):
            assert declared.figure.compte in ("agents", "citoyens"), code


def test_what_a_figure_restates_is_the_line_that_its_table_prints():
    secrecy = CATALOGUE.secrecy
    for code, rule in secrecy.figures.rules.items():
        assert set(rule.row) <= secrecy.tables[rule.table].columns, code


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("    measure: nb_agents\n", "    mesure: nb_agents\n", 5, "mesure: cette clé n’existe pas ici"),
        ("measure: nb_agents\n", "measure: nb_agents\n    follows: heures\n", 6, "« heures » n’est pas une population"),
        ('tous: "*"}\n', 'tous: "*"}\n      sexe: {tous: "*"}\n', 3, "« sexe » n’est pas un niveau"),
        ("rpt_budget: {free: comptes publics}", "rpt_budget: {}", 13, "free, withheld, parts"),
        ("levels: {service: service}", "levels: {service: bureau}", 24, "« bureau » n’est pas un niveau de effectif"),
        (
            "- population: effectif\n        levels: {service",
            "- population: agents\n        levels: {service",
            24,
            "« agents »",
        ),
        ("column: part_pct, row", "column: phrases, row", 33, "rpt_services.phrases"),
        ("{phrase: part_pct}", "{phrase: rang}", 24, "« rang » n’est pas un nombre"),
        ("occupied: true", "occupied: true\n        occupied: true", 30, "donnée deux fois"),
    ],
)
def test_a_mistake_names_file_and_line(shipped: Layer, before, after, line, said):
    assert before in DECLARATION
    shipped.write("catalogue/secrecy.yml", DECLARATION.replace(before, after, 1))
    with pytest.raises(DeclarationError) as raised:
        _ = shipped.catalogue().secrecy
    assert f"catalogue/secrecy.yml:{line} " in str(raised.value) and said in str(raised.value)


def test_what_says_how_many_payslips_a_member_has_is_under_secrecy_everywhere():
    """Twelve payslips are an agent: tables that print them outside the HR chapter must not be free of secrecy."""
    secrecy = CATALOGUE.secrecy
    assert secrecy.tables["rpt_activite__bulletins_imprimes"].withheld
    for table, where in (
        ("rpt_activite__plis", "nature_document = 'Bulletins de salaire'"),
        ("rpt_collectivites__synthese", "not est_diffusable"),
    ):
        assert [part.where for part in secrecy.tables[table].parts if part.withheld] == [where]
    restated = {
        code
        for code, d in CATALOGUE.figures.by_code.items()
        if d.figure.mesure and "travaux_edition" in d.figure.mesure.fait
    }
    assert restated == {code for code in secrecy.figures.withheld if code.partition(".")[0] not in ("rh", "rgpd")}


def test_a_figure_that_counts_persons_says_so():
    """None of them is free of secrecy: it has a rule, is withheld, or hides its small numbers."""
    figures = CATALOGUE.secrecy.figures
    for code, declared in CATALOGUE.figures.by_code.items():
        one = re.sub(r"\{\w+\}", "x", code)
        if declared.figure.unite in ("agents", "demandes"):
            assert figures.counts_persons(one) or code in figures.withheld or figures.rule(one), code


def test_a_number_of_persons_that_adds_up_is_protected_from_its_total():
    """What fields.yml says to add over the lines of a table: a reader may know the total."""
    fields, found = CATALOGUE.fields, set()
    for name, table in CATALOGUE.secrecy.tables.items():
        for part in table.parts:
            adding = {one for one in part.persons if (said := fields.of(name, one)) and said.additif == "oui"}
            assert adding <= set(part.adds), name
            found |= adding
    assert "nb_factures" in found
