"""Each generic test of the dbt project finds the row that must fail, and nothing in correct rows."""

import re

import duckdb
import jinja2
import pytest

from pipelines import settings

GENERIC = settings.shipped() / "dbt_project" / "tests" / "generic"


def failures(name: str, rows: str, **arguments) -> int:
    """The number of rows that the generic test ``name`` returns on ``rows`` (SQL ``values`` with names)."""
    text = (GENERIC / f"{name}.sql").read_text(encoding="utf-8")
    text = re.sub(r"{% test (\w+)", r"{% macro \1", text).replace("{% endtest %}", "{% endmacro %}")
    macro = getattr(jinja2.Environment().from_string(text).module, name)
    return len(duckdb.connect().execute(str(macro(f"(select * from {rows})", **arguments))).fetchall())


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ("(values (1, 'a'), (1, 'b'), (2, 'a')) as t(x, y)", 0),
        ("(values (1, 'a'), (1, 'a'), (2, 'a')) as t(x, y)", 1),
        ("(values (1, null), (1, null)) as t(x, y)", 1),  # a NULL equals a NULL in a key
    ],
)
def test_unique_combination_of_columns(rows, count):
    assert failures("unique_combination_of_columns", rows, combination_of_columns=["x", "y"]) == count


@pytest.mark.parametrize(
    ("row", "count"),
    [
        ("(1.5, null, 'calculé')", 0),
        ("(0, null, 'calculé')", 0),
        ("(null, 'NC', 'manquant')", 0),
        ("(null, null, 'calculé')", 1),  # missing without a reason
        ("(0, 'NC', 'manquant')", 1),  # a zero in place of a missing value
        ("(null, 'NC', 'calculé')", 1),
    ],
)
def test_valeur_ou_code_manquant(row, count):
    assert failures("valeur_ou_code_manquant", f"(values {row}) as t(valeur, code_manquant, statut)") == count


def test_every_generic_test_is_tried_here():
    tried = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    written = {path.stem for path in GENERIC.glob("*.sql")}
    assert written <= tried
