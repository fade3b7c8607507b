{#
    Every build starts from a new file that nobody else has open: a table or a view is made under its own name, in one
    order, where the adapter's own materializations make it aside, rename it, and look for what would stand in its place
    (four more orders a model, a third of a build). A build that stops leaves a file that is never swapped in.
#}
{% materialization table, adapter='duckdb' %}
    {%- set relation = this.incorporate(type='table') -%}
    {% do drop_relation_if_exists(load_cached_relation(this)) %}  {# an analyst builds again in the same file #}
    {% call statement('main', auto_begin=False) -%}
        {{ create_table_as(False, relation, compiled_code) }}
    {%- endcall %}
    {% do persist_docs(relation, model) %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- set relation = this.incorporate(type='view') -%}
    {% do drop_relation_if_exists(load_cached_relation(this)) %}  {# an analyst builds again in the same file #}
    {% call statement('main', auto_begin=False) -%}
        {{ create_view_as(relation, sql) }}
    {%- endcall %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{# The table and its columns described in one order. The contract has proved that the columns are there. #}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {% if config.persist_relation_docs() %}
        {% call statement('comments', auto_begin=False) -%}
            comment on table {{ relation }} is {{ duckdb_escape_comment(model.description) }};
            {%- for name, column in model.columns.items() %}
            comment on column {{ relation }}.{{ name }} is {{ duckdb_escape_comment(column.description) }};
            {%- endfor %}
        {%- endcall %}
    {% endif %}
{%- endmacro %}

{# A test is one query, which needs no transaction. #}
{% materialization test, adapter='duckdb' %}
    {% call statement('main', fetch_result=True, auto_begin=False) -%}
        {{ get_test_sql(sql, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), config.get('limit')) }}
    {%- endcall %}
    {{ return({'relations': []}) }}
{% endmaterialization %}
