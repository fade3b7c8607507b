"""Where each check stands on the page: by its key, else by its type."""

import pytest

from pipelines.catalogue.expectation_types import KINDS
from pipelines.catalogue.load import load_catalogue
from pipelines.ledger.records import CONTROL_TOTAL, FRESHNESS
from pipelines.runs.audit.controls import BY_KEY, BY_TYPE, DIMENSIONS, dimension
from pipelines.stages.validate.counts import REFUSED_SHARE
from pipelines.stages.validate.suite import compile_suite


def test_every_type_of_check_has_a_dimension():
    assert KINDS.keys() == BY_TYPE.keys()
    assert {*BY_KEY.values(), *BY_TYPE.values()} == DIMENSIONS.keys()
    assert {REFUSED_SHARE, CONTROL_TOTAL, FRESHNESS} <= BY_KEY.keys()


def test_every_key_that_is_placed_exists():
    catalogue = load_catalogue()
    keys = {
        spec.key.partition(".")[0]
        for system, table in catalogue.registry.tables()
        for spec in compile_suite(
            system.system, table, catalogue.suites_of(system.system, table), exercice=2020, previous_rows=10
        ).specs
    }
    ours = {"bilan", "echeance", REFUSED_SHARE, CONTROL_TOTAL, FRESHNESS}
    assert BY_KEY.keys() - keys - ours == set()


@pytest.mark.parametrize(
    ("key", "type_", "expected"),
    [
        ("primary_key", "unexpected_rows_expectation", "Unicité"),
        ("unique.login", "expect_column_values_to_be_unique", "Unicité"),
        ("enum.code", "expect_column_values_to_be_in_set", "Référentiels"),
        ("total_de_controle.sums.montant", "total_de_controle", "Cohérence"),
        ("range.age", "expect_column_values_to_be_between", "Validité"),
        ("non_vide", "expect_table_row_count_to_be_between", "Complétude"),
    ],
)
def test_a_check_is_placed_by_its_key_else_by_its_type(key, type_, expected):
    assert dimension(key, type_) == expected
