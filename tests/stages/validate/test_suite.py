"""The compilation of suites: what a declaration implies, what a file adds, what is refused, and their identity."""

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.catalogue.source_grammar import Constraints, Field, Origin, Table
from pipelines.catalogue.yaml_file import DeclarationError
from pipelines.stages.validate.suite import compile_suite
from tests.layers import Layer

HEAD = "system: essai\ntable: agents\nexpectations:\n"
VOLUME = """  - key: volume
    type: expect_table_row_count_to_be_between
    kwargs: {min_value: "{previous_rows} * 0.5", max_value: "{previous_rows} * 1.5"}
    severity: warning
    reason: Le volume est celui de l’an passé.
    fix: Vérifier que l’export est complet.
"""
RULE = """  - key: entree_future
    type: unexpected_rows_expectation
    columns: [entree]
    kwargs:
      unexpected_rows_query: >-
        select _fichier, _ligne from {batch}
        where entree > make_date({exercice}, 12, 31)
    severity: critical
    reason: Personne n’entre après l’exercice.
    fix: Corriger la date d’entrée.
    counterexample: [{entree: "2999-01-01"}]
"""


def put(shipped: Layer, text: str, name: str = "systems/essai/agents.yml") -> Path:
    return shipped.write(f"expectations/{name}", text)


def compiled(table: Table, shipped: Layer, system: str = "essai", **options):
    return compile_suite(system, table, shipped.catalogue().suites_of(system, table), **({"exercice": 2018} | options))


def test_a_declaration_implies_its_expectations(people: Table, shipped: Layer) -> None:
    suite = compiled(people, shipped)
    assert [(s.key, s.severity) for s in suite.specs] == [
        ("non_vide", "critical"),
        ("required", "critical"),
        ("primary_key", "critical"),
        ("enum.service", "critical"),
        ("length.service", "critical"),
        ("unique.grade", "critical"),
        ("range.entree", "critical"),
        ("range.quotite", "critical"),
        ("range.jours", "warning"),
    ]
    assert suite.spec("range.entree").kwargs == {"column": "entree", "min_value": dt.date(1990, 1, 1)}
    assert suite.spec("range.quotite").kwargs["min_value"] == Decimal("0.1")
    assert suite.spec("range.entree").reason == "« Entrée » : valeur attendue à partir du 01/01/1990."
    assert suite.spec("range.quotite").reason == "« Quotité » : valeur attendue entre 0,1 et 1."
    assert suite.spec("length.service").reason == "« Service » : longueur attendue d’au plus 3 caractères."
    assert not any("nom" in str(s.kwargs).split() for s in suite.specs)


def test_a_compound_key_is_one_query(shipped: Layer) -> None:
    table = Table(name="t", title="T", primaryKey=["a", "b"], fields=[Field(name=n, title=n) for n in "ab"])
    spec = compiled(table, shipped).spec("primary_key")
    assert spec.type == "unexpected_rows_expectation"
    assert spec.column == "a, b"


@pytest.mark.parametrize(
    ("field", "says"),
    [
        (
            Field(name="a", title="A", personal="drop", constraints=Constraints(unique=True)),
            "unique : une colonne qui n’est pas gardée",
        ),
        (
            Field(name="a", title="A", personal="pseudonymise", constraints=Constraints(enum=["x"])),
            "un pseudonyme n’a ni ordre",
        ),
        (
            Field(name="a", title="A", personal="pseudonymise", constraints=Constraints(maxLength=3)),
            "texte gardé tel quel",
        ),
        (Field(name="a", title="A", constraints=Constraints(minimum=1)), "ne s’appliquent pas au type string"),
        (
            Field(name="a", title="A", type="date", constraints=Constraints(minimum="hier")),
            "« hier » n’est pas du type date",
        ),
        (
            Field(name="a", title="A", type="number", constraints=Constraints(maximum="NaN")),
            "« NaN » n’est pas du type number",
        ),
        (
            Field(name="a", title="A", type="integer", constraints=Constraints(minimum=3, maximum=2)),
            "plus grand que maximum",
        ),
        (Field(name="a", title="A", type="integer", constraints=Constraints(maxLength=2)), "texte gardé tel quel"),
        (Field(name="a", title="A", constraints=Constraints(enum=[])), "enum est vide"),
    ],
)
def test_a_constraint_that_cannot_be_judged_is_an_error(field: Field, says: str, shipped: Layer) -> None:
    with pytest.raises(DeclarationError, match=says) as caught:
        compiled(Table(name="t", title="T", fields=[field]), shipped)
    assert str(caught.value).startswith("essai.yml: table « t » : colonne « a » : ")


def test_a_key_that_is_dropped_is_an_error(shipped: Layer) -> None:
    fields = [Field(name="a", title="A", personal="drop")]
    with pytest.raises(DeclarationError, match="primaryKey: a n’est pas gardé"):
        compiled(Table(name="t", title="T", primaryKey=["a"], fields=fields), shipped)


def test_placeholders_are_filled_and_bounds_rounded_inwards(people: Table, shipped: Layer) -> None:
    put(shipped, HEAD + VOLUME + RULE)
    suite = compiled(people, shipped, previous_rows=101)
    assert suite.spec("volume").kwargs == {"min_value": 51, "max_value": 151}
    assert suite.spec("entree_future").kwargs["unexpected_rows_query"].endswith("make_date(2018, 12, 31)")


@pytest.mark.parametrize("former", [None, 0])
def test_without_former_rows_the_comparison_is_left_out(former: int | None, people: Table, shipped: Layer) -> None:
    put(shipped, HEAD + VOLUME + RULE)
    keys = [spec.key for spec in compiled(people, shipped, previous_rows=former).specs]
    assert "entree_future" in keys
    assert "volume" not in keys


def test_every_table_is_compared_with_the_former_exercice_without_being_asked(people: Table, shipped: Layer) -> None:
    suite = compiled(people, shipped, previous_rows=2001)
    assert suite.spec("volume").kwargs == {"min_value": 1001}
    assert suite.spec("volume").severity == "warning"
    assert suite.spec("chute").kwargs == {"min_value": 201}
    assert suite.spec("chute").severity == "critical"
    said = "Au moins 201\u00a0lignes, le dixième des 2\u202f001\u00a0lignes de l’exercice précédent."
    assert suite.spec("chute").reason == said
    assert not {"volume", "chute"} & {spec.key for spec in compiled(people, shipped, previous_rows=9).specs}


def test_a_suite_says_another_share_by_the_same_key(people: Table, shipped: Layer) -> None:
    put(
        shipped, HEAD + VOLUME + VOLUME.replace("volume", "chute").replace("warning", "critical").replace("0.5", "0.25")
    )
    suite = compiled(people, shipped, previous_rows=100)
    assert suite.spec("volume").kwargs == {"min_value": 50, "max_value": 150}
    assert suite.spec("volume").reason == (
        "Le volume est celui de l’an passé. Attendu : de 50 à 150\u00a0lignes, après 100 l’exercice précédent."
    )
    assert suite.spec("chute").kwargs["min_value"] == 25


def test_a_table_that_may_be_empty_may_be_small_with_a_warning(people: Table, shipped: Layer) -> None:
    put(shipped, HEAD.replace("expectations:", "may_be_empty: Rien à déclarer certaines années.\nexpectations: []"))
    keys = {spec.key for spec in compiled(people, shipped, previous_rows=100).specs}
    assert "volume" in keys
    assert "chute" not in keys


def test_a_table_may_be_empty_only_if_its_suite_says_why(people: Table, shipped: Layer) -> None:
    assert compiled(people, shipped).specs[0].key == "non_vide"
    put(
        shipped,
        HEAD.replace("expectations:", "may_be_empty: Rien à déclarer certaines années.\nexpectations: []"),
    )
    assert compiled(people, shipped).specs[0].key == "required"


def test_a_table_replaces_an_expectation_of_its_shape_by_its_own(people: Table, shipped: Layer) -> None:
    table = people.model_copy(update={"shape": "personnes"})
    put(shipped, "shape: personnes\nexpectations:\n" + VOLUME + RULE, "shapes/personnes.yml")
    assert compiled(table, shipped, previous_rows=10).spec("volume").kwargs["max_value"] == 15
    put(shipped, HEAD + VOLUME.replace("1.5", "3"))
    suite = compiled(table, shipped, previous_rows=10)
    assert suite.spec("volume").kwargs["max_value"] == 30
    assert [s.key for s in suite.specs].count("volume") == 1
    files = shipped.catalogue().suites_of("essai", table)
    assert [file.name for file in files] == ["shapes/personnes", "systems/essai/agents"]


def test_the_identity_changes_with_the_content_and_with_nothing_else(people: Table, shipped: Layer) -> None:
    put(shipped, HEAD + VOLUME + RULE)
    base = compiled(people, shipped, previous_rows=10).suite_id
    assert len(base) == 64
    assert compiled(people, shipped, previous_rows=10).suite_id == base
    put(shipped, "# a comment\n" + HEAD + VOLUME + RULE)
    assert compiled(people, shipped, previous_rows=10).suite_id == base
    put(shipped, HEAD + VOLUME + RULE)
    others = [
        compiled(people, shipped, previous_rows=11),
        compiled(people, shipped, previous_rows=10, exercice=2019),
        compiled(people, shipped),
        compiled(people, shipped, "autre", previous_rows=10),
        compiled(people.model_copy(update={"primaryKey": []}), shipped, previous_rows=10),
    ]
    for before, after in [
        ("severity: critical", "severity: warning"),
        ("1.5", "1.6"),
        ("Corriger la date d’entrée.", "Corriger cette date."),
        ("entree > ", "entree >= "),
        ("entree_future", "entree_a_venir"),
    ]:
        put(shipped, (HEAD + VOLUME + RULE).replace(before, after))
        others.append(compiled(people, shipped, previous_rows=10))
    identities = {suite.suite_id for suite in others}
    assert len(identities) == len(others)
    assert base not in identities


def one(type_: str, column: str, kwargs: str) -> str:
    """A suite file of one expectation, on line 4."""
    return (
        f"{HEAD}  - {{key: essai, type: {type_}, column: {column}, kwargs: {kwargs},\n"
        "     severity: warning, reason: Une raison assez longue., fix: Un remède assez long.}\n"
    )


def mistake(before: str, after: str) -> str:
    text = HEAD + VOLUME + RULE
    assert before in text
    return text.replace(before, after)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (mistake("severity: warning", "severity: grave"), 7, "severity"),
        (mistake("    fix: Vérifier", "    remede: Vérifier"), 9, "cette clé n’existe pas ici"),
        (
            mistake("expect_table_row_count_to_be_between", "expect_column_values_to_match_regex"),
            5,
            "type inconnu",
        ),
        (mistake("{previous_rows} * 0.5", "{previous_rows} / 2"), 4, "nombres entiers"),
        (mistake("{previous_rows} * 0.5", "{former_rows} * 0.5"), 4, "nombres entiers"),
        (mistake("min_value:", "minimum:"), 4, "n’attend pas minimum"),
        (mistake("kwargs: {min_value", "column: entree\n    kwargs: {min_value"), 4, "attend columns"),
        (mistake("    columns: [entree]\n", ""), 10, "columns: nommer"),
        (mistake('    counterexample: [{entree: "2999-01-01"}]\n', ""), 10, "counterexample"),
        (mistake("select _fichier, _ligne", "select *"), 10, "commence par"),
        (mistake("{exercice}", "{annee}"), 10, "annee"),
        (mistake("12, 31)", "12, 31); drop view lot"), 10, "une seule requête"),
        (mistake("columns: [entree]", "columns: [sortie]"), 10, "pas de colonne « sortie »"),
        (mistake("columns: [entree]", "columns: [nom]"), 10, "n’est pas gardée"),
        (mistake("key: entree_future", "key: volume"), 3, "volume : donné deux fois"),
        (mistake("key: entree_future", "key: non_vide"), 10, "réservé à la déclaration"),
        (mistake("table: agents", "table: autres"), 1, "le chemin du fichier"),
        (mistake("key: volume", "key: volume\n    key: encore"), 5, "donnée deux fois"),
        (HEAD + "  - {key: vide", 5, "ce n’est pas du YAML"),
        (
            one("expect_column_values_to_be_between", "entree", "{min_value: demain}"),
            4,
            "« demain » n’est pas du type date",
        ),
        (one("expect_column_values_to_be_in_set", "service", "{value_set: []}"), 4, "au moins une valeur"),
        (one("expect_column_values_to_not_be_null", "service", "{mostly: 0}"), 4, "mostly"),
    ],
)
def test_a_mistake_names_file_and_line(text: str, line: int, says: str, people: Table, shipped: Layer) -> None:
    put(shipped, text)
    with pytest.raises(DeclarationError, match=says) as caught:
        compiled(people, shipped, previous_rows=10)
    assert any(
        said.startswith(f"expectations/systems/essai/agents.yml:{line} ") for said in str(caught.value).split("\n")
    ), str(caught.value)


def test_a_pseudonym_can_only_be_unique_in_a_file_too(people: Table, shipped: Layer) -> None:
    put(shipped, one("expect_column_values_to_be_in_set", "matricule", "{value_set: [a]}"))
    with pytest.raises(DeclarationError, match="un pseudonyme n’a ni ordre"):
        compiled(people, shipped)


def test_compiling_loads_no_heavy_library() -> None:
    program = (
        "import sys\n"
        "from pipelines.catalogue.load import load_catalogue\n"
        "from pipelines.stages.validate import counts, suite\n"
        "catalogue = load_catalogue()\n"
        "for s, t in catalogue.registry.tables():\n"
        "    suite.compile_suite(s.system, t, catalogue.suites_of(s.system, t), exercice=2018)\n"
        "print([m for m in ('great_expectations', 'pandas', 'sqlalchemy', 'duckdb') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_is_expected_of_a_field_that_nothing_gives(people: Table, shipped: Layer) -> None:
    """No file holds its column, or the header leaves it out; what speaks of others stays."""
    put(shipped, HEAD + VOLUME + RULE)
    everything = {spec.key for spec in compiled(people, shipped, previous_rows=100).specs}
    assert {"entree_future", "volume"} <= everything
    assert {s.key for s in compiled(people, shipped, previous_rows=100, lacking=["entree"]).specs} == everything - {
        "entree_future"
    }
    assert {s.key for s in compiled(people, shipped, previous_rows=100, lacking=["grade"]).specs} == everything
    header = {2018: {field.name: Origin(column=field.title) for field in people.fields if field.name != "entree"}}
    left_out = people.model_copy(update={"header": header})
    assert {s.key for s in compiled(left_out, shipped, previous_rows=100).specs} == everything - {"entree_future"}
