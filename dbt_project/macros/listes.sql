{# The texts of a group as one, with `separateur` between them, in the order of `ordre`. #}
{% macro texte_joint(texte, ordre, separateur=', ') -%}
    {{ return(adapter.dispatch('texte_joint')(texte, ordre, separateur)) }}
{%- endmacro %}

{% macro duckdb__texte_joint(texte, ordre, separateur) -%}
    string_agg({{ texte }}, '{{ separateur }}' order by {{ ordre }})
{%- endmacro %}

{% macro default__texte_joint(texte, ordre, separateur) -%}
    listagg({{ texte }}, '{{ separateur }}') within group (order by {{ ordre }})
{%- endmacro %}

{#
    What a `from` needs after its table for one row per piece of a text split at each `separateur` (one character): the
    relation `morceaux` (morceau, place). A NULL has no piece.
#}
{% macro morceaux(texte, separateur) -%}
    {{ return(adapter.dispatch('morceaux')(texte, separateur)) }}
{%- endmacro %}

{% macro duckdb__morceaux(texte, separateur) -%}
    {%- set liste = "string_split(" ~ texte ~ ", '" ~ separateur ~ "')" -%}
    cross join lateral (select unnest({{ liste }}) as morceau, generate_subscripts({{ liste }}, 1) as place) as morceaux
{%- endmacro %}

{% macro default__morceaux(texte, separateur) -%}
    lateral view posexplode(split({{ texte }}, '[{{ separateur }}]')) morceaux as place, morceau
{%- endmacro %}

{# The relation `mois` (mois): 1 to 12. #}
{% macro douze_mois() -%}
    (values {% for mois in range(1, 13) %}({{ mois }}){{ ', ' if not loop.last }}{% endfor %}) as mois (mois)
{%- endmacro %}
