{# The words that the filter of a figure keeps of a column of its mart, for the table of its chart to keep no others. #}
{% macro mots_du_filtre(code, colonne) -%}
    select filtres.valeur from {{ source('catalogue', 'chiffres_filtres') }} as filtres
    where filtres.mesure = '{{ code }}' and filtres.colonne = '{{ colonne }}'
{%- endmacro %}
