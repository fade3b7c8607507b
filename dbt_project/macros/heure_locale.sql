{# An instant in universal time (a timestamp without zone) as the clock of Paris shows it, summer time included. #}
{% macro heure_de_paris(instant_utc) -%}
    timezone('Europe/Paris', timezone('UTC', {{ instant_utc }}))
{%- endmacro %}

{# The instant in universal time at which a year begins in Paris. #}
{% macro debut_annee_utc(annee) -%}
    timezone('UTC', timezone('Europe/Paris', make_timestamp({{ annee }}, 1, 1, 0, 0, 0)))
{%- endmacro %}
