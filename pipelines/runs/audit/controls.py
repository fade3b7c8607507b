"""Lists every check and its outcome, by dimension of quality, by table and over the years.

A check is an expectation (Great Expectations), a control of the collection itself (balance, refused lines, announced
totals, due date) or a test of the warehouse (dbt). The last ones cover all exercices at once: they are kept apart.
"""

from collections import Counter
from typing import Any

from pipelines.catalogue.sources import ExportRef
from pipelines.evidence.arrivals import BALANCE, DUE, Arrivals
from pipelines.ledger.records import CONTROL_TOTAL, FRESHNESS, CheckResult
from pipelines.ledger.store import Ledger

COMPLETUDE, VALIDITE, UNICITE = "Complétude", "Validité", "Unicité"
REFERENTIELS, COHERENCE, FRAICHEUR = "Référentiels", "Cohérence", "Fraîcheur"
DIMENSIONS = {
    COMPLETUDE: "rien ne manque : lignes, cellules obligatoires, volumes",
    VALIDITE: "chaque valeur tient dans ses bornes",
    UNICITE: "rien n’est compté deux fois",
    REFERENTIELS: "les codes appartiennent à leur liste",
    COHERENCE: "les colonnes, les lignes et les totaux s’accordent",
    FRAICHEUR: "l’export est arrivé à son échéance, et couvre tout l’exercice",
}
# Which dimension a check belongs to: by the beginning of its key, else by its type.
BY_KEY = {
    BALANCE: COMPLETUDE,
    "part_refusee": COMPLETUDE,
    "required": COMPLETUDE,
    "objet_renseigne": COMPLETUDE,
    "comptes_actifs": COMPLETUDE,
    "participants_connus": COMPLETUDE,
    "primary_key": UNICITE,
    "unique": UNICITE,
    "rang_unique": UNICITE,
    "un_seul_document_par_decision": UNICITE,
    "traitement_saisi_deux_fois": UNICITE,
    DUE: FRAICHEUR,
    CONTROL_TOTAL: COHERENCE,
    FRESHNESS: FRAICHEUR,
}
BY_TYPE = {
    "expect_table_row_count_to_be_between": COMPLETUDE,
    "expect_column_values_to_not_be_null": COMPLETUDE,
    "expect_column_values_to_be_unique": UNICITE,
    "expect_column_values_to_be_in_set": REFERENTIELS,
    "expect_column_distinct_values_to_contain_set": REFERENTIELS,
    "expect_column_values_to_be_between": VALIDITE,
    "expect_column_value_lengths_to_be_between": VALIDITE,
    "unexpected_rows_expectation": COHERENCE,
}
PASSED, FAILED, WARNED = "réussi", "échec", "alerte"
DBT = {"pass": PASSED, "warn": WARNED, "skipped": "non exécuté"}  # any other status fails
TESTS = ("test", "unit_test", "model")  # a model is listed only when it could not be built


def dimension(key: str, type_: str) -> str:
    """The dimension of a check; coherence by default."""
    head = key.partition(".")[0]
    return BY_KEY.get(head) or BY_TYPE.get(type_, COHERENCE)


def controls(arrivals: Arrivals, refs: list[ExportRef]) -> dict[str, Any]:
    """``{total, reussis, echecs, alertes, dimensions, tables}`` of one exercice."""
    tables = [table for ref in refs for table in _tables(arrivals, ref)]
    results = [check for table in tables for check in table["controles"]]
    dimensions = [
        {"dimension": name, "sens": meaning, **_counts([check for check in results if check["dimension"] == name])}
        for name, meaning in DIMENSIONS.items()
    ]
    return {**_counts(results), "dimensions": dimensions, "tables": tables}


def _tables(arrivals: Arrivals, ref: ExportRef) -> list[dict[str, Any]]:
    verdicts = {verdict.table: verdict.results for verdict in arrivals.verdicts(ref)}
    own_checks = arrivals.own_checks(ref, arrivals.export(ref).state)
    tables = []
    for table in ref.export.tables:
        source, own = f"{ref.system.system}/{table.name}", own_checks[table.name]
        first, last = ([one for one in own if one.key == key] for key in (BALANCE, DUE))
        checks = [_result(one) for one in (*first, *verdicts.get(table.name, []), *last)]
        tables.append({"table": source, "titre": table.title, "controles": checks})
    return tables


def _result(result: CheckResult) -> dict[str, Any]:
    return {
        "cle": result.key,
        "type": result.type,
        "colonne": result.column,
        "dimension": dimension(result.key, result.type),
        "severite": "critique" if result.severity == "critical" else "alerte",
        "resultat": PASSED if result.success else FAILED if result.blocks else WARNED,
        "observe": result.observed,
        "nb_inattendus": result.unexpected,
        "raison": result.reason,
        "aide": result.fix,
        "erreur": result.error,
    }


def _counts(checks: list[dict[str, Any]]) -> dict[str, int]:
    seen = Counter(check["resultat"] for check in checks)
    return {"total": len(checks), "reussis": seen[PASSED], "echecs": seen[FAILED], "alertes": seen[WARNED]}


def warehouse_tests(ledger: Ledger) -> dict[str, Any]:
    """The tests of the last build, which cover every exercice."""
    build = ledger.last_build()
    tests = [
        {"nom": test["name"], "nature": test["kind"], "resultat": DBT.get(test["status"], FAILED),
         "nb_inattendus": test["failures"]}
        for test in (build["tests"] if build else [])
        if test["kind"] in TESTS
    ]  # fmt: skip
    return {**_counts(tests), "tests": tests}
