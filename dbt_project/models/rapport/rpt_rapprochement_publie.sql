with paires as (
    select
        publies.code_chiffre,
        publies.exercice,
        -- a published number used for a missing one is not compared with itself
        case when coalesce(chiffres.statut <> 'publié', true) then chiffres.valeur end as valeur_recalculee,
        case when coalesce(chiffres.statut <> 'publié', true) then chiffres.code_manquant else 'm' end as code_manquant,
        publies.valeur_publiee,
        publies.code_manquant_publie,
        publies.texte_publie,
        publies.nb_decimales_publiees,
        publies.remarque
    from {{ ref('fct_chiffres_publies') }} as publies
    left join {{ ref('chiffres') }} as chiffres
        on publies.code_chiffre = chiffres.code and publies.exercice = chiffres.exercice
),

arrondis as (
    select
        *,
        {{ arrondi_selon('valeur_recalculee', 'nb_decimales_publiees') }} as valeur_a_la_precision_publiee
    from paires
),

statuts as (
    select
        *,
        case
            when valeur_recalculee is not null and valeur_a_la_precision_publiee = valeur_publiee then 'égal'
            -- a number against another, or against a printed mention
            when valeur_recalculee is not null then 'écart'
            when code_manquant = code_manquant_publie then 'manquant des deux côtés'
            when code_manquant_publie is not null and code_manquant <> 'm' then 'écart'
            else 'non recalculé'
        end as statut
    from arrondis
)

select
    cast(code_chiffre as string) as code_chiffre,
    cast(exercice as integer) as exercice,
    cast(valeur_recalculee as decimal(20, 6)) as valeur_recalculee,
    cast(code_manquant as string) as code_manquant,
    cast(valeur_publiee as decimal(20, 6)) as valeur_publiee,
    cast(code_manquant_publie as string) as code_manquant_publie,
    cast(texte_publie as string) as texte_publie,
    cast(nb_decimales_publiees as integer) as nb_decimales_publiees,
    cast(valeur_recalculee - valeur_publiee as decimal(20, 6)) as ecart,
    cast(statut in ('égal', 'manquant des deux côtés') as boolean) as est_egal,
    cast(statut as string) as statut_rapprochement,
    cast(remarque as string) as remarque,
    {{ role_ligne() }}
from statuts
