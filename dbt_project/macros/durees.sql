{# How many whole `unite` (minute, day) from one instant to another; both are known to that very unit. #}
{% macro duree(unite, debut, fin) -%}
    {{ return(adapter.dispatch('duree')(unite, debut, fin)) }}
{%- endmacro %}

{% macro duckdb__duree(unite, debut, fin) -%}
    date_diff('{{ unite }}', {{ debut }}, {{ fin }})
{%- endmacro %}

{% macro default__duree(unite, debut, fin) -%}
    timestampdiff({{ unite }}, {{ debut }}, {{ fin }})
{%- endmacro %}

{#
    The minutes in a French text: « 1 jour 2 heures 5 minutes 40 secondes » is 1 565, seconds left out. Its units
    are in that order, each of them optional; a bare number is minutes. NULL stays NULL.
#}
{% macro minutes_ecrites(texte) -%}
    case when {{ texte }} is not null then
        {%- for unite, minutes in {'jour': 1440, 'heure': 60, 'minute': 1}.items() %}
        {{ '+' if not loop.first }} coalesce(cast(nullif(regexp_extract({{ texte }}, '([0-9]+) {{ unite }}', 1), '') as bigint), 0) * {{ minutes }}
        {%- endfor %}
        + coalesce(cast(nullif(regexp_extract({{ texte }}, '^([0-9]+)$', 1), '') as bigint), 0)
    end
{%- endmacro %}

{# The month of a row, as the two columns that every monthly table has: `mois`, 1 to 12, and `date_mois`, its first day. #}
{% macro mois_et_date(exercice, mois) -%}
    cast({{ mois }} as integer) as mois,
    cast(make_date({{ exercice }}, {{ mois }}, 1) as date) as date_mois
{%- endmacro %}
