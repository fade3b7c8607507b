{#
    Every build is made in a file that nobody else has open: a table or a view is made under its own name, in one
    statement, whereas the adapter's own materializations make it aside, rename it, and look for what might be in its
    place (four more statements per model, a third of a build). A build that stops leaves a file that is never swapped in.

    The file of a build starts as a copy of the last one (pipelines/stages/transform/reuse.py): a model whose recipe is
    unchanged and whose inputs came out equal is left as it is.

    A model, its comments and what is remembered of it are one transaction: each of its ten statements would wait for
    the disk.
#}
{% materialization table, adapter='duckdb' %}
    {%- set relation = this.incorporate(type='table') -%}
    {% if stands(this) %}
        {% call noop_statement('main', 'STANDS') %}{% endcall %}
    {% else %}
        {% call statement('main') -%}
            {{ room_for(this) }}
            {{ create_table_as(False, relation, model.config.meta.get('made') or compiled_code) }}
            {{ comments(relation) }}
            {{ remember(this, "construction.contenu('" ~ name_of(this) ~ "')") }}
        {%- endcall %}
        {% do adapter.commit() %}
    {% endif %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- set relation = this.incorporate(type='view') -%}
    {% if stands(this) %}
        {% call noop_statement('main', 'STANDS') %}{% endcall %}
    {% else %}
        {% call statement('main') -%}
            {{ room_for(this) }}
            {{ create_view_as(relation, sql) }}
            {# its rows follow from its recipe and what it reads: they are not examined #}
            {{ remember(this, "(select md5(recette || construction.signature('" ~ name_of(this) ~ "')) "
                ~ "from construction.recettes where noeud = '" ~ model.unique_id ~ "')") }}
        {%- endcall %}
        {% do adapter.commit() %}
    {% endif %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{% macro name_of(relation) -%}{{ relation.schema }}.{{ relation.identifier }}{%- endmacro %}

{# What drops the last one, in the statement that makes the next: asking the adapter for it takes as long as a small model. #}
{% macro room_for(relation) %}
    {%- set former = load_cached_relation(relation) -%}
    {%- if former %}drop {{ former.type }} if exists {{ former }} cascade;{% endif -%}
{% endmacro %}

{% macro stands(relation) %}
    {% if target.name != 'entrepot' %}{{ return(false) }}{% endif %}  {# an analyst's: built as they say #}
    {% if 'a_construire' not in model.tags %}{{ return(false) }}{% endif %}  {# everything is built, in a new file #}
    {% set found = run_query(
        "select 1 from construction.signatures where nom = '" ~ name_of(relation)
        ~ "' and signature = construction.signature('" ~ name_of(relation) ~ "')"
    ) %}
    {{ return(found | length > 0) }}
{% endmacro %}

{% macro remember(relation, content) %}
    {% if target.name == 'entrepot' %}
        {% set name = "'" ~ name_of(relation) ~ "'" %}
        delete from construction.signatures where nom = {{ name }};
        delete from construction.contenus where nom = {{ name }};
        insert into construction.signatures values ({{ name }}, construction.signature({{ name }}));
        insert into construction.contenus values ({{ name }}, {{ content }});
    {% endif %}
{% endmacro %}

{# The table and its columns described. The contract has proved that the columns are there. #}
{% macro comments(relation) -%}
    {% if config.persist_relation_docs() %}
        comment on table {{ relation }} is {{ duckdb_escape_comment(model.description) }};
        {%- for name, column in model.columns.items() %}
        comment on column {{ relation }}.{{ name }} is {{ duckdb_escape_comment(column.description) }};
        {%- endfor %}
    {% endif %}
{%- endmacro %}

{#
    Whether the columns are those of the contract. When they are by the names and types that it gives, one query tells;
    otherwise dbt compares them, with a second query, and says what differs.
#}
{% macro duckdb__get_assert_columns_equivalent(sql) -%}
    {%- set made, promised = [], [] -%}
    {%- for column in get_column_schema_from_query(sql, config.get('sql_header')) -%}
        {%- do made.append([column.name, column.dtype]) -%}
    {%- endfor -%}
    {%- for column in model.columns.values() -%}
        {%- do promised.append([column.name, (column.data_type or '').upper().replace(' ', '')]) -%}
    {%- endfor -%}
    {%- if made | sort != promised | sort -%}
        {{ assert_columns_equivalent(sql) }}
    {%- endif -%}
{%- endmacro %}

{# A test is one query, which needs no transaction. #}
{% materialization test, adapter='duckdb' %}
    {% call statement('main', fetch_result=True, auto_begin=False) -%}
        {{ get_test_sql(sql, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), config.get('limit')) }}
    {%- endcall %}
    {{ return({'relations': []}) }}
{% endmaterialization %}

{#
    Spark makes tables for one build (pipelines/stages/transform/spark.py), in a folder that is empty when it begins:
    there is nothing to replace. Contracts, comments and tests are DuckDB's, which takes these tables in.
#}
{% materialization table, adapter='spark' %}
    {%- set relation = this.incorporate(type='table') -%}
    {% call statement('main') -%}
        create table {{ relation }} using parquet as {{ compiled_code }}
    {%- endcall %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}

{# Spark plans a view anew in each model that reads it: those that compute something are tables. #}
{% materialization view, adapter='spark' %}
    {%- set is_computed = this.schema != 'staging' -%}
    {%- set relation = this.incorporate(type='table' if is_computed else 'view') -%}
    {% call statement('main') -%}
        create {{ 'table' if is_computed else 'view' }} {{ relation }} {{ 'using parquet' if is_computed }} as {{ compiled_code }}
    {%- endcall %}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}
