"""Every mistake in a declaration or a delivery is reported in French, without any word of Python, and without any control
character.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.cli.conftest import VENTES, VENTES_2019, Bench
from tests.french import english, python

OWN = VENTES.replace("system: ventes", "system: propre").replace("ventes*.csv", "propre*.csv")
SUITE = """\
system: propre
table: ventes
expectations:
  - key: volume
    type: expect_table_row_count_to_be_between
    kwargs: {min_value: 1}
    severity: warning
    reason: Le volume est celui de l’an passé.
    fix: Vérifier que l’export est entier.
"""
QUERY = """\
system: propre
table: ventes
expectations:
  - key: montants
    type: unexpected_rows_expectation
    columns: [montant]
    kwargs: {unexpected_rows_query: "select _fichier, _ligne from {batch} where montant < 0"}
    severity: warning
    reason: Les montants sont positifs.
    fix: Corriger les montants négatifs.
    counterexample: [{montant: -1}]
"""
FIGURE = """\
domaine: propre
titre: Propre
chiffres:
  - code: propre.total
    libelle: Total
    unite: EUR
    decimales: 2
    sources: [propre/ventes]
    mesure: {fait: fct_factures, agregat: nombre}
"""
FAMILY = "familles:\n  lieu: {relation: dim_lieux, code: code, libelle: libelle}\n"


def refused(result: Result, code: int = 2) -> str:
    """What was said of a mistake: a French sentence."""
    assert result.exit_code == code, (result.output, result.exception)
    assert "Erreur : " in result.stderr and not english(result.output) and not python(result.output), result.output
    return result.stderr


def put(bench: Bench, path: str, text: str) -> None:
    target = bench.home.root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


ORGANISATION = [
    # (what is replaced, by what, part of what is said)
    ("nom:", "nomm:", "nomm: cette clé n’existe pas ici ; vouliez-vous dire « nom » ?"),
    ("sigle: ESSAI", "sigle: [ESSAI]", "sigle: un texte est attendu, et non une liste"),
    ("sigle: ESSAI", "sigle:", "sigle: un texte est attendu, et non une valeur vide"),
    ("sigle: ESSAI", "sigle: ESSAI\narticle: du", "article: une de ces valeurs est attendue : le, la, l’, les"),
    ('siren: "123456782"', "siren: 123456782", "siren: un texte est attendu"),
    ('siren: "123456782"', 'siren: "123456789"', "123456789 n’est pas un SIREN"),
    ('siren: "123456782"', 'siren: "1234"', "siren: est attendu un nombre de neuf chiffres, et non « 1234 »"),
    (
        "demonstration: false",
        "demonstration: peut-être",
        "demonstration: true ou false est attendu, et non « peut-être »",
    ),
    ("premier: 2019", "premier: dix-neuf", "exercices.premier: un nombre entier est attendu, et non « dix-neuf »"),
    ("premier: 2019", "premier: 2019.5", "exercices.premier: un nombre entier est attendu"),
    ("dernier: 2030", "dernier: 2001", "dernier (2001) précède premier (2019)"),
    (
        "systemes: [ventes,",
        "systemes: [vente,",
        "demande le système « vente », que rien ne déclare ; vouliez-vous dire « ventes » ?",
    ),
    ("systemes: [ventes,", "systemes: [ventes, ventes,", "« ventes » est déjà donné à la ligne"),
    ("systemes: [ventes,", "systemes: [Ventes,", "minuscules sans accent"),
    ("personnes:", "collectivites: [{nom: C}]\npersonnes:", "collectivites.0.siren: cette clé manque"),
    ("personnes:", "collectivites: [{nom: C, siren: '123456782'}]\npersonnes:", "une commune a un code_insee"),
    ("personnes:", "applications: [{code: x}]\npersonnes:", "applications.0.libelle: cette clé manque"),
    ("personnes:", "budgets: [{siret: '12345678200011', nomenclature: M57}]\npersonnes:", "n’est pas un SIRET"),
    ("personnes:", "budgets: {a: 1}\npersonnes:", "budgets: une liste est attendue, et non des clés"),
    ("personnes:", "seuil_secret: 2\npersonnes:", "au moins 3"),
    ("personnes:", "sources: {ventess: {owner: X}}\npersonnes:", "« ventess » n’est ni un système ni un export"),
    ("personnes:", "sources: {ventes: {due: '31-03'}}\npersonnes:", "« 31-03 » n’est pas un mois et un jour"),
    ("personnes:", "sources: {ventes: {retention: 5 ans}}\npersonnes:", "une durée, comme P5Y"),
    ("personnes:", "sources: {ventes: {valid: {first: 20-01}}}\npersonnes:", "sources.ventes.valid.first"),
    ("personnes:", "couleur: bleu\npersonnes:", "couleur: cette clé n’existe pas ici"),
    ("personnes:", "personnes: []\npersonnes:", "la clé « personnes » est donnée deux fois"),
    ("personnes:", "\tpersonnes:", "ce n’est pas du YAML"),
    ("personnes:", "collectivites: [\npersonnes:", "ce n’est pas du YAML"),
    ("personnes:", "a: b: c\npersonnes:", "ce n’est pas du YAML"),
    ("personnes:", "a: 'b\npersonnes:", "ce n’est pas du YAML"),
    ("personnes:", "a: *b\npersonnes:", "ce n’est pas du YAML"),
    ("personnes:", "a: !b c\npersonnes:", "ce n’est pas du YAML"),
    ("personnes:", "a: 2020-13-45\npersonnes:", "une date ou une heure n’existe pas"),
    ("personnes:", "a: b\x01\npersonnes:", "un caractère de contrôle"),
    ("personnes:", "? [a]\n: b\npersonnes:", "une clé est un mot"),
    ("personnes:", "---\npersonnes:", "un seul document"),
    ("nom: A, ", "nom: '', ", "personnes.2.nom: un texte plus long est attendu (longueur : 1 au moins)"),
]


@pytest.mark.parametrize(("old", "new", "said"), ORGANISATION)
def test_a_mistake_of_the_organisation(bench: Bench, old: str, new: str, said: str):
    file = bench.home.organisation_file
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    told = refused(bench.millesime("status", 2019))
    assert said in told and "organisation.yml:" in told


CATALOGUE = [
    # (file of the home, its text, part of what is said)
    ("catalogue/systems/propre.yml", OWN.replace("owner: Régie\n", ""), "owner: cette clé manque"),
    (
        "catalogue/systems/propre.yml",
        OWN.replace("type: csv", "type: cvs"),
        "une de ces valeurs est attendue sous type : csv",
    ),
    ("catalogue/systems/propre.yml", OWN.replace("encoding: utf-8", "encoding: latin9"), "et non « latin9 »"),
    (
        "catalogue/systems/propre.yml",
        OWN.replace("montant: Montant", "montan: Montant"),
        "vouliez-vous dire « montant » ?",
    ),
    ("catalogue/systems/propre.yml", OWN.replace("%d/%m/%Y", "%d/%Y"), "une date a un mois"),
    ("catalogue/systems/propre.yml", OWN.replace("2019:", "an:"), "un nombre entier est attendu, et non « an »"),
    ("catalogue/systems/propre.yml", OWN.replace("name: numero", "name: Numéro"), "minuscules sans accent"),
    (
        "catalogue/systems/propre.yml",
        OWN.replace("tables:\n", "tables: []\n    autre:\n"),
        "autre: cette clé n’existe pas ici",
    ),
    (
        "catalogue/systems/propre.yml",
        OWN.replace("required: true}", "pattern: '[a'}"),
        "n’est pas une expression régulière",
    ),
    (
        "catalogue/systems/propre.yml",
        OWN.replace("        fields:", "        shape: compte\n        fields:"),
        "n’est pas une forme déclarée",
    ),
    (
        "catalogue/systems/propre.yml",
        OWN.replace("system: propre", "system: autre"),
        "« propre » est attendu, le nom du fichier",
    ),
    ("catalogue/systems/propre.yml", "- a\n", "des clés et leurs valeurs sont attendues"),
    (
        "catalogue/systems/ailleurs.yml",
        "system: ailleurs\nenabled: false\n",
        "désactive le système « ailleurs », que rien ne déclare",
    ),
    ("catalogue/systems/ventes.yml", "system: ventes\nenabled: false\n", "demande le système « ventes », que"),
    ("catalogue/systems/ventes.yml", "system: ventes\nenabled: parfois\n", "enabled: true ou false"),
    ("catalogue/systeme/propre.yml", OWN, "rien ne se déclare à cet endroit"),
    ("catalogue/lecteur.py", "print(1)\n", "un dossier ne contient pas de code"),
    (
        "catalogue/shapes/neuve.yml",
        "shape: neuve\ntitle: T\ndescription: D\nfields: 3\n",
        "fields: une liste est attendue, et non « 3 »",
    ),
    ("catalogue/fields.yml", "Neuve-x: {title: T, description: D.}\n", "n’est ni une colonne ni table.colonne"),
    ("catalogue/fields.yml", "neuve_eur: {title: T, unit: km, description: D.}\n", "la fin du nom annonce « EUR »"),
    (
        "catalogue/figures/p.yml",
        FIGURE.replace("propre/ventes", "ventes/vente"),
        "n’est pas une table déclarée ; vouliez-vous dire « ventes/ventes » ?",
    ),
    (
        "catalogue/figures/p.yml",
        FIGURE.replace("decimales: 2", "decimales: 9"),
        "un nombre d’au plus 6 est attendu, et non « 9 »",
    ),
    (
        "catalogue/figures/p.yml",
        FIGURE.replace("agregat: nombre", "agregat: moyenne"),
        "une de ces valeurs est attendue : somme",
    ),
    ("catalogue/figures/p.yml", FIGURE.replace("agregat: nombre", "agregat: somme"), "demandent une colonne"),
    ("catalogue/figures/p.yml", FIGURE.replace("titre: Propre\n", ""), "le domaine « propre » n’a pas de titre"),
    (
        "catalogue/figures/p.yml",
        FIGURE.replace("code: propre.total", "code: propre"),
        "est attendu un texte de la forme",
    ),
    ("catalogue/figures/p.yml", FIGURE.replace("    sources: [propre/ventes]\n", ""), "une mesure nomme ses sources"),
    ("catalogue/figures/p.yml", FIGURE.replace("code: propre.total", "code: 'propre.{lieu}.total'"), "accolades"),
    (
        "catalogue/report/neuf.yml",
        "id: neuf\ntitre: T\nsections: []\ncouleur: bleu\n",
        "couleur: cette clé n’existe pas ici",
    ),
    (
        "catalogue/report/neuf.yml",
        "id: transport_scolaire\ntitre: T\nsections: []\n",
        "neuf.yml:1 id: est attendu un nom fait de minuscules sans accent, de chiffres et de tirets",
    ),
    ("catalogue/secrecy.yml", "tables:\n  rpt_a: {free: 3}\n", "un texte est attendu, et non « 3 »"),
    (
        "catalogue/secrecy.yml",
        "tables:\n  rpt_a: {}\n",
        "donner une de ces clés, et une seule : free, withheld, counts",
    ),
    ("catalogue/secrecy.yml", "table: {}\n", "clé inconnue ; sont connues"),
    ("catalogue/rules.yml", "regles:\n  ZZ-NEUVE: {titre: T, aide: A.}\n", "effets ne dit rien de ZZ"),
    ("catalogue/reference/neuve.csv", "a\n", "il manque à côté neuve.yml"),
    ("catalogue/reference/neuve.yml", "table: neuve\ndescription: D\nfields: []\n", "il manque à côté neuve.csv"),
    ("expectations/systems/propre/ventes.yml", SUITE, "que rien ne déclare"),
    ("expectations/systems/ventes/ventes.yml", SUITE, "dire ce que dit le chemin du fichier"),
    (
        "dbt_project/models/rapport/rpt_a.sql",
        "select 1 from {{ ref('rpt_rien') }}\n",
        "demande le modèle « rpt_rien », que rien ne déclare",
    ),
    ("dbt_project/models/rpt_a.sql", "select 1\n", "un modèle est dans models/staging"),
]


@pytest.mark.parametrize(("path", "text", "said"), CATALOGUE)
def test_a_mistake_of_the_catalogue_of_a_home(bench: Bench, path: str, text: str, said: str):
    put(bench, path, text)
    if path.startswith("catalogue/figures"):
        put(bench, "catalogue/systems/propre.yml", OWN)
    assert said in refused(bench.millesime("catalogue", "diff"))


def test_a_bound_that_is_no_value_of_its_column(bench: Bench):
    put(bench, "catalogue/systems/propre.yml", OWN.replace("minimum: 0", "minimum: zéro"))
    file = bench.drop("2019/ventes/propre_2019.csv", VENTES_2019)
    told = refused(bench.millesime("check", file, "--source", "propre/ventes", "--exercice", 2019))
    assert "propre.yml: table « ventes » : colonne « montant » : « zéro » n’est pas du type number" in told


SUITES = [
    ("expect_table_row_count_to_be_between", "expect_table_row_count", "type inconnu"),
    ("{min_value: 1}", "{}", "demande min_value ou max_value"),
    ("{min_value: 1}", "{minimum: 1}", "n’attend pas minimum"),
    ("{min_value: 1}", "{min_value: un}", "des nombres entiers"),
    ("severity: warning", "severity: grave", "une de ces valeurs est attendue : critical, warning, et non « grave »"),
    (
        "reason: Le volume est celui de l’an passé.",
        "reason: Court.",
        "un texte plus long est attendu (longueur : 10 au moins)",
    ),
    (
        "type: expect_table_row_count_to_be_between\n",
        "type: expect_column_values_to_not_be_null\n    column: montan\n",
        "n’attend pas",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), SUITES)
def test_a_mistake_of_a_suite(bench: Bench, old: str, new: str, said: str):
    put(bench, "catalogue/systems/propre.yml", OWN)
    put(bench, "expectations/systems/propre/ventes.yml", SUITE.replace(old, new))
    assert said in refused(bench.millesime("catalogue", "diff"))


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("montan < 0", "la colonne « montan » n’existe pas ; il y a"),
        ("montant <", "la requête est incomplète"),
        ("montant < 0 0", "syntaxe fautive près de « 0 »"),
        ("jamais(montant)", "la fonction « jamais » n’existe pas"),
        ("jour < numero", "les types"),
        ("autre.montant < 0", "la table « autre » n’existe pas"),
        ("sum(montant) < 0", "un agrégat n’est pas permis"),
        ("upper(montant, 1) < 0", "« upper » ne s’applique pas aux types"),
    ],
)
def test_a_query_that_cannot_be_read(bench: Bench, condition: str, said: str):
    put(bench, "catalogue/systems/propre.yml", OWN)
    put(bench, "expectations/systems/propre/ventes.yml", QUERY.replace("montant < 0", condition))
    assert said in refused(bench.millesime("catalogue", "diff"))


SAMPLES = [
    ("vide.csv", b"", "aucune ligne"),
    ("entete.csv", b"A;B\n", "aucune ligne sous l’en-tête"),
    ("nombres.csv", b"Titre;\n1;2\n3;4\n5;6\n", "aucune ligne d’en-tête"),
    ("octets.csv", b"a;b\n\x00\x01\n", "n’est ni un fichier de texte ni un classeur"),
    ("listes.json", b'{"a": [1, 2]}', "aucune liste d’enregistrements"),
    ("profond.json", b"[" * 100000, "FIC-TAILLE"),
    ("un.xml", b"<a><b>1</b></a>", "aucun élément ne se répète"),
    ("casse.xml", b"<a><b></a>", "FIC-XML"),
    ("archive.zip", b"PK\x03\x04abc", "FIC-"),
    ("ouvert_2020.csv", b'A;B\n1;"2\n3;4\n', ""),
]


@pytest.mark.parametrize(("name", "content", "said"), SAMPLES)
def test_a_sample_that_teaches_nothing(bench: Bench, tmp_path: Path, name: str, content: bytes, said: str):
    sample = tmp_path / name
    sample.write_bytes(content)
    result = bench.millesime("source", "new", "--from", sample, "--system", "neuf", "--dry-run")
    if result.exit_code:
        assert said in refused(result, result.exit_code)
        assert result.exit_code in (1, 2)
    assert not english(result.output) and not python(result.output), result.output


def test_a_draft_and_a_new_home_speak_french(bench: Bench, tmp_path: Path):
    sample = tmp_path / "agents_2019.csv"
    rows = "".join(
        f"{n};Agent {n};0{n}/0{n}/2019;{n} 500,25;{'Oui' if n % 2 else 'NC'};{n},5 Go\n" for n in range(1, 9)
    )
    sample.write_text("N°;Nom;Date;Montant;Actif;Taille\n" + rows + "Total;;;9;;\n", encoding="cp1252")
    drafted = bench.millesime("source", "new", "--from", sample, "--system", "neuf")
    assert drafted.exit_code == 0, drafted.output
    declaration = (bench.home.root / "catalogue/systems/neuf.yml").read_text(encoding="utf-8")
    comments = [line.partition("# ")[2] for line in declaration.splitlines() if "# " in line]
    assert len(comments) > 5 and not [line for line in comments if english(line)]
    made = bench.millesime(
        "init", tmp_path / "neuve", "--name", "N", "--sigle", "N", "--siren", "123456782", "--first", "2019"
    )
    text = (tmp_path / "neuve" / "organisation.yml").read_text(encoding="utf-8")
    assert made.exit_code == 0 and "# L’organisation" in text and not english(text + made.output)


COMMANDS: list[tuple[list[str], int]] = [
    (["status", "1999"], 2),
    (["check", "rien_2019.csv"], 2),
    (["decide", "abc", "--because", "vu", "--by", "A. Martin"], 2),
    (["explain", "LIG-RIEN"], 2),
    (["figures", "2019", "rien"], 2),
    (["trace", "rien", "2019"], 2),
    (["report", "2019"], 2),
    (["release", "2019"], 2),
    (["replay", "2019-v1"], 2),
    (["compare", "2019-v1"], 2),
    (["export", "2019"], 1),
    (["superset"], 1),
    (["superset", "--uri", "rien"], 1),
    (["run", "2019", "--source", "vente"], 2),
    (["docs"], 1),
    (["key", "import", "rien"], 2),
    (["withdraw", "--because", "x", "--by", "A. Martin"], 1),
    (["reference", "plan", "rien.xml"], 2),
    (["source", "new", "--from", "rien.csv", "--system", "x"], 2),
    (["snapshot", "rien", "2019"], 2),
    (["verify", "--head", "rien"], 2),
]


@pytest.mark.parametrize(("arguments", "code"), COMMANDS, ids=[" ".join(a) for a, _ in COMMANDS])
def test_what_a_command_cannot_do(bench: Bench, arguments: list[str], code: int):
    result = bench.millesime(*arguments)
    assert result.exit_code in (1, 2), (result.output, result.exception)
    assert not english(result.output) and not python(result.output), result.output


@pytest.mark.parametrize("made", ["forbidden", "folder", "absent"])
def test_what_the_system_refuses(bench: Bench, made: str):
    file = bench.home.organisation_file
    if made == "forbidden":
        file.chmod(0)
    else:
        file.unlink()
        if made == "folder":
            file.mkdir()
    result = bench.millesime("status", 2019)
    if made == "forbidden" and os.geteuid() == 0:
        pytest.skip("this user reads everything")
    refused(result)


# what could drive a terminal ------------------------------------------------------------

CONTROLS = "\x1b]0;pris\x07\x9b2J\x7f\u202e\r"


def plain(text: str) -> bool:
    return not any(character in text for character in "\x1b\x07\x9b\x7f\u202e") and "\r" not in text.replace("\r\n", "")


def every_command(bench: Bench) -> list[Result]:
    return [
        bench.millesime(*arguments)
        for arguments in (
            ["status", 2019], ["rejects", 2019], ["rejects", 2019, "--format", "csv"], ["rejects", 2019, "--format", "json"],
            ["findings", 2019], ["findings", 2019, "--format", "csv"], ["findings", 2019, "--format", "json"],
            ["status", 2019, "--format", "json"], ["verify"],
        )
    ]  # fmt: skip


def test_a_hostile_cell_and_a_hostile_name_never_reach_the_terminal(bench: Bench):
    bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019.replace("=1+1", f"=1{CONTROLS.strip()}"))
    bench.drop(f"2019/ventes/autre{CONTROLS.replace('/', '')}.csv", "A\n")
    bench.receive("ventes/ventes", 2019)
    for result in every_command(bench):
        assert plain(result.stdout) and plain(result.stderr), result.output
    assert "[U+001B]" in bench.millesime("status", 2019).stdout


def test_a_cell_or_a_name_of_several_lines_says_no_line_of_its_own(bench: Bench):
    bench.drop("2019/ventes/ventes_2019.csv", VENTES_2019.replace("=1+1", '"=1\nPRIS"'))
    bench.drop("2019/ventes/autre\nPRIS.csv", "A\n")
    bench.drop("2019/ventes/encore\u2028PRIS.csv", "B\n")
    bench.receive("ventes/ventes", 2019)
    told = [bench.millesime(command, 2019).output for command in ("status", "rejects", "findings")]
    assert all("[U+000A]PRIS" in text for text in told)
    assert not [line for text in told for line in text.splitlines() if line.startswith("PRIS")]


@pytest.mark.parametrize(
    "arguments",
    [
        lambda bad: ["check", bad],
        lambda bad: ["explain", bad],
        lambda bad: ["run", "2019", "--source", bad],
        lambda bad: [bad],
        lambda bad: ["status", bad],
        lambda bad: ["status", "2019", "--format", bad],
        lambda bad: ["status", "2019", f"--{bad}"],
        lambda bad: ["trace", bad, "2019"],
        lambda bad: ["release", "2019", "--prepared-by", bad, "--reviewed-by", bad, "--approved-by", bad],
    ],
)
def test_a_hostile_argument_is_quoted_visibly(bench: Bench, arguments: Callable[[str], list[str]]):
    result = bench.millesime(*arguments(f"x{CONTROLS}y"))
    assert result.exit_code and plain(result.output), result.output


def test_an_error_quotes_a_declaration_visibly(bench: Bench):
    file = bench.home.organisation_file
    file.write_text(file.read_text(encoding="utf-8").replace("[ventes,", '["\\e]0;pris\\a",'), encoding="utf-8")
    said = refused(bench.millesime("status", 2019))
    assert plain(said) and "[U+001B]" in said
