{# What names a document that came with others in one file: exercice, file, and its number in it (a column). #}
{% macro document_id(numero) -%}
    cast(exercice as string) || '/' || _fichier || '#' || cast({{ numero }} as string)
{%- endmacro %}
