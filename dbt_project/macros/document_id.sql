{# The identifier of a document that came with others in one file: exercice, file, and its number in it (a column). #}
{% macro document_id(numero) -%}
    cast(exercice as string) || '/' || _fichier || '#' || cast({{ numero }} as string)
{%- endmacro %}

{# The identifier of a budget, whatever the exercice: the SIRET and the code that its accountant gives it. NULL without a SIRET. #}
{% macro budget_id(siret='siret', code_budget='code_budget') -%}
    {{ siret }} || '/' || coalesce({{ code_budget }}, '')
{%- endmacro %}
