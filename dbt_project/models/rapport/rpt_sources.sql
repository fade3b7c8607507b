-- Whether each table is followed, and came: what an empty table of the report means depends on it. It counts nothing, so
-- that every reader may have it.
with illisibles as (
    select distinct source, exercice from {{ ref('fct_lignes_signalees') }} where est_illisible
)

select
    cast(collecte.source as string) as source,
    cast(collecte.exercice as integer) as exercice,
    cast(
        case
            when collecte.statut = 'reçue' and (coalesce(collecte.nb_refusees, 0) > 0 or illisibles.source is not null)
                then 'partielle'
            else collecte.statut
        end as string
    ) as statut
from {{ ref('fct_collecte') }} as collecte
left join illisibles
    on collecte.source = illisibles.source and collecte.exercice = illisibles.exercice
