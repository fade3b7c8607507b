{#
    The staging models of the HR systems: each delivers the shapes `agents`, `heures_remunerees` and `bulletins` in words
    of its own, so a model is one line.
#}
{% macro agents(systeme) -%}
select
    '{{ systeme }}' as systeme,
    exercice,
    matricule,
    sexe as sexe_saisi,
    tranche_age as tranche_age_ans,
    statut as statut_saisi,
    cadre_emplois as cadre_emplois_saisi,
    filiere as filiere_saisie,
    categorie as categorie_saisie,
    est_emploi_permanent,
    type_contrat as contrat_saisi,
    est_temps_complet,
    quotite_pct,
    date_entree,
    motif_entree as motif_entree_saisi,
    date_nomination_stagiaire,
    date_sortie,
    motif_sortie as motif_sortie_saisi,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', systeme ~ '__agents') }}
{%- endmacro %}

{% macro heures_remunerees(systeme) -%}
select
    '{{ systeme }}' as systeme,
    exercice,
    matricule,
    mois,
    statut as statut_saisi,
    heures,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', systeme ~ '__heures') }}
{%- endmacro %}

{% macro bulletins(systeme) -%}
select
    '{{ systeme }}' as systeme,
    exercice,
    mois,
    collectivite as collectivite_saisie,
    nb_bulletins,
    _livraison,
    _fichier,
    _ligne
from {{ source('lake', systeme ~ '__bulletins') }}
{%- endmacro %}

{# The join that reads a system's word: `alias`.code is the canon's code, NULL when no spelling is known. #}
{% macro lecture(nomenclature, expression, alias) -%}
left join {{ ref('int_rh__orthographes') }} as {{ alias }}
        on {{ alias }}.nomenclature = '{{ nomenclature }}'
        and {{ alias }}.orthographe = {{ normalise_libelle(expression) }}
{%- endmacro %}

{#
    The rows of a table by statut, in the order of the report, as a relation `statuts` (code_statut, libelle_statut, rang).
    `tous` is the whole.
#}
{% macro statuts(codes) -%}
    {%- set libelles = {
        'fonctionnaire': 'Fonctionnaires',
        'contractuel_permanent': 'Contractuels permanents',
        'contractuel_permanent_cdi': 'dont contractuels permanents en CDI',
        'contractuel_non_permanent': 'Contractuels non permanents',
        'tous': 'Ensemble',
    } -%}
    (
        values
        {%- for code in codes %}
        ('{{ code }}', '{{ libelles[code] }}', {{ loop.index }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as statuts (code_statut, libelle_statut, rang)
{%- endmacro %}

{# Agents on a permanent post: what the report calls « agents permanents ». #}
{% macro est_permanent(code_statut='code_statut') -%}
    {{ code_statut }} in ('fonctionnaire', 'contractuel_permanent')
{%- endmacro %}
