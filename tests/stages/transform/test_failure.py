"""What stopped a build is reported by its delivery, file and line, in one sentence, without any value."""

import json

import pytest

from pipelines.ledger.store import open_ledger
from pipelines.stages.transform.build import BuildFailed
from pipelines.stages.transform.dbt import ENGINE, NodeResult
from pipelines.stages.transform.failure import words
from tests.deliveries import HEADER
from tests.stages.transform.conftest import MODEL, Lab

TWICE = HEADER + "A1;Dupont;1,00;03/02/2019\nA2;x;2,00;03/02/2019\nA2;y;3,00;03/02/2019\n"
KEY = "test.millesime.cle_fct_lignes.1"
MANIFEST = {
    "nodes": {
        "model.millesime.fct_lignes": {"schema": "marts", "name": "fct_lignes"},
        KEY: {"schema": "audit", "name": "cle_fct_lignes"},
    },
    "sources": {"source.millesime.lake.lignes": {"schema": "lake", "name": "lignes", "identifier": "essai__lignes"}},
    "parent_map": {
        KEY: ["model.millesime.fct_lignes"],
        "model.millesime.fct_lignes": ["source.millesime.lake.lignes"],
    },
}
FAILED = NodeResult(
    "cle_fct_lignes", "test", "fail", 1, "Got 1 result, configured to fail if != 0", KEY,
    "select exercice, code, count(*) as nb_lignes from marts.fct_lignes group by all having count(*) > 1",
)  # fmt: skip
MARTS = "create schema marts; create table marts.fct_lignes as select exercice, code, montant from lake.essai__lignes;"


def stopped(lab: Lab, *results: NodeResult) -> tuple[str, list]:
    """What a build that fails so says, and its findings."""
    lab.home.dbt_manifest.parent.mkdir(parents=True, exist_ok=True)
    lab.home.dbt_manifest.write_text(json.dumps(MANIFEST), encoding="utf-8")
    with open_ledger(lab.home) as ledger:
        frozen = lab.prepare(ledger)
        lab.models(MARTS)
        with pytest.raises(BuildFailed) as raised:
            lab.finish(ledger, frozen, results)
        return str(raised.value), ledger.findings_of(ledger.last_build()["build"])


def test_the_lines_behind_the_failing_rows_of_a_test(lab: Lab):
    lab.accept(TWICE, 2019)
    said, (finding,) = stopped(lab, MODEL, FAILED)
    assert "cle_fct_lignes, à cause de export.csv:3 (essai/export 2019), export.csv:4 (essai/export 2019)" in said
    assert (finding.fichier, finding.ligne) == ("export.csv", 3)
    assert finding.recu == "export.csv:3 (essai/export 2019), export.csv:4 (essai/export 2019)"
    assert "Dupont" not in said + str(finding) and "A2" not in said + str(finding)


def test_a_model_that_cannot_be_computed_names_what_is_new_since_the_last_build(lab: Lab):
    lab.accept(HEADER + "A1;x;1,00;03/02/2019\n", 2019)
    with open_ledger(lab.home) as ledger:
        lab.build(ledger)
    lab.accept(HEADER + "B1;x;1,00;03/02/2020\n", 2020)
    message = "\x1b[31mRuntime Error in model fct_lignes\x1b[0m\n  Conversion Error: Could not convert string 'Dupont' to INT32"
    said, (finding,) = stopped(lab, NodeResult("fct_lignes", "model", "error", None, message))
    assert said.endswith(
        "fct_lignes, à cause de essai/export 2020 (Conversion Error: Could not convert string … to INT32)"
    )
    assert finding.recu == "essai/export 2020" and finding.fichier is None


def test_an_engine_that_did_nothing_accuses_no_delivery(lab: Lab):
    lab.accept(HEADER + "B1;x;1,00;03/02/2020\n", 2020)
    said, (finding,) = stopped(lab, NodeResult("spark", ENGINE, "error", None, "Spark ne démarre pas"))
    assert said.endswith("spark (Spark ne démarre pas)")
    assert (finding.code, finding.recu, finding.fichier) == ("DBT-MOTEUR", "Spark ne démarre pas", None)


OTHER = "test.millesime.autre"
FACT = "model.millesime.fct_jours"
READS = {
    **MANIFEST,
    "nodes": {
        **MANIFEST["nodes"],
        FACT: {"schema": "marts", "name": "fct_jours"},
        "model.millesime.int_lignes": {"schema": "intermediate", "name": "int_lignes"},
    },
    "parent_map": {
        **MANIFEST["parent_map"],
        FACT: ["model.millesime.fct_lignes", "model.millesime.int_lignes"],
        OTHER: [FACT],
        "model.millesime.int_lignes": ["source.millesime.lake.lignes"],
    },
}
VIEWS = (
    "create schema marts; create table marts.fct_lignes as select exercice, code, libelle from lake.essai__lignes; "
    "create schema intermediate; create view intermediate.int_lignes as "
    "select *, cast(code as integer) as nombre from lake.essai__lignes;"
)
SEVERAL = HEADER + "".join(f"{n};{'Durand' if n == 37 else n};1,00;03/02/2019\n" for n in range(1, 60))


def blamed(
    lab: Lab,
    sql: str | None,
    *,
    message: str = "Conversion Error: x 'Durand'",
    content: str = SEVERAL,
    kind: str = "model",
):
    """What a build says of a node that its data stops, where no delivery is new."""
    lab.accept(content, 2019)
    with open_ledger(lab.home) as ledger:
        lab.build(ledger)
        lab.home.dbt_manifest.parent.mkdir(parents=True, exist_ok=True)
        lab.home.dbt_manifest.write_text(json.dumps(READS), encoding="utf-8")
        frozen = lab.prepare(ledger)
        lab.models(VIEWS)
        node = FACT if kind == "model" else OTHER
        with pytest.raises(BuildFailed) as raised:
            lab.finish(ledger, frozen, [NodeResult("fct_jours", kind, "error", None, message, node, sql)])
        (finding,) = ledger.findings_of(ledger.last_build()["build"])
    assert "Durand" not in str(raised.value) + str(finding)
    return finding.fichier, finding.ligne, finding.recu


def test_the_line_that_a_model_cannot_be_computed_with_is_named_though_nothing_is_new(lab: Lab):
    sql = "select l.exercice, cast(l.libelle as integer) as n from warehouse.marts.fct_lignes as l join lake.essai__lignes using (code)"
    assert blamed(lab, sql) == ("export.csv", 38, "export.csv:38 (essai/export 2019)")


def test_a_view_that_cannot_be_read_leads_to_what_it_reads(lab: Lab):
    bad = HEADER + "1;x;1,00;03/02/2019\nDurand;x;1,00;03/02/2019\n3;x;1,00;03/02/2019\n"
    place = ("export.csv", 3, "export.csv:3 (essai/export 2019)")
    assert blamed(lab, "select sum(nombre) as n from intermediate.int_lignes", content=bad) == place


def test_a_cell_that_a_contract_wants_filled_is_named(lab: Lab):
    sql = "select exercice, code, case when code <> '12' then libelle end as libelle from marts.fct_lignes"
    message = "Runtime Error in model\n  Constraint Error: NOT NULL constraint failed: fct_jours__dbt_tmp.libelle"
    assert blamed(lab, sql, message=message) == ("export.csv", 13, "export.csv:13 (essai/export 2019)")


def test_sql_that_fails_whatever_it_reads_blames_no_delivery(lab: Lab):
    assert blamed(lab, "select rien from marts.fct_lignes", message="Binder Error: no rien")[:2] == (None, None)


def test_what_fails_by_many_rows_together_names_none_of_them(lab: Lab):
    sql = "select cast(sum(cast(code as integer)) as tinyint) as n from marts.fct_lignes"
    assert blamed(lab, sql, message="Conversion Error: x")[:2] == (None, None)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (None, ""),
        ("Got 3 results, configured to fail if != 0", "Got 3 results, configured to fail if != 0"),
        (
            "x\n  Out of Range Error: Could not cast 1790412345678 to INT32\n",
            "Out of Range Error: Could not cast … to INT32",
        ),
        (
            "Compilation Error in model fct_x (models/marts/fct_x.sql)\n  fct_x declares no column.\n  \n"
            "  > in macro assert (macros/x.sql)\n  > called by model fct_x (models/marts/fct_x.sql)",
            "fct_x declares no column.",
        ),
        (
            'Runtime Error in test t (tests/t.sql)\n  Conversion Error: invalid date field format: "Dupont", expected format is '
            "(YYYY-MM-DD)\n\n  LINE 1: select 'Dupont'",
            "Conversion Error: invalid date field format: …, expected format is (YYYY-MM-DD)",
        ),
        ("Conversion Error: Date out of range: 1970-13-45", "Conversion Error: Date out of range: …"),
        (
            'Invalid Input Error: Could not parse string "Dupont" according to format specifier "%d"\nDupont\n^\nError: Expected',
            "Invalid Input Error",
        ),
        ("x\n  Invalid Input Error: la cellule de Dupont", "Invalid Input Error"),
        ('Constraint Error: Duplicate key "nom: Dupont" violates primary key constraint.', "Constraint Error"),
        ("\x1b[31mBinder Error: column 'l''âge' of \"fct_x\"\x1b[0m", 'Binder Error: column … of "fct_x"'),
        (
            "Compilation Error in model fct_x (models/fct_x.sql)\n  This model has an enforced contract that failed.\n"
            "  Please ensure the name, data_type, and number of columns in your contract match the columns in your model's "
            "definition.\n  \n"
            "  | column_name | definition_type | contract_type | mismatch_reason       |\n"
            "  | ----------- | --------------- | ------------- | --------------------- |\n"
            "  | nb_prises   | BIGINT          | VARCHAR       | data type mismatch    |\n"
            "  | mois        | INTEGER         |               | missing in contract   |\n"
            "  | annee       |                 | DECIMAL(9, 2) | missing in definition |\n",
            "le modèle n’est pas ce que dit son contrat : nb_prises (varchar déclarée, bigint calculée), "
            "mois (non déclarée, integer calculée), annee (decimal(9, 2) déclarée, non calculée)",
        ),
    ],
)
def test_the_words_of_dbt_without_colours_nor_values(message: str | None, said: str):
    assert words(NodeResult("m", "model", "error", None, message)) == said
