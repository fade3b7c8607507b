{# The type of a text of any length. #}
{% macro texte() -%}
    {{ return(adapter.dispatch('texte')()) }}
{%- endmacro %}

{% macro duckdb__texte() -%}varchar{%- endmacro %}

{% macro default__texte() -%}string{%- endmacro %}
