-- Whether each followed table came, and which of its fields its tool does not give: this decides what an empty table of
-- the report means. It counts nothing, so that every reader may have it, and names no system that nobody uses.
with champs as (
    select source, exercice, {{ texte_joint('champ', 'champ') }} as champs_absents
    from {{ ref('chiffres__champs_absents') }}
    group by source, exercice
),

etats as (
    select
        source,
        exercice,
        case
            -- lines are lost, or a month or a document is missing
            when
                bool_or(nature_morceau = 'livraison' and est_acceptee)
                and bool_or(
                    case when est_acceptee then nb_perdues > 0 else nature_morceau <> 'livraison' and (est_attendue or est_recue) end
                )
                then 'partielle'
            else max(case when nature_morceau = 'livraison' then statut_collecte end)
        end as statut_collecte
    from {{ ref('fct_collecte') }}
    group by source, exercice
)

select
    cast(etats.source as string) as source,
    cast(etats.exercice as integer) as exercice,
    cast(etats.statut_collecte as string) as statut_collecte,
    cast(champs.champs_absents as string) as champs_absents,
    {{ role_ligne() }}
from etats
left join champs on etats.source = champs.source and etats.exercice = champs.exercice
where etats.statut_collecte <> 'non suivie'
