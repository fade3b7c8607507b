{# An instant in universal time (a timestamp without zone) as the clock of Paris shows it, summer time included. #}
{% macro heure_de_paris(instant_utc) -%}
    {{ return(adapter.dispatch('heure_de_paris')(instant_utc)) }}
{%- endmacro %}

{% macro duckdb__heure_de_paris(instant_utc) -%}
    timezone('Europe/Paris', timezone('UTC', {{ instant_utc }}))
{%- endmacro %}

{% macro default__heure_de_paris(instant_utc) -%}
    from_utc_timestamp({{ instant_utc }}, 'Europe/Paris')
{%- endmacro %}

{# The instant in universal time that the clock of Paris shows (a timestamp without zone). #}
{% macro utc_de_paris(heure_locale) -%}
    {{ return(adapter.dispatch('utc_de_paris')(heure_locale)) }}
{%- endmacro %}

{% macro duckdb__utc_de_paris(heure_locale) -%}
    timezone('UTC', timezone('Europe/Paris', {{ heure_locale }}))
{%- endmacro %}

{% macro default__utc_de_paris(heure_locale) -%}
    to_utc_timestamp({{ heure_locale }}, 'Europe/Paris')
{%- endmacro %}

{# The instant in universal time at which a month (January, unless it is given) begins in Paris. #}
{% macro debut_mois_utc(annee, mois=1) -%}
    {{ return(adapter.dispatch('debut_mois_utc')(annee, mois)) }}
{%- endmacro %}

{% macro duckdb__debut_mois_utc(annee, mois) -%}
    timezone('UTC', timezone('Europe/Paris', make_timestamp({{ annee }}, {{ mois }}, 1, 0, 0, 0)))
{%- endmacro %}

{% macro default__debut_mois_utc(annee, mois) -%}
    to_utc_timestamp(make_timestamp({{ annee }}, {{ mois }}, 1, 0, 0, 0), 'Europe/Paris')
{%- endmacro %}
