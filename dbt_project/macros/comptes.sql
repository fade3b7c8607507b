{#
    The staging model of one application's user accounts: every system delivers the shape `comptes`, so a model is one
    line. The system bears the application's code.
#}
{% macro comptes(systeme, nom_table='comptes') -%}
select
    '{{ systeme }}' as code_application,
    exercice,
    identifiant,
    collectivite,
    profil,
    est_actif,
    date_creation,
    date_derniere_connexion,
    date_situation,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', systeme ~ '__' ~ nom_table) }}
{%- endmacro %}
