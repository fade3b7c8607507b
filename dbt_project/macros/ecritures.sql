{# The staging models of the ledger: each list delivers the shape `ecritures`, so a model is one line. #}
{% macro ecritures(nom_table) -%}
select
    exercice,
    exercice_comptable,
    code_budget,
    numero_bordereau,
    numero_piece,
    numero_ligne,
    date_emission,
    lower(type_piece) as type_piece,
    code_section,
    compte,
    code_fonction,
    montant_ht_eur,
    montant_ttc_eur,
    montant_budgetaire_eur,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', 'ciril_finances__' ~ nom_table) }}
{%- endmacro %}
