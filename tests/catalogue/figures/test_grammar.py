"""What the declaration of a figure may contain; a mistake is reported with file and line."""

import re
from decimal import Decimal

import pytest

from pipelines.catalogue.dbt.generated import model_texts
from pipelines.catalogue.figures.grammar import Number, Operand, Operation, operands_of, parse_expression, written
from pipelines.catalogue.load import load_catalogue
from pipelines.catalogue.yaml_file import DeclarationError
from tests.catalogue.figures.sql import figures_of

MEASURE = "{fait: fct_x, agregat: nombre, si_vide: zero}"
GOOD = f"""\
domaine: essai
titre: Un essai
chiffres:
  - code: essai.a
    libelle: Premier
    unite: u
    decimales: 0
    sources: [elise/comptes]
    mesure: {MEASURE}
  - code: essai.b
    libelle: Second
    unite: u
    decimales: 2
    expression: (a + 1.5) * 100 / (a - a)
    operandes: {{a: essai.a}}
"""


def load(folder, text):
    return figures_of(folder, essai=text)


@pytest.mark.parametrize(
    ("change", "place", "reason"),
    [
        (
            ("    unite: u\n    decimales: 0", "    unit: u\n    decimales: 0"),
            "essai.yml:6",
            "cette clé n’existe pas ici",
        ),
        (
            ("agregat: nombre,", "agregat: moyenne,"),
            "essai.yml:9",
            "somme, maximum, mediane, nombre, nombre_distinct",
        ),
        (("agregat: nombre,", "agregat: somme,"), "essai.yml:9", "demandent une colonne"),
        (("fct_x", "stg_x"), "essai.yml:9", "est attendu un texte de la forme"),
        (("si_vide: zero", "si_vide: rien"), "essai.yml:9", "zero, manquant, sans_objet"),
        (("decimales: 0", "decimales: 7"), "essai.yml:7", "un nombre d’au plus 6 est attendu"),
        (("essai.a\n", "Essai A\n"), "essai.yml:4", "est attendu un texte de la forme"),
        (("[elise/comptes]", "[elise.comptes]"), "essai.yml:8", "est attendu un texte de la forme"),
        (
            ("[elise/comptes]", "[elise/nulle_part]"),
            "essai.yml:4",
            "« elise/nulle_part » n’est pas une table déclarée",
        ),
        (("sources: [elise/comptes]", "sources: []"), "essai.yml:4", "une mesure nomme ses sources"),
        (("elise/comptes", "'{application}/comptes'"), "essai.yml:4", "que le code n’a pas"),
        (("code: essai.b", "code: essai.a"), "essai.yml:10", "le chiffre « essai.a » est déjà dans"),
        (("{a: essai.a}", "{a: essai.z}"), "essai.yml:10", "« essai.z » n’est pas un chiffre déclaré"),
        (
            ("    decimales: 2", "    decimales: 2\n    compte: choses"),
            "essai.yml:10",
            "« essai.a », dont il est fait, compte",
        ),
        (("{a: essai.a}", "{a: essai.b}"), "essai.yml:10", "dépend de lui-même : essai.b → essai.b"),
        (("{a: essai.a}", "{a: essai.a, c: essai.a}"), "essai.yml:10", "n’emploie pas c"),
        (("(a + 1.5)", "(c + 1.5)"), "essai.yml:10", "ne donne pas : c"),
        (("(a + 1.5)", "a ** 2"), "essai.yml:10", "seuls + - * /"),
        (("(a + 1.5)", "abs(a)"), "essai.yml:10", "seuls + - * /"),
        (("(a + 1.5)", "(a + 1e3)"), "essai.yml:10", "seuls + - * /"),
        (("(a + 1.5)", "(a + "), "essai.yml:10", "n’est pas un calcul"),
        (
            ("    expression: ", "    sources: [elise/comptes]\n    expression: "),
            "essai.yml:10",
            "celles de ses opérandes",
        ),
        (("libelle: Second", "libelle: Second de {application}"), "essai.yml:10", "code et libelle ont la même"),
        (
            ("essai.a\n    libelle:", "essai.{lieu}\n    libelle: de {lieu}"),
            "essai.yml:4",
            "demande la famille « lieu », que rien ne déclare",
        ),
        (
            ("essai.a\n    libelle:", "essai.{lieu}.{jour}\n    libelle:"),
            "essai.yml:4",
            "une seule partie entre accolades",
        ),
        (("[elise/comptes]", "[[elise/comptes, elise/nulle_part]]"), "essai.yml:4", "« elise/nulle_part » n’est pas"),
        (
            ("titre: Un essai", "titre: Un essai\nfamilles: {lieu: {relation: stg_x}}"),
            "essai.yml:3",
            "est attendu un texte de la forme",
        ),
    ],
)
def test_mistake_names_file_and_line(tmp_path, change, place, reason):
    assert change[0] in GOOD
    with pytest.raises(DeclarationError) as error:
        load(tmp_path, GOOD.replace(*change, 1))
    assert place in str(error.value)
    assert reason in str(error.value)


def test_expression_is_read_as_written():
    term = parse_expression("a - 0.1 * b / b")
    assert operands_of(term) == ["a", "b"]
    assert isinstance(term, Operation)
    product = term.right.left
    assert product == Operation(operator="*", left=Number(value=Decimal("0.1")), right=Operand(name="b"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a - b - a", "« A » − « B » − « A »"),
        ("a - (b - a)", "« A » − (« B » − « A »)"),
        ("(a + b) / 1820.5 * 100", "(« A » + « B ») ÷ 1\u202f820,5 × 100"),
        ("a / (b * 2)", "« A » ÷ (« B » × 2)"),
    ],
)
def test_expression_in_french_words(text, words):
    assert written(parse_expression(text), {"a": "« A »", "b": "« B »"}) == words


def test_formula_of_a_measure_in_french_words(tmp_path):
    condition = "{fait: fct_x, agregat: somme, colonne: nb_y, filtre: {a_z: true, sens: [D, R]}}"
    figures = load(tmp_path, GOOD.replace(MEASURE, condition))
    assert figures.formula("essai.a") == (
        "Somme de « nb_y » dans les fct_x de l’exercice (a_z : vrai, sens : D ou sens : R) ; absent si les exports reçus "
        "n’ont aucune ligne ; arrondi à l’unité. Sources : elise/comptes."
    )
    assert figures.formula("essai.b").startswith("(« Premier » + 1,5) × 100 ÷ (« Premier » − « Premier »)")


def test_formula_names_the_tables_that_are_used_alone(tmp_path):
    figures = load_catalogue().figures
    code, both = "rh.heures_remunerees", "heures_remunerees (tout système) ou dsn/declarations"
    assert both in figures.formula(code)
    assert both in figures.formula(code, {"ciril_rh/heures", "dsn/declarations"})
    assert figures.formula(code, {"dsn/declarations"}).partition(" Sources : ")[2].startswith("dsn/declarations, ")
    listed = {"ciril_rh/agents", "ciril_rh/heures"}
    assert figures.formula(code, listed).endswith(" Sources : agents (tout système), heures_remunerees (tout système).")
    assert both in figures.formula(code, {"glpi/tickets"})  # none of them is: nothing of the figure is printed
    of_members = "applications.{application}.agents_utilisateurs"
    assert figures.formula(of_members, {"glpi/tickets"}) == figures.formula(of_members)


def test_formula_says_the_words_of_its_file(tmp_path):
    words = "mots:\n  fct_x: agents\n  a_z: {true: présents}\n  sens: {D: départs}\n  mois: {12: en décembre}\n"
    condition = "{fait: fct_x, agregat: nombre, filtre: {a_z: true, sens: [D, R], mois: 12}}"
    figures = load(tmp_path, GOOD.replace("chiffres:", f"{words}chiffres:", 1).replace(MEASURE, condition))
    assert figures.formula("essai.a").startswith(
        "Nombre d’agents de l’exercice (présents, départs ou sens : R, en décembre) ; absent"
    )


def test_no_formula_names_a_table_nor_a_column():
    for code in (figures := load_catalogue().figures).by_code:
        computed, _, _ = figures.formula(code).partition(" Sources : ")
        assert "_" not in re.sub(r"\{\w+\}", "", computed), computed


def test_expression_has_the_sources_of_its_operands(tmp_path):
    assert load(tmp_path, GOOD).sources("essai.b") == [("elise/comptes",)]


def test_printed_code_leads_back_to_its_declaration():
    figures = load_catalogue().figures
    declared, application = figures.declaration_of("applications.elise.jours_formation")
    assert (declared.figure.code, application) == ("applications.{application}.jours_formation", "elise")
    assert declared.figure.mesure.fait == "fct_formations"
    with pytest.raises(KeyError, match="applications.elise.inconnu"):
        figures.declaration_of("applications.elise.inconnu")
    with pytest.raises(KeyError, match="applications.a.b"):
        figures.declaration_of("applications.a.b.jours_formation")


LEFT_OUT = re.compile(r"motif\w*\((?:[^{)]*, )?\{(?P<reasons>.*?)\}\)", re.DOTALL)
NAMED = (
    "annulé",
    "désactivé",
    "supprimé",
    "reprise",
    "compte du serveur",
    "opération d’ordre",
)  # no question of year or of twice


def test_what_a_model_leaves_out_is_in_the_words_of_its_figures():
    catalogue = load_catalogue(None)
    models = model_texts(catalogue)
    untold, told = [], 0
    for code, declared in catalogue.figures.by_code.items():
        for source in catalogue.lines.get(declared.figure.mesure.fait, []) if declared.figure.mesure else []:
            for call in LEFT_OUT.finditer(models[source.model]):
                reasons = {reason for reason in NAMED if f"'{reason}" in call["reasons"]}
                told += len(reasons)
                formula = catalogue.figures.formula(code)
                untold += [(code, reason) for reason in reasons if not stems(reason) <= stems(formula)]
    assert untold == [] and told > 10


def stems(words: str) -> set[str]:
    """The beginnings of the long words, which plural and feminine leave as they are."""
    return {word[:6] for word in re.findall(r"\w{6,}", words.lower())}


@pytest.mark.parametrize(
    ("code", "deducted"),
    [
        ("finances.factures", "moins les factures annulées"),
        ("assistance.tickets.minutes_resolution", "attente déduite quand l’export la donne"),
    ],
)
def test_what_a_column_deducts_is_in_the_words_of_its_figures(code: str, deducted: str):
    assert deducted in load_catalogue(None).figures.formula(code)


def test_the_sign_of_the_euro_is_its_code(tmp_path):
    figures = load(tmp_path, GOOD.replace("unite: u", "unite: €"))
    assert {figures.by_code[code].figure.unite for code in ("essai.a", "essai.b")} == {"EUR"}
