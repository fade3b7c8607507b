"""Which lines a table reads, and what its columns are over them, from its SQL alone."""

import pytest

from pipelines.catalogue.dbt.provenance import Provenance, Reading
from pipelines.catalogue.load import load_catalogue

MART = "select exercice, cast(code as string) as code_ville, montant, est_paye from {{ ref('int_titres') }} where poids = 1"
MACROS = (
    "{% macro plus(x) %}{{ adapter.dispatch('un')(x) }}{% endmacro %}{% macro duckdb__un(x) %}{{ x }} + 1{% endmacro %}"
)


def readings(sql: str, **models: str) -> list[Reading]:
    texts = {"fct": MART, "rpt": sql, **models}
    return Provenance(texts, MACROS, {"int_titres", "int_autres"}).readings("rpt")


def test_the_conditions_and_columns_of_a_table_are_said_over_the_lines():
    (found,) = readings(
        "with payes as (select code_ville, sum(montant) as total from {{ ref('fct') }} as f where f.est_paye group by code_ville) "
        "select coalesce(payes.code_ville, 'autres') as ville, payes.total, dim.nom, payes.total / dim.habitants as part "
        "from payes left join {{ ref('dim') }} as dim on payes.code_ville = dim.code"
    )
    assert (found.model, found.conditions) == ("int_titres", ("(poids = 1)", "est_paye"))
    assert dict(found.columns) == {"ville": "COALESCE(CAST(code AS VARCHAR), 'autres')", "total": "sum(montant)"}
    assert (found.keys, found.is_whole, found.needs["total"]) == ({"ville"}, True, {"montant"})


def test_a_column_of_a_joined_table_is_that_of_the_lines_that_it_equals():
    (found,) = readings(
        "select dim.code as ville, count(*) as nb from {{ ref('dim') }} as dim inner join {{ ref('fct') }} as f "
        "on dim.code = f.code_ville where dim.est_ouverte group by dim.code"
    )
    assert found.columns["ville"] == "CAST(code AS VARCHAR)"
    assert not found.is_whole  # the join and the condition on the other table may leave lines out


def test_rows_that_gather_all_values_are_told_from_the_others():
    (found,) = readings(
        "with comptes as (select exercice, case when grouping(code_ville) = 1 then 'toutes' else code_ville end as ville, "
        "sum(montant) as total from {{ ref('fct') }} group by grouping sets ((exercice, code_ville), (exercice))) "
        "select ville, total from comptes where ville <> 'rien'"
    )
    assert set(found.totals) == {"ville"} and "'toutes'" in found.totals["ville"]
    assert found.conditions == ("(poids = 1)",) and not found.is_whole


def test_each_branch_of_a_union_and_each_model_is_a_reading():
    found = readings(
        "select 'titres' as nature, sum(montant) as total from {{ ref('fct') }} union all "
        "select 'autres' as nature, {{ plus('count(*)') }} as total from {{ ref('int_autres') }} where sorte = 'b'"
    )
    assert [(one.model, one.columns.get("total")) for one in found] == [("int_titres", "sum(montant)")]
    (first, second) = readings(
        "select code_ville, sum(montant) as total from {{ ref('fct') }} group by code_ville union all "
        "select ville as code_ville, {{ plus('count(*)') }} as total from {{ ref('int_autres') }} where sorte = 'b' group by ville"
    )
    assert (first.model, second.model, second.conditions) == ("int_titres", "int_autres", ("(sorte = 'b')",))
    assert second.columns["total"] == "(count_star() + 1)"


def test_a_sum_of_sums_is_a_sum_and_any_other_double_gathering_is_unknown():
    inner = "select code_ville, sum(montant) as total from {{ ref('fct') }} group by code_ville"
    (found,) = readings(
        f"select 1 as un, max(code_ville) as ville, sum(total) as total, max(total) as plus from ({inner}) as t"
    )
    assert found.columns["total"] == "sum(montant)" and "plus" not in found.columns


@pytest.mark.parametrize(
    "sql", ["select {{ run_query('x') }} as a from {{ ref('fct') }}", "select from where", "select 1 as a"]
)
def test_sql_that_cannot_be_read_has_no_lines(sql: str):
    assert readings(sql) == []


def test_the_shipped_tables_name_the_lines_of_a_contribution():
    from pipelines.catalogue.dbt.provenance import provenance

    (found,) = provenance(load_catalogue()).readings("rpt_finances__contributions")
    assert found.model == "int_finances__ecritures"
    assert {"exercice", "code_collectivite"} <= found.keys and "montant_eur" in found.columns
    assert any("est_contribution" in test for test in found.conditions)
