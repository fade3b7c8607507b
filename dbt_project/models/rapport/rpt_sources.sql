-- Whether each followed table came, and which of its fields its tool does not give: this decides what an empty table of
-- the report means. It counts nothing, so that every reader may have it, and names no system that nobody uses.
with champs as (
    select source, exercice, {{ texte_joint('champ', 'champ') }} as champs_absents
    from {{ source('collecte', 'champs_absents') }}
    group by source, exercice
),

-- why what came is partial
raisons as (
    select source, exercice, {{ texte_joint('raison', 'raison') }} as raisons
    from (
        select distinct
            source,
            exercice,
            case
                when not est_acceptee then nature_morceau || ' absent'
                when effet = 'réserve' then 'doute'
                when nb_refusees > 0 then 'lignes refusées'
                else 'incomplet'
            end as raison
        from {{ ref('fct_collecte') }}
        where effet <> 'rien'
    ) as trouvees
    group by source, exercice
),

etats as (
    select
        source,
        exercice,
        case
            -- something is lost, or may be
            when bool_or(nature_morceau = 'livraison' and est_acceptee) and bool_or(effet <> 'rien') then 'partielle'
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
    cast(case when etats.statut_collecte = 'partielle' then raisons.raisons end as string) as raisons,
    {{ role_ligne() }}
from etats
left join champs on etats.source = champs.source and etats.exercice = champs.exercice
left join raisons on etats.source = raisons.source and etats.exercice = raisons.exercice
where etats.statut_collecte <> 'non suivie'
