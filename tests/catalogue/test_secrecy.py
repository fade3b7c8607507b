"""The declaration of the public profile: it covers the project, and a mistake in it names file and line."""

import re

import pytest

from pipelines.catalogue.dbt.generated import generated_layers
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.yaml_file import DeclarationError
from tests.layers import Layer

CATALOGUE = load_catalogue()
PROJECT = CATALOGUE.project
TABLES = {
    *(name for name in PROJECT.models.on if PROJECT.layer_of(name) == "rapport"),
    *(name for name, layer in generated_layers(CATALOGUE).items() if layer == "rapport"),
}


def models() -> dict[str, list[str]]:
    """Every table of ``rapport`` → its columns, as its contract says."""
    return {name: [column["name"] for column in PROJECT.said[name].data["columns"]] for name in TABLES}


DECLARATION = """
populations:
  effectif:
    fact: marts.fct_effectifs
    measure: nb_agents
    axes:
      service: {service: service, filiere: filiere}
    groups:
      filiere: {total: "*"}
tables:
  rpt_budget: {free: comptes publics}
  rpt_services:
    counts: effectif
    levels: {service: service}
    numbers: {nb_agents: {}, part_pct: {share: [service]}}
    plain: [libelle]
    forms:
      - {}
      - {only: {service: paie}}
figures:
  columns: {plain: [unite, decimales], never: [nb_lignes]}
  rules:
    "rh.service.{service}": {table: rpt_services, column: part_pct, row: {service: "{service}"}}
"""


def test_every_table_and_column_of_rapport_is_declared():
    secrecy = CATALOGUE.secrecy
    assert {thing.name for thing in PROJECT.said if PROJECT.folder_of[thing.path].parts[1] == "rapport"} == TABLES
    assert models().keys() - secrecy.tables.keys() == {"chiffres"}
    for table, columns in models().items():
        if table in secrecy.of_persons:
            assert set(columns) == secrecy.tables[table].columns, table


def test_the_forms_of_a_table_become_coarser():
    """Each leaves lines out, or merges them: none of them is the table whole but the first."""
    for name, table in CATALOGUE.secrecy.of_persons.items():
        assert not (table.forms[0].only or table.forms[0].without or table.forms[0].merged), name
        assert all(form.only or form.without or form.merged for form in table.forms[1:]), name
        for form in table.forms:
            assert all(set(said) <= {new for of in form.merged.values() for new in of} for said in form.said.values())


def test_every_figure_says_what_it_counts():
    assert [code for code, declared in CATALOGUE.figures.by_code.items() if not declared.figure.compte] == []


def test_every_figure_under_secrecy_has_a_rule_or_is_withheld():
    figures = CATALOGUE.secrecy.figures
    for code, declared in CATALOGUE.figures.by_code.items():
        one = re.sub(r"\{\w+\}", "x", code)
        if figures.is_secret(one):
            known = [figures.rule(one) is not None, code in figures.withheld, figures.is_alone(one)]
            assert known.count(True) == 1, f"{declared.place}: {code}"


def test_a_figure_of_persons_is_never_declared_to_count_things():
    figures = CATALOGUE.secrecy.figures
    for code, declared in CATALOGUE.figures.by_code.items():
        one = re.sub(r"\{\w+\}", "x", code)
        if figures.rule(one) or figures.is_alone(one):
            assert declared.figure.compte in ("agents", "citoyens"), code


def test_what_a_figure_restates_is_the_line_that_its_table_prints():
    secrecy = CATALOGUE.secrecy
    for code, rule in secrecy.figures.rules.items():
        assert {rule.column, *rule.row} <= set(models()[rule.table]), code


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("    measure: nb_agents\n", "    mesure: nb_agents\n", 5, "mesure: cette clé n’existe pas ici"),
        ("measure: nb_agents\n", "measure: nb_agents\n    part_of: heures\n", 6, "« heures » n’est pas une population"),
        ('{total: "*"}\n', '{total: "*"}\n      sexe: {tous: "*"}\n', 3, "« sexe » n’est pas un niveau"),
        ("rpt_budget: {free: comptes publics}", "rpt_budget: {}", 11, "free, withheld, counts"),
        ("levels: {service: service}", "levels: {service: bureau}", 13, "« bureau » n’est pas un niveau de effectif"),
        ("    counts: effectif", "    counts: agents", 13, "« agents »"),
        ("share: [service]", "share: [sexe]", 15, "« sexe » n’est pas un niveau"),
        ("share: [service]", "mean: somme_ages", 15, "« somme_ages » n’est pas une somme"),
        ("only: {service: paie}", "only: {libelle: paie}", 19, "« libelle » n’est pas une colonne de niveau"),
        ("column: part_pct, row", "column: phrases, row", 23, "rpt_services.phrases"),
        ("counts: effectif", "counts: effectif\n    counts: effectif", 14, "donnée deux fois"),
    ],
)
def test_a_mistake_names_file_and_line(shipped: Layer, before, after, line, said):
    assert before in DECLARATION
    shipped.write("catalogue/secrecy.yml", DECLARATION.replace(before, after, 1))
    with pytest.raises(DeclarationError) as raised:
        _ = shipped.catalogue().secrecy
    assert f"catalogue/secrecy.yml:{line} " in str(raised.value) and said in str(raised.value)


def test_what_says_how_many_payslips_a_member_has_is_under_secrecy_everywhere():
    """Twelve payslips are an agent: tables and figures that print them must not be free of secrecy."""
    secrecy = CATALOGUE.secrecy
    for name in ("rpt_rh__bulletins", "rpt_activite__bulletins_imprimes"):
        assert secrecy.populations[secrecy.tables[name].counts].per_person == 12
    letters = secrecy.tables["rpt_activite__plis"].persons
    assert {one.where for one in letters.values()} == {"nature_document = 'Bulletins de salaire'"}
    assert {one.per_person for one in letters.values()} == {12}
    restated = {
        code
        for code, d in CATALOGUE.figures.by_code.items()
        if d.figure.mesure and "travaux_edition" in d.figure.mesure.fait
    }
    assert restated == {code for code in secrecy.figures.rules if "editique" in code}


def test_a_figure_that_counts_persons_says_so():
    """None of them is free of secrecy: it has a rule, is withheld, or is public when it is large."""
    figures = CATALOGUE.secrecy.figures
    for code, declared in CATALOGUE.figures.by_code.items():
        one = re.sub(r"\{\w+\}", "x", code)
        if declared.figure.unite in ("agents", "demandes"):
            assert figures.is_alone(one) or code in figures.withheld or figures.rule(one), code
