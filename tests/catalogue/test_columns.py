"""An unknown column is reported when the catalogue is read, with its place and the nearest name."""

from pathlib import Path

import pytest

from pipelines.catalogue.columns import _of_condition
from pipelines.catalogue.needs import check, check_texts
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.settings import Home
from tests.layers import Layer

FIGURES = """\
domaine: essai
titre: Essai
familles:
  service:
    relation: dim_services
    code: code_service
    libelle: libelle_service
    en_mots: du service
    presents_dans: {fait: fct_effectifs, filtre: {est_permanent: true}}
chiffres:
  - code: essai.agents
    libelle: Agents
    unite: agents
    decimales: 0
    sources: [libre/lignes]
    mesure:
      fait: fct_effectifs
      agregat: somme
      colonne: nb_agents
      filtre: {est_permanent: true}
  - code: essai.agents.{service}
    libelle: Agents {service}
    unite: agents
    decimales: 0
    sources: [libre/lignes]
    mesure: {fait: fct_effectifs, agregat: nombre}
"""
CHAPTER = """\
id: equipes
titre: Les équipes
sections:
  - id: effectifs
    titre: Effectifs
    pour_chaque: {table: rpt_equipes, code: code_service, ordre: [-nb_agents]}
    blocs:
      - genre: tableau
        id: tableau
        titre: Effectifs
        table: rpt_equipes
        filtres: {code_service: paie}
        ordre: [code_service]
        lignes: {nom: libelle_service, titre: Service, format: texte}
        colonnes: [{nom: nb_agents, titre: Agents}]
        vide: Rien.
      - genre: graphique
        id: graphique
        forme: barres
        titre: Effectifs
        table: rpt_equipes
        lignes: {nom: libelle_service, titre: Service, format: texte}
        croise: {par: exercice, valeur: nb_agents}
        vide: Rien.
      - {genre: liste, id: liste, titre: Services, table: rpt_equipes, entree: [libelle_service], vide: Rien.}
      - genre: matrice
        id: matrice
        titre: Services
        table: rpt_equipes
        code: code_service
        lignes: {nom: libelle_service, titre: Service, format: texte}
        detail: est_permanent
        croise: {valeur: nb_agents, par: est_permanent}
        vide: Rien.
      - {genre: texte, fichier: equipes.md}
      - {genre: evolutions, titre: Évolutions, table: rpt_equipes, libelle: libelle_service}
"""
SECRECY = """\
populations:
  effectif:
    fact: marts.fct_effectifs
    measure: nb_agents
    axes: {service: {service: code_service, permanent: "case when est_permanent then 'oui' end"}}
tables:
  rpt_equipes:
    counts: effectif
    levels: {code_service: service}
    numbers: {nb_agents: {}}
    plain: [libelle_service]
figures:
  rules:
    essai.agents: {table: rpt_equipes, column: nb_agents, row: {code_service: paie}}
"""
SUITE = """\
system: libre
table: lignes
expectations:
  - key: code_connu
    type: expect_column_values_to_not_be_null
    column: code
    severity: warning
    reason: Le code est toujours donné.
    fix: Compléter le code dans l’outil.
"""
ALERTS = """\
alertes:
  peu-de-monde:
    table: rpt_equipes
    quand: >-
      nb_agents < 3
      and code_service not in ('stage')
    cle: [code_service]
    dit: "{libelle_service} : {nb_agents}"
"""
TEXT = """\
Les équipes.

{% set service = dit("rpt_equipes", "libelle_service", est_permanent=true) %}
Il y a {{ service }}.
"""
FILES = {
    "catalogue/alertes.yml": ALERTS,
    "catalogue/report/texte/equipes.md": TEXT,
    "catalogue/figures/essai.yml": FIGURES,
    "catalogue/report/01_equipes.yml": CHAPTER,
    "catalogue/secrecy.yml": SECRECY,
    "expectations/systems/libre/lignes.yml": SUITE,
}
SYSTEM = """\
system: libre
title: Libre
owner: quelqu’un
exports:
  - name: lignes
    title: Export
    files: lignes.csv
    format: {type: csv, encoding: utf-8, delimiter: ";"}
    tables:
      - name: lignes
        title: Lignes
        fields: [{name: code, title: Code, description: Un code.}, {name: nom, title: Nom, personal: drop}]
"""
COLUMNS = ["exercice", "code_service", "libelle_service", "nb_agents", "est_permanent"]


@pytest.fixture
def shipped(shipped: Layer) -> Layer:
    """A fact, a dimension and a table of the report, each with its contract, and what is declared over them."""
    shipped.write("catalogue/systems/libre.yml", SYSTEM)
    shipped.fact("fct_effectifs", "libre__lignes")
    shipped.write("dbt_project/models/marts/dim_services.sql", "select 1 as un\n")
    shipped.write("dbt_project/models/rapport/rpt_equipes.sql", "select 1 as un\n")
    for folder, model in (("marts", "fct_effectifs"), ("marts", "dim_services"), ("rapport", "rpt_equipes")):
        columns = [{"name": name, "description": "Une colonne."} for name in COLUMNS]
        entry = {"version": 2, "models": [{"name": model, "columns": columns}]}
        shipped.write(f"dbt_project/models/{folder}/{model}.yml", entry)
    for path, text in FILES.items():
        shipped.write(path, text)
    return shipped


def test_what_is_right_is_read(shipped):
    check(shipped.catalogue())


@pytest.mark.parametrize(
    ("file", "old", "new", "table", "near"),
    [
        ("figures/essai", "colonne: nb_agents", "colonne: nb_agent", "fct_effectifs", "nb_agents"),
        ("figures/essai", "      filtre: {est_per", "      filtre: {est_prer", "fct_effectifs", "est_permanent"),
        ("figures/essai", "code: code_service", "code: code_services", "dim_services", "code_service"),
            ("figures/essai", "libelle: libelle_s", "libelle: libele_s", "dim_services", "libelle_service"),
        ("figures/essai", "fait: fct_effectifs, filtre: {est", "fait: fct_effectifs, filtre: {es", "fct_effectifs", "est"),
        ("report/01_equipes", "ordre: [-nb_agents]", "ordre: [-nb_agens]", "rpt_equipes", "nb_agents"),
        ("report/01_equipes", "filtres: {code_s", "filtres: {codes_s", "rpt_equipes", "code_service"),
        ("report/01_equipes", "ordre: [code_service]", "ordre: [code_servic]", "rpt_equipes", "code_service"),
        ("report/01_equipes", "nom: libelle_service", "nom: libele_service", "rpt_equipes", "libelle_service"),
        ("report/01_equipes", "[{nom: nb_agents", "[{nom: nb_agent", "rpt_equipes", "nb_agents"),
        ("report/01_equipes", "par: exercice", "par: exercise", "rpt_equipes", "exercice"),
        ("report/01_equipes", "valeur: nb_agents", "valeur: nb_agent", "rpt_equipes", "nb_agents"),
        ("report/01_equipes", "entree: [libelle_s", "entree: [libele_s", "rpt_equipes", "libelle_service"),
        ("report/01_equipes", "libelle: libelle_s", "libelle: libele_s", "rpt_equipes", "libelle_service"),
        ("report/01_equipes", "code: code_service\n", "code: codes_service\n", "rpt_equipes", "code_service"),
        ("report/01_equipes", "detail: est_perm", "detail: est_perma", "rpt_equipes", "est_permanent"),
        ("report/01_equipes", "{valeur: nb_agents", "{valeur: nb_agent", "rpt_equipes", "nb_agents"),
        ("report/01_equipes", "par: est_permanent", "par: est_permanant", "rpt_equipes", "est_permanent"),
        ("alertes", "quand: >-\n      nb_agents", "quand: >-\n      nb_agent", "rpt_equipes", "nb_agents"),
        ("alertes", "cle: [code_s", "cle: [codes_s", "rpt_equipes", "code_service"),
        ("secrecy", "measure: nb_agents", "measure: nb_agent", "fct_effectifs", "nb_agents"),
        ("secrecy", "{service: code_service", "{service: code_servic", "fct_effectifs", "code_service"),
        ("secrecy", "plain: [libelle_s", "plain: [libele_s", "rpt_equipes", "libelle_service"),
        ("secrecy", "levels: {code_service", "levels: {code_servic", "rpt_equipes", "code_service"),
        ("secrecy", "row: {code_service", "row: {code_servic", "rpt_equipes", "code_service"),
    ],
)  # fmt: skip
def test_a_column_that_is_not_there(shipped, file: str, old: str, new: str, table: str, near: str):
    path = f"catalogue/{file}.yml"
    text = FILES[path].replace(old, new, 1)
    line = text.count("\n", 0, text.index(new.strip())) + 1
    shipped.write(path, text)
    with pytest.raises(DeclarationError) as raised:
        check(shipped.catalogue())
    (said,) = [one for one in str(raised.value).splitlines() if one.startswith(f"{path}:{line} ")]
    assert f"de « {table} », qui n’en a pas de ce nom ; vouliez-vous dire « {near}" in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("titre: Les équipes", "titre: Les équipes de {exercise}", "le nom « exercise » de « Les équipes"),
        ("    titre: Effectifs", "    titre: '{libele_service}'", "vouliez-vous dire « libelle_service » ?"),
        ("vide: Rien.", "vide: 'Aucun {agent} en {exercice}.'", "rien ne donne le nom « agent »"),
        ("vide: Rien.", "vide: 'Rien en {exercice'", "est illisible"),
    ],
)  # fmt: skip
def test_a_name_that_nothing_gives_to_a_title_or_a_sentence(shipped, old: str, new: str, said: str):
    path = "catalogue/report/01_equipes.yml"
    text = FILES[path].replace(old, new, 1)
    shipped.write(path, text)
    with pytest.raises(DeclarationError) as raised:
        check(shipped.catalogue())
    line = text.count("\n", 0, text.index(new.strip())) + 1
    assert [one for one in str(raised.value).splitlines() if one.startswith(f"{path}:{line} ") and said in one]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('    dit: "{libelle_service} : {nb_agent}"', "dit: rien ne donne le nom « nb_agent »"),
        ('    ensemble: {dit: "{chacun}, {nb_agent}", chacun: x}', "ensemble dit: rien ne donne le nom « nb_agent »"),
        ('    ensemble: {dit: "{chacun}", chacun: "{nb_agent}"}', "ensemble chacun: rien ne donne le nom « nb_agent »"),
    ],
)
def test_a_name_of_the_sentence_of_an_alert(shipped, line: str, said: str):
    told = '    dit: "{libelle_service} : {nb_agents}"'
    shipped.write("catalogue/alertes.yml", ALERTS.replace(told, line if " dit:" in line[:9] else f"{told}\n{line}"))
    with pytest.raises(DeclarationError, match=rf"catalogue/alertes.yml:\d+ {said} .*« nb_agents » ?"):
        check(shipped.catalogue())


@pytest.mark.parametrize(
    ("condition", "columns"),
    [
        ("nb_a > 3 and not est_b or lower(c) in ('d', 'l''e')", ["c", "est_b", "nb_a"]),
        ('IN_x is not null and "y z" between -1e3 and 2', ["in_x", "y z"]),
        ("case when j >= date '2024-01-01' then a::bigint else cast(b as integer) end > 0", ["a", "b", "j"]),
        ("t.a > 1 and j > j0 + interval 3 months and f (g) like 'x%'", ["g", "j", "j0"]),
        ("a in(1) and not(b)", ["a", "b"]),
        ("a > (SELECT max(b) from c)", ["a"]),
        ("a > ) b", []),
    ],
)
def test_the_columns_of_a_condition(condition: str, columns: list[str]):
    assert _of_condition(condition) == columns


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"libelle_service"', '"libele_service"', "demande la colonne « libele_service » de « rpt_equipes »"),
        ("est_permanent=", "est_permanant=", "demande la colonne « est_permanant » de « rpt_equipes »"),
        ('"rpt_equipes"', '"rpt_equipe"', "demande le modèle « rpt_equipe », que rien ne déclare"),
    ],
)
def test_what_a_text_asks_a_table_for(shipped, old: str, new: str, said: str):
    shipped.write("catalogue/report/texte/equipes.md", TEXT.replace(old, new))
    with pytest.raises(DeclarationError) as raised:
        check(shipped.catalogue())
    (line,) = str(raised.value).splitlines()
    assert line.startswith(f"catalogue/report/texte/equipes.md:3 {said}") and "vouliez-vous dire" in line


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"libelle_service"', '"libele_service"', "demande la colonne « libele_service » de « rpt_equipes »"),
        ('"rpt_equipes"', '"rpt_equipe"', "demande le modèle « rpt_equipe »"),
        ("dit(", "dis(", "le nom « dis » n’existe pas ; vouliez-vous dire « dit » ?"),
        ("dit(", 'f("CODE") if dit(', "demande le chiffre « CODE », que rien ne déclare"),
        ('"rpt_equipes"', '"rpt_equipes" |', "ce qui est entre accolades ne se lit pas"),
    ],
)
def test_what_the_prose_of_a_year_asks_for(shipped, tmp_path, old: str, new: str, said: str):
    catalogue = shipped.catalogue()
    known = next(iter(catalogue.figures.by_code))
    text = tmp_path / "edito.md"
    text.write_text(TEXT, encoding="utf-8")
    check_texts(catalogue, [text])
    text.write_text(TEXT.replace(old, new.replace("CODE", known + "x")), encoding="utf-8")
    with pytest.raises(DeclarationError) as raised:
        check_texts(catalogue, [text])
    line = str(raised.value).splitlines()[0]
    assert line.startswith(f"{text}:3 {said.replace('CODE', known + 'x')}")
    assert "vouliez-vous dire" in line or "accolades" in line


def test_the_table_beside_which_a_block_stays(shipped):
    beside = CHAPTER.replace("        forme: barres\n", "        forme: barres\n        avec: rpt_equipe\n")
    shipped.write("catalogue/report/01_equipes.yml", beside)
    line = beside.partition("avec:")[0].count("\n") + 1
    place = f"catalogue/report/01_equipes.yml:{line} demande le modèle « rpt_equipe »"
    with pytest.raises(DeclarationError, match=f"{place}.*« rpt_equipes » ?"):
        check(shipped.catalogue())


def test_a_valid_row_of_a_column_that_is_not_there(shipped):
    text = SUITE.replace("expectations:", "valid_row:\n  code: A\n  cod: B\nexpectations:")
    shipped.write("expectations/systems/libre/lignes.yml", text)
    place = "expectations/systems/libre/lignes.yml:5 valid_row: la table « lignes » n’a pas de colonne « cod »"
    with pytest.raises(DeclarationError, match=f"{place} ; vouliez-vous dire « code » ?"):
        check(shipped.catalogue())


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("cod", "la table « lignes » n’a pas de colonne « cod » ; vouliez-vous dire « code » ?"),
        ("nom", "la colonne « nom » n’est pas gardée"),
    ],
)
def test_a_suite_of_a_column_that_is_not_there(shipped, column: str, said: str):
    shipped.write("expectations/systems/libre/lignes.yml", SUITE.replace("column: code", f"column: {column}"))
    with pytest.raises(
        DeclarationError, match=f"expectations/systems/libre/lignes.yml:4 code_connu: {said[:20]}"
    ) as raised:
        check(shipped.catalogue())
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "given", "near"),
    [
        ("figures/essai", "fait: fct_effectifs,", "fait: fct_effectif,", "fct_effectif", "fct_effectifs"),
        ("figures/essai", "[libre/lignes]", "[libre/ligne]", "libre/ligne", "libre/lignes"),
        ("report/01_equipes", "        table: rpt_equipes", "        table: rpt_equipe", "rpt_equipe", "rpt_equipes"),
        ("secrecy", "  rpt_equipes:", "  rpt_equipe:", "rpt_equipe", "rpt_equipes"),
    ],
)
def test_a_table_that_is_not_there(shipped, file: str, old: str, new: str, given: str, near: str):
    path = f"catalogue/{file}.yml"
    text = FILES[path].replace(old, new, 1)
    shipped.write(path, text.replace("{table: rpt_equipes", "{table: rpt_equipe") if file == "secrecy" else text)
    with pytest.raises(DeclarationError) as raised:
        check(shipped.catalogue())
    (said,) = {line for line in str(raised.value).splitlines() if f"« {given} »" in line}
    assert said.startswith(f"{path}:") and said.endswith(f"vouliez-vous dire « {near} » ?")


def test_a_column_of_a_table_of_the_home_is_looked_up_in_the_home(shipped, tmp_path: Path):
    home = Layer(tmp_path / "maison")
    columns = [{"name": name, "description": "Une colonne."} for name in COLUMNS if name != "nb_agents"]
    entry = {"version": 2, "models": [{"name": "rpt_equipes", "columns": columns}]}
    home.write("dbt_project/models/rapport/rpt_equipes.yml", entry)
    with pytest.raises(DeclarationError) as raised:
        check(shipped.catalogue(Home(home.root)))
    assert "catalogue/report/01_equipes.yml:15 demande la colonne « nb_agents » de « rpt_equipes »" in str(raised.value)
